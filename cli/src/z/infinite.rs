//! The spectrum of `Z` at infinitely many batches, against batches of single rows, and how far finitely many are from it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use freespectra::finite::{Batching, Entries, MonteCarlo, Route};
use freespectra::minibatch::{SmallBatches, spectral_distance};
use freespectra::{Error, MiniBatch, Population, Result, SpectralLaw};
use serde_json::json;

use super::Options;
use crate::options::{Given, bad, numbers_of_file};
use crate::outputs::{Shared, file};
use crate::population;
use crate::sampled::{
    Sampled, batching, check_draws, compared, comparison_document, comparison_lines, sampling_seconds,
};
use crate::table::{atom_pairs, describe, moments};

/// Features of sampled data if nothing is said: every order of single rows costs as much as a product of matrices.
const FEATURES: usize = 150;

/// Numbers of batches whose distance is told.
const BATCHES: [usize; 4] = [4, 8, 16, 32];

/// Points of the distance between laws.
const POINTS: usize = 400;

/// The distance of a law for a number of batches; none if it cannot be computed.
type Distance = (usize, Option<f64>);

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let population = population::population(&options.population)?;
    let (ratio, epoch_step) = (options.model.aspect_ratio, options.step.of_epoch(1.0)?);
    let limit = SmallBatches::new(&population, ratio, epoch_step, |_| 1.0, 0.0)?;
    if options.batch_fractions.is_some() {
        return Err(bad("batch_fractions", "given", "left out with infinitely many batches"));
    }
    if options.critical {
        let allowed = "left out with infinitely many batches, of which the step beyond which runs diverge is told anyway";
        return Err(bad("critical", "given", allowed));
    }
    let report = options.law.check()?;
    let simulation = simulation(options, shared.seed, &population, epoch_step, given)?;
    let elsewhere = options.compare.as_deref().map(numbers_of_file).transpose()?;
    let outputs = shared.open("z")?;

    let start = Instant::now();
    let law = outputs.solving("law of Z", options.law.budget, || limit.law());
    let law = law.map_err(|error| match error {
        Error::InvalidArgument { argument: "epoch_step", value, allowed } => {
            let works = |step: f64| SmallBatches::new(&population, ratio, step, |_| 1.0, 0.0)?.law();
            let step = smaller(epoch_step, |step| works(step).is_ok());
            bad("epoch_step", value, format!("{allowed}; {step} will do"))
        }
        error => error,
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let of = |batches: usize| {
        let model = MiniBatch::builder().batches(batches).aspect_ratio(ratio).epoch_step(epoch_step);
        model.population(population.clone()).build()
    };
    let full = of(1)?.law()?;
    let distance = |batches: usize| -> Result<f64> { spectral_distance(&of(batches)?.law()?, &law, POINTS) };
    let distances: Vec<Distance> = BATCHES.map(|batches| (batches, distance(batches).ok())).to_vec();
    let compared = elsewhere.map(|eigenvalues| compared(&eigenvalues, &law)).transpose()?;
    let sampled = simulation.as_ref().map(|simulation| {
        let size = format!("p = {}, n = {}, single rows", simulation.features(), simulation.samples());
        Sampled::new(&law, options.draws, size, &outputs, |report| simulation.run(Some(report)))
    });
    let sampled = sampled.transpose()?;

    let density = report.density(&law);
    let mut document = json!({
        "model": {
            "batches": "inf",
            "aspect_ratio": ratio,
            "epoch_step": epoch_step,
            "population": population.as_atoms(),
        },
        "full_batch": { "support": full.support(), "atoms": atom_pairs(&full), "moments": moments(&full) },
        "stability_epoch_step": limit.stability_step(),
        "distances": distances.iter().map(|(batches, distance)| json!({
            "batches": batches,
            "wasserstein1": distance,
        })).collect::<Vec<_>>(),
        "monte_carlo": sampled.as_ref().map(|sampled| {
            let mut document = sampled.document();
            document["samples"] = simulation.as_ref().map(MonteCarlo::samples).into();
            document
        }),
        "seconds": { "predict": seconds, "monte_carlo": sampling_seconds(sampled.as_ref()) },
    });
    if let Some(compared) = &compared {
        document["compare"] = comparison_document(compared);
    }
    report.fill(&mut document, &law, &density)?;
    let lines = report.lines(&law)?;
    let summary = || -> std::result::Result<String, std::fmt::Error> {
        let mut text = String::new();
        let certificate = law.certificate();
        writeln!(text, "mini-batch gradient descent: B = inf, epoch step {epoch_step}, p/n = {ratio}")?;
        writeln!(text, "law of Z            {law}")?;
        writeln!(text, "law of W (B = 1)    {full}")?;
        writeln!(text, "mean, variance      {:.9}, {:.9}", law.mean(), law.variance())?;
        writeln!(
            text,
            "errors              mass {:.1e}, mean {:.1e}, variance {:.1e}; {} solves, residual {:.1e}, {:.1} ms",
            certificate.mass_error,
            certificate.mean_error,
            certificate.variance_error,
            certificate.solves,
            certificate.residual,
            1e3 * seconds
        )?;
        for (batches, distance) in &distances {
            match distance {
                Some(distance) => writeln!(text, "B = {batches:<15} Wasserstein-1 distance {distance:.6}")?,
                None => writeln!(text, "B = {batches:<15} its law was not found")?,
            }
        }
        writeln!(text, "single runs         diverge beyond epoch step {:.6}", limit.stability_step())?;
        text += &lines;
        if let Some(compared) = &compared {
            writeln!(text, "compared            {} eigenvalues", compared.eigenvalues)?;
            text += &comparison_lines(compared);
        }
        text += &sampled.as_ref().map(Sampled::summary).unwrap_or_default();
        Ok(text)
    };
    let summary = summary().map_err(|error| file(Path::new("summary"), error))?;
    let draw = |path: &Path| draw(path, options, &population, [&law, &full], epoch_step, sampled.as_ref());
    outputs.write(&document, &summary, || density.table(), draw)
}

/// A step that works: halved until one does, and then as close to those that do not as five more tell.
fn smaller(step: f64, works: impl Fn(f64) -> bool) -> f64 {
    let rounded = |step: f64| {
        let digits = 10f64.powf(1.0 - step.log10().floor());
        (step * digits).floor() / digits
    };
    let (mut low, mut high) = (rounded(0.5 * step), step);
    while low > f64::EPSILON && !works(low) {
        (low, high) = (rounded(0.5 * low), low);
    }
    for _ in 0..5 {
        let middle = rounded(0.5 * (low + high));
        if middle > low && works(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Batches of single rows.
fn simulation(
    options: &Options,
    seed: u64,
    population: &Population,
    epoch_step: f64,
    given: &Given,
) -> Result<Option<MonteCarlo>> {
    let entries = options.entries.parse::<Entries>()?;
    let features = if given.has("features") { options.features } else { FEATURES };
    check_draws(options.draws, ("features", features), features, super::MOST_EIGENVALUES, given)?;
    if options.permutations == 0 {
        return Err(bad("permutations", 0, "at least 1"));
    }
    if features == 0 {
        return Ok(None);
    }
    let rows = batching(features, options.model.aspect_ratio, &[1.0], given)?.samples();
    let simulation = MonteCarlo::new(features, Batching::equal(rows, rows)?, epoch_step / rows as f64)?
        .with_population(population.clone())
        .with_entries(entries)?
        .with_draws(options.draws)?
        .with_seed(seed)
        .with_route(Route::Permutations(options.permutations))?;
    Ok(Some(simulation))
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    options: &Options,
    population: &Population,
    [law, full]: [&SpectralLaw; 2],
    epoch_step: f64,
    sampled: Option<&Sampled>,
) -> Result<()> {
    use crate::drawing::Spectrum;
    use freespectra::plot::{Colour, Figure, Layer};
    let mut spectrum = Spectrum::new("eigenvalue of Z", law, &options.law.axis)?;
    if let Some(sampled) = sampled {
        let histogram = spectrum.histogram(&sampled.spectrum.pooled(), law, &sampled.comparison.histogram);
        spectrum = spectrum.layer(histogram.label(format!("{}, {}", sampled.label(), options.entries)));
    }
    let panel = spectrum
        .layer(Layer::density(full).colour(Colour::Black).dashed().label("full batch, W"))
        .with_law(law, Some("predicted law of Z, B → ∞"));
    let subtitle = format!(
        "B → ∞, αB = {epoch_step}, γ = p/n = {}, {}",
        options.model.aspect_ratio,
        describe(population)
    );
    Figure::new("Spectrum of Z under gradient descent in very many small batches")
        .subtitle(subtitle)
        .panel(panel)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(
    _: &Path,
    _: &Options,
    _: &Population,
    _: [&SpectralLaw; 2],
    _: f64,
    _: Option<&Sampled>,
) -> Result<()> {
    Ok(())
}
