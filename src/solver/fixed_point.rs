//! The accelerated fixed-point iteration that every equation of the crate is solved by.
//!
//! An equation says what its unknowns are and how they are mapped ([`FixedPoint`]); this file knows
//! nothing of pencils or laws. It measures the unknowns in units of the equation's choice, accelerates
//! (Anderson), notices convergence, stagnation and hopelessness, hands over to Newton's method where an equation
//! asks for that, and reports residual, error and cost.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use super::anderson::Anderson;
use super::inverse::SplitMatrix;
use super::newton;
use super::options::SolverOptions;
use crate::control;
use crate::error::{Error, Result};

/// One solved point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solution {
    /// Cauchy transform at the requested `z`, the root entry of `G`.
    pub cauchy: Complex64,
    /// The unknowns of the fixed point, to warm-start a neighbouring solve.
    pub state: Vec<Complex64>,
    /// Relative change of the unknowns in the last iteration, maximum norm.
    pub residual: f64,
    /// Estimated relative error of the unknowns: the residual amplified by the conditioning of the
    /// equation, as seen in the accelerated steps.
    pub error: f64,
    /// Evaluations of the map, those of a continuation that led here included.
    pub iterations: usize,
}

/// The factors of a map, matrices that are inverted, for unknowns next to the real line.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Factors {
    /// The largest change of one, relative to it, in the direction of a derivative.
    pub change: f64,
    /// A digest of the signs of their determinants, which no path of solutions outside the support changes: a factor that
    /// became singular on the way would be a point of the spectrum.
    pub signs: u64,
}

impl Factors {
    /// Takes the inverse of one more factor into account, from an evaluation with a complex step.
    pub(crate) fn take(&mut self, inverse: &SplitMatrix) {
        self.add(inverse.relative_change() / COMPLEX_STEP, inverse.was_negative());
    }

    /// Takes one more factor into account, with its relative change and the sign of its determinant.
    pub(crate) fn add(&mut self, change: f64, negative: bool) {
        self.change = self.change.max(change);
        // The digest of Fowler, Noll and Vo.
        self.signs = (self.signs ^ u64::from(negative) ^ 2).wrapping_mul(0x0100_0000_01b3);
    }
}

/// The complex step: squares of it are below rounding, and far from underflow.
const COMPLEX_STEP: f64 = 1e-40;

/// A residual this many times above the tolerance is still accepted when the iteration stagnates
/// there: rounding does not allow less. It is reported as it is.
const STAGNATION_SLACK: f64 = 1e3;

/// A residual this many times above the tolerance is at the level of rounding already.
const NEARLY: f64 = 10.0;

/// Iterations without an improvement by half after which the iteration counts as stagnating, the
/// same next to the tolerance, and after which it has no prospect of convergence.
const STAGNATION_STEPS: usize = 15;
const NEARLY_STEPS: usize = 6;
const HOPELESS_STEPS: usize = 60;

/// The estimated error may exceed the tolerance of the residual by this factor.
const ERROR_SLACK: f64 = 10.0;

/// Room for solves of one equation; one per thread, reused from solve to solve.
#[derive(Debug)]
pub struct Workspace<B> {
    /// What the evaluation of the map needs.
    pub(crate) buffers: B,
    pub(crate) state: Vec<Complex64>,
    pub(crate) image: Vec<Complex64>,
    best: Vec<Complex64>,
    /// Units in which the iteration measures the unknowns.
    metric: Vec<f64>,
    anderson: Anderson,
}

/// A fixed-point equation `x = F(x; z)` with `F` holomorphic in `x` and `z`, whose solution for `Im z > 0`
/// is told from others by a half-space that it lies in.
pub trait FixedPoint: Sync {
    /// What an evaluation of the map needs besides the unknowns.
    type Buffers: Send;

    /// Number of complex unknowns.
    fn dimension(&self) -> usize;

    /// Settings of the iteration.
    fn options(&self) -> SolverOptions;

    /// Fresh buffers.
    fn buffers(&self) -> Self::Buffers;

    /// Evaluates `image = F(state; z)`; returns the Cauchy transform that belongs to `state`, or NaN if
    /// the map is singular there.
    fn map(
        &self,
        z: Complex64,
        state: &[Complex64],
        image: &mut [Complex64],
        buffers: &mut Self::Buffers,
    ) -> Complex64;

    /// Prepares a solve that starts from `guess`: fills the units of the unknowns, and removes what an
    /// earlier solve has left in the buffers.
    fn begin(&self, guess: &[Complex64], metric: &mut [f64], buffers: &mut Self::Buffers);

    /// Told once the map has been evaluated for the first time in a solve.
    fn after_first(&self, _buffers: &mut Self::Buffers) {}

    /// A quick necessary test that iterates are in the half-space, up to rounding.
    fn in_half_space(&self, state: &[Complex64]) -> bool;

    /// Whether a solution lies in the half-space: among the solutions that are not real on the real axis,
    /// this singles out the one that continues to `Im z > 0`.
    fn is_physical(&self, state: &[Complex64]) -> bool;

    /// Sizes by which changes of single unknowns are judged where the accelerated iteration fails and
    /// Newton's method takes over; returns false, which is the default, if it is not to.
    fn sizes(&self, _state: &[Complex64], _sizes: &mut [f64]) -> bool {
        false
    }

    /// Moments `m_0 = 1, m_1, ..., m_4` of the law, where the equation knows them without a solve.
    fn moments(&self) -> Option<Vec<f64>> {
        None
    }

    /// The derivative `F'(x; z) v + F_z w` at a real point in a real direction, not a number where it is singular.
    ///
    /// By the complex step unless an equation knows better (Squire and Trapp, SIAM Rev. 40, 1998): `F` is holomorphic and real on
    /// the real line, so `F(x + i h v; z + i h w) = F + i h (F' v + F_z w)` to rounding for tiny `h`, if the map carries
    /// tiny imaginary parts to the last digit.
    fn derivative(
        &self,
        (z, w): (f64, f64),
        (x, v): (&[f64], &[f64]),
        derivative: &mut [f64],
        workspace: &mut Workspace<Self::Buffers>,
    ) {
        let Workspace { state, image, buffers, .. } = workspace;
        for ((state, x), v) in state.iter_mut().zip(x).zip(v) {
            *state = Complex64::new(*x, COMPLEX_STEP * v);
        }
        let root = self.map(Complex64::new(z, COMPLEX_STEP * w), state, image, buffers);
        for (derivative, image) in derivative.iter_mut().zip(image) {
            *derivative = if root.is_nan() { f64::NAN } else { image.im / COMPLEX_STEP };
        }
    }

    /// Whether the map is going to be evaluated for unknowns next to the real line: it then has to carry tiny imaginary
    /// parts to the last digit unless it has a derivative of its own, and to keep what [`FixedPoint::factors`] asks for.
    fn follow_line(&self, _buffers: &mut Self::Buffers, _on: bool) {}

    /// What the last [derivative](FixedPoint::derivative) says of the factors of the map; nothing by default.
    fn factors(&self, _buffers: &Self::Buffers) -> Factors {
        Factors::default()
    }

    /// Numbers that the unknowns approach at singular points: how they change on the way is measured from there.
    fn origins(&self, _state: &[Complex64], origins: &mut [Complex64]) {
        origins.fill(Complex64::ZERO);
    }

    /// Room for solves.
    fn workspace(&self) -> Workspace<Self::Buffers> {
        let (dimension, zero) = (self.dimension(), Complex64::ZERO);
        Workspace {
            buffers: self.buffers(),
            state: vec![zero; dimension],
            image: vec![zero; dimension],
            best: vec![zero; dimension],
            metric: vec![1.0; dimension],
            anderson: Anderson::new(dimension, self.options().window.min(dimension)),
        }
    }

    /// Refuses unknowns, or buffers, of another equation.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the number of unknowns is another.
    fn check_state(&self, state: &[Complex64], workspace: &Workspace<Self::Buffers>) -> Result<()> {
        for (argument, length) in [("state", state.len()), ("workspace", workspace.state.len())] {
            if length != self.dimension() {
                let allowed = format!("{} unknowns, as the equation has", self.dimension());
                return Err(Error::argument(argument, format!("{length} unknowns"), allowed));
            }
        }
        Ok(())
    }

    /// Solves the equation at `z` from the unknowns `guess` by Anderson acceleration, and by Newton's method where
    /// that does not converge and [`FixedPoint::sizes`] allows it.
    ///
    /// For `Im z > 0` the equation has one solution in its half-space (for operator-valued resolvents:
    /// Helton, Rashidi Far, Speicher, IMRN 2007); iterates that leave it are replaced by the half-averaged
    /// step, which stays in it. For real `z` the solution next to the guess is found.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the tolerance is not reached; [`Error::InvalidArgument`] if guess or
    /// workspace belong to another equation.
    fn iterate(
        &self,
        z: Complex64,
        guess: &[Complex64],
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<Solution> {
        self.check_state(guess, workspace)?;
        let SolverOptions { tolerance, iteration_limit, .. } = self.options();
        self.begin(guess, &mut workspace.metric, &mut workspace.buffers);
        let mut x: Vec<Complex64> = guess.iter().zip(&workspace.metric).map(|(x, unit)| x / unit).collect();
        let mut best: Option<Solution> = None;
        let (mut improved, mut iterations) = (0, iteration_limit);
        // Size of the last accelerated step, the residual that it started from and the transform there.
        let mut step: Option<(f64, f64, Complex64)> = None;
        workspace.anderson.restart();
        for iteration in 1..=iteration_limit {
            control::check()?;
            for ((state, x), unit) in workspace.state.iter_mut().zip(&x).zip(&workspace.metric) {
                *state = x * unit;
            }
            let cauchy = self.map(z, &workspace.state, &mut workspace.image, &mut workspace.buffers);
            if iteration == 1 && cauchy.re.is_finite() {
                self.after_first(&mut workspace.buffers);
            }
            let (mut change, mut size) = (0.0f64, f64::MIN_POSITIVE);
            for ((image, x), unit) in workspace.image.iter_mut().zip(&x).zip(&workspace.metric) {
                *image /= unit;
                size = size.max(image.norm_sqr());
                *image -= x;
                change = change.max(image.norm_sqr());
            }
            let (residual, size) = ((change / size).sqrt(), size.sqrt());
            if residual.is_nan() || !cauchy.re.is_finite() {
                // A singular matrix on the way: start again from a slightly different point.
                x.iter_mut().zip(guess).zip(&workspace.metric).for_each(|((x, guess), unit)| {
                    *x = guess / unit
                        * Complex64::new(1.0 + 1e-3 * iteration as f64, -1e-3 * iteration as f64);
                });
                workspace.anderson.restart();
                step = None;
                continue;
            }
            // The accelerated step is nearly Newton's, so its size was the error before it, and the
            // error has fallen with the residual since. The transform may hang on unknowns that are small in all units.
            let error = step.map_or(f64::INFINITY, |(length, before, transform)| {
                (length / size).max((cauchy - transform).norm() / cauchy.norm()) * residual / before
            });
            if best.as_ref().is_none_or(|best| residual < 0.5 * best.residual) {
                improved = iteration;
                workspace.best.copy_from_slice(&x);
                let error = error.max(residual);
                best = Some(Solution { cauchy, state: Vec::new(), residual, error, iterations: iteration });
            }
            let converged = residual <= tolerance && error <= ERROR_SLACK * tolerance;
            let idle = iteration - improved;
            let accepted = |best: &mut Solution| {
                converged
                    || idle >= NEARLY_STEPS && best.residual <= NEARLY * tolerance
                    || idle >= STAGNATION_STEPS && best.residual <= STAGNATION_SLACK * tolerance
            };
            if let Some(mut best) = best.take_if(accepted) {
                if !converged {
                    x.copy_from_slice(&workspace.best);
                }
                x.iter_mut().zip(&workspace.metric).for_each(|(x, unit)| *x *= unit);
                best.state = x;
                best.iterations = iteration;
                if converged {
                    (best.cauchy, best.residual, best.error) = (cauchy, residual, error.max(residual));
                }
                return Ok(best);
            }
            if idle >= HOPELESS_STEPS {
                iterations = iteration;
                break;
            }
            let (anderson, image) = (&mut workspace.anderson, &workspace.image);
            let mut length = anderson.advance(&mut x, image);
            if z.im > 0.0 && !self.in_half_space(&x) {
                length = anderson.half_step(&mut x, image);
            }
            if let Some(best) = best.as_mut().filter(|_| improved == iteration) {
                best.error = best.residual.max(length / size);
            }
            step = Some((length, residual, cauchy));
        }
        let failed = Error::NotConverged {
            z,
            residual: best.as_ref().map_or(f64::INFINITY, |best| best.residual),
            iterations,
            tolerance,
        };
        let mut sizes = vec![1.0; guess.len()];
        if !self.sizes(guess, &mut sizes) {
            return Err(failed);
        }
        let mut solution = newton::solve(self, z, guess, sizes, workspace)?;
        solution.iterations += iterations;
        Ok(solution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two semicircular unknowns, of which the one that the transform comes from is tiny in the units of the iteration.
    struct Hidden;

    const TINY: f64 = 1e-11;

    impl FixedPoint for Hidden {
        type Buffers = ();

        fn dimension(&self) -> usize {
            2
        }

        fn options(&self) -> SolverOptions {
            SolverOptions::default()
        }

        fn buffers(&self) {}

        fn map(&self, z: Complex64, state: &[Complex64], image: &mut [Complex64], _: &mut ()) -> Complex64 {
            image[0] = (z - state[0]).inv();
            image[1] = TINY * (z - 0.7 * state[1] / TINY).inv();
            state[1] / TINY
        }

        fn begin(&self, _: &[Complex64], metric: &mut [f64], _: &mut ()) {
            metric.fill(1.0);
        }

        fn in_half_space(&self, _: &[Complex64]) -> bool {
            true
        }

        fn is_physical(&self, _: &[Complex64]) -> bool {
            true
        }
    }

    #[test]
    fn the_transform_has_converged_too() {
        let semicircle =
            |z: f64, variance: f64| Complex64::new(z, -(4.0 * variance - z * z).sqrt()) / (2.0 * variance);
        let guess = [semicircle(0.5, 1.0), TINY * semicircle(0.501, 0.7)];
        let solution = Hidden.iterate(0.5.into(), &guess, &mut Hidden.workspace()).unwrap();
        let error = (solution.cauchy / semicircle(0.5, 0.7) - 1.0).norm();
        assert!(error < 1e-11 && error < 10.0 * solution.error.max(1e-13), "{error:e} {:e}", solution.error);
    }
}
