//! From a polynomial to its spectrum: the shortest way that its variables allow.

use super::algebra::{Polynomial, Variable};
use super::candidates::Candidate;
use super::image::ImageTransform;
use super::model::{FreePolynomial, Route};
use super::projections;
use super::relation::Relation;
use crate::error::Result;
use crate::free::{Law, Solved};
use crate::law::{CauchyTransform, Singularity, SpectralLaw};
use crate::population::Atom;

/// Variance, relative to the second moment, below which a law is measured from its mean.
const NARROW: f64 = 1e-6;

/// Difference of coefficients, relative to the largest, that rounding makes.
const SAME_COEFFICIENT: f64 = 1e-13;

/// Standard deviation, relative to the terms of the polynomial, that rounding leaves of none.
const NO_DEVIATION: f64 = 1e-14;

impl FreePolynomial {
    /// The law of the polynomial. One whose deviation is below 1e-14 of the terms it comes from is a point.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if the moments overflow, vanish or cancel, or take more than some ten
    /// seconds: their cost grows with the fourth power of the number of words. [`crate::Error::NotConverged`],
    /// [`crate::Error::NotCertified`] or [`crate::Error::OutOfBudget`] if the law cannot be computed to its tolerance.
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
        if let Some(solved) = self.of_numbers() {
            return solved;
        }
        if let [law] = self.reduced_laws().as_slice() {
            return self.image(law);
        }
        if let Some(solved) = self.function_of_a_sum()? {
            return Ok(solved);
        }
        let moments = self.first_moments()?;
        let [mean, second, ..] = moments;
        if second - mean * mean > NARROW * second {
            return self.shortest(moments);
        }
        // Too narrow to be told from a point where it is: measured from its mean, in variables that are measured
        // from theirs.
        let means: Vec<f64> = self.reduced_laws().into_iter().map(Law::mean).collect();
        let centered = self.around(mean, &means)?;
        if centered.is_rounding(centered.moments(2)[1].abs().sqrt()) {
            return Ok((SpectralLaw::discrete(&[Atom { location: mean, mass: 1.0 }])?, Vec::new()));
        }
        let moments = centered.first_moments()?;
        moved(centered.shortest(moments)?, mean)
    }

    /// By the shorter way if there is one that leads somewhere, else by the equation.
    fn shortest(&self, moments: [f64; 4]) -> Result<(SpectralLaw, Vec<Singularity>)> {
        match self.closed_form(moments) {
            Some(Ok(solved)) => Ok(solved),
            _ => self.by_equation(),
        }
    }

    /// Whether a standard deviation is what rounding leaves of the terms that it comes from.
    fn is_rounding(&self, deviation: f64) -> bool {
        let size = |variable: &Variable| self.laws[variable].radius();
        let terms = self.polynomial().terms().filter(|(word, _)| !word.is_empty());
        let scale: f64 = terms.map(|(word, c)| c.norm() * word.iter().map(size).product::<f64>()).sum();
        deviation <= NO_DEVIATION * scale
    }

    /// Constants, and polynomials in one variable with atoms alone.
    fn of_numbers(&self) -> Option<Result<(SpectralLaw, Vec<Singularity>)>> {
        let atoms = match self.reduced_laws().as_slice() {
            [] => vec![Atom { location: self.reduced.coefficient(&[]).re, mass: 1.0 }],
            [law] if law.is_discrete() => {
                let image = |atom: &Atom| Atom { location: self.value_at(&[atom.location]), mass: atom.mass };
                law.point_masses().iter().map(image).collect()
            }
            _ => return None,
        };
        Some(SpectralLaw::discrete(&atoms).map(|law| (law, Vec::new())))
    }

    /// The image of the law of a sum, for a polynomial in a linear combination of the variables, such as
    /// `(x + y)^2`.
    fn function_of_a_sum(&self) -> Result<Option<(SpectralLaw, Vec<Singularity>)>> {
        if self.route != Route::Automatic || self.laws.len() < 2 {
            return Ok(None);
        }
        let Some((outer, inner)) = outer_and_inner(self.polynomial()) else { return Ok(None) };
        let sum = self.with_polynomial(inner)?.to_law()?;
        let variable = Polynomial::from(Variable::new("t")?);
        let powers = outer.iter().enumerate();
        let outer = powers.fold(Polynomial::default(), |p, (k, c)| p + variable.pow(k as u32) * *c);
        Self::new(outer, &[("t", sum)])?.solved().map(Some)
    }

    /// Laws that need no operator-valued equation, or a smaller one, unless a route is asked for: polynomials in two
    /// variables with two values each, sums, and polynomials in powers of a variable.
    fn closed_form(&self, moments: [f64; 4]) -> Option<Result<(SpectralLaw, Vec<Singularity>)>> {
        let laws = self.reduced_laws();
        let two_valued = |law: &Law| law.is_discrete() && law.point_masses().len() == 2;
        match laws.as_slice() {
            _ if self.route != Route::Automatic => None,
            [one, two] if two_valued(one) && two_valued(two) => {
                let [first, second] =
                    [&self.linearization.variables()[0], &self.linearization.variables()[1]];
                let value_at = |numbers: &[f64]| self.value_at(numbers);
                let variables = [(first, *one), (second, *two)];
                Some(projections::law(&self.reduced, variables, value_at, moments))
            }
            laws if self.reduced.degree() == 1 => Some(self.sum(laws)),
            _ => match self.in_powers() {
                Ok(Some(simpler)) => Some(simpler.solved()),
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            },
        }
    }

    /// A polynomial in one variable.
    ///
    /// It is measured from where it is flattest inside the support, so that values next to that one are known to
    /// the last digit.
    fn image(&self, law: &Law) -> Result<(SpectralLaw, Vec<Singularity>)> {
        let polynomial = self.in_one_variable(0, &[0.0]);
        let inside = |x: &f64| law.spectral().support().iter().any(|[low, high]| low <= x && x <= high);
        let critical = polynomial.derivative().real_roots().into_iter().filter(inside);
        let flattest = critical.max_by_key(|&x| polynomial.flatness(x));
        let center = flattest.unwrap_or(0.0);
        let value = polynomial.at(center);
        let (law, polynomial) = (law.affine(1.0, -center)?, polynomial.around(center));
        if polynomial.degree() == 1 {
            let image = law.affine(polynomial.coefficient(1), value)?;
            return Ok((image.spectral().clone(), image.singularities()));
        }
        let moments = [1, 2, 3, 4].map(|k| law.spectral().integrate(|x| polynomial.at(x).powi(k)));
        let image = ImageTransform::new(Relation::Value(polynomial), &law, 1.0, Vec::new(), moments);
        moved((SpectralLaw::build(&image)?, image.singularities()), value)
    }

    /// A polynomial of degree 1 by free convolution.
    fn sum(&self, laws: &[&Law]) -> Result<(SpectralLaw, Vec<Singularity>)> {
        let mut sum = Law::atoms(&[(0.0, 1.0)])?;
        for (variable, law) in self.linearization.variables().iter().zip(laws) {
            let scale = self.reduced.coefficient(std::slice::from_ref(variable)).re;
            sum = sum.plus(&law.affine(scale, 0.0)?)?;
        }
        // Last, so that a large constant costs no digits before.
        let sum = sum.affine(1.0, self.reduced.coefficient(&[]).re)?;
        Ok((sum.spectral().clone(), sum.singularities()))
    }

    fn by_equation(&self) -> Result<(SpectralLaw, Vec<Singularity>)> {
        let transform = self.transform()?;
        let singularities = transform.singularities();
        // Points next to a singular one are only known to rounding, and the unknowns there do not follow powers,
        // unless all that they are measured from is 0.
        let regular = |candidate: &Candidate| {
            let here = |singularity: &&Singularity| singularity.location() == candidate.value;
            matches!(singularities.iter().find(here), Some(Singularity::Pole(_)))
        };
        let off_center = |candidate: &Candidate| {
            candidate.value != 0.0 || candidate.numbers.iter().any(|number| *number != 0.0)
        };
        let mut centers = self.candidates();
        centers.retain(|candidate| off_center(candidate) && !regular(candidate));
        let Some(center) = centers.iter().max_by(|a, b| a.mass.total_cmp(&b.mass)) else {
            return Ok((SpectralLaw::build(&transform)?, singularities));
        };
        let transform = self.around(center.value, &center.numbers)?.transform()?;
        moved((SpectralLaw::build(&transform)?, transform.singularities()), center.value)
    }
}

/// A law with its singular points, moved by a number.
fn moved(
    (spectral, singularities): (SpectralLaw, Vec<Singularity>),
    by: f64,
) -> Result<(SpectralLaw, Vec<Singularity>)> {
    let singularities = singularities.into_iter().map(|at| at.affine(1.0, by)).collect();
    Ok((spectral.affine(1.0, by)?, singularities))
}

/// A polynomial `q` in one variable, by coefficients, and a linear combination `l` of several with `p = q(l)`, if
/// `p` has this form and a degree of at least 2.
fn outer_and_inner(polynomial: &Polynomial) -> Option<(Vec<f64>, Polynomial)> {
    let (variables, degree) = (polynomial.occurring(), polynomial.degree());
    let first = variables.first()?;
    let coefficient =
        |word: &[Variable]| Some(polynomial.coefficient(word)).filter(|c| c.im == 0.0).map(|c| c.re);
    let leading = coefficient(&vec![first.clone(); degree]).filter(|c| *c != 0.0)?;
    if degree < 2 {
        return None;
    }
    let mut inner = Polynomial::default();
    for variable in &variables {
        let word = [vec![variable.clone()], vec![first.clone(); degree - 1]].concat();
        let share = if variable == first { 1.0 } else { coefficient(&word)? / leading };
        inner = inner + Polynomial::from(variable.clone()) * share;
    }
    let outer: Vec<f64> =
        (0..=degree).map(|k| coefficient(&vec![first.clone(); k])).collect::<Option<_>>()?;
    let (mut power, mut composed) = (Polynomial::constant(1.0), Polynomial::default());
    for c in &outer {
        composed = composed + &power * *c;
        power = power * &inner;
    }
    let scale = polynomial.terms().fold(0.0f64, |m, (_, c)| m.max(c.norm()));
    let same = (composed - polynomial).terms().all(|(_, c)| c.norm() <= SAME_COEFFICIENT * scale);
    same.then_some((outer, inner))
}
