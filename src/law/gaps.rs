//! The support from its gaps: transforms that know their real solutions are walked along to both ends of a gap.
//!
//! Both outer ends come from points beyond the circle that encloses the spectrum. Gaps between need one point each, which the
//! sampling of the density comes upon.

use num_complex::Complex64;

use super::spectral::SpectralLaw;
use super::support::Search;
use super::transform::CauchyTransform;
use crate::control;
use crate::error::{Error, Result};
use crate::resolve::axis::End;
use crate::solver::walk::{self, Turn};

/// Where the support is looked for on both sides of a singular place, relative to the distance from which that is seen.
const BESIDE: f64 = 0.1;

/// Distances from which ends alone are walked to, in those that a law begins with.
const FARTHER: [f64; 4] = [4.0, 16.0, 64.0, 256.0];

impl SpectralLaw {
    /// The lowest and the highest point of the continuous part of a law whose real solutions can be walked along, without the
    /// law between them. Nothing certifies them: parts of tiny mass may lie beyond.
    ///
    /// # Errors
    /// [`Error::NoEdge`] and others if the walks get lost.
    pub(crate) fn outer_edges<T: CauchyTransform>(transform: &T) -> Result<[f64; 2]> {
        let search = Search::new(transform);
        let mut workspace = search.workspace();
        let far = search.far_moments(transform.moments(), &mut workspace)?;
        // From farther out than a law that shows by its mass when something is missing.
        let mut edges = Err(Error::NoEdge { near: far.center, points: 0 });
        for distance in FARTHER.map(|factor| factor * far.radius) {
            edges = search.outer(far.center, distance, &mut workspace);
            if edges.is_ok() {
                break;
            }
        }
        Ok(edges?.map(|end| end.x))
    }
}

impl<T: CauchyTransform> Search<'_, T> {
    /// The end of an interval that a walk has led to.
    fn walked(&self, end: walk::End) -> End {
        let walk::End { z, error, turn, .. } = end;
        End { error, turn, ..self.end_at(z) }
    }

    /// The interval from the lowest to the highest point of the continuous part, seen from the given distance.
    pub(super) fn outer(&self, center: f64, distance: f64, workspace: &mut T::Workspace) -> Result<[End; 2]> {
        let end = |sign: f64, workspace: &mut T::Workspace| {
            let start = center - sign * distance;
            let guess = self.transform.far_state(start, workspace)?;
            self.end(start, &guess, sign, workspace)
        };
        self.both([1.0, -1.0], end, workspace)
    }

    /// The gap of the continuous part around `x`, where the unknowns are next to `guess`.
    pub(super) fn gap(&self, x: f64, guess: &[Complex64], workspace: &mut T::Workspace) -> Result<[End; 2]> {
        self.both([-1.0, 1.0], |sign, workspace| self.end(x, guess, sign, workspace), workspace)
    }

    /// The ends of an interval next to those of a neighbouring law.
    pub(super) fn turns_near(
        &self,
        ends: [f64; 2],
        turns: [&Turn; 2],
        workspace: &mut T::Workspace,
    ) -> Result<[End; 2]> {
        let end = |sign: f64, workspace: &mut T::Workspace| {
            let side = usize::from(sign < 0.0);
            let end = self.transform.turn_near(ends[side], turns[side], sign, workspace)?;
            self.count(end.evaluations)?;
            Ok(self.walked(end))
        };
        self.both([1.0, -1.0], end, workspace)
    }

    /// What walks in two directions lead to: they know nothing of each other.
    fn both(
        &self,
        signs: [f64; 2],
        end: impl Fn(f64, &mut T::Workspace) -> Result<End> + Sync,
        workspace: &mut T::Workspace,
    ) -> Result<[End; 2]> {
        let other = || {
            let mut workspace = self.workspace();
            let found = end(signs[1], &mut workspace);
            self.give_back(workspace);
            found
        };
        let (first, second) = control::join(|| end(signs[0], workspace), other);
        Ok([first?, second?])
    }

    /// The end of a gap of the continuous part in the direction `sign`, across an atom if there is one on the way.
    fn end(&self, x: f64, guess: &[Complex64], sign: f64, workspace: &mut T::Workspace) -> Result<End> {
        let end = match self.transform.walk(x, guess, sign, workspace) {
            Ok(end) => end,
            Err(error) => return self.singular_end(&error, sign, workspace).ok_or(error),
        };
        self.count(end.evaluations)?;
        let behind = end.behind.as_ref().filter(|_| self.atoms.contains(&end.z));
        if let Some((beyond, guess)) = behind {
            let guess: Vec<Complex64> = guess.iter().copied().map(Complex64::from).collect();
            if let Ok(other) = self.transform.walk(*beyond, &guess, sign, workspace) {
                self.count(other.evaluations)?;
                return Ok(self.walked(other));
            }
        }
        Ok(self.walked(end))
    }

    /// The singular place ahead of where a walk got lost, if the support begins there: unknowns that run off in another way than
    /// that of an atom or a hard edge are not followed to it.
    fn singular_end(&self, lost: &Error, sign: f64, workspace: &mut T::Workspace) -> Option<End> {
        let Error::NoEdge { near, .. } = *lost else { return None };
        let ahead = self.singular_places().filter(|place| sign * (place - near) > 0.0);
        let place = ahead.min_by(|a, b| (a - near).abs().total_cmp(&(b - near).abs()))?;
        let mut beside = |share: f64| self.inside(place + share * (place - near), workspace);
        matches!((beside(-BESIDE), beside(BESIDE)), (Ok(None), Ok(Some(_)))).then(|| self.end_at(place))
    }
}
