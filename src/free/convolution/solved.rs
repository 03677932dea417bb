//! A law that came out of a convolution.

use num_complex::Complex64;

use crate::free::{FreeLaw, FreeLevy, Law};
use crate::law::{Singularity, SpectralLaw, moments_from_free_cumulants};
use crate::population::Atom;

/// The result of an operation: a spectral law with what the operation knows about it.
#[derive(Debug)]
pub(crate) struct Solved {
    pub(crate) spectral: SpectralLaw,
    pub(crate) singularities: Vec<Singularity>,
    pub(crate) levy: Option<FreeLevy>,
    pub(crate) cumulants: Cumulants,
}

/// How free cumulants are computed without the spectral law.
#[derive(Debug)]
pub(crate) enum Cumulants {
    /// The sums of those of two laws.
    Sum(Law, Law),
    /// A multiple of those of a law.
    Multiple(f64, Law),
    /// From the moments of the spectral law.
    Spectral,
}

impl Solved {
    /// A law of which nothing but its singular points is known besides.
    pub(crate) fn new(spectral: SpectralLaw, singularities: Vec<Singularity>) -> Self {
        Self { spectral, singularities, levy: None, cumulants: Cumulants::Spectral }
    }

    pub(crate) fn into_law(self) -> Law {
        let spectral = self.spectral.clone();
        Law::with_spectral(self, spectral)
    }
}

impl FreeLaw for Solved {
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
        self.singularities.clone()
    }

    fn levy(&self) -> Option<FreeLevy> {
        self.levy.clone()
    }

    fn moments(&self, count: usize) -> Vec<f64> {
        match self.cumulants {
            Cumulants::Spectral => (1..=count as i32).map(|k| self.spectral.moment(k)).collect(),
            _ => moments_from_free_cumulants(&self.free_cumulants(count)),
        }
    }

    fn free_cumulants(&self, count: usize) -> Vec<f64> {
        match &self.cumulants {
            Cumulants::Sum(one, two) => one
                .free_cumulants(count)
                .into_iter()
                .zip(two.free_cumulants(count))
                .map(|(a, b)| a + b)
                .collect(),
            Cumulants::Multiple(factor, law) => {
                law.free_cumulants(count).into_iter().map(|cumulant| factor * cumulant).collect()
            }
            Cumulants::Spectral => crate::law::free_cumulants(&self.moments(count)),
        }
    }
}
