//! Student's t entries divided by their standard deviation `sqrt(nu / (nu - 2))`.

use rand::{Rng, RngExt};
use rand_distr::StudentT;

use crate::error::{Error, Result};

pub(super) fn fill(degrees_of_freedom: f64, target: &mut [f64], rng: &mut impl Rng) -> Result<()> {
    let law = StudentT::new(degrees_of_freedom)
        .map_err(|_| Error::argument("degrees_of_freedom", degrees_of_freedom, "greater than 2"))?;
    let scale = ((degrees_of_freedom - 2.0) / degrees_of_freedom).sqrt();
    for value in target {
        *value = scale * rng.sample(law);
    }
    Ok(())
}
