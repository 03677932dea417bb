//! The operator-valued equation of a polynomial in free variables
//!
//! ```text
//! G = (Lambda(z) - sum_k V_k r_k V_k^*)^-1,     r_k the answer of variable k to V_k^* G V_k
//! ```
//!
//! whose root entry is the Cauchy transform of the polynomial. Every variable answers by its R-transform or by
//! subordination; both may be mixed in one equation.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::channel::{Channel, ChannelBuffers, Unknown};
use super::hermitian::rank_factors;
use super::linearization::Linearization;
use crate::error::{Error, Result};
use crate::free::{FreeLevy, Law};
use crate::solver::inverse::SplitMatrix;
use crate::solver::scaling::equilibrate;
use crate::solver::{Factors, FixedPoint, SolverOptions, Workspace};

/// Eigenvalues of the imaginary part of the unknowns may be positive by this, relative to the
/// largest entry.
const DEFINITE: f64 = 1e-9;

/// Entries that vanish count as this, relative to their row and column.
const SMALL: f64 = 1e-3;

/// The fixed-point equation of a linearised polynomial.
#[derive(Debug, Clone)]
pub struct PolynomialEquation {
    constant: DMatrix<Complex64>,
    /// Rows with `z` on the diagonal.
    roots: usize,
    channels: Vec<Channel>,
    /// Where the unknowns of each channel start, and the total number.
    offsets: Vec<usize>,
    options: SolverOptions,
}

/// Buffers of one thread.
#[derive(Debug)]
pub struct Buffers {
    pencil: SplitMatrix,
    channels: Vec<ChannelBuffers>,
    /// The last derivative, if the map is followed along the real line.
    along: Option<Along>,
}

/// A real point and a direction.
#[derive(Debug, Default)]
struct Along {
    z: f64,
    dz: f64,
    state: Vec<Complex64>,
    direction: Vec<Complex64>,
    /// The change of the resolvent, if the point is regular.
    resolvent_change: DMatrix<Complex64>,
}

impl PolynomialEquation {
    /// The equation for variables with the given laws, in the order of the linearisation, each with the
    /// free Levy-Khintchine form by which it answers, or none for subordination with the given unknown.
    pub(super) fn new(
        linearization: &Linearization,
        variables: &[(Law, Option<FreeLevy>)],
        unknown: Unknown,
        options: SolverOptions,
    ) -> Result<Self> {
        // The transpose of a solution of a real equation is another one in the half-space, where there is only one.
        let matrices = linearization.coefficients().iter().chain([linearization.constant()]);
        let symmetric = matrices.flatten().all(|entry| entry.im == 0.0);
        let (mut channels, mut offsets) = (Vec::<Channel>::new(), vec![0]);
        for (coefficient, (law, levy)) in linearization.coefficients().iter().zip(variables) {
            let channel = Channel::new(rank_factors(coefficient)?, law, levy.clone(), symmetric, unknown);
            let channel = channel.ok_or_else(|| {
                Error::argument(
                    "polynomial",
                    "a coefficient that is singular to rounding",
                    "well-scaled terms",
                )
            })?;
            offsets.push(offsets[offsets.len() - 1] + channel.coordinates().len());
            channels.push(channel);
        }
        let mut constant = linearization.constant().clone();
        for (channel, coefficient) in channels.iter().zip(linearization.coefficients()) {
            constant -= coefficient * Complex64::from(channel.origin());
        }
        let roots = linearization.roots();
        Ok(Self { constant, roots, channels, offsets, options: options.validated()? })
    }

    /// Unknowns from which the iteration far above the spectrum starts.
    ///
    /// Without answers the compressed resolvents may be singular; an imaginary part of the whole pencil keeps
    /// them away from that.
    pub(super) fn first_state(&self, z: Complex64) -> Vec<Complex64> {
        let mut resolvent = SplitMatrix::zeros(self.constant.nrows());
        let lift = self.constant.iter().fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.norm()));
        self.fill(z, &mut resolvent);
        for i in 0..resolvent.size() {
            let entry = resolvent.get(i, i) + Complex64::new(0.0, lift);
            resolvent.set(i, i, entry);
        }
        let mut state = vec![Complex64::ZERO; self.dimension()];
        if resolvent.invert() {
            for (channel, &offset) in self.channels.iter().zip(&self.offsets) {
                let n = channel.coordinates().len();
                if !channel.first_state(&resolvent, &mut state[offset..offset + n]) {
                    state[offset..offset + n].fill(Complex64::ONE);
                }
            }
        }
        state
    }

    /// `Lambda(z)`, in the leading block of a matrix.
    fn fill(&self, z: Complex64, pencil: &mut SplitMatrix) {
        let n = self.constant.nrows();
        for i in 0..n {
            for j in 0..n {
                pencil.set(i, j, self.constant[(i, j)]);
            }
        }
        for i in 0..self.roots {
            let root = pencil.get(i, i) + z;
            pencil.set(i, i, root);
        }
    }

    /// Each channel with its unknowns.
    fn unknowns<'a>(
        &'a self,
        state: &'a [Complex64],
    ) -> impl Iterator<Item = (&'a Channel, &'a [Complex64])> {
        self.channels
            .iter()
            .zip(&self.offsets)
            .map(|(channel, &offset)| (channel, &state[offset..offset + channel.coordinates().len()]))
    }

    /// Sizes for the unknowns of each channel, from its matrix and a scale for each of its rows.
    fn by_scales(
        &self,
        state: &[Complex64],
        sizes: &mut [f64],
        size: impl Fn(&[f64], (usize, usize)) -> f64,
    ) {
        for ((channel, unknown), &offset) in self.unknowns(state).zip(&self.offsets) {
            let matrix = channel.matrix(unknown);
            let mut scales = vec![1.0; channel.rank()];
            equilibrate(&mut scales, |i, j| matrix[(i, j)].norm().max(matrix[(j, i)].norm()));
            for (entry, target) in channel.coordinates().entries().zip(&mut sizes[offset..]) {
                *target = size(&scales, entry);
            }
        }
    }

    /// The derivative at the point and in the direction of the buffers; `None` where it is singular.
    fn derivative_along(&self, buffers: &mut Buffers) -> Option<Vec<Complex64>> {
        let Buffers { pencil, channels, along } = buffers;
        let along = along.get_or_insert_default();
        let size = self.constant.nrows();
        self.fill(along.z.into(), pencil);
        let mut change = DMatrix::zeros(size, size);
        for i in 0..self.roots {
            change[(i, i)] = along.dz.into();
        }
        let mut rates = Vec::with_capacity(self.channels.len());
        let pairs = self.unknowns(&along.state).zip(self.unknowns(&along.direction));
        for (((channel, state), (_, direction)), buffers) in pairs.zip(channels.iter_mut()) {
            if !channel.answer(state, pencil, buffers) {
                return None;
            }
            rates.push(channel.answer_change(state, direction, &mut change)?);
        }
        if !pencil.invert() {
            return None;
        }
        let resolvent = DMatrix::from_fn(size, size, |i, j| pencil.get(i, j));
        let resolvent_change = -&resolvent * &change * &resolvent;
        let mut images = vec![Complex64::ZERO; along.state.len()];
        let each = self.channels.iter().zip(&self.offsets).zip(rates).zip(channels);
        for (((channel, &offset), rate), buffers) in each {
            let image = &mut images[offset..offset + channel.coordinates().len()];
            channel.image_change(&resolvent, &resolvent_change, rate, image, buffers)?;
        }
        along.resolvent_change = resolvent_change;
        Some(images)
    }
}

impl FixedPoint for PolynomialEquation {
    type Buffers = Buffers;

    fn dimension(&self) -> usize {
        self.offsets[self.offsets.len() - 1]
    }

    fn options(&self) -> SolverOptions {
        self.options
    }

    fn buffers(&self) -> Buffers {
        Buffers {
            pencil: SplitMatrix::zeros(self.constant.nrows()),
            channels: self.channels.iter().map(Channel::buffers).collect(),
            along: None,
        }
    }

    fn map(
        &self,
        z: Complex64,
        state: &[Complex64],
        image: &mut [Complex64],
        buffers: &mut Buffers,
    ) -> Complex64 {
        let failed = Complex64::new(f64::NAN, f64::NAN);
        let Buffers { pencil, channels, .. } = buffers;
        self.fill(z, pencil);
        for ((channel, &offset), buffers) in self.channels.iter().zip(&self.offsets).zip(channels.iter_mut())
        {
            let n = channel.coordinates().len();
            if !channel.answer(&state[offset..offset + n], pencil, buffers) {
                return failed;
            }
        }
        if !pencil.invert() {
            return failed;
        }
        for (index, (channel, &offset)) in self.channels.iter().zip(&self.offsets).enumerate() {
            let n = channel.coordinates().len();
            let image = &mut image[offset..offset + n];
            if !channel.image(pencil, image, &mut channels[index]) {
                return failed;
            }
        }
        pencil.get(0, 0)
    }

    fn begin(&self, guess: &[Complex64], metric: &mut [f64], _: &mut Buffers) {
        // Half-way between common units and those of the rows.
        self.by_scales(guess, metric, |scales, (i, j)| (scales[i] * scales[j]).sqrt());
    }

    fn sizes(&self, state: &[Complex64], sizes: &mut [f64]) -> bool {
        let mut origins = vec![Complex64::ZERO; state.len()];
        self.origins(state, &mut origins);
        let offsets: Vec<Complex64> =
            state.iter().zip(&origins).map(|(entry, origin)| entry - origin).collect();
        self.by_scales(&offsets, sizes, |scales, (i, j)| SMALL * scales[i] * scales[j]);
        sizes.iter_mut().zip(&offsets).for_each(|(size, offset)| *size = size.max(offset.norm()));
        true
    }

    fn origins(&self, state: &[Complex64], origins: &mut [Complex64]) {
        for (channel, &offset) in self.channels.iter().zip(&self.offsets) {
            let range = offset..offset + channel.coordinates().len();
            channel.origins(&state[range.clone()], &mut origins[range]);
        }
    }

    fn in_half_space(&self, state: &[Complex64]) -> bool {
        self.unknowns(state).all(|(channel, unknown)| {
            let mut diagonal = channel.coordinates().entries().zip(unknown).filter(|((i, j), _)| i == j);
            let sign = channel.sign();
            diagonal.all(|(_, entry)| sign * entry.im >= -1e-9 * entry.norm() - f64::MIN_POSITIVE)
        })
    }

    /// Whether the imaginary parts, as Hermitian matrices, are semidefinite.
    fn is_physical(&self, state: &[Complex64]) -> bool {
        self.unknowns(state).all(|(channel, unknown)| {
            let largest = unknown.iter().fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.norm()));
            // Coordinates of the imaginary part are imaginary parts of coordinates.
            let scale = channel.sign() / largest;
            let imaginary: Vec<Complex64> = unknown.iter().map(|entry| (scale * entry.im).into()).collect();
            let n = channel.rank();
            let imaginary = channel.matrix(&imaginary);
            // A Hermitian matrix as a real symmetric one of twice the size.
            let real = DMatrix::from_fn(2 * n, 2 * n, |i, j| {
                let entry = imaginary[(i % n, j % n)];
                let shift = if i == j { DEFINITE } else { 0.0 };
                shift
                    + match (i < n, j < n) {
                        (true, true) | (false, false) => entry.re,
                        (true, false) => -entry.im,
                        (false, true) => entry.im,
                    }
            });
            real.cholesky().is_some()
        })
    }

    /// By that of every factor: unknowns with complex entries, and functions of matrices, do not carry a complex step.
    fn derivative(
        &self,
        (z, dz): (f64, f64),
        (x, v): (&[f64], &[f64]),
        derivative: &mut [f64],
        workspace: &mut Workspace<Buffers>,
    ) {
        let along = workspace.buffers.along.get_or_insert_default();
        let complex = |x: &[f64]| x.iter().copied().map(Complex64::from).collect();
        (along.z, along.dz, along.state, along.direction) = (z, dz, complex(x), complex(v));
        match self.derivative_along(&mut workspace.buffers) {
            Some(images) => derivative.iter_mut().zip(images).for_each(|(entry, image)| *entry = image.re),
            None => derivative.fill(f64::NAN),
        }
    }

    fn follow_line(&self, buffers: &mut Buffers, _: bool) {
        buffers.along = None;
    }

    fn factors(&self, buffers: &Buffers) -> Factors {
        let mut factors = Factors::default();
        let Some(along) = &buffers.along else { return factors };
        let mut negative = false;
        for ((channel, state), (_, direction)) in
            self.unknowns(&along.state).zip(self.unknowns(&along.direction))
        {
            negative ^= channel.take_factors(state, direction, &mut factors);
        }
        let size = self.constant.nrows();
        let resolvent = DMatrix::from_fn(size, size, |i, j| buffers.pencil.get(i, j));
        negative ^= resolvent.determinant().re < 0.0;
        factors.add(along.resolvent_change.camax() / resolvent.camax(), negative);
        factors
    }
}
