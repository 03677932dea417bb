//! Dense kernels on column-major matrices, all on the calling thread.
//!
//! Draws run in parallel, so the products inside a draw do not: below dimension 2000 this is the
//! faster split, and it makes results independent of the number of threads.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::matmul::{self};
use faer::linalg::qr::no_pivoting::factor;
use faer::{Accum, Conj, MatMut, MatRef, Par};
use nalgebra::{DMatrix, Scalar};

/// Side of the square tiles of [`mirror_lower`]; two tiles fit the first-level cache.
const TILE: usize = 32;

/// Borrows a matrix without a copy.
pub(super) fn view<T: Scalar>(matrix: &DMatrix<T>) -> MatRef<'_, T> {
    MatRef::from_column_major_slice(matrix.as_slice(), matrix.nrows(), matrix.ncols())
}

pub(super) fn view_mut<T: Scalar>(matrix: &mut DMatrix<T>) -> MatMut<'_, T> {
    let (rows, columns) = matrix.shape();
    MatMut::from_column_major_slice_mut(matrix.as_mut_slice(), rows, columns)
}

/// `target += scale * left * right`.
pub(super) fn add_product(
    target: &mut DMatrix<f64>,
    scale: f64,
    left: MatRef<'_, f64>,
    right: MatRef<'_, f64>,
) {
    matmul::matmul(view_mut(target), Accum::Add, left, right, scale, Par::Seq);
}

/// `target += scale * left * right` on the lower triangle only, for half the cost of
/// [`add_product`]; the upper triangle keeps its old content.
pub(super) fn add_product_lower(
    target: &mut DMatrix<f64>,
    scale: f64,
    left: MatRef<'_, f64>,
    right: MatRef<'_, f64>,
) {
    triangular::matmul(
        view_mut(target),
        BlockStructure::TriangularLower,
        Accum::Add,
        left,
        BlockStructure::Rectangular,
        right,
        BlockStructure::Rectangular,
        scale,
        Par::Seq,
    );
}

/// `scale * rows^T rows`.
pub(crate) fn gram(rows: MatRef<'_, f64>, scale: f64) -> DMatrix<f64> {
    let mut result = DMatrix::zeros(rows.ncols(), rows.ncols());
    add_product_lower(&mut result, scale, rows.transpose(), rows);
    mirror_lower(&mut result);
    result
}

/// Copies the lower triangle of a square matrix onto the upper one.
pub(super) fn mirror_lower(matrix: &mut DMatrix<f64>) {
    let size = matrix.nrows();
    let entries = matrix.as_mut_slice();
    for left in (0..size).step_by(TILE) {
        for top in (left..size).step_by(TILE) {
            for column in left..(left + TILE).min(size) {
                for row in top.max(column + 1)..(top + TILE).min(size) {
                    entries[column + row * size] = entries[row + column * size];
                }
            }
        }
    }
}

/// The upper triangular `R` (`k x k`) of a QR factorisation of a tall `m x k` matrix.
pub(super) fn triangular_factor(mut tall: DMatrix<f64>) -> DMatrix<f64> {
    let columns = tall.ncols();
    factorise(&mut tall);
    tall.resize_vertically_mut(columns, 0.0);
    tall.fill_lower_triangle(0.0, 1);
    tall
}

/// The orthogonal `Q` of a QR factorisation of a square matrix, as the product of reflections that the
/// factorisation takes, whatever signs that leaves on the diagonal of `R`.
pub(super) fn orthogonal_factor(mut square: DMatrix<f64>) -> DMatrix<f64> {
    let size = square.nrows();
    let coefficients = factorise(&mut square);
    let mut orthogonal = DMatrix::identity(size, size);
    let scratch = householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(
        size,
        coefficients.nrows(),
        size,
    );
    householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
        view(&square),
        view(&coefficients),
        Conj::No,
        view_mut(&mut orthogonal),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
    );
    orthogonal
}

/// QR factorisation in place: `R` in the upper triangle, the reflections below it, and the coefficients
/// of their blocks as result.
fn factorise(matrix: &mut DMatrix<f64>) -> DMatrix<f64> {
    let (rows, columns) = matrix.shape();
    let block = factor::recommended_block_size::<f64>(rows, columns);
    let mut coefficients = DMatrix::zeros(block, columns);
    let scratch = factor::qr_in_place_scratch::<f64>(rows, columns, block, Par::Seq, Default::default());
    factor::qr_in_place(
        view_mut(matrix),
        view_mut(&mut coefficients),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    );
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_reaches_every_tile() {
        let mut matrix = DMatrix::from_fn(3 * TILE + 5, 3 * TILE + 5, |i, j| (1000 * i + j) as f64);
        let lower = matrix.lower_triangle();
        mirror_lower(&mut matrix);
        assert_eq!(matrix, &lower + lower.transpose() - DMatrix::from_diagonal(&lower.diagonal()));
    }

    #[test]
    fn orthogonal_times_triangular_is_the_matrix() {
        let matrix = DMatrix::from_fn(70, 70, |i, j| ((3 * i + 5 * j * j) as f64).sin());
        let orthogonal = orthogonal_factor(matrix.clone());
        let identity = DMatrix::identity(70, 70);
        assert!((orthogonal.tr_mul(&orthogonal) - identity).amax() < 1e-13);
        assert!((orthogonal * triangular_factor(matrix.clone()) - matrix).amax() < 1e-12);
    }
}
