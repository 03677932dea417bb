//! From a model to the law of `Z`: which basis of the pencil rounds least.
//!
//! All bases have the same solution, and the certificate of the law decides in the end. But `P - I`
//! loses directions that an epoch annihilates, `P` loses those that it leaves alone, and diverging
//! steps spread the unknowns over decades.

use super::model::MiniBatch;
use super::symmetric::Operator;
use super::transform::ZTransform;
use crate::error::Result;
use crate::law::{ExplicitTransform, SpectralLaw, Trail};
use crate::solver::{FixedPoint, Pencil, Silverstein, SolverOptions};

/// Distance of the aspect ratio from 1 below which the support comes close to zero.
const HARD_EDGE: f64 = 0.05;

/// Eigenvalue of `P` that counts as annihilated: `P - I` has lost this many digits of it.
const ANNIHILATED: f64 = 1e-3;

/// Aspect ratio below which the support of `Z` stays well away from zero.
const SPANNED: f64 = 0.5;

/// Grading of the unknowns of diverging steps: every row in its own units.
const BY_ROW: f64 = 1.0;

/// Window of the acceleration for diverging steps: their slow directions are more than a few.
const WIDE_WINDOW: usize = 16;

/// Grading where some unknowns vanish and would otherwise be measured by their rounding: all rows in
/// common units.
const COMMON: f64 = 0.0;

/// Batches up to which unknowns are measured in units between common ones and their own. With more, the
/// small ones are differences of so many others that the iteration would chase their rounding.
const FEW_BATCHES: usize = 24;

/// The basis in which the fixed point is iterated. All give the same law; they round differently.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Basis {
    /// `P - I` as it comes: the unknowns of an epoch that annihilates some directions stay small.
    Plain,
    /// `P - I` with the root apart, for a nearly hard edge at zero.
    RootApart,
    /// The same with every unknown measured by its own size, for steps that diverge.
    Graded,
    /// `P` itself, where it is small throughout.
    Epoch,
}

impl MiniBatch {
    /// Limiting law of the eigenvalues of `Z`.
    ///
    /// # Errors
    /// If the law cannot be computed to its tolerance: [`crate::Error::NotConverged`],
    /// [`crate::Error::Unphysical`], [`crate::Error::NoEdge`] or [`crate::Error::OutOfBudget`] from the solver, with
    /// the argument of `Z`, and [`crate::Error::NotCertified`] from the check of the result.
    pub fn law(&self) -> Result<SpectralLaw> {
        self.law_with(SolverOptions::default())
    }

    /// Limiting law of the eigenvalues of `Z`, with options for the solver.
    ///
    /// # Errors
    /// As for [`MiniBatch::law`], and from [`SolverOptions::validated`].
    pub fn law_with(&self, options: SolverOptions) -> Result<SpectralLaw> {
        self.law_along(options, &mut Trail::default())
    }

    pub(super) fn law_along(&self, options: SolverOptions, trail: &mut Trail) -> Result<SpectralLaw> {
        if self.batches() == 1 {
            options.validated()?;
            let population = self.population().as_atoms();
            return SpectralLaw::build(&ExplicitTransform::sample_covariance(
                self.aspect_ratio(),
                population,
            ));
        }
        let (transform, others) = self.plan(options)?;
        SpectralLaw::build_near(&transform, trail).or_else(|error| {
            let mut law = |basis: &Basis| {
                SpectralLaw::build_near(&self.transform_in(*basis, options).ok()?, trail).ok()
            };
            others.iter().find_map(&mut law).ok_or(error)
        })
    }

    /// The Cauchy transform of the law of `Z`, to be solved for at single points.
    ///
    /// # Errors
    /// From [`SolverOptions::validated`], and [`crate::Error::NotConverged`] if not even the far field can
    /// be solved for.
    pub fn transform(&self, options: SolverOptions) -> Result<ZTransform> {
        Ok(self.plan(options)?.0)
    }

    /// The same for a given pencil of `P - I`.
    ///
    /// # Errors
    /// As for [`MiniBatch::transform`].
    pub fn transform_of(&self, pencil: Pencil, options: SolverOptions) -> Result<ZTransform> {
        if self.has_hard_edge() {
            return self.transform_of_sparse(pencil.with_root_apart(), options);
        }
        let silverstein = Silverstein::new(pencil, self.population().varying(), options)?;
        self.z_transform(silverstein, 0.0)
    }

    /// The same for a pencil some of whose unknowns vanish.
    pub(super) fn transform_of_sparse(&self, pencil: Pencil, options: SolverOptions) -> Result<ZTransform> {
        let silverstein =
            Silverstein::new(pencil, self.population().varying(), options)?.with_grading(COMMON);
        self.z_transform(silverstein, 0.0)
    }

    /// The transform of an equation for the features that vary. The columns of the others are 0, and so are their eigenvalues.
    fn z_transform(&self, silverstein: Silverstein, origin: f64) -> Result<ZTransform> {
        let (mut images, work) = (self.classical_eigenvalues(), silverstein.work());
        // The batches need not be free for the mean: it is that of the classical limit.
        let atoms = self.population().as_atoms().iter().zip(&images);
        let mean = atoms.map(|(atom, image)| atom.mass * image).sum();
        images.retain(|&image| image != 0.0);
        let transform = ZTransform::new(silverstein, self.epoch_step(), origin, images, self.atoms())?;
        let transform = transform.with_mean(mean).with_kernel(self.population().kernel()).with_work(work);
        Ok(if self.varying_ratio() == 1.0 { transform.with_hard_edge() } else { transform })
    }

    fn transform_in(&self, basis: Basis, options: SolverOptions) -> Result<ZTransform> {
        let (pencil, origin, grading) = match basis {
            Basis::Plain => (self.pencil()?, 0.0, (self.batches() > FEW_BATCHES).then_some(COMMON)),
            Basis::RootApart => (self.pencil()?.with_root_apart(), 0.0, Some(COMMON)),
            Basis::Graded => (self.pencil()?.with_root_apart(), 0.0, Some(BY_ROW)),
            Basis::Epoch => (self.symmetric_pencil(Operator::Epoch)?, 1.0, None),
        };
        let window = if basis == Basis::Graded { options.window.max(WIDE_WINDOW) } else { options.window };
        let options = SolverOptions { window, ..options };
        let mut silverstein = Silverstein::new(pencil, self.population().varying(), options)?;
        if let Some(grading) = grading {
            silverstein = silverstein.with_grading(grading);
        }
        let transform = self.z_transform(silverstein, origin)?;
        if basis != Basis::Graded {
            return Ok(transform);
        }
        // Products of many factors of very different sizes may leave rounding of what vanishes by their order.
        let plain = Silverstein::new(self.pencil()?, self.population().varying(), options)?;
        Ok(transform.compared(&plain.moments().unwrap_or_default()))
    }

    /// The transform in the most promising basis, and the bases to fall back on.
    fn plan(&self, options: SolverOptions) -> Result<(ZTransform, Vec<Basis>)> {
        let others = |first: Basis| {
            let mut others = vec![Basis::Graded, Basis::RootApart, Basis::Plain];
            others.retain(|basis| *basis != first);
            others
        };
        let plain = if self.has_hard_edge() { Basis::RootApart } else { Basis::Plain };
        let symmetric = self.is_symmetric();
        let annihilates = |transform: &ZTransform| {
            transform.annihilates() || !transform.spreads() && self.annihilates_some()
        };
        match self.transform_in(plain, options) {
            Ok(transform) if symmetric && annihilates(&transform) => {
                Ok((self.transform_in(Basis::Epoch, options)?, vec![plain]))
            }
            Ok(transform) if !transform.spreads() => Ok((transform, others(plain))),
            Ok(_) => Ok((self.transform_in(Basis::Graded, options)?, others(Basis::Graded))),
            Err(_) => {
                // P may be so close to 0 that P - I has no spread left beyond rounding.
                let epoch = if symmetric { self.transform_in(Basis::Epoch, options).ok() } else { None };
                match epoch.filter(ZTransform::annihilates) {
                    Some(epoch) => Ok((epoch, Vec::new())),
                    None => Ok((self.transform_in(Basis::Graded, options)?, others(Basis::Graded))),
                }
            }
        }
    }

    fn has_hard_edge(&self) -> bool {
        (self.varying_ratio() - 1.0).abs() < HARD_EDGE
    }

    /// Whether an epoch annihilates some directions while none is left alone (`P` has no atom at the
    /// identity, nor a hard edge next to it), so that `P` is the better variable.
    fn annihilates_some(&self) -> bool {
        let annihilated = |z: f64| (1.0 - self.epoch_step() * z).abs() < ANNIHILATED;
        self.varying_ratio() < SPANNED && self.classical_eigenvalues().into_iter().any(annihilated)
    }
}
