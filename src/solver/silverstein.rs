//! The matrix-valued Silverstein equation of a pencil in free Poisson variables with a common
//! population covariance.
//!
//! For `W_b = Sigma^{1/2} Y_b Sigma^{1/2}`, `Y_b` free white Wishart with ratio `c_b`, and the
//! spectrum of `Sigma` distributed as `H`, the pencil's resolvent solves
//!
//! ```text
//! g = int t G(t) dH(t),   R = sum_b A_b (I - c_b g A_b)^-1,   G(t) = (Lambda(z) - t R)^-1
//! ```
//!
//! (for one variable Silverstein's equation, J. Multivariate Anal. 55, 1995; for `H = delta_1` the
//! operator-valued R-transform of a free Poisson variable, Speicher, Mem. AMS 627, 1998). The
//! unknown here is the part of `g` that the channels see, which is smaller than `G`; it is complex
//! symmetric, so its upper triangle is kept.

use num_complex::Complex64;

use super::coupling::{Coupling, packed};
use super::expansion::Expansion;
use super::fixed_point::{Factors, FixedPoint, Workspace};
use super::gram::{BlockPencil, GramAverage};
use super::inverse::SplitMatrix;
use super::options::SolverOptions;
use super::pencil::Pencil;
use super::scaling::{equilibrate, is_definite};
use crate::error::{Error, Result};
use crate::population::Population;

/// Eigenvalues of `-Im g` may fall below zero by this, relative to the largest entry of `g`.
const DEFINITE: f64 = 1e-9;

/// Grading of laws that do not spread over decades; see [`Silverstein::with_grading`].
const BALANCED: f64 = 0.5;

/// The fixed-point map of a pencil and a population.
#[derive(Debug, Clone)]
pub struct Silverstein {
    coupling: Coupling,
    population: Population,
    options: SolverOptions,
    /// The average over the population, where it has many atoms.
    gram: Option<GramAverage>,
    /// Rows of each block that a variable reaches: its R-transform vanishes on the others.
    reached: Vec<Vec<usize>>,
    /// See [`Silverstein::with_grading`].
    grading: f64,
}

impl Silverstein {
    /// The equation for a pencil whose variables share `population`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] from [`SolverOptions::validated`].
    pub fn new(pencil: Pencil, population: Population, options: SolverOptions) -> Result<Self> {
        let options = options.validated()?;
        let reached = pencil.reached();
        let gram = GramAverage::for_many(population.as_atoms())?;
        Ok(Self { coupling: Coupling::new(pencil), population, options, gram, reached, grading: BALANCED })
    }

    /// Measures the unknowns in units between a common one (0) and the size of their own rows (1).
    ///
    /// Laws that spread over many decades need the rows apart, because the root may depend on the
    /// smallest of them. Elsewhere the smallest rows are differences of others, which do not carry so
    /// many digits, and the iteration would chase their rounding; half-way between serves there.
    #[must_use]
    pub(crate) fn with_grading(mut self, grading: f64) -> Self {
        self.grading = grading;
        self
    }

    /// The pencil.
    pub fn pencil(&self) -> &Pencil {
        self.coupling.pencil()
    }

    /// The size of each channel and where its unknowns start.
    fn channels(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let sizes = self.pencil().channels().iter().map(|channel| channel.inverse_coefficient.nrows());
        sizes.zip(self.coupling.offsets().iter().copied())
    }

    /// Root entry of `g = int t G(t) dH(t)` at a solution: the Cauchy transform of the polynomial
    /// weighted by the population covariance, `phi(Sigma (z - a)^-1)`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if state or workspace belong to another pencil.
    pub fn weighted_root(
        &self,
        z: Complex64,
        state: &[Complex64],
        workspace: &mut Workspace<Buffers>,
    ) -> Result<Complex64> {
        self.check_state(state, workspace)?;
        self.map(z, state, &mut workspace.image, &mut workspace.buffers);
        Ok(workspace.buffers.weighted[0].get(0, 0))
    }

    /// The form `w^T phi[(1 (x) W_b) L(z)^-1] w` at a solution, for a vector `w` on the states of a
    /// channel and one of the variables behind it:
    ///
    /// ```text
    /// w^T (1 - c g' A)^-1 g' w = w^T h + c h^T X h,      h = g' w,   X = (A^-1 - c g')^-1
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no such channel, the vector has another length, or state or
    /// workspace belong to another pencil.
    pub fn channel_form(
        &self,
        z: Complex64,
        state: &[Complex64],
        channel: usize,
        vector: &[f64],
        workspace: &mut Workspace<Buffers>,
    ) -> Result<Complex64> {
        let Some(coefficient) = self.pencil().channels().get(channel) else {
            return Err(Error::argument(
                "channel",
                channel,
                format!("below {}", self.coupling.offsets().len() - 1),
            ));
        };
        let size = coefficient.inverse_coefficient.nrows();
        if vector.len() != size {
            let value = format!("{} numbers", vector.len());
            return Err(Error::argument(
                "vector",
                value,
                format!("{size} numbers, as the channel has states"),
            ));
        }
        self.check_state(state, workspace)?;
        self.map(z, state, &mut workspace.image, &mut workspace.buffers);
        let g =
            |i: usize, j: usize| state[self.coupling.offsets()[channel] + packed(i.min(j), i.max(j), size)];
        let h: Vec<Complex64> = (0..size).map(|i| (0..size).map(|j| g(i, j) * vector[j]).sum()).collect();
        let x = &workspace.buffers.channels[channel];
        let direct: Complex64 = h.iter().zip(vector).map(|(h, w)| h * w).sum();
        let through: Complex64 =
            (0..size).map(|i| h[i] * (0..size).map(|j| x.get(i, j) * h[j]).sum::<Complex64>()).sum();
        Ok(direct + coefficient.ratio * through)
    }

    /// Units `d_i d_j` for the entries `(i, j)` of each channel, in which every row of `state` has
    /// largest entry about 1.
    ///
    /// A law that spreads over many decades has unknowns that do so too: products of few factors
    /// next to products of many. The equation does not know the scale of a row, and neither should
    /// the norms of the iteration: small rows would otherwise drown in the tolerance of large ones.
    fn equilibrate(&self, state: &[Complex64], metric: &mut [f64], scales: &mut [Vec<f64>]) {
        for ((size, offset), scales) in self.channels().zip(scales) {
            equilibrate(scales, |i, j| state[offset + packed(i.min(j), i.max(j), size)].norm_sqr().sqrt());
            scales.iter_mut().for_each(|scale| *scale = scale.powf(self.grading));
            for i in 0..size {
                for j in i..size {
                    metric[offset + packed(i, j, size)] = scales[i] * scales[j];
                }
            }
            scales.iter_mut().for_each(|scale| *scale = scale.recip());
        }
    }

    /// Products that an evaluation of the map takes, roughly.
    pub(crate) fn work(&self) -> usize {
        let blocks = self.pencil().blocks().iter().map(|block| block.nrows().pow(3)).sum::<usize>();
        let channels = self.channels().map(|(size, _)| size.pow(3)).sum::<usize>();
        blocks * self.population.as_atoms().len() + channels
    }

    /// The solution as a power series in `1 / z`, up to the power `order`; `None` where it is not finite.
    pub(crate) fn expansion(&self, order: usize) -> Option<Expansion<'_>> {
        Expansion::new(self.coupling.pencil(), &self.population, order)
    }
}

impl FixedPoint for Silverstein {
    type Buffers = Buffers;

    fn dimension(&self) -> usize {
        self.coupling.dimension()
    }

    fn options(&self) -> SolverOptions {
        self.options
    }

    fn buffers(&self) -> Buffers {
        let coupling = &self.coupling;
        Buffers {
            channels: coupling.channel_matrices(),
            r_transform: coupling.block_matrices(),
            resolvent: coupling.block_matrices(),
            weighted: coupling.block_matrices(),
            constant: coupling.block_matrices(),
            channel_scales: coupling.channel_scales(),
            block_scales: coupling.block_scales(),
            factors: None,
        }
    }

    fn moments(&self) -> Option<Vec<f64>> {
        Some(self.expansion(3)?.moments())
    }

    fn follow_line(&self, buffers: &mut Buffers, on: bool) {
        buffers.factors = on.then(Factors::default);
    }

    fn factors(&self, buffers: &Buffers) -> Factors {
        buffers.factors.unwrap_or_default()
    }

    fn begin(&self, guess: &[Complex64], metric: &mut [f64], buffers: &mut Buffers) {
        self.equilibrate(guess, metric, &mut buffers.channel_scales);
        // What an earlier solve has left must not show in this one, to the last digit.
        buffers.block_scales.iter_mut().for_each(|scales| scales.fill(1.0));
    }

    fn after_first(&self, buffers: &mut Buffers) {
        for (scales, weighted) in buffers.block_scales.iter_mut().zip(&buffers.weighted) {
            equilibrate(scales, |i, j| weighted.get(i, j).norm_sqr().sqrt());
        }
    }

    fn in_half_space(&self, state: &[Complex64]) -> bool {
        self.channels().all(|(size, offset)| {
            (0..size).all(|i| {
                let entry = state[offset + packed(i, i, size)];
                entry.im <= 1e-9 * entry.norm() + f64::MIN_POSITIVE
            })
        })
    }

    /// Whether `-Im g` is positive semidefinite on every channel, up to rounding.
    fn is_physical(&self, state: &[Complex64]) -> bool {
        let (mut metric, mut row_scales) = (vec![1.0; state.len()], self.coupling.channel_scales());
        self.equilibrate(state, &mut metric, &mut row_scales);
        self.channels().all(|(size, offset)| {
            is_definite(size, DEFINITE, |i, j| {
                let at = offset + packed(i.min(j), i.max(j), size);
                -state[at].im / metric[at]
            })
        })
    }

    fn map(
        &self,
        z: Complex64,
        state: &[Complex64],
        image: &mut [Complex64],
        buffers: &mut Buffers,
    ) -> Complex64 {
        let failed = Complex64::new(f64::NAN, f64::NAN);
        buffers.r_transform.iter_mut().for_each(SplitMatrix::fill_zero);
        let Buffers { channels, r_transform, channel_scales, .. } = buffers;
        if !self.coupling.add_r_transform(state, [1.0; 2], channel_scales, channels, r_transform) {
            return failed;
        }
        if let Some(factors) = &mut buffers.factors {
            *factors = Factors::default();
            buffers.channels.iter().for_each(|inverse| factors.take(inverse));
        }

        let mut root = Complex64::ZERO;
        for (index, block) in self.pencil().blocks().iter().enumerate() {
            let (r_transform, resolvent) = (&buffers.r_transform[index], &mut buffers.resolvent[index]);
            let weighted = &mut buffers.weighted[index];
            if let (Some(gram), None) = (&self.gram, buffers.factors) {
                let (constant, scales) = (&mut buffers.constant[index], &buffers.block_scales[index]);
                constant.im.fill(0.0);
                constant.re.copy_from_slice(block.as_slice());
                if index == 0 {
                    constant.re[0] += z.re;
                    constant.im[0] += z.im;
                }
                let reached = &self.reached[index];
                let pencil = BlockPencil { constant, medium: r_transform, reached, scales };
                let Some(entry) = gram.evaluate(&pencil, resolvent, weighted) else { return failed };
                if index == 0 {
                    root = entry;
                }
                continue;
            }
            weighted.fill_zero();
            for atom in self.population.as_atoms() {
                let t = atom.location;
                // Blocks and R are symmetric, so the column-major constant part reads the same.
                for ((entry, constant), r) in
                    resolvent.re.iter_mut().zip(block.as_slice()).zip(&r_transform.re)
                {
                    *entry = constant - t * r;
                }
                for (entry, r) in resolvent.im.iter_mut().zip(&r_transform.im) {
                    *entry = -t * r;
                }
                if index == 0 {
                    resolvent.re[0] += z.re;
                    resolvent.im[0] += z.im;
                }
                if !resolvent.invert_symmetric(&buffers.block_scales[index]) {
                    return failed;
                }
                if let Some(factors) = &mut buffers.factors {
                    factors.take(resolvent);
                }
                if index == 0 {
                    root += atom.mass * resolvent.get(0, 0);
                }
                let weight = atom.mass * t;
                weighted.re.iter_mut().zip(&resolvent.re).for_each(|(sum, x)| *sum += weight * x);
                weighted.im.iter_mut().zip(&resolvent.im).for_each(|(sum, x)| *sum += weight * x);
            }
        }

        self.coupling.restrict(&buffers.weighted, image);
        root
    }
}

/// Buffers of one thread.
#[derive(Debug)]
pub struct Buffers {
    channels: Vec<SplitMatrix>,
    r_transform: Vec<SplitMatrix>,
    resolvent: Vec<SplitMatrix>,
    weighted: Vec<SplitMatrix>,
    constant: Vec<SplitMatrix>,
    /// Factors for the rows of each channel and each block that make them comparable.
    channel_scales: Vec<Vec<f64>>,
    block_scales: Vec<Vec<f64>>,
    /// The factors of the map, while the real line is followed.
    factors: Option<Factors>,
}
