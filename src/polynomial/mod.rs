//! Noncommutative polynomials in free variables, and their spectra.
//!
//! ```
//! use freespectra::Law;
//! use freespectra::polynomial::FreePolynomial;
//! # fn main() -> Result<(), freespectra::Error> {
//! let model = FreePolynomial::new(
//!     "x*y + y*x".parse()?,
//!     &[("x", Law::semicircle(1.0)?), ("y", Law::semicircle(1.0)?)],
//! )?;
//! let law = model.law()?; // Nica and Speicher, Duke Math. J. 92, 1998
//! let edge = ((11.0 + 5.0 * 5f64.sqrt()) / 2.0).sqrt();
//! assert!((law.range()[1] - edge).abs() < 1e-9);
//! # Ok(())
//! # }
//! ```
//!
//! A polynomial ([`Polynomial`]) is written with operators or parsed from text, linearised to a small
//! pencil ([`Linearization`]), and its spectrum follows from the laws of its variables by operator-valued
//! subordination or by R-transforms ([`FreePolynomial`]). The law is certified by its first four moments,
//! which are computed from free cumulants alone.

mod algebra;
mod candidates;
mod channel;
mod equation;
mod hermitian;
mod image;
mod linearization;
mod matrix_function;
mod model;
mod moments;
mod parse;
mod projections;
mod real_polynomial;
mod reduction;
mod relation;
mod singular;
mod spectrum;

pub use algebra::{Polynomial, Variable, Word};
pub use equation::PolynomialEquation;
pub use linearization::Linearization;
pub use model::{FreePolynomial, Route};
