//! Anderson acceleration of a fixed-point iteration `x <- F(x)` in complex space.
//!
//! With `f_i = F(x_i) - x_i`, the next iterate is `x + f - (dX + dF) gamma`, where `gamma` minimises
//! `|f - dF gamma|` over the last few differences (type II; Walker and Ni, SIAM J. Numer. Anal. 49,
//! 2011). The maps of this crate are holomorphic, so the coefficients are complex, which makes the
//! method a nonlinear GMRES. The least squares problem is solved through its Gram matrix, of which
//! only one row is new at each step.

use num_complex::Complex64;

/// Directions whose squared sine against the span of the others is below this carry no information
/// beyond rounding and are left out of the least squares problem.
const DEPENDENT: f64 = 1e-13;

/// History of differences, with room allocated once.
#[derive(Debug)]
pub(crate) struct Anderson {
    window: usize,
    steps: Vec<Vec<Complex64>>,
    residual_steps: Vec<Vec<Complex64>>,
    gram: Vec<Complex64>,
    previous: Vec<Complex64>,
    previous_residual: Vec<Complex64>,
    coefficients: Vec<Complex64>,
    factor: Vec<Complex64>,
    /// Number of valid columns, the slot of the next one, and whether `previous` is set.
    columns: usize,
    next: usize,
    started: bool,
}

impl Anderson {
    pub(crate) fn new(dimension: usize, window: usize) -> Self {
        let zero = Complex64::ZERO;
        Self {
            window,
            steps: vec![vec![zero; dimension]; window],
            residual_steps: vec![vec![zero; dimension]; window],
            gram: vec![zero; window * window],
            previous: vec![zero; dimension],
            previous_residual: vec![zero; dimension],
            coefficients: vec![zero; window],
            factor: vec![zero; window * window],
            columns: 0,
            next: 0,
            started: false,
        }
    }

    /// Forgets the history.
    pub(crate) fn restart(&mut self) {
        self.columns = 0;
        self.next = 0;
        self.started = false;
    }

    /// Replaces `x` by the accelerated iterate, given `residual = F(x) - x`, and returns the largest
    /// change.
    ///
    /// The first step after a restart is the half-averaged one, `x + f / 2`.
    pub(crate) fn advance(&mut self, x: &mut [Complex64], residual: &[Complex64]) -> f64 {
        if self.started && self.window > 0 {
            self.push(x, residual);
        }
        self.previous.copy_from_slice(x);
        self.previous_residual.copy_from_slice(residual);
        if !self.started {
            self.started = true;
            x.iter_mut().zip(residual).for_each(|(x, f)| *x += 0.5 * f);
            return self.change(x);
        }
        self.solve(residual);
        x.iter_mut().zip(residual).for_each(|(x, f)| *x += f);
        for column in 0..self.columns {
            let gamma = self.coefficients[column];
            if gamma != Complex64::ZERO {
                let differences = self.steps[column].iter().zip(&self.residual_steps[column]);
                x.iter_mut().zip(differences).for_each(|(x, (dx, df))| *x -= gamma * (dx + df));
            }
        }
        self.change(x)
    }

    /// Largest difference to the previous iterate.
    fn change(&self, x: &[Complex64]) -> f64 {
        x.iter().zip(&self.previous).fold(0.0f64, |m, (a, b)| m.max((a - b).norm_sqr())).sqrt()
    }

    /// Takes the last step back and makes the half-averaged one in its place; forgets the history.
    pub(crate) fn half_step(&mut self, x: &mut [Complex64], residual: &[Complex64]) -> f64 {
        for ((x, previous), f) in x.iter_mut().zip(&self.previous).zip(residual) {
            *x = previous + 0.5 * f;
        }
        let change = self.change(x);
        self.restart();
        change
    }

    fn push(&mut self, x: &[Complex64], residual: &[Complex64]) {
        let slot = self.next;
        self.next = (self.next + 1) % self.window;
        self.columns = (self.columns + 1).min(self.window);
        for (i, step) in self.steps[slot].iter_mut().enumerate() {
            *step = x[i] - self.previous[i];
        }
        for (i, step) in self.residual_steps[slot].iter_mut().enumerate() {
            *step = residual[i] - self.previous_residual[i];
        }
        for column in 0..self.columns {
            let product = inner(&self.residual_steps[column], &self.residual_steps[slot]);
            self.gram[column * self.window + slot] = product;
            self.gram[slot * self.window + column] = product.conj();
        }
    }

    /// Least squares coefficients by a diagonally pivoted Cholesky factorisation of the scaled
    /// Gram matrix, stopped at the numerical rank.
    fn solve(&mut self, residual: &[Complex64]) {
        let (m, w) = (self.columns, self.window);
        let zero = Complex64::ZERO;
        self.coefficients.fill(zero);
        let scale = |column: usize| self.gram[column * w + column].re.sqrt();
        let mut remaining = [0.0f64; MAX_WINDOW];
        let mut order = [0usize; MAX_WINDOW];
        let mut rhs = [zero; MAX_WINDOW];
        for column in 0..m {
            order[column] = column;
            remaining[column] = if scale(column) > 0.0 { 1.0 } else { 0.0 };
            if scale(column) > 0.0 {
                rhs[column] = inner(&self.residual_steps[column], residual) / scale(column);
            }
        }
        // factor[i * w + k] is entry (column i, step k) of the lower triangular factor.
        let mut rank = 0;
        while rank < m {
            let best = (rank..m).max_by(|&a, &b| remaining[order[a]].total_cmp(&remaining[order[b]]));
            let Some(best) = best.filter(|&b| remaining[order[b]] > DEPENDENT) else { break };
            order.swap(rank, best);
            let pivot = order[rank];
            let diagonal = remaining[pivot].sqrt();
            self.factor[pivot * w + rank] = diagonal.into();
            for &column in &order[rank + 1..m] {
                if remaining[column] == 0.0 {
                    self.factor[column * w + rank] = zero;
                    continue;
                }
                let mut entry = self.gram[column * w + pivot] / (scale(column) * scale(pivot));
                for k in 0..rank {
                    entry -= self.factor[column * w + k] * self.factor[pivot * w + k].conj();
                }
                entry /= diagonal;
                self.factor[column * w + rank] = entry;
                remaining[column] = (remaining[column] - entry.norm_sqr()).max(0.0);
            }
            rank += 1;
        }
        // Forward and back substitution with the leading `rank` pivots.
        for i in 0..rank {
            let row = order[i];
            let mut value = rhs[row];
            for k in 0..i {
                value -= self.factor[row * w + k] * rhs[order[k]];
            }
            rhs[row] = value / self.factor[row * w + i];
        }
        for i in (0..rank).rev() {
            let mut value = rhs[order[i]];
            for &later in &order[i + 1..rank] {
                value -= self.factor[later * w + i].conj() * rhs[later];
            }
            rhs[order[i]] = value / self.factor[order[i] * w + i];
        }
        for &column in &order[..rank] {
            self.coefficients[column] = rhs[column] / scale(column);
        }
    }
}

/// Largest window that the options allow.
pub(crate) const MAX_WINDOW: usize = 32;

/// Inner product `a^* b`.
fn inner(a: &[Complex64], b: &[Complex64]) -> Complex64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        re += a.re * b.re + a.im * b.im;
        im += a.re * b.im - a.im * b.re;
    }
    Complex64::new(re, im)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_map_is_solved_in_as_many_steps_as_it_has_eigenvalues() {
        let eigenvalues = [Complex64::new(0.9, 0.3), Complex64::new(-0.8, 0.1), Complex64::new(0.2, -0.7)];
        let mut x = vec![Complex64::ZERO; 3];
        let mut anderson = Anderson::new(3, 4);
        for _ in 0..5 {
            let residual: Vec<_> = x.iter().zip(eigenvalues).map(|(x, e)| e * x + 1.0 - x).collect();
            anderson.advance(&mut x, &residual);
        }
        for (x, eigenvalue) in x.iter().zip(eigenvalues) {
            assert!((x - 1.0 / (1.0 - eigenvalue)).norm() < 1e-10, "{x}");
        }
    }
}
