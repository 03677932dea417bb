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

use super::channel::{Channel, ChannelBuffers};
use super::hermitian::rank_factors;
use super::linearization::Linearization;
use crate::error::{Error, Result};
use crate::free::{FreeLevy, Law};
use crate::solver::inverse::SplitMatrix;
use crate::solver::scaling::equilibrate;
use crate::solver::{FixedPoint, SolverOptions};

/// Eigenvalues of the imaginary part of the unknowns may leave their half-line by this, relative to the
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
}

impl PolynomialEquation {
    /// The equation for variables with the given laws, in the order of the linearisation, each with the
    /// free Levy-Khintchine form by which it answers, or none for subordination.
    pub(super) fn new(
        linearization: &Linearization,
        variables: &[(Law, Option<FreeLevy>)],
        options: SolverOptions,
    ) -> Result<Self> {
        let (mut channels, mut offsets) = (Vec::new(), vec![0]);
        for (coefficient, (law, levy)) in linearization.coefficients().iter().zip(variables) {
            let channel = Channel::new(rank_factors(coefficient)?, law, levy.clone());
            let channel = channel.ok_or_else(|| {
                Error::argument(
                    "polynomial",
                    "a coefficient that is singular to rounding",
                    "well-scaled terms",
                )
            })?;
            offsets.push(offsets[offsets.len() - 1] + channel.rank().pow(2));
            channels.push(channel);
        }
        let constant = linearization.constant().clone();
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
                let n = channel.rank().pow(2);
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

    /// The unknowns of each channel with the sign of their imaginary part.
    fn unknowns<'a>(
        &'a self,
        state: &'a [Complex64],
    ) -> impl Iterator<Item = (usize, f64, &'a [Complex64])> + 'a {
        self.channels.iter().zip(&self.offsets).map(move |(channel, &offset)| {
            let n = channel.rank();
            (n, channel.sign(), &state[offset..offset + n * n])
        })
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
        let Buffers { pencil, channels } = buffers;
        self.fill(z, pencil);
        for ((channel, &offset), buffers) in self.channels.iter().zip(&self.offsets).zip(channels.iter_mut())
        {
            let n = channel.rank().pow(2);
            if !channel.answer(&state[offset..offset + n], pencil, buffers) {
                return failed;
            }
        }
        if !pencil.invert() {
            return failed;
        }
        for (index, (channel, &offset)) in self.channels.iter().zip(&self.offsets).enumerate() {
            let n = channel.rank().pow(2);
            let image = &mut image[offset..offset + n];
            if !channel.image(pencil, image, &mut channels[index]) {
                return failed;
            }
        }
        pencil.get(0, 0)
    }

    fn begin(&self, guess: &[Complex64], metric: &mut [f64], _: &mut Buffers) {
        for ((channel, &offset), (n, _, unknown)) in
            self.channels.iter().zip(&self.offsets).zip(self.unknowns(guess))
        {
            let mut scales = vec![1.0; channel.rank()];
            let magnitude = |i: usize, j: usize| unknown[i * n + j].norm().max(unknown[j * n + i].norm());
            equilibrate(&mut scales, magnitude);
            for i in 0..n {
                for j in 0..n {
                    // Half-way between common units and those of the rows.
                    metric[offset + i * n + j] = (scales[i] * scales[j]).sqrt();
                }
            }
        }
    }

    fn sizes(&self, state: &[Complex64], sizes: &mut [f64]) -> bool {
        let mut origins = vec![Complex64::ZERO; state.len()];
        self.origins(state, &mut origins);
        let offsets: Vec<Complex64> =
            state.iter().zip(&origins).map(|(entry, origin)| entry - origin).collect();
        for (&offset, (n, _, unknown)) in self.offsets.iter().zip(self.unknowns(&offsets)) {
            let mut scales = vec![1.0; n];
            let magnitude = |i: usize, j: usize| unknown[i * n + j].norm().max(unknown[j * n + i].norm());
            equilibrate(&mut scales, magnitude);
            for i in 0..n {
                for j in 0..n {
                    let natural = SMALL * scales[i] * scales[j];
                    sizes[offset + i * n + j] = unknown[i * n + j].norm().max(natural);
                }
            }
        }
        true
    }

    fn origins(&self, state: &[Complex64], origins: &mut [Complex64]) {
        for (channel, &offset) in self.channels.iter().zip(&self.offsets) {
            let range = offset..offset + channel.rank().pow(2);
            channel.origins(&state[range.clone()], &mut origins[range]);
        }
    }

    fn in_half_space(&self, state: &[Complex64]) -> bool {
        self.unknowns(state).all(|(n, sign, unknown)| {
            (0..n).all(|i| {
                let entry = unknown[i * n + i];
                sign * entry.im >= -1e-9 * entry.norm() - f64::MIN_POSITIVE
            })
        })
    }

    /// Whether the imaginary parts, as Hermitian matrices, are semidefinite.
    fn is_physical(&self, state: &[Complex64]) -> bool {
        self.unknowns(state).all(|(n, sign, unknown)| {
            let largest = unknown.iter().fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.norm()));
            let imaginary = |i: usize, j: usize| {
                sign * (unknown[i * n + j] - unknown[j * n + i].conj()) / Complex64::new(0.0, 2.0 * largest)
            };
            // A Hermitian matrix as a real symmetric one of twice the size.
            let real = DMatrix::from_fn(2 * n, 2 * n, |i, j| {
                let entry = imaginary(i % n, j % n);
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
}
