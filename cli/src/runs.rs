//! Whether single runs of gradient descent converge, which the mean over the orders of the batches does not tell.

use freespectra::minibatch::{Order, StabilityStep};
use freespectra::{MiniBatch, Result};
use serde_json::{Value, json};

use crate::table::short;

/// Relative standard error of the step beyond which runs diverge.
const ACCURACY: f64 = 0.01;

/// The epoch step taken, and the one beyond which runs diverge. That it cannot be computed is said, and costs
/// nothing else.
#[derive(Debug)]
pub struct Runs {
    epoch_step: f64,
    largest: Result<StabilityStep>,
}

impl Runs {
    /// Runs with this step that take the batches of a model in this order.
    pub fn new(model: &MiniBatch, order: Order, epoch_step: f64) -> Self {
        Self { epoch_step, largest: model.stability_step_within(order, ACCURACY) }
    }

    /// Puts it into the document, without numbers where there are none.
    pub fn fill(document: &mut Value, runs: Option<&Self>) {
        let largest =
            runs.and_then(|runs| runs.largest.as_ref().ok().map(|largest| (runs.epoch_step, largest)));
        document["iterates_diverge"] = json!(largest.map(|(step, largest)| step > largest.epoch_step));
        document["stability_epoch_step"] = json!(largest.map(|(_, largest)| largest.epoch_step));
        document["stability_uncertainty"] = json!(largest.map(|(_, largest)| largest.uncertainty));
        if let Some(Self { largest: Err(error), .. }) = runs {
            document["stability_error"] = error.to_string().into();
        }
    }

    /// A line of the summary.
    pub fn line(&self) -> String {
        match &self.largest {
            Ok(largest) => format!(
                "epoch step {}: single runs {}, the largest with which they converge being {:.3} ± {:.3}",
                short(self.epoch_step),
                if self.epoch_step > largest.epoch_step { "diverge" } else { "converge" },
                largest.epoch_step,
                largest.uncertainty
            ),
            Err(error) => format!("the step beyond which single runs diverge is not known: {error}"),
        }
    }
}
