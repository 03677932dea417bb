//! The mean iterate of one data set, in closed form.
//!
//! Averaged over the reshufflings, one epoch is the affine map `beta -> P beta + r`, with
//! `r = alpha B Xtilde^T y / n` for batches of equal weight (Lok, Sonthalia, Rebrova, ALT 2025). Hence
//!
//! ```text
//! E beta_k = P^k beta_0 + (I + P + ... + P^{k-1}) r,
//! ```
//!
//! by one eigendecomposition of `I - P = alpha B Z` for all `k`. Where the data says nothing (the kernel
//! of `Z`, for `p > n`) both parts leave `beta_0` as it is.

use nalgebra::{DMatrix, DVector};

use super::dense;
use super::eigenvalues::symmetric_eigen;
use super::epoch::Epoch;
use crate::error::{Error, Result};

/// Eigenvalues of `I - P` or `X^T X` below this, relative to the largest, belong to the kernel.
const KERNEL: f64 = 1e-11;

/// The iterate after any number of epochs, averaged over all orders of the batches in every epoch.
///
/// ```
/// use freespectra::finite::{Batching, Entries, Epoch, MeanIterate, draw_stream, sample_features};
/// use nalgebra::DVector;
/// # fn main() -> Result<(), freespectra::Error> {
/// let features = sample_features(12, &[1.0; 3], Entries::Gaussian, &mut draw_stream(1, 0))?;
/// let batching = Batching::equal(12, 3)?;
/// let epoch = Epoch::new(&features, &batching, &[0.1; 3])?;
/// let truth = DVector::from_vec(vec![1.0, -2.0, 0.5]);
/// let mean = MeanIterate::new(&epoch, &(&features * &truth), &DVector::zeros(3))?;
/// assert!((mean.after(300)? - &truth).norm() < 1e-8); // no noise: the truth is the limit
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MeanIterate {
    /// Eigenvectors of `I - P`, and its eigenvalues.
    basis: DMatrix<f64>,
    decrements: Vec<f64>,
    /// `beta_0` and `r` in that basis.
    initial: DVector<f64>,
    offset: DVector<f64>,
}

impl MeanIterate {
    /// Descent on `targets = y` from `initial = beta_0`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the lengths are not `n` and `p`, a number is not finite, or there
    /// are more than [`EXACT_BATCHES`](super::EXACT_BATCHES) batches; [`Error::Eigenvalues`] if the
    /// epoch operator overflows.
    pub fn new(epoch: &Epoch<'_>, targets: &DVector<f64>, initial: &DVector<f64>) -> Result<Self> {
        let (samples, size) = epoch.shape();
        check_vector("targets", targets, samples)?;
        check_vector("initial", initial, size)?;
        let offset = epoch.mean_offset(&DMatrix::from_column_slice(samples, 1, targets.as_slice()))?;
        let (decrements, basis) = symmetric_eigen(&epoch.decrement()?)?;
        let initial = basis.tr_mul(initial);
        let offset = basis.tr_mul(&offset).column(0).into_owned();
        Ok(Self { basis, decrements, initial, offset })
    }

    /// `E beta_k` for `k = epochs`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than `2^31 - 1` epochs.
    pub fn after(&self, epochs: usize) -> Result<DVector<f64>> {
        let k = exponent(epochs)?;
        let coefficients = DVector::from_fn(self.decrements.len(), |i, _| {
            let y = self.decrements[i];
            (1.0 - y).powi(k) * self.initial[i] + geometric_sum(y, k) * self.offset[i]
        });
        Ok(&self.basis * coefficients)
    }

    /// The limit `Z^+ Xtilde^T y / n`, plus what `beta_0` has in the kernel of the data; `None` if the
    /// mean iterate diverges.
    pub fn limit(&self) -> Option<DVector<f64>> {
        let kernel = kernel_threshold(&self.decrements);
        let mut coefficients = self.initial.clone();
        for (i, &y) in self.decrements.iter().enumerate() {
            if y.abs() <= kernel {
                continue;
            }
            if !(0.0..2.0).contains(&y) {
                return None;
            }
            coefficients[i] = self.offset[i] / y;
        }
        Some(&self.basis * coefficients)
    }
}

/// The least squares solution next to `initial`: where full-batch gradient descent goes. For `p > n`
/// and `initial = 0` it is the minimum-norm interpolator.
///
/// # Errors
/// [`Error::InvalidArgument`] if the lengths do not match the shape of the features or a number is not
/// finite; [`Error::Eigenvalues`] if the decomposition fails.
pub fn least_squares(
    features: &DMatrix<f64>,
    targets: &DVector<f64>,
    initial: &DVector<f64>,
) -> Result<DVector<f64>> {
    check_vector("targets", targets, features.nrows())?;
    check_vector("initial", initial, features.ncols())?;
    let (values, basis) = symmetric_eigen(&dense::gram(dense::view(features), 1.0))?;
    let kernel = kernel_threshold(&values);
    let mut coefficients = basis.tr_mul(initial);
    let projected = basis.tr_mul(&features.tr_mul(targets));
    for (i, &value) in values.iter().enumerate().filter(|(_, value)| value.abs() > kernel) {
        coefficients[i] = projected[i] / value;
    }
    Ok(basis * coefficients)
}

pub(super) fn kernel_threshold(values: &[f64]) -> f64 {
    KERNEL * values.iter().fold(0.0f64, |m, value| m.max(value.abs()))
}

/// Number of epochs as the exponent of a power, which has 32 bits.
pub(crate) fn exponent(epochs: usize) -> Result<i32> {
    i32::try_from(epochs).map_err(|_| Error::argument("epochs", epochs, format!("at most {}", i32::MAX)))
}

/// Refuses curves too long to be kept.
pub(crate) fn check_curve(epochs: usize) -> Result<()> {
    const LONGEST: usize = 1_000_000;
    if epochs <= LONGEST {
        Ok(())
    } else {
        Err(Error::argument("epochs", epochs, format!("at most {LONGEST}")))
    }
}

/// `1 + (1 - y) + ... + (1 - y)^{k-1} = (1 - (1 - y)^k) / y`, without cancellation for small `y`.
pub(crate) fn geometric_sum(y: f64, k: i32) -> f64 {
    if y == 0.0 {
        f64::from(k)
    } else if y.abs() < 0.5 {
        -(f64::from(k) * (-y).ln_1p()).exp_m1() / y
    } else {
        (1.0 - (1.0 - y).powi(k)) / y
    }
}

fn check_vector(argument: &'static str, vector: &DVector<f64>, length: usize) -> Result<()> {
    if vector.len() != length {
        return Err(Error::argument(
            argument,
            format!("{} numbers", vector.len()),
            format!("{length} numbers"),
        ));
    }
    match vector.iter().find(|entry| !entry.is_finite()) {
        Some(entry) => Err(Error::argument(argument, entry, "finite numbers")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometric_sums_by_hand() {
        for y in [0.0f64, 1e-12, -0.3, 0.4, 0.7, 1.9, 2.5] {
            for k in [0, 1, 2, 7] {
                let sum: f64 = (0..k).map(|j| (1.0 - y).powi(j)).sum();
                assert!((geometric_sum(y, k) - sum).abs() <= 1e-13 * sum.abs().max(1.0), "y = {y}, k = {k}");
            }
        }
    }
}
