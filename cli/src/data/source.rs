//! From a file to rows to train on and rows to measure the test error on.

use std::path::{Path, PathBuf};
use std::time::Instant;

use freespectra::data::{CsvFile, Dataset, FirstLine, NpyFile, Preparation, Table, TargetColumn};
use freespectra::{Error, Result};

use super::{Options, demo};
use crate::options::bad;
use crate::outputs::file;

/// The data.
pub struct Source {
    pub path: PathBuf,
    /// Rows to train on, prepared.
    pub train: Table,
    /// Rows to measure the test error on, prepared as those to train on.
    pub test: Option<Table>,
    /// The decomposition of the rows to train on.
    pub dataset: Dataset,
    /// Name of the target, if there is one.
    pub target: Option<String>,
    pub standardized: bool,
    pub notes: Vec<String>,
    pub read_seconds: f64,
    pub decompose_seconds: f64,
}

/// What a file holds.
struct Contents {
    table: Table,
    target: Option<String>,
    /// Whether a text began with numbers, which then are data.
    headless: bool,
}

impl Source {
    pub fn read(options: &Options, seed: u64) -> Result<Self> {
        let start = Instant::now();
        let path = match &options.file {
            Some(path) => path.clone(),
            None => demo::make(seed)?,
        };
        let column = target_column(options.target.as_deref());
        let first_line = options.first_line();
        let Contents { table, target, headless } = contents(&path, column.clone(), first_line)?;
        let (train, test) = match &options.test {
            Some(path) => (table, Some(contents(path, column, first_line)?.table)),
            // Without a target there is no test error.
            None if target.is_none() => (table, None),
            None => {
                let (train, test) = table.split(options.test_fraction, seed)?;
                (train, Some(test).filter(|test| !test.is_empty()))
            }
        };
        let read_seconds = start.elapsed().as_secs_f64();

        let start = Instant::now();
        let preparation =
            if options.standardize { Preparation::standardize() } else { Preparation::default() };
        let dataset = Dataset::from_rows(&train, preparation)?;
        if dataset.rank() == 0 {
            let what = if options.standardize { "no column varies" } else { "all features are 0" };
            return Err(file(&path, format!("{what} in the rows to train on")));
        }
        let prepared = |table: &Table| table.prepared(dataset.columns(), dataset.target_column());
        let test = test.as_ref().map(|test| {
            prepared(test).map_err(|error| match (error, &options.test) {
                (Error::InvalidArgument { .. }, Some(path)) => {
                    let allowed = format!("{} features, as in the rows to train on", dataset.features());
                    bad("test", path.display(), allowed)
                }
                (error, _) => error,
            })
        });
        let (train, test) = (prepared(&train)?, test.transpose()?);
        let mut notes = Vec::new();
        if headless && first_line == FirstLine::Judged {
            notes.push(
                "the first line holds numbers only: it counts as a row (--header if it holds names, --no-header to say \
                 that it does not)"
                    .to_owned(),
            );
        }
        if target.is_none() {
            notes.push("no target: laws, certificate and thresholds only".to_owned());
        } else if test.is_none() {
            notes.push("no rows set aside: the test error is predicted, not measured".to_owned());
        }
        if target.is_some()
            && options.test.is_some()
            && test.as_ref().is_some_and(|test| test.targets().is_none())
        {
            return Err(bad("test", "a file without a target", "a target for every row"));
        }
        Ok(Self {
            path,
            train,
            test,
            dataset,
            target,
            standardized: options.standardize,
            notes,
            read_seconds,
            decompose_seconds: start.elapsed().as_secs_f64(),
        })
    }
}

fn target_column(text: Option<&str>) -> TargetColumn {
    match text {
        None => TargetColumn::Last,
        Some("none") => TargetColumn::Absent,
        Some(text) => text.parse().unwrap_or_else(|never| match never {}),
    }
}

/// Reads a file by its extension.
fn contents(path: &Path, column: TargetColumn, first_line: FirstLine) -> Result<Contents> {
    if path.is_dir() {
        return Err(file(path, "it is a directory"));
    }
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let delimiter = match extension.to_str() {
        Some("npy" | "npz") => {
            let table = Table::read(&NpyFile::open(path, column.clone())?)?;
            let target = table.targets().map(|_| match column {
                TargetColumn::Name(name) => name,
                TargetColumn::Number(number) => format!("column {number}"),
                _ => if extension == "npz" { "y" } else { "the last column" }.to_owned(),
            });
            return Ok(Contents { table, target, headless: false });
        }
        // Where the comma is decimal, tables called CSV have semicolons.
        Some("csv") => {
            if delimiter(path)? == b';' {
                b';'
            } else {
                b','
            }
        }
        Some("tsv") => b'\t',
        Some("txt") => delimiter(path)?,
        _ => return Err(file(path, "not a .csv, .tsv, .txt, .npy or .npz file")),
    };
    let csv = CsvFile::open_delimited(path, column, delimiter, first_line)?;
    let target = csv.target().map(|position| match csv.names() {
        Some(names) => names[position].clone(),
        None => format!("column {}", position + 1),
    });
    Ok(Contents { table: Table::read(&csv)?, target, headless: csv.names().is_none() })
}

/// What is between the numbers of a text file, judged by its first line.
fn delimiter(path: &Path) -> Result<u8> {
    use std::io::{BufRead as _, Read as _};
    /// Longest line that is looked at.
    const LINE: u64 = 1 << 20;
    let opened = std::fs::File::open(path).map_err(|error| file(path, error))?;
    let mut line = Vec::new();
    let read = std::io::BufReader::new(opened.take(LINE)).read_until(b'\n', &mut line);
    read.map_err(|error| file(path, error))?;
    Ok([b'\t', b';', b','].into_iter().find(|delimiter| line.contains(delimiter)).unwrap_or(b' '))
}
