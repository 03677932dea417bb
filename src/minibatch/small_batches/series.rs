//! The equation of an epoch as a power series at infinity, and the moments that it gives: they owe nothing to a solve.

use nalgebra::{DMatrix, DVector};

use super::epoch_kernel::{EpochKernel, sign};

/// Powers of `1 / zeta`, from 0 on, that four moments take.
const TERMS: usize = 6;

/// Most rounds.
const ROUNDS: usize = 500;

type Matrix = DMatrix<f64>;

/// Coefficients by increasing powers of `1 / zeta`.
#[derive(Debug, Clone)]
struct Series {
    terms: Vec<Matrix>,
}

impl Series {
    fn constant(matrix: &Matrix) -> Self {
        let zero = Matrix::zeros(matrix.nrows(), matrix.ncols());
        let terms = (0..TERMS).map(|k| if k == 0 { matrix.clone() } else { zero.clone() });
        Self { terms: terms.collect() }
    }

    fn plus(&self, other: &Self) -> Self {
        Self { terms: self.terms.iter().zip(&other.terms).map(|(a, b)| a + b).collect() }
    }

    fn scaled(&self, factor: f64) -> Self {
        Self { terms: self.terms.iter().map(|term| term * factor).collect() }
    }

    fn transposed(&self) -> Self {
        Self { terms: self.terms.iter().map(Matrix::transpose).collect() }
    }

    fn times(&self, other: &Self) -> Self {
        let term = |k: usize| {
            let products = (0..=k).map(|i| &self.terms[i] * &other.terms[k - i]);
            products.reduce(|sum, product| sum + product).unwrap_or_default()
        };
        Self { terms: (0..TERMS).map(term).collect() }
    }

    /// The product with `1 / zeta`.
    fn shifted(&self) -> Self {
        let zero = &self.terms[0] * 0.0;
        Self { terms: std::iter::once(zero).chain(self.terms[..TERMS - 1].iter().cloned()).collect() }
    }

    /// `(1 - x)^{-1} - 1` for a series that begins with the power 1: `y = x + x y`.
    fn resolvent(&self) -> Self {
        let mut sum = self.clone();
        for _ in 1..TERMS {
            sum = self.plus(&self.times(&sum));
        }
        sum
    }
}

/// Moments `m_0, ..., m_4` of `P - 1`.
pub(super) fn moments(equation: &EpochKernel) -> Vec<f64> {
    let n = equation.size;
    let signs = Series::constant(&Matrix::from_diagonal(&DVector::from_fn(n, |k, _| sign(k))));
    let mut kernel = Series::constant(&Matrix::zeros(n, n));
    let mut moments = vec![0.0; TERMS - 1];
    // Within an epoch responses come one after the other, so that the rounds end quickly.
    for _ in 0..ROUNDS {
        let before = moments.clone();
        let mut mean = Series::constant(&Matrix::zeros(n, n));
        moments.fill(0.0);
        for along in &equation.along {
            let v = Series::constant(&Matrix::from_column_slice(n, 1, &along.decay));
            let within = Series::constant(&Matrix::from_row_slice(n, n, &along.within));
            // A - 1.
            let answer = within.times(&kernel).scaled(along.rate).resolvent();
            let r = v.plus(&answer.times(&v));
            let shift = Series::constant(&Matrix::from_element(1, 1, (-along.rate).exp_m1()));
            let fed = v.transposed().times(&kernel).times(&r).scaled(along.rate).plus(&shift);
            // G_t = u / (1 - u (e^{-a t} - 1 + a t v^T K r)), u = 1 / zeta.
            let one = Series::constant(&Matrix::identity(1, 1));
            let cauchy = one.plus(&fed.shifted().resolvent()).shifted();
            let pole = r.times(&cauchy).times(&r.transposed());
            mean = mean.plus(&answer.times(&within).plus(&pole).scaled(along.mass * along.t));
            for (moment, term) in moments.iter_mut().zip(&cauchy.terms[1..]) {
                *moment += along.mass * term[(0, 0)];
            }
        }
        let h = signs.times(&mean).times(&signs).scaled(equation.feedback);
        kernel = h.plus(&h.times(&signs).scaled(-1.0).resolvent().times(&h));
        if moments == before {
            break;
        }
    }
    moments
}
