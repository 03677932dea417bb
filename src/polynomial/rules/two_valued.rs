//! Polynomials in two variables with two values each, which are projections up to affine maps: see
//! [`projections`](crate::polynomial::projections).

use super::Solved;
use crate::error::Result;
use crate::free::Law;
use crate::polynomial::FreePolynomial;
use crate::polynomial::algebra::Polynomial;
use crate::polynomial::projections;

/// The eigenvalues of a 2 x 2 matrix of one number.
pub(super) fn law(model: &FreePolynomial, _: &Polynomial) -> Result<Option<Solved>> {
    let two_valued = |law: &Law| law.is_discrete() && law.point_masses().len() == 2;
    let (laws, variables) = (model.reduced_laws(), model.linearization.variables());
    match (laws.as_slice(), variables) {
        ([one, two], [first, second]) if two_valued(one) && two_valued(two) && !model.is_narrow()? => {
            let value_at = |numbers: &[f64]| model.value_at(numbers);
            let variables = [(first, *one), (second, *two)];
            projections::law(&model.reduced, variables, value_at, model.first_moments()?).map(Some)
        }
        _ => Ok(None),
    }
}
