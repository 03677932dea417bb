//! Rows in the same order in every epoch.
//!
//! A row is met at times `k + u` with a phase `u` of its own, so that its memory is a sum of delays. With `(D_j)` the power
//! series inverse of `1 + gamma a sum_j g(j) x^j`, `g(j) = int t chi(j) dH`, and the Toeplitz matrix `D` of it,
//!
//! ```text
//! chi' = -a t [chi(tau) + sum_{j >= 1} D_j chi(tau - j)],    chi(0) = 1
//! M_u = D (C_u + sigma^2) D^T
//! C_u = int t {c_0 chi(. + u) chi(. + u)^T + t gamma a^2 int_0^1 X_uv M_v X_uv^T dv} dH,   X_uv[k, k'] = chi(k - k' + u - v)
//! ```
//!
//! and `C_u[k, k]` is the risk at time `k + u`. The residual at the end of an epoch `k` of a row that was met at the phase `u` is
//!
//! ```text
//! r(k; u) = h(k) - gamma a sum_{j < k} g(k - j - u) r_j,    r_j = sum_i D_{j - i} h(i + u)
//! ```
//!
//! whose mean square over `u` is the training error; it takes the covariance of the errors at `k` and `i + u` too.

use nalgebra::{DMatrix, DVector};

use super::kernels::{Rounds, decay, integrate, interpolate, nodes};
use super::{SmallBatchCurve, SmallBatches};
use crate::control;
use crate::error::{Error, Result};

/// Most sweeps.
const SWEEPS: usize = 2000;

/// Most epochs: the work grows like their cube.
const MOST_EPOCHS: usize = 100;

type Matrix = DMatrix<f64>;

/// What time `u` of an epoch feels of another.
struct Influence {
    /// The other time, `v`.
    at: f64,
    /// Values of the Lagrange polynomials there.
    lagrange: Vec<f64>,
    weight: f64,
    /// `X_uv` for every eigenvalue.
    kernels: Vec<Matrix>,
}

pub(super) fn curve(model: &SmallBatches, epochs: usize) -> Result<SmallBatchCurve> {
    if epochs > MOST_EPOCHS {
        return Err(Error::argument("epochs", epochs, format!("at most {MOST_EPOCHS} in cyclic order")));
    }
    let (a, gamma) = (model.epoch_step, model.aspect_ratio);
    let (x, weights) = nodes(model.nodes());
    // Response in every epoch at the nodes, for each eigenvalue.
    let mut chi: Vec<Vec<DVector<f64>>> = vec![Vec::new(); model.atoms.len()];
    let mut start = vec![1.0; model.atoms.len()];
    let within: Vec<Matrix> = model.atoms.iter().map(|atom| decay(&x, a * atom.t)).collect();
    let to_end: Vec<Vec<f64>> =
        model.atoms.iter().map(|atom| integrate(&x, 0.0, 1.0, |u| (-a * atom.t * (1.0 - u)).exp())).collect();
    let mut series = vec![1.0];
    let mut response = vec![0.0];
    for j in 0..epochs {
        if j > 0 {
            let g: f64 = model.atoms.iter().zip(&start).map(|(atom, chi)| atom.mass * atom.t * chi).sum();
            response.push(g);
            let sum: f64 = (1..=j).map(|i| response[i] * series[j - i]).sum();
            series.push(-gamma * a * sum);
        }
        for (i, atom) in model.atoms.iter().enumerate() {
            let mut fed = DVector::zeros(x.len());
            for l in 1..=j {
                fed += &chi[i][j - l] * series[l];
            }
            let free = DVector::from_iterator(x.len(), x.iter().map(|y| start[i] * (-a * atom.t * y).exp()));
            let end: f64 = to_end[i].iter().zip(fed.iter()).map(|(w, f)| w * f).sum();
            chi[i].push(free - &within[i] * &fed * (a * atom.t));
            start[i] = start[i] * (-a * atom.t).exp() - a * atom.t * end;
        }
    }
    let toeplitz = |values: &[f64], shift: usize| {
        Matrix::from_fn(epochs, epochs, |k, l| if k >= l + shift { values[k - l - shift] } else { 0.0 })
    };
    let memory = toeplitz(&series, 0);
    let at = |i: usize, y: f64| -> Vec<f64> {
        let l = interpolate(&x, y);
        chi[i].iter().map(|values| values.iter().zip(&l).map(|(value, l)| value * l).sum()).collect()
    };
    let (fine, fine_weights) = nodes(x.len() + 2);
    let points: Vec<f64> = x.iter().copied().chain([0.0, 1.0]).collect();
    let influence = |u: f64| -> Vec<Influence> {
        let below = fine.iter().zip(&fine_weights).map(|(y, w)| (u * y, u * w));
        let above = fine.iter().zip(&fine_weights).map(|(y, w)| (u + (1.0 - u) * y, (1.0 - u) * w));
        let times = below.chain(above).filter(|(_, weight)| *weight > 1e-15);
        times
            .map(|(v, weight)| {
                let shift = usize::from(v > u);
                let lag = u - v + shift as f64;
                let kernels = (0..chi.len()).map(|i| toeplitz(&at(i, lag), shift)).collect();
                Influence { at: v, lagrange: interpolate(&x, v), weight, kernels }
            })
            .collect()
    };
    let all: Vec<Vec<Influence>> = points.iter().map(|&u| influence(u)).collect();
    let means: Vec<Matrix> = points
        .iter()
        .map(|&u| {
            let mut sum = Matrix::zeros(epochs, epochs);
            for (i, atom) in model.atoms.iter().enumerate() {
                let mean = DVector::from_vec(at(i, u));
                sum += &mean * mean.transpose() * (atom.mass * atom.t * atom.source);
            }
            sum
        })
        .collect();
    let covariance = |residuals: &[Matrix], point: usize| {
        let mut sum = means[point].clone();
        for Influence { lagrange, weight, kernels, .. } in &all[point] {
            let mut residual = Matrix::zeros(epochs, epochs);
            residuals.iter().zip(lagrange).for_each(|(matrix, l)| residual += matrix * *l);
            for (kernel, atom) in kernels.iter().zip(&model.atoms) {
                let factor = atom.mass * atom.t * atom.t * gamma * a * a * weight;
                sum += kernel * &residual * kernel.transpose() * factor;
            }
        }
        sum
    };
    let mut residuals = vec![Matrix::zeros(epochs, epochs); x.len()];
    let mut rounds = Rounds::new(false);
    for _ in 0..SWEEPS {
        control::check()?;
        let next: Vec<Matrix> = (0..x.len())
            .map(|point| &memory * covariance(&residuals, point).add_scalar(model.noise) * memory.transpose())
            .collect();
        let scale = next.iter().map(Matrix::amax).fold(0.0, f64::max);
        let change = next.iter().zip(&residuals).map(|(a, b)| (a - b).amax()).fold(0.0, f64::max);
        residuals = next;
        if rounds.settled(change, scale) || !scale.is_finite() {
            break;
        }
    }
    if !rounds.settled {
        return Err(model.exploded());
    }
    let [starts, ends] = [x.len(), x.len() + 1].map(|point| covariance(&residuals, point).diagonal());
    // Covariance of the errors at the ends of epochs with those at the phase of a point.
    let crossed = |point: usize| -> Matrix {
        let mut sum = Matrix::zeros(epochs, epochs);
        for (i, atom) in model.atoms.iter().enumerate() {
            let [end, mean] = [1.0, points[point]].map(|y| DVector::from_vec(at(i, y)));
            sum += end * mean.transpose() * (atom.mass * atom.t * atom.source);
        }
        for Influence { at: v, lagrange, weight, kernels } in &all[point] {
            let mut residual = Matrix::zeros(epochs, epochs);
            residuals.iter().zip(lagrange).for_each(|(matrix, l)| residual += matrix * *l);
            for (i, (kernel, atom)) in kernels.iter().zip(&model.atoms).enumerate() {
                let factor = atom.mass * atom.t * atom.t * gamma * a * a * weight;
                sum += toeplitz(&at(i, 1.0 - v), 0) * &residual * kernel.transpose() * factor;
            }
        }
        sum
    };
    let mut train = vec![model.noise + model.initial_risk()];
    train.resize(epochs + 1, 0.0);
    for (point, (&u, weight)) in x.iter().zip(&weights).enumerate() {
        let felt = crossed(point).add_scalar(model.noise) * memory.transpose();
        // g(j + 1 - u).
        let mut visits = vec![0.0; epochs];
        for (i, atom) in model.atoms.iter().enumerate() {
            visits.iter_mut().zip(at(i, 1.0 - u)).for_each(|(sum, chi)| *sum += atom.mass * atom.t * chi);
        }
        for k in 1..=epochs {
            let row = DVector::from_fn(k, |j, _| gamma * a * visits[k - 1 - j]);
            let square = row.dot(&(residuals[point].view((0, 0), (k, k)) * &row));
            let product: f64 = (0..k).map(|j| row[j] * felt[(k - 1, j)]).sum();
            train[k] += weight * (ends[k - 1] + model.noise - 2.0 * product + square);
        }
    }
    let mean = |k: usize| -> f64 {
        let response = |i: usize| if k < epochs { at(i, 0.0)[k] } else { start[i] };
        model.atoms.iter().enumerate().map(|(i, atom)| atom.mass * response(i)).sum()
    };
    Ok(SmallBatchCurve {
        epochs: (0..=epochs).map(|k| k as f64).collect(),
        risk: starts.iter().copied().chain([ends[epochs - 1]]).collect(),
        train: Some(train),
        mean: Some((0..=epochs).map(mean).collect()),
        average_risk: None,
    })
}
