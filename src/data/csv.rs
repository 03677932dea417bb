//! Rows of a CSV file, read as they are needed.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder, Trim};
use serde::{Deserialize, Serialize};

use super::files::{TargetColumn, failure, split_row};
use super::rows::{Block, Rows, block_rows};
use crate::error::Result;

/// Whether the first line of a text holds the names of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstLine {
    /// It does if a cell of it is neither a number nor missing.
    #[default]
    Judged,
    /// It does, whatever it holds.
    Names,
    /// It is a row like all others.
    Row,
}

/// A table of numbers, one row a line, with a line of names before it or without. A byte order mark and spaces around
/// cells are skipped.
///
/// ```no_run
/// use freespectra::data::{CsvFile, Dataset, Preparation, TargetColumn};
/// # fn main() -> Result<(), freespectra::Error> {
/// let file = CsvFile::open("measurements.csv", TargetColumn::Name("yield".to_owned()))?;
/// let data = Dataset::from_rows(&file, Preparation::standardize())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CsvFile {
    path: PathBuf,
    delimiter: u8,
    names: Option<Vec<String>>,
    columns: usize,
    target: Option<usize>,
}

impl CsvFile {
    /// Opens a file with commas between the cells, whose first line is judged by what it holds.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if it cannot be read, has no row, or has no such target or no column beside it.
    pub fn open(path: impl AsRef<Path>, target: TargetColumn) -> Result<Self> {
        Self::open_delimited(path, target, b',', FirstLine::Judged)
    }

    /// Opens a file with another character between the cells, whose first line is known or judged.
    ///
    /// # Errors
    /// As for [`CsvFile::open`].
    pub fn open_delimited(
        path: impl AsRef<Path>,
        target: TargetColumn,
        delimiter: u8,
        first_line: FirstLine,
    ) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let mut file = Self { path, delimiter, names: None, columns: 0, target: None };
        let mut reader = file.reader()?;
        let mut record = ByteRecord::new();
        if !file.next(&mut reader, &mut record)? {
            return Err(failure(&file.path, "the file is empty"));
        }
        file.columns = record.len();
        let has_names = match first_line {
            FirstLine::Judged => record.iter().any(|cell| cell_of(cell) == Cell::Text),
            FirstLine::Names => true,
            FirstLine::Row => false,
        };
        if has_names {
            let names = record.iter().map(|cell| std::str::from_utf8(cell).map(str::to_owned));
            let names = names.collect::<std::result::Result<Vec<_>, _>>();
            file.names = Some(names.map_err(|_| failure(&file.path, "the first line is not UTF-8"))?);
            if !file.next(&mut reader, &mut record)? {
                return Err(failure(&file.path, "there is no row after the names"));
            }
        }
        file.target = target.position(&file.path, file.columns, file.names.as_deref())?;
        Ok(file)
    }

    /// Names of the columns, that of the target included, if the file has them.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Position of the target among all columns, counted from 0.
    pub fn target(&self) -> Option<usize> {
        self.target
    }

    fn reader(&self) -> Result<Reader<File>> {
        let file = File::open(&self.path).map_err(|error| failure(&self.path, error))?;
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All).delimiter(self.delimiter);
        Ok(builder.buffer_capacity(1 << 18).from_reader(file))
    }

    fn next(&self, reader: &mut Reader<File>, record: &mut ByteRecord) -> Result<bool> {
        reader.read_byte_record(record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => failure(&self.path, error),
            other => failure(&self.path, format!("{other:?}")),
        })
    }

    /// The numbers of a row.
    fn numbers(&self, record: &ByteRecord, row: usize, numbers: &mut Vec<f64>) -> Result<()> {
        let line = record.position().map_or(0, csv::Position::line);
        let at = |reason: String| failure(&self.path, format!("row {row} (line {line}), {reason}"));
        if record.len() != self.columns {
            return Err(at(format!("{} cells where the first line has {}", record.len(), self.columns)));
        }
        numbers.clear();
        for (column, cell) in record.iter().enumerate() {
            let found = cell_of(cell);
            if let Cell::Number(x) = found {
                numbers.push(x);
                continue;
            }
            let name = self.names.as_ref().map_or(String::new(), |names| format!(" ({})", names[column]));
            let quoted = |text: &str| format!("{:?}", text.chars().take(40).collect::<String>());
            let what = match (found, std::str::from_utf8(cell)) {
                (Cell::Missing, _) => "the value is missing".to_owned(),
                (Cell::Infinite, Ok(text)) => format!("{} is not finite", quoted(text)),
                (_, Ok(text)) => format!("{} is not a number", quoted(text)),
                (_, Err(_)) => "the cell is not UTF-8".to_owned(),
            };
            return Err(at(format!("column {}{name}: {what}", column + 1)));
        }
        Ok(())
    }
}

impl Rows for CsvFile {
    fn features(&self) -> usize {
        self.columns - usize::from(self.target.is_some())
    }

    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        let mut reader = self.reader()?;
        let mut record = ByteRecord::new();
        if self.names.is_some() {
            self.next(&mut reader, &mut record)?;
        }
        let size = block_rows(self.columns);
        let (mut features, mut targets, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = 0;
        loop {
            let more = self.next(&mut reader, &mut record)?;
            if more {
                row += 1;
                self.numbers(&record, row, &mut numbers)?;
                split_row(numbers.iter().copied(), self.target, &mut features, &mut targets);
            }
            if !features.is_empty() && (!more || row % size == 0) {
                visit(Block { features: &features, targets: self.target.map(|_| &targets[..]) })?;
                features.clear();
                targets.clear();
            }
            if !more {
                return Ok(());
            }
        }
    }
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    /// A finite number.
    Number(f64),
    /// An infinite one, or one beyond those of 64 bits.
    Infinite,
    /// Nothing, or what programs write for it.
    Missing,
    Text,
}

fn cell_of(cell: &[u8]) -> Cell {
    if matches!(cell.to_ascii_lowercase().as_slice(), b"" | b"na" | b"nan" | b"null" | b"?") {
        return Cell::Missing;
    }
    match std::str::from_utf8(cell).ok().and_then(|text| text.parse::<f64>().ok()) {
        Some(x) if x.is_finite() => Cell::Number(x),
        Some(x) if x.is_infinite() => Cell::Infinite,
        // "-nan" and the like.
        Some(_) => Cell::Missing,
        None => Cell::Text,
    }
}
