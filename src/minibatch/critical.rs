//! The largest step size for which the mean iterate converges.
//!
//! The mean iterate converges when the spectrum of `P = I - alpha B Z` lies within `(-1, 1)` away from
//! the kernel of the data: when the support of `Z` lies within `(0, 2 / (alpha B))`. As the step grows
//! from zero, one of its two ends is the first to leave, and the step at which that happens is found
//! from the edges of the predicted law. For full-batch gradient descent the law does not depend on
//! the step, and the threshold is 2 divided by the upper edge.

use super::model::MiniBatch;
use crate::error::{Error, Result};

/// Factor by which the step grows in the search for one that is too large.
const GROWTH: f64 = 1.3;

/// Steps of that search; mini-batches seldom allow more than a few times the full-batch step.
const GROWTH_LIMIT: usize = 60;

/// The threshold is bracketed to this, relatively.
const TOLERANCE: f64 = 1e-9;

/// Evaluations of the law in the bracket.
const REFINEMENTS: usize = 80;

impl MiniBatch {
    /// Largest step size (mean over the batches, all scaled together) for which the mean iterate
    /// converges: it does for every smaller one. Relative accuracy 1e-9.
    ///
    /// The step size of the model itself only sets the proportions between the batches.
    ///
    /// # Errors
    /// [`Error::NotConverged`] or [`Error::NotCertified`] if the law cannot be computed near the
    /// threshold.
    pub fn critical_step_size(&self) -> Result<f64> {
        let unit = 1.0 / self.step_size();
        if self.batches() == 1 {
            let [_, high] = self.law()?.range();
            return Ok(2.0 / high);
        }
        // Steps below 2 over the largest eigenvalue of every single batch contract whatever the order.
        let mut safe = f64::INFINITY;
        for (fraction, step) in self.batch_fractions().iter().zip(self.step_sizes()) {
            let batch = Self::builder()
                .batches(1)
                .aspect_ratio(self.aspect_ratio() / fraction)
                .population(self.population().clone())
                .build()?;
            safe = safe.min(batch.critical_step_size()? / (step * unit));
        }
        let (mut low, mut margin_low) = (safe, self.scaled(safe * unit).margin()?);
        let mut high = low;
        let mut margin_high = margin_low;
        for _ in 0..GROWTH_LIMIT {
            if margin_high <= 0.0 {
                break;
            }
            (low, margin_low) = (high, margin_high);
            high *= GROWTH;
            margin_high = self.scaled(high * unit).margin()?;
        }
        if margin_high > 0.0 {
            return Err(Error::NotCertified {
                quantity: "margin of the largest step tried",
                found: margin_high,
                expected: 0.0,
                tolerance: 0.0,
            });
        }
        // Regula falsi with the Illinois modification (Dowell and Jarratt, BIT 11, 1971).
        for _ in 0..REFINEMENTS {
            if high - low <= TOLERANCE * high {
                break;
            }
            let guess = (low * margin_high - high * margin_low) / (margin_high - margin_low);
            let width = high - low;
            let middle = guess
                .clamp(low + 0.25 * TOLERANCE * width.max(high), high - 0.25 * TOLERANCE * width.max(high));
            let margin = self.scaled(middle * unit).margin()?;
            if margin > 0.0 {
                (low, margin_low) = (middle, margin);
                margin_high *= 0.5;
            } else {
                (high, margin_high) = (middle, margin);
                margin_low *= 0.5;
            }
        }
        Ok(0.5 * (low + high))
    }

    /// Distance of the spectrum of `P`, away from the kernel of the data, to the ends of `(-1, 1)`;
    /// negative if it reaches beyond one.
    fn margin(&self) -> Result<f64> {
        let support = self.law()?.support();
        let step = self.epoch_step();
        let (low, high) = (support[0][0], support[support.len() - 1][1]);
        Ok((step * low).min(2.0 - step * high))
    }
}
