//! Finitely many atoms: projections, signs, eigenvalues of a given matrix.

use num_complex::Complex64;

use crate::error::{Error, Result};
use crate::free::FreeLaw;
use crate::law::SpectralLaw;
use crate::population::{Atom, Population};

/// `sum_j mass_j delta(location_j)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Discrete {
    atoms: Vec<Atom>,
}

impl Discrete {
    /// Atoms as pairs of location and mass; equal locations are merged.
    ///
    /// # Errors
    /// As for [`SpectralLaw::discrete`].
    pub fn new(atoms: &[(f64, f64)]) -> Result<Self> {
        let atoms: Vec<Atom> = atoms.iter().map(|&(location, mass)| Atom { location, mass }).collect();
        Ok(Self { atoms: SpectralLaw::discrete(&atoms)?.atoms().to_vec() })
    }

    /// The signs: mass 1/2 at 1 and -1.
    pub fn bernoulli() -> Self {
        let atom = |location| Atom { location, mass: 0.5 };
        Self { atoms: vec![atom(-1.0), atom(1.0)] }
    }

    /// A projection of the given trace: that mass at 1, the rest at 0.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the trace is in `(0, 1)`.
    pub fn projection(trace: f64) -> Result<Self> {
        if !(trace > 0.0 && trace < 1.0) {
            return Err(Error::argument("trace", trace, "in (0, 1)"));
        }
        Self::new(&[(0.0, 1.0 - trace), (1.0, trace)])
    }

    /// Equal masses at the given eigenvalues.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none, or one is not finite.
    pub fn eigenvalues(eigenvalues: &[f64]) -> Result<Self> {
        if let Some(value) = eigenvalues.iter().find(|value| !value.is_finite()) {
            return Err(Error::argument("eigenvalues", value, "finite numbers"));
        }
        let mass = 1.0 / eigenvalues.len().max(1) as f64;
        let atoms: Vec<(f64, f64)> = eigenvalues.iter().map(|&location| (location, mass)).collect();
        Self::new(&atoms)
    }

    /// The atoms, in increasing order of location.
    pub fn as_atoms(&self) -> &[Atom] {
        &self.atoms
    }
}

impl From<Population> for Discrete {
    fn from(population: Population) -> Self {
        Self { atoms: population.as_atoms().to_vec() }
    }
}

impl FreeLaw for Discrete {
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        self.atoms.iter().map(|atom| atom.mass / (z - atom.location)).sum()
    }

    fn support(&self) -> Vec<[f64; 2]> {
        self.atoms.iter().map(|atom| [atom.location, atom.location]).collect()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone()
    }

    fn moments(&self, count: usize) -> Vec<f64> {
        let moment = |order: i32| self.atoms.iter().map(|atom| atom.mass * atom.location.powi(order)).sum();
        (1..=count as i32).map(moment).collect()
    }
}
