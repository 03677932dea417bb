//! Mini-batch gradient descent on Gaussian data.

use std::cell::RefCell;

use freespectra::finite::{Batching, MonteCarlo, Partition, Route, Schedule};
use freespectra::minibatch::{Averaging, MeanIterate, Order, Sweep, Trajectory};
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
    fn build(&self) -> Result<MiniBatch> {
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

    pub fn thresholds(&self) -> Result<Value> {
        let model = self.build()?;
        let critical = model.critical_step_size()? * model.batches() as f64;
        Ok(json!({ "mean": critical, "runs": model.stability_step(Order::Cyclic)?.epoch_step }))
    }
}

/// Gradient descent with a start, noise and an order.
#[derive(Deserialize)]
pub struct Descent {
    #[serde(flatten)]
    model: Model,
    noise: Option<f64>,
    signal: Option<f64>,
    order: Option<String>,
    epochs: Option<usize>,
    schedules: Option<usize>,
    features: Option<usize>,
    draws: Option<usize>,
    seed: Option<u64>,
}

impl Descent {
    fn order(&self) -> Result<Schedule> {
        self.order.as_deref().unwrap_or("reshuffle").parse()
    }

    fn epochs(&self) -> usize {
        self.epochs.unwrap_or(20)
    }

    fn noise(&self) -> f64 {
        self.noise.unwrap_or(0.3)
    }

    fn signal(&self) -> f64 {
        self.signal.unwrap_or(1.0)
    }

    pub fn curve(&self) -> Result<Value> {
        let model = self.model.build()?;
        let curve = Trajectory::new(&model, |_| self.signal(), self.noise())?.averaged(
            &self.order()?,
            self.epochs(),
            Averaging::Fixed(self.schedules.unwrap_or(8)),
            self.seed.unwrap_or(0),
            None,
        )?;
        let mean = match model.white() {
            Ok(white) => {
                let iterate = MeanIterate::new(&white)?;
                Some(
                    iterate
                        .curve(self.epochs(), self.signal(), self.noise())?
                        .iter()
                        .map(|e| e.risk)
                        .collect::<Vec<_>>(),
                )
            }
            Err(_) => None,
        };
        Ok(json!({
            "epochs": epochs(curve.risk.len(), model.batches()),
            "risk": curve.risk,
            "train": curve.train,
            "risk_spread": curve.risk_spread,
            "schedules": curve.schedules,
            "diverged": curve.diverged,
            "mean_risk": mean,
        }))
    }

    pub fn runs(&self) -> Result<Value> {
        let model = self.model.build()?;
        let simulation = simulation(
            &model,
            self.features.unwrap_or(120),
            self.draws.unwrap_or(6),
            self.seed.unwrap_or(1),
        )?;
        let runs =
            simulation.trajectories(&self.order()?, self.epochs(), |_| self.signal(), self.noise(), None)?;
        Ok(json!({
            "epochs": epochs(runs.risk.len(), model.batches()),
            "risk": runs.risk,
            "train": runs.train,
            "risk_error": runs.risk_error,
            "train_error": runs.train_error,
            "features": runs.features,
            "rows": runs.samples,
            "draws": runs.draws,
        }))
    }
}

fn epochs(steps: usize, batches: usize) -> Vec<f64> {
    (0..steps).map(|step| step as f64 / batches as f64).collect()
}

fn simulation(model: &MiniBatch, features: usize, draws: usize, seed: u64) -> Result<MonteCarlo> {
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

/// The smallest risk along a run for each of some steps.
#[derive(Deserialize)]
pub struct Map {
    #[serde(flatten)]
    descent: Descent,
    epoch_steps: Vec<f64>,
}

impl Map {
    pub fn answer(&self) -> Result<Value> {
        let model = self.descent.model.build()?;
        let order = self.descent.order()?;
        let best = self.epoch_steps.iter().map(|step| {
            let step = vec![step / model.batches() as f64; model.batches()];
            let curve = Trajectory::new(&model, |_| self.descent.signal(), self.descent.noise())?
                .with_step_sizes(&step)?
                .averaged(&order, self.descent.epochs(), Averaging::Fixed(1), 0, None)?;
            Ok(curve.risk.iter().copied().fold(f64::INFINITY, f64::min))
        });
        let best = best.collect::<Result<Vec<f64>>>()?;
        let stability = model.stability_step(Order::Cyclic)?.epoch_step;
        Ok(json!({ "best": best, "stability": stability }))
    }
}
