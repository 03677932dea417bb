//! A random split of given rows into batches, and the steps taken on them.

use crate::error::Result;
use crate::minibatch::MiniBatch;
use crate::solver::Pencil;

/// Batches that a random permutation of the rows is cut into, with a step size for each.
///
/// ```
/// use freespectra::data::Split;
/// # fn main() -> Result<(), freespectra::Error> {
/// let split = Split::equal(4, 0.2)?;
/// assert_eq!(split.epoch_step(), 0.8);
/// let uneven = Split::uneven(&[0.5, 0.3, 0.2], &[0.1, 0.2, 0.3])?;
/// assert_eq!(uneven.batches(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The batches of a model with one feature per row, in which batch `b` has the ratio `1 / f_b`.
    model: MiniBatch,
}

impl Split {
    /// `batches` batches of the same size, with the same step size on each batch mean.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless there are from 1 to
    /// [`SYMMETRIC_LIMIT`](crate::minibatch::SYMMETRIC_LIMIT) batches and the step size is finite and positive.
    pub fn equal(batches: usize, step_size: f64) -> Result<Self> {
        let builder = MiniBatch::builder().batches(batches).aspect_ratio(1.0);
        Ok(Self { model: builder.step_size(step_size).build()? })
    }

    /// Batches with these fractions of the rows, and a step size for each.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if the numbers are not finite and positive, differ in count, the fractions
    /// do not sum to 1, or there are more than [`LATTICE_LIMIT`](crate::minibatch::LATTICE_LIMIT) batches that differ.
    pub fn uneven(fractions: &[f64], step_sizes: &[f64]) -> Result<Self> {
        let builder = MiniBatch::builder().batches(fractions.len()).aspect_ratio(1.0);
        Ok(Self { model: builder.batch_fractions(fractions).step_sizes(step_sizes).build()? })
    }

    /// Number of batches `B`.
    pub fn batches(&self) -> usize {
        self.model.batches()
    }

    /// `alpha B`: by the linear scaling rule, the step of full-batch gradient descent to compare with.
    pub fn epoch_step(&self) -> f64 {
        self.model.epoch_step()
    }

    /// Step size of each batch.
    pub fn step_sizes(&self) -> &[f64] {
        self.model.step_sizes()
    }

    /// The same batches with all step sizes in the same proportions and this epoch step.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if the step is not finite and positive, or its division ends at zero.
    pub fn with_epoch_step(&self, epoch_step: f64) -> Result<Self> {
        let factor = epoch_step / self.epoch_step();
        let steps: Vec<f64> = self.step_sizes().iter().map(|step| step * factor).collect();
        let builder = MiniBatch::builder().batches(self.batches()).aspect_ratio(1.0);
        let fractions = self.model.batch_fractions();
        // Equal fractions are left to the builder, which knows them as equal.
        let builder = if self.model.is_symmetric() { builder } else { builder.batch_fractions(fractions) };
        Ok(Self { model: builder.step_sizes(&steps).build()? })
    }

    /// Where an eigenvalue `t` of `W` would go if all `W_b` were `W`: `(1 - prod_b (1 - alpha_b t)) / (alpha B)`.
    pub fn classical(&self, t: f64) -> f64 {
        let product: f64 = self.step_sizes().iter().map(|alpha| 1.0 - alpha * t).product();
        (1.0 - product) / self.epoch_step()
    }

    /// The pencil of `P - I`, its channels with the ratios `1 / f_b`.
    pub(super) fn pencil(&self) -> Result<Pencil> {
        self.model.pencil()
    }
}
