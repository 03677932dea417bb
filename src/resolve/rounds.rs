//! Rounds of approximation and fresh points on a segment of an interval, until two in a row have brought nothing new.

use super::sample::{APART, Point, Sampler, Step};
use crate::measure::coordinates::Coordinates;
use crate::numeric::aaa::{Data, Fit, fit};
use crate::numeric::rational::{Place, Rational};

/// Approximants stay below the tolerances by this factor, so that fresh points tell what is wrong with the function and
/// not where the fit was stopped.
const MARGIN: f64 = 0.3;

/// Rounds with predicted points that settle a segment.
const CALM: usize = 2;

/// Fresh points of a round, and points for which there is one more.
const FRESH: usize = 4;
const CROWD: usize = 24;

/// Fewest points of a segment.
const FEWEST: usize = 8;

/// Degree at which two functions are cheaper than one.
const LARGEST_DEGREE: usize = 36;

/// Support points of the last round that are chosen anew.
const RECONSIDERED: usize = 2;

/// Candidates between neighbours closer than the first are the middle only, closer than the second none.
const CLOSE: f64 = 0.5;
const CLOSEST: f64 = 1e-3;

/// Length of a segment below which distances are relative to it.
const SHORT: f64 = 4.0;

/// How the work on a segment ends.
pub(super) enum Verdict {
    /// With a function.
    Settled(Rational),
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
    /// Adds points until the segment is settled or is to be cut. `open` tells which of its ends are those of the interval.
    pub(super) fn settle(sampler: &mut Sampler<'_>, segment: [f64; 2], open: [bool; 2]) -> Step<Verdict> {
        let arguments = sampler.parameters(segment, open).map(|at| sampler.coordinates.argument(at));
        let mut previous: Option<Rational> = None;
        let mut support: Vec<usize> = Vec::new();
        let mut calm = 0;
        loop {
            let round = Self::new(sampler, segment, arguments);
            if round.order.len() < FEWEST {
                if let Err(obstacle) = sampler.solve(&round.missing(sampler))? {
                    return Ok(Err(obstacle));
                }
                continue;
            }
            support.truncate(support.len().saturating_sub(RECONSIDERED));
            let fit = round.fit(sampler, &support);
            support = fit.support.iter().map(|&k| round.order[k]).collect();
            let fresh = round.candidates(sampler, &fit, previous.as_ref());
            let before = sampler.points.len();
            if before + fresh.len() > sampler.options.limit {
                return Err(sampler.exhausted(segment));
            }
            if let Err(obstacle) = sampler.solve(&fresh)? {
                return Ok(Err(obstacle));
            }
            let sound = fit.error <= 1.0 && fit.poles.is_empty();
            calm = if sound && predicted(sampler, &fit.rational, before) { calm + 1 } else { 0 };
            if calm >= CALM {
                // Also of pairs of poles that no point has come between.
                let probes = round.real_parts_of_poles(&fit.rational);
                if fit.rational.real_poles(arguments, &probes).is_empty() {
                    return Ok(Ok(Verdict::Settled(fit.rational)));
                }
                calm = 0;
            }
            if fit.rational.degree() >= LARGEST_DEGREE && calm == 0 {
                return round.cut(sampler);
            }
            previous = Some(fit.rational);
        }
    }

    fn new(sampler: &Sampler<'_>, segment: [f64; 2], arguments: [Place; 2]) -> Self {
        let at = |&k: &usize| sampler.points[k].t;
        let mut order: Vec<usize> = (0..sampler.points.len()).collect();
        order.retain(|k| segment[0] <= at(k) && at(k) <= segment[1]);
        order.sort_by(|a, b| at(a).total_cmp(&at(b)));
        let tolerances = sampler.tolerances(&order);
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
        let tolerances: Vec<f64> =
            values.iter().zip(&self.tolerances).map(|(value, relative)| value.abs() * relative).collect();
        let data = Data { places: &places, values: &values, tolerances: &tolerances };
        let earlier: Vec<usize> =
            support.iter().filter_map(|k| self.order.iter().position(|other| other == k)).collect();
        fit(data, &earlier, MARGIN, values.len() / 2, self.arguments)
    }

    /// Where to look next: where this approximant differs most from the last one, in tolerances, and where it cannot be
    /// right.
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
            let change = previous.map_or(1.0, |function| (value - function.eval(argument(*t))).abs() / value.abs());
            let negative = value <= 0.0 && matches!(sampler.coordinates, Coordinates::Weighted(_));
            *score = if negative || change.is_nan() { f64::MAX } else { change / self.tolerance_at(sampler, *t) };
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
        let count = FRESH + self.order.len() / CROWD;
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

    fn real_parts_of_poles(&self, rational: &Rational) -> Vec<Place> {
        let mut parts: Vec<f64> = rational.poles().unwrap_or_default().iter().map(|pole| pole.re).collect();
        parts.sort_by(f64::total_cmp);
        let whole = self.arguments[0].low + self.arguments[0].high;
        parts.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).map(|x| Place { low: x, high: whole - x }).collect()
    }

    /// A reason to divide the interval at a minimum of the density, or the middle of the points, so that both halves are
    /// equally hard.
    fn cut(&self, sampler: &mut Sampler<'_>) -> Step<Verdict> {
        let density = |k: usize| sampler.points[k].sample.density;
        let minima: Vec<usize> = self
            .order
            .windows(3)
            .filter(|three| density(three[1]) < density(three[0]) && density(three[1]) < density(three[2]))
            .map(|three| three[1])
            .collect();
        for k in minima {
            let Point { sample, .. } = &sampler.points[k];
            if sampler.inspected.contains(&sample.x) {
                continue;
            }
            if let Some(obstacle) = sampler.axis.inspect(sample, sampler.interval()) {
                return Ok(Err(obstacle));
            }
            let x = sample.x;
            sampler.inspected.push(x);
        }
        let t = |k: usize| sampler.points[self.order[k]].t;
        let middle = self.order.len() / 2;
        Ok(Ok(Verdict::Cut(0.5 * (t(middle - 1) + t(middle)))))
    }
}

/// Whether the points from `first` on are where the function has them.
fn predicted(sampler: &Sampler<'_>, function: &Rational, first: usize) -> bool {
    let fresh: Vec<usize> = (first..sampler.points.len()).collect();
    let tolerances = sampler.tolerances(&fresh);
    fresh.iter().zip(tolerances).all(|(&k, tolerance)| {
        let Point { argument, value, .. } = &sampler.points[k];
        (function.eval(*argument) - value).abs() < tolerance * value.abs()
    })
}
