//! Polynomials in a free sign `s`, with the values 1 and -1 of the same mass, and other variables `x`, where every word has
//! an even number of factors `s`, or every word an odd one.
//!
//! `x' = s x s` has the law of `x` and is free from it. Even words are words in all `x` and `x'`; odd ones are such words
//! times `s`, `p = q s`. If `q` is self-adjoint, up to a factor of modulus 1, then `p^2 = q^2`, and as the law of `p` is
//! symmetric, like that of `s`, it is half that of `q` and half that of `-q`: the anticommutator `x s + s x` has the law of
//! the sum `x + x'`, made symmetric, and `i (x s - s x)` that of the difference.

use std::collections::BTreeMap;

use super::{Solved, made_self_adjoint};
use crate::error::Result;
use crate::free::Law;
use crate::polynomial::FreePolynomial;
use crate::polynomial::algebra::{Polynomial, Variable, Word};
use crate::polynomial::image::ImageTransform;
use crate::polynomial::real_polynomial::RealPolynomial;
use crate::polynomial::relation::Relation;

/// The law without the sign.
pub(super) fn law(model: &FreePolynomial, polynomial: &Polynomial) -> Result<Option<Solved>> {
    let variables = polynomial.occurring();
    let mut signs =
        variables.iter().filter_map(|variable| Some((variable, size_of_sign(&model.laws[variable])?)));
    let (Some((sign, size)), None) = (signs.next(), signs.next()) else { return Ok(None) };
    let Some(Unsigned { polynomial, odd, laws }) = unsigned(model, polynomial, sign, size) else {
        return Ok(None);
    };
    if variables.len() < 2 || model.is_narrow()? {
        return Ok(None);
    }
    let laws: Vec<(&str, Law)> = laws.iter().map(|(variable, law)| (variable.name(), law.clone())).collect();
    if !odd {
        return model.with_laws(polynomial, &laws)?.solved().map(Some);
    }
    let Some((factor, _)) = made_self_adjoint(&polynomial) else { return Ok(None) };
    let factor = model.with_laws(factor, &laws)?.to_law()?;
    // The eigenvalues of [0 t; t 0].
    let [trace, determinant] = [vec![0.0], vec![0.0, 0.0, -1.0]].map(RealPolynomial::new);
    let relation = Relation::Eigenvalues { trace, determinant };
    let mut image = ImageTransform::new(relation, &factor, 0.5, Vec::new(), model.first_moments()?);
    let singularities = image.singular_values();
    Ok(Some((image.law()?, singularities)))
}

/// The value of a sign, up to a factor.
fn size_of_sign(law: &Law) -> Option<f64> {
    match law.point_masses() {
        [low, high] if law.is_discrete() && low.location == -high.location && low.mass == high.mass => {
            Some(high.location)
        }
        _ => None,
    }
}

/// A polynomial without its sign.
struct Unsigned {
    /// `q`.
    polynomial: Polynomial,
    /// Whether a factor of the sign is missing.
    odd: bool,
    /// The laws of the variables and their conjugates.
    laws: BTreeMap<Variable, Law>,
}

fn unsigned(model: &FreePolynomial, polynomial: &Polynomial, sign: &Variable, size: f64) -> Option<Unsigned> {
    let mut laws = BTreeMap::new();
    let mut conjugates = BTreeMap::new();
    let variables = polynomial.occurring();
    for variable in variables.iter().filter(|variable| *variable != sign) {
        let mut name = format!("{}_", variable.name());
        while variables.iter().any(|other| other.name() == name) {
            name.push('_');
        }
        let conjugate = Variable::new(&name).ok()?;
        for twin in [variable, &conjugate] {
            laws.insert(twin.clone(), model.laws[variable].clone());
        }
        conjugates.insert(variable, conjugate);
    }
    let (mut without, mut parity) = (Polynomial::default(), None);
    for (word, coefficient) in polynomial.terms() {
        let (mut odd, mut letters) = (false, Word::new());
        for letter in word {
            match conjugates.get(letter) {
                None => odd = !odd,
                Some(conjugate) => letters.push(if odd { conjugate.clone() } else { letter.clone() }),
            }
        }
        if *parity.get_or_insert(odd) != odd {
            return None;
        }
        let factors = word.len() - letters.len();
        without = without + Polynomial::monomial(letters, coefficient * size.powi(factors as i32));
    }
    Some(Unsigned { polynomial: without, odd: parity?, laws })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::polynomial::rules::tests::assert_law_of_equation;

    /// Against the equation, for which the sign is a variable like others.
    #[test]
    fn signs_are_taken_out() {
        let laws = [
            ("x", Law::marchenko_pastur(0.5).unwrap()),
            ("s", Law::atoms(&[(-2.0, 0.5), (2.0, 0.5)]).unwrap()),
        ];
        for text in ["x*s + s*x", "i*(x*s - s*x)", "x + s*x*s", "x*s*x*s + s*x*s*x + 2*x^2 + 2*s*x^2*s + 1"] {
            assert_law_of_equation(law, &FreePolynomial::new(text.parse().unwrap(), &laws).unwrap());
        }
    }

    #[test]
    fn other_words_keep_their_sign() {
        let laws = [("x", Law::semicircle(1.0).unwrap()), ("s", Law::bernoulli().unwrap())];
        for text in ["x*s*x + x", "x*s*x", "x^2*s + s*x^2 + x*s*x + x"] {
            let model = FreePolynomial::new(text.parse().unwrap(), &laws).unwrap();
            assert!(law(&model, model.polynomial()).unwrap().is_none(), "{text}");
        }
    }
}
