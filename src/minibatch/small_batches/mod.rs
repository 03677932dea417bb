//! Very many small batches: gradient descent at a fixed epoch step `a = alpha B` as `B -> infinity`.
//!
//! Every step then moves next to nothing while the noise of an epoch stays, and time `tau` is counted in epochs. All batches of a
//! bounded number of rows have the same limit, single rows included, from which `B` batches are `O(1/B)` away. What matters is
//! the order of the rows. A row feels through the response `g` its own earlier visits, and along the eigenvalue `t`
//!
//! ```text
//! de = -a t [e + int d(s, u) e(u) du] ds + t^{1/2} dxi,    <dxi dxi> = gamma a^2 [mu(s) delta(s - s') + M(s, s')],
//! 1 + d = (1 + gamma a g mask)^{-1}
//! ```
//!
//! | order | `mask(s, u)` | |
//! |---|---|---|
//! | reshuffled every epoch | 1 if `u` is in an earlier epoch | [`Reshuffled`](SmallBatchOrder::Reshuffled) |
//! | cyclic, or shuffled once | a visit in every epoch at the same phase | [`Cyclic`](SmallBatchOrder::Cyclic) |
//! | drawn with replacement | 1 if `u < s` | [`Replacement`](SmallBatchOrder::Replacement) |
//! | one pass over the data | 0 | [`OnePass`](SmallBatchOrder::OnePass) |
//!
//! The first epoch is the same in all orders but with replacement. With replacement the mean is full-batch gradient flow and
//! the errors obey a scalar Volterra equation (Paquette, Lee, Pedregosa, Paquette, COLT 2021).

mod cyclic;
mod epoch_kernel;
mod kernels;
mod law;
mod legendre;
mod replacement;
mod reshuffling;
mod series;
mod stationary;
mod volterra;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use epoch_kernel::EpochKernel;
pub use stationary::Stationary;

use crate::error::{Error, Result, non_negative, positive};
use crate::method::{Average, Method, Start, StepSchedule};
use crate::numeric::root;
use crate::population::Population;

/// Most epochs that are followed.
const MOST_EPOCHS: usize = 200;

/// Most nodes in an epoch, and epochs that can be followed whatever the step.
const MOST_NODES: usize = 60;
pub(super) const EPOCHS_OF_ANY_STEP: usize = reshuffling::LARGEST / (MOST_NODES + 1) - 1;

/// Relative error of the step that a refusal names.
const SHARE: f64 = 1e-4;

/// Relative error of a start that is computed like everything after it.
const OF_START: f64 = 1e-8;

/// Order in which the rows are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SmallBatchOrder {
    /// A new random order in every epoch.
    Reshuffled,
    /// The same order in every epoch, random or not.
    Cyclic,
    /// Every batch drawn from all rows.
    Replacement,
    /// Rows never come back.
    OnePass,
}

impl fmt::Display for SmallBatchOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reshuffled => "reshuffle",
            Self::Cyclic => "cyclic",
            Self::Replacement => "replacement",
            Self::OnePass => "one-pass",
        })
    }
}

impl FromStr for SmallBatchOrder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "reshuffle" => Ok(Self::Reshuffled),
            "cyclic" | "once" => Ok(Self::Cyclic),
            "replacement" => Ok(Self::Replacement),
            "one-pass" => Ok(Self::OnePass),
            _ => {
                let allowed = "reshuffle, cyclic, once, replacement or one-pass with infinitely many batches";
                Err(Error::argument("schedule", format!("{text:?}"), allowed))
            }
        }
    }
}

/// A population eigenvalue, its mass, and the mean square of the initial error.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Atom {
    t: f64,
    mass: f64,
    source: f64,
}

/// Step of an epoch as a function of time in epochs.
type EpochStep = Arc<dyn Fn(f64) -> f64 + Send + Sync>;

/// Gradient descent in infinitely many batches.
///
/// ```
/// use freespectra::Population;
/// use freespectra::minibatch::{SmallBatchOrder, SmallBatches};
/// # fn main() -> Result<(), freespectra::Error> {
/// let limit = SmallBatches::new(&Population::identity(), 0.5, 1.0, |_| 1.0, 0.3)?;
/// let curve = limit.curve(SmallBatchOrder::Reshuffled, 2)?;
/// assert!((curve.risk[1] - 0.300817144134).abs() < 1e-9);
/// assert!((curve.risk[2] - 0.230721124183).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SmallBatches {
    population: Population,
    atoms: Vec<Atom>,
    aspect_ratio: f64,
    /// Step of an epoch that momentum has made larger, and the one that was given.
    epoch_step: f64,
    given_step: f64,
    noise: f64,
    step: Option<EpochStep>,
    method: Method,
}

/// Errors at the ends of epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SmallBatchCurve {
    /// Times, in epochs, 0 included.
    pub epochs: Vec<f64>,
    /// Excess risk.
    pub risk: Vec<f64>,
    /// Training error, where it is known: not for one pass, which keeps no rows.
    pub train: Option<Vec<f64>>,
    /// Mean over the eigenvalues of the response to the initial error, averaged over the orders, if it is that of the order.
    pub mean: Option<Vec<f64>>,
    /// Excess risk of the mean of all iterates up to these times, if the method asks for it.
    pub average_risk: Option<Vec<f64>>,
}

impl SmallBatches {
    /// Descent with the given step of an epoch from an initial error whose mean square along population eigenvalue `t` is
    /// `source(t) / p` per dimension, with label noise of variance `noise`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if ratio or step are not positive, or noise or source are negative; or not finite.
    pub fn new(
        population: &Population,
        aspect_ratio: f64,
        epoch_step: f64,
        source: impl Fn(f64) -> f64,
        noise: f64,
    ) -> Result<Self> {
        let atoms = population.as_atoms().iter().map(|atom| {
            let source = non_negative("source", source(atom.location))?;
            Ok(Atom { t: atom.location, mass: atom.mass, source })
        });
        Ok(Self {
            population: population.clone(),
            atoms: atoms.collect::<Result<_>>()?,
            aspect_ratio: positive("aspect_ratio", aspect_ratio)?,
            epoch_step: positive("epoch_step", epoch_step)?,
            given_step: epoch_step,
            noise: non_negative("noise", noise)?,
            step: None,
            method: Method::new(),
        })
    }

    /// Step of an epoch as a function of the time in epochs, a factor of the step given before. Values that are not finite or
    /// negative count as 0.
    #[must_use]
    pub fn with_step_function(mut self, factor: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        self.step = Some(Arc::new(move |time| {
            let factor = factor(time);
            if factor.is_finite() { factor.max(0.0) } else { 0.0 }
        }));
        self
    }

    /// Ridge, another start, a preconditioner, constant momentum (which acts as a step larger by `1 / (1 - momentum)`), and the
    /// mean of all iterates. Step schedules are [functions of time](SmallBatches::with_step_function) here, but for the cosine.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for what has no limit, or none that is known.
    pub fn with_method(mut self, method: Method) -> Result<Self> {
        method.preconditioner().check(self.atoms.iter().map(|atom| atom.t))?;
        let refused = |argument, value: String, allowed| Err(Error::argument(argument, value, allowed));
        match method.step_schedule() {
            StepSchedule::Constant | StepSchedule::Cosine => {}
            other => {
                let allowed =
                    "constant or cosine with infinitely many batches, in which steps are not counted";
                return refused("step_schedule", other.to_string(), allowed);
            }
        }
        let unknown = [
            ("gradient_noise", method.gradient_noise()),
            ("label_noise", method.label_noise()),
            ("decay", method.decay()),
        ];
        if let Some((argument, value)) = unknown.into_iter().find(|(_, value)| *value > 0.0) {
            return refused(argument, value.to_string(), "0 with infinitely many batches");
        }
        if let Some(average) = method.averages().iter().find(|average| **average != Average::Polyak) {
            let allowed = "polyak with infinitely many batches, in which iterates are not counted";
            return refused("average", average.to_string(), allowed);
        }
        if method.rule().memory() > 0 {
            let Some(gain) = method.rule().settled_gain() else {
                let allowed = "a constant one with infinitely many batches";
                return refused("momentum", "one that grows".to_owned(), allowed);
            };
            self.epoch_step = self.given_step * gain;
        }
        self.method = method;
        Ok(self)
    }

    /// The step of an epoch of `epochs` at the times.
    fn step_at(&self, epochs: usize) -> impl Fn(f64) -> f64 + '_ {
        let cosine = *self.method.step_schedule() == StepSchedule::Cosine;
        move |time| {
            let factor = match (&self.step, cosine) {
                (Some(step), _) => step(time),
                (None, true) => {
                    0.5 * (1.0 + (std::f64::consts::PI * time.min(epochs as f64) / epochs as f64).cos())
                }
                (None, false) => 1.0,
            };
            self.epoch_step * factor
        }
    }

    /// Whether the step is constant and nothing but plain descent is done.
    fn check_plain(&self, order: SmallBatchOrder) -> Result<()> {
        let plain = self.step.is_none()
            && *self.method.step_schedule() == StepSchedule::Constant
            && self.method.ridge() == 0.0
            && self.method.preconditioner().is_none()
            && self.method.averages().is_empty();
        if plain {
            return Ok(());
        }
        let allowed =
            "reshuffle for step schedules, ridge, preconditioners and averages of infinitely many batches";
        Err(Error::argument("schedule", order.to_string(), allowed))
    }

    /// Covariance of initial error and `beta*`, relative to the mean square of the former.
    fn start(&self) -> [[f64; 2]; 2] {
        let (square, overlap) = match self.method.start() {
            Start::AroundZero => (0.0, 0.0),
            Start::Zero => (1.0, -1.0),
            Start::Anywhere { square, overlap } => (square, overlap),
        };
        [[1.0, overlap], [overlap, square]]
    }

    /// Excess risk at the start.
    fn initial_risk(&self) -> f64 {
        self.atoms.iter().map(|atom| atom.mass * atom.t * atom.source).sum()
    }

    fn largest_eigenvalue(&self) -> f64 {
        self.atoms.iter().fold(0.0, |m, atom| atom.t.max(m))
    }

    /// Gauss nodes in an epoch that are enough for ten digits of errors that fall or grow.
    fn nodes(&self) -> usize {
        let factor = self
            .atoms
            .iter()
            .map(|atom| (atom.t + self.method.ridge()) * self.method.preconditioner().factor(atom.t));
        let rate = (self.epoch_step * factor.fold(0.0, f64::max)).max(self.growth());
        10 + (1.5 * rate).ceil().min(100.0) as usize
    }

    /// Rate at which the errors of one pass grow: `gamma a^2 int t^2 / (lambda + 2 a t) dH = 1`, or 0 if they fall.
    fn growth(&self) -> f64 {
        let scaled = |atom: &Atom| self.epoch_step * atom.t * self.method.preconditioner().factor(atom.t);
        let load = |growth: f64| {
            let terms = self.atoms.iter().filter(|atom| atom.t > 0.0).map(|atom| {
                let rate = scaled(atom);
                self.aspect_ratio * atom.mass * rate * rate / (growth + 2.0 * rate)
            });
            terms.sum::<f64>() - 1.0
        };
        let most: f64 =
            self.atoms.iter().map(|atom| self.aspect_ratio * atom.mass * scaled(atom).powi(2)).sum();
        let ends = [0.0, most].map(|growth| (growth, load(growth)));
        if ends[0].1 <= 0.0 {
            return 0.0;
        }
        root::between(ends, 1e-6, |growth| Ok(load(growth))).unwrap_or(most)
    }

    /// Errors at the ends of `epochs` epochs.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no epoch or more than 200, if an epoch changes so much that it would take more than
    /// 60 nodes, if the errors are lost in rounding or overflow, or if the method goes beyond plain descent in another order than
    /// reshuffling.
    pub fn curve(&self, order: SmallBatchOrder, epochs: usize) -> Result<SmallBatchCurve> {
        if !(1..=MOST_EPOCHS).contains(&epochs) {
            return Err(Error::argument("epochs", epochs, format!("in 1..={MOST_EPOCHS}")));
        }
        if self.nodes() > MOST_NODES {
            return Err(self.too_large("errors change by less than a factor exp(33) in an epoch", |model| {
                model.nodes() <= MOST_NODES
            }));
        }
        if order != SmallBatchOrder::Reshuffled {
            self.check_plain(order)?;
        }
        let curve = match order {
            SmallBatchOrder::Reshuffled => reshuffling::curve(self, epochs),
            SmallBatchOrder::Cyclic => cyclic::curve(self, epochs),
            SmallBatchOrder::Replacement => replacement::curve(self, epochs),
            SmallBatchOrder::OnePass => volterra::one_pass(self, epochs),
        }?;
        self.checked(curve)
    }

    /// The curve if it starts where it must and what comes after can be mean squares, without what rounding leaves below 0.
    fn checked(&self, mut curve: SmallBatchCurve) -> Result<SmallBatchCurve> {
        let (start, epochs) = (self.initial_risk(), curve.risk.len() - 1);
        let rounding = OF_START * (start + self.noise);
        let SmallBatchCurve { risk, train, average_risk, .. } = &mut curve;
        let mut wrong = epochs + 1;
        for (values, start) in
            [(Some(risk), start), (train.as_mut(), start + self.noise), (average_risk.as_mut(), start)]
        {
            let Some(values) = values else { continue };
            if f64::abs(values[0] - start) > rounding {
                return Err(self.exploded());
            }
            let is_wrong = |value: &f64| !value.is_finite() || *value < -rounding;
            wrong = wrong.min(values.iter().position(is_wrong).unwrap_or(wrong));
            values.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        match wrong {
            0 | 1 => Err(self.exploded()),
            _ if wrong <= epochs => {
                let allowed = format!("at most {}: from then on the errors overflow", wrong - 1);
                Err(Error::argument("epochs", epochs, allowed))
            }
            _ => Ok(curve),
        }
    }

    /// Errors that cannot be followed.
    fn exploded(&self) -> Error {
        let allowed =
            format!("a step at which the errors do not explode, as up to {}", self.stability_step());
        Error::argument("epoch_step", self.given_step, allowed)
    }

    /// The refusal of a step that is too large for something, with one that is not.
    fn too_large(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Error {
        let with = |share: f64| Self { epoch_step: self.epoch_step * share, ..self.clone() };
        let mut shares = [0.5, 1.0];
        while shares[0] > f64::EPSILON && !holds(&with(shares[0])) {
            shares = [0.5 * shares[0], shares[0]];
        }
        while shares[1] - shares[0] > SHARE * shares[0] {
            let middle = 0.5 * (shares[0] + shares[1]);
            shares[usize::from(!holds(&with(middle)))] = middle;
        }
        // Three digits, rounded down.
        let step = shares[0] * self.given_step;
        let digits = 10f64.powf(2.0 - step.log10().floor());
        let allowed = format!("at most {}, so that {what}", (step * digits).floor() / digits);
        Error::argument("epoch_step", self.given_step, allowed)
    }

    /// The epoch step beyond which the second moments of single runs grow, in any order:
    /// `a* = 2 / (gamma int t P(t) dH)`, times `1 - momentum`.
    ///
    /// A step on a row multiplies one direction by `1 - alpha |x|^2`, and all `|x|^2` are `p int t dH`.
    pub fn stability_step(&self) -> f64 {
        self.largest_step() / self.gain()
    }

    /// By how much momentum makes steps larger. The step of an epoch has it in it, [`SmallBatches::stability_step`] has not.
    fn gain(&self) -> f64 {
        if self.method.rule().memory() > 0 { self.method.rule().settled_gain().unwrap_or(1.0) } else { 1.0 }
    }

    /// The threshold of steps that momentum has made larger.
    fn largest_step(&self) -> f64 {
        let factor = self.method.preconditioner();
        let mean: f64 = self.atoms.iter().map(|atom| atom.mass * atom.t * factor.factor(atom.t)).sum();
        2.0 / (self.aspect_ratio * mean)
    }
}
