//! Solves without a guess: continuation from `z = infinity` down to the point asked for, the real
//! axis included.
//!
//! Far from the spectrum the fixed point is known (the Silverstein equation has it exactly at infinity). From
//! there `Im z` is lowered geometrically, each solution starting the next. On the real axis itself
//! the equation has several solutions. Inside the support the one with `Im g < 0` continues into
//! the upper half-plane, by the implicit function theorem, to the one solution with that property,
//! so it is the physical one. Outside, where `g` is real, the physical one is recognised by nothing
//! local; there `Im z` is lowered until the solution above the axis is closer than any other.

use num_complex::Complex64;

use super::fixed_point::{FixedPoint, Solution, Workspace};
use crate::error::{Error, Result};

/// Factor by which `Im z` is lowered first; its root is tried when a step fails.
const DESCENT: f64 = 0.1;

/// Fraction of the starting height at which a real point that still has no physical solution is
/// given up.
const LOWEST: f64 = 1e-14;

/// Heights tried for the far solution.
const FAR_LIMIT: usize = 40;

/// Height of the far solution in standard deviations.
const SPREADS_ABOVE: f64 = 6.5;

/// Far solves that may fail, and the factor between their heights.
const FAR_RETRIES: usize = 4;
const FAR_RETRY_FACTOR: f64 = 1.1;

/// A real solution outside the support is accepted from this fraction of the starting height on.
const REAL_BELOW: f64 = 1e-6;

/// Size of the imaginary part of the Cauchy transform, relative to the transform, below which a point counts as outside
/// the support.
const REAL_THRESHOLD: f64 = 1e-8;

/// Whether a point of the real axis with this Cauchy transform is inside the support.
pub(crate) fn is_inside(cauchy: Complex64) -> bool {
    -cauchy.im > REAL_THRESHOLD * cauchy.norm()
}

/// Distance to the spectrum, in units of its spread, beyond which a point is out of reach: the spread
/// drowns in rounding.
const REACH: f64 = 1e12;

/// Steps, in units of the last one, beyond which unknowns are not extrapolated.
const FARTHEST: f64 = 3.0;

/// Logarithm of the change of an unknown in one step, beyond which it is not extrapolated.
const STEEPEST: f64 = 3.0;

/// Evaluations of the map after which a continuation is given up: five times what it takes where the
/// law is regular. A path that needs more creeps towards a point that it will not reach.
const EVALUATION_LIMIT: usize = 2500;

/// Where the far solution sits: `center + i height`.
#[derive(Debug, Clone)]
pub struct FarPoint {
    /// Centre of the spectrum, roughly.
    pub center: f64,
    /// Standard deviation of the spectrum.
    pub spread: f64,
    /// Height above the centre, several standard deviations.
    pub height: f64,
    state: Vec<Complex64>,
}

impl FarPoint {
    /// A point at which the unknowns are known.
    pub(crate) fn new(center: f64, spread: f64, height: f64, state: Vec<Complex64>) -> Self {
        Self { center, spread, height, state }
    }

    /// The unknowns there.
    pub(crate) fn state(&self) -> &[Complex64] {
        &self.state
    }
}

/// Solves without a guess, for every fixed-point equation.
pub trait Continuation: FixedPoint {
    /// The state at `z = infinity`, where the root of a pencil decouples. For the pencils of gradient descent what
    /// remains is triangular in the number of factors, so the plain iteration ends after finitely many steps.
    fn state_at_infinity(&self, workspace: &mut Workspace<Self::Buffers>) -> Vec<Complex64> {
        let far = Complex64::new(0.0, 1e12);
        workspace.state.fill(Complex64::ZERO);
        for _ in 0..4 * (self.dimension() + 1) {
            self.map(far, &workspace.state, &mut workspace.image, &mut workspace.buffers);
            let differences = workspace.state.iter().zip(&workspace.image);
            let change = differences.map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
            let size = workspace.image.iter().map(|x| x.norm()).fold(0.0, f64::max);
            workspace.state.copy_from_slice(&workspace.image);
            if change <= 1e-12 * size {
                break;
            }
        }
        workspace.state.clone()
    }

    /// Finds a height at which the spectrum is far, and the solution there, starting from the unknowns
    /// `state` at `start`.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if even the far solution is not found, [`Error::NoSpread`] if the law is no wider
    /// than rounding.
    fn far_point(
        &self,
        start: Complex64,
        mut state: Vec<Complex64>,
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<FarPoint> {
        // z - 1/G(z) = m1 + variance / z + ...: the height follows the spread until it is a few times
        // as large. It starts low, because far up the unknowns drown in rounding like 1/z.
        let (mut center, mut height, mut retries) = (start.re, start.im, FAR_RETRIES);
        for _ in 0..FAR_LIMIT {
            let z = Complex64::new(center, height);
            // Where the iteration stagnates just short of its tolerance, it may not do so nearby.
            let solution = match self.iterate(z, &state, workspace) {
                Err(_) if retries > 0 => {
                    retries -= 1;
                    height *= FAR_RETRY_FACTOR;
                    continue;
                }
                solution => solution?,
            };
            state = solution.state;
            let expansion = z - 1.0 / solution.cauchy;
            let spread = (-expansion.im * height).max(0.0).sqrt();
            center = expansion.re;
            if (5.0 * spread..=8.0 * spread).contains(&height) {
                return Ok(FarPoint { center, spread, height, state });
            }
            height = SPREADS_ABOVE * spread;
            // No spread beyond rounding: below, the height would shrink to nothing.
            if height <= f64::EPSILON * center.abs() {
                break;
            }
        }
        Err(Error::NoSpread { location: center, spread: height / SPREADS_ABOVE })
    }

    /// Solves at `z` by continuation from `far`, `Im z >= 0`, straight down from above `z`.
    ///
    /// # Errors
    /// [`Error::NotConverged`], [`Error::Unphysical`] or [`Error::OutOfBudget`] if the continuation gets stuck, as
    /// it does at an edge; [`Error::OutOfReach`] for points at which the law is a point mass up to rounding.
    fn solve_from(
        &self,
        far: &FarPoint,
        z: Complex64,
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<Solution> {
        let distance = (z.re - far.center).abs();
        if distance > REACH * far.spread {
            return Err(Error::OutOfReach { z });
        }
        let mut path = Path { equation: self, workspace, evaluations: 0, x: z.re, previous: None };
        // Up until the target is as close sideways as the axis, in steps over which G changes little
        // relative to 1 / z; then sideways.
        let mut height = far.height;
        let mut state = path.advance(Complex64::new(far.center, height), &far.state)?.state;
        while height < distance {
            height = (height / DESCENT).min(distance);
            state = path.advance(Complex64::new(far.center, height), &state)?.state;
        }
        let height = height.max(z.im);
        let current = path.advance(Complex64::new(z.re, height), &state)?;
        path.descend(current, height, z.im, far.height)
    }
}

impl<E: FixedPoint> Continuation for E {}

/// Solves along a path, and what they have cost so far.
struct Path<'a, E: FixedPoint + ?Sized> {
    equation: &'a E,
    workspace: &'a mut Workspace<E::Buffers>,
    evaluations: usize,
    /// The point of the axis below.
    x: f64,
    /// The height and the unknowns before the last solution.
    previous: Option<(f64, Vec<Complex64>)>,
}

impl<E: FixedPoint + ?Sized> Path<'_, E> {
    /// Goes down from the solution `current` at height `start` to `target`, in steps of a decade, or less where that is too much.
    /// `scale` is what heights are compared with.
    fn descend(&mut self, mut current: Solution, start: f64, target: f64, scale: f64) -> Result<Solution> {
        let (mut at, mut descent) = (start, DESCENT);
        loop {
            let next = (at * descent).max(target);
            match self.step(&current, at, next) {
                Ok(solution) if self.equation.is_physical(&solution.state) => {
                    self.previous = Some((at, std::mem::replace(&mut current, solution).state));
                    at = next;
                    descent = DESCENT;
                    if at == target {
                        return Ok(current);
                    }
                }
                other => {
                    descent = descent.sqrt();
                    if descent > 0.95 || self.evaluations > EVALUATION_LIMIT {
                        return Err(self.given_up(next, other));
                    }
                    continue;
                }
            }
            if target == 0.0 && at < 0.2 * start {
                let real = self.step(&current, at, 0.0);
                if let Ok(solution) = &real {
                    let inside = is_inside(solution.cauchy);
                    let close = inside || at <= REAL_BELOW * scale;
                    if close && self.equation.is_physical(&solution.state) {
                        return real;
                    }
                }
                if at < LOWEST * scale || self.evaluations > EVALUATION_LIMIT {
                    return Err(self.given_up(0.0, real));
                }
            }
        }
    }

    /// From the solution `current` at one height to another: from the unknowns as they would continue, or as they are.
    fn step(&mut self, current: &Solution, from: f64, to: f64) -> Result<Solution> {
        let to_point = Complex64::new(self.x, to);
        if let Some((before, state)) = &self.previous {
            let steps = (to / from).ln() / (from / before).ln();
            if steps < FARTHEST {
                let mut origins = vec![Complex64::ZERO; state.len()];
                self.equation.origins(&current.state, &mut origins);
                let guess = extrapolated(&current.state, state, &origins, steps);
                if let Ok(solution) = self.advance(to_point, &guess)
                    && self.equation.is_physical(&solution.state)
                {
                    return Ok(solution);
                }
            }
        }
        self.advance(to_point, &current.state)
    }

    /// One solve; the solution or error it returns counts the evaluations of the whole path.
    fn advance(&mut self, z: Complex64, guess: &[Complex64]) -> Result<Solution> {
        match self.equation.iterate(z, guess, self.workspace) {
            Ok(mut solution) => {
                self.evaluations += solution.iterations;
                solution.iterations = self.evaluations;
                Ok(solution)
            }
            Err(Error::NotConverged { z, residual, iterations, tolerance }) => {
                self.evaluations += iterations;
                Err(Error::NotConverged { z, residual, iterations: self.evaluations, tolerance })
            }
            Err(other) => Err(other),
        }
    }

    /// Why the path ends short of its target, given what came of the last solve.
    fn given_up(&self, height: f64, last: Result<Solution>) -> Error {
        let (z, evaluations) = (Complex64::new(self.x, height), self.evaluations);
        match last {
            _ if evaluations > EVALUATION_LIMIT => {
                Error::OutOfBudget { z, evaluations, limit: EVALUATION_LIMIT }
            }
            Err(error) => error,
            Ok(_) => Error::Unphysical { z, iterations: evaluations },
        }
    }
}

/// The unknowns after `steps` more steps like that from `before` to `after`, in the logarithm of the distance
/// to a point of which each unknown, less its origin, is a power.
fn extrapolated(
    after: &[Complex64],
    before: &[Complex64],
    origins: &[Complex64],
    steps: f64,
) -> Vec<Complex64> {
    let power = |((after, before), origin): ((&Complex64, &Complex64), &Complex64)| {
        let offset = after - origin;
        let ratio = (offset / (before - origin)).ln();
        let factor = (ratio * steps).exp();
        // What changes sign or size at once follows no power.
        if ratio.norm() < STEEPEST && factor.is_finite() { origin + offset * factor } else { *after }
    };
    after.iter().zip(before).zip(origins).map(power).collect()
}
