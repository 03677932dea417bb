//! Limiting spectrum of Z for mini-batch gradient descent, against sampled data.
//!
//! Predicts the law of `Z` for the given batches, step size, aspect ratio and population, samples
//! finite-size batched gradient descent, compares the two, and draws them. Run with `--help` for the
//! options; `--json -` prints one JSON document instead of the summary.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::finite::{Batching, EXACT_BATCHES, Entries, MonteCarlo, Route, SampledSpectrum};
use freespectra::{Error, MiniBatch, Population, Result, SpectralLaw};
use serde_json::json;

/// Longest density table.
const MOST_POINTS: usize = 1_000_000;

/// Most numbers in one matrix of sampled data, 16 GB.
const MOST_ENTRIES: f64 = 2e9;

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
    #[arg(long, default_value = "1:1", allow_hyphen_values = true)]
    population: String,
    /// Fractions of the samples in each batch, "f1,f2,...", for unequal batches.
    #[arg(long, allow_hyphen_values = true)]
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
    if !(2..=MOST_POINTS).contains(&options.points) {
        return Err(bad("points", options.points, format!("in 2..={MOST_POINTS}")));
    }
    let simulation = simulation(options, &model)?;
    let figure = figure_path(options)?;
    // An output that cannot be written is worth knowing before the work, not after it.
    let json = options.json.as_deref().filter(|&path| path != "-").map(Path::new);
    for path in [json, options.csv.as_deref(), figure.as_deref()].into_iter().flatten() {
        probe(path)?;
    }

    let start = Instant::now();
    let law = model.law()?;
    let full = model.full_batch().law()?;
    let predict = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let sampled = simulation.map(|simulation| compare(&simulation, &law)).transpose()?;
    let monte_carlo = start.elapsed().as_secs_f64();

    let density = density_table(&law, options.points);
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
    if let Some(path) = &figure {
        draw(path, options, &model, &law, &full, sampled.as_ref())?;
    }
    if let Some(path) = &options.csv {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let rows = density.iter().map(|&(x, rho)| [x.to_string(), rho.to_string()]);
        for row in std::iter::once(["x".to_string(), "density".to_string()]).chain(rows) {
            writer.write_record(&row).map_err(|error| file(path, error))?;
        }
        write(path, &writer.into_inner().map_err(|error| file(path, error))?)?;
    }
    if let Some(path) = json {
        write(path, document.to_string().as_bytes())?;
    }
    let mut text = match options.json.as_deref() {
        Some("-") => document.to_string(),
        _ => summary(&model, &law, &full, sampled.as_ref(), &at, [predict, monte_carlo])
            .map_err(|error| file(Path::new("summary"), error))?,
    };
    text.push('\n');
    let written = std::io::stdout().write_all(text.as_bytes());
    written.map_err(|error| file(Path::new("standard output"), error))
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
    if options.features == 1 {
        return Err(bad("features", 1, "at least 2, or 0 for no Monte Carlo"));
    }
    let batches = model.batches();
    let rows = options.features as f64 / model.aspect_ratio();
    if rows.round() < batches as f64 {
        let allowed = format!(
            "small enough that {} features come with a sample for each of {batches} batches",
            options.features
        );
        return Err(bad("aspect_ratio", model.aspect_ratio(), allowed));
    }
    if rows * options.features as f64 > MOST_ENTRIES {
        let allowed = format!("few enough for at most {MOST_ENTRIES:.0e} numbers, {rows:.1e} in each column");
        return Err(bad("features", options.features, allowed));
    }
    let batching = match &options.batch_fractions {
        Some(_) => Batching::from_fractions(rows.round() as usize, model.batch_fractions())?,
        None => Batching::equal((rows / batches as f64).round() as usize * batches, batches)?,
    };
    let route = match options.permutations {
        _ if batches <= EXACT_BATCHES => Route::Exact,
        0 => return Err(bad("permutations", 0, "at least 1")),
        permutations => Route::Permutations(permutations),
    };
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
    [predict, monte_carlo]: [f64; 2],
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
    for &x in at {
        writeln!(text, "at {x:<17} density {:.12}, cdf {:.12}", law.density(x), law.cdf(x))?;
    }
    if let Some((spectrum, comparison)) = sampled {
        writeln!(
            text,
            "Monte Carlo         p = {}, n = {}, {} draws, seed {}: {} eigenvalues in {monte_carlo:.2} s",
            spectrum.features,
            spectrum.samples,
            spectrum.draws(),
            spectrum.seed,
            comparison.eigenvalues
        )?;
        writeln!(
            text,
            "distance            Kolmogorov-Smirnov {:.5}, Wasserstein-1 {:.5}",
            comparison.kolmogorov_smirnov, comparison.wasserstein1
        )?;
        writeln!(
            text,
            "extremes            {:.5} (edge {:.5}), {:.5} (edge {:.5})",
            comparison.smallest.eigenvalue,
            comparison.smallest.edge,
            comparison.largest.eigenvalue,
            comparison.largest.edge
        )?;
    }
    // Whoever prints it adds the last line break.
    text.truncate(text.trim_end().len());
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
    _: &Path,
    _: &Options,
    _: &MiniBatch,
    _: &SpectralLaw,
    _: &SpectralLaw,
    _: Option<&Sampled>,
) -> Result<()> {
    Ok(())
}

/// Where to draw, if at all; the directory of the default figure is made.
fn figure_path(options: &Options) -> Result<Option<PathBuf>> {
    let Some(path) = &options.figure else {
        let path = PathBuf::from("figures/z_spectrum.png");
        if cfg!(feature = "plot") {
            fs::create_dir_all("figures").map_err(|error| file(&path, error))?;
        }
        return Ok(cfg!(feature = "plot").then_some(path));
    };
    if !cfg!(feature = "plot") {
        return Err(bad("figure", path.display(), "no figure without the feature `plot`"));
    }
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if extension != "png" && extension != "svg" {
        return Err(bad("figure", path.display(), "a file name that ends in .png or .svg"));
    }
    Ok(Some(path.clone()))
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

fn bad(argument: &'static str, value: impl std::fmt::Display, allowed: impl Into<String>) -> Error {
    Error::InvalidArgument { argument, value: value.to_string(), allowed: allowed.into() }
}

fn file(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::File { path: path.display().to_string(), reason: reason.to_string() }
}

/// The file beside `path` that becomes `path` once it is complete.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    PathBuf::from(name)
}

/// Checks that `path` can be written, without touching what is there.
fn probe(path: &Path) -> Result<()> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(file(path, "not the name of a file"));
    }
    let partial = partial(path);
    let created = OpenOptions::new().write(true).create_new(true).open(&partial);
    created.and_then(|_| fs::remove_file(&partial)).map_err(|error| file(path, error))
}

/// Writes a file whole or not at all.
fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let partial = partial(path);
    fs::write(&partial, contents).and_then(|()| fs::rename(&partial, path)).map_err(|error| {
        // The message of the first failure matters; a leftover that cannot be removed does not.
        let _ = fs::remove_file(&partial);
        file(path, error)
    })
}
