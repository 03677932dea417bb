//! How long to train: bias, variance and excess risk of the mean iterate, epoch by epoch, against sampled data.
//!
//! Draws `figures/mean_iterate.png` and `.svg`.

use freespectra::finite::{Batching, MonteCarlo};
use freespectra::minibatch::MeanIterate;
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{MiniBatch, Result};

fn main() -> Result<()> {
    let (batches, features, samples, epochs) = (4, 400, 800, 30);
    let (signal, noise) = (1.0, 0.5);
    let model = MiniBatch::builder().batches(batches).aspect_ratio(0.5).epoch_step(0.6).build()?;
    let curve = MeanIterate::new(&model.white()?)?.curve(epochs, signal, noise)?;
    let full_batch = MeanIterate::full_batch(0.5, 0.6)?.curve(epochs, signal, noise)?;
    let sampled = MonteCarlo::new(features, Batching::equal(samples, batches)?, model.step_size())?
        .with_draws(8)?
        .with_seed(1)
        .mean_iterate(epochs, signal, noise, None)?;

    let epochs: Vec<f64> = (0..=epochs).map(|k| k as f64).collect();
    let risks: Vec<f64> = full_batch.iter().map(|error| error.risk).collect();
    let mut panel = Panel::new("epoch", "error")
        .layer(Layer::curve(&epochs, &risks).colour(Colour::Black).dashed().label("excess risk, full batch"));
    let [risk, bias, variance] =
        [0, 1, 2].map(|part| curve.iter().map(|e| [e.risk, e.bias, e.variance][part]).collect::<Vec<_>>());
    for (name, colour, predicted, mean, error) in [
        ("excess risk", Colour::Vermillion, risk, &sampled.risk, &sampled.risk_error),
        ("bias", Colour::Blue, bias, &sampled.bias, &sampled.bias_error),
        ("variance", Colour::BluishGreen, variance, &sampled.variance, &sampled.variance_error),
    ] {
        panel = panel
            .layer(Layer::curve(&epochs, &predicted).colour(colour).label(name))
            .layer(Layer::points_with_errors(&epochs, mean, error).colour(colour));
        println!("{name}: after the last epoch {:.6}, sampled {:.6}", predicted[30], mean[30]);
    }
    let figure = Figure::new("Errors of the mean iterate of mini-batch gradient descent")
        .subtitle(
            "B = 4, αB = 0.6, γ = p/n = 0.5, Σ = I, signal 1, noise 0.5; points: sampled, p = 400, 8 draws",
        )
        .panel(panel);
    figure.save("figures/mean_iterate.png")?;
    figure.save("figures/mean_iterate.svg")
}
