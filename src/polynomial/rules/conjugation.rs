//! Polynomials `p = q r q^* + c` with `r` in other variables than `q`.
//!
//! `q r q^*` has the moments of `(q^* q)^(1/2) r (q^* q)^(1/2)`, as the state is a trace: its law is the free
//! multiplicative convolution of those of `q^* q` and `r`.

use std::collections::BTreeMap;

use num_complex::Complex64;

use super::{SAME_COEFFICIENT, Solved, largest, moved};
use crate::error::Result;
use crate::polynomial::FreePolynomial;
use crate::polynomial::algebra::{Polynomial, Variable, Word};

/// Most variables whose subsets are tried.
const MOST_VARIABLES: usize = 6;

/// The law of the product.
pub(super) fn law(model: &FreePolynomial, polynomial: &Polynomial) -> Result<Option<Solved>> {
    let variables = polynomial.occurring();
    if !(2..=MOST_VARIABLES).contains(&variables.len()) {
        return Ok(None);
    }
    let inner = |mask: usize| -> Vec<Variable> {
        variables.iter().enumerate().filter(|(k, _)| mask >> k & 1 == 1).map(|(_, v)| v.clone()).collect()
    };
    let found = (1..(1 << variables.len()) - 1).find_map(|mask| factored(polynomial, &inner(mask)));
    let Some(Factors { outer, inner, constant }) = found else { return Ok(None) };
    if model.is_narrow()? {
        return Ok(None);
    }
    let modulus = model.with_polynomial(outer.adjoint() * &outer)?.to_law()?;
    let product = modulus.times(&model.with_polynomial(inner)?.to_law()?)?;
    moved((product.spectral().clone(), product.singularities()), constant).map(Some)
}

/// `outer inner outer^* + constant`.
struct Factors {
    outer: Polynomial,
    inner: Polynomial,
    constant: f64,
}

/// The factors with the given variables for the inner one.
fn factored(polynomial: &Polynomial, inside: &[Variable]) -> Option<Factors> {
    let is_inside = |variable: &Variable| inside.contains(variable);
    // Coefficients of u m v with m inside and u, v outside, and the words that are outside as a whole.
    let (mut blocks, mut rest) = (BTreeMap::<[Word; 3], Complex64>::new(), Polynomial::default());
    for (word, coefficient) in polynomial.terms() {
        let Some(from) = word.iter().position(is_inside) else {
            rest = rest + Polynomial::monomial(word.to_vec(), coefficient);
            continue;
        };
        let to = word.iter().rposition(is_inside)? + 1;
        if !word[from..to].iter().all(is_inside) {
            return None;
        }
        blocks.insert([&word[..from], &word[from..to], &word[to..]].map(<[Variable]>::to_vec), coefficient);
    }
    let ([first, middle, last], pivot) = blocks.iter().max_by(|a, b| a.1.norm().total_cmp(&b.1.norm()))?;
    let adjoint: Word = first.iter().rev().cloned().collect();
    let (mut outer, mut inner, mut whole) =
        (Polynomial::default(), Polynomial::default(), Polynomial::default());
    for ([u, m, v], coefficient) in &blocks {
        if (m, v) == (middle, last) {
            outer = outer + Polynomial::monomial(u.clone(), coefficient / pivot);
        }
        if (u, v) == (first, &adjoint) {
            inner = inner + Polynomial::monomial(m.clone(), *coefficient);
        }
        whole = whole + Polynomial::monomial([u.as_slice(), m, v].concat(), *coefficient);
    }
    if outer.degree() == 0 {
        return None;
    }
    // The constant of the inner factor from the words that are left, all but their constant.
    let square = &outer * outer.adjoint();
    let longest = square.terms().filter(|(word, _)| !word.is_empty());
    let (word, scale) = longest.max_by(|a, b| a.1.norm().total_cmp(&b.1.norm()))?;
    inner = inner + (rest.coefficient(word) / scale).re;
    let difference = polynomial - &outer * &inner * outer.adjoint();
    let constant = difference.coefficient(&[]);
    let rounding = SAME_COEFFICIENT * largest(polynomial);
    let same = largest(&(difference - constant)) <= rounding && constant.im.abs() <= rounding;
    let inner = 0.5 * &inner + 0.5 * inner.adjoint();
    let constant = if constant.re.abs() <= rounding { 0.0 } else { constant.re };
    same.then_some(Factors { outer, inner, constant })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::free::Law;
    use crate::polynomial::rules::tests::assert_law_of_equation;

    #[test]
    fn factors_are_found() {
        for text in
            ["x*y*x", "(1 - x)*(1 - y)*(1 - x) - 2", "(x + y)*z*(x + y)", "(x + i*y)*(z^2 + w)*(x - i*y) + 1"]
        {
            let polynomial: Polynomial = text.parse().unwrap();
            let inner = [
                Variable::new(if text.contains('z') { "z" } else { "y" }).unwrap(),
                Variable::new("w").unwrap(),
            ];
            let Factors { outer, inner, constant } = factored(&polynomial, &inner).unwrap();
            let product = &outer * &inner * outer.adjoint() + constant;
            assert!(largest(&(product - &polynomial)) < 1e-13, "{text}");
        }
        for text in ["x*y + y*x", "x*y*x + y", "x*y*x*y*x", "x*y*x + x^2 + x"] {
            let inner = [Variable::new("y").unwrap()];
            assert!(factored(&text.parse().unwrap(), &inner).is_none(), "{text}");
        }
    }

    /// Against the operator-valued equation, with both signs in the middle.
    #[test]
    fn a_conjugate_has_the_law_of_the_equation() {
        let laws = [("x", Law::semicircle(1.0).unwrap()), ("y", Law::semicircle(1.0).unwrap())];
        let model = FreePolynomial::new("x*y*x".parse().unwrap(), &laws).unwrap();
        assert_law_of_equation(law, &model);
    }
}
