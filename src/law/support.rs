//! The search for the support: the transform with what is known of its singular points, solves that are counted,
//! moments at infinity, and what the ends of intervals are.
//!
//! A seed inside the support is widened to an interval by its two edges (`edge`). When the intervals found so far
//! do not carry all the mass, the rest is located by comparison with the solver (`missing`).

use std::f64::consts::PI;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use num_complex::Complex64;
use rayon::prelude::*;

use super::construction::MISSING;
use super::equation::reach;
use super::transform::{CauchyTransform, Singularity};
use crate::control;
use crate::error::{Error, Result};
use crate::measure::coordinates::Root;
use crate::resolve::axis::{Axis, End, Kind, Outcome, Request, Sample};
use crate::solver::Solution;
use crate::solver::continuation::is_inside;

/// Half the number of points on the circle that gives mass, mean and higher moments at infinity.
const CIRCLE: usize = 16;

/// Error of the mass within the circle. The second moment about the centre errs by
/// `(radius / spread)^2` times as much, relative to the variance.
const CIRCLE_TOLERANCE: f64 = 2e-13;

/// Error of the mass that has to do if no circle is better, and the number of circles tried.
const CIRCLE_SLACK: f64 = MISSING;
const CIRCLES: usize = 16;

/// Variance relative to the second moment below which moments about 0 do not tell it to enough digits.
const NARROW: f64 = 1e-4;

/// Distance to an atom, relative to the spread, within which the density beside it is lost.
const DROWNED: f64 = 1e-6;

/// Distances to a branch point, relative to the interval, at which the growth of the density is measured, and
/// how close to a whole number a power has to be.
const GROWTH: [f64; 2] = [1e-6, 1e-4];
const CLEAR: f64 = 0.1;

/// Imaginary part of a transform, in units of what it is about at a distance, that rounding makes.
const VANISHES: f64 = 1e-10;

/// Error of a place that is known to rounding, in units of it.
const EXACT: f64 = 4.0 * f64::EPSILON;

/// Moments about `center`, expanded at infinity.
#[derive(Debug, Clone, Copy)]
pub(super) struct FarMoments {
    pub(super) center: f64,
    /// Radius of the circle, which encloses the support.
    pub(super) radius: f64,
    pub(super) mean: f64,
    pub(super) variance: f64,
}

impl FarMoments {
    /// Whether mean and second moment are the given ones.
    fn agree(&self, [mean, second, ..]: [f64; 4]) -> bool {
        let found = self.variance + self.mean * self.mean;
        (self.mean - mean).abs() <= CIRCLE_SLACK * second.sqrt()
            && (found - second).abs() <= CIRCLE_SLACK * second
    }
}

/// A transform being turned into a law, with the scale of the problem and the count of solves.
pub(super) struct Search<'a, T: CauchyTransform> {
    pub(super) transform: &'a T,
    /// Where `G` may have a simple pole, next to the support or at its edges.
    pub(super) poles: Vec<f64>,
    /// All poles that were given.
    known_poles: Vec<f64>,
    /// Locations of the atoms.
    pub(super) atoms: Vec<f64>,
    /// Branch points on the support with their orders.
    pub(super) branches: Vec<(f64, u32)>,
    pub(super) center: f64,
    pub(super) spread: f64,
    solves: AtomicUsize,
    /// Evaluations of the map in all solves: what the time is spent on.
    evaluations: AtomicUsize,
    residual: Mutex<f64>,
    /// Workspaces not in use, so that parallel samples do not allocate anew.
    idle: Mutex<Vec<T::Workspace>>,
}

impl<'a, T: CauchyTransform> Search<'a, T> {
    pub(super) fn new(transform: &'a T) -> Self {
        let (center, spread) = transform.location_scale();
        let (mut poles, mut branches) = (Vec::new(), Vec::new());
        for singularity in transform.singularities() {
            match singularity {
                Singularity::Pole(location) => poles.push(location),
                Singularity::Branch { location, order } => branches.push((location, order)),
            }
        }
        Self {
            transform,
            known_poles: poles.clone(),
            poles,
            atoms: transform.atoms().iter().map(|atom| atom.location).collect(),
            branches,
            center,
            spread,
            solves: AtomicUsize::new(0),
            evaluations: AtomicUsize::new(0),
            residual: Mutex::new(0.0),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Drops the poles that the support surrounds: the density is then analytic there, atom or not.
    pub(super) fn drop_surrounded_poles(&mut self, workspace: &mut T::Workspace) {
        let offset = 1e-3 * self.spread;
        let mut inside = |x: f64| matches!(self.inside(x, workspace), Ok(Some(_)));
        let mut surrounded = |&pole: &f64| inside(pole - offset) && inside(pole + offset);
        let free: Vec<f64> = self.poles.iter().copied().filter(|pole| !surrounded(pole)).collect();
        self.poles = free;
    }

    /// Whether `x` is a point at which the density cannot be asked for.
    pub(super) fn is_singular(&self, x: f64) -> bool {
        let branches = self.branches.iter().map(|(location, _)| location);
        let within = |distance: f64| move |at: &f64| (x - at).abs() <= distance * self.spread;
        self.poles.iter().chain(branches).any(within(1e-12)) || self.atoms.iter().any(within(DROWNED))
    }

    /// An end of an interval of the support that is known to its rounding.
    pub(super) fn end_at(&self, x: f64) -> End {
        let kind = if self.poles.contains(&x) { Kind::Hard } else { Kind::Soft };
        End { x, kind, error: EXACT * x.abs(), beyond: f64::INFINITY, turn: None }
    }

    /// The halves in which an interval is sampled unless its ends are both edges, or both of unknown kind.
    pub(super) fn halves(&self, ends: &[End; 2]) -> Option<[[End; 2]; 2]> {
        let order = |end: &End| self.branches.iter().find(|(at, _)| *at == end.x).map(|(_, order)| *order);
        let orders = ends.each_ref().map(order);
        let other = ends.each_ref().map(|end| end.kind == Kind::Other);
        let halved = ends.iter().any(|end| end.kind == Kind::Regular);
        if halved || orders == [None, None] && other[0] == other[1] {
            return None;
        }
        let middle = 0.5 * (ends[0].x + ends[1].x);
        let kind = |end: &End| match (end.kind, order(end)) {
            (Kind::Other, _) => Kind::Other,
            (_, Some(order)) => Kind::Branch(Root { order, growth: self.growth(end.x, middle, order) }),
            (kind, None) => Kind::Branch(Root { order: 2, growth: u32::from(kind == Kind::Hard) }),
        };
        let [low, high] = ends.each_ref().map(|end| End { kind: kind(end), turn: None, ..*end });
        let regular = || End { kind: Kind::Regular, ..self.end_at(middle) };
        Some([[low, regular()], [regular(), high]])
    }

    /// The power of the root that the density grows with towards a branch point of the given order; the highest
    /// that is possible where that is not clear.
    fn growth(&self, edge: f64, other: f64, order: u32) -> u32 {
        let mut workspace = self.workspace();
        let mut density = |share: f64| {
            let point = self.inside(edge + share * (other - edge), &mut workspace).ok()?;
            point.map(|point| point.density)
        };
        let [near, far] = GROWTH;
        let exponent = density(near)
            .zip(density(far))
            .map_or(f64::NAN, |(high, low)| f64::from(order) * (high / low).ln() / (far / near).ln());
        self.give_back(workspace);
        // What does not grow needs no factor.
        let power = exponent.round().max(0.0);
        let clear = exponent < 0.5 || (exponent - power).abs() < CLEAR;
        if clear { (power as u32).min(order - 1) } else { order - 1 }
    }

    /// The places that are singular, as far as they are known.
    pub(super) fn singular_places(&self) -> impl Iterator<Item = f64> + '_ {
        let branches = self.branches.iter().map(|(location, _)| *location);
        self.known_poles.iter().chain(&self.atoms).copied().chain(branches)
    }

    /// A workspace for this thread, to be given back.
    pub(super) fn workspace(&self) -> T::Workspace {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        idle.unwrap_or_else(|| self.transform.workspace())
    }

    pub(super) fn give_back(&self, workspace: T::Workspace) {
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(workspace);
        }
    }

    pub(super) fn solves(&self) -> usize {
        self.solves.load(Ordering::Relaxed)
    }

    pub(super) fn evaluations(&self) -> usize {
        self.evaluations.load(Ordering::Relaxed)
    }

    /// Largest residual of the accepted solves.
    pub(super) fn residual(&self) -> f64 {
        self.residual.lock().map_or(f64::NAN, |residual| *residual)
    }

    /// Counts evaluations other than those of solves.
    ///
    /// # Errors
    /// From [`control::spend`].
    pub(super) fn count(&self, evaluations: usize) -> Result<()> {
        self.evaluations.fetch_add(evaluations, Ordering::Relaxed);
        control::spend(evaluations)
    }

    /// Keeps count of what a solve has cost and how well it went; an error once too much is spent.
    fn record(&self, z: Complex64, solution: Result<Solution>) -> Result<Solution> {
        self.solves.fetch_add(1, Ordering::Relaxed);
        let cost = match &solution {
            Ok(solution) => solution.iterations,
            Err(error) => error.evaluations(),
        };
        let spent = cost + self.evaluations.fetch_add(cost, Ordering::Relaxed);
        let limit = control::budget().unwrap_or_else(|| self.transform.evaluation_limit());
        control::report(spent, limit);
        control::spend(cost)?;
        if spent > limit {
            return Err(Error::OutOfBudget { z, evaluations: spent, limit });
        }
        if let Ok(solution) = &solution
            && let Ok(mut residual) = self.residual.lock()
        {
            *residual = residual.max(solution.residual);
        }
        solution
    }

    pub(super) fn solve(&self, z: Complex64, workspace: &mut T::Workspace) -> Result<Solution> {
        self.record(z, self.transform.solve(z, workspace))
    }

    pub(super) fn solve_near(
        &self,
        z: Complex64,
        guess: &[Complex64],
        workspace: &mut T::Workspace,
    ) -> Result<Solution> {
        self.record(z, self.transform.solve_near(z, guess, workspace))
    }

    /// The point `x` of the real axis solved from a guess, if it turns out to be inside the support;
    /// an error if the guess leads nowhere.
    pub(super) fn inside_near(
        &self,
        x: f64,
        guess: &[Complex64],
        workspace: &mut T::Workspace,
    ) -> Result<Option<Sample>> {
        let solution = self.solve_near(Complex64::new(x, 0.0), guess, workspace)?;
        Ok(self.sample(x, solution))
    }

    /// The point `x` solved from scratch, if it is inside the support.
    pub(super) fn inside(&self, x: f64, workspace: &mut T::Workspace) -> Result<Option<Sample>> {
        let solution = self.solve(Complex64::new(x, 0.0), workspace)?;
        Ok(self.sample(x, solution))
    }

    /// The point if its density is positive beyond rounding.
    fn sample(&self, x: f64, solution: Solution) -> Option<Sample> {
        let g = solution.cauchy;
        let noise = 3.0 * solution.error.max(self.transform.rounding()) * g.norm() / -g.im;
        // In a gap G may vanish: what rounding leaves of it is then nothing but imaginary.
        let vanishes = -g.im * ((x - self.center).abs() + self.spread) < VANISHES;
        (is_inside(g) && !vanishes).then(|| Sample { x, density: -g.im / PI, noise, state: solution.state })
    }

    /// Mean and second moment from the expansion of `G` at infinity: the trapezoidal rule on a
    /// circle about the centre, exact up to `(support radius / radius)^32`. The mass within the
    /// circle comes from the same sum, so that too small a circle is noticed.
    ///
    /// Mass that is too small to be noticed may still carry the moments, so the circle has to reproduce `exact`
    /// ones where they are known; where none does, they stand in for it. A law that is walked to needs no circle.
    pub(super) fn far_moments(
        &self,
        exact: Option<[f64; 4]>,
        workspace: &mut T::Workspace,
    ) -> Result<FarMoments> {
        let deviation = exact.map_or(0.0, |[mean, second, ..]| (second - mean * mean).max(0.0).sqrt());
        let mut radius = 7.0 * self.spread.max(deviation);
        if self.transform.knows_real_solutions()
            && let Some(exact @ [mean, second, ..]) = exact
            && deviation * deviation > NARROW * second
        {
            let radius = radius.max(reach(exact));
            return Ok(FarMoments { center: self.center, radius, mean, variance: deviation * deviation });
        }
        let mut best: Option<(f64, FarMoments)> = None;
        for _ in 0..CIRCLES {
            let mut sums = [0.0; 3];
            let mut state: Option<Vec<Complex64>> = None;
            for j in 0..CIRCLE {
                let offset = Complex64::from_polar(radius, PI * (j as f64 + 0.5) / CIRCLE as f64);
                let z = self.center + offset;
                let warm = state.as_ref().and_then(|state| self.solve_near(z, state, workspace).ok());
                let solution = match warm {
                    Some(solution) => solution,
                    None => self.solve(z, workspace)?,
                };
                let mut term = offset * solution.cauchy / CIRCLE as f64;
                for sum in &mut sums {
                    *sum += term.re;
                    term *= offset;
                }
                state = Some(solution.state);
            }
            let moments = FarMoments {
                center: self.center,
                radius,
                mean: self.center + sums[1],
                // About the centre, not about zero: the spread may be tiny against the mean.
                variance: sums[2] - sums[1] * sums[1],
            };
            let error = (sums[0] - 1.0).abs();
            let agrees = exact.is_none_or(|exact| moments.agree(exact));
            if error < CIRCLE_TOLERANCE && agrees {
                return Ok(moments);
            }
            if agrees && best.as_ref().is_none_or(|(least, _)| error < *least) {
                best = Some((error, moments));
            }
            radius *= 2.0;
        }
        // A transform that is itself known to a smaller number of digits.
        match best {
            Some((error, moments)) if error < CIRCLE_SLACK => Ok(moments),
            None if let Some([mean, ..]) = exact => {
                Ok(FarMoments { center: self.center, radius, mean, variance: deviation * deviation })
            }
            best => Err(Error::NotCertified {
                quantity: "mass within the largest circle",
                found: best.map_or(f64::NAN, |(error, _)| 1.0 + error),
                expected: 1.0,
                tolerance: CIRCLE_SLACK,
            }),
        }
    }
}

impl<T: CauchyTransform> Axis for Search<'_, T> {
    fn solve(&self, requests: &[Request]) -> Vec<Result<Outcome>> {
        let chunk = requests.len().div_ceil(2 * rayon::current_num_threads()).max(1);
        let chunks = requests.par_chunks(chunk).flat_map_iter(control::carried(|chunk: &[Request]| {
            let mut workspace = self.workspace();
            let outcomes: Vec<_> =
                chunk.iter().map(|request| self.outcome(request, &mut workspace)).collect();
            self.give_back(workspace);
            outcomes
        }));
        chunks.collect()
    }
}

impl<T: CauchyTransform> Search<'_, T> {
    /// From the guess, if it leads inside; else from scratch.
    fn outcome(&self, request: &Request, workspace: &mut T::Workspace) -> Result<Outcome> {
        let x = request.x;
        let near = request.guess.as_ref().map(|guess| self.inside_near(x, guess, workspace));
        let sample = match near {
            Some(Ok(Some(sample))) => sample,
            _ => {
                let solution = self.solve(x.into(), workspace)?;
                let state = solution.state.clone();
                match self.sample(x, solution) {
                    Some(sample) => sample,
                    None => return Ok(Outcome::Outside(state)),
                }
            }
        };
        // The distances from the ends are known to the rounding of the point.
        let nearest = request.distances.low.min(request.distances.high);
        let noise = sample.noise + f64::EPSILON * x.abs() / nearest;
        Ok(Outcome::Inside { density: sample.density, noise, state: sample.state })
    }
}
