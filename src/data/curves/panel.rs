//! Responses and correlations along the nodes of a data set, of which every step feels all the past.
//!
//! Nothing is kept along a node but its latest rows. With `Lambda e` the change of the state by a step beyond the feedback
//! `R`, and the covariance `R12` of the kicks, the rows of time `s` follow from tables that all nodes share:
//!
//! ```text
//! G(t) = (Lambda - t R)^-1             x (Lambda - t R)   = e_s                        x = G[s, .]
//! K(t) = G (q E_00 + k R12) G^T        y (Lambda - t R)^T = x (q E_00 + k R12)         y = K[s, .]
//! ```
//!
//! Both systems are triangular, and blocks of `R` and `R12` meet the rows of many nodes at once, as products of matrices.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::minibatch::trajectory::node::{Row, Step, add_scaled, dot};
use crate::minibatch::trajectory::pass::{Along, TASKS_PAY};

/// Times of a block of the triangular systems.
const BLOCK: usize = 16;

/// Nodes of one panel, at most. Fixed, so that results do not depend on the threads.
const WIDTH: usize = 32;

/// An eigenvalue and how it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) eigenvalue: f64,
    /// Weight in the average response.
    pub(super) weight: f64,
    /// Mean square of the start, with the weight in the average correlation.
    pub(super) source: f64,
}

/// Tables of the steps so far, one row for each.
struct Tables {
    length: usize,
    /// Time whose state a step starts from.
    origins: Vec<usize>,
    feedback: Vec<f64>,
    kicks: Vec<f64>,
}

impl Tables {
    fn feedback(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.feedback, self.length, self.length)
    }

    fn kicks(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.kicks, self.length, self.length)
    }

    fn push(&mut self, step: &Step<'_>) {
        let s = self.origins.len();
        self.origins.push(step.origin);
        for ((&u, &feedback), &kick) in step.visits.iter().zip(step.feedback).zip(step.kicks) {
            self.feedback[s * self.length + u] = feedback;
            self.kicks[s * self.length + u] = kick;
            self.kicks[u * self.length + s] = kick;
        }
    }
}

/// Some nodes, with the latest rows along them: entries of one time are contiguous.
struct Panel {
    eigenvalues: Vec<f64>,
    weights: Vec<f64>,
    kick_weights: Vec<f64>,
    sources: Vec<f64>,
    response: Vec<f64>,
    correlation: Vec<f64>,
    /// `G[s, 0]` of all times so far.
    paths: Vec<f64>,
    block: Vec<f64>,
}

impl Panel {
    fn new(nodes: &[Node], length: usize) -> Self {
        let part = |part: fn(&Node) -> f64| nodes.iter().map(part).collect::<Vec<_>>();
        let width = nodes.len();
        let (mut response, mut correlation) = (vec![0.0; width * length], vec![0.0; width * length]);
        let sources = part(|node| node.source);
        response[..width].fill(1.0);
        correlation[..width].copy_from_slice(&sources);
        Self {
            eigenvalues: part(|node| node.eigenvalue),
            weights: part(|node| node.weight),
            kick_weights: part(|node| node.weight * node.eigenvalue),
            sources,
            response,
            correlation,
            paths: vec![1.0; width],
            block: vec![0.0; width * BLOCK],
        }
    }

    fn width(&self) -> usize {
        self.eigenvalues.len()
    }

    /// Both rows of time `s`, after as many steps.
    fn advance(&mut self, s: usize, tables: &Tables) {
        self.solve_response(s, tables);
        self.solve_correlation(s, tables);
        self.paths.extend_from_slice(&self.response[..self.eigenvalues.len()]);
    }

    /// `x (Lambda - t R) = e_s`, from the latest time back.
    fn solve_response(&mut self, s: usize, tables: &Tables) {
        let w = self.width();
        self.response[..s * w].fill(0.0);
        self.response[s * w..(s + 1) * w].fill(1.0);
        for start in (0..s).step_by(BLOCK).rev() {
            let end = (start + BLOCK).min(s);
            let later =
                MatRef::from_column_major_slice(&self.response[(end + 1) * w..(s + 1) * w], w, s - end);
            let block =
                MatMut::from_column_major_slice_mut(&mut self.block[..(end - start) * w], w, end - start);
            let feedback = tables.feedback().submatrix(end, start, s - end, end - start);
            matmul(block, Accum::Replace, later, feedback, 1.0, Par::Seq);
            for v in (start..end).rev() {
                let sum = &mut self.block[(v - start) * w..(v - start + 1) * w];
                for l in v..end {
                    let factor = tables.feedback[l * tables.length + v];
                    add_scaled(sum, factor, &self.response[(l + 1) * w..(l + 2) * w]);
                }
                let (before, after) = self.response.split_at_mut((v + 1) * w);
                add_scaled(&mut before[tables.origins[v] * w..][..w], 1.0, &after[..w]);
                add_products(&mut before[v * w..], &self.eigenvalues, sum);
            }
        }
    }

    /// `y (Lambda - t R)^T = x (q E_00 + k R12)`, from the start on.
    fn solve_correlation(&mut self, s: usize, tables: &Tables) {
        let w = self.width();
        self.correlation[..w].fill(0.0);
        add_products(&mut self.correlation[..w], &self.sources, &self.response[..w]);
        matmul(
            MatMut::from_column_major_slice_mut(&mut self.correlation[w..(s + 1) * w], w, s),
            Accum::Replace,
            MatRef::from_column_major_slice(&self.response[w..(s + 1) * w], w, s),
            tables.kicks().submatrix(0, 0, s, s),
            1.0,
            Par::Seq,
        );
        for start in (0..s).step_by(BLOCK) {
            let end = (start + BLOCK).min(s);
            let earlier = MatRef::from_column_major_slice(&self.correlation[..start * w], w, start);
            let block =
                MatMut::from_column_major_slice_mut(&mut self.block[..(end - start) * w], w, end - start);
            let feedback = tables.feedback().submatrix(start, 0, end - start, start);
            matmul(block, Accum::Replace, earlier, feedback.transpose(), 1.0, Par::Seq);
            for u in start..end {
                let sum = &mut self.block[(u - start) * w..(u - start + 1) * w];
                let feedback = &tables.feedback[u * tables.length..];
                let columns = self.correlation[start * w..].chunks_exact(w);
                for (column, factor) in columns.zip(&feedback[start..=u]) {
                    add_scaled(sum, *factor, column);
                }
                let (before, after) = self.correlation.split_at_mut((u + 1) * w);
                let next = &mut after[..w];
                next.iter_mut().zip(&self.kick_weights).for_each(|(entry, kick)| *entry *= kick);
                add_scaled(next, 1.0, &before[tables.origins[u] * w..][..w]);
                add_products(next, &self.eigenvalues, sum);
            }
        }
    }
}

/// `target += factors * source`, entry by entry.
fn add_products(target: &mut [f64], factors: &[f64], source: &[f64]) {
    target.iter_mut().zip(factors).zip(source).for_each(|((entry, factor), other)| *entry += factor * other);
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
            tables: Tables {
                length,
                origins: Vec::with_capacity(length),
                feedback: vec![0.0; length * length],
                kicks: vec![0.0; length * length],
            },
            panels: nodes.chunks(width).map(|nodes| Panel::new(nodes, length)).collect(),
            width,
            counting: nodes.len(),
            signals: target
                .map(|(eigenvalue, source)| Signal { eigenvalue, source, path: vec![1.0] })
                .collect(),
        }
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
        panel.paths[s * panel.width() + i % self.width]
    }

    /// Latest response along counting node `i` to a kick at step `v`, weighted as in the average.
    pub(super) fn response(&self, i: usize, v: usize) -> f64 {
        let (panel, i) = (&self.panels[i / self.width], i % self.width);
        panel.weights[i] * panel.response[(v + 1) * panel.width() + i]
    }

    /// Latest correlation along node `i` with time `u`.
    pub(super) fn correlation(&self, i: usize, u: usize) -> f64 {
        if i >= self.counting {
            let signal = &self.signals[i - self.counting];
            return signal.source * signal.path[signal.path.len() - 1] * signal.path[u];
        }
        let panel = &self.panels[i / self.width];
        panel.correlation[u * panel.width() + i % self.width]
    }
}

impl Along for Panels {
    fn average(&self, s: usize, row: &mut Row) {
        row.response[..=s].fill(0.0);
        row.correlation[..=s].fill(0.0);
        for panel in &self.panels {
            let columns =
                panel.response.chunks_exact(panel.width()).zip(panel.correlation.chunks_exact(panel.width()));
            for (u, (response, correlation)) in columns.enumerate().take(s + 1) {
                row.response[u] += dot(&panel.weights, response);
                row.correlation[u] += correlation.iter().sum::<f64>();
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
