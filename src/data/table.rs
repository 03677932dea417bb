//! Rows in memory, which can be split and prepared: what gradient descent itself runs on.

use rand::seq::SliceRandom;

use super::columns::{Column, Preparation, Prepared};
use super::rows::{Block, RowMajor, Rows};
use crate::error::{Error, Result};
use crate::finite::draw_stream;

/// Features and targets of a data set, row after row.
///
/// ```
/// use freespectra::data::{RowMajor, Table};
/// # fn main() -> Result<(), freespectra::Error> {
/// let features: Vec<f64> = (0..20).map(f64::from).collect();
/// let targets: Vec<f64> = (0..10).map(f64::from).collect();
/// let table = Table::read(&RowMajor::new(&features, 2, Some(&targets))?)?;
/// let (train, test) = table.split(0.2, 1)?;
/// assert_eq!((train.len(), test.len()), (8, 2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: usize,
    features: Vec<f64>,
    targets: Option<Vec<f64>>,
}

impl Table {
    /// Reads all rows.
    ///
    /// # Errors
    /// Those of the source; [`Error::InvalidArgument`] with row and column for rows of unequal length and
    /// numbers that are not finite.
    pub fn read(rows: &dyn Rows) -> Result<Self> {
        let mut table = Self { columns: rows.features(), features: Vec::new(), targets: None };
        Prepared::new(rows, Preparation::default())?.pass(&mut |_, block| {
            table.features.extend_from_slice(block.features);
            if let Some(targets) = block.targets {
                table.targets.get_or_insert_default().extend_from_slice(targets);
            }
            Ok(())
        })?;
        Ok(table)
    }

    /// Number of rows `n`.
    pub fn len(&self) -> usize {
        self.features.len() / self.columns.max(1)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// The features of a row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.features[row * self.columns..(row + 1) * self.columns]
    }

    /// The features of all rows, one after another.
    pub fn row_major(&self) -> &[f64] {
        &self.features
    }

    /// The targets, one for each row, if there is one.
    pub fn targets(&self) -> Option<&[f64]> {
        self.targets.as_deref()
    }

    /// A random part of the rows set aside: what is left, and that part, which is `fraction` of the rows rounded to
    /// a whole number. Both keep the order of the rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the fraction is in `[0, 1)` and leaves a row.
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self)> {
        if !(0.0..1.0).contains(&fraction) {
            return Err(Error::argument("test_fraction", fraction, "in [0, 1)"));
        }
        let rows = self.len();
        let aside = (fraction * rows as f64).round() as usize;
        if aside >= rows {
            let value = format!("{fraction} of {rows} rows");
            return Err(Error::argument("test_fraction", value, "a part that leaves at least one row"));
        }
        let mut order: Vec<usize> = (0..rows).collect();
        order.shuffle(&mut draw_stream(seed, 0));
        let (test, train) = order.split_at_mut(aside);
        train.sort_unstable();
        test.sort_unstable();
        Ok((self.selected(train), self.selected(test)))
    }

    /// The rows of these numbers, in this order.
    pub(super) fn selected(&self, rows: &[usize]) -> Self {
        Self {
            columns: self.columns,
            features: rows.iter().flat_map(|&row| self.row(row)).copied().collect(),
            targets: self.targets.as_ref().map(|targets| rows.iter().map(|&row| targets[row]).collect()),
        }
    }

    /// The table with every number moved and scaled as the columns of a [`Dataset`](super::Dataset) were, so that
    /// rows set aside are prepared as those that were kept.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless there is a column for each feature.
    pub fn prepared(&self, columns: &[Column], target: Column) -> Result<Self> {
        if columns.len() != self.columns {
            let allowed = format!("one for each of the {} features", self.columns);
            return Err(Error::argument("columns", format!("{} columns", columns.len()), allowed));
        }
        let apply = |x: f64, column: &Column| (x - column.shift) / column.scale;
        let rows = self.features.chunks_exact(self.columns);
        Ok(Self {
            columns: self.columns,
            features: rows
                .flat_map(|row| row.iter().zip(columns).map(|(&x, column)| apply(x, column)))
                .collect(),
            targets: self
                .targets
                .as_ref()
                .map(|targets| targets.iter().map(|&y| apply(y, &target)).collect()),
        })
    }
}

impl Rows for Table {
    fn features(&self) -> usize {
        self.columns
    }

    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        RowMajor::new(&self.features, self.columns, self.targets())?.pass(visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(rows: u32) -> Table {
        let features: Vec<f64> = (0..2 * rows).map(f64::from).collect();
        let targets: Vec<f64> = (0..rows).map(|i| f64::from(10 * i)).collect();
        Table::read(&RowMajor::new(&features, 2, Some(&targets)).unwrap()).unwrap()
    }

    #[test]
    fn a_split_keeps_every_row_with_its_target() {
        let table = counted(10);
        let (train, test) = table.split(0.3, 5).unwrap();
        assert_eq!((train.len(), test.len()), (7, 3));
        let mut seen: Vec<f64> = Vec::new();
        for part in [&train, &test] {
            for row in 0..part.len() {
                assert_eq!(5.0 * part.row(row)[0], part.targets().unwrap()[row]);
                seen.push(part.row(row)[0]);
            }
        }
        seen.sort_by(f64::total_cmp);
        assert_eq!(seen, (0..10).map(|i| f64::from(2 * i)).collect::<Vec<_>>());
        assert_eq!(table.split(0.0, 5).unwrap().0, table);
        for fraction in [-0.1, 1.0, 0.99, f64::NAN] {
            assert!(table.split(fraction, 5).is_err(), "{fraction}");
        }
    }

    #[test]
    fn rows_set_aside_are_prepared_like_the_others() {
        let column = |shift, scale| Column { shift, scale };
        let prepared = counted(2).prepared(&[column(1.0, 2.0), column(0.0, 1.0)], column(5.0, 1.0)).unwrap();
        assert_eq!(prepared.row_major(), [-0.5, 1.0, 0.5, 3.0]);
        assert_eq!(prepared.targets().unwrap(), [-5.0, 5.0]);
        assert!(counted(2).prepared(&[column(0.0, 1.0)], column(0.0, 1.0)).is_err());
    }
}
