//! Free-probability engine that predicts the limiting spectra of random-matrix models.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod law;
pub mod minibatch;
pub mod population;
mod quadrature;
pub mod solver;

pub use error::{Error, Result};
pub use law::SpectralLaw;
pub use minibatch::MiniBatch;
pub use population::Population;
