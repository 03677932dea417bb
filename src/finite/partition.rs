//! How long a split of the rows into batches lasts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// When the rows are split into batches anew. An epoch is as many steps as there are batches, whatever the
/// [`Schedule`](super::Schedule).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Partition {
    /// Never: the batches are the same in every epoch, only their order may change.
    #[default]
    Fixed,
    /// In every epoch, as data loaders that shuffle do.
    Fresh,
    /// At every step: its rows are drawn from all rows.
    Replacement,
}

impl Partition {
    /// Number of steps between two splits, of at most `steps` with `batches` batches.
    pub(crate) fn lifetime(self, batches: usize, steps: usize) -> usize {
        match self {
            Self::Fixed => steps.max(1),
            Self::Fresh => batches,
            Self::Replacement => 1,
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "fixed",
            Self::Fresh => "fresh",
            Self::Replacement => "replacement",
        })
    }
}

impl FromStr for Partition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "fixed" => Ok(Self::Fixed),
            "fresh" => Ok(Self::Fresh),
            "replacement" => Ok(Self::Replacement),
            _ => Err(Error::argument("partition", format!("{text:?}"), "fixed, fresh or replacement")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_rejects() {
        for text in ["fixed", "fresh", "replacement"] {
            assert_eq!(text.parse::<Partition>().unwrap().to_string(), text);
        }
        assert!("Fresh".parse::<Partition>().is_err());
    }
}
