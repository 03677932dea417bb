//! Sample covariances with a population (Marchenko and Pastur, Math. USSR Sb. 1, 1967; Silverstein, J. Multivariate
//! Anal. 55, 1995): the law of `Sigma^{1/2} Y Sigma^{1/2}` with a free Marchenko-Pastur `Y`
//!
//! ```text
//! G(z) = int omega / (z (omega - t)) dH(t),    omega = z - ratio int t omega / (omega - t) dH(t).
//! ```
//!
//! `1 / omega` is the Cauchy transform of the companion `X X^T / n`, which is compound free Poisson of rate
//! `ratio`. The law itself is not: its R-transform is not rational unless the population is a point.

use num_complex::Complex64;

use super::Discrete;
use crate::error::{Error, Result, positive};
use crate::free::{FreeLaw, FreeLevy, Jump};
use crate::law::{Ensemble, ExplicitTransform, Singularity, SpectralLaw, moments_from_free_cumulants};
use crate::population::Atom;

/// The limit of `X^T X / n`, rows with a population covariance, `p / n -> ratio`.
#[derive(Debug, Clone)]
pub struct SampleCovariance {
    ratio: f64,
    population: Discrete,
    companion: FreeLevy,
    spectral: SpectralLaw,
}

impl SampleCovariance {
    /// The law of `p / n -> ratio` and a population, from the explicit inverse of Silverstein's equation.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the ratio is finite and positive, and the population has mass above 0
    /// and none below; from [`SpectralLaw::build`].
    pub fn new(ratio: f64, population: impl Into<Discrete>) -> Result<Self> {
        let (ratio, population) = (positive("ratio", ratio)?, population.into());
        let atoms = population.as_atoms();
        let (lowest, largest) = (atoms[0].location, atoms[atoms.len() - 1].location);
        if lowest < 0.0 || largest <= 0.0 {
            let range = format!("eigenvalues in [{lowest}, {largest}]");
            return Err(Error::argument("population", range, "eigenvalues that are not negative, nor all 0"));
        }
        let positive = atoms.iter().filter(|atom| atom.location > 0.0);
        let jump = |atom: &Atom| Jump { size: atom.location, rate: ratio * atom.mass };
        let companion = FreeLevy { jumps: positive.map(jump).collect(), ..FreeLevy::default() };
        let spectral = SpectralLaw::build(&ExplicitTransform::sample_covariance(ratio, atoms))?;
        Ok(Self { ratio, population, companion, spectral })
    }

    /// The law as it was solved for.
    pub fn spectral(&self) -> &SpectralLaw {
        &self.spectral
    }
}

impl FreeLaw for SampleCovariance {
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        self.spectral.cauchy_transform(z)
    }

    fn support(&self) -> Vec<[f64; 2]> {
        self.spectral.support_with_atoms()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.spectral.atoms().to_vec()
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![Singularity::Pole(0.0)]
    }

    fn ensemble(&self) -> Option<Ensemble> {
        let population = SpectralLaw::discrete(self.population.as_atoms()).ok()?;
        Some(Ensemble::Wishart { ratio: self.ratio, population })
    }

    /// The companion has the same eigenvalues up to zeros, in another dimension.
    fn moments(&self, count: usize) -> Vec<f64> {
        let companion = moments_from_free_cumulants(&self.companion.free_cumulants(count));
        companion.into_iter().map(|moment| moment / self.ratio).collect()
    }
}
