//! The Cauchy transform of the law of `Z`.

use num_complex::Complex64;

use crate::error::Result;
use crate::law::CauchyTransform;
use crate::population::Atom;
use crate::solver::continuation::{FarPoint, unphysical};
use crate::solver::{Silverstein, Solution, Workspace};

/// `G_Z(z) = -alpha B conj(G(-alpha B conj(z)))`, with `G` from the pencil of `P - I = -alpha B Z`: the map
/// reverses the line, hence the conjugates.
#[derive(Debug, Clone)]
pub struct ZTransform {
    silverstein: Silverstein,
    /// `alpha B`, the step of one epoch.
    epoch_step: f64,
    far: FarPoint,
    landmarks: Vec<f64>,
    atoms: Vec<Atom>,
}

impl ZTransform {
    pub(super) fn new(
        silverstein: Silverstein,
        epoch_step: f64,
        landmarks: Vec<f64>,
        atoms: Vec<Atom>,
    ) -> Result<Self> {
        let far = silverstein.far_point(&mut silverstein.workspace())?;
        Ok(Self { silverstein, epoch_step, far, landmarks, atoms })
    }

    /// The fixed-point equation of `P - I` behind the transform.
    pub fn silverstein(&self) -> &Silverstein {
        &self.silverstein
    }

    /// The argument of the pencil that belongs to `z`.
    pub(super) fn to_shifted(&self, z: Complex64) -> Complex64 {
        -self.epoch_step * z.conj()
    }

    /// A Cauchy transform of the pencil as one in `z`.
    pub(super) fn to_z(&self, cauchy: Complex64) -> Complex64 {
        -self.epoch_step * cauchy.conj()
    }

    fn solution_in_z(&self, solution: Solution) -> Solution {
        Solution { cauchy: self.to_z(solution.cauchy), ..solution }
    }
}

impl CauchyTransform for ZTransform {
    type Workspace = Workspace;

    fn workspace(&self) -> Workspace {
        self.silverstein.workspace()
    }

    fn solve(&self, z: Complex64, workspace: &mut Workspace) -> Result<Solution> {
        self.silverstein
            .solve_from(&self.far, self.to_shifted(z), workspace)
            .map(|solution| self.solution_in_z(solution))
    }

    fn solve_near(&self, z: Complex64, guess: &[Complex64], workspace: &mut Workspace) -> Result<Solution> {
        let solution = self.silverstein.iterate(self.to_shifted(z), guess, workspace)?;
        if !self.silverstein.is_physical(&solution.state) {
            return Err(unphysical(z));
        }
        Ok(self.solution_in_z(solution))
    }

    fn location_scale(&self) -> (f64, f64) {
        (-self.far.center / self.epoch_step, self.far.spread / self.epoch_step)
    }

    fn landmarks(&self) -> Vec<f64> {
        self.landmarks.clone()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone()
    }

    fn pole(&self) -> Option<f64> {
        Some(0.0)
    }
}
