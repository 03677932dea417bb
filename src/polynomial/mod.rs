//! Noncommutative polynomials in free variables, and their spectra.

mod algebra;

pub use algebra::{Polynomial, Variable, Word};
