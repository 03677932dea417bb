//! Hermitian matrices of low rank: rows that determine all the others.
//!
//! Symmetric Gaussian elimination with diagonal pivots of size 1 and 2, which are enough for any Hermitian
//! matrix (J. R. Bunch and B. N. Parlett, SIAM J. Numer. Anal. 8 (1971) 639), finds rows `I` such that
//! `A[I, I]` is nonsingular and has the rank of `A`. Then
//!
//! ```text
//! A = V A[I, I] V^*,   V = A[:, I] A[I, I]^(-1)
//! ```
//!
//! All decisions are unchanged when rows and columns are scaled alike: the matrix is equilibrated first, and
//! an entry vanishes when it is lost in the rounding of the numbers that it was computed from.

use nalgebra::DMatrix;
use num_complex::Complex64;

use crate::error::{Error, Result};

/// An entry is zero when it is this much smaller than what was added up to it.
const ROUNDING: f64 = 1e-12;
/// Pivots are at least as large as this part of the largest entry that is left.
const THRESHOLD: f64 = 0.1;

/// A Hermitian matrix `A = V a V^*` with nonsingular `a`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RankFactors {
    /// The rows of `A` that determine the others, in increasing order.
    pub(crate) rows: Vec<usize>,
    /// `a = A[I, I]` for those rows `I`.
    pub(crate) core: DMatrix<Complex64>,
    /// `V`, the rows `I` of which are those of the identity; zero where a row of `A` is.
    pub(crate) lift: DMatrix<Complex64>,
}

/// Factors a Hermitian matrix.
///
/// # Errors
/// [`Error::InvalidArgument`] if entries are not finite.
pub(crate) fn rank_factors(matrix: &DMatrix<Complex64>) -> Result<RankFactors> {
    let invalid = || Error::argument("matrix", "entries that are not finite", "finite numbers");
    if !matrix.iter().all(|entry| entry.is_finite()) {
        return Err(invalid());
    }
    let rows = independent_rows(matrix, &vec![0; matrix.nrows()]);
    let core = matrix.select_rows(&rows).select_columns(&rows);
    if rows.is_empty() {
        return Ok(RankFactors { rows, core, lift: DMatrix::zeros(matrix.nrows(), 0) });
    }
    // Solved in the scale in which the pivots were chosen.
    let scales = equilibration(matrix);
    let scaled = scale(matrix, &scales).select_rows(&rows);
    let solution = scaled.select_columns(&rows).lu().solve(&scaled).ok_or_else(invalid)?;
    let mut lift = solution.adjoint();
    for (position, mut column) in lift.column_iter_mut().enumerate() {
        let scaled_back = |row: usize| scales[rows[position]] / scales[row];
        column.iter_mut().enumerate().for_each(|(row, entry)| *entry *= scaled_back(row));
        for (other, &row) in rows.iter().enumerate() {
            column[row] = if other == position { Complex64::ONE } else { Complex64::ZERO };
        }
    }
    Ok(RankFactors { rows, core, lift })
}

/// Rows of a Hermitian matrix, in increasing order, the principal submatrix of which is nonsingular and has
/// the rank of the matrix. Rows of low cost are preferred as far as accuracy allows.
pub(crate) fn independent_rows(matrix: &DMatrix<Complex64>, costs: &[usize]) -> Vec<usize> {
    let mut rest = scale(matrix, &equilibration(matrix));
    // Sum of the absolute values that were added up to every entry.
    let mut magnitudes = rest.map(|entry| entry.norm());
    let mut active: Vec<usize> = (0..matrix.nrows()).collect();
    let mut chosen = Vec::new();
    loop {
        active.retain(|&row| rest.column(row).iter().any(|entry| *entry != Complex64::ZERO));
        let pivot = choose_pivot(&rest, &active, costs);
        if pivot.is_empty() {
            chosen.sort_unstable();
            return chosen;
        }
        active.retain(|row| !pivot.contains(row));
        eliminate(&mut rest, &mut magnitudes, &active, &pivot);
        chosen.extend(pivot);
    }
}

/// The cheapest of the pivots that are large enough, none if nothing is left.
fn choose_pivot(rest: &DMatrix<Complex64>, active: &[usize], costs: &[usize]) -> Vec<usize> {
    let entry = |row: usize, column: usize| rest[(row, column)];
    let pairs = || active.iter().enumerate().flat_map(|(n, &j)| active[..=n].iter().map(move |&i| (i, j)));
    let largest = pairs().map(|(i, j)| entry(i, j).norm()).fold(0.0, f64::max);
    let mut best: Option<((usize, f64), Vec<usize>)> = None;
    for (i, j) in pairs() {
        // The smaller absolute eigenvalue.
        let quality = if i == j {
            entry(i, i).re.abs()
        } else {
            let [a, c] = [entry(i, i).re, entry(j, j).re];
            ((0.5 * (a + c)).abs() - (0.5 * (a - c)).hypot(entry(i, j).norm())).abs()
        };
        if quality == 0.0 || quality < THRESHOLD * largest {
            continue;
        }
        let cost = costs[i] + costs[j];
        let better =
            |((other, size), _): &((usize, f64), _)| cost < *other || (cost == *other && quality > *size);
        if best.as_ref().is_none_or(better) {
            best = Some(((cost, quality), if i == j { vec![i] } else { vec![i, j] }));
        }
    }
    best.map_or_else(Vec::new, |(_, pivot)| pivot)
}

/// Replaces the active rows and columns by their Schur complement, and those of the pivot by zeros.
fn eliminate(
    rest: &mut DMatrix<Complex64>,
    magnitudes: &mut DMatrix<f64>,
    active: &[usize],
    pivot: &[usize],
) {
    let inverse = match *pivot {
        [i, j] => {
            let (a, b, c) = (rest[(i, i)].re, rest[(i, j)], rest[(j, j)].re);
            let determinant = a * c - b.norm_sqr();
            DMatrix::from_row_slice(2, 2, &[c.into(), -b, -b.conj(), a.into()]) / Complex64::from(determinant)
        }
        _ => DMatrix::from_element(1, 1, rest[(pivot[0], pivot[0])].inv()),
    };
    let touched: Vec<usize> = active
        .iter()
        .copied()
        .filter(|&row| pivot.iter().any(|&p| rest[(p, row)] != Complex64::ZERO))
        .collect();
    let right = rest.select_rows(pivot).select_columns(&touched);
    let solved = &inverse * &right;
    let sizes = right.map(|entry| entry.norm());
    let solved_sizes = inverse.map(|entry| entry.norm()) * &sizes;
    for (n, &column) in touched.iter().enumerate() {
        for (m, &row) in touched[..=n].iter().enumerate() {
            let update = right.column(m).dotc(&solved.column(n));
            let magnitude = magnitudes[(row, column)] + sizes.column(m).dot(&solved_sizes.column(n));
            let difference = rest[(row, column)] - update;
            let vanishes = difference.norm() <= ROUNDING * magnitude;
            let difference = if vanishes { Complex64::ZERO } else { difference };
            magnitudes[(row, column)] = if vanishes { 0.0 } else { magnitude };
            rest[(row, column)] = difference;
            rest[(column, row)] = difference.conj();
        }
        rest[(column, column)].im = 0.0;
    }
    for &index in pivot {
        rest.row_mut(index).fill(Complex64::ZERO);
        rest.column_mut(index).fill(Complex64::ZERO);
    }
}

/// Powers of two that scale the largest entry of every nonzero row and column to about 1.
pub(crate) fn equilibration(matrix: &DMatrix<Complex64>) -> Vec<f64> {
    let logarithms = matrix.map(|entry| entry.norm().log2());
    let mut exponents = vec![0.0; matrix.nrows()];
    // The distance from balance halves each time, from at most the range of the exponents of a number.
    for _ in 0..20 {
        let balanced = |row: usize| {
            let sums = logarithms.column(row).into_iter().zip(&exponents).map(|(log, other)| log + other);
            let largest = exponents[row] + sums.fold(f64::NEG_INFINITY, f64::max);
            exponents[row] - if largest.is_finite() { 0.5 * largest } else { 0.0 }
        };
        exponents = (0..exponents.len()).map(balanced).collect();
    }
    exponents.into_iter().map(|exponent| exponent.round().clamp(-900.0, 900.0).exp2()).collect()
}

/// `D matrix D` for the diagonal matrix `D` of the scales.
pub(crate) fn scale(matrix: &DMatrix<Complex64>, scales: &[f64]) -> DMatrix<Complex64> {
    let (rows, columns) = matrix.shape();
    DMatrix::from_fn(rows, columns, |row, column| matrix[(row, column)] * scales[row] * scales[column])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    fn random(rows: usize, columns: usize, rng: &mut Pcg64) -> DMatrix<Complex64> {
        DMatrix::from_fn(rows, columns, |_, _| {
            Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
        })
    }

    fn check(matrix: &DMatrix<Complex64>, rank: usize, tolerance: f64) -> RankFactors {
        let factors = rank_factors(matrix).unwrap();
        assert_eq!(factors.rows.len(), rank, "{matrix}");
        let product = &factors.lift * &factors.core * factors.lift.adjoint();
        for (index, expected) in matrix.iter().enumerate() {
            // Relative to the rows: an entry is at most the root of the product of what they contain.
            let (row, column) = (index % matrix.nrows(), index / matrix.nrows());
            let scales = equilibration(matrix);
            let error = (product[(row, column)] - expected) * scales[row] * scales[column];
            assert!(error.norm() < tolerance, "{error} at ({row}, {column}) of {matrix}");
        }
        factors
    }

    #[test]
    fn the_rank_of_products_is_found_in_any_scale() {
        let mut rng = Pcg64::seed_from_u64(1);
        for n in 1..=12 {
            for rank in 0..=n {
                let factor = random(n, rank, &mut rng);
                let signs = DMatrix::from_fn(rank, rank, |i, j| {
                    Complex64::from(if i == j { [1.0, -1.0][i % 2] } else { 0.0 })
                });
                let product = &factor * signs * factor.adjoint();
                let hermitian = (&product + product.adjoint()) * Complex64::from(0.5);
                check(&hermitian, rank, 1e-9);
                let scales: Vec<f64> = (0..n).map(|_| 10f64.powf(rng.random_range(-20.0..20.0))).collect();
                check(&scale(&hermitian, &scales), rank, 1e-9);
            }
        }
    }

    #[test]
    fn zero_diagonals_small_entries_and_zero_rows() {
        let real = |n: usize, entries: &[f64]| DMatrix::from_row_slice(n, n, entries).map(Complex64::from);
        check(&real(2, &[0.0, 1.0, 1.0, 0.0]), 2, 1e-15);
        // Rank 2 although the determinant is 1e-16 of the square of the largest entry, or 1e-32.
        check(&real(2, &[1.0, 1e-8, 1e-8, 0.0]), 2, 1e-15);
        check(&real(2, &[1e8, 1e-8, 1e-8, 0.0]), 2, 1e-15);
        check(&real(2, &[1.0, 1e-8, 1e-8, 1e-16]), 1, 1e-15);
        check(&real(3, &[0.1, 0.3, 0.0, 0.3, 0.9, 0.0, 0.0, 0.0, 1e-30]), 2, 1e-15);
        assert_eq!(check(&DMatrix::zeros(3, 3), 0, 1e-15).lift, DMatrix::zeros(3, 0));
        let selected =
            check(&real(4, &[0., 0., 0., 0., 0., 2., 0., 3., 0., 0., 0., 0., 0., 3., 0., 0.]), 2, 1e-15);
        assert_eq!(selected.rows, [1, 3]);
        let mut selection = DMatrix::zeros(4, 2);
        selection[(1, 0)] = Complex64::ONE;
        selection[(3, 1)] = Complex64::ONE;
        assert_eq!(selected.lift, selection);
        let imaginary = Complex64::I;
        let commutator = DMatrix::from_row_slice(2, 2, &[0.0.into(), imaginary, -imaginary, 0.0.into()]);
        check(&commutator, 2, 1e-15);
        assert!(rank_factors(&real(1, &[f64::NAN])).is_err());
    }

    #[test]
    fn cheap_rows_come_first() {
        let ones = DMatrix::from_element(3, 3, Complex64::ONE);
        assert_eq!(independent_rows(&ones, &[2, 1, 3]), [1]);
        assert_eq!(independent_rows(&ones, &[2, 2, 1]), [2]);
    }
}
