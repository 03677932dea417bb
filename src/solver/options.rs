//! Settings of the fixed-point iteration.

use serde::{Deserialize, Serialize};

use super::anderson::MAX_WINDOW;
use crate::error::{Error, Result};

/// Settings of the fixed-point iteration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SolverOptions {
    /// Relative residual in the maximum norm at which the iteration stops.
    pub tolerance: f64,
    /// Number of differences that Anderson acceleration keeps, `1..=32`.
    pub window: usize,
    /// Iterations after which a solve gives up.
    pub iteration_limit: usize,
}

impl Default for SolverOptions {
    fn default() -> Self {
        Self { tolerance: 1e-13, window: 8, iteration_limit: 300 }
    }
}

impl SolverOptions {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the tolerance is not in `[1e-15, 1e-2]`, the window not in
    /// `1..=32` or the iteration limit zero.
    pub fn validated(self) -> Result<Self> {
        if !(1e-15..=1e-2).contains(&self.tolerance) {
            return Err(Error::argument("tolerance", self.tolerance, "in [1e-15, 1e-2]"));
        }
        if !(1..=MAX_WINDOW).contains(&self.window) {
            return Err(Error::argument("window", self.window, format!("in 1..={MAX_WINDOW}")));
        }
        if self.iteration_limit == 0 {
            return Err(Error::argument("iteration_limit", 0, "at least 1"));
        }
        Ok(self)
    }
}
