//! Bias and variance of the mean iterate over many draws.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::MonteCarlo;
use super::statistics::mean_and_error;
use crate::error::Result;
use crate::finite::data::sample_features;
use crate::finite::eigenvalues::symmetric_eigen;
use crate::finite::epoch::Epoch;
use crate::finite::mean_iterate::{check_curve, exponent, geometric_sum};
use crate::finite::teacher::sample_noise;

/// Noise vectors per draw. Each gives the variance of the draw to about `(2 / p)^{1/2}`.
const NOISE_VECTORS: usize = 8;

/// Bias, variance and excess risk of the mean iterate after `0, 1, ...` epochs, averaged over draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledMeanErrors {
    /// Number of features `p`.
    pub features: usize,
    /// Number of samples `n`.
    pub samples: usize,
    /// Number of draws.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// Mean bias `E |Sigma^{1/2} P^k e_0|^2` over isotropic `e_0`.
    pub bias: Vec<f64>,
    /// Mean variance: what noise adds, over 8 noise vectors per draw.
    pub variance: Vec<f64>,
    /// Their sum.
    pub risk: Vec<f64>,
    /// Standard error of the mean bias.
    pub bias_error: Vec<f64>,
    /// Standard error of the mean variance.
    pub variance_error: Vec<f64>,
    /// Standard error of the mean risk.
    pub risk_error: Vec<f64>,
}

impl MonteCarlo {
    /// Errors of the mean iterate on every draw, exact in the average over the orderings and over
    /// `|e_0|^2 = signal`, for label noise of variance `noise`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for more than
    /// [`EXACT_BATCHES`](crate::finite::EXACT_BATCHES) batches, more than a million epochs, or a signal
    /// or noise that is negative or not finite.
    pub fn mean_iterate(
        &self,
        epochs: usize,
        signal: f64,
        noise: f64,
        progress: Option<&(dyn Fn(usize) + Sync)>,
    ) -> Result<SampledMeanErrors> {
        crate::error::non_negative("signal", signal)?;
        check_curve(epochs)?;
        let last = exponent(epochs)?;
        let population = self.population.eigenvalues(self.features);
        let curves = self.draws.each(progress, |_, mut rng| {
            let samples = self.batching.samples();
            let features = sample_features(samples, &population, self.entries, &mut rng)?;
            let mut targets = DMatrix::zeros(samples, NOISE_VECTORS);
            for mut column in targets.column_iter_mut() {
                column.copy_from(&sample_noise(samples, noise, &mut rng)?);
            }
            let epoch = Epoch::new(&features, &self.batching, &self.step_sizes)?;
            let (decrements, basis) = symmetric_eigen(&epoch.decrement()?)?;
            let offset = basis.tr_mul(&epoch.mean_offset(&targets)?);
            // Rows of Sigma^{1/2} U: for the identity they are orthonormal, and weigh nothing.
            let mut weighted = basis;
            for (mut row, t) in weighted.row_iter_mut().zip(&population) {
                row *= t.sqrt();
            }
            let weights: Vec<f64> = weighted.column_iter().map(|column| column.norm_squared()).collect();
            let errors = (0..=last).map(|k| {
                let squares = decrements.iter().zip(&weights).map(|(y, w)| w * (1.0 - y).powi(k).powi(2));
                let bias = signal / self.features as f64 * squares.sum::<f64>();
                let sums =
                    DVector::from_iterator(decrements.len(), decrements.iter().map(|&y| geometric_sum(y, k)));
                let moved = DMatrix::from_fn(offset.nrows(), offset.ncols(), |i, j| sums[i] * offset[(i, j)]);
                let squares = if self.population.is_identity() {
                    moved.norm_squared()
                } else {
                    (&weighted * moved).norm_squared()
                };
                (bias.min(f64::MAX), (squares / NOISE_VECTORS as f64).min(f64::MAX))
            });
            Ok(errors.unzip())
        })?;
        let (bias, variance): (Vec<Vec<f64>>, Vec<Vec<f64>>) = curves.into_iter().unzip();
        let risk: Vec<Vec<f64>> = bias
            .iter()
            .zip(&variance)
            .map(|(bias, variance)| bias.iter().zip(variance).map(|(b, v)| (b + v).min(f64::MAX)).collect())
            .collect();
        let (bias, bias_error) = mean_and_error(&bias);
        let (variance, variance_error) = mean_and_error(&variance);
        let (risk, risk_error) = mean_and_error(&risk);
        Ok(SampledMeanErrors {
            features: self.features,
            samples: self.batching.samples(),
            draws: self.draws.count,
            seed: self.draws.seed,
            bias,
            variance,
            risk,
            bias_error,
            variance_error,
            risk_error,
        })
    }
}
