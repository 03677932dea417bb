//! What a run of gradient descent may cost, in epochs, gradients or seconds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, non_negative, positive};

/// What a run may cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Epochs, whatever the number of batches.
    Epochs(usize),
    /// Gradients of single rows.
    Gradients(usize),
    /// Seconds, a step on a batch of `m` rows taking `per_step + m * per_row`.
    Seconds {
        /// Of the whole run.
        total: f64,
        /// Of a step, whatever its rows.
        per_step: f64,
        /// Of a row in a step.
        per_row: f64,
    },
}

impl Budget {
    /// Epochs that a run with so many batches of all rows can afford.
    pub fn epochs(self, rows: usize, batches: usize) -> usize {
        match self {
            Self::Epochs(epochs) => epochs,
            Self::Gradients(gradients) => gradients / rows.max(1),
            Self::Seconds { total, per_step, per_row } => {
                (total / (batches as f64 * per_step + rows as f64 * per_row)) as usize
            }
        }
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if there is nothing to spend, or times are negative, not finite, or all 0.
    pub(crate) fn validate(self) -> Result<()> {
        match self {
            Self::Epochs(0) | Self::Gradients(0) => Err(Error::argument("budget", self, "at least 1")),
            Self::Epochs(_) | Self::Gradients(_) => Ok(()),
            Self::Seconds { total, per_step, per_row } => {
                positive("budget", total)?;
                non_negative("seconds per step", per_step)?;
                non_negative("seconds per row", per_row)?;
                positive("seconds per step and row", per_step + per_row).map(drop)
            }
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(epochs) => write!(f, "epochs:{epochs}"),
            Self::Gradients(gradients) => write!(f, "gradients:{gradients}"),
            Self::Seconds { total, per_step, per_row } => write!(f, "seconds:{total}:{per_step}:{per_row}"),
        }
    }
}

impl FromStr for Budget {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let number = |part: &str| part.parse::<f64>().ok();
        let budget = match parts[..] {
            ["epochs", count] => count.parse().ok().map(Self::Epochs),
            ["gradients", count] => count.parse().ok().map(Self::Gradients),
            ["seconds", total, per_step, per_row] => number(total)
                .zip(number(per_step))
                .zip(number(per_row))
                .map(|((total, per_step), per_row)| Self::Seconds { total, per_step, per_row }),
            _ => None,
        };
        let allowed = "epochs:N, gradients:N or seconds:TOTAL:PER_STEP:PER_ROW";
        let budget = budget.ok_or_else(|| Error::argument("budget", format!("{text:?}"), allowed))?;
        budget.validate()?;
        Ok(budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read_and_counted() {
        assert_eq!("epochs:7".parse::<Budget>().unwrap().epochs(100, 5), 7);
        assert_eq!("gradients:1050".parse::<Budget>().unwrap().epochs(100, 5), 10);
        // 10 s for 5 steps of 0.1 s and 100 rows of 1 ms each epoch.
        assert_eq!("seconds:10:0.1:0.001".parse::<Budget>().unwrap().epochs(100, 5), 16);
        for text in [
            "",
            "epochs",
            "epochs:0",
            "epochs:-1",
            "seconds:1:0:0",
            "seconds:nan:1:1",
            "steps:3",
            "seconds:1:2",
        ] {
            assert!(text.parse::<Budget>().is_err(), "{text:?}");
        }
        for text in ["epochs:7", "gradients:1050", "seconds:10:0.1:0.001"] {
            assert_eq!(text.parse::<Budget>().unwrap().to_string(), text);
        }
    }
}
