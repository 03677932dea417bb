//! The `u` of a `z`.

use num_complex::Complex64;

use super::{Critical, InverseMap};

/// Points of the curve that are tried. Bisection alone takes about a hundred.
const POINTS: usize = 400;

/// Steps of Newton's method from next to a solution.
const STEPS: usize = 12;

/// Step, relative to the distance from the real line, after which one more is exact to rounding.
const LAST_BUT_ONE: f64 = 1e-7;

/// Step along the curve, relative to its height, from which on Newton's method is tried.
const NEXT_TO: f64 = 0.2;

/// Ratio of the ends of an interval from which on it is divided at their geometric mean.
const WIDE: f64 = 4.0;

/// A solution of `z(u) = z`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preimage {
    pub(crate) u: Complex64,
    /// The last step, relative to `u`.
    pub(crate) error: f64,
    /// Sums over the poles that it took.
    pub(crate) evaluations: usize,
}

impl InverseMap {
    /// The solution `u` of `z(u) = z` that continues from above, `Im z >= 0`; a guess may spare most of the work. There is but
    /// one with `Im u > 0` if there is any, so that it does not matter how it is found.
    ///
    /// None only where rounding leaves nothing to tell solutions by.
    pub(crate) fn preimage(&self, z: Complex64, guess: Option<Complex64>) -> Option<Preimage> {
        let distance = |edge: &Critical| (z - edge.z).norm();
        let edge = self.critical.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        // Closer to 0 than to the edge, the distance from the edge has lost digits of `z`.
        let edge = Some(edge).filter(|edge| distance(edge) <= z.norm());
        let (low, high) = if z.im > 0.0 {
            (f64::NEG_INFINITY, f64::INFINITY)
        } else {
            let below = self.critical.partition_point(|point| point.z < z.re);
            let end = |index: usize| self.critical.get(index);
            let (before, after) = (below.checked_sub(1).and_then(end), end(below));
            if let Some(&Critical { u, .. }) = after.filter(|point| point.z == z.re) {
                return Some(Preimage { u: u.into(), error: 0.0, evaluations: 0 });
            }
            let (low, high) =
                (before.map_or(f64::NEG_INFINITY, |a| a.u), after.map_or(f64::INFINITY, |b| b.u));
            if below % 2 == 0 {
                return self.in_gap(z.re, low, high);
            }
            (low, high)
        };
        guess
            .filter(|u| u.im > 0.0)
            .and_then(|u| self.polished(z, u, edge))
            .or_else(|| self.along_curve(z, low, high, edge))
    }

    /// Newton's method from next to a solution off the real line, if it converges at once.
    fn polished(&self, z: Complex64, mut u: Complex64, edge: Option<&Critical>) -> Option<Preimage> {
        let mut last = false;
        for evaluations in 1..=STEPS {
            let (difference, slope) = match edge {
                Some(edge) => {
                    let (rise, slope) = self.departure(edge, u);
                    (rise - (z - edge.z), slope)
                }
                None => {
                    let (value, slope) = self.at(u);
                    (value - z, slope)
                }
            };
            let step = difference / slope;
            u -= step;
            if u.im.is_nan() || u.im <= 0.0 {
                return None;
            }
            if last {
                return Some(Preimage { u, error: step.norm() / u.norm(), evaluations });
            }
            last = step.norm() <= LAST_BUT_ONE * u.im;
        }
        None
    }

    /// The solution above the interval `(low, high)`, along the curve `Im z(u) = Im z`.
    fn along_curve(
        &self,
        z: Complex64,
        mut low: f64,
        mut high: f64,
        edge: Option<&Critical>,
    ) -> Option<Preimage> {
        let (first, last) = self.critical.first().zip(self.critical.last())?;
        let rise = |xi: f64| {
            let u = Complex64::new(xi, self.height(xi, z.im));
            (u, self.at(u))
        };
        let mut evaluations = 0;
        let mut width = last.u - first.u;
        while low.is_infinite() || high.is_infinite() {
            let (from, to) = (first.u.min(z.re) - width, last.u.max(z.re) + width);
            low = if rise(from).1.0.re < z.re { from } else { low };
            high = if rise(to).1.0.re > z.re { to } else { high };
            evaluations += 2;
            width *= 2.0;
            if !width.is_finite() {
                return None;
            }
        }
        let mut xi = middle(low, high);
        for _ in 0..POINTS {
            let (u, (value, slope)) = rise(xi);
            // Each point of the curve takes about as many sums again for its height.
            evaluations += 5;
            let missing = z.re - value.re;
            if missing > 0.0 {
                low = xi;
            } else {
                high = xi;
            }
            let step = missing / slope;
            if step.norm() <= NEXT_TO * u.im
                && let Some(mut found) = self.polished(z, u, edge)
            {
                found.evaluations += evaluations;
                return Some(found);
            }
            let next = xi + step.re;
            let next = if low < next && next < high { next } else { middle(low, high) };
            if next == xi || !(low < next && next < high) {
                // The two ends are neighbours.
                return (u.im > 0.0).then_some(Preimage { u, error: step.norm() / u.norm(), evaluations });
            }
            xi = next;
        }
        None
    }

    /// The real solution between two critical points, where `z` increases.
    fn in_gap(&self, x: f64, mut low: f64, mut high: f64) -> Option<Preimage> {
        let mut evaluations = 0;
        let (first, last) = self.critical.first().zip(self.critical.last())?;
        let mut width = last.u - first.u;
        while low.is_infinite() || high.is_infinite() {
            if low.is_infinite() {
                let from = high.min(x) - width;
                low = if self.at_real(from).0 < x { from } else { low };
            } else {
                let to = low.max(x) + width;
                high = if self.at_real(to).0 > x { to } else { high };
            }
            evaluations += 1;
            width *= 2.0;
            if !width.is_finite() {
                return None;
            }
        }
        let mut u = middle(low, high);
        for _ in 0..POINTS {
            let (value, slope) = self.at_real(u);
            evaluations += 1;
            if value < x {
                low = u;
            } else {
                high = u;
            }
            let step = (x - value) / slope;
            let next = u + step;
            let small = step.abs() <= 2.0 * f64::EPSILON * u.abs();
            if small || value == x {
                return Some(Preimage { u: next.into(), error: f64::EPSILON, evaluations });
            }
            let next = if low < next && next < high { next } else { middle(low, high) };
            if !(low < next && next < high) {
                return Some(Preimage { u: u.into(), error: f64::EPSILON, evaluations });
            }
            u = next;
        }
        None
    }
}

/// The middle of an interval, by size where its ends differ in that.
fn middle(low: f64, high: f64) -> f64 {
    if low > 0.0 && high > WIDE * low || high < 0.0 && low < WIDE * high {
        return low.signum() * (low.abs().sqrt() * high.abs().sqrt());
    }
    low + 0.5 * (high - low)
}
