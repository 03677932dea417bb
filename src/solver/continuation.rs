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

/// Far solves that may fail, and the factor between their heights.
const FAR_RETRIES: usize = 4;
const FAR_RETRY_FACTOR: f64 = 1.1;

/// A real solution outside the support is accepted from this fraction of the starting height on.
const REAL_BELOW: f64 = 1e-6;

/// Relative size of the imaginary part of the Cauchy transform below which a point on the real
/// axis counts as outside the support.
pub(crate) const REAL_THRESHOLD: f64 = 1e-8;

/// Distance to the spectrum, in units of its spread, beyond which a point is out of reach: the spread
/// drowns in rounding.
const REACH: f64 = 1e12;

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

/// Solves without a guess, for every fixed-point equation.
pub trait Continuation: FixedPoint {
    /// Finds a height at which the spectrum is far, and the solution there, starting from the unknowns
    /// `state` at `start`.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] if even the far solution is not found.
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
            height = 6.5 * spread;
            // No spread beyond rounding: below, the height would shrink to nothing.
            if height <= f64::EPSILON * center.abs() {
                break;
            }
        }
        Err(Error::NotConverged {
            z: Complex64::new(center, height),
            residual: f64::INFINITY,
            iterations: FAR_LIMIT,
            tolerance: 0.0,
        })
    }

    /// Solves at `z` by continuation from `far`, `Im z >= 0`.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] if the continuation gets stuck, as it does at an edge.
    fn solve_from(
        &self,
        far: &FarPoint,
        z: Complex64,
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<Solution> {
        let distance = (z.re - far.center).abs();
        if distance > REACH * far.spread {
            return Err(unphysical(z, 0));
        }
        let mut path = Path { equation: self, workspace, evaluations: 0 };
        // Up until the target is as close sideways as the axis, in steps over which G changes little
        // relative to 1 / z; then sideways.
        let mut height = far.height;
        let mut current = path.advance(Complex64::new(far.center, height), &far.state)?;
        while height < distance {
            height = (height / DESCENT).min(distance);
            current = path.advance(Complex64::new(far.center, height), &current.state)?;
        }
        height = height.max(z.im);
        current = path.advance(Complex64::new(z.re, height), &current.state)?;
        let start = height;
        let mut descent = DESCENT;
        loop {
            let next = height * descent;
            if z.im > 0.0 && next <= z.im {
                return path.advance(z, &current.state);
            }
            match path.advance(Complex64::new(z.re, next), &current.state) {
                Ok(solution) if self.is_physical(&solution.state) => {
                    current = solution;
                    height = next;
                    descent = DESCENT;
                }
                other => {
                    descent = descent.sqrt();
                    if descent > 0.95 || path.evaluations > EVALUATION_LIMIT {
                        return other.and_then(|_| Err(unphysical(z, path.evaluations)));
                    }
                    continue;
                }
            }
            if z.im == 0.0 && height < 0.2 * start {
                let real = path.advance(z, &current.state);
                if let Ok(solution) = &real {
                    let inside = solution.cauchy.im < -REAL_THRESHOLD * solution.cauchy.norm();
                    let close = inside || height <= REAL_BELOW * far.height;
                    if close && self.is_physical(&solution.state) {
                        return real;
                    }
                }
                if height < LOWEST * far.height || path.evaluations > EVALUATION_LIMIT {
                    return real.and_then(|_| Err(unphysical(z, path.evaluations)));
                }
            }
        }
    }
}

impl<E: FixedPoint> Continuation for E {}

/// Solves along a path, and what they have cost so far.
struct Path<'a, E: FixedPoint + ?Sized> {
    equation: &'a E,
    workspace: &'a mut Workspace<E::Buffers>,
    evaluations: usize,
}

impl<E: FixedPoint + ?Sized> Path<'_, E> {
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
}

/// The error for a solution that is not the resolvent, after so many evaluations of the map.
pub(crate) fn unphysical(z: Complex64, iterations: usize) -> Error {
    Error::NotConverged { z, residual: f64::INFINITY, iterations, tolerance: 0.0 }
}
