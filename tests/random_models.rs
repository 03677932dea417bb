//! Laws of Z over the whole range of models: up to 24 batches, aspect ratios from 1e-4 to 1e5, populations of up to 300
//! eigenvalues over up to ten decades, steps from a millionth of what converges to all of it.
//!
//! What comes out is compared with moments that no certificate has used: the fifth and the sixth, from the transform on a
//! circle around the spectrum. The large runs print what they find:
//! `cargo test --release --test random_models -- --ignored --nocapture`.

use std::time::Instant;

use freespectra::law::CauchyTransform;
use freespectra::solver::SolverOptions;
use freespectra::{MiniBatch, Population, SpectralLaw};
use num_complex::Complex64;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Points of the circle; the error falls like the ratio of the radii to this power.
const CIRCLE: usize = 64;

/// What a law took and whether it is one.
struct Tally {
    errors: Vec<String>,
    slow: usize,
    seconds: f64,
}

/// Between 1 and `largest`, uniform in the logarithm.
fn log_uniform(rng: &mut Pcg64, largest: f64) -> f64 {
    largest.powf(rng.random::<f64>())
}

fn random_model(rng: &mut Pcg64, batches: f64, eigenvalues: f64) -> MiniBatch {
    let batches = log_uniform(rng, batches).round() as usize;
    let aspect_ratio = 1e-4 * log_uniform(rng, 1e9);
    let count = log_uniform(rng, eigenvalues).round() as usize;
    let decades = 10.0 * rng.random::<f64>();
    let atoms: Vec<(f64, f64)> = (0..count)
        .map(|_| (10f64.powf(-decades * rng.random::<f64>()), 0.05 + rng.random::<f64>()))
        .collect();
    let (largest, mass) = atoms.iter().fold((0.0f64, 0.0), |(m, sum), (t, w)| (m.max(*t), sum + w));
    let atoms: Vec<(f64, f64)> = atoms.iter().map(|(t, w)| (t / largest, w / mass)).collect();
    // About the largest step at which no batch overshoots.
    let limit = 2.0 / (1.0 + (aspect_ratio * batches as f64).sqrt()).powi(2);
    MiniBatch::builder()
        .batches(batches)
        .aspect_ratio(aspect_ratio)
        .step_size(limit / log_uniform(rng, 1e6))
        .population(Population::atoms(&atoms).unwrap())
        .build()
        .unwrap()
}

/// The largest error of the fifth and sixth moment about the centre of the spectrum, in units of its radius.
fn moment_error(model: &MiniBatch, law: &SpectralLaw) -> f64 {
    let transform = model.transform(SolverOptions::default()).unwrap();
    let mut workspace = transform.workspace();
    let [low, high] = [law.quantile(0.0).unwrap(), law.quantile(1.0).unwrap()];
    let (center, radius) = (0.5 * (low + high), high - low);
    let mut sums = [0.0; 7];
    let mut state: Option<Vec<Complex64>> = None;
    for i in 0..CIRCLE {
        let angle = std::f64::consts::PI * (i as f64 + 0.5) / CIRCLE as f64;
        let offset = Complex64::from_polar(radius, angle);
        let near = state
            .as_ref()
            .and_then(|state| transform.solve_near(center + offset, state, &mut workspace).ok());
        let solution = near.unwrap_or_else(|| transform.solve(center + offset, &mut workspace).unwrap());
        let mut term = offset / radius * solution.cauchy * radius / CIRCLE as f64;
        for sum in &mut sums {
            *sum += term.re;
            term *= offset / radius;
        }
        state = Some(solution.state);
    }
    let moment = |k: usize| law.integrate(|x| ((x - center) / radius).powi(k as i32));
    [5, 6].into_iter().fold(0.0, |m: f64, k| m.max((moment(k) - sums[k]).abs()))
}

fn run(seed: u64, models: usize, batches: f64, eigenvalues: f64, compared: usize) -> Tally {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut tally = Tally { errors: Vec::new(), slow: 0, seconds: 0.0 };
    for case in 0..models {
        let model = random_model(&mut rng, batches, eigenvalues);
        let start = Instant::now();
        let law = model.law();
        let seconds = start.elapsed().as_secs_f64();
        tally.seconds += seconds;
        tally.slow += usize::from(seconds > 10.0);
        let atoms = model.population().as_atoms().len();
        let name = format!(
            "{case}: {} batches, aspect ratio {:.3e}, {atoms} eigenvalues, step {:.3e}",
            model.batches(),
            model.aspect_ratio(),
            model.step_size()
        );
        match law {
            Ok(law) => {
                // Every batch occurs once in a product, and the batches are free.
                let batches = model.batches();
                let decay = |t: f64| match model.step_size() * t {
                    small @ 0.0..0.5 => -(batches as f64 * (-small).ln_1p()).exp_m1(),
                    other => 1.0 - (1.0 - other).powi(batches as i32),
                };
                let mean: f64 =
                    model.population().as_atoms().iter().map(|a| a.mass * decay(a.location)).sum();
                let mean = mean / model.epoch_step();
                assert!((law.mean() / mean - 1.0).abs() < 1e-8, "{name}: {} {mean}", law.mean());
                if case % (models / compared) == 0 {
                    let error = moment_error(&model, &law);
                    assert!(error < 1e-9, "{name}: {error:e}");
                }
            }
            Err(error) => tally.errors.push(format!("{name}: {error}")),
        }
    }
    tally
}

#[test]
fn random_models_have_their_moments() {
    let tally = run(1, 60, 8.0, 6.0, 60);
    assert!(tally.errors.is_empty(), "{:#?}", tally.errors);
}

/// As many features as samples: larger steps push the hard edge at 0 across it, and an inverse root is left on both sides.
#[test]
fn as_many_features_as_samples() {
    let spread: Vec<(f64, f64)> = [1.0, 2.0, 3.0, 4.0].map(|t| (t, 0.25)).into();
    for (batches, step, atoms) in [
        (2, 1.0, vec![(1.0, 1.0)]),
        (2, 3.0, vec![(1.0, 1.0)]),
        (2, 0.5, spread),
        (8, 1.0, vec![(1.0, 0.5), (10.0, 0.5)]),
    ] {
        let population = Population::atoms(&atoms).unwrap();
        let builder = MiniBatch::builder().batches(batches).aspect_ratio(1.0).epoch_step(step);
        let model = builder.population(population).build().unwrap();
        let law = model.law().unwrap_or_else(|error| panic!("{batches} batches, step {step}: {error}"));
        let error = moment_error(&model, &law);
        assert!(error < 1e-9, "{batches} batches, step {step}: {error:e}");
        let exponent = (law.density(1e-10) / law.density(1e-8)).log10() / 2.0;
        assert!((exponent - 0.5).abs() < 1e-3, "{batches} batches, step {step}: {exponent}");
    }
}

/// Twelve eigenvalues over eight decades (those of the breast cancer data, rounded): steps that are far too large for the
/// largest, and steps that are small even for it. Below aspect ratio 1 every eigenvalue is in one bulk.
#[test]
fn a_population_over_eight_decades() {
    let eigenvalues =
        [0.00316, 0.00748, 0.0316, 0.0839, 0.371, 1.81, 3.0, 39.8, 54.6, 703.0, 7300.0, 443_000.0];
    let atoms = eigenvalues.map(|t| (t, 1.0 / 12.0));
    for (ratio, step, bulks) in [(0.3, 0.01, 5), (0.5, 1e-7, 10)] {
        let builder = MiniBatch::builder().batches(4).aspect_ratio(ratio).epoch_step(step);
        let model = builder.population(Population::atoms(&atoms).unwrap()).build().unwrap();
        let law = model.law().unwrap_or_else(|error| panic!("step {step}: {error}"));
        assert_eq!(law.support().len(), bulks, "step {step}: {law}");
        for pair in law.support().windows(2) {
            let below = 12.0 * law.cdf(0.5 * (pair[0][1] + pair[1][0]));
            assert!(
                (below - below.round()).abs() < 1e-9,
                "step {step}: {below} eigenvalues below {}",
                pair[1][0]
            );
        }
        let error = moment_error(&model, &law);
        assert!(error < 1e-9, "step {step}: {error:e}");
    }
}

/// Steps so large that `Z` is the mean of products of all batches alone scale with the fourth power of the eigenvalue, up to
/// terms of one order less: here of the size 4 / t.
#[test]
fn steps_far_too_large_leave_products() {
    let edges = |t: f64| {
        let builder = MiniBatch::builder().batches(4).aspect_ratio(0.5).epoch_step(1.0);
        let model = builder.population(Population::atoms(&[(t, 1.0)]).unwrap()).build().unwrap();
        let law = model.law().unwrap_or_else(|error| panic!("{t:e}: {error}"));
        [law.quantile(0.0).unwrap(), law.quantile(1.0).unwrap()].map(|edge| edge / t.powi(4))
    };
    let limit = edges(1e12);
    for t in [1e6, 1e8, 1e10] {
        let found = edges(t);
        assert!(
            (0..2).all(|i| (found[i] / limit[i] - 1.0).abs() < 12.0 / t + 1e-11),
            "{t:e}: {found:?} {limit:?}"
        );
    }
}

/// Next to aspect ratio 1 the lowest edge is as far from 0 as the square of the difference.
#[test]
fn nearly_as_many_features_as_samples() {
    for ratio in [1.0 - 1e-8, 1.0 - 1e-6, 1.0 + 1e-6, 1.0 + 1e-8] {
        for (batches, step) in [(2, 1e-3), (2, 1.0), (4, 1.0)] {
            let builder = MiniBatch::builder().batches(batches).aspect_ratio(ratio).epoch_step(step);
            let law = builder.build().unwrap().law();
            let law =
                law.unwrap_or_else(|error| panic!("{batches} batches, ratio {ratio}, step {step}: {error}"));
            assert_eq!(law.support().len(), 1, "{law}");
            let [low, _] = law.support()[0];
            let scale = (ratio - 1.0).powi(2);
            assert!(
                0.01 * scale < low && low < scale,
                "{batches} batches, ratio {ratio}, step {step}: {low:e}"
            );
        }
    }
}

/// Two eigenvalues, of which the steps are a hundred times too large for one.
#[test]
fn steps_that_one_eigenvalue_does_not_stand() {
    for (batches, ratio) in [(4, 0.5), (6, 0.5), (6, 2.0), (8, 5.0)] {
        let builder = MiniBatch::builder().batches(batches).aspect_ratio(ratio).epoch_step(1.0);
        let population = Population::atoms(&[(1.0, 0.5), (1000.0, 0.5)]).unwrap();
        let model = builder.population(population).build().unwrap();
        let law = model.law().unwrap_or_else(|error| panic!("{batches} batches, {ratio}: {error}"));
        let error = moment_error(&model, &law);
        assert!(error < 1e-9, "{batches} batches, {ratio}: {error:e}");
    }
}

#[test]
#[ignore = "two thousand laws of up to ten eigenvalues: five minutes"]
fn two_thousand_random_models() {
    report(run(2, 2000, 24.0, 10.0, 200), 2000);
}

#[test]
#[ignore = "laws of up to 300 eigenvalues: half an hour"]
fn random_models_of_many_eigenvalues() {
    report(run(3, 150, 24.0, 300.0, 50), 150);
}

fn report(tally: Tally, models: usize) {
    let Tally { errors, slow, seconds } = tally;
    println!(
        "{} of {models} are errors, {slow} took more than ten seconds, {seconds:.0} s in all",
        errors.len()
    );
    errors.iter().for_each(|error| println!("{error}"));
    assert!(errors.len() * 20 <= models);
}
