//! The arcsine law.

use num_complex::Complex64;

use super::check_interval;
use crate::error::Result;
use crate::free::FreeLaw;
use crate::law::Singularity;

/// Density `1 / (pi sqrt((x - low)(high - x)))` on an interval: the law of the sum of two free signs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arcsine {
    low: f64,
    high: f64,
}

impl Arcsine {
    /// The arcsine law on `[low, high]`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ends are finite and increasing.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        check_interval(low, high)?;
        Ok(Self { low, high })
    }
}

impl FreeLaw for Arcsine {
    /// `G = 1 / sqrt((z - low)(z - high))`.
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        1.0 / ((z - self.low).sqrt() * (z - self.high).sqrt())
    }

    fn support(&self) -> Vec<[f64; 2]> {
        vec![[self.low, self.high]]
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![Singularity::Pole(self.low), Singularity::Pole(self.high)]
    }
}
