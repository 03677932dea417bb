//! What readers of files share.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Which column of a file is the target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetColumn {
    /// The last one.
    #[default]
    Last,
    /// This one, counted from 1.
    Number(usize),
    /// The one of this name.
    Name(String),
    /// None of them: the file has features only.
    Absent,
}

impl FromStr for TargetColumn {
    type Err = std::convert::Infallible;

    /// A positive whole number is the number of a column, anything else its name.
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match text.parse() {
            Ok(number) if number > 0 => Self::Number(number),
            _ => Self::Name(text.to_owned()),
        })
    }
}

impl TargetColumn {
    /// Its position among so many columns, counted from 0; `names` are those of all columns, if they have any.
    pub(super) fn position(
        &self,
        path: &Path,
        columns: usize,
        names: Option<&[String]>,
    ) -> Result<Option<usize>> {
        let position = match self {
            Self::Absent => None,
            Self::Last => Some(columns - 1),
            Self::Number(number) if (1..=columns).contains(number) => Some(number - 1),
            Self::Number(number) => {
                return Err(failure(path, format!("there is no column {number}, only {columns}")));
            }
            Self::Name(name) => {
                let Some(names) = names else {
                    return Err(failure(
                        path,
                        format!("no column is called {name:?}: the columns have no names"),
                    ));
                };
                match names.iter().position(|other| other == name) {
                    Some(position) => Some(position),
                    None => return Err(failure(path, format!("no column is called {name:?}"))),
                }
            }
        };
        if position.is_some() && columns == 1 {
            return Err(failure(path, "there is no column beside the target"));
        }
        Ok(position)
    }
}

/// Appends the numbers of a row to the blocks, the target to its own.
pub(super) fn split_row(
    row: impl Iterator<Item = f64>,
    target: Option<usize>,
    features: &mut Vec<f64>,
    targets: &mut Vec<f64>,
) {
    for (column, x) in row.enumerate() {
        if Some(column) == target { targets.push(x) } else { features.push(x) }
    }
}

pub(super) fn failure(path: &Path, reason: impl fmt::Display) -> Error {
    Error::File { path: path.display().to_string(), reason: reason.to_string() }
}
