//! How many batches there are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A number of batches, or the limit of very many small ones at a fixed step of an epoch, in which
/// [`SmallBatches`](super::SmallBatches) answers. Written as the number, or `inf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Batches {
    /// So many.
    Finite(usize),
    /// Single rows of very large data, or any bounded number of them.
    Infinite,
}

impl fmt::Display for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finite(batches) => write!(f, "{batches}"),
            Self::Infinite => f.write_str("inf"),
        }
    }
}

impl FromStr for Batches {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "inf" {
            return Ok(Self::Infinite);
        }
        let count = text.parse().map(Self::Finite);
        count.map_err(|_| Error::argument("batches", format!("{text:?}"), "a whole number, or inf"))
    }
}
