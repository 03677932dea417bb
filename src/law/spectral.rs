//! The spectral law: a probability measure on the line as a finite set of numbers.

use std::fmt;

use num_complex::Complex64;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::measure::piece::Piece;
use crate::population::{Atom, Population, merged};

/// Differences between the law and the independent values it is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Total mass of density and atoms minus 1.
    pub mass_error: f64,
    /// Mean minus the value expanded at infinity, in standard deviations.
    pub mean_error: f64,
    /// Second moment about the mean, the same way, relative to the variance.
    pub variance_error: f64,
    /// Largest error of the first four moments, relative to the absolute moments of the same order. They are known
    /// independently of the Cauchy transform: from free cumulants, or from the equation as a power series at
    /// infinity. `None` for a transform that does not know them, and for given atoms.
    pub moment_error: Option<f64>,
    /// Largest residual over all solves.
    pub residual: f64,
    /// Number of fixed-point solves on the real axis and in the upper half-plane.
    pub solves: usize,
    /// Evaluations of the fixed-point map in these solves and in walks to edges: a cost that does not depend on the machine.
    #[serde(default)]
    pub evaluations: usize,
    /// Places at which the density of an interval changes from one function to another.
    #[serde(default)]
    pub cuts: usize,
    /// Points that could not be solved for, and were replaced by neighbours.
    #[serde(default)]
    pub replaced: usize,
}

impl Certificate {
    /// That of a law without error, such as one of given atoms.
    pub(super) const EXACT: Self = Self {
        mass_error: 0.0,
        mean_error: 0.0,
        variance_error: 0.0,
        moment_error: None,
        residual: 0.0,
        solves: 0,
        evaluations: 0,
        cuts: 0,
        replaced: 0,
    };

    /// What the errors of mass and mean have to stay below for a law to be built.
    pub const TOLERANCE: f64 = 1e-9;

    /// What the errors of the variance and of higher moments have to stay below. Wider, because the far
    /// ends of a spectrum with heavy tails carry most of them.
    pub const VARIANCE_TOLERANCE: f64 = 1e-8;
}

/// A probability measure with finitely many support intervals and atoms, to near machine precision.
///
/// Built from a [`CauchyTransform`](super::CauchyTransform); afterwards every evaluation is a short series. Densities and
/// intervals describe the continuous part, `cdf`, `quantile`, moments and transforms the whole
/// measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct SpectralLaw {
    pub(super) pieces: Vec<Piece>,
    pub(super) atoms: Vec<Atom>,
    pub(super) certificate: Certificate,
}

/// A law as it comes out of a file.
#[derive(Deserialize)]
struct Unchecked {
    pieces: Vec<Piece>,
    atoms: Vec<Atom>,
    certificate: Certificate,
}

impl TryFrom<Unchecked> for SpectralLaw {
    type Error = Error;

    fn try_from(unchecked: Unchecked) -> Result<Self> {
        let Unchecked { pieces, atoms, certificate } = unchecked;
        let fit = pieces.windows(2).all(|pair| pair[0].high() <= pair[1].low())
            && atoms.iter().all(|atom| atom.location.is_finite() && atom.mass > 0.0);
        if !fit {
            let allowed = "what was written by this crate";
            return Err(Error::argument("law", "pieces that do not fit together", allowed));
        }
        let law = Self { pieces, atoms, certificate };
        // A law moved by `affine` may have lost as much once more.
        let (mass_error, tolerance) = (law.total_mass() - 1.0, 2.0 * Certificate::TOLERANCE);
        if mass_error.abs() <= tolerance {
            return Ok(law);
        }
        Err(Error::NotCertified { quantity: "total mass", found: 1.0 + mass_error, expected: 1.0, tolerance })
    }
}

impl From<Population> for SpectralLaw {
    fn from(population: Population) -> Self {
        Self { pieces: Vec::new(), atoms: population.as_atoms().to_vec(), certificate: Certificate::EXACT }
    }
}

impl SpectralLaw {
    /// The law of finitely many atoms; equal locations are merged.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is none, a location is not finite, or the masses are not positive
    /// or do not sum to 1 within 1e-9 (they are then rescaled to do so).
    pub fn discrete(atoms: &[Atom]) -> Result<Self> {
        let allowed = "finite locations with positive masses that sum to 1";
        let total: f64 = atoms.iter().map(|atom| atom.mass).sum();
        let sound = |atom: &Atom| atom.location.is_finite() && atom.mass > 0.0;
        if atoms.is_empty() || !atoms.iter().all(sound) {
            return Err(Error::argument("atoms", format!("{atoms:?}"), allowed));
        }
        if total.is_nan() || (total - 1.0).abs() > Certificate::TOLERANCE {
            return Err(Error::argument("atoms", format!("masses summing to {total}"), allowed));
        }
        let atoms = merged(atoms.to_vec(), total);
        Ok(Self { pieces: Vec::new(), atoms, certificate: Certificate::EXACT })
    }

    /// The intervals `[a, b]` of the continuous part, in increasing order.
    pub fn support(&self) -> Vec<[f64; 2]> {
        let mut support: Vec<[f64; 2]> = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match support.last_mut() {
                // Pieces that meet at a singular point are one interval.
                Some([_, high]) if *high == piece.low() => *high = piece.high(),
                _ => support.push([piece.low(), piece.high()]),
            }
        }
        support
    }

    /// The intervals of the support, in increasing order, atoms outside of them as intervals of length 0.
    pub fn support_with_atoms(&self) -> Vec<[f64; 2]> {
        let mut support = self.support();
        for atom in &self.atoms {
            let x = atom.location;
            if !support.iter().any(|&[low, high]| low <= x && x <= high) {
                support.push([x, x]);
            }
        }
        support.sort_by(|a, b| a[0].total_cmp(&b[0]));
        support
    }

    /// The atoms.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Smallest and largest point of the support, atoms included.
    pub fn range(&self) -> [f64; 2] {
        let points = self.support().into_iter().flatten().chain(self.atoms.iter().map(|atom| atom.location));
        points.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
    }

    /// Density of the continuous part at `x`; 0 outside the support and at its edges, infinite at a hard
    /// edge.
    pub fn density(&self, x: f64) -> f64 {
        // Where two pieces meet, both know the value.
        self.pieces.iter().map(|piece| piece.density(x)).fold(0.0, f64::max)
    }

    /// Mass in `(-infinity, x]`.
    pub fn cdf(&self, x: f64) -> f64 {
        let atoms: f64 = self.atoms.iter().filter(|atom| atom.location <= x).map(|atom| atom.mass).sum();
        atoms + self.pieces.iter().map(|piece| piece.mass_below(x)).sum::<f64>()
    }

    /// Smallest `x` with `cdf(x) >= probability`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `probability` is in `[0, 1]`.
    pub fn quantile(&self, probability: f64) -> Result<f64> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::argument("probability", probability, "in [0, 1]"));
        }
        Ok(self.quantile_within(probability))
    }

    pub(super) fn quantile_within(&self, probability: f64) -> f64 {
        if probability <= 0.0 {
            return self.range()[0];
        }
        // Whatever rounding has made of the whole mass.
        if probability >= 1.0 {
            return self.range()[1];
        }
        let mut target = probability;
        for atom in &self.atoms {
            if self.cdf(atom.location) < probability {
                target -= atom.mass;
            } else if self.cdf_before(atom.location) < probability {
                return atom.location;
            }
        }
        for piece in &self.pieces {
            let mass = piece.total_mass();
            if target <= mass {
                return piece.quantile(target);
            }
            target -= mass;
        }
        self.range()[1]
    }

    fn cdf_before(&self, x: f64) -> f64 {
        let atoms: f64 = self.atoms.iter().filter(|atom| atom.location < x).map(|atom| atom.mass).sum();
        atoms + self.pieces.iter().map(|piece| piece.mass_below(x)).sum::<f64>()
    }

    /// `int f dmu` over the whole measure, for `f` smooth on each interval of the support; its quadrature
    /// adapts to functions that vary faster than the density.
    pub fn integrate(&self, f: impl Fn(f64) -> f64) -> f64 {
        let atoms: f64 = self.atoms.iter().map(|atom| atom.mass * f(atom.location)).sum();
        atoms + self.pieces.iter().map(|piece| piece.integrate(&f)).sum::<f64>()
    }

    /// Total mass of density and atoms: 1 up to the error of the law.
    pub fn total_mass(&self) -> f64 {
        self.atoms.iter().map(|atom| atom.mass).sum::<f64>()
            + self.pieces.iter().map(Piece::total_mass).sum::<f64>()
    }

    /// Moment `int x^k dmu`.
    pub fn moment(&self, k: i32) -> f64 {
        self.integrate(|x| x.powi(k))
    }

    /// Mean.
    pub fn mean(&self) -> f64 {
        self.moment(1)
    }

    /// Variance.
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        self.integrate(|x| (x - mean).powi(2))
    }

    /// Cauchy transform `int (z - x)^-1 dmu` for `Im z > 0`, and at real points outside the support; infinite at an atom.
    pub fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        if self.atoms.iter().any(|atom| z == Complex64::from(atom.location)) {
            return f64::INFINITY.into();
        }
        let atoms: Complex64 = self.atoms.iter().map(|atom| atom.mass / (z - atom.location)).sum();
        atoms + self.pieces.iter().map(|piece| piece.cauchy_transform(z)).sum::<Complex64>()
    }

    /// One random number with this law, by inversion.
    pub fn sample(&self, rng: &mut (impl Rng + ?Sized)) -> f64 {
        self.quantile_within(rng.random::<f64>())
    }

    /// The law of `scale x + shift`, with the same certificate.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `scale` is zero, one of the two is not finite, or `scale` is so
    /// small against `shift` that rounding does not leave the mass as it is.
    pub fn affine(&self, scale: f64, shift: f64) -> Result<Self> {
        if scale == 0.0 || !scale.is_finite() {
            return Err(Error::argument("scale", scale, "finite and not zero"));
        }
        if !shift.is_finite() {
            return Err(Error::argument("shift", shift, "finite"));
        }
        let lost =
            || Error::argument("scale", scale, format!("a size that rounding at {shift} leaves intact"));
        let pieces: Result<Vec<Piece>> = self.pieces.iter().map(|piece| piece.affine(scale, shift)).collect();
        let mut pieces = pieces?;
        let mut atoms: Vec<Atom> = self
            .atoms
            .iter()
            .map(|atom| Atom { location: scale * atom.location + shift, mass: atom.mass })
            .collect();
        if !atoms.iter().all(|atom| atom.location.is_finite()) {
            return Err(lost());
        }
        if scale < 0.0 {
            pieces.reverse();
            atoms.reverse();
        }
        let law = Self { pieces, atoms, certificate: self.certificate };
        if (law.total_mass() - self.total_mass()).abs() <= Certificate::TOLERANCE {
            Ok(law)
        } else {
            Err(lost())
        }
    }

    /// How well the law passed its own check, and what it cost.
    pub fn certificate(&self) -> Certificate {
        self.certificate
    }
}

impl fmt::Display for SpectralLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.range().into_iter().fold(0.0, |size: f64, x| size.max(x.abs()));
        let shown = |x: f64| match size {
            // What is rounded to zero has no sign.
            1e-2..1e6 => format!("{:.6}", if x.abs() < 5e-7 { 0.0 } else { x }),
            _ if x == 0.0 => "0".to_owned(),
            _ => format!("{x:.6e}"),
        };
        for atom in &self.atoms {
            write!(f, "atom {:.6} at {}; ", atom.mass, shown(atom.location))?;
        }
        write!(f, "support")?;
        for [low, high] in self.support() {
            write!(f, " [{}, {}]", shown(low), shown(high))?;
        }
        Ok(())
    }
}
