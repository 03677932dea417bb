//! From the Cauchy transform of a law to its [`SpectralLaw`].

use num_complex::Complex64;

use super::free_law::FreeLaw;
use crate::error::{Error, Result};
use crate::law::{CauchyTransform, FORMULA, Singularity, SpectralLaw};
use crate::population::Atom;
use crate::solver::Solution;

/// A law whose Cauchy transform is evaluated instead of solved for.
struct Direct<'a> {
    law: &'a dyn FreeLaw,
    atoms: Vec<Atom>,
    intervals: Vec<[f64; 2]>,
}

/// The spectral law of a law.
///
/// # Errors
/// [`Error::InvalidArgument`] if the support is empty, not finite or not increasing, and
/// [`Error::NotCertified`] if the Cauchy transform is not that of a probability law on it.
pub(super) fn spectral(law: &dyn FreeLaw) -> Result<SpectralLaw> {
    let support = law.support();
    let allowed = "finite intervals [low, high] in increasing order, at least one";
    let ordered = support.windows(2).all(|pair| pair[0][1] <= pair[1][0]);
    let proper = support.iter().all(|[low, high]| low <= high && low.is_finite() && high.is_finite());
    if support.is_empty() || !ordered || !proper {
        return Err(Error::argument("support", format!("{support:?}"), allowed));
    }
    let atoms = law.atoms();
    let intervals: Vec<[f64; 2]> = support.into_iter().filter(|[low, high]| low < high).collect();
    if intervals.is_empty() {
        return SpectralLaw::discrete(&atoms);
    }
    SpectralLaw::build(&Direct { law, atoms, intervals })
}

impl CauchyTransform for Direct<'_> {
    type Workspace = ();

    fn workspace(&self) {}

    fn solve(&self, z: Complex64, (): &mut ()) -> Result<Solution> {
        let cauchy = self.law.cauchy_transform(z);
        if !cauchy.is_finite() {
            return Err(Error::argument("z", z, "a point where the Cauchy transform is finite"));
        }
        let error = f64::EPSILON;
        Ok(Solution { cauchy, state: Vec::new(), residual: 0.0, error, iterations: 1 })
    }

    fn solve_near(&self, z: Complex64, _: &[Complex64], (): &mut ()) -> Result<Solution> {
        self.solve(z, &mut ())
    }

    fn location_scale(&self) -> (f64, f64) {
        let moments = self.law.moments(2);
        let spread = (moments[1] - moments[0] * moments[0]).max(0.0).sqrt();
        // Where rounding leaves no variance, a part of the support's length serves as a scale.
        let atoms = self.atoms.iter().map(|atom| atom.location);
        let ends = self.intervals.iter().flatten().copied().chain(atoms);
        let [low, high] = ends.fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], x| [a.min(x), b.max(x)]);
        (moments[0], spread.clamp(0.05 * (high - low), high - low))
    }

    fn landmarks(&self) -> Vec<f64> {
        Vec::new()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone()
    }

    fn singularities(&self) -> Vec<Singularity> {
        self.law.singularities()
    }

    fn rounding(&self) -> f64 {
        FORMULA
    }

    fn intervals(&self) -> Option<Vec<[f64; 2]>> {
        Some(self.intervals.clone())
    }
}
