//! Feature matrices `X = G Sigma^{1/2}` and the random streams they are drawn from.

use nalgebra::DMatrix;
use rand::Rng;
use rand_pcg::Pcg64;

use super::dense;
use super::entries::Entries;
use crate::error::{Error, Result, non_negative};

/// The generator of draw number `draw` under `seed`.
///
/// Every draw has a generator of its own, so the numbers do not depend on which thread takes
/// which draw. Increment and initial state both depend on the draw, because streams of a linear
/// congruential generator that share their state are correlated.
pub fn draw_stream(seed: u64, draw: u64) -> Pcg64 {
    let low = mix(seed ^ mix(draw));
    let high = mix(low ^ seed);
    Pcg64::new(u128::from(high) << 64 | u128::from(low), u128::from(draw))
}

/// The generator of schedule number `index` under `seed`: independent of the data of any draw, so that
/// a prediction can follow the very schedules of a simulation.
pub fn schedule_stream(seed: u64, index: u64) -> Pcg64 {
    draw_stream(!seed, index)
}

/// The SplitMix64 step: a bijection of the 64-bit words in which every input bit reaches every
/// output bit (Steele, Lea and Flood, OOPSLA 2014).
fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Draws `X = G Sigma^{1/2}` of shape `samples x p`, `G` with i.i.d. `entries` and `Sigma` the
/// diagonal matrix of the `p` given population eigenvalues, 0 for features that are constantly 0.
///
/// # Errors
/// [`Error::InvalidArgument`] if `samples` is 0, there is no eigenvalue, an eigenvalue is
/// negative or not finite, or the entries are invalid.
pub fn sample_features(
    samples: usize,
    eigenvalues: &[f64],
    entries: Entries,
    rng: &mut impl Rng,
) -> Result<DMatrix<f64>> {
    if samples == 0 {
        return Err(Error::argument("samples", samples, "at least 1"));
    }
    if eigenvalues.is_empty() {
        return Err(Error::argument("population eigenvalues", "empty", "at least one eigenvalue"));
    }
    let mut features = DMatrix::zeros(samples, eigenvalues.len());
    entries.fill(features.as_mut_slice(), rng)?;
    for (mut column, &eigenvalue) in features.column_iter_mut().zip(eigenvalues) {
        non_negative("population eigenvalue", eigenvalue)?;
        if eigenvalue != 1.0 {
            column *= eigenvalue.sqrt();
        }
    }
    Ok(features)
}

/// The `n x n` matrix `L = X Q` of `X` (`n x p`, `n < p`) in an orthonormal basis `Q` of its row
/// space.
///
/// `X^T X` and every product built from the rows act on the row space alone, so their spectrum is
/// that of the same products built from `L`, and `p - n` zeros.
pub(super) fn in_row_space(features: DMatrix<f64>) -> DMatrix<f64> {
    let transposed = features.transpose();
    drop(features);
    dense::triangular_factor(transposed).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn row_space_keeps_all_inner_products() {
        let features = sample_features(5, &[1.0; 9], Entries::Gaussian, &mut draw_stream(1, 0)).unwrap();
        let gram = &features * features.transpose();
        let reduced = in_row_space(features);
        assert_eq!(reduced.shape(), (5, 5));
        assert_relative_eq!(&reduced * reduced.transpose(), gram, epsilon = 1e-13);
    }

    #[test]
    fn columns_carry_the_population_variances() {
        const SAMPLES: usize = 40_000;
        let eigenvalues = [0.25, 1.0, 4.0];
        let features =
            sample_features(SAMPLES, &eigenvalues, Entries::Uniform, &mut draw_stream(3, 1)).unwrap();
        for (column, eigenvalue) in features.column_iter().zip(eigenvalues) {
            // The squares have relative standard deviation sqrt(0.8) / 200; five of them.
            assert_relative_eq!(column.norm_squared() / SAMPLES as f64, eigenvalue, max_relative = 0.023);
        }
    }

    #[test]
    fn streams_differ_by_seed_and_draw() {
        let first = |seed, draw| draw_stream(seed, draw).next_u64();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
        assert_ne!(first(1, 2), first(2, 1));
    }

    #[test]
    fn bad_shapes_are_refused() {
        let mut rng = draw_stream(0, 0);
        assert!(sample_features(0, &[1.0], Entries::Gaussian, &mut rng).is_err());
        assert!(sample_features(3, &[], Entries::Gaussian, &mut rng).is_err());
        assert!(sample_features(3, &[-1.0], Entries::Gaussian, &mut rng).is_err());
    }
}
