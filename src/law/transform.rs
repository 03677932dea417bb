//! What a spectral law is built from: a Cauchy transform that can be solved for at any point of the
//! closed upper half-plane.

use num_complex::Complex64;

use crate::error::Result;
use crate::population::Atom;
use crate::solver::Solution;

/// A Cauchy transform `G(z) = int (z - x)^-1 mu(dx)` of a probability measure, continued to the
/// real axis from above.
pub trait CauchyTransform: Sync {
    /// Buffers of one thread.
    type Workspace: Send;

    /// Fresh buffers.
    fn workspace(&self) -> Self::Workspace;

    /// `G(z)` for `Im z >= 0`, without a guess.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] where no solution is found, as at an edge of the support.
    fn solve(&self, z: Complex64, workspace: &mut Self::Workspace) -> Result<Solution>;

    /// `G(z)` for `Im z >= 0`, starting from the state of a nearby solution.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] where the iteration does not converge from this guess.
    fn solve_near(
        &self,
        z: Complex64,
        guess: &[Complex64],
        workspace: &mut Self::Workspace,
    ) -> Result<Solution>;

    /// Mean and standard deviation, roughly: they set the scale of the search for the support.
    fn location_scale(&self) -> (f64, f64);

    /// Points that are likely to lie inside the support, one for each expected interval. They make
    /// the search fast; it does not rely on them.
    fn landmarks(&self) -> Vec<f64>;

    /// The atoms of the measure.
    fn atoms(&self) -> Vec<Atom>;

    /// A point where `G` or its continuation through the support may have a simple pole: the
    /// location of an atom that some parameters have and others do not, such as 0 for sample
    /// covariances. The density then behaves like `sqrt(x - a) / (x - pole)` near it.
    fn pole(&self) -> Option<f64>;
}
