//! The uniform law.

use num_complex::Complex64;

use super::check_interval;
use crate::error::Result;
use crate::free::FreeLaw;
use crate::law::Singularity;

/// Terms of the series for large arguments, which falls by 1e-2 from one to the next.
const TERMS: u32 = 9;

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
        // Far away the two logarithms would cancel: log((1 + t) / (1 - t)) = 2 (t + t^3 / 3 + ...), t small.
        let t = length / (from_low + from_high);
        let square = t * t;
        if square.norm_sqr() < 1e-4 {
            let series =
                (0..TERMS).rev().fold(Complex64::ZERO, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
            return 2.0 * t * series / length;
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
