//! The uniform law.

use num_complex::Complex64;

use super::check_interval;
use crate::error::Result;
use crate::free::FreeLaw;
use crate::law::Singularity;

/// Density `1 / (high - low)` on an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniform {
    low: f64,
    high: f64,
}

impl Uniform {
    /// The uniform law on `[low, high]`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ends are finite and increasing.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        check_interval(low, high)?;
        Ok(Self { low, high })
    }
}

impl FreeLaw for Uniform {
    /// `G = log((z - low) / (z - high)) / (high - low)`.
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let length = self.high - self.low;
        let (from_low, from_high) = (z - self.low, z - self.high);
        // Far away the two logarithms would cancel: log((1 + t) / (1 - t)) = 2 artanh(t), t small.
        let t = length / (from_low + from_high);
        if t.norm_sqr() < 0.25 {
            return 2.0 * t.atanh() / length;
        }
        (from_low.ln() - from_high.ln()) / length
    }

    fn support(&self) -> Vec<[f64; 2]> {
        vec![[self.low, self.high]]
    }

    fn singularities(&self) -> Vec<Singularity> {
        [self.low, self.high].map(|location| Singularity::Branch { location, order: 1 }).to_vec()
    }
}
