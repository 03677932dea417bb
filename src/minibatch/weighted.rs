//! Cauchy transforms `phi(Q (z - Z)^-1)` of `Z` weighted by a positive operator `Q`.
//!
//! Two weights turn the law of `Z` into errors of the mean iterate (Lok, Sonthalia, Rebrova, ALT
//! 2025): the population covariance `Sigma`, for what is left of an isotropic initial error, and
//! `V = Xtilde^T Xtilde / n`, for what the label noise has added. Both transforms can be read off the
//! fixed point of the pencil of `P - I`: the first is the root entry of `g`, the second a quadratic
//! form on one batch's channel,
//!
//! ```text
//! V = (1/B) sum_b Pi_b W_b Pi_b,      phi(V (z - P)^-1) = omega^T (1 - c g A)^-1 g omega,
//! ```
//!
//! with `omega` the functional `Pi_b = sum_S omega[S] P_S` on the lattice of all subsets.

use num_complex::Complex64;

use super::model::MiniBatch;
use super::symmetric::effect_pencil;
use super::transform::ZTransform;
use crate::error::{Error, Result};
use crate::law::{CauchyTransform, Singularity, SpectralLaw};
use crate::population::{Atom, Population};
use crate::solver::silverstein::Buffers;
use crate::solver::walk::{End, Turn};
use crate::solver::{Solution, SolverOptions, Workspace};

/// By how much the tolerance of solves is loosened where the law is not found otherwise; its certificate stays as strict.
const COARSE: f64 = 100.0;

/// A finite positive measure: `mass` times a probability law.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WeightedLaw {
    pub(super) mass: f64,
    pub(super) law: SpectralLaw,
}

/// `phi(Sigma (z - Z)^-1)` as a measure, for any population.
pub(super) fn population_weighted(model: &MiniBatch) -> Result<WeightedLaw> {
    let mass = model.population().mean();
    let atoms = kernel_share(model.population(), model.aspect_ratio())
        .map(|share| Atom { location: 0.0, mass: share / mass })
        .into_iter()
        .collect();
    let (transform, weight) = (model.transform(SolverOptions::default())?, Weight::Population);
    let moments = weight.moments(&transform);
    // The equation is that of the features that vary; the others have no weight.
    let varying = model.population().varying().mean();
    let transform =
        Weighted { transform, weight, mass: varying, moments, atoms, pole: Some(0.0), walked: true };
    Ok(WeightedLaw { mass, law: transform.law()? })
}

/// `phi(V (z - Z)^-1)` as a measure, for equal batches. `V` vanishes where `Z` does, so there is no
/// atom and no pole.
pub(super) fn effect_weighted(model: &MiniBatch) -> Result<WeightedLaw> {
    let batches = model.batches();
    let ratio = model.aspect_ratio() * batches as f64;
    let (pencil, effect) = effect_pencil(batches, model.step_size(), ratio)?;
    let build = |options: SolverOptions| {
        let transform = model.transform_of_sparse(pencil.clone(), options)?;
        let weight = Weight::Effect(effect.clone());
        let moments = weight.moments(&transform);
        let mass = moments.map_or(f64::NAN, |[mass, ..]| mass);
        if !(mass.is_finite() && mass > 0.0) {
            let allowed = "a size for which the effect of the batches can be held in floating point";
            return Err(Error::argument("step_size", format!("{:e}", model.step_size()), allowed));
        }
        let transform =
            Weighted { transform, weight, mass, moments, atoms: Vec::new(), pole: None, walked: true };
        Ok(WeightedLaw { mass, law: transform.law()? })
    };
    // Next to the critical step the unknowns carry few digits, and now and then the iteration chases their rounding.
    let options = SolverOptions::default();
    build(options).or_else(|error| {
        build(SolverOptions { tolerance: COARSE * options.tolerance, ..options }).map_err(|_| error)
    })
}

/// `phi(Sigma Q)` with `Q` the projection on the kernel of the data, if there is one:
/// `lambda (W + lambda)^-1` tends to `Q` and is equivalent to `kappa (Sigma + kappa)^-1`, with
/// `gamma int t / (t + kappa) dH(t) = 1` (Bach, SIAM J. Math. Data Sci. 6, 2024, section 3).
fn kernel_share(population: &Population, aspect_ratio: f64) -> Option<f64> {
    if aspect_ratio * (1.0 - population.kernel()) <= 1.0 {
        return None;
    }
    let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
        population.as_atoms().iter().map(|atom| atom.mass * f(atom.location)).sum()
    };
    let (mut low, mut high) = (0.0, aspect_ratio * population.mean());
    // Halving reaches the spacing of floating-point numbers.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if aspect_ratio * mean(&|t| t / (t + middle)) > 1.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let kappa = 0.5 * (low + high);
    Some(mean(&|t| t * kappa / (t + kappa)))
}

/// What `Z` is weighted by.
enum Weight {
    Population,
    /// The functional `omega` on channel 0.
    Effect(Vec<f64>),
}

impl Weight {
    /// Mass and moments of the weighted measure, `m_0, ..., m_4`, from the equation as a power series.
    fn moments(&self, transform: &ZTransform) -> Option<[f64; 5]> {
        let pencil = match self {
            Self::Population => transform.equation().expansion(3)?.weighted_moments(),
            Self::Effect(effect) => transform.equation().expansion(5)?.form_moments(0, effect),
        };
        transform.moments_to_z(&pencil).try_into().ok()
    }
}

/// A weighted Cauchy transform, divided by its mass.
struct Weighted {
    transform: ZTransform,
    weight: Weight,
    mass: f64,
    /// Those of [`Weight::moments`].
    moments: Option<[f64; 5]>,
    atoms: Vec<Atom>,
    pole: Option<f64>,
    /// Whether the support is walked to.
    walked: bool,
}

impl Weighted {
    /// By walks along the real solutions for `Z`, by a search from inside of the support where they get lost.
    fn law(self) -> Result<SpectralLaw> {
        let walked = SpectralLaw::build(&self);
        walked.or_else(|_| SpectralLaw::build(&Self { walked: false, ..self }))
    }

    /// Replaces the Cauchy transform of `Z` at a solution by the weighted one.
    fn read(&self, z: Complex64, solution: Solution, workspace: &mut Workspace<Buffers>) -> Result<Solution> {
        let (silverstein, at) = (self.transform.equation(), self.transform.to_pencil(z));
        let raw = match &self.weight {
            Weight::Population => silverstein.weighted_root(at, &solution.state, workspace)?,
            Weight::Effect(effect) => silverstein.channel_form(at, &solution.state, 0, effect, workspace)?,
        };
        Ok(Solution { cauchy: self.transform.to_z(raw) / self.mass, ..solution })
    }
}

impl CauchyTransform for Weighted {
    type Workspace = Workspace<Buffers>;

    fn workspace(&self) -> Workspace<Buffers> {
        self.transform.workspace()
    }

    fn solve(&self, z: Complex64, workspace: &mut Workspace<Buffers>) -> Result<Solution> {
        let solution = self.transform.solve(z, workspace)?;
        self.read(z, solution, workspace)
    }

    fn solve_near(
        &self,
        z: Complex64,
        guess: &[Complex64],
        workspace: &mut Workspace<Buffers>,
    ) -> Result<Solution> {
        let solution = self.transform.solve_near(z, guess, workspace)?;
        self.read(z, solution, workspace)
    }

    fn knows_real_solutions(&self) -> bool {
        self.walked
    }

    fn far_state(&self, x: f64, workspace: &mut Workspace<Buffers>) -> Result<Vec<Complex64>> {
        self.transform.far_state(x, workspace)
    }

    fn walk(
        &self,
        x: f64,
        guess: &[Complex64],
        sign: f64,
        workspace: &mut Workspace<Buffers>,
    ) -> Result<End> {
        self.transform.walk(x, guess, sign, workspace)
    }

    fn turn_near(&self, z: f64, turn: &Turn, sign: f64, workspace: &mut Workspace<Buffers>) -> Result<End> {
        self.transform.turn_near(z, turn, sign, workspace)
    }

    fn location_scale(&self) -> (f64, f64) {
        self.transform.location_scale()
    }

    fn landmarks(&self) -> Vec<f64> {
        self.transform.landmarks()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone()
    }

    fn singularities(&self) -> Vec<Singularity> {
        self.pole.map(Singularity::Pole).into_iter().collect()
    }

    fn moments(&self) -> Option<[f64; 4]> {
        let [_, moments @ ..] = self.moments?;
        Some(moments.map(|moment| moment / self.mass))
    }
}
