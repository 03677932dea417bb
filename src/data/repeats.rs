//! Rows that occur more than once.
//!
//! Copies of a row fall in different batches and then are not free from the Gram matrix, and a copy left out is fitted
//! by the others, so that nothing is learnt from it about new rows. Both matter as far as copies carry weight in each
//! other's fitted values: with the ridge leverages `l_i` of the [certificate](super::Certificate), row `j` enters the
//! fitted value of its copy `i` with `l_j = l_i`, so
//!
//! ```text
//! share  = 1 - distinct / n                               part of the rows that are copies of another one
//! weight = (1/n) sum_i sum_{j != i, x_j = x_i} l_j        what copies contribute to a fitted value, on average
//! ```
//!
//! Columns of few values repeat rows by chance, with little weight as long as distinct rows outnumber the features by far.
//! Rows are told apart by a hash of 64 bits each; a hundred million of them collide once in some thousand data sets.

use std::hash::{DefaultHasher, Hasher as _};

/// Hashes of the rows, in their order.
#[derive(Default)]
pub(super) struct Fingerprints(Vec<u64>);

/// How many rows are copies, and what they weigh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Repeats {
    pub(super) share: f64,
    pub(super) weight: f64,
}

impl Repeats {
    pub(super) const NONE: Self = Self { share: 0.0, weight: 0.0 };
}

impl Fingerprints {
    pub(super) fn add(&mut self, row: &[f64]) {
        let mut hasher = DefaultHasher::new();
        for x in row {
            // -0 is 0.
            hasher.write_u64((x + 0.0).to_bits());
        }
        self.0.push(hasher.finish());
    }

    /// From the leverages of the rows, in their order.
    pub(super) fn repeats(self, leverages: &[f64]) -> Repeats {
        let mut rows: Vec<(u64, f64)> = self.0.into_iter().zip(leverages.iter().copied()).collect();
        rows.sort_unstable_by_key(|row| row.0);
        let n = rows.len() as f64;
        let (mut distinct, mut weight) = (0.0, 0.0);
        for copies in rows.chunk_by(|a, b| a.0 == b.0) {
            distinct += 1.0;
            weight += (copies.len() - 1) as f64 * copies.iter().map(|row| row.1).sum::<f64>();
        }
        Repeats { share: 1.0 - distinct / n, weight: weight / n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_counted_and_weighed() {
        let mut rows = Fingerprints::default();
        for row in [[1.0, 0.0], [2.0, 0.5], [1.0, -0.0], [0.0, 1.0], [1.0, 0.0]] {
            rows.add(&row);
        }
        // Three rows with two copies of leverage 0.25 each.
        let repeats = rows.repeats(&[0.25, 0.5, 0.25, 0.4, 0.25]);
        assert!((repeats.share - 0.4).abs() < 1e-15 && (repeats.weight - 0.3).abs() < 1e-15, "{repeats:?}");
    }
}
