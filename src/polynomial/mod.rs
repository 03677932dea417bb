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
//! subordination or by R-transforms ([`FreePolynomial`]). Polynomials in one variable, in two variables with two
//! values each (projections, signs), functions of another polynomial, sums of parts in different variables, conjugations
//! `q r q^*` and squared moduli `q q^*` have shorter ways. The law is certified by its first four moments,
//! which are computed from free cumulants alone.
//!
//! # Gallery
//!
//! Predicted laws over the eigenvalues of random matrices of size 1000, from two draws. Drawn by the example
//! `figures`.
//!
//! The anticommutator of two free semicirculars (Nica and Speicher, 1998):
//!
#![doc = include_str!("../../figures/laws/anticommutator.svg")]
//!
//! `x*y*x` in two free semicirculars, with a density like `|x|^(-1/2)` at 0:
//!
#![doc = include_str!("../../figures/laws/conjugate.svg")]
//!
//! The anticommutator of two free projections, with an atom, a hard edge and two bulks:
//!
#![doc = include_str!("../../figures/laws/projections.svg")]
//!
//! The sum of three free signs, the spectral law of the 3-regular tree (Kesten, 1959; McKay, 1981):
//!
#![doc = include_str!("../../figures/laws/signs.svg")]
//!
//! A cubic in three variables, a semicircular, a free Poisson and a uniform one:
//!
#![doc = include_str!("../../figures/laws/cubic.svg")]
//!
//! Three atoms and a semicircular, three bulks:
//!
#![doc = include_str!("../../figures/laws/bulks.svg")]

mod algebra;
mod candidates;
mod channel;
mod coordinates;
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
mod rules;
mod spectrum;
#[cfg(test)]
mod walks;

pub use algebra::{Polynomial, Variable, Word};
pub use equation::PolynomialEquation;
pub use linearization::Linearization;
pub use model::{FreePolynomial, Route};
