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
//! `step / (1 - momentum)`. All candidates are predicted along the same orders of the batches, so that what is compared does
//! not depend on luck, and the risk is looked at after whole epochs alone: in the middle of one the rows have not all been met.

mod simplex;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Batches, MiniBatch, SmallBatchOrder, SmallBatches, Trajectory};
use crate::budget::Budget;
use crate::control;
use crate::error::{Error, Result, non_negative};
use crate::finite::Schedule;
use crate::method::{Method, Momentum};
use crate::numeric::root;
use crate::population::Population;

/// Steps of the grid, the factor between them, and the largest as a share of what could be borne.
const GRID: i32 = 16;
const FACTOR: f64 = 1.35;
const LARGEST: f64 = 0.95;

/// Golden sections, evaluations of a simplex search, and the relative change of the risk at which it ends.
const SECTIONS: usize = 8;
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

/// Most steps of a run that is predicted.
const MOST_STEPS: usize = 4000;

/// What is chosen besides the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Parameter {
    /// Momentum of a heavy ball.
    Momentum,
    /// Momentum of Nesterov's steps.
    Nesterov,
    /// Ridge.
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
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TuningMap {
    /// The smallest risk.
    pub best: Tuned,
    /// The best for every number of batches, in the order asked for; those left out whose budget affords no epoch.
    pub by_batches: Vec<Tuned>,
    /// Epoch steps around the best one, all else as it is, whose risk is within 1 % of it.
    pub flat: [f64; 2],
    /// Risks on the grid of steps, by batches; infinite where runs explode.
    pub grid: Vec<Tuned>,
    /// Risk before the first step.
    pub initial: f64,
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
    schedules: usize,
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
            schedules: 3,
            seed: 1,
        })
    }

    /// Numbers of batches to choose from.
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
        self.batches = batches.to_vec();
        Ok(self)
    }

    /// How steps are made; its parameters that are chosen are replaced.
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

    /// The order of the batches, averaged over `schedules` sampled ones where it is random.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for explicit orders, which have a length of their own, and if there is no schedule.
    pub fn with_schedule(self, schedule: Schedule, schedules: usize, seed: u64) -> Result<Self> {
        if matches!(schedule, Schedule::Explicit(_)) {
            return Err(Error::argument("schedule", "explicit", "a rule for any number of epochs"));
        }
        if schedules == 0 {
            return Err(Error::argument("schedules", schedules, "at least 1"));
        }
        Ok(Self { schedule, schedules, seed, ..self })
    }

    /// Epochs that the budget affords with so many batches.
    pub fn epochs(&self, batches: Batches) -> usize {
        match batches {
            Batches::Finite(count) => self.budget.epochs(self.rows, count).min(MOST_STEPS / count),
            // Single rows.
            Batches::Infinite => self.budget.epochs(self.rows, self.rows),
        }
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

    /// Looks at the grid, refines the best of it for every number of batches, and measures how flat the risk is there.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the budget affords no epoch whatever the batches, or the method is not one for infinitely
    /// many; others from the predictions.
    pub fn run(&self) -> Result<TuningMap> {
        let affordable: Vec<Batches> =
            self.batches.iter().copied().filter(|&batches| self.epochs(batches) > 0).collect();
        let searched = affordable.par_iter().map(control::carried(|&batches| self.search(batches)));
        let searched = searched.collect::<Result<Vec<_>>>()?;
        let by_batches: Vec<Tuned> = searched.iter().map(|(best, _)| *best).collect();
        let Some(best) = by_batches.iter().copied().reduce(better) else {
            return Err(Error::argument("budget", self.budget, "at least one epoch for a number of batches"));
        };
        let initial = self.population.as_atoms().iter();
        Ok(TuningMap {
            best,
            flat: [self.end_of_flat(&best, 1.0 / FARTHEST)?, self.end_of_flat(&best, FARTHEST)?],
            by_batches,
            grid: searched.into_iter().flat_map(|(_, grid)| grid).collect(),
            initial: initial.map(|atom| atom.mass * atom.location * (self.source)(atom.location)).sum(),
        })
    }

    /// The risk of a choice with another step, all else as it is.
    ///
    /// # Errors
    /// From the prediction.
    pub fn with_step(&self, tuned: &Tuned, epoch_step: f64) -> Result<Tuned> {
        self.evaluate(Tuned { epoch_step, ..*tuned })
    }

    /// The risk of a choice after another whole number of epochs.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the budget does not afford so many; others from the prediction.
    pub fn at_epoch(&self, tuned: &Tuned, epochs: usize) -> Result<Tuned> {
        let risks = self.risks(tuned)?;
        let allowed = || Error::argument("epochs", epochs, format!("at most {}", risks.len() - 1));
        Ok(Tuned { epochs, risk: *risks.get(epochs).ok_or_else(allowed)?, ..*tuned })
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
        let Batches::Finite(count) = batches else {
            let mean: f64 = atoms.iter().map(|atom| atom.mass * scaled(atom.location)).sum();
            return Ok(2.0 / (self.aspect_ratio * mean.max(f64::MIN_POSITIVE)));
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
        let alpha = root::between([(0.0, -1.0), (1.0, load(1.0))], 1e-9, |alpha| Ok(load(alpha)))?;
        Ok(2.0 * alpha / largest * count as f64)
    }

    fn search(&self, batches: Batches) -> Result<(Tuned, Vec<Tuned>)> {
        let largest = LARGEST * self.bearable(batches)?;
        let grid = (0..GRID).into_par_iter().map(control::carried(|k: i32| {
            let mut point = vec![(largest * FACTOR.powi(-k)).ln()];
            point.extend(self.start());
            self.at(batches, &point)
        }));
        let mut grid = grid.collect::<Result<Vec<Tuned>>>()?;
        grid.reverse();
        let Some(first) = grid.iter().copied().reduce(better) else {
            return Err(Error::argument("batches", batches, "a number with steps to choose from"));
        };
        if first.epochs == 0 {
            return Ok((first, grid));
        }
        let found = if self.parameters.is_empty() {
            self.refine(first, largest)?
        } else {
            let mut start = vec![first.epoch_step.ln() - (1.0 - first.momentum.unwrap_or(0.0)).ln()];
            start.extend(self.start());
            let steps = std::iter::once(STEPS[0]).chain(
                self.parameters
                    .iter()
                    .map(|parameter| if *parameter == Parameter::Ridge { STEPS[2] } else { STEPS[1] }),
            );
            let risk = |point: &[f64]| Ok(self.at(batches, point)?.risk);
            let steps: Vec<f64> = steps.collect();
            let (point, _) = simplex::minimise(&start, &steps, EVALUATIONS, SETTLED, risk)?;
            self.at(batches, &point)?
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
    fn refine(&self, first: Tuned, largest: f64) -> Result<Tuned> {
        let golden = 0.5 * (5f64.sqrt() - 1.0);
        let (mut low, mut high) =
            (first.epoch_step / FACTOR, (first.epoch_step * FACTOR).min(largest / LARGEST));
        let between = |low: f64, high: f64, share: f64| low.powf(1.0 - share) * high.powf(share);
        let mut left = self.with_step(&first, between(low, high, 1.0 - golden))?;
        let mut right = self.with_step(&first, between(low, high, golden))?;
        for _ in 0..SECTIONS {
            if left.risk <= right.risk {
                (high, right) = (right.epoch_step, left);
                left = self.with_step(&first, between(low, high, 1.0 - golden))?;
            } else {
                (low, left) = (left.epoch_step, right);
                right = self.with_step(&first, between(low, high, golden))?;
            }
        }
        Ok(better(left, right))
    }

    /// The choice at a point: logarithms of the effective step of an epoch and of the other parameters, in their order.
    fn at(&self, batches: Batches, point: &[f64]) -> Result<Tuned> {
        let mut tuned =
            Tuned { batches, epoch_step: 0.0, momentum: None, ridge: None, epochs: 0, risk: f64::INFINITY };
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
        self.evaluate(tuned)
    }

    fn evaluate(&self, tuned: Tuned) -> Result<Tuned> {
        let risks = self.risks(&tuned)?;
        let at = |epochs: usize| Tuned { epochs, risk: risks[epochs], ..tuned };
        let last = risks.len() - 1;
        Ok(match self.stop {
            Stop::End => at(last),
            Stop::Best => (1..=last).map(at).fold(at(0), better),
        })
    }

    /// Risks at the ends of the epochs that the budget affords, of the average if the method has one; infinite where runs
    /// explode.
    fn risks(&self, tuned: &Tuned) -> Result<Vec<f64>> {
        control::check()?;
        let (method, epochs) = (self.method(tuned)?, self.epochs(tuned.batches));
        let source = |t: f64| (self.source)(t);
        let (step, noise) = (tuned.epoch_step, self.noise);
        let Batches::Finite(count) = tuned.batches else {
            let limit = SmallBatches::new(&self.population, self.aspect_ratio, step, source, noise)?;
            return match limit.with_method(method)?.curve(order(&self.schedule), epochs) {
                Ok(curve) => Ok(curve.average_risk.unwrap_or(curve.risk)),
                Err(Error::InvalidArgument { argument: "epoch_step", .. }) => {
                    Ok(vec![f64::INFINITY; epochs + 1])
                }
                Err(error) => Err(error),
            };
        };
        let model = self.model(count, step)?;
        let trajectory = Trajectory::new(&model, source, noise)?.with_method(method)?;
        let curve = trajectory.averaged(&self.schedule, epochs, self.schedules, self.seed, None)?;
        let risk = curve.averages.first().map_or(&curve.risk, |average| &average.risk);
        let finite = |risk: f64| if risk < f64::MAX { risk } else { f64::INFINITY };
        Ok(risk.iter().step_by(count).copied().map(finite).collect())
    }

    /// The step farthest from a choice, towards a multiple of it, at which the risk is still good.
    fn end_of_flat(&self, best: &Tuned, multiple: f64) -> Result<f64> {
        let good = |share: f64| -> Result<bool> {
            let risk = self.with_step(best, best.epoch_step * multiple.powf(share))?.risk;
            Ok(risk <= (1.0 + FLAT) * best.risk)
        };
        let (mut inside, mut outside) = (0.0, 1.0);
        if best.epochs == 0 || good(outside)? {
            return Ok(best.epoch_step * multiple);
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (inside + outside);
            if good(middle)? { inside = middle } else { outside = middle }
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
