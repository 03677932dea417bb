//! What a spectral law is built from: a Cauchy transform that can be solved for at any point of the
//! closed upper half-plane.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::population::Atom;
use crate::solver::Solution;
use crate::solver::walk::{End, Turn};

/// Evaluations after which a law is given up: ten times what regular cases take, and a few seconds of work for tens
/// of batches.
pub(crate) const EVALUATION_LIMIT: usize = 50_000;

/// Relative error that a solution by iteration has at least, and one by a formula.
const ROUNDING: f64 = 1e-12;
pub(crate) const FORMULA: f64 = 1e-15;

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

    /// Whether real solutions outside the support can be told from others, and [walked](CauchyTransform::walk) along.
    fn knows_real_solutions(&self) -> bool {
        false
    }

    /// Unknowns next to those at a real point far outside of the support.
    ///
    /// # Errors
    /// Like [`CauchyTransform::solve`].
    fn far_state(&self, x: f64, workspace: &mut Self::Workspace) -> Result<Vec<Complex64>> {
        Ok(self.solve(x.into(), workspace)?.state)
    }

    /// The end of the gap around the real point `x`, where the unknowns are next to `guess`, in the direction `sign`, along the
    /// real solutions.
    ///
    /// # Errors
    /// If `x` is not outside of the support, or the solutions are lost on the way; always
    /// [`NoEdge`](crate::Error::NoEdge) where the real solutions are not known.
    fn walk(
        &self,
        x: f64,
        _guess: &[Complex64],
        _sign: f64,
        _workspace: &mut Self::Workspace,
    ) -> Result<End> {
        Err(Error::NoEdge { near: x, points: 0 })
    }

    /// The end of a gap next to `z`, where a neighbouring transform has one with this turning point, as a
    /// [walk](CauchyTransform::walk) in the direction `sign` would end there.
    ///
    /// # Errors
    /// If there is none; always [`NoEdge`](crate::Error::NoEdge) where the real solutions are not known.
    fn turn_near(&self, z: f64, _turn: &Turn, _sign: f64, _workspace: &mut Self::Workspace) -> Result<End> {
        Err(Error::NoEdge { near: z, points: 0 })
    }

    /// Mean and standard deviation, roughly: they set the scale of the search for the support.
    fn location_scale(&self) -> (f64, f64);

    /// Points that are likely to lie inside the support, one for each expected interval. They make
    /// the search fast; it does not rely on them.
    fn landmarks(&self) -> Vec<f64>;

    /// The atoms of the measure.
    fn atoms(&self) -> Vec<Atom>;

    /// Points where `G`, or its continuation through the support, is singular in another way than at a
    /// regular edge, as far as the model knows them.
    fn singularities(&self) -> Vec<Singularity> {
        Vec::new()
    }

    /// The intervals of the continuous part, if they are known in advance.
    fn intervals(&self) -> Option<Vec<[f64; 2]>> {
        None
    }

    /// Relative error that solved values have at least: that of iterations, unless they come from a formula.
    fn rounding(&self) -> f64 {
        ROUNDING
    }

    /// Evaluations of the fixed-point map after which the law is given up.
    fn evaluation_limit(&self) -> usize {
        EVALUATION_LIMIT
    }

    /// The moments `m_1` to `m_4`, if they are known independently of the Cauchy transform: the law is then
    /// checked against them as well.
    fn moments(&self) -> Option<[f64; 4]> {
        None
    }
}

/// A point where the Cauchy transform is singular in another way than at a regular edge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Singularity {
    /// A point where `G` may have a simple pole: the location of an atom that some parameters have and
    /// others do not, such as 0 for sample covariances. The density then behaves like
    /// `sqrt(x - a) / (x - location)` near it, which covers hard edges.
    Pole(f64),
    /// A point of the support where `G` is a power series in `(x - location)^(1 / order)`, negative powers
    /// included; intervals of the support end here. Order 1 is a jump of the density, and 2 a root with the
    /// support on both sides of it, other than at an edge, regular or hard.
    Branch {
        /// Where it is.
        location: f64,
        /// The number of sheets, at least 1.
        order: u32,
    },
}

/// Whether two places at which a law may be singular agree up to rounding.
pub(crate) fn same_place(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs().max(1.0)
}

impl Singularity {
    /// Where it is.
    pub fn location(self) -> f64 {
        match self {
            Self::Pole(location) | Self::Branch { location, .. } => location,
        }
    }

    /// Its image under `x -> scale x + shift`.
    #[must_use]
    pub fn affine(self, scale: f64, shift: f64) -> Self {
        let location = scale * self.location() + shift;
        match self {
            Self::Pole(_) => Self::Pole(location),
            Self::Branch { order, .. } => Self::Branch { location, order },
        }
    }
}
