//! The largest step size for which the mean iterate converges; that of single runs is in `stability`.
//!
//! The mean iterate converges when the spectrum of `P = I - alpha B Z` lies within `(-1, 1)` away from
//! the kernel of the data: when the support of `Z` lies within `(0, 2 / (alpha B))`. As the step grows
//! from zero, one of its two ends is the first to leave. Both ends are [walked](crate::solver::walk) to from outside, with
//! no law in between, and the step at which one crosses is bracketed: ends have kinks where another branch of the curve of
//! real solutions takes over. One whole law below the threshold shows that nothing lies beyond the ends. For full-batch
//! gradient descent the law does not depend on the step, and the threshold is 2 divided by the upper
//! edge.

use super::model::MiniBatch;
use crate::error::{Error, Result};
use crate::law::SpectralLaw;
use crate::numeric::root;
use crate::solver::SolverOptions;

/// Factor by which the step grows in the search for one that is too large.
const GROWTH: f64 = 1.5;

/// Steps of that search; mini-batches seldom allow more than a few times the full-batch step.
const GROWTH_LIMIT: usize = 40;

/// Relative accuracy of the threshold.
const TOLERANCE: f64 = 1e-12;

/// Where a whole law is compared with the ends, relative to the threshold, and how far both may differ.
const BELOW: f64 = 0.9;
const AGREE: f64 = 1e-9;

/// Distances of the two ends of the spectrum of `P`, away from the kernel of the data, to -1 and 1,
/// negative beyond: `2 - alpha B high` and `alpha B low` for the support of `Z`.
#[derive(Debug, Clone, Copy)]
struct Margins([f64; 2]);

impl Margins {
    fn smallest(self) -> f64 {
        self.0[0].min(self.0[1])
    }
}

impl MiniBatch {
    /// Largest step size (mean over the batches, all scaled together) for which the mean iterate
    /// converges: it does for every smaller one. Relative accuracy 1e-12.
    ///
    /// The step size of the model itself only sets the proportions between the batches. Single runs may diverge
    /// long before, see [`MiniBatch::stability_step`].
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
        let safe = self.contracting_factor() * self.step_size();
        let margins = |step: f64| self.scaled(step * unit).margins();
        let (mut low, mut at_low) = (safe, margins(safe)?);
        let mut beyond = None;
        for _ in 0..GROWTH_LIMIT {
            let high = low * GROWTH;
            let at_high = margins(high)?;
            if at_high.smallest() <= 0.0 {
                beyond = Some((high, at_high));
                break;
            }
            (low, at_low) = (high, at_high);
        }
        let Some((high, at_high)) = beyond else {
            return Err(Error::NotCertified {
                quantity: "margin of the largest step tried",
                found: at_low.smallest(),
                expected: 0.0,
                tolerance: 0.0,
            });
        };
        let bracket = [(low, at_low.smallest()), (high, at_high.smallest())];
        let threshold = root::between(bracket, TOLERANCE, |step| Ok(margins(step)?.smallest()))?;
        self.scaled(BELOW * threshold * unit).confirm_edges()?;
        Ok(threshold)
    }

    /// Factor on the step sizes up to which every batch contracts by itself, and so does every order: no
    /// eigenvalue of a batch is above `t_max (1 + sqrt(p / n_b))^2`, nor its step above 2 over that.
    pub(super) fn contracting_factor(&self) -> f64 {
        let atoms = self.population().as_atoms();
        let largest = atoms[atoms.len() - 1].location;
        let batches = self.batch_fractions().iter().zip(self.step_sizes());
        let factor = |(fraction, step): (&f64, &f64)| {
            2.0 / (step * largest * (1.0 + (self.aspect_ratio() / fraction).sqrt()).powi(2))
        };
        batches.map(factor).fold(f64::INFINITY, f64::min)
    }

    /// The ends of the support of `Z` apart from the kernel.
    fn edges(&self) -> Result<[f64; 2]> {
        SpectralLaw::outer_edges(&self.transform(SolverOptions::default())?)
    }

    fn margins(&self) -> Result<Margins> {
        let [low, high] = self.edges()?;
        let step = self.epoch_step();
        // A hard edge at zero belongs to the kernel, and stays where it is whatever the step.
        let above = if low == 0.0 { f64::INFINITY } else { step * low };
        Ok(Margins([2.0 - step * high, above]))
    }

    /// Compares the ends with those of the whole law.
    fn confirm_edges(&self) -> Result<()> {
        let support = self.law()?.support();
        let edges = self.edges()?;
        let whole = [support[0][0], support[support.len() - 1][1]];
        let width = whole[1] - whole[0];
        for (found, expected) in edges.into_iter().zip(whole) {
            let tolerance = AGREE * width;
            if (found - expected).abs() > tolerance {
                return Err(Error::NotCertified {
                    quantity: "end of the support",
                    found,
                    expected,
                    tolerance,
                });
            }
        }
        Ok(())
    }
}
