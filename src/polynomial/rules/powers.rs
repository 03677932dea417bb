//! Polynomials in powers of a variable, which is replaced by that power, a variable of another law, unless its own law
//! gives the equation an R-transform.

use super::Solved;
use crate::error::Result;
use crate::polynomial::FreePolynomial;
use crate::polynomial::algebra::Polynomial;

/// The law of the polynomial in the powers.
pub(super) fn law(model: &FreePolynomial, _: &Polynomial) -> Result<Option<Solved>> {
    if model.is_narrow()? {
        return Ok(None);
    }
    model.in_powers()?.map(|simpler| simpler.solved()).transpose()
}
