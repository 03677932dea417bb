//! Where single runs settle in infinitely many batches, by order of the rows.

use freespectra::minibatch::{SmallBatchOrder, SmallBatches};
use freespectra::{Error, Population, Result};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::Options;
use crate::options::bad;
use crate::table::short;

/// Largest step, as a fraction of that at which runs diverge: their errors are infinite there.
const LARGEST: f64 = 0.9;

/// Orders whose runs settle, and what they are called.
const ORDERS: [(SmallBatchOrder, &str); 3] = [
    (SmallBatchOrder::Reshuffled, "reshuffle"),
    (SmallBatchOrder::Cyclic, "cyclic"),
    (SmallBatchOrder::Replacement, "replacement"),
];

/// Excess risk of single runs against the step of an epoch.
pub struct Iterates {
    stability: f64,
    epoch_steps: Vec<f64>,
    /// By order.
    risks: Vec<Vec<f64>>,
}

impl Iterates {
    /// Refuses settings in which runs do not settle, or settle at 0.
    pub fn check(options: &Options) -> Result<()> {
        if options.aspect_ratio >= 1.0 {
            let allowed = "below 1 with inf among the batches: where there are not more rows than features, a part of the \
                           initial error stays in single runs";
            return Err(bad("aspect_ratio", options.aspect_ratio, allowed));
        }
        if options.noise == 0.0 {
            let allowed =
                "more than 0 with inf among the batches: without label noise single runs settle at 0";
            return Err(bad("noise", options.noise, allowed));
        }
        Ok(())
    }

    pub fn new(options: &Options) -> Result<Self> {
        let with = |step: f64| {
            SmallBatches::new(
                &Population::identity(),
                options.aspect_ratio,
                step,
                |_| options.signal,
                options.noise,
            )
        };
        let stability = with(1.0)?.stability_step();
        let epoch_steps: Vec<f64> =
            (1..=options.points).map(|i| LARGEST * stability * i as f64 / options.points as f64).collect();
        let risks = ORDERS.map(|(order, _)| {
            let risk = |&step: &f64| -> Result<f64> { Ok(with(step)?.stationary(order)?.risk) };
            epoch_steps.par_iter().map(risk).collect::<Result<Vec<f64>>>()
        });
        let risks = risks.into_iter().collect::<Result<_>>().map_err(|error| match error {
            // Nobody gave a step.
            Error::InvalidArgument { argument: "epoch_step", value, allowed } => {
                let allowed = format!(
                    "one further below 1 with inf among the batches: epoch step {value}, expected {allowed}"
                );
                bad("aspect_ratio", options.aspect_ratio, allowed)
            }
            error => error,
        })?;
        Ok(Self { stability, epoch_steps, risks })
    }

    /// The part of the JSON document.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "batches": "inf",
            "stability_epoch_step": self.stability,
            "epoch_step": self.epoch_steps,
        });
        for ((_, name), risks) in ORDERS.iter().zip(&self.risks) {
            document[*name] = json!(risks);
        }
        document
    }

    /// Lines of the summary.
    pub fn lines(&self) -> String {
        let mut text = format!(
            "single runs in infinitely many batches diverge from epoch step {} on, in any order; below they settle at risk\n{:>18}",
            short(self.stability),
            "epoch step"
        );
        for (_, name) in ORDERS {
            text += &format!(" {name:>18}");
        }
        text.push('\n');
        let every = (self.epoch_steps.len() / 8).max(1);
        for (i, step) in self.epoch_steps.iter().enumerate().filter(|(i, _)| (i + 1) % every == 0) {
            text += &format!("{:>18}", short(*step));
            for risks in &self.risks {
                text += &format!(" {:>18}", short(risks[i]));
            }
            text.push('\n');
        }
        text
    }

    /// What a figure shows of it.
    #[cfg(feature = "plot")]
    pub fn layers(&self) -> Vec<freespectra::plot::Layer> {
        use freespectra::plot::{Colour, Layer};
        let colours = [Colour::ReddishPurple, Colour::SkyBlue, Colour::Orange];
        let curves = self.risks.iter().zip(colours).zip(ORDERS).map(|((risks, colour), (_, name))| {
            Layer::curve(&self.epoch_steps, risks).colour(colour).label(format!("single runs, B → ∞, {name}"))
        });
        curves
            .chain([Layer::vertical(self.stability).colour(Colour::ReddishPurple).dashed().width(1.2)])
            .collect()
    }
}
