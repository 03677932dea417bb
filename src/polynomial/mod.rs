//! Noncommutative polynomials in free variables, and their spectra.

mod algebra;
mod parse;

pub use algebra::{Polynomial, Variable, Word};
