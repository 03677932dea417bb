//! Laws by operations on laws, with those of free variables:
//!
//! ```text
//! sum       product (("+" | "-") product)*       free sums; a number shifts
//! product   factor ("*" factor)*                 free products of positive laws; a number scales
//! factor    "-" factor | NUMBER | "(" sum ")"
//!         | compress(sum, TRACE) | power(sum, T) | NAME[:PARAMETERS]
//! ```

mod tokens;

use std::str::FromStr;

use super::handle::Law;
use super::named::Discrete;
use crate::error::{Error, Result};

/// How the laws with names are written in the text of a [`Law`].
pub const NAMED: &str = "semicircle:VARIANCE, mp:RATIO[:SCALE], covariance:RATIO:t@w,t@w, compound:RATIO:t@w,t@w, \
                         atoms:t@w,t@w, projection:TRACE, bernoulli, uniform:A:B, arcsine:A:B, \
                         free-poisson:RATE:SIZE or kesten-mckay:DEGREE";

/// Deepest nesting of parentheses and signs.
const DEEPEST: usize = 100;

/// Laws as texts: [names](NAMED) with operations, such as `"2*(mp:1 - 3)"`, `"compress(mp:1, 0.3)"` or
/// `"power(bernoulli, 3)"`; sums and products of laws are free.
///
/// ```
/// use freespectra::Law;
/// # fn main() -> Result<(), freespectra::Error> {
/// let law: Law = "mp:0.5 * atoms:1@0.5,5@0.5".parse()?;
/// assert!((law.mean() - 3.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
impl FromStr for Law {
    type Err = Error;

    /// # Errors
    /// [`Error::Syntax`] with the column of the fault; those of the laws and of their operations.
    fn from_str(text: &str) -> Result<Self> {
        parse(text, None)
    }
}

impl Law {
    /// The law of a text in which `eigenvalues:FILE` stands for the eigenvalues that `read` finds under that name.
    ///
    /// # Errors
    /// Those of the [parser](Law::from_str) and of `read`.
    pub fn parse_with(text: &str, read: impl Fn(&str) -> Result<Vec<f64>>) -> Result<Self> {
        parse(text, Some(&read))
    }
}

/// What is behind a name of eigenvalues.
type Read<'a> = &'a dyn Fn(&str) -> Result<Vec<f64>>;

fn parse(text: &str, read: Option<Read<'_>>) -> Result<Law> {
    let mut parser = Parser { text, position: 0, depth: 0, read };
    let value = parser.sum()?;
    parser.skip_blanks();
    if parser.position < text.len() {
        return Err(parser.fault("expected an operation or the end"));
    }
    match value {
        Value::Law(law) => Ok(law),
        Value::Number(_) => {
            let allowed = format!("a law, not a number; one of {NAMED}");
            Err(Error::argument("law", format!("{text:?}"), allowed))
        }
    }
}

enum Value {
    Law(Law),
    Number(f64),
}

impl Value {
    fn negated(self) -> Result<Self> {
        Ok(match self {
            Self::Number(x) => Self::Number(-x),
            Self::Law(law) => Self::Law(law.affine(-1.0, 0.0)?),
        })
    }

    fn plus(self, other: Self) -> Result<Self> {
        Ok(match (self, other) {
            (Self::Number(x), Self::Number(y)) => Self::Number(x + y),
            (Self::Law(law), Self::Number(shift)) | (Self::Number(shift), Self::Law(law)) => {
                Self::Law(law.affine(1.0, shift)?)
            }
            (Self::Law(one), Self::Law(two)) => Self::Law(one.plus(&two)?),
        })
    }

    fn times(self, other: Self) -> Result<Self> {
        Ok(match (self, other) {
            (Self::Number(x), Self::Number(y)) => Self::Number(x * y),
            (Self::Law(law), Self::Number(scale)) | (Self::Number(scale), Self::Law(law)) => {
                Self::Law(law.affine(scale, 0.0)?)
            }
            (Self::Law(one), Self::Law(two)) => Self::Law(one.times(&two)?),
        })
    }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes, always between characters.
    position: usize,
    depth: usize,
    read: Option<Read<'a>>,
}

impl<'a> Parser<'a> {
    fn sum(&mut self) -> Result<Value> {
        let mut sum = self.product()?;
        loop {
            if self.takes('+') {
                sum = sum.plus(self.product()?)?;
            } else if self.takes('-') {
                sum = sum.plus(self.product()?.negated()?)?;
            } else {
                return Ok(sum);
            }
        }
    }

    fn product(&mut self) -> Result<Value> {
        let mut product = self.factor()?;
        while self.takes('*') {
            product = product.times(self.factor()?)?;
        }
        Ok(product)
    }

    fn factor(&mut self) -> Result<Value> {
        if self.depth == DEEPEST {
            return Err(self.fault(format!("nested deeper than {DEEPEST}")));
        }
        self.depth += 1;
        let value = if self.takes('-') {
            self.factor()?.negated()?
        } else if self.takes('(') {
            let inner = self.sum()?;
            self.expect(')')?;
            inner
        } else if let Some(number) = self.number() {
            Value::Number(number)
        } else {
            Value::Law(self.named()?)
        };
        self.depth -= 1;
        Ok(value)
    }

    fn named(&mut self) -> Result<Law> {
        let start = self.position;
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let name = &self.rest()[..self.rest().find(|c| !is_name(c)).unwrap_or(self.rest().len())];
        self.position += name.len();
        let form = match name {
            "compress" | "power" => return self.function(name),
            "atoms" => return Law::atoms(&self.atoms("atoms")?),
            "covariance" | "compound" => return self.with_atoms(name),
            "eigenvalues" => {
                if let Some(read) = self.read {
                    return self.eigenvalues(read);
                }
                self.position = start;
                return Err(self.fault("eigenvalues of a file cannot be read here"));
            }
            "semicircle" => "semicircle:VARIANCE",
            "mp" => "mp:RATIO[:SCALE]",
            "projection" => "projection:TRACE",
            "bernoulli" => "bernoulli",
            "uniform" => "uniform:A:B",
            "arcsine" => "arcsine:A:B",
            "free-poisson" => "free-poisson:RATE:SIZE",
            "kesten-mckay" => "kesten-mckay:DEGREE",
            _ => {
                self.position = start;
                return Err(self.fault(format!("expected a number, compress(, power(, {NAMED}")));
            }
        };
        let parameters = self.parameters();
        if self.rest().starts_with(':') {
            return Err(self.fault(format!("expected {form}")));
        }
        match (name, &parameters[..]) {
            ("semicircle", &[variance]) => Law::semicircle(variance),
            ("mp", &[ratio]) => Law::marchenko_pastur(ratio),
            ("mp", &[ratio, scale]) => Law::marchenko_pastur(ratio)?.affine(scale, 0.0),
            ("projection", &[trace]) => Law::projection(trace),
            ("bernoulli", []) => Law::bernoulli(),
            ("uniform", &[low, high]) => Law::uniform(low, high),
            ("arcsine", &[low, high]) => Law::arcsine(low, high),
            ("free-poisson", &[rate, size]) => Law::free_poisson(rate, size),
            ("kesten-mckay", &[degree]) => Law::kesten_mckay(degree),
            _ => Err(self.fault(format!("expected {form}"))),
        }
    }

    /// What follows the name of an operation with a number.
    fn function(&mut self, name: &str) -> Result<Law> {
        self.expect('(')?;
        let Value::Law(law) = self.sum()? else {
            return Err(self.fault(format!("{name} takes a law and a number")));
        };
        self.expect(',')?;
        let parameter = self.number().ok_or_else(|| self.fault("expected a number"))?;
        self.expect(')')?;
        match name {
            "compress" => law.compress(parameter),
            _ => law.power(parameter),
        }
    }

    /// The rest of `covariance:RATIO:t@w,t@w,...` or `compound:RATIO:t@w,t@w,...`: the population on the features, or
    /// the weights on the rows.
    fn with_atoms(&mut self, name: &str) -> Result<Law> {
        let ratio = if self.takes(':') { self.number() } else { None };
        let ratio = ratio.ok_or_else(|| self.fault(format!("expected {name}:RATIO:t@w,t@w,...")))?;
        let atoms = Discrete::new(&self.atoms(&format!("{name}:RATIO"))?)?;
        if name == "covariance" {
            Law::sample_covariance(ratio, atoms)
        } else {
            Law::compound_free_poisson(ratio, atoms)
        }
    }

    /// `:t@w,t@w,...`
    fn atoms(&mut self, prefix: &str) -> Result<Vec<(f64, f64)>> {
        let expected = format!("expected {prefix}:t@w,t@w,..., locations with their masses");
        let fault = |parser: &Self| parser.fault(expected.as_str());
        if !self.takes(':') {
            return Err(fault(self));
        }
        let mut atoms = vec![self.atom().ok_or_else(|| fault(self))?];
        // A comma without an atom behind it belongs to somebody else.
        loop {
            let before = self.position;
            match if self.takes(',') { self.atom() } else { None } {
                Some(atom) => atoms.push(atom),
                None => {
                    self.position = before;
                    return Ok(atoms);
                }
            }
        }
    }

    /// A file name stands in quotes, or goes on to the next blank, comma or closing parenthesis.
    fn eigenvalues(&mut self, read: Read<'_>) -> Result<Law> {
        if !self.takes(':') {
            return Err(self.fault("expected eigenvalues:FILE"));
        }
        let is_quoted = self.takes('"');
        let ends = |c: char| if is_quoted { c == '"' } else { c.is_whitespace() || c == ',' || c == ')' };
        let path = &self.rest()[..self.rest().find(ends).unwrap_or(self.rest().len())];
        self.position += path.len();
        if is_quoted {
            self.expect('"')?;
        }
        Law::eigenvalues(&read(path)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance are those of the free operations: for sums cumulants add, for products of means `m` and
    /// variances `v` the variance is `v_1 m_2^2 + v_2 m_1^2`.
    #[test]
    fn means_and_variances() {
        for (text, mean, variance) in [
            ("semicircle:2", 0.0, 2.0),
            ("semicircle:1 + uniform:-1:1", 0.0, 1.0 + 1.0 / 3.0),
            ("mp:0.5 * atoms:1@0.5,5@0.5", 3.0, 0.5 * 9.0 + 4.0),
            ("covariance:0.5:1@0.5,3@0.5", 2.0, 7.0 - 4.0),
            ("1 + compound:0.5:1@0.5,3@0.5", 3.0, 6.5 - 4.0),
            ("compress(mp:1, 0.3)", 1.0, 0.3),
            ("compress(atoms:0@0.5,1@0.5,0.5)", 0.5, 0.125),
            ("power(bernoulli, 3)", 0.0, 3.0),
            ("2*(mp:1 - 3) - -1e0", -3.0, 4.0),
            ("-mp:0.5:2+1", -1.0, 2.0),
            ("bernoulli - bernoulli", 0.0, 2.0),
            ("projection:0.3*projection:0.5", 0.15, 0.21 * 0.25 + 0.25 * 0.09),
            ("arcsine:0:1+free-poisson:2:0.5+kesten-mckay:3", 1.5, 0.125 + 0.5 + 3.0),
        ] {
            let law: Law = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!((law.mean() - mean).abs() < 1e-9, "{text}: mean {}", law.mean());
            assert!((law.variance() - variance).abs() < 1e-8, "{text}: variance {}", law.variance());
        }
    }

    #[test]
    fn eigenvalues_are_read_by_name() {
        let read = |name: &str| Ok(vec![1.0, name.len() as f64]);
        let law = Law::parse_with("2*eigenvalues:\"a b\" + 1", read).unwrap();
        assert!((law.mean() - 5.0).abs() < 1e-12);
        assert!(Law::parse_with("eigenvalues:x", |_| Err(Error::argument("x", 1, "y"))).is_err());
    }

    #[test]
    fn faults_have_their_place() {
        let deep = "(".repeat(200_000);
        for (text, column) in [
            ("", 1),
            ("mp", 3),
            ("mp:", 3),
            ("mp:1:x", 5),
            ("semicircle:1:2", 15),
            ("semicircle:1 + gauss", 16),
            ("(mp:1", 6),
            ("mp:1)", 5),
            ("mp:1 mp:2", 6),
            ("power(mp:1)", 11),
            ("power(mp:1, x)", 13),
            ("compress(2, 0.5)", 11),
            ("atoms:1", 8),
            ("atoms", 6),
            ("é", 1),
            ("1 + eigenvalues:x", 5),
            (&deep, DEEPEST + 1),
        ] {
            match text.parse::<Law>() {
                Err(Error::Syntax { column: found, reason, .. }) => {
                    assert_eq!(found, column, "{:.40}: {reason}", text);
                }
                other => panic!("{:.40}: {other:?}", text),
            }
        }
        for text in [
            "2",
            "1 + 2",
            "mp:-1",
            "semicircle:1 * semicircle:1",
            "power(mp:1, 0.5)",
            "compress(mp:1, 2)",
            "0*mp:1",
        ] {
            assert!(text.parse::<Law>().is_err(), "{text}");
        }
    }
}
