//! Laws with a rational R-transform, in free Levy-Khintchine form
//!
//! ```text
//! R(w) = drift + variance w + sum_j rate_j size_j / (1 - size_j w)
//! ```
//!
//! a point, a semicircular part and free Poisson parts: freely infinitely divisible laws with finitely
//! many jump sizes (Nica and Speicher, Lectures on the combinatorics of free probability, 2006, Lecture
//! 13). Their operator-valued R-transform is the same function of matrices, so that equations with them
//! need no inversion of a Cauchy transform.

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

use super::named::Discrete;
use crate::error::{Error, Result, non_negative, positive};
use crate::population::Atom;

/// A free Poisson part: jumps of one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Jump {
    /// Size of the jumps.
    pub size: f64,
    /// How many of them, `kappa_n = rate size^n`.
    pub rate: f64,
}

/// Drift, semicircular variance and jumps of a freely infinitely divisible law.
///
/// ```
/// use freespectra::free::FreeLevy;
/// let poisson = FreeLevy::poisson(2.0, 0.5); // Marchenko-Pastur with ratio 1/2
/// assert_eq!(poisson.free_cumulants(3), [1.0, 0.5, 0.25]);
/// assert_eq!(poisson.affine(2.0, 1.0).free_cumulants(2), [3.0, 2.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FreeLevy {
    /// Constant part of the R-transform.
    pub drift: f64,
    /// Variance of the semicircular part, not negative.
    pub variance: f64,
    /// The free Poisson parts.
    pub jumps: Vec<Jump>,
}

impl FreeLevy {
    /// The free Poisson law of a rate and a jump size.
    pub fn poisson(rate: f64, size: f64) -> Self {
        Self { jumps: vec![Jump { size, rate }], ..Self::default() }
    }

    /// The compound free Poisson law of `X^T T X / n`, white data with `p / n = ratio` and the law of the jumps
    /// on the diagonal of `T`: free cumulants `ratio^(n-1) int t^n dT(t)`. Jumps of size 0 are none.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the ratio is finite and positive.
    pub fn compound_poisson(ratio: f64, jumps: &Discrete) -> Result<Self> {
        positive("ratio", ratio)?;
        let jumps = jumps.as_atoms().iter().filter(|atom| atom.location != 0.0);
        let jump = |atom: &Atom| Jump { size: ratio * atom.location, rate: atom.mass / ratio };
        Ok(Self { jumps: jumps.map(jump).collect(), ..Self::default() })
    }

    /// Checks the numbers, which a literal or a file may have set to anything. Jumps of size 0 are left out.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless all are finite, the variance is not negative and rates are positive.
    pub fn validated(mut self) -> Result<Self> {
        if !self.drift.is_finite() {
            return Err(Error::argument("drift", self.drift, "a finite number"));
        }
        non_negative("variance", self.variance)?;
        for jump in &self.jumps {
            positive("rate of jumps", jump.rate)?;
            if !jump.size.is_finite() {
                return Err(Error::argument("size of jumps", jump.size, "a finite number"));
            }
        }
        self.jumps.retain(|jump| jump.size != 0.0);
        Ok(self)
    }

    /// `R(w)`.
    pub fn r_transform(&self, w: Complex64) -> Complex64 {
        let jumps = self.jumps.iter().map(|jump| jump.rate * jump.size / (1.0 - jump.size * w));
        self.drift + self.variance * w + jumps.sum::<Complex64>()
    }

    /// `R(1 / omega)`.
    pub(super) fn r_transform_of_inverse(&self, omega: Complex64) -> Complex64 {
        let jumps = self.jumps.iter().map(|jump| jump.rate * jump.size * omega / (omega - jump.size));
        let gaussian = if self.variance > 0.0 { self.variance / omega } else { Complex64::ZERO };
        self.drift + gaussian + jumps.sum::<Complex64>()
    }

    /// `kappa_1, ..., kappa_count`.
    pub fn free_cumulants(&self, count: usize) -> Vec<f64> {
        let jumps =
            |order: i32| -> f64 { self.jumps.iter().map(|jump| jump.rate * jump.size.powi(order)).sum() };
        let gaussian = |order: i32| match order {
            1 => self.drift,
            2 => self.variance,
            _ => 0.0,
        };
        (1..=count as i32).map(|order| gaussian(order) + jumps(order)).collect()
    }

    /// The form of `scale x + shift`.
    #[must_use]
    pub fn affine(&self, scale: f64, shift: f64) -> Self {
        Self {
            drift: scale * self.drift + shift,
            variance: scale * scale * self.variance,
            jumps: self.jumps.iter().map(|jump| Jump { size: scale * jump.size, ..*jump }).collect(),
        }
    }

    /// The form of a free convolution: R-transforms add.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            drift: self.drift + other.drift,
            variance: self.variance + other.variance,
            jumps: [self.jumps.as_slice(), &other.jumps].concat(),
        }
    }

    /// The form of the free convolution power `t`: the R-transform times `t`.
    #[must_use]
    pub fn power(&self, t: f64) -> Self {
        Self {
            drift: t * self.drift,
            variance: t * self.variance,
            jumps: self.jumps.iter().map(|jump| Jump { rate: t * jump.rate, ..*jump }).collect(),
        }
    }
}
