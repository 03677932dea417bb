//! Polynomials modulo the relations that variables with few values satisfy.
//!
//! A variable whose law has `k` atoms and nothing else is annihilated by a polynomial of degree `k`: powers from
//! `x^k` on are combinations of lower ones, as in `x^2 = 1` for signs and `x^2 = x` for projections. The
//! polynomial that is left has the same law and a smaller linearisation. A variable that enters by its square, or
//! another power, alone is replaced by that power, a variable of another law.

use std::collections::BTreeMap;

use super::algebra::{Polynomial, Variable, Word};
use crate::free::Law;

/// Most atoms of a law that are made use of.
const MOST_ATOMS: usize = 4;

/// Coefficients that cancel to this, relative to the largest, are zero.
const CANCELLED: f64 = 1e-15;

/// The polynomial with powers of variables lowered as far as their laws allow.
pub(super) fn reduced(polynomial: &Polynomial, laws: &BTreeMap<Variable, Law>) -> Polynomial {
    let mut remainders = BTreeMap::new();
    for (variable, law) in laws {
        let atoms = law.point_masses();
        if law.is_discrete() && atoms.len() <= MOST_ATOMS {
            remainders.insert(variable.clone(), remainder(atoms.iter().map(|atom| atom.location)));
        }
    }
    let mut reduced = polynomial.clone();
    while let Some((word, at, run)) = reducible(&reduced, &remainders) {
        let lower = &remainders[&word[at]];
        let coefficient = reduced.coefficient(&word);
        let mut replacement = -Polynomial::monomial(word.clone(), coefficient);
        for (power, factor) in lower.iter().enumerate() {
            let kept = run - lower.len() + power;
            let shorter = [&word[..at], &vec![word[at].clone(); kept], &word[at + run..]].concat();
            replacement = replacement + Polynomial::monomial(shorter, coefficient * *factor);
        }
        reduced = reduced + replacement;
    }
    let largest = polynomial.terms().fold(0.0f64, |m, (_, coefficient)| m.max(coefficient.norm()));
    let kept = reduced.terms().filter(|(_, coefficient)| coefficient.norm() > CANCELLED * largest);
    kept.fold(Polynomial::default(), |sum, (word, coefficient)| {
        sum + Polynomial::monomial(word.to_vec(), coefficient)
    })
}

/// A variable of which only powers of `x^k`, `k > 1`, occur, with the largest such `k`.
pub(super) fn entering_by_power(polynomial: &Polynomial) -> Vec<(Variable, u32)> {
    let mut common: BTreeMap<&Variable, u32> = BTreeMap::new();
    for (word, _) in polynomial.terms() {
        for run in word.chunk_by(|a, b| a == b) {
            let divisor = common.entry(&run[0]).or_default();
            *divisor = greatest_common_divisor(*divisor, run.len() as u32);
        }
    }
    common
        .into_iter()
        .filter(|(_, power)| *power > 1)
        .map(|(variable, power)| (variable.clone(), power))
        .collect()
}

/// The polynomial with `variable` for its power.
pub(super) fn with_root(polynomial: &Polynomial, variable: &Variable, power: u32) -> Polynomial {
    polynomial.terms().fold(Polynomial::default(), |sum, (word, coefficient)| {
        let runs = word.chunk_by(|a, b| a == b);
        let shortened =
            runs.flat_map(|run| if run[0] == *variable { &run[..run.len() / power as usize] } else { run });
        sum + Polynomial::monomial(shortened.cloned().collect(), coefficient)
    })
}

pub(super) fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// A word with a run of a variable that is too long, where it starts, and its length.
fn reducible(
    polynomial: &Polynomial,
    remainders: &BTreeMap<Variable, Vec<f64>>,
) -> Option<(Word, usize, usize)> {
    // The longest words first: what they leave may be reducible again.
    let mut words: Vec<&[Variable]> = polynomial.terms().map(|(word, _)| word).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words {
        let mut at = 0;
        for run in word.chunk_by(|a, b| a == b) {
            if remainders.get(&run[0]).is_some_and(|lower| run.len() >= lower.len()) {
                return Some((word.to_vec(), at, run.len()));
            }
            at += run.len();
        }
    }
    None
}

/// The coefficients `r_j` of `x^k = sum_{j < k} r_j x^j` for a variable with `k` values.
fn remainder(values: impl Iterator<Item = f64>) -> Vec<f64> {
    // The product of x - value, in increasing order of powers.
    let mut product = vec![1.0];
    for value in values {
        let mut next = vec![0.0; product.len() + 1];
        for (power, coefficient) in product.iter().enumerate() {
            next[power + 1] += coefficient;
            next[power] -= value * coefficient;
        }
        product = next;
    }
    product.pop();
    product.into_iter().map(|coefficient| -coefficient).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_projections_lower_powers() {
        let [x, p] = Polynomial::variables(["x", "p"]).unwrap();
        let laws = BTreeMap::from([
            (Variable::new("x").unwrap(), Law::bernoulli().unwrap()),
            (Variable::new("p").unwrap(), Law::projection(0.5).unwrap()),
        ]);
        let reduce = |polynomial: Polynomial| reduced(&polynomial, &laws);
        assert_eq!(reduce(x.pow(2) * &p + &p * x.pow(2)), 2.0 * &p);
        assert_eq!(reduce(x.pow(3) * p.pow(4)), &x * &p);
        // Runs that come together by a reduction are reduced again: p x^2 p = p.
        assert_eq!(reduce(&p * x.pow(2) * &p - &p), Polynomial::default());
    }

    #[test]
    fn squares_are_variables() {
        let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
        let polynomial = x.pow(2) * &y * x.pow(4) + x.pow(4) * &y * x.pow(2) + y.pow(3);
        let powers = entering_by_power(&polynomial);
        assert_eq!(powers, [(Variable::new("x").unwrap(), 2)]);
        let simpler = with_root(&polynomial, &powers[0].0, 2);
        assert_eq!(simpler, &x * &y * x.pow(2) + x.pow(2) * &y * &x + y.pow(3));
    }

    #[test]
    fn values_satisfy_their_relation() {
        let lower = remainder([-1.5, 0.5, 2.0].into_iter());
        for value in [-1.5f64, 0.5, 2.0] {
            let sum: f64 = lower.iter().enumerate().map(|(j, r)| r * value.powi(j as i32)).sum();
            assert!((sum - value.powi(3)).abs() < 1e-14);
        }
    }
}
