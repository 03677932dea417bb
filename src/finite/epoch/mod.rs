//! One epoch of mini-batch gradient descent, averaged over the orderings of its batches.
//!
//! With `W_b = X_b^T X_b / n_b` and `M_b = I - alpha_b W_b`, the epoch operator `P` is the mean of
//! the products of all `M_b` over the `B!` orderings, and `Z = (I - P) / (B * mean alpha_b)`
//! (Lok, Sonthalia and Rebrova, ALT 2025, arXiv 2406.03696).
//!
//! One file per way to take the mean: `polarisation` (exact, for `P` and `Z`), `lattice` (exact,
//! for the effect of the batches met before a given one), `offset` (exact, for what the targets add to
//! an iterate), `orderings` (a sample of them).

mod lattice;
mod offset;
mod orderings;
mod polarisation;

use nalgebra::DMatrix;
use rand::Rng;

use super::batching::Batching;
use super::dense;
use crate::error::{Error, Result, non_negative, positive};

/// Largest number of batches for exact means, whose cost grows like `2^B`.
pub const EXACT_BATCHES: usize = 12;

/// Data, its batches and a step size per batch.
///
/// ```
/// use freespectra::finite::{Batching, Entries, Epoch, draw_stream, sample_features};
/// # fn main() -> Result<(), freespectra::Error> {
/// let features = sample_features(12, &[1.0; 5], Entries::Gaussian, &mut draw_stream(1, 0))?;
/// let batching = Batching::equal(12, 3)?;
/// let epoch = Epoch::new(&features, &batching, &[0.3; 3])?;
/// // Z is the sample cross-covariance of the features and their weighted copies.
/// let cross_covariance = features.transpose() * epoch.weighted_features()? / 12.0;
/// assert!((epoch.z()? - cross_covariance).amax() < 1e-13);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Epoch<'a> {
    features: &'a DMatrix<f64>,
    batching: &'a Batching,
    step_sizes: &'a [f64],
}

impl<'a> Epoch<'a> {
    /// Features `X` (`n x p`), their batches, and the step size `alpha_b` on the mean gradient of
    /// each batch.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `X` has `p >= 1` columns and as many rows as the batches,
    /// and there is one finite step size that is not negative per batch.
    pub fn new(features: &'a DMatrix<f64>, batching: &'a Batching, step_sizes: &'a [f64]) -> Result<Self> {
        let (rows, columns) = features.shape();
        if rows != batching.samples() || columns == 0 {
            let allowed = format!("{} x p with p >= 1, as the batches have it", batching.samples());
            return Err(Error::argument("features", format!("{rows} x {columns}"), allowed));
        }
        check_step_sizes(step_sizes, batching)?;
        Ok(Self { features, batching, step_sizes })
    }

    /// The matrix `Z = (I - P) / (B * mean alpha_b)`, `p x p`, symmetric.
    ///
    /// `I - P` is computed without forming `P`, so small step sizes lose no digits. Costs about
    /// `2^{B-1} log2(B)` products of symmetric `p x p` matrices and the memory of `B + 4` of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`EXACT_BATCHES`] batches, or if all step sizes are zero.
    pub fn z(&self) -> Result<DMatrix<f64>> {
        let total_step = self.total_step()?;
        Ok(self.decrement()? / total_step)
    }

    /// The epoch operator `P`: mean over all orderings of the product of the `M_b`; `p x p`,
    /// symmetric. Cost as for [`Epoch::z`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`EXACT_BATCHES`] batches.
    pub fn mean_operator(&self) -> Result<DMatrix<f64>> {
        let decrement = self.decrement()?;
        Ok(DMatrix::identity(decrement.nrows(), decrement.ncols()) - decrement)
    }

    /// The mean effect `Pi_b` of the batches met before batch `b`, for each `b`; `p x p`,
    /// symmetric:
    ///
    /// `Pi_b = sum_{S without b} P_S / (B * C(B-1, |S|))`,
    ///
    /// with `P_S` the mean over the orderings of the batches in `S` alone. Costs about
    /// `B 2^{B-1}` products; keeps `2 B` matrices and two levels of the lattice of subsets.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`EXACT_BATCHES`] batches.
    pub fn effects_before(&self) -> Result<Vec<DMatrix<f64>>> {
        self.check_exact()?;
        Ok(lattice::effects_before(&self.steps()))
    }

    /// The weighted features `Xtilde` (`n x p`), whose rows of batch `b` are `X_b Pi_b`.
    ///
    /// `Z = X^T Xtilde / n` holds when all samples weigh the same, `alpha_b = alpha n_b B / n`, as
    /// with equal batches and equal step sizes.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`EXACT_BATCHES`] batches.
    pub fn weighted_features(&self) -> Result<DMatrix<f64>> {
        let mut weighted = DMatrix::zeros(self.features.nrows(), self.features.ncols());
        for (rows, effect) in self.batching.rows().zip(self.effects_before()?) {
            let batch = self.features.rows(rows.start, rows.len());
            weighted.rows_mut(rows.start, rows.len()).copy_from(&(batch * effect));
        }
        Ok(weighted)
    }

    /// As [`Epoch::z`] with the mean over all orderings replaced by that over `orderings` sampled
    /// ones, each together with its reverse, so that the result is symmetric. Any number of
    /// batches.
    ///
    /// Each ordering costs `4 n p^2` operations, less where whole `p x p` products are cheaper.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `orderings` is 0 or all step sizes are zero.
    pub fn sampled_z(&self, orderings: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
        check_orderings(orderings)?;
        let batches = self.batches_and_scales();
        let total_step = self.total_step()?;
        Ok(orderings::mean_decrement(&batches, orderings, rng)? / total_step)
    }

    /// What one epoch adds to an iterate, on average over the orderings: `E beta_{k+1} = P E beta_k + r`
    /// with `r` (`p x m`) for `m` targets at once, the columns of `targets` (`n x m`). For batches of
    /// equal weight `r = alpha B Xtilde^T y / n`, but neither `Xtilde` nor any other matrix is formed.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`EXACT_BATCHES`] batches, or another number of rows.
    pub fn mean_offset(&self, targets: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        self.check_exact()?;
        if targets.nrows() != self.features.nrows() {
            let allowed = format!("{} rows, as the features have", self.features.nrows());
            return Err(Error::argument("targets", format!("{} rows", targets.nrows()), allowed));
        }
        let targets: Vec<DMatrix<f64>> =
            self.batching.rows().map(|rows| targets.rows(rows.start, rows.len()).into_owned()).collect();
        Ok(offset::mean_offset(&self.batches_and_scales(), &targets))
    }

    /// Numbers of samples `n` and of features `p`.
    pub(super) fn shape(&self) -> (usize, usize) {
        self.features.shape()
    }

    /// `I - P`.
    pub(super) fn decrement(&self) -> Result<DMatrix<f64>> {
        self.check_exact()?;
        polarisation::decrement(&self.steps())
    }

    /// `alpha_b W_b` for each batch.
    fn steps(&self) -> Vec<DMatrix<f64>> {
        self.batches_and_scales().into_iter().map(|(rows, scale)| dense::gram(rows, scale)).collect()
    }

    /// The rows `X_b` of each batch with the factor `alpha_b / n_b`.
    fn batches_and_scales(&self) -> Vec<(faer::MatRef<'a, f64>, f64)> {
        let features = dense::view(self.features);
        self.batching
            .rows()
            .zip(self.step_sizes)
            .map(|(rows, step_size)| {
                (features.subrows(rows.start, rows.len()), step_size / rows.len() as f64)
            })
            .collect()
    }

    /// `B * mean alpha_b`, by which `Z` is divided.
    fn total_step(&self) -> Result<f64> {
        positive("sum of step_sizes", self.step_sizes.iter().sum())
    }

    fn check_exact(&self) -> Result<()> {
        check_exact(self.batching)
    }
}

/// Refuses exact means of more batches than they are made for.
pub(super) fn check_exact(batching: &Batching) -> Result<()> {
    let batches = batching.batches();
    if batches <= EXACT_BATCHES {
        Ok(())
    } else {
        let allowed = format!("at most {EXACT_BATCHES} for an exact mean; sample orderings above");
        Err(Error::argument("batches", batches, allowed))
    }
}

pub(super) fn check_orderings(orderings: usize) -> Result<()> {
    if orderings > 0 { Ok(()) } else { Err(Error::argument("orderings", orderings, "at least 1")) }
}

pub(super) fn check_step_sizes(step_sizes: &[f64], batching: &Batching) -> Result<()> {
    if step_sizes.len() != batching.batches() {
        let allowed = format!("one for each of the {} batches", batching.batches());
        return Err(Error::argument("step_sizes", format!("{} numbers", step_sizes.len()), allowed));
    }
    step_sizes.iter().try_for_each(|&step_size| non_negative("step_size", step_size).map(drop))
}

/// `target += factor * source` for matrices of one shape.
fn add_scaled(target: &mut DMatrix<f64>, factor: f64, source: &DMatrix<f64>) {
    for (entry, &other) in target.as_mut_slice().iter_mut().zip(source.as_slice()) {
        *entry += factor * other;
    }
}
