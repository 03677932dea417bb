//! The average over the splits of given rows into batches.
//!
//! Notation of one time index a step: `g[s, v]` is the response of the residual at time `s` to a kick at
//! step `v < s`, averaged as `(1/n) sum_i t_i G(t_i)`, and `C[s, u]` the covariance of the residual
//! averaged over the rows, so that `C[s, s]` is the training error. Row `i` sees the others through its cavity,
//! the residual it would have had without its own visits, with response `kappa` and covariance `C'`:
//!
//! ```text
//! kappa = (1 + g R)^-1 g                         C' = Q C Q^T - kappa R12 kappa^T,   Q = 1 - kappa R
//! M     = sum over batches (A_b^-1 - kappa_b / f_b)^-1           V = sum over batches M_b C'_b M_b^T / f_b
//! R     = (1 + M kappa)^-1 M                     R12 = P V P^T - R C' R^T,           P = 1 - R kappa
//! ```
//!
//! `A_b = -diag(alpha)` over the visits of batch `b`, to which the index `b` restricts. `R` is the feedback
//! of the nodes and `R12` the covariance of their kicks. This is the additive subordination of the Gram
//! matrix and the projections on the batches, of which the rows make the matrix `D`, for the
//! triangular pencil of a trajectory and, with `C`, `C'`, `V`, `R12`, for the doubled one: `M` and `V` are the
//! two blocks of the mean T-matrix of a row, `E D (1 - kappa D)^-1` and its square. All are lower triangular
//! or symmetric, and row `s` of each follows from rows before it.

use crate::minibatch::trajectory::mirror::Mirror;
use crate::minibatch::trajectory::node::{Row, Step, add_scaled, dot};
use crate::minibatch::trajectory::pass::Medium;

/// One step of gradient descent on one split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Move {
    /// On this batch, with this step size on the batch mean.
    Descend { batch: usize, step_size: f64 },
    /// Back to the start, on the same split.
    Restart,
}

/// Rows of a lower triangular matrix.
type Triangle = Vec<Vec<f64>>;

/// Rows of one batch: its visits, and the rows of `M_b` for them.
#[derive(Default)]
struct Memory {
    visits: Vec<usize>,
    transfer: Triangle,
}

/// The medium of one split, while it lasts.
pub(super) struct Conditional<'a> {
    fractions: &'a [f64],
    moves: &'a [Move],
    memories: Vec<Memory>,
    /// All times so far, which every step feels.
    times: Vec<usize>,
    cavity_response: Triangle,
    cavity_projection: Triangle,
    row_projection: Triangle,
    pub(super) feedback: Triangle,
    pub(super) response: Triangle,
    pub(super) covariance: Mirror,
    pub(super) cavity: Mirror,
    pub(super) kicks: Mirror,
    transfer_square: Mirror,
}

impl<'a> Conditional<'a> {
    pub(super) fn new(fractions: &'a [f64], moves: &'a [Move]) -> Self {
        let length = moves.len() + 1;
        Self {
            fractions,
            moves,
            memories: fractions.iter().map(|_| Memory::default()).collect(),
            times: Vec::with_capacity(length),
            cavity_response: Vec::with_capacity(length),
            cavity_projection: Vec::with_capacity(length),
            row_projection: Vec::with_capacity(length),
            feedback: Vec::with_capacity(length),
            response: Vec::with_capacity(length),
            covariance: Mirror::zeros(length),
            cavity: Mirror::zeros(length),
            kicks: Mirror::zeros(length),
            transfer_square: Mirror::zeros(length),
        }
    }

    /// Rows of `M` and `V` for step `s`, which are zero but for earlier visits of its batch.
    fn visit(&mut self, s: usize, batch: usize, step_size: f64) -> [Vec<f64>; 2] {
        let (memory, fraction) = (&mut self.memories[batch], self.fractions[batch]);
        let last = memory.visits.len();
        let mut transfer = vec![0.0; last + 1];
        transfer[last] = -step_size;
        for (&visit, before) in memory.visits.iter().zip(&memory.transfer) {
            add_scaled(&mut transfer, -step_size * self.cavity_response[s][visit] / fraction, before);
        }
        memory.visits.push(s);
        memory.transfer.push(transfer);

        let mut half = vec![0.0; last + 1];
        for (&visit, factor) in memory.visits.iter().zip(&memory.transfer[last]) {
            let row = self.cavity.row(visit);
            half.iter_mut().zip(&memory.visits).for_each(|(sum, &visit)| *sum += factor * row[visit]);
        }
        let [mut row, mut square] = [vec![0.0; s + 1], vec![0.0; s + 1]];
        for ((&visit, before), factor) in
            memory.visits.iter().zip(&memory.transfer).zip(&memory.transfer[last])
        {
            row[visit] = *factor;
            square[visit] = dot(before, &half) / fraction;
        }
        [row, square]
    }
}

impl Medium for Conditional<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        let response = row.response[1..=s].to_vec();
        let mut cavity_response = response.clone();
        add_rows(&mut cavity_response, -1.0, &triangular(&response, &self.feedback), &self.cavity_response);
        let mut projection = triangular(&cavity_response, &self.feedback);
        projection.iter_mut().for_each(|entry| *entry = -*entry);
        projection.push(1.0);

        self.covariance.set_row(s, &row.correlation[..=s]);
        let covariance = symmetric(&projection, &self.covariance, s + 1);
        let kicks = symmetric(&cavity_response, &self.kicks, s);
        self.cavity_response.push(cavity_response);
        self.cavity_projection.push(projection);
        self.response.push(response);
        let cavity: Vec<f64> = self
            .cavity_projection
            .iter()
            .zip(&self.cavity_response)
            .map(|(projection, response)| dot(projection, &covariance) - dot(response, &kicks))
            .collect();
        self.cavity.set_row(s, &cavity);
        self.times.push(s);
    }

    fn step(&mut self, s: usize, _: &Row) -> Step<'_> {
        let Move::Descend { batch, step_size } = self.moves[s] else {
            self.feedback.push(vec![0.0; s + 1]);
            let mut projection = vec![0.0; s + 1];
            projection[s] = 1.0;
            self.row_projection.push(projection);
            return Step { origin: 0, visits: &[], feedback: &[], kicks: &[] };
        };
        let [mut feedback, square] = self.visit(s, batch, step_size);
        self.transfer_square.set_row(s, &square);
        let through = triangular(&feedback, &self.cavity_response);
        add_rows(&mut feedback, -1.0, &through, &self.feedback);
        let mut projection = triangular(&feedback, &self.cavity_response);
        projection.iter_mut().for_each(|entry| *entry = -*entry);
        projection.resize(s + 1, 0.0);
        projection[s] += 1.0;

        let square = symmetric(&projection, &self.transfer_square, s + 1);
        let cavity = symmetric(&feedback, &self.cavity, s + 1);
        self.row_projection.push(projection);
        self.feedback.push(feedback);
        let kicks: Vec<f64> = self
            .row_projection
            .iter()
            .zip(&self.feedback)
            .map(|(projection, feedback)| dot(projection, &square) - dot(feedback, &cavity))
            .collect();
        self.kicks.set_row(s, &kicks);
        Step { origin: s, visits: &self.times, feedback: &self.feedback[s], kicks: &self.kicks.row(s)[..=s] }
    }
}

/// `target += factor * row * matrix`.
fn add_rows(target: &mut [f64], factor: f64, row: &[f64], matrix: &Triangle) {
    for (entry, line) in row.iter().zip(matrix) {
        add_scaled(target, factor * entry, line);
    }
}

/// `row * matrix` for a lower triangular matrix, as long as the row.
fn triangular(row: &[f64], matrix: &Triangle) -> Vec<f64> {
    let mut product = vec![0.0; row.len()];
    add_rows(&mut product, 1.0, row, matrix);
    product
}

/// The first `length` entries of `row * matrix` for a symmetric matrix.
fn symmetric(row: &[f64], matrix: &Mirror, length: usize) -> Vec<f64> {
    let mut product = vec![0.0; length];
    for (a, entry) in row.iter().enumerate() {
        if *entry != 0.0 {
            add_scaled(&mut product, *entry, matrix.row(a));
        }
    }
    product
}
