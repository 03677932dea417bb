//! The Kesten-McKay law (Kesten, Trans. AMS 92, 1959; McKay, Linear Algebra Appl. 40, 1981).

use num_complex::Complex64;

use crate::error::{Error, Result};
use crate::free::FreeLaw;
use crate::law::Singularity;

/// Density `d sqrt(4 (d - 1) - x^2) / (2 pi (d^2 - x^2))`: the spectral law of the infinite regular tree of
/// degree `d`, and of a sum of `d` free signs. `d` need not be whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KestenMcKay {
    degree: f64,
}

impl KestenMcKay {
    /// The law of a degree.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless it is finite and at least 2.
    pub fn new(degree: f64) -> Result<Self> {
        if !(degree >= 2.0 && degree.is_finite()) {
            return Err(Error::argument("degree", degree, "a finite number, at least 2"));
        }
        Ok(Self { degree })
    }
}

impl FreeLaw for KestenMcKay {
    /// `G = w / (w^2 - 1)` with the subordination function `w + (d - 1) / w = z` of the power `d` of signs.
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let edge = 2.0 * (self.degree - 1.0).sqrt();
        let w = 0.5 * (z + (z - edge).sqrt() * (z + edge).sqrt());
        1.0 / (w - 1.0 / w)
    }

    fn support(&self) -> Vec<[f64; 2]> {
        let edge = 2.0 * (self.degree - 1.0).sqrt();
        vec![[-edge, edge]]
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![Singularity::Pole(-self.degree), Singularity::Pole(self.degree)]
    }
}
