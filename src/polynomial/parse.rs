//! Polynomials read from text.
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = signed { ("*" | "/") signed }         what follows / is a real number other than 0
//! signed  = { "+" | "-" } power                    -x^2 is -(x^2)
//! power   = primary { "'" | "^" digits }           ' is the adjoint; at most one ^ in a row
//! primary = number | "i" | name | "adj" "(" sum ")" | "(" sum ")"
//! ```
//!
//! A recursive descent over the characters. Its effort is bounded before it is spent: lengths, nesting,
//! degrees, numbers of terms and the work of all products have limits, so any text ends quickly.

use std::str::FromStr;

use num_complex::Complex64;

use super::{Polynomial, Variable};
use crate::error::{Error, Result};

/// Most characters in a text.
const LENGTH: usize = 100_000;
/// Deepest nesting of parentheses.
const DEPTH: usize = 100;
/// Highest degree and exponent.
const DEGREE: usize = 64;
/// Most terms of a sum, and most pairs of terms in a product.
const TERMS: usize = 10_000;
/// Most bytes of variable names that all operations together may write.
const WORK: usize = 5_000_000;

/// Reads sums, differences and products `*` of numbers, the imaginary unit `i` and variables, powers `^`,
/// quotients by real numbers, parentheses, and adjoints `adj(...)` or `(...)'`.
///
/// ```
/// use freespectra::polynomial::Polynomial;
/// # fn main() -> Result<(), freespectra::Error> {
/// let [x, y] = Polynomial::variables(["x", "y"])?;
/// let read: Polynomial = "(x + y)^2/2 - 1".parse()?;
/// assert_eq!(read, 0.5 * (&x + &y).pow(2) - 1.0);
/// assert_eq!("(i*x*y)'".parse::<Polynomial>()?, "-i*y*x".parse()?);
/// let error = "x + 2y".parse::<Polynomial>().unwrap_err();
/// assert_eq!(error.to_string(), "column 6 of \"x + 2y\": a product needs * between its factors");
/// # Ok(())
/// # }
/// ```
impl FromStr for Polynomial {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parser = Parser { text, characters: text.chars().collect(), position: 0, depth: 0, work: 0 };
        if parser.characters.len() > LENGTH {
            return Err(parser.fault(LENGTH, format!("a text has at most {LENGTH} characters")));
        }
        if parser.peek().is_none() {
            return Err(parser.fault(0, "the text is empty"));
        }
        let polynomial = parser.sum()?;
        match parser.peek() {
            None => Ok(polynomial),
            Some(')') => Err(parser.fault(parser.position, "unmatched )")),
            Some(character) => Err(parser.fault(parser.position, misplaced(character))),
        }
    }
}

/// Why a character cannot follow a complete factor.
fn misplaced(character: char) -> String {
    if character.is_alphanumeric() || ['(', '.'].contains(&character) {
        "a product needs * between its factors".to_owned()
    } else {
        format!("unexpected character {character:?}")
    }
}

struct Parser<'a> {
    text: &'a str,
    characters: Vec<char>,
    /// Number of characters read.
    position: usize,
    /// Number of open parentheses.
    depth: usize,
    /// What was spent of [`WORK`].
    work: usize,
}

impl Parser<'_> {
    /// An error at the character with the given index.
    fn fault(&self, index: usize, reason: impl Into<String>) -> Error {
        Error::Syntax { text: self.text.to_owned(), column: index + 1, reason: reason.into() }
    }

    /// The next character that is not white space, which is skipped.
    fn peek(&mut self) -> Option<char> {
        self.skip(char::is_whitespace);
        self.characters.get(self.position).copied()
    }

    /// Skips characters of one kind and returns how many.
    fn skip(&mut self, kind: impl Fn(char) -> bool) -> usize {
        let rest = &self.characters[self.position..];
        let count = rest.iter().take_while(|&&character| kind(character)).count();
        self.position += count;
        count
    }

    /// Reads the next character if it is one of the given, and returns it with its index.
    fn take(&mut self, allowed: &[char]) -> Option<(char, usize)> {
        let next = self.peek().filter(|character| allowed.contains(character))?;
        self.position += 1;
        Some((next, self.position - 1))
    }

    fn sum(&mut self) -> Result<Polynomial> {
        let mut sum = self.product()?;
        while let Some((sign, at)) = self.take(&['+', '-']) {
            let mut term = self.product()?;
            self.spend(at, term.terms().len(), extent(&term))?;
            if sign == '-' {
                term = -term;
            }
            sum = sum + &term;
            if sum.terms().len() > TERMS {
                return Err(self.fault(at, format!("more than {TERMS} terms")));
            }
            self.check_finite(at, term.terms().map(|(word, _)| sum.coefficient(word)))?;
        }
        Ok(sum)
    }

    fn product(&mut self) -> Result<Polynomial> {
        let mut product = self.signed()?;
        while let Some((operator, at)) = self.take(&['*', '/']) {
            self.peek();
            let start = self.position;
            let factor = self.signed()?;
            product = match operator {
                '*' => self.multiply(at, &product, &factor)?,
                _ => self.divide(at, start, &product, &factor)?,
            };
        }
        Ok(product)
    }

    fn signed(&mut self) -> Result<Polynomial> {
        // A loop rather than a recursion, and one negation at most: a text may be nothing but signs.
        let mut negative = false;
        while let Some((sign, _)) = self.take(&['+', '-']) {
            negative ^= sign == '-';
        }
        let start = self.position;
        let power = self.power()?;
        if !negative {
            return Ok(power);
        }
        self.spend(start, power.terms().len(), extent(&power))?;
        Ok(-power)
    }

    fn power(&mut self) -> Result<Polynomial> {
        let mut base = self.primary()?;
        let mut raised = false;
        while let Some((operator, at)) = self.take(&['^', '\'']) {
            if operator == '\'' {
                base = self.adjoint(at, &base)?;
                raised = false;
            } else if raised {
                return Err(self.fault(at, "a power of a power needs parentheses"));
            } else {
                let exponent = self.exponent()?;
                base = self.raise(at, &base, exponent)?;
                raised = true;
            }
        }
        Ok(base)
    }

    fn exponent(&mut self) -> Result<usize> {
        self.peek();
        let start = self.position;
        self.skip(|character| character.is_ascii_alphanumeric() || ['.', '_'].contains(&character));
        let digits: String = self.characters[start..self.position].iter().collect();
        // Parsing alone would accept a sign, but none is among the characters.
        match digits.parse() {
            Ok(exponent) if exponent <= DEGREE => Ok(exponent),
            _ => Err(self.fault(start, format!("the exponent has to be a whole number from 0 to {DEGREE}"))),
        }
    }

    fn primary(&mut self) -> Result<Polynomial> {
        let next = self.peek();
        let start = self.position;
        let digit_follows = self.characters.get(start + 1).is_some_and(char::is_ascii_digit);
        match next {
            Some('(') => self.parenthesised(),
            Some('0'..='9') => self.number(),
            Some('.') if digit_follows => self.number(),
            Some(first) if first.is_alphabetic() => {
                self.skip(Variable::continues);
                let name: String = self.characters[start..self.position].iter().collect();
                match name.as_str() {
                    "i" => Ok(Complex64::I.into()),
                    "adj" if self.peek() == Some('(') => {
                        let inside = self.parenthesised()?;
                        self.adjoint(start, &inside)
                    }
                    "adj" => Err(self.fault(self.position, "adj needs a ( after it")),
                    name => Variable::new(name).map(Polynomial::from),
                }
            }
            Some(other) if !other.is_ascii_digit() && !"+-*/^').".contains(other) => {
                Err(self.fault(start, format!("unexpected character {other:?}")))
            }
            _ => Err(self.fault(start, "expected a number, a variable or (")),
        }
    }

    fn parenthesised(&mut self) -> Result<Polynomial> {
        let open = self.position;
        if self.depth == DEPTH {
            return Err(self.fault(open, format!("parentheses are nested deeper than {DEPTH}")));
        }
        self.position += 1;
        self.depth += 1;
        let inside = self.sum()?;
        self.depth -= 1;
        match self.peek() {
            Some(')') => self.position += 1,
            None => return Err(self.fault(open, "unmatched (")),
            Some(character) => return Err(self.fault(self.position, misplaced(character))),
        }
        Ok(inside)
    }

    fn number(&mut self) -> Result<Polynomial> {
        let start = self.position;
        let digit = |character: char| character.is_ascii_digit();
        self.skip(digit);
        if self.characters.get(self.position) == Some(&'.') {
            self.position += 1;
            self.skip(digit);
        }
        let end = self.position;
        if self.characters.get(end).is_some_and(|e| ['e', 'E'].contains(e)) {
            self.position += 1;
            if self.characters.get(self.position).is_some_and(|sign| ['+', '-'].contains(sign)) {
                self.position += 1;
            }
            if self.skip(digit) == 0 {
                self.position = end;
            }
        }
        let digits: String = self.characters[start..self.position].iter().collect();
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number.into()),
            _ => Err(self.fault(start, "numbers have to be finite")),
        }
    }

    fn adjoint(&mut self, at: usize, polynomial: &Polynomial) -> Result<Polynomial> {
        self.spend(at, polynomial.terms().len(), extent(polynomial))?;
        Ok(polynomial.adjoint())
    }

    fn multiply(&mut self, at: usize, left: &Polynomial, right: &Polynomial) -> Result<Polynomial> {
        if left.degree() + right.degree() > DEGREE {
            return Err(self.fault(at, format!("the degree is larger than {DEGREE}")));
        }
        let pairs = left.terms().len() * right.terms().len();
        if pairs > TERMS {
            return Err(self.fault(at, format!("the product may have more than {TERMS} terms")));
        }
        self.spend(at, pairs, extent(left) + extent(right))?;
        let product = left * right;
        self.check_finite(at, product.terms().map(|(_, coefficient)| coefficient))?;
        Ok(product)
    }

    /// Power by repeated squaring.
    fn raise(&mut self, at: usize, base: &Polynomial, exponent: usize) -> Result<Polynomial> {
        let mut power = Polynomial::constant(1.0);
        for bit in (0..usize::BITS - exponent.leading_zeros()).rev() {
            power = self.multiply(at, &power, &power)?;
            if exponent >> bit & 1 == 1 {
                power = self.multiply(at, &power, base)?;
            }
        }
        Ok(power)
    }

    fn divide(
        &mut self,
        at: usize,
        start: usize,
        dividend: &Polynomial,
        divisor: &Polynomial,
    ) -> Result<Polynomial> {
        let number = divisor.coefficient(&[]);
        if divisor.degree() > 0 || number.im != 0.0 || number.re == 0.0 {
            return Err(self.fault(start, "only a real number other than 0 may follow /"));
        }
        self.spend(at, dividend.terms().len(), extent(dividend))?;
        let mut quotient = Polynomial::default();
        for (word, coefficient) in dividend.terms() {
            quotient = quotient + &Polynomial::monomial(word.to_vec(), coefficient / number.re);
        }
        self.check_finite(at, quotient.terms().map(|(_, coefficient)| coefficient))?;
        Ok(quotient)
    }

    /// Charges an operation that writes `terms` words of at most `extent` bytes.
    fn spend(&mut self, at: usize, terms: usize, extent: usize) -> Result<()> {
        self.work = self.work.saturating_add(terms.saturating_mul(extent + 1));
        if self.work > WORK {
            return Err(self.fault(at, "the polynomial takes too long to expand"));
        }
        Ok(())
    }

    fn check_finite(&self, at: usize, mut coefficients: impl Iterator<Item = Complex64>) -> Result<()> {
        if coefficients.all(Complex64::is_finite) {
            return Ok(());
        }
        Err(self.fault(at, "a coefficient is too large"))
    }
}

/// Bytes in the names of the longest word.
fn extent(polynomial: &Polynomial) -> usize {
    let bytes = |word: &[Variable]| word.iter().map(|variable| variable.name().len()).sum();
    polynomial.terms().map(|(word, _)| bytes(word)).max().unwrap_or(0)
}
