//! Polynomials `p = q q^* + c` or `c - q q^*`: from the symmetric law of
//!
//! ```text
//! [0 q; q^* 0],   whose square is diag(q q^*, q^* q)
//! ```
//!
//! by its equation, the image under the square. What is singular at 0 in the law of `q q^*` is then regular, as in
//! information plus noise (Dozier and Silverstein, J. Multivariate Anal. 98, 2007). As the state is a trace, both entries
//! on the diagonal of the resolvent have the same trace, which is the Cauchy transform.

use crate::polynomial::spectrum::by_walks_or_search;
use nalgebra::{DMatrix, DVector};
use num_complex::Complex64;

use super::{SAME_COEFFICIENT, Solved, largest, moved};
use crate::error::Result;
use crate::free::Solved as SolvedLaw;
use crate::polynomial::FreePolynomial;
use crate::polynomial::algebra::{Polynomial, Variable, Word};
use crate::polynomial::linearization::Linearization;
use crate::polynomial::reduction::reduced;

/// Most words of a degree that are solved for.
const MOST_WORDS: usize = 100;

/// Singular values below this, relative to the largest, are rounding.
const RANK: f64 = 1e-10;

/// The image of the symmetric law under the square.
pub(super) fn law(model: &FreePolynomial, polynomial: &Polynomial) -> Result<Option<Solved>> {
    let Some(Factored { factor, sign, constant }) = factored(polynomial) else { return Ok(None) };
    if model.is_narrow()? {
        return Ok(None);
    }
    let factor = reduced(&factor, &model.laws);
    let square = model.with_polynomial(&factor * factor.adjoint())?;
    let [second, fourth, ..] = square.first_moments()?;
    let linearization = Linearization::of_symmetrized(&factor)?;
    let moments = [0.0, second, 0.0, fourth];
    let values = square.symmetric_values(&factor, linearization.variables());
    let (symmetric, singularities) = by_walks_or_search(|unknown| {
        square.equation_transform(&linearization, unknown, moments, Vec::new(), &values)
    })?;
    let symmetric = SolvedLaw::new(symmetric, singularities).into_law();
    let t = Polynomial::from(Variable::new("t")?);
    let image = FreePolynomial::new(t.pow(2) * sign, &[("t", symmetric)])?.solved()?;
    moved(image, constant).map(Some)
}

/// `sign factor factor^* + constant`.
struct Factored {
    factor: Polynomial,
    sign: f64,
    constant: f64,
}

/// The factor: its words of the highest degree are a row of the Hermitian form of rank 1 that those of `p` make, and
/// the others, degree by degree, solve linear equations.
fn factored(polynomial: &Polynomial) -> Option<Factored> {
    let degree = polynomial.degree();
    if degree < 2 || degree % 2 == 1 {
        return None;
    }
    let half = degree / 2;
    let palindromes = polynomial
        .terms()
        .filter(|(word, _)| word.len() == degree && word[..half].iter().eq(word[half..].iter().rev()));
    let (pivot, norm) = palindromes.max_by(|a, b| a.1.re.abs().total_cmp(&b.1.re.abs()))?;
    let (pivot, sign) = (reversed(&pivot[..half]), norm.re.signum());
    let scale = norm.re.abs().sqrt();
    let mut factor = Polynomial::default();
    for (word, coefficient) in polynomial.terms() {
        if word.len() == degree && word[half..] == pivot[..] {
            factor = factor + Polynomial::monomial(word[..half].to_vec(), coefficient * sign / scale);
        }
    }
    for length in (0..half).rev() {
        let rest = polynomial * sign - &factor * factor.adjoint();
        let more = of_length(&rest, &factor, half, length)?;
        factor = factor + more;
    }
    let difference = polynomial * sign - &factor * factor.adjoint();
    let constant = difference.coefficient(&[]);
    let rounding = SAME_COEFFICIENT * largest(polynomial);
    let same = largest(&(difference - constant)) <= rounding;
    let constant = if constant.norm() <= rounding { 0.0 } else { sign * constant.re };
    same.then_some(Factored { factor, sign, constant })
}

/// The words `q'` of a length with `h q'^* + q' h^*` for the words of length `half + length` in `rest`, for the words `h`
/// of length `half` in a factor: the least solution.
fn of_length(rest: &Polynomial, factor: &Polynomial, half: usize, length: usize) -> Option<Polynomial> {
    let leading: Vec<(&[Variable], Complex64)> =
        factor.terms().filter(|(word, _)| word.len() == half).collect();
    let rounding = SAME_COEFFICIENT * largest(factor).powi(2);
    let given: Vec<(&[Variable], Complex64)> = rest
        .terms()
        .filter(|(word, coefficient)| word.len() == half + length && coefficient.norm() > rounding)
        .collect();
    if given.is_empty() {
        return Some(Polynomial::default());
    }
    let mut words: Vec<Word> = given.iter().map(|(word, _)| word[..length].to_vec()).collect();
    words.sort();
    words.dedup();
    // All words that the products of what is found may have, so that none comes out that is not there.
    let mut rows: Vec<Word> = Vec::new();
    let product = |word: &[Variable], h: &[Variable]| [word, &reversed(h)].concat();
    for word in &words {
        for (h, _) in &leading {
            rows.extend([product(word, h), product(h, word)]);
        }
    }
    rows.sort();
    rows.dedup();
    if words.len() > MOST_WORDS || given.iter().any(|(word, _)| rows.binary_search(&word.to_vec()).is_err()) {
        return None;
    }
    // Real and imaginary parts of the unknowns, and of the equations.
    let mut matrix = DMatrix::zeros(2 * rows.len(), 2 * words.len());
    for (column, word) in words.iter().enumerate() {
        for (h, coefficient) in &leading {
            for (part, unit) in [Complex64::ONE, Complex64::I].into_iter().enumerate() {
                for (target, value) in [
                    (product(word, h), unit * coefficient.conj()),
                    (product(h, word), coefficient * unit.conj()),
                ] {
                    let row = rows.binary_search(&target).ok()?;
                    matrix[(2 * row, 2 * column + part)] += value.re;
                    matrix[(2 * row + 1, 2 * column + part)] += value.im;
                }
            }
        }
    }
    let mut right = DVector::zeros(2 * rows.len());
    for (word, coefficient) in given {
        let row = rows.binary_search(&word.to_vec()).ok()?;
        right[2 * row] = coefficient.re;
        right[2 * row + 1] = coefficient.im;
    }
    let decomposition = matrix.svd(true, true);
    let largest = decomposition.singular_values.max();
    let solution = decomposition.solve(&right, RANK * largest).ok()?;
    let coefficient = |k: usize| {
        let number = Complex64::new(solution[2 * k], solution[2 * k + 1]);
        let cleaned = |part: f64| if part.abs() <= rounding { 0.0 } else { part };
        Complex64::new(cleaned(number.re), cleaned(number.im))
    };
    let terms = words.into_iter().enumerate().map(|(k, word)| Polynomial::monomial(word, coefficient(k)));
    Some(terms.fold(Polynomial::default(), |sum, term| sum + term))
}

fn reversed(word: &[Variable]) -> Word {
    word.iter().rev().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::free::Law;

    #[test]
    fn factors_are_found() {
        for text in ["a + 0.5*(x + i*y)", "x + i*y - 2", "x*y + i*y*x + 0.3*x", "x*y*z + 2*z + i*x - 1"] {
            let factor: Polynomial = text.parse().unwrap();
            for (sign, shift) in [(1.0, 0.0), (-2.0, 0.0), (1.0, -0.5)] {
                let polynomial = &factor * factor.adjoint() * sign + shift;
                let found = factored(&polynomial).unwrap_or_else(|| panic!("{polynomial}"));
                let product = &found.factor * found.factor.adjoint() * found.sign + found.constant;
                assert!(largest(&(product - &polynomial)) < 1e-12, "{polynomial}");
            }
        }
        for text in ["x*y + y*x", "x^2 + y^2 + x*y*y*x", "x*y*x"] {
            assert!(factored(&text.parse().unwrap()).is_none(), "{text}");
        }
    }

    /// Moments from cumulants and the edges from the equation of Dozier and Silverstein.
    #[test]
    fn information_plus_noise() {
        for (a, k, moments, edge) in [
            (Law::projection(0.5).unwrap(), 0.5, [1.0, 2.0, 4.875], 3.77365),
            (Law::projection(0.5).unwrap(), 1.0, [2.5, 12.5, 78.0], 9.94566),
        ] {
            let polynomial = format!("(a + {k}*(x + i*y))*(a + {k}*(x - i*y))").parse().unwrap();
            let semicircle = || Law::semicircle(1.0).unwrap();
            let model =
                FreePolynomial::new(polynomial, &[("a", a), ("x", semicircle()), ("y", semicircle())])
                    .unwrap();
            let law = model.law().unwrap();
            for (n, moment) in (1..).zip(moments) {
                assert!((law.moment(n) - moment).abs() < 1e-8 * moment, "{n}: {}", law.moment(n));
            }
            assert!((law.range()[1] - edge).abs() < 5e-6, "{:?}", law.range());
        }
    }
}
