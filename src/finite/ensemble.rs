//! Random matrices whose spectra tend to a law.

use nalgebra::DMatrix;
use rand::Rng;

use super::dense;
use super::entries::Entries;
use crate::error::{Error, Result};
use crate::law::{Ensemble, SpectralLaw};

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
            let numbers = data_rows(size, *ratio).saturating_mul(size).saturating_add(matrix);
            if is_point(population) { numbers } else { numbers.max(turning) }
        }
        Ensemble::WeightedRows { ratio, .. } => {
            data_rows(size, *ratio).saturating_mul(size).saturating_add(matrix)
        }
        Ensemble::Rotated(_) => turning,
        Ensemble::Affine { of, .. } => numbers_to_sample(of, size),
        // A term beside the sum so far.
        Ensemble::Sum(terms) => {
            let largest = terms.iter().map(|term| numbers_to_sample(term, size)).max();
            largest.unwrap_or(0).saturating_add(matrix)
        }
    }
}

/// Whether all eigenvalues are one: the matrix then has no eigenvectors of its own.
fn is_point(population: &SpectralLaw) -> bool {
    population.support().is_empty() && population.atoms().len() == 1
}

/// Rows of the data behind a matrix of the given size.
fn data_rows(size: usize, ratio: f64) -> usize {
    (size as f64 / ratio).round() as usize
}

fn sample(ensemble: &Ensemble, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    match ensemble {
        Ensemble::Wigner { variance } => wigner(*variance, size, rng),
        Ensemble::Wishart { ratio, population } => wishart(*ratio, population, size, rng),
        Ensemble::WeightedRows { ratio, weights } => weighted_rows(*ratio, weights, size, rng),
        Ensemble::Rotated(law) => rotated(law, size, rng),
        Ensemble::Affine { scale, shift, of } => {
            let mut matrix = sample(of, size, rng)? * *scale;
            for i in 0..size {
                matrix[(i, i)] += shift;
            }
            Ok(matrix)
        }
        Ensemble::Sum(terms) => {
            let mut sum = DMatrix::zeros(size, size);
            for term in terms {
                sum += sample(term, size, rng)?;
            }
            Ok(sum)
        }
    }
}

/// Standard Gaussian data `X` of `n = size / ratio` rows.
fn white_data(ratio: f64, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let rows = data_rows(size, ratio);
    if rows == 0 || rows.checked_mul(size).is_none_or(|numbers| numbers > MOST_NUMBERS) {
        let allowed = format!("such that size {size} / ratio is from 1 to {} rows", MOST_NUMBERS / size);
        return Err(Error::argument("ratio", ratio, allowed));
    }
    let mut data = DMatrix::zeros(rows, size);
    Entries::Gaussian.fill(data.as_mut_slice(), rng)?;
    Ok(data)
}

/// The quantiles of a law at `(i + 1/2) / count`, in increasing order.
fn quantiles(law: &SpectralLaw, count: usize) -> impl Iterator<Item = Result<f64>> {
    (0..count).map(move |i| law.quantile((i as f64 + 0.5) / count as f64))
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

fn wishart(ratio: f64, population: &SpectralLaw, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let mut data = white_data(ratio, size, rng)?;
    for (mut column, eigenvalue) in data.column_iter_mut().zip(quantiles(population, size)) {
        column *= eigenvalue?.sqrt();
    }
    let covariance = dense::gram(dense::view(&data), 1.0 / data.nrows() as f64);
    drop(data);
    if is_point(population) {
        return Ok(covariance);
    }
    let basis = basis(size, rng)?;
    let mut turned = DMatrix::zeros(size, size);
    dense::add_product(&mut turned, 1.0, dense::view(&basis), dense::view(&covariance));
    drop(covariance);
    Ok(in_basis(&turned, &basis))
}

fn weighted_rows(ratio: f64, weights: &SpectralLaw, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let mut data = white_data(ratio, size, rng)?;
    let rows = data.nrows();
    let weights: Vec<f64> = quantiles(weights, rows).collect::<Result<_>>()?;
    let roots: Vec<f64> = weights.iter().map(|weight| weight.abs().sqrt()).collect();
    for mut column in data.column_iter_mut() {
        column.iter_mut().zip(&roots).for_each(|(entry, root)| *entry *= root);
    }
    // Weights increase: the rows with negative ones come first.
    let (negative, positive) =
        dense::view(&data).split_at_row(weights.partition_point(|weight| *weight < 0.0));
    let mut matrix = DMatrix::zeros(size, size);
    for (part, sign) in [(negative, -1.0), (positive, 1.0)] {
        dense::add_product_lower(&mut matrix, sign / rows as f64, part.transpose(), part);
    }
    dense::mirror_lower(&mut matrix);
    Ok(matrix)
}

fn rotated(law: &SpectralLaw, size: usize, rng: &mut impl Rng) -> Result<DMatrix<f64>> {
    let basis = basis(size, rng)?;
    let mut turned = basis.clone();
    for (mut column, quantile) in turned.column_iter_mut().zip(quantiles(law, size)) {
        column *= quantile?;
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
    use crate::population::{Atom, Population};

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
        let population = population.into();
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
    fn weighted_rows_and_sums_have_their_moments() {
        const SIZE: usize = 400;
        let atom = |location, mass| Atom { location, mass };
        let weights = SpectralLaw::discrete(&[atom(-1.0, 0.25), atom(0.0, 0.25), atom(2.0, 0.5)]).unwrap();
        let rows = Ensemble::WeightedRows { ratio: 0.5, weights };
        let matrix = sample_ensemble(&rows, SIZE, &mut draw_stream(12, 0)).unwrap();
        assert_eq!(matrix, matrix.transpose());
        // Free cumulants int t, int t^2 / 2, int t^3 / 4, int t^4 / 8 are 3/4, 9/8, 15/16, 33/32.
        let [k1, k2, k3, k4] = [0.75, 1.125, 0.9375, 1.03125f64];
        let fourth = |k2: f64, k4: f64| k4 + 4.0 * k3 * k1 + 2.0 * k2 * k2 + 6.0 * k2 * k1 * k1 + k1.powi(4);
        let exact = |k2| [k1, k2 + k1 * k1, k3 + 3.0 * k2 * k1 + k1.powi(3), fourth(k2, k4)];
        let close = |found: [f64; 4], exact: [f64; 4]| {
            for (k, (found, exact)) in found.into_iter().zip(exact).enumerate() {
                let tolerance = 20.0 * 2f64.powi(k as i32 + 1) / SIZE as f64;
                assert!((found - exact).abs() < tolerance, "moment {}: {found} for {exact}", k + 1);
            }
        };
        close(trace_moments(&matrix), exact(k2));
        let sum = Ensemble::Sum(vec![rows, Ensemble::Wigner { variance: 2.0 }]);
        close(trace_moments(&sample_ensemble(&sum, SIZE, &mut draw_stream(12, 1)).unwrap()), exact(k2 + 2.0));
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
        let wishart = |ratio| Ensemble::Wishart { ratio, population: Population::identity().into() };
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
