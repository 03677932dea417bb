//! Polynomials in free variables, typed by hand.

use std::collections::BTreeMap;

use freespectra::finite::PolynomialMonteCarlo;
use freespectra::polynomial::{FreePolynomial, Polynomial};
use freespectra::{Error, Law, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::answers;

#[derive(Deserialize)]
pub struct Words {
    text: String,
    laws: BTreeMap<String, String>,
    /// Size of the random matrices to be sampled.
    features: Option<usize>,
    seed: Option<u64>,
}

impl Words {
    pub fn answer(&self) -> Result<Value> {
        let polynomial: Polynomial = self.text.parse()?;
        let occurring = polynomial.occurring();
        let laws =
            self.laws.iter().filter(|(name, _)| occurring.iter().any(|variable| variable.name() == *name));
        let laws = laws.map(|(name, text)| Ok((name.as_str(), law(text)?))).collect::<Result<Vec<_>>>()?;
        let model = FreePolynomial::new(polynomial.clone(), &laws)?;
        let mut answer = answers::law(&model.law()?);
        if let Some(features) = self.features {
            let sampled = PolynomialMonteCarlo::new(polynomial, &model.ensembles(), features)?
                .with_seed(self.seed.unwrap_or(1))
                .with_draws(1)?
                .run(None)?;
            answer["eigenvalues"] = sampled.pooled().into();
        }
        Ok(answer)
    }
}

/// A law as `name:parameter:...`.
fn law(text: &str) -> Result<Law> {
    let allowed = "semicircle:VARIANCE, mp:RATIO, uniform:A:B, arcsine:A:B, projection:TRACE, bernoulli, \
                   kesten-mckay:DEGREE or free-poisson:RATE:SIZE";
    let wrong = || Error::argument("law", format!("{text:?}"), allowed);
    let mut parts = text.trim().split(':');
    let name = parts.next().unwrap_or_default();
    let numbers = parts.map(|part| part.trim().parse().map_err(|_| wrong())).collect::<Result<Vec<f64>>>()?;
    match (name, &numbers[..]) {
        ("semicircle", &[variance]) => Law::semicircle(variance),
        ("mp", &[ratio]) => Law::marchenko_pastur(ratio),
        ("uniform", &[low, high]) => Law::uniform(low, high),
        ("arcsine", &[low, high]) => Law::arcsine(low, high),
        ("projection", &[trace]) => Law::projection(trace),
        ("bernoulli", []) => Law::bernoulli(),
        ("kesten-mckay", &[degree]) => Law::kesten_mckay(degree),
        ("free-poisson", &[rate, size]) => Law::free_poisson(rate, size),
        _ => Err(wrong()),
    }
}
