//! From a Cauchy transform to a certified spectral law.

use num_complex::Complex64;

use super::missing::Found;
use super::spectral::{Certificate, SpectralLaw};
use super::support::{FarMoments, Search};
use super::transform::CauchyTransform;
use super::walked::Trail;
use crate::control;
use crate::error::{Error, Result};
use crate::measure::piece::Piece;
use crate::resolve::axis::{End, Sample};

/// Rounds of looking for missing mass before a law is given up.
const REPAIRS: usize = 40;

/// Width of intervals and gaps, relative to the spread or to where they are, below which they are artefacts.
pub(super) const RESOLUTION: f64 = 1e-12;

/// Missing mass that starts a repair; below, the certificate decides.
pub(super) const MISSING: f64 = 0.5 * Certificate::TOLERANCE;

impl SpectralLaw {
    /// Finds the support of a Cauchy transform, atoms included, resolves the density on it and checks the
    /// result.
    ///
    /// # Errors
    /// [`Error::NotConverged`], [`Error::Unphysical`], [`Error::NoEdge`] or [`Error::OutOfBudget`] if the transform
    /// cannot be solved where it has to be, and
    /// [`Error::NotCertified`] if mass, mean or variance of the result disagree with the values
    /// expanded at infinity, or the first four moments with the [exact ones](CauchyTransform::moments), by more than
    /// the tolerances of [`Certificate`].
    pub fn build<T: CauchyTransform>(transform: &T) -> Result<Self> {
        Self::build_near(transform, &mut Trail::default())
    }

    /// The same for one transform after the other: where real solutions can be walked along, the law of the last one is used to
    /// find the next, which takes less the less they differ. The certificate is the same.
    ///
    /// # Errors
    /// As for [`SpectralLaw::build`].
    pub fn build_near<T: CauchyTransform>(transform: &T, trail: &mut Trail) -> Result<Self> {
        let mut search = Search::new(transform);
        let mut workspace = search.workspace();
        let intervals = transform.intervals();
        let exact = transform.moments();
        let far = search.far_moments(exact, &mut workspace)?;
        let mut law = Self { pieces: Vec::new(), atoms: transform.atoms(), certificate: Certificate::EXACT };
        match intervals {
            Some(intervals) => {
                let ends = |interval: &[f64; 2]| interval.map(|x| search.end_at(x)).into();
                law.add(&search, intervals.iter().map(ends).collect(), Vec::new(), trail, &mut workspace)?;
            }
            None => law.find(&mut search, &far, trail, &mut workspace)?,
        }
        search.give_back(workspace);

        let variance = far.variance;
        let (mean, second) = (law.integrate(|x| x - far.mean), law.integrate(|x| (x - far.mean).powi(2)));
        let moment_error = exact.map(|exact| law.moment_error(exact));
        law.certificate = Certificate {
            mass_error: law.total_mass() - 1.0,
            mean_error: mean / variance.sqrt(),
            variance_error: second / variance - 1.0,
            moment_error,
            residual: search.residual(),
            solves: search.solves(),
            evaluations: search.evaluations(),
            ..law.certificate
        };
        law.certify(far.mean, variance)?;
        law.check_resolution(search.spread)?;
        Ok(law)
    }

    /// Largest difference to the given first moments, relative to the absolute moments of the same order.
    fn moment_error(&self, exact: [f64; 4]) -> f64 {
        let error = |(k, exact): (i32, f64)| {
            let size = self.integrate(|x| x.abs().powi(k)).max(f64::MIN_POSITIVE);
            (self.moment(k) - exact).abs() / size
        };
        (1..).zip(exact).map(error).fold(0.0, f64::max)
    }

    /// Refuses intervals and gaps that are no wider than rounding of the place where they are: they stand for points that could
    /// not be solved for.
    fn check_resolution(&self, spread: f64) -> Result<()> {
        let support = self.support();
        let gaps = support.windows(2).map(|pair| [pair[0][1], pair[1][0]]);
        for [low, high] in support.iter().copied().chain(gaps) {
            let scale = spread.min(low.abs().max(high.abs()));
            if high - low <= RESOLUTION * scale {
                return Err(Error::NotCertified {
                    quantity: "width of the narrowest interval or gap",
                    found: high - low,
                    expected: scale,
                    tolerance: (1.0 - RESOLUTION) * scale,
                });
            }
        }
        Ok(())
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
        trail: &mut Trail,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        if search.transform.knows_real_solutions() {
            return self.find_along(search, far, trail, workspace);
        }
        search.drop_surrounded_poles(workspace);
        let mut landmarks = search.transform.landmarks();
        landmarks.push(far.mean);
        landmarks.retain(|&x| !search.is_singular(x));
        let seeds: Vec<Sample> =
            landmarks.into_iter().filter_map(|x| search.inside(x, workspace).ok().flatten()).collect();
        for seed in &seeds {
            if !self.pieces.iter().any(|piece| piece.contains(seed.x)) {
                self.add_around(search, seed, &seeds, workspace)?;
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
                Some(Found::Inside(seed)) if !self.pieces.iter().any(|piece| piece.contains(seed.x)) => {
                    self.add_around(search, &seed, &seeds, workspace)?;
                }
                Some(Found::Atom(atom)) => {
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

    /// Widens a seed to its interval and adds it. All `seeds` in it are among its points: what is narrow next to them would not
    /// be seen otherwise.
    fn add_around<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        seed: &Sample,
        seeds: &[Sample],
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        let mut known = vec![seed.clone()];
        known.extend_from_slice(seeds);
        let below = self.pieces.iter().map(Piece::high).filter(|&x| x < seed.x).reduce(f64::max);
        let above = self.pieces.iter().map(Piece::low).filter(|&x| x > seed.x).reduce(f64::min);
        // Both searches start from the seed and know nothing of each other.
        let upward = || {
            let (mut workspace, mut beyond) = (search.workspace(), Vec::new());
            let high = search.edge(seed, 1.0, above, &mut beyond, &mut workspace);
            search.give_back(workspace);
            (high, beyond)
        };
        let (low, (high, mut beyond)) =
            control::join(|| search.edge(seed, -1.0, below, &mut known, workspace), upward);
        // Parts that touch have one end.
        let touching = |end: End, other: Option<f64>| {
            let near = other.filter(|x| (x - end.x).abs() <= RESOLUTION * search.spread);
            End { x: near.unwrap_or(end.x), ..end }
        };
        let (low, high) = (touching(low?, below), touching(high?, above));
        known.append(&mut beyond);
        self.add(search, vec![[low, high].into()], known, &mut Trail::default(), workspace)
    }

    /// The parts of `(low, high)` that nothing covers.
    fn gaps(&self, low: f64, high: f64) -> Vec<(f64, f64)> {
        let mut gaps = Vec::with_capacity(self.pieces.len() + 1);
        let mut from = low;
        for piece in &self.pieces {
            gaps.push((from, piece.low()));
            from = piece.high();
        }
        gaps.push((from, high));
        gaps.retain(|(low, high)| high > low);
        gaps
    }
}
