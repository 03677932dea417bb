//! Laws as answers: what a picture needs, and all of the law for values at any point.

use freespectra::{Error, Result, SpectralLaw};
use serde::Deserialize;
use serde_json::{Value, json};

/// Points of a drawn density.
const POINTS: usize = 400;

/// A law with its picture.
pub fn law(law: &SpectralLaw) -> Value {
    let mesh = if law.support().is_empty() { Vec::new() } else { law.mesh(POINTS) };
    let drawn: Vec<Value> = mesh
        .into_iter()
        .map(|x| {
            // JSON has no infinity; a hard edge is drawn to the point next to it.
            let y: Vec<Option<f64>> =
                law.densities(&x).into_iter().map(|y| y.is_finite().then_some(y)).collect();
            json!({ "x": x, "y": y })
        })
        .collect();
    let certificate = law.certificate();
    json!({
        "support": law.support(),
        "atoms": law.atoms().iter().map(|atom| [atom.location, atom.mass]).collect::<Vec<_>>(),
        "moments": (1..=4).map(|k| law.moment(k)).collect::<Vec<_>>(),
        "evaluations": certificate.evaluations,
        "solves": certificate.solves,
        "mass_error": certificate.mass_error,
        "drawn": drawn,
        "law": law,
    })
}

/// Values of a law that was handed out.
#[derive(Deserialize)]
pub struct Evaluate {
    law: SpectralLaw,
    what: String,
    at: Vec<f64>,
}

impl Evaluate {
    pub fn answer(&self) -> Result<Value> {
        let values = match self.what.as_str() {
            "density" => self.law.densities(&self.at),
            "cdf" => self.law.cdfs(&self.at),
            "quantile" => self.law.quantiles(&self.at)?,
            other => return Err(Error::argument("what", other, "density, cdf or quantile")),
        };
        // JSON has no infinity.
        Ok(values.into_iter().map(|y| if y.is_finite() { json!(y) } else { json!("Infinity") }).collect())
    }
}
