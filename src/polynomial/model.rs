//! A polynomial in free variables with given laws, and its spectrum.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::algebra::{Polynomial, Variable};
use super::channel::Unknown;
use super::equation::PolynomialEquation;
use super::linearization::Linearization;
use super::moments;
use super::reduction::{entering_by_power, reduced, with_root};
use crate::error::{Error, Result};
use crate::free::{FreeLevy, Law};
use crate::law::probe::probe;
use crate::law::{CauchyTransform, Ensemble, EquationTransform, far_start, same_place};
use crate::solver::SolverOptions;

/// Most work on the first moments, see [`moments::work`]: some ten seconds.
const MOST_WORK: f64 = 2e11;

/// How the spectrum is found. Polynomials in one variable are images of its law on every route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// By an ordered list of shorter ways (functions of another polynomial, two variables with two values each, signs that can
    /// be taken out, sums of parts in different variables, conjugations, squared moduli, powers of a variable); else, or
    /// where they fail, by R-transforms where they are rational, and by subordination elsewhere.
    #[default]
    Automatic,
    /// By operator-valued subordination throughout.
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
    /// The polynomial modulo what the variables satisfy, see [`reduced`].
    pub(super) reduced: Polynomial,
    pub(super) linearization: Linearization,
    /// Those of the variables of the polynomial.
    pub(super) laws: BTreeMap<Variable, Law>,
    pub(super) route: Route,
    options: SolverOptions,
    /// Values at which the law may be singular, besides those that the polynomial tells as it is.
    marks: Vec<f64>,
    /// Once they are needed.
    first_moments: OnceLock<[f64; 4]>,
}

impl FreePolynomial {
    /// The polynomial with the laws that go with the names of its variables; further names are allowed.
    ///
    /// # Errors
    /// [`Error::NotSelfAdjoint`] with the offending part; [`Error::InvalidArgument`] if a variable has no law
    /// or a name has two, a name is invalid, or the polynomial is out of reach (more than 512 ends of words).
    pub fn new(polynomial: Polynomial, laws: &[(&str, Law)]) -> Result<Self> {
        polynomial.check_self_adjoint()?;
        let mut named = BTreeMap::new();
        for (name, law) in laws {
            if named.insert(Variable::new(name)?, law).is_some() {
                return Err(Error::argument("laws", format!("two for {name}"), "one for each variable"));
            }
        }
        let of = |variable: Variable| match named.get(&variable) {
            Some(law) => Ok((variable, (*law).clone())),
            None => Err(Error::argument(
                "laws",
                format!("none for the variable {}", variable.name()),
                "one for each variable of the polynomial",
            )),
        };
        let laws = polynomial.occurring().into_iter().map(of).collect::<Result<_>>()?;
        let reduced = reduced(&polynomial, &laws);
        let linearization = Linearization::new(&reduced)?;
        let (route, options) = (Route::default(), SolverOptions::default());
        let (marks, first_moments) = (Vec::new(), OnceLock::new());
        Ok(Self { polynomial, reduced, linearization, laws, route, options, marks, first_moments })
    }

    /// How the variables enter the equation.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for [`Route::RTransform`] with a variable whose R-transform is not rational.
    pub fn with_route(self, route: Route) -> Result<Self> {
        if route == Route::RTransform
            && let Some(variable) =
                self.linearization.variables().iter().find(|variable| self.laws[*variable].levy().is_none())
        {
            let name = variable.name();
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

    /// The pencil whose Schur complement it is, after what variables with few values satisfy (`x^2 = 1` for signs)
    /// has been used.
    pub fn linearization(&self) -> &Linearization {
        &self.linearization
    }

    /// Random matrices with the laws of the variables, to sample the polynomial.
    pub fn ensembles(&self) -> Vec<(&str, Ensemble)> {
        self.laws.iter().map(|(variable, law)| (variable.name(), law.ensemble())).collect()
    }

    /// The moments `phi(p), ..., phi(p^count)`, from the free cumulants of the variables alone.
    pub fn moments(&self, count: usize) -> Vec<f64> {
        if let [law] = self.laws.values().collect::<Vec<_>>()[..] {
            // Numbers commute: no cumulants are needed, which lose digits of moments of high order.
            let power = |k| law.spectral().integrate(|x| self.value_at(&[x]).powi(k));
            return (1..=count as i32).map(power).collect();
        }
        let needed = moments::cumulants_needed(&self.polynomial, count);
        let cumulants = self.laws.iter().map(|(variable, law)| {
            let count = needed.get(variable).copied().unwrap_or(0);
            (variable.clone(), law.free_cumulants(count))
        });
        moments::moments(&self.polynomial, &cumulants.collect(), count)
    }

    /// The first four moments, if they are numbers and within reach.
    pub(super) fn first_moments(&self) -> Result<[f64; 4]> {
        if let Some(moments) = self.first_moments.get() {
            return Ok(*moments);
        }
        if moments::work(&self.polynomial, 4) > MOST_WORK {
            let terms = self.polynomial.terms().len();
            let value = format!("{terms} terms up to degree {}", self.polynomial.degree());
            return Err(Error::argument("polynomial", value, "fewer terms: the moments take minutes"));
        }
        let mut moments = [0.0; 4];
        moments.copy_from_slice(&self.moments(4));
        let refused =
            |allowed: &str| Err(Error::argument("polynomial", format!("moments {moments:?}"), allowed));
        if moments[1] < 0.0 || moments[3] < 0.0 {
            return refused("terms that do not cancel to rounding, as in variables of mean 0");
        }
        if !moments.iter().all(|moment| moment.is_finite()) || moments[1] < f64::MIN_POSITIVE {
            return refused("coefficients whose fourth powers neither overflow nor vanish");
        }
        Ok(*self.first_moments.get_or_init(|| moments))
    }

    /// Another polynomial in the same variables.
    pub(super) fn with_polynomial(&self, polynomial: Polynomial) -> Result<Self> {
        let laws: Vec<(&str, Law)> = self.laws.iter().map(|(v, law)| (v.name(), law.clone())).collect();
        self.with_laws(polynomial, &laws)
    }

    /// Another polynomial in other variables.
    pub(super) fn with_laws(&self, polynomial: Polynomial, laws: &[(&str, Law)]) -> Result<Self> {
        Self::new(polynomial, laws)?.with_options(self.options)
    }

    /// The same polynomial in powers of variables that enter by these alone, if there are any whose laws give the
    /// equation no R-transform.
    pub(super) fn in_powers(&self) -> Result<Option<Self>> {
        let mut powers = entering_by_power(&self.reduced);
        powers.retain(|(variable, _)| self.laws[variable].levy().is_none());
        if powers.is_empty() {
            return Ok(None);
        }
        let mut polynomial = self.reduced.clone();
        let used = self.linearization.variables().iter();
        let mut laws: BTreeMap<Variable, Law> =
            used.map(|variable| (variable.clone(), self.laws[variable].clone())).collect();
        for (variable, power) in powers {
            let own = Polynomial::from(variable.clone()).pow(power);
            let image = Self::new(own, &[(variable.name(), self.laws[&variable].clone())])?.to_law()?;
            polynomial = with_root(&polynomial, &variable, power);
            laws.insert(variable, image);
        }
        let reduced = reduced(&polynomial, &laws);
        let linearization = Linearization::new(&reduced)?;
        let first_moments = OnceLock::new();
        Ok(Some(Self { polynomial, reduced, linearization, laws, first_moments, ..self.clone() }))
    }

    /// The same polynomial minus a number, in variables that are measured from numbers: next to the value there its
    /// unknowns follow powers.
    pub(super) fn around(&self, value: f64, numbers: &[f64]) -> Result<Self> {
        let variables = self.linearization.variables();
        let number = |variable: &Variable| self.number(variable, numbers);
        let polynomial = self.reduced.shifted(number) - value;
        let moved = variables
            .iter()
            .map(|variable| Ok((variable.clone(), self.laws[variable].affine(1.0, -number(variable))?)));
        let laws = moved.collect::<Result<_>>()?;
        let reduced = reduced(&polynomial, &laws);
        let linearization = Linearization::new(&reduced)?;
        let (marks, first_moments) = (self.values().iter().map(|x| x - value).collect(), OnceLock::new());
        Ok(Self { polynomial, reduced, linearization, laws, marks, first_moments, ..self.clone() })
    }

    /// Where the law may have an atom or a singular point, in increasing order.
    fn values(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.candidates().iter().map(|candidate| candidate.value).collect();
        for mark in &self.marks {
            if values.iter().all(|value| !same_place(*value, *mark)) {
                values.push(*mark);
            }
        }
        values.sort_by(f64::total_cmp);
        values
    }

    /// The laws of the variables of the linearisation.
    pub(super) fn reduced_laws(&self) -> Vec<&Law> {
        self.linearization.variables().iter().map(|variable| &self.laws[variable]).collect()
    }

    /// The Cauchy transform, to be solved for at single points.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if not even the far field can be solved for.
    pub fn transform(&self) -> Result<EquationTransform<PolynomialEquation>> {
        self.transform_in(Unknown::Subordination)
    }

    pub(super) fn transform_in(&self, unknown: Unknown) -> Result<EquationTransform<PolynomialEquation>> {
        let moments = self.first_moments()?;
        self.equation_transform(&self.linearization, unknown, moments, self.landmarks(), &self.values())
    }

    /// That of a pencil in the same variables, with what is known of its law. It is walked to if unknowns are resolvents.
    pub(super) fn equation_transform(
        &self,
        linearization: &Linearization,
        unknown: Unknown,
        moments: [f64; 4],
        landmarks: Vec<f64>,
        values: &[f64],
    ) -> Result<EquationTransform<PolynomialEquation>> {
        let levy = |law: &Law| match self.route {
            Route::Subordination => None,
            Route::Automatic | Route::RTransform => law.levy(),
        };
        let laws = linearization.variables().iter().map(|variable| &self.laws[variable]);
        let variables: Vec<(Law, Option<FreeLevy>)> = laws.map(|law| (law.clone(), levy(law))).collect();
        let equation = PolynomialEquation::new(linearization, &variables, unknown, self.options)?;
        let start = far_start(moments);
        let state = equation.first_state(start);
        let transform =
            EquationTransform::new(equation, start, state)?.with_landmarks(landmarks).with_moments(moments);
        let (_, spread) = transform.location_scale();
        let (mut atoms, mut singularities) = (Vec::new(), Vec::new());
        for &value in values {
            match probe(&transform, value, spread) {
                Ok(probed) => {
                    atoms.extend(probed.atom);
                    singularities.extend(probed.singularity);
                }
                // What cannot be seen there will be missed by the certificate if it matters.
                Err(error) if error.is_of_one_point() => {}
                Err(error) => return Err(error),
            }
        }
        let walked = unknown == Unknown::Resolvent;
        Ok(transform.with_atoms(atoms).with_singularities(singularities).with_walks(walked))
    }
}
