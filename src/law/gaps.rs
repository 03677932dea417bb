//! The support from its gaps: transforms that know their real solutions are walked along to both ends of a gap.
//!
//! Both outer ends come from points beyond the circle that encloses the spectrum. Gaps between need one point each, which the
//! sampling of the density comes upon.

use num_complex::Complex64;

use super::support::{FarMoments, Search};
use super::transform::CauchyTransform;
use crate::error::Result;

/// Factor by which the distance to an atom falls until there is a gap beside it.
const CLOSER: f64 = 0.1;

/// Distance to an atom, relative to the size of the spectrum, below which there is none.
const CLOSEST: f64 = 1e-16;

impl<T: CauchyTransform> Search<'_, T> {
    /// The interval from the lowest to the highest point of the continuous part; none if the transform does not know its
    /// real solutions.
    pub(super) fn outer(
        &self,
        far: &FarMoments,
        workspace: &mut T::Workspace,
    ) -> Result<Option<(f64, f64)>> {
        let mut ends = [0.0; 2];
        for (end, sign) in ends.iter_mut().zip([1.0, -1.0]) {
            let start = far.center - sign * far.radius;
            let guess = self.solve(start.into(), workspace)?.state;
            let Some(found) = self.end(start, &guess, sign, far.radius, workspace)? else { return Ok(None) };
            *end = found;
        }
        Ok(Some((ends[0], ends[1])))
    }

    /// The gap of the continuous part around `x`, in an interval of the given length; none if the transform does not know its
    /// real solutions.
    pub(super) fn gap_at(
        &self,
        x: f64,
        length: f64,
        workspace: &mut T::Workspace,
    ) -> Result<Option<(f64, f64)>> {
        let guess = self.solve(x.into(), workspace)?.state;
        let low = self.end(x, &guess, -1.0, length, workspace)?;
        let high = self.end(x, &guess, 1.0, length, workspace)?;
        Ok(low.zip(high))
    }

    /// The end of a gap of the continuous part in the direction `sign`, across an atom if there is one on the way.
    fn end(
        &self,
        x: f64,
        guess: &[Complex64],
        sign: f64,
        length: f64,
        workspace: &mut T::Workspace,
    ) -> Result<Option<f64>> {
        let Some(end) = self.transform.walk(x, guess, sign, length, workspace) else { return Ok(None) };
        let end = end?;
        self.count(end.evaluations);
        if end.state.is_some() || !self.atoms.contains(&end.z) {
            return Ok(Some(end.z));
        }
        let mut distance = length;
        while distance > CLOSEST * (length + end.z.abs()) {
            distance *= CLOSER;
            let beyond = end.z + sign * distance;
            let Ok(solution) = self.solve(beyond.into(), workspace) else { continue };
            if let Some(Ok(other)) =
                self.transform.walk(beyond, &solution.state, sign, distance, workspace)
            {
                self.count(other.evaluations);
                return Ok(Some(other.z));
            }
        }
        Ok(Some(end.z))
    }
}
