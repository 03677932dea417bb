//! One forward pass in time along a given sequence of batches.
//!
//! The pencil of a trajectory is triangular in time, so its fixed point has no circle in it. With
//! `tau_0 < tau_1 < ...` the visits of batch `b`, `c = p / n_b` and `alpha` its step size, everything
//! that one batch contributes lives on its own visits:
//!
//! ```text
//! D   = (I + c alpha g_b)^-1,               g_b[k, l] = g[tau_k, tau_l + 1]          (l < k)
//! R~  = alpha^2 c D (C_b + sigma^2 1 1^T) D^T,   C_b[k, l] = C[tau_k, tau_l]
//! ```
//!
//! `-alpha D` is the nonzero part of the R-transform `A_b (I - c g A_b)^-1`, and `R~` that of its upper
//! right block in the doubled pencil. For each population eigenvalue `t` with source `c_0`, the
//! response `G` and the correlation `K` then follow row by row. Row `s + 1`, after the visit
//! `s = tau_k` of `b`:
//!
//! ```text
//! G[s+1, v] = G[s, v] - t alpha sum_l D[k, l] G[tau_l, v] + delta(s+1, v)
//! K[s+1, u] = K[s, u] - t alpha sum_l D[k, l] K[tau_l, u] + t sum_l R~[k, l] G[u, tau_l + 1],   K[0, 0] = c_0
//! g = int t G dH(t),   C = int t K dH(t)
//! ```
//!
//! `C[s, s]` is the excess risk after `s` steps. The residual on batch `b` is that of a linear
//! combination of the past ones, with `h_l = g[s, tau_l + 1]` and `a = D^T h`:
//!
//! ```text
//! |y_b - X_b beta_s|^2 / n_b  =  q(e_s - c alpha sum_l a_l e_{tau_l}),   q the quadratic form of C + sigma^2
//! ```

use super::mirror::Mirror;
use super::{ErrorCurve, Trajectory};

/// Risks and responses above this end the pass, while products of a few of them are still finite.
const DIVERGED: f64 = 1e100;

/// Response and correlation of the error along one population eigenvalue.
struct Direction {
    eigenvalue: f64,
    /// `w t`: what it contributes to averages.
    weight: f64,
    response: Mirror,
    correlation: Mirror,
}

/// What is known of one batch: its visits, and the rows of `D` and of `C_b + sigma^2` for them.
#[derive(Default)]
struct Memory {
    visits: Vec<usize>,
    feedback: Vec<Vec<f64>>,
    covariance: Vec<Vec<f64>>,
}

impl Memory {
    /// Adds the visit at time `s`, given the rows `g[s, ..]` and `C[s, ..]`, and returns the row of
    /// `R~` that belongs to it. `coupling` is `c alpha`.
    fn visit(&mut self, s: usize, row: &Row, coupling: f64, step_size: f64, noise: f64) -> Vec<f64> {
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
        self.feedback.iter().map(|before| step_size * coupling * dot(before, &half)).collect()
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

/// The latest rows of `g` and `C`.
struct Row {
    response: Vec<f64>,
    correlation: Vec<f64>,
}

impl Row {
    fn average(&mut self, directions: &[Direction], s: usize) {
        for (row, table) in [
            (&mut self.response, (|direction| &direction.response) as fn(&Direction) -> &Mirror),
            (&mut self.correlation, |direction| &direction.correlation),
        ] {
            row[..=s].fill(0.0);
            for direction in directions {
                add_scaled(&mut row[..=s], direction.weight, &table(direction).row(s)[..=s]);
            }
        }
    }
}

/// The error curve along `steps`, which name existing batches.
pub(super) fn forward(trajectory: &Trajectory, steps: &[usize]) -> ErrorCurve {
    let length = steps.len() + 1;
    let mut directions: Vec<Direction> = trajectory
        .directions
        .iter()
        .map(|direction| {
            let mut response = Mirror::zeros(length);
            let mut correlation = Mirror::zeros(length);
            response.set_row(0, &[1.0]);
            correlation.set_row(0, &[direction.source]);
            let weight = direction.mass * direction.eigenvalue;
            Direction { eigenvalue: direction.eigenvalue, weight, response, correlation }
        })
        .collect();
    let mut memories: Vec<Memory> = trajectory.batches.iter().map(|_| Memory::default()).collect();
    let mut row = Row { response: vec![0.0; length], correlation: vec![0.0; length] };
    let mut scratch = (vec![0.0; length], vec![0.0; length]);
    let mut curve =
        ErrorCurve { risk: vec![f64::MAX; length], train: vec![f64::MAX; length], diverged: None };

    for s in 0..length {
        row.average(&directions, s);
        let size = row.response[..=s]
            .iter()
            .chain(&row.correlation[..=s])
            .fold(0.0f64, |m, x| if x.is_finite() { m.max(x.abs()) } else { f64::INFINITY });
        if size > DIVERGED {
            curve.diverged = Some(s);
            return curve;
        }
        curve.risk[s] = row.correlation[s];
        curve.train[s] = trajectory
            .batches
            .iter()
            .zip(&memories)
            .map(|(batch, memory)| {
                batch.fraction * memory.residual(s, &row, batch.coupling(), trajectory.noise)
            })
            .sum();
        let Some(&visited) = steps.get(s) else { break };
        let (batch, memory) = (&trajectory.batches[visited], &mut memories[visited]);
        let kicks = memory.visit(s, &row, batch.coupling(), batch.step_size, trajectory.noise);
        for direction in &mut directions {
            direction.advance(s, memory, &kicks, batch.step_size, &mut scratch);
        }
    }
    curve
}

impl Direction {
    /// Row `s + 1` of both tables, after the last visit in `memory`, which was at time `s`. `kicks`
    /// is the row of `R~`.
    fn advance(
        &mut self,
        s: usize,
        memory: &Memory,
        kicks: &[f64],
        step_size: f64,
        (response, correlation): &mut (Vec<f64>, Vec<f64>),
    ) {
        let t = self.eigenvalue;
        let feedback = &memory.feedback[memory.feedback.len() - 1];
        let visits = || memory.visits.iter().zip(feedback).map(|(&visit, d)| (visit, -t * step_size * d));

        response[..=s].copy_from_slice(&self.response.row(s)[..=s]);
        response[s + 1] = 1.0;
        for (visit, factor) in visits() {
            add_scaled(&mut response[..=visit], factor, &self.response.row(visit)[..=visit]);
        }
        self.response.set_row(s + 1, &response[..s + 2]);

        correlation[..=s].copy_from_slice(&self.correlation.row(s)[..=s]);
        for (visit, factor) in visits() {
            add_scaled(&mut correlation[..=s], factor, &self.correlation.row(visit)[..=s]);
        }
        correlation[s + 1] = 0.0;
        for (&visit, kick) in memory.visits.iter().zip(kicks) {
            // The response to a kick at this visit, at all later times.
            let later = visit + 1..s + 2;
            add_scaled(&mut correlation[later.clone()], t * kick, &self.response.row(visit + 1)[later]);
        }
        let diagonal: f64 = visits().map(|(visit, factor)| factor * correlation[visit]).sum();
        correlation[s + 1] += correlation[s] + diagonal;
        self.correlation.set_row(s + 1, &correlation[..s + 2]);
    }
}

/// `target += factor * source`, over the shorter of the two.
fn add_scaled(target: &mut [f64], factor: f64, source: &[f64]) {
    target.iter_mut().zip(source).for_each(|(entry, other)| *entry += factor * other);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
