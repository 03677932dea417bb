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
//! - [`Certificate`]: whether the rows are alike enough for the predictions;
//! - [`PartitionLaw`]: the law of `Z` given the data, for a random [`Partition`] of the rows;
//! - `csv` and `npy`: files, behind features of the same names.

mod certificate;
mod columns;
mod dataset;
mod decomposition;
mod gaps;
mod law;
mod outlier;
mod partition;
mod resolved;
mod rigidity;
mod rows;
mod spectrum;
mod thresholds;

pub use certificate::{Certificate, Verdict};
pub use columns::{Column, Preparation};
pub use dataset::Dataset;
pub use law::PartitionLaw;
pub use outlier::IsolatedEigenvalue;
pub use partition::Partition;
pub use resolved::{ExpectedCount, ResolvedLaw};
pub use rigidity::number_variance;
pub use rows::{Block, RowMajor, Rows};
pub use spectrum::SampleSpectrum;
pub use thresholds::{End, MeanThreshold};
