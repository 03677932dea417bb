//! Distances between an empirical law and a law, and empirical moments.

use super::reference::{ReferenceLaw, sorted_and_snapped};
use crate::error::Result;
use crate::quadrature::gauss_legendre;

/// Cells of the grid that [`wasserstein1`] adds to the eigenvalues, so that accuracy does not hang
/// on their number.
const GRID_CELLS: usize = 1024;

/// Gauss-Legendre nodes per piece. On a cell of the grid they leave about 1e-11 at an edge where
/// the density vanishes like a square root, 5e-8 where it diverges like the inverse of one.
const NODES: usize = 4;

/// A crossing of the two distribution functions need only be located to this fraction of its piece:
/// the integrand vanishes there, so the error is quadratic.
const CROSSING_TOLERANCE: f64 = 1e-7;

/// Upper limit of the search for a crossing; smooth functions need about five steps.
const CROSSING_STEPS: usize = 60;

/// Kolmogorov-Smirnov distance `sup_x |F_n(x) - F(x)|` of the values (in any order) to a law.
///
/// Exact: between two values `F_n` is constant and `F` increasing, so the supremum is among the
/// one-sided limits at the values, and `F(x-) = F(x) - mass of x`.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no value, one is not
/// finite, or the distribution function leaves `[0, 1]`.
pub fn kolmogorov_smirnov<F: Fn(f64) -> f64>(values: &[f64], law: &ReferenceLaw<F>) -> Result<f64> {
    let sorted = sorted_and_snapped(values, law.atoms())?;
    let share = |count: usize| count as f64 / sorted.len() as f64;
    let mut distance: f64 = 0.0;
    let mut below = 0;
    for ties in sorted.chunk_by(|a, b| a == b) {
        let right = law.cdf(ties[0])?;
        let left = right - law.mass_at(ties[0]);
        distance = distance.max((left - share(below)).abs());
        below += ties.len();
        distance = distance.max((right - share(below)).abs());
    }
    Ok(distance)
}

/// Wasserstein-1 distance `int |F_n(x) - F(x)| dx` of the values (in any order) to a law.
///
/// The line is cut at the values, the atoms, the edges and 1024 equal cells; a piece in which the
/// two functions cross is cut there once more. Gauss-Legendre quadrature on the pieces then leaves
/// an absolute error of about 1e-10 of the width of the support for densities that vanish like a
/// square root at the edges, and 5e-8 for those that diverge like the inverse of one.
///
/// # Errors
/// As [`kolmogorov_smirnov`].
pub fn wasserstein1<F: Fn(f64) -> f64>(values: &[f64], law: &ReferenceLaw<F>) -> Result<f64> {
    let sorted = sorted_and_snapped(values, law.atoms())?;
    let cuts = cuts(&sorted, law);
    let rule = gauss_legendre(NODES);
    let mut distance = 0.0;
    let mut below = 0;
    let mut left = law.cdf(cuts[0])?;
    for piece in cuts.windows(2) {
        let (start, end) = (piece[0], piece[1]);
        below += sorted[below..].partition_point(|&x| x <= start);
        let level = below as f64 / sorted.len() as f64;
        let difference = |x: f64| Ok(law.cdf(x)? - level);
        let at_end = law.cdf(end)?;
        let (first, last) = (left - level, at_end - law.mass_at(end) - level);
        if first * last < 0.0 {
            let middle = crossing((start, first), (end, last), difference)?;
            distance += integral(start, middle, &rule, difference)?.abs();
            distance += integral(middle, end, &rule, difference)?.abs();
        } else {
            distance += integral(start, end, &rule, difference)?.abs();
        }
        left = at_end;
    }
    Ok(distance)
}

/// Empirical moments `m_k = (1/n) sum_i x_i^k` for `k = 1..=4`.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no value, or one is not
/// finite.
pub fn moments(values: &[f64]) -> Result<[f64; 4]> {
    let sorted = sorted_and_snapped(values, &[])?;
    Ok([1, 2, 3, 4].map(|k| sorted.iter().map(|x| x.powi(k)).sum::<f64>() / sorted.len() as f64))
}

/// Where the integrand of [`wasserstein1`] may lose smoothness, and the grid; increasing.
fn cuts<F: Fn(f64) -> f64>(sorted: &[f64], law: &ReferenceLaw<F>) -> Vec<f64> {
    let (lower, upper) = law.support();
    let width = upper - lower;
    let mut cuts: Vec<f64> = (0..=GRID_CELLS).map(|i| lower + width * i as f64 / GRID_CELLS as f64).collect();
    cuts.push(upper);
    cuts.extend(law.atoms().iter().map(|atom| atom.location));
    cuts.extend(sorted);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    cuts
}

/// Integral of `function` over `[start, end]`.
fn integral(start: f64, end: f64, rule: &[(f64, f64)], function: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    let (middle, half) = (0.5 * (start + end), 0.5 * (end - start));
    let mut sum = 0.0;
    for (node, weight) in rule {
        sum += weight * function(middle + half * node)?;
    }
    Ok(half * sum)
}

/// Zero of an increasing function between two points where its values have opposite signs, by
/// regula falsi with the Illinois modification (Dowell and Jarratt, BIT 11, 1971).
fn crossing(
    (mut start, mut first): (f64, f64),
    (mut end, mut last): (f64, f64),
    function: impl Fn(f64) -> Result<f64>,
) -> Result<f64> {
    let tolerance = CROSSING_TOLERANCE * (end - start);
    let mut guess = start;
    for _ in 0..CROSSING_STEPS {
        let next = (start * last - end * first) / (last - first);
        let moved = (next - guess).abs();
        guess = next;
        let value = function(guess)?;
        if value == 0.0 || moved <= tolerance {
            break;
        }
        if value * last < 0.0 {
            (start, first) = (end, last);
        } else {
            first *= 0.5;
        }
        (end, last) = (guess, value);
    }
    Ok(guess)
}
