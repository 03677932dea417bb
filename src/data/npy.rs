//! Rows of the NPY and NPZ files of NumPy, read as they are needed.
//!
//! The format is that of NEP 1 and its later versions 2 and 3: a magic string, the length of a header, the header
//! (a literal dictionary with the type of the entries, their order and the shape), and the entries.

mod format;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use self::format::Header;
use super::files::{TargetColumn, failure, split_row};
use super::rows::{Block, Rows, block_rows};
use crate::error::Result;

/// A matrix of real numbers in an NPY file, its target one of the columns; or the matrix `X` of an NPZ
/// archive, its target an array of the archive (`y`, or the one named) or, if there is no `y`, a column.
///
/// Integers and floating-point numbers of 1 to 8 bytes are read, in either order of bytes, rows and
/// columns. A compressed matrix in column order is held in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct NpyFile {
    path: PathBuf,
    entry: Option<String>,
    header: Header,
    column: Option<usize>,
    targets: Option<Vec<f64>>,
}

impl NpyFile {
    /// Opens a file, an archive if its name ends with `npz`.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if it cannot be read, is truncated in its header, is no matrix of
    /// real numbers, has no row, or has no such target or nothing beside it.
    pub fn open(path: impl AsRef<Path>, target: TargetColumn) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let archive = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz"));
        let (entry, target_entry) = if archive { entries(&path, &target)? } else { (None, None) };
        let header = with_reader(&path, entry.as_deref(), |reader| Header::read(reader))?;
        if header.rows == 0 || header.columns == 0 {
            return Err(failure(&path, format!("the matrix is {} x {}", header.rows, header.columns)));
        }
        let targets = match &target_entry {
            Some(name) => Some(with_reader(&path, Some(name), |reader| {
                let own = Header::read(reader)?;
                if own.rows.checked_mul(own.columns) != Some(header.rows) {
                    return Err(format!(
                        "{name} has shape {} x {}, X has {} rows",
                        own.rows, own.columns, header.rows
                    ));
                }
                own.read_numbers(reader, header.rows)
            })?),
            None => None,
        };
        let column = if targets.is_some() { None } else { target.position(&path, header.columns, None)? };
        Ok(Self { path, entry, header, column, targets })
    }

    fn emit(
        &self,
        start: usize,
        numbers: &[f64],
        visit: &mut dyn FnMut(Block<'_>) -> Result<()>,
    ) -> Result<()> {
        let end = start + numbers.len() / self.header.columns;
        if let Some(targets) = &self.targets {
            return visit(Block { features: numbers, targets: Some(&targets[start..end]) });
        }
        let (mut features, mut targets) = (Vec::with_capacity(numbers.len()), Vec::new());
        for row in numbers.chunks_exact(self.header.columns) {
            split_row(row.iter().copied(), self.column, &mut features, &mut targets);
        }
        visit(Block { features: &features, targets: self.column.map(|_| &targets[..]) })
    }

    /// The numbers of rows `start..end` of a matrix in column order.
    fn rows_of_columns(
        &self,
        file: &mut File,
        start: usize,
        end: usize,
    ) -> std::result::Result<Vec<f64>, String> {
        let Header { rows, columns, .. } = self.header;
        let mut block = vec![0.0; (end - start) * columns];
        for column in 0..columns {
            let before = (column * rows + start) as u64 * self.header.item_size() as u64;
            file.seek(SeekFrom::Start(self.header.length + before)).map_err(|error| error.to_string())?;
            for (i, x) in self.header.read_numbers(file, end - start)?.into_iter().enumerate() {
                block[i * columns + column] = x;
            }
        }
        Ok(block)
    }
}

impl Rows for NpyFile {
    fn features(&self) -> usize {
        self.header.columns - usize::from(self.column.is_some())
    }

    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        let Header { rows, columns, column_order, .. } = self.header;
        let size = block_rows(columns);
        let starts = (0..rows).step_by(size).map(|start| (start, (start + size).min(rows)));
        if column_order && self.entry.is_none() {
            let mut file = File::open(&self.path).map_err(|error| failure(&self.path, error))?;
            for (start, end) in starts {
                let block = self
                    .rows_of_columns(&mut file, start, end)
                    .map_err(|reason| failure(&self.path, reason))?;
                self.emit(start, &block, visit)?;
            }
            return Ok(());
        }
        let mut outcome = Ok(());
        with_reader(&self.path, self.entry.as_deref(), |reader| {
            let header = Header::read(reader)?;
            let all = if column_order { header.read_numbers(reader, rows * columns)? } else { Vec::new() };
            for (start, end) in starts {
                let block = if column_order {
                    (start..end)
                        .flat_map(|i| (0..columns).map(move |j| (i, j)))
                        .map(|(i, j)| all[j * rows + i])
                        .collect()
                } else {
                    let read = header.read_numbers(reader, (end - start) * columns);
                    read.map_err(|reason| format!("{reason}, in rows {} to {end} of {rows}", start + 1))?
                };
                outcome = self.emit(start, &block, visit);
                if outcome.is_err() {
                    break;
                }
            }
            Ok(())
        })?;
        outcome
    }
}

/// Names of the matrix in an archive, and of the target if it is an array of its own.
fn entries(path: &Path, target: &TargetColumn) -> Result<(Option<String>, Option<String>)> {
    let file = File::open(path).map_err(|error| failure(path, error))?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| failure(path, error))?;
    let arrays: Vec<String> =
        archive.file_names().filter_map(|name| name.ok()?.strip_suffix(".npy").map(str::to_owned)).collect();
    let find = |name: &str| arrays.iter().any(|other| other == name).then(|| format!("{name}.npy"));
    let Some(matrix) = find("X") else {
        return Err(failure(path, format!("there is no array called X, only {}", arrays.join(", "))));
    };
    let target = match target {
        TargetColumn::Name(name) => match find(name) {
            Some(entry) => Some(entry),
            None => {
                return Err(failure(
                    path,
                    format!("there is no array called {name}, only {}", arrays.join(", ")),
                ));
            }
        },
        TargetColumn::Last => find("y"),
        TargetColumn::Number(_) | TargetColumn::Absent => None,
    };
    Ok((Some(matrix), target))
}

/// Opens a file or an entry of an archive.
fn with_reader<T>(
    path: &Path,
    entry: Option<&str>,
    use_it: impl FnOnce(&mut dyn Read) -> std::result::Result<T, String>,
) -> Result<T> {
    let file = File::open(path).map_err(|error| failure(path, error))?;
    let mut file = BufReader::with_capacity(1 << 18, file);
    let outcome = match entry {
        None => use_it(&mut file),
        Some(entry) => {
            let mut archive = ZipArchive::new(file).map_err(|error| failure(path, error))?;
            let mut entry = archive.by_name(entry).map_err(|error| failure(path, error))?;
            use_it(&mut entry)
        }
    };
    outcome.map_err(|reason| failure(path, reason))
}
