//! Polynomials in two free variables with two values each.
//!
//! Up to an affine map such a variable is a projection, and two projections `p`, `q` in general position are
//! direct integrals of 2 x 2 matrices (Halmos, Trans. AMS 144, 1969)
//!
//! ```text
//! p = [1 0; 0 0],   q = [t s; s 1 - t],   s^2 = t (1 - t),
//! ```
//!
//! so that every polynomial is a 2 x 2 matrix `M(t)` and its spectrum the eigenvalues of that. For free
//! projections of traces `a` and `b` the number `t` has the density (Voiculescu 1987)
//!
//! ```text
//! sqrt((r_+ - t) (t - r_-)) / (2 pi t (1 - t)),   r_+- = (sqrt(a (1 - b)) +- sqrt(b (1 - a)))^2
//! ```
//!
//! of mass `min(a, 1 - a, b, 1 - b)`; the rest are the joint eigenvectors of `p` and `q`, on which the polynomial
//! is a number.

use num_complex::Complex64;

use super::algebra::{Polynomial, Variable};
use super::image::ImageTransform;
use super::real_polynomial::RealPolynomial;
use super::relation::Relation;
use crate::error::Result;
use crate::free::{FreeLaw, Law};
use crate::law::{Singularity, SpectralLaw};
use crate::population::Atom;

/// Coefficients this small, relative to the largest, are what rounding leaves of zero.
const ROUNDING: f64 = 1e-14;

/// Differences of coefficients up to which polynomials are the same, relative to the largest.
const IDENTICAL: f64 = 1e-12;

/// Joint eigenvectors of less mass are none.
const NO_MASS: f64 = 1e-14;

/// The law of `t`, normalised.
#[derive(Debug, Clone, Copy)]
struct Angle {
    low: f64,
    high: f64,
    /// `|a - b|` and `|1 - a - b|`: the roots of `r_- r_+` and of `(1 - r_-) (1 - r_+)`.
    at_zero: f64,
    at_one: f64,
    mass: f64,
}

impl Angle {
    fn new(a: f64, b: f64) -> Self {
        let difference = (a * (1.0 - b)).sqrt() - (b * (1.0 - a)).sqrt();
        let from_one = (a * b).sqrt() - ((1.0 - a) * (1.0 - b)).sqrt();
        let mass = a.min(1.0 - a).min(b).min(1.0 - b);
        let (low, high) = (difference.powi(2), 1.0 - from_one.powi(2));
        Self { low, high, at_zero: (a - b).abs(), at_one: (1.0 - a - b).abs(), mass }
    }
}

impl FreeLaw for Angle {
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let root = (z - self.low).sqrt() * (z - self.high).sqrt();
        // The line that takes the poles at 0 and 1 off.
        let line = self.at_one * z - self.at_zero * (1.0 - z);
        -0.5 * (root - line) / (z * (1.0 - z) * self.mass)
    }

    fn support(&self) -> Vec<[f64; 2]> {
        vec![[self.low, self.high]]
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![Singularity::Pole(0.0), Singularity::Pole(1.0)]
    }
}

/// A matrix `[m_11, s m_12; s m_21, m_22]` with polynomials in `t`, by coefficients.
#[derive(Debug, Clone)]
struct Block([[Vec<Complex64>; 2]; 2]);

impl Block {
    fn scalar(c: Complex64) -> Self {
        Self([[vec![c], Vec::new()], [Vec::new(), vec![c]]])
    }

    /// `shift + scale p` for the first projection, `shift + scale q` for the second.
    fn projection(second: bool, shift: f64, scale: f64) -> Self {
        let number = Complex64::from;
        if second {
            let off = || vec![number(scale)];
            let low = vec![number(shift), number(scale)];
            Self([[low, off()], [off(), vec![number(shift + scale), number(-scale)]]])
        } else {
            Self([[vec![number(shift + scale)], Vec::new()], [Vec::new(), vec![number(shift)]]])
        }
    }

    fn times(&self, other: &Self) -> Self {
        let s_squared = [Complex64::ZERO, Complex64::ONE, -Complex64::ONE];
        let entry = |i: usize, j: usize| {
            let mut sum = Vec::new();
            for k in 0..2 {
                let mut product = convolution(&self.0[i][k], &other.0[k][j]);
                // Two entries off the diagonal leave s^2; one leaves s, which is implied.
                if i != k && k != j {
                    product = convolution(&product, &s_squared);
                }
                add(&mut sum, &product, Complex64::ONE);
            }
            sum
        };
        Self([[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]])
    }
}

fn convolution(a: &[Complex64], b: &[Complex64]) -> Vec<Complex64> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let mut product = vec![Complex64::ZERO; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] += x * y;
        }
    }
    product
}

fn add(sum: &mut Vec<Complex64>, term: &[Complex64], factor: Complex64) {
    if sum.len() < term.len() {
        sum.resize(term.len(), Complex64::ZERO);
    }
    sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += factor * term);
}

/// The real parts, without what rounding leaves of zero.
fn real(coefficients: &[Complex64], scale: f64) -> RealPolynomial {
    let real: Vec<f64> = coefficients.iter().map(|c| c.re).collect();
    RealPolynomial::new(if real.is_empty() { vec![0.0] } else { real }).trimmed(ROUNDING * scale)
}

/// The law of a polynomial in two free variables with two values each, with its singular points.
///
/// # Errors
/// As for [`SpectralLaw::build`].
pub(super) fn law(
    polynomial: &Polynomial,
    variables: [(&Variable, &Law); 2],
    value_at: impl Fn(&[f64]) -> f64,
    moments: [f64; 4],
) -> Result<(SpectralLaw, Vec<Singularity>)> {
    let atoms = variables.map(|(_, law)| [law.point_masses()[0], law.point_masses()[1]]);
    let [a, b] = atoms.map(|[_, upper]| upper.mass);
    let mut extra = Vec::new();
    for (i, first) in atoms[0].iter().enumerate() {
        for (j, second) in atoms[1].iter().enumerate() {
            let share = |trace: f64, upper: usize| if upper == 1 { trace } else { 1.0 - trace };
            let mass = share(a, i) + share(b, j) - 1.0;
            if mass > NO_MASS {
                extra.push(Atom { location: value_at(&[first.location, second.location]), mass });
            }
        }
    }
    let blocks = [0, 1].map(|k| {
        let [lower, upper] = atoms[k];
        Block::projection(k == 1, lower.location, upper.location - lower.location)
    });
    let mut matrix = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
    for (word, coefficient) in polynomial.terms() {
        let factor =
            |block: Block, letter: &Variable| block.times(&blocks[usize::from(letter != variables[0].0)]);
        let Block(product) = word.iter().fold(Block::scalar(Complex64::ONE), factor);
        for (sums, products) in matrix.iter_mut().zip(&product) {
            sums.iter_mut().zip(products).for_each(|(sum, term)| add(sum, term, coefficient));
        }
    }
    let off = convolution(&matrix[0][1], &matrix[1][0]);
    let mut determinant = convolution(&matrix[0][0], &matrix[1][1]);
    add(
        &mut determinant,
        &convolution(&off, &[Complex64::ZERO, Complex64::ONE, -Complex64::ONE]),
        -Complex64::ONE,
    );
    let mut trace = matrix[0][0].clone();
    add(&mut trace, &matrix[1][1], Complex64::ONE);
    let scale = matrix.iter().flatten().flatten().fold(f64::MIN_POSITIVE, |m, c| m.max(c.norm()));
    let (trace, determinant) = (real(&trace, scale), real(&determinant, scale * scale));
    let angle = Angle::new(a, b);
    if trace.degree() == 0 && determinant.degree() == 0 {
        let values = Relation::Eigenvalues { trace, determinant }.values(0.0).into_iter();
        extra.extend(values.map(|location| Atom { location, mass: angle.mass }));
        return Ok((SpectralLaw::discrete(&extra)?, Vec::new()));
    }
    let (relation, weight) = match constant_value(&trace, &determinant) {
        Some(location) => {
            extra.push(Atom { location, mass: angle.mass });
            (Relation::Value(trace.plus(&RealPolynomial::new(vec![-location]))), angle.mass)
        }
        None if coincide(&trace, &determinant) => (Relation::Value(trace.scaled(0.5)), 2.0 * angle.mass),
        None => (Relation::Eigenvalues { trace, determinant }, angle.mass),
    };
    let mut image = ImageTransform::new(relation, &Law::new(angle)?, weight, extra, moments);
    let singularities = image.singular_values();
    Ok((image.law()?, singularities))
}

/// The eigenvalue that does not depend on `t`, if there is one.
fn constant_value(trace: &RealPolynomial, determinant: &RealPolynomial) -> Option<f64> {
    let power = (1..=trace.degree())
        .max_by(|&i, &j| trace.coefficient(i).abs().total_cmp(&trace.coefficient(j).abs()))?;
    let value = determinant.coefficient(power) / trace.coefficient(power);
    let size = |k: usize| determinant.coefficient(k).abs() + (value * trace.coefficient(k)).abs();
    let square = |k: usize| if k == 0 { value * value } else { 0.0 };
    let left = |k: usize| square(k) - value * trace.coefficient(k) + determinant.coefficient(k);
    let scale = (0..=determinant.degree().max(trace.degree())).fold(0.0f64, |m, k| m.max(size(k)));
    let zero = (0..=determinant.degree().max(trace.degree())).all(|k| left(k).abs() <= IDENTICAL * scale);
    zero.then_some(value)
}

/// Whether the two eigenvalues are the same for all `t`: the trace squared is four times the determinant.
fn coincide(trace: &RealPolynomial, determinant: &RealPolynomial) -> bool {
    let square = trace.times(trace);
    let scale = (0..=square.degree()).fold(0.0f64, |m, k| m.max(square.coefficient(k).abs()));
    let degree = square.degree().max(determinant.degree());
    (0..=degree)
        .all(|k| (square.coefficient(k) - 4.0 * determinant.coefficient(k)).abs() <= IDENTICAL * scale)
}
