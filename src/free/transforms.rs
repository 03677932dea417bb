//! R- and S-transform by inversion of the Cauchy transform.
//!
//! ```text
//! R(w) = K(w) - 1 / w,            G(K(w)) = w
//! S(w) = (1 + w) / (w Z(w)),      Z G(Z) - 1 = w
//! ```
//!
//! (Voiculescu, J. Funct. Anal. 66, 1986, and J. Operator Theory 18, 1987; `1 / Z` is the inverse of the
//! moment generating function). Both are defined for small `|w|`; the inverse is followed from there to the
//! given point by Newton's method, as far as it exists.

use num_complex::Complex64;

use super::handle::Law;
use crate::error::{Error, Result};

/// Steps from the small argument to the given one.
const STEPS: u32 = 40;

/// Newton steps at one argument.
const NEWTON: usize = 60;

/// Relative residual at which an inverse is accepted.
const TOLERANCE: f64 = 1e-13;

/// Relative step of the difference quotient in Newton's method.
const DIFFERENCE: f64 = 1e-6;

impl Law {
    /// The R-transform `R(w) = sum_n kappa_(n+1) w^n` and its continuation along the ray from 0.
    ///
    /// ```
    /// use freespectra::Law;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let signs = Law::bernoulli()?;
    /// let exact = (-1.0 + (1.0f64 + 4.0 * 0.09).sqrt()) / 0.6; // at 0.3
    /// assert!((signs.r_transform(0.3.into())?.re - exact).abs() < 1e-11);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotConverged`] where the inverse of the Cauchy transform does not reach.
    pub fn r_transform(&self, w: Complex64) -> Result<Complex64> {
        if let Some(levy) = self.levy() {
            let value = levy.r_transform(w);
            return if value.is_finite() { Ok(value) } else { Err(unreached(w, f64::INFINITY)) };
        }
        if w.norm_sqr() == 0.0 {
            return Ok(self.mean().into());
        }
        let start = |w: Complex64| 1.0 / w + self.mean();
        let inverse = self.invert(w, start, |z| self.cauchy_transform(z))?;
        Ok(inverse - 1.0 / w)
    }

    /// The S-transform, for laws whose mean is not 0, and its continuation along the ray from 0.
    ///
    /// ```
    /// use freespectra::Law;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// // Marchenko-Pastur: 1 / (1 + ratio w).
    /// let law = Law::marchenko_pastur(0.5)?;
    /// assert!((law.s_transform(0.2.into())?.re - 1.0 / 1.1).abs() < 1e-11);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the mean is 0, [`Error::NotConverged`] where the inverse does not reach.
    pub fn s_transform(&self, w: Complex64) -> Result<Complex64> {
        let mean = self.mean();
        if mean.abs() <= TOLERANCE * self.variance().sqrt() {
            return Err(Error::argument("law", "mean 0", "a mean other than 0"));
        }
        if w.norm_sqr() == 0.0 {
            return Ok((1.0 / mean).into());
        }
        let z = self.invert(w, |w| mean / w, |z| z * self.cauchy_transform(z) - 1.0)?;
        Ok((1.0 + w) / (w * z))
    }

    /// Solves `f(z) = w` along the ray from a small multiple of `w`, where `start` is a good guess.
    fn invert(
        &self,
        w: Complex64,
        start: impl Fn(Complex64) -> Complex64,
        f: impl Fn(Complex64) -> Complex64,
    ) -> Result<Complex64> {
        let small = (1e-2 / (w.norm() * self.radius())).min(1.0);
        let mut z = start(small * w);
        for step in 0..=STEPS {
            let target = small.powf(1.0 - f64::from(step) / f64::from(STEPS)) * w;
            z = newton(z, target, &f)?;
        }
        Ok(z)
    }
}

fn newton(mut z: Complex64, w: Complex64, f: impl Fn(Complex64) -> Complex64) -> Result<Complex64> {
    let mut residual = f64::INFINITY;
    for _ in 0..NEWTON {
        let value = f(z) - w;
        residual = value.norm() / w.norm();
        let step = DIFFERENCE * z;
        let slope = (f(z + step) - f(z - step)) / (2.0 * step);
        let next = z - value / slope;
        if residual <= TOLERANCE {
            return Ok(next);
        }
        z = next;
        if !z.is_finite() {
            break;
        }
    }
    Err(unreached(w, residual))
}

fn unreached(w: Complex64, residual: f64) -> Error {
    Error::NotConverged { z: w, residual, iterations: NEWTON, tolerance: TOLERANCE }
}
