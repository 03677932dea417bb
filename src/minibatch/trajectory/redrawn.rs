//! The average over rows of a population whose split into batches is drawn anew, every epoch or step.
//!
//! A row is met at most once while a split lasts, with probability `f_b` by a step on batch `b`, and its
//! labels in different splits are independent. It answers a visit at step `s` with `m_s`, which feels the answers
//! at its earlier visits through `kappa = (p/n) g`, of which only what comes from earlier splits counts
//! (`kappa_o`). With the covariance `C' = C + sigma^2` of its cavity residual `xi`,
//!
//! ```text
//! M[s, v] = delta(s, v) - (kappa_o M)[s, v]                             feedback, E dm / dxi
//! X[s, u] = C'[s, u] - sum_v kappa_o[u, v] X[s, v]                      E xi_s m_u
//! V[s, u] = X[s, u] - (kappa_o V)[s, u]                                 E m_s m_u, u in an earlier split
//! V[s, s] = (C'[s, s] - 2 (kappa_o X^T)[s, s] + (kappa_o V kappa_o^T)[s, s] + label noise) / f_b
//! ```
//!
//! and `V[s, u] = 0` for two steps on one split. The kicks are `(p/n) V`. The training error is the mean
//! square of `xi - kappa m`, with all of `kappa`: the answers are those to visits that have been.

use super::mirror::Mirror;
use super::node::{Output, Row, Step, add_scaled, dot};
use super::pass::Medium;
use super::population::Labels;
use super::{Batch, ErrorCurve};

/// Batches that last for `lifetime` steps.
pub(super) struct Redrawn<'a> {
    batches: &'a [Batch],
    noise: f64,
    steps: &'a [usize],
    rows: Rows,
    times: Vec<usize>,
    feedback: Vec<f64>,
    kicks: Vec<f64>,
    pub(super) curve: ErrorCurve,
}

impl<'a> Redrawn<'a> {
    pub(super) fn new(
        batches: &'a [Batch],
        labels: Labels,
        steps: &'a [usize],
        lifetime: usize,
        curve: ErrorCurve,
    ) -> Self {
        Self {
            batches,
            noise: labels.noise,
            steps,
            rows: Rows::new(lifetime, labels.redrawn, steps.len()),
            times: Vec::new(),
            feedback: Vec::new(),
            kicks: Vec::new(),
            curve,
        }
    }

    fn aspect_ratio(&self) -> f64 {
        self.batches[0].ratio * self.batches[0].fraction
    }
}

impl Medium for Redrawn<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        let (ratio, noise, rows) = (self.aspect_ratio(), self.noise, &self.rows);
        self.times.push(s);
        self.curve.set(s, &row.outputs, |output| rows.residual(output, ratio, noise));
    }

    fn step(&mut self, s: usize, row: &Row) -> Step<'_> {
        let ratio = self.aspect_ratio();
        let response: Vec<f64> = row.response[1..=s].iter().map(|g| ratio * g).collect();
        let cavity: Vec<f64> = row.correlation[..=s].iter().map(|c| c + self.noise).collect();
        (self.feedback, self.kicks) =
            self.rows.visit(&response, &cavity, self.batches[self.steps[s]].fraction);
        self.kicks.iter_mut().for_each(|kick| *kick *= ratio);
        Step { origin: s, visits: &self.times, feedback: &self.feedback, kicks: &self.kicks }
    }
}

/// Answers of a row to its visits.
pub(crate) struct Rows {
    lifetime: usize,
    /// Variance that is added to a label at every visit.
    redrawn: f64,
    /// Rows of `kappa_o`, `M` and `V` of the steps so far.
    earlier: Vec<Vec<f64>>,
    transfer: Vec<Vec<f64>>,
    square: Mirror,
}

impl Rows {
    pub(crate) fn new(lifetime: usize, redrawn: f64, steps: usize) -> Self {
        Self {
            lifetime,
            redrawn,
            earlier: Vec::new(),
            transfer: Vec::new(),
            square: Mirror::zeros(steps + 1),
        }
    }

    /// Covariance of the answers so far with a cavity residual, from its covariance with theirs.
    fn answers(&self, cavity: &[f64]) -> Vec<f64> {
        let mut answers: Vec<f64> = Vec::with_capacity(self.earlier.len());
        for (earlier, cavity) in self.earlier.iter().zip(cavity) {
            answers.push(cavity - dot(earlier, &answers));
        }
        answers
    }

    /// `x V x^T` for the leading entries of `V`.
    fn quadratic(&self, x: &[f64]) -> f64 {
        x.iter().enumerate().map(|(u, factor)| factor * dot(x, self.square.row(u))).sum()
    }

    /// Mean square of `xi - kappa m`.
    fn residual(&self, output: &Output, ratio: f64, noise: f64) -> f64 {
        let response: Vec<f64> = output.response.iter().map(|g| ratio * g).collect();
        let cavity: Vec<f64> = output.correlation.iter().map(|c| c + noise).collect();
        let answers = self.answers(&cavity);
        output.variance + noise - 2.0 * dot(&response, &answers) + self.quadratic(&response)
    }

    /// Rows of `M` and `V` for the next step, on a batch of this fraction, from those of `kappa` and `C'`.
    pub(crate) fn visit(&mut self, response: &[f64], cavity: &[f64], fraction: f64) -> (Vec<f64>, Vec<f64>) {
        let s = self.earlier.len();
        let earlier = response[..s / self.lifetime * self.lifetime].to_vec();
        let answers = self.answers(cavity);
        let mut transfer = vec![0.0; s + 1];
        transfer[s] = 1.0;
        let mut square = vec![0.0; s + 1];
        square[..earlier.len()].copy_from_slice(&answers[..earlier.len()]);
        for (v, &factor) in earlier.iter().enumerate() {
            add_scaled(&mut transfer, -factor, &self.transfer[v]);
            add_scaled(&mut square[..earlier.len()], -factor, self.square.row(v));
        }
        let residual = cavity[s] - 2.0 * dot(&earlier, &answers) + self.quadratic(&earlier);
        square[s] = (residual + self.redrawn) / fraction;
        self.square.set_row(s, &square);
        self.transfer.push(transfer.clone());
        self.earlier.push(earlier);
        (transfer, square)
    }
}
