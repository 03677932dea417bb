//! The law of `Z` at infinitely many batches.

use num_complex::Complex64;

use super::epoch_kernel::EpochKernel;
use super::{Atom, SmallBatchOrder, SmallBatches};
use crate::error::{Error, Result};
use crate::law::{CauchyTransform as _, SpectralLaw};
use crate::minibatch::ZTransform;
use crate::population::{self, Population};
use crate::solver::SolverOptions;

/// Imaginary part of the Cauchy transform from which on there is a density.
const ROUND: f64 = 1e-6;

/// What the polynomials may leave of the decays for a law, which errs by the square.
const LEFT: f64 = 1e-7;

impl SmallBatches {
    /// Limiting law of the eigenvalues of `Z` in infinitely many batches, reshuffled every epoch. That of `B` batches is
    /// `O(1 / B)` away.
    ///
    /// ```
    /// use freespectra::Population;
    /// use freespectra::minibatch::SmallBatches;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let law = SmallBatches::new(&Population::identity(), 0.5, 1.0, |_| 1.0, 0.0)?.law()?;
    /// assert!((law.density(0.3) - 0.908_321_724_382).abs() < 1e-9);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`MiniBatch::law`](crate::MiniBatch::law); [`crate::Error::InvalidArgument`] for methods beyond plain descent.
    /// Large steps turn a part of the spectrum of `P` round, below 0, with an end next to which the density grows like one
    /// over the root of the distance, and a kink inside: for the identity from `a = 1.25` at aspect ratio 0.5, from 0.5 at 2.
    /// The step is then refused; single points of the [transform](SmallBatches::transform) can be solved
    /// for all the same, and so can many batches.
    pub fn law(&self) -> Result<SpectralLaw> {
        let transform = self.transform(SolverOptions::default())?;
        SpectralLaw::build(&transform).map_err(|error| {
            let is_unresolved = match error {
                Error::NoEdge { .. } | Error::NotCertified { .. } => true,
                // Points of an interval rather than work in all.
                Error::OutOfBudget { limit, .. } => limit != transform.evaluation_limit(),
                _ => false,
            };
            // Without eigenvalues of P below 0 there is no such edge.
            let below = Complex64::new(1.0 / self.epoch_step, 0.0);
            let is_round = || {
                let solution = transform.solve(below, &mut transform.workspace());
                solution.is_ok_and(|solution| solution.cauchy.im < -ROUND)
            };
            if is_unresolved && is_round() {
                let allowed = "a smaller one, or a number of batches: the law of infinitely many has an edge of infinite density \
                               that is not resolved";
                return Error::argument("epoch_step", self.given_step, allowed);
            }
            error
        })
    }

    /// The Cauchy transform of that law, to be solved for at single points.
    ///
    /// # Errors
    /// As for [`MiniBatch::transform`](crate::MiniBatch::transform); [`crate::Error::InvalidArgument`] for methods beyond plain
    /// descent.
    pub fn transform(&self, options: SolverOptions) -> Result<ZTransform<EpochKernel>> {
        self.transform_leaving(LEFT, options)
    }

    /// The same, with so many polynomials that they leave this of the decays.
    pub(super) fn transform_leaving(
        &self,
        left: f64,
        options: SolverOptions,
    ) -> Result<ZTransform<EpochKernel>> {
        self.check_plain(SmallBatchOrder::Cyclic)?;
        let varying: Population = self.population.varying();
        let kernel = self.population.kernel();
        let ratio = self.aspect_ratio * (1.0 - kernel);
        let atoms: Vec<Atom> = varying
            .as_atoms()
            .iter()
            .map(|atom| Atom { t: atom.location, mass: atom.mass, source: 0.0 })
            .collect();
        let a = self.epoch_step;
        let equation = EpochKernel::new(&atoms, a, ratio, left, options)?;
        let image = |t: f64| -(-a * t).exp_m1() / a;
        let images: Vec<f64> = atoms.iter().map(|atom| image(atom.t)).collect();
        let mean = self.atoms.iter().map(|atom| atom.mass * image(atom.t)).sum();
        let at_zero = population::Atom { location: 0.0, mass: 1.0 - 1.0 / ratio };
        let idle = if ratio > 1.0 { vec![at_zero] } else { Vec::new() };
        let transform = ZTransform::new(equation, a, 0.0, images, idle)?.with_mean(mean).with_kernel(kernel);
        Ok(if ratio == 1.0 { transform.with_hard_edge() } else { transform })
    }
}
