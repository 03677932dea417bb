//! Polynomials in free variables, typed by hand.

use std::collections::BTreeMap;

use freespectra::finite::PolynomialMonteCarlo;
use freespectra::polynomial::{FreePolynomial, Polynomial};
use freespectra::{Law, Result};
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
        let laws = laws
            .map(|(name, text)| Ok((name.as_str(), text.trim().parse::<Law>()?)))
            .collect::<Result<Vec<_>>>()?;
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
