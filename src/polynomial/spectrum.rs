//! From a polynomial to its spectrum: the shortest way that its variables allow.

use super::candidates::Candidate;
use super::image::ImageTransform;
use super::model::{FreePolynomial, Route};
use super::projections;
use super::relation::Relation;
use crate::error::Result;
use crate::free::{Law, Solved};
use crate::law::{CauchyTransform, Singularity, SpectralLaw};
use crate::population::Atom;

/// Variance, relative to the squares that it is the difference of, that counts as none.
const NO_VARIANCE: f64 = 1e-13;

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
            [law] => Some(self.image(law)),
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
        let center = flattest.filter(|&x| polynomial.flatness(x) > 1).unwrap_or(0.0);
        let value = polynomial.at(center);
        let centered = self.around(value, &[center])?;
        let law = law.affine(1.0, -center)?;
        let relation = Relation::Value(polynomial.around(center));
        let image = ImageTransform::new(relation, &law, 1.0, Vec::new(), centered.first_moments());
        let moved = image.singularities().into_iter().map(|at| at.affine(1.0, value)).collect();
        Ok((SpectralLaw::build(&image)?.affine(1.0, value)?, moved))
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
}
