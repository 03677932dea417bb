//! Responses and correlations along the nodes of a data set, of which every step feels all the past.
//!
//! Nothing is kept along a node but its latest rows. With `Lambda e` the change of the state by a step beyond the feedback
//! `R`, and the covariance `N` of the noise with which a state is felt, the rows of time `s` follow from tables that all
//! nodes share:
//!
//! ```text
//! G(t) = (Lambda - t R)^-1                 x Lambda   = e_s + t z,                z = x R        x = G[s, .]
//! K(t) = G (q E_00 + k R N R^T) G^T        y Lambda^T = x q E_00 + (t y + k z N) R^T             y = K[s, .]
//! ```
//!
//! Both systems are triangular, and blocks of `R` and `N` meet the rows of several nodes at once, as products of matrices.
//! A step costs two multiplications for each node and pair of times, which come from tables that are read in their order.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::minibatch::trajectory::node::{Row, Step, add_scaled};
use crate::minibatch::trajectory::pass::{Along, TASKS_PAY};

/// Times of a block of the triangular systems.
const BLOCK: usize = 24;

/// Nodes of one panel, at most. Fixed, so that results do not depend on the threads.
const WIDTH: usize = 12;

/// An eigenvalue and how it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) eigenvalue: f64,
    /// Weight in the average response.
    pub(super) weight: f64,
    /// Mean square of the start, with the weight in the average correlation.
    pub(super) source: f64,
}

/// A square table in strips of [`BLOCK`] columns, each of which is contiguous.
struct Strips {
    size: usize,
    entries: Vec<f64>,
}

impl Strips {
    fn zeros(size: usize) -> Self {
        Self { size, entries: vec![0.0; size * size.next_multiple_of(BLOCK)] }
    }

    fn set(&mut self, row: usize, column: usize, entry: f64) {
        self.entries[(column / BLOCK * self.size + row) * BLOCK + column % BLOCK] = entry;
    }

    /// Entries of a row from a column on, to the end of its strip.
    fn row(&self, row: usize, column: usize) -> &[f64] {
        let start = (column / BLOCK * self.size + row) * BLOCK;
        &self.entries[start + column % BLOCK..start + BLOCK]
    }

    /// The transposed strip that starts at a column, with `height` columns of it and these rows.
    fn strip(&self, column: usize, height: usize, rows: Range<usize>) -> MatRef<'_, f64> {
        let strip = &self.entries[column * self.size..][..BLOCK * self.size];
        MatRef::from_column_major_slice(strip, BLOCK, self.size).submatrix(0, rows.start, height, rows.len())
    }
}

/// Tables of the steps so far.
struct Tables {
    /// Time whose state a step starts from.
    origins: Vec<usize>,
    /// `R`, also transposed.
    feedback: Strips,
    transposed: Strips,
    noise: Strips,
}

impl Tables {
    fn push(&mut self, step: &Step<'_>) {
        let s = self.origins.len();
        self.origins.push(step.origin);
        for ((&u, &feedback), &kick) in step.visits.iter().zip(step.feedback).zip(step.kicks) {
            self.feedback.set(s, u, feedback);
            self.transposed.set(u, s, feedback);
            self.noise.set(s, u, kick);
            self.noise.set(u, s, kick);
        }
    }
}

/// Some nodes, with the latest rows along them: entries of one node are contiguous.
struct Panel {
    nodes: Vec<Node>,
    length: usize,
    response: Vec<f64>,
    correlation: Vec<f64>,
    /// `z` and `z N`.
    felt: Vec<f64>,
    noise: Vec<f64>,
    /// `t y + k z N`.
    pushes: Vec<f64>,
    /// `G[s, 0]` of all times so far.
    paths: Vec<f64>,
}

/// Rows of a table with a column for each node.
fn rows(table: &[f64], length: usize, rows: Range<usize>) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(table, length, table.len() / length).subrows(rows.start, rows.len())
}

/// The same, to be written.
fn rows_mut(table: &mut [f64], length: usize, rows: Range<usize>) -> MatMut<'_, f64> {
    let nodes = table.len() / length;
    MatMut::from_column_major_slice_mut(table, length, nodes).subrows_mut(rows.start, rows.len())
}

impl Panel {
    fn new(nodes: &[Node], length: usize) -> Self {
        let zeros = || vec![0.0; nodes.len() * length];
        let (mut response, mut correlation) = (zeros(), zeros());
        for (i, node) in nodes.iter().enumerate() {
            response[i * length] = 1.0;
            correlation[i * length] = node.source;
        }
        Self {
            nodes: nodes.to_vec(),
            length,
            response,
            correlation,
            felt: zeros(),
            noise: zeros(),
            pushes: zeros(),
            paths: vec![1.0; nodes.len()],
        }
    }

    /// Both rows of time `s`, after as many steps.
    fn advance(&mut self, s: usize, tables: &Tables) {
        self.solve_response(s, tables);
        self.solve_correlation(s, tables);
        self.paths.extend(self.response.iter().step_by(self.length));
    }

    /// `x Lambda = e_s + t z`, from the latest time back.
    fn solve_response(&mut self, s: usize, tables: &Tables) {
        let length = self.length;
        for response in self.response.chunks_exact_mut(length) {
            response[..s].fill(0.0);
            response[s] = 1.0;
        }
        for start in (0..s).step_by(BLOCK).rev() {
            let end = (start + BLOCK).min(s);
            matmul(
                rows_mut(&mut self.felt, length, start..end),
                Accum::Replace,
                tables.feedback.strip(start, end - start, end..s),
                rows(&self.response, length, end + 1..s + 1),
                1.0,
                Par::Seq,
            );
            let columns = self.response.chunks_exact_mut(length).zip(self.felt.chunks_exact_mut(length));
            for (node, (response, felt)) in self.nodes.iter().zip(columns) {
                for v in (start..end).rev() {
                    let later = response[v + 1];
                    add_scaled(&mut felt[start..=v], later, tables.feedback.row(v, start));
                    response[tables.origins[v]] += later;
                    response[v] += node.eigenvalue * felt[v];
                }
            }
        }
    }

    /// `y Lambda^T = x q E_00 + (t y + k z N) R^T`, from the start on.
    fn solve_correlation(&mut self, s: usize, tables: &Tables) {
        let length = self.length;
        for start in (0..s).step_by(BLOCK) {
            let end = (start + BLOCK).min(s);
            matmul(
                rows_mut(&mut self.noise, length, start..end),
                Accum::Replace,
                tables.noise.strip(start, end - start, 0..s),
                rows(&self.felt, length, 0..s),
                1.0,
                Par::Seq,
            );
            matmul(
                rows_mut(&mut self.correlation, length, start + 1..end + 1),
                Accum::Replace,
                tables.transposed.strip(start, end - start, 0..start),
                rows(&self.pushes, length, 0..start),
                1.0,
                Par::Seq,
            );
            for (i, node) in self.nodes.iter().enumerate() {
                let column = i * length..(i + 1) * length;
                let (noise, pushes) = (&self.noise[column.clone()], &mut self.pushes[column.clone()]);
                if start == 0 {
                    self.correlation[i * length] = node.source * self.response[i * length];
                }
                let correlation = &mut self.correlation[column];
                for u in start..end {
                    pushes[u] = node.eigenvalue * (correlation[u] + node.weight * noise[u]);
                    correlation[u + 1] += correlation[tables.origins[u]];
                    add_scaled(&mut correlation[u + 1..=end], pushes[u], tables.transposed.row(u, u));
                }
            }
        }
    }
}

/// An eigenvalue that no kick reaches and that counts in no response: along it the state is its start
/// times the mean path, so that a step costs no row.
struct Signal {
    eigenvalue: f64,
    /// Mean square of the start, with its weight in the average correlation.
    source: f64,
    /// The state at all times so far, relative to the start.
    path: Vec<f64>,
}

impl Signal {
    fn advance(&mut self, step: &Step<'_>) {
        let change: f64 =
            step.visits.iter().zip(step.feedback).map(|(&visit, factor)| factor * self.path[visit]).sum();
        self.path.push(self.path[step.origin] + self.eigenvalue * change);
    }
}

/// All nodes, those of the counting measure first and then those of the target.
pub(super) struct Panels {
    length: usize,
    tables: Tables,
    panels: Vec<Panel>,
    /// Nodes of every panel but the last, which may have fewer.
    width: usize,
    counting: usize,
    signals: Vec<Signal>,
}

impl Panels {
    /// Nodes at their start, and the eigenvalues of the target with their mean squares, for `length` times.
    pub(super) fn new(nodes: &[Node], target: impl Iterator<Item = (f64, f64)>, length: usize) -> Self {
        let width = nodes.len().div_ceil(nodes.len().div_ceil(WIDTH).max(1)).max(1);
        Self {
            length,
            tables: Tables {
                origins: Vec::with_capacity(length),
                feedback: Strips::zeros(length),
                transposed: Strips::zeros(length),
                noise: Strips::zeros(length),
            },
            panels: nodes.chunks(width).map(|nodes| Panel::new(nodes, length)).collect(),
            width,
            counting: nodes.len(),
            signals: target
                .map(|(eigenvalue, source)| Signal { eigenvalue, source, path: vec![1.0] })
                .collect(),
        }
    }

    /// `R` and `N` of the steps so far.
    pub(super) fn tables(&self) -> [Mat<f64>; 2] {
        let steps = self.tables.origins.len();
        [&self.tables.feedback, &self.tables.noise]
            .map(|table| Mat::from_fn(steps, steps, |s, u| table.row(s, u)[0]))
    }

    /// Nodes of the counting measure.
    pub(super) fn counting(&self) -> usize {
        self.counting
    }

    /// All nodes.
    pub(super) fn len(&self) -> usize {
        self.counting + self.signals.len()
    }

    /// Mean path along node `i` to time `s`.
    pub(super) fn path(&self, i: usize, s: usize) -> f64 {
        if i >= self.counting {
            return self.signals[i - self.counting].path[s];
        }
        let panel = &self.panels[i / self.width];
        panel.paths[s * panel.nodes.len() + i % self.width]
    }

    /// Latest response along counting node `i` to a kick at step `v`, weighted as in the average.
    pub(super) fn response(&self, i: usize, v: usize) -> f64 {
        let (panel, i) = (&self.panels[i / self.width], i % self.width);
        panel.nodes[i].weight * panel.response[i * self.length + v + 1]
    }

    /// Latest correlation along node `i` with time `u`.
    pub(super) fn correlation(&self, i: usize, u: usize) -> f64 {
        if i >= self.counting {
            let signal = &self.signals[i - self.counting];
            return signal.source * signal.path[signal.path.len() - 1] * signal.path[u];
        }
        self.panels[i / self.width].correlation[i % self.width * self.length + u]
    }
}

impl Along for Panels {
    fn average(&self, s: usize, row: &mut Row) {
        for row in [&mut row.response, &mut row.correlation, &mut row.felt, &mut row.noise] {
            row[..=s].fill(0.0);
        }
        for panel in &self.panels {
            for (i, node) in panel.nodes.iter().enumerate() {
                let column = i * self.length..i * self.length + s + 1;
                add_scaled(&mut row.response, node.weight, &panel.response[column.clone()]);
                add_scaled(&mut row.correlation, 1.0, &panel.correlation[column.clone()]);
                let column = i * self.length..i * self.length + s;
                add_scaled(&mut row.felt, node.weight, &panel.felt[column.clone()]);
                add_scaled(&mut row.noise, node.weight, &panel.noise[column]);
            }
        }
        for signal in &self.signals {
            add_scaled(&mut row.correlation[..=s], signal.source * signal.path[s], &signal.path);
        }
    }

    fn advance(&mut self, s: usize, step: &Step<'_>) {
        self.signals.iter_mut().for_each(|signal| signal.advance(step));
        self.tables.push(step);
        let tables = &self.tables;
        if self.counting * s * s < TASKS_PAY {
            self.panels.iter_mut().for_each(|panel| panel.advance(s + 1, tables));
        } else {
            self.panels.par_iter_mut().for_each(|panel| panel.advance(s + 1, tables));
        }
    }
}
