//! Eigenvalues spread uniformly over an interval.

use super::Population;
use crate::error::{Error, Result, positive};
use crate::quadrature::gauss_legendre;

impl Population {
    /// Uniform law on `[low, high]`, represented by the `nodes`-point Gauss-Legendre rule (exact
    /// for the moments up to order `2 nodes - 1`; 32 nodes serve aspect ratios down to about 0.01,
    /// below which the bulk starts to resolve the single nodes).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `0 < low < high` are finite and `nodes` is in `1..=4096`.
    pub fn uniform(low: f64, high: f64, nodes: usize) -> Result<Self> {
        positive("low", low)?;
        positive("high", high)?;
        if low >= high {
            return Err(Error::argument("high", high, format!("greater than low = {low}")));
        }
        super::check_nodes(nodes)?;
        let atoms: Vec<_> = gauss_legendre(nodes)
            .into_iter()
            .map(|(node, weight)| (0.5 * (low + high) + 0.5 * (high - low) * node, 0.5 * weight))
            .collect();
        Self::atoms(&atoms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn moments_of_the_uniform_law() {
        let population = Population::uniform(0.5, 2.5, 16).unwrap();
        for k in 1..=6 {
            let exact = (2.5f64.powi(k + 1) - 0.5f64.powi(k + 1)) / (2.0 * f64::from(k + 1));
            assert_relative_eq!(population.moment(k), exact, max_relative = 1e-13);
        }
        assert!(Population::uniform(2.0, 1.0, 8).is_err());
        assert!(Population::uniform(1.0, 2.0, 0).is_err());
    }
}
