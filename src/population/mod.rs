//! The population law `H`: limiting distribution of the eigenvalues `t` of the population
//! covariance `Sigma`.
//!
//! Every family is represented by finitely many weighted atoms `sum_i w_i delta(t_i)`, because
//! the matrix-valued Silverstein equation needs `H` only through integrals of functions that are
//! rational in `t` (Silverstein, J. Multivariate Anal. 55, 1995). Families with a density are
//! discretised by a quadrature whose number of nodes the caller states. One file per family.

mod eigenvalues;
mod power_law;
mod quantised;
mod uniform;

pub use quantised::Quantised;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, non_negative, positive};

/// Weights have to sum to one within this; they are then rescaled to sum to one exactly.
const WEIGHT_TOLERANCE: f64 = 1e-9;

/// One atom of a discrete law: a location and its mass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Atom {
    /// Where the mass sits.
    pub location: f64,
    /// How much of it there is, in `(0, 1]`.
    pub mass: f64,
}

/// Limiting law of the eigenvalues of the population covariance.
///
/// ```
/// use freespectra::Population;
/// # fn main() -> Result<(), freespectra::Error> {
/// let population = Population::atoms(&[(0.5, 0.25), (2.0, 0.75)])?;
/// assert_eq!(population.mean(), 0.5 * 0.25 + 2.0 * 0.75);
/// assert!(Population::atoms(&[(0.5, 0.25)]).is_err()); // weights do not sum to one
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Population {
    atoms: Vec<Atom>,
}

/// A population as it comes out of a file.
#[derive(Deserialize)]
struct Unchecked {
    atoms: Vec<Atom>,
}

impl TryFrom<Unchecked> for Population {
    type Error = Error;

    fn try_from(unchecked: Unchecked) -> Result<Self> {
        let atoms: Vec<_> = unchecked.atoms.iter().map(|atom| (atom.location, atom.mass)).collect();
        Self::atoms(&atoms)
    }
}

impl Population {
    /// The identity covariance: all mass at 1.
    pub fn identity() -> Self {
        Self { atoms: vec![Atom { location: 1.0, mass: 1.0 }] }
    }

    /// Finitely many eigenvalues, as pairs `(eigenvalue, weight)`. Eigenvalues 0 are features that do not vary.
    ///
    /// Equal eigenvalues are merged; the atoms are kept in increasing order.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no atom, an eigenvalue is negative or not finite or all are 0, a weight is
    /// not a finite positive number, or the weights do not sum to 1 within 1e-9.
    pub fn atoms(atoms: &[(f64, f64)]) -> Result<Self> {
        if atoms.is_empty() {
            return Err(Error::argument("population", "empty", "at least one atom"));
        }
        for &(location, weight) in atoms {
            non_negative("population eigenvalue", location)?;
            positive("population weight", weight)?;
        }
        if atoms.iter().all(|&(location, _)| location == 0.0) {
            return Err(Error::argument("population eigenvalue", 0.0, "at least one positive number"));
        }
        let total: f64 = atoms.iter().map(|&(_, weight)| weight).sum();
        if (total - 1.0).abs() > WEIGHT_TOLERANCE {
            return Err(Error::argument(
                "population weights",
                format!("summing to {total}"),
                "weights that sum to 1",
            ));
        }
        let atoms = atoms.iter().map(|&(location, mass)| Atom { location, mass }).collect();
        Ok(Self { atoms: merged(atoms, total) })
    }

    /// The atoms, in increasing order of location.
    pub fn as_atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Whether all mass is at 1.
    pub fn is_identity(&self) -> bool {
        self.atoms.len() == 1 && self.atoms[0].location == 1.0
    }

    /// Mass at the eigenvalue 0.
    pub fn kernel(&self) -> f64 {
        self.atoms.first().filter(|atom| atom.location == 0.0).map_or(0.0, |atom| atom.mass)
    }

    /// The law of the eigenvalues that are not 0.
    #[must_use]
    pub(crate) fn varying(&self) -> Self {
        let kernel = self.kernel();
        let atoms = self.atoms.iter().filter(|atom| atom.location > 0.0);
        Self { atoms: atoms.map(|atom| Atom { mass: atom.mass / (1.0 - kernel), ..*atom }).collect() }
    }

    /// Mean eigenvalue `int t dH(t)`.
    pub fn mean(&self) -> f64 {
        self.moment(1)
    }

    /// Moment `int t^k dH(t)`.
    pub fn moment(&self, k: i32) -> f64 {
        self.atoms.iter().map(|atom| atom.mass * atom.location.powi(k)).sum()
    }

    /// Eigenvalues of a `size x size` covariance whose empirical law is closest to this one: each
    /// atom gets its share of the dimensions, rounded so that the shares add up to `size`.
    ///
    /// The result is sorted. An atom lighter than about `1 / size` may get no dimension.
    pub fn eigenvalues(&self, size: usize) -> Vec<f64> {
        let mut values = Vec::with_capacity(size);
        let mut cumulative = 0.0;
        for atom in &self.atoms {
            cumulative += atom.mass;
            let until = ((cumulative * size as f64).round() as usize).min(size);
            values.resize(until.max(values.len()), atom.location);
        }
        let last = self.atoms[self.atoms.len() - 1].location;
        values.resize(size, last);
        values
    }
}

/// Atoms in increasing order of location, equal locations merged, their masses divided by `total`.
pub(crate) fn merged(mut atoms: Vec<Atom>, total: f64) -> Vec<Atom> {
    atoms.sort_by(|a, b| a.location.total_cmp(&b.location));
    let mut merged: Vec<Atom> = Vec::with_capacity(atoms.len());
    for Atom { location, mass } in atoms {
        match merged.last_mut() {
            Some(last) if last.location == location => last.mass += mass / total,
            _ => merged.push(Atom { location, mass: mass / total }),
        }
    }
    merged
}

/// Checks the number of nodes of a discretised family.
fn check_nodes(nodes: usize) -> Result<()> {
    if (1..=4096).contains(&nodes) { Ok(()) } else { Err(Error::argument("nodes", nodes, "in 1..=4096")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_atoms_are_refused() {
        for atoms in [
            &[][..],
            &[(0.0, 1.0)],
            &[(-1.0, 1.0)],
            &[(f64::NAN, 1.0)],
            &[(1.0, -0.5), (2.0, 1.5)],
            &[(1.0, 0.5), (2.0, 0.4)],
            &[(f64::INFINITY, 1.0)],
        ] {
            assert!(Population::atoms(atoms).is_err(), "{atoms:?}");
        }
        for text in [r#"{"atoms":[]}"#, r#"{"atoms":[{"location":-1.0,"mass":1.0}]}"#] {
            assert!(serde_json::from_str::<Population>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn finite_eigenvalues_follow_the_weights() {
        let population = Population::atoms(&[(3.0, 0.25), (1.0, 0.75)]).unwrap();
        let values = population.eigenvalues(10);
        assert_eq!(values.len(), 10);
        assert_eq!(values.iter().filter(|&&t| t == 1.0).count(), 8);
        assert_eq!(values.iter().filter(|&&t| t == 3.0).count(), 2);
    }
}
