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

/// Unknowns and a direction in which they change.
type Both = [Vec<Complex64>; 2];

/// An equation in the unknowns with which real solutions are walked along.
#[derive(Debug, Clone)]
pub(crate) struct Walker<E> {
    pub(crate) equation: E,
    /// Its unknowns from those of the equation that points are solved for with, and the other way round; none where they are
    /// infinite.
    pub(crate) into: fn(&E, [&[Complex64]; 2]) -> Option<Both>,
    pub(crate) back: fn(&E, [&[Complex64]; 2]) -> Option<Both>,
}

impl<E: FixedPoint> Walker<E> {
    fn state_into(&self, state: &[Complex64]) -> Option<Vec<Complex64>> {
        (self.into)(&self.equation, [state, state]).map(|[state, _]| state)
    }

    fn state_back(&self, state: &[Complex64]) -> Option<Vec<Complex64>> {
        (self.back)(&self.equation, [state, state]).map(|[state, _]| state)
    }

    fn turn(&self, turn: &Turn, exchange: fn(&E, [&[Complex64]; 2]) -> Option<Both>) -> Option<Turn> {
        let [state, opening] = [&turn.state, &turn.opening].map(|x| complex(x));
        let real = |x: Vec<Complex64>| x.into_iter().map(|x| x.re).collect();
        let [state, opening] = exchange(&self.equation, [&state, &opening])?.map(real);
        Some(Turn { state, opening })
    }

    /// An end in the unknowns of the other equation.
    fn end(&self, end: End) -> End {
        let turn = end.turn.as_ref().and_then(|turn| self.turn(turn, self.back));
        let behind = end.behind.as_ref().and_then(|(x, state)| {
            let state = self.state_back(&complex(state))?;
            Some((*x, state.into_iter().map(|unknown| unknown.re).collect()))
        });
        End { turn, behind, ..end }
    }
}

fn complex(x: &[f64]) -> Vec<Complex64> {
    x.iter().copied().map(Complex64::from).collect()
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
    walker: Option<Walker<E>>,
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
            walker: None,
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
        self.beside(x, self.far.state())
    }

    fn beside(&self, x: f64, above: &[Complex64]) -> Vec<Complex64> {
        let share = self.far.height / (x - self.far.center);
        above.iter().map(|unknown| Complex64::from(unknown.re - share * unknown.im)).collect()
    }

    /// With an equation for compressed resolvents by which the support is found in walks along real solutions, or without.
    #[must_use]
    pub(crate) fn with_walker(self, walker: Option<Walker<E>>) -> Self {
        Self { walker, ..self }
    }

    pub(crate) fn walker(&self) -> Result<&Walker<E>> {
        self.walker.as_ref().ok_or(self.lost(self.far.center))
    }

    fn lost(&self, near: f64) -> Error {
        Error::NoEdge { near, points: 0 }
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
        self.walker.is_some()
    }

    fn far_state(&self, x: f64, _workspace: &mut Self::Workspace) -> Result<Vec<Complex64>> {
        let walker = self.walker()?;
        let above = walker.state_into(self.far.state());
        above.and_then(|above| walker.state_back(&self.beside(x, &above))).ok_or(self.lost(x))
    }

    fn walk(&self, x: f64, guess: &[Complex64], sign: f64, workspace: &mut Self::Workspace) -> Result<End> {
        let walker = self.walker()?;
        let guess = walker.state_into(guess).ok_or(self.lost(x))?;
        let outside = walker.equation.outside(x, &guess, workspace)?;
        let end = walker.equation.walk(&outside, sign, &self.runaways(), workspace)?;
        let evaluations = end.evaluations + outside.evaluations;
        Ok(walker.end(End { evaluations, ..end }))
    }

    fn turn_near(&self, z: f64, turn: &Turn, sign: f64, workspace: &mut Self::Workspace) -> Result<End> {
        let walker = self.walker()?;
        let turn = walker.turn(turn, walker.into).ok_or(self.lost(z))?;
        Ok(walker.end(walker.equation.turn_near(z, &turn, sign, workspace)?))
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
