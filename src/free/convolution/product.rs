//! Free multiplicative convolution of a positive law and another (Voiculescu 1987; subordination: Biane 1998,
//! Belinschi and Bercovici 2007; with signs Rao and Speicher, Electron. Comm. Probab. 12, 2007)
//!
//! ```text
//! z G(z) = omega_1 G_1(omega_1) = omega_2 G_2(omega_2),
//! omega_1 = z / r_2(omega_2),    omega_2 = z / r_1(omega_1),    r(w) = w - 1 / G(w).
//! ```
//!
//! As `G_1(omega_1) = phi((z / x_2 - x_1)^-1)` for `x_2 > 0`, the subordination function `omega_1` of the law that may
//! have both signs stays in the upper half-plane, while `omega_2` may leave it.
//!
//! Near 0 a law whose Cauchy transform, without its atom there, grows like `z^(-s/(s+1))` has the singularity `s`. With an
//! atom of mass `k` its S-transform has a pole of order `s` at -1 if `k = 0`, of order `s + 1` at `k - 1` otherwise. As
//! S-transforms multiply, singularities of factors without atoms add up: the Fuss-Catalan laws, products of `s`
//! Marchenko-Pastur laws of ratio 1, are the classical case. Those of two equal atoms do so plus 1, and of two different ones
//! the heavier keeps its own.
//!
//! The product of finitely many values and a free Poisson law is a sample covariance, whose equation is explicit.

use num_complex::Complex64;

use super::pairs;
use super::solved::{Cumulants, Solved};
use super::subordination::{Scalar, Subordination, solve_at};
use crate::error::{Error, Result};
use crate::free::Law;
use crate::law::probe::probe;
use crate::law::{CauchyTransform, EquationTransform, ExplicitTransform, Singularity, SpectralLaw};
use crate::population::Atom;

/// Highest order of a branch point at 0 that is followed.
const HIGHEST_ORDER: u32 = 16;

/// A Cauchy transform this small at 0, in units of the inverse of the radius, vanishes there.
const BALANCED: f64 = 1e-9;

/// The product of two free positive variables.
#[derive(Debug, Clone)]
pub struct FreeProduct {
    laws: [Law; 2],
    transform: EquationTransform<Scalar<Step>>,
}

/// `omega_1 -> z / r_2(z / r_1(omega_1))`.
#[derive(Debug, Clone)]
struct Step {
    laws: [Law; 2],
}

impl Subordination for Step {
    fn step(&self, z: Complex64, omega: Complex64) -> [Complex64; 2] {
        let [one, two] = &self.laws;
        let [first, cauchy] = one.self_energy(omega);
        let argument = z / first;
        let second = if argument.im < 0.0 {
            two.self_energy(argument.conj())[0].conj()
        } else {
            two.self_energy(argument)[0]
        };
        [z / second, omega * cauchy / z]
    }
}

pub(super) fn check_positive(law: &Law) -> Result<()> {
    let [low, _] = law.spectral().range();
    if low >= 0.0 {
        return Ok(());
    }
    Err(Error::argument("law", format!("support from {low}"), "a law without mass below 0"))
}

/// Whether a positive law is continuous from 0 on.
fn starts_at_zero(law: &Law) -> bool {
    law.spectral().support().first().is_some_and(|[low, _]| *low == 0.0)
}

/// The singularity of a law at 0, see the module.
fn at_zero(law: &Law) -> u32 {
    if !starts_at_zero(law) {
        return 0;
    }
    let order = |singularity: &Singularity| match *singularity {
        Singularity::Pole(0.0) => Some(1),
        Singularity::Branch { location: 0.0, order } => Some(order - 1),
        _ => None,
    };
    law.singularities().iter().find_map(order).unwrap_or(0)
}

/// The mass of the atom at 0.
fn kernel(law: &Law) -> f64 {
    law.point_masses().iter().find(|atom| atom.location == 0.0).map_or(0.0, |atom| atom.mass)
}

/// The singular point at 0 of a product of positive laws, see the module.
fn ending_at_zero(one: &Law, two: &Law) -> Option<Singularity> {
    let (kernels, orders) = ([kernel(one), kernel(two)], [at_zero(one), at_zero(two)]);
    let singularity = match kernels {
        [0.0, 0.0] => orders[0] + orders[1],
        [first, second] if (first - second).abs() < pairs::TOUCHING => orders[0] + orders[1] + 1,
        [first, second] => orders[usize::from(second > first)],
    };
    Some(match (singularity + 1).min(HIGHEST_ORDER) {
        1 | 2 => Singularity::Pole(0.0),
        order => Singularity::Branch { location: 0.0, order },
    })
}

/// The singular point at 0 of a product of a law with both signs and a positive one of singularity `s` there.
///
/// `r_1` goes to `-1 / G_1(0)` where that is a number, so that `G` is singular like `G_2`; for `G_1(0) = 0`, as in
/// symmetric laws with a gap at 0, `omega_1^2` goes like `omega_2 G_2(omega_2)` at `omega_2 = z omega_1`, which makes
/// `omega_1` a power series in `z^(1 / (2 s + 1))`.
fn crossing_zero(signed: &Law, positive: &Law, transform: &impl CauchyTransform) -> Option<Singularity> {
    if kernel(signed) > 0.0 || kernel(positive) > 0.0 {
        return Some(Singularity::Pole(0.0));
    }
    let s = at_zero(positive);
    if s == 0 {
        // A jump leaves a logarithm.
        let jumps = starts_at_zero(positive) && positive.density(0.0) > 0.0;
        return jumps.then_some(Singularity::Branch { location: 0.0, order: 1 });
    }
    let gap = signed.density(0.0) == 0.0;
    let balanced = gap && signed.cauchy_transform(Complex64::ZERO).norm() * signed.radius() < BALANCED;
    if !balanced {
        return Some(Singularity::Branch { location: 0.0, order: s + 1 });
    }
    // Other powers, as at a soft edge that is squared, show themselves if their order is low.
    let (_, spread) = transform.location_scale();
    match probe(transform, 0.0, spread).ok().and_then(|probed| probed.singularity) {
        Some(singularity @ Singularity::Branch { order: 4.., .. }) => Some(singularity),
        _ => Some(Singularity::Branch { location: 0.0, order: (2 * s + 1).min(HIGHEST_ORDER) }),
    }
}

impl FreeProduct {
    /// The product of two free variables with the given laws, in the form `x^{1/2} y x^{1/2}` with the positive one
    /// for `x`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if both laws have mass below 0 or one is a point; [`Error::NotConverged`] if not
    /// even the far field can be solved for.
    pub fn new(one: &Law, two: &Law) -> Result<Self> {
        // The one that may have both signs first.
        let (one, two) = if check_positive(two).is_ok() { (one, two) } else { (two, one) };
        check_positive(two)?;
        for law in [one, two] {
            if law.point().is_some() {
                return Err(Error::argument("law", "all mass in one point", "a law that is not a point"));
            }
        }
        let laws = [one.clone(), two.clone()];
        let multiply = |a: f64, b: f64| a * b;
        let kernel = kernel(one).max(kernel(two));
        let mut atoms = pairs::atoms(one, two, multiply);
        atoms.retain(|atom| atom.location != 0.0);
        if kernel > 0.0 {
            atoms.push(Atom { location: 0.0, mass: kernel });
        }
        atoms.sort_by(|a, b| a.location.total_cmp(&b.location));
        let signed = check_positive(one).is_err();
        let transform = Scalar::transform(Step { laws: laws.clone() }, moments(one, two))?
            .with_landmarks(pairs::landmarks(one, two, multiply))
            .with_atoms(atoms);
        let mut singularities = pairs::singularities(one, two, multiply, &transform);
        singularities.retain(|singularity| singularity.location() != 0.0);
        singularities.extend(if signed {
            crossing_zero(one, two, &transform)
        } else {
            ending_at_zero(one, two)
        });
        let transform = transform.with_singularities(singularities);
        Ok(Self { laws, transform })
    }

    /// The subordination functions `omega_1` and `omega_2` at `z`; at real points the limits from above.
    ///
    /// # Errors
    /// [`Error::NotConverged`] where the equation cannot be solved, as at an edge.
    pub fn subordination(&self, z: Complex64) -> Result<[Complex64; 2]> {
        let omega = solve_at(&self.transform, z)?;
        Ok([omega, z / self.laws[0].self_energy(omega)[0]])
    }

    /// The law of the product.
    ///
    /// # Errors
    /// As for [`SpectralLaw::build`].
    pub fn law(&self) -> Result<Law> {
        let [one, two] = &self.laws;
        let spectral = match covariance(one, two).or_else(|| covariance(two, one)) {
            Some(explicit) => SpectralLaw::build(&explicit)?,
            None => SpectralLaw::build(&self.transform)?,
        };
        let solved = Solved {
            spectral,
            singularities: self.transform.singularities(),
            levy: None,
            cumulants: Cumulants::Spectral,
        };
        Ok(solved.into_law())
    }
}

/// The product of finitely many positive values and a free Poisson law, which is a multiple of one of Marchenko and
/// Pastur, as a sample covariance.
fn covariance(values: &Law, poisson: &Law) -> Option<ExplicitTransform> {
    let levy = poisson.levy().filter(|levy| levy.drift == 0.0 && levy.variance == 0.0)?;
    let [jump] = levy.jumps[..] else { return None };
    let scaled = |atom: &Atom| Atom { location: jump.rate * jump.size * atom.location, mass: atom.mass };
    let population: Vec<Atom> = values.point_masses().iter().map(scaled).collect();
    let finite = population.iter().all(|atom| atom.location.is_finite());
    (values.is_discrete() && finite && check_positive(values).is_ok())
        .then(|| ExplicitTransform::sample_covariance(1.0 / jump.rate, &population))
}

/// The first four moments of the product: those of the alternating words (Nica and Speicher, Lectures,
/// Theorem 14.4, by the moments of each factor and the free cumulants of the other).
fn moments(one: &Law, two: &Law) -> [f64; 4] {
    let (k, m) = (one.free_cumulants(4), two.moments(4));
    // phi((xy)^n) = sum over noncrossing partitions of n of kappa_pi(x) times the moments of y over the
    // complement, grouped by the sizes of blocks.
    [
        k[0] * m[0],
        k[1] * m[0].powi(2) + k[0].powi(2) * m[1],
        k[2] * m[0].powi(3) + 3.0 * k[1] * k[0] * m[0] * m[1] + k[0].powi(3) * m[2],
        k[3] * m[0].powi(4)
            + 4.0 * k[2] * k[0] * m[0].powi(2) * m[1]
            + 2.0 * k[1].powi(2) * m[0].powi(2) * m[1]
            + k[1] * k[0].powi(2) * (4.0 * m[0] * m[2] + 2.0 * m[1].powi(2))
            + k[0].powi(4) * m[3],
    ]
}
