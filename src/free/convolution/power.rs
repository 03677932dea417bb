//! Free convolution powers `t >= 1` (Nica and Speicher 1996; Belinschi and Bercovici, Math. Z. 248, 2004)
//!
//! ```text
//! G(z) = G_mu(omega),    omega = z - (t - 1) r(omega),    r(w) = w - 1 / G_mu(w)
//! ```
//!
//! An atom at `a` with mass `s` becomes one at `t a` with mass `t s - (t - 1)`, if that is positive.

use num_complex::Complex64;

use super::pairs;
use super::solved::{Cumulants, Solved};
use super::subordination::{Scalar, Subordination, moments, solve_at};
use crate::error::{Error, Result};
use crate::free::Law;
use crate::law::{CauchyTransform, EquationTransform, Singularity, SpectralLaw};
use crate::population::Atom;

/// Mass of an atom, possibly negative, above which it leaves a trace of a pole next to the support.
const TRACE: f64 = -0.4;

/// A convolution power of a law.
#[derive(Debug, Clone)]
pub struct FreePower {
    law: Law,
    exponent: f64,
    transform: EquationTransform<Scalar<Step>>,
}

#[derive(Debug, Clone)]
struct Step {
    law: Law,
    exponent: f64,
}

impl Subordination for Step {
    fn step(&self, z: Complex64, omega: Complex64) -> [Complex64; 2] {
        let [energy, cauchy] = self.law.self_energy(omega);
        [z - (self.exponent - 1.0) * energy, cauchy]
    }
}

pub(super) fn check_exponent(t: f64) -> Result<()> {
    if t >= 1.0 && t.is_finite() {
        Ok(())
    } else {
        Err(Error::argument("t", t, "a finite number, at least 1"))
    }
}

impl FreePower {
    /// The power `t` of a law.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `t` is finite and at least 1; [`Error::NotConverged`] if not even
    /// the far field can be solved for.
    pub fn new(law: &Law, t: f64) -> Result<Self> {
        check_exponent(t)?;
        let cumulants = law.free_cumulants(4);
        let image = |atom: &Atom| Atom { location: t * atom.location, mass: t * atom.mass - (t - 1.0) };
        let images: Vec<Atom> = law.point_masses().iter().map(image).collect();
        let poles =
            images.iter().filter(|atom| atom.mass > TRACE).map(|atom| Singularity::Pole(atom.location));
        let poles: Vec<Singularity> = poles.collect();
        let atoms = images.into_iter().filter(|atom| atom.mass > 4.0 * t * f64::EPSILON).collect();
        let step = Step { law: law.clone(), exponent: t };
        let transform = Scalar::transform(step, moments(|k| t * cumulants[k]))?
            .with_landmarks(pairs::locations(law).into_iter().map(|x| t * x).collect())
            .with_atoms(atoms)
            .with_singularities(poles);
        Ok(Self { law: law.clone(), exponent: t, transform })
    }

    /// The subordination function at `z`; at real points the limit from above.
    ///
    /// # Errors
    /// [`Error::NotConverged`] where the equation cannot be solved, as at an edge.
    pub fn subordination(&self, z: Complex64) -> Result<Complex64> {
        solve_at(&self.transform, z)
    }

    /// The law of the power.
    ///
    /// # Errors
    /// As for [`SpectralLaw::build`].
    pub fn law(&self) -> Result<Law> {
        let solved = Solved {
            spectral: SpectralLaw::build(&self.transform)?,
            singularities: self.transform.singularities(),
            levy: self.law.levy().map(|levy| levy.power(self.exponent)),
            cumulants: Cumulants::Multiple(self.exponent, self.law.clone()),
        };
        Ok(solved.into_law())
    }
}
