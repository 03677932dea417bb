//! Atoms and singular points of the law of a polynomial, from its Cauchy transform right above them.
//!
//! Candidates are the constant term, where products with a kernel sit, and the values of the polynomial at
//! atoms of its variables: common eigenvectors of free variables have mass `sum of masses - (n - 1)`, if
//! that is positive. Whether there is an atom, a power law or nothing is read off the growth of
//! `G(c + i eta)` as `eta` falls.

use num_complex::Complex64;

use crate::error::Result;
use crate::law::{CauchyTransform, Singularity};
use crate::population::Atom;

/// Heights, relative to the spread of the law, between which the growth is measured.
const HEIGHTS: [f64; 2] = [1e-6, 1e-8];

/// Exponents of growth above which a point is an atom, and below which `G` is bounded.
const ATOM: f64 = 0.97;
const BOUNDED: f64 = 0.02;

/// Difference to a fraction at which an exponent is taken for it.
const FRACTION: f64 = 0.015;

/// Highest order of a branch point that is recognised, and the one that stands for other kinds.
const HIGHEST_ORDER: u32 = 6;
const OTHER_ORDER: u32 = 3;

/// What is at a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Found {
    Atom(Atom),
    Singular(Singularity),
}

/// Looks at a candidate.
///
/// # Errors
/// [`crate::Error::NotConverged`] if the transform cannot be solved for right above it.
pub(super) fn probe<T: CauchyTransform>(transform: &T, candidate: f64, spread: f64) -> Result<Found> {
    let mut workspace = transform.workspace();
    let mut at = |height: f64| -> Result<Complex64> {
        let z = Complex64::new(candidate, height * spread);
        Ok(transform.solve(z, &mut workspace)?.cauchy)
    };
    let [high, low] = HEIGHTS;
    let (far, near) = (at(high)?, at(low)?);
    let growth = (near.norm() / far.norm()).ln() / (high / low).ln();
    if growth > ATOM {
        // The mass plus a regular part times the height: two heights leave the mass.
        let share = |height: f64, cauchy: Complex64| (Complex64::new(0.0, height * spread) * cauchy).re;
        let mass = 2.0 * share(low, near) - share(2.0 * low, at(2.0 * low)?);
        return Ok(Found::Atom(Atom { location: candidate, mass }));
    }
    if growth < BOUNDED {
        return Ok(Found::Singular(Singularity::Pole(candidate)));
    }
    let fits =
        |order: &u32| (1..*order).any(|k| (growth - f64::from(k) / f64::from(*order)).abs() < FRACTION);
    let order = (2..=HIGHEST_ORDER).find(fits).unwrap_or(OTHER_ORDER);
    Ok(Found::Singular(Singularity::Branch { location: candidate, order }))
}
