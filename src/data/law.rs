//! The law of `Z` given the data, over random partitions of its rows.
//!
//! Given `X`, the law of `Z` is that of the root of the pencil of `P - I = -alpha B Z` in the free-partition equation
//! ([`crate::solver::free_partition`]), with the eigenvalues of `W` as they are: no population is known or estimated.
//! For one batch it is the law of `W` itself.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::gaps::gaps;
use super::outlier::{Deflated, IsolatedEigenvalue};
use super::resolved::ResolvedLaw;
use super::spectrum::SampleSpectrum;
use super::split::Split;
use crate::error::{Error, Result};
use crate::law::CauchyTransform;
use crate::minibatch::ZTransform;
use crate::population::Atom;
use crate::solver::continuation::is_inside;
use crate::solver::{FixedPoint, FreePartition, Solution, SolverOptions};

/// Radius of the circle that moments are read off: at least this many times the distance to the images of the
/// eigenvalues in the classical limit, and this many standard deviations. It doubles until it encloses the spectrum.
const RADIUS: f64 = 2.0;
const SPREADS: f64 = 7.0;
const DOUBLINGS: i32 = 8;

/// Half the number of points on the circle: what is aliased is smaller by the power 64 of the radius.
const CIRCLE: usize = 32;

/// Gaps of `W` that isolate an eigenvalue, in mean spacings times the cube root of their number: the first spacing at
/// an edge grows like that, with a factor 1.2 for white Gaussian data of aspect ratio 1/2.
const APART: f64 = 4.0;

/// Tolerance of solves for a law at a resolution, whose density is represented to three digits.
const RESOLVED_TOLERANCE: f64 = 1e-7;

/// Agreement of the moments on two circles, relative to the radius.
const MOMENT_TOLERANCE: f64 = 1e-10;

/// The law of the eigenvalues of `Z` given `X`: in the limit, that of almost every random partition of the rows.
#[derive(Debug, Clone)]
pub struct PartitionLaw {
    spectrum: SampleSpectrum,
    split: Split,
    transform: ZTransform<FreePartition>,
}

impl PartitionLaw {
    /// The law for data with this spectrum and this random partition.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the equation is not solved even far from the spectrum.
    pub fn new(spectrum: &SampleSpectrum, split: &Split) -> Result<Self> {
        Self::with_options(spectrum, split, SolverOptions::default())
    }

    /// The same with options for the solver.
    ///
    /// # Errors
    /// As for [`PartitionLaw::new`], and from [`SolverOptions::validated`].
    pub fn with_options(spectrum: &SampleSpectrum, split: &Split, options: SolverOptions) -> Result<Self> {
        let equation = FreePartition::new(split.pencil()?, spectrum.rows(), options)?;
        let kernel = spectrum.kernel();
        let atoms = if kernel > 0.0 { vec![Atom { location: 0.0, mass: kernel }] } else { Vec::new() };
        let landmarks = spectrum.atoms().iter().map(|atom| split.classical(atom.location)).collect();
        let transform = ZTransform::new(equation, split.epoch_step(), 0.0, landmarks, atoms)?;
        Ok(Self { spectrum: spectrum.clone(), split: split.clone(), transform })
    }

    /// The spectrum of `W` behind it.
    pub fn spectrum(&self) -> &SampleSpectrum {
        &self.spectrum
    }

    /// The split of the rows.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The Cauchy transform as a solver, with the state and the residual of every point.
    pub fn transform(&self) -> &ZTransform<FreePartition> {
        &self.transform
    }

    /// The Cauchy transform `G(z) = (1/p) tr (z - Z)^-1`, for real `z` its limit from above.
    ///
    /// # Errors
    /// [`Error::NotConverged`] where the equation is not solved: on the real axis, next to edges.
    pub fn cauchy_transform(&self, z: Complex64) -> Result<Complex64> {
        if z.im < 0.0 {
            return Ok(self.solve(z.conj())?.cauchy.conj());
        }
        Ok(self.solve(z)?.cauchy)
    }

    /// The moments `m_1` to `m_4` of the law, its part at 0 included.
    ///
    /// They are the coefficients of `G` at infinity, read off by the trapezoidal rule on a circle about the
    /// spectrum, which converges geometrically; two circles have to agree.
    ///
    /// # Errors
    /// [`Error::NotConverged`] from the solver, [`Error::NotCertified`] if the circles do not agree.
    pub fn moments(&self) -> Result<[f64; 4]> {
        let (center, spread) = self.transform.location_scale();
        let landmarks = self.transform.landmarks();
        let farthest = landmarks.iter().fold(0.0f64, |m, x| m.max((x - center).abs()));
        let mut workspace = self.transform.workspace();
        let mut previous: Option<[f64; 4]> = None;
        for doubling in 0..DOUBLINGS {
            let radius = (RADIUS * farthest).max(SPREADS * spread) * f64::powi(2.0, doubling);
            // Central moments in units of the radius, mass included: the means of w^(k + 1) G over the circle.
            let mut central = [0.0; 5];
            let mut guess: Option<Vec<Complex64>> = None;
            for j in 0..CIRCLE {
                let direction = Complex64::from_polar(1.0, PI * (j as f64 + 0.5) / CIRCLE as f64);
                let z = center + radius * direction;
                let near = guess.and_then(|guess| self.transform.solve_near(z, &guess, &mut workspace).ok());
                let solution = match near {
                    Some(solution) => solution,
                    None => self.transform.solve(z, &mut workspace)?,
                };
                let mut power = radius * solution.cauchy;
                for moment in &mut central {
                    power *= direction;
                    *moment += power.re / CIRCLE as f64;
                }
                guess = Some(solution.state);
            }
            let moments = std::array::from_fn(|k| raw_moment(&central, center, radius, k as u32 + 1));
            if let Some(previous) = previous {
                let scale = radius + center.abs();
                let agree = (0..4).all(|k: usize| {
                    (previous[k] - moments[k]).abs() <= MOMENT_TOLERANCE * scale.powi(k as i32 + 1)
                });
                if agree && (central[0] - 1.0).abs() <= MOMENT_TOLERANCE {
                    return Ok(previous);
                }
            }
            previous = Some(moments);
        }
        Err(Error::NotCertified {
            quantity: "first moment on two circles about the spectrum",
            found: previous.map_or(f64::NAN, |moments| moments[0]),
            expected: center,
            tolerance: MOMENT_TOLERANCE,
        })
    }

    /// Distribution function, quantiles and density at a resolution of so many mean spacings of the nonzero
    /// eigenvalues; 2 is a good choice, less shows single eigenvalues.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the resolution is finite and positive; otherwise from the solver.
    pub fn resolved(&self, spacings: f64) -> Result<ResolvedLaw> {
        let options = self.transform.equation().options();
        let tolerance = options.tolerance.max(RESOLVED_TOLERANCE);
        let coarse = Self::with_options(&self.spectrum, &self.split, SolverOptions { tolerance, ..options })?;
        ResolvedLaw::new(&coarse, spacings)
    }

    /// Isolated eigenvalues of `Z`, in increasing order of the eigenvalues of `W` that they belong to: those of `W` that
    /// are apart from the bulk by several times the spacing at an edge, above or below, where the outlier equation has a root
    /// outside the support of the others. What starts isolated in `W` may have none: larger steps fold the spectrum.
    ///
    /// # Errors
    /// From the solver.
    pub fn isolated(&self) -> Result<Vec<IsolatedEigenvalue>> {
        let atoms = self.spectrum.atoms();
        let wide = APART * (atoms.len() as f64).cbrt() * self.spectrum.mean_spacing();
        let step = |index: &usize| atoms[index + 1].location - atoms[*index].location;
        let gaps: Vec<usize> =
            (0..atoms.len().saturating_sub(1)).filter(|index| step(index) > wide).collect();
        // Below the first gap that splits the smaller part off, and above the last.
        let below = gaps.iter().filter(|&&index| index < atoms.len() / 4).max().map_or(0, |index| index + 1);
        let above = gaps
            .iter()
            .find(|&&index| index + 1 > 3 * atoms.len() / 4)
            .map_or(atoms.len(), |index| index + 1);
        let alone = |index: &usize| {
            let left = index.checked_sub(1).is_none_or(|before| step(&before) > wide);
            let right = index + 1 == atoms.len() || step(index) > wide;
            left && right
        };
        let mut isolated = Vec::new();
        for index in (0..below).chain(above..atoms.len()).filter(alone) {
            isolated.extend(Deflated::new(&self.spectrum, index, &self.split)?.root()?);
        }
        Ok(isolated)
    }

    /// Gaps in the support, at least three times as wide as the resolution of `resolved`, which is of this law; each
    /// with its ends to a few times the resolution. What is at 0 has no part in them.
    ///
    /// # Errors
    /// From the solver.
    pub fn gaps(&self, resolved: &ResolvedLaw) -> Result<Vec<[f64; 2]>> {
        gaps(self, resolved)
    }

    /// Mean spacing of the nonzero eigenvalues of `Z` in the middle half of the law, from where they would be in the
    /// classical limit; from the standard deviation if those coincide.
    pub fn mean_spacing(&self) -> f64 {
        let width = self.spectrum.middle_width(|t| self.split.classical(t));
        let nonzero = 1.0 - self.spectrum.kernel();
        let count = nonzero * self.spectrum.features() as f64;
        let (_, spread) = self.transform.location_scale();
        if width > 0.0 { width / count } else { 12f64.sqrt() * spread / count }
    }

    /// Whether a real point with this Cauchy transform is in the support: only there it has an imaginary part.
    pub fn is_inside(&self, cauchy: Complex64) -> bool {
        is_inside(cauchy)
    }

    fn solve(&self, z: Complex64) -> Result<Solution> {
        self.transform.solve(z, &mut self.transform.workspace())
    }
}

/// `m_order` from central moments in units of `radius`.
fn raw_moment(central: &[f64; 5], center: f64, radius: f64, order: u32) -> f64 {
    let mut binomial = 1.0;
    let mut sum = 0.0;
    for k in 0..=order {
        sum += binomial * central[k as usize] * radius.powi(k as i32) * center.powi((order - k) as i32);
        binomial *= f64::from(order - k) / f64::from(k + 1);
    }
    sum
}
