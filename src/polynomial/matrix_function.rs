//! What the Cauchy transform of a law with a matrix in place of the number comes down to,
//!
//! ```text
//! G(omega) = int (omega - x a)^-1 mu(dx) = (1 + m f(m)) omega^-1,  m = omega^-1 a,
//! f(l) = int x (1 - x l)^-1 mu(dx) = (G_mu(1 / l) / l - 1) / l
//! ```
//!
//! (Belinschi, Mai and Speicher, J. reine angew. Math. 732, 2017). `f` of a matrix by its Schur form and
//! Parlett's recurrence (Golub and Van Loan, Matrix Computations, section 9.1). Where eigenvalues meet
//! without a basis of eigenvectors, the mean over a small circle of matrices around the given one takes
//! their place, which is exact to rounding because `f` is analytic.

use std::f64::consts::PI;

use nalgebra::{DMatrix, Matrix2};
use num_complex::Complex64;

use crate::free::Law;

/// Condition of the recurrence above which eigenvectors are taken to be missing.
const DEFECTIVE: f64 = 1e3;

/// Matrices, or numbers, on a circle.
const CIRCLE: usize = 48;

/// Eigenvalues closer than this, in units of the distance to where `f` is singular, are taken together.
const CLOSE: f64 = 1e-2;

/// Radius of the circle, in units of the square of the distance of the eigenvalues to where `f` is singular:
/// eigenvalues that meet move like the root of a perturbation.
const RADIUS: f64 = 0.05;

/// Eigenvalues closer than this, relative to the matrix, with nothing between them, are one eigenvalue.
const SAME: f64 = 1e-14;

/// Sweeps over the rows that make their sizes those of the columns.
const BALANCING_SWEEPS: usize = 4;

/// The function `f` of a law.
#[derive(Debug, Clone)]
pub(super) struct LawFunction {
    law: Law,
    mean: f64,
    /// Largest absolute value in the support.
    radius: f64,
}

impl LawFunction {
    pub(super) fn new(law: &Law) -> Self {
        Self { law: law.clone(), mean: law.mean(), radius: law.radius() }
    }

    /// Distance of `l` to the inverses of the points of the support, at least.
    fn distance(&self, l: Complex64) -> f64 {
        l.im.abs().max(1.0 / self.radius - l.norm())
    }

    /// `f(l)`.
    fn value(&self, l: Complex64) -> Complex64 {
        let z = l.inv();
        if z.is_finite() { self.law.excess(z) * z } else { self.mean.into() }
    }

    /// `f(matrix)`; `None` if there is no Schur form.
    pub(super) fn at(&self, matrix: &DMatrix<Complex64>) -> Option<DMatrix<Complex64>> {
        match evaluate(self, matrix)? {
            Outcome::Value(value) => Some(value),
            Outcome::Defective(distance) => mean_on_circle(self, matrix, distance),
        }
    }
}

/// What the recurrence has come to.
enum Outcome {
    Value(DMatrix<Complex64>),
    /// The eigenvalues are at least this far from the singularities of `f`.
    Defective(f64),
}

fn evaluate(law: &LawFunction, matrix: &DMatrix<Complex64>) -> Option<Outcome> {
    if !matrix.iter().all(|entry| entry.is_finite()) {
        return None;
    }
    match matrix.nrows() {
        1 => Some(Outcome::Value(DMatrix::from_element(1, 1, law.value(matrix[(0, 0)])))),
        2 => Some(Outcome::Value(two_by_two(law, matrix))),
        _ => by_schur_form(law, matrix),
    }
}

/// `f(M) = f(l_1) + f[l_1, l_2] (M - l_1)`.
fn two_by_two(law: &LawFunction, matrix: &DMatrix<Complex64>) -> DMatrix<Complex64> {
    let m = Matrix2::new(matrix[(0, 0)], matrix[(0, 1)], matrix[(1, 0)], matrix[(1, 1)]);
    let (half, difference) = (0.5 * (m.m11 + m.m22), 0.5 * (m.m11 - m.m22));
    let root = (difference * difference + m.m12 * m.m21).sqrt();
    // Of the two eigenvalues the smaller one from the determinant, where their sum would cancel.
    let large = if (half.conj() * root).re >= 0.0 { half + root } else { half - root };
    let determinant = m.m11 * m.m22 - m.m12 * m.m21;
    let small = if large.norm_sqr() > 0.0 { determinant / large } else { large };
    let gap = large - small;
    let (at_large, at_small) = (law.value(large), law.value(small));
    let room = law.distance(large).min(law.distance(small));
    let slope = if gap.norm() > CLOSE * room {
        (at_large - at_small) / gap
    } else {
        divided_difference(law, large, small, room)
    };
    // Around the eigenvalue that is nearer to the diagonal entry in question, so that nothing cancels.
    let diagonal = |entry: Complex64| {
        if (entry - large).norm_sqr() < (entry - small).norm_sqr() {
            at_large + slope * (entry - large)
        } else {
            at_small + slope * (entry - small)
        }
    };
    DMatrix::from_row_slice(2, 2, &[diagonal(m.m11), slope * m.m12, slope * m.m21, diagonal(m.m22)])
}

/// `(f(a) - f(b)) / (a - b)` for points that are close, by Cauchy's integral around both.
fn divided_difference(law: &LawFunction, a: Complex64, b: Complex64, room: f64) -> Complex64 {
    let middle = 0.5 * (a + b);
    let terms = (0..CIRCLE).map(|k| {
        let offset = Complex64::from_polar(0.5 * room, 2.0 * PI * (k as f64 + 0.5) / CIRCLE as f64);
        let w = middle + offset;
        law.value(w) * offset / ((w - a) * (w - b))
    });
    terms.sum::<Complex64>() / CIRCLE as f64
}

fn by_schur_form(law: &LawFunction, matrix: &DMatrix<Complex64>) -> Option<Outcome> {
    let n = matrix.nrows();
    let scales = balancing(matrix);
    let balanced = DMatrix::from_fn(n, n, |i, j| matrix[(i, j)] * (scales[j] / scales[i]));
    let (q, t) = nalgebra::linalg::Schur::try_new(balanced, 1e-15, 200 * n)?.unpack();
    let scale = t.camax();
    let mut f = DMatrix::zeros(n, n);
    for i in 0..n {
        f[(i, i)] = law.value(t[(i, i)]);
    }
    for diagonal in 1..n {
        for i in 0..n - diagonal {
            let j = i + diagonal;
            let gap = t[(i, i)] - t[(j, j)];
            let mut sum = t[(i, j)] * (f[(i, i)] - f[(j, j)]);
            let mut coupling = t[(i, j)].norm();
            for k in i + 1..j {
                sum += f[(i, k)] * t[(k, j)] - t[(i, k)] * f[(k, j)];
                coupling = coupling.max((t[(i, k)] * t[(k, j)]).norm().sqrt());
            }
            if coupling <= SAME * scale {
                continue;
            }
            if coupling > DEFECTIVE * gap.norm() {
                let distances = (0..n).map(|k| law.distance(t[(k, k)]));
                return Some(Outcome::Defective(distances.fold(f64::INFINITY, f64::min)));
            }
            f[(i, j)] = sum / gap;
        }
    }
    let balanced = &q * f * q.adjoint();
    let value = DMatrix::from_fn(n, n, |i, j| balanced[(i, j)] * (scales[i] / scales[j]));
    Some(Outcome::Value(value))
}

/// Diagonal scales under which rows and columns of the matrix are of similar size (Parlett and Reinsch, Numer.
/// Math. 13, 1969): next to singular points of a law the matrices are graded over decades.
fn balancing(matrix: &DMatrix<Complex64>) -> Vec<f64> {
    let n = matrix.nrows();
    let mut scales = vec![1.0; n];
    for _ in 0..BALANCING_SWEEPS {
        for i in 0..n {
            let others = || (0..n).filter(|&j| j != i);
            let row: f64 = others().map(|j| matrix[(i, j)].norm() * scales[j]).sum::<f64>() / scales[i];
            let column: f64 = others().map(|j| matrix[(j, i)].norm() / scales[j]).sum::<f64>() * scales[i];
            if row > 0.0 && column > 0.0 {
                scales[i] *= (row / column).sqrt();
            }
        }
    }
    scales
}

/// The mean of `f` over matrices around the given one.
fn mean_on_circle(
    law: &LawFunction,
    matrix: &DMatrix<Complex64>,
    distance: f64,
) -> Option<DMatrix<Complex64>> {
    let n = matrix.nrows();
    let scale = matrix.camax();
    let radius = RADIUS * (distance / scale).powi(2).min(1.0) * scale;
    // Any direction without structure does.
    let direction = DMatrix::from_fn(n, n, |i, j| {
        Complex64::from_polar(1.0, 2.4 * (i * n + j) as f64 + 0.7 * (j * j) as f64)
    });
    let mut mean = DMatrix::zeros(n, n);
    for k in 0..CIRCLE {
        let turn = Complex64::from_polar(radius, 2.0 * PI * (k as f64 + 0.5) / CIRCLE as f64);
        match evaluate(law, &(matrix + &direction * turn))? {
            Outcome::Value(value) => mean += value / Complex64::from(CIRCLE as f64),
            Outcome::Defective(_) => return None,
        }
    }
    Some(mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `int x (1 - x m)^-1 mu(dx)` by the quadrature of the law.
    fn by_quadrature(law: &Law, matrix: &DMatrix<Complex64>) -> DMatrix<Complex64> {
        let n = matrix.nrows();
        let resolvent = |x: f64| {
            let inverse = (DMatrix::identity(n, n) - matrix * Complex64::from(x)).try_inverse().unwrap();
            inverse * Complex64::from(x)
        };
        DMatrix::from_fn(n, n, |i, j| {
            let part = |f: &dyn Fn(Complex64) -> f64| law.spectral().integrate(|x| f(resolvent(x)[(i, j)]));
            Complex64::new(part(&|entry| entry.re), part(&|entry| entry.im))
        })
    }

    #[test]
    fn matrix_functions_agree_with_quadrature() {
        let c = |re: f64, im: f64| Complex64::new(re, im);
        let uniform = Law::uniform(-1.0, 2.0).unwrap();
        let poisson = Law::marchenko_pastur(0.5).unwrap();
        let plain = DMatrix::from_row_slice(2, 2, &[c(0.3, 0.4), c(0.2, 0.0), c(-0.1, 0.3), c(0.1, -0.5)]);
        let jordan = DMatrix::from_row_slice(2, 2, &[c(0.2, 0.5), c(1.0, 0.0), c(0.0, 0.0), c(0.2, 0.5)]);
        let double = DMatrix::from_diagonal_element(3, 3, c(0.2, -0.5));
        let mut large = DMatrix::from_fn(4, 4, |i, j| c(0.1 * i as f64 - 0.2, 0.3 - 0.1 * (i * j) as f64));
        large[(3, 1)] = c(0.0, 0.8);
        let mut block = DMatrix::zeros(3, 3);
        block.view_mut((0, 0), (2, 2)).copy_from(&jordan);
        block[(2, 2)] = c(-0.3, 0.4);
        block[(1, 2)] = c(0.5, 0.0);
        for law in [&uniform, &poisson] {
            for matrix in [&plain, &jordan, &double, &large, &block] {
                let difference = LawFunction::new(law).at(matrix).unwrap() - by_quadrature(law, matrix);
                assert!(difference.camax() < 1e-10, "{matrix}: {difference}");
            }
        }
    }
}
