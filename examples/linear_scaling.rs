//! How good the linear scaling rule is: the distance of mini-batch to full batch at one epoch step, which vanishes
//! like the first power of the step, and the eigenvalues that batching shrinks.
//!
//! Draws `figures/linear_scaling.png` and `.svg`.

use freespectra::comparison::PowerLawFit;
use freespectra::minibatch::{shrinkage, spectral_distance};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{MiniBatch, Result};

fn model(epoch_step: f64) -> Result<MiniBatch> {
    MiniBatch::builder().batches(4).aspect_ratio(0.5).epoch_step(epoch_step).build()
}

fn main() -> Result<()> {
    let full = model(1.0)?.full_batch().law()?;
    let steps: Vec<f64> = (0..6).map(|i| 0.0625 / f64::from(1 << i)).collect();
    let distances = steps
        .iter()
        .map(|&step| spectral_distance(&model(step)?.law()?, &full, 400))
        .collect::<Result<Vec<_>>>()?;
    let points: Vec<(f64, f64)> = steps.iter().copied().zip(distances.iter().copied()).collect();
    let fit = PowerLawFit::new(&points)?;
    println!("exponent {:.4} ± {:.4}", fit.exponent, fit.exponent_error);

    let line: Vec<f64> = steps.iter().map(|step| fit.prefactor * step.powf(fit.exponent)).collect();
    let approach = Panel::new("epoch step a = αB", "Wasserstein-1 distance of the laws of Z and W")
        .title("Approach")
        .log_x()
        .log_y()
        .layer(Layer::curve(&steps, &line).colour(Colour::Blue).dashed())
        .layer(Layer::points(&steps, &distances).label(format!("exponent {:.3}", fit.exponent)));
    let largest = full.range()[1];
    let diagonal = Layer::curve(&[0.0, largest], &[0.0, largest]).colour(Colour::Black).dashed();
    let mut matched = Panel::new("eigenvalue of W", "eigenvalue of Z")
        .title("Shrinkage")
        .layer(diagonal.label("no shrinkage"));
    let colours = [Colour::Blue, Colour::BluishGreen, Colour::Orange, Colour::Vermillion];
    for (step, colour) in [0.1, 0.3, 0.6, 1.0].into_iter().zip(colours) {
        let (w, z): (Vec<f64>, Vec<f64>) = shrinkage(&full, &model(step)?.law()?, 101)?
            .iter()
            .map(|point| (point.full_batch, point.mini_batch))
            .unzip();
        matched = matched.layer(Layer::curve(&w, &z).colour(colour).label(format!("a = {step}")));
    }
    let figure = Figure::new("Mini-batch approaches full batch linearly in the step")
        .subtitle("B = 4, γ = p/n = 0.5, Σ = I")
        .panels(1, 2, vec![approach, matched])
        .size(1200, 560);
    figure.save("figures/linear_scaling.png")?;
    figure.save("figures/linear_scaling.svg")
}
