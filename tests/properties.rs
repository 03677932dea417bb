//! Properties of the law of Z over random models.

use freespectra::{MiniBatch, Population};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Up to three eigenvalues over two decades, up to 1 or up to 10, with weights that are not negligible.
fn population() -> impl Strategy<Value = Vec<(f64, f64)>> {
    (any::<bool>(), prop::collection::vec((-2.0f64..0.0, 0.1f64..1.0), 1..=3)).prop_map(|(large, raw)| {
        let total: f64 = raw.iter().map(|(_, weight)| weight).sum();
        let shift = if large { 1.0 } else { 0.0 };
        raw.into_iter().map(|(log, weight)| (10f64.powf(log + shift), weight / total)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    /// Mass 1, and the exact mean of P: every batch occurs once in a product and the batches are free,
    /// so `phi(P) = int (1 - alpha t)^B dH(t)`, which is `(1 - alpha)^B` for the identity.
    #[test]
    fn mass_and_mean(
        batches in 1usize..=16,
        log_ratio in 0.02f64.ln()..20f64.ln(),
        epoch_step in 0.05f64..1.5,
        atoms in population(),
        identity in any::<bool>(),
    ) {
        let atoms = if identity { vec![(1.0, 1.0)] } else { atoms };
        let model = MiniBatch::builder()
            .batches(batches)
            .aspect_ratio(log_ratio.exp())
            .epoch_step(epoch_step)
            .population(Population::atoms(&atoms).unwrap())
            .build()
            .unwrap();
        let law = model.epoch_operator_law();
        prop_assert!(law.is_ok(), "{model:?}: {}", law.unwrap_err());
        let law = law.unwrap();
        prop_assert!((law.total_mass() - 1.0).abs() < 1e-9);
        let alpha = epoch_step / batches as f64;
        let exact: f64 = atoms.iter().map(|(t, w)| w * (1.0 - alpha * t).powi(batches as i32)).sum();
        // The law is certified relative to its spread, which reaches 1e6 for diverging steps.
        let scale = law.variance().sqrt().max(1.0);
        prop_assert!((law.mean() - exact).abs() < 1e-9 * scale, "{model:?}: {} against {exact}", law.mean());
    }
}
