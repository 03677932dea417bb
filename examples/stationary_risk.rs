//! Where does it settle? Excess risk of runs in single rows against the step, and the step at which it becomes infinite.
//!
//! Draws `figures/stationary_risk.png` and `.svg`.

use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::minibatch::{SmallBatchOrder, SmallBatches};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{Population, Result};

fn main() -> Result<()> {
    let (noise, features, rows) = (0.3, 150, 300);
    let limit = |step: f64| SmallBatches::new(&Population::identity(), 0.5, step, |_| 1.0, noise);
    let stability = limit(1.0)?.stability_step();
    let steps: Vec<f64> = (1..=36).map(|i| 0.1 * f64::from(i)).collect();
    let mut panel = Panel::new("epoch step αB", "excess risk where runs settle").y_range(0.25, 1.75);
    for (order, schedule, name, colour) in [
        (SmallBatchOrder::Reshuffled, Schedule::RandomReshuffling, "reshuffled every epoch", Colour::Blue),
        (SmallBatchOrder::Cyclic, Schedule::Cyclic, "the same order in every epoch", Colour::BluishGreen),
        (
            SmallBatchOrder::Replacement,
            Schedule::WithReplacement,
            "drawn with replacement",
            Colour::Vermillion,
        ),
    ] {
        let risks = steps.iter().map(|&step| Ok(limit(step)?.stationary(order)?.risk));
        let risks = risks.collect::<Result<Vec<_>>>()?;
        panel = panel.layer(Layer::curve(&steps, &risks).colour(colour).label(name));
        let (mut x, mut mean, mut error) = (Vec::new(), Vec::new(), Vec::new());
        for step in [1.0, 2.0, 3.0] {
            let runs = MonteCarlo::new(features, Batching::equal(rows, rows)?, step / rows as f64)?
                .with_draws(60)?
                .trajectories(&schedule, 40, |_| 1.0, noise, None)?;
            x.push(step);
            mean.push(runs.risk[40 * rows]);
            error.push(runs.risk_error[40 * rows]);
            let settled = limit(step)?.stationary(order)?.risk;
            println!("{name}, αB = {step}: {settled:.4}, sampled {:.4}", runs.risk[40 * rows]);
        }
        panel = panel.layer(Layer::points_with_errors(&x, &mean, &error).colour(colour));
    }
    let line = Layer::vertical(stability).colour(Colour::Black).dashed().label("2 / γ");
    let figure = Figure::new("Where runs in small batches settle")
        .subtitle(
            "B → ∞, γ = p/n = 0.5, Σ = I, noise 0.3; points: single rows, 60 runs of 40 epochs, p = 150",
        )
        .panel(panel.layer(line));
    figure.save("figures/stationary_risk.png")?;
    figure.save("figures/stationary_risk.svg")
}
