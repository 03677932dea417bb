//! The curve `Im z(u) = eta`.

use super::{InverseMap, Pole};

/// Steps of Newton's method: the unknown grows by a factor at each until the error is squared.
const STEPS: usize = 500;

impl InverseMap {
    /// The height `y >= 0` of the curve `Im z = eta` above `xi`.
    ///
    /// With `q = y^2` and `f(q) = sum_j a_j / (d_j^2 + q) + eta q^{-1/2}`, the equation is `1 / f = 1`. Its left side is
    /// concave, being the parallel sum of concave functions, so that Newton's method from the left does not overshoot.
    pub(super) fn height(&self, xi: f64, eta: f64) -> f64 {
        let reach = |pole: &Pole| {
            let (root, distance) = (pole.residue.sqrt(), (xi - pole.location).abs());
            (root - distance) * (root + distance)
        };
        let mut q = self.poles.iter().map(reach).fold(eta * eta, f64::max);
        for _ in 0..STEPS {
            let (excess, fall) = self.excess(xi, q);
            let (excess, fall) = if eta > 0.0 {
                let share = eta / q.sqrt();
                (excess + share, fall + 0.5 * share / q)
            } else {
                (excess, fall)
            };
            let step = (1.0 + excess) * excess / fall;
            if step.is_nan() || step <= f64::EPSILON * q {
                break;
            }
            q += step;
        }
        q.sqrt()
    }

    /// `f(q) - 1` and `-f'(q)` for `f(q) = sum_j a_j / (d_j^2 + q)`, without cancellation next to the origin:
    /// `t^2 / |u - t|^2 - 1 = (2 t xi - |u|^2) / |u - t|^2`.
    fn excess(&self, xi: f64, q: f64) -> (f64, f64) {
        let square = xi * xi + q;
        let head = self.head(square.sqrt());
        let (mut excess, mut fall) = (-head.unwrap_or(1.0), 0.0);
        for Pole { location, residue } in &self.poles {
            let distance = (xi - location).powi(2) + q;
            let part = residue / distance;
            fall += part / distance;
            excess += if head.is_some() && location * location > square {
                residue / (location * location) * (2.0 * location * xi - square) / distance
            } else {
                part
            };
        }
        (excess, fall)
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::*;

    /// One pole is a circle, `y^2 = a - d^2`; with more of them `Im z` is what was asked for, and `Re z` grows.
    #[test]
    fn heights_along_the_line() {
        let circle = InverseMap::about_infinity(&[(2.0, 0.25)]);
        for (xi, height) in [(2.0, 0.5), (2.3, 0.4), (1.6, 0.3), (2.5, 0.0), (7.0, 0.0)] {
            assert!((circle.height(xi, 0.0) - height).abs() < 1e-15, "{xi}");
        }
        let map = InverseMap::about_origin(&[(1e-6, 0.3), (1e-3, 0.2), (0.5, 0.1), (1.0, 0.3)]);
        for eta in [0.0, 1e-9, 1e-3, 10.0] {
            let mut last = f64::NEG_INFINITY;
            for step in -400..400 {
                let xi = f64::from(step) * 5e-3;
                let y = map.height(xi, eta);
                if y == 0.0 {
                    continue;
                }
                let (value, _) = map.at(Complex64::new(xi, y));
                assert!((value.im - eta).abs() < 1e-12 * (1.0 + y), "{xi}, {eta}: {value}");
                assert!(value.re > last, "{xi}, {eta}");
                last = value.re;
            }
        }
    }
}
