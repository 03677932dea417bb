//! Edges of the support, to rounding.
//!
//! Next to a regular edge `e` the Cauchy transform is `a(x) + b(x) sqrt(x - e)` with analytic `a` and
//! `b`, so the squared density is analytic from inside and vanishes linearly at `e`. The inverse
//! function `x(rho^2)` is interpolated at points that approach the edge geometrically and is
//! evaluated at zero. The fixed point is ill-conditioned like `d^(-1/2)` at distance `d`, but the
//! square is not, so the edge comes out to the accuracy of the solver. With a pole at `p` the
//! density is first multiplied by `x - p`; a pole that meets the edge (a hard edge, density like
//! `(x - p)^(-1/2)`) is then no special case. A hard edge that nobody expected shows
//! by a squared density that grows towards it: its inverse then vanishes linearly there.

use num_complex::Complex64;

use super::support::Search;
use super::transform::CauchyTransform;
use crate::error::{Error, Result};
use crate::resolve::axis::{End, Kind, Sample};

/// An edge between two points this close, relative to the scale of the density, is good enough when
/// rounding keeps the interpolation from settling: the certificate has the last word.
const BRACKETED: f64 = 1e-7;

/// How near the pole the interpolation has to come before it may be taken for the edge.
const NEAR_POLE: f64 = 1e-4;

/// Points used in one inverse interpolation.
const STENCIL: usize = 7;

/// Solves spent on one edge before giving up.
const LIMIT: usize = 80;

/// Points tried closer and closer to a solved one before a solve from scratch.
const CLOSER: usize = 3;

/// Points that could not be solved for after which the interval they leave has to do.
const FAILURES: usize = 6;

/// Two estimates of an edge agree if they differ by less than this, relative to the distance to
/// the pole or to the size of the support.
const AGREE: f64 = 3e-15;

/// An estimate that is this much closer to the pole than the last point, if that is as close relative to the
/// spread, is at the pole: next to an atom the density is not known well enough to tell more.
const AT_POLE: f64 = 1e-6;

/// An edge closer to the pole than this, relative to the spread, cannot be told from it: the solver
/// locates edges near a pole to about this.
const SAME_AS_POLE: f64 = 1e-15;

impl<T: CauchyTransform> Search<'_, T> {
    /// The end of the support interval around `start`, in direction `sign`, before the point
    /// `outside` if one is known. The points solved on the way are added to `visited`.
    ///
    /// # Errors
    /// [`Error::NoEdge`] if no edge is located.
    pub(super) fn edge(
        &self,
        start: &Sample,
        sign: f64,
        mut outside: Option<f64>,
        visited: &mut Vec<Sample>,
        workspace: &mut T::Workspace,
    ) -> Result<End> {
        // (position, weighted squared density) of inside points, the last one nearest to the edge.
        let mut inside = vec![(start.x, self.weighted_square(start))];
        let mut state = start.state.clone();
        let mut step = self.first_step(start.x);
        let mut estimate: Option<f64> = None;
        let mut failures = 0;
        if let Some(branch) = self.branch_reached(start.x, sign, outside, workspace) {
            return Ok(self.end_at(branch));
        }
        for _ in 0..LIMIT {
            let (last, value) = inside[inside.len() - 1];
            let hard = inside.len() > 1 && value > inside[inside.len() - 2].1;
            let zero = if hard { inverse_pole(&inside) } else { inverse_zero(&inside) };
            let fresh = zero.filter(|&edge| {
                sign * (edge - last) > 0.0 && outside.is_none_or(|out| sign * (out - edge) >= 0.0)
            });
            if let (Some(fresh), Some(old)) = (fresh, estimate) {
                let scale = self.local_scale(fresh);
                let distance = (fresh - last).abs();
                let settled = (fresh - old).abs() <= AGREE * scale + f64::EPSILON * fresh.abs();
                if (settled && distance < 1e-2 * scale) || distance < 1e-9 * scale {
                    let end = self.end_off(self.snapped(fresh), (fresh - old).abs());
                    return Ok(if hard { End { kind: Kind::Hard, ..end } } else { end });
                }
            }
            if let Some(fresh) = fresh {
                let met = |pole: &&f64| {
                    let (estimated, solved) = ((fresh - **pole).abs(), (last - **pole).abs());
                    estimated <= SAME_AS_POLE * self.spread && solved <= NEAR_POLE * self.spread
                        || estimated <= (AT_POLE * solved).max(8.0 * f64::EPSILON * pole.abs())
                            && solved <= AT_POLE * self.spread
                };
                if let Some(&pole) = self.poles.iter().find(met) {
                    return Ok(self.end_at(pole));
                }
            }
            estimate = fresh;
            let reach = outside.map_or(step, |out| (out - last).abs());
            let next = match fresh {
                Some(edge) if (edge - last).abs() <= 2.0 * reach => edge - 0.12 * (edge - last),
                _ if outside.is_some() => last + 0.5 * sign * reach,
                _ => last + sign * step,
            };
            if next == last || outside.is_some_and(|out| (out - last).abs() <= f64::EPSILON * out.abs()) {
                let end = self.snapped(outside.map_or(last, |out| 0.5 * (out + last)));
                return Ok(self.end_off(end, (end - last).abs()));
            }
            let (next, found) = self.inside_beyond(last, next, &state, workspace);
            failures += usize::from(found.is_err());
            match found.unwrap_or(None) {
                Some(point) => {
                    step = 1.7 * (next - last).abs().max(step * 0.3);
                    inside.push((next, self.weighted_square(&point)));
                    state = point.state.clone();
                    visited.push(point);
                }
                // A point that cannot be solved for is as good as an edge: the search stays on this side.
                None => outside = Some(next),
            }
            if failures >= FAILURES
                && let Some(edge) = self.bracketed(&inside, outside)
            {
                return Ok(edge);
            }
        }
        if let Some(edge) = self.bracketed(&inside, outside) {
            return Ok(edge);
        }
        let (last, _) = inside[inside.len() - 1];
        Err(Error::NoEdge { near: last, points: LIMIT })
    }

    /// The middle between the last point inside and the first outside, if they are close.
    fn bracketed(&self, inside: &[(f64, f64)], outside: Option<f64>) -> Option<End> {
        let (last, _) = *inside.last()?;
        let outside = outside.filter(|out| (out - last).abs() <= BRACKETED * self.local_scale(last))?;
        let end = self.snapped(0.5 * (last + outside));
        Some(self.end_off(end, (end - last).abs()))
    }

    /// The point `x`, or one closer to `last`, which is inside and has the unknowns `state`; `None` if
    /// it is outside.
    ///
    /// A guess that leads nowhere says nothing about the point, but it may serve for a closer one,
    /// which costs much less than starting from scratch.
    fn inside_beyond(
        &self,
        last: f64,
        x: f64,
        state: &[Complex64],
        workspace: &mut T::Workspace,
    ) -> (f64, Result<Option<Sample>>) {
        let mut target = x;
        for _ in 0..CLOSER {
            if let Ok(point) = self.inside_near(target, state, workspace) {
                return (target, Ok(point));
            }
            target = last + 0.25 * (target - last);
        }
        (x, self.inside(x, workspace))
    }

    /// The first branch point in the direction `sign`, if the support reaches it: intervals end there,
    /// which nothing in the values on the way tells.
    fn branch_reached(
        &self,
        start: f64,
        sign: f64,
        outside: Option<f64>,
        workspace: &mut T::Workspace,
    ) -> Option<f64> {
        let ahead = |&x: &f64| sign * (x - start) > 0.0 && outside.is_none_or(|out| sign * (out - x) >= 0.0);
        let branches = self.branches.iter().map(|(location, _)| *location).filter(ahead);
        let branch = branches.min_by(|a, b| (a - start).abs().total_cmp(&(b - start).abs()))?;
        let before = branch - 1e-3 * (branch - start);
        matches!(self.inside(before, workspace), Ok(Some(_))).then_some(branch)
    }

    /// An end that may be off by so much.
    fn end_off(&self, x: f64, off: f64) -> End {
        let end = self.end_at(x);
        End { error: end.error.max(off), ..end }
    }

    fn weighted_square(&self, point: &Sample) -> f64 {
        let weight: f64 = self.poles.iter().map(|pole| (point.x - pole) / self.spread).product();
        (point.density * weight).powi(2)
    }

    fn first_step(&self, x: f64) -> f64 {
        0.1 * self.local_scale(x)
    }

    /// Length over which the density changes: the spread of the law, or the distance to the pole.
    fn local_scale(&self, x: f64) -> f64 {
        self.poles.iter().fold(self.spread, |scale, pole| scale.min((x - pole).abs()))
    }

    /// An edge that cannot be told from the pole is the pole.
    fn snapped(&self, edge: f64) -> f64 {
        let met = |pole: &&f64| (edge - **pole).abs() <= SAME_AS_POLE * self.spread;
        self.poles.iter().find(met).copied().unwrap_or(edge)
    }
}

/// Value at zero of the polynomial `x(h)` through the last few points, in Neville's form; `None` if
/// `h` does not decrease along them.
fn inverse_zero(points: &[(f64, f64)]) -> Option<f64> {
    let from = points.len().saturating_sub(STENCIL);
    let mut from = from;
    for i in (from + 1..points.len()).rev() {
        if points[i].1 >= points[i - 1].1 {
            from = i;
            break;
        }
    }
    let points = &points[from..];
    if points.len() < 2 {
        return None;
    }
    // Offsets from the last point, so that close positions do not cancel.
    let origin = points[points.len() - 1].0;
    let mut table: Vec<f64> = points.iter().map(|(x, _)| x - origin).collect();
    for level in 1..points.len() {
        for i in 0..points.len() - level {
            let (near, far) = (points[i + level].1, points[i].1);
            table[i] = (far * table[i + 1] - near * table[i]) / (far - near);
        }
    }
    Some(origin + table[0]).filter(|edge| edge.is_finite())
}

/// The same where the values grow like those next to a pole: the zero of their inverses.
fn inverse_pole(points: &[(f64, f64)]) -> Option<f64> {
    let from = points.len().saturating_sub(STENCIL);
    let inverses: Vec<(f64, f64)> = points[from..].iter().map(|(x, h)| (*x, h.recip())).collect();
    inverse_zero(&inverses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_interpolation_finds_the_zero() {
        // h(x) = (1 - x)(2 + x): zero at 1.
        let points: Vec<_> =
            [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999].iter().map(|&x| (x, (1.0 - x) * (2.0 + x))).collect();
        // The interpolation error is about the product of the six values of h, 6e-9, times 1e-2.
        assert!((inverse_zero(&points).unwrap() - 1.0).abs() < 1e-10);
        assert!(inverse_zero(&points[..1]).is_none());
    }
}
