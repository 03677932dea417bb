//! Sums of polynomials in different variables, which are free: additive convolution of their laws.

use super::{Solved, moved};
use crate::error::Result;
use crate::free::Law;
use crate::polynomial::FreePolynomial;
use crate::polynomial::algebra::{Polynomial, Variable};

/// Variance, relative to the second moment, below which a part is measured from its mean.
const NARROW: f64 = 1e-6;

/// The law of the sum.
pub(super) fn law(model: &FreePolynomial, polynomial: &Polynomial) -> Result<Option<Solved>> {
    let parts = parts(polynomial);
    if parts.len() < 2 {
        return Ok(None);
    }
    let (mut sum, mut shift) = (None::<Law>, polynomial.coefficient(&[]).re);
    for part in parts {
        let mut law = model.with_polynomial(part)?.to_law()?;
        let mean = law.mean();
        if law.variance() < NARROW * mean * mean {
            shift += mean;
            law = law.affine(1.0, -mean)?;
        }
        sum = Some(match sum {
            Some(sum) => sum.plus(&law)?,
            None => law,
        });
    }
    let Some(sum) = sum else { return Ok(None) };
    // Last, so that a large constant costs no digits before.
    moved((sum.spectral().clone(), sum.singularities()), shift).map(Some)
}

/// The parts, without the constant, that have no variable in common.
fn parts(polynomial: &Polynomial) -> Vec<Polynomial> {
    let mut parts: Vec<(Vec<Variable>, Polynomial)> = Vec::new();
    for (word, coefficient) in polynomial.terms().filter(|(word, _)| !word.is_empty()) {
        let mut letters = word.to_vec();
        let mut part = Polynomial::monomial(word.to_vec(), coefficient);
        let (touched, others) =
            parts.into_iter().partition(|(variables, _)| variables.iter().any(|v| word.contains(v)));
        parts = others;
        let touched: Vec<(Vec<Variable>, Polynomial)> = touched;
        for (variables, other) in touched {
            letters.extend(variables);
            part = part + other;
        }
        letters.sort();
        letters.dedup();
        parts.push((letters, part));
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::polynomial::rules::tests::assert_law_of_equation;

    #[test]
    fn parts_have_no_variable_in_common() {
        let polynomial: Polynomial = "2 + x*y + y*x + z^2 - x + w*v*w + v".parse().unwrap();
        let mut found: Vec<String> = parts(&polynomial).iter().map(ToString::to_string).collect();
        found.sort();
        assert_eq!(found, ["-x + x*y + y*x", "v + w*v*w", "z^2"]);
    }

    /// Against the equation for the whole.
    #[test]
    fn a_sum_of_parts_has_the_law_of_the_equation() {
        let laws = [
            ("x", Law::semicircle(1.0).unwrap()),
            ("y", Law::marchenko_pastur(0.5).unwrap()),
            ("z", Law::semicircle(0.5).unwrap()),
        ];
        let model = FreePolynomial::new("x*y + y*x + z".parse().unwrap(), &laws).unwrap();
        assert_law_of_equation(law, &model);
    }
}
