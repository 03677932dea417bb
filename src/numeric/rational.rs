//! Rational functions in barycentric form,
//!
//! ```text
//! r(x) = sum_k w_k f_k / (x - z_k)  /  sum_k w_k / (x - z_k)
//! ```
//!
//! which takes the values `f_k` at the support points `z_k`, and whose poles are the zeros of the denominator
//! (Berrut and Trefethen, SIAM Rev. 46, 2004). Points are given by their distances from both ends of an
//! interval, so that differences keep all digits next to either of them.

use nalgebra::linalg::balancing::balance_parlett_reinsch;
use nalgebra::{ComplexField, DMatrix, Schur};
use num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// A point by its coordinate measured from either end: `low` grows where `high` falls, at the same rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place<T = f64> {
    /// Coordinate from the low end.
    pub(crate) low: T,
    /// Coordinate from the high end, in the opposite direction.
    pub(crate) high: T,
}

impl<T: ComplexField<RealField = f64> + Copy> Place<T> {
    /// `self - other`, from the end that is nearer to `self`.
    pub(crate) fn minus(self, other: Place) -> T {
        if self.low.norm1() <= self.high.norm1() {
            self.low - T::from_real(other.low)
        } else {
            T::from_real(other.high) - self.high
        }
    }
}

impl Place {
    /// A coordinate whose origin is no end.
    pub(crate) fn on_line(x: f64) -> Self {
        Self { low: x, high: -x }
    }

    /// The point in the middle.
    pub(crate) fn middle(self, other: Self) -> Self {
        Self { low: 0.5 * (self.low + other.low), high: 0.5 * (self.high + other.high) }
    }
}

impl<T> Place<T> {
    /// The same point seen from the other end.
    pub(crate) fn mirrored(self) -> Self {
        Self { low: self.high, high: self.low }
    }
}

/// A rational function in barycentric form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rational {
    /// `z_k, f_k, w_k`.
    nodes: Vec<Node>,
}

/// A support point with value and weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: f64,
    pub(crate) weight: f64,
}

impl Rational {
    /// From support points, no two of them equal.
    pub(crate) fn new(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// The largest degree of numerator and denominator.
    pub(crate) fn degree(&self) -> usize {
        self.nodes.len() - 1
    }

    /// The support points.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether there is anything, and all of it finite, which a file does not promise.
    pub(crate) fn is_sound(&self) -> bool {
        let finite = |n: &Node| [n.place.low, n.place.high, n.value, n.weight].iter().all(|x| x.is_finite());
        !self.nodes.is_empty()
            && self.nodes.iter().all(finite)
            && self.nodes.iter().any(|node| node.weight != 0.0)
    }

    /// `r(x)`.
    pub(crate) fn eval<T: ComplexField<RealField = f64> + Copy>(&self, at: Place<T>) -> T {
        let (mut numerator, mut denominator) = (T::zero(), T::zero());
        for node in &self.nodes {
            let difference = at.minus(node.place);
            if difference.is_zero() {
                return T::from_real(node.value);
            }
            let term = T::from_real(node.weight) / difference;
            numerator += term.scale(node.value);
            denominator += term;
        }
        numerator / denominator
    }

    /// The cardinal functions `w_k / (x - z_k) / sum_j w_j / (x - z_j)`, with which
    /// `r = sum_k f_k l_k`.
    pub(crate) fn cardinals(&self, at: Place) -> Vec<f64> {
        if let Some(hit) = self.nodes.iter().position(|node| at.minus(node.place) == 0.0) {
            return (0..self.nodes.len()).map(|k| f64::from(u8::from(k == hit))).collect();
        }
        let terms: Vec<f64> = self.nodes.iter().map(|node| node.weight / at.minus(node.place)).collect();
        let denominator: f64 = terms.iter().sum();
        terms.into_iter().map(|term| term / denominator).collect()
    }

    /// `r(z)` and `sum_k c_k (f_k - r(z)) / (z - z_k)`, which is smooth at the support points.
    ///
    /// For the nearest of them from
    /// `(f_k - r(z)) / (z - z_k) = sum_j w_j (f_k - f_j) / (z - z_j) / (w_k + (z - z_k) sum_j w_j / (z - z_j))`
    /// over `j != k`, where nothing cancels.
    pub(crate) fn divided_differences(&self, at: Place<Complex64>, c: &[f64]) -> (Complex64, Complex64) {
        let differences: Vec<Complex64> = self.nodes.iter().map(|node| at.minus(node.place)).collect();
        let nearest = (0..differences.len())
            .min_by(|&i, &j| differences[i].norm_sqr().total_cmp(&differences[j].norm_sqr()))
            .unwrap_or(0);
        let Node { value, weight, .. } = self.nodes[nearest];
        let (mut numerator, mut rest) = (Complex64::ZERO, Complex64::ZERO);
        for (j, node) in self.nodes.iter().enumerate().filter(|&(j, _)| j != nearest) {
            let term = node.weight / differences[j];
            numerator += term * (value - node.value);
            rest += term;
        }
        let slope = numerator / (weight + differences[nearest] * rest);
        let r = self.eval(at);
        let mut sum = c[nearest] * slope;
        for (j, node) in self.nodes.iter().enumerate().filter(|&(j, _)| j != nearest) {
            sum += c[j] * (node.value - r) / differences[j];
        }
        (r, sum)
    }

    /// The poles, from the low end, one at infinity for each degree that the denominator lacks.
    ///
    /// With `x = z_0 + 1 / mu`, `z_0` the support point of largest weight, the zeros of the denominator are the
    /// eigenvalues `mu` of `diag(1 / d_k) + 1 c^T`, `d_k = z_k - z_0`, `c_k = w_k / (w_0 d_k)`. `None` if they
    /// are not found.
    pub(crate) fn poles(&self) -> Option<Vec<Complex64>> {
        let heaviest = self.nodes.iter().max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs()))?;
        let others: Vec<(f64, f64)> = self
            .nodes
            .iter()
            .filter(|node| node.place != heaviest.place)
            .map(|node| (node.place.minus(heaviest.place), node.weight / heaviest.weight))
            .collect();
        if others.is_empty() {
            return Some(Vec::new());
        }
        let mut matrix = DMatrix::from_fn(others.len(), others.len(), |i, j| {
            let (d, ratio) = others[j];
            (if i == j { 1.0 / d } else { 0.0 }) + ratio / d
        });
        balance_parlett_reinsch(&mut matrix);
        let eigenvalues = Schur::try_new(matrix, f64::EPSILON, 30 * others.len())?.complex_eigenvalues();
        Some(eigenvalues.iter().map(|mu| heaviest.place.low + mu.inv()).collect())
    }

    /// The real poles between two places: sign changes of the denominator, which is continuous between adjacent
    /// support points, there and at the `probes`. Two poles with no probe between them are not seen.
    pub(crate) fn real_poles(&self, [first, last]: [Place; 2], probes: &[Place]) -> Vec<Place> {
        let inside = |place: &Place| place.minus(first) > 0.0 && last.minus(*place) > 0.0;
        let denominator = |at: Place| self.nodes.iter().map(|n| n.weight / at.minus(n.place)).sum::<f64>();
        // A place with the sign of the denominator on its left and on its right. What has no weight is not there.
        let mut marks: Vec<(Place, f64, f64)> = self
            .nodes
            .iter()
            .filter(|node| node.weight != 0.0 && inside(&node.place))
            .map(|node| (node.place, -node.weight, node.weight))
            .collect();
        for place in probes.iter().filter(|place| inside(place)).chain([&first, &last]) {
            let sign = denominator(*place);
            // At a support point, within rounding of it included, there is nothing to ask.
            if sign.is_finite() && self.nodes.iter().all(|node| node.place != *place) {
                marks.push((*place, sign, sign));
            }
        }
        marks.sort_by(|a, b| a.0.minus(b.0).total_cmp(&0.0));
        marks
            .windows(2)
            .filter(|pair| pair[0].2 * pair[1].1 < 0.0)
            .map(|pair| pair[0].0.middle(pair[1].0))
            .collect()
    }

    /// The function seen from the other end.
    pub(crate) fn mirrored(&self) -> Self {
        let mirrored = |node: &Node| Node { place: node.place.mirrored(), ..*node };
        Self { nodes: self.nodes.iter().rev().map(mirrored).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1 / (x^2 + 1) + 1 / (x - 3)`, whose weights for four points follow from the denominator
    /// `(x^2 + 1)(x - 3)`.
    fn function() -> (Rational, impl Fn(Complex64) -> Complex64) {
        let places = [-1.0, -0.25, 0.5, 1.0f64];
        let exact = |x: Complex64| (x * x + 1.0).inv() + (x - 3.0).inv();
        let node = |&x: &f64| {
            let product: f64 = places.iter().filter(|&&z| z != x).map(|z| x - z).product();
            let weight = (x * x + 1.0) * (x - 3.0) / product;
            Node { place: Place::on_line(x), value: exact(x.into()).re, weight }
        };
        (Rational::new(places.iter().map(node).collect()), exact)
    }

    fn complex(x: Complex64) -> Place<Complex64> {
        Place { low: x, high: -x }
    }

    #[test]
    fn values_and_poles_of_a_known_function() {
        let (r, exact) = function();
        for x in [-0.9, 0.5, 0.7, 2.0] {
            assert!((r.eval(Place::on_line(x)) - exact(x.into()).re).abs() < 1e-14);
        }
        let z = Complex64::new(0.3, 1.7);
        assert!((r.eval(complex(z)) - exact(z)).norm() < 1e-14);
        let mut poles = r.poles().unwrap();
        poles.sort_by(|a, b| a.re.total_cmp(&b.re).then(a.im.total_cmp(&b.im)));
        for (pole, expected) in poles.iter().zip([-Complex64::I, Complex64::I, 3.0.into()]) {
            assert!((pole - expected).norm() < 1e-13, "{pole} {expected}");
        }
        assert_eq!(r.degree(), 3);
    }

    #[test]
    fn real_poles_are_sign_changes_of_the_denominator() {
        let (r, _) = function();
        let within = |low, high| r.real_poles([Place::on_line(low), Place::on_line(high)], &[]).len();
        assert_eq!([within(-2.0, 2.9), within(-2.0, 3.1), within(2.5, 4.0)], [0, 1, 1]);
        // Two poles between the same support points show only at a probe between them.
        let [a, b] = [0.4, 0.6];
        let node = |x: f64, others: [f64; 2]| Node {
            place: Place::on_line(x),
            value: 1.0,
            weight: (x - a) * (x - b) / others.iter().map(|z| x - z).product::<f64>(),
        };
        let r = Rational::new(vec![node(0.0, [1.0, 2.0]), node(1.0, [0.0, 2.0]), node(2.0, [0.0, 1.0])]);
        let ends = [Place::on_line(0.1), Place::on_line(0.9)];
        assert_eq!(r.real_poles(ends, &[]).len(), 0);
        assert_eq!(r.real_poles(ends, &[Place::on_line(0.5)]).len(), 2);
    }

    #[test]
    fn divided_differences_do_not_cancel_at_support_points() {
        let (r, exact) = function();
        let derivative = |x: Complex64| -2.0 * x / (x * x + 1.0).powi(2) - (x - 3.0).powi(-2);
        let c = [0.0, 0.0, 1.0, 0.0];
        for (gap, tolerance) in [(0.0, 1e-14), (1e-12, 1e-11), (1e-6, 1e-5)] {
            let z = Complex64::new(0.5 + gap, 0.0);
            let (value, sum) = r.divided_differences(complex(z), &c);
            assert!((value - exact(z)).norm() < 1e-15);
            assert!((sum + derivative(0.5.into())).norm() < tolerance, "{gap} {sum}");
        }
    }

    #[test]
    fn differences_keep_their_digits_next_to_both_ends() {
        let next_to_high = |gap: f64| Place { low: 1.0 - gap, high: gap };
        let node = |place: Place, weight| Node { place, value: 1.0 / place.high, weight };
        // 1 / (1 - x): weights proportional to 1 - x up to sign.
        let r = Rational::new(vec![node(next_to_high(1e-20), 1e-20), node(next_to_high(1e-18), -1e-18)]);
        let value = r.eval(next_to_high(3e-19));
        assert!((value * 3e-19 - 1.0).abs() < 1e-14, "{value}");
        assert_eq!(r.mirrored().eval(next_to_high(3e-19).mirrored()), value);
    }
}
