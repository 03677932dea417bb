//! Standard normal entries.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

pub(super) fn fill(target: &mut [f64], rng: &mut impl Rng) {
    for value in target {
        *value = rng.sample(StandardNormal);
    }
}
