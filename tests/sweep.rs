//! Laws of neighbouring models from each other.

use approx::assert_relative_eq;
use freespectra::minibatch::Sweep;
use freespectra::{MiniBatch, Population};

fn model(batches: usize, step: f64, ratio: f64, eigenvalue: f64) -> MiniBatch {
    let population = Population::atoms(&[(1.0, 0.5), (eigenvalue, 0.5)]).unwrap();
    let model = MiniBatch::builder().batches(batches).epoch_step(step).aspect_ratio(ratio);
    model.population(population).build().unwrap()
}

/// Against laws for themselves: one parameter after the other moved by half a per cent, intervals that meet and part, an atom
/// that comes and goes, another number of batches.
#[test]
fn laws_of_a_sweep_are_those_of_the_models() {
    let mut sweep = Sweep::default();
    let (mut along, mut alone) = (0, 0);
    let small = (0..8).map(|i| 1.005f64.powi(i));
    let models: Vec<MiniBatch> = small
        .clone()
        .map(|factor| model(4, factor, 0.3, 2.0))
        .chain(small.clone().map(|factor| model(4, 1.04, 0.3 * factor, 2.0)))
        .chain(small.clone().map(|factor| model(4, 1.04, 0.31, 2.0 * factor)))
        .collect();
    let large = [
        (4, 1.0, 0.05, 8.0),
        (4, 1.0, 0.4, 8.0),
        (4, 1.0, 0.04, 8.0),
        (3, 1.0, 1.2, 2.0),
        (3, 1.0, 0.9, 2.0),
    ];
    let jumps: Vec<MiniBatch> = large.map(|(b, s, r, e)| model(b, s, r, e)).into();
    for (index, model) in models.iter().chain(&jumps).enumerate() {
        let law = sweep.law(model).unwrap();
        let expected = model.law().unwrap();
        assert_eq!(law.support().len(), expected.support().len());
        for (a, b) in law.support().iter().flatten().zip(expected.support().iter().flatten()) {
            assert_relative_eq!(a, b, max_relative = 1e-13);
        }
        for k in 1..20 {
            let probability = f64::from(k) / 20.0;
            let x = expected.quantile(probability).unwrap();
            assert_relative_eq!(law.cdf(x), expected.cdf(x), epsilon = 1e-10);
            assert_relative_eq!(law.density(x), expected.density(x), max_relative = 1e-8);
        }
        if 0 < index && index < models.len() {
            along += law.certificate().evaluations;
            alone += expected.certificate().evaluations;
        }
    }
    assert!(3 * along < 2 * alone, "{along} {alone}");
}
