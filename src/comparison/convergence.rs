//! How fast a distance falls as the size grows.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, positive};

/// Least-squares fit of `distance = prefactor * size^exponent` on logarithmic axes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PowerLawFit {
    /// Slope of `log distance` against `log size`.
    pub exponent: f64,
    /// Standard error of the exponent, from the scatter about the line.
    pub exponent_error: f64,
    /// Fitted distance at size 1.
    pub prefactor: f64,
}

impl PowerLawFit {
    /// Fits pairs `(size, distance)`.
    ///
    /// ```
    /// use freespectra::comparison::PowerLawFit;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let fit = PowerLawFit::new(&[(100.0, 0.05), (200.0, 0.025), (400.0, 0.0125)])?;
    /// assert!((fit.exponent + 1.0).abs() < 1e-12 && fit.exponent_error < 1e-12);
    /// assert!((fit.prefactor - 5.0).abs() < 1e-10);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] with fewer than three pairs, a size or distance that is not a
    /// finite positive number, or equal sizes throughout.
    pub fn new(points: &[(f64, f64)]) -> Result<Self> {
        if points.len() < 3 {
            return Err(Error::argument("points", format!("{} pairs", points.len()), "at least 3 pairs"));
        }
        for &(size, distance) in points {
            positive("size", size)?;
            positive("distance", distance)?;
        }
        let count = points.len() as f64;
        let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
        let (mean_x, mean_y) = (mean(|point| point.0.ln()), mean(|point| point.1.ln()));
        let centred = || points.iter().map(|&(size, distance)| (size.ln() - mean_x, distance.ln() - mean_y));
        let spread: f64 = centred().map(|(x, _)| x * x).sum();
        if points.iter().all(|point| point.0 == points[0].0) {
            return Err(Error::argument("sizes", "all equal", "at least two different sizes"));
        }
        let exponent = centred().map(|(x, y)| x * y).sum::<f64>() / spread;
        let residual: f64 = centred().map(|(x, y)| (y - exponent * x).powi(2)).sum();
        Ok(Self {
            exponent,
            exponent_error: (residual / (count - 2.0) / spread).sqrt(),
            prefactor: (mean_y - exponent * mean_x).exp(),
        })
    }
}
