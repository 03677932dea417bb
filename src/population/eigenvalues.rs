//! The spectrum of a given covariance matrix.

use nalgebra::DMatrix;

use super::Population;
use crate::error::{Error, Result};

/// A covariance has to be symmetric to this, relative to its largest entry.
const SYMMETRY_TOLERANCE: f64 = 1e-10;

impl Population {
    /// Equal weights on the given eigenvalues.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none, one is negative or not finite, or all are 0.
    pub fn from_eigenvalues(eigenvalues: &[f64]) -> Result<Self> {
        let weight = 1.0 / eigenvalues.len().max(1) as f64;
        let atoms: Vec<_> = eigenvalues.iter().map(|&t| (t, weight)).collect();
        Self::atoms(&atoms)
    }

    /// Equal weights on the eigenvalues of a symmetric positive definite matrix.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the matrix is empty, not square, not symmetric or not
    /// positive definite.
    pub fn from_covariance(covariance: &DMatrix<f64>) -> Result<Self> {
        let (rows, columns) = covariance.shape();
        if rows == 0 || rows != columns {
            return Err(Error::argument("covariance", format!("{rows} x {columns}"), "a square matrix"));
        }
        // The maximum below ignores what is not a number.
        if covariance.iter().any(|x| !x.is_finite()) {
            return Err(Error::argument("covariance", "not finite", "a finite symmetric matrix"));
        }
        let asymmetry = (covariance - covariance.transpose()).amax();
        if asymmetry > SYMMETRY_TOLERANCE * covariance.amax() || !asymmetry.is_finite() {
            return Err(Error::argument("covariance", "not symmetric", "a finite symmetric matrix"));
        }
        Self::from_eigenvalues(covariance.symmetric_eigenvalues().as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectrum_of_a_two_by_two_matrix() {
        let population =
            Population::from_covariance(&DMatrix::from_row_slice(2, 2, &[2.0, 1.0, 1.0, 2.0])).unwrap();
        let atoms = population.as_atoms();
        approx::assert_relative_eq!(atoms[0].location, 1.0, epsilon = 1e-13);
        approx::assert_relative_eq!(atoms[1].location, 3.0, epsilon = 1e-13);
        assert!(Population::from_covariance(&DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 1.0])).is_err());
        assert!(Population::from_covariance(&DMatrix::from_row_slice(2, 2, &[1.0, 0.5, 0.0, 1.0])).is_err());
    }
}
