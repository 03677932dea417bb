//! The average over rows that are not given, of a population law.
//!
//! With `tau_0 < tau_1 < ...` the visits of batch `b`, `c = p / n_b` and `alpha` its step size, everything
//! that one batch contributes lives on its own visits:
//!
//! ```text
//! D   = (I + c alpha g_b)^-1,               g_b[k, l] = g[tau_k, tau_l + 1]          (l < k)
//! R~  = alpha^2 c D (C_b + sigma^2 1 1^T) D^T,   C_b[k, l] = C[tau_k, tau_l]
//! ```
//!
//! `-alpha D` is the nonzero part of the R-transform `A_b (I - c g A_b)^-1`, the feedback of the nodes, and
//! `R~` that of its upper right block in the doubled pencil, their kicks. `C[s, s]` is the excess risk
//! after `s` steps. The residual on batch `b` is that of a linear combination of the past ones, with
//! `h_l = g[s, tau_l + 1]` and `a = D^T h`:
//!
//! ```text
//! |y_b - X_b beta_s|^2 / n_b  =  q(e_s - c alpha sum_l a_l e_{tau_l}),   q the quadratic form of C + sigma^2
//! ```

use super::node::{Node, Nodes, Row, Step, add_scaled, dot};
use super::pass::{Medium, forward};
use super::redrawn::Redrawn;
use super::{Batch, Direction, ErrorCurve, Trajectory};
use crate::finite::Partition;

/// What is known of one batch: its visits, and the rows of `D` and of `C_b + sigma^2` for them.
#[derive(Default)]
struct Memory {
    visits: Vec<usize>,
    feedback: Vec<Vec<f64>>,
    covariance: Vec<Vec<f64>>,
}

impl Memory {
    /// Adds the visit at time `s`, given the rows `g[s, ..]` and `C[s, ..]`, and returns the rows of `-alpha D`
    /// and `R~` that belong to it. `coupling` is `c alpha`.
    fn visit(&mut self, s: usize, row: &Row, coupling: f64, step_size: f64, noise: f64) -> [Vec<f64>; 2] {
        self.visits.push(s);
        let last = self.visits.len() - 1;
        // Last row of the inverse of a unit triangular matrix: minus the new row times the old inverse.
        let mut feedback = vec![0.0; last + 1];
        feedback[last] = 1.0;
        for (&visit, before) in self.visits[..last].iter().zip(&self.feedback) {
            add_scaled(&mut feedback, -coupling * row.response[visit + 1], before);
        }
        self.feedback.push(feedback);
        self.covariance.push(self.visits.iter().map(|&visit| row.correlation[visit] + noise).collect());
        let feedback = &self.feedback[last];
        let half = self.times_covariance(feedback);
        let kicks = self.feedback.iter().map(|before| step_size * coupling * dot(before, &half)).collect();
        [feedback.iter().map(|d| -step_size * d).collect(), kicks]
    }

    /// `(C_b + sigma^2) x`.
    fn times_covariance(&self, x: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; x.len()];
        for (k, row) in self.covariance.iter().enumerate() {
            product[k] += dot(row, x);
            add_scaled(&mut product, x[k], &row[..k]);
        }
        product
    }

    /// Mean squared residual on the batch at time `s`, given the rows of `s`.
    fn residual(&self, s: usize, row: &Row, coupling: f64, noise: f64) -> f64 {
        let mut weights = vec![0.0; self.visits.len()];
        for (&visit, feedback) in self.visits.iter().zip(&self.feedback) {
            add_scaled(&mut weights, row.response[visit + 1], feedback);
        }
        let past: Vec<f64> = self.visits.iter().map(|&visit| row.correlation[visit] + noise).collect();
        let quadratic = dot(&weights, &self.times_covariance(&weights));
        row.correlation[s] + noise - 2.0 * coupling * dot(&weights, &past) + coupling * coupling * quadratic
    }
}

/// Batches whose rows are kept.
struct Fixed<'a> {
    batches: &'a [Batch],
    noise: f64,
    steps: &'a [usize],
    memories: Vec<Memory>,
    latest: [Vec<f64>; 2],
    curve: ErrorCurve,
}

impl Medium for Fixed<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        self.curve.risk[s] = row.correlation[s];
        let batches = self.batches.iter().zip(&self.memories);
        self.curve.train[s] = batches
            .map(|(batch, memory)| batch.fraction * memory.residual(s, row, batch.coupling(), self.noise))
            .sum();
    }

    fn step(&mut self, s: usize, row: &Row) -> Step<'_> {
        let (batch, memory) = (self.batches[self.steps[s]], &mut self.memories[self.steps[s]]);
        self.latest = memory.visit(s, row, batch.coupling(), batch.step_size, self.noise);
        let [feedback, kicks] = &self.latest;
        Step { origin: s, visits: &memory.visits, feedback, kicks }
    }
}

/// The error curve along `steps`, which name existing batches.
pub(super) fn error_curve(trajectory: &Trajectory, steps: &[usize]) -> ErrorCurve {
    let length = steps.len() + 1;
    let node = |direction: &Direction| {
        let t = direction.eigenvalue;
        Node::new(t, direction.mass * t, direction.source, length)
    };
    let mut nodes = Nodes { nodes: trajectory.directions.iter().map(node).collect(), length };
    let curve = ErrorCurve { risk: vec![f64::MAX; length], train: vec![f64::MAX; length], diverged: None };
    let (batches, noise) = (&trajectory.batches[..], trajectory.noise);
    let (diverged, curve) = if trajectory.partition == Partition::Fixed {
        let memories = batches.iter().map(|_| Memory::default()).collect();
        let mut medium = Fixed { batches, noise, steps, memories, latest: Default::default(), curve };
        (forward(&mut nodes, &mut medium, steps.len()), medium.curve)
    } else {
        let lifetime = trajectory.partition.lifetime(batches.len(), steps.len());
        let mut medium = Redrawn::new(batches, noise, steps, lifetime, curve);
        (forward(&mut nodes, &mut medium, steps.len()), medium.curve)
    };
    ErrorCurve { diverged, ..curve }
}
