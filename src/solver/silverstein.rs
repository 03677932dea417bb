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
use serde::{Deserialize, Serialize};

use super::anderson::Anderson;
use super::inverse::SplitMatrix;
use super::options::SolverOptions;
use super::pencil::Pencil;
use super::scaling::equilibrate;
use crate::error::{Error, Result};
use crate::population::Population;

/// One solved point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solution {
    /// Cauchy transform at the requested `z`, the root entry of `G`.
    pub cauchy: Complex64,
    /// The unknowns of the fixed point, to warm-start a neighbouring solve.
    pub state: Vec<Complex64>,
    /// Relative change of the unknowns in the last iteration, maximum norm.
    pub residual: f64,
    /// Estimated relative error of the unknowns: the residual amplified by the conditioning of the
    /// equation, as seen in the accelerated steps.
    pub error: f64,
    /// Evaluations of the map, those of a continuation that led here included.
    pub iterations: usize,
}

/// A residual this many times above the tolerance is still accepted when the iteration stagnates
/// there: rounding does not allow less. It is reported as it is.
const STAGNATION_SLACK: f64 = 1e3;

/// A residual this many times above the tolerance is at the level of rounding already.
const NEARLY: f64 = 10.0;

/// Eigenvalues of `-Im g` may fall below zero by this, relative to the largest entry of `g`.
const DEFINITE: f64 = 1e-9;

/// Grading of laws that do not spread over decades; see [`Silverstein::with_grading`].
const BALANCED: f64 = 0.5;

/// Iterations without an improvement by half after which the iteration counts as stagnating, the
/// same next to the tolerance, and after which it has no prospect of convergence.
const STAGNATION_STEPS: usize = 15;
const NEARLY_STEPS: usize = 6;
const HOPELESS_STEPS: usize = 60;

/// The estimated error may exceed the tolerance of the residual by this factor.
const ERROR_SLACK: f64 = 10.0;

/// The fixed-point map of a pencil and a population.
#[derive(Debug, Clone)]
pub struct Silverstein {
    pencil: Pencil,
    population: Population,
    options: SolverOptions,
    /// See [`Silverstein::with_grading`].
    grading: f64,
    /// Where the packed upper triangle of each channel starts in the state, and the total length.
    offsets: Vec<usize>,
}

impl Silverstein {
    /// The equation for a pencil whose variables share `population`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] from [`SolverOptions::validated`].
    pub fn new(pencil: Pencil, population: Population, options: SolverOptions) -> Result<Self> {
        let options = options.validated()?;
        let mut offsets = vec![0];
        for channel in pencil.channels() {
            let size = channel.inverse_coefficient.nrows();
            offsets.push(offsets[offsets.len() - 1] + size * (size + 1) / 2);
        }
        Ok(Self { pencil, population, options, grading: BALANCED, offsets })
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
        &self.pencil
    }

    /// Number of complex unknowns.
    pub fn dimension(&self) -> usize {
        self.offsets[self.offsets.len() - 1]
    }

    /// Room for solves; one per thread, reused from solve to solve.
    pub fn workspace(&self) -> Workspace {
        let zero = Complex64::ZERO;
        Workspace {
            channels: self
                .pencil
                .channels()
                .iter()
                .map(|channel| SplitMatrix::zeros(channel.inverse_coefficient.nrows()))
                .collect(),
            r_transform: self.pencil.blocks().iter().map(|block| SplitMatrix::zeros(block.nrows())).collect(),
            resolvent: self.pencil.blocks().iter().map(|block| SplitMatrix::zeros(block.nrows())).collect(),
            weighted: self.pencil.blocks().iter().map(|block| SplitMatrix::zeros(block.nrows())).collect(),
            image: vec![zero; self.dimension()],
            best: vec![zero; self.dimension()],
            state: vec![zero; self.dimension()],
            metric: vec![1.0; self.dimension()],
            channel_scales: self.channel_scales(),
            block_scales: self.pencil.blocks().iter().map(|block| vec![1.0; block.nrows()]).collect(),
            anderson: Anderson::new(self.dimension(), self.options.window.min(self.dimension())),
        }
    }

    /// Refuses unknowns, or buffers, of another equation.
    fn check_state(&self, state: &[Complex64], workspace: &Workspace) -> Result<()> {
        for (argument, length) in [("state", state.len()), ("workspace", workspace.state.len())] {
            if length != self.dimension() {
                let allowed = format!("{} unknowns, as the pencil has", self.dimension());
                return Err(Error::argument(argument, format!("{length} unknowns"), allowed));
            }
        }
        Ok(())
    }

    fn channel_scales(&self) -> Vec<Vec<f64>> {
        self.pencil.channels().iter().map(|channel| vec![1.0; channel.inverse_coefficient.nrows()]).collect()
    }

    /// Solves the equation at `z` from the unknowns `guess` by Anderson acceleration.
    ///
    /// For `Im z > 0` the equation has one solution with `Im g <= 0` (Helton, Rashidi Far,
    /// Speicher, IMRN 2007); iterates that leave that half-space are replaced by the half-averaged
    /// step, which stays in it. For real `z` the solution next to the guess is found.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if the tolerance is not reached; [`Error::InvalidArgument`] if guess or
    /// workspace belong to another pencil.
    pub fn iterate(&self, z: Complex64, guess: &[Complex64], workspace: &mut Workspace) -> Result<Solution> {
        self.check_state(guess, workspace)?;
        let tolerance = self.options.tolerance;
        self.equilibrate(guess, &mut workspace.metric, &mut workspace.channel_scales);
        // What an earlier solve has left must not show in this one, to the last digit.
        workspace.block_scales.iter_mut().for_each(|scales| scales.fill(1.0));
        let mut x: Vec<Complex64> = guess.iter().zip(&workspace.metric).map(|(x, unit)| x / unit).collect();
        let mut best: Option<Solution> = None;
        let (mut improved, mut iterations) = (0, self.options.iteration_limit);
        // Size of the last accelerated step and the residual that it started from.
        let mut step: Option<(f64, f64)> = None;
        workspace.anderson.restart();
        for iteration in 1..=self.options.iteration_limit {
            for ((state, x), unit) in workspace.state.iter_mut().zip(&x).zip(&workspace.metric) {
                *state = x * unit;
            }
            let cauchy = self.map(z, workspace);
            if iteration == 1 && cauchy.re.is_finite() {
                for (scales, weighted) in workspace.block_scales.iter_mut().zip(&workspace.weighted) {
                    equilibrate(scales, |i, j| weighted.get(i, j).norm_sqr().sqrt());
                }
            }
            let (mut change, mut size) = (0.0f64, f64::MIN_POSITIVE);
            for ((image, x), unit) in workspace.image.iter_mut().zip(&x).zip(&workspace.metric) {
                *image /= unit;
                size = size.max(image.norm_sqr());
                *image -= x;
                change = change.max(image.norm_sqr());
            }
            let (residual, size) = ((change / size).sqrt(), size.sqrt());
            if residual.is_nan() || !cauchy.re.is_finite() {
                // A singular matrix on the way: start again from a slightly different point.
                x.iter_mut().zip(guess).zip(&workspace.metric).for_each(|((x, guess), unit)| {
                    *x = guess / unit
                        * Complex64::new(1.0 + 1e-3 * iteration as f64, -1e-3 * iteration as f64);
                });
                workspace.anderson.restart();
                step = None;
                continue;
            }
            // The accelerated step is nearly Newton's, so its size was the error before it, and the
            // error has fallen with the residual since.
            let error = step.map_or(f64::INFINITY, |(length, before)| length / size * residual / before);
            if best.as_ref().is_none_or(|best| residual < 0.5 * best.residual) {
                improved = iteration;
                workspace.best.copy_from_slice(&x);
                let error = error.max(residual);
                best = Some(Solution { cauchy, state: Vec::new(), residual, error, iterations: iteration });
            }
            let converged = residual <= tolerance && error <= ERROR_SLACK * tolerance;
            let idle = iteration - improved;
            let accepted = |best: &mut Solution| {
                converged
                    || idle >= NEARLY_STEPS && best.residual <= NEARLY * tolerance
                    || idle >= STAGNATION_STEPS && best.residual <= STAGNATION_SLACK * tolerance
            };
            if let Some(mut best) = best.take_if(accepted) {
                if !converged {
                    x.copy_from_slice(&workspace.best);
                }
                x.iter_mut().zip(&workspace.metric).for_each(|(x, unit)| *x *= unit);
                best.state = x;
                best.iterations = iteration;
                if converged {
                    (best.cauchy, best.residual, best.error) = (cauchy, residual, error.max(residual));
                }
                return Ok(best);
            }
            if idle >= HOPELESS_STEPS {
                iterations = iteration;
                break;
            }
            let (anderson, image) = (&mut workspace.anderson, &workspace.image);
            let mut length = anderson.advance(&mut x, image);
            if z.im > 0.0 && !self.in_half_space(&x) {
                length = anderson.half_step(&mut x, image);
            }
            if let Some(best) = best.as_mut().filter(|_| improved == iteration) {
                best.error = best.residual.max(length / size);
            }
            step = Some((length, residual));
        }
        Err(Error::NotConverged {
            z,
            residual: best.map_or(f64::INFINITY, |best| best.residual),
            iterations,
            tolerance,
        })
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
        workspace: &mut Workspace,
    ) -> Result<Complex64> {
        self.check_state(state, workspace)?;
        workspace.state.copy_from_slice(state);
        self.map(z, workspace);
        Ok(workspace.weighted[0].get(0, 0))
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
        workspace: &mut Workspace,
    ) -> Result<Complex64> {
        let Some(coefficient) = self.pencil.channels().get(channel) else {
            return Err(Error::argument("channel", channel, format!("below {}", self.offsets.len() - 1)));
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
        workspace.state.copy_from_slice(state);
        self.map(z, workspace);
        let g = |i: usize, j: usize| state[self.offsets[channel] + packed(i.min(j), i.max(j), size)];
        let h: Vec<Complex64> = (0..size).map(|i| (0..size).map(|j| g(i, j) * vector[j]).sum()).collect();
        let x = &workspace.channels[channel];
        let direct: Complex64 = h.iter().zip(vector).map(|(h, w)| h * w).sum();
        let through: Complex64 =
            (0..size).map(|i| h[i] * (0..size).map(|j| x.get(i, j) * h[j]).sum::<Complex64>()).sum();
        Ok(direct + coefficient.ratio * through)
    }

    /// Whether the diagonal of `Im g` is nowhere positive, which it must be for a resolvent at
    /// `Im z >= 0`, up to rounding.
    pub(crate) fn in_half_space(&self, state: &[Complex64]) -> bool {
        self.pencil.channels().iter().zip(&self.offsets).all(|(channel, &offset)| {
            let size = channel.inverse_coefficient.nrows();
            (0..size).all(|i| {
                let entry = state[offset + packed(i, i, size)];
                entry.im <= 1e-9 * entry.norm() + f64::MIN_POSITIVE
            })
        })
    }

    /// Whether `-Im g` is positive semidefinite on every channel, up to rounding: the property that
    /// singles out the resolvent among all solutions where `Im g` does not vanish.
    pub(crate) fn is_physical(&self, state: &[Complex64]) -> bool {
        let (mut metric, mut row_scales) = (vec![1.0; state.len()], self.channel_scales());
        self.equilibrate(state, &mut metric, &mut row_scales);
        self.pencil.channels().iter().zip(&self.offsets).all(|(channel, &offset)| {
            let size = channel.inverse_coefficient.nrows();
            let shifted = nalgebra::DMatrix::from_fn(size, size, |i, j| {
                let shift = if i == j { DEFINITE } else { 0.0 };
                let at = offset + packed(i.min(j), i.max(j), size);
                shift - state[at].im / metric[at]
            });
            shifted.cholesky().is_some()
        })
    }

    /// Units `d_i d_j` for the entries `(i, j)` of each channel, in which every row of `state` has
    /// largest entry about 1.
    ///
    /// A law that spreads over many decades has unknowns that do so too: products of few factors
    /// next to products of many. The equation does not know the scale of a row, and neither should
    /// the norms of the iteration: small rows would otherwise drown in the tolerance of large ones.
    fn equilibrate(&self, state: &[Complex64], metric: &mut [f64], scales: &mut [Vec<f64>]) {
        for ((channel, &offset), scales) in self.pencil.channels().iter().zip(&self.offsets).zip(scales) {
            let size = channel.inverse_coefficient.nrows();
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

    /// Evaluates the map at `workspace.state` into `workspace.image`; returns the root entry of `G`, or NaN
    /// if a matrix on the way is singular.
    fn map(&self, z: Complex64, workspace: &mut Workspace) -> Complex64 {
        let state = &workspace.state;
        let failed = Complex64::new(f64::NAN, f64::NAN);
        for r_transform in &mut workspace.r_transform {
            r_transform.fill_zero();
        }
        for (((channel, matrix), &offset), scales) in self
            .pencil
            .channels()
            .iter()
            .zip(&mut workspace.channels)
            .zip(&self.offsets)
            .zip(&workspace.channel_scales)
        {
            let n = matrix.size();
            let mut at = offset;
            for i in 0..n {
                for j in i..n {
                    let constant = channel.inverse_coefficient[(i, j)];
                    let (re, im) = (constant - channel.ratio * state[at].re, -channel.ratio * state[at].im);
                    (matrix.re[i * n + j], matrix.im[i * n + j]) = (re, im);
                    (matrix.re[j * n + i], matrix.im[j * n + i]) = (re, im);
                    at += 1;
                }
            }
            if !matrix.invert_scaled(scales) {
                return failed;
            }
            for link in &channel.links {
                let target = &mut workspace.r_transform[link.block];
                let size = target.size();
                for row in &link.entries {
                    let weight = link.gain * row.weight;
                    let (from, to) = (row.channel_state * n, row.block_state * size);
                    for column in &link.entries {
                        let weight = weight * column.weight;
                        target.re[to + column.block_state] += weight * matrix.re[from + column.channel_state];
                        target.im[to + column.block_state] += weight * matrix.im[from + column.channel_state];
                    }
                }
            }
        }

        let mut root = Complex64::ZERO;
        for (index, block) in self.pencil.blocks().iter().enumerate() {
            let (r_transform, resolvent) = (&workspace.r_transform[index], &mut workspace.resolvent[index]);
            let weighted = &mut workspace.weighted[index];
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
                if !resolvent.invert_scaled(&workspace.block_scales[index]) {
                    return failed;
                }
                if index == 0 {
                    root += atom.mass * resolvent.get(0, 0);
                }
                let weight = atom.mass * t;
                weighted.re.iter_mut().zip(&resolvent.re).for_each(|(sum, x)| *sum += weight * x);
                weighted.im.iter_mut().zip(&resolvent.im).for_each(|(sum, x)| *sum += weight * x);
            }
        }

        workspace.image.fill(Complex64::ZERO);
        for (channel, &offset) in self.pencil.channels().iter().zip(&self.offsets) {
            let n = channel.inverse_coefficient.nrows();
            for link in &channel.links {
                let source = &workspace.weighted[link.block];
                let size = source.size();
                for (position, row) in link.entries.iter().enumerate() {
                    for (distance, column) in link.entries[position..].iter().enumerate() {
                        // Two entries of one state meet on its diagonal in both orders.
                        let twice = distance > 0 && row.channel_state == column.channel_state;
                        let weight = if twice { 2.0 } else { 1.0 } * row.weight * column.weight;
                        let from = row.block_state * size + column.block_state;
                        let (i, j) = (row.channel_state, column.channel_state);
                        let to = offset + packed(i.min(j), i.max(j), n);
                        workspace.image[to] +=
                            Complex64::new(weight * source.re[from], weight * source.im[from]);
                    }
                }
            }
        }
        root
    }

    /// The state at `z = infinity`, where the root decouples. The remaining pencil is triangular
    /// in the number of factors, so the plain iteration ends after finitely many steps.
    pub(crate) fn state_at_infinity(&self, workspace: &mut Workspace) -> Vec<Complex64> {
        let far = Complex64::new(0.0, 1e12);
        workspace.state.fill(Complex64::ZERO);
        for _ in 0..2 * self.pencil.size() {
            self.map(far, workspace);
            let differences = workspace.state.iter().zip(&workspace.image);
            let change = differences.map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
            let size = workspace.image.iter().map(|x| x.norm()).fold(0.0, f64::max);
            workspace.state.copy_from_slice(&workspace.image);
            if change <= 1e-12 * size {
                break;
            }
        }
        workspace.state.clone()
    }
}

/// Position of entry `(i, j)`, `i <= j`, in the packed upper triangle of an `n x n` matrix.
fn packed(i: usize, j: usize, n: usize) -> usize {
    i * (2 * n - i + 1) / 2 + j - i
}

/// Buffers of one thread; see [`Silverstein::workspace`].
#[derive(Debug)]
pub struct Workspace {
    channels: Vec<SplitMatrix>,
    r_transform: Vec<SplitMatrix>,
    resolvent: Vec<SplitMatrix>,
    weighted: Vec<SplitMatrix>,
    image: Vec<Complex64>,
    best: Vec<Complex64>,
    /// The unknowns in their own units, and the units in which the iteration measures them.
    state: Vec<Complex64>,
    metric: Vec<f64>,
    /// Factors for the rows of each channel and each block that make them comparable.
    channel_scales: Vec<Vec<f64>>,
    block_scales: Vec<Vec<f64>>,
    anderson: Anderson,
}
