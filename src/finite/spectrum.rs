//! Eigenvalues of many draws.

use serde::{Deserialize, Serialize};

/// Eigenvalues of a random matrix in independent draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledSpectrum {
    /// Number of rows `p` of the matrix.
    pub features: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// For each draw, its `p` eigenvalues in increasing order.
    pub eigenvalues: Vec<Vec<f64>>,
}

impl SampledSpectrum {
    /// Number of draws.
    pub fn draws(&self) -> usize {
        self.eigenvalues.len()
    }

    /// The eigenvalues of all draws together, in increasing order.
    pub fn pooled(&self) -> Vec<f64> {
        let mut pooled = self.eigenvalues.concat();
        pooled.sort_by(f64::total_cmp);
        pooled
    }
}
