//! Free-probability engine that predicts the limiting spectra of random-matrix models, made first
//! for one question: *what does mini-batching do to gradient descent?*
//!
//! ```
//! use freespectra::MiniBatch;
//! # fn main() -> Result<(), freespectra::Error> {
//! let model = MiniBatch::builder().batches(4).aspect_ratio(0.5).epoch_step(1.0).build()?;
//! let law = model.law()?; // limiting spectrum of Z
//! let full = model.full_batch().law()?; // limiting spectrum of the sample covariance W
//! let ([_, largest], [_, full_largest]) = (law.range(), full.range());
//! assert!(largest < full_largest); // batching shrinks the spectrum
//! # Ok(())
//! # }
//! ```
//!
//! Data flows one way, and each module knows only those before it:
//!
//! * [`population`]: laws of the population covariance;
//! * [`solver`]: pencils, the matrix-valued Silverstein equation, continuation to the real axis;
//! * [`law`]: measures on the line with support, atoms, density, quantiles, moments;
//! * [`finite`]: sampled data and the exact finite-size `Z`;
//! * [`comparison`]: distances between samples and a law;
//! * [`minibatch`]: the model of gradient descent;
//! * `plot` (optional): figures.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod comparison;
pub mod error;
pub mod finite;
pub mod law;
pub mod minibatch;
#[cfg(feature = "plot")]
pub mod plot;
pub mod population;
mod quadrature;
pub mod solver;

pub use error::{Error, Result};
pub use law::SpectralLaw;
pub use minibatch::MiniBatch;
pub use population::Population;
