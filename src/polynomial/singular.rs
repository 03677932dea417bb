//! Atoms and singular points of the law of a polynomial, from its Cauchy transform right above them.
//!
//! Candidates are the constant term, where products with a kernel sit, and the values of the polynomial at
//! atoms of its variables: common eigenvectors of free variables have mass `sum of masses - (n - 1)`, if
//! that is positive. What is there is read off `G(c + i eta)` as `eta` falls: an atom from `m / (i eta)`, and
//! from differences the power of `eta` that the rest goes with.

use num_complex::Complex64;

use crate::error::Result;
use crate::law::{CauchyTransform, Singularity};
use crate::population::Atom;
use crate::solver::continuation::is_inside;

/// Heights, relative to the spread of the law, at which `G` is looked at.
const HEIGHTS: [f64; 4] = [1e-5, 1e-6, 1e-7, 1e-8];

/// Exponent of the growth of `G` above which a point is an atom.
const ATOM: f64 = 0.97;

/// Exponent of the change of `G` from which on it is taken for that of an analytic function.
const ANALYTIC: f64 = 0.98;

/// Relative size of changes that may be rounding.
const ROUNDING: f64 = 1e-11;

/// Difference to a fraction at which an exponent is taken for it.
const FRACTION: f64 = 0.015;

/// Highest order of a branch point that is recognised, and the one that stands for other kinds.
const HIGHEST_ORDER: u32 = 6;
const OTHER_ORDER: u32 = 3;

/// Distance to a candidate, relative to the spread, at which the support is looked for on both sides.
const BESIDE: f64 = 1e-3;

/// What is at a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Probed {
    pub(super) atom: Option<Atom>,
    pub(super) singularity: Option<Singularity>,
}

/// Looks at a candidate.
///
/// # Errors
/// [`crate::Error::NotConverged`] if the transform cannot be solved for right above it.
pub(super) fn probe<T: CauchyTransform>(transform: &T, location: f64, spread: f64) -> Result<Probed> {
    let mut workspace = transform.workspace();
    let mut values = [Complex64::ZERO; 4];
    for (value, height) in values.iter_mut().zip(HEIGHTS) {
        *value = transform.solve(Complex64::new(location, height * spread), &mut workspace)?.cauchy;
    }
    let rounding = ROUNDING * values[3].norm();
    let decades = |from: usize, to: usize| (HEIGHTS[from] / HEIGHTS[to]).ln();
    let growth = (values[3].norm() / values[2].norm()).ln() / decades(2, 3);
    let mut atom = None;
    if growth > ATOM {
        let height = |k: usize| Complex64::new(0.0, HEIGHTS[k] * spread);
        let shares = [1, 2, 3].map(|k| (height(k) * values[k]).re);
        let mass = limit(shares);
        values.iter_mut().enumerate().for_each(|(k, value)| *value -= mass / height(k));
        atom = Some(Atom { location, mass });
    }
    let (first, last) = ((values[0] - values[1]).norm(), (values[2] - values[3]).norm());
    let exponent = if last > rounding { (first / last).ln() / decades(0, 2) } else { f64::INFINITY };
    if exponent >= ANALYTIC {
        return Ok(Probed { atom, singularity: Some(Singularity::Pole(location)) });
    }
    let fits = |order: &u32| {
        let fraction = f64::from(*order) * exponent;
        let whole = fraction.round();
        whole != 0.0 && (fraction - whole).abs() < FRACTION * f64::from(*order)
    };
    let order = (2..=HIGHEST_ORDER).find(fits).unwrap_or(OTHER_ORDER);
    let mut inside = |side: f64| {
        let z = Complex64::new(location + side * BESIDE * spread, 0.0);
        transform.solve(z, &mut workspace).is_ok_and(|solution| is_inside(solution.cauchy, spread))
    };
    // A root on one side alone is an edge, regular or hard.
    let singularity = if order > 2 || inside(-1.0) && inside(1.0) {
        Some(Singularity::Branch { location, order })
    } else {
        (exponent < 0.0 || atom.is_some()).then_some(Singularity::Pole(location))
    };
    Ok(Probed { atom, singularity })
}

/// The limit of numbers that approach it geometrically (Aitken's rule), or the last one if they are there.
fn limit([first, second, third]: [f64; 3]) -> f64 {
    let (before, after) = (second - first, third - second);
    if after.abs() <= ROUNDING * third.abs() || after.abs() >= before.abs() {
        return third;
    }
    third - after * after / (after - before)
}
