//! Gauss quadrature: the rule of Legendre on `[-1, 1]`, and that of a measure of finitely many atoms.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector};
use num_complex::Complex64;

use crate::error::Result;
use crate::finite::eigenvalues::symmetric_eigen;

/// Nodes and weights of the `n`-point Gauss-Legendre rule, exact for polynomials of degree
/// `2 n - 1`, nodes increasing.
///
/// Newton's iteration on the Legendre polynomial from Tricomi's asymptotic guess; see Hale and
/// Townsend, SIAM J. Sci. Comput. 35 (2013), section 2.
pub(crate) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let mut rule = vec![(0.0, 2.0); n];
    for i in 0..n.div_ceil(2) {
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut derivative = 1.0;
        for _ in 0..20 {
            let (mut previous, mut value) = (1.0, x);
            for k in 2..=n {
                let k = k as f64;
                (previous, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k);
            }
            derivative = n as f64 * (previous - x * value) / (1.0 - x * x);
            let step = value / derivative;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        let weight = 2.0 / ((1.0 - x * x) * derivative * derivative);
        rule[n - 1 - i] = (x, weight);
        rule[i] = (-x, weight);
    }
    if n % 2 == 1 {
        rule[n / 2].0 = 0.0;
    }
    rule
}

/// An integral by the Gauss-Legendre rule on one panel, and the size of the last Legendre coefficients of the integrand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanelSum {
    pub(crate) integral: f64,
    pub(crate) absolute: f64,
    pub(crate) tail: f64,
}

impl PanelSum {
    /// From the terms of the rule, each with the values of the last two Legendre polynomials `P_{n-2}` and `P_{n-1}` at its
    /// node.
    pub(crate) fn new(terms: impl Iterator<Item = (f64, [f64; 2])>) -> Self {
        let (mut integral, mut absolute, mut last, mut nodes) = (0.0, 0.0, [0.0; 2], 0);
        for (term, values) in terms {
            integral += term;
            absolute += term.abs();
            last[0] += term * values[0];
            last[1] += term * values[1];
            nodes += 1;
        }
        // The coefficient of P_k is (2 k + 1) / 2 times the integral against it.
        Self { integral, absolute, tail: (2 * nodes) as f64 * last[0].abs().max(last[1].abs()) }
    }
}

/// Radius of the Bernstein ellipse about an interval that a point is on, by which to the power `-2 n` the `n`-point Gauss rule
/// errs for a function with a pole there.
pub(crate) fn ellipse_radius((low, high): (f64, f64), point: Complex64) -> f64 {
    let s = (2.0 * point - low - high) / (high - low);
    let root = (s * s - 1.0).sqrt();
    (s + root).norm().max((s - root).norm())
}

/// The Gauss rules of a measure of finitely many atoms of positive mass.
///
/// The nodes are the eigenvalues of the Jacobi matrix of the Lanczos process on the multiplication by the location, from
/// the constant function, with full reorthogonalisation (Golub and Meurant, Matrices, Moments and Quadrature, 2010,
/// chapters 3 and 4).
pub(crate) struct Lanczos {
    locations: DVector<f64>,
    mass: f64,
    basis: Vec<DVector<f64>>,
    diagonal: Vec<f64>,
    coupling: Vec<f64>,
    exhausted: bool,
}

impl Lanczos {
    /// The process for atoms with their masses.
    pub(crate) fn new(atoms: impl Iterator<Item = (f64, f64)>) -> Self {
        let (locations, masses): (Vec<f64>, Vec<f64>) = atoms.unzip();
        let mass: f64 = masses.iter().sum();
        let first = DVector::from_vec(masses).map(|weight| (weight / mass).sqrt());
        Self {
            locations: DVector::from_vec(locations),
            mass,
            basis: vec![first],
            diagonal: Vec::new(),
            coupling: Vec::new(),
            exhausted: false,
        }
    }

    /// Whether the rule has all the atoms there are.
    pub(crate) fn exhausted(&self) -> bool {
        self.exhausted
    }

    /// Goes on until the rule has `size` nodes, or all the atoms there are.
    pub(crate) fn extend(&mut self, size: usize) {
        let radius = self.locations.iter().fold(0.0, |m: f64, t| m.max(t.abs()));
        while self.diagonal.len() < size && !self.exhausted {
            let last = &self.basis[self.basis.len() - 1];
            let mut next = last.component_mul(&self.locations);
            self.diagonal.push(last.dot(&next));
            // Twice is enough (Giraud, Langou, Rozloznik, van den Eshof, Numer. Math. 101, 2005).
            for _ in 0..2 {
                for vector in &self.basis {
                    let part = vector.dot(&next);
                    next.axpy(-part, vector, 1.0);
                }
            }
            let norm = next.norm();
            self.exhausted = norm <= 8.0 * f64::EPSILON * radius;
            self.coupling.push(norm);
            self.basis.push(next / norm);
        }
    }

    /// The rule so far, exact for polynomials of a degree below twice the number of its nodes, which increase.
    ///
    /// # Errors
    /// [`Error::Eigenvalues`](crate::Error::Eigenvalues) if the eigenvalues of the Jacobi matrix are not found.
    pub(crate) fn rule(&self) -> Result<Vec<(f64, f64)>> {
        let (nodes, vectors) = self.jacobi()?;
        let weights = vectors.row(0).iter().map(|first| self.mass * first * first).collect::<Vec<_>>();
        Ok(nodes.into_iter().zip(weights).collect())
    }

    /// The rule with a second weight for every node: that of the measure with this density relative to the first, which is exact
    /// for polynomials of a degree below the number of nodes.
    ///
    /// # Errors
    /// As [`Lanczos::rule`].
    pub(crate) fn rule_with(&self, density: &[f64]) -> Result<Vec<(f64, [f64; 2])>> {
        let (nodes, vectors) = self.jacobi()?;
        let start = &self.basis[0];
        let weighted = start.zip_map(&DVector::from_column_slice(density), |x, f| x * f);
        let parts = DVector::from_iterator(
            nodes.len(),
            self.basis[..nodes.len()].iter().map(|vector| vector.dot(&weighted)),
        );
        let rule = nodes.into_iter().zip(vectors.column_iter()).map(|(node, vector)| {
            let first = self.mass * vector[0];
            (node, [first * vector[0], first * vector.dot(&parts)])
        });
        Ok(rule.collect())
    }

    /// Eigenvalues and eigenvectors of the Jacobi matrix.
    fn jacobi(&self) -> Result<(Vec<f64>, DMatrix<f64>)> {
        let size = self.diagonal.len();
        let mut jacobi = DMatrix::zeros(size, size);
        for i in 0..size {
            jacobi[(i, i)] = self.diagonal[i];
            if i + 1 < size {
                jacobi[(i + 1, i)] = self.coupling[i];
            }
        }
        symmetric_eigen(&jacobi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node that has settled comes back in a process without reorthogonalisation.
    #[test]
    fn an_atom_apart_has_one_node() {
        let atoms = gauss_legendre(60).into_iter().chain([(100.0, 0.01)]);
        let mut lanczos = Lanczos::new(atoms);
        lanczos.extend(24);
        let apart: Vec<_> = lanczos.rule().unwrap().into_iter().filter(|&(x, _)| x > 2.0).collect();
        assert_eq!(apart.len(), 1, "{apart:?}");
        let [x, weight] = [apart[0].0, apart[0].1];
        assert!((x - 100.0).abs() < 1e-11 && (weight - 0.01).abs() < 1e-14, "{apart:?}");
    }

    #[test]
    fn the_rule_of_a_larger_rule() {
        let mut lanczos = Lanczos::new(gauss_legendre(60).into_iter());
        for size in [11, 24] {
            lanczos.extend(size);
            for ((x, w), (node, weight)) in lanczos.rule().unwrap().into_iter().zip(gauss_legendre(size)) {
                assert!((x - node).abs() < 1e-14 && (w - weight).abs() < 1e-14, "{x} {w} {node} {weight}");
            }
        }
    }

    #[test]
    fn integrates_polynomials_exactly() {
        for n in [1, 2, 5, 16, 33] {
            let rule = gauss_legendre(n);
            for degree in 0..2 * n as i32 {
                let exact = if degree % 2 == 0 { 2.0 / f64::from(degree + 1) } else { 0.0 };
                let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(degree)).sum();
                assert!((sum - exact).abs() < 1e-13, "n = {n}, degree {degree}: {sum} against {exact}");
            }
        }
    }
}
