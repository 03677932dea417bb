//! Where runs in very many small batches settle.
//!
//! With replacement and fewer features than rows, the flow goes to the least squares solution, of training error
//! `sigma^2 (1 - gamma)` and risk `sigma^2 gamma / (1 - gamma)` whatever the population. The noise of the steps then adds the
//! integrals of the kernels, `int K_L = gamma a phi(W) / 2` and `int K_R = gamma a phi(Sigma) / 2`, and `phi(W) = phi(Sigma)`:
//!
//! ```text
//! train = sigma^2 (1 - gamma) / (1 - a / a*),     risk = sigma^2 gamma / (1 - gamma) + (a / a*) train,    a* = 2 / (gamma int t dH)
//! ```

use serde::{Deserialize, Serialize};

use super::SmallBatches;
use crate::error::{Error, Result, positive};

/// Errors at which runs settle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stationary {
    /// Excess risk.
    pub risk: f64,
    /// Training error.
    pub train: f64,
}

impl SmallBatches {
    /// Errors at which runs with replacement settle, at constant step.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are not more rows than features, if the step is not below the
    /// [one](SmallBatches::stability_step) at which errors grow, or for more than plain descent.
    pub fn stationary_replacement(&self) -> Result<Stationary> {
        self.check_plain(super::SmallBatchOrder::Replacement)?;
        let gamma = self.aspect_ratio;
        if gamma >= 1.0 {
            let allowed = "below 1: with more features than rows a part of the initial error stays";
            return Err(Error::argument("aspect_ratio", gamma, allowed));
        }
        let load = self.epoch_step * 0.5 * gamma * self.mean_eigenvalue();
        if load >= 1.0 {
            let allowed = format!("below {}, where errors grow", self.epoch_step / load);
            return Err(Error::argument("epoch_step", self.epoch_step, allowed));
        }
        let train = self.noise * (1.0 - gamma) / (1.0 - load);
        Ok(Stationary { risk: self.noise * gamma / (1.0 - gamma) + load * train, train })
    }
}

/// The epoch step at which runs with replacement settle at this excess risk: the inverse of
/// [`SmallBatches::stationary_replacement`].
///
/// # Errors
/// [`Error::InvalidArgument`] if the risk is not above `sigma^2 gamma / (1 - gamma)`, that of the least squares solution, or an
/// argument is out of range.
pub fn replacement_step_for(risk: f64, aspect_ratio: f64, mean_eigenvalue: f64, noise: f64) -> Result<f64> {
    for (argument, value) in [
        ("risk", risk),
        ("aspect_ratio", aspect_ratio),
        ("mean_eigenvalue", mean_eigenvalue),
        ("noise", noise),
    ] {
        positive(argument, value)?;
    }
    if aspect_ratio >= 1.0 {
        return Err(Error::argument("aspect_ratio", aspect_ratio, "below 1"));
    }
    let excess = risk - noise * aspect_ratio / (1.0 - aspect_ratio);
    if excess <= 0.0 {
        let allowed = format!("above {}, that of least squares", risk - excess);
        return Err(Error::argument("risk", risk, allowed));
    }
    // excess = x sigma^2 (1 - gamma) / (1 - x), x = a / a*.
    let load = excess / (excess + noise * (1.0 - aspect_ratio));
    Ok(2.0 * load / (aspect_ratio * mean_eigenvalue))
}
