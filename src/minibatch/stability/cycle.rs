//! Second moments of the error when the batches come in a fixed cycle, or when every batch is new.
//!
//! One cycle multiplies the error by `M = M_B ... M_1`, which is not self-adjoint: its eigenvalues have
//! a limiting law in the plane, and the iterates converge when that lies within the unit circle. `M` is
//! the Schur complement of a pencil with one unknown for each step of the cycle, every `W_b` a single
//! entry. Its equation is one number `d_b` for each batch, with `c_b = p / n_b` and
//! `q_b(t) = 1 - alpha_b t d_b`:
//!
//! ```text
//! d_b = 1 / (1 + c_b alpha_b h_b),    h_b = int t prod_{x != b} q_x / (z - prod_x q_x) dH(t)
//! ```
//!
//! The equation of the Hermitised pencil (Girko; Feinberg and Zee, Nucl. Phys. B 504, 1997) is linear in the
//! second moments `x_b` of the error where batch `b` meets it, and `z` is outside the spectrum as long as the
//! nonnegative matrix of that map has spectral radius below 1:
//!
//! ```text
//! x_b = sum_b' N[b, b'] x_b',   N[b, b'] = c_b' (alpha_b' |d_b'|)^2 int t^2 |prod_{x between b' and b} q_x|^2 / |1 - prod_x q_x / z|^2 dH(t)
//! ```
//!
//! with `q_x` divided by `z^{1/B}`. If every batch is new, `d_b = 1`, and all earlier cycles count:
//! the last factor is `1 / (1 - prod_x q_x^2)`. Equal batches are one batch met `B` times a cycle.

use num_complex::Complex64;

use crate::minibatch::MiniBatch;
use crate::population::Atom;
use crate::solver::anderson::Anderson;

/// Residual of the equation of the `d_b`, which are of order 1, and the most iterations.
const CONVERGED: f64 = 1e-13;
const ITERATIONS: usize = 60;

/// Earlier iterates that the acceleration keeps; more than there are batches of different kind.
const WINDOW: usize = 8;

/// Where paths to the unit circle start: `|z|` of the larger of this and `2^B`.
const FAR: f64 = 16.0;

/// Steps of such a path, in equal ratios, and how often one that fails is halved.
const RADII: usize = 40;
const HALVINGS: usize = 10;

/// One batch of the cycle: ratio `c = p / n_b` and step size.
#[derive(Debug, Clone, Copy)]
struct Visit {
    ratio: f64,
    step_size: f64,
}

/// A cycle: some batches in their order, `repeats` times.
#[derive(Debug)]
pub(super) struct Cycle<'a> {
    population: &'a [Atom],
    visits: Vec<Visit>,
    repeats: i32,
}

impl<'a> Cycle<'a> {
    /// The batches of `model` in the order `0, 1, ..., B - 1`, with all step sizes times `factor`.
    pub(super) fn new(model: &'a MiniBatch, factor: f64) -> Self {
        let batches = model.batch_fractions().iter().zip(model.step_sizes());
        let kinds = if model.is_symmetric() { 1 } else { model.batches() };
        let visit = |(fraction, step): (&f64, &f64)| Visit {
            ratio: model.aspect_ratio() / fraction,
            step_size: step * factor,
        };
        // What does not vary never moves.
        let varying = usize::from(model.population().kernel() > 0.0);
        Self {
            population: &model.population().as_atoms()[varying..],
            visits: batches.take(kinds).map(visit).collect(),
            repeats: (model.batches() / kinds) as i32,
        }
    }

    /// Growth of the second moments if every batch is new: the error contracts when it is below 1.
    pub(super) fn fresh_load(&self) -> f64 {
        let one = vec![Complex64::ONE; self.visits.len()];
        let factors = |t: f64| self.factors(t, &one, 1.0);
        let contracts = |atom: &Atom| factors(atom.location).into_iter().product::<Complex64>().norm() < 1.0;
        if !self.population.iter().all(contracts) {
            return f64::INFINITY;
        }
        // Repeats of the period are part of the geometric series over all earlier ones.
        self.load(&one, 1.0, |product| 1.0 / (1.0 - product.norm_sqr()))
    }

    /// Largest load on the way from infinity to `exp(i angle)`, or infinity if the spectrum is met
    /// before: the spectrum stays within the unit circle in this direction when it is below 1.
    pub(super) fn load_towards(&self, angle: f64) -> f64 {
        let batches = self.repeats as f64 * self.visits.len() as f64;
        let far = FAR.ln().max(batches * 2f64.ln());
        let full = far / RADII as f64;
        let (mut height, mut step) = (far, full);
        let mut state = vec![Complex64::ONE; self.visits.len()];
        if !self.solve(Complex64::from_polar(far.exp(), angle), &mut state) {
            return f64::INFINITY;
        }
        loop {
            let next = (height - step).max(0.0);
            let mut ahead = state.clone();
            let z = Complex64::from_polar(next.exp(), angle);
            if self.solve(z, &mut ahead) {
                let load = self.cyclic_load(z, &ahead);
                if load >= 1.0 || next == 0.0 {
                    return load;
                }
                (height, state, step) = (next, ahead, full.min(2.0 * step));
            } else if step > full * 0.5f64.powi(HALVINGS as i32) {
                step *= 0.5;
            } else {
                // A spectrum on a curve is no obstacle to `z` beside it, but on it there is no solution.
                return f64::INFINITY;
            }
        }
    }

    /// Iterates the equation of the `d_b` at `z` from where `state` is; whether it has converged.
    fn solve(&self, z: Complex64, state: &mut [Complex64]) -> bool {
        let mut anderson = Anderson::new(state.len(), WINDOW);
        for _ in 0..ITERATIONS {
            let residual: Vec<_> = self.image(z, state).iter().zip(&*state).map(|(f, d)| f - d).collect();
            if residual.iter().all(|f| f.norm() < CONVERGED) {
                return true;
            }
            anderson.advance(state, &residual);
        }
        false
    }

    fn image(&self, z: Complex64, state: &[Complex64]) -> Vec<Complex64> {
        let mut response = vec![Complex64::ZERO; state.len()];
        for atom in self.population {
            let factors = self.factors(atom.location, state, 1.0);
            let product: Complex64 = factors.iter().product();
            let rest = atom.mass * atom.location * product.powi(self.repeats - 1);
            let resolvent = rest / (z - product.powi(self.repeats));
            for (b, response) in response.iter_mut().enumerate() {
                *response += between(&factors, b, b) * resolvent;
            }
        }
        let feedback = |(visit, h): (&Visit, Complex64)| 1.0 / (1.0 + visit.ratio * visit.step_size * h);
        self.visits.iter().zip(response).map(feedback).collect()
    }

    /// `q_b(t)`, times `scale`.
    fn factors(&self, t: f64, state: &[Complex64], scale: f64) -> Vec<Complex64> {
        self.visits.iter().zip(state).map(|(visit, d)| scale * (1.0 - visit.step_size * t * d)).collect()
    }

    fn cyclic_load(&self, z: Complex64, state: &[Complex64]) -> f64 {
        let batches = self.repeats as f64 * self.visits.len() as f64;
        let scale = z.norm().powf(-1.0 / batches);
        let phase = Complex64::from_polar(1.0, -z.arg());
        self.load(state, scale, |product| {
            let square = product.norm_sqr();
            let repeats: f64 = (0..self.repeats).map(|j| square.powi(j)).sum();
            repeats / (1.0 - product.powi(self.repeats) * phase).norm_sqr()
        })
    }

    /// Spectral radius of `N`, where `returns` is what the product of all factors of a period, met again
    /// and again, makes of a second moment.
    fn load(&self, state: &[Complex64], scale: f64, returns: impl Fn(Complex64) -> f64) -> f64 {
        let kinds = self.visits.len();
        let mut map = vec![0.0; kinds * kinds];
        for atom in self.population {
            let factors = self.factors(atom.location, state, scale);
            let weight = atom.mass * (atom.location * scale).powi(2) * returns(factors.iter().product());
            for (from, (visit, d)) in self.visits.iter().zip(state).enumerate() {
                let kick = weight * visit.ratio * visit.step_size.powi(2) * d.norm_sqr();
                for to in 0..kinds {
                    map[to * kinds + from] += kick * between(&factors, from, to).norm_sqr();
                }
            }
        }
        spectral_radius(&map, kinds)
    }
}

/// Product of the factors after `from` up to the next time before `to`.
fn between(factors: &[Complex64], from: usize, to: usize) -> Complex64 {
    let kinds = factors.len();
    let steps = (to + kinds - from - 1) % kinds;
    (1..=steps).map(|step| factors[(from + step) % kinds]).product()
}

/// Spectral radius of a nonnegative matrix, by the power method. The identity is added so that no other
/// eigenvalue has the same modulus.
fn spectral_radius(map: &[f64], size: usize) -> f64 {
    let mut vector = vec![1.0 / size as f64; size];
    let mut radius = f64::NAN;
    for _ in 0..1000 {
        let image: Vec<f64> = map
            .chunks(size)
            .zip(&vector)
            .map(|(row, x)| x + row.iter().zip(&vector).map(|(a, x)| a * x).sum::<f64>())
            .collect();
        let total: f64 = image.iter().sum();
        vector = image.into_iter().map(|x| x / total).collect();
        let settled = (total - 1.0 - radius).abs() <= 1e-14 * total;
        radius = total - 1.0;
        if settled || size == 1 {
            break;
        }
    }
    radius
}
