//! Centring and scaling of the columns.

use serde::{Deserialize, Serialize};

use super::rows::{Block, Rows};
use crate::error::{Error, Result};

/// What is done to the columns before anything else. Nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preparation {
    /// Subtract the mean of every column and of the target, which stands for an intercept.
    pub centre: bool,
    /// Divide every column by its standard deviation (about 0 without centring); a column that has none
    /// stays as it is. The target keeps its units.
    pub scale: bool,
}

impl Preparation {
    /// Both.
    pub fn standardize() -> Self {
        Self { centre: true, scale: true }
    }
}

/// What was done to a column: `(x - shift) / scale`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// What was subtracted.
    pub shift: f64,
    /// By what was divided, never 0.
    pub scale: f64,
}

impl Column {
    /// A column left as it is.
    pub(super) const AS_IT_IS: Self = Self { shift: 0.0, scale: 1.0 };
}

/// Rows checked, centred and scaled.
pub(super) struct Prepared<'a> {
    rows: &'a dyn Rows,
    preparation: Preparation,
    pub(super) columns: Vec<Column>,
    pub(super) target: Column,
}

impl<'a> Prepared<'a> {
    /// Takes means and deviations in a pass of their own, if they are asked for.
    pub(super) fn new(rows: &'a dyn Rows, preparation: Preparation) -> Result<Self> {
        let features = rows.features();
        let mut prepared = Self {
            rows,
            preparation: Preparation::default(),
            columns: vec![Column::AS_IT_IS; features],
            target: Column::AS_IT_IS,
        };
        if preparation == Preparation::default() {
            return Ok(prepared);
        }
        let mut columns = vec![Running::default(); features];
        let mut target = Running::default();
        prepared.pass(&mut |_, block| {
            for row in block.features.chunks_exact(features) {
                columns.iter_mut().zip(row).for_each(|(column, &x)| column.add(x));
            }
            block.targets.unwrap_or_default().iter().for_each(|&y| target.add(y));
            Ok(())
        })?;
        prepared.columns = columns.iter().map(|column| column.prepared(preparation)).collect();
        prepared.target = target.prepared(Preparation { scale: false, ..preparation });
        prepared.preparation = preparation;
        Ok(prepared)
    }

    pub(super) fn features(&self) -> usize {
        self.columns.len()
    }

    /// Calls `visit` with the number of rows before the block, and the block.
    pub(super) fn pass(&self, visit: &mut dyn FnMut(usize, Block<'_>) -> Result<()>) -> Result<()> {
        let (mut features, mut targets) = (Vec::new(), Vec::new());
        let mut before = 0;
        self.rows.pass(&mut |block| {
            let rows = check(block, self.features(), before)?;
            if self.preparation == Preparation::default() {
                visit(before, block)?;
            } else {
                features.clear();
                for row in block.features.chunks_exact(self.features()) {
                    let columns = self.columns.iter().zip(row);
                    features.extend(columns.map(|(column, x)| (x - column.shift) / column.scale));
                }
                targets.clear();
                targets.extend(block.targets.unwrap_or_default().iter().map(|y| y - self.target.shift));
                visit(before, Block { features: &features, targets: block.targets.map(|_| &targets[..]) })?;
            }
            before += rows;
            Ok(())
        })
    }
}

/// The number of rows of a block of whole rows of finite numbers.
fn check(block: Block<'_>, features: usize, before: usize) -> Result<usize> {
    if !block.features.len().is_multiple_of(features) {
        let row = before + block.features.len() / features + 1;
        let value = format!("{} numbers in row {row}", block.features.len() % features);
        return Err(Error::argument("features", value, format!("{features} in every row")));
    }
    let rows = block.features.len() / features;
    if let Some(at) = block.features.iter().position(|x| !x.is_finite()) {
        let (row, column) = (before + at / features + 1, at % features + 1);
        let value = format!("{} in row {row}, column {column}", block.features[at]);
        return Err(Error::argument("features", value, "finite numbers"));
    }
    let Some(targets) = block.targets else { return Ok(rows) };
    if targets.len() != rows {
        let value = format!("{} targets for rows {} to {}", targets.len(), before + 1, before + rows);
        return Err(Error::argument("targets", value, "one in every row"));
    }
    match targets.iter().position(|y| !y.is_finite()) {
        Some(at) => {
            let value = format!("{} in row {}", targets[at], before + at + 1);
            Err(Error::argument("targets", value, "finite numbers"))
        }
        None => Ok(rows),
    }
}

/// Mean and sum of squared deviations, updated number by number (Welford, Technometrics 4, 1962), of the
/// differences to the first number: those of a constant column are exactly 0.
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    count: f64,
    first: f64,
    mean: f64,
    squares: f64,
}

impl Running {
    fn add(&mut self, x: f64) {
        if self.count == 0.0 {
            self.first = x;
        }
        self.count += 1.0;
        let difference = x - self.first;
        let before = difference - self.mean;
        self.mean += before / self.count;
        self.squares += before * (difference - self.mean);
    }

    fn prepared(&self, preparation: Preparation) -> Column {
        let mean = self.first + self.mean;
        let shift = if preparation.centre { mean } else { 0.0 };
        let variance = self.squares / self.count.max(1.0);
        let scale = if preparation.centre { variance.sqrt() } else { variance.sqrt().hypot(mean) };
        let scale = if preparation.scale && scale > 0.0 { scale } else { 1.0 };
        Column { shift, scale }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::RowMajor;
    use super::*;

    #[test]
    fn a_large_offset_loses_no_digits_and_a_constant_none_at_all() {
        // Second column: 0.1 is no binary fraction, so a mean of its sum would differ from it.
        let features: Vec<f64> = (0..3000).flat_map(|i| [1e9 + f64::from(i % 3), 0.1]).collect();
        let rows = RowMajor::new(&features, 2, None).unwrap();
        let prepared = Prepared::new(&rows, Preparation::standardize()).unwrap();
        assert_eq!(prepared.columns[0].shift, 1e9 + 1.0);
        assert!((prepared.columns[0].scale - (2.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(prepared.columns[1], Column { shift: 0.1, scale: 1.0 });
        prepared
            .pass(&mut |_, block| {
                assert!(block.features.chunks(2).all(|row| row[1] == 0.0));
                Ok(())
            })
            .unwrap();
        let scaled = Prepared::new(&rows, Preparation { centre: false, scale: true }).unwrap();
        assert_eq!(scaled.columns[1], Column { shift: 0.0, scale: 0.1 });
    }
}
