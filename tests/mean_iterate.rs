//! The mean iterate: closed form against all orderings, predicted errors against closed forms and
//! against sampled data.

use freespectra::finite::{
    Batching, Descent, Entries, Epoch, MeanIterate as SampledMean, MonteCarlo, draw_stream, least_squares,
    sample_features, sample_noise,
};
use freespectra::minibatch::{MeanBias, MeanIterate};
use freespectra::{MiniBatch, Population};
use nalgebra::DVector;

/// All orders of `0..count`.
fn orderings(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in orderings(count - 1) {
        for position in 0..count {
            let mut order = shorter.clone();
            order.insert(position, count - 1);
            all.push(order);
        }
    }
    all
}

#[test]
fn closed_form_is_the_mean_over_all_orderings() {
    for (sizes, p) in
        [(vec![6], 4), (vec![5, 5], 6), (vec![5, 3, 4], 6), (vec![3, 3, 3, 3], 7), (vec![2, 2, 1], 9)]
    {
        let batches = sizes.len();
        let samples: usize = sizes.iter().sum();
        let mut rng = draw_stream(4, batches as u64);
        let features = sample_features(samples, &vec![1.0; p], Entries::Gaussian, &mut rng).unwrap();
        let targets = sample_noise(samples, 1.0, &mut rng).unwrap();
        let initial = sample_noise(p, 1.0, &mut rng).unwrap();
        let batching = Batching::from_sizes(sizes).unwrap();
        let steps: Vec<f64> = (0..batches).map(|b| 0.1 + 0.03 * b as f64).collect();
        let epoch = Epoch::new(&features, &batching, &steps).unwrap();
        let mean = SampledMean::new(&epoch, &targets, &initial).unwrap();
        let descent = Descent::new(&features, &targets, &batching, &steps).unwrap();
        let orderings = orderings(batches);
        let mut explicit = initial.clone();
        for k in 0..=5 {
            let found = mean.after(k).unwrap();
            assert!((&found - &explicit).amax() < 1e-10, "{batches} batches, p = {p}, epoch {k}");
            // One epoch is affine, so the mean over all epochs' orderings is taken epoch by epoch.
            let ends = orderings.iter().map(|order| descent.run(&explicit, order, |_, _| {}).unwrap());
            explicit = ends.fold(DVector::zeros(p), |sum, end| sum + end) / orderings.len() as f64;
        }
        let limit = mean.limit().unwrap();
        assert!((mean.after(2_000_000).unwrap() - &limit).amax() < 1e-8);
    }
}

#[test]
fn limit_depends_on_the_step_and_full_batch_does_not() {
    let (samples, p, batches) = (30, 8, 3);
    let mut rng = draw_stream(9, 0);
    let features = sample_features(samples, &[1.0; 8], Entries::Gaussian, &mut rng).unwrap();
    let targets = sample_noise(samples, 1.0, &mut rng).unwrap();
    let (still, zero) = (DVector::zeros(p), DVector::zeros(p));
    let solution = least_squares(&features, &targets, &zero).unwrap();
    let normal_equations = features.tr_mul(&(&features * &solution - &targets));
    assert!(normal_equations.amax() < 1e-12);
    let distance = |batches: usize, step: f64| {
        let batching = Batching::equal(samples, batches).unwrap();
        let steps = vec![step; batches];
        let epoch = Epoch::new(&features, &batching, &steps).unwrap();
        let limit = SampledMean::new(&epoch, &targets, &still).unwrap().limit().unwrap();
        let explicit = (epoch.z().unwrap() * &limit * samples as f64)
            - epoch.weighted_features().unwrap().tr_mul(&targets);
        assert!(explicit.amax() < 1e-11, "Z limit = Xtilde^T y / n");
        (limit - &solution).norm()
    };
    assert!(distance(1, 0.3) < 1e-12);
    let (near, far) = (distance(batches, 0.02), distance(batches, 0.2));
    assert!(far > 1e-3 && near < 0.3 * far, "{near} against {far}");

    // More features than samples: the minimum-norm interpolator.
    let wide = features.rows(0, 5).into_owned();
    let few = targets.rows(0, 5).into_owned();
    let interpolator = least_squares(&wide, &few, &zero).unwrap();
    assert!((&wide * &interpolator - &few).amax() < 1e-12);
    let gram = (&wide * wide.transpose()).try_inverse().unwrap();
    assert!((interpolator - wide.tr_mul(&(gram * few))).amax() < 1e-12);
}

/// `int f dmu` for the Marchenko-Pastur law by Gauss-Chebyshev quadrature of the second kind.
fn marchenko_pastur(ratio: f64, f: impl Fn(f64) -> f64) -> f64 {
    let nodes = 2000;
    let (centre, half) = (1.0 + ratio, 2.0 * ratio.sqrt());
    let bulk: f64 = (1..=nodes)
        .map(|j| {
            let angle = std::f64::consts::PI * f64::from(j) / f64::from(nodes + 1);
            let x = centre + half * angle.cos();
            let weight = std::f64::consts::PI / f64::from(nodes + 1) * angle.sin().powi(2);
            weight * half * half * f(x) / (2.0 * std::f64::consts::PI * ratio * x)
        })
        .sum();
    bulk + (1.0 - 1.0 / ratio).max(0.0) * f(0.0)
}

#[test]
fn full_batch_is_the_marchenko_pastur_integral() {
    let (signal, noise) = (1.3, 0.4);
    for (ratio, step) in [(0.5, 0.5), (0.9, 0.3), (2.0, 0.25)] {
        let model = MiniBatch::builder().batches(1).aspect_ratio(ratio).step_size(step).build().unwrap();
        let mean = MeanIterate::new(&model.white().unwrap()).unwrap();
        let same = MeanIterate::full_batch(ratio, step).unwrap();
        for k in [0, 1, 2, 10, 100, 1000, 10_000] {
            let bias = signal * marchenko_pastur(ratio, |x| (1.0 - step * x).powi(2 * k));
            let sum = |x: f64| (0..k).map(|j| step * (1.0 - step * x).powi(j)).sum::<f64>();
            let variance = noise * ratio * marchenko_pastur(ratio, |x| x * sum(x).powi(2));
            let found = mean.after(k as usize, signal, noise).unwrap();
            assert!((found.bias - bias).abs() < 1e-9, "k = {k}: bias {} against {bias}", found.bias);
            assert!(
                (found.variance - variance).abs() < 1e-9,
                "k = {k}: variance {} against {variance}",
                found.variance
            );
            let same = same.after(k as usize, signal, noise).unwrap();
            assert!((found.risk - same.risk).abs() < 1e-12);
        }
        // Ridgeless least squares: sigma^2 gamma / (1 - gamma), or sigma^2 / (gamma - 1) above 1.
        let limit = mean.limit(signal, noise).unwrap().unwrap();
        let exact = noise * if ratio < 1.0 { ratio / (1.0 - ratio) } else { 1.0 / (ratio - 1.0) };
        assert!((limit.variance - exact).abs() < 1e-9, "{} against {exact}", limit.variance);
        assert!((limit.bias - signal * (1.0 - 1.0 / ratio).max(0.0)).abs() < 1e-12);
    }
}

#[test]
fn first_epoch_in_closed_form() {
    // After one epoch of two batches the noise has passed Xtilde: phi(V) = phi(Pi^2), and
    // Pi = (2 - alpha W_b') / 2 is the effect of the other batch, with phi(W_b'^2) = 1 + c.
    for (ratio, step) in [(0.5, 0.4), (1.5, 0.2)] {
        let model = MiniBatch::builder().batches(2).aspect_ratio(ratio).step_size(step).build().unwrap();
        let mean = MeanIterate::new(&model.white().unwrap()).unwrap();
        let exact = ratio * (2.0 * step).powi(2) * (1.0 - step + 0.25 * step * step * (1.0 + 2.0 * ratio));
        let found = mean.after(1, 1.0, 1.0).unwrap();
        assert!((found.variance - exact).abs() < 1e-12, "{} against {exact}", found.variance);
        // phi(P^2) for P = 1 - alpha (W_1 + W_2) + alpha^2 (W_1 W_2 + W_2 W_1) / 2, by free moments:
        // phi(W) = 1, phi(W^2) = 1 + c =: m, phi(W_1 W_2 W_1 W_2) = 2 m - 1, phi(W_1^2 W_2^2) = m^2.
        let (a, m) = (step, 1.0 + 2.0 * ratio);
        let square = 1.0 - 4.0 * a + 2.0 * a * a + a * a * (2.0 * m + 2.0) - 4.0 * a.powi(3) * m
            + 0.5 * a.powi(4) * (m * m + 2.0 * m - 1.0);
        assert!((found.bias - square).abs() < 1e-12, "{} against {square}", found.bias);
    }
}

#[test]
fn nothing_moves_without_a_step_and_nothing_varies_without_noise() {
    let still = MeanIterate::full_batch(0.5, 0.0).unwrap();
    for k in [0, 1, 1000] {
        let error = still.after(k, 2.0, 0.7).unwrap();
        assert!((error.bias - 2.0).abs() < 1e-9 && error.variance == 0.0);
    }
    let model = MiniBatch::builder().batches(4).build().unwrap().white().unwrap();
    let mean = MeanIterate::new(&model).unwrap();
    assert!(mean.curve(20, 1.0, 0.0).unwrap().iter().all(|error| error.variance == 0.0));
    assert_eq!(mean.limit(1.0, 0.0).unwrap().unwrap().risk, 0.0);
}

#[test]
fn at_aspect_ratio_one_the_variance_grows_without_bound() {
    let model = MiniBatch::builder().batches(4).aspect_ratio(1.0).epoch_step(0.5).build().unwrap();
    let mean = MeanIterate::new(&model.white().unwrap()).unwrap();
    assert!(mean.converges() && mean.limit(1.0, 0.1).unwrap().is_none());
    assert_eq!(mean.limit(1.0, 0.0).unwrap().unwrap().risk, 0.0);
    let (early, late) = (mean.after(100, 1.0, 0.1).unwrap(), mean.after(10_000, 1.0, 0.1).unwrap());
    // The density near zero is like x^(-1/2), so that int s_k^2 x dmu grows like the root of k.
    let growth = late.variance / early.variance;
    assert!((growth - 10.0).abs() < 1.0, "{growth}");
    // Full batch: 2 / (1 + 1)^2; with two batches the spectrum shrinks, and the step may be larger.
    let model = |batches| MiniBatch::builder().batches(batches).aspect_ratio(1.0).build().unwrap();
    assert!((model(1).critical_step_size().unwrap() - 0.5).abs() < 1e-9);
    assert!(2.0 * model(2).critical_step_size().unwrap() > 0.6);
}

#[test]
fn too_large_steps_diverge_without_nan() {
    let model = MiniBatch::builder().batches(2).aspect_ratio(0.5).step_size(1.0).build().unwrap();
    let mean = MeanIterate::new(&model.white().unwrap()).unwrap();
    assert!(!mean.converges() && mean.limit(1.0, 0.1).unwrap().is_none());
    let curve = mean.curve(3000, 1.0, 0.1).unwrap();
    assert!(curve.iter().all(|e| e.bias.is_finite() && e.variance.is_finite() && e.risk.is_finite()));
    assert_eq!(curve[3000].risk, f64::MAX);
}

#[test]
fn what_is_not_available_is_refused() {
    let population = Population::atoms(&[(0.5, 0.5), (2.0, 0.5)]).unwrap();
    let model = MiniBatch::builder().batches(2).population(population).build().unwrap();
    assert!(model.white().is_err());
    let unequal = MiniBatch::builder().batches(2).batch_fractions(&[0.4, 0.6]).build().unwrap();
    assert!(unequal.white().is_err());
    let bias = MeanBias::new(&unequal).unwrap();
    assert!(bias.after(1, -1.0).is_err() && bias.after(1, f64::NAN).is_err());
    assert!(bias.after(usize::MAX, 1.0).is_err());
    let still = MeanIterate::full_batch(0.5, 0.0).unwrap();
    assert!(still.curve(usize::MAX, 1.0, 0.0).is_err());
    assert!(MeanIterate::full_batch(0.5, -0.1).is_err() && MeanIterate::full_batch(-0.5, 0.1).is_err());
}

/// Sampled errors agree with predicted ones: three standard errors, to which the limit itself adds
/// its finite-size distance of order `1 / p`, and 3 % in any case.
fn agrees(name: &str, predicted: f64, sampled: f64, error: f64, features: usize) {
    let difference = (predicted - sampled).abs();
    let scale = predicted.abs().max(sampled.abs());
    assert!(
        difference <= 3.0 * error + 3.0 / features as f64 * scale && difference <= 0.03 * scale + 1e-12,
        "{name}: predicted {predicted}, sampled {sampled} +- {error}"
    );
}

#[test]
fn sampled_bias_and_variance() {
    let (features, epochs, signal, noise) = (1000, 20, 1.0, 0.5);
    for (batches, samples, step) in [(2, 2000, 0.4), (5, 2000, 0.2), (8, 800, 0.05), (2, 500, 0.2)] {
        let aspect_ratio = features as f64 / samples as f64;
        let builder = MiniBatch::builder().batches(batches).aspect_ratio(aspect_ratio).step_size(step);
        let mean = MeanIterate::new(&builder.build().unwrap().white().unwrap()).unwrap();
        let sampled = MonteCarlo::new(features, Batching::equal(samples, batches).unwrap(), step)
            .and_then(|run| run.with_draws(4))
            .unwrap()
            .with_seed(21)
            .mean_iterate(epochs, signal, noise, None)
            .unwrap();
        for k in 0..=epochs {
            let predicted = mean.after(k, signal, noise).unwrap();
            let name = |what: &str| format!("B = {batches}, n = {samples}, epoch {k}, {what}");
            agrees(&name("bias"), predicted.bias, sampled.bias[k], sampled.bias_error[k], features);
            agrees(
                &name("variance"),
                predicted.variance,
                sampled.variance[k],
                sampled.variance_error[k],
                features,
            );
        }
    }
}

#[test]
fn sampled_bias_for_two_population_eigenvalues() {
    let population = Population::atoms(&[(0.5, 0.6), (2.0, 0.4)]).unwrap();
    let features = 1000;
    for (batches, samples, step) in [(3, 1500, 0.15), (2, 600, 0.1)] {
        let model = MiniBatch::builder()
            .batches(batches)
            .aspect_ratio(features as f64 / samples as f64)
            .step_size(step)
            .population(population.clone())
            .build()
            .unwrap();
        let bias = MeanBias::new(&model).unwrap();
        let sampled = MonteCarlo::new(features, Batching::equal(samples, batches).unwrap(), step)
            .and_then(|run| run.with_draws(4))
            .unwrap()
            .with_population(population.clone())
            .with_seed(5)
            .mean_iterate(50, 1.0, 0.0, None)
            .unwrap();
        for k in [0, 1, 2, 5, 10, 20, 50] {
            let name = format!("B = {batches}, n = {samples}, epoch {k}");
            agrees(&name, bias.after(k, 1.0).unwrap(), sampled.bias[k], sampled.bias_error[k], features);
        }
    }
}

#[test]
fn critical_step_sizes() {
    // Full batch: 2 / (1 + sqrt(gamma))^2.
    for ratio in [0.5f64, 2.0] {
        let model = MiniBatch::builder().batches(1).aspect_ratio(ratio).build().unwrap();
        let exact = 2.0 / (1.0 + ratio.sqrt()).powi(2);
        assert!((model.critical_step_size().unwrap() - exact).abs() < 1e-9);
    }
    // Where another branch takes over, from bisections over whole laws: 0.1914 to 0.1916 and 0.207 to 0.208.
    for (batches, least, most) in [(2, 0.1914, 0.1916), (4, 0.207, 0.208)] {
        let population = Population::atoms(&[(1.0, 0.5), (5.0, 0.5)]).unwrap();
        let model =
            MiniBatch::builder().batches(batches).aspect_ratio(0.5).population(population).build().unwrap();
        let critical = model.critical_step_size().unwrap();
        assert!((least..most).contains(&critical), "B = {batches}: {critical}");
    }
    // At the threshold one end of the spectrum of P touches -1 or 1.
    let features = 600;
    for (batches, ratio) in [(2, 0.5), (4, 0.5), (3, 2.0)] {
        let builder = MiniBatch::builder().batches(batches).aspect_ratio(ratio);
        let critical = builder.build().unwrap().critical_step_size().unwrap();
        let samples = (features as f64 / ratio) as usize / batches * batches;
        for (factor, expected) in [(0.96, true), (1.04, false)] {
            let step = factor * critical;
            let sampled = MonteCarlo::new(features, Batching::equal(samples, batches).unwrap(), step)
                .and_then(|run| run.with_draws(1))
                .unwrap()
                .run(None)
                .unwrap();
            let total = step * batches as f64;
            let converges = sampled.eigenvalues[0].iter().all(|&x| x == 0.0 || x > 0.0 && total * x < 2.0);
            assert_eq!(converges, expected, "B = {batches}, gamma = {ratio}, {factor} times {critical}");
        }
    }
}

/// Next to the critical step the unknowns carry few digits, and at one of these steps no law comes out of the strictest
/// solves. The limit is smooth there: a chord of width 4e-4 is met to 1e-4.
#[test]
fn limits_next_to_the_critical_step_have_no_holes() {
    let limit = |epoch_step: f64| {
        let model = MiniBatch::builder().batches(8).aspect_ratio(0.5).epoch_step(epoch_step).build().unwrap();
        MeanIterate::new(&model.white().unwrap()).unwrap().limit(1.0, 0.5).unwrap().unwrap().risk
    };
    let [low, middle, high] = [6.635_17, 6.635_37, 6.635_57].map(limit);
    assert!((middle - 0.5 * (low + high)).abs() < 1e-4 * middle, "{low} {middle} {high}");
}
