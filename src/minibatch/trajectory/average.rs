//! Error curves averaged over random orders of the batches: the mean over sampled schedules, with its standard
//! error, over as many of them as that is to take.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ErrorCurve, MEMORY_LIMIT, OutputCurve, Trajectory, memory_allowed};
use crate::control;
use crate::error::{Error, Result, positive};
use crate::finite::monte_carlo::statistics::mean_and_spread;
use crate::finite::{Schedule, schedule_stream};

/// Most schedules that are averaged over, and most numbers of their curves, 0.8 GB.
const MOST_SCHEDULES: usize = 100_000;
const MOST_NUMBERS: usize = 100_000_000;

/// Schedules from which the spread is estimated first.
pub(crate) const FIRST: usize = 20;

/// Part of the target that the schedules taken next are planned for: spreads are themselves estimated.
const PLANNED: f64 = 0.9;

/// How many sampled schedules an average takes, where they are random.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Averaging {
    /// This many.
    Fixed(usize),
    /// As many, from 20 on, as bring the standard error of risk and training error down to this fraction of
    /// them at every step that has not diverged, but no more than `most`.
    ToError {
        /// Standard error divided by the mean.
        relative: f64,
        /// Most schedules to take.
        most: usize,
    },
}

impl Averaging {
    /// Most schedules that a target error takes, if nothing else is said.
    pub const MOST: usize = 2000;

    /// As many as bring the relative standard error down to this, at most [`Averaging::MOST`].
    pub fn to_error(relative: f64) -> Self {
        Self::ToError { relative, most: Self::MOST }
    }
}

/// To a relative standard error of 1 %.
impl Default for Averaging {
    fn default() -> Self {
        Self::to_error(0.01)
    }
}

impl From<usize> for Averaging {
    fn from(schedules: usize) -> Self {
        Self::Fixed(schedules)
    }
}

/// Error curves averaged over sampled schedules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AveragedCurve {
    /// Mean excess risk after every step.
    pub risk: Vec<f64>,
    /// Mean training error after every step.
    pub train: Vec<f64>,
    /// Standard deviation of the risk from schedule to schedule; 0 for a single one.
    pub risk_spread: Vec<f64>,
    /// The same of the training error.
    pub train_spread: Vec<f64>,
    /// Standard error of the mean risk; 0 for a single schedule.
    pub risk_error: Vec<f64>,
    /// The same of the training error.
    pub train_error: Vec<f64>,
    /// Mean risk under [another covariance](Trajectory::with_test_covariance); empty if there is none.
    #[serde(default)]
    pub test_risk: Vec<f64>,
    /// The averages that the method follows.
    #[serde(default)]
    pub averages: Vec<AveragedOutput>,
    /// Number of schedules averaged over; 1 if there is nothing random in them.
    pub schedules: usize,
    /// First step at which one of the curves has diverged, as in an [`ErrorCurve`].
    pub diverged: Option<usize>,
}

/// Error curves of an average of the iterates, averaged over sampled schedules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AveragedOutput {
    /// Mean excess risk.
    pub risk: Vec<f64>,
    /// Mean training error.
    pub train: Vec<f64>,
    /// Standard error of the mean risk.
    pub risk_error: Vec<f64>,
    /// Standard error of the mean training error.
    pub train_error: Vec<f64>,
    /// Mean risk under another covariance; empty if there is none.
    pub test_risk: Vec<f64>,
}

impl AveragedCurve {
    fn new(curves: &[ErrorCurve]) -> Self {
        let part = |part: fn(&ErrorCurve) -> &[f64]| curves.iter().map(part).collect::<Vec<_>>();
        let (risk, risk_spread) = mean_and_spread(&part(|curve| &curve.risk));
        let (train, train_spread) = mean_and_spread(&part(|curve| &curve.train));
        let root = (curves.len() as f64).sqrt();
        let error = |spread: &[f64]| spread.iter().map(|spread| spread / root).collect();
        let average = |i: usize| {
            let part = |part: fn(&OutputCurve) -> &[f64]| {
                mean_and_spread(&curves.iter().map(|curve| part(&curve.averages[i])).collect::<Vec<_>>())
            };
            let ((risk, risk_spread), (train, train_spread)) = (part(|c| &c.risk), part(|c| &c.train));
            let (risk_error, train_error) = (error(&risk_spread), error(&train_spread));
            AveragedOutput { risk, train, risk_error, train_error, test_risk: part(|c| &c.test_risk).0 }
        };
        let averages = (0..curves.first().map_or(0, |curve| curve.averages.len())).map(average).collect();
        Self {
            test_risk: mean_and_spread(&part(|curve| &curve.test_risk)).0,
            averages,
            risk_error: error(&risk_spread),
            train_error: error(&train_spread),
            risk,
            train,
            risk_spread,
            train_spread,
            schedules: curves.len(),
            diverged: curves.iter().filter_map(|curve| curve.diverged).min(),
        }
    }

    /// Largest standard error relative to its mean, over all steps at which no curve has diverged.
    pub fn relative_error(&self) -> f64 {
        let steps = self.diverged.unwrap_or(self.risk.len());
        let ratio = |mean: &[f64], error: &[f64]| {
            let pairs = mean.iter().zip(error).take(steps).filter(|(mean, _)| **mean > 0.0);
            pairs.map(|(mean, error)| error / mean).fold(0.0, f64::max)
        };
        let averages = self.averages.iter().map(|average| {
            ratio(&average.risk, &average.risk_error).max(ratio(&average.train, &average.train_error))
        });
        averages
            .fold(ratio(&self.risk, &self.risk_error), f64::max)
            .max(ratio(&self.train, &self.train_error))
    }
}

impl Trajectory {
    /// Mean over sampled schedules of `epochs` epochs, in parallel: over a fixed number of them, or over as many as
    /// a target error takes. One is enough, and one is taken, where the schedule is not random or its order does
    /// not matter: a fixed order of batches that are all alike is the cyclic one.
    ///
    /// Schedule number `i` comes from [`schedule_stream`], so the result does not depend on the number of threads,
    /// and a simulation with the same seed and as many draws (`MonteCarlo::trajectories`) follows the same
    /// schedules. `progress` is told the number of finished schedules, from any thread.
    ///
    /// # Errors
    /// As [`Trajectory::along`] and [`Schedule::validate`]; also if there is no epoch or no schedule, if there
    /// are more than 100 000 schedules or 10^8 numbers in their curves, and if the target is not positive.
    pub fn averaged(
        &self,
        schedule: &Schedule,
        epochs: usize,
        averaging: impl Into<Averaging>,
        seed: u64,
        progress: Option<&(dyn Fn(usize) + Sync)>,
    ) -> Result<AveragedCurve> {
        if epochs == 0 {
            return Err(Error::argument("epochs", epochs, "at least 1"));
        }
        // A fixed order of batches that are all alike is the cyclic one with other names.
        let alike = self.batches.iter().all(|batch| *batch == self.batches[0]);
        let schedule = match schedule {
            Schedule::ShuffleOnce if alike => &Schedule::Cyclic,
            schedule => schedule,
        };
        let averaging = averaging.into();
        let (first, most) = match averaging {
            Averaging::Fixed(schedules) => (schedules, schedules),
            Averaging::ToError { relative, most } => {
                positive("schedule_error", relative)?;
                (FIRST.min(most), most)
            }
        };
        if !(1..=MOST_SCHEDULES).contains(&most) {
            return Err(Error::argument("schedules", most, format!("in 1..={MOST_SCHEDULES}")));
        }
        let steps = schedule.steps(self.batches(), epochs, &mut schedule_stream(seed, 0))?;
        if self.bytes(&steps) > MEMORY_LIMIT {
            let allowed = memory_allowed();
            return Err(match schedule {
                Schedule::Explicit(_) => {
                    Error::argument("schedule", format!("{} steps", steps.len()), allowed)
                }
                _ => Error::argument("epochs", epochs, allowed),
            });
        }
        if !schedule.is_random() || self.batches() == 1 {
            let curve = self.along(&steps)?;
            progress.into_iter().for_each(|report| report(1));
            return Ok(AveragedCurve::new(&[curve]));
        }
        let outputs = 1 + self.method.averages().len();
        let numbers = (2 + usize::from(self.test.is_some())) * outputs * (steps.len() + 1);
        if most > MOST_NUMBERS / numbers && averaging == Averaging::Fixed(most) {
            let allowed = format!("at most {} with {} steps", MOST_NUMBERS / numbers, steps.len());
            return Err(Error::argument("schedules", most, allowed));
        }
        let most = most.min((MOST_NUMBERS / numbers).max(1));
        // As many passes at once as the memory for one of the largest size allows.
        let at_once = (MEMORY_LIMIT / self.bytes(&steps).max(1)).max(1);
        let finished = AtomicUsize::new(0);
        let run = |curves: &mut Vec<ErrorCurve>, range: Range<usize>| {
            for start in range.clone().step_by(at_once) {
                let passes = start..start.saturating_add(at_once).min(range.end);
                let passes = passes.into_par_iter().map(control::carried(|i| {
                    let mut stream = schedule_stream(seed, i as u64);
                    let curve = self.along(&schedule.steps(self.batches(), epochs, &mut stream)?)?;
                    let finished = finished.fetch_add(1, Ordering::Relaxed) + 1;
                    progress.into_iter().for_each(|report| report(finished));
                    Ok(curve)
                }));
                curves.extend(passes.collect::<Result<Vec<_>>>()?);
            }
            Ok::<_, Error>(AveragedCurve::new(curves))
        };
        let mut curves = Vec::new();
        let mut average = run(&mut curves, 0..first.min(most))?;
        if let Averaging::ToError { relative, .. } = averaging {
            while average.schedules < most && average.relative_error() > relative {
                let ratio = average.relative_error() / (PLANNED * relative);
                // The error falls like the root of the number.
                let wanted = (average.schedules as f64 * ratio * ratio).ceil().min(most as f64) as usize;
                average = run(&mut curves, average.schedules..wanted.max(average.schedules + 1))?;
            }
        }
        Ok(average)
    }
}
