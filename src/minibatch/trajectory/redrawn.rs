//! The average over rows of a population whose split into batches is drawn anew, every epoch or step.
//!
//! A row is met at most once while a split lasts, with probability `f_b` by a step on batch `b`, and its
//! labels in different splits are independent. It answers a visit at step `s` with `m_s`, which feels the answers
//! at its earlier visits through `kappa = (p/n) g`, of which only what comes from earlier splits counts
//! (`kappa_o`). With `a_s = -alpha_s` and the covariance `C' = C + sigma^2` of its cavity residual `xi`,
//!
//! ```text
//! M[s, v] = a_s (delta(s, v) + (kappa_o M)[s, v])                       feedback, E dm / dxi
//! X[u, s] = a_s (C'[u, s] + sum_v kappa_o[s, v] X[u, v])                E xi_u m_s
//! V[s, u] = a_s (X[s, u] + (kappa_o V)[s, u])                           E m_s m_u, u in an earlier split
//! V[s, s] = a_s^2 / f_b (C'[s, s] + 2 (kappa_o X^T)[s, s] + (kappa_o V kappa_o^T)[s, s])
//! ```
//!
//! and `V[s, u] = 0` for two steps on one split. The kicks are `(p/n) V`. The training error is the mean
//! square of `xi + kappa m`, with all of `kappa`: the answers are those to visits that have been.

use super::mirror::Mirror;
use super::node::{Row, Step, add_scaled, dot};
use super::pass::Medium;
use super::{Batch, ErrorCurve};

/// Batches that last for `lifetime` steps.
pub(super) struct Redrawn<'a> {
    batches: &'a [Batch],
    noise: f64,
    steps: &'a [usize],
    lifetime: usize,
    times: Vec<usize>,
    /// Row `kappa[s, ..]` of the present time, and those of `kappa_o` of the steps so far.
    response: Vec<f64>,
    earlier: Vec<Vec<f64>>,
    transfer: Vec<Vec<f64>>,
    /// `X`, a row for each time.
    cross: Vec<Vec<f64>>,
    square: Mirror,
    kicks: Vec<f64>,
    pub(super) curve: ErrorCurve,
}

impl<'a> Redrawn<'a> {
    pub(super) fn new(
        batches: &'a [Batch],
        noise: f64,
        steps: &'a [usize],
        lifetime: usize,
        curve: ErrorCurve,
    ) -> Self {
        Self {
            batches,
            noise,
            steps,
            lifetime,
            times: Vec::new(),
            response: Vec::new(),
            earlier: Vec::new(),
            transfer: Vec::new(),
            cross: Vec::new(),
            square: Mirror::zeros(steps.len() + 1),
            kicks: Vec::new(),
            curve,
        }
    }

    fn aspect_ratio(&self) -> f64 {
        self.batches[0].ratio * self.batches[0].fraction
    }

    fn step_size(&self, s: usize) -> f64 {
        self.batches[self.steps[s]].step_size
    }

    /// `x V x^T` for the leading entries of `V`.
    fn quadratic(&self, x: &[f64]) -> f64 {
        x.iter().enumerate().map(|(u, factor)| factor * dot(x, self.square.row(u))).sum()
    }
}

impl Medium for Redrawn<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        let ratio = self.aspect_ratio();
        self.response = row.response[1..=s].iter().map(|g| ratio * g).collect();
        let mut cross: Vec<f64> = Vec::with_capacity(self.steps.len());
        for (u, earlier) in self.earlier.iter().enumerate() {
            cross.push(-self.step_size(u) * (row.correlation[u] + self.noise + dot(earlier, &cross)));
        }
        self.curve.risk[s] = row.correlation[s];
        self.curve.train[s] = row.correlation[s]
            + self.noise
            + 2.0 * dot(&self.response, &cross)
            + self.quadratic(&self.response);
        self.cross.push(cross);
        self.times.push(s);
    }

    fn step(&mut self, s: usize, row: &Row) -> Step<'_> {
        let (step_size, batch) = (self.step_size(s), self.batches[self.steps[s]]);
        let earlier = self.response[..s / self.lifetime * self.lifetime].to_vec();
        let mut transfer = vec![0.0; s + 1];
        transfer[s] = -step_size;
        let mut square = vec![0.0; s + 1];
        for (v, &factor) in earlier.iter().enumerate() {
            add_scaled(&mut transfer, -step_size * factor, &self.transfer[v]);
            add_scaled(&mut square[..earlier.len()], -step_size * factor, self.square.row(v));
        }
        add_scaled(&mut square[..earlier.len()], -step_size, &self.cross[s]);
        let cavity = row.correlation[s] + self.noise;
        let residual = cavity + 2.0 * dot(&earlier, &self.cross[s]) + self.quadratic(&earlier);
        square[s] = step_size * step_size / batch.fraction * residual;
        for (u, cross) in self.cross.iter_mut().enumerate() {
            let next = -step_size * (row.correlation[u] + self.noise + dot(&earlier, cross));
            cross.push(next);
        }
        self.square.set_row(s, &square);
        self.kicks = square.iter().map(|v| self.aspect_ratio() * v).collect();
        self.transfer.push(transfer);
        self.earlier.push(earlier);
        Step { origin: s, visits: &self.times, feedback: &self.transfer[s], kicks: &self.kicks }
    }
}
