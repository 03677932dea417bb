//! Noncommutative polynomials in free variables, and their spectra.

mod algebra;
#[cfg_attr(not(test), expect(dead_code, reason = "the moments are for the law of a polynomial"))]
mod moments;
mod parse;

pub use algebra::{Polynomial, Variable, Word};
