//! The solution of the matrix-valued Silverstein equation as a formal power series in `s = 1 / z`.
//!
//! At `z = infinity` the root decouples and the rest of a pencil is triangular in the number of factors. So the
//! coefficients of
//!
//! ```text
//! g'(s) = g'_0 + g'_1 s + g'_2 s^2 + ...          (one matrix for each channel)
//! ```
//!
//! follow order by order from finitely many plain iterations of a nilpotent linear map: nothing has to converge, no
//! branch has to be chosen, no point has to lie outside a support. With the root entry `z + a` of
//! `Lambda(z) - t R`, its row `b` and the rest `C`,
//!
//! ```text
//! sigma = a - b^T h,   h = C^-1 b,   G_00 = s f,   f = 1 / (1 + s sigma),   G_0 = -s f h,   G' = C^-1 + s f h h^T
//! ```
//!
//! and the moments of the polynomial are `m_k = int f_k(t) dH(t)`. They owe nothing to a solve: a law built from
//! solves is held against them.

use nalgebra::{DMatrix, DVector};

use super::pencil::{Channel, Link, Pencil};
use super::scaling::equilibrate;
use crate::population::Population;

/// Change of a coefficient, relative to its size, that counts as none.
const SETTLED: f64 = 4.0 * f64::EPSILON;

/// Coefficients by increasing powers of `s`.
type Series<T> = Vec<T>;

/// The expansion of a solution at infinity.
#[derive(Debug, Clone)]
pub(crate) struct Expansion<'a> {
    pencil: &'a Pencil,
    population: &'a Population,
    /// `g'` of each channel.
    g: Vec<Series<DMatrix<f64>>>,
    /// `X = (A^-1 - c g')^-1` of each channel.
    x: Vec<Series<DMatrix<f64>>>,
    /// `R` of each block.
    r_transforms: Vec<Series<DMatrix<f64>>>,
    /// `G(t)` of each block for each atom of the population.
    resolvents: Vec<Vec<Resolvent>>,
}

/// `G(t)` in the parts from which it is made.
#[derive(Debug, Clone, Default)]
struct Resolvent {
    /// `C^-1`, of the whole block where the root is not in it.
    rest: Series<DMatrix<f64>>,
    /// `h`.
    row: Series<DVector<f64>>,
    /// `sigma`.
    schur: Series<f64>,
    /// `f`.
    root: Series<f64>,
}

impl<'a> Expansion<'a> {
    /// The expansion of `g'` up to the power `order` of `1 / z`; `None` where it is not finite.
    pub(crate) fn new(pencil: &'a Pencil, population: &'a Population, order: usize) -> Option<Self> {
        let size = |channel: &Channel| channel.inverse_coefficient.nrows();
        let zeros = |rows: usize| DMatrix::zeros(rows, rows);
        let atoms = population.as_atoms().len();
        let mut expansion = Self {
            pencil,
            population,
            g: pencil.channels().iter().map(|channel| vec![zeros(size(channel)); order + 1]).collect(),
            x: pencil.channels().iter().map(|channel| vec![zeros(size(channel)); order + 1]).collect(),
            r_transforms: pencil.blocks().iter().map(|b| vec![zeros(b.nrows()); order + 1]).collect(),
            resolvents: vec![vec![Resolvent::default(); atoms]; pencil.blocks().len()],
        };
        for k in 0..=order {
            expansion.settle(k)?;
        }
        Some(expansion)
    }

    /// Moments `m_0 = 1, m_1, ...` of the polynomial, as many as the expansion carries: its order and one.
    pub(crate) fn moments(&self) -> Vec<f64> {
        self.root_mean(|_| 1.0)
    }

    /// The same weighted by the population covariance: `phi(Sigma a^k)` from `k = 0`.
    pub(crate) fn weighted_moments(&self) -> Vec<f64> {
        self.root_mean(|t| t)
    }

    fn root_mean(&self, weight: impl Fn(f64) -> f64) -> Vec<f64> {
        let atoms = self.population.as_atoms();
        let count = self.resolvents[0][0].root.len();
        let mean = |k: usize| {
            let pairs = atoms.iter().zip(&self.resolvents[0]);
            pairs.map(|(atom, resolvent)| atom.mass * weight(atom.location) * resolvent.root[k]).sum()
        };
        (0..count).map(mean).collect()
    }

    /// The coefficients of `1/z, 1/z^2, ...` of the form `w^T (1 - c g' A)^-1 g' w = w^T h + c h^T X h`, `h = g' w`,
    /// for a vector on the states of a channel; see
    /// [`channel_form`](super::silverstein::Silverstein::channel_form).
    pub(crate) fn form_moments(&self, channel: usize, vector: &[f64]) -> Vec<f64> {
        let w = DVector::from_column_slice(vector);
        let h: Vec<DVector<f64>> = self.g[channel].iter().map(|g| g * &w).collect();
        let ratio = self.pencil.channels()[channel].ratio;
        let through = |k: usize| -> f64 {
            let triples = (0..=k).flat_map(|i| (0..=k - i).map(move |j| (i, j, k - i - j)));
            triples.map(|(i, j, l)| h[i].dot(&(&self.x[channel][j] * &h[l]))).sum()
        };
        (1..h.len()).map(|k| w.dot(&h[k]) + ratio * through(k)).collect()
    }

    /// Iterates the coefficients of power `k`, those of lower powers being known, until they stay.
    fn settle(&mut self, k: usize) -> Option<()> {
        // Every iteration reaches one more factor, from one of the two sides of the pencil.
        for _ in 0..2 * self.pencil.size() + 2 {
            if self.iterate(k)? {
                break;
            }
        }
        Some(())
    }

    /// One pass over the coefficients of power `k`: whether `g'` stayed as it was.
    fn iterate(&mut self, k: usize) -> Option<bool> {
        for r_transform in &mut self.r_transforms {
            r_transform[k].fill(0.0);
        }
        for ((channel, g), x) in self.pencil.channels().iter().zip(&self.g).zip(&mut self.x) {
            let term = inverse_term(&channel.inverse_coefficient, |j| -channel.ratio * &g[j], x, k)?;
            x[k] = term;
            for link in &channel.links {
                scatter(&x[k], link, &mut self.r_transforms[link.block][k]);
            }
        }
        let mut images: Vec<DMatrix<f64>> =
            self.g.iter().map(|g| DMatrix::zeros(g[0].nrows(), g[0].ncols())).collect();
        for (index, (block, r_transform)) in self.pencil.blocks().iter().zip(&self.r_transforms).enumerate() {
            let mut weighted = DMatrix::zeros(block.nrows(), block.nrows());
            for (atom, resolvent) in self.population.as_atoms().iter().zip(&mut self.resolvents[index]) {
                resolvent.update(block, atom.location, r_transform, index == 0, k)?;
                resolvent.add_to(&mut weighted, atom.mass * atom.location, index == 0, k);
            }
            for (channel, image) in self.pencil.channels().iter().zip(&mut images) {
                for link in channel.links.iter().filter(|link| link.block == index) {
                    gather(&weighted, link, image);
                }
            }
        }
        let mut settled = true;
        for (g, image) in self.g.iter_mut().zip(images) {
            settled &= (&image - &g[k]).amax() <= SETTLED * image.amax();
            g[k] = image;
        }
        Some(settled)
    }
}

impl Resolvent {
    /// Power `k` of the parts, those of lower powers being known.
    fn update(
        &mut self,
        block: &DMatrix<f64>,
        t: f64,
        r_transform: &[DMatrix<f64>],
        rooted: bool,
        k: usize,
    ) -> Option<()> {
        let first = usize::from(rooted);
        let size = block.nrows() - first;
        let rest = |matrix: &DMatrix<f64>| matrix.view((first, first), (size, size)).into_owned();
        let term = inverse_term(&rest(block), |j| -t * rest(&r_transform[j]), &self.rest, k)?;
        put(&mut self.rest, k, term);
        if !rooted {
            return Some(());
        }
        let root_row = |j: usize| -> DVector<f64> {
            let constant = if j == 0 { 1.0 } else { 0.0 };
            DVector::from_fn(size, |i, _| constant * block[(i + 1, 0)] - t * r_transform[j][(i + 1, 0)])
        };
        let row = (0..=k).map(|j| &self.rest[j] * root_row(k - j)).sum();
        put(&mut self.row, k, row);
        let constant = if k == 0 { block[(0, 0)] } else { 0.0 };
        let through: f64 = (0..=k).map(|j| root_row(j).dot(&self.row[k - j])).sum();
        put(&mut self.schur, k, constant - t * r_transform[k][(0, 0)] - through);
        put(&mut self.root, 0, 1.0);
        let next = -(0..=k).map(|j| self.schur[j] * self.root[k - j]).sum::<f64>();
        put(&mut self.root, k + 1, next);
        next.is_finite().then_some(())
    }

    /// Adds `weight` times power `k` of `G(t)`.
    fn add_to(&self, target: &mut DMatrix<f64>, weight: f64, rooted: bool, k: usize) {
        if !rooted {
            *target += weight * &self.rest[k];
            return;
        }
        let size = self.rest[0].nrows();
        let mut rest = target.view_mut((1, 1), (size, size));
        rest += weight * &self.rest[k];
        for (i, j) in (0..k).flat_map(|i| (0..k - i).map(move |j| (i, j))) {
            rest.ger(weight * self.root[k - 1 - i - j], &self.row[i], &self.row[j], 1.0);
        }
        let Some(last) = k.checked_sub(1) else { return };
        target[(0, 0)] += weight * self.root[last];
        for i in 0..k {
            for (state, h) in self.row[last - i].iter().enumerate() {
                target[(0, state + 1)] -= weight * self.root[i] * h;
                target[(state + 1, 0)] -= weight * self.root[i] * h;
            }
        }
    }
}

/// Power `k` of the inverse of `constant + terms(0) + s terms(1) + s^2 terms(2) + ...`, from its lower powers.
fn inverse_term(
    constant: &DMatrix<f64>,
    terms: impl Fn(usize) -> DMatrix<f64>,
    lower: &[DMatrix<f64>],
    k: usize,
) -> Option<DMatrix<f64>> {
    let inverse = if k == 0 {
        inverse(&(constant + terms(0)))?
    } else {
        -&lower[0] * (1..=k).map(|j| terms(j) * &lower[k - j]).sum::<DMatrix<f64>>()
    };
    inverse.iter().all(|x| x.is_finite()).then_some(inverse)
}

/// The inverse of a symmetric matrix, from rows and columns that are comparable: large steps grade them over decades.
fn inverse(matrix: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    let n = matrix.nrows();
    let mut scales = vec![1.0; n];
    equilibrate(&mut scales, |i, j| matrix[(i, j)].abs());
    let scaled =
        |matrix: &DMatrix<f64>| DMatrix::from_fn(n, n, |i, j| matrix[(i, j)] / (scales[i] * scales[j]));
    scaled(matrix).try_inverse().as_ref().map(scaled)
}

/// Puts a coefficient in its place, which is the next or one that is there.
fn put<T>(series: &mut Series<T>, k: usize, value: T) {
    match series.get_mut(k) {
        Some(place) => *place = value,
        None => series.push(value),
    }
}

/// `target += gain V x V^T`.
fn scatter(x: &DMatrix<f64>, link: &Link, target: &mut DMatrix<f64>) {
    for row in &link.entries {
        for column in &link.entries {
            target[(row.block_state, column.block_state)] +=
                link.gain * row.weight * column.weight * x[(row.channel_state, column.channel_state)];
        }
    }
}

/// `target += V^T weighted V`.
fn gather(weighted: &DMatrix<f64>, link: &Link, target: &mut DMatrix<f64>) {
    for row in &link.entries {
        for column in &link.entries {
            target[(row.channel_state, column.channel_state)] +=
                row.weight * column.weight * weighted[(row.block_state, column.block_state)];
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use crate::minibatch::MiniBatch;
    use crate::population::Population;

    /// `m_n = sum_k N(n, k) c^(n-k)` with the Narayana numbers 1, 1 1, 1 3 1, 1 6 6 1.
    #[test]
    fn one_batch_has_the_moments_of_marchenko_and_pastur() {
        let c = 0.7f64;
        let model = MiniBatch::builder().batches(1).aspect_ratio(c).step_size(0.3).build().unwrap();
        let exact = [1.0, 1.0, 1.0 + c, 1.0 + 3.0 * c + c * c, 1.0 + 6.0 * c + 6.0 * c * c + c.powi(3)];
        let (pencil, population) = (model.pencil().unwrap(), Population::identity());
        let moments = super::Expansion::new(&pencil, &population, 3).unwrap().moments();
        for (k, (found, exact)) in moments.iter().zip(exact).enumerate() {
            assert_relative_eq!(*found, exact * (-0.3f64).powi(k as i32), max_relative = 1e-14);
        }
    }

    /// `Z = W - (alpha / 4) (W_1 W_2 + W_2 W_1)` by the rule for mixed moments of two free variables.
    #[test]
    fn two_batches_have_the_second_moment_of_free_variables() {
        let (gamma, alpha) = (0.4, 0.6);
        let model = MiniBatch::builder().batches(2).aspect_ratio(gamma).step_size(alpha).build().unwrap();
        let c = 2.0 * gamma;
        let product = 2.0 * (1.0 + 2.0 * c) + 2.0 * (1.0 + c) * (1.0 + c);
        let exact = 1.0 + gamma - alpha * (1.0 + c) + alpha * alpha / 16.0 * product;
        for pencil in [model.pencil().unwrap(), model.lattice_pencil().unwrap()] {
            let population = Population::identity();
            let moments = super::Expansion::new(&pencil, &population, 1).unwrap().moments();
            assert_relative_eq!(moments[2], exact * (2.0 * alpha).powi(2), max_relative = 1e-13);
        }
    }

    /// Four batches whose steps are 2.5e7 times the inverse eigenvalue: the mean in closed form, the others from this expansion
    /// over the lattice of subsets in 32 digits.
    #[test]
    fn huge_steps_leave_the_moments_their_digits() {
        let population = Population::atoms(&[(1e8, 1.0)]).unwrap();
        let model = MiniBatch::builder().batches(4).aspect_ratio(0.5).population(population.clone());
        let pencil = model.epoch_step(1.0).build().unwrap().pencil().unwrap();
        let moments = super::Expansion::new(&pencil, &population, 3).unwrap().moments();
        let mean = (1.0 - 2.5e7f64).powi(4) - 1.0;
        let exact = [mean, 4.119872347005263e60, 3.019305623584413e91, 2.845353387285302e122];
        for (found, exact) in moments[1..].iter().zip(exact) {
            assert_relative_eq!(*found, exact, max_relative = 1e-12);
        }
    }

    /// `phi(Sigma P^k)` at `k = 1`: `int t prod_b (1 - alpha_b t) dH`, as `Sigma` commutes with its mean.
    #[test]
    fn the_weighted_mean_is_that_of_the_classical_limit() {
        let population = Population::atoms(&[(0.5, 0.3), (2.0, 0.7)]).unwrap();
        for batches in [1, 2, 3, 5, 12] {
            let builder = MiniBatch::builder().batches(batches).aspect_ratio(0.8).step_size(0.3);
            let model = builder.population(population.clone()).build().unwrap();
            let pencil = model.pencil().unwrap();
            let expansion = super::Expansion::new(&pencil, &population, 2).unwrap();
            let mean = |weight: &dyn Fn(f64) -> f64| -> f64 {
                let shrunk = |t: f64| (1.0 - 0.3 * t).powi(batches as i32) - 1.0;
                population.as_atoms().iter().map(|a| a.mass * weight(a.location) * shrunk(a.location)).sum()
            };
            assert_relative_eq!(expansion.moments()[1], mean(&|_| 1.0), max_relative = 1e-12);
            assert_relative_eq!(expansion.weighted_moments()[0], 1.55, max_relative = 1e-14);
        }
    }
}
