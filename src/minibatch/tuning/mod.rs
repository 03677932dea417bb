//! Which batches, step, momentum, ridge and stopping time to use for a model: the smallest predicted risk under a budget.
//!
//! For every number of batches steps go down from the largest that one pass over fresh rows could bear,
//!
//! ```text
//! alpha c int t / (2 - alpha t) dH = 1,    c = gamma B;        in infinitely many batches a* = 2 / (gamma int t dH)
//! ```
//!
//! by a constant factor, and the best of them is refined: by golden sections if the step is all there is to choose, else by
//! the simplex search in the logarithms of the step, of `1 - momentum` and of the ridge. Momentum counts in the effective step
//! `step / (1 - momentum)`. While the best step is the smallest of the grid, smaller ones follow.
//!
//! All candidates are predicted along the same sampled orders of the batches, so that what is compared does not depend on luck.
//! What is found has been fitted to these orders, and its risk along them is too good: it is predicted anew along others. If
//! they show that more orders are needed for the error that is asked for, the search is made again along so many. The risk is
//! looked at after whole epochs alone: in the middle of one the rows have not all been met.

mod simplex;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::small_batches::EPOCHS_OF_ANY_STEP;
use super::trajectory::average::FIRST;
use super::{Averaging, Batches, MiniBatch, SmallBatchOrder, SmallBatches, Trajectory};
use crate::budget::Budget;
use crate::control;
use crate::error::{Error, Result, non_negative, positive};
use crate::finite::Schedule;
use crate::method::{Average, Method, Momentum, Start};
use crate::numeric::root;
use crate::population::Population;

/// Steps of the grid at a time, the factor between them, and the largest as a share of what could be borne.
const GRID: i32 = 16;
const FACTOR: f64 = 1.35;
const LARGEST: f64 = 0.95;

/// Golden sections, the least and the most, evaluations of a simplex search, and the relative change of the risk at which both end.
const SECTIONS: [usize; 2] = [8, 60];
const EVALUATIONS: usize = 160;
const SETTLED: f64 = 1e-6;

/// Momentum and ridge, in mean eigenvalues, from which a search starts, and first steps along the logarithms of the step, of
/// `1 - momentum` and of the ridge.
const MOMENTUM: f64 = 0.5;
const RIDGE: f64 = 0.1;
const STEPS: [f64; 3] = [-0.3, -0.5, 1.0];

/// Largest momentum, and smallest and largest ridge in mean eigenvalues.
const MOST_MOMENTUM: f64 = 0.99;
const RIDGES: [f64; 2] = [1e-8, 1e4];

/// Risks within this of the best, relatively, count as good as it, and how far steps are looked at for that.
const FLAT: f64 = 0.01;
const FARTHEST: f64 = 16.0;

/// Halvings of the logarithm of a step at the end of the flat part.
const HALVINGS: usize = 8;

/// Orders of the batches along which a search begins, and at most how many times as many the next one takes: what has been
/// fitted to few orders does worse along others than what the next one finds, and seems to need more of them.
const FEW: usize = 3;
const MORE: usize = 4;

/// Most steps of a run that is predicted, and most multiplications along an eigenvalue, a fraction of a second.
const MOST_STEPS: usize = 4000;
const MOST_WORK: f64 = 2.5e8;

/// What is chosen besides the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Parameter {
    /// Momentum of a heavy ball.
    Momentum,
    /// Momentum of Nesterov's steps.
    Nesterov,
    /// Ridge, which has a best one only from a start that is not around the truth.
    Ridge,
}

impl FromStr for Parameter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "momentum" => Ok(Self::Momentum),
            "nesterov" => Ok(Self::Nesterov),
            "ridge" => Ok(Self::Ridge),
            _ => Err(Error::argument("tune", format!("{text:?}"), "momentum, nesterov or ridge")),
        }
    }
}

/// When a run is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// After whichever epoch its risk is smallest.
    #[default]
    Best,
    /// When the budget is spent.
    End,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Best => "best",
            Self::End => "end",
        })
    }
}

impl FromStr for Stop {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "best" => Ok(Self::Best),
            "end" => Ok(Self::End),
            _ => Err(Error::argument("stop", format!("{text:?}"), "best or end")),
        }
    }
}

/// A choice, and the risk it is predicted to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tuned {
    /// Number of batches.
    pub batches: Batches,
    /// Step of an epoch, the step size of a batch times their number.
    pub epoch_step: f64,
    /// Momentum, if it was chosen.
    pub momentum: Option<f64>,
    /// Ridge, if it was chosen.
    pub ridge: Option<f64>,
    /// Whole epochs after which the run ends.
    pub epochs: usize,
    /// Excess risk then.
    pub risk: f64,
    /// Its standard error over the sampled orders; 0 for one order alone.
    pub risk_error: f64,
    /// Orders of the batches that it is averaged over, 1 if there is nothing random in them.
    pub schedules: usize,
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TuningMap {
    /// The smallest risk.
    pub best: Tuned,
    /// The best for every number of batches, in the order asked for, along orders that the search has not seen; those left out
    /// whose budget affords no epoch.
    pub by_batches: Vec<Tuned>,
    /// Epoch steps around the best one, all else as it is, whose risk is within 1 % of it.
    pub flat: [f64; 2],
    /// Risks on the grid of steps, by batches, along the orders of the search; infinite where runs explode.
    pub grid: Vec<Tuned>,
    /// Risk before the first step.
    pub initial: f64,
}

/// Sampled orders of the batches.
#[derive(Clone, Copy)]
struct Orders {
    seed: u64,
    count: usize,
}

/// Mean square of the initial error along an eigenvalue.
type Source = Arc<dyn Fn(f64) -> f64 + Send + Sync>;

/// The search for the best choices.
///
/// ```
/// use freespectra::Population;
/// use freespectra::minibatch::{Batches, Tuning};
/// # fn main() -> Result<(), freespectra::Error> {
/// let found = Tuning::new(&Population::identity(), 0.5, |_| 1.0, 0.3)?
///     .with_batches(&[Batches::Finite(2), Batches::Finite(4)])?
///     .run()?;
/// assert!(found.best.risk < 0.25);
/// assert!(found.flat[0] < found.best.epoch_step && found.best.epoch_step < found.flat[1]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tuning {
    population: Population,
    aspect_ratio: f64,
    source: Source,
    noise: f64,
    batches: Vec<Batches>,
    method: Method,
    parameters: Vec<Parameter>,
    budget: Budget,
    rows: usize,
    stop: Stop,
    schedule: Schedule,
    averaging: Averaging,
    seed: u64,
}

impl Tuning {
    /// Runs from an initial error whose mean square along population eigenvalue `t` is `source(t) / p` per dimension, with label
    /// noise of variance `noise`: 1, 2, 4, 8 or 16 batches and plain descent over at most 10 epochs.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the ratio is not positive, or noise or source are negative; or not finite.
    pub fn new(
        population: &Population,
        aspect_ratio: f64,
        source: impl Fn(f64) -> f64 + Send + Sync + 'static,
        noise: f64,
    ) -> Result<Self> {
        SmallBatches::new(population, aspect_ratio, 1.0, &source, noise)?;
        Ok(Self {
            population: population.clone(),
            aspect_ratio,
            source: Arc::new(source),
            noise: non_negative("noise", noise)?,
            batches: [1, 2, 4, 8, 16].map(Batches::Finite).to_vec(),
            method: Method::new(),
            parameters: Vec::new(),
            budget: Budget::Epochs(10),
            rows: 0,
            stop: Stop::Best,
            schedule: Schedule::RandomReshuffling,
            averaging: Averaging::default(),
            seed: 1,
        })
    }

    /// Numbers of batches to choose from; what is named twice counts once.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none, or a model with so many does not exist.
    pub fn with_batches(mut self, batches: &[Batches]) -> Result<Self> {
        if batches.is_empty() {
            return Err(Error::argument("batches", "none", "at least one number of batches"));
        }
        for &count in batches {
            if let Batches::Finite(count) = count {
                self.model(count, 1.0)?;
            }
        }
        self.batches.clear();
        for batches in batches {
            if !self.batches.contains(batches) {
                self.batches.push(*batches);
            }
        }
        Ok(self)
    }

    /// How steps are made, but for what is chosen. With an average the risk is that of the average.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// What to choose besides the step.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if something is asked for twice.
    pub fn with_parameters(self, parameters: &[Parameter]) -> Result<Self> {
        let kind = |parameter: &Parameter| *parameter == Parameter::Ridge;
        let ridges = parameters.iter().filter(|parameter| kind(parameter)).count();
        if ridges > 1 || parameters.len() - ridges > 1 {
            let allowed = "one kind of momentum and one ridge at most";
            return Err(Error::argument("tune", format!("{parameters:?}"), allowed));
        }
        Ok(Self { parameters: parameters.to_vec(), ..self })
    }

    /// What a run may cost, on so many rows; their number matters for budgets that are not in epochs.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is nothing to spend, or the number of rows is missing.
    pub fn with_budget(self, budget: Budget, rows: usize) -> Result<Self> {
        budget.validate()?;
        if rows == 0 && !matches!(budget, Budget::Epochs(_)) {
            return Err(Error::argument("rows", rows, format!("at least 1 with the budget {budget}")));
        }
        Ok(Self { budget, rows, ..self })
    }

    /// When runs are looked at.
    #[must_use]
    pub fn with_stop(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// The order of the batches, averaged over sampled ones where it is random: over a fixed number, or as many as bring the
    /// error of the risk of the choice down to the target. The choice is made along orders from the streams of `seed`, and its
    /// risk is that along as many or more from those of `seed + 1`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for explicit orders, which have a length of their own, if there is no schedule, and if the
    /// target is not positive.
    pub fn with_schedule(
        self,
        schedule: Schedule,
        averaging: impl Into<Averaging>,
        seed: u64,
    ) -> Result<Self> {
        if matches!(schedule, Schedule::Explicit(_)) {
            return Err(Error::argument("schedule", "explicit", "a rule for any number of epochs"));
        }
        let averaging = averaging.into();
        match averaging {
            Averaging::Fixed(0) => return Err(Error::argument("schedules", 0, "at least 1")),
            Averaging::ToError { relative, .. } => positive("schedule_error", relative)?,
            Averaging::Fixed(_) => 0.0,
        };
        Ok(Self { schedule, averaging, seed, ..self })
    }

    /// Epochs that the budget affords with so many batches.
    pub fn affordable(&self, batches: Batches) -> usize {
        match batches {
            Batches::Finite(count) => self.budget.epochs(self.rows, count),
            // Single rows.
            Batches::Infinite => self.budget.epochs(self.rows, self.rows),
        }
    }

    /// Those of them that are followed: of longer runs no more than the beginning, 4000 steps or fewer and 32 epochs of
    /// infinitely many batches.
    pub fn epochs(&self, batches: Batches) -> usize {
        let most = match batches {
            Batches::Finite(count) => {
                // Half of steps^2 visits.
                let epochs = (2.0 * MOST_WORK / (count as f64).powi(2)).cbrt() as usize;
                epochs.min(MOST_STEPS / count).max(1)
            }
            Batches::Infinite => EPOCHS_OF_ANY_STEP,
        };
        self.affordable(batches).min(most)
    }

    /// The method of a choice.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if its numbers are out of range.
    pub fn method(&self, tuned: &Tuned) -> Result<Method> {
        let mut method = self.method.clone();
        if let Some(momentum) = tuned.momentum {
            let nesterov = self.parameters.contains(&Parameter::Nesterov);
            let make = if nesterov { Momentum::nesterov } else { Momentum::heavy_ball };
            method = method.with_momentum(make(momentum)?);
        }
        match tuned.ridge {
            Some(ridge) => method.with_ridge(ridge),
            None => Ok(method),
        }
    }

    /// Looks at the grid, refines the best of it for every number of batches, predicts that anew, and measures how flat the risk
    /// is there.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the budget affords no epoch whatever the batches, there is nothing to learn, the method
    /// fixes what is to be chosen or is not one for infinitely many batches; others from the predictions.
    pub fn run(&self) -> Result<TuningMap> {
        let initial = self.population.as_atoms().iter();
        let initial = initial.map(|atom| atom.mass * atom.location * (self.source)(atom.location)).sum();
        self.check(initial)?;
        let affordable: Vec<Batches> =
            self.batches.iter().copied().filter(|&batches| self.epochs(batches) > 0).collect();
        let searched = affordable.par_iter().map(control::carried(|&batches| self.search(batches)));
        let searched = searched.collect::<Result<Vec<_>>>()?;
        let by_batches: Vec<Tuned> = searched.iter().map(|(best, _)| *best).collect();
        let grid: Vec<Tuned> = searched.into_iter().flat_map(|(_, grid)| grid).collect();
        let Some(best) = by_batches.iter().copied().reduce(better) else {
            return Err(Error::argument("budget", self.budget, "at least one epoch for a number of batches"));
        };
        Ok(TuningMap {
            best,
            flat: [
                self.end_of_flat(&best, &grid, 1.0 / FARTHEST)?,
                self.end_of_flat(&best, &grid, FARTHEST)?,
            ],
            by_batches,
            grid,
            initial,
        })
    }

    /// Whether all that has been asked for goes together.
    fn check(&self, initial: f64) -> Result<()> {
        let refused =
            |argument, value: String, allowed: String| Err(Error::argument(argument, value, allowed));
        let method = &self.method;
        method.preconditioner().check(self.population.as_atoms().iter().map(|atom| atom.location))?;
        if !(initial > 0.0 && initial.is_finite()) {
            let allowed = "one that leaves something to learn: a positive, finite risk before the first step";
            return refused("source", format!("one with risk {initial}"), allowed.to_owned());
        }
        let is_tuned = |parameter| self.parameters.contains(&parameter);
        let (ridge, start) = (is_tuned(Parameter::Ridge), method.start());
        if ridge && method.ridge() > 0.0 {
            return refused("ridge", method.ridge().to_string(), "none where it is tuned".to_owned());
        }
        if ridge && matches!(start, Start::AroundZero | Start::Anywhere { square: 0.0, .. }) {
            let allowed = "a start at weights 0 along with it (zero_start): around the truth, towards which the ridge pulls, \
                           the largest is the best";
            return refused("tune", "ridge".to_owned(), allowed.to_owned());
        }
        if (is_tuned(Parameter::Momentum) || is_tuned(Parameter::Nesterov)) && method.rule().memory() > 0 {
            let allowed = "no momentum of the method itself, given or growing, along with it";
            return refused("tune", "momentum".to_owned(), allowed.to_owned());
        }
        if method.averages().len() > 1 {
            let allowed = "one average, the risk of which is made small";
            return refused("average", method.averages().len().to_string(), allowed.to_owned());
        }
        for &batches in &self.batches {
            let (affordable, epochs) = (self.affordable(batches), self.epochs(batches));
            if self.stop == Stop::End && affordable > epochs {
                let allowed =
                    format!("at most {epochs} epochs with {batches} batches to be looked at at the end");
                return refused("budget", self.budget.to_string(), allowed);
            }
            let Batches::Finite(count) = batches else { continue };
            if self.rows > 0 && count > self.rows {
                return refused(
                    "batches",
                    count.to_string(),
                    format!("at most one for each of {} rows", self.rows),
                );
            }
            let steps = epochs * count;
            if let Some(Average::Tail(first)) = method.averages().first()
                && epochs > 0
                && *first >= steps
            {
                let allowed =
                    format!("a tail that begins before the last of {steps} steps with {count} batches");
                return refused("average", format!("tail:{first}"), allowed);
            }
        }
        Ok(())
    }

    /// A choice with its risk along orders that the search has not seen, as many as that of the choice.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the budget does not afford its epochs; others from the prediction.
    pub fn predicted(&self, tuned: &Tuned) -> Result<Tuned> {
        let risks = self.risks(tuned, self.others(tuned.schedules))?;
        let allowed = || Error::argument("epochs", tuned.epochs, format!("at most {}", risks.len() - 1));
        risks.get(tuned.epochs).copied().ok_or_else(allowed)
    }

    /// Orders that the search has not seen.
    fn others(&self, count: usize) -> Orders {
        Orders { seed: self.seed.wrapping_add(1), count }
    }

    /// How many orders bring the error of a risk down to the target.
    fn needed(&self, tuned: &Tuned) -> usize {
        match self.averaging {
            Averaging::Fixed(schedules) => schedules,
            // Not random.
            Averaging::ToError { .. } if tuned.schedules == 1 || tuned.risk_error == 0.0 => 1,
            Averaging::ToError { relative, most } => {
                let ratio = tuned.risk_error / (relative * tuned.risk);
                let needed = tuned.schedules as f64 * ratio * ratio;
                // Where runs explode the number is not one.
                if needed.is_finite() { (needed.ceil() as usize).clamp(1, most) } else { most }
            }
        }
    }

    fn model(&self, batches: usize, epoch_step: f64) -> Result<MiniBatch> {
        MiniBatch::builder()
            .batches(batches)
            .aspect_ratio(self.aspect_ratio)
            .population(self.population.clone())
            .epoch_step(epoch_step)
            .build()
    }

    fn mean_eigenvalue(&self) -> f64 {
        self.population.mean().max(f64::MIN_POSITIVE)
    }

    /// The largest step of an epoch that one pass over fresh rows bears.
    fn bearable(&self, batches: Batches) -> Result<f64> {
        let scaled = |t: f64| t * self.method.preconditioner().factor(t);
        let atoms = self.population.as_atoms();
        let mean: f64 = atoms.iter().map(|atom| atom.mass * scaled(atom.location)).sum();
        // The smallest step size that is looked at, or less.
        if !(f64::EPSILON / (MOST_STEPS as f64 * self.aspect_ratio * mean)).is_normal() {
            let allowed = "a ratio with steps of a size that floating point can hold";
            return Err(Error::argument("aspect_ratio", self.aspect_ratio, allowed));
        }
        let Batches::Finite(count) = batches else {
            return Ok(2.0 / (self.aspect_ratio * mean));
        };
        let largest = atoms.iter().fold(f64::MIN_POSITIVE, |m, atom| m.max(scaled(atom.location)));
        let ratio = self.aspect_ratio * count as f64;
        // In units of 2 / (largest eigenvalue), times 1 - alpha to be finite at the end.
        let load = |alpha: f64| {
            let sum = atoms.iter().map(|atom| {
                let share = scaled(atom.location) / largest;
                let quotient = if share == 1.0 { 1.0 } else { (1.0 - alpha) / (1.0 - alpha * share) };
                atom.mass * share * quotient
            });
            alpha * ratio * sum.sum::<f64>() - (1.0 - alpha)
        };
        // At most the share that all eigenvalues would bear if they were as large; in logarithms, as the ratio may be any.
        let least = -(2.0 + 2.0 * ratio * mean / largest).ln();
        let ends = [least, 0.0].map(|x: f64| (x, load(x.exp())));
        let alpha = root::between(ends, 1e-9, |x| Ok(load(x.exp())))?.exp();
        Ok(2.0 * alpha / largest * count as f64)
    }

    /// The best for a number of batches along as many orders as its risk needs, predicted along others, and the grid.
    fn search(&self, batches: Batches) -> Result<(Tuned, Vec<Tuned>)> {
        let (few, most, target) = match self.averaging {
            Averaging::Fixed(schedules) => (schedules, schedules, 1.0),
            Averaging::ToError { most, relative } => (FEW.min(most), most, relative),
        };
        let mut orders = Orders { seed: self.seed, count: few };
        loop {
            let (found, grid) = self.search_along(batches, orders)?;
            let mut best = found;
            best.schedules = orders.count;
            let needed = loop {
                best = self.predicted(&best)?;
                let needed = self.needed(&best);
                // From few orders an error is not known well, which matters unless it is next to none.
                let is_negligible = best.risk_error <= target * target * best.risk;
                let enough = if is_negligible { needed } else { needed.max(FIRST.min(most)) };
                if best.risk.is_infinite() || best.schedules == 1 || enough <= best.schedules {
                    break needed;
                }
                best.schedules = enough;
            };
            if needed <= orders.count {
                return Ok((best, grid));
            }
            orders.count = needed.min(MORE * orders.count);
        }
    }

    fn search_along(&self, batches: Batches, orders: Orders) -> Result<(Tuned, Vec<Tuned>)> {
        let bearable = self.bearable(batches)?;
        let largest = LARGEST * bearable;
        let mut grid: Vec<Tuned> = Vec::new();
        let first = loop {
            let from = grid.len() as i32;
            let part = (from..from + GRID).into_par_iter().map(control::carried(|k: i32| {
                let mut point = vec![(largest * FACTOR.powi(-k)).ln()];
                point.extend(self.start());
                self.at(batches, &point, orders)
            }));
            grid.extend(part.collect::<Result<Vec<Tuned>>>()?);
            let first = grid.iter().copied().reduce(better);
            let (Some(first), Some(smallest)) = (first, grid.last()) else {
                return Err(Error::argument("batches", batches, "a number with steps to choose from"));
            };
            let is_inside = first.epochs > 0 && first.risk.is_finite() && first != *smallest;
            // Steps that change nothing.
            if is_inside || smallest.epoch_step < f64::EPSILON * largest {
                break first;
            }
        };
        grid.reverse();
        if first.epochs == 0 {
            return Ok((first, grid));
        }
        // The risk is flat at its smallest: what is off by its error makes it larger by the square of that.
        let settled = SETTLED.max((first.risk_error / first.risk).powi(2));
        let found = if self.parameters.is_empty() {
            self.refine(first, bearable, settled, orders)?
        } else {
            let mut start = vec![first.epoch_step.ln() - (1.0 - first.momentum.unwrap_or(0.0)).ln()];
            start.extend(self.start());
            let steps = std::iter::once(STEPS[0]).chain(
                self.parameters
                    .iter()
                    .map(|parameter| if *parameter == Parameter::Ridge { STEPS[2] } else { STEPS[1] }),
            );
            let risk = |point: &[f64]| Ok(self.at(batches, point, orders)?.risk);
            let steps: Vec<f64> = steps.collect();
            let (point, _) = simplex::minimise(&start, &steps, EVALUATIONS, settled, risk)?;
            self.at(batches, &point, orders)?
        };
        Ok((better(first, found), grid))
    }

    /// Where the other parameters start.
    fn start(&self) -> impl Iterator<Item = f64> + '_ {
        self.parameters.iter().map(|parameter| match parameter {
            Parameter::Ridge => (RIDGE * self.mean_eigenvalue()).ln(),
            Parameter::Momentum | Parameter::Nesterov => (1.0 - MOMENTUM).ln(),
        })
    }

    /// Golden sections in the logarithm of the step.
    fn refine(&self, first: Tuned, bearable: f64, settled: f64, orders: Orders) -> Result<Tuned> {
        let golden = 0.5 * (5f64.sqrt() - 1.0);
        let (mut low, mut high) = (first.epoch_step / FACTOR, (first.epoch_step * FACTOR).min(bearable));
        let between = |low: f64, high: f64, share: f64| {
            let epoch_step = low.powf(1.0 - share) * high.powf(share);
            self.evaluate(Tuned { epoch_step, ..first }, orders)
        };
        let mut left = between(low, high, 1.0 - golden)?;
        let mut right = between(low, high, golden)?;
        for section in 0..SECTIONS[1] {
            if section >= SECTIONS[0] && (left.risk - right.risk).abs() <= settled * left.risk {
                break;
            }
            if left.risk <= right.risk {
                (high, right) = (right.epoch_step, left);
                left = between(low, high, 1.0 - golden)?;
            } else {
                (low, left) = (left.epoch_step, right);
                right = between(low, high, golden)?;
            }
        }
        Ok(better(left, right))
    }

    /// The choice at a point: logarithms of the effective step of an epoch and of the other parameters, in their order.
    fn at(&self, batches: Batches, point: &[f64], orders: Orders) -> Result<Tuned> {
        let mut tuned = Tuned {
            batches,
            epoch_step: 0.0,
            momentum: None,
            ridge: None,
            epochs: 0,
            risk: f64::INFINITY,
            risk_error: 0.0,
            schedules: orders.count,
        };
        for (parameter, x) in self.parameters.iter().zip(&point[1..]) {
            match parameter {
                Parameter::Ridge => {
                    let [low, high] = RIDGES.map(|ridge| ridge * self.mean_eigenvalue());
                    tuned.ridge = Some(x.exp().clamp(low, high));
                }
                Parameter::Momentum | Parameter::Nesterov => {
                    tuned.momentum = Some((1.0 - x.exp()).clamp(0.0, MOST_MOMENTUM));
                }
            }
        }
        tuned.epoch_step = point[0].exp() * (1.0 - tuned.momentum.unwrap_or(0.0));
        self.evaluate(tuned, orders)
    }

    fn evaluate(&self, tuned: Tuned, orders: Orders) -> Result<Tuned> {
        let mut risks = self.risks(&tuned, orders)?;
        let last = risks.pop().unwrap_or(tuned);
        Ok(match self.stop {
            Stop::End => last,
            Stop::Best => risks.into_iter().chain([last]).reduce(better).unwrap_or(last),
        })
    }

    /// A choice after every epoch that the budget affords, with its risk or that of the average if the method has one; infinite
    /// where runs explode.
    fn risks(&self, tuned: &Tuned, orders: Orders) -> Result<Vec<Tuned>> {
        control::check()?;
        let (method, last) = (self.method(tuned)?, self.epochs(tuned.batches));
        let source = |t: f64| (self.source)(t);
        let (step, noise) = (tuned.epoch_step, self.noise);
        let after = |epochs, risk: f64, risk_error, schedules| {
            // Negative where numbers beyond all digits have cancelled.
            let risk = if (0.0..f64::MAX).contains(&risk) { risk } else { f64::INFINITY };
            Tuned { epochs, risk, risk_error, schedules, ..*tuned }
        };
        let Batches::Finite(count) = tuned.batches else {
            let limit = SmallBatches::new(&self.population, self.aspect_ratio, step, source, noise)?;
            let risks = match limit.with_method(method)?.curve(order(&self.schedule), last) {
                Ok(curve) => curve.average_risk.unwrap_or(curve.risk),
                Err(Error::InvalidArgument { argument: "epoch_step", .. }) => vec![f64::INFINITY; last + 1],
                Err(error) => return Err(error),
            };
            control::report(last, last);
            return Ok((0..).zip(risks).map(|(epochs, risk)| after(epochs, risk, 0.0, 1)).collect());
        };
        let model = self.model(count, step)?;
        let trajectory = Trajectory::new(&model, source, noise)?.with_method(method)?;
        let curve = trajectory.averaged(&self.schedule, last, orders.count, orders.seed, None)?;
        let (risk, error) = match curve.averages.first() {
            Some(average) => (&average.risk, &average.risk_error),
            None => (&curve.risk, &curve.risk_error),
        };
        let ends = risk.iter().zip(error).step_by(count);
        Ok((0..).zip(ends).map(|(k, (risk, error))| after(k, *risk, *error, curve.schedules)).collect())
    }

    /// The step farthest from a choice, towards a multiple of it, at which the risk is still good along the orders of its grid.
    fn end_of_flat(&self, best: &Tuned, grid: &[Tuned], multiple: f64) -> Result<f64> {
        let count = grid.iter().find(|cell| cell.batches == best.batches).map_or(FEW, |cell| cell.schedules);
        let risk = |share: f64| {
            let other = Tuned { epoch_step: best.epoch_step * multiple.powf(share), ..*best };
            Ok::<_, Error>(self.evaluate(other, Orders { seed: self.seed, count })?.risk)
        };
        let limit = (1.0 + FLAT) * risk(0.0)?;
        let (mut inside, mut outside) = (0.0, 1.0);
        if best.epochs == 0 || risk(outside)? <= limit {
            return Ok(best.epoch_step * multiple);
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (inside + outside);
            if risk(middle)? <= limit { inside = middle } else { outside = middle }
        }
        Ok(best.epoch_step * multiple.powf(inside))
    }
}

/// The order of single rows that a schedule is one of.
fn order(schedule: &Schedule) -> SmallBatchOrder {
    match schedule {
        Schedule::WithReplacement => SmallBatchOrder::Replacement,
        Schedule::Cyclic | Schedule::ShuffleOnce => SmallBatchOrder::Cyclic,
        Schedule::RandomReshuffling | Schedule::Explicit(_) => SmallBatchOrder::Reshuffled,
    }
}

/// The smaller risk; of equal ones the first.
fn better(a: Tuned, b: Tuned) -> Tuned {
    if b.risk < a.risk { b } else { a }
}
