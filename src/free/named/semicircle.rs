//! The semicircle law (Wigner, Ann. Math. 62, 1955).

use num_complex::Complex64;

use crate::error::{Result, positive};
use crate::free::{FreeLaw, FreeLevy};
use crate::law::Ensemble;

/// Density `sqrt(4 s - x^2) / (2 pi s)` with variance `s`; `R(w) = s w`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Semicircle {
    variance: f64,
}

impl Semicircle {
    /// The centred semicircle of a variance.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless it is finite and positive.
    pub fn new(variance: f64) -> Result<Self> {
        Ok(Self { variance: positive("variance", variance)? })
    }
}

impl FreeLaw for Semicircle {
    /// `G = (z - sqrt(z^2 - 4 s)) / (2 s)`, written so that nothing cancels.
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let radius = 2.0 * self.variance.sqrt();
        2.0 / (z + (z - radius).sqrt() * (z + radius).sqrt())
    }

    fn support(&self) -> Vec<[f64; 2]> {
        let radius = 2.0 * self.variance.sqrt();
        vec![[-radius, radius]]
    }

    fn levy(&self) -> Option<FreeLevy> {
        Some(FreeLevy { variance: self.variance, ..FreeLevy::default() })
    }

    fn ensemble(&self) -> Option<Ensemble> {
        Some(Ensemble::Wigner { variance: self.variance })
    }
}
