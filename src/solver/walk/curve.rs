//! The curve of real solutions, followed point by point to where it turns or runs off.

use super::across::Shores;
use super::line::Line;
use super::{CORRECTION, CORRECTIONS, End, Outside, Runaway, SETTLED, TANGENT, Turn};
use crate::control;
use crate::error::{Error, Result};
use crate::solver::fixed_point::{Factors, FixedPoint};
use crate::solver::krylov::{dot, gmres, norm};

/// A first correction larger than this part of the step means that the curve was lost.
const LOST: f64 = 0.5;

/// Corrections relative to the step, and residuals of tangents, at which a point on the way is good enough to go on from.
const ROUGH: f64 = 1e-3;
const ROUGH_TANGENT: f64 = 1e-5;

/// What is left of the way, relative to all of it, from which on points are solved for to rounding.
const CLOSING: f64 = 1e-2;

/// Points of a walk.
const POINTS: usize = 200;

/// Growth of the step from point to point while no end is in sight.
const GROWTH: f64 = 3.0;

/// Largest relative change of a factor of the map in one step, as it seems before the step, and afterwards: what is steeper
/// may be another branch. A change of the signs of determinants shows that for certain, unless the step is so small that a
/// factor has gone through infinity.
const LARGEST: f64 = 0.5;
const LARGEST_BEHIND: f64 = 1.0;
const SMALLEST: f64 = 0.05;

/// Logarithm of a change beyond which nothing is continued as a power.
const STEEPEST: f64 = 3.0;

/// Change of two successive estimates of a turning point, in units of rounding, at which they agree.
const AGREE: f64 = 8.0;

/// What is left of the way to a turning point, relative to `z`, when it is known whatever the point before: a rough slope there
/// errs by a thousandth.
pub(super) const LEFT: f64 = 1e-13;

/// Step, relative to `tau`, that rounding does not let the curve be followed in: the turning point is then read off.
const CLOSE: f64 = 1e-5;

/// Error of a turning point, in units of rounding, where it is not worse; relative change of the unknowns that shows how bad
/// it is.
const ROUNDING: f64 = 4.0;
const MOVED: [f64; 3] = [1e-7, 1e-9, 1e-11];

/// Differences of `z` along a step, in units of rounding, from which on they tell of the curvature of `z'`.
const TELLING: f64 = 1e8;

/// Length of the way of the unknowns per `tau`, which is 1 at the start, from which on `tau` is taken along the present tangent,
/// and units from the present unknowns.
const STRETCHED: f64 = 10.0;

/// Distance to a place that the curve runs off to, relative to the length of the walk, at which it has arrived: one with a known
/// power, which may be an atom of next to no mass, and another one. Growth of `tau` that tells a place from where the walk
/// began, which is far out.
const ARRIVED: f64 = 1e-20;
const CLOSE_BY: f64 = 1e-16;
const GROWN: f64 = 1e3;

/// A point of the curve of real solutions.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) tau: f64,
    pub(super) x: Vec<f64>,
    pub(super) z: f64,
    /// Derivatives by `tau`.
    pub(super) velocity: Vec<f64>,
    pub(super) slope: f64,
    /// Whether it has been solved for to rounding.
    pub(super) precise: bool,
}

/// The curve of real solutions, with `tau = c . x` as its parameter, `z` growing at first with the sign of a walk.
pub(super) struct Curve<'a, E: FixedPoint + ?Sized> {
    pub(super) line: Line<'a, E>,
    /// The functional `c`.
    pub(super) functional: Vec<f64>,
    pub(super) sign: f64,
    /// The nearest place that the curve may run off to, or 0: distances from there are powers of `tau`.
    origin: f64,
    pub(super) start: Place,
}

impl<'a, E: FixedPoint + ?Sized> Curve<'a, E> {
    pub(super) fn new(line: Line<'a, E>, start: &Outside, sign: f64, places: &[Runaway]) -> Self {
        let near = |place: f64| (place - start.z).abs();
        let origin = places.iter().map(|place| place.at).reduce(|a, b| if near(a) < near(b) { a } else { b });
        let (functional, start) = parametrised(&line, sign, start.z, [&start.state, &start.tangent]);
        Self { line, functional, sign, origin: origin.unwrap_or(0.0), start }
    }

    /// Starts again at a point at which units are no longer what they were.
    fn start_again(&mut self, at: &Place) -> Option<()> {
        let mut at = at.clone();
        self.polish(&mut at)?;
        let tangent: Vec<f64> = at.velocity.iter().map(|v| v / at.slope).collect();
        let [state, tangent] = [&at.x, &tangent].map(|x| self.line.in_units(x));
        self.line.begin(&state);
        (self.functional, self.start) = parametrised(&self.line, self.sign, at.z, [&state, &tangent]);
        Some(())
    }

    /// Changes of `z` that go with those of `tau`: next to a turning point they do so by far more than its slope says.
    pub(super) fn scale(&self, at: &Place) -> f64 {
        at.slope.abs().max((at.z - self.origin).abs() / norm(&at.x)).max(f64::MIN_POSITIVE)
    }

    /// Rows of the bordered equations `F - x = 0`, `c . x = tau`, applied to `(v, w)`, `w` in units of the scale.
    fn bordered(&mut self, place: &Place, scale: f64, v: &[f64]) -> Vec<f64> {
        let (v, w) = v.split_at(place.x.len());
        let mut image = self.line.difference(&place.x, place.z, v, w[0] * scale);
        image.push(dot(&self.functional, v));
        image
    }

    /// The point at `tau` as it would be if everything went on like before: as powers of `tau` where that keeps its sign, as
    /// a quadratic function elsewhere.
    fn predicted(&self, from: &Place, before: Option<&Place>, tau: f64) -> Place {
        let far = from.tau * tau > 0.0;
        let toward = |value: f64, rate: f64, tau: f64| {
            let power = rate * from.tau / value * (tau / from.tau).ln();
            if far && power.abs() < STEEPEST { value * power.exp() } else { value + rate * (tau - from.tau) }
        };
        let along = |tau: f64| if far { (tau / from.tau).ln() } else { tau - from.tau };
        let before = before.filter(|before| !far || before.tau * from.tau > 0.0);
        let bend = before.map_or(0.0, |before| (along(tau) / along(before.tau)).powi(2));
        let value = |value: f64, rate: f64, earlier: Option<f64>| {
            let missed = before.zip(earlier).map_or(0.0, |(b, x)| x - toward(value, rate, b.tau));
            toward(value, rate, tau) + bend * missed
        };
        let x = (0..from.x.len()).map(|i| value(from.x[i], from.velocity[i], before.map(|b| b.x[i])));
        let origin = self.origin;
        let z = origin + value(from.z - origin, from.slope, before.map(|b| b.z - origin));
        Place { tau, x: x.collect(), z, precise: false, ..from.clone() }
    }

    /// The point a step further along; none if the curve is lost on the way.
    pub(super) fn advance(
        &mut self,
        from: &Place,
        before: Option<&Place>,
        step: f64,
        precise: bool,
    ) -> Option<Place> {
        let mut place = self.predicted(from, before, from.tau + step);
        let scale = self.scale(from);
        let length = step.abs() * (norm(&from.velocity).powi(2) + 1.0).sqrt();
        self.correct(&mut place, length, scale, precise)?;
        place.precise = precise;
        // Next to a hard edge F_z z'(tau) falls like 1 / tau.
        let rough = ROUGH_TANGENT * (self.start.tau / place.tau).abs().min(1.0);
        // Between two points tangents change like on a parabola.
        let trapezoid = |now: f64, then: f64, rate: f64| 2.0 * (now - then) / step - rate;
        let pairs = place.x.iter().zip(&from.x).zip(&from.velocity);
        place.velocity = pairs.map(|((&now, &then), &rate)| trapezoid(now, then, rate)).collect();
        place.slope = trapezoid(place.z, from.z, from.slope);
        self.tangent(&mut place, scale, if precise { TANGENT } else { rough })?;
        Some(place)
    }

    /// Solves for a rough point to rounding.
    pub(super) fn polish(&mut self, place: &mut Place) -> Option<()> {
        let scale = self.scale(place);
        self.correct(place, f64::INFINITY, scale, true)?;
        place.precise = true;
        self.tangent(place, scale, TANGENT)
    }

    /// Newton's method for the point of the curve with the `tau` of a place, from not farther than a `length` away; none if it
    /// leads elsewhere.
    pub(super) fn correct(
        &mut self,
        place: &mut Place,
        length: f64,
        scale: f64,
        precise: bool,
    ) -> Option<()> {
        let mut last = f64::INFINITY;
        for _ in 0..CORRECTIONS {
            let image = self.line.map(&place.x, place.z);
            let mut rest: Vec<f64> = image.iter().zip(&place.x).map(|(image, x)| image - x).collect();
            rest.push(place.tau - dot(&self.functional, &place.x));
            let correction = gmres(&rest, CORRECTION, |v| self.bordered(place, scale, v))?;
            let (dx, dz) = correction.split_at(place.x.len());
            let size = norm(&correction);
            if size.is_nan() || size > LOST * length.min(last) && size > 1e-9 * norm(&place.x) {
                return None;
            }
            place.x.iter_mut().zip(dx).for_each(|(x, dx)| *x += dx);
            place.z += dz[0] * scale;
            if !precise && size <= ROUGH * length
                || size <= 1e-13 * norm(&place.x)
                || size > 0.1 * last && size < 1e-9 * norm(&place.x)
            {
                break;
            }
            last = size;
        }
        Some(())
    }

    /// How far `z` is off at a point that has been solved for to rounding: as far as it is elsewhere after another start;
    /// `None` if that does not lead back.
    fn uncertainty(&mut self, at: &Place) -> Option<f64> {
        let scale = self.scale(at);
        let mut largest = 0.0f64;
        for moved in MOVED {
            let mut other = at.clone();
            for (i, x) in other.x.iter_mut().enumerate() {
                *x *= 1.0 + if i % 3 == 0 { moved } else { -moved };
            }
            let found = self.correct(&mut other, 1e3 * moved * norm(&at.x), scale, true);
            let off = (other.z - at.z).abs();
            if found.is_some() {
                return Some(off);
            }
            largest = largest.max(off);
        }
        // Where rounding is all that corrections have left they have moved by that.
        (largest > 0.0 && largest.is_finite()).then_some(largest)
    }

    /// The tangent at a point, from a guess of it.
    pub(super) fn tangent(&mut self, place: &mut Place, scale: f64, tolerance: f64) -> Option<()> {
        let n = place.x.len();
        let mut tangent = place.velocity.clone();
        tangent.push(place.slope / scale);
        let mut rest: Vec<f64> = self.bordered(place, scale, &tangent).iter().map(|x| -x).collect();
        rest[n] += 1.0;
        let allowed = tolerance / norm(&rest);
        if allowed < 1.0 {
            let correction = gmres(&rest, allowed, |v| self.bordered(place, scale, v))?;
            tangent.iter_mut().zip(&correction).for_each(|(v, dv)| *v += dv);
        }
        place.slope = tangent.pop()? * scale;
        place.velocity = tangent;
        place.slope.is_finite().then_some(())
    }

    /// The turning point a little further than the last point, next to which `z` bends with this second derivative.
    pub(super) fn turning_point(&mut self, last: &Place, bend: f64, found: Turning) -> Result<End> {
        let Turning { aim, z, .. } = found;
        let uncertainty = self.uncertainty(last).ok_or(Error::NoEdge { near: z, points: 1 })?;
        let error = (ROUNDING * f64::EPSILON * z.abs()).max(2.0 * uncertainty);
        let state: Vec<f64> = last.x.iter().zip(&last.velocity).map(|(x, v)| x + aim * v).collect();
        // z = e + z'' (tau - e_tau)^2 / 2.
        let opening = self.sign * (2.0 / bend.abs()).sqrt();
        let opening: Vec<f64> = last.velocity.iter().map(|v| opening * v).collect();
        let turn = Some(Turn { state: self.line.in_units(&state), opening: self.line.in_units(&opening) });
        Ok(End { z, error, turn, behind: None, evaluations: self.line.evaluations })
    }

    /// The next point, with the factors of the map there, unless another branch may have been caught.
    fn step(
        &mut self,
        from: &Place,
        before: Option<&Place>,
        step: f64,
        signs: u64,
        precise: bool,
    ) -> Option<(Place, Factors)> {
        let mut next = self.advance(from, before, step, precise)?;
        // A rough slope may err by more than it has left next to a turning point.
        if !next.precise
            && self.sees(from, &next, step).is_some_and(|found| found.rest <= self.closing(&next))
        {
            self.polish(&mut next)?;
        }
        let factors = self.factors(&next);
        let changed = step * factors.change;
        let same = factors.signs == signs || changed <= SMALLEST;
        (same && changed <= LARGEST_BEHIND).then_some((next, factors))
    }

    /// Whether a point is beyond the turning point.
    fn turned(&self, at: &Place) -> bool {
        self.sign * at.slope <= 0.0
    }

    /// The turning point, if it is between two points a step apart or not farther than another one.
    fn sees(&self, from: &Place, next: &Place, step: f64) -> Option<Turning> {
        Some(turning(from, next)).filter(|found| self.turned(next) || found.aim > 0.0 && found.aim < step)
    }

    /// What may be left of the way, in `z`, for points to be solved for to rounding.
    fn closing(&self, at: &Place) -> f64 {
        CLOSING * (at.z - self.start.z).abs()
    }

    fn factors(&mut self, at: &Place) -> Factors {
        self.line.factors(&at.x, at.z, &at.velocity, at.slope)
    }

    /// Walks to the end; one of the `places` is an end once the curve runs off with its power, and the other side of it is
    /// outside of the support unless it is a hard edge.
    pub(super) fn end(mut self, places: &[Runaway]) -> Result<End> {
        let mut shores = Shores::default();
        // How many errors of a power have been too large.
        let mut level = 0;
        let mut at = self.start.clone();
        let mut before: Option<Place> = None;
        let Factors { change, mut signs } = self.factors(&at);
        let mut step = LARGEST / change;
        // The last point beyond a turning point.
        let mut beyond: Option<Place> = None;
        let mut precise = false;
        // A turning point in sight.
        let mut sight: Option<Turning> = None;
        for _ in 0..POINTS {
            control::check()?;
            let Some((next, factors)) = self.step(&at, before.as_ref(), step, signs, precise) else {
                if let Some(found) = sight.filter(|_| at.precise && step.abs() <= CLOSE * at.tau.abs()) {
                    return self.turning_point(&at, at.slope / found.aim, found);
                }
                step *= 0.3;
                if step.abs() <= f64::EPSILON * at.tau.abs() {
                    break;
                }
                continue;
            };
            let turned = self.turned(&next);
            let found = self.sees(&at, &next, step);
            if let Some(found) = found.filter(|_| next.precise) {
                let agree =
                    |earlier: Turning| (earlier.z - found.z).abs() <= AGREE * f64::EPSILON * found.z.abs();
                if at.precise && sight.is_some_and(agree) || found.rest <= LEFT * found.z.abs() {
                    return self.turning_point(&next, next.slope / found.aim, found);
                }
            }
            precise = found.is_some_and(|found| found.rest <= self.closing(&next));
            if precise && !at.precise && self.polish(&mut at).is_none() {
                break;
            }
            sight = found;
            if turned {
                // Back to the right side of the zero, a little short of it.
                let aim = found.map_or(-0.5 * step, |found| found.aim);
                step = (next.tau - at.tau + aim).clamp(0.02 * step, 0.98 * step);
                beyond = Some(next);
                continue;
            }
            let far = grows(at.tau, next.tau);
            let walked = (next.z - self.start.z).abs();
            let grown = next.tau.abs() > GROWN * self.start.tau.abs();
            for place in places.iter().filter(|_| grown) {
                let distance = (place.at - next.z).abs();
                let off = place
                    .power
                    .map_or(f64::INFINITY, |known| ((next.slope * next.tau / distance).abs() - known).abs());
                let arrived = if place.power.is_some() { ARRIVED } else { CLOSE_BY };
                let there = distance <= arrived * walked + f64::EPSILON * place.at.abs();
                let settled = SETTLED.get(level).is_some_and(|&settled| off <= settled);
                shores.add(place, distance, off, before.iter().chain([&at, &next]));
                if !there && !settled {
                    continue;
                }
                let (z, evaluations) = (place.at, self.line.evaluations);
                let end = End { z, error: 0.0, turn: None, behind: None, evaluations };
                if place.power == Some(2.0) {
                    return Ok(end);
                }
                let points: Vec<Place> = before.iter().chain([&at, &next]).cloned().collect();
                let behind = self.across(z, &points);
                // From afar an atom and a small part of the spectrum next to it look alike.
                if place.power.is_none() || self.is_outside(&behind) {
                    return Ok(End { behind: Some(behind), evaluations: self.line.evaluations, ..end });
                }
                if there {
                    let found = self.from(shores)?;
                    return Ok(found.unwrap_or(End { behind: Some(behind), ..end }));
                }
                level += SETTLED[level..].iter().take_while(|&&settled| off <= settled).count();
            }
            let limit = beyond.as_ref().map_or(f64::INFINITY, |beyond| beyond.tau - next.tau);
            let growing = (GROWTH * step).max(if far { next.tau.abs() } else { 0.0 });
            let aim = turning(&at, &next).aim;
            step = if aim > 0.0 { aim.min(growing) } else { growing };
            if step >= limit {
                step = 0.5 * limit;
            }
            step = step.min(LARGEST / factors.change);
            signs = factors.signs;
            before = Some(std::mem::replace(&mut at, next));
            if norm(&at.velocity) > STRETCHED {
                if self.start_again(&at).is_none() {
                    break;
                }
                (at, before, beyond) = (self.start.clone(), None, None);
                let factors = self.factors(&at);
                (step, signs) = (LARGEST / factors.change, factors.signs);
            }
        }
        // Very close to a pole there are no digits left, but the other side may have been in reach.
        self.from(shores)?.ok_or(Error::NoEdge { near: at.z, points: POINTS })
    }
}

/// The functional `c` that grows along the tangent at a point, and the point in units.
fn parametrised<E: FixedPoint + ?Sized>(
    line: &Line<E>,
    sign: f64,
    z: f64,
    [state, tangent]: [&[f64]; 2],
) -> (Vec<f64>, Place) {
    let unitless = |x: &[f64]| -> Vec<f64> { x.iter().zip(&line.units).map(|(x, unit)| x / unit).collect() };
    let (x, tangent) = (unitless(state), unitless(tangent));
    let size = norm(&tangent);
    // So that tau grows on the way.
    let functional: Vec<f64> = tangent.iter().map(|v| sign * v / size).collect();
    let slope = sign / size;
    let velocity = tangent.iter().map(|v| v * slope).collect();
    let start = Place { tau: dot(&functional, &x), x, z, velocity, slope, precise: true };
    (functional, start)
}

/// Whether `tau` grows in size on the way, without a change of sign, as far out and towards singular ends.
fn grows(from: f64, to: f64) -> bool {
    from * to > 0.0 && from.abs() < to.abs()
}

/// Where a curve seems to turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turning {
    /// How far from the last point, in `tau`.
    pub(super) aim: f64,
    /// The extreme value of `z`.
    pub(super) z: f64,
    /// How far that is from the last point.
    pub(super) rest: f64,
}

/// The turning point that is next to the last of two points, on the cubic polynomial with their values and slopes. Far from
/// the support `z` is like `1 / tau`, so it is a polynomial in that, unless `tau` passes through 0.
fn turning(before: &Place, last: &Place) -> Turning {
    let far = grows(before.tau, last.tau);
    let along = |tau: f64| if far { tau.recip() } else { tau };
    let length = if far { -(last.tau - before.tau) / (last.tau * before.tau) } else { last.tau - before.tau };
    let slope = |place: &Place| place.slope * length * if far { -place.tau * place.tau } else { 1.0 };
    let (first, second, change) = (slope(before), slope(last), last.z - before.z);
    // The derivative at the last point and u steps on: second + linear u + quadratic u^2.
    let telling = (second - first).abs() > TELLING * f64::EPSILON * last.z.abs();
    let (mut linear, mut quadratic) = (second - first, 0.0);
    if telling {
        (linear, quadratic) =
            (2.0 * first + 4.0 * second - 6.0 * change, 3.0 * (first + second) - 6.0 * change);
    }
    let mut square = linear * linear - 4.0 * quadratic * second;
    if square < 0.0 {
        (linear, quadratic) = (second - first, 0.0);
        square = linear * linear;
    }
    let u = -2.0 * second / (linear + square.sqrt().copysign(linear));
    let z = last.z + u * (second + u * (linear / 2.0 + u * quadratic / 3.0));
    let at = along(last.tau) + u * length;
    let aim = if far { (-u * length) * last.tau / at } else { u * length };
    Turning { aim, z, rest: (z - last.z).abs() }
}
