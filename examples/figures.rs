//! The committed figures: what mini-batching does to the spectrum, and how well theory meets samples.
//!
//! Writes `figures/*.png` and `figures/*.svg`; the other examples write the figures of their names. The convergence
//! study takes minutes at its full size; an argument bounds the number of features it goes up to (1600 if there is
//! none).

use freespectra::comparison::{Bins, Comparison, PowerLawFit, ReferenceLaw};
use freespectra::finite::{Batching, MonteCarlo, PolynomialMonteCarlo};
use freespectra::plot::{Colour, Figure, Layer, Panel};
use freespectra::polynomial::FreePolynomial;
use freespectra::{Error, Law, MiniBatch, Population, Result, SpectralLaw};

/// Seed of all draws.
const SEED: u64 = 1;

const COLOURS: [Colour; 6] = [
    Colour::Blue,
    Colour::SkyBlue,
    Colour::BluishGreen,
    Colour::Orange,
    Colour::Vermillion,
    Colour::ReddishPurple,
];

fn main() -> Result<()> {
    let largest = std::env::args().nth(1).unwrap_or_else(|| "1600".to_owned());
    let sizes = [400, 800, 1600, 3200, 6400, 12800];
    let largest = largest.parse().ok().filter(|largest| sizes.contains(largest)).ok_or_else(|| {
        Error::InvalidArgument { argument: "largest", value: largest, allowed: format!("one of {sizes:?}") }
    })?;
    save("shrinkage", &shrinkage()?)?;
    save("number_of_batches", &number_of_batches()?)?;
    save("overparametrised", &overparametrised()?)?;
    save("split_spectrum", &split_spectrum()?)?;
    gallery()?;
    save("convergence", &convergence(largest)?)
}

fn save(name: &str, figure: &Figure) -> Result<()> {
    write(&format!("figures/{name}.png"), figure)?;
    write(&format!("figures/{name}.svg"), figure)
}

fn write(path: &str, figure: &Figure) -> Result<()> {
    figure.save(path)?;
    println!("{path}");
    Ok(())
}

fn shrinkage() -> Result<Figure> {
    let mut panel = Panel::new("eigenvalue", "density");
    let steps = [0.1, 0.3, 0.5, 0.7];
    let full = MiniBatch::builder().batches(1).step_size(0.1).aspect_ratio(0.5).build()?.law()?;
    panel = panel.layer(Layer::density(&full).colour(Colour::Black).dashed().label("full batch, W"));
    for (step_size, colour) in steps.into_iter().zip(COLOURS) {
        let law = MiniBatch::builder().batches(2).step_size(step_size).aspect_ratio(0.5).build()?.law()?;
        panel = panel.layer(Layer::density(&law).colour(colour).label(format!("Z, α = {step_size}")));
    }
    Ok(Figure::new("Two batches shrink the spectrum, the more the larger the step")
        .subtitle("law of Z for B = 2, γ = p/n = 0.5, Σ = I; W is the sample covariance")
        .panel(panel))
}

fn number_of_batches() -> Result<Figure> {
    let mut panel = Panel::new("eigenvalue of Z", "density");
    for (batches, colour) in [1, 2, 4, 8, 16, 32].into_iter().zip(COLOURS) {
        let law = MiniBatch::builder().batches(batches).epoch_step(1.0).aspect_ratio(0.5).build()?.law()?;
        panel = panel.layer(Layer::density(&law).colour(colour).label(format!("B = {batches}")));
    }
    Ok(Figure::new("More batches at the same epoch step")
        .subtitle("law of Z, epoch step αB = 1, γ = p/n = 0.5, Σ = I")
        .panel(panel))
}

fn sampled(model: &MiniBatch, features: usize, draws: usize) -> Result<(SpectralLaw, Comparison)> {
    let law = model.law()?;
    let per_batch = features as f64 / model.aspect_ratio() / model.batches() as f64;
    let batching = Batching::equal(per_batch.round() as usize * model.batches(), model.batches())?;
    let spectrum = MonteCarlo::new(features, batching, model.step_size())?
        .with_population(model.population().clone())
        .with_draws(draws)?
        .with_seed(SEED)
        .run(None)?;
    let comparison = Comparison::new(&spectrum.pooled(), &ReferenceLaw::of(&law)?, &Bins::Count(60))?;
    Ok((law, comparison))
}

fn against_samples(model: &MiniBatch, draws: usize, title: &str, subtitle: &str) -> Result<Figure> {
    let features = 1000;
    let (law, comparison) = sampled(model, features, draws)?;
    let mut panel = Panel::new("eigenvalue of Z", "density").layer(
        Layer::histogram(&comparison.histogram.edges, &comparison.histogram.density)
            .label(format!("sampled, p = {features}, {draws} draws")),
    );
    let full = model.full_batch().law()?;
    let edges: Vec<f64> = law.support().into_iter().flatten().collect();
    panel = panel
        .layer(Layer::density(&full).colour(Colour::Black).dashed().label("full batch, W"))
        .layer(Layer::density(&law).colour(Colour::Vermillion).label("predicted law of Z"))
        .layer(Layer::edges(&edges).label("edges of the support of Z"));
    for atom in law.atoms() {
        panel = panel.layer(Layer::stem(atom.location, atom.mass));
    }
    Ok(Figure::new(title).subtitle(subtitle).panel(panel))
}

fn overparametrised() -> Result<Figure> {
    let model = MiniBatch::builder().batches(2).step_size(0.3).aspect_ratio(2.0).build()?;
    against_samples(
        &model,
        4,
        "More features than samples",
        "B = 2, α = 0.3, γ = p/n = 2, Σ = I: the directions without data are an atom at 0",
    )
}

fn split_spectrum() -> Result<Figure> {
    let population = Population::atoms(&[(0.5, 0.5), (3.0, 0.5)])?;
    let model =
        MiniBatch::builder().batches(4).epoch_step(0.4).aspect_ratio(0.1).population(population).build()?;
    against_samples(
        &model,
        4,
        "A population with two eigenvalues: the spectrum splits",
        "B = 4, α = 0.1, γ = p/n = 0.1, half of the population eigenvalues 0.5 and half 3",
    )
}

/// A polynomial in free variables of the gallery.
struct Entry<'a> {
    /// Name of its file.
    name: &'a str,
    polynomial: &'a str,
    /// The laws in words.
    words: &'a str,
    laws: Vec<(&'a str, Law)>,
}

/// Six polynomials in free variables, each over sampled eigenvalues: together, and one by one for the docs.
fn gallery() -> Result<()> {
    let (features, draws) = (1000, 2);
    let semicircle = || Law::semicircle(1.0);
    let (projection, signs) = (Law::projection, Law::bernoulli);
    let entry = |name, polynomial, words, laws| Entry { name, polynomial, words, laws };
    let entries = [
        entry(
            "anticommutator",
            "x*y + y*x",
            "two semicirculars",
            vec![("x", semicircle()?), ("y", semicircle()?)],
        ),
        entry("conjugate", "x*y*x", "two semicirculars", vec![("x", semicircle()?), ("y", semicircle()?)]),
        entry(
            "projections",
            "p*q + q*p",
            "projections of trace 0.3, 0.45",
            vec![("p", projection(0.3)?), ("q", projection(0.45)?)],
        ),
        entry(
            "signs",
            "a + b + c",
            "three signs ±1",
            vec![("a", signs()?), ("b", signs()?), ("c", signs()?)],
        ),
        entry(
            "cubic",
            "x*y*z + z*y*x + x^2",
            "semicircle, MP 0.5, uniform",
            vec![("x", semicircle()?), ("y", Law::marchenko_pastur(0.5)?), ("z", Law::uniform(-1.0, 1.0)?)],
        ),
        entry(
            "bulks",
            "s + 0.5*x",
            "atoms -2, 0, 2; semicircle",
            vec![("s", Law::atoms(&[(-2.0, 0.25), (0.0, 0.25), (2.0, 0.5)])?), ("x", semicircle()?)],
        ),
    ];
    let subtitle =
        format!("predicted law over eigenvalues of random matrices, p = {features}, {draws} draws");
    let mut panels = Vec::new();
    for Entry { name, polynomial, words, laws } in entries {
        let model = FreePolynomial::new(polynomial.parse()?, &laws)?;
        let law = model.law()?;
        let spectrum = PolynomialMonteCarlo::new(model.polynomial().clone(), &model.ensembles(), features)?
            .with_draws(draws)?
            .with_seed(SEED)
            .run(None)?;
        let comparison =
            Comparison::new(&spectrum.pooled(), &ReferenceLaw::of(&law)?, &Bins::Bands(law.support()))?;
        println!("{polynomial} ({words}): KS {:.5}", comparison.kolmogorov_smirnov);
        let mut panel = Panel::new("eigenvalue", "density")
            .title(format!("{polynomial}:  {words}"))
            .layer(
                Layer::histogram(&comparison.histogram.edges, &comparison.histogram.density).label("sampled"),
            )
            .layer(Layer::density(&law).colour(Colour::Vermillion).label("predicted"));
        for atom in law.atoms() {
            panel = panel.layer(Layer::stem(atom.location, atom.mass));
        }
        let single = Figure::new("").panel(panel.clone()).size(560, 360);
        write(&format!("figures/laws/{name}.svg"), &single)?;
        panels.push(panel);
    }
    let together =
        Figure::new("Laws of polynomials in free variables").subtitle(subtitle).panels(3, 2, panels);
    save("gallery", &together)
}

fn convergence(largest: usize) -> Result<Figure> {
    let mut panel = Panel::new("number of features p", "Kolmogorov–Smirnov distance").log_x().log_y();
    for (batches, colour) in [(2, Colour::Blue), (4, Colour::Vermillion)] {
        let model = MiniBatch::builder().batches(batches).epoch_step(1.0).aspect_ratio(0.5).build()?;
        let law = model.law()?;
        let reference = ReferenceLaw::of(&law)?;
        let (mut sizes, mut means, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        let mut features = 100;
        while features <= largest {
            // Fewer draws are needed where each one fluctuates less.
            let draws = (6400 / features).max(4);
            let spectrum =
                MonteCarlo::new(features, Batching::equal(2 * features, batches)?, model.step_size())?
                    .with_draws(draws)?
                    .with_seed(SEED)
                    .run(None)?;
            let mut distances = Vec::with_capacity(draws);
            for eigenvalues in &spectrum.eigenvalues {
                distances.push(freespectra::comparison::kolmogorov_smirnov(eigenvalues, &reference)?);
            }
            let mean = distances.iter().sum::<f64>() / draws as f64;
            let variance = distances.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (draws - 1) as f64;
            println!("B = {batches}, p = {features}, {draws} draws: KS {mean:.5}");
            sizes.push(features as f64);
            means.push(mean);
            errors.push((variance / draws as f64).sqrt());
            features *= 2;
        }
        let points: Vec<(f64, f64)> = sizes.iter().copied().zip(means.iter().copied()).collect();
        let fit = PowerLawFit::new(&points)?;
        println!("B = {batches}: slope {:.3} +- {:.3}", fit.exponent, fit.exponent_error);
        let line: Vec<f64> = sizes.iter().map(|p| fit.prefactor * p.powf(fit.exponent)).collect();
        let label = format!("B = {batches}, slope {:.3} ± {:.3}", fit.exponent, fit.exponent_error);
        panel = panel
            .layer(Layer::curve(&sizes, &line).colour(colour).dashed())
            .layer(Layer::points_with_errors(&sizes, &means, &errors).colour(colour).label(label));
    }
    Ok(Figure::new("Single draws approach the predicted law")
        .subtitle("mean distance of one draw, with standard errors; αB = 1, γ = p/n = 0.5, Σ = I")
        .panel(panel))
}
