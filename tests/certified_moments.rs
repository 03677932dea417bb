//! Every law is held against moments that no solve has had a part in; what loses a moment is refused.

use freespectra::finite::{Batching, MonteCarlo};
use freespectra::minibatch::MeanBias;
use freespectra::{Error, MiniBatch, Population};

fn model(batches: usize, aspect_ratio: f64, epoch_step: f64, atoms: &[(f64, f64)]) -> MiniBatch {
    let population = Population::atoms(atoms).unwrap();
    let builder = MiniBatch::builder().batches(batches).aspect_ratio(aspect_ratio).epoch_step(epoch_step);
    builder.population(population).build().unwrap()
}

/// Eigenvalues whose weight is below every tolerance for mass, but which carry the mean: a law without them must not come
/// out. The mean is `sum w t`, and `sum w (1 - (1 - t / 4)^4)`.
#[test]
fn mass_that_is_lost_but_carries_the_moments_is_noticed() {
    for (model, mean) in [
        (model(1, 0.5, 0.01, &[(1.0, 0.999_999_999_91), (1e6, 9e-11)]), 1.000_089_999_91),
        (
            model(4, 0.5, 1.0, &[(1.0, 0.999_999_999_999_9), (1e4, 1e-13)]),
            1.0 - 0.75f64.powi(4) + 1e-13 * (1.0 - 2499f64.powi(4)),
        ),
    ] {
        match model.law() {
            Err(Error::InvalidArgument { .. }) => panic!("blamed on an argument"),
            Err(_) => {}
            Ok(law) => assert!((law.mean() - mean).abs() < 1e-9, "{law} with mean {}", law.mean()),
        }
    }
}

/// With one batch all edges are known, and such an eigenvalue is a bulk of its own: `int t dH = 0.99999999991 + 9e-5`.
#[test]
fn a_weight_below_every_tolerance() {
    let law = model(1, 0.5, 0.01, &[(1.0, 0.999_999_999_91), (1e6, 9e-11)]).law().unwrap();
    assert_eq!(law.support().len(), 2);
    assert!((law.mean() - 1.000_089_999_91).abs() < 1e-12, "{}", law.mean());
}

/// `int t dH = 1.0000999` and `int t^2 dH + gamma (int t dH)^2`: a light eigenvalue that can be resolved is.
#[test]
fn light_eigenvalues_are_found() {
    let law = model(1, 0.5, 0.01, &[(1.0, 0.999_999_9), (1e3, 1e-7)]).law().unwrap();
    let (mean, second) = (1.000_099_9, 1.099_999_9 + 0.5 * 1.000_099_9f64.powi(2));
    assert_eq!(law.support().len(), 2);
    assert!((law.mean() - mean).abs() < 1e-9, "{}", law.mean());
    assert!((law.moment(2) - second).abs() < 1e-8, "{}", law.moment(2));
}

#[test]
fn the_first_four_moments_are_in_every_certificate() {
    let two = [(0.5, 0.4), (2.0, 0.6)];
    let unequal = MiniBatch::builder().batches(3).batch_fractions(&[0.5, 0.3, 0.2]).build().unwrap();
    let models = [1, 2, 3, 8, 33].map(|batches| model(batches, 0.7, 0.8, &two));
    for model in models.iter().chain([&unequal, &model(4, 2.5, 1.5, &[(1.0, 1.0)])]) {
        let error = model.law().unwrap().certificate().moment_error.expect("compared");
        assert!(error < 1e-9, "{} batches: {error}", model.batches());
    }
    // The weighted laws are held against theirs in the same way: at no epochs the bias is the mean eigenvalue.
    let bias = MeanBias::new(&models[3]).unwrap();
    assert!((bias.after(0, 1.0).unwrap() - 1.4).abs() < 1e-12);
}

/// The third and fourth moment of `Z` have no short closed form; sampled matrices have them up to `1 / p`.
#[test]
fn higher_moments_are_those_of_sampled_matrices() {
    let two = [(0.5, 0.5), (2.0, 0.5)];
    for batches in [2, 3, 5] {
        let model = model(batches, 0.5, 0.8, &two);
        let law = model.law().unwrap();
        let batching = Batching::equal(810, batches).unwrap();
        let run = MonteCarlo::new(405, batching, model.step_size()).unwrap();
        let run = run.with_population(model.population().clone()).with_draws(6).unwrap().with_seed(5);
        let pooled = run.run(None).unwrap().pooled();
        for k in 3..=4 {
            let sampled = pooled.iter().map(|x| x.powi(k)).sum::<f64>() / pooled.len() as f64;
            let error = law.moment(k) / sampled - 1.0;
            assert!(error.abs() < 0.02, "{batches} batches, moment {k}: {error}");
        }
    }
}
