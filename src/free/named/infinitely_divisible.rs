//! Freely infinitely divisible laws with finitely many jump sizes (Bercovici and Voiculescu, Indiana Univ. Math. J.
//! 42, 1993; Nica and Speicher, Lectures on the combinatorics of free probability, 2006, Lecture 13): compound free
//! Poisson laws, with a semicircle and a drift. With `omega = 1 / G`
//!
//! ```text
//! 1 / G + R(G) = z,    omega = z - R(1 / omega),
//! R(1 / omega) = drift + variance / omega + sum_j rate_j size_j omega / (omega - size_j).
//! ```

use num_complex::Complex64;

use crate::error::Result;
use crate::free::convolution::subordination::{Scalar, Subordination, moments};
use crate::free::{FreeLaw, FreeLevy, Jump};
use crate::law::{Ensemble, ExplicitTransform, Singularity, SpectralLaw};
use crate::population::Atom;

/// Differences of sums of rates, relative to their terms, that rounding makes.
const ROUNDING: f64 = 1e-14;

/// The law of a free Levy-Khintchine form.
#[derive(Debug, Clone)]
pub struct InfinitelyDivisible {
    levy: FreeLevy,
    spectral: SpectralLaw,
}

impl Subordination for FreeLevy {
    fn step(&self, z: Complex64, omega: Complex64) -> [Complex64; 2] {
        [z - self.r_transform_of_inverse(omega), 1.0 / omega]
    }
}

impl InfinitelyDivisible {
    /// The law of a form, by solving for the inverse of its Cauchy transform.
    ///
    /// # Errors
    /// From [`FreeLevy::validated`], and from [`SpectralLaw::build`].
    pub fn new(levy: FreeLevy) -> Result<Self> {
        let levy = levy.validated()?;
        let singularities = singularities(&levy);
        if !matches!(singularities[..], [Singularity::Branch { .. }]) {
            let jumps = levy.jumps.iter().map(|jump| (jump.size, jump.rate)).collect();
            let mut cumulants = [0.0; 4];
            cumulants.copy_from_slice(&levy.free_cumulants(4));
            let transform = ExplicitTransform::compound_poisson(jumps, levy.drift, levy.variance, cumulants);
            let spectral = SpectralLaw::build(&transform)?;
            return Ok(Self { levy, spectral });
        }
        let cumulants = levy.free_cumulants(4);
        let around = |size: f64, rate: f64| [1.0, rate].map(|share| levy.drift + share * size);
        let landmarks = levy.jumps.iter().flat_map(|jump| around(jump.size, jump.rate)).collect();
        let transform = Scalar::transform(levy.clone(), moments(|k| cumulants[k]))?
            .with_landmarks(landmarks)
            .with_atoms(atoms(&levy))
            .with_singularities(singularities);
        let spectral = SpectralLaw::build(&transform)?;
        Ok(Self { levy, spectral })
    }

    /// The law as it was solved for.
    pub fn spectral(&self) -> &SpectralLaw {
        &self.spectral
    }
}

/// What the rate of the jumps lacks to 1; below 0 what it exceeds it by.
fn without_jump(levy: &FreeLevy) -> f64 {
    let rate: f64 = levy.jumps.iter().map(|jump| jump.rate).sum();
    if (1.0 - rate).abs() <= ROUNDING { 0.0 } else { 1.0 - rate }
}

/// Matrices of low rank have a kernel, which nothing but a semicircular part fills.
fn atoms(levy: &FreeLevy) -> Vec<Atom> {
    let mass = if levy.variance > 0.0 { 0.0 } else { without_jump(levy) };
    if mass > 0.0 { vec![Atom { location: levy.drift, mass }] } else { Vec::new() }
}

/// Next to the drift `z - drift = (1 - rate) / G - sum_j (rate_j / size_j) / G^2 - sum_j (rate_j / size_j^2) / G^3`
/// up to higher powers of `1 / G`: at rate 1 a hard edge, and a cubic root where jumps up and down balance.
fn singularities(levy: &FreeLevy) -> Vec<Singularity> {
    if levy.variance > 0.0 {
        return Vec::new();
    }
    let terms = || levy.jumps.iter().map(|jump| jump.rate / jump.size);
    let balanced = terms().sum::<f64>().abs() <= ROUNDING * terms().map(f64::abs).sum::<f64>();
    let location = levy.drift;
    match without_jump(levy) {
        0.0 if balanced => vec![Singularity::Branch { location, order: 3 }],
        _ => vec![Singularity::Pole(location)],
    }
}

impl FreeLaw for InfinitelyDivisible {
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
        singularities(&self.levy)
    }

    fn levy(&self) -> Option<FreeLevy> {
        Some(self.levy.clone())
    }

    fn ensemble(&self) -> Option<Ensemble> {
        let rate: f64 = self.levy.jumps.iter().map(|jump| jump.rate).sum();
        let mut terms = Vec::new();
        if rate > 0.0 {
            let weight = |jump: &Jump| Atom { location: rate * jump.size, mass: jump.rate / rate };
            let weights: Vec<Atom> = self.levy.jumps.iter().map(weight).collect();
            terms.push(Ensemble::WeightedRows {
                ratio: 1.0 / rate,
                weights: SpectralLaw::discrete(&weights).ok()?,
            });
        }
        if self.levy.variance > 0.0 {
            terms.push(Ensemble::Wigner { variance: self.levy.variance });
        }
        let of = Box::new(if terms.len() == 1 { terms.swap_remove(0) } else { Ensemble::Sum(terms) });
        Some(Ensemble::Affine { scale: 1.0, shift: self.levy.drift, of })
    }
}
