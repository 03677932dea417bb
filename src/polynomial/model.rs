//! A polynomial in free variables with given laws, and its spectrum.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::algebra::{Polynomial, Variable};
use super::equation::PolynomialEquation;
use super::image::ImageTransform;
use super::linearization::Linearization;
use super::moments;
use super::real_polynomial::RealPolynomial;
use super::singular;
use crate::error::{Error, Result};
use crate::free::{FreeLevy, Law, Solved};
use crate::law::{CauchyTransform, Ensemble, EquationTransform, Singularity, SpectralLaw, far_start};
use crate::population::Atom;
use crate::solver::SolverOptions;

/// Masses of atoms of all variables that, with `n - 1` taken off, leave a trace next to the support.
const TRACE: f64 = -0.4;

/// Most joint values of atoms that are looked at.
const MOST_CANDIDATES: usize = 64;

/// Variance, relative to the squares that it is the difference of, that counts as none.
const NO_VARIANCE: f64 = 1e-13;

/// How the variables enter the equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// By R-transforms where they are rational, by subordination elsewhere.
    #[default]
    Automatic,
    /// By subordination throughout.
    Subordination,
    /// By R-transforms throughout; they have to be rational for all variables.
    RTransform,
}

/// A self-adjoint polynomial with a law for each of its variables, which are free.
///
/// ```
/// use freespectra::Law;
/// use freespectra::polynomial::{FreePolynomial, Polynomial};
/// # fn main() -> Result<(), freespectra::Error> {
/// let [x, y] = Polynomial::variables(["x", "y"])?;
/// let laws = [("x", Law::projection(0.5)?), ("y", Law::marchenko_pastur(0.25)?)];
/// let model = FreePolynomial::new(&x * &y * &x, &laws)?;
/// let law = model.law()?;
/// assert!((law.atoms()[0].mass - 0.5).abs() < 1e-9); // the kernel of the projection
/// assert!((law.mean() - 0.5).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FreePolynomial {
    polynomial: Polynomial,
    linearization: Linearization,
    /// One for each variable of the linearisation.
    laws: Vec<Law>,
    route: Route,
    options: SolverOptions,
}

impl FreePolynomial {
    /// The polynomial with the laws that go with the names of its variables; further names are allowed.
    ///
    /// # Errors
    /// [`Error::NotSelfAdjoint`] with the offending part; [`Error::InvalidArgument`] if a variable has no law
    /// or a name has two, a name is invalid, or the polynomial is out of reach.
    pub fn new(polynomial: Polynomial, laws: &[(&str, Law)]) -> Result<Self> {
        let linearization = Linearization::new(&polynomial)?;
        let mut named = BTreeMap::new();
        for (name, law) in laws {
            if named.insert(Variable::new(name)?, law).is_some() {
                return Err(Error::argument("laws", format!("two for {name}"), "one for each variable"));
            }
        }
        let of = |variable: &Variable| match named.get(variable) {
            Some(law) => Ok((*law).clone()),
            None => Err(Error::argument(
                "laws",
                format!("none for the variable {}", variable.name()),
                "one for each variable of the polynomial",
            )),
        };
        let laws = linearization.variables().iter().map(of).collect::<Result<_>>()?;
        let (route, options) = (Route::default(), SolverOptions::default());
        Ok(Self { polynomial, linearization, laws, route, options })
    }

    /// How the variables enter the equation.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for [`Route::RTransform`] with a variable whose R-transform is not rational.
    pub fn with_route(self, route: Route) -> Result<Self> {
        if route == Route::RTransform
            && let Some(place) = self.laws.iter().position(|law| law.levy().is_none())
        {
            let name = self.linearization.variables()[place].name();
            return Err(Error::argument(
                "route",
                format!("R-transforms, which the law of {name} does not have in rational form"),
                "laws with rational R-transforms, or another route",
            ));
        }
        Ok(Self { route, ..self })
    }

    /// Settings of the fixed-point iteration.
    ///
    /// # Errors
    /// From [`SolverOptions::validated`].
    pub fn with_options(self, options: SolverOptions) -> Result<Self> {
        Ok(Self { options: options.validated()?, ..self })
    }

    /// The polynomial.
    pub fn polynomial(&self) -> &Polynomial {
        &self.polynomial
    }

    /// The pencil whose Schur complement it is.
    pub fn linearization(&self) -> &Linearization {
        &self.linearization
    }

    /// Random matrices with the laws of the variables, to sample the polynomial.
    pub fn ensembles(&self) -> Vec<(&str, Ensemble)> {
        let names = self.linearization.variables().iter().map(Variable::name);
        names.zip(self.laws.iter().map(Law::ensemble)).collect()
    }

    /// The moments `phi(p), ..., phi(p^count)`, from the free cumulants of the variables alone.
    pub fn moments(&self, count: usize) -> Vec<f64> {
        let needed = moments::cumulants_needed(&self.polynomial, count);
        let cumulants = self.linearization.variables().iter().zip(&self.laws).map(|(variable, law)| {
            let count = needed.get(variable).copied().unwrap_or(0);
            (variable.clone(), law.free_cumulants(count))
        });
        moments::moments(&self.polynomial, &cumulants.collect(), count)
    }

    /// The Cauchy transform, to be solved for at single points.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if not even the far field can be solved for.
    pub fn transform(&self) -> Result<EquationTransform<PolynomialEquation>> {
        let mut moments = [0.0; 4];
        moments.copy_from_slice(&self.moments(4));
        let levy = |law: &Law| match self.route {
            Route::Subordination => None,
            Route::Automatic | Route::RTransform => law.levy(),
        };
        let variables: Vec<(Law, Option<FreeLevy>)> =
            self.laws.iter().map(|law| (law.clone(), levy(law))).collect();
        let equation = PolynomialEquation::new(&self.linearization, &variables, self.options)?;
        let start = far_start(moments);
        let state = equation.first_state(start);
        let transform = EquationTransform::new(equation, start, state)?
            .with_landmarks(self.landmarks())
            .with_moments(moments);
        let (_, spread) = transform.location_scale();
        let (mut atoms, mut singularities) = (Vec::new(), Vec::new());
        for candidate in self.candidates() {
            match singular::probe(&transform, candidate, spread) {
                Ok(probed) => {
                    atoms.extend(probed.atom);
                    singularities.extend(probed.singularity);
                }
                // What cannot be seen there will be missed by the certificate if it matters.
                Err(Error::NotConverged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(transform.with_atoms(atoms).with_singularities(singularities))
    }

    /// The law of the polynomial.
    ///
    /// # Errors
    /// [`Error::NotConverged`] or [`Error::NotCertified`] if the law cannot be computed to its tolerance.
    pub fn law(&self) -> Result<SpectralLaw> {
        Ok(self.solved()?.0)
    }

    /// The law as one of a free variable, for further operations.
    ///
    /// # Errors
    /// As for [`FreePolynomial::law`].
    pub fn to_law(&self) -> Result<Law> {
        let (spectral, singularities) = self.solved()?;
        Ok(Solved::new(spectral, singularities).into_law())
    }

    fn solved(&self) -> Result<(SpectralLaw, Vec<Singularity>)> {
        if let Some(spectral) = self.elementary() {
            return Ok((spectral?, Vec::new()));
        }
        if let [law] = self.laws.as_slice() {
            let mut moments = [0.0; 4];
            moments.copy_from_slice(&self.moments(4));
            let image = ImageTransform::new(self.in_one_variable(), law, moments);
            return Ok((SpectralLaw::build(&image)?, image.singularities()));
        }
        let transform = self.transform()?;
        let singularities = transform.singularities();
        let constant = self.polynomial.coefficient(&[]).re;
        let singular_there = |singularity: &Singularity| matches!(singularity, Singularity::Branch { location, .. } if *location == constant);
        if constant != 0.0 && singularities.iter().any(singular_there) {
            // Points next to a singular one are only known to rounding unless that is 0.
            return self.solved_around(constant);
        }
        Ok((SpectralLaw::build(&transform)?, singularities))
    }

    /// The law of the polynomial minus a number, moved back.
    fn solved_around(&self, center: f64) -> Result<(SpectralLaw, Vec<Singularity>)> {
        let polynomial = &self.polynomial - Polynomial::constant(center);
        let linearization = Linearization::new(&polynomial)?;
        let transform = Self { polynomial, linearization, ..self.clone() }.transform()?;
        let spectral = SpectralLaw::build(&transform)?.affine(1.0, center)?;
        let singularities = transform.singularities().into_iter().map(|at| at.affine(1.0, center)).collect();
        Ok((spectral, singularities))
    }

    /// The polynomial of a single variable as one in a real number.
    fn in_one_variable(&self) -> RealPolynomial {
        let mut coefficients = vec![0.0; self.polynomial.degree() + 1];
        for (word, coefficient) in self.polynomial.terms() {
            coefficients[word.len()] += coefficient.re;
        }
        RealPolynomial::new(coefficients)
    }

    /// Laws that need no equation: points, polynomials in one variable with atoms only, affine images.
    fn elementary(&self) -> Option<Result<SpectralLaw>> {
        let moments = self.moments(2);
        if moments[1] - moments[0] * moments[0] <= NO_VARIANCE * moments[1] {
            return Some(SpectralLaw::discrete(&[Atom { location: moments[0], mass: 1.0 }]));
        }
        let [law] = self.laws.as_slice() else { return None };
        if law.spectral().support().is_empty() {
            let image = |atom: &Atom| Atom { location: self.value_at(&[atom.location]), mass: atom.mass };
            let atoms: Vec<Atom> = law.point_masses().iter().map(image).collect();
            return Some(SpectralLaw::discrete(&atoms));
        }
        if self.polynomial.degree() == 1 {
            let variable = &self.linearization.variables()[..1];
            let scale = self.polynomial.coefficient(variable).re;
            return Some(law.spectral().affine(scale, self.polynomial.coefficient(&[]).re));
        }
        None
    }

    /// The polynomial with numbers in place of its variables, in their order.
    fn value_at(&self, numbers: &[f64]) -> f64 {
        let variables = self.linearization.variables();
        let number = |variable: &Variable| {
            variables.iter().position(|other| other == variable).map_or(0.0, |place| numbers[place])
        };
        let terms = self.polynomial.terms();
        terms.map(|(word, coefficient)| coefficient.re * word.iter().map(number).product::<f64>()).sum()
    }

    /// Where an atom or a singular point may be.
    fn candidates(&self) -> Vec<f64> {
        let mut joint: Vec<(Vec<f64>, f64)> = vec![(Vec::new(), 1.0)];
        for law in &self.laws {
            let mut next = Vec::new();
            for (numbers, mass) in &joint {
                for atom in law.point_masses() {
                    let mass = mass + atom.mass - 1.0;
                    if mass > TRACE && next.len() < MOST_CANDIDATES {
                        next.push(([numbers.as_slice(), &[atom.location]].concat(), mass));
                    }
                }
            }
            joint = next;
        }
        let mut candidates = vec![self.polynomial.coefficient(&[]).re];
        candidates.extend(joint.iter().map(|(numbers, _)| self.value_at(numbers)));
        candidates.sort_by(f64::total_cmp);
        // Values that agree up to rounding are one.
        candidates.dedup_by(|next, kept| (*next - *kept).abs() <= 1e-12 * kept.abs().max(1.0));
        candidates
    }

    /// Points that are likely to be inside the support: the polynomial at the means of the variables.
    fn landmarks(&self) -> Vec<f64> {
        vec![self.value_at(&self.laws.iter().map(Law::mean).collect::<Vec<f64>>())]
    }
}
