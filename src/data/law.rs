//! The law of `Z` given the data, over random partitions of its rows.

use num_complex::Complex64;

use super::partition::Partition;
use super::spectrum::SampleSpectrum;
use crate::error::{Error, Result};
use crate::law::CauchyTransform;
use crate::minibatch::ZTransform;
use crate::population::Atom;
use crate::solver::{FreePartition, Solution, SolverOptions};

/// Radius of the circle that moments are read off, in units of the distance from its centre to the
/// spectrum, and half its number of points: aliases come in at the power 64 of 1/2.

/// The law of the eigenvalues of `Z` given `X`: in the limit, that of almost every random partition of the rows.
#[derive(Debug, Clone)]
pub struct PartitionLaw {
    spectrum: SampleSpectrum,
    partition: Partition,
    transform: ZTransform<FreePartition>,
}

impl PartitionLaw {
    /// The law for data with this spectrum and this random partition.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the equation is not solved even far from the spectrum.
    pub fn new(spectrum: &SampleSpectrum, partition: &Partition) -> Result<Self> {
        Self::with_options(spectrum, partition, SolverOptions::default())
    }

    /// The same with options for the solver.
    ///
    /// # Errors
    /// As for [`PartitionLaw::new`], and from [`SolverOptions::validated`].
    pub fn with_options(
        spectrum: &SampleSpectrum,
        partition: &Partition,
        options: SolverOptions,
    ) -> Result<Self> {
        let equation = FreePartition::new(partition.pencil()?, spectrum.rows(), options)?;
        let kernel = spectrum.kernel();
        let atoms = if kernel > 0.0 { vec![Atom { location: 0.0, mass: kernel }] } else { Vec::new() };
        let landmarks = spectrum.atoms().iter().map(|atom| partition.classical(atom.location)).collect();
        let transform = ZTransform::new(equation, partition.epoch_step(), 0.0, landmarks, atoms)?;
        Ok(Self { spectrum: spectrum.clone(), partition: partition.clone(), transform })
    }

    /// The spectrum of `W` behind it.
    pub fn spectrum(&self) -> &SampleSpectrum {
        &self.spectrum
    }

    /// The partition.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// The Cauchy transform as a solver, with the state and the residual of every point.
    pub fn transform(&self) -> &ZTransform<FreePartition> {
        &self.transform
    }

    /// The Cauchy transform `G(z) = (1/p) tr (z - Z)^-1`, for real `z` its limit from above.
    ///
    /// # Errors
    /// [`Error::NotConverged`] where the equation is not solved: on the real axis, next to edges.
    pub fn cauchy_transform(&self, z: Complex64) -> Result<Complex64> {
        if z.im < 0.0 {
            return Ok(self.solve(z.conj())?.cauchy.conj());
        }
        Ok(self.solve(z)?.cauchy)
    }

    fn solve(&self, z: Complex64) -> Result<Solution> {
        self.transform.solve(z, &mut self.transform.workspace())
    }
}
