//! The mean over sampled orderings.

use faer::MatRef;
use nalgebra::DMatrix;
use rand::Rng;
use rand::seq::SliceRandom;

use super::add_scaled;
use crate::control;
use crate::error::Result;
use crate::finite::dense;

/// How `A_b = alpha_b W_b` is applied to a matrix.
enum Step<'a> {
    /// As a matrix: `2 p^3` operations.
    Dense(DMatrix<f64>),
    /// Through `X_b` and the factor `alpha_b / n_b`: `4 n_b p^2` operations. The last matrix is scratch
    /// of the shape of `X_b`.
    LowRank(MatRef<'a, f64>, f64, DMatrix<f64>),
}

/// `I - P` with `P` the mean over `count` uniformly random orderings and their reverses.
///
/// The reverse of an ordering has the transposed product, so it costs nothing.
///
/// # Errors
/// [`crate::Error::Cancelled`] if it is.
pub(super) fn mean_decrement(
    batches: &[(MatRef<'_, f64>, f64)],
    count: usize,
    rng: &mut impl Rng,
) -> Result<DMatrix<f64>> {
    let size = batches[0].0.ncols();
    let mut steps: Vec<Step> = batches
        .iter()
        .map(|&(rows, scale)| {
            if 2 * rows.nrows() < size {
                Step::LowRank(rows, scale, DMatrix::zeros(rows.nrows(), size))
            } else {
                Step::Dense(dense::gram(rows, scale))
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..steps.len()).collect();
    let mut total = DMatrix::zeros(size, size);
    let mut decrement = DMatrix::zeros(size, size);
    let mut previous = DMatrix::zeros(size, size);
    for _ in 0..count {
        control::check()?;
        order.shuffle(rng);
        decrement.fill(0.0);
        for &b in &order {
            apply(&mut steps[b], &mut decrement, &mut previous);
        }
        add_scaled(&mut total, 0.5 / count as f64, &decrement);
    }
    Ok(&total + total.transpose())
}

/// `D <- D + A (I - D)`, that is `I - D <- (I - A) (I - D)`.
fn apply(step: &mut Step, decrement: &mut DMatrix<f64>, previous: &mut DMatrix<f64>) {
    match step {
        Step::Dense(matrix) => {
            previous.copy_from(decrement);
            add_scaled(decrement, 1.0, matrix);
            dense::add_product(decrement, -1.0, dense::view(matrix), dense::view(previous));
        }
        Step::LowRank(rows, scale, remaining) => {
            // X_b - X_b D, then X_b^T times it.
            dense::view_mut(remaining).copy_from(*rows);
            dense::add_product(remaining, -1.0, *rows, dense::view(decrement));
            dense::add_product(decrement, *scale, rows.transpose(), dense::view(remaining));
        }
    }
}
