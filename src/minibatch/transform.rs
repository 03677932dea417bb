//! The Cauchy transform of the law of `Z`.

use num_complex::Complex64;

use crate::error::{Error, Result};
use crate::law::probe::probe;
use crate::law::{CauchyTransform, EquationTransform, Singularity};
use crate::population::Atom;
use crate::solver::walk::{End, Runaway, Turn, Walk};
use crate::solver::{Continuation, FixedPoint, Silverstein, Solution, Workspace};

/// Size of `P` below which its own pencil rounds less than that of `P - I`.
const ANNIHILATED: f64 = 0.5;

/// Where the search for a far solution starts: low, because far up the unknowns drown in rounding like
/// `1 / z`.
const FAR: Complex64 = Complex64::new(0.0, 32.0);

/// Evaluations of the map by which a law may take longer for every eigenvalue of the population.
const EVALUATIONS_PER_EIGENVALUE: usize = 1000;

/// Relative difference of moments in two bases up to which they are exact.
const EXPANDED: f64 = 1e-10;

/// Products that a law may take, some ten seconds' worth, and how many times more evaluations that may be.
const WORK: usize = 2_000_000_000;
const CHEAP: usize = 8;

/// Standard deviation of `P` beyond which a law counts as wide.
const WIDE: f64 = 10.0;

/// `G_Z(z) = -alpha B conj(G(-alpha B conj(z)))`, with `G` from the pencil of `P - I = -alpha B Z`: the map
/// reverses the line, hence the conjugates. The pencil of `P` serves with its argument moved by 1.
///
/// The equation of the pencil is Silverstein's for a population, the free-partition equation for given rows.
#[derive(Debug, Clone)]
pub struct ZTransform<E = Silverstein> {
    /// The transform in the argument of the pencil.
    pencil: EquationTransform<E>,
    /// `alpha B`, the step of one epoch.
    epoch_step: f64,
    /// What the operator of the pencil is at `Z = 0`: 0 for `P - I`, 1 for `P`.
    origin: f64,
    landmarks: Vec<f64>,
    atoms: Vec<Atom>,
    /// What is at 0 that the unknowns run off to infinity at.
    runaway: Option<Runaway>,
    mean: Option<f64>,
    /// What the law may have at 0.
    singularity: Singularity,
    /// Products that an evaluation of the equation takes; 0 if they are not counted.
    work: usize,
    /// Whether the expansion at infinity has the digits that a law is held against.
    expands: bool,
    /// Mass at 0 that the equation does not know: the law is this mass there, and else that of the equation.
    kernel: f64,
}

impl<E: FixedPoint> ZTransform<E> {
    pub(crate) fn new(
        equation: E,
        epoch_step: f64,
        origin: f64,
        landmarks: Vec<f64>,
        atoms: Vec<Atom>,
    ) -> Result<Self> {
        let state = equation.state_at_infinity(&mut equation.workspace());
        let pencil = match equation.moments().as_deref() {
            Some(&[_, m1, m2, m3, m4]) => {
                EquationTransform::from_moments(equation, [m1, m2, m3, m4], |_| state.clone())
            }
            _ => EquationTransform::new(equation, FAR, state),
        };
        let pencil = pencil.map_err(|error| in_z(error, origin, epoch_step))?;
        let runaway = (!atoms.is_empty()).then_some(Runaway::atom(origin));
        let singularity = Singularity::Pole(0.0);
        Ok(Self {
            pencil,
            epoch_step,
            origin,
            landmarks,
            atoms,
            runaway,
            mean: None,
            singularity,
            work: 0,
            expands: true,
            kernel: 0.0,
        })
    }

    /// The mean of the law, where it is known without the equation.
    pub(super) fn with_mean(self, mean: f64) -> Self {
        Self { mean: Some(mean), ..self }
    }

    /// Whether moments in the pencil are those of the expansion, as far as a law is held against them.
    pub(super) fn compared(self, moments: &[f64]) -> Self {
        let own = self.equation().moments().unwrap_or_default();
        let same = |(own, other): (&f64, &f64)| (own - other).abs() <= EXPANDED * own.abs();
        Self { expands: own.len() == moments.len() && own.iter().zip(moments).all(same), ..self }
    }

    pub(super) fn with_work(self, work: usize) -> Self {
        Self { work, ..self }
    }

    /// The law has a hard edge at 0, or larger steps push it across: then that is an inverse root from both sides.
    pub(super) fn with_hard_edge(self) -> Self {
        let edged = Self { runaway: Some(Runaway::hard_edge(self.origin)), ..self };
        let probed = probe(&edged, 0.0, edged.location_scale().1);
        let singularity = probed.ok().and_then(|probed| probed.singularity);
        Self { singularity: singularity.unwrap_or(edged.singularity), ..edged }
    }

    /// The law with this mass at 0, and the rest distributed like before.
    pub(super) fn with_kernel(mut self, kernel: f64) -> Self {
        if kernel > 0.0 {
            let varying = self.atoms.iter().map(|atom| atom.mass).sum::<f64>();
            self.atoms = vec![Atom { location: 0.0, mass: kernel + (1.0 - kernel) * varying }];
        }
        Self { kernel, ..self }
    }

    /// Whether `P` is so close to 0 throughout, and so far from the identity, that `P - I` loses it.
    pub(super) fn annihilates(&self) -> bool {
        let (center, spread) = self.pencil.location_scale();
        (center + 1.0 - self.origin).abs() + 3.0 * spread < ANNIHILATED
    }

    /// Whether `P` spreads so far that its unknowns do so over decades.
    pub(super) fn spreads(&self) -> bool {
        self.pencil.location_scale().1 > WIDE
    }

    /// The fixed-point equation behind the transform: that of `P - I`, or of `P` where that is
    /// close to 0.
    pub fn equation(&self) -> &E {
        self.pencil.equation()
    }

    /// The argument of the pencil that belongs to `z`.
    pub(crate) fn to_pencil(&self, z: Complex64) -> Complex64 {
        self.origin - self.epoch_step * z.conj()
    }

    /// A Cauchy transform of the pencil as one in `z`.
    pub(crate) fn to_z(&self, cauchy: Complex64) -> Complex64 {
        -self.epoch_step * cauchy.conj()
    }

    /// Moments `m_0, m_1, ...` in `Z` of a measure whose moments in the pencil are given.
    pub(super) fn moments_to_z(&self, pencil: &[f64]) -> Vec<f64> {
        // E (origin - a)^k / (alpha B)^k by the binomial theorem.
        let moment = |k: usize| -> f64 {
            let mut binomial = 1.0;
            let mut sum = 0.0;
            for (j, a) in pencil[..=k].iter().enumerate() {
                sum += binomial * self.origin.powi((k - j) as i32) * (-1.0f64).powi(j as i32) * a;
                binomial *= (k - j) as f64 / (j + 1) as f64;
            }
            sum / self.epoch_step.powi(k as i32)
        };
        (0..pencil.len()).map(moment).collect()
    }

    fn to_real_pencil(&self, z: f64) -> f64 {
        self.origin - self.epoch_step * z
    }

    /// An end of a gap in the argument of the pencil as one in `z`.
    fn end_in_z(&self, end: Result<End>) -> Result<End> {
        let mut end = end.map_err(|error| in_z(error, self.origin, self.epoch_step))?;
        let to_z = |z: f64| (self.origin - z) / self.epoch_step;
        end.z = to_z(end.z);
        end.error /= self.epoch_step;
        if let Some(turn) = &mut end.turn {
            turn.opening = scaled(&turn.opening, self.epoch_step.sqrt());
        }
        end.behind = end.behind.map(|(z, state)| (to_z(z), state));
        Ok(end)
    }

    /// What the solver says about the pencil, said about `Z`.
    fn in_z(&self, z: Complex64, result: Result<Solution>) -> Result<Solution> {
        let solution = result.map_err(|error| in_z(error, self.origin, self.epoch_step))?;
        let mut cauchy = self.to_z(solution.cauchy);
        if self.kernel > 0.0 {
            cauchy = self.kernel / z + (1.0 - self.kernel) * cauchy;
        }
        Ok(Solution { cauchy, ..solution })
    }
}

fn scaled(x: &[f64], factor: f64) -> Vec<f64> {
    x.iter().map(|x| factor * x).collect()
}

/// An error in the argument of the pencil as one in `z`.
fn in_z(error: Error, origin: f64, epoch_step: f64) -> Error {
    error.in_variable(|z| (origin - z.conj()) / epoch_step)
}

impl<E: FixedPoint> CauchyTransform for ZTransform<E> {
    type Workspace = Workspace<E::Buffers>;

    fn workspace(&self) -> Workspace<E::Buffers> {
        self.pencil.workspace()
    }

    fn solve(&self, z: Complex64, workspace: &mut Workspace<E::Buffers>) -> Result<Solution> {
        self.in_z(z, self.pencil.solve(self.to_pencil(z), workspace))
    }

    fn solve_near(
        &self,
        z: Complex64,
        guess: &[Complex64],
        workspace: &mut Workspace<E::Buffers>,
    ) -> Result<Solution> {
        self.in_z(z, self.pencil.solve_near(self.to_pencil(z), guess, workspace))
    }

    fn knows_real_solutions(&self) -> bool {
        true
    }

    fn far_state(&self, x: f64, _workspace: &mut Workspace<E::Buffers>) -> Result<Vec<Complex64>> {
        Ok(self.pencil.beside_far_point(self.to_real_pencil(x)))
    }

    fn walk(
        &self,
        x: f64,
        guess: &[Complex64],
        sign: f64,
        workspace: &mut Workspace<E::Buffers>,
    ) -> Result<End> {
        let equation = self.equation();
        let mut walked = || {
            let outside = equation.outside(self.to_real_pencil(x), guess, workspace)?;
            let mut end = equation.walk(&outside, -sign, self.runaway.as_slice(), workspace)?;
            end.evaluations += outside.evaluations;
            Ok(end)
        };
        self.end_in_z(walked())
    }

    fn turn_near(
        &self,
        z: f64,
        turn: &Turn,
        sign: f64,
        workspace: &mut Workspace<E::Buffers>,
    ) -> Result<End> {
        let turn = Turn { opening: scaled(&turn.opening, self.epoch_step.sqrt().recip()), ..turn.clone() };
        self.end_in_z(self.equation().turn_near(self.to_real_pencil(z), &turn, -sign, workspace))
    }

    fn location_scale(&self) -> (f64, f64) {
        let (center, spread) = self.pencil.location_scale();
        ((self.origin - center) / self.epoch_step, spread / self.epoch_step)
    }

    fn landmarks(&self) -> Vec<f64> {
        self.landmarks.clone()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone()
    }

    /// Each eigenvalue may have an interval of its own, and where evaluations are cheap there may be more of them.
    fn evaluation_limit(&self) -> usize {
        let limit = self.pencil.evaluation_limit() + EVALUATIONS_PER_EIGENVALUE * self.landmarks.len();
        let affordable = WORK.checked_div(self.work).unwrap_or(0);
        limit.max(affordable.min(CHEAP * limit))
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![self.singularity]
    }

    fn moments(&self) -> Option<[f64; 4]> {
        if !self.expands {
            return None;
        }
        let moments = self.moments_to_z(&self.equation().moments()?);
        let [m1, m2, m3, m4] = [1, 2, 3, 4].map(|order| (1.0 - self.kernel) * moments[order]);
        Some([self.mean.unwrap_or(m1), m2, m3, m4])
    }
}
