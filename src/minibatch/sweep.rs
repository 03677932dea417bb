//! Laws of models that differ a little, one after the other: a parameter that is varied, a slider that is moved.

use super::model::MiniBatch;
use crate::error::Result;
use crate::law::{SpectralLaw, Trail};
use crate::solver::SolverOptions;

/// Laws of one model after the other. The edges and the points of the last law are where the search for the next one begins, so
/// that small changes take a fraction of the work; large ones, or another number of batches, take what
/// [`MiniBatch::law`] does. What comes out is the same to the error of the laws, and as well certified.
///
/// ```
/// use freespectra::MiniBatch;
/// use freespectra::minibatch::Sweep;
/// # fn main() -> Result<(), freespectra::Error> {
/// let mut sweep = Sweep::default();
/// let first = sweep.law(&MiniBatch::builder().batches(8).epoch_step(1.0).build()?)?;
/// let next = sweep.law(&MiniBatch::builder().batches(8).epoch_step(1.02).build()?)?;
/// assert!(3 * next.certificate().evaluations < 2 * first.certificate().evaluations);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    options: SolverOptions,
    trail: Trail,
}

impl Sweep {
    /// A sweep with options for the solver.
    #[must_use]
    pub fn with_options(options: SolverOptions) -> Self {
        Self { options, trail: Trail::default() }
    }

    /// The law of `Z` of the next model.
    ///
    /// # Errors
    /// As for [`MiniBatch::law_with`].
    pub fn law(&mut self, model: &MiniBatch) -> Result<SpectralLaw> {
        model.law_along(self.options, &mut self.trail)
    }
}
