//! Functions and decays in the orthonormal polynomials of Legendre on `[0, 1]`.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::kernels::nodes;

/// Nodes of integrals beyond twice the number of polynomials.
const MORE: usize = 16;

/// The first `n` polynomials at `x`, by their recurrence.
fn polynomials(n: usize, x: f64) -> Vec<f64> {
    let y = 2.0 * x - 1.0;
    let mut values = Vec::with_capacity(n);
    let (mut before, mut value) = (0.0, 1.0);
    for k in 0..n {
        let degree = k as f64;
        values.push((2.0 * degree + 1.0).sqrt() * value);
        (before, value) = (value, ((2.0 * degree + 1.0) * y * value - degree * before) / (degree + 1.0));
    }
    values
}

/// The first `n` polynomials at points, one row for each.
pub(super) fn values(n: usize, points: &[f64]) -> DMatrix<Complex64> {
    let rows: Vec<Vec<f64>> = points.iter().map(|&x| polynomials(n, x)).collect();
    DMatrix::from_fn(points.len(), n, |i, k| rows[i][k].into())
}

/// `int f phi_k` for the first `n` polynomials.
pub(super) fn project(n: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; n];
    let (x, weights) = nodes(2 * n + MORE);
    for (&x, weight) in x.iter().zip(weights) {
        let factor = weight * f(x);
        sums.iter_mut().zip(polynomials(n, x)).for_each(|(sum, phi)| *sum += factor * phi);
    }
    sums
}

/// `(-1)^l int_0^1 phi_k(x) int_0^x e^{-rate (x - u)} phi_l(u) du dx`, a symmetric matrix.
pub(super) fn reflected_decay(n: usize, rate: f64) -> Vec<f64> {
    let (points, weights) = nodes(2 * n + MORE);
    let mut matrix = vec![0.0; n * n];
    for (&x, outer) in points.iter().zip(&weights) {
        let rows = polynomials(n, x);
        let mut columns = vec![0.0; n];
        for (&share, weight) in points.iter().zip(&weights) {
            let factor = weight * x * (-rate * x * (1.0 - share)).exp();
            columns.iter_mut().zip(polynomials(n, x * share)).for_each(|(sum, phi)| *sum += factor * phi);
        }
        for (k, row) in rows.iter().enumerate() {
            for (l, column) in columns.iter().enumerate() {
                let sign = if l.is_multiple_of(2) { 1.0 } else { -1.0 };
                matrix[k * n + l] += outer * row * column * sign;
            }
        }
    }
    for k in 0..n {
        for l in 0..k {
            let mean = 0.5 * (matrix[k * n + l] + matrix[l * n + k]);
            (matrix[k * n + l], matrix[l * n + k]) = (mean, mean);
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_orthonormal_and_decays_symmetric() {
        for k in 0..6 {
            for (l, product) in project(6, |x| polynomials(6, x)[k]).into_iter().enumerate() {
                assert!((product - if k == l { 1.0 } else { 0.0 }).abs() < 1e-14, "{k}, {l}: {product}");
            }
        }
        // int_0^1 int_0^x e^{-r (x - u)} du dx = (r - 1 + e^{-r}) / r^2.
        for rate in [0.3f64, 1.0, 12.0] {
            let exact = (rate - 1.0 + (-rate).exp()) / (rate * rate);
            assert!((reflected_decay(4, rate)[0] - exact).abs() < 1e-14, "{rate}");
        }
    }
}
