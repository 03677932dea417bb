//! One interval of a law, in either of its representations.
//!
//! Laws whose edges are known as turning points of the real solutions have [rational pieces](crate::measure::piece), others
//! [series in the frame](super::band) of what is known of their ends.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use super::band::Band;
use crate::error::{Error, Result};
use crate::measure::piece::Piece;

/// An interval of the support with its density.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Rational(Piece),
    Series(Band),
}

/// Calls a method that both representations have.
macro_rules! of_either {
    ($part:expr, $one:ident => $call:expr) => {
        match $part {
            Part::Rational($one) => $call,
            Part::Series($one) => $call,
        }
    };
}

impl Part {
    pub(super) fn low(&self) -> f64 {
        match self {
            Self::Rational(piece) => piece.low(),
            Self::Series(band) => band.low,
        }
    }

    pub(super) fn high(&self) -> f64 {
        match self {
            Self::Rational(piece) => piece.high(),
            Self::Series(band) => band.high,
        }
    }

    pub(super) fn contains(&self, x: f64) -> bool {
        self.low() < x && x < self.high()
    }

    /// Whether what was read from a file fits together.
    pub(super) fn is_consistent(&self) -> bool {
        match self {
            // Checked when it was read.
            Self::Rational(_) => true,
            Self::Series(band) => band.is_consistent(),
        }
    }

    pub(super) fn density(&self, x: f64) -> f64 {
        of_either!(self, one => one.density(x))
    }

    pub(super) fn total_mass(&self) -> f64 {
        of_either!(self, one => one.total_mass())
    }

    /// Mass in `(-infinity, x]`.
    pub(super) fn mass_below(&self, x: f64) -> f64 {
        of_either!(self, one => one.mass_below(x))
    }

    /// The point with `mass` of the part below it.
    pub(super) fn quantile(&self, mass: f64) -> f64 {
        of_either!(self, one => one.quantile(mass))
    }

    pub(super) fn integrate(&self, f: &dyn Fn(f64) -> f64) -> f64 {
        of_either!(self, one => one.integrate(f))
    }

    pub(super) fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        of_either!(self, one => one.cauchy_transform(z))
    }

    /// The image under `x -> scale x + shift`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if rounding does not leave it as it is.
    pub(super) fn affine(&self, scale: f64, shift: f64) -> Result<Self> {
        match self {
            Self::Rational(piece) => Ok(Self::Rational(piece.affine(scale, shift)?)),
            Self::Series(band) if band.survives(scale, shift) => Ok(Self::Series(band.affine(scale, shift))),
            Self::Series(_) => {
                let allowed = format!("a size that rounding at {shift} leaves intact");
                Err(Error::argument("scale", scale, allowed))
            }
        }
    }

    /// The point of the line at a parameter in which the mass is smooth.
    pub(super) fn position(&self, parameter: f64) -> f64 {
        match self {
            Self::Rational(piece) => piece.position(parameter),
            Self::Series(band) => band.frame.position(parameter),
        }
    }

    /// Mass on the parameters below the given one.
    pub(super) fn mass_before(&self, parameter: f64) -> f64 {
        of_either!(self, one => one.mass_before(parameter))
    }

    /// Intervals of the parameter on which the mass is resolved by one series each.
    pub(super) fn panels(&self) -> Vec<[f64; 2]> {
        match self {
            Self::Rational(piece) => piece.panels().iter().map(|panel| [panel.low, panel.high]).collect(),
            Self::Series(band) => band.mass.iter().map(|(_, series)| [series.low, series.high]).collect(),
        }
    }
}
