//! Fewer atoms with the same moments.

use super::{Population, check_nodes};
use crate::error::Result;
use crate::quadrature::Lanczos;

/// A population with fewer atoms, and how far it is from the original.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantised {
    /// The population.
    pub population: Population,
    /// Moments from the first on that are those of the original, up to rounding relative to the largest eigenvalue.
    pub exact_moments: usize,
    /// The distance of Wasserstein `int |F(t) - F_k(t)| dt`: integrals of a function over the two differ by at most this times
    /// its Lipschitz constant.
    pub distance: f64,
}

impl Population {
    /// At most `nodes` atoms by the Gauss rule of this law, which has the same moments `1, ..., 2 nodes - 1`; the law itself
    /// if it has no more atoms than that.
    ///
    /// Integrals of functions that are analytic around the spectrum converge geometrically with the number of nodes, so the laws
    /// of bulks into which atoms have merged hardly change. Bulks of single atoms do, and eigenvalues that are
    /// smaller than the largest by more than the digits of a number are lost.
    ///
    /// ```
    /// use freespectra::Population;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let eigenvalues: Vec<f64> = (0..500).map(|i| 1.0 + f64::from(i) / 500.0).collect();
    /// let population = Population::from_eigenvalues(&eigenvalues)?;
    /// let few = population.quantised(8)?;
    /// assert_eq!((few.population.as_atoms().len(), few.exact_moments), (8, 15));
    /// assert!((few.population.moment(15) / population.moment(15) - 1.0).abs() < 1e-13);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) unless `nodes` is in `1..=4096`, and
    /// [`Error::Eigenvalues`](crate::Error::Eigenvalues) if the eigenvalues of the Jacobi matrix are not found.
    pub fn quantised(&self, nodes: usize) -> Result<Quantised> {
        check_nodes(nodes)?;
        let atoms = self.as_atoms();
        if atoms.len() <= nodes {
            return Ok(Quantised { population: self.clone(), exact_moments: usize::MAX, distance: 0.0 });
        }
        let mut lanczos = Lanczos::new(atoms.iter().map(|atom| (atom.location, atom.mass)));
        lanczos.extend(nodes);
        // The nodes lie between the ends, up to rounding.
        let (low, high) = (atoms[0].location, atoms[atoms.len() - 1].location);
        let rule = lanczos.rule()?.into_iter().filter(|&(_, weight)| weight > 0.0);
        let rule: Vec<(f64, f64)> = rule.map(|(node, weight)| (node.clamp(low, high), weight)).collect();
        let population = Self::atoms(&rule)?;
        let distance = self.distance(&population);
        Ok(Quantised { exact_moments: 2 * rule.len() - 1, population, distance })
    }

    /// `int |F(t) - G(t)| dt`.
    fn distance(&self, other: &Self) -> f64 {
        let steps = |law: &Self, sign: f64| -> Vec<(f64, f64)> {
            law.as_atoms().iter().map(|atom| (atom.location, sign * atom.mass)).collect()
        };
        let mut steps = [steps(self, 1.0), steps(other, -1.0)].concat();
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut difference = 0.0;
        let area = |pair: &[(f64, f64)]| {
            difference += pair[0].1;
            f64::abs(difference) * (pair[1].0 - pair[0].0)
        };
        steps.windows(2).map(area).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two atoms with the moments 1 to 3 of masses 1/4, 1/2, 1/4 at 1, 2, 3: at `2 +- sqrt(1/2)`. The distributions
    /// differ by 1/4, then 1/4 the other way, and by symmetry the same on the other side.
    #[test]
    fn three_atoms_by_two() {
        let population = Population::atoms(&[(1.0, 0.25), (2.0, 0.5), (3.0, 0.25)]).unwrap();
        let quantised = population.quantised(2).unwrap();
        let atoms = quantised.population.as_atoms();
        for (atom, sign) in atoms.iter().zip([-1.0, 1.0]) {
            assert!(
                (atom.location - 2.0 - sign * 0.5f64.sqrt()).abs() < 1e-14 && (atom.mass - 0.5).abs() < 1e-14
            );
        }
        assert_eq!(quantised.exact_moments, 3);
        assert!((quantised.distance - 0.5).abs() < 1e-14);
        assert_eq!(population.quantised(3).unwrap().population, population);
        assert!(population.quantised(0).is_err());
    }
}
