//! Single eigenvalues of `W` and where they go: the outlier equation.
//!
//! An eigenvalue `t` of `W` that is well apart from the others sees them as a medium `R`, the solution of the
//! free-partition equation without it, and its eigenvalue of `P - I = -alpha B Z` is at the real root of
//!
//! ```text
//! s(z) = 1 / [(Lambda(z) - t R(z))^-1]_00 = 0
//! ```
//!
//! outside the support of the others. `s` is real there, with `s(conj z) = conj s(z)`, and analytic, so it may be
//! looked at from above the axis.

use num_complex::Complex64;

use super::law::PartitionLaw;
use super::spectrum::SampleSpectrum;
use super::split::Split;
use crate::error::Result;
use crate::law::CauchyTransform;
use crate::solver::Solution;

/// Steps of the secant method; it converges in a few or not at all.
const STEPS: usize = 30;

/// Height above the axis at which `s` is evaluated, and largest imaginary part of a root that counts as
/// real, in mean spacings: curvature moves roots by the square of the height.
const HEIGHT: f64 = 1e-3;
const REAL: f64 = 1e-3;

/// Size of the last step, in mean spacings.
const SETTLED: f64 = 1e-6;

/// An isolated eigenvalue of `Z`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct IsolatedEigenvalue {
    /// The eigenvalue of `W` that it belongs to.
    pub eigenvalue: f64,
    /// Where it is in `Z`.
    pub location: f64,
    /// Squared overlap of its eigenvector with that of `W`.
    pub overlap: f64,
}

/// One eigenvalue and the law of the others.
pub(super) struct Deflated {
    eigenvalue: f64,
    others: PartitionLaw,
}

impl Deflated {
    pub(super) fn new(spectrum: &SampleSpectrum, index: usize, split: &Split) -> Result<Self> {
        let others = PartitionLaw::new(&spectrum.without(index), split)?;
        Ok(Self { eigenvalue: spectrum.atoms()[index].location, others })
    }

    /// `s` in the variable of `Z`, at `z` above the axis, from the unknowns at a nearby point.
    fn value(&self, z: Complex64, guess: Option<&Solution>) -> Result<(Complex64, Solution)> {
        let transform = self.others.transform();
        let mut workspace = transform.workspace();
        let near = guess.and_then(|guess| transform.solve_near(z, &guess.state, &mut workspace).ok());
        let solution = match near {
            Some(solution) => solution,
            None => transform.solve(z, &mut workspace)?,
        };
        let equation = transform.equation();
        let at = transform.to_pencil(z);
        let value = equation.outlier_function(at, &solution.state, self.eigenvalue, &mut workspace)?;
        // s is -alpha B times the one of Z, on the line turned round.
        Ok((transform.to_z(value) / self.others.split().epoch_step().powi(2), solution))
    }

    /// The root, if it is real and outside the support of the others, by the secant method on a line just above the
    /// axis.
    ///
    /// # Errors
    /// From the solver.
    pub(super) fn root(&self) -> Result<Option<IsolatedEigenvalue>> {
        let spacing = self.others.mean_spacing();
        let line = |x: f64| Complex64::new(x, HEIGHT * spacing);
        let start = self.others.split().classical(self.eigenvalue);
        let (mut before, mut at) = (start - spacing, start);
        let (mut value_before, mut guess) = self.value(line(before), None)?;
        for _ in 0..STEPS {
            let (value, solution) = self.value(line(at), Some(&guess))?;
            guess = solution;
            let slope = (value - value_before) / (at - before);
            let root = line(at) - value / slope;
            if !root.is_finite() {
                break;
            }
            if (root.re - at).abs() <= SETTLED * spacing {
                let real = root.im.abs() <= REAL * spacing && slope.im.abs() <= REAL * slope.norm();
                let isolated = IsolatedEigenvalue {
                    eigenvalue: self.eigenvalue,
                    location: root.re,
                    overlap: slope.re.recip(),
                };
                return Ok(Some(isolated).filter(|_| real && slope.re >= 1.0 - REAL));
            }
            (before, value_before) = (at, value);
            at = root.re;
        }
        Ok(None)
    }
}
