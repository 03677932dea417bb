//! The density of one interval of the support from as few solved points as it takes.
//!
//! The density is divided by what is known of its ends ([`Coordinates`]) and the rest approximated by the
//! [AAA algorithm](crate::numeric::aaa), each value to a tolerance of its own: masses count, not densities, and
//! what rounding has disturbed is not followed. In every round points are added where successive approximants
//! differ most; the interval is settled after two rounds whose fresh points were all predicted. If the degree grows
//! large the interval is cut in the middle of its points; if what is left to be cut is short, it has a singular point, at which
//! the interval is to be divided. Towards an end it goes as far as there are poles next to it; if that does not stop, the
//! density goes in another way there than the kind of the end says.

use num_complex::Complex64;

use super::axis::{Axis, End, Kind, Neighbour, Obstacle, Resolution, Sample, Sampled};
use super::points::Point;
use super::rounds::{Round, Verdict};
use crate::error::{Error, Result};
use crate::measure::coordinates::{Coordinates, Root, logit};
use crate::measure::piece::{Piece, Segment};
use crate::numeric::rational::Place;

/// First points, Chebyshev in the angle.
const FIRST: usize = 12;

/// How many of them are solved for at a time, from the middle outwards: later ones start from interpolated guesses.
const FIRST_BATCHES: [usize; 5] = [2, 2, 4, 4, usize::MAX];

/// Points that are this close in the logarithm are not both needed.
pub(super) const APART: f64 = 0.15;

/// Reach in the logarithm towards an end: a function that is analytic there shows nothing new at 3e-4 of the
/// width.
const REACH: f64 = 8.0;

/// How often the way towards an end may turn out to be longer before something else than its kind says is there.
const EXTENDED: usize = 4;

/// Doubtful points after which the way to an end stops before them.
const DOUBTFUL: usize = 3;

/// Distances from an end that are known to fewer units of rounding than this tell nothing.
const UNITS: f64 = 64.0;

/// Largest logarithm of a distance, before it underflows.
const LARGEST_LOGARITHM: f64 = 600.0;

/// How the tolerance of a value grows as its mass falls: like the root where densities are to be good relative to
/// themselves, nearly inversely where ends are exponential tails.
const EXPONENT_WEIGHTED: f64 = 0.5;
const EXPONENT_LOGARITHMIC: f64 = 0.75;

/// Settings of the sampling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options<'a> {
    /// Error of the mass in the parameter, relative to its largest value.
    pub(crate) tolerance: f64,
    /// Most points.
    pub(crate) limit: usize,
    /// From which points and guesses are taken.
    pub(crate) neighbour: Option<&'a Neighbour>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { tolerance: 1e-10, limit: 6000, neighbour: None }
    }
}

/// Samples the density between two ends until it is resolved. Of `known` points those inside the interval are taken
/// up.
///
/// # Errors
/// The error of a point that can be solved for neither itself nor next to it; [`Error::OutOfBudget`] if the density
/// is not resolved with as many points as allowed; [`Error::InvalidArgument`] if the ends are not in order.
pub(crate) fn sample(
    axis: &dyn Axis,
    ends: [End; 2],
    known: Vec<Sample>,
    options: Options<'_>,
) -> Result<Resolution> {
    let mut sampler = Sampler::new(axis, ends, options)?;
    for sample in known {
        sampler.take_up(sample);
    }
    match sampler.run()? {
        Ok(sampled) => Ok(Resolution::Resolved(Box::new(sampled))),
        Err(obstacle) => Ok(Resolution::Divided { obstacle, samples: sampler.samples() }),
    }
}

/// The state of the sampling.
pub(super) struct Sampler<'a> {
    pub(super) axis: &'a dyn Axis,
    pub(super) ends: [End; 2],
    pub(super) options: Options<'a>,
    pub(super) coordinates: Coordinates,
    /// In the order in which they were solved for.
    pub(super) points: Vec<Point>,
    /// Points, by their indices, that would have sufficed.
    pub(super) needed: Vec<usize>,
    /// Points that could not be solved for.
    pub(super) replaced: Vec<f64>,
    /// Points of extreme density that have been looked at, by their logarithms.
    pub(super) inspected: Vec<f64>,
    /// How far towards both ends, in the logarithm, points can be solved for.
    pub(super) sight: [f64; 2],
    /// The point that could be solved for last of all neither itself nor next to it.
    pub(super) failed: Option<f64>,
    /// Points that do not fit the others, at which no guess or another one has not led to the same solution.
    pub(super) doubtful: Vec<f64>,
}

/// Either everything that was asked for, or a reason to divide the interval.
pub(super) type Step<T> = Result<std::result::Result<T, Obstacle>>;

impl<'a> Sampler<'a> {
    fn new(axis: &'a dyn Axis, ends: [End; 2], options: Options<'a>) -> Result<Self> {
        let [low, high] = [ends[0].x, ends[1].x];
        if !(low < high && (high - low).is_finite()) {
            return Err(Error::argument("ends", format!("{low:e} and {high:e}"), "two numbers in order"));
        }
        let coordinates = Kind::coordinates([ends[0].kind, ends[1].kind]);
        Ok(Self {
            axis,
            ends,
            options,
            coordinates,
            points: Vec::new(),
            needed: Vec::new(),
            replaced: Vec::new(),
            inspected: Vec::new(),
            sight: [f64::INFINITY; 2],
            failed: None,
            doubtful: Vec::new(),
        })
    }

    pub(super) fn interval(&self) -> [f64; 2] {
        [self.ends[0].x, self.ends[1].x]
    }

    pub(super) fn width(&self) -> f64 {
        self.ends[1].x - self.ends[0].x
    }

    fn samples(&self) -> Vec<Sample> {
        let mut samples: Vec<Sample> = self.points.iter().map(|point| point.sample.clone()).collect();
        samples.sort_by(|a, b| a.x.total_cmp(&b.x));
        samples
    }

    /// Relative error that each of some points may have: a part of that of the whole, and its rounding so many
    /// times.
    pub(super) fn tolerances(&self, points: &[usize], part: f64, roundings: f64) -> Vec<f64> {
        let largest = self.points.iter().fold(f64::MIN_POSITIVE, |m: f64, point| m.max(point.mass));
        let logarithmic = self.coordinates.is_logarithmic();
        let exponent = if logarithmic { EXPONENT_LOGARITHMIC } else { EXPONENT_WEIGHTED };
        let of_point = |&k: &usize| {
            let Point { mass, noise, .. } = self.points[k];
            let share = (largest / mass.max(f64::MIN_POSITIVE)).powf(exponent);
            part * self.options.tolerance * share + roundings * noise
        };
        points.iter().map(of_point).collect()
    }

    /// How far towards an end distances from it still have digits.
    fn horizon(&self, end: usize) -> f64 {
        let End { x, error, .. } = self.ends[end];
        let rounding = UNITS * (error + f64::EPSILON * x.abs());
        (self.width() / rounding).ln().clamp(1.0, LARGEST_LOGARITHM).min(self.sight[end])
    }

    /// What is left of a segment if it ends, towards an open end, before a point that could not be solved for or before doubtful
    /// ones: next to a branch point solutions are so close that they are taken for each other. None if that is too far from the
    /// end to tell what is there.
    pub(super) fn shortened(&mut self, [from, to]: [f64; 2], open: [bool; 2]) -> Option<[f64; 2]> {
        let failed = self.failed.take();
        let within = |t: &f64| from <= *t && *t <= to;
        for end in [0, 1] {
            let side = |t: f64| [-t, t][end];
            let mut unseen: Vec<f64> = self.doubtful.iter().copied().filter(within).map(side).collect();
            unseen.retain(|t| *t > REACH);
            if unseen.len() < DOUBTFUL {
                unseen.clear();
            }
            unseen.extend(failed.filter(within).map(side).filter(|t| *t > 0.0));
            let limit = unseen.into_iter().fold(f64::INFINITY, f64::min);
            let before = self.points.iter().map(|point| side(point.t)).filter(|t| *t < limit);
            let last = before.fold(0.0, f64::max);
            if open[end] && limit.is_finite() && last >= REACH {
                self.doubtful.retain(|t| side(*t) < limit);
                self.sight[end] = last;
                return Some(if end == 0 { [-last, to] } else { [from, last] });
            }
        }
        None
    }

    fn run(&mut self) -> Step<Sampled> {
        let chebyshev = |i: usize| {
            let (sin, cos) = (std::f64::consts::PI * (i as f64 + 0.5) / (2 * FIRST) as f64).sin_cos();
            match self.coordinates {
                Coordinates::Rooted(..) => self.coordinates.logit_of_argument(sin * sin),
                _ => logit(Place { low: sin * sin, high: cos * cos }),
            }
        };
        let mut first: Vec<f64> = match self.options.neighbour {
            Some(neighbour) => neighbour.points.iter().map(|(t, _)| *t).collect(),
            None => (0..FIRST).map(chebyshev).collect(),
        };
        first.retain(|t| t.abs() <= self.horizon(usize::from(*t > 0.0)));
        first.retain(|t| self.points.iter().all(|point| (point.t - t).abs() > APART));
        first.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let mut first = first.into_iter();
        for size in FIRST_BATCHES {
            let batch: Vec<f64> = first.by_ref().take(size).collect();
            match self.solve(&batch) {
                Ok(Ok(())) => {}
                Ok(Err(obstacle)) => return Ok(Err(obstacle)),
                // Others will be asked for, nearer, where this one matters.
                Err(error) if error.is_of_one_point() && self.failed.is_some_and(|t| t.abs() > REACH) => {}
                Err(error) => return Err(error),
            }
        }
        let mut reach = match self.reach()? {
            Ok(reach) => reach,
            Err(obstacle) => return Ok(Err(obstacle)),
        };
        let (mut segments, mut extended) = (Vec::new(), [0; 2]);
        let mut cuts: Vec<f64> =
            self.options.neighbour.map_or(Vec::new(), |neighbour| neighbour.cuts.clone());
        cuts.retain(|t| -reach[0] < *t && *t < reach[1]);
        cuts.sort_by(f64::total_cmp);
        let bounds: Vec<f64> =
            [-reach[0]].into_iter().chain(cuts.iter().copied()).chain([reach[1]]).collect();
        let mut todo: Vec<[f64; 2]> = bounds.windows(2).rev().map(|pair| [pair[0], pair[1]]).collect();
        while let Some([from, to]) = todo.pop() {
            // Where parameters are finite they go on to the ends themselves.
            let open = [from == -reach[0], to == reach[1]];
            let settled = Round::settle(self, [from, to], open);
            if let (Err(Error::OutOfBudget { .. }), Some(end)) =
                (&settled, extended.iter().position(|&n| n > 0))
            {
                return Ok(Err(Obstacle::Unlike { end }));
            }
            let settled = match settled {
                Err(error) if error.is_of_one_point() => {
                    self.shortened([from, to], open).map(|nearer| Ok(Verdict::Nearer(nearer))).ok_or(error)
                }
                settled => settled,
            };
            match settled? {
                Ok(Verdict::Settled(rational)) => {
                    let [from, to] = self.parameters([from, to], open);
                    segments.push(Segment { from, to, rational });
                }
                Ok(Verdict::Farther(segment)) => {
                    let farther = [reach[0].max(-segment[0]), reach[1].max(segment[1])];
                    for end in 0..2 {
                        extended[end] += usize::from(farther[end] > reach[end]);
                        if extended[end] > EXTENDED {
                            return Ok(Err(Obstacle::Unlike { end }));
                        }
                    }
                    reach = farther;
                    todo.push(segment);
                }
                Ok(Verdict::Nearer(segment)) => {
                    reach = [0, 1].map(|end| reach[end].min(self.sight[end]));
                    todo.push(segment);
                }
                Ok(Verdict::Cut(t)) => {
                    cuts.push(t);
                    todo.extend([[t, to], [from, t]]);
                }
                Err(obstacle) => return Ok(Err(obstacle)),
            }
        }
        cuts.sort_by(f64::total_cmp);
        let piece = Piece::new(self.interval(), self.coordinates, segments)?;
        Ok(Ok(Sampled {
            piece,
            #[cfg(test)]
            samples: self.samples(),
            cuts: cuts.iter().map(|&t| self.position(t)).collect(),
            neighbour: self.as_neighbour(cuts),
            replaced: self.replaced.clone(),
        }))
    }

    /// What the interval is for its neighbours.
    fn as_neighbour(&self, cuts: Vec<f64>) -> Neighbour {
        let points = self.needed.iter().map(|&k| (self.points[k].t, self.points[k].sample.state.clone()));
        Neighbour { turns: self.ends.each_ref().map(|end| end.turn.clone()), points: points.collect(), cuts }
    }

    /// Parameters of the ends of a segment.
    pub(super) fn parameters(&self, [from, to]: [f64; 2], open: [bool; 2]) -> [f64; 2] {
        let range = self.coordinates.range();
        [(from, open[0], range[0]), (to, open[1], range[1])].map(|(t, open, end)| {
            if open && end.is_finite() { end } else { self.coordinates.parameter_of_logit(t) }
        })
    }

    /// How far to sample in the logarithm. Towards an exponential tail until its mass is below the tolerance.
    fn reach(&mut self) -> Step<[f64; 2]> {
        let mut reach = [0.0; 2];
        for end in 0..2 {
            let horizon = self.horizon(end);
            if self.coordinates.range()[end].is_finite() {
                let scale = (1.0 + self.width() / self.ends[end].beyond).ln();
                // As far in the root of the distance.
                let order =
                    if let Kind::Branch(Root { order, .. }) = self.ends[end].kind { order } else { 1 };
                reach[end] = (f64::from(order) * REACH + scale).min(horizon);
                continue;
            }
            let sign = [-1.0, 1.0][end];
            loop {
                let mut outer: Vec<&Point> = self.points.iter().collect();
                outer.sort_by(|a, b| (sign * b.t).total_cmp(&(sign * a.t)));
                let largest = outer.iter().fold(0.0, |m: f64, point| m.max(point.mass));
                let (last, before) = (outer[0], outer[1]);
                reach[end] = sign * last.t;
                let left = (last.mass / (largest * self.options.tolerance)).ln();
                if left <= 0.0 || reach[end] >= horizon - 1.0 {
                    break;
                }
                // Along the exponential through the last two points, in steps that a guess survives.
                let rate = (before.mass / last.mass).ln() / (last.t - before.t).abs();
                let step = if rate > 0.0 { left / rate } else { f64::INFINITY };
                let next = reach[end] + step.clamp(1.0, 2.0 + 0.4 * reach[end]);
                if let Err(obstacle) = self.solve(&[sign * next.min(horizon)])? {
                    return Ok(Err(obstacle));
                }
            }
        }
        Ok(Ok(reach))
    }

    /// A segment that goes as far again towards its open ends, if there are poles that are as `near` to them, relative to the
    /// last points: what is singular there has only been seen from afar.
    pub(super) fn farther(
        &self,
        segment: [f64; 2],
        open: [bool; 2],
        poles: impl Iterator<Item = Complex64> + Clone,
        near: f64,
    ) -> Option<[f64; 2]> {
        let mut farther = segment;
        for (end, sign) in [(0, -1.0), (1, 1.0)] {
            let limit = self.coordinates.range()[end];
            if !open[end] || !limit.is_finite() {
                continue;
            }
            let limit = self.coordinates.argument(limit).low;
            let last = self.coordinates.argument(self.coordinates.parameter_of_logit(segment[end]));
            if poles.clone().any(|pole| (pole - limit).norm() < near * (last.low - limit).abs()) {
                farther[end] = sign * (segment[end].abs() + REACH).min(self.horizon(end));
            }
        }
        (farther != segment).then_some(farther)
    }

    /// What went wrong if the points do not suffice.
    pub(super) fn exhausted(&self, segment: [f64; 2]) -> Error {
        let z = self.position(0.5 * (segment[0] + segment[1]));
        Error::OutOfBudget { z: z.into(), evaluations: self.points.len(), limit: self.options.limit }
    }
}
