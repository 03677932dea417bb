//! Atoms and singular points of a law, from its Cauchy transform right above them.
//!
//! What is at a candidate is read off `G(c + i eta)` as `eta` falls: an atom from `m / (i eta)`, and from differences
//! the power of `eta` that the rest goes with.

use num_complex::Complex64;

use super::transform::{CauchyTransform, Singularity};
use crate::control;
use crate::error::Result;
use crate::population::Atom;
use crate::solver::continuation::is_inside;

/// Heights, relative to the spread of the law, at which `G` is looked at: from the first down by decades, at
/// least to the second, and on to the third until the exponents settle.
const FIRST_HEIGHT: f64 = 1e-2;
const SHALLOW: f64 = 1e-8;
const DEEP: f64 = 1e-14;

/// Values that exponents are told from.
const FEWEST: usize = 4;

/// Difference of exponents over successive decades at which they have settled.
const SETTLED: f64 = 0.01;

/// Relative error of the values up to which Aitken's rule is repeated, and how often.
const PRECISE: f64 = 1e-10;
const REPETITIONS: usize = 3;

/// Change of a mass over the last decade at which it has settled.
const SETTLED_MASS: f64 = 1e-12;

/// Exponent of the growth of `G` above which a point is an atom.
const ATOM: f64 = 0.97;

/// Exponent of the change of `G` from which on it is taken for that of an analytic function.
const ANALYTIC: f64 = 0.98;

/// Error of a solution up to which it is believed.
const ACCURATE: f64 = 1e-9;

/// Relative size of changes that may be rounding.
const ROUNDING: f64 = 1e-11;

/// Units in the last place by which a solution may be off.
const DIGITS: f64 = 30.0;

/// Difference to a fraction at which an exponent is taken for it; that of the next power, which is approached slowly.
const FRACTION: f64 = 0.015;
const SLOW: f64 = 0.05;

/// Highest order of a branch point that is recognised, and the one that stands for other kinds.
const HIGHEST_ORDER: u32 = 6;
const OTHER_ORDER: u32 = 3;

/// Distance to a candidate, relative to the spread, at which the support is looked for on both sides.
const BESIDE: f64 = 1e-3;

/// What is at a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Probed {
    pub(crate) atom: Option<Atom>,
    pub(crate) singularity: Option<Singularity>,
}

/// Looks at a candidate.
///
/// # Errors
/// [`crate::Error::NotConverged`] if the transform cannot be solved for right above it, and those of [`control::spend`].
pub(crate) fn probe<T: CauchyTransform>(transform: &T, location: f64, spread: f64) -> Result<Probed> {
    let mut workspace = transform.workspace();
    let (mut heights, mut values, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut height, mut state) = (FIRST_HEIGHT, None::<Vec<Complex64>>);
    let mut found = Found::default();
    while height > DEEP {
        let z = Complex64::new(location, height * spread);
        let near = state.and_then(|state| transform.solve_near(z, &state, &mut workspace).ok());
        // Close to an atom the iteration may stagnate at a residual that says little.
        let near = near.filter(|solution| solution.error < ACCURATE);
        let solution = match near.map_or_else(|| transform.solve(z, &mut workspace), Ok) {
            Ok(solution) => solution,
            // What is known so far has to do, if it is enough.
            Err(_) if height < SHALLOW || found.is_clear() => break,
            Err(error) => return Err(error),
        };
        control::spend(solution.iterations)?;
        heights.push(height * spread);
        values.push(solution.cauchy);
        errors.push(solution.error);
        state = Some(solution.state);
        if values.len() >= FEWEST {
            let next = Found::at(&heights, &values, &errors, location.abs());
            let moved = match (next.mass, found.mass) {
                (Some(new), Some(old)) => f64::abs(new - old) > SETTLED_MASS,
                (new, _) => new.is_some(),
            };
            found = next;
            // Elsewhere than at 0 going deeper only loses digits of the location.
            let unsure = moved && location == 0.0;
            if height < 2.0 * SHALLOW && !unsure && settled(&found.exponents) {
                break;
            }
        }
        height *= 0.1;
    }
    let (mass, exponent) = (found.mass, found.exponent());
    let atom = mass.map(|mass| Atom { location, mass });
    if exponent >= ANALYTIC {
        return Ok(Probed { atom, singularity: Some(Singularity::Pole(location)) });
    }
    let order = (2..=HIGHEST_ORDER).find_map(|order| {
        let leading = nearest_fraction(exponent, order);
        if leading == 0.0 || (exponent - leading).abs() >= FRACTION {
            return None;
        }
        // A root of higher order may come second, as in z^(-1/2) + z^(-1/4).
        let Some(second) = found.second_exponent(leading) else { return Some(order) };
        let off = |order: u32| (second - nearest_fraction(second, order)).abs();
        let finer = (order..=HIGHEST_ORDER).step_by(order as usize).filter(|finer| off(*finer) < SLOW);
        Some(finer.min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(order))
    });
    let order = order.unwrap_or(OTHER_ORDER);
    let mut inside = |side: f64| {
        let z = Complex64::new(location + side * BESIDE * spread, 0.0);
        transform.solve(z, &mut workspace).is_ok_and(|solution| is_inside(solution.cauchy))
    };
    // A root on one side alone is an edge, regular or hard.
    let singularity = if order > 2 || inside(-1.0) && inside(1.0) {
        Some(Singularity::Branch { location, order })
    } else {
        (exponent < 0.0 || atom.is_some()).then_some(Singularity::Pole(location))
    };
    Ok(Probed { atom, singularity })
}

/// The nearest multiple of one over the order.
fn nearest_fraction(exponent: f64, order: u32) -> f64 {
    (f64::from(order) * exponent).round() / f64::from(order)
}

/// Whether exponents agree.
fn settled(exponents: &[f64]) -> bool {
    agree(exponents, SETTLED)
}

fn agree(exponents: &[f64], within: f64) -> bool {
    exponents.windows(2).all(|pair| (pair[0] - pair[1]).abs() < within)
}

/// What values above a candidate tell.
#[derive(Default)]
struct Found {
    /// The mass of an atom, if there is one.
    mass: Option<f64>,
    /// Exponents of the rest over the last decades; none where the rest changes by rounding only.
    exponents: Vec<f64>,
    /// Changes of the rest from decade to decade, and what of them may be rounding.
    changes: Vec<(Complex64, f64)>,
}

impl Found {
    /// From values with relative errors, at heights above a number of the given size.
    fn at(heights: &[f64], values: &[Complex64], errors: &[f64], size: f64) -> Self {
        let last = values.len() - 1;
        let growth = (values[last].norm() / values[last - 1].norm()).log10();
        let height = |k: usize| Complex64::new(0.0, heights[k]);
        let noise = |k: usize| ROUNDING.max(errors[k]) + DIGITS * f64::EPSILON * size / heights[k];
        let shares = || (0..=last).map(|k| (height(k) * values[k]).re).collect::<Vec<f64>>();
        let mass = (growth > ATOM).then(|| limit(&shares(), noise(last)));
        let rest = |k: usize| values[k] - mass.unwrap_or(0.0) / height(k);
        let change = |k: usize| rest(k) - rest(k - 1);
        if change(last).norm() <= noise(last) * values[last].norm() {
            return Self { mass, ..Self::default() };
        }
        let decades = last.saturating_sub(2).max(2)..=last;
        let exponents = decades.map(|k| (change(k - 1).norm() / change(k).norm()).log10()).collect();
        let changes = (1..=last).map(|k| (change(k), noise(k) * values[k].norm())).collect();
        Self { mass, exponents, changes }
    }

    /// The exponent of what is left of the rest without its leading power, where it has settled above rounding.
    fn second_exponent(&self, leading: f64) -> Option<f64> {
        let ratio = 10f64.powf(-leading);
        let left = self.changes.windows(2).map(|pair| {
            let [(before, _), (after, noise)] = pair else { return (0.0, f64::INFINITY) };
            ((after - ratio * before).norm(), (1.0 + ratio) * noise)
        });
        let left: Vec<f64> = left.take_while(|(left, noise)| left > noise).map(|(left, _)| left).collect();
        let exponents: Vec<f64> = left.windows(2).map(|pair| (pair[0] / pair[1]).log10()).collect();
        let last = exponents.len().checked_sub(2)?;
        agree(&exponents[last..], SLOW).then(|| exponents[last + 1])
    }

    /// Whether this is enough where nothing further down can be solved for: next to an atom unknowns lose digits.
    fn is_clear(&self) -> bool {
        self.mass.is_some()
            || self.exponents.len() > 1 && settled(&self.exponents[self.exponents.len() - 2..])
    }

    /// The exponent of the rest.
    fn exponent(&self) -> f64 {
        self.exponents.last().copied().unwrap_or(f64::INFINITY)
    }
}

/// The limit of numbers that approach it like a sum of powers of the height, which fall geometrically: Aitken's
/// rule, repeated where there are digits for it; the last one if they are there up to a relative error.
fn limit(values: &[f64], noise: f64) -> f64 {
    let last = values[values.len() - 1];
    let repetitions = if noise <= PRECISE { REPETITIONS } else { 1 };
    let mut current = values.to_vec();
    for _ in 0..repetitions {
        let accelerated = |triple: &[f64]| {
            let (before, after) = (triple[1] - triple[0], triple[2] - triple[1]);
            let settled = after.abs() <= noise * last.abs() || after.abs() >= before.abs();
            if settled { triple[2] } else { triple[2] - after * after / (after - before) }
        };
        if current.len() < 3 {
            break;
        }
        current = current.windows(3).map(accelerated).collect();
    }
    current.last().copied().unwrap_or(last)
}
