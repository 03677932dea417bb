//! Limiting spectrum of Z for mini-batch gradient descent, against sampled data.
//!
//! Predicts the law of `Z` for the given batches, step size, aspect ratio and population, samples
//! finite-size batched gradient descent, compares the two, and draws them. Run with `--help` for the
//! options; `--json -` prints one JSON document instead of the summary.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::finite::{Batching, Entries, MonteCarlo, Route, SampledSpectrum};
use freespectra::{Error, MiniBatch, Population, Result, SpectralLaw};
use serde_json::json;

/// Predict the limiting spectrum of Z and check it against sampled batched gradient descent.
#[derive(Debug, Parser)]
#[command(allow_negative_numbers = true)]
struct Options {
    /// Number of batches B.
    #[arg(long, default_value_t = 4)]
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
    #[arg(long, default_value = "1:1")]
    population: String,
    /// Fractions of the samples in each batch, "f1,f2,...", for unequal batches.
    #[arg(long)]
    batch_fractions: Option<String>,
    /// Points at which to report density and distribution function, "x1,x2,...".
    #[arg(long, allow_hyphen_values = true)]
    at: Option<String>,
    /// Number of points of the density table.
    #[arg(long, default_value_t = 512)]
    points: usize,
    /// Features p of the sampled data; 0 for no Monte Carlo.
    #[arg(long, default_value_t = 500)]
    features: usize,
    /// Independent draws of the data.
    #[arg(long, default_value_t = 4)]
    draws: usize,
    /// Seed of the draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Distribution of the entries: gaussian, rademacher, uniform or student:NU.
    #[arg(long, default_value = "gaussian")]
    entries: String,
    /// Sampled orderings per draw, used above 12 batches.
    #[arg(long, default_value_t = 200)]
    permutations: usize,
    /// Write the results as JSON; "-" for standard output.
    #[arg(long)]
    json: Option<String>,
    /// Write the density table as CSV.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Draw the figure, PNG or SVG by extension [default: figures/z_spectrum.png].
    #[arg(long)]
    figure: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("z_spectrum: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let model = model(options)?;
    let at = options.at.as_deref().map(|text| numbers("at", text)).transpose()?.unwrap_or_default();
    if options.points < 2 {
        return Err(bad("points", options.points, "at least 2"));
    }
    let simulation = simulation(options, &model)?;

    let start = Instant::now();
    let law = model.law()?;
    let full = model.full_batch().law()?;
    let predict = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let sampled = simulation.map(|simulation| compare(&simulation, &law)).transpose()?;
    let monte_carlo = start.elapsed().as_secs_f64();

    let density = density_table(&law, options.points);
    if let Some(path) = &options.csv {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let rows = density.iter().map(|&(x, rho)| [x.to_string(), rho.to_string()]);
        for row in std::iter::once(["x".to_string(), "density".to_string()]).chain(rows) {
            writer.write_record(&row).map_err(|error| file(path, error))?;
        }
        write(path, &writer.into_inner().map_err(|error| file(path, error))?)?;
    }
    draw(options, &model, &law, &full, sampled.as_ref())?;

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
        "atoms": atoms(&law),
        "moments": moments(&law),
        "total_mass": law.total_mass(),
        "residual": law.certificate().residual,
        "solves": law.certificate().solves,
        "density": {
            "x": density.iter().map(|point| point.0).collect::<Vec<_>>(),
            "rho": density.iter().map(|point| point.1).collect::<Vec<_>>(),
        },
        "at": at.iter().map(|&x| json!({"x": x, "density": law.density(x), "cdf": law.cdf(x)})).collect::<Vec<_>>(),
        "full_batch": { "support": full.support(), "atoms": atoms(&full), "moments": moments(&full) },
        "monte_carlo": sampled.as_ref().map(|(spectrum, comparison)| json!({
            "features": spectrum.features,
            "samples": spectrum.samples,
            "draws": spectrum.draws(),
            "seed": spectrum.seed,
            "eigenvalues": comparison.eigenvalues,
            "ks": comparison.kolmogorov_smirnov,
            "wasserstein1": comparison.wasserstein1,
            "smallest": comparison.smallest.eigenvalue,
            "largest": comparison.largest.eigenvalue,
            "moments": comparison.moments,
            "histogram": comparison.histogram,
        })),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    match options.json.as_deref() {
        Some("-") => println!("{document}"),
        Some(path) => write(Path::new(path), document.to_string().as_bytes())?,
        None => {}
    }
    if options.json.as_deref() != Some("-") {
        summary(&model, &law, &full, sampled.as_ref(), &at, predict, monte_carlo);
    }
    Ok(())
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

/// The sampled counterpart: as many rows as the aspect ratio asks for, in batches of equal size
/// unless fractions are given.
fn simulation(options: &Options, model: &MiniBatch) -> Result<Option<MonteCarlo>> {
    if options.features == 0 {
        return Ok(None);
    }
    let batches = model.batches();
    let rows = options.features as f64 / model.aspect_ratio();
    if rows > 1e7 {
        return Err(bad("features", options.features, "small enough for at most 1e7 samples"));
    }
    let batching = match &options.batch_fractions {
        Some(_) => Batching::from_fractions(rows.round() as usize, model.batch_fractions())?,
        None => Batching::equal((rows / batches as f64).round() as usize * batches, batches)?,
    };
    let exact = batches <= freespectra::finite::EXACT_BATCHES;
    let route = if exact { Route::Exact } else { Route::Permutations(options.permutations) };
    let simulation = MonteCarlo::new(options.features, batching, model.step_size())?
        .with_step_sizes(model.step_sizes().to_vec())?
        .with_population(model.population().clone())
        .with_entries(options.entries.parse::<Entries>()?)?
        .with_draws(options.draws)?
        .with_seed(options.seed)
        .with_route(route)?;
    Ok(Some(simulation))
}

type Sampled = (SampledSpectrum, Comparison);

fn compare(simulation: &MonteCarlo, law: &SpectralLaw) -> Result<Sampled> {
    let bar = if std::io::stderr().is_terminal() {
        indicatif::ProgressBar::new_spinner().with_message("draws finished: 0")
    } else {
        indicatif::ProgressBar::hidden()
    };
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    let spectrum =
        simulation.run(Some(&|finished| bar.set_message(format!("draws finished: {finished}"))))?;
    bar.finish_and_clear();
    let support = law.support();
    let (low, high) = (support[0][0], support[support.len() - 1][1]);
    let reference = ReferenceLaw::new(|x| law.cdf(x), law.atoms(), (low, high))?;
    let comparison = Comparison::new(&spectrum.pooled(), &reference, &Bins::FreedmanDiaconis)?;
    Ok((spectrum, comparison))
}

/// Points that crowd at the edges of each interval, where the density is steep.
fn density_table(law: &SpectralLaw, points: usize) -> Vec<(f64, f64)> {
    let support = law.support();
    let each = (points / support.len().max(1)).max(2);
    let mut table = Vec::with_capacity(each * support.len());
    for [low, high] in support {
        for i in 0..each {
            let angle = std::f64::consts::PI * i as f64 / (each - 1) as f64;
            let x = low + (high - low) * (0.5 * angle).sin().powi(2);
            table.push((x, law.density(x)));
        }
    }
    table
}

fn atoms(law: &SpectralLaw) -> Vec<[f64; 2]> {
    law.atoms().iter().map(|atom| [atom.location, atom.mass]).collect()
}

fn moments(law: &SpectralLaw) -> Vec<f64> {
    (1..=4).map(|k| law.moment(k)).collect()
}

fn summary(
    model: &MiniBatch,
    law: &SpectralLaw,
    full: &SpectralLaw,
    sampled: Option<&Sampled>,
    at: &[f64],
    predict: f64,
    monte_carlo: f64,
) {
    let certificate = law.certificate();
    println!(
        "mini-batch gradient descent: B = {}, step size {:.6}, p/n = {}",
        model.batches(),
        model.step_size(),
        model.aspect_ratio()
    );
    println!("law of Z            {law}");
    println!("law of W (B = 1)    {full}");
    println!("mean, variance      {:.9}, {:.9}", law.mean(), law.variance());
    println!(
        "errors              mass {:.1e}, mean {:.1e}, variance {:.1e}; {} solves, residual {:.1e}, {:.1} ms for both laws",
        certificate.mass_error,
        certificate.mean_error,
        certificate.variance_error,
        certificate.solves,
        certificate.residual,
        1e3 * predict
    );
    for &x in at {
        println!("at {x:<17} density {:.12}, cdf {:.12}", law.density(x), law.cdf(x));
    }
    if let Some((spectrum, comparison)) = sampled {
        println!(
            "Monte Carlo         p = {}, n = {}, {} draws, seed {}: {} eigenvalues in {monte_carlo:.2} s",
            spectrum.features,
            spectrum.samples,
            spectrum.draws(),
            spectrum.seed,
            comparison.eigenvalues
        );
        println!(
            "distance            Kolmogorov-Smirnov {:.5}, Wasserstein-1 {:.5}",
            comparison.kolmogorov_smirnov, comparison.wasserstein1
        );
        println!(
            "extremes            {:.5} (edge {:.5}), {:.5} (edge {:.5})",
            comparison.smallest.eigenvalue,
            comparison.smallest.edge,
            comparison.largest.eigenvalue,
            comparison.largest.edge
        );
    }
}

#[cfg(feature = "plot")]
fn draw(
    options: &Options,
    model: &MiniBatch,
    law: &SpectralLaw,
    full: &SpectralLaw,
    sampled: Option<&Sampled>,
) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};
    let path = match &options.figure {
        Some(path) => path.clone(),
        None => {
            let path = PathBuf::from("figures/z_spectrum.png");
            fs::create_dir_all("figures").map_err(|error| file(&path, error))?;
            path
        }
    };
    let mut panel = Panel::new("eigenvalue of Z", "density");
    if let Some((spectrum, comparison)) = sampled {
        let label = format!("sampled, p = {}, n = {}", spectrum.features, spectrum.samples);
        panel = panel
            .layer(Layer::histogram(&comparison.histogram.edges, &comparison.histogram.density).label(label));
    }
    for (law, colour, label, is_full) in
        [(full, Colour::Black, "full batch, W", true), (law, Colour::Vermillion, "predicted law of Z", false)]
    {
        // A break between the intervals keeps the curve from crossing a gap.
        for (index, [low, high]) in law.support().into_iter().enumerate() {
            let x: Vec<f64> = (0..=600)
                .map(|i| low + (high - low) * (std::f64::consts::PI * f64::from(i) / 1200.0).sin().powi(2))
                .collect();
            let y: Vec<f64> = x.iter().map(|&x| law.density(x)).collect();
            let mut layer = Layer::curve(&x, &y).colour(colour);
            if is_full {
                layer = layer.dashed();
            }
            if index == 0 {
                layer = layer.label(label);
            }
            panel = panel.layer(layer);
        }
    }
    let edges: Vec<f64> = law.support().into_iter().flatten().collect();
    panel = panel.layer(Layer::edges(&edges).label("edges of the support of Z"));
    for atom in law.atoms() {
        panel = panel.layer(Layer::stem(atom.location, atom.mass));
    }
    let subtitle = format!(
        "B = {}, α = {:.4}, γ = p/n = {}, population {}",
        model.batches(),
        model.step_size(),
        model.aspect_ratio(),
        options.population
    );
    Figure::new("Spectrum of Z under mini-batch gradient descent").subtitle(subtitle).panel(panel).save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(
    options: &Options,
    _: &MiniBatch,
    _: &SpectralLaw,
    _: &SpectralLaw,
    _: Option<&Sampled>,
) -> Result<()> {
    match &options.figure {
        Some(path) => Err(file(path, "figures need the feature `plot`")),
        None => Ok(()),
    }
}

fn population(text: &str) -> Result<Population> {
    let mut atoms = Vec::new();
    for item in text.split(',') {
        let parsed =
            item.split_once(':').and_then(|(t, w)| Some((t.trim().parse().ok()?, w.trim().parse().ok()?)));
        atoms.push(parsed.ok_or_else(|| bad("population", format!("{item:?}"), "eigenvalue:weight pairs"))?);
    }
    Population::atoms(&atoms)
}

fn numbers(argument: &'static str, text: &str) -> Result<Vec<f64>> {
    text.split(',')
        .map(|item| {
            let number = item.trim().parse::<f64>().ok().filter(|x| x.is_finite());
            number.ok_or_else(|| bad(argument, format!("{item:?}"), "finite numbers separated by commas"))
        })
        .collect()
}

fn bad(argument: &'static str, value: impl std::fmt::Display, allowed: &str) -> Error {
    Error::InvalidArgument { argument, value: value.to_string(), allowed: allowed.to_string() }
}

fn file(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::File { path: path.display().to_string(), reason: reason.to_string() }
}

/// Writes a file whole or not at all.
fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::write(&partial, contents).and_then(|()| fs::rename(&partial, path)).map_err(|error| {
        // The message of the first failure matters; a leftover that cannot be removed does not.
        let _ = fs::remove_file(&partial);
        file(path, error)
    })
}
