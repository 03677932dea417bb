//! Scalar fixed-point equations for a subordination function.

use num_complex::Complex64;

use crate::error::Result;
use crate::free::Law;
use crate::law::{CauchyTransform, EquationTransform, moments_from_free_cumulants};
use crate::solver::{FixedPoint, SolverOptions};

/// An equation `omega = F(omega; z)` with one unknown in the upper half-plane.
pub(in crate::free) trait Subordination: Sync {
    /// Evaluates `F(omega; z)` and the Cauchy transform of the result of the convolution at `z`.
    fn step(&self, z: Complex64, omega: Complex64) -> [Complex64; 2];
}

impl Law {
    /// `r(omega) = omega - 1 / G(omega)`, from which all subordination functions are made, and `G(omega)`.
    pub(super) fn self_energy(&self, omega: Complex64) -> [Complex64; 2] {
        let cauchy = self.cauchy_transform(omega);
        [self.excess(omega) / cauchy, cauchy]
    }
}

/// The first four moments that belong to free cumulants.
pub(in crate::free) fn moments(cumulants: impl Fn(usize) -> f64) -> [f64; 4] {
    let cumulants = [0, 1, 2, 3].map(cumulants);
    let mut moments = [0.0; 4];
    moments.copy_from_slice(&moments_from_free_cumulants(&cumulants));
    moments
}

/// A subordination equation as one that the solver knows.
#[derive(Debug, Clone)]
pub(in crate::free) struct Scalar<S>(S);

impl<S: Subordination> Scalar<S> {
    /// The transform of the result, which has these moments. Far above the spectrum the subordination
    /// function is about `z`.
    pub(in crate::free) fn transform(step: S, moments: [f64; 4]) -> Result<EquationTransform<Self>> {
        EquationTransform::from_moments(Self(step), moments, |z| vec![z])
    }
}

/// The subordination function at `z`; the other half-plane by reflection.
pub(super) fn solve_at<S: Subordination>(
    transform: &EquationTransform<Scalar<S>>,
    z: Complex64,
) -> Result<Complex64> {
    let upper = Complex64::new(z.re, z.im.abs());
    let omega = transform.solve(upper, &mut transform.workspace())?.state[0];
    Ok(if z.im < 0.0 { omega.conj() } else { omega })
}

impl<S: Subordination> FixedPoint for Scalar<S> {
    type Buffers = ();

    fn dimension(&self) -> usize {
        1
    }

    fn options(&self) -> SolverOptions {
        SolverOptions::default()
    }

    fn buffers(&self) {}

    fn map(&self, z: Complex64, state: &[Complex64], image: &mut [Complex64], (): &mut ()) -> Complex64 {
        // Laws are given on the closed upper half-plane; iterates may leave it by rounding.
        let omega = Complex64::new(state[0].re, state[0].im.max(0.0));
        let [next, cauchy] = self.0.step(z, omega);
        image[0] = next;
        cauchy
    }

    fn begin(&self, guess: &[Complex64], metric: &mut [f64], (): &mut ()) {
        let size = guess[0].norm();
        metric[0] = if size.is_normal() { size } else { 1.0 };
    }

    fn in_half_space(&self, state: &[Complex64]) -> bool {
        state[0].im >= -1e-9 * state[0].norm()
    }

    fn is_physical(&self, state: &[Complex64]) -> bool {
        self.in_half_space(state)
    }
}
