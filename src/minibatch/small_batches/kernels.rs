//! Integrals over an epoch by interpolation at Gauss nodes.

use nalgebra::DMatrix;

use crate::quadrature::gauss_legendre;

/// Nodes of integrals between two times beyond those of the interpolation.
const MORE: usize = 12;

/// Relative change at which iterations have settled, and the one at which they have if rounding makes it grow again.
const TOLERANCE: f64 = 1e-14;
pub(super) const ROUNDING: f64 = 1e-10;

/// Whether an iteration has come to an end.
pub(super) struct Rounds {
    pub(super) settled: bool,
    change: f64,
}

impl Rounds {
    pub(super) fn new(settled: bool) -> Self {
        Self { settled, change: f64::INFINITY }
    }

    /// Takes note of a change of values of this size.
    pub(super) fn settled(&mut self, change: f64, scale: f64) -> bool {
        let is_rounding = change >= self.change && change <= ROUNDING * scale;
        self.settled = scale.is_finite() && (change <= TOLERANCE * scale || is_rounding);
        self.change = change;
        self.settled
    }
}

/// Nodes and weights on `[0, 1]`.
pub(super) fn nodes(n: usize) -> (Vec<f64>, Vec<f64>) {
    gauss_legendre(n).into_iter().map(|(x, w)| (0.5 * (x + 1.0), 0.5 * w)).unzip()
}

/// Values at `at` of the Lagrange polynomials of the nodes, by the barycentric formula.
pub(super) fn interpolate(nodes: &[f64], at: f64) -> Vec<f64> {
    if let Some(hit) = nodes.iter().position(|x| (x - at).abs() < 1e-15) {
        return (0..nodes.len()).map(|i| if i == hit { 1.0 } else { 0.0 }).collect();
    }
    let weight = |i: usize| {
        let others = nodes.iter().enumerate().filter(|(j, _)| *j != i);
        1.0 / others.map(|(_, x)| nodes[i] - x).product::<f64>() / (at - nodes[i])
    };
    let terms: Vec<f64> = (0..nodes.len()).map(weight).collect();
    let sum: f64 = terms.iter().sum();
    terms.into_iter().map(|term| term / sum).collect()
}

/// `int_low^high kernel(u) l_j(u) du` for all `j`.
pub(super) fn integrate(nodes_: &[f64], low: f64, high: f64, kernel: impl Fn(f64) -> f64) -> Vec<f64> {
    let (fine, weights) = nodes(nodes_.len() + MORE);
    let mut sums = vec![0.0; nodes_.len()];
    for (x, w) in fine.iter().zip(weights) {
        let u = low + (high - low) * x;
        let factor = (high - low) * w * kernel(u);
        sums.iter_mut().zip(interpolate(nodes_, u)).for_each(|(sum, l)| *sum += factor * l);
    }
    sums
}

/// `V[i, j] = int_0^{x_i} exp(-rate (x_i - u)) l_j(u) du`.
pub(super) fn decay(nodes: &[f64], rate: f64) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(nodes.len(), nodes.len());
    for (i, &x) in nodes.iter().enumerate() {
        for (j, entry) in integrate(nodes, 0.0, x, |u| (-rate * (x - u)).exp()).into_iter().enumerate() {
            matrix[(i, j)] = entry;
        }
    }
    matrix
}

/// Columns times weights, `A diag(w)`.
pub(super) fn columns(matrix: &DMatrix<f64>, weights: &[f64]) -> DMatrix<f64> {
    let mut scaled = matrix.clone();
    scaled.column_iter_mut().zip(weights).for_each(|(mut column, weight)| column *= *weight);
    scaled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrals_of_exponentials() {
        let (x, w) = nodes(12);
        let (v, rate) = (decay(&x, 1.7), 1.7f64);
        let f: Vec<f64> = x.iter().map(|u| (0.4 * u).exp()).collect();
        for (i, &at) in x.iter().enumerate() {
            let found: f64 = (0..12).map(|j| v[(i, j)] * f[j]).sum();
            let exact = ((0.4 * at).exp() - (-rate * at).exp()) / (rate + 0.4);
            assert!((found - exact).abs() < 1e-13, "{found} against {exact}");
        }
        let end: f64 = interpolate(&x, 1.0).iter().zip(&f).map(|(l, f)| l * f).sum();
        assert!((end - 0.4f64.exp()).abs() < 1e-12);
        assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    }
}
