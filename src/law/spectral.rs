//! The spectral law: a probability measure on the line as a finite set of numbers.

use std::fmt;

use num_complex::Complex64;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::band::{Band, Obstacle};
use super::support::{FarMoments, Found, Point, Search};
use super::transform::CauchyTransform;
use crate::error::{Error, Result};
use crate::population::{Atom, merged};

/// Differences between the law and the independent values it is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Total mass of density and atoms minus 1.
    pub mass_error: f64,
    /// Mean minus the value expanded at infinity, in standard deviations.
    pub mean_error: f64,
    /// Second moment about the mean, the same way, relative to the variance.
    pub variance_error: f64,
    /// Largest error of the first four moments, relative to the absolute moments of the same order, where
    /// the moments are known independently of the Cauchy transform.
    pub moment_error: Option<f64>,
    /// Largest residual over all solves.
    pub residual: f64,
    /// Number of fixed-point solves on the real axis and in the upper half-plane.
    pub solves: usize,
}

impl Certificate {
    /// That of a law without error, such as one of given atoms.
    const EXACT: Self = Self {
        mass_error: 0.0,
        mean_error: 0.0,
        variance_error: 0.0,
        moment_error: None,
        residual: 0.0,
        solves: 0,
    };

    /// What the errors of mass and mean have to stay below for a law to be built.
    pub const TOLERANCE: f64 = 1e-9;

    /// What the errors of the variance and of higher moments have to stay below. Wider, because the far
    /// ends of a spectrum with heavy tails carry most of them.
    pub const VARIANCE_TOLERANCE: f64 = 1e-8;
}

/// A probability measure with finitely many support intervals and atoms, to near machine precision.
///
/// Built from a [`CauchyTransform`]; afterwards every evaluation is a short series. Densities and
/// intervals describe the continuous part, `cdf`, `quantile`, moments and transforms the whole
/// measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct SpectralLaw {
    bands: Vec<Band>,
    atoms: Vec<Atom>,
    certificate: Certificate,
}

/// A law as it comes out of a file.
#[derive(Deserialize)]
struct Unchecked {
    bands: Vec<Band>,
    atoms: Vec<Atom>,
    certificate: Certificate,
}

impl TryFrom<Unchecked> for SpectralLaw {
    type Error = Error;

    fn try_from(unchecked: Unchecked) -> Result<Self> {
        let Unchecked { bands, atoms, certificate } = unchecked;
        let fit = bands.iter().all(Band::is_consistent)
            && bands.windows(2).all(|pair| pair[0].high <= pair[1].low)
            && atoms.iter().all(|atom| atom.location.is_finite() && atom.mass > 0.0);
        if !fit {
            let allowed = "what was written by this crate";
            return Err(Error::argument("law", "parts that do not fit together", allowed));
        }
        let law = Self { bands, atoms, certificate };
        // A law moved by `affine` may have lost as much once more.
        let (mass_error, tolerance) = (law.total_mass() - 1.0, 2.0 * Certificate::TOLERANCE);
        if mass_error.abs() <= tolerance {
            return Ok(law);
        }
        Err(Error::NotCertified { quantity: "total mass", found: 1.0 + mass_error, expected: 1.0, tolerance })
    }
}

/// Rounds of looking for missing mass before a law is given up.
const REPAIRS: usize = 40;

/// Missing mass that starts a repair; below, the certificate decides.
const MISSING: f64 = 0.5 * Certificate::TOLERANCE;

impl SpectralLaw {
    /// Finds the support of a Cauchy transform, atoms included, resolves the density on it and checks the
    /// result.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the transform cannot be solved where it has to be, and
    /// [`Error::NotCertified`] if mass, mean or variance of the result disagree with the values
    /// expanded at infinity by more than the tolerances of [`Certificate`].
    pub fn build<T: CauchyTransform>(transform: &T) -> Result<Self> {
        let mut search = Search::new(transform);
        let mut workspace = search.workspace();
        let intervals = transform.intervals();
        if intervals.is_none() {
            search.drop_surrounded_poles(&mut workspace);
        }
        let far = search.far_moments(&mut workspace)?;
        let mut law = Self { bands: Vec::new(), atoms: transform.atoms(), certificate: Certificate::EXACT };
        match intervals {
            Some(intervals) => {
                for [low, high] in intervals {
                    law.add_interval(&search, low, high)?;
                }
            }
            None => law.find(&mut search, &far, &mut workspace)?,
        }
        search.give_back(workspace);

        let variance = far.variance;
        let (mean, second) = (law.integrate(|x| x - far.mean), law.integrate(|x| (x - far.mean).powi(2)));
        let moment_error = transform.moments().map(|exact| {
            let error = |(k, exact): (i32, f64)| {
                (law.moment(k) - exact).abs() / law.integrate(|x| x.abs().powi(k)).max(f64::MIN_POSITIVE)
            };
            (1..).zip(exact).map(error).fold(0.0, f64::max)
        });
        law.certificate = Certificate {
            mass_error: law.total_mass() - 1.0,
            mean_error: mean / variance.sqrt(),
            variance_error: second / variance - 1.0,
            moment_error,
            residual: search.residual(),
            solves: search.solves(),
        };
        law.certify(far.mean, variance)?;
        Ok(law)
    }

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
        Ok(Self { bands: Vec::new(), atoms, certificate: Certificate::EXACT })
    }

    fn certify(&self, mean: f64, variance: f64) -> Result<()> {
        let Certificate { mass_error, mean_error, variance_error, .. } = self.certificate;
        let check = |quantity, error: f64, tolerance: f64, expected: f64, scale: f64| {
            if error.abs() <= tolerance {
                return Ok(());
            }
            Err(Error::NotCertified {
                quantity,
                found: expected + error * scale,
                expected,
                tolerance: tolerance * scale,
            })
        };
        check("total mass", mass_error, Certificate::TOLERANCE, 1.0, 1.0)?;
        check("mean", mean_error, Certificate::TOLERANCE, mean, variance.sqrt())?;
        check("variance", variance_error, Certificate::VARIANCE_TOLERANCE, variance, variance)?;
        let moment_error = self.certificate.moment_error.unwrap_or(0.0);
        check("relative error of the moments", moment_error, Certificate::VARIANCE_TOLERANCE, 0.0, 1.0)
    }

    /// Finds intervals and atoms: first around the landmarks, then wherever mass is missing.
    fn find<T: CauchyTransform>(
        &mut self,
        search: &mut Search<'_, T>,
        far: &FarMoments,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        let mut landmarks = search.transform.landmarks();
        landmarks.push(far.mean);
        for x in landmarks {
            if search.is_singular(x) || self.bands.iter().any(|band| band.contains(x)) {
                continue;
            }
            if let Ok(Some(seed)) = search.inside(x, workspace) {
                self.add_band(search, &seed, workspace)?;
            }
        }
        for _ in 0..REPAIRS {
            let missing = 1.0 - self.total_mass();
            if missing < MISSING {
                break;
            }
            let gaps = self.gaps(far.center - far.radius, far.center + far.radius);
            let known = |z: Complex64| self.cauchy_transform(z);
            match search.missing(&gaps, &known, workspace)? {
                Some(Found::Inside(seed)) if !self.bands.iter().any(|band| band.contains(seed.x)) => {
                    self.add_band(search, &seed, workspace)?;
                }
                Some(Found::Atom(atom))
                    if !self.atoms.iter().any(|other| other.location == atom.location) =>
                {
                    search.poles.push(atom.location);
                    search.atoms.push(atom.location);
                    self.atoms.push(atom);
                    self.atoms.sort_by(|a, b| a.location.total_cmp(&b.location));
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Samples the density on an interval that is known to be one.
    fn add_interval<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        low: f64,
        high: f64,
    ) -> Result<()> {
        for frame in search.frames(low, high) {
            match Band::sample(search, frame, &[]) {
                Ok(band) => self.bands.push(band),
                Err(Obstacle::Failed(error)) => return Err(error),
                Err(Obstacle::Gap(x)) => {
                    return Err(Error::argument(
                        "support",
                        format!("no density at {x}"),
                        "intervals of positive density",
                    ));
                }
            }
        }
        self.bands.sort_by(|a, b| a.low.total_cmp(&b.low));
        Ok(())
    }

    /// Widens a seed to its interval and adds it; splits it where it turns out to have a gap.
    fn add_band<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        seed: &Point,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        let mut known = vec![seed.clone()];
        let below = self.bands.iter().map(|band| band.high).filter(|&x| x < seed.x).reduce(f64::max);
        let above = self.bands.iter().map(|band| band.low).filter(|&x| x > seed.x).reduce(f64::min);
        // Both searches start from the seed and know nothing of each other.
        let mut beyond = Vec::new();
        let (low, high) = rayon::join(
            || search.edge(seed, -1.0, below, &mut known, workspace),
            || {
                let mut workspace = search.workspace();
                let high = search.edge(seed, 1.0, above, &mut beyond, &mut workspace);
                search.give_back(workspace);
                high
            },
        );
        let (low, high) = (low?, high?);
        known.append(&mut beyond);
        let mut intervals = vec![(low, high)];
        while let Some((low, high)) = intervals.pop() {
            let frames = search.frames(low, high);
            let sampled: std::result::Result<Vec<Band>, Obstacle> =
                frames.into_iter().map(|frame| Band::sample(search, frame, &known)).collect();
            match sampled {
                Ok(bands) => self.bands.extend(bands),
                Err(Obstacle::Failed(error)) => return Err(error),
                Err(Obstacle::Gap(x)) => {
                    // The nearest points inside on both sides lead to the edges of the gap.
                    let inside = known.iter().filter(|point| low < point.x && point.x < high);
                    let left = inside.clone().filter(|point| point.x < x).max_by(|a, b| a.x.total_cmp(&b.x));
                    let right = inside.filter(|point| point.x > x).min_by(|a, b| a.x.total_cmp(&b.x));
                    let (left, right) = (left.cloned(), right.cloned());
                    if let Some(left) = left {
                        intervals.push((low, search.edge(&left, 1.0, Some(x), &mut known, workspace)?));
                    }
                    if let Some(right) = right {
                        intervals.push((search.edge(&right, -1.0, Some(x), &mut known, workspace)?, high));
                    }
                }
            }
        }
        self.bands.sort_by(|a, b| a.low.total_cmp(&b.low));
        Ok(())
    }

    /// The parts of `(low, high)` that no band covers.
    fn gaps(&self, low: f64, high: f64) -> Vec<(f64, f64)> {
        let mut gaps = Vec::with_capacity(self.bands.len() + 1);
        let mut from = low;
        for band in &self.bands {
            gaps.push((from, band.low));
            from = band.high;
        }
        gaps.push((from, high));
        gaps.retain(|(low, high)| high > low);
        gaps
    }

    /// The intervals `[a, b]` of the continuous part, in increasing order.
    pub fn support(&self) -> Vec<[f64; 2]> {
        let mut support: Vec<[f64; 2]> = Vec::with_capacity(self.bands.len());
        for band in &self.bands {
            match support.last_mut() {
                // Bands that meet at a branch point are one interval.
                Some([_, high]) if *high == band.low => *high = band.high,
                _ => support.push([band.low, band.high]),
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
        // Where two bands meet, both know the value.
        self.bands.iter().map(|band| band.density(x)).fold(0.0, f64::max)
    }

    /// Mass in `(-infinity, x]`.
    pub fn cdf(&self, x: f64) -> f64 {
        let atoms: f64 = self.atoms.iter().filter(|atom| atom.location <= x).map(|atom| atom.mass).sum();
        atoms + self.bands.iter().map(|band| band.mass_below(x)).sum::<f64>()
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

    fn quantile_within(&self, probability: f64) -> f64 {
        if probability <= 0.0 {
            return self.range()[0];
        }
        let mut target = probability;
        for atom in &self.atoms {
            if self.cdf(atom.location) < probability {
                target -= atom.mass;
            } else if self.cdf_before(atom.location) < probability {
                return atom.location;
            }
        }
        for band in &self.bands {
            let mass = band.total_mass();
            if target <= mass {
                return band.quantile(target);
            }
            target -= mass;
        }
        self.range()[1]
    }

    fn cdf_before(&self, x: f64) -> f64 {
        let atoms: f64 = self.atoms.iter().filter(|atom| atom.location < x).map(|atom| atom.mass).sum();
        atoms + self.bands.iter().map(|band| band.mass_below(x)).sum::<f64>()
    }

    /// `int f dmu` over the whole measure, for `f` smooth on each interval of the support; its quadrature
    /// adapts to functions that vary faster than the density.
    pub fn integrate(&self, f: impl Fn(f64) -> f64) -> f64 {
        let atoms: f64 = self.atoms.iter().map(|atom| atom.mass * f(atom.location)).sum();
        atoms + self.bands.iter().map(|band| band.integrate(&f)).sum::<f64>()
    }

    /// Total mass of density and atoms: 1 up to the error of the law.
    pub fn total_mass(&self) -> f64 {
        self.atoms.iter().map(|atom| atom.mass).sum::<f64>()
            + self.bands.iter().map(Band::total_mass).sum::<f64>()
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

    /// Cauchy transform `int (z - x)^-1 dmu` for `Im z > 0`, and at real points outside the support.
    pub fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let atoms: Complex64 = self.atoms.iter().map(|atom| atom.mass / (z - atom.location)).sum();
        atoms + self.bands.iter().map(|band| band.cauchy_transform(z)).sum::<Complex64>()
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
        if !self.bands.iter().all(|band| band.survives(scale, shift)) {
            return Err(lost());
        }
        let mut bands: Vec<Band> = self.bands.iter().map(|band| band.affine(scale, shift)).collect();
        let mut atoms: Vec<Atom> = self
            .atoms
            .iter()
            .map(|atom| Atom { location: scale * atom.location + shift, mass: atom.mass })
            .collect();
        if !atoms.iter().all(|atom| atom.location.is_finite()) {
            return Err(lost());
        }
        if scale < 0.0 {
            bands.reverse();
            atoms.reverse();
        }
        let law = Self { bands, atoms, certificate: self.certificate };
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
        for atom in &self.atoms {
            write!(f, "atom {:.6} at {:.6}; ", atom.mass, atom.location)?;
        }
        write!(f, "support")?;
        for [low, high] in self.support() {
            write!(f, " [{low:.6}, {high:.6}]")?;
        }
        Ok(())
    }
}
