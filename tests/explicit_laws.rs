//! Laws with one scalar unknown: sample covariances and sums with a semicircle, over decades and with many bulks.

use freespectra::free::convolution::FreeProduct;
use freespectra::law::CauchyTransform;
use freespectra::minibatch::{MeanBias, Order, Trajectory};
use freespectra::solver::SolverOptions;
use freespectra::{Law, MiniBatch, Population, SpectralLaw};
use num_complex::Complex64;

fn full_batch(ratio: f64, population: Population) -> SpectralLaw {
    let model = MiniBatch::builder().batches(1).aspect_ratio(ratio).population(population);
    model.build().unwrap().law().unwrap()
}

/// Mass, and the moments `int x = m`, `int x^2 = int t^2 dH + gamma m^2`.
fn check_moments(law: &SpectralLaw, ratio: f64, population: &Population) {
    let mean = population.mean();
    let second = population.moment(2) + ratio * mean * mean;
    assert!((law.total_mass() - 1.0).abs() < 1e-10);
    assert!((law.mean() / mean - 1.0).abs() < 1e-10);
    assert!((law.moment(2) / second - 1.0).abs() < 1e-10);
}

/// Numbers of bulks by an independent search for the gaps in 40 digits and in double precision (Python): eigenvalues of two data sets of
/// 17 and 12 clusters over four and nine decades, and `k^-3`, `k = 1, ..., 300`.
#[test]
fn populations_over_decades() {
    let digits = [
        0.000412, 0.00128, 0.00362, 0.00847, 0.0149, 1.4, 1.69, 1.82, 1.91, 2.28, 2.54, 2.67, 2.74, 3.08,
        3.53, 3.7, 3.94,
    ];
    let breast = [0.00316, 0.00748, 0.0316, 0.0839, 0.371, 1.81, 3.0, 39.8, 54.6, 703.0, 7300.0, 443000.0];
    let cubes: Vec<f64> = (1..=300).map(|k| f64::from(k).powi(-3)).collect();
    let cases: [(&[f64], [usize; 3]); 3] =
        [(&digits, [6, 6, 5]), (&breast, [12, 11, 10]), (&cubes, [52, 30, 23])];
    for (eigenvalues, counts) in cases {
        let population = Population::from_eigenvalues(eigenvalues).unwrap();
        for (ratio, count) in [0.1, 0.3, 0.5].into_iter().zip(counts) {
            let law = full_batch(ratio, population.clone());
            assert_eq!(law.support().len(), count, "{ratio}");
            check_moments(&law, ratio, &population);
            // In every gap the distribution function is a multiple of the masses of single eigenvalues.
            for bulk in law.support() {
                let eigenvalues_below = law.cdf(bulk[1]) * eigenvalues.len() as f64;
                assert!((eigenvalues_below - eigenvalues_below.round()).abs() < 1e-7, "{ratio}, {bulk:?}");
            }
        }
    }
    let four = Population::atoms(&[(0.03, 0.36), (0.1, 0.07), (0.3, 0.0004), (1.7, 0.5696)]).unwrap();
    check_moments(&full_batch(0.94, four.clone()), 0.94, &four);
}

/// Edges `(1 -+ sqrt(gamma))^2` of white data of any shape and scale.
#[test]
fn shapes_and_scales() {
    for ratio in [1e-5, 1.0 - 1e-6, 1.0 + 1e-6, 70.0, 1e3, 1e5] {
        let law = full_batch(ratio, Population::identity());
        check_moments(&law, ratio, &Population::identity());
        let [[low, high]] = law.support()[..] else { panic!("one bulk") };
        let exact = ((ratio - 1.0) / (ratio.sqrt() + 1.0)).powi(2);
        assert!(
            (low / exact - 1.0).abs() < 1e-9 && (high / (1.0 + ratio.sqrt()).powi(2) - 1.0).abs() < 1e-14
        );
        let kernel: f64 = law.atoms().iter().map(|atom| atom.mass).sum();
        assert!((kernel - (1.0 - 1.0 / ratio).max(0.0)).abs() < 1e-15);
    }
    for scale in [1e-10, 1e12] {
        let population = Population::atoms(&[(scale, 1.0)]).unwrap();
        let law = full_batch(0.5, population.clone());
        assert!((law.support()[0][1] / (scale * (1.5 + 2f64.sqrt())) - 1.0).abs() < 1e-14);
        check_moments(&law, 0.5, &population);
    }
}

/// Features that do not vary are zeros of the data: what is left is the model with fewer features.
#[test]
fn features_of_variance_0() {
    let kernel = 0.4;
    let mixed = Population::atoms(&[(0.0, kernel), (1.0, 0.36), (3.0, 0.24)]).unwrap();
    let rest = Population::atoms(&[(1.0, 0.6), (3.0, 0.4)]).unwrap();
    for (batches, ratio) in [(1, 0.5), (1, 2.5), (2, 0.5), (3, 0.8), (4, 4.0)] {
        let model = |ratio: f64, population: &Population| {
            let builder = MiniBatch::builder().batches(batches).aspect_ratio(ratio).epoch_step(0.3);
            builder.population(population.clone()).build().unwrap()
        };
        let (whole, part) = (model(ratio, &mixed), model((1.0 - kernel) * ratio, &rest));
        let (law, varying) = (whole.law().unwrap(), part.law().unwrap());
        assert_eq!(law.support().len(), varying.support().len());
        for x in [0.05, 0.3, 0.8, 1.5, 3.0, 6.0] {
            let exact = kernel + (1.0 - kernel) * varying.cdf(x);
            assert!((law.cdf(x) - exact).abs() < 1e-9, "B = {batches}, {ratio}, {x}: {} {exact}", law.cdf(x));
        }
        let at_zero = kernel + (1.0 - kernel) * varying.atoms().iter().map(|atom| atom.mass).sum::<f64>();
        assert!((law.atoms()[0].mass - at_zero).abs() < 1e-15);

        // They have no part in any error, and none in the step size limits.
        let (bias, alone) = (MeanBias::new(&whole).unwrap(), MeanBias::new(&part).unwrap());
        let (bias, alone) = (bias.after(3, 1.0).unwrap(), alone.after(3, 1.0).unwrap());
        assert!((bias - (1.0 - kernel) * alone).abs() < 1e-9, "B = {batches}, {ratio}: {bias} {alone}");
        let curve = |model: &MiniBatch, signal: f64| {
            let steps: Vec<usize> = (0..2 * batches).map(|step| step % batches).collect();
            Trajectory::new(model, |_| signal, 0.5).unwrap().along(&steps).unwrap().risk
        };
        for (found, exact) in curve(&whole, 1.0).into_iter().zip(curve(&part, 1.0 - kernel)) {
            assert!((found - exact).abs() < 1e-12 * exact, "B = {batches}, {ratio}: {found} {exact}");
        }
    }
    let cyclic = |ratio: f64, population: Population| {
        let builder = MiniBatch::builder().batches(3).aspect_ratio(ratio).population(population);
        builder.build().unwrap().stability_step(Order::Cyclic).unwrap().epoch_step
    };
    let (found, exact) = (cyclic(1.2, mixed), cyclic((1.0 - kernel) * 1.2, rest));
    assert!((found - exact).abs() < 1e-9 * exact, "{found} {exact}");
}

/// The product of finitely many values and a free Poisson law is a sample covariance; the subordination functions, which
/// are solved for another way, agree with it.
#[test]
fn products_are_sample_covariances() {
    let values = Law::atoms(&[(0.0, 0.2), (1.0, 0.5), (7.0, 0.3)]).unwrap();
    let poisson = Law::marchenko_pastur(0.4).unwrap().affine(2.0, 0.0).unwrap();
    for product in [values.times(&poisson).unwrap(), poisson.times(&values).unwrap()] {
        let covariance =
            Law::sample_covariance(0.4, Population::atoms(&[(0.0, 0.2), (2.0, 0.5), (14.0, 0.3)]).unwrap());
        let covariance = covariance.unwrap();
        assert_eq!(product.spectral().support(), covariance.spectral().support());
        let by_subordination = FreeProduct::new(&values, &poisson).unwrap();
        for x in [1.0, 3.0, 12.0] {
            assert!((product.density(x) - covariance.density(x)).abs() < 1e-13);
            let z = num_complex::Complex64::new(x, 0.1);
            let [omega, _] = by_subordination.subordination(z).unwrap();
            let cauchy = omega * values.cauchy_transform(omega) / z;
            assert!((product.cauchy_transform(z) - cauchy).norm() < 1e-10);
        }
    }
}

/// Forty equal values two per 39 apart with a semicircle of radius `2 sqrt(s)`: forty bulks of mass 1/40 each, for small
/// `s` each a semicircle of variance `s / 40`.
#[test]
fn forty_values_and_a_small_semicircle() {
    let values: Vec<(f64, f64)> = (0..40).map(|k| (2.0 * f64::from(k) / 39.0 - 1.0, 1.0 / 40.0)).collect();
    let values = Law::atoms(&values).unwrap();
    for variance in [1e-5, 1e-4, 1e-3] {
        let law = values.plus(&Law::semicircle(variance).unwrap()).unwrap();
        let support = law.spectral().support();
        assert_eq!(support.len(), 40);
        for (below, bulk) in (1..).zip(&support) {
            assert!((law.cdf(bulk[1]) - f64::from(below) / 40.0).abs() < 1e-12);
            let width = 4.0 * (variance / 40.0).sqrt();
            assert!((bulk[1] - bulk[0] - width).abs() < 0.5 * variance.sqrt() * width, "{bulk:?}, {width}");
        }
    }
    // Hundreds of values, most of them merged, and the moments of the sum.
    let uneven: Vec<f64> = (0..500).map(|k| f64::from(k).sqrt() + f64::from(k).sin()).collect();
    let law = Law::eigenvalues(&uneven).unwrap();
    let sum = law.plus(&Law::semicircle(1e-3).unwrap()).unwrap();
    assert!(sum.spectral().support().len() > 10, "{}", sum.spectral().support().len());
    assert!((sum.spectral().variance() - law.variance() - 1e-3).abs() < 1e-9);
}

/// The pencil of one batch against the explicit map: the average over a hundred eigenvalues by a Gauss rule with
/// corrections, off the axis and on it, inside the bulks and next to their edges.
#[test]
fn many_eigenvalues_by_a_rule() {
    let eigenvalues: Vec<f64> =
        (0..100).map(|k| (0.07 * f64::from(k)).exp() + f64::from(k).sin().abs()).collect();
    let population = Population::from_eigenvalues(&eigenvalues).unwrap();
    let model = MiniBatch::builder().batches(1).aspect_ratio(0.3).epoch_step(1e-3).population(population);
    let model = model.build().unwrap();
    let (law, transform) = (model.law().unwrap(), model.transform(SolverOptions::default()).unwrap());
    let mut workspace = transform.workspace();
    for probability in [0.02, 0.2, 0.5, 0.9, 0.99] {
        let x = law.quantile(probability).unwrap();
        for height in [0.0, 1e-3, 1.0] {
            let z = Complex64::new(x, height * x);
            let found = transform.solve(z, &mut workspace).unwrap().cauchy;
            let exact = law.cauchy_transform(z);
            assert!((found - exact).norm() < 1e-8 * exact.norm(), "{z}: {found} {exact}");
        }
    }
}

/// Seventeen eigenvalues over four decades in four batches: the gaps are come upon by sampling and walked to their ends.
#[test]
fn four_batches_over_decades() {
    let population = [
        0.000412, 0.00128, 0.00362, 0.00847, 0.0149, 1.4, 1.69, 1.82, 1.91, 2.28, 2.54, 2.67, 2.74, 3.08,
        3.53, 3.7, 3.94,
    ];
    let builder = MiniBatch::builder().batches(4).aspect_ratio(0.3).epoch_step(0.5);
    let model = builder.population(Population::from_eigenvalues(&population).unwrap()).build().unwrap();
    let law = model.law().unwrap();
    // Small eigenvalues are hardly moved by descent: their bulks are those of the full batch, of mass 1/17 each.
    assert_eq!(law.support().len(), 6, "{law}");
    for (below, bulk) in (1..).zip(&law.support()[..5]) {
        assert!((law.cdf(bulk[1]) - f64::from(below) / 17.0).abs() < 1e-9, "{bulk:?}");
    }
    let mean = population.iter().map(|t| (1.0 - (1.0 - 0.125 * t).powi(4)) / 0.5 / 17.0).sum::<f64>();
    assert!((law.mean() / mean - 1.0).abs() < 1e-9, "{} {mean}", law.mean());
}
