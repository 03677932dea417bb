//! The equation of an epoch of infinitely many batches, reshuffled: Silverstein's for kernels.
//!
//! Summed over epochs with `z^-j`, responses are kernels of two times within an epoch. In the basis of Legendre polynomials
//! on `[0, 1]`, with `sigma` their signs under `x -> 1 - x`, along the eigenvalue `t` with `zeta = z - 1`,
//!
//! ```text
//! V f(x)  = int_0^x e^{-a t (x - u)} sigma f(u) du,    v(x) = e^{-a t x}
//! K       = gamma a (1 + gamma a h sigma)^{-1} h
//! M_t     = [[zeta + 1 - e^{-a t}, a t v^T K], [v, 1 - a t V K]]
//! h       = sigma int t {(M_t^{-1})_{2.} [-v^T; V] - V} dH sigma
//! ```
//!
//! and `int (M_t^{-1})_{11} dH` is the Cauchy transform of `P - 1`. `V`, `h` and `K` are symmetric, and `-Im h >= 0` and
//! `-Im K >= 0` follow from each other for `Im zeta > 0`: the half-space of the solution. Galerkin's method keeps all of that,
//! and its error is the square of what the polynomials leave of `v`.

use nalgebra::{DMatrix, DVector};
use num_complex::Complex64;

use super::{Atom, legendre, series};
use crate::error::Result;
use crate::solver::coupling::packed;
use crate::solver::inverse::SplitMatrix;
use crate::solver::scaling::is_definite;
use crate::solver::{Factors, FixedPoint, SolverOptions};

/// Most polynomials.
const MOST: usize = 48;

/// Eigenvalues of `-Im h` may fall below zero by this, relative to its largest entry.
const DEFINITE: f64 = 1e-9;

/// What does not change along one eigenvalue.
#[derive(Debug, Clone)]
pub(super) struct Along {
    pub(super) mass: f64,
    pub(super) t: f64,
    /// `a t`.
    pub(super) rate: f64,
    /// `V`, row by row.
    pub(super) within: Vec<f64>,
    /// `v`.
    pub(super) decay: Vec<f64>,
}

/// The fixed-point equation.
#[derive(Debug, Clone)]
pub struct EpochKernel {
    pub(super) along: Vec<Along>,
    /// `gamma a`.
    pub(super) feedback: f64,
    /// Number of polynomials.
    pub(super) size: usize,
    options: SolverOptions,
}

/// Sign of polynomial `k` under the reflection of the epoch.
pub(super) fn sign(k: usize) -> f64 {
    if k.is_multiple_of(2) { 1.0 } else { -1.0 }
}

impl EpochKernel {
    /// The equation for eigenvalues that are positive, in so many polynomials that they leave this of the decays: the Cauchy
    /// transform errs by its square, kernels by itself.
    ///
    /// # Errors
    /// From [`SolverOptions::validated`].
    pub(super) fn new(
        atoms: &[Atom],
        epoch_step: f64,
        aspect_ratio: f64,
        left: f64,
        options: SolverOptions,
    ) -> Result<Self> {
        let fastest = atoms.iter().fold(0.0f64, |m, atom| m.max(epoch_step * atom.t));
        let coefficients = legendre::project(MOST, |x| (-fastest * x).exp());
        let tail = |size: usize| coefficients[size..].iter().map(|c| c * c).sum::<f64>().sqrt();
        let size = (1..MOST).find(|&size| tail(size) < left * tail(0)).unwrap_or(MOST);
        let along = atoms.iter().map(|atom| {
            let rate = epoch_step * atom.t;
            Along {
                mass: atom.mass,
                t: atom.t,
                rate,
                within: legendre::reflected_decay(size, rate),
                decay: legendre::project(size, |x| (-rate * x).exp()),
            }
        });
        let options = options.validated()?;
        Ok(Self { along: along.collect(), feedback: aspect_ratio * epoch_step, size, options })
    }
}

/// Responses along one eigenvalue, in the basis of the polynomials.
pub(super) struct Response {
    /// What comes from earlier epochs.
    pub(super) later: DMatrix<Complex64>,
    /// The same with what comes from within the epoch.
    pub(super) all: DMatrix<Complex64>,
}

impl EpochKernel {
    /// The memory `d` and the responses along every eigenvalue at a solution; none where they are singular.
    pub(super) fn kernels(
        &self,
        zeta: Complex64,
        state: &[Complex64],
    ) -> Option<(DMatrix<Complex64>, Vec<Response>)> {
        let n = self.size;
        let complex = |x: f64| Complex64::from(x);
        let signs = DMatrix::from_diagonal(&DVector::from_fn(n, |k, _| complex(sign(k))));
        let identity = DMatrix::<Complex64>::identity(n, n);
        let h = DMatrix::from_fn(n, n, |i, j| self.feedback * state[packed(i.min(j), i.max(j), n)]);
        let kernel = (&identity + &h * &signs).lu().solve(&h)?;
        let responses = self.along.iter().map(|along| {
            let within = DMatrix::from_row_slice(n, n, &along.within).map(complex);
            let v = DVector::from_column_slice(&along.decay).map(complex);
            let through = (&within * &kernel) * complex(along.rate);
            let fed = (kernel.transpose() * &v) * complex(along.rate);
            let mut resolvent = DMatrix::zeros(n + 1, n + 1);
            resolvent[(0, 0)] = zeta - (-along.rate).exp_m1();
            resolvent.view_mut((0, 1), (1, n)).copy_from(&fed.transpose());
            resolvent.view_mut((1, 0), (n, 1)).copy_from(&v);
            resolvent.view_mut((1, 1), (n, n)).copy_from(&(&identity - through));
            let inverse = resolvent.try_inverse()?;
            let rows = inverse.view((1, 1), (n, n)) - &identity;
            let later = (rows * &within - inverse.view((1, 0), (n, 1)) * v.transpose()) * &signs;
            let all = &later + within * &signs;
            Some(Response { later, all })
        });
        let responses = responses.collect::<Option<Vec<_>>>()?;
        Some((&signs * kernel * complex(-1.0), responses))
    }
}

impl FixedPoint for EpochKernel {
    type Buffers = Buffers;

    fn dimension(&self) -> usize {
        self.size * (self.size + 1) / 2
    }

    fn options(&self) -> SolverOptions {
        self.options
    }

    fn buffers(&self) -> Buffers {
        let [h, turned, kernel, mean] = std::array::from_fn(|_| SplitMatrix::zeros(self.size));
        Buffers { h, turned, kernel, mean, resolvent: SplitMatrix::zeros(self.size + 1), factors: None }
    }

    fn begin(&self, _guess: &[Complex64], metric: &mut [f64], _buffers: &mut Buffers) {
        metric.fill(1.0);
    }

    fn in_half_space(&self, state: &[Complex64]) -> bool {
        let diagonal = || (0..self.size).map(|i| state[packed(i, i, self.size)]);
        let largest = diagonal().fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.norm()));
        diagonal().all(|entry| entry.im <= DEFINITE * largest)
    }

    /// Whether `-Im h` is positive semidefinite, up to rounding.
    fn is_physical(&self, state: &[Complex64]) -> bool {
        let largest = state.iter().fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.norm()));
        is_definite(self.size, DEFINITE, |i, j| -state[packed(i.min(j), i.max(j), self.size)].im / largest)
    }

    fn follow_line(&self, buffers: &mut Buffers, on: bool) {
        buffers.factors = on.then(Factors::default);
    }

    fn factors(&self, buffers: &Buffers) -> Factors {
        buffers.factors.unwrap_or_default()
    }

    fn moments(&self) -> Option<Vec<f64>> {
        Some(series::moments(self))
    }

    fn map(
        &self,
        zeta: Complex64,
        state: &[Complex64],
        image: &mut [Complex64],
        buffers: &mut Buffers,
    ) -> Complex64 {
        let failed = Complex64::new(f64::NAN, f64::NAN);
        let n = self.size;
        let Buffers { h, turned, kernel, mean, resolvent, factors } = buffers;
        if let Some(factors) = factors {
            *factors = Factors::default();
        }
        for i in 0..n {
            for j in 0..n {
                let entry = state[packed(i.min(j), i.max(j), n)];
                h.set(i, j, self.feedback * entry);
                turned.set(i, j, self.feedback * sign(j) * entry);
            }
        }
        turned.add_identity();
        if !turned.invert() {
            return failed;
        }
        if let Some(factors) = factors {
            factors.take(turned);
        }
        kernel.set_product(turned, h);
        mean.fill_zero();
        let mut root = Complex64::ZERO;
        for along in &self.along {
            let rate = along.rate;
            resolvent.set(0, 0, zeta - (-rate).exp_m1());
            for j in 0..n {
                let fed: Complex64 = (0..n).map(|k| along.decay[k] * kernel.get(k, j)).sum();
                resolvent.set(0, j + 1, rate * fed);
                resolvent.set(j + 1, 0, along.decay[j].into());
                for i in 0..n {
                    let row = &along.within[i * n..(i + 1) * n];
                    let through: Complex64 = row.iter().enumerate().map(|(k, v)| v * kernel.get(k, j)).sum();
                    let one = if i == j { 1.0 } else { 0.0 };
                    resolvent.set(i + 1, j + 1, one - rate * through);
                }
            }
            if !resolvent.invert() {
                return failed;
            }
            if let Some(factors) = factors {
                factors.take(resolvent);
            }
            root += along.mass * resolvent.get(0, 0);
            for i in 0..n {
                for j in 0..n {
                    let column = (0..n).map(|k| {
                        let one = if i == k { 1.0 } else { 0.0 };
                        (resolvent.get(i + 1, k + 1) - one) * along.within[k * n + j]
                    });
                    let entry = column.sum::<Complex64>() - resolvent.get(i + 1, 0) * along.decay[j];
                    mean.set(i, j, mean.get(i, j) + along.mass * along.t * entry);
                }
            }
        }
        for i in 0..n {
            for j in i..n {
                let entry = 0.5 * sign(i) * sign(j) * (mean.get(i, j) + mean.get(j, i));
                image[packed(i, j, n)] = entry;
            }
        }
        root
    }
}

/// Buffers of one thread.
#[derive(Debug)]
pub struct Buffers {
    /// `gamma a h`.
    h: SplitMatrix,
    /// `1 + gamma a h sigma` and its inverse.
    turned: SplitMatrix,
    /// `K`.
    kernel: SplitMatrix,
    mean: SplitMatrix,
    /// `M_t` and its inverse.
    resolvent: SplitMatrix,
    /// The factors of the map, while the real line is followed.
    factors: Option<Factors>,
}
