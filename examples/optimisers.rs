//! Which optimiser? Plain descent, momentum, and the average of the iterates over the same budget of epochs, each with the best
//! step for it.
//!
//! Draws `figures/optimisers.png` and `.svg`.

use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::method::{Average, Method, Momentum};
use freespectra::minibatch::{Batches, Stop, Trajectory, Tuning};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{Budget, MiniBatch, Population, Result};

fn main() -> Result<()> {
    let (batches, epochs, noise, schedule) = (10, 8, 0.3, Schedule::RandomReshuffling);
    let population = Population::atoms(&[(0.1, 0.5), (1.0, 0.3), (3.25, 0.2)])?;
    let plain = Method::new();
    let methods = [
        ("plain", plain.clone(), Colour::Black),
        ("heavy ball 0.9", plain.clone().with_momentum(Momentum::heavy_ball(0.9)?), Colour::Blue),
        ("average of all iterates", plain.with_average(Average::Polyak)?, Colour::Vermillion),
    ];
    let mut panel = Panel::new("step", "excess risk").y_range(0.1, 0.6);
    for (name, method, colour) in methods {
        let best = Tuning::new(&population, 0.5, |_| 1.0, noise)?
            .with_batches(&[Batches::Finite(batches)])?
            .with_method(method.clone())
            .with_budget(Budget::Epochs(epochs), 0)?
            .with_stop(Stop::End)
            .run()?
            .best;
        let model =
            MiniBatch::builder().batches(batches).population(population.clone()).epoch_step(best.epoch_step);
        let model = model.build()?;
        let predicted = Trajectory::new(&model, |_| 1.0, noise)?.with_method(method.clone())?;
        let predicted = predicted.averaged(&schedule, epochs, 20, 1, None)?;
        let runs = MonteCarlo::new(200, Batching::equal(400, batches)?, model.step_size())?
            .with_population(population.clone())
            .with_method(method)
            .with_draws(60)?
            .trajectories(&schedule, epochs, |_| 1.0, noise, None)?;
        let risk = predicted.averages.first().map_or(&predicted.risk, |average| &average.risk);
        let (mean, error) = match runs.averages.first() {
            Some(average) => (&average.risk, &average.risk_error),
            None => (&runs.risk, &runs.risk_error),
        };
        let last = risk.len() - 1;
        println!(
            "{name}: epoch step {:.4}, risk {:.5}, sampled {:.5}",
            best.epoch_step, risk[last], mean[last]
        );
        let steps: Vec<f64> = (0..=last).map(|step| step as f64).collect();
        let [x, y, error] = [&steps, mean, error].map(|v| v.iter().step_by(4).copied().collect::<Vec<_>>());
        panel = panel
            .layer(
                Layer::curve(&steps, risk)
                    .colour(colour)
                    .label(format!("{name}, αB = {:.2}", best.epoch_step)),
            )
            .layer(Layer::points_with_errors(&x, &y, &error).colour(colour));
    }
    let figure = Figure::new("Momentum and averages against plain descent, at the best step of each")
        .subtitle("B = 10 reshuffled, 8 epochs, γ = p/n = 0.5, eigenvalues 0.1, 1, 3.25, noise 0.3; points: 60 runs, p = 200")
        .panel(panel);
    figure.save("figures/optimisers.png")?;
    figure.save("figures/optimisers.svg")
}
