//! A fixed-point equation as a Cauchy transform.

use num_complex::Complex64;

use super::transform::{CauchyTransform, EVALUATION_LIMIT, Singularity};
use crate::error::{Error, Result};
use crate::population::Atom;
use crate::solver::continuation::FarPoint;
use crate::solver::walk::{End, Runaway, Turn, Walk};
use crate::solver::{Continuation, FixedPoint, Solution, Workspace};

/// Height above the mean, in standard deviations, at which the far solution is looked for.
const HEIGHT: f64 = 6.5;

/// Height above the mean in units of what the fourth moment tells of the radius, at which a spectrum is far, and the
/// share of the fourth moment below which that is rounding.
const FAR_RADII: f64 = 1.5;
const ROUNDING: f64 = 1e-12;

/// How far a law with these first moments reaches about its mean, roughly.
pub(super) fn reach(moments: [f64; 4]) -> f64 {
    FAR_RADII * radius(moments)
}

/// Distance of the far parts from the mean, the root of the fourth central moment over the variance.
fn radius([m1, m2, m3, m4]: [f64; 4]) -> f64 {
    let (second, fourth) = (m2 - m1 * m1, m4 - 4.0 * m3 * m1 + 6.0 * m2 * m1 * m1 - 3.0 * m1.powi(4));
    if fourth > ROUNDING * m4 && second > ROUNDING * m2 { (fourth / second).sqrt() } else { 0.0 }
}

/// Where to look for the far solution of a law with these first moments.
pub(crate) fn far_start(moments: [f64; 4]) -> Complex64 {
    let variance = (moments[1] - moments[0] * moments[0]).max(0.0);
    Complex64::new(moments[0], HEIGHT * variance.sqrt())
}

/// The Cauchy transform that an equation has as its output, with what is known of the law beforehand.
#[derive(Debug, Clone)]
pub struct EquationTransform<E> {
    equation: E,
    far: FarPoint,
    landmarks: Vec<f64>,
    atoms: Vec<Atom>,
    singularities: Vec<Singularity>,
    moments: Option<[f64; 4]>,
    evaluation_limit: usize,
    walked: bool,
}

impl<E: FixedPoint> EquationTransform<E> {
    /// Solves the equation far above the spectrum, starting at `start` with the unknowns `state`.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if no far solution is found, [`Error::NoSpread`] if the law is no wider than
    /// rounding.
    pub fn new(equation: E, start: Complex64, state: Vec<Complex64>) -> Result<Self> {
        let far = equation.far_point(start, state, &mut equation.workspace())?;
        Ok(Self::around(equation, far))
    }

    fn around(equation: E, far: FarPoint) -> Self {
        Self {
            equation,
            far,
            landmarks: Vec::new(),
            atoms: Vec::new(),
            singularities: Vec::new(),
            moments: None,
            evaluation_limit: EVALUATION_LIMIT,
            walked: false,
        }
    }

    /// The same for a law whose first moments are known. They tell where is far: heavy atoms and a few eigenvalues at
    /// a distance make a small deviation of a wide spectrum. `state` gives unknowns to start from.
    pub(crate) fn from_moments(
        equation: E,
        moments: [f64; 4],
        state: impl Fn(Complex64) -> Vec<Complex64>,
    ) -> Result<Self> {
        let start = far_start(moments);
        let (center, spread) = (start.re, start.im / HEIGHT);
        if spread <= f64::EPSILON * center.abs() {
            return Err(Error::NoSpread { location: center, spread });
        }
        if reach(moments) <= start.im {
            return Ok(Self::new(equation, start, state(start))?.with_moments(moments));
        }
        let z = Complex64::new(center, reach(moments));
        let solution = equation.iterate(z, &state(z), &mut equation.workspace())?;
        let far = FarPoint::new(center, spread, z.im, solution.state);
        Ok(Self::around(equation, far).with_moments(moments))
    }

    /// Unknowns at the real point `x` far outside of the support if they differ from those at infinity by multiples of
    /// `1 / (x - mean)`, as those of a pencil do to lowest order: then they are what the imaginary parts above the mean are.
    pub(crate) fn beside_far_point(&self, x: f64) -> Vec<Complex64> {
        let share = self.far.height / (x - self.far.center);
        self.far.state().iter().map(|unknown| Complex64::from(unknown.re - share * unknown.im)).collect()
    }

    /// Whether the support is found by walks along real solutions, whose unknowns have to be compressed resolvents.
    #[must_use]
    pub(crate) fn with_walks(self, walked: bool) -> Self {
        Self { walked, ..self }
    }

    /// Where the unknowns may run off to infinity.
    fn runaways(&self) -> Vec<Runaway> {
        let singular = self.singularities.iter().map(|singularity| singularity.location());
        let atoms = || self.atoms.iter().map(|atom| atom.location);
        let others = singular.filter(|&place| atoms().all(|atom| atom != place));
        atoms().map(Runaway::atom).chain(others.map(|at| Runaway { at, power: None })).collect()
    }

    /// Points that are likely to lie inside the support.
    #[must_use]
    pub fn with_landmarks(self, landmarks: Vec<f64>) -> Self {
        Self { landmarks, ..self }
    }

    /// The atoms that are known.
    #[must_use]
    pub fn with_atoms(self, atoms: Vec<Atom>) -> Self {
        Self { atoms, ..self }
    }

    /// The singular points that are known.
    #[must_use]
    pub fn with_singularities(self, singularities: Vec<Singularity>) -> Self {
        Self { singularities, ..self }
    }

    /// Evaluations of the fixed-point map after which the law is given up, 50 000 by default.
    #[must_use]
    pub fn with_evaluation_limit(self, evaluation_limit: usize) -> Self {
        Self { evaluation_limit, ..self }
    }

    /// The first four moments, from elsewhere.
    #[must_use]
    pub fn with_moments(self, moments: [f64; 4]) -> Self {
        Self { moments: Some(moments), ..self }
    }

    /// The equation.
    pub fn equation(&self) -> &E {
        &self.equation
    }
}

impl<E: FixedPoint> CauchyTransform for EquationTransform<E> {
    type Workspace = Workspace<E::Buffers>;

    fn workspace(&self) -> Self::Workspace {
        self.equation.workspace()
    }

    fn solve(&self, z: Complex64, workspace: &mut Self::Workspace) -> Result<Solution> {
        self.equation.solve_from(&self.far, z, workspace)
    }

    fn solve_near(
        &self,
        z: Complex64,
        guess: &[Complex64],
        workspace: &mut Self::Workspace,
    ) -> Result<Solution> {
        let solution = self.equation.iterate(z, guess, workspace)?;
        if !self.equation.is_physical(&solution.state) {
            return Err(Error::Unphysical { z, iterations: solution.iterations });
        }
        Ok(solution)
    }

    fn knows_real_solutions(&self) -> bool {
        self.walked
    }

    fn far_state(&self, x: f64, _workspace: &mut Self::Workspace) -> Result<Vec<Complex64>> {
        Ok(self.beside_far_point(x))
    }

    fn walk(&self, x: f64, guess: &[Complex64], sign: f64, workspace: &mut Self::Workspace) -> Result<End> {
        let outside = self.equation.outside(x, guess, workspace)?;
        let end = self.equation.walk(&outside, sign, &self.runaways(), workspace)?;
        let evaluations = end.evaluations + outside.evaluations;
        Ok(End { evaluations, ..end })
    }

    fn turn_near(&self, z: f64, turn: &Turn, sign: f64, workspace: &mut Self::Workspace) -> Result<End> {
        self.equation.turn_near(z, turn, sign, workspace)
    }

    fn location_scale(&self) -> (f64, f64) {
        (self.far.center, self.far.spread)
    }

    fn landmarks(&self) -> Vec<f64> {
        self.landmarks.clone()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone()
    }

    fn singularities(&self) -> Vec<Singularity> {
        self.singularities.clone()
    }

    fn evaluation_limit(&self) -> usize {
        self.evaluation_limit
    }

    fn moments(&self) -> Option<[f64; 4]> {
        self.moments
    }
}
