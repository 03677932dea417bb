//! Where rows come from: matrices in memory, or anything that can be read twice from the start.

use faer::MatRef;
use nalgebra::DMatrix;

use crate::error::{Error, Result};

/// Numbers in a block of rows that is read at once, 2 MiB: fits the second-level cache.
const BLOCK: usize = 1 << 18;

/// Consecutive rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block<'a> {
    /// Their features, row after row.
    pub features: &'a [f64],
    /// Their targets, if the data has one.
    pub targets: Option<&'a [f64]>,
}

/// A source of rows that can be started again: the decomposition passes over it two or three times, and
/// keeps no row longer than it has to.
pub trait Rows {
    /// Number of features `p`.
    fn features(&self) -> usize;

    /// Calls `visit` with all rows in order, in blocks of any size; an error of `visit` ends the pass and
    /// is returned.
    ///
    /// # Errors
    /// What went wrong with the source, or what `visit` returned.
    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()>;
}

/// Rows of `features` numbers that make a block of good size.
pub(super) fn block_rows(features: usize) -> usize {
    (BLOCK / features.max(1)).max(1)
}

/// Features in a slice, row after row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowMajor<'a> {
    features: &'a [f64],
    columns: usize,
    targets: Option<&'a [f64]>,
}

impl<'a> RowMajor<'a> {
    /// `features` is the matrix `X` of `columns` columns, row after row; `targets` has one number a row.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the last row is incomplete or the numbers of rows do not match.
    pub fn new(features: &'a [f64], columns: usize, targets: Option<&'a [f64]>) -> Result<Self> {
        if columns == 0 {
            return Err(Error::argument("columns", columns, "at least 1"));
        }
        if !features.len().is_multiple_of(columns) {
            let value = format!("{} numbers", features.len());
            return Err(Error::argument("features", value, format!("whole rows of {columns} numbers")));
        }
        check_targets(features.len() / columns, targets.map(<[f64]>::len))?;
        Ok(Self { features, columns, targets })
    }
}

impl Rows for RowMajor<'_> {
    fn features(&self) -> usize {
        self.columns
    }

    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        let rows = block_rows(self.columns);
        let mut start = 0;
        for features in self.features.chunks(rows * self.columns) {
            let end = start + features.len() / self.columns;
            visit(Block { features, targets: self.targets.map(|targets| &targets[start..end]) })?;
            start = end;
        }
        Ok(())
    }
}

/// A matrix of any layout, with its targets.
pub(super) struct Matrix<'a> {
    features: MatRef<'a, f64>,
    targets: Option<&'a [f64]>,
}

impl<'a> Matrix<'a> {
    pub(super) fn new(features: MatRef<'a, f64>, targets: Option<&'a [f64]>) -> Result<Self> {
        check_targets(features.nrows(), targets.map(<[f64]>::len))?;
        Ok(Self { features, targets })
    }

    pub(super) fn nalgebra(features: &'a DMatrix<f64>, targets: Option<&'a [f64]>) -> Result<Self> {
        let (rows, columns) = features.shape();
        Self::new(MatRef::from_column_major_slice(features.as_slice(), rows, columns), targets)
    }
}

impl Rows for Matrix<'_> {
    fn features(&self) -> usize {
        self.features.ncols()
    }

    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        let (rows, columns) = self.features.shape();
        let size = block_rows(columns).min(rows.max(1));
        let mut block = vec![0.0; size * columns];
        for start in (0..rows).step_by(size) {
            let end = (start + size).min(rows);
            for column in 0..columns {
                for row in start..end {
                    block[(row - start) * columns + column] = self.features[(row, column)];
                }
            }
            let features = &block[..(end - start) * columns];
            visit(Block { features, targets: self.targets.map(|targets| &targets[start..end]) })?;
        }
        Ok(())
    }
}

fn check_targets(rows: usize, targets: Option<usize>) -> Result<()> {
    match targets {
        Some(targets) if targets != rows => Err(Error::argument(
            "targets",
            format!("{targets} numbers"),
            format!("one for each of {rows} rows"),
        )),
        _ => Ok(()),
    }
}
