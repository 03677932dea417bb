//! Approximation of functions, knowing no probability.
//!
//! * [`rational`]: barycentric rational functions, their values, divided differences and poles;
//! * [`aaa`]: the rational function through given values, to tolerances of their own;
//! * [`series`]: a smooth function by Chebyshev series;
//! * [`singular`]: the least squares problem in it;
//! * [`root`]: the root of a function between two points.

pub(crate) mod aaa;
pub(crate) mod rational;
pub(crate) mod root;
pub(crate) mod series;
mod singular;
