//! Rounds of approximation and fresh points on a segment of an interval, until two in a row have brought nothing
//! new.

use num_complex::Complex64;

use super::axis::Obstacle;
use super::points::Point;
use super::sample::{APART, Sampler, Step};
use crate::numeric::aaa::{Data, Fit, fit};
use crate::numeric::rational::{Place, Rational};

/// Approximants stay below the tolerances by this factor, so that fresh points tell what is wrong with the function
/// and not where the fit was stopped.
const MARGIN: f64 = 0.3;

/// A fit that had to give up poles may miss the points by this factor.
const LOOSE: f64 = 2.0;

/// Rounds with predicted points that settle a segment.
const CALM: usize = 2;

/// Fresh points of a round, twice as many after a fit that misses its target by more than the second.
const FRESH: usize = 4;
const LACKING: f64 = 1e3;

/// Fewest points of a segment.
const FEWEST: usize = 8;

/// Degree at which two functions are cheaper than one, and what a fit may have beyond it.
const LARGEST_DEGREE: usize = 28;
const BEYOND: usize = 4;

/// Distance of a pole from an end, relative to that of the last point, up to which the way to the end depends on it.
const NEAR: f64 = 10.0;

/// Points more than known ones that no function of that degree needs: they err by more than they say.
const CROWDED: usize = 16 * LARGEST_DEGREE;

/// Support points of the last round that are chosen anew.
const RECONSIDERED: usize = 2;

/// Candidates between neighbours closer than the first are the middle only, closer than the second none: their
/// differences are rounded.
const CLOSE: f64 = 0.5;
pub(super) const CLOSEST: f64 = 1e-8;

/// Length of a segment that is not cut any more.
const SHORTEST: f64 = 1e-3;

/// Length of a segment below which distances are relative to it.
const SHORT: f64 = 4.0;

/// How the work on a segment ends.
pub(super) enum Verdict {
    /// With a function.
    Settled(Rational),
    /// It has to go on further towards the open ends.
    Farther([f64; 2]),
    /// It goes on too far: nearer to an open end points have no solution of their own.
    Nearer([f64; 2]),
    /// With a point, in the logarithm, at which to cut.
    Cut(f64),
}

/// A segment in work.
pub(super) struct Round {
    segment: [f64; 2],
    /// Ends of the segment in the argument of the function.
    arguments: [Place; 2],
    /// Points of the segment in increasing order.
    order: Vec<usize>,
    /// Relative tolerances of these points.
    tolerances: Vec<f64>,
}

impl Round {
    /// Adds points until the segment is settled or is to be cut. `open` tells which of its ends are those of the
    /// interval.
    pub(super) fn settle(sampler: &mut Sampler<'_>, segment: [f64; 2], open: [bool; 2]) -> Step<Verdict> {
        let arguments = sampler.parameters(segment, open).map(|at| sampler.coordinates.argument(at));
        let mut previous: Option<Rational> = None;
        let mut support: Vec<usize> = Vec::new();
        let mut calm = 0;
        let known = sampler.points.len();
        loop {
            let round = Self::new(sampler, segment, arguments);
            if round.order.len() < FEWEST {
                if sampler.points.len() >= sampler.options.limit {
                    return Err(sampler.exhausted(segment));
                }
                if let Err(obstacle) = sampler.solve(&round.missing(sampler))? {
                    return Ok(Err(obstacle));
                }
                continue;
            }
            support.truncate(support.len().saturating_sub(RECONSIDERED));
            let fit = round.fit(sampler, &support);
            if fit.error <= LOOSE {
                let changed = match sampler.reconsider(&round.outliers(&fit))? {
                    Ok(changed) => changed,
                    Err(obstacle) => return Ok(Err(obstacle)),
                };
                if let Some(nearer) = sampler.shortened(segment, open) {
                    return Ok(Ok(Verdict::Nearer(nearer)));
                }
                if changed {
                    continue;
                }
                let poles = fit.poles.iter().map(|pole| Complex64::from(pole.low));
                if let Some(farther) = sampler.farther(segment, open, poles, 1.0) {
                    return Ok(Ok(Verdict::Farther(farther)));
                }
            }
            support = fit.support.iter().map(|&k| round.order[k]).collect();
            let fresh = round.candidates(sampler, &fit, previous.as_ref());
            let before = sampler.points.len();
            let crowded = before - known > CROWDED || before + fresh.len() > sampler.options.limit;
            if fresh.is_empty() || crowded {
                return Err(sampler.exhausted(segment));
            }
            if let Err(obstacle) = sampler.solve(&fresh)? {
                return Ok(Err(obstacle));
            }
            let sound = fit.error <= LOOSE && fit.poles.is_empty();
            calm = if sound && predicted(sampler, &fit.rational, before) { calm + 1 } else { 0 };
            if calm >= CALM {
                let poles = fit.rational.poles().unwrap_or_default();
                match round.confirm(sampler, &fit.rational, &poles)? {
                    Ok(true) => {
                        if let Some(farther) = sampler.farther(segment, open, poles.into_iter(), NEAR) {
                            return Ok(Ok(Verdict::Farther(farther)));
                        }
                        sampler.needed.extend(round.needed(sampler, &support));
                        return Ok(Ok(Verdict::Settled(fit.rational)));
                    }
                    Ok(false) => calm = 0,
                    Err(obstacle) => return Ok(Err(obstacle)),
                }
            }
            if fit.rational.degree() >= LARGEST_DEGREE && calm == 0 {
                return round.cut(sampler);
            }
            previous = Some(fit.rational);
        }
    }

    /// Points that say as much as all: a function with this support has twice as many degrees of freedom, spread like it.
    fn needed(&self, sampler: &Sampler<'_>, support: &[usize]) -> Vec<usize> {
        let t = |k: usize| sampler.points[k].t;
        let mut needed = support.to_vec();
        needed.sort_by(|&a, &b| t(a).total_cmp(&t(b)));
        let mut ends: Vec<f64> = needed.iter().map(|&k| t(k)).collect();
        ends.insert(0, self.segment[0]);
        ends.push(self.segment[1]);
        let thirds = ends
            .windows(2)
            .flat_map(|pair| [1.0, 2.0].map(|i| (pair, pair[0] + i / 3.0 * (pair[1] - pair[0]))));
        let between = thirds.filter_map(|(pair, place)| {
            let inside = self.order.iter().copied().filter(|&k| pair[0] < t(k) && t(k) < pair[1]);
            inside.min_by(|&a, &b| (t(a) - place).abs().total_cmp(&(t(b) - place).abs()))
        });
        needed.extend(between.collect::<Vec<_>>());
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// Whether a function is right also next to its poles, which draw the line between what is resolved and what is
    /// not, and has none on the segment, pairs included that no point has come between.
    fn confirm(&self, sampler: &mut Sampler<'_>, function: &Rational, poles: &[Complex64]) -> Step<bool> {
        loop {
            let unseen = self.unseen(sampler, poles);
            if unseen.is_empty() {
                return Ok(Ok(function.real_poles(self.arguments, &self.between(poles)).is_empty()));
            }
            let before = sampler.points.len();
            if before + unseen.len() > sampler.options.limit {
                return Err(sampler.exhausted(self.segment));
            }
            if let Err(obstacle) = sampler.solve(&unseen)? {
                return Ok(Err(obstacle));
            }
            if !predicted(sampler, function, before) {
                return Ok(Ok(false));
            }
        }
    }

    fn new(sampler: &Sampler<'_>, segment: [f64; 2], arguments: [Place; 2]) -> Self {
        let at = |&k: &usize| sampler.points[k].t;
        let mut order: Vec<usize> = (0..sampler.points.len()).collect();
        order.retain(|k| segment[0] <= at(k) && at(k) <= segment[1]);
        order.sort_by(|a, b| at(a).total_cmp(&at(b)));
        let tolerances = sampler.tolerances(&order, MARGIN, 1.0);
        Self { segment, arguments, order, tolerances }
    }

    fn length(&self) -> f64 {
        self.segment[1] - self.segment[0]
    }

    /// Points that make up the fewest that are needed.
    fn missing(&self, sampler: &Sampler<'_>) -> Vec<f64> {
        let even = |i: usize| self.segment[0] + self.length() * (i as f64 + 0.5) / FEWEST as f64;
        let apart = 0.25 * self.length() / FEWEST as f64;
        let far = |t: &f64| self.order.iter().all(|&k| (sampler.points[k].t - t).abs() > apart);
        (0..FEWEST).map(even).filter(far).collect()
    }

    fn fit(&self, sampler: &Sampler<'_>, support: &[usize]) -> Fit {
        let points = || self.order.iter().map(|&k| &sampler.points[k]);
        let places: Vec<Place> = points().map(|point| point.argument).collect();
        let values: Vec<f64> = points().map(|point| point.value).collect();
        // A density may be 0 by chance.
        let floor = f64::EPSILON.powi(2) * values.iter().fold(f64::MIN_POSITIVE, |m: f64, v| m.max(v.abs()));
        let tolerances: Vec<f64> = values
            .iter()
            .zip(&self.tolerances)
            .map(|(value, relative)| (value.abs() * relative).max(floor))
            .collect();
        let noises: Vec<f64> = points().map(|point| point.value.abs() * point.noise).collect();
        let data = Data { places: &places, values: &values, tolerances: &tolerances, noises: &noises };
        let earlier: Vec<usize> =
            support.iter().filter_map(|k| self.order.iter().position(|other| other == k)).collect();
        let largest = (values.len() / 2).min(LARGEST_DEGREE + BEYOND);
        fit(data, &earlier, 1.0, largest, self.arguments)
    }

    /// Points that a fit takes in by a pole next to them: of the two support points about it the one that weighs less.
    fn outliers(&self, fit: &Fit) -> Vec<usize> {
        let nodes = fit.rational.nodes();
        let beside = |pole: &Place| {
            let distance = |k: &usize| pole.minus(nodes[*k].place).abs();
            let mut near: Vec<usize> = (0..nodes.len()).collect();
            near.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
            near.truncate(2);
            near.into_iter().min_by(|&a, &b| nodes[a].weight.abs().total_cmp(&nodes[b].weight.abs()))
        };
        fit.poles.iter().filter_map(beside).map(|k| self.order[fit.support[k]]).collect()
    }

    /// Where to look next: where this approximant differs most from the last one, in tolerances, and where it
    /// cannot be right.
    fn candidates(&self, sampler: &Sampler<'_>, fit: &Fit, previous: Option<&Rational>) -> Vec<f64> {
        let mut ends = vec![self.segment[0]];
        ends.extend(self.order.iter().map(|&k| sampler.points[k].t));
        ends.push(self.segment[1]);
        let closest = CLOSEST * self.length().min(1.0);
        let mut candidates: Vec<(f64, f64)> = Vec::new();
        for pair in ends.windows(2).filter(|pair| pair[1] - pair[0] > closest) {
            let width = pair[1] - pair[0];
            let shares: &[f64] = if width < CLOSE { &[0.5] } else { &[0.25, 0.5, 0.75] };
            candidates.extend(shares.iter().map(|share| (pair[0] + share * width, 0.0)));
        }
        let argument = |t: f64| sampler.coordinates.argument(sampler.coordinates.parameter_of_logit(t));
        for (t, score) in &mut candidates {
            let value = fit.rational.eval(argument(*t));
            let change =
                previous.map_or(1.0, |function| (value - function.eval(argument(*t))).abs() / value.abs());
            let negative = value <= 0.0 && !sampler.coordinates.is_logarithmic();
            *score =
                if negative || change.is_nan() { f64::MAX } else { change / self.tolerance_at(sampler, *t) };
        }
        for pole in &fit.poles {
            let distance = |t: f64| argument(t).minus(*pole).abs();
            let nearest = candidates.iter_mut().min_by(|a, b| distance(a.0).total_cmp(&distance(b.0)));
            if let Some((_, score)) = nearest {
                *score = f64::INFINITY;
            }
        }
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
        let apart = APART * (self.length() / SHORT).min(1.0);
        let count = if fit.error > LACKING { 2 * FRESH } else { FRESH };
        let mut chosen: Vec<f64> = Vec::new();
        for (t, _) in candidates {
            if chosen.len() < count && chosen.iter().all(|other| (other - t).abs() > apart) {
                chosen.push(t);
            }
        }
        chosen
    }

    /// The relative tolerance between the points, by interpolation of its logarithm.
    fn tolerance_at(&self, sampler: &Sampler<'_>, t: f64) -> f64 {
        let at = |k: usize| sampler.points[self.order[k]].t;
        let next = self.order.partition_point(|&k| sampler.points[k].t < t);
        if next == 0 || next == self.order.len() {
            return self.tolerances[next.min(self.order.len() - 1)];
        }
        let share = (t - at(next - 1)) / (at(next) - at(next - 1));
        self.tolerances[next - 1].powf(1.0 - share) * self.tolerances[next].powf(share)
    }

    /// Where poles come closer to the axis than the points that have been solved for: what they make of the density
    /// there is a guess.
    fn unseen(&self, sampler: &Sampler<'_>, poles: &[Complex64]) -> Vec<f64> {
        let [first, last] = self.arguments.map(|place| place.low);
        let logarithmic = sampler.coordinates.is_logarithmic();
        let mut distances: Vec<f64> = sampler.points.iter().map(|point| point.argument.low).collect();
        distances.sort_by(f64::total_cmp);
        let mut unseen: Vec<f64> = Vec::new();
        for pole in poles.iter().filter(|pole| first < pole.re && pole.re < last) {
            let next = distances.partition_point(|&low| low < pole.re);
            let nearest = [next.wrapping_sub(1), next]
                .into_iter()
                .filter_map(|k| distances.get(k))
                .fold(f64::INFINITY, |m, low| m.min((low - pole.re).abs()));
            let rounding = CLOSEST * if logarithmic { 1.0 } else { pole.re.min(1.0 - pole.re) };
            if nearest > pole.im.abs().max(rounding) {
                distances.insert(next, pole.re);
                unseen.push(sampler.coordinates.logit_of_argument(pole.re));
            }
        }
        unseen.retain(|t| self.segment[0] < *t && *t < self.segment[1]);
        unseen
    }

    /// Places between the real parts of poles.
    fn between(&self, poles: &[Complex64]) -> Vec<Place> {
        let mut parts: Vec<f64> = poles.iter().map(|pole| pole.re).collect();
        parts.sort_by(f64::total_cmp);
        let whole = self.arguments[0].low + self.arguments[0].high;
        parts
            .windows(2)
            .map(|pair| 0.5 * (pair[0] + pair[1]))
            .map(|x| Place { low: x, high: whole - x })
            .collect()
    }

    /// Where to cut the segment: in the middle of its points, so that both halves are equally hard. What is hard in a short one
    /// may be a singular point, at which the interval is to be divided: an extreme of the density that is not smooth, or any
    /// once nothing but that is left.
    fn cut(&self, sampler: &mut Sampler<'_>) -> Step<Verdict> {
        let t = |k: usize| sampler.points[self.order[k]].t;
        let middle = self.order.len() / 2;
        let between = 0.5 * (t(middle - 1) + t(middle));
        if self.length() > SHORT {
            return Ok(Ok(Verdict::Cut(between)));
        }
        let density = |k: usize| sampler.points[self.order[k]].sample.density;
        // The sign with which the density is lowest at a point, and by how much it is.
        let extreme = |k: usize| {
            let [before, at, after] = [k - 1, k, k + 1].map(density);
            [1.0, -1.0].map(|sign: f64| (((before - at) * sign).min((after - at) * sign) / at, k, sign))
        };
        let deepest = (1..self.order.len() - 1).flat_map(extreme).max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((depth, k, sign)) = deepest
            && depth > 0.0
            && !sampler.inspected.contains(&t(k))
        {
            let at = t(k);
            match sampler.extreme([k - 1, k, k + 1].map(|k| &sampler.points[self.order[k]]), sign) {
                Ok(Some(x)) => return Ok(Err(Obstacle::Singular { x })),
                Ok(None) => {}
                Err(gap) => return Ok(Err(gap)),
            }
            sampler.inspected.push(at);
        }
        if self.length() <= SHORTEST {
            return Ok(Err(Obstacle::Singular { x: sampler.position(between) }));
        }
        Ok(Ok(Verdict::Cut(between)))
    }
}

/// Whether the points from `first` on are where the function has them.
fn predicted(sampler: &Sampler<'_>, function: &Rational, first: usize) -> bool {
    let fresh: Vec<usize> = (first..sampler.points.len()).collect();
    // The function has followed rounding as far as the fresh points have their own.
    let tolerances = sampler.tolerances(&fresh, 1.0, 2.0);
    fresh.iter().zip(tolerances).all(|(&k, tolerance)| {
        let Point { argument, value, .. } = &sampler.points[k];
        (function.eval(*argument) - value).abs() < tolerance * value.abs()
    })
}
