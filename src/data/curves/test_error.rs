//! The test error, from the memory that rows keep over all splits.
//!
//! A new row is a row that was never visited, so its residual is the cavity residual, of covariance
//!
//! ```text
//! C' = U^-1 (C - h N h^T) U^-T,       h = g R,   U = 1 + h
//! ```
//!
//! over all steps. `R` and `N` are block diagonal, one block for each split. `g` and `C` between two
//! splits are sums over the nodes of the state at the end of the earlier one, carried on by
//! the mean path through those between.

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_unit_lower_triangular_in_place;
use faer::reborrow::ReborrowMut;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::segment::Segment;

/// Columns that one task takes. Fixed, so that results do not depend on the threads.
const PANEL: usize = 64;

/// Tables over all times, filled split by split.
pub(super) struct Memory {
    /// `g`, times by steps.
    response: Mat<f64>,
    /// Lower triangle of `C`.
    covariance: Mat<f64>,
    /// `h` and `h N` are taken at the end, so the blocks of `R` and `N` are kept.
    feedback: Vec<Mat<f64>>,
    noise: Vec<Mat<f64>>,
    /// For every step so far: response and covariance of the present state along the nodes with it,
    /// weighted as in their averages.
    present_response: Mat<f64>,
    present_covariance: Mat<f64>,
    times: usize,
}

impl Memory {
    /// For `times` times and as many nodes and signals.
    pub(super) fn new(times: usize, nodes: usize, signals: usize) -> Self {
        Self {
            response: Mat::zeros(times, times),
            covariance: Mat::zeros(times, times),
            feedback: Vec::new(),
            noise: Vec::new(),
            present_response: Mat::zeros(nodes, times),
            present_covariance: Mat::zeros(nodes + signals, times),
            times: 0,
        }
    }

    /// Adds the first `times` times of a split of `steps` steps: as many as steps unless it is the last.
    pub(super) fn add(&mut self, segment: &Segment<'_>, times: usize, steps: usize) {
        let start = self.times;
        let along = &segment.along;
        let paths = Mat::from_fn(along.len(), times, |i, j| along.path(i, j));
        for (table, present) in
            [(&mut self.response, &self.present_response), (&mut self.covariance, &self.present_covariance)]
        {
            matmul(
                table.as_mut().submatrix_mut(start, 0, times, start),
                Accum::Replace,
                paths.as_ref().submatrix(0, 0, present.nrows(), times).transpose(),
                present.as_ref().subcols(0, start),
                1.0,
                Par::Seq,
            );
        }
        let medium = &segment.medium;
        for j in 0..times {
            for (v, &entry) in medium.response.row(j)[..j].iter().enumerate() {
                self.response[(start + j, start + v)] = entry;
            }
            for (u, &entry) in medium.covariance.row(j)[..=j].iter().enumerate() {
                self.covariance[(start + j, start + u)] = entry;
            }
        }
        let [feedback, noise] = along.tables();
        self.feedback.push(feedback);
        self.noise.push(noise);
        self.times += times;
        if times != steps {
            return;
        }
        for present in [&mut self.present_response, &mut self.present_covariance] {
            for mut column in present.as_mut().subcols_mut(0, start).col_iter_mut() {
                for i in 0..column.nrows() {
                    column[i] *= along.path(i, steps);
                }
            }
        }
        for u in 0..steps {
            for i in 0..along.counting() {
                self.present_response[(i, start + u)] = along.response(i, u);
            }
            for i in 0..along.len() {
                self.present_covariance[(i, start + u)] = along.correlation(i, u);
            }
        }
    }

    /// `C'[s, s]` for all times added.
    pub(super) fn test_error(self) -> Vec<f64> {
        let n = self.times;
        let response = self.response.as_ref().submatrix(0, 0, n, n);
        let unit = times_blocks(response, &self.feedback);
        let noise = times_blocks(unit.as_ref(), &self.noise);
        let mut inner = vec![0.0; n * n];
        inner.par_chunks_mut(n * PANEL).enumerate().for_each(|(panel, columns)| {
            let (start, width) = (panel * PANEL, columns.len() / n);
            let mut columns = MatMut::from_column_major_slice_mut(columns, n, width);
            for j in 0..width {
                for s in 0..n {
                    let (late, early) = (s.max(start + j), s.min(start + j));
                    columns[(s, j)] = self.covariance[(late, early)];
                }
            }
            // The strict lower triangle of `U` is `h`.
            let before = start + width;
            let felt = unit.as_ref().submatrix(start, 0, width, before).transpose();
            matmul(columns.rb_mut(), Accum::Add, noise.as_ref().subcols(0, before), felt, -1.0, Par::Seq);
            solve_unit_lower_triangular_in_place(unit.as_ref(), columns, Par::Seq);
        });
        let half = MatRef::from_column_major_slice(&inner, n, n);
        let panels: Vec<Vec<f64>> = (0..n.div_ceil(PANEL))
            .into_par_iter()
            .map(|panel| {
                let (start, end) = (panel * PANEL, ((panel + 1) * PANEL).min(n));
                let mut rows = half.submatrix(start, 0, end - start, end).transpose().to_owned();
                let unit = unit.as_ref().submatrix(0, 0, end, end);
                solve_unit_lower_triangular_in_place(unit, rows.as_mut(), Par::Seq);
                (start..end).map(|s| rows[(s, s - start)]).collect()
            })
            .collect();
        panels.concat()
    }
}

/// `response * blocks`, for the blocks on a diagonal; columns beyond them are zero.
fn times_blocks(response: MatRef<'_, f64>, blocks: &[Mat<f64>]) -> Mat<f64> {
    let n = response.nrows();
    let mut product = Mat::zeros(n, n);
    let mut start = 0;
    for block in blocks {
        let end = (start + block.nrows()).min(n);
        let width = end - start;
        matmul(
            product.as_mut().submatrix_mut(start, start, n - start, width),
            Accum::Replace,
            response.submatrix(start, start, n - start, width),
            block.as_ref().submatrix(0, 0, width, width),
            1.0,
            Par::Seq,
        );
        start = end;
    }
    product
}
