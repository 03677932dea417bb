//! Solves without a guess: continuation from `z = infinity` down to the point asked for, the real
//! axis included.
//!
//! Far from the spectrum the fixed point is known ([`Silverstein`] has it exactly at infinity). From
//! there `Im z` is lowered geometrically, each solution starting the next. On the real axis itself
//! the equation has several solutions. Inside the support the one with `Im g < 0` continues into
//! the upper half-plane, by the implicit function theorem, to the one solution with that property,
//! so it is the physical one. Outside, where `g` is real, the physical one is recognised by nothing
//! local; there `Im z` is lowered until the solution above the axis is closer than any other.

use num_complex::Complex64;

use super::silverstein::{Silverstein, Solution, Workspace};
use crate::error::{Error, Result};

/// Factor by which `Im z` is lowered first; its root is tried when a step fails.
const DESCENT: f64 = 0.1;

/// Fraction of the starting height at which a real point that still has no physical solution is
/// given up.
const LOWEST: f64 = 1e-14;

/// Heights tried for the far solution.
const FAR_LIMIT: usize = 40;

/// A real solution outside the support is accepted from this fraction of the starting height on.
const REAL_BELOW: f64 = 1e-6;

/// Relative size of the imaginary part of the Cauchy transform below which a point on the real
/// axis counts as outside the support.
pub(crate) const REAL_THRESHOLD: f64 = 1e-8;

/// Steps sideways after which a point counts as out of reach: the spread of the spectrum drowns in
/// rounding against the distance.
const SIDEWAYS_LIMIT: f64 = 1e5;

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

impl Silverstein {
    /// Finds a height at which the spectrum is far, and the solution there.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] if even the far solution is not found.
    pub fn far_point(&self, workspace: &mut Workspace) -> Result<FarPoint> {
        let mut state = self.state_at_infinity(workspace);
        // z - 1/G(z) = m1 + variance / z + ...: the height follows the spread until it is a few times
        // as large. It starts low, because far up the unknowns drown in rounding like 1/z.
        let (mut center, mut height) = (0.0, 32.0);
        for _ in 0..FAR_LIMIT {
            let z = Complex64::new(center, height);
            let solution = self.iterate(z, &state, workspace)?;
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
    pub fn solve_from(&self, far: &FarPoint, z: Complex64, workspace: &mut Workspace) -> Result<Solution> {
        let mut height = far.height;
        // Sideways at full height first, where G changes slowly.
        let mut current = self.iterate(Complex64::new(far.center, height), &far.state, workspace)?;
        let steps = ((z.re - far.center).abs() / height).ceil().max(1.0);
        if steps > SIDEWAYS_LIMIT {
            return Err(unphysical(z));
        }
        for step in 1..=steps as usize {
            let re = far.center + (z.re - far.center) * step as f64 / steps;
            current = self.iterate(Complex64::new(re, height.max(z.im)), &current.state, workspace)?;
        }
        let mut descent = DESCENT;
        loop {
            let next = height * descent;
            if z.im > 0.0 && next <= z.im {
                return self.iterate(z, &current.state, workspace);
            }
            match self.iterate(Complex64::new(z.re, next), &current.state, workspace) {
                Ok(solution) if self.is_physical(&solution.state) => {
                    current = solution;
                    height = next;
                    descent = DESCENT;
                }
                other => {
                    descent = descent.sqrt();
                    if descent > 0.95 {
                        return other.and_then(|_| Err(unphysical(z)));
                    }
                    continue;
                }
            }
            if z.im == 0.0 && height < 0.2 * far.height {
                let real = self.iterate(z, &current.state, workspace);
                if let Ok(solution) = &real {
                    let inside = solution.cauchy.im < -REAL_THRESHOLD * solution.cauchy.norm();
                    let close = inside || height <= REAL_BELOW * far.height;
                    if close && self.is_physical(&solution.state) {
                        return real;
                    }
                }
                if height < LOWEST * far.height {
                    return real.and_then(|_| Err(unphysical(z)));
                }
            }
        }
    }
}

/// The error for a solution that is not the resolvent.
pub(crate) fn unphysical(z: Complex64) -> Error {
    Error::NotConverged { z, residual: f64::INFINITY, iterations: 0, tolerance: 0.0 }
}
