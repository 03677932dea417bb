//! The split of the rows of the data into consecutive batches.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, positive};

/// Fractions have to sum to one within this.
const FRACTION_TOLERANCE: f64 = 1e-9;

/// Sizes `n_b >= 1` of `B >= 1` consecutive batches, which sum to the number of samples `n`.
///
/// ```
/// use freespectra::finite::Batching;
/// # fn main() -> Result<(), freespectra::Error> {
/// assert_eq!(Batching::equal(12, 3)?.sizes(), [4, 4, 4]);
/// assert_eq!(Batching::from_fractions(11, &[0.5, 0.3, 0.2])?.sizes(), [6, 3, 2]);
/// assert!(Batching::equal(10, 3).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Batching {
    sizes: Vec<usize>,
}

impl Batching {
    /// `samples` rows in `batches` batches of equal size.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless both are at least 1 and `batches` divides `samples`.
    pub fn equal(samples: usize, batches: usize) -> Result<Self> {
        if batches == 0 {
            return Err(Error::argument("batches", batches, "at least 1"));
        }
        if samples == 0 || !samples.is_multiple_of(batches) {
            return Err(Error::argument(
                "samples",
                samples,
                format!("a positive multiple of batches = {batches}"),
            ));
        }
        Ok(Self { sizes: vec![samples / batches; batches] })
    }

    /// Batches of the given sizes.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no batch, an empty one, or the sum overflows.
    pub fn from_sizes(sizes: Vec<usize>) -> Result<Self> {
        if sizes.is_empty() {
            return Err(Error::argument("batch sizes", "empty", "at least one size"));
        }
        if sizes.contains(&0) {
            return Err(Error::argument("batch size", 0, "at least 1"));
        }
        if sizes.iter().try_fold(0usize, |total, &size| total.checked_add(size)).is_none() {
            return Err(Error::argument("batch sizes", "beyond usize", "sizes with a sum that fits"));
        }
        Ok(Self { sizes })
    }

    /// Batches that hold the given fractions of the samples, each within one row of its exact
    /// share and none empty.
    ///
    /// Shares are rounded down (up to 1 where that gives 0) and the rows left over go to the
    /// largest remainders (the method of Hamilton).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no fraction, one is not a finite positive number,
    /// they do not sum to 1 within 1e-9, or the samples are too few for such a split.
    pub fn from_fractions(samples: usize, fractions: &[f64]) -> Result<Self> {
        let fractions = normalised_fractions(fractions)?;
        let shares: Vec<f64> = fractions.iter().map(|fraction| fraction * samples as f64).collect();
        let mut sizes: Vec<usize> = shares.iter().map(|share| (share.floor() as usize).max(1)).collect();
        let taken: usize = sizes.iter().sum();
        let Some(left_over) = samples.checked_sub(taken) else {
            return Err(Error::argument(
                "samples",
                samples,
                format!("at least {taken}, so that every batch fraction gets a row"),
            ));
        };
        let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
        let remainder = |b: usize| shares[b] - sizes[b] as f64;
        by_remainder.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
        for &b in by_remainder.iter().take(left_over) {
            sizes[b] += 1;
        }
        Ok(Self { sizes })
    }

    /// The sizes `n_b`, in order.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Number of batches `B`.
    pub fn batches(&self) -> usize {
        self.sizes.len()
    }

    /// Number of samples `n = sum_b n_b`.
    pub fn samples(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// The rows of each batch, in order.
    pub fn rows(&self) -> impl Iterator<Item = Range<usize>> {
        self.sizes.iter().scan(0, |start, &size| {
            let rows = *start..*start + size;
            *start = rows.end;
            Some(rows)
        })
    }
}

/// Fractions of the samples in each batch, scaled to sum to 1 exactly.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is no fraction, one is not a finite positive number, or they do
/// not sum to 1 within 1e-9.
pub(crate) fn normalised_fractions(fractions: &[f64]) -> Result<Vec<f64>> {
    if fractions.is_empty() {
        return Err(Error::argument("batch_fractions", "empty", "at least one fraction"));
    }
    for &fraction in fractions {
        positive("batch_fractions", fraction)?;
    }
    let total: f64 = fractions.iter().sum();
    if (total - 1.0).abs() > FRACTION_TOLERANCE {
        let value = format!("summing to {total}");
        return Err(Error::argument("batch_fractions", value, "fractions that sum to 1"));
    }
    Ok(fractions.iter().map(|fraction| fraction / total).collect())
}

impl TryFrom<Vec<usize>> for Batching {
    type Error = Error;

    fn try_from(sizes: Vec<usize>) -> Result<Self> {
        Self::from_sizes(sizes)
    }
}

impl From<Batching> for Vec<usize> {
    fn from(batching: Batching) -> Self {
        batching.sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn bad_splits_are_refused() {
        assert!(Batching::equal(0, 1).is_err());
        assert!(Batching::equal(4, 0).is_err());
        assert!(Batching::equal(4, 3).is_err());
        assert!(Batching::from_sizes(vec![]).is_err());
        assert!(Batching::from_sizes(vec![3, 0]).is_err());
        for fractions in [&[][..], &[0.5, 0.4], &[1.5, -0.5], &[f64::NAN], &[0.0, 1.0]] {
            assert!(Batching::from_fractions(10, fractions).is_err(), "{fractions:?}");
        }
        assert!(Batching::from_fractions(3, &[0.98, 0.01, 0.01]).is_err());
        assert!(serde_json::from_str::<Batching>("[3, 0]").is_err());
    }

    #[test]
    fn rows_are_consecutive() {
        let batching = Batching::from_sizes(vec![2, 3, 1]).unwrap();
        assert_eq!(batching.rows().collect::<Vec<_>>(), [0..2, 2..5, 5..6]);
        assert_eq!((batching.samples(), batching.batches()), (6, 3));
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn fractions_keep_their_share(samples in 40usize..4000, weights in prop::collection::vec(0.1f64..1.0, 1..8)) {
            let total: f64 = weights.iter().sum();
            let fractions: Vec<f64> = weights.iter().map(|w| w / total).collect();
            let batching = Batching::from_fractions(samples, &fractions).unwrap();
            prop_assert_eq!(batching.samples(), samples);
            for (&size, fraction) in batching.sizes().iter().zip(&fractions) {
                prop_assert!(size >= 1);
                prop_assert!((size as f64 - fraction * samples as f64).abs() <= 1.0 + 1e-6);
            }
        }
    }
}
