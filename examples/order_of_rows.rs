//! Does the order of the rows matter? Single rows reshuffled every epoch, in the same order, or drawn with replacement: the
//! limit of many small batches, and runs.
//!
//! Draws `figures/order_of_rows.png` and `.svg`.

use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::minibatch::{SmallBatchOrder, SmallBatches};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{Population, Result};

fn main() -> Result<()> {
    let (epoch_step, noise, epochs, features, rows) = (1.5, 0.3, 8, 200, 400);
    let limit = SmallBatches::new(&Population::identity(), 0.5, epoch_step, |_| 1.0, noise)?;
    let mut panel = Panel::new("epoch", "excess risk").y_range(0.2, 0.5);
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
        let curve = limit.curve(order, epochs)?;
        let settled = limit.stationary(order)?.risk;
        let runs = MonteCarlo::new(features, Batching::equal(rows, rows)?, epoch_step / rows as f64)?
            .with_draws(100)?
            .trajectories(&schedule, epochs, |_| 1.0, noise, None)?;
        let at_epochs = |values: &[f64]| -> Vec<f64> { values.iter().step_by(rows).copied().collect() };
        let (risk, error) = (at_epochs(&runs.risk), at_epochs(&runs.risk_error));
        println!("{name}: {:.5}, sampled {:.5}, settles at {settled:.5}", curve.risk[epochs], risk[epochs]);
        panel = panel
            .layer(Layer::curve(&curve.epochs, &curve.risk).colour(colour).label(name))
            .layer(Layer::curve(&[0.0, epochs as f64], &[settled; 2]).colour(colour).dotted())
            .layer(Layer::points_with_errors(&curve.epochs, &risk, &error).colour(colour));
    }
    let figure = Figure::new("The order of the rows matters")
        .subtitle("B → ∞, αB = 1.5, γ = p/n = 0.5, Σ = I, noise 0.3; points: single rows, 100 runs, p = 200; dotted: where runs settle")
        .panel(panel);
    figure.save("figures/order_of_rows.png")?;
    figure.save("figures/order_of_rows.svg")
}
