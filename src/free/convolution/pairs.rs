//! What the atoms of two free variables tell about their sum or product, and where to look for support.
//!
//! Kernels of free variables intersect as little as they can: an atom at `a` with mass `s` and one at `b`
//! with mass `t` give an atom of mass `s + t - 1` at `a + b`, or `a b`, if that is positive, and there are
//! no other atoms, apart from that of a product at 0 (Bercovici and Voiculescu, 1998; Belinschi, 2003).

use crate::free::Law;
use crate::law::probe::probe;
use crate::law::{CauchyTransform, Singularity, same_place};
use crate::population::Atom;

/// Masses of two atoms that together exceed this leave a trace of a pole next to the support.
const TRACE: f64 = 0.6;

/// Difference at which masses of atoms are equal: two together and 1, or one and another.
pub(super) const TOUCHING: f64 = 1e-9;

/// Most locations of one law that are combined.
const MOST: usize = 8;

/// Combines the atoms of two laws.
pub(super) fn atoms(one: &Law, two: &Law, combine: impl Fn(f64, f64) -> f64) -> Vec<Atom> {
    let combined =
        pairs(one, two, combine).into_iter().map(|(location, mass)| Atom { location, mass: mass - 1.0 });
    // Rounding of masses that add up to 1 is no atom.
    combined.filter(|atom| atom.mass > 4.0 * f64::EPSILON).collect()
}

/// Singular points that the atoms of two laws leave in a combination with this transform: poles, or branch points
/// where two masses fill the whole without remainder.
pub(super) fn singularities(
    one: &Law,
    two: &Law,
    combine: impl Fn(f64, f64) -> f64,
    transform: &impl CauchyTransform,
) -> Vec<Singularity> {
    let (_, spread) = transform.location_scale();
    let traces = pairs(one, two, combine).into_iter().filter(|(_, mass)| *mass > TRACE);
    let singularity = |(location, mass): (f64, f64)| {
        let touching = (mass - 1.0).abs() < TOUCHING;
        let probed = touching.then(|| probe(transform, location, spread).ok()).flatten();
        probed.map_or(Some(Singularity::Pole(location)), |probed| probed.singularity)
    };
    traces.filter_map(singularity).collect()
}

/// Combined locations with the sum of the two masses, the largest where several pairs meet.
fn pairs(one: &Law, two: &Law, combine: impl Fn(f64, f64) -> f64) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    for a in one.point_masses() {
        for b in two.point_masses() {
            pairs.push((combine(a.location, b.location), a.mass + b.mass));
        }
    }
    pairs.sort_by(|a: &(f64, f64), b| b.1.total_cmp(&a.1));
    let mut apart: Vec<(f64, f64)> = Vec::with_capacity(pairs.len());
    for (location, mass) in pairs {
        if apart.iter().all(|(other, _)| !same_place(*other, location)) {
            apart.push((location, mass));
        }
    }
    apart
}

/// Combinations of atoms and of quantiles: guesses of where the support is.
pub(super) fn landmarks(one: &Law, two: &Law, combine: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut landmarks = Vec::new();
    for a in locations(one) {
        for &b in &locations(two) {
            landmarks.push(combine(a, b));
        }
    }
    landmarks
}

/// The heaviest atoms and the middle of each interval.
pub(super) fn locations(law: &Law) -> Vec<f64> {
    let mut atoms = law.point_masses().to_vec();
    atoms.sort_by(|a, b| b.mass.total_cmp(&a.mass));
    let intervals = law.spectral().support().into_iter().map(|[low, high]| 0.5 * (low + high));
    atoms.into_iter().map(|atom| atom.location).chain(intervals).take(MOST).collect()
}
