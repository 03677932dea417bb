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

/// Linear coefficients that are none, relative to the largest coefficient.
const FLAT: f64 = 1e-12;

/// Difference of masses at which an atom is taken for that of joint eigenvectors.
const EXPLAINED: f64 = 1e-4;

/// Most joint values of atoms that are looked at.
const MOST_CANDIDATES: usize = 64;

/// Variance, relative to the squares that it is the difference of, that counts as none.
const NO_VARIANCE: f64 = 1e-13;

/// A value of the polynomial at numbers in place of its variables.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) value: f64,
    pub(super) numbers: Vec<f64>,
    /// Masses of atoms of the variables at these numbers, with `n - 1` taken off: if that is positive, an atom of
    /// at least this mass is here.
    pub(super) mass: f64,
    /// The number of variables in which the polynomial is stationary there.
    flatness: usize,
}

impl Candidate {
    /// The mass of joint eigenvectors for a numerical one that it explains.
    pub(super) fn exact(&self, mass: f64) -> f64 {
        if self.mass > 0.0 && (mass - self.mass).abs() < EXPLAINED { self.mass } else { mass }
    }
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
            [law] => Some(self.image(law, moments)),
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

    /// A polynomial in one variable.
    fn image(&self, law: &Law, moments: [f64; 4]) -> Result<(SpectralLaw, Vec<Singularity>)> {
        let constant = self.reduced.coefficient(&[]).re;
        if constant != 0.0 {
            // Without it, values next to that at 0 are known to the last digit.
            let centered = self.around(constant, &[0.0])?;
            let (spectral, singularities) = centered.image(law, centered.first_moments())?;
            let moved = singularities.into_iter().map(|at| at.affine(1.0, constant)).collect();
            return Ok((spectral.affine(1.0, constant)?, moved));
        }
        let relation = Relation::Value(self.in_one_variable());
        let image = ImageTransform::new(relation, law, 1.0, Vec::new(), moments);
        Ok((SpectralLaw::build(&image)?, image.singularities()))
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
        let transform = self.around(center.value, &center.numbers)?.transform()?;
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

    /// The number that stands for a variable.
    pub(super) fn number(&self, variable: &Variable, numbers: &[f64]) -> f64 {
        let variables = self.linearization.variables();
        variables.iter().position(|other| other == variable).map_or(0.0, |place| numbers[place])
    }

    /// The polynomial with numbers in place of its variables, in their order.
    fn value_at(&self, numbers: &[f64]) -> f64 {
        let number = |variable: &Variable| self.number(variable, numbers);
        let terms = self.reduced.terms();
        terms.map(|(word, coefficient)| coefficient.re * word.iter().map(number).product::<f64>()).sum()
    }

    /// The number of variables without a linear term when all are measured from the given numbers.
    fn flatness_at(&self, numbers: &[f64]) -> usize {
        let variables = self.linearization.variables();
        let shifted = self.reduced.shifted(|variable| self.number(variable, numbers));
        let scale = shifted.terms().fold(0.0f64, |m, (_, coefficient)| m.max(coefficient.norm()));
        let flat = |variable: &&Variable| {
            shifted.coefficient(std::slice::from_ref(*variable)).norm() <= FLAT * scale
        };
        variables.iter().filter(flat).count()
    }

    /// Where an atom or a singular point may be, in increasing order.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let laws = self.reduced_laws();
        let mut joint: Vec<(Vec<f64>, f64)> = vec![(Vec::new(), 1.0)];
        for law in &laws {
            let mut special = law.point_masses().to_vec();
            // Where there is no atom, products feel the eigenvalues next to 0, and polynomials those next to a
            // point where the law is singular.
            let [low, high] = law.spectral().range();
            let zero = [0.0].into_iter().filter(|_| low <= 0.0 && 0.0 <= high);
            let singular = law.singularities().into_iter().map(Singularity::location);
            for location in zero.chain(singular.filter(|at| low <= *at && *at <= high)) {
                if special.iter().all(|atom| atom.location != location) {
                    special.push(Atom { location, mass: 0.0 });
                }
            }
            let mut next = Vec::new();
            for (numbers, mass) in &joint {
                for atom in &special {
                    let mass = mass + atom.mass - 1.0;
                    if mass > TRACE && next.len() < MOST_CANDIDATES {
                        next.push(([numbers.as_slice(), &[atom.location]].concat(), mass));
                    }
                }
            }
            joint = next;
        }
        let candidate = |(numbers, mass): (Vec<f64>, f64)| {
            let (value, flatness) = (self.value_at(&numbers), self.flatness_at(&numbers));
            Candidate { value, numbers, mass, flatness }
        };
        joint.push((vec![0.0; laws.len()], TRACE));
        let mut candidates: Vec<Candidate> = joint.into_iter().map(candidate).collect();
        // Values that agree up to rounding are one: that where the polynomial is flattest, then the heaviest.
        // Atoms add up.
        candidates.sort_by(|a, b| a.value.total_cmp(&b.value));
        candidates.dedup_by(|next, kept| {
            let same = (next.value - kept.value).abs() <= 1e-12 * kept.value.abs().max(1.0);
            if same {
                let (both, heavier) = (next.mass.max(0.0) + kept.mass.max(0.0), next.mass.max(kept.mass));
                if (next.flatness, next.mass) > (kept.flatness, kept.mass) {
                    std::mem::swap(next, kept);
                }
                kept.mass = if both > 0.0 { both } else { heavier };
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
