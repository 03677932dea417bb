//! How large a step may be, and where gradient descent ends up with it: the excess risk of the limit of the mean
//! iterate, up to the critical step of 1, 2, 4 and 8 batches.
//!
//! Draws `figures/step_size_limit.png` and `.svg`.

use freespectra::minibatch::MeanIterate;
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{MiniBatch, Result};

fn main() -> Result<()> {
    let (signal, noise, points) = (1.0, 0.5, 16);
    let mut panel = Panel::new("epoch step αB", "excess risk of the limit").y_range(0.485, 0.75);
    let colours = [Colour::Black, Colour::Blue, Colour::BluishGreen, Colour::Vermillion];
    for (batches, colour) in [1, 2, 4, 8].into_iter().zip(colours) {
        let model = |step: f64| {
            MiniBatch::builder().batches(batches).aspect_ratio(0.5).epoch_step(step * batches as f64).build()
        };
        let critical = model(0.1)?.critical_step_size()?;
        println!("B = {batches}: critical epoch step {:.6}", critical * batches as f64);
        let (mut steps, mut risks) = (Vec::new(), Vec::new());
        for i in 1..=points {
            // The closer to the critical step the denser: the limit diverges there.
            let left = 1.0 - i as f64 / points as f64;
            let step = critical * (1.0 - left * left).min(0.999);
            if let Some(limit) = MeanIterate::new(&model(step)?.white()?)?.limit(signal, noise)? {
                steps.push(step * batches as f64);
                risks.push(limit.risk);
            }
        }
        panel = panel
            .layer(Layer::curve(&steps, &risks).colour(colour).label(format!("B = {batches}")))
            .layer(Layer::vertical(critical * batches as f64).colour(colour).dotted());
    }
    let figure = Figure::new("The limit of mini-batch gradient descent depends on the step")
        .subtitle("γ = p/n = 0.5, Σ = I, signal 1, noise 0.5; dotted: critical steps")
        .panel(panel);
    figure.save("figures/step_size_limit.png")?;
    figure.save("figures/step_size_limit.svg")
}
