//! Real solutions outside the support, and the walk along them to its edges.
//!
//! # Which real solution is the physical one
//!
//! On the real axis outside the support the equation `x = F(x; z)` has several real solutions. The physical one is told
//! by its tangent. For `Im z > 0` the map sends the half-space of states with semidefinite imaginary part into itself, so
//! at a real state its derivative `F'` preserves the cone `K` of semidefinite matrices, and `F_z` lies in `K` (up to the
//! sign of the half-space). With `V = dx/dz`, which solves `V = F' V + F_z`:
//!
//! * if `x` is the limit of physical solutions, `V` is the limit of `Im x / Im z`, so it lies in `K`;
//! * if `V` lies in `K` (and charges what `F'` reaches), then `V - F' V = F_z` in `K` bounds the spectral radius of the positive
//!   map `F'` by 1 (Krein and Rutman, Uspekhi Mat. Nauk 3, 1948; for matrices the criterion of M-matrices, Berman and
//!   Plemmons, Nonnegative Matrices in the Mathematical Sciences, 1994, theorem 6.2.3). The solution at `z + i e` next to
//!   `x` is then `x + i e V`, which lies in the half-space, where the solution is unique (Helton, Rashidi Far and Speicher,
//!   IMRN 2007): `x` is physical.
//!
//! # The walk
//!
//! Along the curve of real solutions the positive functional `tau = c . x`, with the first tangent for `c`, grows steadily,
//! through turning points too, and `z(tau)` is analytic: an edge of the support is where `z'(tau) = 0`, a simple zero that
//! the secant method finds to rounding. The interval between the ends of both walks from one point is thereby shown to be
//! free of the support. At a hard edge or an atom `tau` runs off to infinity.
//!
//! Derivatives are taken by the complex step (Squire and Trapp, SIAM Rev. 40, 1998): `F` is holomorphic and real on the
//! real line, so `F(x + i h v; z + i h w) = F + i h (F' v + F_z w)` to rounding for tiny `h`. Nothing but the map has to
//! be known, and linear equations are solved from products.

use num_complex::Complex64;

use super::fixed_point::{Factors, FixedPoint, Workspace};
use super::krylov::{dot, gmres, norm};
use crate::error::{Error, Result};

/// The complex step: squares of it are below rounding, and far from underflow.
const STEP: f64 = 1e-40;

/// Relative residual of linear equations for corrections and for tangents.
const CORRECTION: f64 = 1e-4;
const TANGENT: f64 = 1e-10;

/// Corrections of one point.
const CORRECTIONS: usize = 12;

/// A first correction larger than this part of the step means that the curve was lost.
const LOST: f64 = 0.5;

/// Corrections relative to the step at which a point on the way is good enough to go on from, and what is left of the
/// way, relative to all of it, from which on points are solved for to rounding.
const ROUGH: f64 = 1e-4;
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

/// First step, as a part of what would move `z` by the given length if the tangent stayed.
const FIRST: f64 = 0.2;

/// What is left of the way to a turning point, relative to `z`, when it is read off the last two points: the error of that
/// is smaller by the square root.
const SETTLED: f64 = 1e-14;

/// Step, relative to `tau`, that rounding does not let the curve be followed in: the turning point is then read off.
const CLOSE: f64 = 1e-5;

/// Distance to a place that the curve runs off to, relative to the length of the walk, at which it has arrived.
const ARRIVED: f64 = 1e-20;

/// A real point outside of the support.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Where it is.
    pub z: f64,
    /// The unknowns.
    pub state: Vec<f64>,
    /// Their derivative by `z`.
    pub tangent: Vec<f64>,
    /// Evaluations of the map that it took.
    pub evaluations: usize,
}

/// Where a walk ends.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// The end of the gap.
    pub z: f64,
    /// The unknowns at a turning point, a regular edge; none where they run off to infinity, at a hard edge or an atom.
    pub state: Option<Vec<f64>>,
    /// Behind an atom the unknowns come back from infinity on the other side: a point there, as far as the last one on this
    /// side, and a guess of the unknowns.
    pub behind: Option<(f64, Vec<f64>)>,
    /// Evaluations of the map on the way.
    pub evaluations: usize,
}

/// Real solutions of an equation that is real on the real line.
pub trait Walk: FixedPoint {
    /// The physical solution at the real point `z` outside of the support next to `guess`.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if there is no real solution next to the guess, [`Error::Unphysical`] if it is another one.
    fn outside(
        &self,
        z: f64,
        guess: &[Complex64],
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<Outside> {
        self.check_state(guess, workspace)?;
        let mut line = Line::new(self, guess, workspace);
        let mut x: Vec<f64> = guess.iter().zip(&line.units).map(|(x, unit)| x.re / unit).collect();
        let tolerance = self.options().tolerance;
        let mut residual = f64::INFINITY;
        for _ in 0..CORRECTIONS {
            let image = line.map(&x, z);
            let rest: Vec<f64> = image.iter().zip(&x).map(|(image, x)| image - x).collect();
            let Some(step) = gmres(&rest, CORRECTION, |v| line.difference(&x, z, v, 0.0)) else { break };
            x.iter_mut().zip(&step).for_each(|(x, step)| *x += step);
            let before = residual;
            residual = norm(&step) / norm(&x);
            if residual <= 10.0 * tolerance || residual < 1e-6 && residual > 0.3 * before {
                break;
            }
        }
        if residual.is_nan() || residual > 1e4 * tolerance {
            let (z, iterations) = (Complex64::from(z), line.evaluations);
            return Err(Error::NotConverged { z, residual, iterations, tolerance });
        }
        let rate = line.rate(&x, z);
        let tangent = gmres(&rate, TANGENT, |v| line.difference(&x, z, v, 0.0));
        let evaluations = line.evaluations;
        let outside = tangent.map(|tangent| Outside {
            z,
            state: line.in_units(&x),
            tangent: line.in_units(&tangent),
            evaluations,
        });
        let physical = |outside: &Outside| {
            let above: Vec<Complex64> = outside.tangent.iter().map(|&v| Complex64::new(0.0, v)).collect();
            outside.tangent.iter().all(|v| v.is_finite()) && self.is_physical(&above)
        };
        outside.filter(physical).ok_or(Error::Unphysical { z: z.into(), iterations: evaluations })
    }

    /// The end of the gap that `start` is in, in the direction `sign` of `z`. `length` is a first guess of how far that is;
    /// among `places`, points beyond the start, the curve may run off to infinity.
    ///
    /// # Errors
    /// [`Error::NoEdge`] if the curve is lost.
    fn walk(
        &self,
        start: &Outside,
        sign: f64,
        length: f64,
        places: &[f64],
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<End> {
        let guess: Vec<Complex64> = start.state.iter().map(|&x| x.into()).collect();
        self.check_state(&guess, workspace)?;
        let line = Line::new(self, &guess, workspace);
        Curve::new(line, start, sign, places).end(length, places)
    }
}

impl<E: FixedPoint> Walk for E {}

/// The map near the real line, on unknowns in units.
struct Line<'a, E: FixedPoint + ?Sized> {
    equation: &'a E,
    workspace: &'a mut Workspace<E::Buffers>,
    units: Vec<f64>,
    evaluations: usize,
}

impl<'a, E: FixedPoint + ?Sized> Line<'a, E> {
    fn new(equation: &'a E, state: &[Complex64], workspace: &'a mut Workspace<E::Buffers>) -> Self {
        let mut units = vec![1.0; state.len()];
        equation.begin(state, &mut units, &mut workspace.buffers);
        equation.follow_line(&mut workspace.buffers, true);
        Self { equation, workspace, units, evaluations: 0 }
    }

    fn in_units(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.units).map(|(x, unit)| x * unit).collect()
    }

    fn evaluate(&mut self, z: Complex64, state: impl Fn(usize) -> Complex64) {
        self.evaluations += 1;
        for (i, unit) in self.units.iter().enumerate() {
            self.workspace.state[i] = state(i) * unit;
        }
        let Workspace { state, image, buffers, .. } = &mut *self.workspace;
        let root = self.equation.map(z, state, image, buffers);
        if root.is_nan() {
            image.fill(Complex64::new(f64::NAN, f64::NAN));
        }
    }

    /// `F(x; z)`.
    fn map(&mut self, x: &[f64], z: f64) -> Vec<f64> {
        self.evaluate(z.into(), |i| x[i].into());
        let image = self.workspace.image.iter().zip(&self.units).map(|(image, unit)| image.re / unit);
        image.collect()
    }

    /// `v - F' v - F_z w`.
    fn difference(&mut self, x: &[f64], z: f64, v: &[f64], w: f64) -> Vec<f64> {
        self.evaluate(Complex64::new(z, STEP * w), |i| Complex64::new(x[i], STEP * v[i]));
        let images = self.workspace.image.iter().zip(&self.units).zip(v);
        images.map(|((image, unit), v)| v - image.im / STEP / unit).collect()
    }

    /// The factors of the map, and their change along the curve.
    fn factors(&mut self, at: &Place) -> Factors {
        self.evaluate(Complex64::new(at.z, STEP * at.slope), |i| {
            Complex64::new(at.x[i], STEP * at.velocity[i])
        });
        let factors = self.equation.factors(&self.workspace.buffers);
        Factors { change: factors.change / STEP, ..factors }
    }

    /// `F_z`.
    fn rate(&mut self, x: &[f64], z: f64) -> Vec<f64> {
        let rest = self.difference(x, z, &vec![0.0; x.len()], 1.0);
        rest.into_iter().map(|x| -x).collect()
    }
}

impl<E: FixedPoint + ?Sized> Drop for Line<'_, E> {
    fn drop(&mut self) {
        self.equation.follow_line(&mut self.workspace.buffers, false);
    }
}

/// A point of the curve of real solutions.
#[derive(Debug, Clone)]
struct Place {
    tau: f64,
    x: Vec<f64>,
    z: f64,
    /// Derivatives by `tau`.
    velocity: Vec<f64>,
    slope: f64,
}

/// The curve of real solutions, with `tau = c . x` as its parameter, `z` growing at first with the sign of a walk.
struct Curve<'a, E: FixedPoint + ?Sized> {
    line: Line<'a, E>,
    /// The functional `c`.
    functional: Vec<f64>,
    sign: f64,
    /// Where the curve may run off to, or 0: distances from there are powers of `tau`.
    origin: f64,
    start: Place,
}

impl<'a, E: FixedPoint + ?Sized> Curve<'a, E> {
    fn new(line: Line<'a, E>, start: &Outside, sign: f64, places: &[f64]) -> Self {
        let unitless =
            |x: &[f64]| -> Vec<f64> { x.iter().zip(&line.units).map(|(x, unit)| x / unit).collect() };
        let (x, tangent) = (unitless(&start.state), unitless(&start.tangent));
        let size = norm(&tangent);
        // So that tau grows on the way.
        let functional: Vec<f64> = tangent.iter().map(|v| sign * v / size).collect();
        let slope = sign / size;
        let velocity = tangent.iter().map(|v| v * slope).collect();
        let start = Place { tau: dot(&functional, &x), x, z: start.z, velocity, slope };
        let ahead = places.iter().copied().filter(|place| sign * (place - start.z) > 0.0);
        let origin = ahead.reduce(|a, b| if sign * (a - b) < 0.0 { a } else { b });
        Self { line, functional, sign, origin: origin.unwrap_or(0.0), start }
    }

    /// Rows of the bordered equations `F - x = 0`, `c . x = tau`, applied to `(v, w)`, `w` in units of the slope.
    fn bordered(&mut self, place: &Place, scale: f64, v: &[f64]) -> Vec<f64> {
        let (v, w) = v.split_at(place.x.len());
        let mut image = self.line.difference(&place.x, place.z, v, w[0] * scale);
        image.push(dot(&self.functional, v));
        image
    }

    /// The point at `tau` as it would be if everything went on like before: as powers of `tau` where that [grows], as a quadratic
    /// function elsewhere.
    fn predicted(&self, from: &Place, before: Option<&Place>, tau: f64) -> Place {
        let far = grows(from.tau, tau);
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
        Place { tau, x: x.collect(), z, ..from.clone() }
    }

    /// The point a step further along; none if the curve is lost on the way.
    fn advance(&mut self, from: &Place, before: Option<&Place>, step: f64, precise: bool) -> Option<Place> {
        let mut place = self.predicted(from, before, from.tau + step);
        let scale = from.slope.abs().max(f64::MIN_POSITIVE);
        let length = step.abs() * (norm(&from.velocity).powi(2) + 1.0).sqrt();
        let mut last = f64::INFINITY;
        for _ in 0..CORRECTIONS {
            let image = self.line.map(&place.x, place.z);
            let mut rest: Vec<f64> = image.iter().zip(&place.x).map(|(image, x)| image - x).collect();
            rest.push(place.tau - dot(&self.functional, &place.x));
            let correction = gmres(&rest, CORRECTION, |v| self.bordered(&place, scale, v))?;
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
        let mut right = vec![0.0; place.x.len()];
        right.push(1.0);
        let tangent = gmres(&right, TANGENT, |v| self.bordered(&place, scale, v))?;
        let (velocity, slope) = tangent.split_at(place.x.len());
        place.velocity = velocity.to_vec();
        place.slope = slope[0] * scale;
        place.slope.is_finite().then_some(place)
    }

    /// The turning point a little further than the last point.
    fn turning_point(&self, last: &Place, aim: f64) -> End {
        let state: Vec<f64> = last.x.iter().zip(&last.velocity).map(|(x, v)| x + aim * v).collect();
        let state = Some(self.line.in_units(&state));
        let z = last.z + 0.5 * aim * last.slope;
        End { z, state, behind: None, evaluations: self.line.evaluations }
    }

    /// Walks to the end.
    fn end(mut self, length: f64, places: &[f64]) -> Result<End> {
        let mut at = self.start.clone();
        let mut before: Option<Place> = None;
        let Factors { change, mut signs } = self.line.factors(&at);
        let mut step = (FIRST * length / at.slope.abs()).min(LARGEST / change);
        // The last point beyond a turning point.
        let mut beyond: Option<Place> = None;
        let mut precise = false;
        // What is left to a turning point in sight.
        let mut left: Option<f64> = None;
        for _ in 0..POINTS {
            let next = self.advance(&at, before.as_ref(), step, precise).and_then(|next| {
                let factors = self.line.factors(&next);
                let changed = step * factors.change;
                let same = factors.signs == signs || changed <= SMALLEST;
                (same && changed <= LARGEST_BEHIND).then_some((next, factors))
            });
            let Some((next, factors)) = next else {
                if let Some(end) = left.filter(|_| step.abs() <= CLOSE * at.tau.abs()) {
                    return Ok(self.turning_point(&at, end));
                }
                step *= 0.3;
                if step.abs() <= f64::EPSILON * at.tau.abs() {
                    break;
                }
                continue;
            };
            let turned = self.sign * next.slope <= 0.0;
            let aim = aim(&at, &next);
            let rest = 0.5 * aim * next.slope;
            precise = rest.abs() <= CLOSING * (next.z - self.start.z).abs();
            if (turned || aim > 0.0 && aim < step) && rest.abs() <= SETTLED * next.z.abs() {
                return Ok(self.turning_point(&next, aim));
            }
            if turned {
                // Back to the right side of the zero, a little short of it.
                step = (next.tau - at.tau + aim).clamp(0.02 * step, 0.98 * step);
                beyond = Some(next);
                continue;
            }
            let far = grows(at.tau, next.tau);
            let walked = (next.z - self.start.z).abs();
            let arrived = places.iter().find(|&&place| {
                (place - next.z).abs() <= ARRIVED * walked + f64::EPSILON * place.abs()
                    && next.tau.abs() > 1e3 * self.start.tau.abs()
            });
            if let Some(&z) = arrived {
                let state: Vec<f64> = next.x.iter().map(|x| -x).collect();
                let behind = Some((2.0 * z - next.z, self.line.in_units(&state)));
                return Ok(End { z, state: None, behind, evaluations: self.line.evaluations });
            }
            let limit = beyond.as_ref().map_or(f64::INFINITY, |beyond| beyond.tau - next.tau);
            let growing = (GROWTH * step).max(if far { next.tau.abs() } else { 0.0 });
            left = (aim > 0.0 && aim < growing).then_some(aim);
            step = left.unwrap_or(growing);
            if step >= limit {
                step = 0.5 * limit;
            }
            step = step.min(LARGEST / factors.change);
            signs = factors.signs;
            before = Some(std::mem::replace(&mut at, next));
        }
        Err(Error::NoEdge { near: at.z, points: POINTS })
    }
}

/// Whether `tau` grows in size on the way, without a change of sign, as far out and towards singular ends.
fn grows(from: f64, to: f64) -> bool {
    from * to > 0.0 && from.abs() < to.abs()
}

/// How far the turning point is from the last of two points, by the secant method. Far from the support `z` is like
/// `1 / tau`, so it is `tau^2 z'(tau)` that is followed, unless `tau` passes through 0.
fn aim(before: &Place, last: &Place) -> f64 {
    let far = grows(before.tau, last.tau);
    let [a, b] = [before, last].map(|place| place.slope * if far { place.tau * place.tau } else { 1.0 });
    -b * (last.tau - before.tau) / (b - a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minibatch::MiniBatch;
    use crate::population::Population;
    use crate::solver::{Silverstein, SolverOptions};

    /// The equation of `P - I` for an epoch step of 1, which is `-Z`.
    fn equation(batches: usize, atoms: &[(f64, f64)], aspect_ratio: f64) -> Silverstein {
        let population = Population::atoms(atoms).unwrap();
        let model = MiniBatch::builder().batches(batches).epoch_step(1.0).aspect_ratio(aspect_ratio);
        let pencil = model.population(population.clone()).build().unwrap().pencil().unwrap();
        Silverstein::new(pencil, population, SolverOptions::default()).unwrap()
    }

    /// The end of the gap around `-start` in `Z`, next to the guess `1 / (z + 1)`.
    fn end(equation: &Silverstein, start: f64, guess: f64, sign: f64, places: &[f64]) -> End {
        let mut workspace = equation.workspace();
        let guess = vec![Complex64::from(guess); equation.dimension()];
        let outside = equation.outside(-start, &guess, &mut workspace).unwrap();
        equation.walk(&outside, -sign, start.abs(), places, &mut workspace).unwrap()
    }

    #[test]
    fn edges_of_marchenko_pastur() {
        for ratio in [1e-3, 0.3, 0.5, 1.0 + 1e-6, 2.0, 1e4] {
            let equation = equation(1, &[(1.0, 1.0)], ratio);
            let upper = (1.0 + f64::sqrt(ratio)).powi(2);
            let found = end(&equation, 1.5 * upper, 1.0 / (1.0 - 1.5 * upper), -1.0, &[]);
            assert!((found.z + upper).abs() <= 1e-15 * upper, "{ratio}: {} {upper}", found.z);
            assert!(found.state.is_some() && found.evaluations < 150);
        }
    }

    /// The gap around 1 of two atoms: the critical values of `z(u) = u + gamma u sum w t / (u - t)` (Silverstein and Choi,
    /// J. Multivariate Anal. 54, 1995), in double precision.
    #[test]
    fn both_edges_of_a_gap() {
        let (t, ratio) = ([0.1, 3.0], 0.2);
        let equation = equation(1, &t.map(|t| (t, 0.5)), ratio);
        let z = |u: f64| u + ratio * u * t.iter().map(|t| 0.5 * t / (u - t)).sum::<f64>();
        let slope = |u: f64| 1.0 - ratio * t.iter().map(|t| 0.5 * (t / (u - t)).powi(2)).sum::<f64>();
        for (sign, [mut low, mut high]) in [(-1.0, [0.1001, 0.6]), (1.0, [0.6, 2.999])] {
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if (slope(middle) > 0.0) == (sign < 0.0) { high = middle } else { low = middle }
            }
            let exact = z(low);
            let found = end(&equation, 0.6, 1.0, sign, &[]);
            assert!((found.z + exact).abs() <= 4e-16 * exact, "{} {exact}", -found.z);
        }
    }

    /// Reference numbers of an independent implementation of the law of Z.
    #[test]
    fn upper_edges_of_batched_descent() {
        let (batches, edge) = (2, 1.616_301_399_75);
        let equation = equation(batches, &[(1.0, 1.0)], 0.5);
        let mut workspace = equation.workspace();
        let far = crate::solver::Continuation::state_at_infinity(&equation, &mut workspace);
        let outside = equation.outside(-4.0, &far, &mut workspace).unwrap();
        let found = equation.walk(&outside, 1.0, 2.0, &[], &mut workspace).unwrap();
        assert!((found.z + edge).abs() <= 1e-10, "{}", found.z);
        assert!(found.evaluations < 250, "{}", found.evaluations);
    }

    /// `gamma = 1` has a hard edge at 0, `gamma = 2` an atom.
    #[test]
    fn the_curve_runs_off_at_singular_ends() {
        for ratio in [1.0, 2.0] {
            let equation = equation(1, &[(1.0, 1.0)], ratio);
            let found = end(&equation, -1.0, 0.3, 1.0, &[0.0]);
            assert_eq!((found.z, found.state), (0.0, None));
        }
    }
}
