//! Random signs.

use rand::Rng;

/// Every bit of a random word is a sign of its own.
pub(super) fn fill(target: &mut [f64], rng: &mut impl Rng) {
    for block in target.chunks_mut(64) {
        let mut word = rng.next_u64();
        for value in block {
            *value = if word & 1 == 0 { -1.0 } else { 1.0 };
            word >>= 1;
        }
    }
}
