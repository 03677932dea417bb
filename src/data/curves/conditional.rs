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

use super::table::Table;
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

/// Rows of one batch: its visits, and the rows of `M_b` and `V_b` for them.
#[derive(Default)]
struct Memory {
    visits: Vec<usize>,
    transfer: Vec<Vec<f64>>,
    square: Vec<Vec<f64>>,
}

impl Memory {
    /// `product += row * V_b`.
    fn add_square(&self, product: &mut [f64], row: &[f64]) {
        for ((k, &visit), square) in self.visits.iter().enumerate().zip(&self.square) {
            for (&earlier, entry) in self.visits[..k].iter().zip(square) {
                product[earlier] += entry * row[visit];
                product[visit] += entry * row[earlier];
            }
            product[visit] += square[k] * row[visit];
        }
    }
}

/// The medium of one split, while it lasts.
pub(super) struct Conditional<'a> {
    fractions: &'a [f64],
    moves: &'a [Move],
    memories: Vec<Memory>,
    /// All times so far, which every step feels.
    times: Vec<usize>,
    cavity_response: Table,
    cavity_projection: Table,
    row_projection: Table,
    pub(super) feedback: Table,
    pub(super) response: Table,
    pub(super) covariance: Table,
    pub(super) cavity: Table,
    pub(super) kicks: Table,
}

impl<'a> Conditional<'a> {
    pub(super) fn new(fractions: &'a [f64], moves: &'a [Move]) -> Self {
        let length = moves.len() + 1;
        Self {
            fractions,
            moves,
            memories: fractions.iter().map(|_| Memory::default()).collect(),
            times: Vec::with_capacity(length),
            cavity_response: Table::zeros(length),
            cavity_projection: Table::zeros(length),
            row_projection: Table::zeros(length),
            feedback: Table::zeros(length),
            response: Table::zeros(length),
            covariance: Table::zeros(length),
            cavity: Table::zeros(length),
            kicks: Table::zeros(length),
        }
    }

    /// Adds a visit of a batch, and returns row `s` of `M`, which is zero but for visits of this batch.
    fn visit(&mut self, s: usize, batch: usize, step_size: f64) -> Vec<f64> {
        let (memory, fraction) = (&mut self.memories[batch], self.fractions[batch]);
        let last = memory.visits.len();
        let mut transfer = vec![0.0; last + 1];
        transfer[last] = -step_size;
        for (&visit, before) in memory.visits.iter().zip(&memory.transfer) {
            add_scaled(&mut transfer, -step_size * self.cavity_response.row(s)[visit] / fraction, before);
        }
        memory.visits.push(s);
        memory.transfer.push(transfer);

        let mut half = vec![0.0; last + 1];
        for (&visit, factor) in memory.visits.iter().zip(&memory.transfer[last]) {
            let row = self.cavity.row(visit);
            half.iter_mut().zip(&memory.visits).for_each(|(sum, &visit)| *sum += factor * row[visit]);
        }
        memory.square.push(memory.transfer.iter().map(|before| dot(before, &half) / fraction).collect());
        let mut row = vec![0.0; s + 1];
        memory.visits.iter().zip(&memory.transfer[last]).for_each(|(&visit, factor)| row[visit] = *factor);
        row
    }
}

impl Medium for Conditional<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        let response = &row.response[1..=s];
        let mut cavity_response = response.to_vec();
        let through = self.feedback.lower(response);
        add_scaled(&mut cavity_response, -1.0, &self.cavity_response.lower(&through));
        let mut projection = self.feedback.lower(&cavity_response);
        projection.iter_mut().for_each(|entry| *entry = -*entry);
        projection.push(1.0);

        self.covariance.push_symmetric(&row.correlation[..=s]);
        let covariance = self.covariance.symmetric(&projection, s + 1);
        let kicks = self.kicks.symmetric(&cavity_response, s);
        self.cavity_response.push(&cavity_response);
        self.cavity_projection.push(&projection);
        self.response.push(response);
        let mut cavity = self.cavity_projection.times(&covariance);
        add_scaled(&mut cavity, -1.0, &self.cavity_response.times(&kicks));
        self.cavity.push_symmetric(&cavity);
        self.times.push(s);
    }

    fn step(&mut self, s: usize, _: &Row) -> Step<'_> {
        let Move::Descend { batch, step_size } = self.moves[s] else {
            let mut projection = vec![0.0; s + 1];
            projection[s] = 1.0;
            self.row_projection.push(&projection);
            self.feedback.push(&[]);
            self.kicks.push_symmetric(&[]);
            return Step { origin: 0, visits: &[], feedback: &[], kicks: &[] };
        };
        let mut feedback = self.visit(s, batch, step_size);
        let through = self.cavity_response.lower(&feedback);
        add_scaled(&mut feedback, -1.0, &self.feedback.lower(&through[..s]));
        let mut projection = self.cavity_response.lower(&feedback);
        projection.iter_mut().for_each(|entry| *entry = -*entry);
        projection[s] += 1.0;

        let mut square = vec![0.0; s + 1];
        self.memories.iter().for_each(|memory| memory.add_square(&mut square, &projection));
        let cavity = self.cavity.symmetric(&feedback, s + 1);
        self.row_projection.push(&projection);
        self.feedback.push(&feedback);
        let mut kicks = self.row_projection.times(&square);
        add_scaled(&mut kicks, -1.0, &self.feedback.times(&cavity));
        self.kicks.push_symmetric(&kicks);
        Step {
            origin: s,
            visits: &self.times,
            feedback: &self.feedback.row(s)[..=s],
            kicks: &self.kicks.row(s)[..=s],
        }
    }
}
