//! Train and test error of mini-batch gradient descent on given data, after every step.
//!
//! From `beta_0 = 0` the residual `r_s = y - X beta_s` obeys `r_{s+1} = r_s - (alpha_s / f_b) T S_b r_s`, with the
//! Gram matrix `T = X X^T / n` and the projection `S_b` on the rows of the batch, a fraction `f_b` of all. The
//! `S_b` are free from `T`, and over the splits of the rows into batches
//!
//! ```text
//! C  = (1/n) sum_i G(t_i) [ q_i^2 E_00 + t_i^2 R N R^T ] G(t_i)^T    C[s, s]  = |r_s|^2 / n: train error
//! C' = U^-1 (C - h N h^T) U^-T,   h = g R,   U = 1 + h               C'[s, s] = E (y_new - x_new^T beta_s)^2: test error
//! ```
//!
//! with the mean response `G`, its average `g` with the factor `t`, the feedback `R` and the noise `N` of the splits, from a
//! forward pass in time. The test
//! error is that of a row never visited, so neither population nor noise level enter; it is the
//! generalised cross-validation of every iterate and, like this, needs rows that are exchangeable. Numbers
//! of rows and features enter through the number of nodes of two measures only.

mod conditional;
mod gauss;
mod given;
mod mean_iterate;
mod panel;
mod segment;
mod stability;
mod table;
mod test_error;
#[cfg(test)]
mod tests;

pub use mean_iterate::MeanIterateCurve;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::conditional::Move;
use self::segment::{Nodes, Segment};
use self::test_error::Memory;
use super::dataset::{Dataset, Target};
use crate::control;
use crate::error::{Error, Result, non_negative};
use crate::finite::batching::normalised_fractions;
use crate::finite::monte_carlo::statistics::mean_and_spread;
use crate::finite::{Partition, Schedule, schedule_stream};
use crate::method::{Method, Start};
use crate::minibatch::trajectory::{MEMORY_LIMIT, memory_allowed};

/// Step sizes on the mean gradient of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepSizes {
    /// The same at every step.
    Constant(f64),
    /// One for each batch.
    PerBatch(Vec<f64>),
    /// One for each epoch; the last holds on.
    PerEpoch(Vec<f64>),
}

/// Gradient descent from 0 on a data set with a target.
///
/// ```
/// use freespectra::data::{Curves, Dataset, StepSizes};
/// use freespectra::finite::Partition;
/// # fn main() -> Result<(), freespectra::Error> {
/// let data = Dataset::from_spectrum(4, 3, &[0.0, 0.2, 1.0, 3.0], Some(&[0.5, 1.0, 2.0, 4.0]))?;
/// let curves = Curves::new(&data, 2, StepSizes::Constant(0.3))?.with_partition(Partition::Fresh);
/// let curve = curves.along(&[0, 1, 1, 0])?;
/// assert!((curve.train[1] - 1.0244625).abs() < 1e-12);
/// assert!((curve.test[4] - 1.177248889949).abs() < 1e-11);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Curves<'a> {
    data: &'a Dataset,
    target: &'a Target,
    fractions: Vec<f64>,
    step_sizes: StepSizes,
    partition: Partition,
    method: Method,
}

/// Train and test error after every step, the start included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataCurve {
    /// `|y - X beta_s|^2 / n`, `s = 0, 1, ...`.
    pub train: Vec<f64>,
    /// Expected squared error on a new row, its noise included.
    pub test: Vec<f64>,
    /// The same of the averages that the method follows.
    #[serde(default)]
    pub averages: Vec<DataOutput>,
    /// First step whose numbers are beyond 1e100. From there on all curves are [`f64::MAX`].
    pub diverged: Option<usize>,
}

/// Train and test error of an average of the iterates.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataOutput {
    /// Train error.
    pub train: Vec<f64>,
    /// Test error.
    pub test: Vec<f64>,
}

/// Curves averaged over sampled schedules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AveragedDataCurve {
    /// Mean train error after every step.
    pub train: Vec<f64>,
    /// Mean test error after every step.
    pub test: Vec<f64>,
    /// Standard deviation of the train error from schedule to schedule; 0 for a single one.
    pub train_spread: Vec<f64>,
    /// The same of the test error.
    pub test_spread: Vec<f64>,
    /// Means of the averages that the method follows.
    #[serde(default)]
    pub averages: Vec<DataOutput>,
    /// Number of schedules averaged over; 1 if nothing in them makes a difference.
    pub schedules: usize,
    /// First step at which one of the curves has [diverged](DataCurve::diverged).
    pub diverged: Option<usize>,
}

impl<'a> Curves<'a> {
    /// Equal batches that are kept for ever.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the data has no target, there is no batch or there are more than
    /// rows, or the step sizes are negative, not finite, or not as many as batches.
    pub fn new(data: &'a Dataset, batches: usize, step_sizes: StepSizes) -> Result<Self> {
        let target = data.target().ok_or_else(|| Error::argument("target", "none", "data with a target"))?;
        if batches == 0 || batches > data.rows() {
            return Err(Error::argument("batches", batches, format!("in 1..={}, the rows", data.rows())));
        }
        let values = match &step_sizes {
            StepSizes::Constant(step_size) => std::slice::from_ref(step_size),
            StepSizes::PerBatch(sizes) | StepSizes::PerEpoch(sizes) => sizes,
        };
        for &value in values {
            non_negative("step_sizes", value)?;
        }
        let count = values.len();
        if count == 0 || matches!(step_sizes, StepSizes::PerBatch(_)) && count != batches {
            let allowed = format!("one for each of {batches} batches, or at least one for the epochs");
            return Err(Error::argument("step_sizes", format!("{count} numbers"), allowed));
        }
        let fractions = vec![1.0 / batches as f64; batches];
        let partition = Partition::Fixed;
        Ok(Self { data, target, fractions, step_sizes, partition, method: Method::new() })
    }

    /// Batches that hold these fractions of the rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless there is a positive one for each batch and they sum to 1.
    pub fn with_fractions(mut self, fractions: &[f64]) -> Result<Self> {
        if fractions.len() != self.batches() {
            let allowed = format!("one for each of the {} batches", self.batches());
            return Err(Error::argument("batch_fractions", format!("{} numbers", fractions.len()), allowed));
        }
        self.fractions = normalised_fractions(fractions)?;
        Ok(self)
    }

    /// Another lifetime of the batches.
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = partition;
        self
    }

    /// Another method than plain descent. It starts at 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it has a preconditioner or noise on its gradients: both are defined by a population
    /// covariance, which is not known.
    pub fn with_method(mut self, method: Method) -> Result<Self> {
        for (argument, is_there) in [
            ("preconditioner", !method.preconditioner().is_none()),
            ("gradient_noise", method.gradient_noise() > 0.0),
        ] {
            if is_there {
                return Err(Error::argument(argument, "one", "none on given data"));
            }
        }
        self.method = method.with_start(Start::Zero)?;
        Ok(self)
    }

    /// Number of batches.
    pub fn batches(&self) -> usize {
        self.fractions.len()
    }

    /// Train and test error along the given batches, one per step.
    ///
    /// Costs about `2/3 steps * lifetime^2` multiplications for each node, `lifetime` being the number of steps from one
    /// split to the next: `2/3 steps^3` if the batches are kept for ever, with about 20 nodes that share their tables, and
    /// else `steps^3` for the test error. The tables of long lifetimes leave the caches.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a batch does not exist or the tables would need more than 16 GiB.
    pub fn along(&self, steps: &[usize]) -> Result<DataCurve> {
        let moves = self.moves(steps)?;
        self.curve(&moves, &self.nodes(&moves)?)
    }

    /// Mean over `schedules` sampled schedules of `epochs` epochs, in parallel; one is enough, and one
    /// is taken, where the order makes no difference. Schedule number `i` comes from
    /// [`schedule_stream`], so the result does not depend on the number of threads.
    ///
    /// `progress` is told the number of finished schedules, from any thread.
    ///
    /// # Errors
    /// As [`Curves::along`] and [`Schedule::validate`]; also if there is no epoch or no schedule.
    pub fn averaged(
        &self,
        schedule: &Schedule,
        epochs: usize,
        schedules: usize,
        seed: u64,
        progress: Option<&(dyn Fn(usize) + Sync)>,
    ) -> Result<AveragedDataCurve> {
        at_least_one("epochs", epochs)?;
        at_least_one("schedules", schedules)?;
        let count = if self.order_matters(schedule) { schedules } else { 1 };
        let sampled = |i: usize| {
            let steps = schedule.steps(self.batches(), epochs, &mut schedule_stream(seed, i as u64))?;
            self.moves(&steps)
        };
        let first = sampled(0)?;
        let nodes = self.nodes(&first)?;
        let at_once = (MEMORY_LIMIT / self.bytes(first.len(), nodes.len()).max(1)).max(1);
        let finished = std::sync::atomic::AtomicUsize::new(0);
        let mut curves = Vec::new();
        for start in (0..count).step_by(at_once) {
            let passes = (start..start.saturating_add(at_once).min(count)).into_par_iter().map(
                control::carried(|i| {
                    // A curve takes its tables before it makes a step.
                    control::check()?;
                    let curve = self.curve(&sampled(i)?, &nodes)?;
                    let finished = finished.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                    if let Some(report) = progress {
                        report(finished);
                    }
                    Ok(curve)
                }),
            );
            curves.extend(passes.collect::<Result<Vec<_>>>()?);
        }
        let diverged = curves.iter().filter_map(|curve: &DataCurve| curve.diverged).min();
        let average = |i: usize| {
            let mean = |part: fn(&DataOutput) -> &Vec<f64>| {
                mean_and_spread(&curves.iter().map(|curve| part(&curve.averages[i])).collect::<Vec<_>>()).0
            };
            DataOutput { train: mean(|curve| &curve.train), test: mean(|curve| &curve.test) }
        };
        let averages = (0..self.method.averages().len()).map(average).collect();
        let (train, test): (Vec<_>, Vec<_>) =
            curves.into_iter().map(|curve| (curve.train, curve.test)).unzip();
        let (train, train_spread) = mean_and_spread(&train);
        let (test, test_spread) = mean_and_spread(&test);
        Ok(AveragedDataCurve { train, test, train_spread, test_spread, averages, schedules: count, diverged })
    }

    /// Whether two draws of the schedule can give different curves. While a split lasts, an epoch that
    /// visits every batch once looks the same in any order if the batches do.
    fn order_matters(&self, schedule: &Schedule) -> bool {
        if !schedule.is_random() || self.batches() == 1 {
            return false;
        }
        let alike = self.fractions.iter().all(|fraction| *fraction == self.fractions[0])
            && !matches!(self.step_sizes, StepSizes::PerBatch(_));
        match self.partition {
            Partition::Fixed => *schedule != Schedule::ShuffleOnce || !alike,
            Partition::Fresh => *schedule == Schedule::WithReplacement || !alike,
            Partition::Replacement => !alike,
        }
    }

    fn moves(&self, steps: &[usize]) -> Result<Vec<Move>> {
        let batches = self.batches();
        if let Some(batch) = steps.iter().find(|&&batch| batch >= batches) {
            let allowed = format!("batches in 0..{batches}");
            return Err(Error::argument("schedule", format!("batch {batch}"), allowed));
        }
        let moves = steps.iter().enumerate().map(|(s, &batch)| {
            let step_size = match &self.step_sizes {
                StepSizes::Constant(step_size) => *step_size,
                StepSizes::PerBatch(sizes) => sizes[batch],
                StepSizes::PerEpoch(sizes) => sizes[(s / batches).min(sizes.len() - 1)],
            };
            Move::Descend { batch, step_size }
        });
        Ok(moves.collect())
    }

    fn nodes(&self, moves: &[Move]) -> Result<Nodes> {
        let sizes = moves.iter().filter_map(|step| match step {
            Move::Descend { step_size, .. } => Some(*step_size),
            Move::Restart => None,
        });
        let lifetime = self.partition.lifetime(self.batches(), moves.len());
        Nodes::new(self.data, self.target, &sizes.collect::<Vec<_>>(), lifetime)
    }

    /// Memory of a curve: tables over all times and over the lifetime of a split, and rows along the nodes.
    fn bytes(&self, steps: usize, nodes: usize) -> usize {
        let square = |side: usize| (side.saturating_add(1)).saturating_mul(side.saturating_add(1));
        let lifetime = self.partition.lifetime(self.batches(), steps).min(steps);
        let tables = if !self.method.is_plain() {
            square(steps).saturating_mul(2 * nodes + 12)
        } else if lifetime < steps {
            square(steps).saturating_mul(6)
        } else {
            0
        };
        let split = square(lifetime).saturating_mul(10);
        let rows = steps.saturating_add(1).saturating_mul(7 * nodes);
        tables.saturating_add(split).saturating_add(rows).saturating_mul(size_of::<f64>())
    }

    fn check_memory(&self, steps: usize, nodes: usize) -> Result<()> {
        if self.bytes(steps, nodes) > MEMORY_LIMIT {
            return Err(Error::argument("steps", steps, memory_allowed()));
        }
        Ok(())
    }

    fn curve(&self, moves: &[Move], nodes: &Nodes) -> Result<DataCurve> {
        if !self.method.is_plain() {
            return self.curve_of_method(moves);
        }
        self.check_memory(moves.len(), nodes.len())?;
        let length = moves.len() + 1;
        let mut state = nodes.start();
        let mut curve =
            DataCurve { train: Vec::new(), test: Vec::new(), averages: Vec::new(), diverged: None };
        let lifetime = self.partition.lifetime(self.batches(), moves.len());
        let memory = || Memory::new(length, nodes.counting(), nodes.len() - nodes.counting());
        let mut memory = (lifetime < moves.len()).then(memory);
        let mut splits = moves.chunks(lifetime);
        // Without a step there is still a start.
        let mut next = splits.next().or(Some(&[]));
        while let Some(moves) = next {
            next = splits.next();
            let segment = Segment::run(nodes, &state, &self.fractions, moves);
            let end = if next.is_some() { moves.len() } else { moves.len() + 1 };
            let times = segment.diverged.map_or(end, |diverged| diverged.min(end));
            curve.train.extend((0..times).map(|s| segment.medium.covariance.row(s)[s]));
            match &mut memory {
                Some(memory) => memory.add(&segment, times, moves.len()),
                // Over a single split the rows remember no other.
                None => curve.test.extend((0..times).map(|s| segment.medium.cavity.row(s)[s])),
            }
            if segment.diverged.is_some() {
                curve.diverged = Some(curve.train.len());
                break;
            }
            state = segment.end(moves.len());
        }
        if let Some(memory) = memory {
            curve.test = memory.test_error();
        }
        curve.train.resize(length, f64::MAX);
        curve.test.resize(length, f64::MAX);
        Ok(curve)
    }
}

impl Curves<'_> {
    fn curve_of_method(&self, moves: &[Move]) -> Result<DataCurve> {
        let descents = moves.iter().filter_map(|step| match step {
            Move::Descend { batch, step_size } => Some((*batch, *step_size)),
            Move::Restart => None,
        });
        let (steps, step_sizes): (Vec<_>, Vec<_>) = descents.unzip();
        let lifetime = (self.partition != Partition::Fixed)
            .then(|| self.partition.lifetime(self.batches(), steps.len()));
        given::curve((self.data, self.target), &self.method, &self.fractions, (&steps, step_sizes), lifetime)
    }
}

fn at_least_one(argument: &'static str, value: usize) -> Result<()> {
    if value == 0 { Err(Error::argument(argument, value, "at least 1")) } else { Ok(()) }
}
