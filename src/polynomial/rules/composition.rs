//! Polynomials `p = f(q)` in another one: the law of `p` is the image of that of `q` under `f`.
//!
//! Words are compared by length, then letter by letter, an order that products respect. With leading words `W` of `p` and
//! `L` of `q`, monic without constant, and `f = c t^n + ...`, `W = L^n`. The terms of `q` follow from the leading word of
//! what `c q^n` leaves of `p`: it is `L^(n-1) t` or `t L^(n-1)` for the next word `t` of `q`, whichever is larger, as long
//! as it is longer than `L^(n-1)`; what is left then is `f - c t^n` at `q`, power by power.

use num_complex::Complex64;

use super::{SAME_COEFFICIENT, Solved, largest, leading, made_self_adjoint};
use crate::error::Result;
use crate::polynomial::FreePolynomial;
use crate::polynomial::algebra::{Polynomial, Variable, Word};

/// Most terms of a polynomial that is taken apart.
const MOST_TERMS: usize = 2000;

/// The image of the law of the inner polynomial.
pub(super) fn law(model: &FreePolynomial, polynomial: &Polynomial) -> Result<Option<Solved>> {
    let Some((outer, inner)) = decomposed(polynomial) else { return Ok(None) };
    let inner = model.with_polynomial(inner)?.to_law()?;
    let t = Polynomial::from(Variable::new("t")?);
    let powers = outer.iter().enumerate();
    let outer = powers.fold(Polynomial::default(), |p, (k, c)| p + t.pow(k as u32) * *c);
    FreePolynomial::new(outer, &[("t", inner)])?.solved().map(Some)
}

/// The coefficients of `f`, of the highest degree that is possible, at least 2, and the self-adjoint `q` without constant
/// with `p = f(q)`.
fn decomposed(polynomial: &Polynomial) -> Option<(Vec<f64>, Polynomial)> {
    let degree = polynomial.degree();
    if polynomial.terms().len() > MOST_TERMS {
        return None;
    }
    (2..=degree).rev().filter(|n| degree.is_multiple_of(*n)).find_map(|n| with_outer_degree(polynomial, n))
}

fn with_outer_degree(polynomial: &Polynomial, n: usize) -> Option<(Vec<f64>, Polynomial)> {
    let rounding = SAME_COEFFICIENT * largest(polynomial);
    let (word, leading) = leading(polynomial, 0.0)?;
    let length = word.len() / n;
    let root = &word[..length];
    if word.chunks(length).any(|part| part != root) {
        return None;
    }
    let mut inner = Polynomial::monomial(root.to_vec(), 1.0);
    let mut rest = polynomial - inner.pow(n as u32) * leading;
    let shorter = (n - 1) * length;
    while let Some((word, coefficient)) = super::leading(&rest, rounding) {
        if word.len() <= shorter {
            break;
        }
        let next = [&word[shorter..], &word[..word.len() - shorter]].into_iter().find(|next| {
            let [first, last] = [placed(next, root, 0, n), placed(next, root, n - 1, n)];
            first.max(last) == word
        })?;
        let places = (0..n).filter(|&place| placed(next, root, place, n) == word).count();
        if inner.coefficient(next) != Complex64::ZERO || inner.terms().len() > polynomial.terms().len() {
            return None;
        }
        inner = inner + Polynomial::monomial(next.to_vec(), coefficient / (leading * places as f64));
        rest = polynomial - inner.pow(n as u32) * leading;
    }
    let mut outer = vec![Complex64::ZERO; n + 1];
    outer[n] = leading;
    for power in (0..n).rev() {
        outer[power] = rest.coefficient(&vec![root; power].concat());
        rest = rest - inner.pow(power as u32) * outer[power];
    }
    if largest(&rest) > rounding {
        return None;
    }
    self_adjoint(outer, &inner)
}

/// `L^(n-1)` with a word put in after `place` factors.
fn placed(word: &[Variable], root: &[Variable], place: usize, n: usize) -> Word {
    let mut factors = vec![root; n];
    factors[place] = word;
    factors.concat()
}

/// The same with a self-adjoint inner polynomial: `q^* = a q` for a number `a` of modulus 1, whose root makes it so.
fn self_adjoint(outer: Vec<Complex64>, inner: &Polynomial) -> Option<(Vec<f64>, Polynomial)> {
    let (symmetric, turn) = made_self_adjoint(inner)?;
    let powers = outer.into_iter().enumerate().map(|(power, c)| c / turn.powu(power as u32));
    let outer: Vec<Complex64> = powers.collect();
    let size = outer.iter().fold(0.0f64, |m, c| m.max(c.norm()));
    let real = outer.iter().all(|c| c.im.abs() <= SAME_COEFFICIENT * size);
    real.then(|| (outer.into_iter().map(|c| c.re).collect(), symmetric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Polynomial {
        text.parse().unwrap()
    }

    #[test]
    fn compositions_are_taken_apart() {
        for (outer, inner) in [
            (vec![0.0, 0.0, 1.0], "x*y + y*x"),
            (vec![0.0, 0.0, 1.0], "i*(x*y - y*x)"),
            (vec![1.0, -0.5, 2.0], "x^2 + y - 0.3*x"),
            (vec![0.0, 1.0, 0.0, 3.0], "x*y*x + z + x"),
            (vec![2.0, 0.0, 0.0, 0.0, 1.0], "x + 2*y"),
            (vec![0.0, 0.0, -1.0], "x*y + y*x + (2 + i)*x*z + (2 - i)*z*x + y"),
        ] {
            let inner = parsed(inner);
            let composed = |outer: &[f64], inner: &Polynomial| {
                let powers = outer.iter().enumerate();
                powers.fold(Polynomial::default(), |sum, (k, c)| sum + inner.pow(k as u32) * *c)
            };
            let polynomial = composed(&outer, &inner);
            let (found, root) = decomposed(&polynomial).unwrap();
            assert_eq!(found.len(), outer.len(), "{polynomial}");
            root.check_self_adjoint().unwrap();
            assert!(largest(&(composed(&found, &root) - &polynomial)) < 1e-12, "{polynomial}: {root}");
        }
    }

    #[test]
    fn others_are_not() {
        for text in [
            "x*y + y*x",
            "x^2 + y^2",
            "x*y*x",
            "(x + y)^2 + x",
            "(x*y + y*x)^2 + x*y + y*x + x",
            "x^2*y^2 + y^2*x^2",
        ] {
            assert_eq!(decomposed(&parsed(text)), None, "{text}");
        }
    }
}
