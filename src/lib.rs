//! Free-probability engine that predicts the limiting spectra of random-matrix models.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod error;
pub mod population;
mod quadrature;

pub use error::{Error, Result};
pub use population::Population;
