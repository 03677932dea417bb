//! From a polynomial to its spectrum: the shortest way that its variables allow.

use super::algebra::Variable;
use super::image::ImageTransform;
use super::model::{FreePolynomial, Route};
use super::projections;
use super::real_polynomial::RealPolynomial;
use super::relation::Relation;
use crate::error::Result;
use crate::free::{Law, Solved};
use crate::law::{CauchyTransform, Singularity, SpectralLaw};
use crate::population::Atom;

/// Masses of atoms of all variables that, with `n - 1` taken off, leave a trace next to the support.
const TRACE: f64 = -0.55;

/// Most joint values of atoms that are looked at.
const MOST_CANDIDATES: usize = 64;

/// Variance, relative to the squares that it is the difference of, that counts as none.
const NO_VARIANCE: f64 = 1e-13;

/// A value of the polynomial at numbers in place of its variables.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) value: f64,
    pub(super) numbers: Vec<f64>,
    /// Masses of atoms of the variables at these numbers, with `n - 1` taken off.
    mass: f64,
}

impl FreePolynomial {
    /// The law of the polynomial.
    ///
    /// # Errors
    /// [`crate::Error::NotConverged`] or [`crate::Error::NotCertified`] if the law cannot be computed to its
    /// tolerance.
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
        let moments = self.first_moments();
        let no_variance = moments[1] - moments[0] * moments[0] <= NO_VARIANCE * moments[1];
        if no_variance || self.reduced.degree() == 0 {
            return Ok((SpectralLaw::discrete(&[Atom { location: moments[0], mass: 1.0 }])?, Vec::new()));
        }
        self.closed_form(moments).unwrap_or_else(|| self.by_equation())
    }

    /// Laws that need no operator-valued equation: images of the law of one variable, and, unless a route is asked
    /// for, polynomials in two variables with two values each, and sums.
    fn closed_form(&self, moments: [f64; 4]) -> Option<Result<(SpectralLaw, Vec<Singularity>)>> {
        let laws = self.reduced_laws();
        let two_valued = |law: &Law| law.spectral().support().is_empty() && law.point_masses().len() == 2;
        match laws.as_slice() {
            [law] if law.spectral().support().is_empty() => {
                let image = |atom: &Atom| Atom { location: self.value_at(&[atom.location]), mass: atom.mass };
                let atoms: Vec<Atom> = law.point_masses().iter().map(image).collect();
                Some(SpectralLaw::discrete(&atoms).map(|law| (law, Vec::new())))
            }
            [law] if self.reduced.degree() == 1 => Some(self.sum(&[law])),
            [law] => {
                let relation = Relation::Value(self.in_one_variable());
                let image = ImageTransform::new(relation, law, 1.0, Vec::new(), moments);
                Some(SpectralLaw::build(&image).map(|law| (law, image.singularities())))
            }
            _ if self.route != Route::Automatic => None,
            [one, two] if two_valued(one) && two_valued(two) => {
                let [first, second] =
                    [&self.linearization.variables()[0], &self.linearization.variables()[1]];
                let value_at = |numbers: &[f64]| self.value_at(numbers);
                let variables = [(first, *one), (second, *two)];
                Some(projections::law(&self.reduced, variables, value_at, moments))
            }
            laws if self.reduced.degree() == 1 => Some(self.sum(laws)),
            _ => None,
        }
    }

    /// A polynomial of degree 1 by free convolution.
    fn sum(&self, laws: &[&Law]) -> Result<(SpectralLaw, Vec<Singularity>)> {
        let mut sum: Option<Law> = None;
        for (variable, law) in self.linearization.variables().iter().zip(laws) {
            let term = law.affine(self.reduced.coefficient(std::slice::from_ref(variable)).re, 0.0)?;
            sum = Some(match sum {
                Some(sum) => sum.plus(&term)?,
                None => term,
            });
        }
        let constant = self.reduced.coefficient(&[]).re;
        let law = match sum {
            Some(sum) => sum.affine(1.0, constant)?,
            None => Law::atoms(&[(constant, 1.0)])?,
        };
        Ok((law.spectral().clone(), law.singularities()))
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
        let transform = self.around(center)?.transform()?;
        let spectral = SpectralLaw::build(&transform)?.affine(1.0, center.value)?;
        let moved = transform.singularities().into_iter().map(|at| at.affine(1.0, center.value));
        Ok((spectral, moved.collect()))
    }

    /// The polynomial of a single variable as one in a real number.
    fn in_one_variable(&self) -> RealPolynomial {
        let mut coefficients = vec![0.0; self.reduced.degree() + 1];
        for (word, coefficient) in self.reduced.terms() {
            coefficients[word.len()] += coefficient.re;
        }
        RealPolynomial::new(coefficients)
    }

    /// The polynomial with numbers in place of its variables, in their order.
    fn value_at(&self, numbers: &[f64]) -> f64 {
        let variables = self.linearization.variables();
        let number = |variable: &Variable| {
            variables.iter().position(|other| other == variable).map_or(0.0, |place| numbers[place])
        };
        let terms = self.reduced.terms();
        terms.map(|(word, coefficient)| coefficient.re * word.iter().map(number).product::<f64>()).sum()
    }

    /// Where an atom or a singular point may be, in increasing order.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let laws = self.reduced_laws();
        let mut joint: Vec<(Vec<f64>, f64)> = vec![(Vec::new(), 1.0)];
        for law in &laws {
            // Next to 0 a variable without an atom there still has eigenvalues, which products feel.
            let [low, high] = law.spectral().range();
            let has_kernel = law.point_masses().iter().any(|atom| atom.location == 0.0);
            let zero =
                (low <= 0.0 && 0.0 <= high && !has_kernel).then_some(Atom { location: 0.0, mass: 0.0 });
            let mut next = Vec::new();
            for (numbers, mass) in &joint {
                for atom in law.point_masses().iter().copied().chain(zero) {
                    let mass = mass + atom.mass - 1.0;
                    if mass > TRACE && next.len() < MOST_CANDIDATES {
                        next.push(([numbers.as_slice(), &[atom.location]].concat(), mass));
                    }
                }
            }
            joint = next;
        }
        let constant = self.reduced.coefficient(&[]).re;
        let mut candidates = vec![Candidate { value: constant, numbers: vec![0.0; laws.len()], mass: TRACE }];
        candidates.extend(joint.into_iter().map(|(numbers, mass)| Candidate {
            value: self.value_at(&numbers),
            numbers,
            mass,
        }));
        // Values that agree up to rounding are one; the heaviest stands for it.
        candidates.sort_by(|a, b| a.value.total_cmp(&b.value));
        candidates.dedup_by(|next, kept| {
            let same = (next.value - kept.value).abs() <= 1e-12 * kept.value.abs().max(1.0);
            if same && next.mass > kept.mass {
                std::mem::swap(next, kept);
            }
            same
        });
        candidates
    }

    /// Points that are likely to be inside the support: the polynomial at the means of the variables.
    pub(super) fn landmarks(&self) -> Vec<f64> {
        vec![self.value_at(&self.reduced_laws().into_iter().map(Law::mean).collect::<Vec<f64>>())]
    }
}
