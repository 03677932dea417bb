//! Which batches and which step, if a step takes time as well as a row does? The best risk within a time, by number of batches.
//!
//! Draws `figures/best_choices.png` and `.svg`.

use freespectra::minibatch::{Batches, Tuning};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{Budget, Population, Result};

fn main() -> Result<()> {
    let population = Population::atoms(&[(0.2, 0.5), (1.0, 0.3), (4.0, 0.2)])?;
    let numbers = [1, 2, 4, 8, 16, 32, 64];
    let rows = 1000;
    let mut risks = Panel::new("number of batches", "best excess risk").log_x();
    let mut steps = Panel::new("number of batches", "its epoch step").log_x();
    let colours = [Colour::Black, Colour::Blue, Colour::BluishGreen, Colour::Vermillion];
    for (per_step, colour) in [0.0, 20.0, 60.0, 200.0].into_iter().zip(colours) {
        // Times in units of a row: four epochs of rows alone.
        let budget = Budget::Seconds { total: 4.0 * rows as f64, per_step, per_row: 1.0 };
        let found = Tuning::new(&population, 0.5, |_| 1.0, 0.3)?
            .with_batches(&numbers.map(Batches::Finite))?
            .with_budget(budget, rows)?
            .run()?;
        let best = found.best;
        println!(
            "a step costs {per_step} rows: B = {}, epoch step {:.4}, {} epochs, risk {:.5}",
            best.batches, best.epoch_step, best.epochs, best.risk
        );
        let x: Vec<f64> = numbers[..found.by_batches.len()].iter().map(|&b| f64::from(b as u32)).collect();
        let risk: Vec<f64> = found.by_batches.iter().map(|tuned| tuned.risk).collect();
        let step: Vec<f64> = found.by_batches.iter().map(|tuned| tuned.epoch_step).collect();
        let label = format!("a step costs {per_step} rows more");
        risks = risks
            .layer(Layer::curve(&x, &risk).colour(colour).label(label))
            .layer(Layer::points(&x, &risk).colour(colour));
        steps = steps
            .layer(Layer::curve(&x, &step).colour(colour))
            .layer(Layer::points(&x, &step).colour(colour));
    }
    let figure = Figure::new("Best choices under a budget of time")
        .subtitle("n = 1000 rows, time for 4 epochs of rows, γ = p/n = 0.5, eigenvalues 0.2, 1, 4, noise 0.3; step and epochs chosen for each B")
        .panels(1, 2, vec![risks, steps]);
    figure.save("figures/best_choices.png")?;
    figure.save("figures/best_choices.svg")
}
