//! Limiting spectrum of Z for mini-batch gradient descent, against sampled data.
//!
//! Predicts the law of `Z` for the given batches, step size, aspect ratio and population, samples
//! finite-size batched gradient descent, compares the two, and draws them. Run with `--help` for the
//! options; `--json -` prints one JSON document instead of the summary.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use freespectra::finite::{EXACT_BATCHES, Entries, MonteCarlo, Route};
use freespectra::{MiniBatch, Result, SpectralLaw};
use serde_json::json;
use support::{
    DensityTable, Given, OutputOptions, Sampled, atom_pairs, bad, check_draws, check_points, count, file,
    lines_at, moments, numbers, points_of, population, sampling_seconds, seed, values_at,
};

/// Most eigenvalues of all draws together, 8 GB with the copy that is sorted.
const MOST_EIGENVALUES: usize = 500_000_000;

/// Predict the limiting spectrum of Z and check it against sampled batched gradient descent.
#[derive(Debug, Parser)]
#[command(version, allow_negative_numbers = true)]
struct Options {
    /// Number of batches B.
    #[arg(long, default_value_t = 4, value_parser = count)]
    batches: usize,
    /// Aspect ratio p/n.
    #[arg(long, default_value_t = 0.5)]
    aspect_ratio: f64,
    /// Step size of one batch.
    #[arg(long, conflicts_with = "epoch_step")]
    step_size: Option<f64>,
    /// Step of an epoch, B times the step size (linear scaling rule) [default: 1].
    #[arg(long)]
    epoch_step: Option<f64>,
    /// Eigenvalues of the population covariance with their weights, "t:w,t:w,...".
    #[arg(long, default_value = "1:1", allow_hyphen_values = true)]
    population: String,
    /// Fractions of the samples in each batch, "f1,f2,...", for unequal batches.
    #[arg(long, allow_hyphen_values = true)]
    batch_fractions: Option<String>,
    /// Points at which to report density and distribution function, "x1,x2,...".
    #[arg(long, allow_hyphen_values = true)]
    at: Option<String>,
    /// Number of points of the density table.
    #[arg(long, default_value_t = 512, value_parser = count)]
    points: usize,
    /// Features p of the sampled data; 0 for no Monte Carlo.
    #[arg(long, default_value_t = 500, value_parser = count)]
    features: usize,
    /// Independent draws of the data.
    #[arg(long, default_value_t = 4, value_parser = count)]
    draws: usize,
    /// Seed of the draws.
    #[arg(long, default_value_t = 1, value_parser = seed)]
    seed: u64,
    /// Distribution of the entries: gaussian, rademacher, uniform or student:NU.
    #[arg(long, default_value = "gaussian")]
    entries: String,
    /// Sampled orderings per draw, used above 12 batches.
    #[arg(long, default_value_t = 200, value_parser = count)]
    permutations: usize,
    #[command(flatten)]
    output: OutputOptions,
}

fn main() -> ExitCode {
    support::run(run)
}

fn run(options: &Options, given: &Given) -> Result<()> {
    let model = model(options)?;
    let at = points_of(options.at.as_deref())?;
    check_points(options.points)?;
    let simulation = simulation(options, &model, given)?;
    let outputs = options.output.open("figures/z_spectrum.png")?;

    let start = Instant::now();
    let law = model.law()?;
    let full = model.full_batch().law()?;
    let predict = start.elapsed().as_secs_f64();

    let sampled = simulation.as_ref().map(|simulation| {
        let size = format!("p = {}, n = {}", options.features, simulation.samples());
        Sampled::new(&law, options.draws, size, |report| simulation.run(Some(report)))
    });
    let sampled = sampled.transpose()?;
    let monte_carlo = sampling_seconds(sampled.as_ref());

    let density = DensityTable::new(&law, options.points);
    let document = json!({
        "model": {
            "batches": model.batches(),
            "aspect_ratio": model.aspect_ratio(),
            "step_size": model.step_size(),
            "epoch_step": model.epoch_step(),
            "population": model.population().as_atoms(),
            "batch_fractions": model.batch_fractions(),
        },
        "support": law.support(),
        "atoms": atom_pairs(&law),
        "moments": moments(&law),
        "total_mass": law.total_mass(),
        "residual": law.certificate().residual,
        "solves": law.certificate().solves,
        "density": density.json(),
        "at": values_at(&law, &at),
        "full_batch": { "support": full.support(), "atoms": atom_pairs(&full), "moments": moments(&full) },
        "monte_carlo": sampled.as_ref().zip(simulation.as_ref()).map(|(sampled, simulation)| {
            let mut document = sampled.document();
            document["samples"] = simulation.samples().into();
            document
        }),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    let summary = summary(&model, &law, &full, sampled.as_ref(), &at, predict)
        .map_err(|error| file(Path::new("summary"), error))?;
    outputs.write(
        &document,
        &summary,
        || density.table(),
        |path| draw(path, options, &model, &law, &full, sampled.as_ref()),
    )
}

fn model(options: &Options) -> Result<MiniBatch> {
    let mut builder = MiniBatch::builder()
        .batches(options.batches)
        .aspect_ratio(options.aspect_ratio)
        .population(population(&options.population)?);
    builder = match (options.step_size, options.epoch_step) {
        (Some(step_size), _) => builder.step_size(step_size),
        (None, epoch_step) => builder.epoch_step(epoch_step.unwrap_or(1.0)),
    };
    if let Some(text) = &options.batch_fractions {
        builder = builder.batch_fractions(&numbers("batch_fractions", text)?);
    }
    builder.build()
}

/// The sampled counterpart: as many rows as the aspect ratio asks for, in batches of the given
/// fractions, or of equal size up to one row.
fn simulation(options: &Options, model: &MiniBatch, given: &Given) -> Result<Option<MonteCarlo>> {
    // Every option is checked, used or not.
    let entries = options.entries.parse::<Entries>()?;
    let features = options.features;
    check_draws(options.draws, ("features", features), features, MOST_EIGENVALUES, given)?;
    if options.permutations == 0 {
        return Err(bad("permutations", 0, "at least 1"));
    }
    if options.features == 0 {
        return Ok(None);
    }
    let batching = support::batching(options.features, model.aspect_ratio(), model.batch_fractions(), given)?;
    let route = match model.batches() {
        0..=EXACT_BATCHES => Route::Exact,
        _ => Route::Permutations(options.permutations),
    };
    let simulation = MonteCarlo::new(options.features, batching, model.step_size())?
        .with_step_sizes(model.step_sizes().to_vec())?
        .with_population(model.population().clone())
        .with_entries(entries)?
        .with_draws(options.draws)?
        .with_seed(options.seed)
        .with_route(route)?;
    Ok(Some(simulation))
}

fn summary(
    model: &MiniBatch,
    law: &SpectralLaw,
    full: &SpectralLaw,
    sampled: Option<&Sampled>,
    at: &[f64],
    predict: f64,
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    let certificate = law.certificate();
    writeln!(
        text,
        "mini-batch gradient descent: B = {}, step size {:.6}, p/n = {}",
        model.batches(),
        model.step_size(),
        model.aspect_ratio()
    )?;
    writeln!(text, "law of Z            {law}")?;
    writeln!(text, "law of W (B = 1)    {full}")?;
    writeln!(text, "mean, variance      {:.9}, {:.9}", law.mean(), law.variance())?;
    writeln!(
        text,
        "errors              mass {:.1e}, mean {:.1e}, variance {:.1e}; {} solves, residual {:.1e}, {:.1} ms for both laws",
        certificate.mass_error,
        certificate.mean_error,
        certificate.variance_error,
        certificate.solves,
        certificate.residual,
        1e3 * predict
    )?;
    text.push_str(&lines_at(law, at));
    if let Some(sampled) = sampled {
        text.push_str(&sampled.summary());
    }
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    options: &Options,
    model: &MiniBatch,
    law: &SpectralLaw,
    full: &SpectralLaw,
    sampled: Option<&Sampled>,
) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};
    let mut panel = Panel::new("eigenvalue of Z", "density");
    if let Some(sampled) = sampled {
        let (histogram, label) = (&sampled.comparison.histogram, sampled.label());
        panel = panel.layer(
            Layer::histogram(&histogram.edges, &histogram.density)
                .label(format!("{label}, {}", options.entries)),
        );
    }
    let edges: Vec<f64> = law.support().into_iter().flatten().collect();
    panel = panel
        .layer(Layer::density(full).colour(Colour::Black).dashed().label("full batch, W"))
        .layer(Layer::density(law).colour(Colour::Vermillion).label("predicted law of Z"))
        .layer(Layer::edges(&edges).label("edges of the support of Z"));
    for atom in law.atoms() {
        panel = panel.layer(Layer::stem(atom.location, atom.mass));
    }
    let mut subtitle = format!(
        "B = {}, α = {:.4}, γ = p/n = {}, {}",
        model.batches(),
        model.step_size(),
        model.aspect_ratio(),
        support::describe(model.population())
    );
    if let Some(fractions) = &options.batch_fractions {
        subtitle.push_str(&format!(", batch fractions {}", fractions.replace(',', ", ")));
    }
    Figure::new("Spectrum of Z under mini-batch gradient descent").subtitle(subtitle).panel(panel).save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(
    _: &Path,
    _: &Options,
    _: &MiniBatch,
    _: &SpectralLaw,
    _: &SpectralLaw,
    _: Option<&Sampled>,
) -> Result<()> {
    Ok(())
}
