//! The average over rows that are not given, of a population law, in batches that are kept.
//!
//! With `tau_0 < tau_1 < ...` the visits of batch `b` and `c = p / n_b`, everything that one batch contributes lives on its
//! own visits:
//!
//! ```text
//! D   = (I + c g_b)^-1,                     g_b[k, l] = g[tau_k, tau_l], the response to minus the gradient   (l < k)
//! R~  = c D V_b D^T,                        V_b[k, l] = C[tau_k, tau_l] + sigma^2 (+ label noise if k = l)
//! ```
//!
//! `D` is the nonzero part of the R-transform `A_b (I - c g A_b)^-1`, the feedback of the nodes, and
//! `R~` that of its upper right block in the doubled pencil, their kicks. The residual on batch `b` is that of a linear
//! combination of the past ones, with `h_l` the response of an iterate `o`, or of an average of them, to the gradient of visit
//! `tau_l` and `a = D^T h`:
//!
//! ```text
//! |y_b - X_b beta|^2 / n_b  =  C[o, o] + sigma^2 - 2 c sum_l a_l (C[o, tau_l] + sigma^2) + c^2 a^T V_b a
//! ```

use super::compress::compress;
use super::node::{Direction, Nodes, Output, Row, Step, add_scaled, dot};
use super::pass::{Medium, forward};
use super::redrawn::Redrawn;
use super::test_covariance::Test;
use super::{Atom, Batch, ErrorCurve, OutputCurve, Trajectory};
use crate::error::Result;
use crate::finite::Partition;

/// Variances of the labels: of their noise, and of what is added to them at every visit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels {
    pub(crate) noise: f64,
    pub(crate) redrawn: f64,
}

/// What is known of one batch: its visits, and the rows of `D` and of `V_b` for them.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) visits: Vec<usize>,
    pub(crate) feedback: Vec<Vec<f64>>,
    covariance: Vec<Vec<f64>>,
}

impl Memory {
    /// Adds the visit at time `s`, given the rows `g[s, ..]` and `C[s, ..]`, and returns the row of `R~` that belongs to it.
    pub(crate) fn visit(
        &mut self,
        s: usize,
        response: &[f64],
        correlation: &[f64],
        ratio: f64,
        labels: Labels,
    ) -> Vec<f64> {
        self.visits.push(s);
        let last = self.visits.len() - 1;
        // Last row of the inverse of a unit triangular matrix: minus the new row times the old inverse.
        let mut feedback = vec![0.0; last + 1];
        feedback[last] = 1.0;
        for (&visit, before) in self.visits[..last].iter().zip(&self.feedback) {
            add_scaled(&mut feedback, -ratio * response[visit], before);
        }
        self.feedback.push(feedback);
        let mut covariance: Vec<f64> =
            self.visits.iter().map(|&visit| correlation[visit] + labels.noise).collect();
        covariance[last] += labels.redrawn;
        self.covariance.push(covariance);
        let half = self.times_covariance(&self.feedback[last]);
        self.feedback.iter().map(|before| ratio * dot(before, &half)).collect()
    }

    /// `V_b x`.
    fn times_covariance(&self, x: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; x.len()];
        for (k, row) in self.covariance.iter().enumerate() {
            product[k] += dot(row, x);
            add_scaled(&mut product, x[k], &row[..k]);
        }
        product
    }

    /// Mean squared residual on the batch.
    fn residual(&self, output: &Output, ratio: f64, noise: f64) -> f64 {
        let mut weights = vec![0.0; self.visits.len()];
        for (&visit, feedback) in self.visits.iter().zip(&self.feedback) {
            add_scaled(&mut weights, output.response[visit], feedback);
        }
        let past: Vec<f64> = self.visits.iter().map(|&visit| output.correlation[visit] + noise).collect();
        let quadratic = dot(&weights, &self.times_covariance(&weights));
        output.variance + noise - 2.0 * ratio * dot(&weights, &past) + ratio * ratio * quadratic
    }
}

/// Batches whose rows are kept.
struct Fixed<'a> {
    batches: &'a [Batch],
    labels: Labels,
    steps: &'a [usize],
    memories: Vec<Memory>,
    kicks: Vec<f64>,
    curve: ErrorCurve,
}

impl Medium for Fixed<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        let batches = || self.batches.iter().zip(&self.memories);
        self.curve.set(s, &row.outputs, |output| {
            batches()
                .map(|(batch, memory)| {
                    batch.fraction * memory.residual(output, batch.ratio, self.labels.noise)
                })
                .sum()
        });
    }

    fn step(&mut self, s: usize, row: &Row) -> Step<'_> {
        let (ratio, memory) = (self.batches[self.steps[s]].ratio, &mut self.memories[self.steps[s]]);
        self.kicks = memory.visit(s, &row.response[1..], &row.correlation, ratio, self.labels);
        let feedback = &memory.feedback[memory.feedback.len() - 1];
        Step { origin: s, visits: &memory.visits, feedback, kicks: &self.kicks }
    }
}

impl ErrorCurve {
    /// Curves of as many outputs, beyond all numbers.
    fn diverged(length: usize, averages: usize, test: bool) -> Self {
        let blank = || OutputCurve {
            risk: vec![f64::MAX; length],
            train: vec![f64::MAX; length],
            test_risk: if test { vec![f64::MAX; length] } else { Vec::new() },
        };
        let OutputCurve { risk, train, test_risk } = blank();
        let averages = (0..averages).map(|_| blank()).collect();
        Self { risk, train, test_risk, averages, diverged: None }
    }

    /// Sets the numbers of time `s`.
    pub(super) fn set(&mut self, s: usize, outputs: &[Output], train: impl Fn(&Output) -> f64) {
        let Self { risk, train: last_train, test_risk, averages, .. } = self;
        let mut curves = vec![(risk, last_train, test_risk)];
        curves.extend(
            averages.iter_mut().map(|curve| (&mut curve.risk, &mut curve.train, &mut curve.test_risk)),
        );
        for ((risk, training, test_risk), output) in curves.into_iter().zip(outputs) {
            risk[s] = output.variance;
            training[s] = train(output);
            if let (Some(entry), Some(test)) = (test_risk.get_mut(s), output.test) {
                *entry = test;
            }
        }
    }
}

/// The error curve along `steps`, which name existing batches.
pub(super) fn error_curve(trajectory: &Trajectory, steps: &[usize]) -> Result<ErrorCurve> {
    let length = steps.len() + 1;
    let method = &trajectory.method;
    let atoms = &trajectory.directions;
    let masses = || atoms.iter().map(|atom| atom.mass).collect();
    let test = trajectory.test.as_ref().map(|covariance| Test { covariance, masses: masses() });
    let step_sizes: Vec<f64> = steps.iter().map(|&batch| trajectory.batches[batch].step_size).collect();
    // A covariance of test data is given along the population eigenvalues themselves.
    let few = if test.is_some() { None } else { compress(atoms, method, &step_sizes)? };
    let direction = |atom: &Atom| Direction {
        eigenvalue: atom.eigenvalue,
        response: atom.mass * atom.eigenvalue,
        correlation: atom.mass * atom.eigenvalue,
        source: atom.source,
        kicked: true,
    };
    let directions: Vec<_> = few.as_deref().unwrap_or(atoms).iter().map(direction).collect();
    let curve = ErrorCurve::diverged(length, method.averages().len(), test.is_some());
    let mut nodes = Nodes::new(&directions, method, step_sizes, test);
    let batches = &trajectory.batches[..];
    let labels = Labels { noise: trajectory.noise, redrawn: method.label_noise() };
    let (diverged, curve) = if trajectory.partition == Partition::Fixed {
        let memories = batches.iter().map(|_| Memory::default()).collect();
        let mut medium = Fixed { batches, labels, steps, memories, kicks: Vec::new(), curve };
        (forward(&mut nodes, &mut medium, steps.len()), medium.curve)
    } else {
        let lifetime = trajectory.partition.lifetime(batches.len(), steps.len());
        let mut medium = Redrawn::new(batches, labels, steps, lifetime, curve);
        (forward(&mut nodes, &mut medium, steps.len()), medium.curve)
    };
    Ok(ErrorCurve { diverged, ..curve })
}
