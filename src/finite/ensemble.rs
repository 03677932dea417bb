//! Random matrices whose spectra tend to a law.

use nalgebra::DMatrix;
use rand::Rng;

use super::data::sample_features;
use super::dense;
use super::entries::Entries;
use crate::error::{Error, Result};
use crate::law::{Ensemble, SpectralLaw};
use crate::population::Population;

/// Most numbers of a sampled matrix or of the data behind it, 16 GB. More would abort the program.
const MOST_NUMBERS: usize = 1 << 31;

/// A matrix of the ensemble, symmetric to the last bit, made on the calling thread.
///
/// # Errors
/// [`Error::InvalidArgument`] from [`Ensemble::validate`], if `size` is 0 or beyond memory, or if
/// `size / ratio` rounds to no row at all, or to too many.
///
/// ```
/// use freespectra::finite::{draw_stream, sample_ensemble};
/// use freespectra::law::Ensemble;
/// # fn main() -> Result<(), freespectra::Error> {
/// let matrix = sample_ensemble(&Ensemble::Wigner { variance: 1.0 }, 50, &mut draw_stream(1, 0))?;
/// assert_eq!(matrix, matrix.transpose());
/// # Ok(())
/// # }
/// ```
pub fn sample_ensemble(ensemble: &Ensemble, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    ensemble.validate()?;
    check_size("size", size)?;
    sample(ensemble, size, rng)
}

/// Checks that there are rows, and that the matrix is not beyond memory.
pub(super) fn check_size(argument: &'static str, size: usize) -> Result<()> {
    let most = MOST_NUMBERS.isqrt();
    if (1..=most).contains(&size) {
        Ok(())
    } else {
        Err(Error::argument(argument, size, format!("from 1 to {most}")))
    }
}

/// Most numbers at a time in [`sample_ensemble`].
pub(super) fn numbers_to_sample(ensemble: &Ensemble, size: usize) -> usize {
    let matrix = size.saturating_mul(size);
    // Basis, turned matrix and result.
    let turning = matrix.saturating_mul(3);
    match ensemble {
        Ensemble::Wigner { .. } => matrix,
        Ensemble::Wishart { ratio, population } => {
            let numbers = wishart_rows(size, *ratio).saturating_mul(size).saturating_add(matrix);
            if population.is_identity() { numbers } else { numbers.max(turning) }
        }
        Ensemble::Rotated(_) => turning,
        Ensemble::Affine { of, .. } => numbers_to_sample(of, size),
    }
}

/// Rows of the data behind a Wishart matrix of the given size.
fn wishart_rows(size: usize, ratio: f64) -> usize {
    (size as f64 / ratio).round() as usize
}

fn sample(ensemble: &Ensemble, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    match ensemble {
        Ensemble::Wigner { variance } => wigner(*variance, size, rng),
        Ensemble::Wishart { ratio, population } => wishart(*ratio, population, size, rng),
        Ensemble::Rotated(law) => rotated(law, size, rng),
        Ensemble::Affine { scale, shift, of } => {
            let mut matrix = sample(of, size, rng)? * *scale;
            for i in 0..size {
                matrix[(i, i)] += shift;
            }
            Ok(matrix)
        }
    }
}

fn wigner(variance: f64, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let mut matrix = DMatrix::zeros(size, size);
    let deviation = (variance / size as f64).sqrt();
    for (column, entries) in matrix.as_mut_slice().chunks_exact_mut(size).enumerate() {
        let lower = &mut entries[column..];
        Entries::Gaussian.fill(lower, rng)?;
        lower.iter_mut().for_each(|entry| *entry *= deviation);
        lower[0] *= std::f64::consts::SQRT_2;
    }
    dense::mirror_lower(&mut matrix);
    Ok(matrix)
}

fn wishart(ratio: f64, population: &Population, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let rows = wishart_rows(size, ratio);
    if rows == 0 || rows.checked_mul(size).is_none_or(|numbers| numbers > MOST_NUMBERS) {
        let allowed = format!("such that size {size} / ratio is from 1 to {} rows", MOST_NUMBERS / size);
        return Err(Error::argument("ratio", ratio, allowed));
    }
    let features = sample_features(rows, &population.eigenvalues(size), Entries::Gaussian, rng)?;
    let covariance = dense::gram(dense::view(&features), 1.0 / rows as f64);
    drop(features);
    if population.is_identity() {
        return Ok(covariance);
    }
    let basis = basis(size, rng)?;
    let mut turned = DMatrix::zeros(size, size);
    dense::add_product(&mut turned, 1.0, dense::view(&basis), dense::view(&covariance));
    drop(covariance);
    Ok(in_basis(&turned, &basis))
}

fn rotated(law: &SpectralLaw, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let basis = basis(size, rng)?;
    let mut turned = basis.clone();
    for (i, mut column) in turned.column_iter_mut().enumerate() {
        column *= law.quantile((i as f64 + 0.5) / size as f64)?;
    }
    Ok(in_basis(&turned, &basis))
}

/// A uniformly distributed orthonormal basis, up to the signs of its vectors.
///
/// The orthogonal factor of a Gaussian matrix is uniformly distributed once the signs of its columns
/// make the diagonal of the triangular factor positive (Mezzadri, Notices AMS 54, 2007). Signs cancel
/// in `Q M Q^T` if `M` is diagonal, or if signs do not change its distribution.
fn basis(size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let mut gaussian = DMatrix::zeros(size, size);
    Entries::Gaussian.fill(gaussian.as_mut_slice(), rng)?;
    Ok(dense::orthogonal_factor(gaussian))
}

/// `Q M Q^T` from `Q M` for a symmetric `M`.
fn in_basis(turned: &DMatrix<f64>, basis: &DMatrix<f64>) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(basis.nrows(), basis.nrows());
    dense::add_product_lower(&mut matrix, 1.0, dense::view(turned), dense::view(basis).transpose());
    dense::mirror_lower(&mut matrix);
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite::{draw_stream, symmetric_eigenvalues};

    fn trace_moments(matrix: &DMatrix<f64>) -> [f64; 4] {
        let values = symmetric_eigenvalues(matrix).unwrap();
        [1, 2, 3, 4].map(|k| values.iter().map(|x| x.powi(k)).sum::<f64>() / values.len() as f64)
    }

    #[test]
    fn wigner_and_wishart_have_their_moments() {
        const SIZE: usize = 400;
        let mut rng = draw_stream(11, 0);
        // Linear statistics fluctuate, and differ from their limits, like 1 / size: by a few of it.
        let close = |found: [f64; 4], exact: [f64; 4], scale: f64| {
            for (k, (found, exact)) in found.into_iter().zip(exact).enumerate() {
                let tolerance = 20.0 * scale.powi(k as i32 + 1) / SIZE as f64;
                assert!((found - exact).abs() < tolerance, "moment {}: {found} for {exact}", k + 1);
            }
        };
        let wigner = sample_ensemble(&Ensemble::Wigner { variance: 4.0 }, SIZE, &mut rng).unwrap();
        close(trace_moments(&wigner), [0.0, 4.0, 0.0, 32.0], 2.0);
        let diagonal = wigner.diagonal().norm_squared();
        // A sum of 400 squares of variance 8 / 400; relative standard deviation (2 / 400)^{1/2}.
        assert!((diagonal - 8.0).abs() < 5.0 * 8.0 * (2.0 / SIZE as f64).sqrt(), "{diagonal}");
        // With population moments t_1 = 1, t_2, t_3: t_1, t_2 + r t_1^2, t_3 + 3 r t_1 t_2 + r^2 t_1^3.
        let population = Population::atoms(&[(0.5, 0.5), (1.5, 0.5)]).unwrap();
        let wishart = sample_ensemble(&Ensemble::Wishart { ratio: 2.0, population }, SIZE, &mut rng).unwrap();
        assert_eq!(wishart, wishart.transpose());
        let (t2, t3) = (1.25, 1.75);
        let exact = [1.0, t2 + 2.0, t3 + 3.0 * 2.0 * t2 + 4.0];
        for (k, exact) in exact.into_iter().enumerate() {
            let found = trace_moments(&wishart)[k];
            assert!((found - exact).abs() < 40.0 * 3f64.powi(k as i32) / SIZE as f64, "{found} for {exact}");
        }
    }

    #[test]
    fn affine_acts_on_the_matrix() {
        let wigner = Ensemble::Wigner { variance: 1.0 };
        let affine = Ensemble::Affine { scale: -2.0, shift: 3.0, of: Box::new(wigner.clone()) };
        let plain = sample_ensemble(&wigner, 5, &mut draw_stream(3, 0)).unwrap();
        let moved = sample_ensemble(&affine, 5, &mut draw_stream(3, 0)).unwrap();
        assert_eq!(moved, plain * -2.0 + DMatrix::identity(5, 5) * 3.0);
    }

    #[test]
    fn what_cannot_be_sampled_is_refused() {
        let mut rng = draw_stream(0, 0);
        let wishart = |ratio| Ensemble::Wishart { ratio, population: Population::identity() };
        for (ensemble, size) in [
            (Ensemble::Wigner { variance: 1.0 }, 0),
            (Ensemble::Wigner { variance: 1.0 }, usize::MAX),
            (Ensemble::Wigner { variance: f64::INFINITY }, 5),
            (wishart(20.1), 10),
            (wishart(1e-300), 10),
            (Ensemble::Affine { scale: 1.0, shift: 0.0, of: Box::new(wishart(1e3)) }, 10),
        ] {
            let result = sample_ensemble(&ensemble, size, &mut rng);
            assert!(matches!(result, Err(Error::InvalidArgument { .. })), "{ensemble:?}");
        }
        assert_eq!(sample_ensemble(&wishart(3.0), 1, &mut rng).map(|m| m.shape()).ok(), None);
        assert!(sample_ensemble(&wishart(1.0), 1, &mut rng).is_ok());
    }
}
