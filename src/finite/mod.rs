//! The finite-size side: sampled data, the exact epoch operator and its eigenvalues.
//!
//! Of limiting laws it knows no more than what to sample: the quantiles of a law can be the
//! eigenvalues of a matrix. The matrices of gradient descent follow Lok, Sonthalia and Rebrova, "Error
//! dynamics of mini-batch gradient descent with random reshuffling for least squares
//! regression", ALT 2025 (arXiv 2406.03696).
//!
//! - [`entries`]: distributions of the i.i.d. entries, mean 0 and variance 1.
//! - [`batching`]: the split of the rows into batches.
//! - [`data`]: feature matrices `X = G Sigma^{1/2}` and their reproducible streams.
//! - [`partition`]: how long a split of the rows lasts.
//! - [`schedule`]: the order in which batches are visited.
//! - [`epoch`]: the epoch operator `P`, `Z`, and `Xtilde`, averaged over the orderings.
//! - [`eigenvalues`]: eigenvalues of a symmetric or Hermitian matrix.
//! - [`mean_iterate`]: the iterate averaged over the orderings, in closed form.
//! - [`descent`]: batched gradient descent itself.
//! - [`teacher`]: initial errors and label noise.
//! - [`ensemble`]: random matrices whose spectra tend to a law.
//! - [`monte_carlo`]: many draws in parallel: the spectra of `Z` and of polynomials in independent
//!   matrices, and error curves.

pub mod batching;
pub mod data;
pub(crate) mod dense;
pub mod descent;
pub mod eigenvalues;
pub mod ensemble;
pub mod entries;
pub mod epoch;
pub mod mean_iterate;
pub mod monte_carlo;
pub mod partition;
mod polynomial;
pub mod schedule;
pub mod spectrum;
pub mod teacher;

pub use batching::Batching;
pub use data::{draw_stream, sample_features, schedule_stream};
pub use descent::Descent;
pub use eigenvalues::{hermitian_eigenvalues, symmetric_eigenvalues};
pub use ensemble::sample_ensemble;
pub use entries::Entries;
pub use epoch::{EXACT_BATCHES, Epoch};
pub use mean_iterate::{MeanIterate, least_squares};
pub use monte_carlo::{
    MonteCarlo, PolynomialMonteCarlo, Route, SampledMeanErrors, SampledOutput, SampledTrajectories,
};
pub use partition::Partition;
pub use schedule::Schedule;
pub use spectrum::SampledSpectrum;
pub use teacher::{sample_initial_error, sample_noise};
