//! Initial errors and label noise.
//!
//! Both are spread uniformly over spheres instead of being Gaussian: the mean squares then are what
//! they are asked to be in every draw, which takes most of the fluctuation out of finite-size curves
//! and changes nothing in the limit.

use nalgebra::DVector;
use rand::Rng;

use super::entries::Entries;
use crate::error::{Result, non_negative};

/// Initial error `e_0 = beta_0 - beta*` in the eigenbasis of the population covariance, whose given
/// `eigenvalues` are sorted: uniform on a sphere within each eigenspace, with mean square
/// `source(t) / p` along eigenvalue `t`.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the source is negative or not finite.
pub fn sample_initial_error(
    eigenvalues: &[f64],
    source: impl Fn(f64) -> f64,
    rng: &mut impl Rng,
) -> Result<DVector<f64>> {
    let mut error = DVector::zeros(eigenvalues.len());
    let mut start = 0;
    for space in eigenvalues.chunk_by(|a, b| a == b) {
        let mean_square = non_negative("source", source(space[0]))? / eigenvalues.len() as f64;
        on_sphere(&mut error.as_mut_slice()[start..start + space.len()], mean_square, rng)?;
        start += space.len();
    }
    Ok(error)
}

/// Label noise of mean square `variance`, uniform on a sphere.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if the variance is negative or not finite.
pub fn sample_noise(samples: usize, variance: f64, rng: &mut impl Rng) -> Result<DVector<f64>> {
    let mut noise = DVector::zeros(samples);
    on_sphere(noise.as_mut_slice(), non_negative("noise", variance)?, rng)?;
    Ok(noise)
}

fn on_sphere(target: &mut [f64], mean_square: f64, rng: &mut impl Rng) -> Result<()> {
    Entries::Gaussian.fill(target, rng)?;
    let squares: f64 = target.iter().map(|x| x * x).sum();
    let scale = (mean_square * target.len() as f64 / squares).sqrt();
    target.iter_mut().for_each(|x| *x *= scale);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite::draw_stream;

    #[test]
    fn mean_squares_are_exact_in_every_eigenspace() {
        let mut rng = draw_stream(5, 0);
        let source = |t: f64| if t < 1.0 { 3.0 } else { 0.5 };
        let error = sample_initial_error(&[0.5, 0.5, 2.0, 2.0, 2.0], source, &mut rng).unwrap();
        assert!((error.rows(0, 2).norm_squared() - 2.0 * 3.0 / 5.0).abs() < 1e-14);
        assert!((error.rows(2, 3).norm_squared() - 3.0 * 0.5 / 5.0).abs() < 1e-14);
        assert!((sample_noise(7, 0.3, &mut rng).unwrap().norm_squared() / 7.0 - 0.3).abs() < 1e-15);
        assert!(sample_noise(7, -0.3, &mut rng).is_err());
        assert!(sample_initial_error(&[1.0], |_| f64::NAN, &mut rng).is_err());
    }
}
