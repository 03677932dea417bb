//! The predicted law against sampled, finite-size batched gradient descent at p = 1000.
//!
//! Eigenvalues are rigid: the Kolmogorov-Smirnov distance falls like 1/p, so 0.01 at p = 1000 leaves a
//! margin of a few for the O(1/p) corrections and fails for a law that is off by one percent.

use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::finite::{Batching, Entries, MonteCarlo};
use freespectra::{MiniBatch, Population};

const FEATURES: usize = 1000;

fn check(model: &MiniBatch, batching: Batching, entries: Entries) {
    let law = model.law().unwrap();
    let sampled = MonteCarlo::new(FEATURES, batching, model.step_size())
        .and_then(|run| run.with_entries(entries))
        .and_then(|run| run.with_draws(1))
        .unwrap()
        .with_population(model.population().clone())
        .with_seed(11)
        .run(None)
        .unwrap();
    let reference = ReferenceLaw::of(&law).unwrap();
    let comparison = Comparison::new(&sampled.pooled(), &reference, &Bins::FreedmanDiaconis).unwrap();
    assert!(comparison.kolmogorov_smirnov < 0.01, "{entries}: {}", comparison.kolmogorov_smirnov);
    for extreme in [comparison.smallest, comparison.largest] {
        assert!(extreme.beyond_edge.abs() < 0.05 * extreme.edge.max(1.0), "{entries}: {extreme:?}");
    }
}

#[test]
fn equal_batches() {
    for batches in [2, 3, 8] {
        let samples = 2000 / batches * batches;
        let aspect_ratio = FEATURES as f64 / samples as f64;
        let model = MiniBatch::builder().batches(batches).epoch_step(1.0).aspect_ratio(aspect_ratio);
        let model = model.build().unwrap();
        for entries in [Entries::Gaussian, Entries::Rademacher] {
            check(&model, Batching::equal(samples, batches).unwrap(), entries);
        }
    }
}

/// Features that do not vary are eigenvalues 0 of `Z`, exactly, with more rows than features that vary and with fewer.
#[test]
fn features_that_do_not_vary() {
    let population = Population::atoms(&[(0.0, 0.4), (1.0, 0.4), (2.0, 0.2)]).unwrap();
    for (samples, zeros) in [(2000, 400), (800, 400), (400, 600)] {
        let model = MiniBatch::builder().batches(2).epoch_step(0.6).population(population.clone());
        let model = model.aspect_ratio(FEATURES as f64 / samples as f64).build().unwrap();
        let batching = Batching::equal(samples, 2).unwrap();
        check(&model, batching.clone(), Entries::Gaussian);
        let run = MonteCarlo::new(50, Batching::equal(samples / 20, 2).unwrap(), model.step_size()).unwrap();
        let run = run.with_population(population.clone()).with_draws(1).unwrap();
        let exact = run.run(None).unwrap().pooled().iter().filter(|&&value| value == 0.0).count();
        assert_eq!([exact, run.kernel_dimension()], [zeros / 20; 2], "{samples} rows");
    }
}

#[test]
fn unequal_batches() {
    let fractions = [0.5, 0.3, 0.2];
    for entries in [Entries::Gaussian, Entries::Rademacher] {
        let model = MiniBatch::builder().batches(3).step_size(0.3).batch_fractions(&fractions);
        let batching = Batching::from_fractions(2000, &fractions).unwrap();
        check(&model.build().unwrap(), batching, entries);
    }
}
