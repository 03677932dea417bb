//! Self-adjoint polynomials evaluated at symmetric matrices.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::dense;
use super::eigenvalues::{hermitian_eigenvalues, symmetric_eigenvalues};
use crate::error::{Error, Result};
use crate::polynomial::{Polynomial, Variable};

/// Longest words; each letter is a level of recursion.
const LONGEST: usize = 256;

/// A word, with variables as positions in [`Polynomial::occurring`], and its coefficient.
type Term = (Vec<usize>, f64);

/// A polynomial `P = H + H^*`, as `H = A + i B` with real coefficients.
///
/// Of a word and its adjoint only the first goes into `H`, and half of a word that is its own adjoint:
/// this saves half of the products, and makes the matrix Hermitian to the last bit. The matrices being
/// real and symmetric, `P = (A + A^T) + i (B - B^T)`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HalfPolynomial {
    /// `A`, sorted by words.
    real: Vec<Term>,
    /// `B`, sorted by words.
    imaginary: Vec<Term>,
}

impl HalfPolynomial {
    /// # Errors
    /// [`Error::NotSelfAdjoint`], or [`Error::InvalidArgument`] for a degree above 256.
    pub fn new(polynomial: &Polynomial) -> Result<Self> {
        polynomial.check_self_adjoint()?;
        if polynomial.degree() > LONGEST {
            return Err(Error::argument("degree", polynomial.degree(), format!("at most {LONGEST}")));
        }
        let variables = polynomial.occurring();
        let position = |variable: &Variable| variables.partition_point(|other| other < variable);
        let mut half = Self { real: Vec::new(), imaginary: Vec::new() };
        for (word, coefficient) in polynomial.terms() {
            let (re, im) = match word.iter().cmp(word.iter().rev()) {
                std::cmp::Ordering::Less => (coefficient.re, coefficient.im),
                std::cmp::Ordering::Equal => (0.5 * coefficient.re, 0.0),
                std::cmp::Ordering::Greater => (0.0, 0.0),
            };
            for (terms, coefficient) in [(&mut half.real, re), (&mut half.imaginary, im)] {
                if coefficient != 0.0 {
                    terms.push((word.iter().map(position).collect(), coefficient));
                }
            }
        }
        Ok(half)
    }

    /// Eigenvalues of the polynomial at symmetric `size x size` matrices, one for each variable, in
    /// increasing order.
    ///
    /// # Errors
    /// [`Error::Eigenvalues`] if the polynomial overflows.
    pub fn eigenvalues(&self, size: usize, matrices: Vec<DMatrix<f64>>) -> Result<Vec<f64>> {
        let a = evaluate(&self.real, 0, size, &matrices);
        if self.imaginary.is_empty() {
            drop(matrices);
            let symmetric = DMatrix::from_fn(size, size, |i, j| a[(i, j)] + a[(j, i)]);
            drop(a);
            return symmetric_eigenvalues(&symmetric);
        }
        let b = evaluate(&self.imaginary, 0, size, &matrices);
        drop(matrices);
        let hermitian =
            DMatrix::from_fn(size, size, |i, j| Complex64::new(a[(i, j)] + a[(j, i)], b[(i, j)] - b[(j, i)]));
        drop((a, b));
        hermitian_eigenvalues(&hermitian)
    }

    /// Most real matrices at a time in [`HalfPolynomial::eigenvalues`], scratch and those of the
    /// `variables` included.
    pub fn matrices(&self, variables: usize) -> usize {
        let real = variables + intermediates(&self.real, 0);
        if self.imaginary.is_empty() {
            real.max(2)
        } else {
            real.max(variables + 1 + intermediates(&self.imaginary, 0)).max(4)
        }
    }
}

/// The words shorter than `depth + 1`, of which there is one at most, and the others by the letter
/// that follows at `depth`.
fn branches(terms: &[Term], depth: usize) -> (Option<f64>, impl Iterator<Item = &[Term]>) {
    let (ended, longer) = match terms {
        [(word, coefficient), longer @ ..] if word.len() == depth => (Some(*coefficient), longer),
        _ => (None, terms),
    };
    (ended, longer.chunk_by(move |(a, _), (b, _)| a[depth] == b[depth]))
}

/// The sum of the terms, whose first `depth` letters agree and are left out.
///
/// Horner's scheme over the tree of words, `c + sum_v v (rest of the words that go on with v)`: a product
/// for each prefix that is longer than nothing and goes on.
fn evaluate(terms: &[Term], depth: usize, size: usize, matrices: &[DMatrix<f64>]) -> DMatrix<f64> {
    let (constant, branches) = branches(terms, depth);
    // Allocated late: a chain of factors then needs two matrices, however long it is.
    let mut sum = None;
    let zeros = || DMatrix::zeros(size, size);
    for branch in branches {
        let matrix = &matrices[branch[0].0[depth]];
        match branch {
            [(word, coefficient)] if word.len() == depth + 1 => {
                let sum = sum.get_or_insert_with(zeros);
                sum.zip_apply(matrix, |entry, x| *entry += coefficient * x);
            }
            _ => {
                let rest = evaluate(branch, depth + 1, size, matrices);
                let sum = sum.get_or_insert_with(zeros);
                dense::add_product(sum, 1.0, dense::view(matrix), dense::view(&rest));
            }
        }
    }
    let mut sum = sum.unwrap_or_else(zeros);
    if let Some(constant) = constant {
        (0..size).for_each(|i| sum[(i, i)] += constant);
    }
    sum
}

/// Most matrices at a time in [`evaluate`].
fn intermediates(terms: &[Term], depth: usize) -> usize {
    let (mut most, mut held) = (1, 0);
    for branch in branches(terms, depth).1 {
        if branch.len() > 1 || branch[0].0.len() > depth + 1 {
            most = most.max(held + intermediates(branch, depth + 1)).max(2);
        }
        held = 1;
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrices(size: usize) -> Vec<DMatrix<f64>> {
        (1..=2).map(|k| DMatrix::from_fn(size, size, |i, j| ((k * (i * j + i + j)) as f64).sin())).collect()
    }

    #[test]
    fn plain_products_give_the_same_matrix() {
        let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
        let i = Complex64::I;
        let polynomial = &x * &y * &x * 2.0 + &x * &y + &y * &x - y.pow(3)
            + i * (x.pow(2) * &y - &y * x.pow(2))
            + i * (&x * &y - &y * &x)
            + &x * 0.5
            + 3.0;
        let m = matrices(6);
        let found = HalfPolynomial::new(&polynomial).unwrap().eigenvalues(6, m.clone()).unwrap();
        let [x, y] = [0, 1].map(|k| m[k].map(Complex64::from));
        let exact = &x * &y * &x * Complex64::from(2.0) + &x * &y + &y * &x - &y * &y * &y
            + (&x * &x * &y - &y * &x * &x) * i
            + (&x * &y - &y * &x) * i
            + &x * Complex64::from(0.5)
            + DMatrix::identity(6, 6) * Complex64::from(3.0);
        let mut exact = exact.symmetric_eigenvalues().as_slice().to_vec();
        exact.sort_by(f64::total_cmp);
        for (found, exact) in found.iter().zip(exact) {
            assert!((found - exact).abs() < 1e-12, "{found} against {exact}");
        }
    }

    #[test]
    fn constants_need_no_matrices() {
        let half = HalfPolynomial::new(&Polynomial::constant(-2.5)).unwrap();
        assert_eq!(half.eigenvalues(3, Vec::new()).unwrap(), [-2.5; 3]);
        let zero = HalfPolynomial::new(&Polynomial::default()).unwrap();
        assert_eq!(zero.eigenvalues(2, Vec::new()).unwrap(), [0.0; 2]);
    }

    #[test]
    fn matrices_are_counted() {
        let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
        let count = |p: Polynomial| HalfPolynomial::new(&p).unwrap().matrices(p.occurring().len());
        assert_eq!(count(&x + &y), 3);
        assert_eq!(count(&x * &y + &y * &x), 4);
        assert_eq!(count(x.pow(7)), 3);
        assert_eq!(count(Complex64::I * (&x * &y - &y * &x)), 5);
    }

    #[test]
    fn what_has_no_real_spectrum_is_refused() {
        let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
        assert!(matches!(HalfPolynomial::new(&(&x * &y)), Err(Error::NotSelfAdjoint { .. })));
        assert!(matches!(HalfPolynomial::new(&x.pow(257)), Err(Error::InvalidArgument { .. })));
        let huge = HalfPolynomial::new(&(&x * &y * &x * 1e200)).unwrap();
        let large = vec![DMatrix::from_element(2, 2, 1e100); 2];
        assert!(matches!(huge.eigenvalues(2, large), Err(Error::Eigenvalues { size: 2, .. })));
    }
}
