//! Where runs settle that are reshuffled every epoch, frequency by frequency.
//!
//! The correlations of the stationary state depend on the difference of epochs alone. With `z = e^{i theta}` for the shift by
//! one epoch, the equations of [reshuffling](super::super::reshuffling) become linear equations for the cross spectrum
//! `M(theta)`, a kernel of two times within an epoch, with products where there were sums over epochs. What couples the
//! frequencies is the block of one epoch, the mean over `theta`:
//!
//! ```text
//! M  = Q + d [mu - B] d^H - int t^2 gamma a^2 d V mu (d V)^H dH,          B = mean of M over theta, and the atom
//! Q  = int t^2 gamma a^2 {S mu S^H + V mu S^H + S mu V^H + X Mh X^H} dH,   S = chi + d chi,  X = V + S
//! Mh = M - B + h + h^H,    h = d mu - d B - int t^2 gamma a^2 d V mu V^H dH
//! mu = diag B + int t^2 gamma a^2 V_2 mu dH
//! ```
//!
//! The label noise, which stays, is an atom at `theta = 0`: `B_0 = sigma^2 D 1 (D 1)^T + int t^2 gamma a^2 X B_0 X^T dH` with `z = 1`.
//! Responses on the circle come from the equation of [an epoch](super::super::epoch_kernel).

use nalgebra::{DMatrix, DVector};
use num_complex::Complex64;
use rayon::prelude::*;

use super::super::kernels::{decay, interpolate, nodes};
use super::super::{SmallBatches, legendre};
use super::Stationary;
use crate::control;
use crate::error::{Error, Result};
use crate::law::CauchyTransform;
use crate::solver::SolverOptions;
use crate::solver::anderson::Anderson;

/// What the polynomials may leave of the decays.
const LEFT: f64 = 1e-12;

/// Points on the circle at first, and the most; they double until the risk stays.
const FEWEST: usize = 64;
const MOST: usize = 4096;
const AGREE: f64 = 1e-10;

/// Relative change at which the iteration has settled, most sweeps, and differences that it is accelerated by.
const TOLERANCE: f64 = 1e-13;
const SWEEPS: usize = 1000;
const WINDOW: usize = 10;

type Real = DMatrix<f64>;
type Kernel = DMatrix<Complex64>;

/// Kernels at one frequency, at the nodes.
struct Frequency {
    weight: f64,
    /// `d`.
    memory: Kernel,
    along: Vec<Along>,
}

/// Kernels along one eigenvalue at one frequency: `S`, its action `X` with the part within an epoch, the same for the response
/// alone, and `d V`.
struct Along {
    full: Kernel,
    acts_full: Kernel,
    response: Kernel,
    acts: Kernel,
    fed: Kernel,
}

struct System {
    nodes: Vec<f64>,
    weights: Vec<f64>,
    /// `mass t^2 gamma a^2`, `V` and `V_2` along each eigenvalue.
    within: Vec<(f64, Real, Real)>,
    frequencies: Vec<Frequency>,
    noise: f64,
}

/// What is solved for: `mu`, `B` and `Mh`.
struct Correlations {
    hits: DVector<f64>,
    same: Real,
    cross: Vec<Kernel>,
}

fn complex(matrix: &Real) -> Kernel {
    matrix.map(Complex64::from)
}

/// Columns times weights.
fn columns<T: nalgebra::ComplexField<RealField = f64> + Copy>(
    matrix: &DMatrix<T>,
    weights: &[f64],
) -> DMatrix<T> {
    let mut scaled = matrix.clone();
    scaled.column_iter_mut().zip(weights).for_each(|(mut column, weight)| column *= T::from_real(*weight));
    scaled
}

pub(super) fn stationary(model: &SmallBatches) -> Result<Stationary> {
    let mut before: Option<Stationary> = None;
    let mut points = FEWEST;
    while points <= MOST {
        let now = System::new(model, points)?.settle(model)?;
        let agree = |before: Stationary| (before.risk - now.risk).abs() <= AGREE * now.risk;
        if before.is_some_and(agree) {
            return Ok(now);
        }
        before = Some(now);
        points *= 2;
    }
    Err(Error::argument(
        "epoch_step",
        model.given_step,
        "a larger one: the runs take too many epochs to settle",
    ))
}

impl System {
    fn new(model: &SmallBatches, points: usize) -> Result<Self> {
        let transform = model.transform_leaving(LEFT, SolverOptions::default())?;
        let equation = transform.equation();
        let n = model.nodes().max(equation.size);
        let (x, weights) = nodes(n);
        let basis = legendre::values(equation.size, &x);
        let (a, gamma) = (model.epoch_step, model.aspect_ratio);
        let within: Vec<(f64, Real, Real)> = equation
            .along
            .iter()
            .map(|along| {
                let factor = along.mass * (along.t * a).powi(2) * gamma;
                (factor, decay(&x, along.rate), decay(&x, 2.0 * along.rate))
            })
            .collect();
        let reflected = |matrix: &Real| Real::from_fn(n, n, |i, j| matrix[(n - 1 - j, n - 1 - i)]);
        let right: Vec<Kernel> = within.iter().map(|(_, v, _)| complex(&reflected(v))).collect();
        let mut workspace = transform.workspace();
        let mut guess: Option<Vec<Complex64>> = None;
        let half = points / 2;
        let mut frequencies = Vec::with_capacity(half + 1);
        for k in 0..=half {
            let theta = 2.0 * std::f64::consts::PI * k as f64 / points as f64;
            // z - 1 without cancellation.
            let zeta = Complex64::new(-2.0 * (0.5 * theta).sin().powi(2), theta.sin().max(0.0));
            let at = -zeta.conj() / a;
            let near = guess.as_ref().and_then(|guess| transform.solve_near(at, guess, &mut workspace).ok());
            let solution = match near {
                Some(solution) => solution,
                None => transform.solve(at, &mut workspace)?,
            };
            let (memory, responses) = equation
                .kernels(zeta, &solution.state)
                .ok_or(Error::Unphysical { z: at, iterations: solution.iterations })?;
            let at_nodes = |operator: &Kernel| &basis * operator * basis.transpose();
            let memory_at = at_nodes(&memory);
            let along = responses.iter().zip(&within).zip(&right).map(|((response, (_, v, _)), right)| {
                let full = at_nodes(&(&response.later + &memory * &response.all));
                let response = at_nodes(&response.later);
                let v = complex(v);
                Along {
                    acts_full: &v + columns(&full, &weights),
                    acts: &v + columns(&response, &weights),
                    fed: &memory_at * right,
                    full,
                    response,
                }
            });
            let weight = if k == 0 || k == half { 1.0 } else { 2.0 } / points as f64;
            frequencies.push(Frequency { weight, along: along.collect(), memory: memory_at });
            guess = Some(solution.state);
        }
        Ok(Self { nodes: x, weights, within, frequencies, noise: model.noise })
    }

    /// `Q` at a frequency without the kink on its diagonal: of the residuals, or of the errors.
    fn correlated(&self, frequency: &Frequency, state: &Correlations, cross: &Kernel, full: bool) -> Kernel {
        let n = self.nodes.len();
        let mass: Vec<f64> = self.weights.iter().zip(state.hits.iter()).map(|(w, mu)| w * mu).collect();
        let mut sum = Kernel::zeros(n, n);
        for ((factor, v, _), along) in self.within.iter().zip(&frequency.along) {
            let (s, x) = if full { (&along.full, &along.acts_full) } else { (&along.response, &along.acts) };
            let mixed = complex(&columns(v, state.hits.as_slice())) * s.adjoint();
            let one = columns(s, &mass) * s.adjoint() + &mixed + mixed.adjoint() + x * cross * x.adjoint();
            sum += one * Complex64::from(*factor);
        }
        sum
    }

    /// Mean over the frequencies.
    fn mean(&self, kernels: &[Kernel]) -> Real {
        let n = self.nodes.len();
        let weighted = self.frequencies.iter().zip(kernels);
        weighted
            .fold(Real::zeros(n, n), |sum, (frequency, kernel)| sum + kernel.map(|x| x.re) * frequency.weight)
    }

    fn kink(&self, hits: &DVector<f64>) -> DVector<f64> {
        let zero = DVector::zeros(hits.len());
        self.within.iter().fold(zero, |sum, (factor, _, squared)| sum + squared * hits * *factor)
    }

    /// The equations once, the right sides from the left.
    fn sweep(&self, state: &Correlations, atom: &Real) -> Correlations {
        let n = self.nodes.len();
        let mass: Vec<f64> = self.weights.iter().zip(state.hits.iter()).map(|(w, mu)| w * mu).collect();
        let inner = Real::from_fn(n, n, |i, j| {
            let hit = if i == j { mass[i] } else { 0.0 };
            hit - self.weights[i] * state.same[(i, j)] * self.weights[j]
        });
        let inner = complex(&inner);
        let all: Vec<Kernel> = self
            .frequencies
            .par_iter()
            .zip(&state.cross)
            .map(|(frequency, cross)| {
                let mut all = self.correlated(frequency, state, cross, true)
                    + &frequency.memory * &inner * frequency.memory.adjoint();
                for ((factor, ..), along) in self.within.iter().zip(&frequency.along) {
                    all -= columns(&along.fed, &mass) * along.fed.adjoint() * Complex64::from(*factor);
                }
                all
            })
            .collect();
        let same = self.mean(&all) + atom;
        let hits = same.diagonal() + self.kink(&state.hits);
        let subtracted = complex(&same);
        let before = complex(&state.same);
        let cross = self
            .frequencies
            .par_iter()
            .zip(&all)
            .map(|(frequency, all)| {
                let mut one = columns(&frequency.memory, state.hits.as_slice())
                    - columns(&frequency.memory, &self.weights) * &before;
                for ((factor, v, _), along) in self.within.iter().zip(&frequency.along) {
                    let fed = columns(&along.fed, state.hits.as_slice());
                    one -= fed * complex(&v.transpose()) * Complex64::from(*factor);
                }
                all - &subtracted + &one + one.adjoint()
            })
            .collect();
        Correlations { hits, same, cross }
    }

    /// The atom of the label noise at frequency 0: `x -> int t^2 gamma a^2 X x X^T dH` summed up from its square.
    fn atom(&self) -> Real {
        let zero = &self.frequencies[0];
        let n = self.nodes.len();
        let one = DVector::from_element(n, 1.0);
        let constant = &one + columns(&zero.memory.map(|x| x.re), &self.weights) * &one;
        let fixed = &constant * constant.transpose() * self.noise;
        let mut sum = fixed.clone();
        for _ in 0..SWEEPS {
            let next = self.carried(&sum, zero, true) + &fixed;
            let change = (&next - &sum).amax();
            sum = next;
            if change <= f64::EPSILON * sum.amax() {
                break;
            }
        }
        sum
    }

    fn carried(&self, atom: &Real, zero: &Frequency, full: bool) -> Real {
        let n = self.nodes.len();
        self.within.iter().zip(&zero.along).fold(Real::zeros(n, n), |sum, ((factor, ..), along)| {
            let x = if full { &along.acts_full } else { &along.acts }.map(|x| x.re);
            sum + &x * atom * x.transpose() * *factor
        })
    }

    fn pack(state: &Correlations) -> Vec<Complex64> {
        let real = state.hits.iter().chain(state.same.iter()).map(|&x| Complex64::from(x));
        real.chain(state.cross.iter().flat_map(|cross| cross.iter().copied())).collect()
    }

    fn unpack(&self, packed: &[Complex64]) -> Correlations {
        let n = self.nodes.len();
        let (real, cross) = packed.split_at(n + n * n);
        Correlations {
            hits: DVector::from_iterator(n, real[..n].iter().map(|x| x.re)),
            same: Real::from_iterator(n, n, real[n..].iter().map(|x| x.re)),
            cross: cross.chunks_exact(n * n).map(|cross| Kernel::from_column_slice(n, n, cross)).collect(),
        }
    }

    fn settle(&self, model: &SmallBatches) -> Result<Stationary> {
        let n = self.nodes.len();
        let atom = self.atom();
        let cross = vec![Kernel::zeros(n, n); self.frequencies.len()];
        let start = Correlations { hits: atom.diagonal(), same: atom.clone(), cross };
        let mut x = Self::pack(&start);
        let mut anderson = Anderson::new(x.len(), WINDOW);
        let mut residual = f64::INFINITY;
        for _ in 0..SWEEPS {
            control::check()?;
            let image = Self::pack(&self.sweep(&self.unpack(&x), &atom));
            let rest: Vec<Complex64> = image.iter().zip(&x).map(|(image, x)| image - x).collect();
            let largest = |values: &[Complex64]| values.iter().fold(0.0f64, |m, x| m.max(x.norm()));
            residual = largest(&rest) / largest(&image);
            if residual <= TOLERANCE {
                return Ok(self.read(&self.unpack(&image), &atom));
            }
            anderson.advance(&mut x, &rest);
        }
        let z = Complex64::from(model.epoch_step);
        Err(Error::NotConverged { z, residual, iterations: SWEEPS, tolerance: TOLERANCE })
    }

    fn read(&self, state: &Correlations, atom: &Real) -> Stationary {
        let errors: Vec<Kernel> = self
            .frequencies
            .par_iter()
            .zip(&state.cross)
            .map(|(frequency, cross)| self.correlated(frequency, state, cross, false))
            .collect();
        let risk = (self.mean(&errors) + self.carried(atom, &self.frequencies[0], false)).diagonal()
            + self.kink(&state.hits);
        let start = interpolate(&self.nodes, 0.0);
        let at_start = |values: &DVector<f64>| values.iter().zip(&start).map(|(value, l)| value * l).sum();
        Stationary { risk: at_start(&risk), train: Some(at_start(&state.hits)) }
    }
}
