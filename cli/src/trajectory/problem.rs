//! Model, steps, order and initial error as the options describe them.

use freespectra::finite::{Partition, Schedule};
use freespectra::method::Method;
use freespectra::{MiniBatch, Population, Result};

use super::Options;
use crate::options::EPOCH_STEP_OF_CURVES;
use crate::population;

/// What is predicted and what is sampled.
pub struct Problem {
    pub model: MiniBatch,
    pub step_sizes: Vec<f64>,
    pub schedule: Schedule,
    pub partition: Partition,
    pub method: Method,
    pub is_plain: bool,
    /// Eigenvalues of a test covariance along those of the population.
    pub test_eigenvalues: Option<Vec<f64>>,
    /// Population eigenvalue and mean square of the initial error along it.
    pub source: Vec<(f64, f64)>,
}

impl Problem {
    pub fn new(options: &Options) -> Result<Self> {
        let atoms = population::atoms(&options.population)?;
        let population = Population::atoms(&atoms)?;
        let source = population::source(options.source.as_deref(), &options.population, &atoms, &population)?;
        let test_eigenvalues = options.method.test_eigenvalues(&population)?;
        let builder = options.model.builder()?.population(population);
        let is_still = options.step.is_zero();
        let builder = if is_still { builder } else { options.step.set(builder, EPOCH_STEP_OF_CURVES) };
        let model = builder.build()?;
        let step_sizes = if is_still { vec![0.0; model.batches()] } else { model.step_sizes().to_vec() };
        let schedule: Schedule = options.schedule.parse()?;
        schedule.validate(model.batches())?;
        let partition = options.partition.parse()?;
        let method = options.method.method()?;
        let is_plain = options.method.words() == "plain";
        Ok(Self { model, step_sizes, schedule, partition, method, is_plain, test_eigenvalues, source })
    }

    pub fn source(&self, t: f64) -> f64 {
        self.source.iter().find(|(other, _)| *other == t).map_or(f64::NAN, |&(_, source)| source)
    }
}
