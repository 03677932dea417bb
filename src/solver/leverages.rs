//! How rows of unequal leverage see each other: the cavity and the dressed medium of [`super::free_partition`].
//!
//! With `M = g R` the cavity is `kappa = chi(M) g`, where `chi` solves
//!
//! ```text
//! chi E_h[h (1 - h M chi)^-1] = 1.
//! ```
//!
//! All of it commutes with `M`, so Newton's step is `chi - (chi E_h[h (1 - h M chi)^-1] - 1) E_h[h (1 - h M chi)^-2]^-1`. It
//! starts where the iteration by the dressed medium, which always ends at the right solution but slowly, is close.
//!
//! Only averages of `h` times a rational function of `h` are needed: a Gauss rule for the measure `h` gives them with
//! few nodes.

use super::inverse::SplitMatrix;
use crate::error::{Error, Result, positive};
use crate::population::Atom;
use crate::quadrature::Lanczos;

/// Nodes for the leverages.
const NODES: usize = 12;

/// Most iterations by the dressed medium; the iteration ends at rounding before, except in first guesses.
const STEPS: usize = 60;

/// Relative change from which on Newton's method takes over, and most steps of it.
const CLOSE: f64 = 0.02;
const NEWTON_STEPS: usize = 6;

/// Buffers for one block.
pub(super) type Room = [SplitMatrix; 6];

/// Relative sizes of rows and the fractions of rows that have them, as far as averages go.
#[derive(Debug, Clone)]
pub(super) struct Leverages(Vec<Atom>);

impl Leverages {
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none or one is not finite and positive, [`Error::Eigenvalues`] if the rule
    /// is not found.
    pub(super) fn new(atoms: Vec<Atom>) -> Result<Self> {
        if atoms.is_empty() {
            return Err(Error::argument("leverages", "none", "at least one"));
        }
        for atom in &atoms {
            positive("leverages", atom.location)?;
            positive("leverages", atom.mass)?;
        }
        if atoms.len() <= NODES {
            return Ok(Self(atoms));
        }
        let mut lanczos = Lanczos::new(atoms.iter().map(|atom| (atom.location, atom.mass * atom.location)));
        lanczos.extend(NODES);
        let rule = lanczos.rule()?.into_iter();
        Ok(Self(rule.map(|(location, weight)| Atom { location, mass: weight / location }).collect()))
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Atom> {
        self.0.iter()
    }

    /// Whether all rows have the same leverage.
    pub(super) fn are_equal(&self) -> bool {
        // Rows that are 0 have no atom, but a part of the mass.
        matches!(self.0[..], [Atom { mass, .. }] if mass == 1.0)
    }

    /// `D(x, y)`, the medium `x` as dressed by the spread of the leverages, in the fourth matrix of the room.
    pub(super) fn dress(&self, x: &SplitMatrix, y: &SplitMatrix, room: &mut Room) -> bool {
        let [product, inverse, mean, dressed, ..] = room;
        if self.are_equal() {
            dressed.copy_from(x);
            return true;
        }
        product.set_product(x, y);
        mean.fill_zero();
        dressed.fill_zero();
        for &Atom { location: h, mass } in &self.0 {
            if !resolvent(h, product, inverse) {
                return false;
            }
            mean.add_scaled(mass * h, inverse);
            dressed.add_scaled(mass * h * h, inverse);
        }
        if !mean.invert() {
            return false;
        }
        product.set_product(mean, dressed);
        dressed.set_product(product, x);
        true
    }

    /// `kappa` from `g` and `R` of one block.
    pub(super) fn cavity(
        &self,
        average: &SplitMatrix,
        medium: &SplitMatrix,
        room: &mut Room,
        cavity: &mut SplitMatrix,
    ) -> bool {
        if !inverse_sum(average, medium, &mut room[0], cavity) {
            return false;
        }
        if self.are_equal() {
            return true;
        }
        let mut is_close = false;
        for _ in 0..STEPS {
            if !self.dress(medium, cavity, room) {
                return false;
            }
            let [before, _, inverse, dressed, ..] = room;
            before.copy_from(cavity);
            if !inverse_sum(average, dressed, inverse, cavity) {
                return false;
            }
            let change = difference(before, cavity) / size(cavity);
            if change <= f64::EPSILON {
                break;
            }
            if change <= CLOSE && !is_close {
                is_close = true;
                // kappa = (1 + g D)^-1 g: the iteration leaves chi behind.
                if self.newton(average, medium, room) {
                    let [chi, ..] = room;
                    cavity.set_product(chi, average);
                    return true;
                }
            }
        }
        true
    }

    /// `chi` in the first matrix of the room, from what the last iteration left of it in the third; whether it is found.
    fn newton(&self, average: &SplitMatrix, medium: &SplitMatrix, room: &mut Room) -> bool {
        let [chi, inverse, sum, squares, product, relative] = room;
        chi.copy_from(sum);
        product.set_product(average, medium);
        for _ in 0..NEWTON_STEPS {
            relative.set_product(product, chi);
            sum.fill_zero();
            squares.fill_zero();
            let (mean, slope) = (&mut *sum, &mut *squares);
            for &Atom { location: h, mass } in &self.0 {
                if !resolvent(h, relative, inverse) {
                    return false;
                }
                mean.add_scaled(mass * h, inverse);
                slope.add_product(mass * h, inverse, inverse);
            }
            if !slope.invert() {
                return false;
            }
            inverse.fill_zero();
            inverse.add_identity();
            inverse.add_product(-1.0, chi, mean);
            mean.set_product(inverse, slope);
            let change = size(mean) / size(chi);
            chi.add_scaled(1.0, mean);
            // The error is about the square of the step.
            if change <= f64::EPSILON.sqrt() {
                return true;
            }
            if change.is_nan() || change > 1.0 {
                return false;
            }
        }
        false
    }
}

/// `(1 - h x)^-1`; false if there is none.
fn resolvent(h: f64, x: &SplitMatrix, inverse: &mut SplitMatrix) -> bool {
    inverse.fill_zero();
    inverse.add_scaled(-h, x);
    inverse.add_identity();
    inverse.invert()
}

/// `(x^-1 + y)^-1 = (1 + x y)^-1 x` for a `x` that may be singular, and `(1 + x y)^-1` in the room; false if there is
/// none.
pub(super) fn inverse_sum(
    x: &SplitMatrix,
    y: &SplitMatrix,
    room: &mut SplitMatrix,
    sum: &mut SplitMatrix,
) -> bool {
    room.set_product(x, y);
    room.add_identity();
    let regular = room.invert();
    sum.set_product(room, x);
    regular
}

/// Largest real or imaginary part.
fn size(x: &SplitMatrix) -> f64 {
    x.re.iter().chain(&x.im).fold(0.0f64, |m, x| m.max(x.abs()))
}

fn difference(x: &SplitMatrix, y: &SplitMatrix) -> f64 {
    let parts = x.re.iter().zip(&y.re).chain(x.im.iter().zip(&y.im));
    parts.fold(0.0f64, |m, (a, b)| m.max((a - b).abs()))
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::*;

    /// The relation between `g` and `kappa` with every leverage, not with the nodes of the rule, at points above the
    /// real axis and next to it.
    #[test]
    fn rows_of_lognormal_size_see_each_other() {
        // Sizes at the quantiles of a law with a heavy tail, mean 1.
        let sizes: Vec<f64> = (0..40).map(|i| ((f64::from(i) + 0.5) / 40.0).powf(-0.6)).collect();
        let mean = sizes.iter().sum::<f64>() / 40.0;
        let sizes: Vec<f64> = sizes.iter().map(|h| h / mean).collect();
        let atoms = sizes.iter().map(|&location| Atom { location, mass: 1.0 / 40.0 }).collect();
        let leverages = Leverages::new(atoms).unwrap();
        let scalar = |x: Complex64| {
            let mut matrix = SplitMatrix::zeros(1);
            matrix.set(0, 0, x);
            matrix
        };
        for (g, medium) in
            [((0.3, -0.2), (0.5, -0.1)), ((0.5, -1e-3), (-0.4, -1e-3)), ((0.1, -0.4), (1.5, -0.5))]
        {
            let (g, medium) = (Complex64::new(g.0, g.1), Complex64::new(medium.0, medium.1));
            let mut room: Room = std::array::from_fn(|_| SplitMatrix::zeros(1));
            let mut cavity = SplitMatrix::zeros(1);
            assert!(leverages.cavity(&scalar(g), &scalar(medium), &mut room, &mut cavity));
            let kappa = cavity.get(0, 0);
            let seen: Complex64 =
                sizes.iter().map(|h| h * kappa / (1.0 - h * medium * kappa)).sum::<Complex64>() / 40.0;
            assert!((seen - g).norm() < 1e-9 * g.norm(), "{seen} against {g}");
        }
    }
}
