//! Linear first-order methods: how a step is made from the gradient of a batch.
//!
//! Along an eigenvalue `t` of the population covariance a method keeps a few numbers `z`, of which the first is the error
//! `e = beta - beta*`. The gradient of a batch is taken at a linear combination of them, and enters the next linearly:
//!
//! ```text
//! query   e_s     = q_s . z_s                            where the gradient G_s of the batch is taken
//! step    z_{s+1} = F_s(t) z_s - b_s(t) (G_s + noise)
//! ```
//!
//! Only data enter through `G_s`; `F`, `b` and `q` are known functions of the step and of `t`. Step schedules, momentum,
//! ridge and weight decay, preconditioners that commute with the covariance, and averages of the iterates are all of
//! this form, and one description of them serves predictions ([`Trajectory`](crate::minibatch::Trajectory),
//! [`Curves`](crate::data::Curves)) and runs ([`MonteCarlo`](crate::finite::MonteCarlo)).
//!
//! | | component | its part of a step |
//! |---|---|---|
//! | [`Rule`] | error and memory, such as a velocity | made by the rule, with `G + ridge (query + beta*)` for the gradient |
//! | ridge, decay, another start | `beta*`, which stays | pulls the query or the iterate towards 0 |
//! | [`Average`] | `m` | `m' = (1 - rho_s) m + rho_s e'` |
//!
//! A new kind of step is one more [`Rule`].

mod average;
mod momentum;
mod preconditioner;
mod rule;
mod step_schedule;

use std::sync::Arc;

pub use average::Average;
pub use momentum::{Momentum, Strength};
pub use preconditioner::Preconditioner;
pub use rule::{Rule, RuleStep};
pub use step_schedule::StepSchedule;

use crate::error::{Error, Result, non_negative};

/// Most averages that are followed at once.
const MOST_AVERAGES: usize = 8;

/// Where the iterates start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Start {
    /// At an initial error around `beta* = 0`, towards which ridge and decay pull.
    #[default]
    AroundZero,
    /// At `beta_0 = 0`: the initial error is `-beta*`.
    Zero,
    /// Anywhere: mean square of `beta*`, and its covariance with the initial error, along every eigenvalue and relative to
    /// the mean square of the initial error there.
    Anywhere {
        /// Mean square of `beta*`.
        square: f64,
        /// Its covariance with the initial error.
        overlap: f64,
    },
}

/// How gradient descent makes its steps. The default is plain descent with constant steps.
///
/// ```
/// use freespectra::MiniBatch;
/// use freespectra::method::{Average, Method, Momentum, StepSchedule};
/// use freespectra::minibatch::Trajectory;
/// # fn main() -> Result<(), freespectra::Error> {
/// let model = MiniBatch::builder().batches(2).aspect_ratio(0.5).step_size(0.1).build()?;
/// let method = Method::new()
///     .with_momentum(Momentum::heavy_ball(0.6)?)
///     .with_step_schedule(StepSchedule::Cosine)?
///     .with_average(Average::Tail(2))?;
/// let curve = Trajectory::new(&model, |_| 1.0, 0.1)?.with_method(method)?.along(&[0, 1, 1, 0])?;
/// assert_eq!(curve.averages[0].risk[2], curve.risk[2]); // the tail has not begun before step 2
/// assert!(curve.averages[0].risk[4] != curve.risk[4]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Method {
    rule: Arc<dyn Rule>,
    step_schedule: StepSchedule,
    ridge: f64,
    decay: f64,
    start: Start,
    preconditioner: Preconditioner,
    averages: Vec<Average>,
    gradient_noise: f64,
    label_noise: f64,
}

/// Rules are compared by what they print, functions by whether they are the same one.
impl PartialEq for Method {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |method: &Self| [method.ridge, method.decay, method.gradient_noise, method.label_noise];
        (Arc::ptr_eq(&self.rule, &other.rule) || format!("{:?}", self.rule) == format!("{:?}", other.rule))
            && numbers(self) == numbers(other)
            && (&self.step_schedule, self.start, &self.preconditioner, &self.averages)
                == (&other.step_schedule, other.start, &other.preconditioner, &other.averages)
    }
}

impl Default for Method {
    fn default() -> Self {
        Self::new()
    }
}

impl Method {
    /// Plain descent with constant steps.
    pub fn new() -> Self {
        Self {
            rule: Arc::new(Momentum::None),
            step_schedule: StepSchedule::Constant,
            ridge: 0.0,
            decay: 0.0,
            start: Start::AroundZero,
            preconditioner: Preconditioner::None,
            averages: Vec::new(),
            gradient_noise: 0.0,
            label_noise: 0.0,
        }
    }

    /// Steps with momentum.
    #[must_use]
    pub fn with_momentum(self, momentum: Momentum) -> Self {
        self.with_rule(momentum)
    }

    /// Steps by a rule of one's own, which keeps at most seven numbers besides the error.
    #[must_use]
    pub fn with_rule(mut self, rule: impl Rule + 'static) -> Self {
        self.rule = Arc::new(rule);
        self
    }

    /// Step sizes that change.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if its parameters are out of range.
    pub fn with_step_schedule(mut self, step_schedule: StepSchedule) -> Result<Self> {
        self.step_schedule = step_schedule.validate()?;
        Ok(self)
    }

    /// Adds `ridge |beta|^2 / 2` to the loss, so that its gradient goes through the rule.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is negative or not finite.
    pub fn with_ridge(mut self, ridge: f64) -> Result<Self> {
        self.ridge = non_negative("ridge", ridge)?;
        Ok(self)
    }

    /// Weight decay beside the rule: every step also takes `step decay beta` from the iterate.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is negative or not finite.
    pub fn with_decay(mut self, decay: f64) -> Result<Self> {
        self.decay = non_negative("decay", decay)?;
        Ok(self)
    }

    /// Where the iterates start, which matters with ridge or decay alone.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if square and overlap are not those of two variables, one of mean square 1.
    pub fn with_start(mut self, start: Start) -> Result<Self> {
        if let Start::Anywhere { square, overlap } = start {
            non_negative("start", square)?;
            if !overlap.is_finite() || overlap * overlap > square * (1.0 + 1e-12) {
                return Err(Error::argument(
                    "start",
                    overlap,
                    format!("an overlap of square at most {square}"),
                ));
            }
        }
        self.start = start;
        Ok(self)
    }

    /// Gradients multiplied by a function of the eigenvalue.
    #[must_use]
    pub fn with_preconditioner(mut self, preconditioner: Preconditioner) -> Self {
        self.preconditioner = preconditioner;
        self
    }

    /// One more average of the iterates to follow.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if its parameter is out of range, it is there already, or there are eight already.
    pub fn with_average(mut self, average: Average) -> Result<Self> {
        if self.averages.contains(&average) {
            return Err(Error::argument("average", average, "every average once"));
        }
        if self.averages.len() == MOST_AVERAGES {
            return Err(Error::argument("averages", MOST_AVERAGES + 1, format!("at most {MOST_AVERAGES}")));
        }
        self.averages.push(average.validate()?);
        Ok(self)
    }

    /// Noise on every gradient, isotropic of covariance `gradient_noise / p` and new at every step.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is negative or not finite.
    pub fn with_gradient_noise(mut self, gradient_noise: f64) -> Result<Self> {
        self.gradient_noise = non_negative("gradient_noise", gradient_noise)?;
        Ok(self)
    }

    /// Noise of this variance on the labels, besides theirs, drawn anew at every visit.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is negative or not finite.
    pub fn with_label_noise(mut self, label_noise: f64) -> Result<Self> {
        self.label_noise = non_negative("label_noise", label_noise)?;
        Ok(self)
    }

    /// The averages, in the order in which they were added.
    pub fn averages(&self) -> &[Average] {
        &self.averages
    }

    pub(crate) fn rule(&self) -> &dyn Rule {
        self.rule.as_ref()
    }

    pub(crate) fn step_schedule(&self) -> &StepSchedule {
        &self.step_schedule
    }

    pub(crate) fn ridge(&self) -> f64 {
        self.ridge
    }

    pub(crate) fn decay(&self) -> f64 {
        self.decay
    }

    pub(crate) fn start(&self) -> Start {
        self.start
    }

    pub(crate) fn preconditioner(&self) -> &Preconditioner {
        &self.preconditioner
    }

    pub(crate) fn gradient_noise(&self) -> f64 {
        self.gradient_noise
    }

    pub(crate) fn label_noise(&self) -> f64 {
        self.label_noise
    }

    /// Whether nothing but steps of constant size on the iterate itself are made.
    pub(crate) fn is_plain(&self) -> bool {
        self.rule.memory() == 0
            && self.step_schedule == StepSchedule::Constant
            && self.ridge == 0.0
            && self.decay == 0.0
            && self.preconditioner.is_none()
            && self.averages.is_empty()
            && self.gradient_noise == 0.0
            && self.label_noise == 0.0
    }

    /// Whether `beta*` is among the components.
    fn has_teacher(&self) -> bool {
        self.ridge > 0.0 || self.decay > 0.0
    }

    /// Number of components.
    pub(crate) fn size(&self) -> usize {
        1 + self.rule.memory() + usize::from(self.has_teacher()) + self.averages.len()
    }

    /// Components that are reported: the iterate, and the averages in their order.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = usize> + use<> {
        let size = self.size();
        std::iter::once(0).chain(size - self.averages.len()..size)
    }

    /// Components at the start, as multiples of the initial error, but for a `beta*` that is not one.
    pub(crate) fn initial(&self) -> Vec<f64> {
        let mut initial = vec![0.0; self.size()];
        self.outputs().for_each(|output| initial[output] = 1.0);
        if self.has_teacher() {
            initial[1 + self.rule.memory()] = match self.start {
                Start::AroundZero => 0.0,
                Start::Zero => -1.0,
                Start::Anywhere { overlap, .. } => overlap,
            };
        }
        initial
    }

    /// The component of `beta*`, and the mean square of the part of it that is independent of the initial error, relative to
    /// that.
    pub(crate) fn independent_teacher(&self) -> Option<(usize, f64)> {
        match self.start {
            Start::Anywhere { square, overlap } if self.has_teacher() => {
                Some((1 + self.rule.memory(), (square - overlap * overlap).max(0.0)))
            }
            _ => None,
        }
    }

    /// The weights `q_s` of the components.
    pub(crate) fn query(&self, s: usize) -> Vec<f64> {
        let mut query = vec![0.0; self.size()];
        query[0] = 1.0;
        self.rule.query(s, &mut query[..=self.rule.memory()]);
        query
    }

    /// Step `s` of `steps`, of size `step_size` before the schedule, along the eigenvalue `t`.
    pub(crate) fn linear(&self, s: usize, steps: usize, step_size: f64, t: f64) -> Linear {
        let scheduled = step_size * self.step_schedule.factor(s, steps);
        let kept = 1 + self.rule.memory();
        let mut rule = RuleStep::identity(kept);
        self.rule.step(s, scheduled * self.preconditioner.factor(t), &mut rule);
        let size = self.size();
        let mut linear = Linear { size, matrix: vec![0.0; size * size], gain: vec![0.0; size] };
        let query = self.query(s);
        for i in 0..kept {
            for (j, asked) in query.iter().enumerate().take(kept) {
                linear.matrix[i * size + j] = rule.matrix(i, j) + self.ridge * rule.gain[i] * asked;
            }
            if self.has_teacher() {
                linear.matrix[i * size + kept] = self.ridge * rule.gain[i];
            }
            linear.gain[i] = -rule.gain[i];
        }
        if self.has_teacher() {
            linear.matrix[0] -= scheduled * self.decay;
            linear.matrix[kept] -= scheduled * self.decay;
            linear.matrix[kept * size + kept] = 1.0;
        }
        for (average, m) in self.averages.iter().zip(size - self.averages.len()..) {
            let rho = average.rate(s);
            for j in 0..size {
                linear.matrix[m * size + j] = rho * linear.matrix[j];
            }
            linear.matrix[m * size + m] += 1.0 - rho;
            linear.gain[m] = rho * linear.gain[0];
        }
        linear
    }
}

/// `z' = F z - b G` along one eigenvalue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    size: usize,
    matrix: Vec<f64>,
    /// `b`.
    pub(crate) gain: Vec<f64>,
}

impl Linear {
    /// Row `i` of `F`.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.matrix[i * self.size..(i + 1) * self.size]
    }

    /// `F z`.
    pub(crate) fn apply(&self, z: &[f64]) -> Vec<f64> {
        (0..self.size).map(|i| self.row(i).iter().zip(z).map(|(f, z)| f * z).sum()).collect()
    }

    /// `z <- F z - b gradient`.
    pub(crate) fn step(&self, z: &mut [f64], gradient: f64) {
        match z {
            // Without a memory nothing has to be set aside.
            [only] => *only = self.matrix[0] * *only - self.gain[0] * gradient,
            _ => {
                let next = self.apply(z);
                for ((z, next), gain) in z.iter_mut().zip(next).zip(&self.gain) {
                    *z = next - gain * gradient;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
