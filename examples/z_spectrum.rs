//! What mini-batching does to the spectrum: predicted laws of `Z` and `W`, and eigenvalues of sampled data.
//!
//! Draws `figures/z_spectrum.png` and `.svg`.

use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::finite::{Batching, MonteCarlo};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::{MiniBatch, Result};

fn main() -> Result<()> {
    let (batches, features, samples) = (4, 500, 1000);
    let model = MiniBatch::builder()
        .batches(batches)
        .aspect_ratio(features as f64 / samples as f64)
        .epoch_step(1.0)
        .build()?;
    let law = model.law()?;
    let full = model.full_batch().law()?;
    println!("law of Z: {law}\nlaw of W: {full}");

    let spectrum = MonteCarlo::new(features, Batching::equal(samples, batches)?, model.step_size())?
        .with_draws(4)?
        .with_seed(1)
        .run(None)?;
    let comparison =
        Comparison::new(&spectrum.pooled(), &ReferenceLaw::of(&law)?, &Bins::Bands(law.support()))?;
    println!("Kolmogorov-Smirnov distance {:.5}", comparison.kolmogorov_smirnov);

    let histogram = &comparison.histogram;
    let panel = Panel::new("eigenvalue of Z", "density")
        .layer(
            Layer::histogram(&histogram.edges, &histogram.density)
                .label(format!("sampled, p = {features}, n = {samples}, 4 draws")),
        )
        .layer(Layer::density(&full).colour(Colour::Black).dashed().label("full batch, W"))
        .layer(Layer::density(&law).colour(Colour::Vermillion).label("predicted law of Z"))
        .layer(Layer::edges(&law.range()).label("edges of the support of Z"));
    let figure = Figure::new("Spectrum of Z under mini-batch gradient descent")
        .subtitle(format!("B = {batches}, α = {}, γ = p/n = 0.5, Σ = I", model.step_size()))
        .panel(panel);
    figure.save("figures/z_spectrum.png")?;
    figure.save("figures/z_spectrum.svg")
}
