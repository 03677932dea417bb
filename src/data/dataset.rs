//! What predictions need of a data set.

use faer::MatRef;
use nalgebra::DMatrix;
use serde::Serialize;

use super::certificate::Certificate;
use super::columns::{Column, Preparation};
use super::decomposition::decompose;
use super::rows::{Matrix, RowMajor, Rows};
use crate::error::{Error, Result, non_negative};

/// Fourth moment of a direction that is spread over the rows like a Gaussian vector.
pub(super) const GAUSSIAN: f64 = 3.0;

/// A data set as the predictions see it: the spectrum of `W = X^T X / n`, the squares of the target along
/// the left singular vectors of `X`, and the leverages of the rows. Memory is that of `min(n, p)^2`
/// numbers while it is made, and of `min(n, p)` afterwards.
///
/// ```
/// use freespectra::data::{Dataset, Preparation};
/// # fn main() -> Result<(), freespectra::Error> {
/// let features = [1.0, 0.0, /**/ 0.0, 2.0, /**/ 1.0, 0.0];
/// let data = Dataset::from_row_major(&features, 2, Some(&[1.0, 3.0, 1.0]), Preparation::default())?;
/// let [small, large] = *data.eigenvalues() else { panic!("rank 2") };
/// assert!((small - 2.0 / 3.0).abs() < 1e-15 && (large - 4.0 / 3.0).abs() < 1e-15);
/// // y lies in the column space: nothing is left in the kernel of X X^T.
/// let target = data.target().expect("a target was given");
/// assert!((target.squares[0] - 2.0).abs() < 1e-14 && (target.squares[1] - 9.0).abs() < 1e-14);
/// assert!(target.kernel < 1e-14);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dataset {
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
    pub(super) target_column: Column,
    pub(super) eigenvalues: Vec<f64>,
    pub(super) target: Option<Target>,
    pub(super) leverages: Vec<(f64, f64)>,
    pub(super) certificate: Certificate,
    /// Largest `|x_i|^2`.
    pub(super) largest_row: f64,
    /// `nu` of the certificate for each direction, of the rows as they are.
    pub(super) fourth_moments: Vec<f64>,
}

/// The target `y` in the basis of the left singular vectors `u_i` of `X`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Target {
    /// `(u_i^T y)^2`, one for each nonzero eigenvalue of `W`, in the same order.
    pub squares: Vec<f64>,
    /// What is left of `|y|^2`: the part that no linear function of the features fits.
    pub kernel: f64,
}

impl Dataset {
    /// From any source of rows, which is read two times: once for `W`, once for the leverages; and
    /// once before if columns are to be centred or scaled. With fewer rows than features the rows are kept
    /// until their Gram matrix is made.
    ///
    /// # Errors
    /// Those of the source; [`Error::InvalidArgument`] with row and column, counted from 1, for rows of
    /// unequal length and numbers that are not finite, if there are no rows, or if both rows and features
    /// are too many for a Gram matrix in memory; [`Error::Eigenvalues`] if squares overflow.
    pub fn from_rows(rows: &dyn Rows, preparation: Preparation) -> Result<Self> {
        decompose(rows, preparation)
    }

    /// From a slice with the features of one row after another.
    ///
    /// # Errors
    /// As for [`RowMajor::new`] and [`Dataset::from_rows`].
    pub fn from_row_major(
        features: &[f64],
        columns: usize,
        targets: Option<&[f64]>,
        preparation: Preparation,
    ) -> Result<Self> {
        Self::from_rows(&RowMajor::new(features, columns, targets)?, preparation)
    }

    /// From a matrix of nalgebra, `n x p`.
    ///
    /// # Errors
    /// As for [`Dataset::from_rows`]; also unless there is one target for each row.
    pub fn from_nalgebra(
        features: &DMatrix<f64>,
        targets: Option<&[f64]>,
        preparation: Preparation,
    ) -> Result<Self> {
        Self::from_rows(&Matrix::nalgebra(features, targets)?, preparation)
    }

    /// From a matrix of faer, `n x p`.
    ///
    /// # Errors
    /// As for [`Dataset::from_rows`]; also unless there is one target for each row.
    pub fn from_faer(
        features: MatRef<'_, f64>,
        targets: Option<&[f64]>,
        preparation: Preparation,
    ) -> Result<Self> {
        Self::from_rows(&Matrix::new(features, targets)?, preparation)
    }

    /// From the spectrum alone: eigenvalues of `X^T X / n`, of `X X^T / n`, or the nonzero ones only, and the
    /// square of the target along each. Those along eigenvalues 0 go to the kernel. The rows are
    /// taken to be alike.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no row or no feature, a number is negative or not finite,
    /// there are more nonzero eigenvalues than rows or features, or not as many squares as eigenvalues.
    pub fn from_spectrum(
        rows: usize,
        features: usize,
        eigenvalues: &[f64],
        squares: Option<&[f64]>,
    ) -> Result<Self> {
        if rows == 0 || features == 0 {
            return Err(Error::argument("shape", format!("{rows} x {features}"), "at least 1 x 1"));
        }
        if let Some(squares) = squares.filter(|squares| squares.len() != eigenvalues.len()) {
            let allowed = format!("one for each of the {} eigenvalues", eigenvalues.len());
            return Err(Error::argument("squares", format!("{} numbers", squares.len()), allowed));
        }
        let mut target = squares.map(|_| Target { squares: Vec::new(), kernel: 0.0 });
        let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
        order.sort_by(|&i, &j| eigenvalues[i].total_cmp(&eigenvalues[j]));
        let mut nonzero = Vec::with_capacity(order.len());
        for i in order {
            if non_negative("eigenvalues", eigenvalues[i])? > 0.0 {
                nonzero.push(eigenvalues[i]);
            }
            if let (Some(target), Some(squares)) = (&mut target, squares) {
                let square = non_negative("squares", squares[i])?;
                if eigenvalues[i] > 0.0 {
                    target.squares.push(square);
                } else {
                    target.kernel += square;
                }
            }
        }
        if nonzero.len() > rows.min(features) {
            let value = format!("{} that are not 0", nonzero.len());
            return Err(Error::argument("eigenvalues", value, format!("at most {}", rows.min(features))));
        }
        let nonzero_sum = nonzero.iter().sum();
        let fourth_moments = vec![GAUSSIAN; nonzero.len()];
        Ok(Self {
            rows,
            columns: vec![Column::AS_IT_IS; features],
            target_column: Column::AS_IT_IS,
            eigenvalues: nonzero,
            target,
            leverages: vec![(1.0, 1.0)],
            certificate: Certificate::of_equal_rows(),
            // The mean of |x_i|^2 is the trace of W.
            largest_row: nonzero_sum,
            fourth_moments,
        })
    }

    /// The same spectrum with a target along all directions alike: the step at which its runs diverge is that of the features.
    ///
    /// # Errors
    /// As for [`Dataset::from_spectrum`].
    pub fn spread_out(&self) -> Result<Self> {
        Self::from_spectrum(self.rows(), self.features(), self.eigenvalues(), Some(&vec![1.0; self.rank()]))
    }

    /// Number of rows `n`.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of features `p`.
    pub fn features(&self) -> usize {
        self.columns.len()
    }

    /// `p / n`.
    pub fn aspect_ratio(&self) -> f64 {
        self.features() as f64 / self.rows as f64
    }

    /// The nonzero eigenvalues of `W = X^T X / n`, in increasing order. Eigenvalues below rounding of the
    /// largest one count as 0.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// Number of nonzero eigenvalues.
    pub fn rank(&self) -> usize {
        self.eigenvalues.len()
    }

    /// Largest eigenvalue of `W`, 0 if all are.
    pub fn largest_eigenvalue(&self) -> f64 {
        self.eigenvalues.last().copied().unwrap_or(0.0)
    }

    /// The target, if the data has one.
    pub fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// Histogram of the sizes `h` of the rows, mean 1, as pairs of value and weight: at most 40, in
    /// increasing order. A row counts as `h^{1/2}` times a row like all others; `h` is read off its
    /// ridge leverage.
    pub fn leverages(&self) -> &[(f64, f64)] {
        &self.leverages
    }

    /// Whether the rows are alike enough for the predictions.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The step size on the mean gradient of a batch beyond which heavy rows make runs diverge. No prediction that takes
    /// rows for alike knows of it. It is the smallest of
    ///
    /// ```text
    /// 2 m / max |x_i|^2                                             the largest row overshoots in its batch
    /// 2 / (t_j (1 + (nu_j - 1) (n - m) / (m (n - 1))))              E (1 - alpha v_j^T W_b v_j)^2 > 1 along direction j
    /// ```
    ///
    /// with `m` rows in the smallest batch `W_b` and the fourth moments `nu_j = n sum_i u_ij^4` of the directions `v_j` of
    /// `W`. Rows of a rare feature are of one direction and add up where they meet in a batch, orthogonal ones do
    /// not. Below it the mean square along a direction never grows, so that over a run of any length it exceeds `c` times
    /// its start with a probability of at most `1 / c`.
    pub fn row_step(&self, batches: usize) -> f64 {
        let n = self.rows as f64;
        let m = (self.rows / batches.max(1)).max(1) as f64;
        // Variance of a mean of m out of n numbers, relative to that of a single one.
        let variance = if self.rows > 1 { (n - m) / (m * (n - 1.0)) } else { 0.0 };
        let directions = self.eigenvalues.iter().zip(&self.fourth_moments);
        let steps = directions.map(|(t, moment)| 2.0 / (t * (1.0 + (moment - 1.0) * variance)));
        steps.fold(2.0 * m / self.largest_row, f64::min)
    }

    /// What was done to each column.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What was done to the target.
    pub fn target_column(&self) -> Column {
        self.target_column
    }
}
