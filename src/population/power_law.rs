//! Power-law spectra `t_k ~ k^-s`, the usual model of natural data.

use super::Population;
use crate::error::{Error, Result, positive};

impl Population {
    /// Power law `t_k = ((k - 1/2) / nodes)^-exponent`, `k = 1..=nodes`, equal weights, scaled to
    /// mean eigenvalue 1 (so that step sizes keep their meaning).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `exponent` is finite and positive and `nodes` is in
    /// `1..=4096`.
    pub fn power_law(exponent: f64, nodes: usize) -> Result<Self> {
        positive("exponent", exponent)?;
        super::check_nodes(nodes)?;
        let raw: Vec<f64> = (1..=nodes).map(|k| ((k as f64 - 0.5) / nodes as f64).powf(-exponent)).collect();
        let mean = raw.iter().sum::<f64>() / nodes as f64;
        if !mean.is_finite() || raw[nodes - 1] / mean <= 0.0 {
            return Err(Error::argument("exponent", exponent, "small enough for finite eigenvalues"));
        }
        let atoms: Vec<_> = raw.iter().map(|t| (t / mean, 1.0 / nodes as f64)).collect();
        Self::atoms(&atoms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn ratios_follow_the_exponent() {
        let population = Population::power_law(1.5, 8).unwrap();
        let atoms = population.as_atoms();
        assert_eq!(atoms.len(), 8);
        assert_relative_eq!(population.mean(), 1.0, max_relative = 1e-14);
        // Largest over smallest: ((1/2) / (15/2))^-1.5.
        assert_relative_eq!(atoms[7].location / atoms[0].location, 15f64.powf(1.5), max_relative = 1e-12);
        assert!(Population::power_law(0.0, 8).is_err());
    }
}
