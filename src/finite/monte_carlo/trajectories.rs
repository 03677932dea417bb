//! Error curves of batched gradient descent over many draws.

use nalgebra::DVector;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::MonteCarlo;
use super::statistics::mean_and_error;
use crate::error::{Error, Result};
use crate::finite::data::{sample_features, schedule_stream};
use crate::finite::descent::Descent;
use crate::finite::schedule::Schedule;
use crate::finite::teacher::{sample_initial_error, sample_noise};

/// Error curves of sampled descents, averaged over the draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledTrajectories {
    /// Number of features `p`.
    pub features: usize,
    /// Number of samples `n`.
    pub samples: usize,
    /// Number of draws.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// Mean excess risk `|Sigma^{1/2} (beta_s - beta*)|^2` after `s = 0, 1, ...` steps, at most
    /// [`f64::MAX`].
    pub risk: Vec<f64>,
    /// Mean training error `|y - X beta_s|^2 / n`, the same way.
    pub train: Vec<f64>,
    /// Standard error of the mean risk.
    pub risk_error: Vec<f64>,
    /// Standard error of the mean training error.
    pub train_error: Vec<f64>,
}

impl MonteCarlo {
    /// Runs batched gradient descent on every draw, the rows being split anew as [`MonteCarlo::with_partition`] says, along a schedule of its own if the schedule is
    /// random (that of [`schedule_stream`]). Initial error and noise as in [`sample_initial_error`] and [`sample_noise`]. Steps may be
    /// zero, see [`MonteCarlo::with_step_sizes`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] from [`Schedule::validate`], or if there is no epoch, or source or
    /// noise are negative or not finite.
    pub fn trajectories(
        &self,
        schedule: &Schedule,
        epochs: usize,
        source: impl Fn(f64) -> f64 + Sync,
        noise: f64,
        progress: Option<&(dyn Fn(usize) + Sync)>,
    ) -> Result<SampledTrajectories> {
        if epochs == 0 {
            return Err(Error::argument("epochs", epochs, "at least 1"));
        }
        let population = self.population.eigenvalues(self.features);
        let curves = self.draws.each(progress, |draw, mut rng| {
            let samples = self.batching.samples();
            let features = sample_features(samples, &population, self.entries, &mut rng)?;
            // With beta* = 0 the iterate is the error, and the targets are the noise.
            let initial = sample_initial_error(&population, &source, &mut rng)?;
            let targets = sample_noise(samples, noise, &mut rng)?;
            let mut stream = schedule_stream(self.draws.seed, draw);
            let steps = schedule.steps(self.batching.batches(), epochs, &mut stream)?;
            let (mut risk, mut train) = (Vec::new(), Vec::new());
            let mut failure = None;
            let (mut features, mut targets, mut error) = (features, targets, initial);
            for (split, steps) in
                steps.chunks(self.partition.lifetime(self.batching.batches(), steps.len())).enumerate()
            {
                if split > 0 {
                    let mut order: Vec<usize> = (0..samples).collect();
                    order.shuffle(&mut rng);
                    (features, targets) = (features.select_rows(&order), targets.select_rows(&order));
                }
                let descent = Descent::new(&features, &targets, &self.batching, &self.step_sizes)?;
                error = descent.run(&error, steps, |step, error: &DVector<f64>| {
                    if step == 0 && split > 0 {
                        return;
                    }
                    let squares = error.iter().zip(&population).map(|(e, t)| t * e * e);
                    risk.push(bounded(squares.sum()));
                    match descent.training_error(error) {
                        Ok(value) => train.push(bounded(value)),
                        Err(error) => failure = Some(error),
                    }
                })?;
            }
            failure.map_or(Ok((risk, train)), Err)
        })?;
        let (risk, train): (Vec<_>, Vec<_>) = curves.into_iter().unzip();
        let (risk, risk_error) = mean_and_error(&risk);
        let (train, train_error) = mean_and_error(&train);
        Ok(SampledTrajectories {
            features: self.features,
            samples: self.batching.samples(),
            draws: self.draws.count,
            seed: self.draws.seed,
            risk,
            train,
            risk_error,
            train_error,
        })
    }
}

/// A square that has overflown, or the not-a-number that follows it, is beyond all numbers.
pub(crate) fn bounded(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::MAX }
}
