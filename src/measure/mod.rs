//! Measures on intervals as values that know no equation they solve.
//!
//! * [`coordinates`]: the parameter in which the density of an interval is smooth;
//! * [`panels`]: integrals and their inverse on panels of the parameter;
//! * [`piece`]: one interval with its density.

pub(crate) mod coordinates;
mod evaluation;
mod integrals;
pub(crate) mod panels;
pub(crate) mod piece;
#[cfg(test)]
pub(crate) mod tests;
