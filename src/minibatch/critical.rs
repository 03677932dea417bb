//! The largest step size for which the mean iterate converges; that of single runs is in `stability`.
//!
//! The mean iterate converges when the spectrum of `P = I - alpha B Z` lies within `(-1, 1)` away from
//! the kernel of the data: when the support of `Z` lies within `(0, 2 / (alpha B))`. As the step grows
//! from zero, one of its two ends is the first to leave. The law is hardest to compute where an edge
//! meets zero, so it is computed at steps on both sides of the threshold, and the step at which the
//! edge crosses is found by inverse interpolation: edges are analytic in the step. For full-batch
//! gradient descent the law does not depend on the step, and the threshold is 2 divided by the upper
//! edge.

use super::model::MiniBatch;
use crate::error::{Error, Result};

/// Factor by which the step grows in the search for one that is too large.
const GROWTH: f64 = 1.3;

/// Steps of that search; mini-batches seldom allow more than a few times the full-batch step.
const GROWTH_LIMIT: usize = 60;

/// Relative width of the bracket in which edges are interpolated.
const BRACKET: f64 = 0.03;

/// Halvings that reach it from [`GROWTH`].
const HALVINGS: usize = 8;

/// Where the edges are computed, as fractions of half the bracket.
const NODES: [f64; 6] = [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0];

/// Difference of two interpolations, of six and of five points, that is accepted.
const TOLERANCE: f64 = 1e-7;

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
    /// converges: it does for every smaller one. Relative accuracy 1e-7, and rounding for one batch.
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
        let (mut low, mut high) = (safe, safe);
        let mut beyond = None;
        for _ in 0..GROWTH_LIMIT {
            high = low * GROWTH;
            let at_high = margins(high)?;
            if at_high.smallest() <= 0.0 {
                beyond = Some(at_high);
                break;
            }
            low = high;
        }
        let Some(mut beyond) = beyond else {
            return Err(Error::NotCertified {
                quantity: "margin of the largest step tried",
                found: margins(low)?.smallest(),
                expected: 0.0,
                tolerance: 0.0,
            });
        };
        for _ in 0..HALVINGS {
            if high - low <= BRACKET * high {
                break;
            }
            let middle = 0.5 * (low + high);
            let at_middle = margins(middle)?;
            if at_middle.smallest() > 0.0 {
                low = middle;
            } else {
                (high, beyond) = (middle, at_middle);
            }
        }
        // The end that is beyond its bound just above the threshold is the one that crosses there.
        let end = usize::from(beyond.0[1] < beyond.0[0]);
        let (centre, half) = (0.5 * (low + high), 0.5 * (high - low));
        let points = NODES
            .into_iter()
            .map(|node| {
                let step = centre + half * node;
                Ok((step, margins(step)?.0[end]))
            })
            .collect::<Result<Vec<_>>>()?;
        let threshold = inverse_zero(&points);
        let error = (threshold - inverse_zero(&points[1..])).abs();
        if error <= TOLERANCE * threshold {
            return Ok(threshold);
        }
        Err(Error::NotCertified {
            quantity: "critical step size",
            found: threshold + error,
            expected: threshold,
            tolerance: TOLERANCE * threshold,
        })
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

    fn margins(&self) -> Result<Margins> {
        let support = self.law()?.support();
        let step = self.epoch_step();
        let (low, high) = (support[0][0], support[support.len() - 1][1]);
        // A hard edge at zero belongs to the kernel, and stays where it is whatever the step.
        let above = if low == 0.0 { f64::INFINITY } else { step * low };
        Ok(Margins([2.0 - step * high, above]))
    }
}

/// Value at 0 of the polynomial `x(h)` through points `(x, h)`, in Lagrange's form.
fn inverse_zero(points: &[(f64, f64)]) -> f64 {
    let weight = |i: usize| -> f64 {
        let others = points.iter().enumerate().filter(|&(j, _)| j != i);
        others.map(|(_, &(_, h))| h / (h - points[i].1)).product()
    };
    points.iter().enumerate().map(|(i, &(x, _))| x * weight(i)).sum()
}
