//! Eigenvalues of symmetric matrices.

use faer::Par;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use nalgebra::DMatrix;

use super::dense;
use crate::error::{Error, Result};

/// Eigenvalues of a symmetric matrix, in increasing order.
///
/// Only the lower triangle is read. Runs on the calling thread and needs one further matrix of
/// the same size as scratch.
///
/// # Errors
/// [`Error::Eigenvalues`] if the matrix is not square, has an entry that is not finite, or the
/// iteration fails.
///
/// ```
/// use freespectra::finite::symmetric_eigenvalues;
/// use nalgebra::DMatrix;
/// # fn main() -> Result<(), freespectra::Error> {
/// let values = symmetric_eigenvalues(&DMatrix::from_row_slice(2, 2, &[2.0, 1.0, 1.0, 2.0]))?;
/// assert!((values[0] - 1.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14);
/// # Ok(())
/// # }
/// ```
pub fn symmetric_eigenvalues(matrix: &DMatrix<f64>) -> Result<Vec<f64>> {
    decompose(matrix, None)
}

/// Eigenvalues in increasing order with an orthonormal basis of eigenvectors, in columns; otherwise as
/// [`symmetric_eigenvalues`].
pub(super) fn symmetric_eigen(matrix: &DMatrix<f64>) -> Result<(Vec<f64>, DMatrix<f64>)> {
    let mut basis = DMatrix::zeros(matrix.nrows(), matrix.nrows());
    let values = decompose(matrix, Some(&mut basis))?;
    Ok((values, basis))
}

fn decompose(matrix: &DMatrix<f64>, basis: Option<&mut DMatrix<f64>>) -> Result<Vec<f64>> {
    let size = matrix.nrows();
    let failure = |reason: String| Error::Eigenvalues { size, reason };
    if matrix.ncols() != size {
        return Err(failure(format!("it has {} columns", matrix.ncols())));
    }
    // The eigensolver reports success on input that is not finite.
    if matrix.iter().any(|entry| !entry.is_finite()) {
        return Err(failure("it has an entry that is not finite".to_owned()));
    }
    let mut values = vec![0.0; size];
    let wanted = if basis.is_some() { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = self_adjoint_evd_scratch::<f64>(size, wanted, Par::Seq, Default::default());
    self_adjoint_evd(
        dense::view(matrix),
        DiagMut::from_slice_mut(&mut values),
        basis.map(dense::view_mut),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .map_err(|error| failure(format!("{error:?}")))?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn second_difference_matrix() {
        const SIZE: usize = 60;
        let matrix = DMatrix::from_fn(SIZE, SIZE, |i, j| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        for (k, value) in symmetric_eigenvalues(&matrix).unwrap().into_iter().enumerate() {
            let exact = 2.0 - 2.0 * (PI * (k + 1) as f64 / (SIZE + 1) as f64).cos();
            assert!((value - exact).abs() < 1e-13, "{k}: {value} against {exact}");
        }
        let (values, basis) = symmetric_eigen(&matrix).unwrap();
        let rebuilt = &basis * DMatrix::from_diagonal(&values.into()) * basis.transpose();
        assert!((rebuilt - matrix).amax() < 1e-13);
    }

    #[test]
    fn unusable_matrices_are_refused() {
        for matrix in [
            DMatrix::zeros(2, 3),
            DMatrix::from_element(2, 2, f64::NAN),
            DMatrix::from_element(2, 2, f64::INFINITY),
        ] {
            assert!(matches!(symmetric_eigenvalues(&matrix), Err(Error::Eigenvalues { .. })));
        }
        assert!(symmetric_eigenvalues(&DMatrix::zeros(0, 0)).unwrap().is_empty());
    }
}
