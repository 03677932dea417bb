//! Error curves of gradient descent, and which batches and steps are best.

use freespectra::Result;
use freespectra::finite::Schedule;
use freespectra::minibatch::{Averaging, MeanIterate, Order, Trajectory};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::method::Options;
use crate::models::{Model, simulation};

/// Sampled schedules that are averaged over, and runs: as many, so that both follow the same ones.
const SCHEDULES: usize = 8;

/// Gradient descent with a start, noise and an order.
#[derive(Deserialize)]
pub struct Descent {
    #[serde(flatten)]
    model: Model,
    #[serde(flatten)]
    method: Options,
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
        let method = self.method.method()?;
        let curve =
            Trajectory::new(&model, |_| self.signal(), self.noise())?.with_method(method.clone())?.averaged(
                &self.order()?,
                self.epochs(),
                Averaging::Fixed(self.schedules.unwrap_or(SCHEDULES)),
                self.seed.unwrap_or(0),
                None,
            )?;
        let mean = match model.white() {
            Ok(white) if self.method.is_plain()? => {
                let iterate = MeanIterate::new(&white)?;
                Some(
                    iterate
                        .curve(self.epochs(), self.signal(), self.noise())?
                        .iter()
                        .map(|e| e.risk)
                        .collect::<Vec<_>>(),
                )
            }
            _ => None,
        };
        Ok(json!({
            "epochs": epochs(curve.risk.len(), model.batches()),
            "risk": curve.risk,
            "train": curve.train,
            "risk_spread": curve.risk_spread,
            "schedules": curve.schedules,
            "diverged": curve.diverged,
            "mean_risk": mean,
            "averages": curve.averages.iter().zip(method.averages()).map(|(curve, average)| json!({
                "average": average.to_string(),
                "risk": curve.risk,
                "train": curve.train,
            })).collect::<Vec<_>>(),
        }))
    }

    pub fn runs(&self) -> Result<Value> {
        let model = self.model.build()?;
        let simulation = simulation(
            &model,
            self.features.unwrap_or(120),
            self.draws.unwrap_or(SCHEDULES),
            self.seed.unwrap_or(0),
        )?
        .with_method(self.method.method()?);
        let runs =
            simulation.trajectories(&self.order()?, self.epochs(), |_| self.signal(), self.noise(), None)?;
        Ok(json!({
            "epochs": epochs(runs.risk.len(), model.batches()),
            "risk": runs.risk,
            "train": runs.train,
            "risk_error": runs.risk_error,
            "train_error": runs.train_error,
            "averages": runs.averages.iter().map(|average| json!({ "risk": average.risk, "train": average.train })).collect::<Vec<_>>(),
            "features": runs.features,
            "rows": runs.samples,
            "draws": runs.draws,
        }))
    }
}

fn epochs(steps: usize, batches: usize) -> Vec<f64> {
    (0..steps).map(|step| step as f64 / batches as f64).collect()
}

/// The smallest risk along a run for each of some steps, with the epochs that it takes.
#[derive(Deserialize)]
pub struct Map {
    #[serde(flatten)]
    descent: Descent,
    epoch_steps: Vec<f64>,
}

impl Map {
    pub fn answer(&self) -> Result<Value> {
        let descent = &self.descent;
        let model = descent.model.build()?;
        let order = descent.order()?;
        let trajectory = Trajectory::new(&model, |_| descent.signal(), descent.noise())?
            .with_method(descent.method.method()?)?;
        let best = self.epoch_steps.iter().map(|step| {
            let curve = trajectory
                .clone()
                .with_step_sizes(&vec![step / model.batches() as f64; model.batches()])?
                .averaged(&order, descent.epochs(), Averaging::Fixed(1), descent.seed.unwrap_or(0), None)?;
            // Of several averages the first is what is wanted.
            let risk = curve.averages.first().map_or(&curve.risk, |average| &average.risk);
            let (at, least) = risk.iter().enumerate().fold((0, f64::INFINITY), |least, (step, &risk)| {
                if risk < least.1 { (step, risk) } else { least }
            });
            Ok((least, at as f64 / model.batches() as f64))
        });
        let (risk, epochs): (Vec<f64>, Vec<f64>) = best.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        Ok(json!({ "risk": risk, "epochs": epochs }))
    }
}

/// The epoch step beyond which runs diverge; none for methods that are not plain descent.
#[derive(Deserialize)]
pub struct Stability(Descent);

impl Stability {
    pub fn answer(&self) -> Result<Value> {
        let descent = &self.0;
        let order = Order::of(&descent.order()?);
        let step = match order {
            Some(order) if descent.method.is_plain()? => {
                Some(descent.model.build()?.stability_step(order)?.epoch_step)
            }
            _ => None,
        };
        Ok(json!({ "epoch_step": step }))
    }
}
