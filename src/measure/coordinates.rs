//! Coordinates on the unit interval in which the density of a measure is a rational function times something
//! known.
//!
//! | | parameter | density `du` | mass in the parameter |
//! |---|---|---|---|
//! | [`Weighted`](Coordinates::Weighted) | `theta`, `u = sin^2(theta / 2)` | `r(u) u^(+-1/2) (1 - u)^(+-1/2)` | `r(u) u^(1, 0) (1 - u)^(1, 0)` |
//! | [`Rooted`](Coordinates::Rooted) | `v`, `u = v^n` | `r(v) v^-k` | `n r(v) v^(n - 1 - k)` |
//! | [`Half`](Coordinates::Half) | `t = log u` | `r(t) / u` | `r(t)` |
//! | [`Logarithmic`](Coordinates::Logarithmic) | `t = log(u / (1 - u))` | `r(t) / (u (1 - u))` | `r(t)` |
//!
//! The first is for ends whose kind is known, the second for an interval from a branch point of known order to a regular point;
//! at the upper end it is mirrored, `1 - u = (-v)^n` with `v` from -1 to 0. In the others an end is an exponential tail,
//! whatever its exponent, and sums of exponentials are approximated by rational functions at the rate of Halphen: in the third one
//! end, the other being a regular point, mirrored likewise; in the last both.

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

/// One of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    Low,
    High,
}

/// A branch point at an end: the density is a power series in the root of the distance, times a negative power of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Root {
    /// Order `n` of the root.
    pub(crate) order: u32,
    /// Power `k < n` of the root that the density grows with.
    pub(crate) growth: u32,
}

impl Root {
    /// `u^(1/n)`.
    fn of(self, u: f64) -> f64 {
        match self.order {
            1 => u,
            2 => u.sqrt(),
            3 => u.cbrt(),
            order => u.powf(f64::from(order).recip()),
        }
    }

    /// `u^(1/n)` and `1 - u^(1/n)`.
    fn place(self, Place { low, high }: Place) -> Place {
        let v = self.of(low);
        // Where u rounds to 1 its distance from there does not.
        let rest = if high < 0.5 { -((-high).ln_1p() / f64::from(self.order)).exp_m1() } else { 1.0 - v };
        Place { low: v, high: rest }
    }

    /// `v^n` and `1 - v^n`.
    fn power(self, Place { low, high }: Place) -> Place {
        let u = low.powi(self.order as i32);
        let rest = if high < 0.5 { -((-high).ln_1p() * f64::from(self.order)).exp_m1() } else { 1.0 - u };
        Place { low: u, high: rest }
    }
}

/// What the density is smooth in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Coordinates {
    /// Square roots at both ends are split off.
    Weighted([Edge; 2]),
    /// A root of the distance from the lower end, or from the upper one.
    Rooted(Root, Side),
    /// The logarithm of the distance from the lower end, or less that from the upper one.
    Half(Side),
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
            Self::Rooted(root, side) => {
                let v = parameter.abs().min(1.0);
                side.seen(root.power(Place { low: v, high: 1.0 - v }))
            }
            Self::Half(side) => side.seen(place_of_logarithm(-parameter.abs())),
            Self::Logarithmic => place_of_logit(parameter),
        }
    }

    /// The parameter of a point of the unit interval.
    pub(crate) fn parameter(self, place: Place) -> f64 {
        match self {
            Self::Weighted(_) => 2.0 * place.low.sqrt().atan2(place.high.sqrt()),
            Self::Rooted(root, Side::Low) => root.of(place.low),
            Self::Rooted(root, Side::High) => -root.of(place.high),
            Self::Half(Side::Low) => logarithm(place),
            Self::Half(Side::High) => -logarithm(Side::High.seen(place)),
            Self::Logarithmic => logit(place),
        }
    }

    /// The parameter at `t = log(u / (1 - u))`.
    pub(crate) fn parameter_of_logit(self, t: f64) -> f64 {
        match self {
            Self::Weighted(_) => 2.0 * (0.5 * t).exp().atan(),
            Self::Rooted(..) | Self::Half(_) => self.parameter(place_of_logit(t)),
            Self::Logarithmic => t,
        }
    }

    /// The parameters of the two ends.
    pub(crate) fn range(self) -> [f64; 2] {
        match self {
            Self::Weighted(_) => [0.0, PI],
            Self::Rooted(_, Side::Low) => [0.0, 1.0],
            Self::Rooted(_, Side::High) => [-1.0, 0.0],
            Self::Half(Side::Low) => [f64::NEG_INFINITY, 0.0],
            Self::Half(Side::High) => [0.0, f64::INFINITY],
            Self::Logarithmic => [f64::NEG_INFINITY, f64::INFINITY],
        }
    }

    /// Whether masses count, not densities: next to one of the ends these may be anything.
    pub(crate) fn is_logarithmic(self) -> bool {
        matches!(self, Self::Half(_) | Self::Logarithmic)
    }

    /// The argument of the rational function.
    pub(crate) fn argument(self, parameter: f64) -> Place {
        match self {
            Self::Weighted(_) => self.place(parameter),
            Self::Rooted(_, side) => {
                let v = parameter.abs().min(1.0);
                side.seen(Place { low: v, high: 1.0 - v })
            }
            Self::Half(_) | Self::Logarithmic => Place::on_line(parameter),
        }
    }

    /// The same at a point of the unit interval.
    pub(crate) fn argument_at(self, place: Place) -> Place {
        match self {
            Self::Weighted(_) => place,
            Self::Rooted(root, side) => side.seen(root.place(side.seen(place))),
            Self::Half(_) | Self::Logarithmic => Place::on_line(self.parameter(place)),
        }
    }

    /// `t = log(u / (1 - u))` at the argument with this coordinate from the low end.
    pub(crate) fn logit_of_argument(self, low: f64) -> f64 {
        let place = Place { low, high: 1.0 - low };
        match self {
            Self::Weighted(_) => logit(place),
            Self::Rooted(root, side) => logit(side.seen(root.power(side.seen(place)))),
            Self::Half(_) => logit(self.place(low)),
            Self::Logarithmic => low,
        }
    }

    /// What the rational function is multiplied by to give the density in `u`.
    pub(crate) fn weight(self, place: Place) -> f64 {
        let Place { low, high } = place;
        let power = |edge, distance: f64| match edge {
            Edge::Soft => distance.sqrt(),
            Edge::Hard => distance.sqrt().recip(),
        };
        match self {
            Self::Weighted([first, last]) => power(first, low) * power(last, high),
            Self::Rooted(root, side) => root.of(side.seen(place).low).powi(-(root.growth as i32)),
            Self::Half(side) => side.seen(place).low.recip(),
            Self::Logarithmic => (low * high).recip(),
        }
    }

    /// What the rational function is multiplied by to give the mass in the parameter.
    pub(crate) fn rate_factor(self, place: Place) -> f64 {
        let Place { low, high } = place;
        match self {
            Self::Weighted([first, last]) => {
                (if first == Edge::Soft { low } else { 1.0 }) * (if last == Edge::Soft { high } else { 1.0 })
            }
            Self::Rooted(root, side) => {
                let v = root.of(side.seen(place).low);
                f64::from(root.order) * v.powi((root.order - 1 - root.growth) as i32)
            }
            Self::Half(_) | Self::Logarithmic => 1.0,
        }
    }

    /// Seen from the other end.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Weighted([first, last]) => Self::Weighted([last, first]),
            Self::Rooted(root, side) => Self::Rooted(root, side.other()),
            Self::Half(side) => Self::Half(side.other()),
            Self::Logarithmic => Self::Logarithmic,
        }
    }

    /// The parameter seen from the other end.
    pub(crate) fn mirrored_parameter(self, parameter: f64) -> f64 {
        match self {
            Self::Weighted(_) => PI - parameter,
            _ => -parameter,
        }
    }

    /// The complex parameters of a complex point that are next to the real ones, the first of them with the sign of its
    /// imaginary part.
    pub(crate) fn complex_parameters(self, zeta: Place<Complex64>) -> Vec<Complex64> {
        match self {
            Self::Weighted(_) => {
                let half = (zeta.low.sqrt() / zeta.high.sqrt()).atan();
                vec![2.0 * half, -2.0 * half, 2.0 * PI - 2.0 * half]
            }
            Self::Rooted(root, side) => {
                let sign = if side == Side::Low { 1.0 } else { -1.0 };
                let first = side.seen(zeta).low.powf(f64::from(root.order).recip()) * sign;
                let turn = |k| Complex64::from_polar(1.0, 2.0 * PI * f64::from(k) / f64::from(root.order));
                // Multiplying by 1 would lose the sign of a vanishing imaginary part.
                (0..root.order).map(|k| if k == 0 { first } else { first * turn(k) }).collect()
            }
            _ => {
                let t = self.complex_logarithm(zeta);
                let turn = Complex64::new(0.0, 2.0 * PI);
                vec![t, t - turn, t + turn]
            }
        }
    }

    /// The parameter of a complex point in logarithmic coordinates.
    pub(crate) fn complex_logarithm(self, zeta: Place<Complex64>) -> Complex64 {
        match self {
            Self::Half(Side::Low) => zeta.low.ln(),
            Self::Half(Side::High) => -zeta.high.ln(),
            _ => complex_logit(zeta),
        }
    }
}

impl Side {
    /// A place as it is seen from this end.
    fn seen<T>(self, place: Place<T>) -> Place<T> {
        match self {
            Self::Low => place,
            Self::High => place.mirrored(),
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// `log(u / (1 - u))`.
pub(crate) fn logit(Place { low, high }: Place) -> f64 {
    (low / high).ln()
}

/// `log u`.
fn logarithm(Place { low, high }: Place) -> f64 {
    if high < 0.5 { (-high).ln_1p() } else { low.ln() }
}

/// The point with a given `log u`.
fn place_of_logarithm(t: f64) -> Place {
    Place { low: t.exp(), high: -t.exp_m1() }
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
        let root = Root { order: 3, growth: 1 };
        let all = [
            Coordinates::Weighted([Edge::Soft, Edge::Hard]),
            Coordinates::Rooted(root, Side::Low),
            Coordinates::Rooted(root, Side::High),
            Coordinates::Half(Side::Low),
            Coordinates::Half(Side::High),
            Coordinates::Logarithmic,
        ];
        for coordinates in all {
            for t in [-30.0, -8.0, -0.1, 0.0, 3.0, 8.0] {
                let place = place_of_logit(t);
                let back = coordinates.place(coordinates.parameter(place));
                // Next to a regular end there is nothing to resolve.
                let regular = |side| {
                    if matches!(coordinates, Coordinates::Rooted(_, s) | Coordinates::Half(s) if s != side) {
                        1e-15
                    } else {
                        0.0
                    }
                };
                let off = |side, back: f64, exact: f64| (back - exact).abs() - regular(side);
                assert!(off(Side::Low, back.low, place.low) < 1e-14 * place.low, "{t} {coordinates:?}");
                assert!(off(Side::High, back.high, place.high) < 1e-11 * place.high, "{t} {coordinates:?}");
                let argument = coordinates.argument(coordinates.parameter(place));
                assert!((argument.low - coordinates.argument_at(place).low).abs() < 1e-15 * t.abs().max(1.0));
                assert!((coordinates.logit_of_argument(argument.low) - t).abs() < 1e-11 || t.abs() > 5.0);
                assert!((coordinates.parameter_of_logit(t) - coordinates.parameter(place)).abs() < 1e-14);
            }
        }
    }
}
