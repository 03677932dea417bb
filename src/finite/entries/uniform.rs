//! Uniform entries on `[-sqrt(3), sqrt(3)]`, the symmetric interval of variance 1.

use rand::{Rng, RngExt};

pub(super) fn fill(target: &mut [f64], rng: &mut impl Rng) {
    let half_width = 3f64.sqrt();
    for value in target {
        *value = half_width * (2.0 * rng.random::<f64>() - 1.0);
    }
}
