//! Error curves of batched gradient descent over many draws.

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
    /// Mean risk under [other eigenvalues](MonteCarlo::with_test_eigenvalues); empty without them.
    #[serde(default)]
    pub test_risk: Vec<f64>,
    /// Its standard error.
    #[serde(default)]
    pub test_risk_error: Vec<f64>,
    /// The averages that the method follows.
    #[serde(default)]
    pub averages: Vec<SampledOutput>,
}

/// Error curves of an average of the iterates, over all draws.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SampledOutput {
    /// Mean excess risk.
    pub risk: Vec<f64>,
    /// Mean training error.
    pub train: Vec<f64>,
    /// Standard error of the mean risk.
    pub risk_error: Vec<f64>,
    /// Standard error of the mean training error.
    pub train_error: Vec<f64>,
    /// Mean risk under other eigenvalues; empty without them.
    pub test_risk: Vec<f64>,
    /// Its standard error.
    pub test_risk_error: Vec<f64>,
}

impl MonteCarlo {
    /// Runs the [method](MonteCarlo::with_method) on every draw, the rows being split anew as [`MonteCarlo::with_partition`] says, along a schedule of its own if the schedule is
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
        self.method.preconditioner().check(population.iter().copied())?;
        let test = self.test_weights(&population)?;
        let curves = self.draws.each(progress, |draw, mut rng| {
            let samples = self.batching.samples();
            let features = sample_features(samples, &population, self.entries, &mut rng)?;
            // With beta* = 0 the iterate is the error, and the targets are the noise.
            let initial = sample_initial_error(&population, &source, &mut rng)?;
            let targets = sample_noise(samples, noise, &mut rng)?;
            let mut stream = schedule_stream(self.draws.seed, draw);
            let steps = schedule.steps(self.batching.batches(), epochs, &mut stream)?;
            let mut components: Vec<_> =
                self.method.initial().iter().map(|factor| &initial * *factor).collect();
            if let Some((teacher, square)) = self.method.independent_teacher() {
                components[teacher] += sample_initial_error(&population, |t| square * source(t), &mut rng)?;
            }
            let mut curves = vec![Curves::default(); self.method.outputs().count()];
            let (mut features, mut targets) = (features, targets);
            let lifetime = self.partition.lifetime(self.batching.batches(), steps.len());
            let mut descent = Descent::new(&features, &targets, &self.batching, &self.step_sizes)?;
            for s in 0..=steps.len() {
                for (component, curves) in self.method.outputs().zip(&mut curves) {
                    let error = &components[component];
                    let square = |weights: &[f64]| -> f64 {
                        bounded(error.iter().zip(weights).map(|(e, t)| t * e * e).sum())
                    };
                    curves.risk.push(square(&population));
                    curves.train.push(bounded(descent.training_error(error)?));
                    curves.test_risk.extend(test.as_deref().map(square));
                }
                let Some(&batch) = steps.get(s) else { break };
                if s > 0 && s % lifetime == 0 {
                    let mut order: Vec<usize> = (0..samples).collect();
                    order.shuffle(&mut rng);
                    (features, targets) = (features.select_rows(&order), targets.select_rows(&order));
                    descent = Descent::new(&features, &targets, &self.batching, &self.step_sizes)?;
                }
                descent.step(
                    &self.method,
                    [s, steps.len()],
                    batch,
                    &population,
                    &mut components,
                    &mut rng,
                )?;
            }
            Ok(curves)
        })?;
        let mut outputs = (0..self.method.outputs().count()).map(|i| {
            let part = |part: fn(&Curves) -> &[f64]| {
                mean_and_error(&curves.iter().map(|curves| part(&curves[i])).collect::<Vec<_>>())
            };
            let (risk, risk_error) = part(|curves| &curves.risk);
            let (train, train_error) = part(|curves| &curves.train);
            let (test_risk, test_risk_error) = part(|curves| &curves.test_risk);
            SampledOutput { risk, train, risk_error, train_error, test_risk, test_risk_error }
        });
        let iterate = outputs.next().unwrap_or_default();
        let averages = outputs.collect();
        Ok(SampledTrajectories {
            features: self.features,
            samples: self.batching.samples(),
            draws: self.draws.count,
            seed: self.draws.seed,
            risk: iterate.risk,
            train: iterate.train,
            risk_error: iterate.risk_error,
            train_error: iterate.train_error,
            test_risk: iterate.test_risk,
            test_risk_error: iterate.test_risk_error,
            averages,
        })
    }

    /// Test eigenvalues along the features.
    fn test_weights(&self, population: &[f64]) -> Result<Option<Vec<f64>>> {
        let Some(test) = &self.test_eigenvalues else { return Ok(None) };
        let atoms = self.population.as_atoms();
        if test.len() != atoms.len() {
            let allowed = format!("one for each of {} population eigenvalues", atoms.len());
            return Err(Error::argument("test_eigenvalues", format!("{} numbers", test.len()), allowed));
        }
        let weight = |t: &f64| {
            let pair = atoms.iter().zip(test).find(|(atom, _)| atom.location == *t);
            pair.map_or(*t, |(_, &test)| test)
        };
        Ok(Some(population.iter().map(weight).collect()))
    }
}

/// Curves of one output in one draw.
#[derive(Debug, Clone, Default)]
struct Curves {
    risk: Vec<f64>,
    train: Vec<f64>,
    test_risk: Vec<f64>,
}

/// A square that has overflown, or the not-a-number that follows it, is beyond all numbers.
pub(crate) fn bounded(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::MAX }
}
