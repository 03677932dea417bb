//! Spectra that are algebraic functions of one real number.
//!
//! `Q(z, t) = 0` with `Q` monic of degree 1 or 2 in `z` and coefficients that are polynomials in `t`: `z - p(t)`
//! for the values of a polynomial, `det(z - M(t))` for the eigenvalues of a 2 x 2 matrix. Between the numbers
//! found here the values are monotone in `t`.

use num_complex::Complex64;

use super::real_polynomial::RealPolynomial;

/// A derivative this small, relative to its terms, vanishes.
const VANISHES: f64 = 1e-9;

/// Leading coefficients this small, relative to the largest, are what rounding leaves of zero.
const ROUNDING: f64 = 1e-14;

/// A polynomial `Q(z, t)`.
#[derive(Debug, Clone)]
pub(super) enum Relation {
    /// `z - p(t)`.
    Value(RealPolynomial),
    /// `z^2 - trace(t) z + determinant(t)`, with two real roots for the numbers `t` that matter.
    Eigenvalues { trace: RealPolynomial, determinant: RealPolynomial },
}

/// How a value goes with `t` next to a number: `z - z_0` like `(t - t_0)^(numerator / denominator)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Valuation {
    pub(super) numerator: u32,
    pub(super) denominator: u32,
}

impl Relation {
    /// The real values at `t`, in increasing order.
    pub(super) fn values(&self, t: f64) -> Vec<f64> {
        match self {
            Self::Value(p) => vec![p.at(t)],
            Self::Eigenvalues { trace, determinant } => {
                let (half, determinant) = (0.5 * trace.at(t), determinant.at(t));
                let root = (half * half - determinant).max(0.0).sqrt();
                // The smaller one from the determinant, where the difference would cancel.
                let large = if half >= 0.0 { half + root } else { half - root };
                let small = if large == 0.0 { 0.0 } else { determinant / large };
                vec![large.min(small), large.max(small)]
            }
        }
    }

    /// `Q(z, t)` as a polynomial in `t`.
    pub(super) fn at_level(&self, z: Complex64) -> Vec<Complex64> {
        match self {
            Self::Value(p) => combination(&[(-Complex64::ONE, p)], z),
            Self::Eigenvalues { trace, determinant } => {
                combination(&[(-z, trace), (Complex64::ONE, determinant)], z * z)
            }
        }
    }

    /// The same for real `z`.
    pub(super) fn at_real_level(&self, z: f64) -> RealPolynomial {
        RealPolynomial::new(self.at_level(Complex64::from(z)).into_iter().map(|c| c.re).collect())
    }

    /// `dQ/dz` as a polynomial in `t`.
    pub(super) fn slope(&self, z: Complex64, t: Complex64) -> Complex64 {
        match self {
            Self::Value(_) => Complex64::ONE,
            Self::Eigenvalues { trace, .. } => 2.0 * z - trace.at_complex(t),
        }
    }

    /// The limit of `(dQ/dz) / Q` as `t` goes to infinity.
    pub(super) fn at_infinity(&self, z: Complex64) -> Complex64 {
        match self {
            Self::Value(_) => Complex64::ZERO,
            Self::Eigenvalues { trace, determinant } => {
                let degree = trace.degree().max(determinant.degree());
                let (trace, determinant) = (trace.coefficient(degree), determinant.coefficient(degree));
                -trace / (determinant - trace * z)
            }
        }
    }

    /// Numbers at which a value may turn.
    pub(super) fn turning(&self) -> Vec<f64> {
        match self {
            Self::Value(p) => p.derivative().real_roots(),
            // Q_t = 0 gives z = D' / T', and Q = 0 then D'^2 - T T' D' + T'^2 D = 0.
            Self::Eigenvalues { trace, determinant } => {
                let (t, d) = (trace.derivative(), determinant.derivative());
                let resultant = d
                    .times(&d)
                    .plus(&trace.times(&t).times(&d).scaled(-1.0))
                    .plus(&t.times(&t).times(determinant));
                let rounding = ROUNDING * resultant.largest_coefficient();
                resultant.trimmed(rounding).real_roots()
            }
        }
    }

    /// How the value `z` goes with `t`.
    pub(super) fn valuation(&self, z: f64, t: f64) -> Valuation {
        match self {
            Self::Value(p) => Valuation { numerator: p.flatness(t) + 1, denominator: 1 },
            Self::Eigenvalues { trace, determinant } => {
                let (t_slope, d_slope) = (trace.derivative(), determinant.derivative());
                let moves = (d_slope.at(t) - z * t_slope.at(t)).abs()
                    > VANISHES * (d_slope.magnitude(t) + z.abs() * t_slope.magnitude(t));
                let simple = (2.0 * z - trace.at(t)).abs() > VANISHES * (z.abs() + trace.magnitude(t));
                match (moves, simple) {
                    (false, true) => Valuation { numerator: 2, denominator: 1 },
                    (true, false) => Valuation { numerator: 1, denominator: 2 },
                    // Where both vanish, two analytic values cross.
                    _ => Valuation { numerator: 1, denominator: 1 },
                }
            }
        }
    }
}

/// A constant plus multiples of polynomials, as coefficients in increasing order.
fn combination(terms: &[(Complex64, &RealPolynomial)], constant: Complex64) -> Vec<Complex64> {
    let degree = terms.iter().map(|(_, p)| p.degree()).max().unwrap_or(0);
    let mut sum = vec![Complex64::ZERO; degree + 1];
    sum[0] = constant;
    for (factor, p) in terms {
        sum.iter_mut().enumerate().for_each(|(k, entry)| *entry += factor * p.coefficient(k));
    }
    sum
}
