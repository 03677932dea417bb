//! Newton's method for fixed points that the accelerated iteration does not reach.
//!
//! Next to singular points of a law the equation is ill-conditioned and its unknowns are graded over many
//! decades, so that no units make them comparable. Newton's method is the same in all units. The Jacobian is
//! taken by differences: the map is holomorphic, and one costs as much as there are unknowns.

use nalgebra::{DMatrix, DVector};
use num_complex::Complex64;

use super::fixed_point::{FixedPoint, Solution, Workspace};
use crate::control;
use crate::error::{Error, Result};

/// Relative change of an unknown for a difference quotient: half the digits.
const DIFFERENCE: f64 = 1e-7;

/// Steps after which the method is given up, and halvings of one step.
const STEPS: usize = 12;
const HALVINGS: usize = 3;

/// Steps after which the method has to have come this much closer to be worth going on: on a path, shorter steps
/// are cheaper than a long way from a bad guess.
const TRIAL: usize = 4;
const PROGRESS: f64 = 0.3;

/// A step that no longer shrinks is rounding if the residual is at most this many times the tolerance, and it
/// is an error to report if it is not larger than this.
const ROUNDING_SLACK: f64 = 1e3;
const WORST: f64 = 1e-7;

/// Decrease that a step has to bring, relative to its share of the Newton step.
const DECREASE: f64 = 0.25;

/// Relative size of a step below which it is taken without a test.
const TRUSTED: f64 = 1e-6;

/// One evaluation of the map.
struct Evaluated {
    cauchy: Complex64,
    residual: DVector<Complex64>,
}

/// Solves the equation at `z` from `start`; `sizes` is room for those of the unknowns.
///
/// # Errors
/// [`Error::NotConverged`] if the steps do not shrink to rounding.
pub(super) fn solve<E: FixedPoint + ?Sized>(
    equation: &E,
    z: Complex64,
    start: &[Complex64],
    mut sizes: Vec<f64>,
    workspace: &mut Workspace<E::Buffers>,
) -> Result<Solution> {
    let n = start.len();
    let tolerance = equation.options().tolerance;
    let mut x = DVector::from_column_slice(start);
    let mut evaluations = 0;
    let mut evaluate = |x: &DVector<Complex64>, workspace: &mut Workspace<E::Buffers>| {
        evaluations += 1;
        let cauchy = equation.map(z, x.as_slice(), &mut workspace.image, &mut workspace.buffers);
        let residual = DVector::from_iterator(n, workspace.image.iter().zip(x).map(|(image, x)| image - x));
        let finite = cauchy.is_finite() && residual.iter().all(|entry| entry.is_finite());
        finite.then_some(Evaluated { cauchy, residual })
    };
    let mut last_step = f64::INFINITY;
    let mut residual = f64::INFINITY;
    let mut current = evaluate(&x, workspace);
    let mut first_step = f64::INFINITY;
    for iteration in 0..STEPS {
        control::check()?;
        let Some(at) = current else { break };
        equation.sizes(x.as_slice(), &mut sizes);
        residual = (0..n).fold(0.0f64, |m, i| m.max(at.residual[i].norm() / sizes[i]));
        // I - F' in units of the sizes.
        let mut jacobian = DMatrix::<Complex64>::identity(n, n);
        let mut moved = x.clone();
        let mut regular = true;
        for j in 0..n {
            let step = DIFFERENCE * sizes[j];
            moved[j] = x[j] + step;
            let step = moved[j] - x[j];
            match evaluate(&moved, workspace) {
                Some(other) => {
                    for i in 0..n {
                        // F' is that of the residual plus the identity.
                        let slope = (other.residual[i] - at.residual[i]) / step;
                        jacobian[(i, j)] = -slope * (sizes[j] / sizes[i]);
                    }
                }
                None => regular = false,
            }
            moved[j] = x[j];
        }
        let factors = jacobian.lu();
        let newton = |residual: &DVector<Complex64>| {
            factors.solve(&DVector::from_fn(n, |i, _| residual[i] / sizes[i]))
        };
        let Some(step) = newton(&at.residual).filter(|_| regular) else { break };
        let length = largest(&step);
        if length.is_nan() {
            break;
        }
        let stagnates =
            length >= 0.5 * last_step && length <= WORST && residual <= ROUNDING_SLACK * tolerance;
        if length <= tolerance || stagnates {
            let state: Vec<Complex64> = x.iter().copied().collect();
            let error = length.max(residual);
            return Ok(Solution { cauchy: at.cauchy, state, residual, error, iterations: evaluations });
        }
        if iteration == 0 {
            first_step = length;
        } else if iteration == TRIAL && length > PROGRESS * first_step {
            break;
        }
        last_step = length;
        let mut share = 1.0;
        current = None;
        for _ in 0..HALVINGS {
            let next = DVector::from_fn(n, |i, _| x[i] + share * sizes[i] * step[i]);
            let found = evaluate(&next, workspace);
            // The natural test of monotonicity: in units of the Newton step, in which it is no matter that
            // the equation is ill-conditioned (Deuflhard, Newton Methods for Nonlinear Problems, 2004).
            let shrinks = |found: &Evaluated| {
                let next = newton(&found.residual).map_or(f64::NAN, |step| largest(&step));
                next <= (1.0 - DECREASE * share) * length || length <= TRUSTED
            };
            if let Some(found) = found.filter(shrinks) {
                x = next;
                current = Some(found);
                break;
            }
            share *= 0.5;
        }
    }
    Err(Error::NotConverged { z, residual, iterations: evaluations, tolerance })
}

fn largest(v: &DVector<Complex64>) -> f64 {
    v.iter().fold(0.0f64, |m, entry| m.max(entry.norm()))
}
