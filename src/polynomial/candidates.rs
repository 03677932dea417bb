//! Where the law of a polynomial may have an atom or a singular point: its values at numbers in place of the
//! variables that these feel, and at points where it is stationary.

use num_complex::Complex64;

use super::algebra::{Polynomial, Variable};
use super::model::FreePolynomial;
use super::real_polynomial::RealPolynomial;
use crate::free::Law;
use crate::law::Singularity;
use crate::population::Atom;

/// Masses of atoms of all variables that, with `n - 1` taken off, leave a trace next to the support.
const TRACE: f64 = -0.55;

/// Most joint values of atoms that are looked at.
const MOST_CANDIDATES: usize = 64;

/// Difference of masses at which an atom is taken for that of joint eigenvectors.
const EXPLAINED: f64 = 1e-5;

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
    /// Masses that an atom here may have exactly: of joint eigenvectors, or of atoms of the variables at these
    /// numbers, the kernels of factors.
    explanations: Vec<f64>,
    /// The number of variables in which the polynomial is stationary there.
    flatness: usize,
}

impl Candidate {
    /// The mass of joint eigenvectors, or of an atom of one of the variables, for a numerical one that it explains.
    pub(super) fn exact(&self, mass: f64) -> f64 {
        let known = self.explanations.iter().copied().filter(|known| (known - mass).abs() < EXPLAINED);
        known.min_by(|a, b| (a - mass).abs().total_cmp(&(b - mass).abs())).unwrap_or(mass)
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
        terms.map(|(word, coefficient)| coefficient.re * word.iter().map(number).product::<f64>()).sum()
    }

    /// The number of variables without a linear term when all are measured from the given numbers.
    fn flatness_at(&self, numbers: &[f64]) -> usize {
        let variables = self.linearization.variables();
        let shifted = self.reduced.shifted(|variable| self.number(variable, numbers));
        let scale = shifted.terms().fold(0.0f64, |m, (_, coefficient)| m.max(coefficient.norm()));
        let flat = |variable: &&Variable| {
            shifted.coefficient(std::slice::from_ref(*variable)).norm() <= FLAT * scale
        };
        variables.iter().filter(flat).count()
    }

    /// Where an atom or a singular point may be, in increasing order.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let laws = self.reduced_laws();
        let special: Vec<Vec<Atom>> = laws.iter().copied().map(special).collect();
        let mut points = joint(&special);
        for place in 0..special.len() {
            points.extend(self.stationary(place, &special));
        }
        points.push((vec![0.0; special.len()], TRACE));
        let candidate = |(numbers, mass): (Vec<f64>, f64)| {
            let (value, flatness) = (self.value_at(&numbers), self.flatness_at(&numbers));
            let own = |(law, number): (&&Law, &f64)| {
                let atom = law.point_masses().iter().find(|atom| atom.location == *number);
                atom.map(|atom| atom.mass)
            };
            let own_masses = laws.iter().zip(&numbers).filter_map(own);
            let explanations = own_masses.chain((mass > 0.0).then_some(mass)).collect();
            Candidate { value, numbers, mass, explanations, flatness }
        };
        let mut candidates: Vec<Candidate> = points.into_iter().map(candidate).collect();
        // Values that agree up to rounding are one: that where the polynomial is flattest, then the heaviest.
        // Atoms add up.
        candidates.sort_by(|a, b| a.value.total_cmp(&b.value));
        candidates.dedup_by(|next, kept| {
            let same = (next.value - kept.value).abs() <= 1e-12 * kept.value.abs().max(1.0);
            if same {
                let (both, heavier) = (next.mass.max(0.0) + kept.mass.max(0.0), next.mass.max(kept.mass));
                if (next.flatness, next.mass) > (kept.flatness, kept.mass) {
                    std::mem::swap(next, kept);
                }
                kept.mass = if both > 0.0 { both } else { heavier };
                let mut more = std::mem::take(&mut next.explanations);
                kept.explanations.append(&mut more);
                kept.explanations.extend((kept.mass > 0.0).then_some(kept.mass));
            }
            same
        });
        candidates
    }

    /// The same for the symmetric law of `[0 q; q^* 0]` with the given variables of `q`: 0, and plus and minus the sizes of
    /// its values, between which the masses of joint eigenvectors are shared.
    pub(super) fn symmetric_candidates(&self, factor: &Polynomial, variables: &[Variable]) -> Vec<Candidate> {
        let laws: Vec<&Law> = variables.iter().map(|variable| &self.laws[variable]).collect();
        let special: Vec<Vec<Atom>> = laws.iter().copied().map(special).collect();
        let own = laws.iter().flat_map(|law| law.point_masses()).map(|atom| atom.mass);
        let mut kernel = Candidate {
            value: 0.0,
            numbers: Vec::new(),
            mass: TRACE,
            explanations: own.collect(),
            flatness: 0,
        };
        let mut candidates: Vec<Candidate> = Vec::new();
        for (numbers, mass) in joint(&special) {
            let number = |variable: &Variable| {
                let place = variables.iter().position(|other| other == variable);
                place.map_or(0.0, |place| numbers[place])
            };
            let term = |(word, c): (&[Variable], Complex64)| c * word.iter().map(number).product::<f64>();
            let value = factor.terms().map(term).sum::<Complex64>().norm();
            if value <= FLAT {
                kernel.mass = kernel.mass.max(mass);
                kernel.explanations.push(mass);
                continue;
            }
            let explanations = vec![0.5 * mass];
            candidates.extend([-value, value].map(|value| Candidate {
                value,
                numbers: numbers.clone(),
                mass,
                explanations: explanations.clone(),
                flatness: 0,
            }));
        }
        candidates.push(kernel);
        candidates.sort_by(|a, b| a.value.total_cmp(&b.value));
        candidates.dedup_by(|next, kept| {
            let same = (next.value - kept.value).abs() <= 1e-12 * kept.value.abs().max(1.0);
            if same {
                kept.explanations.append(&mut next.explanations);
            }
            same
        });
        candidates
    }

    /// Points that are likely to be inside the support: the polynomial at the means of the variables.
    pub(super) fn landmarks(&self) -> Vec<f64> {
        vec![self.value_at(&self.reduced_laws().into_iter().map(Law::mean).collect::<Vec<f64>>())]
    }

    /// Numbers at which the polynomial is stationary in one variable inside its support, the others being at special
    /// points.
    fn stationary(&self, place: usize, special: &[Vec<Atom>]) -> Vec<(Vec<f64>, f64)> {
        let mut lists = special.to_vec();
        lists[place] = vec![Atom { location: 0.0, mass: 0.0 }];
        let law = self.reduced_laws()[place];
        let inside = |x: &f64| law.density(*x) > 0.0;
        let mut points = Vec::new();
        for (numbers, mass) in joint(&lists) {
            for x in
                self.in_one_variable(place, &numbers).derivative().real_roots().into_iter().filter(inside)
            {
                let mut numbers = numbers.clone();
                numbers[place] = x;
                points.push((numbers, mass));
            }
        }
        points
    }

    /// The polynomial as one in the variable at a place, with numbers for the others.
    pub(super) fn in_one_variable(&self, place: usize, numbers: &[f64]) -> RealPolynomial {
        let free = &self.linearization.variables()[place];
        let mut coefficients = vec![0.0; self.reduced.degree() + 1];
        for (word, coefficient) in self.reduced.terms() {
            let others = word.iter().filter(|letter| *letter != free);
            let product: f64 = others.map(|letter| self.number(letter, numbers)).product();
            coefficients[word.iter().filter(|letter| *letter == free).count()] += coefficient.re * product;
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
