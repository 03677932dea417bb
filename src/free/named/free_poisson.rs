//! The free Poisson law, which is that of Marchenko and Pastur (Math. USSR Sb. 1, 1967), and compound free
//! Poisson laws (Silverstein, J. Multivariate Anal. 55, 1995).

use nalgebra::DMatrix;
use num_complex::Complex64;

use crate::error::{Result, positive};
use crate::free::{FreeLaw, FreeLevy, Jump};
use crate::law::{Ensemble, EquationTransform, Singularity, SpectralLaw};
use crate::population::{Atom, Population};
use crate::solver::{Channel, Continuation, FixedPoint, Link, LinkEntry, Pencil, Silverstein, SolverOptions};

/// Height above the support, in units of its end, at which the far solution is looked for.
const HEIGHT: f64 = 2.0;

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
    /// [`crate::Error::InvalidArgument`] unless both are finite and positive.
    pub fn new(rate: f64, size: f64) -> Result<Self> {
        Ok(Self { rate: positive("rate", rate)?, size: positive("size", size)? })
    }

    /// The limit of `X^T X / n` for white data with `p / n -> ratio`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ratio is finite and positive.
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
        atom_at_zero(self.rate)
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![Singularity::Pole(0.0)]
    }

    fn levy(&self) -> Option<FreeLevy> {
        Some(FreeLevy::poisson(self.rate, self.size))
    }

    fn ensemble(&self) -> Option<Ensemble> {
        let wishart = Ensemble::Wishart { ratio: 1.0 / self.rate, population: Population::identity() };
        let scale = self.size * self.rate;
        Some(if scale == 1.0 {
            wishart
        } else {
            Ensemble::Affine { scale, shift: 0.0, of: Box::new(wishart) }
        })
    }
}

/// The limit of `X^T X / n` for rows with the given population covariance: free cumulants
/// `ratio^(n-1) int t^n dH(t)`.
#[derive(Debug, Clone)]
pub struct CompoundFreePoisson {
    ratio: f64,
    population: Population,
    spectral: SpectralLaw,
}

impl CompoundFreePoisson {
    /// The law of `p / n -> ratio` and a population, by solving Silverstein's equation.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ratio is finite and positive; from [`SpectralLaw::build`].
    pub fn new(ratio: f64, population: Population) -> Result<Self> {
        let ratio = positive("ratio", ratio)?;
        // The pencil z - W: one block of size 1, one variable with coefficient 1.
        let one = LinkEntry { channel_state: 0, block_state: 0, weight: 1.0 };
        let link = Link { block: 0, gain: 1.0, entries: vec![one] };
        let inverse_coefficient = DMatrix::identity(1, 1);
        let channel = Channel { ratio, inverse_coefficient, links: vec![link] };
        let pencil = Pencil::new(vec![DMatrix::zeros(1, 1)], vec![channel])?;
        let silverstein = Silverstein::new(pencil, population.clone(), SolverOptions::default())?;
        let state = silverstein.state_at_infinity(&mut silverstein.workspace());
        let largest = population.as_atoms().last().map_or(1.0, |atom| atom.location);
        let start = Complex64::new(0.0, HEIGHT * largest * (1.0 + ratio.sqrt()).powi(2));
        let transform = EquationTransform::new(silverstein, start, state)?
            .with_landmarks(population.as_atoms().iter().map(|atom| atom.location).collect())
            .with_atoms(atom_at_zero(1.0 / ratio))
            .with_singularities(vec![Singularity::Pole(0.0)]);
        let spectral = SpectralLaw::build(&transform)?;
        Ok(Self { ratio, population, spectral })
    }

    /// The law as it was solved for.
    pub fn spectral(&self) -> &SpectralLaw {
        &self.spectral
    }
}

impl FreeLaw for CompoundFreePoisson {
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        self.spectral.cauchy_transform(z)
    }

    fn support(&self) -> Vec<[f64; 2]> {
        self.spectral.support_with_atoms()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.spectral.atoms().to_vec()
    }

    fn singularities(&self) -> Vec<Singularity> {
        vec![Singularity::Pole(0.0)]
    }

    fn levy(&self) -> Option<FreeLevy> {
        let jump = |atom: &Atom| Jump { size: self.ratio * atom.location, rate: atom.mass / self.ratio };
        let jumps = self.population.as_atoms().iter().map(jump).collect();
        Some(FreeLevy { jumps, ..FreeLevy::default() })
    }

    fn ensemble(&self) -> Option<Ensemble> {
        Some(Ensemble::Wishart { ratio: self.ratio, population: self.population.clone() })
    }
}

/// What a matrix of rank `rate p` misses.
fn atom_at_zero(rate: f64) -> Vec<Atom> {
    let mass = 1.0 - rate;
    if mass > 0.0 { vec![Atom { location: 0.0, mass }] } else { Vec::new() }
}
