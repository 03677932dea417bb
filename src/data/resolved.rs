//! The law of `Z` given the data at a stated resolution.
//!
//! The small eigenvalues of `Z` follow those of `W` one by one, so on the real axis the law given the data is a
//! comb where they are small. It is therefore looked at from a height `eta` of one to three mean spacings, through
//! the positive kernel
//!
//! ```text
//! K(x) = 6 eta^3 / (pi (x^2 + eta^2) (x^2 + 4 eta^2)) = 2 P_eta(x) - P_{2 eta}(x),      P_h(x) = h / (pi (x^2 + h^2)),
//! ```
//!
//! so that the density is `-Im(2 G(x + i eta) - G(x + 2 i eta)) / pi`. The combination cancels the tails of the
//! Poisson kernel, which would spread mass far beyond the support: of `K`, two parts in `3 pi d^3` are beyond
//! `d eta` on either side.

use std::f64::consts::PI;
use std::sync::Mutex;

use num_complex::Complex64;
use rayon::prelude::*;

use super::law::PartitionLaw;
use super::rigidity::number_variance;
use super::spectrum::SampleSpectrum;
use crate::control;
use crate::error::{Error, Result};
use crate::law::CauchyTransform;
use crate::numeric::series::{Resolution, Series, resolve};

/// How far the density is followed beyond the spectrum, in units of `eta`.
const BEYOND: f64 = 25.0;

/// Last coefficients of the density on a panel, relative to its largest value there, at which it is resolved.
const TOLERANCE: f64 = 3e-4;

/// Values of the density below this fraction of the mean one count as zero, mass below this as none.
const FLOOR: f64 = 3e-2;
const NEGLIGIBLE: f64 = 1e-6;

/// Panels are not halved below this many `eta`.
const NARROWEST: f64 = 0.5;

/// Mass that may be missed before the range is widened, and how often it is.
const MISSING: f64 = 1e-3;
const WIDENINGS: usize = 4;

/// The distribution function of `K` with `eta = 1`.
pub(super) fn kernel_distribution(x: f64) -> f64 {
    0.5 + (2.0 * x.atan() - (0.5 * x).atan()) / PI
}

/// `K` with `eta = 1`.
pub(super) fn kernel(x: f64) -> f64 {
    6.0 / (PI * (x * x + 1.0) * (x * x + 4.0))
}

/// Distribution function, quantiles and density of the eigenvalues of `Z` given the data, at a stated resolution.
#[derive(Debug, Clone)]
pub struct ResolvedLaw {
    resolution: f64,
    /// Density of the part away from 0 on consecutive intervals, each with the mass before it.
    panels: Vec<(f64, Series)>,
    /// Mass exactly at 0.
    kernel: f64,
    features: usize,
    /// Below it there are no eigenvalues, only what the resolution makes of those above.
    lowest: f64,
}

/// The number of eigenvalues in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ExpectedCount {
    /// The expected number.
    pub mean: f64,
    /// Its standard deviation over random data, from the [number variance](number_variance) of the GOE.
    pub deviation: f64,
}

impl ResolvedLaw {
    pub(super) fn new(law: &PartitionLaw, spacings: f64) -> Result<Self> {
        if !(spacings.is_finite() && spacings > 0.0) {
            return Err(Error::argument("resolution", spacings, "a finite positive number of mean spacings"));
        }
        let resolution = spacings * law.mean_spacing();
        let kernel = law.spectrum().kernel();
        let (center, spread) = law.transform().location_scale();
        let landmarks = law.transform().landmarks();
        let mut low = landmarks.iter().copied().fold(center - 2.0 * spread, f64::min);
        let mut high = landmarks.iter().copied().fold(center + 2.0 * spread, f64::max);
        let sampler = Sampler { law, resolution, kernel, known: Mutex::new(Vec::new()) };
        let mut missing = f64::NAN;
        for _ in 0..WIDENINGS {
            let panels = sampler.panels(low - BEYOND * resolution, high + BEYOND * resolution)?;
            let mass: f64 = panels.iter().map(|series| series.integral(series.high)).sum();
            missing = 1.0 - kernel - mass;
            if missing.abs() <= MISSING {
                let mut before = 0.5 * missing;
                let panels = panels.into_iter().map(|series| {
                    let start = before;
                    before += series.integral(series.high);
                    (start, series)
                });
                return Ok(Self {
                    resolution,
                    panels: panels.collect(),
                    kernel,
                    features: law.spectrum().features(),
                    lowest: f64::NEG_INFINITY,
                });
            }
            (low, high) = (low - spread, high + spread);
        }
        Err(Error::NotCertified {
            quantity: "mass of the resolved law",
            found: 1.0 - missing,
            expected: 1.0,
            tolerance: MISSING,
        })
    }

    /// The same law where nothing is known to be below 0, as for steps at which the mean over the orders converges:
    /// what the resolution spreads there is counted at 0.
    #[must_use]
    pub fn without_negative(self) -> Self {
        Self { lowest: 0.0, ..self }
    }

    /// The height `eta` from which the law is looked at, in the units of `Z`.
    pub fn resolution(&self) -> f64 {
        self.resolution
    }

    /// Mass exactly at 0: directions that no row reaches.
    pub fn kernel(&self) -> f64 {
        self.kernel
    }

    /// The interval on which the density is represented; beyond it there is no mass to speak of.
    pub fn range(&self) -> [f64; 2] {
        [self.panels[0].1.low, self.panels[self.panels.len() - 1].1.high]
    }

    /// The panel that `x` of the range is in.
    fn panel(&self, x: f64) -> &(f64, Series) {
        let index = self.panels.partition_point(|(_, series)| series.high < x);
        &self.panels[index.min(self.panels.len() - 1)]
    }

    /// Density of the part away from 0, at the resolution.
    pub fn density(&self, x: f64) -> f64 {
        let [low, high] = self.range();
        if (low.max(self.lowest)..=high).contains(&x) { self.panel(x).1.eval(x).max(0.0) } else { 0.0 }
    }

    /// Mass at or below `x`, at the resolution; the mass at 0 is not smoothed.
    pub fn cdf(&self, x: f64) -> f64 {
        let kernel = if x >= 0.0 { self.kernel } else { 0.0 };
        (kernel + self.continuous(x)).clamp(0.0, 1.0)
    }

    fn continuous(&self, x: f64) -> f64 {
        let [low, high] = self.range();
        if x <= low || x < self.lowest {
            return 0.0;
        }
        if x >= high {
            return 1.0 - self.kernel;
        }
        let (before, series) = self.panel(x);
        before + series.integral(x)
    }

    /// The smallest `x` with at least the mass `probability` at or below it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the probability is in `[0, 1]`.
    pub fn quantile(&self, probability: f64) -> Result<f64> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::argument("probability", probability, "in [0, 1]"));
        }
        let [low, mut high] = self.range();
        let mut low = low.max(self.lowest);
        if self.cdf(low) >= probability {
            return Ok(low);
        }
        // Halving reaches the spacing of floating-point numbers.
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if self.cdf(middle) < probability {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(high)
    }

    /// Where half an eigenvalue away from 0 is below, and half of one above.
    pub(super) fn outermost(&self) -> Result<[f64; 2]> {
        let half = 0.5 / self.features as f64;
        // What the kernel holds is at 0, below all others.
        Ok([self.quantile((self.kernel + half).min(1.0))?, self.quantile(1.0 - half)?])
    }

    /// The number of eigenvalues between consecutive `edges`, the mass at 0 included, with its standard deviation.
    ///
    /// Eigenvalues repel: the count in an interval varies by the logarithm of its mean, not by its root as the
    /// binomial distribution has it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless there are two edges at least, increasing.
    pub fn expected_counts(&self, edges: &[f64]) -> Result<Vec<ExpectedCount>> {
        if edges.len() < 2
            || edges.windows(2).any(|pair| pair[0].partial_cmp(&pair[1]).is_none_or(|o| o.is_ge()))
        {
            return Err(Error::argument("edges", format!("{edges:?}"), "two at least, increasing"));
        }
        let p = self.features as f64;
        let counts = edges.windows(2).map(|pair| {
            let free = p * (self.continuous(pair[1]) - self.continuous(pair[0])).max(0.0);
            let mean = p * (self.cdf(pair[1]) - self.cdf(pair[0])).max(0.0);
            ExpectedCount { mean, deviation: number_variance(free).sqrt() }
        });
        Ok(counts.collect())
    }
}

/// The density at points of the line, with the solutions found so far.
struct Sampler<'a> {
    law: &'a PartitionLaw,
    resolution: f64,
    kernel: f64,
    known: Mutex<Vec<Known>>,
}

/// Where a solution was found, for both heights.
type Known = (f64, [Vec<Complex64>; 2]);

/// Points in a row that are solved one from the other.
const CHUNK: usize = 8;

/// Solutions kept to start others from.
const KEPT: usize = 128;

impl Sampler<'_> {
    fn panels(&self, low: f64, high: f64) -> Result<Vec<Series>> {
        let resolution = Resolution {
            tolerance: TOLERANCE,
            narrow: NARROWEST * self.resolution,
            floor: FLOOR * (1.0 - self.kernel) / (high - low),
            negligible: NEGLIGIBLE,
        };
        resolve(low, high, resolution, &mut |points: &[f64]| self.values(points))
    }

    /// Chunks and what they start from do not depend on the number of threads, so neither do the values.
    fn values(&self, points: &[f64]) -> Result<Vec<f64>> {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let chunks = points
            .par_chunks(CHUNK)
            .map(control::carried(|chunk: &[f64]| self.chunk(chunk, nearest(&known, chunk[0]))));
        let chunks = chunks.collect::<Result<Vec<_>>>()?;
        let mut values = Vec::with_capacity(points.len());
        for (chunk, last) in chunks {
            values.extend(chunk);
            let room = known.len() < KEPT;
            known.extend(last.filter(|_| room));
        }
        Ok(values)
    }

    /// Consecutive points, each solved from the one before.
    fn chunk(&self, points: &[f64], mut last: Option<Known>) -> Result<(Vec<f64>, Option<Known>)> {
        let mut workspace = self.law.transform().workspace();
        let mut values = Vec::with_capacity(points.len());
        for &x in points {
            let mut value = 0.0;
            let mut states = [Vec::new(), Vec::new()];
            for (line, factor) in [2.0, -1.0].into_iter().enumerate() {
                let z = Complex64::new(x, self.resolution * (line + 1) as f64);
                let guess = last.as_ref().map(|(_, states)| &states[line]);
                let near =
                    guess.and_then(|guess| self.law.transform().solve_near(z, guess, &mut workspace).ok());
                let solution = match near {
                    Some(solution) => solution,
                    None => self.law.transform().solve(z, &mut workspace)?,
                };
                value -= factor * (solution.cauchy - self.kernel / z).im / PI;
                states[line] = solution.state;
            }
            last = Some((x, states));
            values.push(value);
        }
        Ok((values, last))
    }
}

fn nearest(known: &[Known], x: f64) -> Option<Known> {
    known.iter().min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs())).cloned()
}

/// The law of `W` at the same resolution as a law of `Z`, for comparison: its atoms through the same kernel.
impl SampleSpectrum {
    /// Density of the nonzero eigenvalues of `W` at the resolution `eta`.
    pub fn density(&self, x: f64, resolution: f64) -> f64 {
        let terms = self.atoms().iter();
        terms.map(|atom| atom.mass * kernel((x - atom.location) / resolution) / resolution).sum()
    }

    /// Mass of `W` at or below `x` at the resolution `eta`; the mass at 0 is not smoothed.
    pub fn cdf(&self, x: f64, resolution: f64) -> f64 {
        let terms = self.atoms().iter();
        let nonzero: f64 =
            terms.map(|atom| atom.mass * kernel_distribution((x - atom.location) / resolution)).sum();
        nonzero + if x >= 0.0 { self.kernel() } else { 0.0 }
    }
}
