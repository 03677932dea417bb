//! Response and correlation along one eigenvalue, row by row in time.

use rayon::prelude::*;

use super::mirror::Mirror;
use super::pass::{Along, TASKS_PAY};

/// Partial sums of an inner product.
const LANES: usize = 8;

/// The latest rows of the averages `g` (response) and `C` (correlation) over the nodes.
pub(crate) struct Row {
    /// `g[s, 0]`, ..., `g[s, s]`: the response at time `s` to the start and to kicks at steps `0`, ..., `s - 1`.
    pub(crate) response: Vec<f64>,
    /// `C[s, 0]`, ..., `C[s, s]`.
    pub(crate) correlation: Vec<f64>,
    /// Rows `s` of the averages of `G R` and `G R N`, where the nodes feel their states with noise.
    pub(crate) felt: Vec<f64>,
    pub(crate) noise: Vec<f64>,
}

/// What a step does to every node: from its state at some time it moves by `t` times a linear combination of its past,
/// and gets a random kick.
pub(crate) struct Step<'a> {
    /// Time whose state the step starts from: the present, or 0 for a return to the start.
    pub(crate) origin: usize,
    /// Times whose state the step feels, the last of which is the present unless there are none.
    pub(crate) visits: &'a [usize],
    /// Coefficient of the state at each visit.
    pub(crate) feedback: &'a [f64],
    /// Covariance of the kick of this step with those of the steps at the visits; for data, of the noise with which this
    /// state is felt.
    pub(crate) kicks: &'a [f64],
}

/// An eigenvalue `t`, its weight in the averages, and the tables along it.
pub(super) struct Node {
    eigenvalue: f64,
    weight: f64,
    response: Mirror,
    correlation: Mirror,
}

impl Node {
    /// A node at its start, with tables for `length` times.
    pub(super) fn new(eigenvalue: f64, weight: f64, source: f64, length: usize) -> Self {
        let mut response = Mirror::zeros(length);
        let mut correlation = Mirror::zeros(length);
        response.set_row(0, &[1.0]);
        correlation.set_row(0, &[source]);
        Self { eigenvalue, weight, response, correlation }
    }

    /// Row `s + 1` of both tables, from the state at time `o`, the origin of the step:
    ///
    /// ```text
    /// G[s+1, v] = G[o, v] + t sum_l F[l] G[tau_l, v] + delta(s+1, v)
    /// K[s+1, u] = K[o, u] + t sum_l F[l] K[tau_l, u] + t sum_l R~[l] G[u, tau_l + 1]
    /// ```
    ///
    /// with the feedback `F` and the kicks `R~`.
    fn advance(&mut self, s: usize, step: &Step<'_>, (response, correlation): &mut (Vec<f64>, Vec<f64>)) {
        let Step { origin, visits, feedback, kicks } = *step;
        let t = self.eigenvalue;
        response[..=s].fill(0.0);
        response[..=origin].copy_from_slice(&self.response.row(origin)[..=origin]);
        response[s + 1] = 1.0;
        for (&visit, factor) in visits.iter().zip(feedback) {
            add_scaled(&mut response[..=visit], t * factor, &self.response.row(visit)[..=visit]);
        }
        self.response.set_row(s + 1, &response[..s + 2]);

        correlation[..=s].copy_from_slice(&self.correlation.row(origin)[..=s]);
        correlation[s + 1] = 0.0;
        let mut pairs = visits.chunks_exact(2).zip(feedback.chunks_exact(2));
        for (visit, factor) in &mut pairs {
            let (a, b) = (self.correlation.row(visit[0]), self.correlation.row(visit[1]));
            add_scaled_pair(&mut correlation[..=s], [t * factor[0], t * factor[1]], [&a[..=s], &b[..=s]]);
        }
        if visits.len() % 2 == 1 {
            let last = visits.len() - 1;
            let row = self.correlation.row(visits[last]);
            add_scaled(&mut correlation[..=s], t * feedback[last], &row[..=s]);
        }
        for (&visit, kick) in visits.iter().zip(kicks) {
            // The response to a kick at this visit, at all later times.
            let later = visit + 1..s + 2;
            let response = &self.response.row(visit + 1)[later.clone()];
            add_scaled(&mut correlation[later], t * kick, response);
        }
        let diagonal: f64 =
            visits.iter().zip(feedback).map(|(&visit, factor)| t * factor * correlation[visit]).sum();
        correlation[s + 1] += correlation[origin] + diagonal;
        self.correlation.set_row(s + 1, &correlation[..s + 2]);
    }
}

/// Nodes of which a step feels few of the times, each with its own tables.
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    /// Of all nodes, for `steps + 1` times.
    pub(super) length: usize,
}

impl Along for Nodes {
    fn average(&self, s: usize, row: &mut Row) {
        row.response[..=s].fill(0.0);
        row.correlation[..=s].fill(0.0);
        for node in &self.nodes {
            add_scaled(&mut row.response[..=s], node.weight, &node.response.row(s)[..=s]);
            add_scaled(&mut row.correlation[..=s], node.weight, &node.correlation.row(s)[..=s]);
        }
    }

    fn advance(&mut self, s: usize, step: &Step<'_>) {
        let length = self.length;
        let scratch = || (vec![0.0; length], vec![0.0; length]);
        if self.nodes.len() * step.visits.len() * s < TASKS_PAY {
            let mut scratch = scratch();
            self.nodes.iter_mut().for_each(|node| node.advance(s, step, &mut scratch));
        } else {
            self.nodes.par_iter_mut().for_each_init(scratch, |scratch, node| node.advance(s, step, scratch));
        }
    }
}

impl Row {
    pub(crate) fn zeros(length: usize) -> Self {
        let zeros = || vec![0.0; length];
        Self { response: zeros(), correlation: zeros(), felt: zeros(), noise: zeros() }
    }

    /// Largest modulus in row `s`, infinite if a number is not finite.
    pub(super) fn size(&self, s: usize) -> f64 {
        self.response[..=s]
            .iter()
            .chain(&self.correlation[..=s])
            .fold(0.0f64, |m, x| if x.is_finite() { m.max(x.abs()) } else { f64::INFINITY })
    }
}

/// `target += factor * source`, over the shorter of the two.
pub(crate) fn add_scaled(target: &mut [f64], factor: f64, source: &[f64]) {
    target.iter_mut().zip(source).for_each(|(entry, other)| *entry += factor * other);
}

/// Two of [`add_scaled`] for one pass over the target.
fn add_scaled_pair(target: &mut [f64], [f, g]: [f64; 2], [a, b]: [&[f64]; 2]) {
    target.iter_mut().zip(a).zip(b).for_each(|((entry, a), b)| *entry += f * a + g * b);
}

/// Inner product over the shorter of the two.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Sums that do not wait for each other.
    let mut lanes = [0.0; LANES];
    let length = a.len().min(b.len());
    let (a, b) = (a[..length].chunks_exact(LANES), b[..length].chunks_exact(LANES));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        lanes.iter_mut().zip(a).zip(b).for_each(|((lane, a), b)| *lane += a * b);
    }
    lanes.iter().sum::<f64>() + rest
}
