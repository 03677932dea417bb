//! How far mini-batch and full-batch gradient descent are apart at one epoch step: the linear scaling
//! rule.
//!
//! With step size `a / B` on each of `B` batches, `Z = W + O(a)` (Lok, Sonthalia, Rebrova, ALT 2025).
//! The functions here measure that distance in the limit, as a shift of the spectrum: the eigenvalues
//! of both matrices are matched in order, quantile by quantile.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::law::SpectralLaw;

/// An eigenvalue of the sample covariance and what mini-batching makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shrinkage {
    /// Share of the eigenvalues below.
    pub probability: f64,
    /// Eigenvalue of `W`.
    pub full_batch: f64,
    /// Eigenvalue of `Z` at the same quantile.
    pub mini_batch: f64,
}

/// Matches the quantiles of the laws of `W` and `Z` at `points` probabilities from 0 to 1, which crowd at
/// both ends.
///
/// ```
/// use freespectra::MiniBatch;
/// use freespectra::minibatch::shrinkage;
/// # fn main() -> Result<(), freespectra::Error> {
/// let model = MiniBatch::builder().batches(4).epoch_step(1.0).build()?;
/// let matched = shrinkage(&model.full_batch().law()?, &model.law()?, 11)?;
/// assert!(matched[10].mini_batch < 0.5 * matched[10].full_batch); // the largest shrink most
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::InvalidArgument`] for less than two points.
pub fn shrinkage(
    full_batch: &SpectralLaw,
    mini_batch: &SpectralLaw,
    points: usize,
) -> Result<Vec<Shrinkage>> {
    if points < 2 {
        return Err(Error::argument("points", points, "at least 2"));
    }
    (0..points)
        .map(|i| {
            let angle = 0.5 * std::f64::consts::PI * i as f64 / (points - 1) as f64;
            let probability = angle.sin().powi(2);
            Ok(Shrinkage {
                probability,
                full_batch: full_batch.quantile(probability)?,
                mini_batch: mini_batch.quantile(probability)?,
            })
        })
        .collect()
}

/// Wasserstein-1 distance of two laws, `int_0^1 |Q_1(u) - Q_2(u)| du` over their quantile functions, by the
/// midpoint rule with `points` nodes in the angle of `u = sin^2`.
///
/// # Errors
/// [`Error::InvalidArgument`] for less than two points.
pub fn spectral_distance(first: &SpectralLaw, second: &SpectralLaw, points: usize) -> Result<f64> {
    if points < 2 {
        return Err(Error::argument("points", points, "at least 2"));
    }
    let width = 0.5 * std::f64::consts::PI / points as f64;
    (0..points)
        .map(|i| {
            let (sin, cos) = ((i as f64 + 0.5) * width).sin_cos();
            let probability = sin * sin;
            let distance = (first.quantile(probability)? - second.quantile(probability)?).abs();
            Ok(2.0 * sin * cos * width * distance)
        })
        .sum()
}
