//! Laws of free variables, and what free independence makes of them.
//!
//! A [`Law`] is a compactly supported law with everything that free probability asks of it: the Cauchy
//! transform up to the real axis, free cumulants, R- and S-transform, and a random matrix with that law
//! in the limit. [`FreeLaw`] is the trait behind it, to be implemented for laws of one's own. Free
//! convolutions return laws again:
//!
//! ```
//! use freespectra::Law;
//! # fn main() -> Result<(), freespectra::Error> {
//! let signs = Law::bernoulli()?;
//! let arcsine = signs.plus(&signs)?; // two free signs
//! assert!((arcsine.density(0.0) - 1.0 / (2.0 * std::f64::consts::PI)).abs() < 1e-9);
//! let noisy = arcsine.plus(&Law::semicircle(0.5)?)?;
//! assert!(noisy.spectral().support()[0][1] > 2.0);
//! # Ok(())
//! # }
//! ```
//!
//! * [`named`]: the laws with names;
//! * [`convolution`]: sums, products, powers and compressions, by scalar subordination;
//! * [`levy`]: laws whose R-transform is rational.

mod consistency;
pub mod convolution;
mod direct;
mod expression;
mod free_law;
mod handle;
pub mod levy;
pub mod named;
mod transforms;

pub(crate) use convolution::solved::Solved;
pub use expression::NAMED;
pub use free_law::FreeLaw;
pub use handle::Law;
pub use levy::{FreeLevy, Jump};
