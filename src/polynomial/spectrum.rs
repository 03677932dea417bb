//! From a polynomial to its spectrum: the shortest way that its variables allow.

use super::algebra::Variable;
use super::candidates::Candidate;
use super::channel::Unknown;
use super::equation::PolynomialEquation;
use super::image::ImageTransform;
use super::model::{FreePolynomial, Route};
use super::relation::Relation;
use super::rules::{self, Solved, moved};
use crate::error::Result;
use crate::free::{Law, Solved as SolvedLaw};
use crate::law::{CauchyTransform, EquationTransform, Singularity, SpectralLaw};
use crate::population::Atom;

/// Variance, relative to the second moment, below which a law is measured from its mean.
const NARROW: f64 = 1e-6;

/// Further points that variables are measured from where the first does not lead to a law.
const OTHERS: usize = 2;

/// Evaluations of the map that are spent on each of them.
const BRIEF: usize = 30_000;

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
        Ok(SolvedLaw::new(spectral, singularities).into_law())
    }

    pub(super) fn solved(&self) -> Result<Solved> {
        if let Some(solved) = self.of_numbers() {
            return solved;
        }
        if let [law] = self.reduced_laws().as_slice() {
            return self.image(law);
        }
        match self.by_rules() {
            Ok(Some(solved)) => return Ok(solved),
            Ok(None) => {}
            // The equation for the whole may still do; if not, what went wrong on the shorter way is the reason.
            Err(error) => return self.by_equation().map_err(|_| error),
        }
        if !self.is_narrow()? {
            return self.by_equation();
        }
        // Too narrow to be told from a point where it is: measured from its mean, in variables that are measured
        // from theirs.
        let [mean, ..] = self.first_moments()?;
        let means: Vec<f64> = self.reduced_laws().into_iter().map(Law::mean).collect();
        let centered = self.around(mean, &means)?;
        if centered.is_rounding(centered.moments(2)[1].abs().sqrt()) {
            return Ok((SpectralLaw::discrete(&[Atom { location: mean, mass: 1.0 }])?, Vec::new()));
        }
        centered.first_moments()?;
        let solved = match centered.by_rules()? {
            Some(solved) => solved,
            None => centered.by_equation()?,
        };
        moved(solved, mean)
    }

    /// By a shorter way than the equation, if there is one and no route is asked for.
    fn by_rules(&self) -> Result<Option<Solved>> {
        if self.route == Route::Automatic { rules::apply(self) } else { Ok(None) }
    }

    /// Whether the law cannot be told from a point where it is.
    pub(super) fn is_narrow(&self) -> Result<bool> {
        let [mean, second, ..] = self.first_moments()?;
        Ok(second - mean * mean <= NARROW * second)
    }

    /// Whether a standard deviation is what rounding leaves of the terms that it comes from.
    fn is_rounding(&self, deviation: f64) -> bool {
        let size = |variable: &Variable| self.laws[variable].radius();
        let terms = self.polynomial().terms().filter(|(word, _)| !word.is_empty());
        let scale: f64 = terms.map(|(word, c)| c.norm() * word.iter().map(size).product::<f64>()).sum();
        deviation <= NO_DEVIATION * scale
    }

    /// Constants, and polynomials in one variable with atoms alone.
    fn of_numbers(&self) -> Option<Result<Solved>> {
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

    /// A polynomial in one variable.
    ///
    /// It is measured from where it is flattest inside the support, so that values next to that one are known to
    /// the last digit.
    fn image(&self, law: &Law) -> Result<Solved> {
        let polynomial = self.in_one_variable();
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
        let mut image = ImageTransform::new(Relation::Value(polynomial), &law, 1.0, Vec::new(), moments);
        moved((image.law()?, image.singular_values()), value)
    }

    /// By the operator-valued equation, in variables that are measured from where it is simplest.
    pub(super) fn by_equation(&self) -> Result<Solved> {
        let numbers = self.simplest_numbers();
        if numbers.iter().all(|number| *number == 0.0) {
            return self.around_centers();
        }
        let value = self.value_at(&numbers);
        moved(self.around(value, &numbers)?.around_centers()?, value)
    }

    /// For each variable 0 or an atom, from which the polynomial has the fewest terms; of several the heaviest.
    fn simplest_numbers(&self) -> Vec<f64> {
        let variables = self.linearization.variables();
        let mut numbers = vec![0.0; variables.len()];
        for (place, variable) in variables.iter().enumerate() {
            let terms = |location: f64| {
                let mut numbers = numbers.clone();
                numbers[place] = location;
                self.words_from(&numbers).len()
            };
            let atoms = self.laws[variable].point_masses().iter();
            let atoms = atoms.map(|atom| (terms(atom.location), -atom.mass, atom.location));
            let best =
                atoms.chain([(terms(0.0), 0.0, 0.0)]).min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            numbers[place] = best.map_or(0.0, |(.., location)| location);
        }
        numbers
    }

    /// By the equation around the first center from which it leads to a law; the error is that of the first of all.
    fn around_centers(&self) -> Result<Solved> {
        let (first, others) = self.centers()?;
        let walked = |center| {
            self.around_center(center, |model| {
                built(&model.transform_in(Unknown::Resolvent)?.with_evaluation_limit(BRIEF))
            })
        };
        let solved =
            self.around_center(&first, |model| by_walks_or_search(|unknown| model.transform_in(unknown)));
        solved.or_else(|error| others.iter().find_map(|center| walked(center).ok()).ok_or(error))
    }

    /// What is solved for the polynomial as it is measured from a center.
    fn around_center(&self, center: &Candidate, solve: impl Fn(&Self) -> Result<Solved>) -> Result<Solved> {
        if !center.is_off_zero() {
            return solve(self);
        }
        moved(solve(&self.around(center.value, &center.numbers)?)?, center.value)
    }

    /// Candidates that the equation may be measured from: the heaviest at which unknowns are not regular, or 0; then
    /// others.
    fn centers(&self) -> Result<(Candidate, Vec<Candidate>)> {
        let mut centers = self.candidates();
        centers.sort_by(|a, b| b.mass.total_cmp(&a.mass));
        // Points next to a singular one are only known to rounding, and the unknowns there do not follow powers,
        // unless all that they are measured from is 0.
        let mut first = None;
        if centers.iter().any(Candidate::is_off_zero) {
            let singularities = self.transform()?.singularities();
            let regular = |candidate: &Candidate| {
                let here = |singularity: &&Singularity| singularity.location() == candidate.value;
                matches!(singularities.iter().find(here), Some(Singularity::Pole(_)))
            };
            first = centers.iter().position(|candidate| candidate.is_off_zero() && !regular(candidate));
        }
        let zero = || Candidate::zero(self.linearization.variables().len());
        let first = first.map_or_else(zero, |place| centers.remove(place));
        centers.retain(|other| other.numbers != first.numbers);
        centers.truncate(OTHERS);
        Ok((first, centers))
    }
}

/// A law by walks along its real solutions; where they do not lead to it, by the search for edges from inside of the support,
/// whose error it is if that fails too.
pub(super) fn by_walks_or_search(
    transform: impl Fn(Unknown) -> Result<EquationTransform<PolynomialEquation>>,
) -> Result<Solved> {
    let law = |unknown| built(&transform(unknown)?);
    law(Unknown::Resolvent).or_else(|_| law(Unknown::Subordination))
}

/// The law of a transform with its singular points.
fn built(transform: &EquationTransform<PolynomialEquation>) -> Result<Solved> {
    Ok((SpectralLaw::build(transform)?, transform.singularities()))
}
