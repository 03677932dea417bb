//! The finite-size side: sampled data, the exact epoch operator and its eigenvalues.
//!
//! Nothing here knows of limiting laws. The matrices follow Lok, Sonthalia and Rebrova, "Error
//! dynamics of mini-batch gradient descent with random reshuffling for least squares
//! regression", ALT 2025 (arXiv 2406.03696).
//!
//! - [`entries`]: distributions of the i.i.d. entries, mean 0 and variance 1.
//! - [`batching`]: the split of the rows into batches.
//! - [`data`]: feature matrices `X = G Sigma^{1/2}` and their reproducible streams.
//! - [`epoch`]: the epoch operator `P`, `Z`, and `Xtilde`, averaged over the orderings.
//! - [`eigenvalues`]: eigenvalues of a symmetric matrix.
//! - [`monte_carlo`]: many draws of the spectrum of `Z`, in parallel.

pub mod batching;
pub mod data;
mod dense;
pub mod eigenvalues;
pub mod entries;
pub mod epoch;
pub mod monte_carlo;
pub mod spectrum;

pub use batching::Batching;
pub use data::{draw_stream, sample_features};
pub use eigenvalues::symmetric_eigenvalues;
pub use entries::Entries;
pub use epoch::{EXACT_BATCHES, Epoch};
pub use monte_carlo::{MonteCarlo, Route};
pub use spectrum::SampledSpectrum;
