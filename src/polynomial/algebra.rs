//! Noncommutative polynomials with complex coefficients in named variables.
//!
//! Variables are self-adjoint and do not commute, so a monomial is a word. A polynomial is a finite sum
//! `sum_w c_w w`; its adjoint reverses the words and conjugates the coefficients.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use std::sync::Arc;

use num_complex::Complex64;

use crate::error::{Error, Result};

/// A self-adjoint variable, told from others by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(Arc<str>);

impl Variable {
    /// A variable of the given name.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the name is a letter followed by letters, digits and underscores,
    /// and not `i` or `adj`, which mean the imaginary unit and the adjoint.
    pub fn new(name: &str) -> Result<Self> {
        let mut characters = name.chars();
        // Letters of all alphabets, but no other numerals than digits: x² is not a name.
        let first = characters.next().is_some_and(char::is_alphabetic);
        let rest = characters.all(Self::continues);
        if first && rest && !["i", "adj"].contains(&name) {
            return Ok(Self(name.into()));
        }
        let allowed = "a letter followed by letters, digits or _, other than i and adj";
        Err(Error::argument("variable", format!("{name:?}"), allowed))
    }

    /// Whether a name may go on with a character.
    pub(super) fn continues(character: char) -> bool {
        character.is_alphabetic() || character.is_ascii_digit() || character == '_'
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Variable {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A monomial: variables in the order in which they are multiplied.
pub type Word = Vec<Variable>;

/// A noncommutative polynomial.
///
/// ```
/// use freespectra::polynomial::Polynomial;
/// # fn main() -> Result<(), freespectra::Error> {
/// let [x, y] = Polynomial::variables(["x", "y"])?;
/// let anticommutator = &x * &y + &y * &x;
/// assert_eq!(anticommutator, (&x + &y).pow(2) - x.pow(2) - y.pow(2));
/// assert_eq!((&x * &y).adjoint(), &y * &x);
/// assert_ne!(&x * &y, &y * &x);
/// assert_eq!(anticommutator.to_string(), "x*y + y*x");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Polynomial {
    /// Nonzero coefficients.
    terms: BTreeMap<Word, Complex64>,
}

impl Polynomial {
    /// Variables as polynomials.
    ///
    /// # Errors
    /// As for [`Variable::new`].
    pub fn variables<const N: usize>(names: [&str; N]) -> Result<[Self; N]> {
        let mut variables = [const { Self { terms: BTreeMap::new() } }; N];
        for (variable, name) in variables.iter_mut().zip(names) {
            *variable = Variable::new(name)?.into();
        }
        Ok(variables)
    }

    /// The constant `c`.
    pub fn constant(c: impl Into<Complex64>) -> Self {
        Self::monomial(Word::new(), c.into())
    }

    /// The monomial `coefficient * word`.
    pub fn monomial(word: Word, coefficient: impl Into<Complex64>) -> Self {
        let mut polynomial = Self::default();
        polynomial.accumulate(word, coefficient.into());
        polynomial
    }

    fn accumulate(&mut self, word: Word, coefficient: Complex64) {
        let sum = self.terms.get(&word).copied().unwrap_or_default() + coefficient;
        if sum == Complex64::ZERO {
            self.terms.remove(&word);
        } else {
            self.terms.insert(word, sum);
        }
    }

    /// The words with their coefficients, none of which is zero; shorter words need not come first.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = (&[Variable], Complex64)> {
        self.terms.iter().map(|(word, &coefficient)| (word.as_slice(), coefficient))
    }

    /// The coefficient of a word.
    pub fn coefficient(&self, word: &[Variable]) -> Complex64 {
        self.terms.get(word).copied().unwrap_or_default()
    }

    /// Length of the longest word; 0 for constants.
    pub fn degree(&self) -> usize {
        self.terms.keys().map(Vec::len).max().unwrap_or(0)
    }

    /// The variables that occur, in order of their names.
    pub fn occurring(&self) -> Vec<Variable> {
        let variables: BTreeSet<&Variable> = self.terms.keys().flatten().collect();
        variables.into_iter().cloned().collect()
    }

    /// The adjoint: words reversed, coefficients conjugated.
    pub fn adjoint(&self) -> Self {
        let reversed = |(word, coefficient): (&Word, &Complex64)| {
            (word.iter().rev().cloned().collect(), coefficient.conj())
        };
        Self { terms: self.terms.iter().map(reversed).collect() }
    }

    /// The power; 1 for exponent 0.
    pub fn pow(&self, exponent: u32) -> Self {
        (0..exponent).fold(Self::constant(1.0), |power, _| power * self)
    }

    /// The polynomial with every variable replaced by itself plus a number.
    pub(crate) fn shifted(&self, by: impl Fn(&Variable) -> f64) -> Self {
        let mut shifted = Self::default();
        for (word, &coefficient) in &self.terms {
            let factor = |variable: &Variable| Self::from(variable.clone()) + by(variable);
            let product =
                word.iter().map(factor).fold(Self::constant(coefficient), |product, factor| product * factor);
            shifted = shifted + product;
        }
        shifted
    }

    /// Checks that the polynomial is its own adjoint, up to the rounding of its coefficients.
    ///
    /// # Errors
    /// [`Error::NotSelfAdjoint`] with the terms that have no adjoint counterpart.
    pub fn check_self_adjoint(&self) -> Result<()> {
        let adjoint = self.adjoint();
        let largest = self.terms.values().fold(0.0f64, |m, c| m.max(c.norm()));
        let offends = |(word, coefficient): &(&Word, &Complex64)| {
            (*coefficient - adjoint.coefficient(word)).norm() > 1e-12 * largest
        };
        let offending = self.terms.iter().filter(offends).map(|(word, &c)| (word.clone(), c)).collect();
        let offending = Self { terms: offending };
        if offending.terms.is_empty() {
            return Ok(());
        }
        Err(Error::NotSelfAdjoint { part: offending.to_string(), adjoint: offending.adjoint().to_string() })
    }
}

impl From<Variable> for Polynomial {
    fn from(variable: Variable) -> Self {
        Self::monomial(vec![variable], 1.0)
    }
}

impl From<f64> for Polynomial {
    fn from(c: f64) -> Self {
        Self::constant(c)
    }
}

impl From<Complex64> for Polynomial {
    fn from(c: Complex64) -> Self {
        Self::constant(c)
    }
}

impl Add<&Polynomial> for Polynomial {
    type Output = Polynomial;

    fn add(mut self, other: &Polynomial) -> Polynomial {
        for (word, &coefficient) in &other.terms {
            self.accumulate(word.clone(), coefficient);
        }
        self
    }
}

impl Neg for Polynomial {
    type Output = Polynomial;

    fn neg(mut self) -> Polynomial {
        self.terms.values_mut().for_each(|coefficient| *coefficient = -*coefficient);
        self
    }
}

impl Sub<&Polynomial> for Polynomial {
    type Output = Polynomial;

    fn sub(self, other: &Polynomial) -> Polynomial {
        self + &-other.clone()
    }
}

impl Mul<&Polynomial> for Polynomial {
    type Output = Polynomial;

    fn mul(self, other: &Polynomial) -> Polynomial {
        let mut product = Polynomial::default();
        for (left, a) in &self.terms {
            for (right, b) in &other.terms {
                product.accumulate([left.as_slice(), right].concat(), a * b);
            }
        }
        product
    }
}

impl Neg for &Polynomial {
    type Output = Polynomial;

    fn neg(self) -> Polynomial {
        -self.clone()
    }
}

/// The other combinations of owned and borrowed operands, and numbers on either side.
macro_rules! operators {
    ($($operator:ident $method:ident),*) => {$(
        impl $operator<Polynomial> for Polynomial {
            type Output = Polynomial;

            fn $method(self, other: Polynomial) -> Polynomial {
                $operator::$method(self, &other)
            }
        }

        impl $operator<&Polynomial> for &Polynomial {
            type Output = Polynomial;

            fn $method(self, other: &Polynomial) -> Polynomial {
                $operator::$method(self.clone(), other)
            }
        }

        impl $operator<Polynomial> for &Polynomial {
            type Output = Polynomial;

            fn $method(self, other: Polynomial) -> Polynomial {
                $operator::$method(self.clone(), &other)
            }
        }

        operators!(numbers $operator $method: f64, Complex64);
    )*};
    (numbers $operator:ident $method:ident: $($number:ty),*) => {$(
        impl $operator<$number> for Polynomial {
            type Output = Polynomial;

            fn $method(self, other: $number) -> Polynomial {
                $operator::$method(self, &Polynomial::constant(other))
            }
        }

        impl $operator<$number> for &Polynomial {
            type Output = Polynomial;

            fn $method(self, other: $number) -> Polynomial {
                $operator::$method(self.clone(), &Polynomial::constant(other))
            }
        }

        impl $operator<Polynomial> for $number {
            type Output = Polynomial;

            fn $method(self, other: Polynomial) -> Polynomial {
                $operator::$method(Polynomial::constant(self), &other)
            }
        }

        impl $operator<&Polynomial> for $number {
            type Output = Polynomial;

            fn $method(self, other: &Polynomial) -> Polynomial {
                $operator::$method(Polynomial::constant(self), other)
            }
        }
    )*};
}

operators!(Add add, Sub sub, Mul mul);

/// In the syntax that is parsed, so that it can be read back.
impl fmt::Display for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return write!(f, "0");
        }
        for (position, (word, &coefficient)) in self.terms.iter().enumerate() {
            // The sign of a coefficient with one part goes in front; others are put in parentheses.
            let (negative, number) = match (coefficient.re, coefficient.im) {
                (re, 0.0) => (re < 0.0, re.abs().to_string()),
                (0.0, im) if im.abs() == 1.0 => (im < 0.0, "i".to_owned()),
                (0.0, im) => (im < 0.0, format!("{}*i", im.abs())),
                (re, im) if im < 0.0 => (false, format!("({re} - {}*i)", -im)),
                (re, im) => (false, format!("({re} + {im}*i)")),
            };
            match (position, negative) {
                (0, false) => {}
                (0, true) => write!(f, "-")?,
                (_, false) => write!(f, " + ")?,
                (_, true) => write!(f, " - ")?,
            }
            let mut factors = Vec::new();
            if number != "1" || word.is_empty() {
                factors.push(number);
            }
            for run in word.chunk_by(|a, b| a == b) {
                match run.len() {
                    1 => factors.push(run[0].name().to_owned()),
                    power => factors.push(format!("{}^{power}", run[0].name())),
                }
            }
            write!(f, "{}", factors.join("*"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_do_not_commute_and_zero_terms_vanish() {
        let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
        let commutator = Complex64::I * (&x * &y - &y * &x);
        commutator.check_self_adjoint().unwrap();
        assert_eq!(commutator.to_string(), "i*x*y - i*y*x");
        assert_eq!(&commutator - &commutator, Polynomial::default());
        assert_eq!((&commutator - &commutator).to_string(), "0");
        assert_eq!((2.0 * x.pow(3) * &y - 1.5).to_string(), "-1.5 + 2*x^3*y");
        assert_eq!(Complex64::new(1.0, -2.0) * &x + &y * 0.0, Complex64::new(1.0, -2.0) * &x);
        assert_eq!((Complex64::new(1.0, -2.0) * &x).to_string(), "(1 - 2*i)*x");
        assert_eq!(commutator.degree(), 2);
        assert_eq!(commutator.occurring().len(), 2);
    }

    #[test]
    fn the_offending_part_is_named() {
        let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
        let error = (x.pow(2) + &x * &y).check_self_adjoint().unwrap_err();
        assert_eq!(error, Error::NotSelfAdjoint { part: "x*y".to_owned(), adjoint: "y*x".to_owned() });
        assert!((Complex64::I * &x).check_self_adjoint().is_err());
        assert!(["i", "2x", "", "x²", "x½"].iter().all(|name| Variable::new(name).is_err()));
        assert!(Variable::new("ξ_1").is_ok());
    }
}
