//! A law as the comparison sees it, and samples made comparable with it.

use crate::error::{Error, Result};
use crate::law::SpectralLaw;
use crate::population::Atom;

/// A value this close to an atom, relative to the largest value in size, counts as being at it.
/// Far above the rounding noise of an eigensolver (1e-15), far below the spacing of eigenvalues.
const ATOM_TOLERANCE: f64 = 1e-9;

/// A distribution function may leave `[0, 1]` by this much: the error of an interpolated one.
const CDF_TOLERANCE: f64 = 1e-6;

/// A law on the line, given by its distribution function, its atoms and the range of its
/// continuous part.
#[derive(Debug, Clone)]
pub struct ReferenceLaw<'a, F> {
    cdf: F,
    atoms: &'a [Atom],
    support: (f64, f64),
}

impl<'a> ReferenceLaw<'a, Box<dyn Fn(f64) -> f64 + 'a>> {
    /// A spectral law as a reference.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the law has no continuous part.
    pub fn of(law: &'a SpectralLaw) -> Result<Self> {
        let support = law.support();
        let ([lower, _], [_, upper]) = match (support.first(), support.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => return Err(Error::argument("law", "atoms only", "a law with a continuous part")),
        };
        ReferenceLaw::new(Box::new(|x| law.cdf(x)), law.atoms(), (lower, upper))
    }
}

impl<'a, F: Fn(f64) -> f64> ReferenceLaw<'a, F> {
    /// `cdf(x)` is the mass of `(-infinity, x]`, so at an atom it includes it; `support` holds the
    /// outermost edges of the continuous part, outside of which there are only the atoms.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the edges are finite and increasing, and the atoms have
    /// finite locations and masses in `(0, 1]`.
    pub fn new(cdf: F, atoms: &'a [Atom], support: (f64, f64)) -> Result<Self> {
        let (lower, upper) = support;
        if !(lower.is_finite() && upper.is_finite() && lower < upper) {
            return Err(Error::argument("support", format!("{support:?}"), "finite edges, lower < upper"));
        }
        for atom in atoms {
            if !(atom.location.is_finite() && atom.mass > 0.0 && atom.mass <= 1.0) {
                let allowed = "a finite location with a mass in (0, 1]";
                return Err(Error::argument("atom", format!("{atom:?}"), allowed));
            }
        }
        Ok(Self { cdf, atoms, support })
    }

    /// The atoms.
    pub fn atoms(&self) -> &'a [Atom] {
        self.atoms
    }

    /// Outermost edges of the continuous part.
    pub fn support(&self) -> (f64, f64) {
        self.support
    }

    /// Mass at the very point `x`.
    pub(super) fn mass_at(&self, x: f64) -> f64 {
        self.atoms.iter().filter(|atom| atom.location == x).map(|atom| atom.mass).sum()
    }

    /// Mass of `(-infinity, x]`.
    pub(super) fn cdf(&self, x: f64) -> Result<f64> {
        let value = (self.cdf)(x);
        if (-CDF_TOLERANCE..=1.0 + CDF_TOLERANCE).contains(&value) {
            Ok(value.clamp(0.0, 1.0))
        } else {
            Err(Error::argument("cdf", format!("{value} at {x}"), "in [0, 1]"))
        }
    }
}

/// The values in increasing order, those next to an atom moved to it.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is no value or one is not finite.
pub(super) fn sorted_and_snapped(values: &[f64], atoms: &[Atom]) -> Result<Vec<f64>> {
    if values.is_empty() {
        return Err(Error::argument("values", "empty", "at least one eigenvalue"));
    }
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(Error::argument("values", value, "finite numbers"));
    }
    let tolerance = ATOM_TOLERANCE * values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let snapped = |&value: &f64| {
        let at = |atom: &&Atom| (value - atom.location).abs() <= tolerance;
        atoms.iter().find(at).map_or(value, |atom| atom.location)
    };
    let mut sorted: Vec<f64> = values.iter().map(snapped).collect();
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}
