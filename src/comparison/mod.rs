//! Sampled eigenvalues held against a law.
//!
//! A law enters as a [`ReferenceLaw`]: a spectral law, or a distribution function as a closure with its
//! atoms and the range of its continuous part. Eigenvalues that lie within 1e-9 of an atom, relative to the
//! largest eigenvalue, are taken to be at the atom: the zeros of a singular matrix come out of an
//! eigensolver as rounding noise of either sign, which a jump of the distribution function would
//! otherwise turn into a distance of order one.
//!
//! - [`histogram`]: densities of samples, ready to be drawn under that of the law.
//! - [`distance`]: Kolmogorov-Smirnov and Wasserstein-1 distance, moments.
//! - [`convergence`]: the power at which a distance falls with the size.

pub mod convergence;
pub mod distance;
pub mod histogram;
pub mod reference;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::population::Atom;

pub use convergence::PowerLawFit;
pub use distance::{kolmogorov_smirnov, moments, wasserstein1};
pub use histogram::{Bins, Histogram};
pub use reference::ReferenceLaw;

/// Everything that is measured between a sample of eigenvalues and a law.
///
/// ```
/// use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
/// # fn main() -> Result<(), freespectra::Error> {
/// // The uniform law on [0, 1] and its quantiles.
/// let law = ReferenceLaw::new(|x: f64| x.clamp(0.0, 1.0), &[], (0.0, 1.0))?;
/// let quantiles: Vec<f64> = (0..50).map(|i| (i as f64 + 0.5) / 50.0).collect();
/// let comparison = Comparison::new(&quantiles, &law, &Bins::FreedmanDiaconis)?;
/// assert!((comparison.kolmogorov_smirnov - 0.01).abs() < 1e-12); // half a step
/// assert!((comparison.wasserstein1 - 0.005).abs() < 1e-10);
/// assert!(comparison.largest.beyond_edge < 0.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Number of eigenvalues.
    pub eigenvalues: usize,
    /// Kolmogorov-Smirnov distance, in `[0, 1]`.
    pub kolmogorov_smirnov: f64,
    /// Wasserstein-1 distance, in the units of the eigenvalues.
    pub wasserstein1: f64,
    /// Empirical moments `m_1` to `m_4`.
    pub moments: [f64; 4],
    /// For each atom of the law, the share of eigenvalues found there.
    pub atoms: Vec<AtomShare>,
    /// Smallest eigenvalue away from the atoms.
    pub smallest: Extreme,
    /// Largest eigenvalue away from the atoms.
    pub largest: Extreme,
    /// Histogram of the eigenvalues away from the atoms, normalised by all of them.
    pub histogram: Histogram,
}

/// An atom of the law and the eigenvalues found at it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtomShare {
    /// The atom.
    pub atom: Atom,
    /// Share of the eigenvalues at its location, to be compared with its mass.
    pub share: f64,
}

/// An extreme eigenvalue and the edge of the support it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    /// The eigenvalue.
    pub eigenvalue: f64,
    /// Edge of the continuous part of the law.
    pub edge: f64,
    /// Distance beyond the edge; negative inside the support.
    pub beyond_edge: f64,
}

impl Comparison {
    /// Measures all of it; `values` in any order.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if there is no value away from the
    /// atoms, one is not finite, the bins are not usable, or the distribution function leaves
    /// `[0, 1]`.
    pub fn new<F: Fn(f64) -> f64>(values: &[f64], law: &ReferenceLaw<F>, bins: &Bins) -> Result<Self> {
        let sorted = reference::sorted_and_snapped(values, law.atoms())?;
        let histogram = Histogram::continuous_part(&sorted, law.atoms(), bins)?;
        let continuous = || sorted.iter().copied().filter(|&x| law.mass_at(x) == 0.0);
        // The histogram has refused a sample without continuous part.
        let smallest = continuous().next().unwrap_or(f64::NAN);
        let largest = continuous().next_back().unwrap_or(f64::NAN);
        let (lower, upper) = law.support();
        let share_at = |atom: Atom| {
            let found = sorted.iter().filter(|&&x| x == atom.location).count();
            AtomShare { atom, share: found as f64 / sorted.len() as f64 }
        };
        Ok(Self {
            eigenvalues: sorted.len(),
            kolmogorov_smirnov: kolmogorov_smirnov(&sorted, law)?,
            wasserstein1: wasserstein1(&sorted, law)?,
            moments: moments(&sorted)?,
            atoms: law.atoms().iter().copied().map(share_at).collect(),
            smallest: Extreme { eigenvalue: smallest, edge: lower, beyond_edge: lower - smallest },
            largest: Extreme { eigenvalue: largest, edge: upper, beyond_edge: largest - upper },
            histogram,
        })
    }
}
