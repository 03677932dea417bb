//! How the step size changes from step to step.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, Result, non_negative, positive};

/// The factor of the step size at step `s` of `T`.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum StepSchedule {
    /// 1.
    #[default]
    Constant,
    /// `(1 + cos(pi s / T)) / 2`.
    Cosine,
    /// `(s + 1) / K` over the first `K` steps, then 1.
    WarmUp(usize),
    /// `1 / (1 + s / s_0)`.
    InverseTime(f64),
    /// The factor of the last pair whose step has been reached; 1 before the first.
    Piecewise(Vec<(usize, f64)>),
    /// Any function of `s` and `T`, with values that are finite and not negative; others count as 0.
    Function(Arc<dyn Fn(usize, usize) -> f64 + Send + Sync>),
}

impl StepSchedule {
    /// The factor at step `s` of `steps`.
    pub fn factor(&self, s: usize, steps: usize) -> f64 {
        let time = s as f64;
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 * (1.0 + (PI * time / steps.max(1) as f64).cos()),
            Self::WarmUp(length) => ((time + 1.0) / *length as f64).min(1.0),
            Self::InverseTime(scale) => 1.0 / (1.0 + time / scale),
            Self::Piecewise(pairs) => {
                pairs.iter().take_while(|(step, _)| *step <= s).last().map_or(1.0, |&(_, factor)| factor)
            }
            Self::Function(function) => {
                let factor = function(s, steps);
                if factor.is_finite() { factor.max(0.0) } else { 0.0 }
            }
        }
    }

    pub(super) fn validate(self) -> Result<Self> {
        match &self {
            Self::WarmUp(0) => return Err(Error::argument("step_schedule", "warmup:0", "at least one step")),
            Self::InverseTime(scale) => {
                positive("step_schedule", *scale)?;
            }
            Self::Piecewise(pairs) => {
                if !pairs.is_sorted_by(|a, b| a.0 < b.0) {
                    return Err(Error::argument("step_schedule", "piecewise", "increasing steps"));
                }
                for &(_, factor) in pairs {
                    non_negative("step_schedule", factor)?;
                }
            }
            _ => {}
        }
        Ok(self)
    }
}

impl PartialEq for StepSchedule {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Constant, Self::Constant) | (Self::Cosine, Self::Cosine) => true,
            (Self::WarmUp(a), Self::WarmUp(b)) => a == b,
            (Self::InverseTime(a), Self::InverseTime(b)) => a == b,
            (Self::Piecewise(a), Self::Piecewise(b)) => a == b,
            (Self::Function(a), Self::Function(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl fmt::Debug for StepSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StepSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Cosine => f.write_str("cosine"),
            Self::WarmUp(length) => write!(f, "warmup:{length}"),
            Self::InverseTime(scale) => write!(f, "inverse-time:{scale}"),
            Self::Piecewise(pairs) => write!(f, "piecewise {pairs:?}"),
            Self::Function(_) => f.write_str("function"),
        }
    }
}

impl FromStr for StepSchedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let schedule = match text.split_once(':') {
            None if text == "constant" => Some(Self::Constant),
            None if text == "cosine" => Some(Self::Cosine),
            Some(("warmup", length)) => length.parse().ok().map(Self::WarmUp),
            Some(("inverse-time", scale)) => scale.parse().ok().map(Self::InverseTime),
            _ => None,
        };
        let allowed = "constant, cosine, warmup:K with K steps, or inverse-time:S0 with S0 steps";
        schedule.ok_or_else(|| Error::argument("step_schedule", format!("{text:?}"), allowed))?.validate()
    }
}
