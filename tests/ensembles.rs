//! Random matrices with a given law, and polynomials in them, against exact eigenvalues and moments.

use freespectra::finite::{draw_stream, sample_ensemble, symmetric_eigenvalues};
use freespectra::law::Ensemble;
use freespectra::{MiniBatch, SpectralLaw};

/// The Marchenko-Pastur law of the given ratio.
fn marchenko_pastur(ratio: f64) -> SpectralLaw {
    MiniBatch::builder().batches(1).aspect_ratio(ratio).epoch_step(1.0).build().unwrap().law().unwrap()
}

#[test]
fn rotated_has_exactly_the_quantiles() {
    const SIZE: usize = 150;
    let law = marchenko_pastur(0.5);
    let matrix = sample_ensemble(&Ensemble::Rotated(law.clone()), SIZE, &mut draw_stream(2, 0)).unwrap();
    assert_eq!(matrix, matrix.transpose());
    for (i, value) in symmetric_eigenvalues(&matrix).unwrap().into_iter().enumerate() {
        let exact = law.quantile((i as f64 + 0.5) / SIZE as f64).unwrap();
        assert!((value - exact).abs() < 1e-12, "{value} against {exact}");
    }
    // Uniform rotations leave no preferred direction: every diagonal entry is the mean of the law up to
    // fluctuations of standard deviation (2 variance / size)^{1/2}; five of them.
    let bound = 5.0 * (2.0 * law.variance() / SIZE as f64).sqrt();
    assert!(matrix.diagonal().iter().all(|entry| (entry - law.mean()).abs() < bound));
}
