//! Gauss quadrature: the rule of Legendre on `[-1, 1]`, and that of a measure of finitely many atoms.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::population::Atom;

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

/// The `size`-point Gauss rule of a measure of more atoms than that, exact for polynomials of degree `2 size - 1`.
///
/// The nodes are the eigenvalues of the Jacobi matrix of the Lanczos process on the multiplication by the location,
/// with full reorthogonalisation (Golub and Meurant, Matrices, Moments and Quadrature, 2010, chapters 3 and 4).
pub(crate) fn gauss_rule(atoms: &[Atom], size: usize) -> Vec<Atom> {
    let total: f64 = atoms.iter().map(|atom| atom.mass).sum();
    let locations = DVector::from_iterator(atoms.len(), atoms.iter().map(|atom| atom.location));
    let first = atoms.iter().map(|atom| (atom.mass / total).sqrt());
    let mut basis = vec![DVector::from_iterator(atoms.len(), first)];
    let mut jacobi = DMatrix::zeros(size, size);
    for k in 0..size {
        let mut next = basis[k].component_mul(&locations);
        jacobi[(k, k)] = basis[k].dot(&next);
        // Twice is enough.
        for _ in 0..2 {
            for vector in &basis {
                let part = vector.dot(&next);
                next.axpy(-part, vector, 1.0);
            }
        }
        let norm = next.norm();
        if k + 1 < size {
            jacobi[(k, k + 1)] = norm;
            jacobi[(k + 1, k)] = norm;
        }
        basis.push(next / norm);
    }
    let eigen = SymmetricEigen::new(jacobi);
    let node =
        |k: usize| Atom { location: eigen.eigenvalues[k], mass: total * eigen.eigenvectors[(0, k)].powi(2) };
    (0..size).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_a_larger_rule() {
        let atoms: Vec<Atom> =
            gauss_legendre(60).into_iter().map(|(location, mass)| Atom { location, mass }).collect();
        let mut rule = gauss_rule(&atoms, 24);
        rule.sort_by(|a, b| a.location.total_cmp(&b.location));
        for (atom, (x, w)) in rule.iter().zip(gauss_legendre(24)) {
            assert!((atom.location - x).abs() < 1e-14 && (atom.mass - w).abs() < 1e-14, "{atom:?}: {x} {w}");
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
