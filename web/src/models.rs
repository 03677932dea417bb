//! Mini-batch gradient descent on Gaussian data.

use std::cell::RefCell;

use freespectra::finite::{Batching, MonteCarlo, Partition, Route};
use freespectra::minibatch::Sweep;
use freespectra::{Error, MiniBatch, Population, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answers;

thread_local! {
    /// The law of the next model comes from that of the last one.
    static SWEEP: RefCell<Sweep> = RefCell::default();
}

/// Batches up to which all orders of a sampled Z are averaged over; beyond it they are sampled.
const ALL_ORDERS: usize = 6;

/// Orders that are sampled then.
const ORDERS: usize = 16;

#[derive(Deserialize)]
pub struct Model {
    batches: Option<usize>,
    epoch_step: Option<f64>,
    step_size: Option<f64>,
    aspect_ratio: Option<f64>,
    population: Option<Vec<(f64, f64)>>,
}

impl Model {
    pub fn build(&self) -> Result<MiniBatch> {
        let mut builder = MiniBatch::builder();
        if let Some(batches) = self.batches {
            builder = builder.batches(batches);
        }
        if let Some(ratio) = self.aspect_ratio {
            builder = builder.aspect_ratio(ratio);
        }
        if let Some(population) = &self.population {
            builder = builder.population(Population::atoms(population)?);
        }
        match (self.epoch_step, self.step_size) {
            (Some(step), Some(_)) => Err(Error::argument("step_size", step, "not with an epoch step")),
            (Some(step), None) => builder.epoch_step(step).build(),
            (None, Some(step)) => builder.step_size(step).build(),
            (None, None) => builder.build(),
        }
    }

    pub fn law(&self) -> Result<Value> {
        let model = self.build()?;
        let law = SWEEP.with_borrow_mut(|sweep| sweep.law(&model))?;
        Ok(answers::law(&law))
    }

    pub fn critical(&self) -> Result<Value> {
        let model = self.build()?;
        Ok(json!({ "epoch_step": model.critical_step_size()? * model.batches() as f64 }))
    }
}

pub fn simulation(model: &MiniBatch, features: usize, draws: usize, seed: u64) -> Result<MonteCarlo> {
    let rows = (features as f64 / model.aspect_ratio()).round();
    if !(1.0..=1e6).contains(&rows) {
        return Err(Error::argument("features", features, "such that there are 1 to 1e6 rows"));
    }
    MonteCarlo::new(features, Batching::from_fractions(rows as usize, model.batch_fractions())?, 1.0)?
        .with_step_sizes(model.step_sizes().to_vec())?
        .with_population(model.population().clone())
        .with_partition(Partition::Fixed)
        .with_seed(seed)
        .with_draws(draws)
}

/// Eigenvalues of Z of sampled data.
#[derive(Deserialize)]
pub struct Sample {
    #[serde(flatten)]
    model: Model,
    features: Option<usize>,
    draws: Option<usize>,
    seed: Option<u64>,
}

impl Sample {
    pub fn answer(&self) -> Result<Value> {
        let model = self.model.build()?;
        let mut simulation = simulation(
            &model,
            self.features.unwrap_or(200),
            self.draws.unwrap_or(1),
            self.seed.unwrap_or(1),
        )?;
        if model.batches() > ALL_ORDERS {
            simulation = simulation.with_route(Route::Permutations(ORDERS))?;
        }
        let rows = simulation.samples();
        Ok(json!({ "eigenvalues": simulation.run(None)?.pooled(), "rows": rows }))
    }
}
