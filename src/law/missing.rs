//! The search for parts of the support that the law found so far lacks.
//!
//! They are located by the smoothed density `-Im G(x + i eta) / pi`: minus the same of the law found so far, it
//! is the Poisson integral of what is missing, and its peak is followed down in `eta` until a real point with
//! positive density is reached, or an atom.

use num_complex::Complex64;

use super::support::Search;
use super::transform::CauchyTransform;
use crate::error::Result;
use crate::population::Atom;
use crate::resolve::axis::Sample;

/// Height, relative to the spread, below which a peak that does not lose mass is an atom.
const ATOM_WIDTH: f64 = 1e-6;

/// What is found where mass is missing.
#[derive(Debug)]
pub(super) enum Found {
    /// A point of an interval.
    Inside(Sample),
    /// An atom.
    Atom(Atom),
}

impl<T: CauchyTransform> Search<'_, T> {
    /// A point inside a part of the support that `known` (the Cauchy transform of the law found so
    /// far) lacks, searched in `gaps`; or an atom that it lacks.
    pub(super) fn missing(
        &self,
        gaps: &[(f64, f64)],
        known: &dyn Fn(Complex64) -> Complex64,
        workspace: &mut T::Workspace,
    ) -> Result<Option<Found>> {
        const FIRST: usize = 24;
        const ZOOM: usize = 9;
        let mut peak: Option<(f64, f64, f64)> = None; // (missing mass, x, eta)
        let scan = |low: f64,
                    high: f64,
                    points: usize,
                    peak: &mut Option<(f64, f64, f64)>,
                    workspace: &mut T::Workspace|
         -> Result<()> {
            let eta = (high - low) / points as f64;
            let mut state: Option<Vec<Complex64>> = None;
            for j in 0..points {
                let z = Complex64::new(low + (j as f64 + 0.5) * eta, eta);
                let warm = state.as_ref().and_then(|state| self.solve_near(z, state, workspace).ok());
                let solution = match warm {
                    Some(solution) if solution.cauchy.im < 0.0 => solution,
                    _ => self.solve(z, workspace)?,
                };
                let mass = -(solution.cauchy - known(z)).im * eta;
                if peak.is_none_or(|(best, ..)| mass > best) {
                    *peak = Some((mass, z.re, eta));
                }
                state = Some(solution.state);
            }
            Ok(())
        };
        for &(low, high) in gaps {
            scan(low, high, FIRST, &mut peak, workspace)?;
        }
        let gap = peak.and_then(|(_, x, _)| gaps.iter().find(|(low, high)| *low < x && x < *high));
        let &(from, to) = gap.unwrap_or(&(f64::NEG_INFINITY, f64::INFINITY));
        let Some((mut mass, mut x, mut eta)) = peak else { return Ok(None) };
        for _ in 0..48 {
            if let Ok(Some(point)) = self.inside(x, workspace) {
                return Ok(Some(Found::Inside(point)));
            }
            let mut next = None;
            let (low, high) = ((x - 2.0 * eta).max(from), (x + 2.0 * eta).min(to));
            scan(low, high, ZOOM, &mut next, workspace)?;
            let Some((next_mass, next_x, next_eta)) = next else { return Ok(None) };
            // The share of a continuous part in the peak shrinks with its width; that of an atom stays.
            let persists = next_mass > 0.9 * mass && next_eta < ATOM_WIDTH * self.spread;
            (mass, x, eta) = (next_mass, next_x, next_eta);
            if persists && let Ok(Some(atom)) = self.atom(x, eta, known, workspace) {
                return Ok(Some(Found::Atom(atom)));
            }
        }
        Ok(None)
    }

    /// The atom at distance below `eta` from `x`, from two values of the missing part of `G`, which is
    /// `mass / (z - location)` there up to a bounded function.
    pub(super) fn atom(
        &self,
        x: f64,
        eta: f64,
        known: &dyn Fn(Complex64) -> Complex64,
        workspace: &mut T::Workspace,
    ) -> Result<Option<Atom>> {
        let mut missing = |eta: f64| {
            let z = Complex64::new(x, eta);
            Ok((z, self.solve(z, workspace)?.cauchy - known(z)))
        };
        let ((near, value), (far, far_value)) = (missing(eta)?, missing(2.0 * eta)?);
        let location = (far * far_value - near * value) / (far_value - value);
        let mass = value * (near - location);
        let fits =
            (location.re - x).abs() < eta && location.im.abs() < 1e-3 * eta && mass.im.abs() < 1e-3 * mass.re;
        Ok(fits.then_some(Atom { location: location.re, mass: mass.re }))
    }
}
