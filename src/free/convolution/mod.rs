//! Free convolutions by scalar subordination.
//!
//! Sums ([`FreeSum`]), products ([`FreeProduct`]) and powers ([`FreePower`]) of free variables have one
//! unknown each, the subordination function, and come back as laws. Their atoms are known exactly, and
//! their first moments come independently from free cumulants and check the result. [`Law::plus`],
//! [`Law::times`], [`Law::power`], [`Law::compress`] and [`Law::affine`] are the short forms.

mod affine;
mod pairs;
mod power;
mod product;
pub(super) mod solved;
pub(super) mod subordination;
mod sum;

pub use power::FreePower;
pub use product::FreeProduct;
pub use sum::FreeSum;

use super::handle::Law;
use crate::error::Result;

impl Law {
    /// Free additive convolution: the law of the sum of two free variables with these laws.
    ///
    /// # Errors
    /// Those of the solver, [`crate::Error::NotConverged`] and [`crate::Error::NotCertified`].
    pub fn plus(&self, other: &Law) -> Result<Law> {
        match (self.point(), other.point()) {
            (_, Some(shift)) => self.affine(1.0, shift),
            (Some(shift), _) => other.affine(1.0, shift),
            _ => FreeSum::new(self, other)?.law(),
        }
    }

    /// Free multiplicative convolution of a positive law with another: the law of `x^{1/2} y x^{1/2}` with the positive
    /// one for `x`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if both laws have mass below 0; those of the solver.
    pub fn times(&self, other: &Law) -> Result<Law> {
        product::check_positive(self).or_else(|_| product::check_positive(other))?;
        match (self.point(), other.point()) {
            (Some(0.0), _) | (_, Some(0.0)) => Law::atoms(&[(0.0, 1.0)]),
            (_, Some(scale)) => self.affine(scale, 0.0),
            (Some(scale), _) => other.affine(scale, 0.0),
            _ => FreeProduct::new(self, other)?.law(),
        }
    }

    /// Free convolution power `t >= 1`: for a whole number the law of the sum of `t` free variables.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless `t` is finite and at least 1; those of the solver.
    pub fn power(&self, t: f64) -> Result<Law> {
        power::check_exponent(t)?;
        match self.point() {
            Some(point) => Law::atoms(&[(t * point, 1.0)]),
            None if t == 1.0 => Ok(self.clone()),
            None => FreePower::new(self, t)?.law(),
        }
    }

    /// Free compression: the law of `q x q` in the corner of a free projection `q` of the given trace,
    /// which is `trace` times the convolution power `1 / trace` (Nica and Speicher, Amer. J. Math. 118,
    /// 1996).
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the trace is in `(0, 1]`; those of the solver.
    pub fn compress(&self, trace: f64) -> Result<Law> {
        if !(trace > 0.0 && trace <= 1.0) {
            return Err(crate::Error::argument("trace", trace, "in (0, 1]"));
        }
        self.power(1.0 / trace)?.affine(trace, 0.0)
    }

    /// The location of all mass, if there is one.
    pub(super) fn point(&self) -> Option<f64> {
        match self.point_masses() {
            [atom] if self.is_discrete() => Some(atom.location),
            _ => None,
        }
    }
}
