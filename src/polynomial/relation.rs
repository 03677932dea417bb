//! Spectra that are algebraic functions of one real number.
//!
//! `Q(z, t) = 0` with `Q` monic of degree 1 or 2 in `z` and coefficients that are polynomials in `t`: `z - p(t)`
//! for the values of a polynomial, `det(z - M(t))` for the eigenvalues of a 2 x 2 matrix. Between the numbers
//! found here the values are monotone in `t`.

use num_complex::Complex64;

use super::real_polynomial::RealPolynomial;

/// A derivative this small, relative to its terms, vanishes.
const VANISHES: f64 = 1e-9;

/// Leading coefficients and discriminants this small, relative to the largest, are what rounding leaves of zero.
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

    /// `dQ/dz` as a polynomial in `t`.
    pub(super) fn slope(&self, z: Complex64, t: Complex64) -> Complex64 {
        match self {
            Self::Value(_) => Complex64::ONE,
            Self::Eigenvalues { trace, .. } => 2.0 * z - trace.at_complex(t),
        }
    }

    /// The values as functions of the offset from a number, each measured from where it is there; in increasing order.
    pub(super) fn around(&self, t: f64) -> Vec<(f64, Offset)> {
        let values = self.values(t);
        match self {
            Self::Value(p) => vec![(values[0], Offset::Value(p.around(t).with_slope()))],
            Self::Eigenvalues { trace, determinant } => {
                let crossing = !self.is_simple(values[0], t);
                let eigenvalue = |upper: bool| {
                    let (value, gap) = if crossing {
                        (0.5 * trace.at(t), 0.0)
                    } else {
                        let [own, other] =
                            if upper { [values[1], values[0]] } else { [values[0], values[1]] };
                        (own, own - other)
                    };
                    let trace = trace.around(t);
                    let rest = determinant.around(t).plus(&trace.scaled(-value));
                    let [trace, rest] = [trace, rest].map(RealPolynomial::with_slope);
                    (value, Offset::Eigenvalue { trace, rest, gap, upper })
                };
                [false, true].map(eigenvalue).into()
            }
        }
    }

    /// Whether the eigenvalue `z` is not the other one, too.
    fn is_simple(&self, z: f64, t: f64) -> bool {
        match self {
            Self::Value(_) => true,
            Self::Eigenvalues { trace, .. } => {
                // Rounding of the discriminant, of which the difference is the root.
                (2.0 * z - trace.at(t)).powi(2) > ROUNDING * (z.abs() + trace.magnitude(t)).powi(2)
            }
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
                match (moves, self.is_simple(z, t)) {
                    (false, true) => Valuation { numerator: 2, denominator: 1 },
                    (true, false) => Valuation { numerator: 1, denominator: 2 },
                    // Where both vanish, two analytic values cross.
                    _ => Valuation { numerator: 1, denominator: 1 },
                }
            }
        }
    }
}

/// How far one value is from where it is at a number, as a function `d(s)` of the offset from that number: to all digits
/// however small the offset.
#[derive(Debug, Clone)]
pub(super) enum Offset {
    /// A polynomial without a constant, and its derivative.
    Value([RealPolynomial; 2]),
    /// One of the two roots of `d^2 + (gap - trace(s)) d + rest(s) = 0`, polynomials without constants and with their
    /// derivatives, where `gap` is the distance from the other eigenvalue.
    Eigenvalue { trace: [RealPolynomial; 2], rest: [RealPolynomial; 2], gap: f64, upper: bool },
}

impl Offset {
    /// `d(s)` and its derivative.
    pub(super) fn at(&self, s: f64) -> (f64, f64) {
        match self {
            Self::Value([p, slope]) => (p.at(s), slope.at(s)),
            Self::Eigenvalue { trace: [trace, trace_slope], rest: [rest, rest_slope], gap, upper } => {
                let (b, c) = (gap - trace.at(s), rest.at(s));
                let sign = if *upper { 1.0 } else { -1.0 };
                let root = sign * (b * b - 4.0 * c).max(0.0).sqrt();
                // Either way without a difference that cancels.
                let d = if sign * b > 0.0 { -2.0 * c / (b + root) } else { 0.5 * (root - b) };
                (d, (d * trace_slope.at(s) - rest_slope.at(s)) / root)
            }
        }
    }

    /// About the offset at which it is that far.
    pub(super) fn size_at(&self, distance: f64) -> f64 {
        match self {
            Self::Value([p, _]) => p.size_at(distance),
            Self::Eigenvalue { trace: [trace, _], rest: [rest, _], gap, .. } => {
                rest.plus(&trace.scaled(-distance)).size_at(distance * (distance + gap))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Eigenvalues in closed form, next to a crossing and next to an end at which they are roots.
    #[test]
    fn eigenvalues_are_told_to_all_digits_next_to_a_number() {
        let polynomial = |coefficients: &[f64]| RealPolynomial::new(coefficients.to_vec());
        // t and 1 - t, which cross at 1/2; t^2 and 3 + t, which do not; plus and minus the root of t.
        let crossing = (polynomial(&[1.0]), polynomial(&[0.0, 1.0, -1.0]));
        let apart = (polynomial(&[3.0, 1.0, 1.0]), polynomial(&[0.0, 0.0, 3.0, 1.0]));
        let roots = (polynomial(&[0.0]), polynomial(&[0.0, -1.0]));
        type Exact = fn(f64) -> f64;
        let cases: [(_, f64, [Exact; 2]); 3] = [
            (crossing, 0.5, [|s| -s, |s| s]),
            (apart, 1.0, [|s| s * (2.0 + s), |s| s]),
            (roots, 0.0, [|s| -s.sqrt(), |s| s.sqrt()]),
        ];
        for (k, ((trace, determinant), t, exact)) in cases.into_iter().enumerate() {
            let offsets = Relation::Eigenvalues { trace, determinant }.around(t);
            for ((_, offset), exact) in offsets.into_iter().zip(exact) {
                for s in [1e-30, 1e-12, 1e-3, 0.2] {
                    let (found, slope) = offset.at(s);
                    assert!((found / exact(s) - 1.0).abs() < 1e-14, "{k} {s}: {found:e}");
                    let difference = (exact(s * (1.0 + 1e-6)) - exact(s * (1.0 - 1e-6))) / (2e-6 * s);
                    assert!((slope / difference - 1.0).abs() < 1e-8, "{k} {s}: slope {slope}");
                }
            }
        }
    }

    /// `sqrt(2) t` and `1 - sqrt(7) t`: rounding keeps eigenvalues apart where they cross, by the root of what it is.
    #[test]
    fn eigenvalues_cross_in_spite_of_rounding() {
        let [a, b] = [2f64.sqrt(), 7f64.sqrt()];
        let trace = RealPolynomial::new(vec![1.0, a - b]);
        let determinant = RealPolynomial::new(vec![0.0, a, -a * b]);
        let offsets = Relation::Eigenvalues { trace, determinant }.around((a + b).recip());
        for ((_, offset), slope) in offsets.into_iter().zip([-b, a]) {
            let (found, _) = offset.at(1e-4);
            assert!((found / (1e-4 * slope) - 1.0).abs() < 1e-10, "{found:e}");
        }
    }
}
