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
//!
//! # From the paper to the crate
//!
//! | Lok, Sonthalia, Rebrova (arXiv 2406.03696) | here |
//! |---|---|
//! | the new features `Xtilde` and `Z = X^T Xtilde / n` | [`crate::finite::MonteCarlo`], from sampled data; [`crate::data`], given data |
//! | error dynamics of the mean iterate, exactly, in terms of `Z` | [`MeanBias`] for any population, [`MeanIterate`] with noise |
//! | generalisation error, and its limit that depends on the step size | [`MeanIterate::curve`], [`MeanIterate::limit`] |
//! | agreement with the full batch to leading order: the linear scaling rule | [`spectral_distance`], [`shrinkage()`] |
//! | shrinkage of the spectrum of `Z` against that of `W` | [`MiniBatch::law`], [`MiniBatch::full_batch`], [`shrinkage()`] |
//! | `Z` in the proportional limit, by free probability | [`MiniBatch::law`] for any number of batches, [`SmallBatches::law`] for infinitely many |
//!
//! Beyond the paper are the errors of single runs ([`Trajectory`]), the steps at which they and the mean diverge
//! ([`MiniBatch::stability_step`], [`MiniBatch::critical_step_size`]), very many small batches ([`SmallBatches`]), and a user's own
//! data.
//!
//! # From `P` to `P - I`
//!
//! The pencils start from a linearisation of `P` with unknowns `(root, u, v)`, `u` the averages `P_S` of
//! ordered products over subsets of batches. At `M_b = I` it has the solution `u = -u_0 root`,
//! `v = -v_0 root` with known `u_0`, `v_0`. Taking it out, `u = u' - u_0 root`, `v = v' - v_0 root`, is a
//! congruence that leaves the Schur complement on the root unchanged, turns its entry into
//! `z - 1`, and gives the root a part in every `W_b`. With `z - 1` as the spectral parameter this is a
//! pencil of `P - I = -alpha B Z`, in which small eigenvalues of `Z` do not suffer from the
//! cancellation in `1 - P`.

mod basis;
mod batches;
mod critical;
mod mean_iterate;
mod model;
mod scaling;
mod small_batches;
mod stability;
mod subset_lattice;
mod sweep;
mod symmetric;
pub(crate) mod trajectory;
mod transform;
mod tuning;
mod weighted;

pub use batches::Batches;
pub use mean_iterate::{MeanBias, MeanError, MeanIterate, WhiteMiniBatch};
pub use model::{LATTICE_LIMIT, MiniBatch, MiniBatchBuilder, SYMMETRIC_LIMIT};
pub use scaling::{Shrinkage, shrinkage, spectral_distance};
pub use small_batches::{EpochKernel, SmallBatchCurve, SmallBatchOrder, SmallBatches, Stationary};
pub use stability::{Order, StabilityStep};
pub use sweep::Sweep;
pub use trajectory::{
    AveragedCurve, AveragedOutput, Averaging, ErrorCurve, OutputCurve, TestCovariance, Trajectory,
};
pub use transform::ZTransform;
pub use tuning::{Parameter, Stop, Tuned, Tuning, TuningMap};
