//! Points of an interval: asked for by their logarithms `t = log((x - a) / (b - x))`, kept in the coordinates of
//! the interval.

use std::borrow::Cow;
use std::f64::consts::PI;

use num_complex::Complex64;

use super::axis::{End, Obstacle, Outcome, Request, Sample};
use super::guess::{between, interpolate};
use super::sample::{Sampler, Step};
use crate::measure::coordinates::{Coordinates, logit, place_of_logit};
use crate::numeric::rational::Place;
use crate::solver::walk::Turn;

/// Where the neighbours of a point are that cannot be solved for, relative to the distance of the next point.
const ASIDE: [f64; 2] = [0.2, -0.2];

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
        if low < sample.x && sample.x < high {
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
            argument: match self.coordinates {
                Coordinates::Weighted(_) => place,
                Coordinates::Logarithmic => Place::on_line(logit(place)),
            },
            value: density / self.coordinates.weight(place),
            mass: density * place.low * place.high,
            noise: sample.noise + displaced(&self.ends[0], place.low) + displaced(&self.ends[1], place.high),
            sample,
            confirmed: false,
        });
    }

    /// Solves without a guess for points, given by their indices, that do not fit the others; whether one of them was another
    /// solution.
    pub(super) fn reconsider(&mut self, points: &[usize]) -> Step<bool> {
        let mut changed = false;
        for &k in points {
            if self.points[k].confirmed {
                continue;
            }
            let x = self.points[k].sample.x;
            match self.axis.solve(&[self.request(x, None)]).pop() {
                Some(Ok(Outcome::Inside { density, noise, state })) => {
                    let before = self.points[k].sample.density;
                    if (density / before - 1.0).abs() > noise + self.points[k].noise {
                        self.insert(Sample { x, density, noise, state });
                        self.points.swap_remove(k);
                        self.replaced.push(x);
                        changed = true;
                    }
                    self.points[k].confirmed = true;
                }
                Some(Ok(Outcome::Outside(state))) => return Ok(Err(Obstacle::Outside { x, state })),
                _ => self.points[k].confirmed = true,
            }
        }
        Ok(Ok(changed))
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
        let mut obstacle = None;
        for (&t, outcome) in logarithms.iter().zip(outcomes) {
            let (t, outcome) = match outcome {
                Ok(outcome) => (t, outcome),
                Err(error) => self.beside(t).ok_or(error)?,
            };
            let x = self.position(t);
            match outcome {
                Outcome::Inside { density, noise, state } => {
                    self.insert(Sample { x, density, noise, state });
                }
                Outcome::Outside(state) => {
                    obstacle.get_or_insert(Obstacle::Outside { x, state });
                }
            }
        }
        Ok(obstacle.map_or(Ok(()), Err))
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

    fn requests(&self, logarithms: &[f64]) -> Vec<Request> {
        let in_logarithms = self.coordinates == Coordinates::Logarithmic;
        let at = |t: f64| self.coordinates.parameter_of_logit(t);
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
