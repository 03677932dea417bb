//! Where results go: standard output, and files that are written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use freespectra::{Control, Error, Progress, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::options::{bad, seed};

/// What all subcommands share: what to write and where, seed, threads. Nothing is written that was not asked for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Shared {
    /// Write the results as JSON; "-" for standard output, which then has nothing else.
    #[arg(long, value_name = "PATH", global = true)]
    json: Option<String>,
    /// Write the table of the results as CSV.
    #[arg(long, value_name = "PATH", global = true)]
    csv: Option<PathBuf>,
    /// Draw the figure, PNG or SVG by extension; without a path figures/SUBCOMMAND.png.
    #[arg(long, value_name = "PATH", num_args = 0..=1, global = true)]
    figure: Option<Option<PathBuf>>,
    /// Draw no figure, whatever was said before.
    #[arg(long, overrides_with = "figure", global = true)]
    no_figure: bool,
    /// Seed of whatever is random; it means the same numbers on any number of threads.
    #[arg(long, default_value_t = 1, value_parser = seed, global = true)]
    pub seed: u64,
    /// Number of threads [default: one for each processor].
    #[arg(long, value_name = "N", value_parser = threads, global = true)]
    threads: Option<usize>,
    /// No summary and no progress: only what was asked for, and warnings.
    #[arg(short, long, global = true)]
    quiet: bool,
}

/// Most threads that anybody has.
const MOST_THREADS: usize = 1024;

fn threads(text: &str) -> std::result::Result<usize, String> {
    let threads = text.parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads));
    threads.ok_or_else(|| format!("expected a whole number in 1..={MOST_THREADS}"))
}

impl Shared {
    /// Everything in parallel takes the given number of threads from here on.
    pub fn start_threads(&self) -> Result<()> {
        let Some(threads) = self.threads else { return Ok(()) };
        let started = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        started.map_err(|error| bad("threads", threads, format!("fewer: {error}")))
    }

    /// Checks the paths before the work: an output that cannot be written is worth knowing then. Only a figure
    /// that the system does not let us write is left for later, when it costs nothing but itself.
    pub fn open(&self, subcommand: &str) -> Result<Outputs> {
        let figure = self.figure.as_ref().filter(|_| !self.no_figure);
        let default_figure = || PathBuf::from(format!("figures/{subcommand}.png"));
        let outputs = Outputs {
            json_to_stdout: self.json.as_deref() == Some("-"),
            json: self.json.as_deref().filter(|&path| path != "-").map(PathBuf::from),
            csv: self.csv.clone(),
            figure: figure.map(|path| path.clone().unwrap_or_else(default_figure)),
            is_quiet: self.quiet,
        };
        let mut seen = Vec::new();
        for path in [&outputs.json, &outputs.csv, &outputs.figure].into_iter().flatten() {
            if seen.contains(&resolved(path)) {
                return Err(file(path, "named for two outputs"));
            }
            seen.push(resolved(path));
        }
        [&outputs.json, &outputs.csv].into_iter().flatten().try_for_each(|path| probe(path))?;
        if let Some(path) = &outputs.figure {
            check_figure(path, self.figure == Some(None))?;
        }
        Ok(outputs)
    }
}

/// Work that takes less needs no progress.
const BLINK: Duration = Duration::from_secs(1);

/// Outputs whose paths have been checked.
pub struct Outputs {
    /// Standard output carries the JSON document and nothing else.
    json_to_stdout: bool,
    json: Option<PathBuf>,
    csv: Option<PathBuf>,
    figure: Option<PathBuf>,
    is_quiet: bool,
}

/// Columns of equal length with their names, below comments.
#[derive(Default)]
pub struct Table {
    pub comments: Vec<String>,
    pub columns: Vec<(&'static str, Vec<f64>)>,
}

impl Outputs {
    /// Writes the results, and draws the figure last: if that fails the results are there, and a warning.
    pub fn write(
        &self,
        document: &serde_json::Value,
        summary: &str,
        table: impl FnOnce() -> Table,
        draw: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        if let Some(path) = &self.csv {
            write(path, &table().csv().map_err(|error| file(path, error))?)?;
        }
        if let Some(path) = &self.json {
            write(path, document.to_string().as_bytes())?;
        }
        if self.json_to_stdout {
            say(&document.to_string())?;
        } else if !self.is_quiet {
            say(summary.trim_end())?;
        }
        let Some(path) = &self.figure else { return Ok(()) };
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| file(path, error));
        if let Err(error) = made.and_then(|()| draw(path)) {
            eprintln!("warning: no figure: {error}");
        }
        Ok(())
    }

    /// Says something on standard error while the work goes on, unless somebody asked for silence.
    pub fn remark(&self, text: &str) {
        if !self.is_quiet {
            eprintln!("note: {text}");
        }
    }

    /// Does work that solves an equation, within a budget of evaluations if there is one, and shows the evaluations so far.
    pub fn solving<T>(
        &self,
        what: &'static str,
        budget: Option<usize>,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let evaluations = |progress: Progress| Some(progress.done);
        self.watching(what, "evaluations of the equation", budget, evaluations, work)
    }

    /// Does work within a budget of evaluations if there is one. On standard error, if it takes longer than a blink, how much has
    /// been done, where `done` knows: how much there will be nobody knows.
    pub fn watching<T>(
        &self,
        what: &'static str,
        unit: &str,
        budget: Option<usize>,
        done: impl Fn(Progress) -> Option<usize> + Send + Sync + 'static,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let bar = self.progress(0, what);
        let (is_silent, start, shown) = (bar.is_hidden(), Instant::now(), bar.clone());
        bar.set_draw_target(ProgressDrawTarget::hidden());
        let template = format!("{{spinner}} {{msg}}: {{pos}} {unit}, {{elapsed}}");
        bar.set_style(
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        let control = Control::watched(move |progress| {
            if is_silent {
                return;
            }
            let done = done(progress);
            if start.elapsed() >= BLINK {
                if shown.is_hidden() {
                    shown.set_draw_target(ProgressDrawTarget::stderr());
                }
                done.into_iter().for_each(|done| shown.set_position(done as u64));
            }
        });
        let control = budget.into_iter().fold(control, Control::with_budget);
        let result = control.run(work);
        bar.finish_and_clear();
        result
    }

    /// A progress bar on standard error, if that is a terminal and nobody asked for silence.
    pub fn progress(&self, total: usize, what: &'static str) -> ProgressBar {
        if self.is_quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}, {eta} left");
        let bar = ProgressBar::new(total as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

impl Table {
    fn csv(&self) -> std::result::Result<Vec<u8>, csv::Error> {
        let mut text: Vec<u8> =
            self.comments.iter().flat_map(|line| format!("# {line}\n").into_bytes()).collect();
        let mut writer = csv::Writer::from_writer(&mut text);
        writer.write_record(self.columns.iter().map(|(name, _)| name))?;
        let rows = self.columns.first().map_or(0, |(_, values)| values.len());
        for row in 0..rows {
            writer.write_record(self.columns.iter().map(|(_, values)| values[row].to_string()))?;
        }
        writer.flush()?;
        drop(writer);
        Ok(text)
    }
}

/// A line or more on standard output.
pub fn say(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout();
    let written = stdout.write_all(format!("{text}\n").as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| file(Path::new("standard output"), error))
}

/// Whether there is a standard output.
pub fn check_standard_output() -> Result<()> {
    if standard_output::was_open() { Ok(()) } else { Err(file(Path::new("standard output"), "it is closed")) }
}

/// A closed standard output is replaced by the null device before `main` runs, and what is written vanishes: so it is
/// looked at before that.
mod standard_output {
    use std::sync::atomic::{AtomicBool, Ordering};

    static CLOSED: AtomicBool = AtomicBool::new(false);

    #[cfg(target_os = "linux")]
    #[used]
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = look;

    #[cfg(target_os = "linux")]
    extern "C" fn look() {
        let is_closed = std::fs::symlink_metadata("/proc/self/fd/1").is_err()
            && std::path::Path::new("/proc/self/fd").exists();
        CLOSED.store(is_closed, Ordering::Relaxed);
    }

    pub fn was_open() -> bool {
        !CLOSED.load(Ordering::Relaxed)
    }
}

/// The path as the system sees its directory.
fn resolved(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::canonicalize(parent), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_path_buf(),
    }
}

fn check_figure(path: &Path, is_default: bool) -> Result<()> {
    if !cfg!(feature = "plot") {
        return Err(bad("figure", path.display(), "no figure without the feature `plot`"));
    }
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    if extension != "png" && extension != "svg" {
        return Err(bad("figure", path.display(), "a file name that ends in .png or .svg"));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if path.is_dir() {
        return Err(file(path, "not the name of a file"));
    }
    // The default directory is made when there is something to put in it.
    if !is_default && parent.is_some_and(|parent| !parent.is_dir()) {
        return Err(file(path, "its directory does not exist"));
    }
    Ok(())
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
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
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
