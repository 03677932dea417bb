//! Free additive convolution (Voiculescu 1986; subordination: Biane, Math. Z. 227, 1998; Belinschi and
//! Bercovici, J. Anal. Math. 101, 2007)
//!
//! ```text
//! G(z) = G_1(omega_1) = G_2(omega_2),    omega_1 = z - r_2(omega_2),    omega_2 = z - r_1(omega_1),
//! r(w) = w - 1 / G(w).
//! ```
//!
//! The sum of finitely many values and a semicircle has an explicit equation (Pastur, Theor. Math. Phys. 10, 1972).

use num_complex::Complex64;

use super::pairs;
use super::solved::{Cumulants, Solved};
use super::subordination::{Scalar, Subordination, moments, solve_at};
use crate::error::Result;
use crate::free::Law;
use crate::law::{CauchyTransform, EquationTransform, ExplicitTransform, SpectralLaw};

/// The sum of two free variables.
///
/// ```
/// use freespectra::Law;
/// use freespectra::free::convolution::FreeSum;
/// use num_complex::Complex64;
/// # fn main() -> Result<(), freespectra::Error> {
/// let (x, y) = (Law::semicircle(1.0)?, Law::bernoulli()?);
/// let sum = FreeSum::new(&x, &y)?;
/// let z = Complex64::new(0.3, 0.1);
/// let [omega_x, omega_y] = sum.subordination(z)?;
/// assert!((x.cauchy_transform(omega_x) - y.cauchy_transform(omega_y)).norm() < 1e-11);
/// assert!((omega_x + omega_y - z - 1.0 / x.cauchy_transform(omega_x)).norm() < 1e-11);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FreeSum {
    laws: [Law; 2],
    transform: EquationTransform<Scalar<Step>>,
}

/// `omega_1 -> z - r_2(z - r_1(omega_1))`.
#[derive(Debug, Clone)]
struct Step {
    laws: [Law; 2],
}

impl Subordination for Step {
    fn step(&self, z: Complex64, omega: Complex64) -> [Complex64; 2] {
        let [one, two] = &self.laws;
        let [first, cauchy] = one.self_energy(omega);
        let [second, _] = two.self_energy(z - first);
        [z - second, cauchy]
    }
}

impl FreeSum {
    /// The sum of two free variables with the given laws.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] if not even the far field can be solved for.
    pub fn new(one: &Law, two: &Law) -> Result<Self> {
        let laws = [one.clone(), two.clone()];
        let (first, second) = (one.free_cumulants(4), two.free_cumulants(4));
        let add = |a: f64, b: f64| a + b;
        let transform = Scalar::transform(Step { laws: laws.clone() }, moments(|k| first[k] + second[k]))?
            .with_landmarks(pairs::landmarks(one, two, add))
            .with_atoms(pairs::atoms(one, two, add));
        let singularities = pairs::singularities(one, two, add, &transform);
        let transform = transform.with_singularities(singularities);
        Ok(Self { laws, transform })
    }

    /// The subordination functions `omega_1` and `omega_2` at `z`; at real points the limits from above.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] where the equation cannot be solved, as at an edge.
    pub fn subordination(&self, z: Complex64) -> Result<[Complex64; 2]> {
        let omega = solve_at(&self.transform, z)?;
        Ok([omega, z - self.laws[0].self_energy(omega)[0]])
    }

    /// The law of the sum.
    ///
    /// # Errors
    /// As for [`SpectralLaw::build`].
    pub fn law(&self) -> Result<Law> {
        let [one, two] = &self.laws;
        let levy = one.levy().zip(two.levy()).map(|(one, two)| one.plus(&two));
        let spectral = match pastur(one, two).or_else(|| pastur(two, one)) {
            Some(explicit) => SpectralLaw::build(&explicit)?,
            None => SpectralLaw::build(&self.transform)?,
        };
        let solved = Solved {
            spectral,
            singularities: self.transform.singularities(),
            levy,
            cumulants: Cumulants::Sum(one.clone(), two.clone()),
        };
        Ok(solved.into_law())
    }
}

/// The sum of finitely many values and a semicircle about any point.
fn pastur(values: &Law, semicircle: &Law) -> Option<ExplicitTransform> {
    let levy = semicircle.levy().filter(|levy| levy.jumps.is_empty() && levy.variance > 0.0)?;
    let (first, second) = (values.free_cumulants(4), semicircle.free_cumulants(4));
    let cumulants = [0, 1, 2, 3].map(|k| first[k] + second[k]);
    let with =
        || ExplicitTransform::with_semicircle(values.point_masses(), levy.drift, levy.variance, cumulants);
    values.is_discrete().then(with)
}
