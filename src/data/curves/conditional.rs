//! The average over the splits of given rows into batches.
//!
//! Notation of one time index a step: `g[s, v]` is the response of the residual at time `s` to a kick at
//! step `v < s`, averaged as `(1/n) sum_i t_i G(t_i)`, and `C[s, u]` the covariance of the residual
//! averaged over the rows, so that `C[s, s]` is the training error. Row `i` sees the others through its cavity,
//! the residual it would have had without its own visits, with response `kappa` and covariance `C'`:
//!
//! ```text
//! C'   = U^-1 (C - h N h^T) U^-T             h = g R,   U = 1 + h,   kappa = U^-1 g = h M^-1
//! R^-1 = A^-1 + W * kappa                    M^-1 = A^-1 - (1 - W) * kappa
//! N    = -W * C'                             W[s, v] = 1 - [same batch] / f_b
//! ```
//!
//! with products `*` entry by entry and `A = -diag(alpha)`. `R` is the feedback of the nodes, and `N` the covariance of
//! the noise with which they feel their states, so that their kicks have covariance `R N R^T`. This is the additive
//! subordination `R = kappa^-1 - g^-1` of the Gram matrix and the projections on the batches, for the triangular pencil of
//! a trajectory: the mean T-matrix `M = (R^-1 - kappa)^-1` of a row is one block for the visits of each batch. The doubled
//! pencil gives `C'` and `N` by the same equations. All are lower triangular or symmetric, and row `s` of each follows
//! from rows before it, and from `h` and `h N`, which are averages over the nodes as `g` and `C` are.

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

/// One batch: its visits, and the rows of `kappa` (to the visit before) and `C'` between them.
#[derive(Default)]
struct Memory {
    visits: Vec<usize>,
    response: Vec<Vec<f64>>,
    cavity: Vec<Vec<f64>>,
}

impl Memory {
    /// Entries of a row at the visits.
    fn of(&self, row: &[f64]) -> Vec<f64> {
        self.visits.iter().map(|&visit| row[visit]).collect()
    }

    /// `product -= row kappa_b / f_b`.
    fn subtract_response(&self, product: &mut [f64], fraction: f64, row: &[f64]) {
        let mut sums = vec![0.0; self.visits.len()];
        for (entry, response) in self.of(row).iter().zip(&self.response) {
            add_scaled(&mut sums, *entry, response);
        }
        self.visits.iter().zip(sums).for_each(|(&visit, sum)| product[visit] -= sum / fraction);
    }

    /// `product -= row C'_b / f_b`.
    fn subtract_cavity(&self, product: &mut [f64], fraction: f64, row: &[f64]) {
        let row = self.of(row);
        let mut sums = vec![0.0; row.len()];
        for (k, cavity) in self.cavity.iter().enumerate() {
            add_scaled(&mut sums, row[k], cavity);
            sums[k] += dot(&cavity[..k], &row);
        }
        self.visits.iter().zip(sums).for_each(|(&visit, sum)| product[visit] -= sum / fraction);
    }
}

/// The medium of one split, while it lasts.
pub(super) struct Conditional<'a> {
    fractions: &'a [f64],
    moves: &'a [Move],
    memories: Vec<Memory>,
    /// All times so far, which every step feels.
    times: Vec<usize>,
    felt: Table,
    feedback: Table,
    pub(super) response: Table,
    pub(super) covariance: Table,
    pub(super) cavity: Table,
    /// Latest rows of `(W * kappa) R`, up to the present, and of `N`.
    through: Vec<f64>,
    noise: Vec<f64>,
}

impl<'a> Conditional<'a> {
    pub(super) fn new(fractions: &'a [f64], moves: &'a [Move]) -> Self {
        let length = moves.len() + 1;
        let table = || Table::zeros(length);
        Self {
            fractions,
            moves,
            memories: fractions.iter().map(|_| Memory::default()).collect(),
            times: Vec::with_capacity(length),
            felt: table(),
            feedback: table(),
            response: table(),
            covariance: table(),
            cavity: table(),
            through: Vec::new(),
            noise: Vec::new(),
        }
    }

    /// Row `s` of `C'`: that of `U C'` by substitution, less that of `h C'`, which but for the batches is `-h N`.
    fn cavity(&self, s: usize, row: &Row) -> Vec<f64> {
        let felt = &row.felt[..s];
        let mut cavity =
            self.felt.solve(row.correlation.iter().zip(&row.noise[..s]).map(|(c, n)| c + n).collect());
        let last = row.correlation[s] - dot(felt, &cavity);
        for (memory, &fraction) in self.memories.iter().zip(self.fractions) {
            memory.subtract_cavity(&mut cavity, fraction, felt);
        }
        cavity.push(last - dot(felt, &cavity));
        cavity
    }

    /// Row of `kappa` for one of `h`; 0 for steps that do nothing.
    fn cavity_response(&self, felt: &[f64]) -> Vec<f64> {
        let response = |(felt, step): (&f64, &Move)| match step {
            Move::Descend { step_size, .. } if *step_size > 0.0 => -felt / step_size,
            _ => 0.0,
        };
        let mut row: Vec<f64> = felt.iter().zip(self.moves).map(response).collect();
        for (memory, &fraction) in self.memories.iter().zip(self.fractions) {
            memory.subtract_response(&mut row, fraction, felt);
        }
        row
    }
}

impl Medium for Conditional<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        let felt = &row.felt[..s];
        let mut resistance = self.cavity_response(felt);
        if let Some(Move::Descend { batch, .. }) = self.moves.get(s) {
            let (memory, fraction) = (&mut self.memories[*batch], self.fractions[*batch]);
            memory.response.push(memory.of(&resistance));
            memory.visits.iter().for_each(|&visit| resistance[visit] *= 1.0 - 1.0 / fraction);
        }
        // (A^-1 + W * kappa) R = 1.
        let (through, cavity) = rayon::join(|| self.feedback.lower(&resistance), || self.cavity(s, row));
        self.through = through;
        self.felt.push(felt);
        self.response.push(&row.response[1..=s]);
        self.covariance.push(&row.correlation[..=s]);
        self.cavity.push(&cavity);
        self.times.push(s);
    }

    fn step(&mut self, s: usize, _: &Row) -> Step<'_> {
        let cavity = &self.cavity.row(s)[..=s];
        self.noise.clear();
        self.noise.extend(cavity.iter().map(|entry| -entry));
        let mut origin = 0;
        let mut feedback = Vec::new();
        if let Move::Descend { batch, step_size } = self.moves[s] {
            let (memory, same) = (&mut self.memories[batch], 1.0 - 1.0 / self.fractions[batch]);
            memory.visits.push(s);
            memory.cavity.push(memory.of(cavity));
            memory.visits.iter().for_each(|&visit| self.noise[visit] *= same);
            feedback = std::mem::take(&mut self.through);
            feedback.push(-1.0);
            feedback.iter_mut().for_each(|entry| *entry *= step_size);
            origin = s;
        }
        self.feedback.push(&feedback);
        Step { origin, visits: &self.times, feedback: &self.feedback.row(s)[..=s], kicks: &self.noise }
    }
}
