//! Laws with an algebraic equation or a known limit.

use freespectra::{MiniBatch, Population};
use num_complex::Complex64;

/// Density of the sample covariance for population atoms `(t, w)`, from the companion transform `s`:
/// `z = -1/s + gamma sum w t / (1 + t s)` (Silverstein), multiplied out to a cubic for two atoms and
/// solved by Weierstrass iteration. The root with `Im s > 0` gives `rho = Im s / (pi gamma)`.
fn silverstein_density(atoms: [(f64, f64); 2], gamma: f64, x: f64) -> f64 {
    let [(a, wa), (b, wb)] = atoms;
    // x s (1+as)(1+bs) + (1+as)(1+bs) - gamma s [wa a (1+bs) + wb b (1+as)] = 0
    let coefficients = [
        1.0,
        x + a + b - gamma * (wa * a + wb * b),
        x * (a + b) + a * b - gamma * a * b * (wa + wb),
        x * a * b,
    ];
    let monic = coefficients.map(|c| c / coefficients[3]);
    let mut roots = [1.0f64, 2.0, 3.0].map(|k| Complex64::from_polar(0.9, 2.1 * k));
    for _ in 0..500 {
        for i in 0..3 {
            let r = roots[i];
            let value = ((r + monic[2]) * r + monic[1]) * r + monic[0];
            let others: Complex64 = (0..3).filter(|&j| j != i).map(|j| r - roots[j]).product();
            roots[i] = r - value / others;
        }
    }
    let imaginary = roots.iter().map(|r| r.im).fold(0.0, f64::max);
    imaginary / (std::f64::consts::PI * gamma)
}

#[test]
fn two_atoms_without_batches_solve_a_cubic() {
    let atoms = [(1.0, 0.5), (5.0, 0.5)];
    for gamma in [0.05, 0.4, 2.5] {
        let model = MiniBatch::builder().batches(1).epoch_step(0.3).aspect_ratio(gamma);
        let law = model.population(Population::atoms(&atoms).unwrap()).build().unwrap().law().unwrap();
        for [low, high] in law.support() {
            for i in 1..40 {
                let x = low + (high - low) * f64::from(i) / 40.0;
                let (found, exact) = (law.density(x), silverstein_density(atoms, gamma, x));
                assert!((found - exact).abs() < 1e-10, "gamma = {gamma}, x = {x}: {found} against {exact}");
            }
        }
    }
}

#[test]
fn classical_limit() {
    // An eigenvalue t becomes (1 - (1 - alpha t)^B) / (alpha B): bands shrink to it like sqrt(gamma).
    let (batches, step_size) = (4, 0.2);
    let atoms = [(0.5, 0.4), (2.0, 0.6)];
    let map = |t: f64| (1.0 - (1.0 - step_size * t).powi(batches)) / (step_size * f64::from(batches));
    let mut widths = Vec::new();
    for gamma in [1e-3, 1e-5] {
        let model = MiniBatch::builder().batches(4).step_size(step_size).aspect_ratio(gamma);
        let law = model.population(Population::atoms(&atoms).unwrap()).build().unwrap().law().unwrap();
        assert_eq!(law.support().len(), 2);
        for ([low, high], (t, weight)) in law.support().into_iter().zip(atoms) {
            assert!(low < map(t) && map(t) < high, "[{low}, {high}] around {}", map(t));
            assert!((law.cdf(high) - law.cdf(low) - weight).abs() < 1e-9);
            widths.push(high - low);
        }
    }
    for band in 0..2 {
        let ratio = widths[band] / widths[band + 2];
        assert!((ratio - 10.0).abs() < 0.1, "width falls by {ratio} for a hundredth of gamma");
    }
}

#[test]
fn mean_is_the_classical_one_for_every_aspect_ratio() {
    // Every batch occurs once in a product and the batches are independent, so phi(P) is exactly the
    // mean of (1 - alpha t)^B over the population.
    let atoms = [(0.5, 0.4), (2.0, 0.6)];
    for (batches, gamma) in [(2, 0.5), (3, 2.0), (7, 0.1)] {
        let step_size = 0.5 / f64::from(batches);
        let model = MiniBatch::builder().batches(batches as usize).step_size(step_size).aspect_ratio(gamma);
        let model = model.population(Population::atoms(&atoms).unwrap()).build().unwrap();
        let exact: f64 = atoms.iter().map(|(t, w)| w * (1.0 - step_size * t).powi(batches)).sum();
        let found = model.epoch_operator_law().unwrap().mean();
        assert!((found - exact).abs() < 1e-9, "B = {batches}: {found} against {exact}");
    }
}
