//! Rows in a new random order every epoch.
//!
//! Every row is met once an epoch, at times that are independent and uniform from epoch to epoch. With `D = 1 + d`,
//! `M(s, s') = E r r'` of a residual that has not been met yet in the epochs of `s` and `s'`, `mu(s) = M(s, s)`, and sums over
//! epochs `l`,
//!
//! ```text
//! D = (1 + gamma g mask)^{-1},    g = int t chi dH,    chi = (1 + t P d)^{-1} P,   P(s, u) = a(u) exp(-(t + ridge) int_u^s a)
//! M = D (C + sigma^2) D^T + sum_l [int_l d(s, u) d(s', u) mu(u) du - intint_l d(s, u) d(s', u') M(u, u') du du']
//! Mh(s, s') = M(s, s') + d(s, s') mu(s') - int_l d(s, u) M(u, s') du        (s' in an earlier epoch l; 0 in the same)
//! C = int t {m c_0 m^T + t gamma chi [mu delta + Mh] chi^T} dH
//! ```
//!
//! `C[s, s]` is the risk, `mu` at the start of an epoch the training error. Everything is sampled at Gauss nodes in every
//! epoch, and at its start, which no integral takes: errors that grow by many decades within an epoch are lost where the nodes are
//! extrapolated. Kernels between epochs are smooth; inside an epoch `P` is integrated exactly, `V` from the left, `V_r` from the right,
//! and its square `V_2`, which also carries the kink of `C` on the diagonal. An epoch depends on those before it alone, and
//! within it the equations settle under iteration.

use nalgebra::{DMatrix, DVector};

use super::kernels::{ROUNDING, Rounds, columns, integrate, nodes};
use super::{SmallBatchCurve, SmallBatches};
use crate::control;
use crate::error::{Error, Result};

/// Most rounds within an epoch.
const ROUNDS: usize = 500;

/// Largest tables, epochs times nodes.
pub(super) const LARGEST: usize = 2000;

/// Nodes for the integral of the step.
const STEP_NODES: usize = 40;

/// Largest exponent of a decay.
const MOST_DECAY: f64 = 700.0;

type Matrix = DMatrix<f64>;

/// Kernels along one eigenvalue.
struct Along {
    t: f64,
    mass: f64,
    within: Matrix,
    within_right: Matrix,
    squared: Matrix,
    response: Matrix,
    /// `chi + d chi`, and their actions with the part within an epoch.
    full: Matrix,
    acts_full: Matrix,
    acts: Matrix,
    /// Feedback of what a step does within its epoch, `d V_r`.
    fed: Matrix,
    /// Responses to the initial error and to `beta*`.
    mean: [DVector<f64>; 2],
}

struct Pass<'a> {
    model: &'a SmallBatches,
    epochs: usize,
    /// Points of an epoch, its start included.
    points: usize,
    /// Weights of all points.
    weights: Vec<f64>,
    feedback: Matrix,
    along: Vec<Along>,
}

/// Times of later epochs by times of earlier ones.
fn is_later(i: usize, j: usize, n: usize) -> bool {
    i / n > j / n
}

impl<'a> Pass<'a> {
    fn new(model: &'a SmallBatches, epochs: usize, horizon: usize) -> Result<Self> {
        let (x, w) = nodes(model.nodes());
        let points = [&[0.0], &x[..]].concat();
        let point_weights = [&[0.0], &w[..]].concat();
        let n = points.len();
        let size = epochs * n;
        let weights: Vec<f64> = (0..size).map(|i| point_weights[i % n]).collect();
        let step = model.step_at(horizon);
        let (fine, fine_weights) = nodes(STEP_NODES);
        // int_0^y of the step within epoch k.
        let part = |k: usize, y: f64| -> f64 {
            let terms = fine.iter().zip(&fine_weights);
            terms.map(|(u, w)| w * y * step(k as f64 + y * u)).sum()
        };
        let mut before = vec![0.0];
        (0..epochs).for_each(|k| before.push(before[k] + part(k, 1.0)));
        let at: Vec<f64> = (0..size).map(|i| before[i / n] + part(i / n, points[i % n])).collect();
        let steps: Vec<f64> = (0..size).map(|i| step((i / n) as f64 + points[i % n])).collect();
        let along = model.atoms.iter().map(|atom| {
            let factor = model.method.preconditioner().factor(atom.t);
            let ridge = model.method.ridge();
            let rate = (atom.t + ridge) * factor;
            let [mut within, mut within_right, mut squared] = [0; 3].map(|_| Matrix::zeros(size, size));
            for i in 0..size {
                let (k, y) = (i / n, points[i % n]);
                let here = at[i];
                let decay =
                    |u: f64| (-rate * (here - before[k] - part(k, u))).exp() * factor * step(k as f64 + u);
                let later = |u: f64| (-rate * (before[k] + part(k, u) - here)).exp() * factor * steps[i];
                let left = integrate(&x, 0.0, y, decay);
                let square = integrate(&x, 0.0, y, |u| decay(u).powi(2));
                let right = integrate(&x, y, 1.0, later);
                for j in 0..x.len() {
                    let node = k * n + 1 + j;
                    within[(i, node)] = left[j];
                    squared[(i, node)] = square[j];
                    within_right[(node, i)] = right[j];
                }
            }
            let response = Matrix::from_fn(size, size, |i, j| {
                if is_later(i, j, n) {
                    (-rate * (at[i] - at[j]).min(MOST_DECAY)).exp() * factor * steps[j]
                } else {
                    0.0
                }
            });
            let start = DVector::from_iterator(size, at.iter().map(|a| (-rate * a).exp()));
            let share = if ridge > 0.0 { ridge / (atom.t + ridge) } else { 0.0 };
            let pulled = start.map(|start| -share * (1.0 - start));
            Along {
                t: atom.t,
                mass: atom.mass,
                within,
                within_right,
                squared,
                full: response.clone(),
                acts_full: response.clone(),
                acts: response.clone(),
                fed: response.clone(),
                response,
                mean: [start, pulled],
            }
        });
        let along = along.collect();
        let mut pass = Self { model, epochs, points: n, weights, feedback: Matrix::zeros(size, size), along };
        pass.respond()?;
        Ok(pass)
    }

    /// Solves for the responses, epoch by epoch: what a time feels of earlier epochs depends on those, and within its own epoch
    /// the rounds come one after the other.
    fn respond(&mut self) -> Result<()> {
        let (n, gamma, size) = (self.points, self.model.aspect_ratio, self.weights.len());
        let count = self.along.len();
        let free: Vec<Matrix> = self.along.iter().map(|along| along.response.clone()).collect();
        // d chi, and what makes it of d.
        let mut psi = vec![Matrix::zeros(size, size); count];
        let mut fed = vec![Matrix::zeros(size, size); count];
        for k in 0..self.epochs {
            let (from, to) = (k * n, (k + 1) * n);
            let before = &self.weights[..from];
            let earlier = |matrix: &Matrix| matrix.view((0, 0), (from, from)).into_owned();
            let row = |matrix: &Matrix| matrix.view((from, 0), (n, from)).into_owned();
            let known: Vec<[Matrix; 3]> = (0..count)
                .map(|i| {
                    let along = &self.along[i];
                    let free = row(&free[i]);
                    let rest = &free - columns(&free, before) * earlier(&psi[i]) * along.t;
                    [rest, earlier(&fed[i]), along.within.view((from, from), (n, n)).into_owned()]
                })
                .collect();
            let past = earlier(&self.feedback);
            let mut memory = Matrix::zeros(n, from);
            let mut rounds = Rounds::new(k == 0);
            for _ in 0..ROUNDS {
                let mut mean = Matrix::zeros(n, from);
                for (along, [rest, fed, within]) in self.along.iter().zip(&known) {
                    let response = rest - within * (&memory * fed) * along.t;
                    mean += response * (along.mass * along.t);
                }
                let next = (&mean + columns(&mean, before) * &past) * -gamma;
                let settled = k == 0 || rounds.settled((&next - &memory).amax(), 1.0 + next.amax());
                memory = next;
                if settled {
                    break;
                }
            }
            if !rounds.settled {
                return Err(self.model.exploded());
            }
            self.feedback.view_mut((from, 0), (n, from)).copy_from(&memory);
            for (i, [rest, known_fed, within]) in known.iter().enumerate() {
                let along = &mut self.along[i];
                let answer = &memory * known_fed;
                let response = rest - within * &answer * along.t;
                along.response.view_mut((from, 0), (n, from)).copy_from(&response);
                psi[i].view_mut((from, 0), (n, from)).copy_from(&answer);
                // V_r + P, and that without what comes back: rows of this epoch.
                let mut rows = along.within_right.view((from, 0), (n, to)).into_owned();
                let free_rows = free[i].view((from, 0), (n, to));
                rows += Matrix::from_fn(n, to, |row, j| self.weights[from + row] * free_rows[(row, j)]);
                let weighted = columns(&rows, &self.weights[..to]);
                let back = psi[i].view((0, 0), (to, to));
                fed[i].view_mut((from, 0), (n, to)).copy_from(&(rows - weighted * back * along.t));
            }
        }
        let weighted = columns(&self.feedback, &self.weights);
        for ((along, free), psi) in self.along.iter_mut().zip(&free).zip(psi) {
            along.fed = &self.feedback * &along.within_right;
            along.full = &along.response + psi;
            along.acts_full = &along.within + columns(&along.full, &self.weights);
            along.acts = &along.within + columns(&along.response, &self.weights);
            let through = (&along.within + columns(free, &self.weights)) * along.t;
            for mean in &mut along.mean {
                // (1 + t P d) m = f, where d looks back.
                for k in 0..self.epochs {
                    let (from, to) = (k * n, (k + 1) * n);
                    let felt = weighted.view((0, 0), (to, from)) * mean.rows(0, from);
                    let step = through.view((from, 0), (n, to)) * felt;
                    let mut rows = mean.rows_mut(from, n);
                    rows -= step;
                }
            }
        }
        Ok(())
    }

    fn curve(&self, horizon: usize) -> Result<SmallBatchCurve> {
        let (n, size, gamma) = (self.points, self.weights.len(), self.model.aspect_ratio);
        let start = self.model.start();
        let weighted = columns(&self.feedback, &self.weights);
        let felt = |x: &DVector<f64>| x + &weighted * x;
        let constant = felt(&DVector::from_element(size, 1.0));
        let mut fixed = &constant * constant.transpose() * self.model.noise;
        for (along, atom) in self.along.iter().zip(&self.model.atoms) {
            let mean = along.mean.each_ref().map(felt);
            for (i, row) in start.iter().enumerate() {
                for (j, entry) in row.iter().enumerate() {
                    let factor = along.mass * along.t * atom.source * entry;
                    if factor != 0.0 {
                        fixed += &mean[i] * mean[j].transpose() * factor;
                    }
                }
            }
        }
        let mut mu = vec![0.0; size];
        let mut hits = Matrix::zeros(size, size);
        let mut same = Matrix::zeros(size, size);
        for k in 0..self.epochs {
            control::check()?;
            let (from, to) = (k * n, (k + 1) * n);
            let mass: Vec<f64> = mu[..from].iter().zip(&self.weights).map(|(m, w)| m * w).collect();
            // Rows of this epoch, of all that is known from earlier ones.
            let rows = |matrix: &Matrix| matrix.view((from, 0), (n, from)).into_owned();
            let upto = |matrix: &Matrix| matrix.view((0, 0), (to, from)).transpose();
            let felt = rows(&weighted) * same.view((0, 0), (from, from));
            let mut known = fixed.view((from, 0), (n, to)) - &felt * upto(&weighted)
                + columns(&rows(&self.feedback), &mass) * upto(&self.feedback);
            let mut cross = columns(&rows(&self.feedback), &mu[..from]) - felt;
            let mut kink = Matrix::identity(n, n);
            for along in &self.along {
                let factor = along.mass * along.t * along.t * gamma;
                let [full, fed] = [&along.full, &along.fed].map(rows);
                let within = along.within.view((0, 0), (from, from)).transpose();
                let mut sum =
                    columns(&full, &mass) * upto(&along.full) - columns(&fed, &mass) * upto(&along.fed);
                let mut mixed = sum.columns_mut(0, from);
                mixed += columns(&full, &mu[..from]) * &within;
                known += sum * factor;
                cross -= columns(&fed, &mu[..from]) * within * factor;
                kink -= along.squared.view((from, from), (n, n)) * factor;
            }
            let mut all = known.clone();
            let mut rounds = Rounds::new(k == 0);
            for _ in 0..ROUNDS {
                let block = all.columns(0, from) + &cross;
                // The first epoch has none before it.
                let settled =
                    k == 0 || rounds.settled((&block - hits.view((from, 0), (n, from))).amax(), all.amax());
                hits.view_mut((from, 0), (n, from)).copy_from(&block);
                hits.view_mut((0, from), (from, n)).copy_from(&block.transpose());
                if settled || !all.amax().is_finite() {
                    break;
                }
                all.copy_from(&known);
                for along in &self.along {
                    let factor = along.mass * along.t * along.t * gamma;
                    let acts = along.acts_full.view((0, 0), (to, to));
                    let far = acts.rows(from, n) * hits.view((0, 0), (to, to));
                    all += far * acts.transpose() * factor;
                }
            }
            let block = all.columns(from, n).into_owned();
            // What comes before growth by many decades is lost in rounding, but for the start.
            let is_sound = |met: &DVector<f64>| {
                let least = -ROUNDING * met.amax();
                rounds.settled && met[0] >= 0.0 && met.iter().all(|&square| square >= least)
            };
            let Some(met) = kink.lu().solve(&block.diagonal()).filter(is_sound) else {
                return Err(self.model.exploded());
            };
            mu[from..to].copy_from_slice(met.as_slice());
            same.view_mut((from, from), (n, n)).copy_from(&block);
        }
        Ok(self.read(horizon, &mu, &hits))
    }

    /// Errors at the ends of epochs, from `mu` and `Mh`.
    fn read(&self, horizon: usize, mu: &[f64], hits: &Matrix) -> SmallBatchCurve {
        let (n, size, gamma) = (self.points, self.weights.len(), self.model.aspect_ratio);
        let start = self.model.start();
        let mut risk = vec![0.0; size];
        let mut mean = vec![0.0; size];
        let kept = |means: [f64; 2]| -> f64 {
            (0..4).map(|k| means[k / 2] * start[k / 2][k % 2] * means[k % 2]).sum()
        };
        let polyak = !self.model.method.averages().is_empty();
        let mut average = vec![0.0; if polyak { horizon + 1 } else { 0 }];
        for (along, atom) in self.along.iter().zip(&self.model.atoms) {
            let factor = along.t * gamma;
            let weight = along.mass * along.t;
            let far = &along.acts * hits;
            for i in 0..size {
                let response = |j: usize| along.response[(i, j)];
                let noise: f64 = (0..size)
                    .map(|j| {
                        mu[j]
                            * (self.weights[j] * response(j).powi(2)
                                + 2.0 * along.within[(i, j)] * response(j)
                                + along.squared[(i, j)])
                            + far[(i, j)] * along.acts[(i, j)]
                    })
                    .sum();
                let signal = kept([along.mean[0][i], along.mean[1][i]]);
                risk[i] += weight * (atom.source * signal + factor * noise);
                mean[i] += along.mass * along.mean[0][i];
            }
            for (epochs, average) in average.iter_mut().enumerate().skip(1) {
                let used = epochs * n;
                let each = 1.0 / epochs as f64;
                let row: Vec<f64> = (0..used)
                    .map(|j| {
                        let far: f64 = (0..used).map(|i| self.weights[i] * along.response[(i, j)]).sum();
                        let near: f64 = (0..used).map(|i| along.within_right[(i, j)]).sum();
                        each * (far + near)
                    })
                    .collect();
                let weighted =
                    DVector::from_iterator(used, row.iter().zip(&self.weights).map(|(r, w)| r * w));
                let pairs = weighted.dot(&(hits.view((0, 0), (used, used)) * &weighted));
                let squares: f64 = (0..used).map(|j| self.weights[j] * row[j] * row[j] * mu[j]).sum();
                let means = along
                    .mean
                    .each_ref()
                    .map(|mean| each * (0..used).map(|i| self.weights[i] * mean[i]).sum::<f64>());
                *average += weight * (atom.source * kept(means) + factor * (squares + pairs));
            }
        }
        let epochs: Vec<f64> = (0..=horizon).map(|k| k as f64).collect();
        // The last epoch is there for what is known at its start.
        let series = |values: &[f64]| values.iter().step_by(n).copied().collect::<Vec<_>>();
        let risk = series(&risk);
        if polyak {
            average[0] = risk[0];
        }
        SmallBatchCurve {
            epochs,
            train: Some(series(mu)),
            mean: Some(series(&mean)),
            average_risk: polyak.then_some(average),
            risk,
        }
    }
}

pub(super) fn curve(model: &SmallBatches, epochs: usize) -> Result<SmallBatchCurve> {
    let points = model.nodes() + 1;
    if (epochs + 1) * points > LARGEST {
        let most = LARGEST / points - 1;
        return Err(Error::argument("epochs", epochs, format!("at most {most} for steps of this size")));
    }
    Pass::new(model, epochs + 1, epochs)?.curve(epochs)
}
