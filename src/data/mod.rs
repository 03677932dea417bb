//! A user's own data: from features `X` (`n x p`) and a target `y` to what mini-batch gradient descent
//! does on them.
//!
//! Nothing is assumed of a population. Given `X`, the only randomness left is how its rows are split
//! into batches, and the projections on the rows of the batches are asymptotically free from the Gram
//! matrix `X X^T / n`. All predictions therefore need of the data is the spectrum of
//! `W = X^T X / n`, the squares `(u_i^T y)^2` of the target along the left singular vectors `u_i` of `X`,
//! and how evenly the rows share these directions:
//!
//! - [`Dataset`]: the decomposition, from matrices in memory, files, or any source of [`Rows`];
//! - [`Curves`]: train and test error of gradient descent, step by step;
//! - [`Search`]: the batches, step size and stopping time with the smallest predicted test error;
//! - [`Certificate`]: whether the rows are alike enough for the predictions;
//! - [`PartitionLaw`]: the law of `Z` given the data, for a random split of the rows;
//! - [`Table`] and [`Runs`]: gradient descent itself on the rows, to hold predictions against;
//! - `CsvFile` and `NpyFile`: files as sources of rows, behind the features `csv` and `npy`.

mod certificate;
mod choice;
mod columns;
#[cfg(feature = "csv")]
mod csv;
mod curves;
mod dataset;
mod decomposition;
#[cfg(any(feature = "csv", feature = "npy"))]
mod files;
mod gaps;
mod law;
#[cfg(feature = "npy")]
mod npy;
mod outlier;
mod repeats;
mod resolved;
mod rigidity;
mod rows;
mod runs;
mod spectrum;
mod split;
mod table;
mod thresholds;

pub use crate::budget::Budget;
pub use certificate::{Certificate, Verdict};
pub use choice::{Choice, Recommendation, Search};
pub use columns::{Column, Preparation};
#[cfg(feature = "csv")]
pub use csv::{CsvFile, FirstLine};
pub use curves::{AveragedDataCurve, Curves, DataCurve, DataOutput, MeanIterateCurve, StepSizes};
pub use dataset::{Dataset, Target};
#[cfg(any(feature = "csv", feature = "npy"))]
pub use files::TargetColumn;
pub use law::PartitionLaw;
#[cfg(feature = "npy")]
pub use npy::NpyFile;
pub use outlier::IsolatedEigenvalue;
pub use resolved::{ExpectedCount, ResolvedLaw};
pub use rigidity::number_variance;
pub use rows::{Block, RowMajor, Rows};
pub use runs::{RunCurves, Runs};
pub use spectrum::SampleSpectrum;
pub use split::Split;
pub use table::Table;
pub use thresholds::{End, MeanThreshold};
