//! Points of an interval: asked for by their logarithms `t = log((x - a) / (b - x))`, kept in the coordinates of
//! the interval.

use std::borrow::Cow;
use std::f64::consts::PI;

use num_complex::Complex64;

use super::axis::{End, Obstacle, Outcome, Request, Sample};
use super::guess::{between, interpolate};
use super::rounds::CLOSEST;
use super::sample::{Sampler, Step};
use crate::measure::coordinates::{Coordinates, logit, place_of_logit};
use crate::numeric::rational::Place;
use crate::solver::walk::Turn;

/// Where the neighbours of a point are that cannot be solved for, relative to the distance of the next point.
const ASIDE: [f64; 2] = [0.2, -0.2];

/// How far to the sides a point is compared, in the logarithm, and by how much more than these differ it has to be off to be
/// alone.
const BESIDE: [f64; 2] = [1e-4, 1e-6];
const ALONE: f64 = 3.0;

/// Relative depth of an extreme, over its width in the logarithm, below which it is smooth; part of an interval that a golden
/// section leaves out, and how often it is cut: down to rounding.
const SMOOTH: f64 = 0.03;
const GOLDEN: f64 = 0.381_966_011_250_105_1;
const SECTIONS: usize = 80;

/// A solved point in the coordinates of the interval.
#[derive(Debug, Clone)]
pub(super) struct Point {
    /// `log((x - a) / (b - x))`.
    pub(super) t: f64,
    /// Argument of the rational function, and its value.
    pub(super) argument: Place,
    pub(super) value: f64,
    /// `rho dx / dt`.
    pub(super) mass: f64,
    /// Relative error from rounding.
    pub(super) noise: f64,
    pub(super) sample: Sample,
    /// Solved for without a guess, because it did not fit the others.
    confirmed: bool,
}

impl Sampler<'_> {
    /// Takes up a sample that lies in the interval.
    pub(super) fn take_up(&mut self, sample: Sample) {
        let [low, high] = self.interval();
        let t = logit(Place { low: sample.x - low, high: high - sample.x });
        let known = self.points.iter().any(|point| (point.t - t).abs() < CLOSEST);
        if low < sample.x && sample.x < high && !known {
            self.insert(sample);
        }
    }

    fn insert(&mut self, sample: Sample) {
        let ([low, high], width) = (self.interval(), self.width());
        // From the point as it was rounded.
        let place = Place { low: (sample.x - low) / width, high: (high - sample.x) / width };
        let density = sample.density * width;
        let displaced =
            |end: &End, distance: f64| (end.error + f64::EPSILON * end.x.abs()) / (width * distance);
        self.points.push(Point {
            t: logit(place),
            argument: self.coordinates.argument_at(place),
            value: density / self.coordinates.weight(place),
            mass: density * place.low * place.high,
            noise: sample.noise + displaced(&self.ends[0], place.low) + displaced(&self.ends[1], place.high),
            sample,
            confirmed: false,
        });
    }

    /// Looks again at points, given by their indices, that do not fit the others; whether one of them had to be replaced, by the
    /// solution that is found without a guess, or by a point beside it if it stands alone there.
    pub(super) fn reconsider(&mut self, points: &[usize]) -> Step<bool> {
        let mut changed = false;
        for &k in points {
            if std::mem::replace(&mut self.points[k].confirmed, true) {
                continue;
            }
            let Sample { x, density: before, .. } = self.points[k].sample;
            let found = match self.axis.solve(&[self.request(x, None)]).pop() {
                Some(Ok(Outcome::Inside { density, noise, state }))
                    if (density / before - 1.0).abs() > noise + self.points[k].noise =>
                {
                    self.doubtful.push(self.points[k].t);
                    Some(Sample { x, density, noise, state })
                }
                Some(Ok(Outcome::Outside(state))) => return Ok(Err(Obstacle::Outside { x, state })),
                Some(Ok(Outcome::Inside { .. })) => self.alone(k),
                _ => {
                    self.doubtful.push(self.points[k].t);
                    None
                }
            };
            if let Some(sample) = found {
                self.insert(sample);
                self.points.swap_remove(k);
                self.points[k].confirmed = true;
                self.replaced.push(x);
                changed = true;
            }
        }
        Ok(Ok(changed))
    }

    /// A point next to one that differs from both sides of it, however near: there the equation has other solutions.
    fn alone(&self, k: usize) -> Option<Sample> {
        let Point { t, noise, sample, .. } = &self.points[k];
        let mut last = f64::INFINITY;
        let mut nearest = None;
        for aside in BESIDE {
            let requests = [-aside, aside].map(|aside| self.request(self.position(t + aside), None));
            let found = requests.iter().zip(self.axis.solve(&requests)).map(|(request, found)| match found {
                Ok(Outcome::Inside { density, noise, state }) => {
                    Some(Sample { x: request.x, density, noise, state })
                }
                _ => None,
            });
            let [first, second]: [Sample; 2] = found.collect::<Option<Vec<_>>>()?.try_into().ok()?;
            let off = (sample.density - 0.5 * (first.density + second.density)).abs();
            let noise = noise.max(first.noise).max(second.noise) * sample.density;
            let between = (first.density - second.density).abs();
            // A cusp is approached from both sides.
            if off <= ALONE * (between + noise) || off < 0.5 * last && last.is_finite() {
                return None;
            }
            (last, nearest) = (off, Some(first));
        }
        nearest
    }

    /// The point of the line at a logarithm.
    pub(super) fn position(&self, t: f64) -> f64 {
        let (place, width) = (place_of_logit(t), self.width());
        let [low, high] = self.interval();
        if t < 0.0 { low + width * place.low } else { high - width * place.high }
    }

    /// Solves for points, or for points next to those that fail.
    pub(super) fn solve(&mut self, logarithms: &[f64]) -> Step<()> {
        let outcomes = self.axis.solve(&self.requests(logarithms));
        let (mut obstacle, mut failed) = (None, None);
        for (&t, outcome) in logarithms.iter().zip(outcomes) {
            let found = match outcome {
                Ok(outcome) => Ok((t, outcome)),
                Err(error) => self.beside(t).ok_or(error),
            };
            match found {
                Ok((t, Outcome::Inside { density, noise, state })) => {
                    self.insert(Sample { x: self.position(t), density, noise, state });
                }
                Ok((t, Outcome::Outside(state))) => {
                    obstacle.get_or_insert(Obstacle::Outside { x: self.position(t), state });
                }
                Err(error) => {
                    self.failed = Some(t);
                    failed.get_or_insert(error);
                }
            }
        }
        match (obstacle, failed) {
            (Some(obstacle), _) => Ok(Err(obstacle)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(Ok(())),
        }
    }

    /// A point that cannot be solved for may be singular for the unknowns though not for the law.
    fn beside(&mut self, t: f64) -> Option<(f64, Outcome)> {
        let nearest = self.points.iter().fold(1.0, |m: f64, point| m.min((point.t - t).abs()));
        let found = ASIDE.into_iter().find_map(|share| {
            let aside = t + share * nearest;
            let outcome = self.axis.solve(&self.requests(&[aside])).pop()?.ok()?;
            Some((aside, outcome))
        })?;
        self.replaced.push(self.position(t));
        Some(found)
    }

    /// The place between the outer two of three points where the density, times the sign, is lowest, by golden sections, as
    /// far as it can be solved for; none if it is a smooth extreme. A point outside of the support on the way is an obstacle.
    pub(super) fn extreme(
        &self,
        three: [&Point; 3],
        sign: f64,
    ) -> std::result::Result<Option<f64>, Obstacle> {
        let [mut low, mut at, mut high] = three.map(|point| (point.t, sign * point.sample.density));
        for _ in 0..SECTIONS {
            // By a smooth function the depth falls with the square of the width.
            let (width, depth) = (high.0 - low.0, (low.1.min(high.1) - at.1) / at.1.abs());
            if depth <= SMOOTH * width {
                return Ok(None);
            }
            let wide = if high.0 - at.0 > at.0 - low.0 { high.0 } else { low.0 };
            let t = at.0 + GOLDEN * (wide - at.0);
            let x = self.position(t);
            if x == self.position(at.0) {
                break;
            }
            let density = match self.axis.solve(&self.requests(&[t])).pop() {
                Some(Ok(Outcome::Inside { density, .. })) => sign * density,
                Some(Ok(Outcome::Outside(state))) => return Err(Obstacle::Outside { x, state }),
                _ => break,
            };
            let (new, old) = ((t, density), at);
            let (inner, outer) = if density < at.1 { (new, old) } else { (old, new) };
            at = inner;
            if outer.0 > inner.0 { high = outer } else { low = outer }
        }
        Ok(Some(self.position(at.0)))
    }

    fn requests(&self, logarithms: &[f64]) -> Vec<Request> {
        // Next to other ends than roots the unknowns may be powers of the distance.
        let in_logarithms = !matches!(self.coordinates, Coordinates::Weighted(_));
        let at = |t: f64| if in_logarithms { t } else { self.coordinates.parameter_of_logit(t) };
        let mut known: Vec<(f64, Cow<'_, [Complex64]>)> =
            self.points.iter().map(|point| (at(point.t), Cow::from(&point.sample.state))).collect();
        let turns = self.ends.each_ref().map(|end| end.turn.as_ref());
        if !in_logarithms {
            known.extend(states_at_ends(turns).map(|(angle, state)| (angle, Cow::from(state))));
        }
        let neighbour = self.options.neighbour.filter(|_| !in_logarithms).map(|neighbour| {
            let points = neighbour.points.iter().map(|(t, state)| (at(*t), Cow::from(state)));
            let ends = states_at_ends(neighbour.turns.each_ref().map(Option::as_ref));
            let known: Vec<_> = points.chain(ends.map(|(angle, state)| (angle, Cow::from(state)))).collect();
            move |at: f64| interpolate(&known, at, false)
        });
        // What is different from the neighbour changes less.
        if let Some(before) = &neighbour {
            for (at, state) in &mut known {
                let differences =
                    state.iter().zip(before(*at).unwrap_or_default()).map(|(now, then)| now - then);
                *state = differences.collect();
            }
        }
        let guess =
            |t: f64| match (&neighbour, turns) {
                (Some(before), _) => {
                    let (before, change) = (before(at(t))?, interpolate(&known, at(t), false));
                    Some(change.map_or(before.clone(), |change| {
                        before.iter().zip(change).map(|(x, d)| x + d).collect()
                    }))
                }
                (None, [Some(low), Some(high)]) if self.points.len() < 2 => {
                    Some(between(low, high, self.width(), at(t)))
                }
                // Two points may be the two ends of a wide gap in what is known.
                _ if known.len() > 2 => interpolate(&known, at(t), in_logarithms),
                _ => None,
            };
        logarithms.iter().map(|&t| self.request(self.position(t), guess(t))).collect()
    }

    fn request(&self, x: f64, guess: Option<Vec<Complex64>>) -> Request {
        let [low, high] = self.interval();
        Request { x, distances: Place { low: x - low, high: high - x }, guess }
    }
}

/// The unknowns at turning points, with the angles of the ends.
fn states_at_ends(turns: [Option<&Turn>; 2]) -> impl Iterator<Item = (f64, Vec<Complex64>)> {
    let states = turns.map(|turn| turn.map(|turn| turn.state.iter().copied().map(Complex64::from).collect()));
    [0.0, PI].into_iter().zip(states).filter_map(|(angle, state)| Some((angle, state?)))
}
