//! Polynomials in one real variable: values, real roots with their multiplicities, complex roots.
//!
//! Real roots are found between those of the derivative, recursively, so that roots of any multiplicity come
//! out as accurately as the simple root of the derivative that they are.

use std::f64::consts::PI;

use num_complex::Complex64;

use crate::numeric::root;

/// A value this small, relative to the terms that it is the sum of, is zero.
const ZERO: f64 = 1e-13;

/// Most rounds over all complex roots, which take a dozen where they are apart, and the angle by which the first points
/// are turned.
const ABERTH: usize = 100;
const TURN: f64 = 0.7;

/// `c_0 + c_1 x + ... + c_n x^n` with `c_n != 0`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RealPolynomial {
    coefficients: Vec<f64>,
}

impl RealPolynomial {
    /// From the coefficients in increasing order; trailing zeros are dropped.
    pub(super) fn new(mut coefficients: Vec<f64>) -> Self {
        while coefficients.len() > 1 && coefficients.last() == Some(&0.0) {
            coefficients.pop();
        }
        Self { coefficients }
    }

    /// Without leading coefficients up to a size: what rounding leaves of zero, where the variable is bounded.
    pub(super) fn trimmed(mut self, size: f64) -> Self {
        while self.degree() > 0 && self.coefficients[self.degree()].abs() <= size {
            self.coefficients.pop();
        }
        self
    }

    /// The largest coefficient in absolute value.
    pub(super) fn largest_coefficient(&self) -> f64 {
        self.coefficients.iter().fold(0.0f64, |m, c| m.max(c.abs()))
    }

    pub(super) fn degree(&self) -> usize {
        self.coefficients.len() - 1
    }

    pub(super) fn at(&self, x: f64) -> f64 {
        self.coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
    }

    pub(super) fn at_complex(&self, x: Complex64) -> Complex64 {
        self.coefficients.iter().rev().fold(Complex64::ZERO, |sum, c| sum * x + c)
    }

    /// Sum of the absolute values of the terms, which rounding errors are relative to.
    pub(super) fn magnitude(&self, x: f64) -> f64 {
        self.coefficients.iter().rev().fold(0.0, |sum, c| sum * x.abs() + c.abs())
    }

    pub(super) fn derivative(&self) -> Self {
        let terms = self.coefficients.iter().enumerate().skip(1);
        let mut coefficients: Vec<f64> = terms.map(|(k, c)| k as f64 * c).collect();
        if coefficients.is_empty() {
            coefficients.push(0.0);
        }
        Self::new(coefficients)
    }

    /// The coefficient of a power; 0 beyond the degree.
    pub(super) fn coefficient(&self, power: usize) -> f64 {
        self.coefficients.get(power).copied().unwrap_or(0.0)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let length = self.coefficients.len().max(other.coefficients.len());
        Self::new((0..length).map(|k| self.coefficient(k) + other.coefficient(k)).collect())
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let mut product = vec![0.0; self.coefficients.len() + other.coefficients.len() - 1];
        for (i, a) in self.coefficients.iter().enumerate() {
            for (j, b) in other.coefficients.iter().enumerate() {
                product[i + j] += a * b;
            }
        }
        Self::new(product)
    }

    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self::new(self.coefficients.iter().map(|c| factor * c).collect())
    }

    /// The polynomial minus its value at a point, in the offset from there, without the coefficients that rounding
    /// leaves of derivatives that vanish.
    pub(super) fn around(&self, center: f64) -> Self {
        let (mut derivative, mut factorial) = (self.derivative(), 1.0);
        let mut coefficients = vec![0.0];
        for power in 1..=self.degree() {
            factorial *= power as f64;
            let value = if derivative.vanishes(center) { 0.0 } else { derivative.at(center) };
            coefficients.push(value / factorial);
            derivative = derivative.derivative();
        }
        Self::new(coefficients)
    }

    /// The polynomial with its derivative.
    pub(super) fn with_slope(self) -> [Self; 2] {
        let slope = self.derivative();
        [self, slope]
    }

    /// About the size at which the terms but the constant add up to a number: the least at which one of them does.
    pub(super) fn size_at(&self, level: f64) -> f64 {
        let terms = self.coefficients.iter().enumerate().skip(1).filter(|(_, c)| **c != 0.0);
        terms.map(|(k, c)| (level / c).abs().powf(1.0 / k as f64)).fold(f64::INFINITY, f64::min)
    }

    fn vanishes(&self, x: f64) -> bool {
        self.at(x).abs() <= ZERO * self.magnitude(x)
    }

    /// The distinct real roots in increasing order, of any multiplicity; none for a constant.
    pub(super) fn real_roots(&self) -> Vec<f64> {
        // A root at 0 is exact, and its powers would underflow next to it.
        let zeros = self.coefficients.iter().take_while(|c| **c == 0.0).count();
        if 0 < zeros && zeros < self.coefficients.len() {
            let mut roots = Self::new(self.coefficients[zeros..].to_vec()).real_roots();
            roots.insert(roots.partition_point(|root| *root < 0.0), 0.0);
            return roots;
        }
        let mut roots = Vec::new();
        for (low, high) in self.monotone() {
            if self.vanishes(low) {
                if roots.last() != Some(&low) {
                    roots.push(low);
                }
            } else if !self.vanishes(high) && self.changes_sign(low, high) {
                roots.push(self.root_between(low, high));
            }
        }
        roots
    }

    fn changes_sign(&self, low: f64, high: f64) -> bool {
        (self.at(low) < 0.0) != (self.at(high) < 0.0)
    }

    /// Intervals on which the polynomial is monotone, which contain all real roots.
    fn monotone(&self) -> Vec<(f64, f64)> {
        if self.degree() == 0 {
            return Vec::new();
        }
        // Fujiwara's bound on the roots.
        let degree = self.degree();
        let leading = self.coefficients[degree].abs();
        let share = |k: usize| (self.coefficients[degree - k].abs() / leading).powf(1.0 / k as f64);
        let bound = 2.0 * (1..=degree).map(share).fold(f64::MIN_POSITIVE, f64::max);
        let turning = self.derivative().real_roots().into_iter().filter(|x| x.abs() < bound);
        let ends: Vec<f64> = [-bound].into_iter().chain(turning).chain([bound]).collect();
        ends.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }

    /// The number of derivatives, from the first on, that vanish at `x`.
    pub(super) fn flatness(&self, x: f64) -> u32 {
        let (mut derivative, mut count) = (self.derivative(), 0);
        while derivative.degree() > 0 && derivative.vanishes(x) {
            count += 1;
            derivative = derivative.derivative();
        }
        count
    }

    /// The root in an interval over which the sign changes and the derivative does not.
    fn root_between(&self, low: f64, high: f64) -> f64 {
        let derivative = self.derivative();
        root::newton(|x| (self.at(x), derivative.at(x)), 0.5 * (low + high), [low, high])
    }
}

/// The roots of a polynomial with coefficients in increasing order, each to the digits that it has, however small
/// next to the others; none if the leading coefficient is 0.
///
/// The iteration of Ehrlich and Aberth (Math. Comp. 27, 1973) from circles whose radii are slopes of the Newton polygon
/// (Bini, Numer. Algorithms 13, 1996).
pub(super) fn roots(coefficients: &[Complex64]) -> Vec<Complex64> {
    let zeros = coefficients.iter().take_while(|c| **c == Complex64::ZERO).count();
    let coefficients = &coefficients[zeros..];
    if coefficients.last().is_none_or(|leading| *leading == Complex64::ZERO || !leading.is_finite()) {
        return Vec::new();
    }
    let mut roots = on_circles(coefficients);
    let mut moving = vec![true; roots.len()];
    for _ in 0..ABERTH {
        for i in 0..roots.len() {
            if !moving[i] {
                continue;
            }
            let x = roots[i];
            let repelled =
                |(j, other): (usize, &Complex64)| if i == j { Complex64::ZERO } else { 1.0 / (x - other) };
            let repulsion: Complex64 = roots.iter().enumerate().map(repelled).sum();
            let newton = newton_step(coefficients, x);
            let step = newton / (1.0 - newton * repulsion);
            if step.is_finite() {
                roots[i] = x - step;
            }
            moving[i] = step.is_finite() && step.norm() > f64::EPSILON * x.norm();
        }
        if !moving.contains(&true) {
            break;
        }
    }
    roots.resize(roots.len() + zeros, Complex64::ZERO);
    roots
}

/// As many points as a polynomial has roots, on circles of about their sizes: where the upper convex hull of
/// `ln |c_k|` falls from `k` to `l`, there are `l - k` roots of the size `|c_k / c_l|^(1 / (l - k))`.
fn on_circles(coefficients: &[Complex64]) -> Vec<Complex64> {
    let logarithm = |k: usize| coefficients[k].norm().ln();
    let slope = |k: usize, l: usize| (logarithm(l) - logarithm(k)) / (l - k) as f64;
    let (mut points, mut k) = (Vec::with_capacity(coefficients.len()), 0);
    while k + 1 < coefficients.len() {
        let steepest = (k + 1..coefficients.len()).max_by(|&a, &b| slope(k, a).total_cmp(&slope(k, b)));
        let Some(l) = steepest else { break };
        let radius = (-slope(k, l)).exp();
        // Turned, so that no symmetry keeps the points on a line.
        let angle = |m: usize| TURN * (k + 1) as f64 + 2.0 * PI * m as f64 / (l - k) as f64;
        points.extend((0..l - k).map(|m| Complex64::from_polar(radius, angle(m))));
        k = l;
    }
    points
}

/// `p / p'`, from the reversed polynomial where powers might overflow.
fn newton_step(coefficients: &[Complex64], x: Complex64) -> Complex64 {
    let horner = |value_and_slope: [Complex64; 2], y: Complex64, c: &Complex64| {
        let [value, slope] = value_and_slope;
        [value * y + c, slope * y + value]
    };
    let zero = [Complex64::ZERO; 2];
    if x.norm_sqr() <= 1.0 {
        let [value, slope] = coefficients.iter().rev().fold(zero, |at, c| horner(at, x, c));
        return quotient(value, slope);
    }
    let y = x.inv();
    let [value, slope] = coefficients.iter().fold(zero, |at, c| horner(at, y, c));
    quotient(value, y * ((coefficients.len() - 1) as f64 * value - y * slope))
}

/// `a / b`, also where the squares of their sizes underflow.
pub(super) fn quotient(a: Complex64, b: Complex64) -> Complex64 {
    let size = b.norm();
    (a / size) / (b / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_flat_at_zero_alone() {
        for degree in [9, 11, 30] {
            let mut coefficients = vec![0.0; degree + 1];
            coefficients[degree] = 1.0;
            let derivative = RealPolynomial::new(coefficients).derivative();
            assert_eq!(derivative.real_roots(), [0.0]);
            assert_eq!(derivative.flatness(0.0) as usize, degree - 2);
        }
    }

    #[test]
    fn complex_roots_of_all_sizes() {
        let complex =
            |coefficients: &[f64]| coefficients.iter().map(|c| Complex64::from(*c)).collect::<Vec<_>>();
        // x^9 = 1e-270: roots of size 1e-30.
        let mut coefficients = vec![0.0; 10];
        (coefficients[0], coefficients[9]) = (-1e-270, 1.0);
        let found = roots(&complex(&coefficients));
        assert_eq!(found.len(), 9);
        for x in found {
            assert!(
                (x / 1e-30).powu(9).im.abs() < 1e-13 && ((x / 1e-30).powu(9).re - 1.0).abs() < 1e-13,
                "{x}"
            );
        }
        // (x^2 + 1e-40) (x - 3) x.
        let mut found = roots(&complex(&[0.0, -3e-40, 1e-40, -3.0, 1.0]));
        found.sort_by(|a, b| a.norm().total_cmp(&b.norm()));
        assert_eq!(found[0], Complex64::ZERO);
        assert!(found[1..3].iter().all(|x| (x * x / 1e-40 + 1.0).norm() < 1e-14), "{found:?}");
        assert!((found[3] - 3.0).norm() < 1e-14);
        assert!(roots(&complex(&[1.0, 0.0])).is_empty() && roots(&[]).is_empty());
    }

    #[test]
    fn roots_of_any_multiplicity() {
        // (x - 1)^4 (x + 2) = x^5 - 2 x^4 - 2 x^3 + 8 x^2 - 7 x + 2
        let p = RealPolynomial::new(vec![2.0, -7.0, 8.0, -2.0, -2.0, 1.0]);
        let roots = p.real_roots();
        assert_eq!(roots.len(), 2);
        assert!((roots[0] + 2.0).abs() < 1e-14 && (roots[1] - 1.0).abs() < 1e-14, "{roots:?}");
        assert_eq!((p.flatness(1.0), p.flatness(-2.0)), (3, 0));
        // Around the root of order 4: y^4 (y + 3).
        assert_eq!(p.around(1.0).coefficients, [0.0, 0.0, 0.0, 0.0, 3.0, 1.0]);
        // x^2 + 1 has no real root; together with x - 3 it has one.
        assert!(RealPolynomial::new(vec![1.0, 0.0, 1.0]).real_roots().is_empty());
        let mixed = RealPolynomial::new(vec![-3.0, 1.0, -3.0, 1.0]).real_roots();
        assert!(mixed.len() == 1 && (mixed[0] - 3.0).abs() < 1e-14, "{mixed:?}");
    }
}
