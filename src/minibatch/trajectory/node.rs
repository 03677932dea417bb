//! Response and correlation along one eigenvalue, row by row in time.
//!
//! Two tables over pairs of times are kept, those of the point at which the gradient is taken; of the components of the
//! method, only those of the present:
//!
//! ```text
//! chi[s, v] = q_s . X_s[v]         X_s[v] = response of z_s to minus the gradient of step v < s
//! kap[s, u] = cov(e_s, e_u)        K_s[u] = cov(z_s, e_u),   S_s = cov(z_s, z_s)
//! ```
//!
//! With the feedback `D[l]` and the kicks `R[l]` of the visits `tau_l` a step makes of them
//!
//! ```text
//! X[v] <- F X[v] - t b sum_l D[l] chi[tau_l, v]                                              (v < s),     X[s] = b
//! K[u] <- F K[u] - t b (sum_l D[l] kap[tau_l, u] - sum_l R[l] chi[u, tau_l])                 (u <= s)
//! S    <- (F S - b Y^T) F^T - Y' b^T + N b b^T,    Y = t sum_l (D[l] K[tau_l] - R[l] X[tau_l])
//! ```
//!
//! with `Y` before and `Y'` after the update of `X` and `K`. The long sums are over the tables and do not know how many
//! components there are.

use rayon::prelude::*;

use super::mirror::Mirror;
use super::pass::{Along, TASKS_PAY};
use super::test_covariance::Test;
use crate::method::{Linear, Method};

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
    /// What a method reports, where its components are followed: the iterate, and averages.
    pub(crate) outputs: Vec<Output>,
}

/// Average over the nodes of the present iterate, or of an average of the iterates.
pub(crate) struct Output {
    /// Response to minus the gradients of steps `0`, ..., `s - 1`.
    pub(crate) response: Vec<f64>,
    /// Covariance with the points at which the gradients of steps `0`, ..., `s` are taken.
    pub(crate) correlation: Vec<f64>,
    pub(crate) variance: f64,
    /// Mean square under the covariance of a test, if there is one.
    pub(crate) test: Option<f64>,
}

/// What a step does to every node: its gradient feels a linear combination of the past, and has a random part.
pub(crate) struct Step<'a> {
    /// Time whose state the step starts from: the present, or 0 for a return to the start.
    pub(crate) origin: usize,
    /// Times whose state the step feels, the last of which is the present unless there are none.
    pub(crate) visits: &'a [usize],
    /// Coefficient of the state at each visit.
    pub(crate) feedback: &'a [f64],
    /// Covariance of the kick of this step with those of the steps at the visits; for panels, of the noise with which this
    /// state is felt.
    pub(crate) kicks: &'a [f64],
}

/// An eigenvalue and how it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Direction {
    pub(crate) eigenvalue: f64,
    /// Weights in the average response and in the average correlation.
    pub(crate) response: f64,
    pub(crate) correlation: f64,
    /// Mean square of the initial error.
    pub(crate) source: f64,
    /// Whether kicks reach it.
    pub(crate) kicked: bool,
}

/// The tables along an eigenvalue.
pub(super) struct Node {
    direction: Direction,
    length: usize,
    response: Mirror,
    correlation: Mirror,
    /// `X` and `K`, a row for each component.
    responses: Vec<f64>,
    correlations: Vec<f64>,
    /// `S`.
    covariance: Vec<f64>,
    /// Response to the initial error, of all components and of the queries so far.
    mean: Vec<f64>,
    mean_queries: Vec<f64>,
}

/// Sums over visits, and rows on their way.
struct Scratch {
    response: Vec<f64>,
    correlation: Vec<f64>,
    rows: Vec<f64>,
}

impl Node {
    /// A node at its start, with tables for `length` times.
    fn new(direction: Direction, method: &Method, length: usize) -> Self {
        let size = method.size();
        let mean = method.initial();
        let mut covariance: Vec<f64> = mean.iter().flat_map(|a| mean.iter().map(move |b| a * b)).collect();
        if let Some((teacher, square)) = method.independent_teacher() {
            covariance[teacher * size + teacher] += square;
        }
        covariance.iter_mut().for_each(|entry| *entry *= direction.source);
        let mut node = Self {
            direction,
            length,
            response: Mirror::zeros(length),
            correlation: Mirror::zeros(length),
            responses: vec![0.0; size * length],
            correlations: vec![0.0; size * length],
            covariance,
            mean,
            mean_queries: Vec::with_capacity(length),
        };
        node.ask(0, &method.query(0), &mut Scratch::new(size, length));
        node
    }

    fn size(&self) -> usize {
        self.mean.len()
    }

    /// Row `s` of both tables, from the components at that time.
    fn ask(&mut self, s: usize, query: &[f64], scratch: &mut Scratch) {
        let size = self.size();
        for i in 0..size {
            self.correlations[i * self.length + s] = dot(&self.covariance[i * size..(i + 1) * size], query);
        }
        let (response, correlation) = (&mut scratch.response[..s], &mut scratch.correlation[..=s]);
        response.fill(0.0);
        correlation.fill(0.0);
        for (i, &weight) in query.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            add_scaled(response, weight, &self.responses[i * self.length..]);
            add_scaled(correlation, weight, &self.correlations[i * self.length..]);
        }
        self.response.set_row(s, response);
        self.correlation.set_row(s, correlation);
        self.mean_queries.push(dot(query, &self.mean));
    }

    /// `Y` of all components.
    fn felt(&self, step: &Step<'_>) -> Vec<f64> {
        let (t, kick) = self.rates();
        let visits = step.visits.iter().zip(step.feedback).zip(step.kicks);
        let component = |i: usize| {
            let (response, correlation) =
                (&self.responses[i * self.length..], &self.correlations[i * self.length..]);
            let felt = |((&visit, feedback), kicks): ((&usize, &f64), &f64)| {
                t * feedback * correlation[visit] - kick * kicks * response[visit]
            };
            visits.clone().map(felt).sum()
        };
        (0..self.size()).map(component).collect()
    }

    /// Factors of feedback and kicks.
    fn rates(&self) -> (f64, f64) {
        let t = self.direction.eigenvalue;
        (t, if self.direction.kicked { t } else { 0.0 })
    }

    /// Takes step `s`, and asks the components where the next gradient is taken.
    fn advance(
        &mut self,
        s: usize,
        step: &Step<'_>,
        linear: &Linear,
        noise: f64,
        query: &[f64],
        scratch: &mut Scratch,
    ) {
        let Step { visits, feedback, kicks, .. } = *step;
        let (t, kick) = self.rates();
        let (size, length) = (self.size(), self.length);

        let (response, correlation) = (&mut scratch.response[..s], &mut scratch.correlation[..=s]);
        response.fill(0.0);
        correlation.fill(0.0);
        let mut pairs = visits.chunks_exact(2).zip(feedback.chunks_exact(2));
        for (visit, factor) in &mut pairs {
            let [a, b] = [visit[0], visit[1]].map(|visit| &self.correlation.row(visit)[..=s]);
            add_scaled_pair(correlation, [t * factor[0], t * factor[1]], [a, b]);
        }
        if visits.len() % 2 == 1 {
            let last = visits.len() - 1;
            add_scaled(correlation, t * feedback[last], &self.correlation.row(visits[last])[..=s]);
        }
        for ((&visit, factor), kicks) in visits.iter().zip(feedback).zip(kicks) {
            let row = self.response.row(visit);
            add_scaled(&mut response[..visit], t * factor, &row[..visit]);
            add_scaled(
                &mut correlation[(visit + 1).min(s + 1)..],
                -kick * kicks,
                &row[(visit + 1).min(s + 1)..=s],
            );
        }

        let before = self.felt(step);
        let cross: Vec<f64> = (0..size * size)
            .map(|index| {
                let (i, j) = (index / size, index % size);
                let column = self.covariance[j..].iter().step_by(size);
                linear.row(i).iter().zip(column).map(|(f, c)| f * c).sum::<f64>() - linear.gain[i] * before[j]
            })
            .collect();
        for (table, felt, times) in [
            (&mut self.responses, &scratch.response, s),
            (&mut self.correlations, &scratch.correlation, s + 1),
        ] {
            step_rows(table, length, times, linear, felt, &mut scratch.rows);
        }
        for (i, gain) in linear.gain.iter().enumerate() {
            self.responses[i * length + s] = *gain;
        }
        let after = self.felt(step);
        for i in 0..size {
            for j in 0..size {
                self.covariance[i * size + j] = dot(&cross[i * size..(i + 1) * size], linear.row(j))
                    - after[i] * linear.gain[j]
                    + noise * linear.gain[i] * linear.gain[j];
            }
        }
        let felt: f64 = visits.iter().zip(feedback).map(|(&visit, d)| t * d * self.mean_queries[visit]).sum();
        linear.step(&mut self.mean, felt);
        self.ask(s + 1, query, scratch);
    }

    /// Mean square of a component, and the part of it that the initial error makes.
    pub(super) fn variance(&self, component: usize) -> f64 {
        self.covariance[component * (self.size() + 1)]
    }

    /// Response of a component to the initial error.
    pub(super) fn mean(&self, component: usize) -> f64 {
        self.mean[component]
    }

    pub(super) fn direction(&self) -> &Direction {
        &self.direction
    }
}

/// Rows of `X` or `K` from step to step, over the given number of times.
fn step_rows(
    table: &mut [f64],
    length: usize,
    times: usize,
    linear: &Linear,
    felt: &[f64],
    rows: &mut [f64],
) {
    let size = linear.gain.len();
    if size == 1 && linear.row(0)[0] == 1.0 {
        add_scaled(&mut table[..times], -linear.gain[0], felt);
        return;
    }
    for (i, gain) in linear.gain.iter().enumerate() {
        let row = &mut rows[i * length..i * length + times];
        row.iter_mut().zip(felt).for_each(|(entry, felt)| *entry = -gain * felt);
        for (j, &factor) in linear.row(i).iter().enumerate().filter(|(_, factor)| **factor != 0.0) {
            add_scaled(row, factor, &table[j * length..j * length + times]);
        }
    }
    for i in 0..size {
        table[i * length..i * length + times].copy_from_slice(&rows[i * length..i * length + times]);
    }
}

impl Scratch {
    fn new(size: usize, length: usize) -> Self {
        Self { response: vec![0.0; length], correlation: vec![0.0; length], rows: vec![0.0; size * length] }
    }
}

/// Nodes of which a step feels few of the times, each with its own tables, and the method that moves them.
pub(crate) struct Nodes<'a> {
    nodes: Vec<Node>,
    method: &'a Method,
    /// Step sizes before the step schedule.
    step_sizes: Vec<f64>,
    test: Option<Test<'a>>,
}

impl<'a> Nodes<'a> {
    /// Nodes at their start.
    pub(crate) fn new(
        directions: &[Direction],
        method: &'a Method,
        step_sizes: Vec<f64>,
        test: Option<Test<'a>>,
    ) -> Self {
        let length = step_sizes.len() + 1;
        let nodes = directions.iter().map(|&direction| Node::new(direction, method, length)).collect();
        Self { nodes, method, step_sizes, test }
    }
}

impl Along for Nodes<'_> {
    fn average(&self, s: usize, row: &mut Row) {
        row.response[..=s].fill(0.0);
        row.correlation[..=s].fill(0.0);
        for node in &self.nodes {
            let direction = &node.direction;
            add_scaled(&mut row.response[1..=s], direction.response, &node.response.row(s)[..s]);
            add_scaled(&mut row.correlation[..=s], direction.correlation, &node.correlation.row(s)[..=s]);
        }
        row.outputs.resize_with(1 + self.method.averages().len(), || Output {
            response: Vec::new(),
            correlation: Vec::new(),
            variance: 0.0,
            test: None,
        });
        for (component, output) in self.method.outputs().zip(&mut row.outputs) {
            output.response.clear();
            output.response.resize(s, 0.0);
            output.correlation.clear();
            output.correlation.resize(s + 1, 0.0);
            output.variance = 0.0;
            for node in &self.nodes {
                let (direction, start) = (&node.direction, component * node.length);
                add_scaled(&mut output.response, direction.response, &node.responses[start..start + s]);
                let correlations = &node.correlations[start..=start + s];
                add_scaled(&mut output.correlation, direction.correlation, correlations);
                output.variance += direction.correlation * node.variance(component);
            }
            output.test = self.test.as_ref().map(|test| test.mean_square(&self.nodes, component));
        }
    }

    fn advance(&mut self, s: usize, step: &Step<'_>) {
        let (method, steps) = (self.method, self.step_sizes.len());
        let (step_size, query, noise) = (self.step_sizes[s], method.query(s + 1), method.gradient_noise());
        let scratch = || Scratch::new(method.size(), steps + 1);
        let advance = |scratch: &mut Scratch, node: &mut Node| {
            let linear = method.linear(s, steps, step_size, node.direction.eigenvalue);
            node.advance(s, step, &linear, noise, &query, scratch);
        };
        if self.nodes.len() * step.visits.len() * s < TASKS_PAY {
            let mut scratch = scratch();
            self.nodes.iter_mut().for_each(|node| advance(&mut scratch, node));
        } else {
            self.nodes.par_iter_mut().for_each_init(scratch, advance);
        }
    }
}

impl Row {
    pub(crate) fn zeros(length: usize) -> Self {
        let zeros = || vec![0.0; length];
        Self { response: zeros(), correlation: zeros(), felt: zeros(), noise: zeros(), outputs: Vec::new() }
    }

    /// Largest modulus in row `s`, infinite if a number is not finite.
    pub(super) fn size(&self, s: usize) -> f64 {
        self.response[..=s]
            .iter()
            .chain(&self.correlation[..=s])
            .chain(self.outputs.iter().map(|output| &output.variance))
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
