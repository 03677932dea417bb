//! Laws whose equation is an explicit map of one unknown, with exact support, atoms and moments.
//!
//! ```text
//! sample covariance        G(z) = int u / (z (u - t)) dH(t),    density Im u / (pi gamma |u|^2)
//! atoms and a semicircle   G(z) = int 1 / (u - t) dH(t),        density Im u / (pi s)
//! rational R-transform     G(z) = 1 / u,                        density Im u / (pi |u|^2)
//! ```
//!
//! with the `u` of the [map](crate::solver::inverse_map): Silverstein and Choi, J. Multivariate Anal. 54, 1995; Biane, Indiana
//! Univ. Math. J. 46, 1997; for the last, Bercovici and Voiculescu, Indiana Univ. Math. J. 42, 1993.

use num_complex::Complex64;

use super::cumulants::moments_from_free_cumulants;
use super::transform::{CauchyTransform, FORMULA, Singularity};
use crate::error::{Error, Result};
use crate::population::Atom;
use crate::solver::Solution;
use crate::solver::inverse_map::{InverseMap, Preimage};

/// Mass below which an atom is rounding.
const NO_ATOM: f64 = 4.0 * f64::EPSILON;

/// How the Cauchy transform is read off the unknown.
#[derive(Debug, Clone)]
enum Reading {
    /// `int u / (z (u - t)) dH(t)`.
    Covariance(Vec<Atom>),
    /// `int 1 / (u - t) dH(t)`.
    Resolvent(Vec<Atom>),
    /// `1 / u`.
    Inverse,
}

/// The Cauchy transform of an explicit map.
#[derive(Debug, Clone)]
pub(crate) struct ExplicitTransform {
    map: InverseMap,
    reading: Reading,
    /// The map is in units of this power of two, and its origin is here.
    unit: f64,
    origin: f64,
    atoms: Vec<Atom>,
    /// Where `G` has a pole or a hard edge, if anywhere.
    pole: Option<f64>,
    cumulants: [f64; 4],
    moments: [f64; 4],
}

impl ExplicitTransform {
    /// The limit of `X^T X / n` with `p / n -> ratio`, rows whose covariance has these eigenvalues: not negative, nor all 0, in
    /// increasing order.
    pub(crate) fn sample_covariance(ratio: f64, population: &[Atom]) -> Self {
        let unit = unit(population.iter().map(|atom| atom.location));
        let population = scaled(population, unit);
        let positive = || population.iter().filter(|atom| atom.location > 0.0);
        let jumps: Vec<(f64, f64)> = positive().map(|atom| (atom.location, ratio * atom.mass)).collect();
        // The companion X X^T / n has the same eigenvalues up to zeros, and jumps for free cumulants.
        let companion: Vec<f64> = (1..=4)
            .map(|order| jumps.iter().map(|(size, rate)| rate * (size * unit).powi(order)).sum())
            .collect();
        let mut moments = [0.0; 4];
        for (moment, of_companion) in moments.iter_mut().zip(moments_from_free_cumulants(&companion)) {
            *moment = of_companion / ratio;
        }
        let mean = companion[0] / ratio;
        let centred = |atom: &Atom| atom.mass * (atom.location * unit - mean).powi(2);
        let variance = population.iter().map(centred).sum::<f64>() + ratio * mean * mean;
        // The rank is that of the population or of the data, whichever is smaller.
        let null = population.first().filter(|atom| atom.location == 0.0).map_or(0.0, |atom| atom.mass);
        Self {
            map: InverseMap::about_origin(&jumps),
            reading: Reading::Covariance(population),
            unit,
            origin: 0.0,
            atoms: atom(0.0, null.max(1.0 - 1.0 / ratio)),
            pole: Some(0.0),
            cumulants: [mean, variance, 0.0, 0.0],
            moments,
        }
    }

    /// The sum of free variables, one with finitely many values, the other semicircular about `drift`.
    pub(crate) fn with_semicircle(
        population: &[Atom],
        drift: f64,
        variance: f64,
        cumulants: [f64; 4],
    ) -> Self {
        let sizes = population.iter().map(|atom| atom.location.abs());
        let unit = unit(sizes.chain([variance.sqrt()]));
        let population = scaled(population, unit);
        let variance = variance / unit / unit;
        let poles: Vec<(f64, f64)> =
            population.iter().map(|atom| (atom.location, variance * atom.mass)).collect();
        Self {
            map: InverseMap::about_infinity(&poles),
            reading: Reading::Resolvent(population),
            unit,
            origin: drift,
            atoms: Vec::new(),
            pole: None,
            cumulants,
            moments: moments_of(cumulants),
        }
    }

    /// The sum of free Poisson laws with jumps `(size, rate)`, a drift and a semicircle.
    pub(crate) fn compound_poisson(
        mut jumps: Vec<(f64, f64)>,
        drift: f64,
        variance: f64,
        cumulants: [f64; 4],
    ) -> Self {
        jumps.sort_by(|a, b| a.0.total_cmp(&b.0));
        jumps.dedup_by(|next, jump| {
            let equal = next.0 == jump.0;
            jump.1 += if equal { next.1 } else { 0.0 };
            equal
        });
        let unit = unit(jumps.iter().map(|(size, _)| size.abs()).chain([variance.sqrt()]));
        jumps.iter_mut().for_each(|(size, _)| *size /= unit);
        let (map, atoms, origin) = if variance == 0.0 {
            let map = InverseMap::about_origin(&jumps);
            // Matrices of low rank have a kernel.
            let atoms = atom(drift, map.head_at_origin());
            (map, atoms, drift)
        } else {
            let mean: f64 = jumps.iter().map(|(size, rate)| size * rate).sum();
            let mut poles: Vec<(f64, f64)> =
                jumps.iter().map(|&(size, rate)| (size, rate * size * size)).collect();
            poles.push((0.0, variance / unit / unit));
            (InverseMap::about_infinity(&poles), Vec::new(), drift + mean * unit)
        };
        let pole = (variance == 0.0).then_some(drift);
        let moments = moments_of(cumulants);
        Self { map, reading: Reading::Inverse, unit, origin, atoms, pole, cumulants, moments }
    }

    /// The argument of the map.
    fn to_map(&self, z: Complex64) -> Complex64 {
        (z - self.origin) / self.unit
    }

    fn solved(&self, z: Complex64, guess: Option<Complex64>) -> Result<Solution> {
        let at = self.to_map(z);
        let failed = |residual: f64, iterations: usize| Error::NotConverged {
            z,
            residual,
            iterations,
            tolerance: f64::EPSILON,
        };
        let found = self.map.preimage(at, guess).ok_or_else(|| failed(f64::INFINITY, 0))?;
        let Preimage { u, error, evaluations } = found;
        let cauchy = self.reading.cauchy(at, u) / self.unit;
        if !cauchy.is_finite() {
            // At an atom, or a hard edge.
            return Err(failed(error, evaluations));
        }
        Ok(Solution { cauchy, state: vec![u], residual: error, error, iterations: evaluations })
    }
}

impl Reading {
    fn cauchy(&self, z: Complex64, u: Complex64) -> Complex64 {
        match self {
            Self::Inverse => u.inv(),
            Self::Resolvent(population) => {
                population.iter().map(|atom| atom.mass / (u - atom.location)).sum()
            }
            // The imaginary part of u / (u - t) is -t Im u / |u - t|^2, without cancellation.
            Self::Covariance(population) => {
                let part = |atom: &Atom| {
                    let (t, square) = (atom.location, (u - atom.location).norm_sqr());
                    if t == 0.0 {
                        return Complex64::from(atom.mass);
                    }
                    let real = u.re * (u.re - t) + u.im * u.im;
                    atom.mass / square * Complex64::new(real, -t * u.im)
                };
                population.iter().map(part).sum::<Complex64>() / z
            }
        }
    }
}

/// The power of two next below the largest of the sizes: nothing is rounded by it.
fn unit(sizes: impl Iterator<Item = f64>) -> f64 {
    sizes.fold(f64::MIN_POSITIVE, f64::max).log2().floor().exp2()
}

fn scaled(atoms: &[Atom], unit: f64) -> Vec<Atom> {
    atoms.iter().map(|atom| Atom { location: atom.location / unit, mass: atom.mass }).collect()
}

fn atom(location: f64, mass: f64) -> Vec<Atom> {
    if mass > NO_ATOM { vec![Atom { location, mass }] } else { Vec::new() }
}

fn moments_of(cumulants: [f64; 4]) -> [f64; 4] {
    let mut moments = [0.0; 4];
    moments.copy_from_slice(&moments_from_free_cumulants(&cumulants));
    moments
}

impl CauchyTransform for ExplicitTransform {
    type Workspace = ();

    fn workspace(&self) {}

    fn solve(&self, z: Complex64, (): &mut ()) -> Result<Solution> {
        self.solved(z, None)
    }

    fn solve_near(&self, z: Complex64, guess: &[Complex64], (): &mut ()) -> Result<Solution> {
        self.solved(z, guess.first().copied())
    }

    fn location_scale(&self) -> (f64, f64) {
        (self.cumulants[0], self.cumulants[1].sqrt())
    }

    fn landmarks(&self) -> Vec<f64> {
        Vec::new()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone()
    }

    fn singularities(&self) -> Vec<Singularity> {
        self.pole.map(Singularity::Pole).into_iter().collect()
    }

    fn rounding(&self) -> f64 {
        FORMULA
    }

    fn intervals(&self) -> Option<Vec<[f64; 2]>> {
        let affine = |[low, high]: [f64; 2]| [low, high].map(|z| self.origin + self.unit * z);
        Some(self.map.bulks().into_iter().map(affine).collect())
    }

    /// Without limit: every solve ends by itself.
    fn evaluation_limit(&self) -> usize {
        usize::MAX
    }

    fn moments(&self) -> Option<[f64; 4]> {
        Some(self.moments)
    }
}

#[cfg(test)]
mod tests;
