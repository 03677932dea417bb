//! The support from its gaps: transforms that know their real solutions are walked along to both ends of a gap.
//!
//! Both outer ends come from points beyond the circle that encloses the spectrum. Gaps between need one point each, which the
//! sampling of the density comes upon.

use num_complex::Complex64;

use super::support::{FarMoments, Search};
use super::transform::CauchyTransform;
use crate::error::Result;
use crate::solver::walk::End;

/// Error of an edge that is walked to, in units of its rounding.
const WALKED: f64 = 4.0 * f64::EPSILON;

/// An end of an interval of the support.
#[derive(Debug, Clone)]
pub(super) struct GapEnd {
    pub(super) x: f64,
    /// Error of the place.
    pub(super) error: f64,
    /// The unknowns, where they are known.
    pub(super) state: Option<Vec<Complex64>>,
}

impl GapEnd {
    /// An end that is known to its rounding.
    pub(super) fn exact(x: f64) -> Self {
        Self { x, error: WALKED * x.abs(), state: None }
    }

    fn walked(end: &End) -> Self {
        match &end.state {
            Some(state) => Self { state: Some(complex(state)), ..Self::exact(end.z) },
            // A place that the transform knows.
            None => Self { x: end.z, error: 0.0, state: None },
        }
    }
}

fn complex(state: &[f64]) -> Vec<Complex64> {
    state.iter().copied().map(Complex64::from).collect()
}

impl<T: CauchyTransform> Search<'_, T> {
    /// The interval from the lowest to the highest point of the continuous part.
    pub(super) fn outer(&self, far: &FarMoments, workspace: &mut T::Workspace) -> Result<[GapEnd; 2]> {
        let mut end = |sign: f64| {
            let start = far.center - sign * far.radius;
            let guess = self.solve(start.into(), workspace)?.state;
            self.end(start, &guess, sign, far.radius, workspace)
        };
        Ok([end(1.0)?, end(-1.0)?])
    }

    /// The gap of the continuous part around `x`, where the unknowns are next to `guess`, in an interval of the given length.
    pub(super) fn gap(
        &self,
        x: f64,
        guess: &[Complex64],
        length: f64,
        workspace: &mut T::Workspace,
    ) -> Result<[GapEnd; 2]> {
        let mut end = |sign: f64| self.end(x, guess, sign, length, workspace);
        Ok([end(-1.0)?, end(1.0)?])
    }

    /// The end of a gap of the continuous part in the direction `sign`, across an atom if there is one on the way.
    fn end(
        &self,
        x: f64,
        guess: &[Complex64],
        sign: f64,
        length: f64,
        workspace: &mut T::Workspace,
    ) -> Result<GapEnd> {
        let end = self.transform.walk(x, guess, sign, length, workspace)?;
        self.count(end.evaluations);
        let behind = end.behind.as_ref().filter(|_| self.atoms.contains(&end.z));
        if let Some((beyond, guess)) = behind
            && let Ok(other) = self.transform.walk(*beyond, &complex(guess), sign, length, workspace)
        {
            self.count(other.evaluations);
            return Ok(GapEnd::walked(&other));
        }
        Ok(GapEnd::walked(&end))
    }
}
