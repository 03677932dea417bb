//! The error of the iterates of gradient descent, step by step, for any order of the batches.
//!
//! Unlike the mean iterate, the iterates of one run feel that the data they have met comes back. In
//! the proportional limit the error along a population eigenvalue `t` is a Gaussian process with
//! memory,
//!
//! ```text
//! e_{s+1} = e_s - t alpha sum_l D[k, l] e_{tau_l} + t^{1/2} xi_s      (plain descent; in general a Method),
//! ```
//!
//! whose memory kernel `D` and noise `xi` come from a pencil that is triangular in time: one pass
//! forward computes both, without iteration. Excess risk `E |Sigma^{1/2} (beta_s - beta*)|^2` and
//! training error `|y - X beta_s|^2 / n` follow at every step. This is the solution of the
//! matrix-valued Silverstein equation of the [solver](crate::solver) for the doubled pencil of a
//! trajectory, in the style of dynamical mean-field theory (compare Gerbelot, Troiani, Mignacco,
//! Krzakala, Zdeborova, SIAM J. Math. Data Sci. 6, 2024).

pub(crate) mod average;
pub(crate) mod compress;
pub(crate) mod mirror;
pub(crate) mod node;
pub(crate) mod pass;
pub(crate) mod population;
pub(crate) mod redrawn;
mod test_covariance;

use serde::{Deserialize, Serialize};

use super::model::MiniBatch;
use crate::error::{Error, Result, non_negative};
use crate::finite::Partition;
use crate::method::{Method, Start};

pub use average::{AveragedCurve, AveragedOutput, Averaging};
pub use test_covariance::TestCovariance;

/// Memory that one pass may take, bytes: half of what a large workstation has.
pub(crate) const MEMORY_LIMIT: usize = GIBIBYTES << 30;

/// Half of what can be addressed at all, where that is less than 16 GiB.
const GIBIBYTES: usize = if usize::BITS > 34 { 16 } else { 2 };

/// What is said to those who would take more.
pub(crate) fn memory_allowed() -> String {
    format!("few enough for tables of at most {GIBIBYTES} GiB")
}

/// Population eigenvalue with its weight and the mean square `c_0(t)` of the initial error.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Atom {
    eigenvalue: f64,
    mass: f64,
    source: f64,
}

/// One batch: ratio `c = p / n_b`, fraction `n_b / n` and step size.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Batch {
    ratio: f64,
    fraction: f64,
    step_size: f64,
}

/// Gradient descent in the proportional limit, with its initial error and label noise.
///
/// ```
/// use freespectra::MiniBatch;
/// use freespectra::minibatch::Trajectory;
/// # fn main() -> Result<(), freespectra::Error> {
/// let model = MiniBatch::builder().batches(2).aspect_ratio(0.5).step_size(0.3).build()?;
/// let trajectory = Trajectory::new(&model, |_| 1.0, 0.1)?;
/// let curve = trajectory.along(&[0, 1, 1, 0])?;
/// assert_eq!(curve.risk.len(), 5);
/// // The first step sees fresh data: risk (1 - alpha)^2 + c alpha^2 (1 + noise), c = p / n_b = 1.
/// assert!((curve.risk[1] - (0.49 + 0.09 * 1.1)).abs() < 1e-14);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    directions: Vec<Atom>,
    batches: Vec<Batch>,
    noise: f64,
    partition: Partition,
    method: Method,
    test: Option<TestCovariance>,
}

/// Risk and training error after every step, the start included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorCurve {
    /// Excess risk `E |Sigma^{1/2} (beta_s - beta*)|^2`, `s = 0, 1, ...`.
    pub risk: Vec<f64>,
    /// Training error `|y - X beta_s|^2 / n`.
    pub train: Vec<f64>,
    /// Risk under [another covariance](Trajectory::with_test_covariance); empty if there is none.
    #[serde(default)]
    pub test_risk: Vec<f64>,
    /// The same of the averages that the method follows.
    #[serde(default)]
    pub averages: Vec<OutputCurve>,
    /// First step whose numbers are beyond 1e100. From there on all curves are [`f64::MAX`].
    pub diverged: Option<usize>,
}

/// Error curves of an average of the iterates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OutputCurve {
    /// Excess risk.
    pub risk: Vec<f64>,
    /// Training error.
    pub train: Vec<f64>,
    /// Risk under another covariance; empty if there is none.
    pub test_risk: Vec<f64>,
}

impl Trajectory {
    /// Descent with the batches and step sizes of `model` from an initial error `e_0 = beta_0 - beta*`
    /// whose mean square along population eigenvalue `t` is `source(t) / p` per dimension, with
    /// label noise of variance `noise`.
    ///
    /// The excess risk at step 0 is `int t source(t) dH(t)`. For `|e_0|^2 = r^2` spread evenly over all
    /// directions `source` is the constant `r^2`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the noise or a value of the source is negative or not finite.
    pub fn new(model: &MiniBatch, source: impl Fn(f64) -> f64, noise: f64) -> Result<Self> {
        non_negative("noise", noise)?;
        let directions = model
            .population()
            .as_atoms()
            .iter()
            .map(|atom| {
                let source = non_negative("source", source(atom.location))?;
                Ok(Atom { eigenvalue: atom.location, mass: atom.mass, source })
            })
            .collect::<Result<_>>()?;
        let batches = model
            .batch_fractions()
            .iter()
            .zip(model.step_sizes())
            .map(|(&fraction, &step_size)| Batch {
                ratio: model.aspect_ratio() / fraction,
                fraction,
                step_size,
            })
            .collect();
        Ok(Self {
            directions,
            batches,
            noise,
            partition: Partition::Fixed,
            method: Method::new(),
            test: None,
        })
    }

    /// Other step sizes, one per batch; zero is allowed.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless there is one finite step size that is not negative per batch.
    pub fn with_step_sizes(mut self, step_sizes: &[f64]) -> Result<Self> {
        if step_sizes.len() != self.batches.len() {
            let allowed = format!("one for each of the {} batches", self.batches.len());
            return Err(Error::argument("step_sizes", format!("{} numbers", step_sizes.len()), allowed));
        }
        for (batch, &step_size) in self.batches.iter_mut().zip(step_sizes) {
            batch.step_size = non_negative("step_sizes", step_size)?;
        }
        Ok(self)
    }

    /// Another lifetime of the split into batches, which otherwise are kept for ever.
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = partition;
        self
    }

    /// Another method than plain descent.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if its preconditioner is negative or not finite along an eigenvalue.
    pub fn with_method(mut self, method: Method) -> Result<Self> {
        method.preconditioner().check(self.directions.iter().map(|atom| atom.eigenvalue))?;
        self.method = method;
        Ok(self)
    }

    /// Also the risk on features with another covariance. The error on labels with their noise is that plus the variance of
    /// the noise.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is not made for the eigenvalues of the population, or holds numbers that are not finite.
    pub fn with_test_covariance(mut self, covariance: TestCovariance) -> Result<Self> {
        self.test = Some(covariance.validate(self.directions.len())?);
        Ok(self)
    }

    /// Number of batches.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// Memory of one pass along the given batches, bytes: two tables of `(steps + 1)^2` numbers for each
    /// population eigenvalue, and `visits^2` numbers for each batch, or `3 steps^2` if the rows are split anew.
    pub fn bytes(&self, steps: &[usize]) -> usize {
        let mut visits = vec![0usize; self.batches.len()];
        if self.partition != Partition::Fixed {
            visits = vec![steps.len(); 3];
        }
        for &batch in steps.iter().filter(|_| self.partition == Partition::Fixed) {
            if let Some(visits) = visits.get_mut(batch) {
                *visits += 1;
            }
        }
        let square = |side: usize| side.saturating_mul(side);
        let tables = square(steps.len().saturating_add(1)).saturating_mul(2 * self.directions.len());
        let memories = visits.into_iter().map(square).fold(0, usize::saturating_add);
        tables.saturating_add(memories).saturating_mul(size_of::<f64>())
    }

    /// Risk and training error along the given batches, one per step.
    ///
    /// Costs about `steps^2 visits / 2` multiplications for each population eigenvalue, `visits` being
    /// how often a batch comes back; that is `steps` if the rows are split anew.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a batch does not exist, the pass would need more than 16 GiB, or the rows
    /// are split anew every epoch and an epoch visits a batch twice.
    pub fn along(&self, steps: &[usize]) -> Result<ErrorCurve> {
        if let Some(batch) = steps.iter().find(|&&batch| batch >= self.batches.len()) {
            let allowed = format!("batches in 0..{}", self.batches.len());
            return Err(Error::argument("schedule", format!("batch {batch}"), allowed));
        }
        if self.partition == Partition::Fresh {
            self.check_epochs(steps)?;
        }
        if self.bytes(steps) > MEMORY_LIMIT {
            let allowed = memory_allowed();
            return Err(Error::argument("steps", steps.len(), allowed));
        }
        if matches!(self.test, Some(TestCovariance::General { .. }))
            && matches!(self.method.start(), Start::Anywhere { .. })
        {
            let allowed = "a start at or around zero with a test covariance that does not commute";
            return Err(Error::argument("start", "anywhere", allowed));
        }
        population::error_curve(self, steps)
    }

    /// Checks that no epoch visits a batch twice.
    fn check_epochs(&self, steps: &[usize]) -> Result<()> {
        for (epoch, steps) in steps.chunks(self.batches()).enumerate() {
            let mut met = vec![false; self.batches()];
            for &batch in steps {
                if std::mem::replace(&mut met[batch], true) {
                    let value = format!("batch {batch} twice in epoch {}", epoch + 1);
                    let allowed = "every batch at most once while a split lasts";
                    return Err(Error::argument("schedule", value, allowed));
                }
            }
        }
        Ok(())
    }
}
