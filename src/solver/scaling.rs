//! Scales of rows and columns that make the entries of a symmetric matrix comparable, and the sign of matrices that have them.

use nalgebra::DMatrix;

/// Sweeps over the rows that bring their largest entries near 1.
const EQUILIBRATION_SWEEPS: usize = 4;

/// Scales of the rows of a symmetric matrix in which the largest entry of every row is about 1.
pub(crate) fn equilibrate(scales: &mut [f64], magnitude: impl Fn(usize, usize) -> f64) {
    scales.fill(1.0);
    for _ in 0..EQUILIBRATION_SWEEPS {
        for i in 0..scales.len() {
            let largest = (0..scales.len()).fold(0.0f64, |m, j| m.max(magnitude(i, j) / scales[j]));
            // The geometric mean of the old and the new scale: a step that does not overshoot.
            if largest.is_normal() {
                scales[i] = (scales[i] * largest).sqrt();
            }
        }
    }
}

/// Whether a symmetric matrix is positive definite up to `slack`, relative to its entries where they are larger than 1: next
/// to a pole all of them are.
pub(crate) fn is_definite(size: usize, slack: f64, entry: impl Fn(usize, usize) -> f64) -> bool {
    let largest = (0..size).fold(1.0, |m: f64, i| m.max(entry(i, i).abs()));
    let shifted = |i: usize, j: usize| entry(i, j) + if i == j { slack * largest } else { 0.0 };
    DMatrix::from_fn(size, size, shifted).cholesky().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_rank_one_is_definite_up_to_rounding_whatever_its_size() {
        let rows = [1.0, 0.816_496_580_927_726, 0.577_350_269_189_626, -0.3];
        for size in [1e-12, 1.0, 1e8, 1e22] {
            assert!(is_definite(4, 1e-9, |i, j| size * rows[i] * rows[j]), "{size:e}");
        }
        for size in [1.0, 1e8, 1e22] {
            let indefinite =
                |i: usize, j: usize| size * (rows[i] * rows[j] - if i == 3 && j == 3 { 1e-7 } else { 0.0 });
            assert!(!is_definite(4, 1e-9, indefinite), "{size:e}");
        }
    }

    #[test]
    fn graded_rows_become_comparable() {
        // Rows graded over twelve decades, with a zero on the diagonal.
        let grades = [1e6, 1.0, 1e-6];
        let pattern = [[1.0, 0.5, 0.2], [0.5, 0.0, 1.0], [0.2, 1.0, 0.3]];
        let mut scales = [0.0; 3];
        equilibrate(&mut scales, |i, j| pattern[i][j] * grades[i] * grades[j]);
        for (i, row) in pattern.iter().enumerate() {
            let entry = |j: usize| row[j] * grades[i] * grades[j] / (scales[i] * scales[j]);
            let largest = (0..3).map(entry).fold(0.0, f64::max);
            assert!((0.2..5.0).contains(&largest), "row {i}: {largest}");
        }
    }
}
