//! Square tables that are filled row by row, and their products with rows.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::minibatch::trajectory::pass::TASKS_PAY;

/// Rows or columns that one task takes. Fixed, so that results do not depend on the threads.
const PANEL: usize = 128;

/// A lower triangular or symmetric table of which the leading rows are known, and zero elsewhere.
#[derive(Debug)]
pub(super) struct Table {
    size: usize,
    rows: usize,
    entries: Vec<f64>,
}

impl Table {
    pub(super) fn zeros(size: usize) -> Self {
        Self { size, rows: 0, entries: vec![0.0; size * size] }
    }

    /// Number of rows known.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Row `s`, as far as it is known.
    pub(super) fn row(&self, s: usize) -> &[f64] {
        &self.entries[s * self.size..(s + 1) * self.size]
    }

    pub(super) fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.entries, self.size, self.size)
    }

    /// Adds a row of a lower triangular table.
    pub(super) fn push(&mut self, row: &[f64]) {
        self.entries[self.rows * self.size..][..row.len()].copy_from_slice(row);
        self.rows += 1;
    }

    /// Adds a row of a symmetric table, up to the diagonal.
    pub(super) fn push_symmetric(&mut self, row: &[f64]) {
        for (u, &entry) in row.iter().enumerate() {
            self.entries[u * self.size + self.rows] = entry;
        }
        self.push(row);
    }

    /// `row * self` for a lower triangular table, as long as the row.
    pub(super) fn lower(&self, row: &[f64]) -> Vec<f64> {
        self.row_times(row, row.len(), |start| start)
    }

    /// The first `length` entries of `row * self` for a symmetric table.
    pub(super) fn symmetric(&self, row: &[f64], length: usize) -> Vec<f64> {
        self.row_times(row, length, |_| 0)
    }

    /// `row * self`, of which columns from `start` on have no entry before row `first(start)`.
    fn row_times(&self, row: &[f64], length: usize, first: impl Fn(usize) -> usize + Sync) -> Vec<f64> {
        let mut product = vec![0.0; length];
        let part = |(panel, part): (usize, &mut [f64])| {
            let (start, width) = (panel * PANEL, part.len());
            let first = first(start);
            matmul(
                MatMut::from_row_major_slice_mut(part, 1, width),
                Accum::Replace,
                MatRef::from_row_major_slice(&row[first..], 1, row.len() - first),
                self.matrix().submatrix(first, start, row.len() - first, width),
                1.0,
                Par::Seq,
            );
        };
        if row.len() * length < TASKS_PAY {
            product.chunks_mut(PANEL).enumerate().for_each(part);
        } else {
            product.par_chunks_mut(PANEL).enumerate().for_each(part);
        }
        product
    }

    /// `self * column` for a lower triangular table.
    pub(super) fn times(&self, column: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; self.rows];
        let part = |(panel, part): (usize, &mut [f64])| {
            let (start, height) = (panel * PANEL, part.len());
            let end = (start + height).min(column.len());
            matmul(
                MatMut::from_column_major_slice_mut(part, height, 1),
                Accum::Replace,
                self.matrix().submatrix(start, 0, height, end),
                MatRef::from_column_major_slice(&column[..end], end, 1),
                1.0,
                Par::Seq,
            );
        };
        if self.rows * column.len() < TASKS_PAY {
            product.chunks_mut(PANEL).enumerate().for_each(part);
        } else {
            product.par_chunks_mut(PANEL).enumerate().for_each(part);
        }
        product
    }
}
