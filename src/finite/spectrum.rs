//! Eigenvalues of many draws.

use serde::{Deserialize, Serialize};

use super::monte_carlo::Route;

/// Eigenvalues of `Z` in independent draws, with what is needed to draw them again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledSpectrum {
    /// Number of features `p`.
    pub features: usize,
    /// Number of samples `n`.
    pub samples: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// How the mean over the orderings was taken.
    pub route: Route,
    /// For each draw, its `p` eigenvalues in increasing order.
    pub eigenvalues: Vec<Vec<f64>>,
}

impl SampledSpectrum {
    /// Number of draws.
    pub fn draws(&self) -> usize {
        self.eigenvalues.len()
    }

    /// Aspect ratio `p / n`.
    pub fn aspect_ratio(&self) -> f64 {
        self.features as f64 / self.samples as f64
    }

    /// Number `max(p - n, 0)` of eigenvalues per draw that are zero for lack of rows. They are
    /// stored as exactly `0.0`: the draws are made in the row space of the data.
    pub fn kernel_dimension(&self) -> usize {
        self.features.saturating_sub(self.samples)
    }

    /// The eigenvalues of all draws together, in increasing order.
    pub fn pooled(&self) -> Vec<f64> {
        let mut pooled = self.eigenvalues.concat();
        pooled.sort_by(f64::total_cmp);
        pooled
    }
}
