//! Eigenvalues of symmetric and Hermitian matrices.

use faer::Par;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::traits::ComplexField;
use faer::traits::math_utils::{is_finite, real, zero};
use nalgebra::{DMatrix, Scalar};
use num_complex::Complex64;

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

/// Eigenvalues of a Hermitian matrix, in increasing order; otherwise as [`symmetric_eigenvalues`].
///
/// # Errors
/// As for [`symmetric_eigenvalues`].
///
/// ```
/// use freespectra::finite::hermitian_eigenvalues;
/// use nalgebra::DMatrix;
/// use num_complex::Complex64;
/// # fn main() -> Result<(), freespectra::Error> {
/// let pauli = DMatrix::from_row_slice(2, 2, &[Complex64::ZERO, -Complex64::I, Complex64::I, Complex64::ZERO]);
/// let values = hermitian_eigenvalues(&pauli)?;
/// assert!((values[0] + 1.0).abs() < 1e-14 && (values[1] - 1.0).abs() < 1e-14);
/// # Ok(())
/// # }
/// ```
pub fn hermitian_eigenvalues(matrix: &DMatrix<Complex64>) -> Result<Vec<f64>> {
    decompose(matrix, None)
}

/// Eigenvalues in increasing order with an orthonormal basis of eigenvectors, in columns; otherwise as
/// [`symmetric_eigenvalues`].
pub(crate) fn symmetric_eigen(matrix: &DMatrix<f64>) -> Result<(Vec<f64>, DMatrix<f64>)> {
    let mut basis = DMatrix::zeros(matrix.nrows(), matrix.nrows());
    let values = decompose(matrix, Some(&mut basis))?;
    Ok((values, basis))
}

fn decompose<T: ComplexField<Real = f64> + Scalar>(
    matrix: &DMatrix<T>,
    basis: Option<&mut DMatrix<T>>,
) -> Result<Vec<f64>> {
    let size = matrix.nrows();
    let failure = |reason: String| Error::Eigenvalues { size, reason };
    if matrix.ncols() != size {
        return Err(failure(format!("it has {} columns", matrix.ncols())));
    }
    // The eigensolver reports success on input that is not finite.
    if matrix.iter().any(|entry| !is_finite(entry)) {
        return Err(failure("it has an entry that is not finite".to_owned()));
    }
    let mut values = vec![zero::<T>(); size];
    let wanted = if basis.is_some() { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = self_adjoint_evd_scratch::<T>(size, wanted, Par::Seq, Default::default());
    self_adjoint_evd(
        dense::view(matrix),
        DiagMut::from_slice_mut(&mut values),
        basis.map(dense::view_mut),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .map_err(|error| failure(format!("{error:?}")))?;
    Ok(values.iter().map(real).collect())
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
    fn hopping_on_a_ring_with_flux() {
        // Plane waves are eigenvectors of a circulant matrix: 2 cos(2 pi k / SIZE + FLUX).
        const SIZE: usize = 61;
        const FLUX: f64 = 0.3;
        let matrix = DMatrix::from_fn(SIZE, SIZE, |i, j| match (j + SIZE - i) % SIZE {
            1 => Complex64::from_polar(1.0, FLUX),
            d if d == SIZE - 1 => Complex64::from_polar(1.0, -FLUX),
            _ => Complex64::ZERO,
        });
        let mut exact: Vec<f64> =
            (0..SIZE).map(|k| 2.0 * (2.0 * PI * k as f64 / SIZE as f64 + FLUX).cos()).collect();
        exact.sort_by(f64::total_cmp);
        for (value, exact) in hermitian_eigenvalues(&matrix).unwrap().into_iter().zip(exact) {
            assert!((value - exact).abs() < 1e-13, "{value} against {exact}");
        }
        let nan = DMatrix::from_element(2, 2, Complex64::new(0.0, f64::NAN));
        assert!(matches!(hermitian_eigenvalues(&nan), Err(Error::Eigenvalues { .. })));
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
