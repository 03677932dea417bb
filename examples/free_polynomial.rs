//! The spectrum of a polynomial in large random matrices: the anticommutator of a semicircular and a free Poisson one.
//!
//! Draws `figures/free_polynomial.png` and `.svg`.

use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::finite::PolynomialMonteCarlo;
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::polynomial::{FreePolynomial, Polynomial};
use freespectra::{Law, Result};

fn main() -> Result<()> {
    let [x, y] = Polynomial::variables(["x", "y"])?;
    let laws = [("x", Law::semicircle(1.0)?), ("y", Law::marchenko_pastur(0.5)?)];
    let model = FreePolynomial::new(&x * &y + &y * &x, &laws)?;
    let law = model.law()?;
    println!("law of {}: {law}, second moment {:.9}", model.polynomial(), law.moment(2));

    let (features, draws) = (500, 4);
    let spectrum = PolynomialMonteCarlo::new(model.polynomial().clone(), &model.ensembles(), features)?
        .with_draws(draws)?
        .with_seed(1)
        .run(None)?;
    let comparison =
        Comparison::new(&spectrum.pooled(), &ReferenceLaw::of(&law)?, &Bins::Bands(law.support()))?;
    println!("Kolmogorov-Smirnov distance {:.5}", comparison.kolmogorov_smirnov);

    let histogram = &comparison.histogram;
    let panel = Panel::new("eigenvalue", "density")
        .layer(
            Layer::histogram(&histogram.edges, &histogram.density)
                .label(format!("sampled, p = {features}, {draws} draws")),
        )
        .layer(Layer::density(&law).colour(Colour::Vermillion).label("predicted law"))
        .layer(Layer::edges(&law.range()).label("edges of the support"));
    let figure = Figure::new(format!("Spectrum of {}", model.polynomial()))
        .subtitle("x semicircular of variance 1, y Marchenko-Pastur of ratio 0.5")
        .panel(panel);
    figure.save("figures/free_polynomial.png")?;
    figure.save("figures/free_polynomial.svg")
}
