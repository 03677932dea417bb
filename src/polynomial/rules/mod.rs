//! Shorter ways to the law of a polynomial than an equation for all of it: an ordered list of rules.
//!
//! A rule that recognises a polynomial gives its law in terms of those of simpler ones. With an empty list every law
//! that the equation can be solved for still comes out, only more slowly. Where a rule fails the equation is tried, and the
//! error is that of the rule if that fails, too. What a rule gives is checked against the exact
//! moments of the whole polynomial.

mod composition;
mod conjugation;
mod modulus;
mod parts;
mod powers;
mod signs;
mod two_valued;

use num_complex::Complex64;

use super::algebra::{Polynomial, Variable, Word};
use super::model::FreePolynomial;
use super::moments;
use crate::error::{Error, Result};
use crate::law::{Certificate, Singularity, SpectralLaw};

/// A law with its singular points.
pub(super) type Solved = (SpectralLaw, Vec<Singularity>);

/// The law of a polynomial in the variables of a model, if the rule applies.
type Rule = fn(&FreePolynomial, &Polynomial) -> Result<Option<Solved>>;

const RULES: [Rule; 7] =
    [composition::law, two_valued::law, signs::law, parts::law, conjugation::law, modulus::law, powers::law];

/// Work on the exact moments, see [`moments::work`], up to which they are compared: a fraction of a second.
const MOST_WORK: f64 = 1e8;

/// Order of free cumulants of a variable, which are differences of larger numbers, up to which moments are exact.
const MOST_CUMULANTS: usize = 16;

/// Difference of coefficients, relative to the largest, that rounding makes.
const SAME_COEFFICIENT: f64 = 1e-13;

/// By the first rule that applies to the polynomial as it is written or else as it is reduced.
///
/// # Errors
/// Those on the way, and [`Error::NotCertified`] if the moments of the law are not those of the polynomial.
pub(super) fn apply(model: &FreePolynomial) -> Result<Option<Solved>> {
    let written = [model.polynomial(), &model.reduced];
    for polynomial in &written[..if written[0] == written[1] { 1 } else { 2 }] {
        for rule in RULES {
            if let Some(solved) = rule(model, polynomial)? {
                check(model, &solved.0)?;
                return Ok(Some(solved));
            }
        }
    }
    Ok(None)
}

fn check(model: &FreePolynomial, law: &SpectralLaw) -> Result<()> {
    let cumulants = moments::cumulants_needed(model.polynomial(), 4).into_values().max().unwrap_or(0);
    if moments::work(model.polynomial(), 4) > MOST_WORK || cumulants > MOST_CUMULANTS {
        return Ok(());
    }
    for (k, expected) in (1..).zip(model.moments(4)) {
        let (found, size) = (law.moment(k), law.integrate(|x| x.abs().powi(k)));
        let tolerance = Certificate::VARIANCE_TOLERANCE * size.max(f64::MIN_POSITIVE);
        if expected.is_finite() && (found - expected).abs() > tolerance {
            return Err(Error::NotCertified { quantity: "moment", found, expected, tolerance });
        }
    }
    Ok(())
}

/// A polynomial times a number of modulus 1 that makes it self-adjoint, and the number, if there is one.
fn made_self_adjoint(polynomial: &Polynomial) -> Option<(Polynomial, Complex64)> {
    let (word, coefficient) = leading(polynomial, 0.0)?;
    let turn = (polynomial.adjoint().coefficient(&word) / coefficient).sqrt();
    if (turn.norm() - 1.0).abs() > SAME_COEFFICIENT {
        return None;
    }
    let turned = polynomial * turn;
    let symmetric = 0.5 * &turned + 0.5 * turned.adjoint();
    (largest(&(&turned - &symmetric)) <= SAME_COEFFICIENT * largest(&turned)).then_some((symmetric, turn))
}

/// The largest word with its coefficient, if that is larger than rounding.
fn leading(polynomial: &Polynomial, rounding: f64) -> Option<(Word, Complex64)> {
    let terms = polynomial.terms().filter(|(_, c)| c.norm() > rounding);
    let longer = |a: &[Variable], b: &[Variable]| (a.len(), a).cmp(&(b.len(), b));
    let (word, coefficient) = terms.max_by(|(a, _), (b, _)| longer(a, b))?;
    (!word.is_empty()).then(|| (word.to_vec(), coefficient))
}

/// The largest coefficient in absolute value.
fn largest(polynomial: &Polynomial) -> f64 {
    polynomial.terms().fold(0.0f64, |m, (_, c)| m.max(c.norm()))
}

/// A law with its singular points, moved by a number.
pub(super) fn moved((spectral, singularities): Solved, by: f64) -> Result<Solved> {
    let singularities = singularities.into_iter().map(|at| at.affine(1.0, by)).collect();
    Ok((spectral.affine(1.0, by)?, singularities))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds the law that a rule gives against that of the equation.
    pub(super) fn assert_law_of_equation(rule: Rule, model: &FreePolynomial) {
        let (by_rule, _) = rule(model, model.polynomial()).unwrap().unwrap();
        let (by_equation, _) = model.by_equation().unwrap();
        for k in 1..12 {
            let p = f64::from(k) / 12.0;
            let x = by_equation.quantile(p).unwrap();
            assert!((by_rule.cdf(x) - p).abs() < 1e-9, "{}: {p}", model.polynomial());
        }
    }
}
