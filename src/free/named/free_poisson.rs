//! The free Poisson law, which is that of Marchenko and Pastur (Math. USSR Sb. 1, 1967).

use num_complex::Complex64;

use crate::error::{Error, Result, positive};
use crate::free::{FreeLaw, FreeLevy};
use crate::law::{Certificate, Ensemble, Singularity};
use crate::population::{Atom, Population};

/// Free cumulants `rate size^n`. With `rate = 1 / ratio` and `size = ratio scale` this is `scale` times the
/// Marchenko-Pastur law of `ratio = p / n`; an atom of mass `1 - rate` sits at 0 if the rate is below 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FreePoisson {
    rate: f64,
    size: f64,
}

impl FreePoisson {
    /// The law of a rate and a jump size.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless both are finite and positive, and the two edges far enough apart to be known
    /// to 1e-9 of their distance.
    pub fn new(rate: f64, size: f64) -> Result<Self> {
        let law = Self { rate: positive("rate", rate)?, size: positive("size", size)? };
        let [low, high] = law.edges();
        if f64::EPSILON * high <= Certificate::TOLERANCE * (high - low) {
            return Ok(law);
        }
        let value = format!("{rate:e} with edges {low:e} and {high:e}");
        Err(Error::argument("rate", value, "edges that differ by more than rounding"))
    }

    /// The limit of `X^T X / n` for white data with `p / n -> ratio`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the ratio is finite and positive, and the rate `1 / ratio` one that
    /// [`FreePoisson::new`] takes.
    pub fn marchenko_pastur(ratio: f64) -> Result<Self> {
        Self::new(1.0 / positive("ratio", ratio)?, ratio)
    }

    /// The two edges, exactly 0 at rate 1.
    fn edges(&self) -> [f64; 2] {
        let root = self.rate.sqrt();
        [self.size * (1.0 - root).powi(2), self.size * (1.0 + root).powi(2)]
    }
}

impl FreeLaw for FreePoisson {
    /// `size z G^2 - (z + size - rate size) G + 1 = 0`, by the root formula that does not cancel.
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let [low, high] = self.edges();
        let linear = z + self.size * (1.0 - self.rate);
        let root = (z - low).sqrt() * (z - high).sqrt();
        if (linear + root).norm_sqr() >= (linear - root).norm_sqr() {
            2.0 / (linear + root)
        } else {
            (linear - root) / (2.0 * self.size * z)
        }
    }

    fn support(&self) -> Vec<[f64; 2]> {
        let edges = self.edges();
        if self.rate < 1.0 { vec![[0.0, 0.0], edges] } else { vec![edges] }
    }

    fn atoms(&self) -> Vec<Atom> {
        // What a matrix of rank `rate p` misses.
        let mass = 1.0 - self.rate;
        if mass > 0.0 { vec![Atom { location: 0.0, mass }] } else { Vec::new() }
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![Singularity::Pole(0.0)]
    }

    fn levy(&self) -> Option<FreeLevy> {
        Some(FreeLevy::poisson(self.rate, self.size))
    }

    fn ensemble(&self) -> Option<Ensemble> {
        let wishart = Ensemble::Wishart { ratio: 1.0 / self.rate, population: Population::identity().into() };
        let scale = self.size * self.rate;
        Some(if scale == 1.0 {
            wishart
        } else {
            Ensemble::Affine { scale, shift: 0.0, of: Box::new(wishart) }
        })
    }
}
