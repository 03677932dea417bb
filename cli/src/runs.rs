//! Whether single runs of gradient descent converge, which the mean over the orders of the batches does not tell.

use freespectra::minibatch::{Order, StabilityStep};
use freespectra::{MiniBatch, Result};
use serde_json::{Value, json};

use crate::table::short;

/// Relative standard error of the step beyond which runs diverge.
const ACCURACY: f64 = 0.01;

/// The epoch step taken, and the one beyond which runs diverge.
#[derive(Debug, Clone, Copy)]
pub struct Runs {
    epoch_step: f64,
    largest: StabilityStep,
}

impl Runs {
    /// Runs with this step that take the batches of a model in this order.
    pub fn new(model: &MiniBatch, order: Order, epoch_step: f64) -> Result<Self> {
        Ok(Self { epoch_step, largest: model.stability_step_within(order, ACCURACY)? })
    }

    pub fn diverge(self) -> bool {
        self.epoch_step > self.largest.epoch_step
    }

    /// Puts it into the document, without numbers where there are no such runs.
    pub fn fill(document: &mut Value, runs: Option<Self>) {
        document["iterates_diverge"] = json!(runs.map(Self::diverge));
        document["stability_epoch_step"] = json!(runs.map(|runs| runs.largest.epoch_step));
        document["stability_uncertainty"] = json!(runs.map(|runs| runs.largest.uncertainty));
    }

    /// A line of the summary.
    pub fn line(self) -> String {
        format!(
            "epoch step {}: single runs {}, the largest with which they converge being {:.3} ± {:.3}",
            short(self.epoch_step),
            if self.diverge() { "diverge" } else { "converge" },
            self.largest.epoch_step,
            self.largest.uncertainty
        )
    }
}
