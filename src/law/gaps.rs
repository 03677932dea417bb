//! The support from its gaps: transforms that know their real solutions are walked along to both ends of a gap.
//!
//! Both outer ends come from points beyond the circle that encloses the spectrum. Gaps between need one point each, which the
//! sampling of the density comes upon.

use num_complex::Complex64;

use super::support::{FarMoments, Search};
use super::transform::CauchyTransform;
use crate::error::{Error, Result};
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

impl<T: CauchyTransform> Search<'_, T> {
    /// The interval from the lowest to the highest point of the continuous part; none if the transform does not know its
    /// real solutions.
    pub(super) fn outer(
        &self,
        far: &FarMoments,
        workspace: &mut T::Workspace,
    ) -> Result<Option<[GapEnd; 2]>> {
        let mut end = |sign: f64| {
            let start = far.center - sign * far.radius;
            let guess = self.solve(start.into(), workspace)?.state;
            self.end(start, &guess, sign, far.radius, workspace)
        };
        let (low, high) = (end(1.0)?, end(-1.0)?);
        Ok(low.zip(high).map(<[GapEnd; 2]>::from))
    }

    /// The gap of the continuous part around `x`, where the unknowns are next to `guess`, in an interval of the given length.
    pub(super) fn gap(
        &self,
        x: f64,
        guess: &[Complex64],
        length: f64,
        workspace: &mut T::Workspace,
    ) -> Result<[GapEnd; 2]> {
        let mut end = |sign: f64| {
            let end = self.end(x, guess, sign, length, workspace)?;
            end.ok_or(Error::NoEdge { near: x, points: 0 })
        };
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
    ) -> Result<Option<GapEnd>> {
        let walked = |end: End| GapEnd {
            x: end.z,
            error: if end.state.is_some() { WALKED * end.z.abs() } else { 0.0 },
            state: end.state.map(|state| state.into_iter().map(Complex64::from).collect()),
        };
        let Some(end) = self.transform.walk(x, guess, sign, length, workspace) else { return Ok(None) };
        let end = end?;
        self.count(end.evaluations);
        if end.state.is_some() || !self.atoms.contains(&end.z) {
            return Ok(Some(walked(end)));
        }
        let Some((beyond, guess)) = &end.behind else { return Ok(Some(walked(end))) };
        let guess: Vec<Complex64> = guess.iter().copied().map(Complex64::from).collect();
        if let Some(Ok(other)) = self.transform.walk(*beyond, &guess, sign, length, workspace) {
            self.count(other.evaluations);
            return Ok(Some(walked(other)));
        }
        Ok(Some(walked(end)))
    }
}
