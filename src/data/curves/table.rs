//! Square tables that are filled row by row, and their products with rows.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::minibatch::trajectory::node::dot;
use crate::minibatch::trajectory::pass::TASKS_PAY;

/// Rows or columns that one task takes. Fixed, so that results do not depend on the threads.
const PANEL: usize = 256;

/// A lower triangular table of which the leading rows are known, and zero elsewhere.
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

    /// Row `s`, as far as it is known.
    pub(super) fn row(&self, s: usize) -> &[f64] {
        &self.entries[s * self.size..(s + 1) * self.size]
    }

    fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.entries, self.size, self.size)
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &[f64]) {
        self.entries[self.rows * self.size..][..row.len()].copy_from_slice(row);
        self.rows += 1;
    }

    /// `row * self`, as long as the row.
    pub(super) fn lower(&self, row: &[f64]) -> Vec<f64> {
        let length = row.len();
        let mut product = vec![0.0; length];
        let part = |(panel, part): (usize, &mut [f64])| {
            let (start, width) = (panel * PANEL, part.len());
            matmul(
                MatMut::from_row_major_slice_mut(part, 1, width),
                Accum::Replace,
                MatRef::from_row_major_slice(&row[start..], 1, length - start),
                self.matrix().submatrix(start, start, length - start, width),
                1.0,
                Par::Seq,
            );
        };
        if length * length < TASKS_PAY {
            product.chunks_mut(PANEL).enumerate().for_each(part);
        } else {
            product.par_chunks_mut(PANEL).enumerate().for_each(part);
        }
        product
    }

    /// `(1 + self)^-1 * column`.
    pub(super) fn solve(&self, mut column: Vec<f64>) -> Vec<f64> {
        for start in (0..column.len()).step_by(PANEL) {
            let (known, rest) = column.split_at_mut(start);
            let height = rest.len().min(PANEL);
            matmul(
                MatMut::from_column_major_slice_mut(&mut rest[..height], height, 1),
                Accum::Add,
                self.matrix().submatrix(start, 0, height, start),
                MatRef::from_column_major_slice(known, start, 1),
                -1.0,
                Par::Seq,
            );
            for i in 1..height {
                rest[i] -= dot(&self.row(start + i)[start..], &rest[..i]);
            }
        }
        column
    }
}
