//! The step size at which the mean iterate diverges for given data.
//!
//! The mean over the orders of the batches converges while the eigenvalues of `P = I - alpha B Z`, away from the
//! kernel of the data, are inside `(-1, 1)`. The largest eigenvalue of `W` is the first to leave: given the others it
//! sits at the root of the outlier equation `s(z) = 0` (see [`super::outlier`]), so the threshold is the smallest
//! step at which `s = 0` at `z = -1` or at `z = 1`. That one eigenvalue is a fraction `1 / p` of a law, which no
//! threshold on a density sees. The others may also reach one of the ends themselves; then `R` is no longer real there.
//!
//! The threshold at which single runs diverge is another, and lower: it is where passes over the data make the
//! error grow, with the curves.

use num_complex::Complex64;

use super::spectrum::SampleSpectrum;
use super::split::Split;
use crate::error::{Error, Result};
use crate::solver::free_partition::GivenRows;
use crate::solver::{Continuation, FixedPoint, FreePartition, SolverOptions};

/// First epoch step, in units of the full-batch threshold `2 / t_1`; factor by which it grows in the search, and
/// how often.
const FIRST: f64 = 0.3;
const GROWTH: f64 = 1.06;
const GROWTH_LIMIT: usize = 120;

/// Relative accuracy, and most steps towards it.
const ACCURACY: f64 = 1e-8;
const STEPS: usize = 60;

/// Every so often a step halves the bracket, whatever the values at its ends.
const HALVING: usize = 3;

/// Size of imaginary parts of `s`, relative to it, that tells that the others have arrived.
const ARRIVED: f64 = 1e-7;

/// End of the interval `(-1, 1)` through which an eigenvalue of `P` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// `-1`: the iterates overshoot further with every epoch.
    Lower,
    /// `1`: the iterates move away.
    Upper,
}

/// The step at which the mean iterate diverges.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MeanThreshold {
    /// `alpha B` there.
    pub epoch_step: f64,
    /// `alpha` there, the mean over the batches.
    pub step_size: f64,
    /// Where the eigenvalue leaves.
    pub end: End,
}

impl MeanThreshold {
    /// The threshold for data with this spectrum and batches whose steps are in the proportions of `split`.
    ///
    /// ```
    /// use freespectra::data::{MeanThreshold, Split, SampleSpectrum};
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let spectrum = SampleSpectrum::new(&[0.5, 1.0, 4.0], 12, 3)?;
    /// let full_batch = MeanThreshold::new(&spectrum, &Split::equal(1, 0.1)?)?;
    /// assert!((full_batch.epoch_step - 2.0 / 4.0).abs() < 1e-8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the equation is not solved at small steps, [`Error::NotCertified`] if no step up
    /// to some hundred times the one of the full batch diverges.
    pub fn new(spectrum: &SampleSpectrum, split: &Split) -> Result<Self> {
        let mut first: Option<(f64, End)> = None;
        for (end, z) in [(End::Lower, -2.0), (End::Upper, 0.0)] {
            // Beyond the crossing of the one end that of the other is of no interest.
            let limit = first.map_or(f64::INFINITY, |(epoch_step, _)| epoch_step);
            let crossing = Leaving::new(spectrum, split, z).first_crossing(limit)?;
            first = crossing.filter(|&step| step < limit).map(|step| (step, end)).or(first);
        }
        let (epoch_step, end) = first.ok_or(Error::NotCertified {
            quantity: "largest eigenvalue of the epoch operator at the largest step tried",
            found: f64::NAN,
            expected: 1.0,
            tolerance: 0.0,
        })?;
        Ok(Self { epoch_step, step_size: epoch_step / split.batches() as f64, end })
    }
}

/// `s` at one end, as a function of the step.
struct Leaving<'a> {
    others: GivenRows,
    largest: f64,
    split: &'a Split,
    /// The end as an argument of the pencil of `P - I`.
    z: Complex64,
}

/// What is found at one step: the unknowns, and `s` if it is real.
struct Found {
    state: Vec<Complex64>,
    value: Option<f64>,
}

impl<'a> Leaving<'a> {
    fn new(spectrum: &SampleSpectrum, split: &'a Split, z: f64) -> Self {
        let mut others = spectrum.without(spectrum.atoms().len() - 1).rows();
        // The kernel stays where it is, at P = 1, whatever the step.
        others.aspect_ratio = others.gram.iter().map(|atom| atom.mass).sum::<f64>().max(f64::MIN_POSITIVE);
        Self { others, largest: spectrum.largest(), split, z: Complex64::new(z, 0.0) }
    }

    fn equation(&self, epoch_step: f64) -> Result<FreePartition> {
        let pencil = self.split.with_epoch_step(epoch_step)?.pencil()?;
        FreePartition::new(pencil, self.others.clone(), SolverOptions::default())
    }

    /// From the unknowns at a slightly smaller step.
    fn at(&self, epoch_step: f64, guess: &[Complex64]) -> Result<Found> {
        let equation = self.equation(epoch_step)?;
        let mut workspace = equation.workspace();
        let Ok(solution) = equation.iterate(self.z, guess, &mut workspace) else {
            return Ok(Found { state: guess.to_vec(), value: None });
        };
        let s = equation.outlier_function(self.z, &solution.state, self.largest, &mut workspace)?;
        let real = s.im.abs() <= ARRIVED * s.norm();
        Ok(Found { state: solution.state, value: real.then_some(s.re) })
    }

    /// The smallest step at which the sign of `s` is not that at small steps, or `s` is not real; none if there is none
    /// up to `limit`, roughly.
    fn first_crossing(&self, limit: f64) -> Result<Option<f64>> {
        let mut low = FIRST * 2.0 / self.largest;
        let equation = self.equation(low)?;
        let start = equation.state_at_infinity(&mut equation.workspace());
        let mut found = self.at(low, &start)?;
        let Some(first) = found.value else {
            return Err(Error::NotConverged {
                z: self.z,
                residual: f64::INFINITY,
                iterations: 0,
                tolerance: SolverOptions::default().tolerance,
            });
        };
        for _ in 0..GROWTH_LIMIT {
            if low > limit {
                return Ok(None);
            }
            let high = low * GROWTH;
            let next = self.at(high, &found.state)?;
            if next.is_inside(first) {
                (low, found) = (high, next);
                continue;
            }
            return self.refined([low, high], found, next.value, first).map(Some);
        }
        Ok(None)
    }

    /// The crossing between two steps, from what is found at the lower one and the value at the upper one: by the
    /// false position (the Illinois rule) where `s` is real on either side, else by halving.
    fn refined(
        &self,
        [mut low, mut high]: [f64; 2],
        mut found: Found,
        mut above: Option<f64>,
        first: f64,
    ) -> Result<f64> {
        let mut below = found.value.unwrap_or(first);
        let mut before = low;
        let mut raised = None;
        for step in 1..=STEPS {
            let position = above.filter(|_| step % HALVING > 0).map_or(0.5, |above| below / (below - above));
            let at = low + position * (high - low);
            if (at - before).abs() <= ACCURACY * at {
                return Ok(at);
            }
            before = at;
            let next = self.at(at, &found.state)?;
            if next.is_inside(first) {
                if raised == Some(true) {
                    above = above.map(|above| 0.5 * above);
                }
                below = next.value.unwrap_or(below);
                (low, found, raised) = (at, next, Some(true));
            } else {
                if raised == Some(false) {
                    below *= 0.5;
                }
                (high, above, raised) = (at, next.value, Some(false));
            }
        }
        Ok(0.5 * (low + high))
    }
}

impl Found {
    /// Whether `s` still has the sign it had `first`.
    fn is_inside(&self, first: f64) -> bool {
        self.value.is_some_and(|value| value * first > 0.0)
    }
}
