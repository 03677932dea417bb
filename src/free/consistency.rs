//! Whether the parts of a law describe one law.
//!
//! The reference is the spectral law, density and atoms. The Cauchy transform at infinity, declared moments and free
//! cumulants, the Levy-Khintchine form and the limit of the random matrix all give the first four moments, the
//! transform right above an atom its mass.

use num_complex::Complex64;

use super::free_law::{FreeLaw, moments_at_infinity};
use crate::error::{Error, Result};
use crate::law::{Certificate, SpectralLaw, free_cumulants, moments_from_free_cumulants};

/// How many moments are compared.
const COUNT: usize = 4;

/// Rounding of moments at infinity, relative to powers of the radius.
const ROUNDING: f64 = 1e-12;

/// Height above an isolated atom, relative to the gap around it, at which its mass is read off the transform.
const ATOM_HEIGHT: f64 = 1e-6;

/// Error of that mass, and the narrowest gap, relative to the distance from 0, that is looked into.
const ATOM_ERROR: f64 = 1e-9;
const NARROWEST: f64 = 1e-4;

const SPECTRAL: &str = "density and atoms";
const TRANSFORM: &str = "the Cauchy transform";

/// Checks the parts that a spectral law is made from: numbers of numbers, isolated atoms, the random matrix.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are not as many moments or free cumulants as asked for, and from
/// [`crate::law::Ensemble::validate`] and [`super::FreeLevy::validated`]; [`Error::Contradiction`] if an isolated atom
/// is not one of the Cauchy transform.
pub(super) fn check_shapes(law: &dyn FreeLaw) -> Result<()> {
    let atoms = law.atoms();
    if !atoms.iter().all(|atom| atom.location.is_finite() && atom.mass > 0.0) {
        return Err(Error::argument("atoms", format!("{atoms:?}"), "finite locations with positive masses"));
    }
    for (argument, numbers) in
        [("moments", law.moments(COUNT)), ("free cumulants", law.free_cumulants(COUNT))]
    {
        if numbers.len() != COUNT || numbers.iter().any(|number| number.is_nan()) {
            return Err(Error::argument(
                argument,
                format!("{numbers:?}"),
                "as many numbers as are asked for",
            ));
        }
    }
    law.ensemble().map_or(Ok(()), |ensemble| ensemble.validate())?;
    law.levy().map_or(Ok(()), |levy| levy.validated().map(drop))?;
    check_isolated_atoms(law)
}

/// Compares the masses of isolated atoms with the Cauchy transform right above them, where all else adds up to the
/// square of the relative height.
fn check_isolated_atoms(law: &dyn FreeLaw) -> Result<()> {
    let (support, atoms) = (law.support(), law.atoms());
    for &[location, _] in support.iter().filter(|[low, high]| low == high) {
        let others = support.iter().flatten().map(|end| (end - location).abs()).filter(|&gap| gap > 0.0);
        let gap = others.fold(f64::INFINITY, f64::min);
        if gap < NARROWEST * location.abs() || !gap.is_finite() {
            continue;
        }
        let height = ATOM_HEIGHT * gap;
        let mass = -height * law.cauchy_transform(Complex64::new(location, height)).im;
        let declared: f64 = atoms.iter().filter(|atom| atom.location == location).map(|atom| atom.mass).sum();
        if (declared - mass).abs() > ATOM_ERROR || mass.is_nan() {
            return Err(Error::Contradiction {
                part: "atoms",
                reference: TRANSFORM,
                quantity: format!("the mass at {location}"),
                found: declared,
                expected: mass,
            });
        }
    }
    Ok(())
}

/// Compares all parts of a law with its spectral law.
///
/// # Errors
/// [`Error::Contradiction`] with the first part that disagrees by more than [`Certificate::TOLERANCE`], relative to
/// the absolute moment of the same order.
pub(super) fn check(law: &dyn FreeLaw, spectral: &SpectralLaw) -> Result<()> {
    let exact = |_| 0.0;
    let part = |name: &'static str, cumulants: Vec<f64>| {
        let moments = moments_from_free_cumulants(&cumulants);
        compare(name, &[&[1.0], &moments[..]].concat(), spectral, exact)?;
        check_variance(name, &cumulants, spectral)
    };
    if let Some(levy) = law.levy() {
        part("the Levy-Khintchine form", levy.free_cumulants(COUNT))?;
    }
    if let Some(ensemble) = law.ensemble() {
        part("the random matrix", ensemble.free_cumulants(COUNT))?;
    }
    let [low, high] = spectral.range();
    let radius = low.abs().max(high.abs());
    let rounding = |order: i32| ROUNDING * radius.powi(order);
    let (moments, cumulants) = (law.moments(COUNT), law.free_cumulants(COUNT));
    let at_infinity = moments_at_infinity(law, [low, high], COUNT);
    // By default they come from the transform.
    if moments != at_infinity[1..] {
        compare("moments", &[&[1.0], &moments[..]].concat(), spectral, exact)?;
    }
    if cumulants != free_cumulants(&moments) {
        part("free cumulants", cumulants)?;
    }
    compare(TRANSFORM, &at_infinity, spectral, rounding)
}

/// Compares the moments `m_0, m_1, ...` by a part with those of the spectral law.
fn compare(
    part: &'static str,
    moments: &[f64],
    spectral: &SpectralLaw,
    slack: impl Fn(i32) -> f64,
) -> Result<()> {
    for (order, &found) in (0..).zip(moments) {
        let expected = spectral.moment(order);
        let scale = spectral.integrate(|x| x.powi(order).abs()).max(found.abs());
        if (found - expected).abs() <= Certificate::TOLERANCE * scale + slack(order) {
            continue;
        }
        let quantity = if order == 0 { "the mass".to_owned() } else { format!("moment {order}") };
        return Err(Error::Contradiction { part, reference: SPECTRAL, quantity, found, expected });
    }
    Ok(())
}

/// Compares the variance, which in a law far from 0 is a small part of the second moment.
fn check_variance(part: &'static str, cumulants: &[f64], spectral: &SpectralLaw) -> Result<()> {
    let (found, expected) = (cumulants[1], spectral.variance());
    let rounding = ROUNDING * spectral.moment(2);
    if (found - expected).abs() <= Certificate::VARIANCE_TOLERANCE * expected.max(found) + rounding {
        return Ok(());
    }
    let quantity = "the variance".to_owned();
    Err(Error::Contradiction { part, reference: SPECTRAL, quantity, found, expected })
}
