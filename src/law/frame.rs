//! The interval of a band, its angle, and the factor that holds all that is not smooth at its edges.

use std::f64::consts::PI;

use num_complex::Complex64;

/// The interval and its edge factor `sqrt((x - a)(b - x)) / |x - p|`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) pole: Option<f64>,
}

impl Frame {
    pub(super) fn length(self) -> f64 {
        self.high - self.low
    }

    pub(super) fn position(self, angle: f64) -> f64 {
        self.low + self.length() * (0.5 * angle).sin().powi(2)
    }

    pub(super) fn angle(self, x: f64) -> f64 {
        2.0 * ((x - self.low).max(0.0) / (self.high - x).max(0.0)).sqrt().atan()
    }

    pub(super) fn complex_angle(self, z: Complex64) -> Complex64 {
        2.0 * ((z - self.low) / self.length()).sqrt().asin()
    }

    pub(super) fn factor(self, x: f64) -> f64 {
        ((x - self.low) * (self.high - x)).max(0.0).sqrt() / self.pole.map_or(1.0, |pole| (x - pole).abs())
    }

    /// The factor times `dx / dtheta`, without cancellation at the ends.
    pub(super) fn factor_by_angle(self, angle: f64) -> f64 {
        let (length, (sin, cos)) = (self.length(), (0.5 * angle).sin_cos());
        let root = length * sin * cos;
        match self.pole {
            None => root * root,
            Some(pole) if pole <= self.low => {
                let (offset, sin) = (self.low - pole, sin * sin);
                if offset == 0.0 { length * cos * cos } else { root * root / (offset + length * sin) }
            }
            Some(pole) => {
                let (offset, cos) = (pole - self.high, cos * cos);
                if offset == 0.0 { length * sin * sin } else { root * root / (offset + length * cos) }
            }
        }
    }

    /// `int factor(x) / (z - x) dx`: for the square root `pi (z - m - sqrt((z - a)(z - b)))`, the
    /// semicircle law up to scale; the pole by partial fractions.
    pub(super) fn factor_transform(self, z: Complex64) -> Complex64 {
        let root_transform = |z: Complex64| {
            let middle = 0.5 * (self.low + self.high);
            // The product of the two roots has its cut on [a, b] and grows like z.
            PI * (z - middle - (z - self.low).sqrt() * (z - self.high).sqrt())
        };
        match self.pole {
            None => root_transform(z),
            Some(pole) => {
                let sign = if pole <= self.low { 1.0 } else { -1.0 };
                // At real points left of the band both roots are imaginary: the branch is -sqrt.
                let at_pole = PI
                    * (pole - 0.5 * (self.low + self.high)
                        + sign * ((pole - self.low) * (pole - self.high)).sqrt());
                sign * (root_transform(z) - at_pole) / (z - pole)
            }
        }
    }
}
