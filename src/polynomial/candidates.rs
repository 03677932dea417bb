//! Where the law of a polynomial may have an atom or a singular point: its values at numbers in place of the
//! variables that these feel.

use num_complex::Complex64;

use super::algebra::{Polynomial, Variable, Word};
use super::model::FreePolynomial;
use super::real_polynomial::RealPolynomial;
use crate::free::Law;
use crate::law::{Singularity, same_place};
use crate::population::Atom;

/// What masses of atoms of all variables have to be above, with `n - 1` taken off, to leave a trace: in two variables one
/// atom does, next to which another variable may vanish.
const TRACE: f64 = -1.0;

/// Most joint values of atoms that are looked at.
const MOST_CANDIDATES: usize = 64;

/// Linear coefficients that are none, relative to the largest coefficient.
const FLAT: f64 = 1e-12;

/// A value of the polynomial at numbers in place of its variables.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) value: f64,
    pub(super) numbers: Vec<f64>,
    /// Masses of atoms of the variables at these numbers, with `n - 1` taken off: if that is positive, an atom of
    /// at least this mass is here.
    pub(super) mass: f64,
    /// The number of variables in which the polynomial is stationary there.
    flatness: usize,
}

impl Candidate {
    /// 0 in place of all variables.
    pub(super) fn zero(variables: usize) -> Self {
        Self { value: 0.0, numbers: vec![0.0; variables], mass: TRACE, flatness: 0 }
    }

    /// Whether a variable or the value is not 0.
    pub(super) fn is_off_zero(&self) -> bool {
        self.value != 0.0 || self.numbers.iter().any(|number| *number != 0.0)
    }
}

impl FreePolynomial {
    /// The number that stands for a variable.
    pub(super) fn number(&self, variable: &Variable, numbers: &[f64]) -> f64 {
        let variables = self.linearization.variables();
        variables.iter().position(|other| other == variable).map_or(0.0, |place| numbers[place])
    }

    /// The polynomial with numbers in place of its variables, in their order.
    pub(super) fn value_at(&self, numbers: &[f64]) -> f64 {
        let number = |variable: &Variable| self.number(variable, numbers);
        let terms = self.reduced.terms();
        // From a 0 without a sign.
        terms.fold(0.0, |sum, (word, c)| sum + c.re * word.iter().map(number).product::<f64>())
    }

    /// The number of variables without a linear term when all are measured from the given numbers.
    fn flatness_at(&self, numbers: &[f64]) -> usize {
        let words = self.words_from(numbers);
        let alone = |variable: &&Variable| words.iter().all(|word| *word != std::slice::from_ref(*variable));
        self.linearization.variables().iter().filter(alone).count()
    }

    /// The words of the polynomial when all variables are measured from the given numbers, without the constant.
    pub(super) fn words_from(&self, numbers: &[f64]) -> Vec<Word> {
        let shifted = self.reduced.shifted(|variable| self.number(variable, numbers));
        let scale = shifted.terms().fold(0.0f64, |m, (_, coefficient)| m.max(coefficient.norm()));
        let words = shifted.terms().filter(|(word, c)| !word.is_empty() && c.norm() > FLAT * scale);
        words.map(|(word, _)| word.to_vec()).collect()
    }

    /// Where an atom or a singular point may be, in increasing order.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let laws = self.reduced_laws();
        let special: Vec<Vec<Atom>> = laws.iter().copied().map(special).collect();
        let mut points = joint(&special);
        points.push((vec![0.0; special.len()], TRACE));
        let candidate = |(numbers, mass): (Vec<f64>, f64)| {
            let (value, flatness) = (self.value_at(&numbers), self.flatness_at(&numbers));
            Candidate { value, numbers, mass, flatness }
        };
        let mut candidates: Vec<Candidate> = points.into_iter().map(candidate).collect();
        // Values that agree up to rounding are one: that where the polynomial is flattest, then the heaviest.
        // Atoms add up.
        candidates.sort_by(|a, b| a.value.total_cmp(&b.value));
        candidates.dedup_by(|next, kept| {
            let same = same_place(next.value, kept.value);
            if same {
                let (both, heavier) = (next.mass.max(0.0) + kept.mass.max(0.0), next.mass.max(kept.mass));
                if (next.flatness, next.mass) > (kept.flatness, kept.mass) {
                    std::mem::swap(next, kept);
                }
                kept.mass = if both > 0.0 { both } else { heavier };
            }
            same
        });
        candidates
    }

    /// The values of the symmetric law of `[0 q; q^* 0]` with the given variables of `q`: 0, and plus and minus the sizes of
    /// those of `q`.
    pub(super) fn symmetric_values(&self, factor: &Polynomial, variables: &[Variable]) -> Vec<f64> {
        let special: Vec<Vec<Atom>> =
            variables.iter().map(|variable| special(&self.laws[variable])).collect();
        let mut values = vec![0.0];
        for (numbers, _) in joint(&special) {
            let number = |variable: &Variable| {
                let place = variables.iter().position(|other| other == variable);
                place.map_or(0.0, |place| numbers[place])
            };
            let term = |(word, c): (&[Variable], Complex64)| c * word.iter().map(number).product::<f64>();
            let value = factor.terms().map(term).sum::<Complex64>().norm();
            if value > FLAT {
                values.extend([-value, value]);
            }
        }
        values.sort_by(f64::total_cmp);
        values.dedup_by(|next, kept| same_place(*next, *kept));
        values
    }

    /// Points that are likely to be inside the support: the polynomial at the means of the variables.
    pub(super) fn landmarks(&self) -> Vec<f64> {
        vec![self.value_at(&self.reduced_laws().into_iter().map(Law::mean).collect::<Vec<f64>>())]
    }

    /// The polynomial as one in its only variable.
    pub(super) fn in_one_variable(&self) -> RealPolynomial {
        let mut coefficients = vec![0.0; self.reduced.degree() + 1];
        for (word, coefficient) in self.reduced.terms() {
            coefficients[word.len()] += coefficient.re;
        }
        RealPolynomial::new(coefficients)
    }
}

/// Points of a law that polynomials feel: atoms, 0, next to which a factor has a near kernel, and points where the
/// law is singular.
fn special(law: &Law) -> Vec<Atom> {
    let mut special = law.point_masses().to_vec();
    let [low, high] = law.spectral().range();
    let singular = law.singularities().into_iter().map(Singularity::location);
    for location in [0.0].into_iter().chain(singular).filter(|at| low <= *at && *at <= high) {
        if special.iter().all(|atom| atom.location != location) {
            special.push(Atom { location, mass: 0.0 });
        }
    }
    special
}

/// Joint values of variables with the masses of their atoms, `n - 1` taken off, where that is not too little.
fn joint(lists: &[Vec<Atom>]) -> Vec<(Vec<f64>, f64)> {
    let mut joint: Vec<(Vec<f64>, f64)> = vec![(Vec::new(), 1.0)];
    for list in lists {
        let mut next = Vec::new();
        for (numbers, mass) in &joint {
            for atom in list {
                let mass = mass + atom.mass - 1.0;
                if mass > TRACE && next.len() < MOST_CANDIDATES {
                    next.push(([numbers.as_slice(), &[atom.location]].concat(), mass));
                }
            }
        }
        joint = next;
    }
    joint
}
