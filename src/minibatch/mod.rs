//! The model: least squares by mini-batch gradient descent with random reshuffling.
//!
//! `n` samples of `p` features, population covariance with law `H`, split in `B` batches `X_b`; every
//! epoch passes through the batches in a random order, one step of size `alpha` on each batch mean.
//! Averaged over the orders, one epoch multiplies the error by
//!
//! ```text
//! P = average over orders of prod_b (I - alpha W_b),   W_b = X_b^T X_b / n_b,   Z = (I - P) / (alpha B)
//! ```
//!
//! and for batches of equal weight `Z = X^T Xtilde / n` is the sample cross-covariance of the
//! features with the features modified by the batches that come before (Lok, Sonthalia, Rebrova,
//! ALT 2025, arXiv 2406.03696). As `n, p -> infinity` with `p / n -> gamma` the eigenvalues of `Z` have
//! a deterministic law, which [`MiniBatch::law`] computes. Full-batch gradient descent is the
//! case `B = 1`, where `Z` is the sample covariance `W`.

mod model;
mod subset_lattice;
mod symmetric;
mod transform;

pub use model::{LATTICE_LIMIT, MiniBatch, MiniBatchBuilder, SYMMETRIC_LIMIT};
pub use transform::ZTransform;
