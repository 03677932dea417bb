//! Averages of the iterates, as recursions `m' = (1 - rho_s) m + rho_s e'` from `m_0 = e_0`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// An average of the iterates.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Average {
    /// The mean of all iterates, the start included (Polyak, Ruppert).
    Polyak,
    /// The mean of the iterates from this one on; before, the last one.
    Tail(usize),
    /// Exponential, with this part of the new iterate.
    Exponential(f64),
}

impl Average {
    /// `rho_s`.
    pub(crate) fn rate(self, s: usize) -> f64 {
        match self {
            Self::Polyak => Self::Tail(0).rate(s),
            Self::Tail(first) if s < first => 1.0,
            Self::Tail(first) => 1.0 / (s - first + 2) as f64,
            Self::Exponential(rate) => rate,
        }
    }

    pub(super) fn validate(self) -> Result<Self> {
        match self {
            Self::Exponential(rate) if !(rate > 0.0 && rate <= 1.0) => {
                Err(Error::argument("average", rate, "a part of the new iterate in (0, 1]"))
            }
            average => Ok(average),
        }
    }
}

impl fmt::Display for Average {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polyak => f.write_str("polyak"),
            Self::Tail(first) => write!(f, "tail:{first}"),
            Self::Exponential(rate) => write!(f, "ema:{rate}"),
        }
    }
}

impl FromStr for Average {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let average = match text.split_once(':') {
            None if text == "polyak" => Some(Self::Polyak),
            Some(("tail", first)) => first.parse().ok().map(Self::Tail),
            Some(("ema", rate)) => rate.parse().ok().map(Self::Exponential),
            _ => None,
        };
        let allowed = "polyak, tail:S with an iterate S, or ema:RHO with RHO in (0, 1]";
        average.ok_or_else(|| Error::argument("average", format!("{text:?}"), allowed))?.validate()
    }
}
