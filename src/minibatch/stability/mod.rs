//! The largest step for which the iterates of gradient descent themselves converge.
//!
//! The mean over the orders of the batches may converge while every single run explodes, in directions that the
//! orders do not share (four batches and more), or diverge by the few orders that explode while a typical
//! run converges (two batches). Which step is the first too large for a run depends on how the batches are
//! drawn ([`Order`]):
//!
//! * *one pass*, every batch new: second moments follow a linear map of their own. For equal batches, with
//!   `c = gamma B`, it has radius 1 where `alpha c int t / (2 - alpha t) dH(t) = 1`, which for the
//!   identity is an epoch step of `2 B / (1 + gamma B)`;
//! * *cyclic*: the spectral radius of one cycle, from the boundary of its spectrum in the plane (`cycle`);
//! * *reshuffled* and *with replacement*: no closed equation is known. Noiseless passes of the
//!   [`Trajectory`](super::Trajectory) tell the growth per epoch, and a secant finds the step at which its
//!   mean over schedules is zero (`growth`).
//!
//! As `B` grows, all of them tend to `2 / (gamma int t dH)`: a single sample then
//! multiplies the error along its own direction by -1.

mod cycle;
mod growth;

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::MiniBatch;
use crate::error::{Error, Result};
use crate::finite::Schedule;
use cycle::Cycle;
use growth::{Growth, growth};

/// Relative standard error that is aimed for if nothing is said.
const TOLERANCE: f64 = 5e-3;

/// Tolerances that can be asked for: the time goes with the inverse square.
const TOLERANCES: [f64; 2] = [1e-3, 0.1];

/// Schedules with which the threshold is located, and the most with which it is then computed.
const PILOT: usize = 12;
const MOST_SCHEDULES: usize = 4096;

/// Ratio of steps that are tried one after the other until the threshold is between two of them.
const STRIDE: f64 = 1.1;
const STRIDES: usize = 200;

/// Relative width to which a threshold without randomness is bisected, and the accuracy that is left of it
/// after the solves.
const BISECTED: f64 = 1e-10;
const EXACT: f64 = 1e-9;

/// Directions in the upper half of the unit circle in which the spectrum may leave it.
const ANGLES: usize = 32;

/// Golden sections between two of them, where the threshold is smooth: a ten-thousandth of the distance is left.
const SECTIONS: usize = 20;

/// Order in which gradient descent meets the batches, as far as its stability is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Order {
    /// A fresh random order in every epoch: the growth of a typical run, which is the same for almost all
    /// sequences of orders.
    Reshuffled,
    /// The same order in every epoch, `0, 1, ..., B - 1`. Equal batches that are shuffled once are the same
    /// problem, and so are any three batches.
    Cyclic,
    /// Every step takes a batch at random: the growth of a typical run.
    WithReplacement,
    /// Every step takes a batch of new samples.
    OnePass,
}

impl Order {
    /// The order of a schedule; `None` for a given sequence of steps, which has an end.
    pub fn of(schedule: &Schedule) -> Option<Self> {
        match schedule {
            Schedule::RandomReshuffling => Some(Self::Reshuffled),
            Schedule::ShuffleOnce | Schedule::Cyclic => Some(Self::Cyclic),
            Schedule::WithReplacement => Some(Self::WithReplacement),
            Schedule::Explicit(_) => None,
        }
    }
}

/// The step beyond which the iterates diverge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StabilityStep {
    /// Order of the batches.
    pub order: Order,
    /// The threshold as step of a whole epoch, `alpha B`; the sum if batches have their own step sizes.
    pub epoch_step: f64,
    /// The same as step size of one batch; the mean if batches have their own.
    pub step_size: f64,
    /// One standard error of `epoch_step`, with what the growth may still have changed by after the passes;
    /// numerical accuracy if nothing is random.
    pub uncertainty: f64,
    /// Schedules averaged over; 0 if the threshold comes from an equation.
    pub schedules: usize,
}

impl MiniBatch {
    /// Largest step for which runs of gradient descent converge, all step sizes scaled together, within a
    /// relative standard error of 0.5 %; see [`MiniBatch::stability_step_within`].
    ///
    /// Not the same as [`MiniBatch::critical_step_size`], up to which the mean over the orders converges:
    ///
    /// ```
    /// use freespectra::MiniBatch;
    /// use freespectra::minibatch::Order;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let model = MiniBatch::builder().batches(2).aspect_ratio(0.5).build()?;
    /// assert!((model.stability_step(Order::Cyclic)?.epoch_step - 2.0).abs() < 1e-8);
    /// assert!((model.stability_step(Order::OnePass)?.epoch_step - 2.0).abs() < 1e-8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`MiniBatch::stability_step_within`].
    pub fn stability_step(&self, order: Order) -> Result<StabilityStep> {
        self.stability_step_within(order, TOLERANCE)
    }

    /// The same within a relative standard error `tolerance`, in `1e-3..=0.1`. It matters for
    /// [`Order::Reshuffled`] and [`Order::WithReplacement`], which average over as many schedules as it takes (with
    /// a fixed seed, and 4096 at most; what is left is the [`uncertainty`](StabilityStep::uncertainty)); the others
    /// are exact to 1e-9. The step size of the model itself only sets the proportions between the batches.
    ///
    /// At the default tolerance this takes some hundred [trajectories](super::Trajectory) of 256 steps (of `12 B`
    /// from 22 batches on): a second up to 64 batches but a few for 2 and for 128, times the number of atoms of
    /// the population. The finite length of the passes leaves up to about half a percent, which is in the
    /// uncertainty.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the tolerance is out of range; [`Error::NotCertified`] if no step is
    /// found on one of the sides of the threshold; as [`MiniBatch::critical_step_size`] for one batch.
    pub fn stability_step_within(&self, order: Order, tolerance: f64) -> Result<StabilityStep> {
        let [finest, coarsest] = TOLERANCES;
        if !(finest..=coarsest).contains(&tolerance) {
            let allowed = format!("in {finest}..={coarsest}");
            return Err(Error::argument("tolerance", tolerance, allowed));
        }
        let schedule = match order {
            Order::OnePass => return Ok(self.exact(order, self.one_pass()?)),
            _ if self.batches() == 1 => {
                return Ok(self.exact(order, self.critical_step_size()? / self.step_size()));
            }
            Order::Cyclic => return Ok(self.exact(order, self.cyclic()?)),
            Order::Reshuffled => Schedule::RandomReshuffling,
            Order::WithReplacement => Schedule::WithReplacement,
        };
        let threshold = self.zero_growth(&schedule, tolerance)?;
        Ok(StabilityStep {
            order,
            epoch_step: threshold.factor * self.epoch_step(),
            step_size: threshold.factor * self.step_size(),
            uncertainty: threshold.uncertainty * self.epoch_step(),
            schedules: threshold.schedules,
        })
    }

    /// Limit of the epoch step of [`MiniBatch::stability_step`] for equal batches as their number grows, whatever
    /// the order: `2 / (gamma int t dH(t))`.
    pub fn small_batch_stability_step(&self) -> f64 {
        2.0 / (self.aspect_ratio() * self.population().mean())
    }

    fn exact(&self, order: Order, factor: f64) -> StabilityStep {
        let epoch_step = factor * self.epoch_step();
        let (step_size, uncertainty) = (factor * self.step_size(), EXACT * epoch_step);
        StabilityStep { order, epoch_step, step_size, uncertainty, schedules: 0 }
    }

    /// Factor on the step sizes at the threshold of [`Order::OnePass`].
    fn one_pass(&self) -> Result<f64> {
        bisect(self.contracting_factor(), |factor| Cycle::new(self, factor).fresh_load() < 1.0)
    }

    /// The same of [`Order::Cyclic`].
    fn cyclic(&self) -> Result<f64> {
        // With fewer samples than features 1 is an eigenvalue whatever the step: nothing moves in the kernel.
        let first = usize::from(self.varying_ratio() >= 1.0);
        let angles: Vec<f64> = (first..=ANGLES).map(|k| PI * k as f64 / ANGLES as f64).collect();
        let within = |factor: f64, angles: &[f64]| {
            let cycle = Cycle::new(self, factor);
            angles.iter().all(|&angle| cycle.load_towards(angle) < 1.0)
        };
        let factor = bisect(self.contracting_factor(), |factor| within(factor, &angles))?;
        let cycle = Cycle::new(self, factor);
        let loads: Vec<f64> = angles.iter().map(|&angle| cycle.load_towards(angle)).collect();
        let nearest = (0..angles.len()).fold(0, |best, k| if loads[k] > loads[best] { k } else { best });
        if nearest == 0 || nearest == angles.len() - 1 {
            return Ok(factor);
        }
        // The spectrum leaves the circle between two of the directions, a little before.
        let around = [angles[nearest - 1], angles[nearest + 1]];
        smallest(around, |angle| bisect(factor / STRIDE, |factor| within(factor, &[angle])))
    }

    /// Where the mean growth of passes is zero, with as many schedules as the tolerance takes.
    fn zero_growth(&self, schedule: &Schedule, tolerance: f64) -> Result<Threshold> {
        let (mut start, mut stride, mut schedules) = (self.one_pass()?, STRIDE, PILOT);
        loop {
            let rate = |factor: f64| growth(&self.scaled(factor), schedule, schedules);
            let [low, high] = crossing(start, stride, 0.5 * tolerance, rate)?;
            let slope = (high.1.rate - low.1.rate) / (high.0 - low.0);
            let factor = low.0 - low.1.rate / slope;
            let Growth { error, drift, drift_error, .. } = high.1;
            // The noise of the drift is the larger, and the uncertainty has it too.
            let wanted = (drift_error / (slope * factor * tolerance)).powi(2) * schedules as f64;
            if wanted <= 1.3 * schedules as f64 || schedules == MOST_SCHEDULES {
                // Of the drift, what the schedules do not explain.
                let unsettled = (drift * drift - drift_error * drift_error).max(0.0);
                let uncertainty = (error * error + unsettled).sqrt() / slope;
                return Ok(Threshold { factor, uncertainty, schedules });
            }
            // A little more, so that one time is enough.
            schedules = ((1.2 * wanted).ceil() as usize).min(MOST_SCHEDULES);
            (start, stride) = (factor, 1.0 + 4.0 * tolerance);
        }
    }
}

/// A threshold as factor on the step sizes.
struct Threshold {
    factor: f64,
    uncertainty: f64,
    schedules: usize,
}

/// Two factors with negative and positive growth, closer than `width` times the larger: by strides from `start`,
/// then halving. Slow directions make the growth bend just below its zero, where a secant would be led astray.
fn crossing(
    start: f64,
    stride: f64,
    width: f64,
    growth: impl Fn(f64) -> Result<Growth>,
) -> Result<[(f64, Growth); 2]> {
    let at = |factor: f64| Ok::<_, Error>((factor, growth(factor)?));
    let mut low = at(start)?;
    let mut high = low;
    for _ in 0..STRIDES {
        if low.1.rate >= 0.0 {
            (low, high) = (at(low.0 / stride)?, low);
        } else if high.1.rate < 0.0 {
            (low, high) = (high, at(high.0 * stride)?);
        } else {
            break;
        }
    }
    if low.1.rate >= 0.0 || high.1.rate < 0.0 {
        return Err(no_threshold(low.1.rate));
    }
    while high.0 - low.0 > width * high.0 {
        let middle = at(0.5 * (low.0 + high.0))?;
        if middle.1.rate < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok([low, high])
}

/// Largest factor up to which `stable` holds, which it does at `from`.
fn bisect(from: f64, stable: impl Fn(f64) -> bool) -> Result<f64> {
    let mut low = from;
    let beyond = (0..STRIDES).map(|k| from * STRIDE.powi(k as i32 + 1)).find(|&factor| {
        let beyond = !stable(factor);
        if !beyond {
            low = factor;
        }
        beyond
    });
    let mut high = beyond.ok_or_else(|| no_threshold(low))?;
    while high - low > BISECTED * high {
        let middle = 0.5 * (low + high);
        if stable(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(0.5 * (low + high))
}

/// Smallest value of `f` in an interval in which it has one minimum, by golden section.
fn smallest([mut low, mut high]: [f64; 2], f: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let ratio = 0.5 * (5f64.sqrt() - 1.0);
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (f(left)?, f(right)?);
    for _ in 0..SECTIONS {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = f(left)?;
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = f(right)?;
        }
    }
    Ok(at_left.min(at_right))
}

fn no_threshold(found: f64) -> Error {
    Error::NotCertified { quantity: "growth of the largest step tried", found, expected: 0.0, tolerance: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The growth of passes against the spectrum of the cycle, where both are known. Near its edge in the plane a
    /// second moment goes with `rho^(2 k) k^(-1/2)` after `k` cycles, so that growth over the second half of `K`
    /// is `ln 2 / K` too low, which the drift tells; over a whole pass it would be far lower.
    #[test]
    fn passes_agree_with_the_spectrum() {
        for (batches, ratio) in [(3, 0.5), (4, 2.0), (8, 2.0)] {
            let model = MiniBatch::builder().batches(batches).aspect_ratio(ratio).build().unwrap();
            let passes = model.zero_growth(&Schedule::Cyclic, 0.01).unwrap();
            let exact = model.cyclic().unwrap();
            let difference = passes.factor - exact;
            assert!(difference > 0.0 && difference < 5.5e-3 * exact, "{difference} of {exact}");
            assert!(difference < 1.5 * passes.uncertainty, "{difference}, {}", passes.uncertainty);
        }
    }
}
