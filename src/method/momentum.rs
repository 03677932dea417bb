//! Momentum of Polyak (heavy ball) and of Nesterov.
//!
//! ```text
//! v' = mu_s v - alpha G,   e' = e + v',   G at e (heavy ball) or at e + mu_s v (Nesterov)
//! ```

use super::rule::{Rule, RuleStep};
use crate::error::{Error, Result};

/// How much of the velocity a step keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Strength {
    /// The same at every step.
    Constant(f64),
    /// `s / (s + 3)` at step `s`, as for losses that are not strongly convex.
    Growing,
}

impl Strength {
    fn at(self, s: usize) -> f64 {
        match self {
            Self::Constant(strength) => strength,
            Self::Growing => s as f64 / (s as f64 + 3.0),
        }
    }
}

/// Steps with a velocity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Momentum {
    /// Plain descent.
    #[default]
    None,
    /// The gradient is taken at the iterate.
    HeavyBall(Strength),
    /// The gradient is taken where the velocity alone would lead.
    Nesterov(Strength),
}

impl Momentum {
    /// A heavy ball of constant momentum.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless it is in `[0, 1)`.
    pub fn heavy_ball(momentum: f64) -> Result<Self> {
        Ok(Self::HeavyBall(constant(momentum)?))
    }

    /// Nesterov's steps with constant momentum.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless it is in `[0, 1)`.
    pub fn nesterov(momentum: f64) -> Result<Self> {
        Ok(Self::Nesterov(constant(momentum)?))
    }

    /// Nesterov's steps with momentum `s / (s + 3)`.
    pub fn growing() -> Self {
        Self::Nesterov(Strength::Growing)
    }
}

fn constant(momentum: f64) -> Result<Strength> {
    if (0.0..1.0).contains(&momentum) {
        Ok(Strength::Constant(momentum))
    } else {
        Err(Error::argument("momentum", momentum, "in [0, 1)"))
    }
}

impl Rule for Momentum {
    fn memory(&self) -> usize {
        usize::from(*self != Self::None)
    }

    fn query(&self, s: usize, weights: &mut [f64]) {
        if let (Self::Nesterov(strength), [_, velocity]) = (self, weights) {
            *velocity = strength.at(s);
        }
    }

    fn settled_gain(&self) -> Option<f64> {
        match self {
            Self::None => Some(1.0),
            Self::HeavyBall(Strength::Constant(strength)) | Self::Nesterov(Strength::Constant(strength)) => {
                Some(1.0 / (1.0 - strength))
            }
            _ => None,
        }
    }

    fn step(&self, s: usize, step_size: f64, step: &mut RuleStep) {
        match self {
            Self::None => step.set(0, &[1.0], -step_size),
            Self::HeavyBall(strength) | Self::Nesterov(strength) => {
                step.set(1, &[0.0, strength.at(s)], -step_size);
                step.set(0, &[1.0, strength.at(s)], -step_size);
            }
        }
    }
}
