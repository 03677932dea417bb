//! Single characters and numbers of an expression, and where its faults are.

use super::Parser;
use crate::error::{Error, Result};

impl<'a> Parser<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    pub(super) fn skip_blanks(&mut self) {
        self.position = self.text.len() - self.rest().trim_start().len();
    }

    pub(super) fn fault(&self, reason: impl Into<String>) -> Error {
        let column = self.text[..self.position].chars().count() + 1;
        Error::Syntax { text: self.text.to_owned(), column, reason: reason.into() }
    }

    /// Whether the next character that is no blank is this one; it is then passed over.
    pub(super) fn takes(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(wanted);
        self.position += if found { wanted.len_utf8() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, wanted: char) -> Result<()> {
        if self.takes(wanted) { Ok(()) } else { Err(self.fault(format!("expected {wanted:?}"))) }
    }

    /// A finite number, with a sign directly before it if need be.
    pub(super) fn number(&mut self) -> Option<f64> {
        self.skip_blanks();
        let bytes = self.rest().as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
                at += 1;
            }
            at
        };
        let sign = |at: usize| at + usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let mut end = digits(sign(0));
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let exponent = digits(sign(end + 1));
            end = if exponent > sign(end + 1) { exponent } else { end };
        }
        let number = self.rest()[..end].parse::<f64>().ok().filter(|x| x.is_finite())?;
        self.position += end;
        Some(number)
    }

    /// The numbers of `NAME:NUMBER:NUMBER...`.
    pub(super) fn parameters(&mut self) -> Vec<f64> {
        let mut numbers = Vec::new();
        while self.rest().starts_with(':') {
            let before = self.position;
            self.position += 1;
            let Some(number) = self.number() else {
                self.position = before;
                break;
            };
            numbers.push(number);
        }
        numbers
    }

    pub(super) fn atom(&mut self) -> Option<(f64, f64)> {
        let location = self.number()?;
        if self.takes('@') { Some((location, self.number()?)) } else { None }
    }
}
