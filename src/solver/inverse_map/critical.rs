//! All edges, from the inside of each gap.
//!
//! Between neighbouring poles, and beyond the outer ones, `psi(u) = (sum_j a_j / (u - t_j)^2)^{-1/2}` is concave, by the
//! inequality of Cauchy and Schwarz, and vanishes at the poles. There is a gap where it exceeds 1. Newton's method for
//! `psi = 1` from beside a pole meets the end of the gap without ever overshooting it, or comes to where `psi` falls again:
//! then there is none.

use super::{InverseMap, Pole};

/// Steps of Newton's method: its distance to a pole grows by a factor at each, and the error is squared in the end. Next to a cusp it
/// is halved.
const STEPS: usize = 2000;

/// A real point `u` where `z' = 0`, with `z(u)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Critical {
    pub(crate) u: f64,
    pub(crate) z: f64,
}

impl InverseMap {
    /// The points where gaps meet bulks, in increasing order.
    pub(super) fn find_critical(&self) -> Vec<Critical> {
        let Some((first, last)) = self.poles.first().zip(self.poles.last()) else { return Vec::new() };
        let mut points = vec![self.end_of_gap(first, -1.0, f64::NEG_INFINITY)];
        for pair in self.poles.windows(2) {
            let [below, above] = [pair[0], pair[1]];
            let width = above.location - below.location;
            // The least sum of these two alone.
            if (below.residue.cbrt() + above.residue.cbrt()).powi(3) >= width * width {
                continue;
            }
            let low = self.end_of_gap(&below, 1.0, above.location);
            let high = low.and_then(|_| self.end_of_gap(&above, -1.0, below.location));
            if let Some((low, high)) = low.zip(high).filter(|(low, high)| low < high) {
                points.extend([Some(low), Some(high)]);
            }
        }
        points.push(self.end_of_gap(last, 1.0, f64::INFINITY));
        let point = |u: f64| Critical { u, z: self.at_real(u).0 };
        points.into_iter().flatten().map(point).collect()
    }

    /// The first point beside a pole where `z' >= 0`, in the direction `sign`, before the next pole.
    fn end_of_gap(&self, pole: &Pole, sign: f64, next: f64) -> Option<f64> {
        let mut u = pole.location + sign * pole.residue.sqrt();
        if u == pole.location {
            u = if sign > 0.0 { u.next_up() } else { u.next_down() };
        }
        for _ in 0..STEPS {
            if sign * (next - u) <= 0.0 {
                return None;
            }
            let (slope, cubic) = self.slope(u);
            if slope >= 0.0 {
                return Some(u);
            }
            if sign * cubic <= 0.0 {
                return None;
            }
            let sum = 1.0 - slope;
            let step = -slope * sum / ((1.0 + sum.sqrt()) * cubic);
            if u + step == u {
                return Some(u);
            }
            u += step;
        }
        Some(u)
    }

    /// `z'(u)` and `z''(u) / 2 = sum_j a_j / (u - t_j)^3`, written as in [`InverseMap::at`].
    fn slope(&self, u: f64) -> (f64, f64) {
        let head = self.head(u.abs());
        let (mut slope, mut cubic) = (head.unwrap_or(1.0), 0.0);
        for &Pole { location, residue } in &self.poles {
            let inverse = 1.0 / (u - location);
            let square = residue * inverse * inverse;
            cubic += square * inverse;
            slope -= if head.is_some() && location.abs() > u.abs() {
                square / (location * location) * u * (2.0 * location - u)
            } else {
                square
            };
        }
        (slope, cubic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least value of a convex function between two points, by golden sections.
    fn least(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
        for _ in 0..90 {
            let (left, right) = (low + 0.381966 * (high - low), low + 0.618034 * (high - low));
            if f(left) < f(right) {
                high = right;
            } else {
                low = left;
            }
        }
        f(0.5 * (low + high))
    }

    /// There is a gap between two poles if `sum_j a_j / (u - t_j)^2` falls below 1 somewhere between them.
    #[test]
    fn every_gap_is_found() {
        let linear: Vec<(f64, f64)> = (1..=300).map(|t| (f64::from(t), 1e-2 / 300.0)).collect();
        let cubes: Vec<(f64, f64)> = (1..=300).rev().map(|k| (f64::from(k).powi(-3), 0.1 / 300.0)).collect();
        let uneven: Vec<(f64, f64)> = (1..=200)
            .map(|k| (f64::from(k) + 0.3 * f64::from(k).sin(), 1e-5 * (1.0 + f64::from(k).cos())))
            .collect();
        for jumps in [linear, cubes, uneven] {
            let map = InverseMap::about_origin(&jumps);
            let sum = |u: f64| -> f64 {
                jumps.iter().map(|&(size, rate)| rate * (size / (u - size)).powi(2)).sum()
            };
            let gaps: Vec<(f64, f64)> = jumps
                .windows(2)
                .map(|pair| (pair[0].0, pair[1].0))
                .filter(|&(low, high)| least(sum, low, high) < 1.0)
                .collect();
            assert!(gaps.len() > 20, "{} gaps", gaps.len());
            let inner = &map.critical[1..map.critical.len() - 1];
            assert_eq!(inner.len(), 2 * gaps.len());
            for (points, (low, high)) in inner.chunks_exact(2).zip(gaps) {
                assert!(low < points[0].u && points[0].u < points[1].u && points[1].u < high);
                for point in points {
                    assert!((sum(point.u) - 1.0).abs() < 1e-9, "{point:?}");
                }
            }
            assert!(map.critical.windows(2).all(|pair| pair[0].z < pair[1].z));
        }
    }
}
