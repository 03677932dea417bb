//! What a run of gradient descent does: excess risk and training error after every step, against sampled runs.
//!
//! Draws `figures/sgd_trajectory.png` and `.svg`.

use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::minibatch::{Averaging, Trajectory};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{MiniBatch, Result};

fn main() -> Result<()> {
    let (batches, features, samples, epochs, noise) = (4, 400, 800, 20, 0.3);
    let model = MiniBatch::builder().batches(batches).aspect_ratio(0.5).epoch_step(0.6).build()?;
    let schedule = Schedule::RandomReshuffling;
    let averaging = Averaging::ToError { relative: 0.01, most: 2000 };
    let predicted =
        Trajectory::new(&model, |_| 1.0, noise)?.averaged(&schedule, epochs, averaging, 1, None)?;
    let sampled = MonteCarlo::new(features, Batching::equal(samples, batches)?, model.step_size())?
        .with_draws(20)?
        .with_seed(1)
        .trajectories(&schedule, epochs, |_| 1.0, noise, None)?;

    let steps: Vec<f64> = (0..=epochs * batches).map(|step| step as f64).collect();
    // A point for each step would hide the curve.
    let every_other = |values: &[f64]| -> Vec<f64> { values.iter().step_by(2).copied().collect() };
    let mut panel = Panel::new("step", "error");
    for (name, colour, curve, mean, error) in [
        ("excess risk", Colour::Vermillion, &predicted.risk, &sampled.risk, &sampled.risk_error),
        ("training error", Colour::Blue, &predicted.train, &sampled.train, &sampled.train_error),
    ] {
        let [x, mean, error] = [&steps, mean, error].map(|values| every_other(values));
        panel = panel
            .layer(Layer::curve(&steps, curve).colour(colour).label(name))
            .layer(Layer::points_with_errors(&x, &mean, &error).colour(colour));
        println!("{name}: at the end {:.6}, sampled {:.6}", curve[steps.len() - 1], mean[mean.len() - 1]);
    }
    let figure = Figure::new("Error of mini-batch gradient descent, step by step")
        .subtitle("B = 4 reshuffled every epoch, αB = 0.6, γ = p/n = 0.5, Σ = I, noise 0.3; points: 20 runs, p = 400")
        .panel(panel);
    figure.save("figures/sgd_trajectory.png")?;
    figure.save("figures/sgd_trajectory.svg")
}
