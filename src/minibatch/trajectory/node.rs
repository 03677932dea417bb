//! Response and correlation along one eigenvalue, row by row in time.

use super::mirror::Mirror;

/// The latest rows of the averages `g` (response) and `C` (correlation) over the nodes.
pub(crate) struct Row {
    /// `g[s, 0]`, ..., `g[s, s]`: the response at time `s` to the start and to kicks at steps `0`, ..., `s - 1`.
    pub(crate) response: Vec<f64>,
    /// `C[s, 0]`, ..., `C[s, s]`.
    pub(crate) correlation: Vec<f64>,
}

/// What a step does to every node: it moves by `t` times a linear combination of its past, and gets a random
/// kick.
pub(crate) enum Step<'a> {
    /// Times whose state the step feels, coefficient of each, and covariance of the kick of this step
    /// with those of the steps at these times, the last of which is this one.
    Move { visits: &'a [usize], feedback: &'a [f64], kicks: &'a [f64] },
    /// Back to the start.
    Restart,
}

/// An eigenvalue `t`, how it counts in averages, and the tables along it.
pub(crate) struct Node {
    pub(crate) eigenvalue: f64,
    /// Weight in the average response `g`.
    pub(crate) response_weight: f64,
    /// Weight in the average correlation `C`.
    pub(crate) correlation_weight: f64,
    /// By what the covariance of kicks is multiplied; 0 for a node that no kick reaches.
    pub(crate) kick_weight: f64,
    pub(crate) response: Mirror,
    pub(crate) correlation: Mirror,
}

impl Node {
    /// A node at its start, with tables for `length` times.
    pub(crate) fn new(
        eigenvalue: f64,
        [response_weight, correlation_weight, kick_weight]: [f64; 3],
        source: f64,
        length: usize,
    ) -> Self {
        let mut response = Mirror::zeros(length);
        let mut correlation = Mirror::zeros(length);
        response.set_row(0, &[1.0]);
        correlation.set_row(0, &[source]);
        Self { eigenvalue, response_weight, correlation_weight, kick_weight, response, correlation }
    }

    /// Row `s + 1` of both tables:
    ///
    /// ```text
    /// G[s+1, v] = G[s, v] + t sum_l F[l] G[tau_l, v] + delta(s+1, v)
    /// K[s+1, u] = K[s, u] + t sum_l F[l] K[tau_l, u] + k sum_l R~[l] G[u, tau_l + 1]
    /// ```
    ///
    /// with the feedback `F`, the kicks `R~` and the kick weight `k`.
    pub(crate) fn advance(
        &mut self,
        s: usize,
        step: &Step<'_>,
        (response, correlation): &mut (Vec<f64>, Vec<f64>),
    ) {
        let Step::Move { visits, feedback, kicks } = step else {
            return self.restart(s, response, correlation);
        };
        let t = self.eigenvalue;
        response[..=s].copy_from_slice(&self.response.row(s)[..=s]);
        response[s + 1] = 1.0;
        for (&visit, factor) in visits.iter().zip(*feedback) {
            add_scaled(&mut response[..=visit], t * factor, &self.response.row(visit)[..=visit]);
        }
        self.response.set_row(s + 1, &response[..s + 2]);

        correlation[..=s].copy_from_slice(&self.correlation.row(s)[..=s]);
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
        if self.kick_weight != 0.0 {
            for (&visit, kick) in visits.iter().zip(*kicks) {
                // The response to a kick at this visit, at all later times.
                let later = visit + 1..s + 2;
                let response = &self.response.row(visit + 1)[later.clone()];
                add_scaled(&mut correlation[later], self.kick_weight * kick, response);
            }
        }
        let diagonal: f64 =
            visits.iter().zip(*feedback).map(|(&visit, factor)| t * factor * correlation[visit]).sum();
        correlation[s + 1] += correlation[s] + diagonal;
        self.correlation.set_row(s + 1, &correlation[..s + 2]);
    }

    fn restart(&mut self, s: usize, response: &mut [f64], correlation: &mut [f64]) {
        response[..s + 2].fill(0.0);
        response[0] = 1.0;
        self.response.set_row(s + 1, &response[..s + 2]);
        correlation[..=s].copy_from_slice(&self.correlation.row(0)[..=s]);
        correlation[s + 1] = correlation[0];
        self.correlation.set_row(s + 1, &correlation[..s + 2]);
    }
}

/// An eigenvalue that no kick reaches and that counts in no response: along it the state is its start
/// times the mean path, so that a step costs no table.
pub(crate) struct Signal {
    pub(crate) eigenvalue: f64,
    /// Mean square of the start, with its weight in the average correlation.
    pub(crate) source: f64,
    /// The state at all times so far, relative to the start.
    pub(crate) path: Vec<f64>,
}

impl Signal {
    pub(crate) fn new(eigenvalue: f64, source: f64) -> Self {
        Self { eigenvalue, source, path: vec![1.0] }
    }

    pub(super) fn advance(&mut self, step: &Step<'_>) {
        let Step::Move { visits, feedback, .. } = step else { return self.path.push(1.0) };
        let change: f64 =
            visits.iter().zip(*feedback).map(|(&visit, factor)| factor * self.path[visit]).sum();
        self.path.push(self.path[self.path.len() - 1] + self.eigenvalue * change);
    }
}

impl Row {
    pub(super) fn zeros(length: usize) -> Self {
        Self { response: vec![0.0; length], correlation: vec![0.0; length] }
    }

    /// Takes row `s` from the nodes and signals.
    pub(super) fn average(&mut self, nodes: &[Node], signals: &[Signal], s: usize) {
        self.response[..=s].fill(0.0);
        self.correlation[..=s].fill(0.0);
        for node in nodes {
            if node.response_weight != 0.0 {
                add_scaled(&mut self.response[..=s], node.response_weight, &node.response.row(s)[..=s]);
            }
            add_scaled(&mut self.correlation[..=s], node.correlation_weight, &node.correlation.row(s)[..=s]);
        }
        for signal in signals {
            add_scaled(&mut self.correlation[..=s], signal.source * signal.path[s], &signal.path);
        }
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
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
