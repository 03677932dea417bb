//! The interval of a band, its parameter, and the factor that holds all that is not smooth at its edges.

use std::f64::consts::PI;

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// How the density on an interval is written as a smooth function times what happens at its edges.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Frame {
    /// `rho(x) = q(x) sqrt((x - a)(b - x)) / prod |x - p|` with `q` analytic in `x`, parameter the angle
    /// `x = a + (b - a) sin^2(theta / 2)`.
    Edges {
        low: f64,
        high: f64,
        /// The nearest poles on either side, an edge included.
        poles: [Option<f64>; 2],
    },
    /// `x = edge + (other - edge) v^order` with `q(v) = rho(x) v^pole` times a constant analytic in `v` on `[0, 1]`:
    /// next to a branch point of the given order, where the density is unbounded like `v^-pole`, and up to a
    /// regular point on the other side.
    Power { edge: f64, other: f64, order: u32, pole: u32 },
}

impl Frame {
    pub(super) fn low(self) -> f64 {
        match self {
            Self::Edges { low, .. } => low,
            Self::Power { edge, other, .. } => edge.min(other),
        }
    }

    pub(super) fn high(self) -> f64 {
        match self {
            Self::Edges { high, .. } => high,
            Self::Power { edge, other, .. } => edge.max(other),
        }
    }

    pub(super) fn length(self) -> f64 {
        self.high() - self.low()
    }

    /// The parameter runs from 0 to this.
    pub(super) fn extent(self) -> f64 {
        match self {
            Self::Edges { .. } => PI,
            Self::Power { .. } => 1.0,
        }
    }

    pub(super) fn position(self, parameter: f64) -> f64 {
        match self {
            // From the nearer end, which may be much closer to zero than the other.
            Self::Edges { low, .. } if parameter < 0.5 * PI => {
                low + self.length() * (0.5 * parameter).sin().powi(2)
            }
            Self::Edges { high, .. } => high - self.length() * (0.5 * parameter).cos().powi(2),
            Self::Power { edge, other, order, .. } => edge + (other - edge) * parameter.powi(order as i32),
        }
    }

    pub(super) fn parameter(self, x: f64) -> f64 {
        match self {
            Self::Edges { low, high, .. } => 2.0 * ((x - low).max(0.0) / (high - x).max(0.0)).sqrt().atan(),
            Self::Power { edge, other, order, .. } => {
                ((x - edge) / (other - edge)).clamp(0.0, 1.0).powf(1.0 / f64::from(order))
            }
        }
    }

    /// Whether `x` grows with the parameter.
    pub(super) fn increases(self) -> bool {
        match self {
            Self::Edges { .. } => true,
            Self::Power { edge, other, .. } => edge < other,
        }
    }

    /// The interval of the variable in which `q` is a series.
    pub(super) fn variables(self) -> (f64, f64) {
        match self {
            Self::Edges { low, high, .. } => (low, high),
            Self::Power { .. } => (0.0, 1.0),
        }
    }

    /// The variable of `q` at `x`.
    pub(super) fn variable(self, x: f64) -> f64 {
        match self {
            Self::Edges { .. } => x,
            Self::Power { .. } => self.parameter(x),
        }
    }

    pub(super) fn parameter_of_variable(self, variable: f64) -> f64 {
        match self {
            Self::Edges { .. } => self.parameter(variable),
            Self::Power { .. } => variable,
        }
    }

    pub(super) fn variable_of_parameter(self, parameter: f64) -> f64 {
        match self {
            Self::Edges { .. } => self.position(parameter),
            Self::Power { .. } => parameter,
        }
    }

    /// `rho / q` at `x`.
    pub(super) fn factor(self, x: f64) -> f64 {
        match self {
            Self::Edges { low, high, poles } => {
                let divisor: f64 = poles.into_iter().flatten().map(|pole| (x - pole).abs()).product();
                ((x - low) * (high - x)).max(0.0).sqrt() / divisor
            }
            Self::Power { edge, other, order, pole } => {
                let v = self.parameter(x);
                1.0 / (f64::from(order) * (other - edge).abs() * v.powi(pole as i32))
            }
        }
    }

    /// Rounding error of the density at `x` that was solved for with an error of `noise`.
    pub(super) fn noise(self, x: f64, density: f64, noise: f64) -> f64 {
        match self {
            // The equation is singular at an edge, like the square root of the distance.
            Self::Edges { .. } => noise / self.parameter(x).sin(),
            // The distance to the branch point is known to the rounding of both.
            Self::Power { edge, .. } => noise + density * f64::EPSILON * edge.abs() / (x - edge).abs(),
        }
    }

    /// `rho / q` times `|dx|` over the change of the parameter, without cancellation at the ends.
    pub(super) fn rate_factor(self, parameter: f64) -> f64 {
        match self {
            Self::Edges { low, high, poles } => {
                let (length, (sin, cos)) = (self.length(), (0.5 * parameter).sin_cos());
                // Each edge by itself: the distance to it, divided by that to the pole beyond.
                let side = |distance: f64, offset: Option<f64>| match offset {
                    None => distance,
                    Some(0.0) => 1.0,
                    Some(offset) => distance / (offset + distance),
                };
                side(length * sin * sin, poles[0].map(|pole| low - pole))
                    * side(length * cos * cos, poles[1].map(|pole| pole - high))
            }
            Self::Power { order, pole, .. } => parameter.powi((order - 1 - pole) as i32),
        }
    }

    /// Parameters at which a complex point is the position: for the angle the one that tells how close
    /// the point is, for a power all of them.
    pub(super) fn complex_parameters(self, z: Complex64) -> impl Iterator<Item = Complex64> {
        let (first, sheets) = match self {
            Self::Edges { low, .. } => (2.0 * ((z - low) / self.length()).sqrt().asin(), 1),
            Self::Power { edge, other, order, .. } => {
                (((z - edge) / (other - edge)).powf(1.0 / f64::from(order)), order)
            }
        };
        let turn = move |k: u32| Complex64::from_polar(1.0, 2.0 * PI * f64::from(k) / f64::from(sheets));
        // The first one keeps the sign of a vanishing imaginary part: the side of the cut.
        (0..sheets).map(move |k| if k == 0 { first } else { first * turn(k) })
    }

    /// `int factor(x) / (z - x) dx` for a frame with edges: for the square root
    /// `pi (z - m - sqrt((z - a)(z - b)))`, the semicircle law up to scale; poles by partial fractions.
    pub(super) fn factor_transform(low: f64, high: f64, poles: [Option<f64>; 2], z: Complex64) -> Complex64 {
        let root_transform = |z: Complex64| {
            let middle = 0.5 * (low + high);
            // The product of the two roots has its cut on [a, b] and grows like z.
            PI * (z - middle - (z - low).sqrt() * (z - high).sqrt())
        };
        // At real points outside the band the root is real, positive above and negative below.
        let with_pole = |pole: f64, sign: f64| {
            let at_pole = PI * (pole - 0.5 * (low + high) + sign * ((pole - low) * (pole - high)).sqrt());
            sign * (root_transform(z) - at_pole) / (z - pole)
        };
        match poles {
            [None, None] => root_transform(z),
            [Some(below), None] => with_pole(below, 1.0),
            [None, Some(above)] => with_pole(above, -1.0),
            [Some(below), Some(above)] => (with_pole(below, 1.0) + with_pole(above, -1.0)) / (above - below),
        }
    }

    /// `dx / dparameter` at a complex parameter, for a power.
    pub(super) fn derivative(edge: f64, other: f64, order: u32, parameter: Complex64) -> Complex64 {
        f64::from(order) * (other - edge) * parameter.powu(order - 1)
    }

    /// The image under `x -> scale x + shift`, and the factor by which `q` changes.
    pub(super) fn affine(self, scale: f64, shift: f64) -> (Self, f64) {
        let map = |x: f64| scale * x + shift;
        match self {
            Self::Edges { low, high, poles } => {
                let [mut below, mut above] = poles.map(|pole| pole.map(map));
                let (mut a, mut b) = (map(low), map(high));
                if scale < 0.0 {
                    (a, b) = (b, a);
                    (below, above) = (above, below);
                }
                // rho dx is invariant; the factor scales like |scale|^(1 - poles), so q takes up the rest.
                let count = poles.iter().flatten().count() as i32;
                (Self::Edges { low: a, high: b, poles: [below, above] }, scale.abs().powi(count - 2))
            }
            Self::Power { edge, other, order, pole } => {
                (Self::Power { edge: map(edge), other: map(other), order, pole }, 1.0)
            }
        }
    }

    /// Whether the interval has a length, and finite ends and poles.
    pub(super) fn is_sound(self) -> bool {
        let finite = match self {
            Self::Edges { low, high, poles } => low < high && poles.into_iter().flatten().all(f64::is_finite),
            Self::Power { edge, other, order, pole } => edge != other && pole < order,
        };
        finite && self.low().is_finite() && self.high().is_finite()
    }
}
