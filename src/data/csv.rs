//! Rows of a CSV file, read as they are needed.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder, Trim};

use super::files::{TargetColumn, failure, split_row};
use super::rows::{Block, Rows, block_rows};
use crate::error::Result;

/// A table of numbers, one row a line, with a line of names before it or without: the first line is one of
/// names if a cell of it is no number. A byte order mark and spaces around cells are skipped.
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
    /// Opens a file with commas between the cells.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if it cannot be read, has no row, or has no such target or no column beside it.
    pub fn open(path: impl AsRef<Path>, target: TargetColumn) -> Result<Self> {
        Self::open_delimited(path, target, b',')
    }

    /// Opens a file with another character between the cells.
    ///
    /// # Errors
    /// As for [`CsvFile::open`].
    pub fn open_delimited(path: impl AsRef<Path>, target: TargetColumn, delimiter: u8) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let mut file = Self { path, delimiter, names: None, columns: 0, target: None };
        let mut reader = file.reader()?;
        let mut record = ByteRecord::new();
        if !file.next(&mut reader, &mut record)? {
            return Err(failure(&file.path, "the file is empty"));
        }
        file.columns = record.len();
        if record.iter().any(|cell| number(cell).is_none() && !missing(cell)) {
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
            let Some(x) = number(cell) else {
                let name = self.names.as_ref().map_or(String::new(), |names| format!(" ({})", names[column]));
                let what = match std::str::from_utf8(cell) {
                    Ok(_) if missing(cell) => "the value is missing".to_owned(),
                    Ok(text) => format!("{:?} is not a number", text.chars().take(40).collect::<String>()),
                    Err(_) => "the cell is not UTF-8".to_owned(),
                };
                return Err(at(format!("column {}{name}: {what}", column + 1)));
            };
            numbers.push(x);
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

/// A finite number.
fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok().filter(|x: &f64| x.is_finite())
}

/// An empty cell, or what programs write for one.
fn missing(cell: &[u8]) -> bool {
    matches!(cell.to_ascii_lowercase().as_slice(), b"" | b"na" | b"nan" | b"null" | b"inf" | b"-inf" | b"?")
}
