//! What the examples share: reading options, writing results whole or not at all, progress.

// Every example uses its own part of this.
#![allow(dead_code)]

use std::fs::{self, OpenOptions};
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::finite::{Batching, SampledSpectrum};
use freespectra::{Error, Population, Result, SpectralLaw};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs an example: a failure is one line on standard error and exit status 2.
pub fn finish(name: &str, result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::from(2)
        }
    }
}

pub fn bad(argument: &'static str, value: impl std::fmt::Display, allowed: impl Into<String>) -> Error {
    Error::InvalidArgument { argument, value: value.to_string(), allowed: allowed.into() }
}

/// Parser of options that count something.
pub fn count(text: &str) -> std::result::Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number, 0 or more".to_owned())
}

/// Parser of seeds.
pub fn seed(text: &str) -> std::result::Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number, 0 or more".to_owned())
}

/// Finite numbers separated by commas.
pub fn numbers(argument: &'static str, text: &str) -> Result<Vec<f64>> {
    text.split(',')
        .map(|item| {
            let number = item.trim().parse::<f64>().ok().filter(|x| x.is_finite());
            number.ok_or_else(|| bad(argument, format!("{item:?}"), "finite numbers separated by commas"))
        })
        .collect()
}

/// A population written "t:w,t:w,...".
pub fn population(text: &str) -> Result<Population> {
    Population::atoms(&atoms(text)?)
}

/// The eigenvalues and weights of a population, in the order given.
pub fn atoms(text: &str) -> Result<Vec<(f64, f64)>> {
    text.split(',')
        .map(|item| {
            let parsed = item
                .split_once(':')
                .and_then(|(t, w)| Some((t.trim().parse().ok()?, w.trim().parse().ok()?)));
            parsed.ok_or_else(|| bad("population", format!("{item:?}"), "eigenvalue:weight pairs"))
        })
        .collect()
}

/// Most numbers in one matrix of sampled data, 16 GB.
const MOST_ENTRIES: f64 = 2e9;

/// Batches of sampled data with `features` columns: as many rows as the aspect ratio asks for, split in
/// the given fractions up to one row.
pub fn batching(features: usize, aspect_ratio: f64, fractions: &[f64]) -> Result<Batching> {
    if features < 2 {
        return Err(bad("features", features, "at least 2, or 0 for no sampled data"));
    }
    let rows = features as f64 / aspect_ratio;
    if rows.round() < fractions.len() as f64 {
        let batches = fractions.len();
        let allowed =
            format!("small enough that {features} features come with a sample for each of {batches} batches");
        return Err(bad("aspect_ratio", aspect_ratio, allowed));
    }
    if rows * features as f64 > MOST_ENTRIES {
        let allowed = format!("few enough for at most {MOST_ENTRIES:.0e} numbers, {rows:.1e} in each column");
        return Err(bad("features", features, allowed));
    }
    Batching::from_fractions(rows.round() as usize, fractions)
}

/// A population in words short enough for a figure.
pub fn describe(population: &Population) -> String {
    const LONGEST: usize = 4;
    let atoms = population.as_atoms();
    if population.is_identity() {
        return "Σ = I".to_owned();
    }
    if atoms.len() > LONGEST {
        return format!("{} population eigenvalues with mean {:.4}", atoms.len(), population.mean());
    }
    let atoms: Vec<String> = atoms
        .iter()
        .map(|atom| format!("{} ({:.4}%)", atom.location, 100.0 * atom.mass).replace(".0000%", "%"))
        .collect();
    format!("population eigenvalues {}", atoms.join(", "))
}

/// Longest density table.
pub const MOST_POINTS: usize = 1_000_000;

/// Points that crowd where the density is steep.
pub fn density_table(law: &SpectralLaw, points: usize) -> Vec<(f64, f64)> {
    let mut table = Vec::with_capacity(points);
    for mesh in law.mesh(points) {
        for (i, &x) in mesh.iter().enumerate() {
            // Where the density is infinite a point next to it stands for it.
            let next = mesh[if i + 1 < mesh.len() { i + 1 } else { i - 1 }];
            let finite = |x: f64| Some((x, law.density(x))).filter(|(_, density)| density.is_finite());
            table.extend(finite(x).or_else(|| finite(x + (next - x) / 16.0)));
        }
    }
    table
}

/// Locations and masses of the atoms.
pub fn atom_pairs(law: &SpectralLaw) -> Vec<[f64; 2]> {
    law.atoms().iter().map(|atom| [atom.location, atom.mass]).collect()
}

/// The first four moments.
pub fn moments(law: &SpectralLaw) -> Vec<f64> {
    (1..=4).map(|k| law.moment(k)).collect()
}

/// Sampled eigenvalues and their distance to the law.
pub struct Sampled {
    pub spectrum: SampledSpectrum,
    pub comparison: Comparison,
    /// Sizes of the matrices, in words.
    size: String,
    seconds: f64,
}

impl Sampled {
    /// Takes the draws that `run` makes, with a progress bar, and compares them with the law.
    pub fn new(
        law: &SpectralLaw,
        draws: usize,
        size: String,
        run: impl FnOnce(&(dyn Fn(usize) + Sync)) -> Result<SampledSpectrum>,
    ) -> Result<Self> {
        let start = Instant::now();
        let bar = progress(draws, "draws");
        let spectrum = run(&|finished| bar.set_position(finished as u64))?;
        bar.finish_and_clear();
        let comparison =
            Comparison::new(&spectrum.pooled(), &ReferenceLaw::of(law)?, &Bins::Bands(law.support()))?;
        Ok(Self { spectrum, comparison, size, seconds: start.elapsed().as_secs_f64() })
    }

    /// The part of the JSON document about the samples.
    pub fn document(&self) -> serde_json::Value {
        let Self { spectrum, comparison, .. } = self;
        serde_json::json!({
            "features": spectrum.features,
            "draws": spectrum.draws(),
            "seed": spectrum.seed,
            "eigenvalues": comparison.eigenvalues,
            "ks": comparison.kolmogorov_smirnov,
            "wasserstein1": comparison.wasserstein1,
            "smallest": comparison.smallest.eigenvalue,
            "largest": comparison.largest.eigenvalue,
            "moments": comparison.moments,
            "histogram": comparison.histogram,
        })
    }

    /// What the histogram is, for the legend of a figure.
    pub fn label(&self) -> String {
        format!("sampled, {}, {} draws", self.size, self.spectrum.draws())
    }

    /// The lines of the summary about the samples.
    pub fn summary(&self) -> String {
        let Self { spectrum, comparison, size, seconds } = self;
        format!(
            "Monte Carlo         {size}, {} draws, seed {}: {} eigenvalues in {seconds:.2} s\n\
             distance            Kolmogorov-Smirnov {:.5}, Wasserstein-1 {:.5}\n\
             extremes            {:.5} (edge {:.5}), {:.5} (edge {:.5})\n",
            spectrum.draws(),
            spectrum.seed,
            comparison.eigenvalues,
            comparison.kolmogorov_smirnov,
            comparison.wasserstein1,
            comparison.smallest.eigenvalue,
            comparison.smallest.edge,
            comparison.largest.eigenvalue,
            comparison.largest.edge,
        )
    }
}

/// Seconds that the sampling took, 0 without any.
pub fn sampling_seconds(sampled: Option<&Sampled>) -> f64 {
    sampled.map_or(0.0, |sampled| sampled.seconds)
}

/// Checks that the eigenvalues of all draws fit into memory.
pub fn check_draws(draws: usize, features: usize, most_eigenvalues: usize) -> Result<()> {
    if draws <= most_eigenvalues / features {
        return Ok(());
    }
    let allowed = format!("few enough for {most_eigenvalues} eigenvalues, {features} per draw");
    Err(bad("draws", draws, allowed))
}

/// Points at which to report a law, each with a line of the summary and an entry of the document.
pub fn points_of(at: Option<&str>) -> Result<Vec<f64>> {
    at.map_or(Ok(Vec::new()), |text| numbers("at", text))
}

pub fn values_at(law: &SpectralLaw, at: &[f64]) -> Vec<serde_json::Value> {
    let value = |&x: &f64| serde_json::json!({"x": x, "density": law.density(x), "cdf": law.cdf(x)});
    at.iter().map(value).collect()
}

pub fn lines_at(law: &SpectralLaw, at: &[f64]) -> String {
    let line = |x: &f64| format!("at {x:<17} density {:.12}, cdf {:.12}\n", law.density(*x), law.cdf(*x));
    at.iter().map(line).collect()
}

/// Where results go, besides the summary on standard output.
pub struct Outputs {
    /// Standard output carries the JSON document and nothing else.
    pub json_to_stdout: bool,
    json: Option<PathBuf>,
    csv: Option<PathBuf>,
    pub figure: Option<PathBuf>,
}

impl Outputs {
    /// Checks the paths before the work: an output that cannot be written is worth knowing then.
    /// Without `figure` the default one is drawn, if figures can be drawn at all.
    pub fn new(
        json: Option<&str>,
        csv: Option<&Path>,
        figure: Option<&Path>,
        default_figure: &str,
    ) -> Result<Self> {
        let outputs = Self {
            json_to_stdout: json == Some("-"),
            json: json.filter(|&path| path != "-").map(PathBuf::from),
            csv: csv.map(Path::to_path_buf),
            figure: figure_path(figure, default_figure)?,
        };
        let paths: Vec<&Path> = [&outputs.json, &outputs.csv, &outputs.figure]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
            .collect();
        for (i, path) in paths.iter().enumerate() {
            if paths[..i].contains(path) {
                return Err(file(path, "named for two outputs"));
            }
            // The directory of the default figure is made when there is something to put in it.
            if figure.is_some() || Some(*path) != outputs.figure.as_deref() || parent_exists(path) {
                probe(path)?;
            }
        }
        Ok(outputs)
    }

    pub fn write_json(&self, document: &serde_json::Value) -> Result<()> {
        match &self.json {
            Some(path) => write(path, document.to_string().as_bytes()),
            None => Ok(()),
        }
    }

    /// Writes a table with the given columns, if one was asked for.
    pub fn write_csv(&self, columns: &[(&str, Vec<f64>)]) -> Result<()> {
        let Some(path) = &self.csv else { return Ok(()) };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        writer.write_record(columns.iter().map(|(name, _)| name)).map_err(|error| file(path, error))?;
        for row in 0..rows {
            writer
                .write_record(columns.iter().map(|(_, values)| values[row].to_string()))
                .map_err(|error| file(path, error))?;
        }
        write(path, &writer.into_inner().map_err(|error| file(path, error))?)
    }

    /// Prints the document if it was asked for on standard output, else the summary.
    pub fn print(&self, document: &serde_json::Value, summary: &str) -> Result<()> {
        let text =
            if self.json_to_stdout { format!("{document}\n") } else { format!("{}\n", summary.trim_end()) };
        let written = std::io::stdout().write_all(text.as_bytes());
        written.map_err(|error| file(Path::new("standard output"), error))
    }

    /// The path of the figure, its directory made if it is the default one.
    pub fn figure_to_draw(&self) -> Result<Option<&Path>> {
        let Some(path) = self.figure.as_deref() else { return Ok(None) };
        if !parent_exists(path)
            && let Some(parent) = path.parent()
        {
            fs::create_dir_all(parent).map_err(|error| file(path, error))?;
        }
        Ok(Some(path))
    }
}

fn parent_exists(path: &Path) -> bool {
    path.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent.exists())
}

fn figure_path(figure: Option<&Path>, default_figure: &str) -> Result<Option<PathBuf>> {
    let Some(path) = figure else {
        return Ok(cfg!(feature = "plot").then(|| PathBuf::from(default_figure)));
    };
    if !cfg!(feature = "plot") {
        return Err(bad("figure", path.display(), "no figure without the feature `plot`"));
    }
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if extension != "png" && extension != "svg" {
        return Err(bad("figure", path.display(), "a file name that ends in .png or .svg"));
    }
    Ok(Some(path.to_path_buf()))
}

pub fn file(path: &Path, reason: impl std::fmt::Display) -> Error {
    let path = if path.as_os_str().is_empty() { "\"\"".to_owned() } else { path.display().to_string() };
    Error::File { path, reason: reason.to_string() }
}

/// The file beside `path` that becomes `path` once it is complete.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    PathBuf::from(name)
}

/// Checks that `path` can be written, without touching what is there.
fn probe(path: &Path) -> Result<()> {
    if path.is_dir() || path.file_name().is_none() || path.as_os_str() == "-" {
        return Err(file(path, "not the name of a file"));
    }
    let partial = partial(path);
    let created = OpenOptions::new().write(true).create_new(true).open(&partial);
    created.and_then(|_| fs::remove_file(&partial)).map_err(|error| file(path, error))
}

/// Writes a file whole or not at all.
fn write(path: &Path, contents: &[u8]) -> Result<()> {
    // Devices and pipes are written to, files are replaced as a whole.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, contents).map_err(|error| file(path, error));
    }
    let partial = partial(path);
    fs::write(&partial, contents).and_then(|()| fs::rename(&partial, path)).map_err(|error| {
        // The message of the first failure matters; a leftover that cannot be removed does not.
        let _ = fs::remove_file(&partial);
        file(path, error)
    })
}

/// A number for a table: six decimals, or scientific where it is large.
pub fn short(x: f64) -> String {
    if x.abs() < 1e6 { format!("{x:.6}") } else { format!("{x:.4e}") }
}

/// Whether curves that start near `start` need a logarithmic axis: one that diverges leaves the others
/// flat.
pub fn is_wild(start: f64, curves: &[&[f64]]) -> bool {
    const WILD: f64 = 30.0;
    curves.iter().flat_map(|curve| curve.iter()).any(|&x| x > WILD * start)
}

/// The points that a figure can show, on a logarithmic axis those from 1e-12 to 1e12.
pub fn drawable(x: &[f64], y: &[f64], log: bool) -> (Vec<f64>, Vec<f64>) {
    let shown = |y: f64| !log || (1e-12..1e12).contains(&y);
    x.iter().zip(y).filter(|&(_, &y)| shown(y)).unzip()
}

/// Markers with their errors, if there is one to be shown. On a logarithmic axis errors that reach below
/// zero are left out.
#[cfg(feature = "plot")]
pub fn points(x: &[f64], y: &[f64], errors: &[f64], log: bool) -> Option<freespectra::plot::Layer> {
    let (positions, values) = drawable(x, y, log);
    if values.is_empty() {
        return None;
    }
    let errors: Vec<f64> = y
        .iter()
        .zip(errors)
        .filter(|&(&y, _)| drawable(&[0.0], &[y], log).1.len() == 1)
        .map(|(&y, &error)| if log && error >= y { 0.0 } else { error })
        .collect();
    Some(freespectra::plot::Layer::points_with_errors(&positions, &values, &errors))
}

/// A progress bar on standard error, if that is a terminal.
pub fn progress(total: usize, what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}, {eta} left");
    let bar = ProgressBar::new(total as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
