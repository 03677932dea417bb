//! Coordinates on the unit interval in which the density of a measure is a rational function times something
//! known.
//!
//! | | parameter | density `du` | mass in the parameter |
//! |---|---|---|---|
//! | [`Weighted`](Coordinates::Weighted) | `theta`, `u = sin^2(theta / 2)` | `r(u) u^(+-1/2) (1 - u)^(+-1/2)` | `r(u) u^(1, 0) (1 - u)^(1, 0)` |
//! | [`Logarithmic`](Coordinates::Logarithmic) | `t = log(u / (1 - u))` | `r(t) / (u (1 - u))` | `r(t)` |
//!
//! The first is for ends whose kind is known. In the second every end is an exponential tail, whatever its
//! exponent, and sums of exponentials are approximated by rational functions at the rate of Halphen.

use std::f64::consts::PI;

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::numeric::rational::Place;

/// Kind of an end at which the density is a square root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Edge {
    /// A turning point: the density vanishes like the root of the distance.
    Soft,
    /// The density grows like one over the root of the distance.
    Hard,
}

/// What the density is smooth in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Coordinates {
    /// Square roots at both ends are split off.
    Weighted([Edge; 2]),
    /// The logarithm of the ratio of the distances from the ends.
    Logarithmic,
}

impl Coordinates {
    /// The point of the unit interval at a parameter.
    pub(crate) fn place(self, parameter: f64) -> Place {
        match self {
            Self::Weighted(_) => {
                let (sin, cos) = (0.5 * parameter).sin_cos();
                Place { low: sin * sin, high: cos * cos }
            }
            Self::Logarithmic => place_of_logit(parameter),
        }
    }

    /// The parameter of a point of the unit interval.
    pub(crate) fn parameter(self, place: Place) -> f64 {
        match self {
            Self::Weighted(_) => 2.0 * place.low.sqrt().atan2(place.high.sqrt()),
            Self::Logarithmic => logit(place),
        }
    }

    /// The parameter at `t = log(u / (1 - u))`.
    pub(crate) fn parameter_of_logit(self, t: f64) -> f64 {
        match self {
            Self::Weighted(_) => 2.0 * (0.5 * t).exp().atan(),
            Self::Logarithmic => t,
        }
    }

    /// The argument of the rational function.
    pub(crate) fn argument(self, parameter: f64) -> Place {
        match self {
            Self::Weighted(_) => self.place(parameter),
            Self::Logarithmic => Place::on_line(parameter),
        }
    }

    /// What the rational function is multiplied by to give the density in `u`.
    pub(crate) fn weight(self, Place { low, high }: Place) -> f64 {
        let root = |edge, distance: f64| match edge {
            Edge::Soft => distance.sqrt(),
            Edge::Hard => distance.sqrt().recip(),
        };
        match self {
            Self::Weighted([first, last]) => root(first, low) * root(last, high),
            Self::Logarithmic => (low * high).recip(),
        }
    }

    /// What the rational function is multiplied by to give the mass in the parameter.
    pub(crate) fn rate_factor(self, Place { low, high }: Place) -> f64 {
        match self {
            Self::Weighted([first, last]) => {
                (if first == Edge::Soft { low } else { 1.0 }) * (if last == Edge::Soft { high } else { 1.0 })
            }
            Self::Logarithmic => 1.0,
        }
    }

    /// Seen from the other end.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Weighted([first, last]) => Self::Weighted([last, first]),
            Self::Logarithmic => Self::Logarithmic,
        }
    }

    /// The parameter seen from the other end.
    pub(crate) fn mirrored_parameter(self, parameter: f64) -> f64 {
        match self {
            Self::Weighted(_) => PI - parameter,
            Self::Logarithmic => -parameter,
        }
    }

    /// A complex parameter of a complex point, and its mirror images next to the real parameters.
    pub(crate) fn complex_parameters(self, zeta: Place<Complex64>) -> [Complex64; 3] {
        match self {
            Self::Weighted(_) => {
                let half = (zeta.low.sqrt() / zeta.high.sqrt()).atan();
                [2.0 * half, -2.0 * half, 2.0 * PI - 2.0 * half]
            }
            Self::Logarithmic => {
                let t = complex_logit(zeta);
                let turn = Complex64::new(0.0, 2.0 * PI);
                [t, t - turn, t + turn]
            }
        }
    }
}

/// `log(u / (1 - u))`.
pub(crate) fn logit(Place { low, high }: Place) -> f64 {
    (low / high).ln()
}

/// The point with a given `log(u / (1 - u))`.
pub(crate) fn place_of_logit(t: f64) -> Place {
    let small = (-t.abs()).exp();
    let (near, far) = (small / (1.0 + small), 1.0 / (1.0 + small));
    if t < 0.0 { Place { low: near, high: far } } else { Place { low: far, high: near } }
}

/// `log(zeta / (1 - zeta))`, whose imaginary part has the sign of that of `zeta`.
pub(crate) fn complex_logit(zeta: Place<Complex64>) -> Complex64 {
    zeta.low.ln() - zeta.high.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_places_are_inverse_next_to_both_ends() {
        for coordinates in [Coordinates::Weighted([Edge::Soft, Edge::Hard]), Coordinates::Logarithmic] {
            for t in [-30.0, -8.0, -0.1, 0.0, 3.0, 8.0] {
                let place = place_of_logit(t);
                let back = coordinates.place(coordinates.parameter(place));
                assert!((back.low / place.low - 1.0).abs() < 1e-14, "{t} {coordinates:?}");
                assert!((back.high / place.high - 1.0).abs() < 1e-11, "{t} {coordinates:?}");
                assert!((coordinates.parameter_of_logit(t) - coordinates.parameter(place)).abs() < 1e-14);
            }
        }
    }
}
