//! The error of the mean iterate, epoch by epoch.
//!
//! Averaged over the reshufflings, `beta_k` after `k` epochs moves by `P = I - alpha B Z` (Lok,
//! Sonthalia, Rebrova, ALT 2025). With `y = alpha B x`, `mu` the law of `Z`, `e_0` isotropic of squared
//! length `r^2` and label noise of variance `sigma^2`,
//!
//! ```text
//! bias_k     = r^2 int t (1 - y)^{2k}                          mu weighted by the population
//! variance_k = sigma^2 gamma (alpha B)^2 int s_k(x)^2 nu(dx),  s_k(x) = (1 - (1 - y)^k) / y
//! ```
//!
//! with `nu` the measure of Cauchy transform `phi(V (z - Z)^-1)`, `V = Xtilde^T Xtilde / n`. Their sum is
//! the excess risk `E |Sigma^{1/2} (E beta_k - beta*)|^2`. The bias is available for every population,
//! as [`MeanBias`]; the variance needs white data and equal batches, which the type [`WhiteMiniBatch`]
//! stands for, so that [`MeanIterate`] cannot be asked for anything else.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::model::MiniBatch;
use super::weighted::{effect_weighted, population_weighted};
use crate::control;
use crate::error::{Error, Result, non_negative};
use crate::finite::mean_iterate::{check_curve, exponent, geometric_sum};
use crate::law::SpectralLaw;

/// Relative accuracy of the lower edge that a limit needs: the variance is about its inverse root.
const EDGE_TOLERANCE: f64 = 1e-5;

/// A model with identity population and equal batches; see [`MiniBatch::white`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MiniBatch")]
pub struct WhiteMiniBatch(MiniBatch);

impl TryFrom<MiniBatch> for WhiteMiniBatch {
    type Error = Error;

    fn try_from(model: MiniBatch) -> Result<Self> {
        model.white()
    }
}

impl WhiteMiniBatch {
    /// The model.
    pub fn model(&self) -> &MiniBatch {
        &self.0
    }
}

impl MiniBatch {
    /// The same model, known to have identity population and equal batches.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it has not.
    pub fn white(&self) -> Result<WhiteMiniBatch> {
        if !self.population().is_identity() {
            let allowed = "the identity: the variance of the mean iterate is not available for others";
            return Err(Error::argument("population", "not the identity", allowed));
        }
        if !self.is_symmetric() {
            let allowed = "batches of equal size and step size";
            return Err(Error::argument("batch_fractions", "not equal", allowed));
        }
        Ok(WhiteMiniBatch(self.clone()))
    }
}

/// Bias of the mean iterate for isotropic initial error, any population.
///
/// ```
/// use freespectra::minibatch::{MeanBias, MiniBatch};
/// use freespectra::Population;
/// # fn main() -> Result<(), freespectra::Error> {
/// let population = Population::atoms(&[(0.5, 0.5), (2.0, 0.5)])?;
/// let model = MiniBatch::builder().batches(2).step_size(0.2).population(population).build()?;
/// let bias = MeanBias::new(&model)?;
/// assert!((bias.after(0, 1.0)? - 1.25).abs() < 1e-9); // the mean eigenvalue
/// assert!(bias.after(10, 1.0)? < 0.3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeanBias {
    epoch_step: f64,
    mass: f64,
    law: SpectralLaw,
}

impl MeanBias {
    /// Computes the law of `Z` weighted by the population covariance.
    ///
    /// # Errors
    /// [`Error::NotConverged`] or [`Error::NotCertified`] if it cannot be computed to its tolerance.
    pub fn new(model: &MiniBatch) -> Result<Self> {
        if model.population().is_identity() {
            return Ok(Self { epoch_step: model.epoch_step(), mass: 1.0, law: model.law()? });
        }
        let weighted = population_weighted(model)?;
        Ok(Self { epoch_step: model.epoch_step(), mass: weighted.mass, law: weighted.law })
    }

    /// Bias after `epochs` epochs, for `|e_0|^2 = signal`; at most [`f64::MAX`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the signal is negative or not finite.
    pub fn after(&self, epochs: usize, signal: f64) -> Result<f64> {
        non_negative("signal", signal)?;
        let exponent = exponent(epochs)?;
        let remaining = self.law.integrate(|x| (1.0 - self.epoch_step * x).powi(exponent).powi(2));
        Ok(scaled(signal * self.mass, remaining))
    }

    /// Bias as the number of epochs grows, for `|e_0|^2 = signal`: what the kernel of the data hides.
    /// `None` if the mean iterate diverges.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the signal is negative or not finite.
    pub fn limit(&self, signal: f64) -> Result<Option<f64>> {
        non_negative("signal", signal)?;
        let kernel = self.law.atoms().iter().fold(0.0, |sum, atom| sum + atom.mass);
        let share = if self.epoch_step == 0.0 { 1.0 } else { kernel };
        Ok(self.converges().then_some(signal * self.mass * share))
    }

    /// Whether the mean iterate converges: the spectrum of `P` within `(-1, 1]`, and 1 at most the edge
    /// of an interval or the kernel of the data.
    pub fn converges(&self) -> bool {
        self.law.support().iter().all(|&[low, high]| low >= 0.0 && self.epoch_step * high < 2.0)
    }
}

/// Bias, variance and their sum, the excess risk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanError {
    /// What is left of the initial error.
    pub bias: f64,
    /// What the label noise has added.
    pub variance: f64,
    /// Excess risk of the mean iterate.
    pub risk: f64,
}

impl MeanError {
    fn new(bias: f64, variance: f64) -> Self {
        Self { bias, variance, risk: (bias + variance).min(f64::MAX) }
    }
}

/// Bias, variance and excess risk of the mean iterate for white data and equal batches.
///
/// ```
/// use freespectra::minibatch::{MeanIterate, MiniBatch};
/// # fn main() -> Result<(), freespectra::Error> {
/// let model = MiniBatch::builder().batches(2).aspect_ratio(0.5).step_size(0.3).build()?;
/// let mean = MeanIterate::new(&model.white()?)?;
/// let error = mean.after(20, 1.0, 0.1)?; // signal 1, noise 0.1
/// let limit = mean.limit(1.0, 0.1)?.unwrap();
/// assert!(limit.bias == 0.0 && error.risk > limit.variance * 0.5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeanIterate {
    bias: MeanBias,
    aspect_ratio: f64,
    /// Mass of `nu`, and `nu` divided by it.
    effect_mass: f64,
    effect: SpectralLaw,
}

impl MeanIterate {
    /// Computes the law of `Z` and the measure of the noise.
    ///
    /// # Errors
    /// [`Error::NotConverged`] or [`Error::NotCertified`] if one of them cannot be computed to its
    /// tolerance.
    pub fn new(model: &WhiteMiniBatch) -> Result<Self> {
        let model = model.model();
        let effect = effect_weighted(model)?;
        Ok(Self {
            bias: MeanBias::new(model)?,
            aspect_ratio: model.aspect_ratio(),
            effect_mass: effect.mass,
            effect: effect.law,
        })
    }

    /// Full-batch gradient descent with the given step, zero allowed: its `Z` is the sample covariance,
    /// whatever the step.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the aspect ratio is positive and the step not negative.
    pub fn full_batch(aspect_ratio: f64, step: f64) -> Result<Self> {
        non_negative("step", step)?;
        let model = MiniBatch::builder().batches(1).aspect_ratio(aspect_ratio).build()?;
        let mut mean = Self::new(&model.white()?)?;
        mean.bias.epoch_step = step;
        Ok(mean)
    }

    /// Errors after `epochs` epochs, for `|e_0|^2 = signal` and label noise of variance `noise`; each at
    /// most [`f64::MAX`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if signal or noise is negative or not finite.
    pub fn after(&self, epochs: usize, signal: f64, noise: f64) -> Result<MeanError> {
        non_negative("noise", noise)?;
        let exponent = exponent(epochs)?;
        let step = self.bias.epoch_step;
        let accumulated = self.effect.integrate(|x| (step * geometric_sum(step * x, exponent)).powi(2));
        let variance = scaled(noise * self.aspect_ratio * self.effect_mass, accumulated);
        Ok(MeanError::new(self.bias.after(epochs, signal)?, variance))
    }

    /// Errors after `0, 1, ..., epochs` epochs.
    ///
    /// # Errors
    /// As [`MeanIterate::after`], and for more than a million epochs.
    pub fn curve(&self, epochs: usize, signal: f64, noise: f64) -> Result<Vec<MeanError>> {
        check_curve(epochs)?;
        (0..=epochs).into_par_iter().map(control::carried(|k| self.after(k, signal, noise))).collect()
    }

    /// Errors as the number of epochs grows; `None` if they grow without bound, because the step is too
    /// large or, at aspect ratio 1 with noise, because the spectrum reaches zero.
    ///
    /// # Errors
    /// As [`MeanIterate::after`]; [`Error::NotCertified`] next to aspect ratio 1, where the limit is large
    /// and hangs on an edge that is not known well enough.
    pub fn limit(&self, signal: f64, noise: f64) -> Result<Option<MeanError>> {
        non_negative("noise", noise)?;
        let Some(bias) = self.bias.limit(signal)? else { return Ok(None) };
        if self.bias.epoch_step == 0.0 || noise == 0.0 {
            return Ok(Some(MeanError::new(bias, 0.0)));
        }
        // The law of `Z` knows a nearly hard edge better than the measure of the noise does.
        let edge = |law: &SpectralLaw| law.support().first().map_or(f64::INFINITY, |&[low, _]| low);
        let (found, expected) = (edge(&self.effect), edge(&self.bias.law));
        if expected <= 0.0 {
            return Ok(None);
        }
        let tolerance = EDGE_TOLERANCE * expected;
        if (found - expected).abs() > tolerance {
            let quantity = "lower edge of the measure of the noise";
            return Err(Error::NotCertified { quantity, found, expected, tolerance });
        }
        let accumulated = self.effect.integrate(|x| x.powi(-2));
        Ok(Some(MeanError::new(bias, scaled(noise * self.aspect_ratio * self.effect_mass, accumulated))))
    }

    /// Whether the mean iterate converges.
    pub fn converges(&self) -> bool {
        self.bias.converges()
    }
}

/// `factor * value`, at most the largest number, and 0 for a factor 0 whatever has overflown.
fn scaled(factor: f64, value: f64) -> f64 {
    if factor == 0.0 { 0.0 } else { (factor * value).min(f64::MAX) }
}
