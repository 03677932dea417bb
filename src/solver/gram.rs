//! Averages of the resolvent of a pencil over many eigenvalues,
//!
//! ```text
//! g = sum_j m_j t_j (Lambda - t_j R)^-1,
//! ```
//!
//! without one inverse for each. The average is `f(Lambda^-1 R) Lambda^-1` with `f(m) = sum_j m_j t_j / (1 - t_j m)`.
//! A Gauss rule of the measure `sum_j m_j delta(t_j)` stands for it wherever the zeros `s` of
//! `det(Lambda - s R)` are away from the interval of the `t_j`: its error at `s` falls like `rho^(-2 K)` for `K` nodes,
//! `rho` the parameter of the ellipse about the interval that `s` is on (Golub and Meurant, Matrices, Moments and
//! Quadrature, 2010, chapter 3). For the few zeros that are near, the difference between the measure and the rule is
//! added: with `Lambda x = s R x`,
//!
//! ```text
//! (Lambda - t R)^-1 = sum over zeros of x x^T / ((s - t) x^T R x).
//! ```
//!
//! So close to the axis all the `t_j` count, and only there. Where two near zeros are so close that their vectors are
//! not told apart, the sum is taken as it stands.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::inverse::SplitMatrix;
use crate::error::Result;
use crate::population::Atom;
use crate::quadrature::Lanczos;

/// Nodes of the Gauss rule.
const NODES: usize = 24;

/// Eigenvalues up to which the rule is not worth its overhead.
const FEW: usize = 2 * NODES;

/// Logarithm of an error of the rule, relative, that is below rounding.
const NEGLIGIBLE: f64 = 37.0;

/// Where the zeros are computed from, below 0, in units of the largest eigenvalue, and eigenvalues of the shifted
/// inverse, in units of its shift, that belong to zeros far away.
const SHIFT: f64 = 0.37;
const INFINITE: f64 = 1e-3;

/// Steps of the inverse iteration for the vector of a near zero, and how far beside the zero it is shifted.
const STEPS: usize = 3;
const BESIDE: f64 = 1e-7;

/// Condition number of a near zero from which on the sum is taken as it stands.
const ILL_CONDITIONED: f64 = 1e3;

/// A measure of eigenvalues with a Gauss rule that stands for it.
#[derive(Debug, Clone)]
pub(super) struct GramAverage {
    atoms: Vec<Atom>,
    /// Empty if there are few atoms.
    rule: Vec<Atom>,
}

/// `Lambda(z)` and `R` of one block, and what it takes to invert them.
pub(super) struct BlockPencil<'a> {
    pub(super) constant: &'a SplitMatrix,
    pub(super) medium: &'a SplitMatrix,
    /// Rows on which `R` does not vanish.
    pub(super) reached: &'a [usize],
    /// Factors that make the rows of the resolvent comparable.
    pub(super) scales: &'a [f64],
}

impl BlockPencil<'_> {
    /// `(Lambda - t R)^-1`.
    fn resolvent(&self, t: Complex64, target: &mut SplitMatrix) -> bool {
        for (at, (re, im)) in self.medium.re.iter().zip(&self.medium.im).enumerate() {
            target.re[at] = self.constant.re[at] - (t.re * re - t.im * im);
            target.im[at] = self.constant.im[at] - (t.re * im + t.im * re);
        }
        target.invert_symmetric(self.scales)
    }

    /// The zeros of `det(Lambda - s R)`, from the eigenvalues `1 / (s - shift)` of `(Lambda - shift R)^-1 R`; those at
    /// infinity are left out.
    fn zeros(&self, shift: f64, room: &mut SplitMatrix) -> Option<Vec<Complex64>> {
        if !self.resolvent(shift.into(), room) {
            return None;
        }
        let n = self.reached.len();
        let part = |matrix: &SplitMatrix| {
            DMatrix::from_fn(n, n, |i, j| matrix.get(self.reached[i], self.reached[j]))
        };
        let product = part(room) * part(self.medium);
        let schur = nalgebra::linalg::Schur::try_new(product, f64::EPSILON, 100 * n)?;
        let inverses = schur.eigenvalues()?;
        let finite = inverses.iter().filter(|inverse| inverse.norm() * shift.abs() > INFINITE);
        Some(finite.map(|inverse| shift + inverse.inv()).collect())
    }

    /// The zero near `zero` with its vector `x`, normalised to `x^T R x = 1`; none if it is ill-conditioned.
    fn zero(&self, zero: Complex64, room: &mut SplitMatrix) -> Option<(Complex64, Vec<Complex64>)> {
        if !self.resolvent(zero * (1.0 + BESIDE), room) {
            return None;
        }
        let n = room.size();
        let apply = |matrix: &SplitMatrix, x: &[Complex64]| -> Vec<Complex64> {
            (0..n).map(|i| (0..n).map(|j| matrix.get(i, j) * x[j]).sum()).collect()
        };
        let form = |matrix: &SplitMatrix, x: &[Complex64]| -> Complex64 {
            apply(matrix, x).iter().zip(x).map(|(a, b)| a * b).sum()
        };
        // Any start that is no eigenvector.
        let mut x: Vec<Complex64> = (0..n).map(|i| Complex64::from_polar(1.0, (i * i) as f64)).collect();
        for _ in 0..STEPS {
            x = apply(room, &apply(self.medium, &x));
            let largest = x.iter().fold(0.0f64, |m, entry| m.max(entry.norm()));
            x.iter_mut().for_each(|entry| *entry /= largest);
        }
        let weight = form(self.medium, &x);
        let size: f64 = {
            let image = apply(self.medium, &x);
            let [image, x] = [&image, &x].map(|v| v.iter().map(|entry| entry.norm_sqr()).sum::<f64>().sqrt());
            image * x
        };
        if size.is_nan() || weight.is_nan() || size > ILL_CONDITIONED * weight.norm() {
            return None;
        }
        let zero = form(self.constant, &x) / weight;
        let root = weight.sqrt();
        x.iter_mut().for_each(|entry| *entry /= root);
        Some((zero, x))
    }
}

impl GramAverage {
    /// # Errors
    /// [`Error::Eigenvalues`](crate::Error::Eigenvalues) if the rule is not found.
    pub(super) fn new(atoms: Vec<Atom>) -> Result<Self> {
        if atoms.len() <= FEW {
            return Ok(Self { atoms, rule: Vec::new() });
        }
        let mut lanczos = Lanczos::new(atoms.iter().map(|atom| (atom.location, atom.mass)));
        lanczos.extend(NODES);
        let rule = lanczos.rule()?.into_iter().map(|(location, mass)| Atom { location, mass }).collect();
        Ok(Self { atoms, rule })
    }

    /// The same if there are so many atoms that the rule is worth its overhead.
    pub(super) fn for_many(atoms: &[Atom]) -> Result<Option<Self>> {
        let positive: Vec<Atom> = atoms.iter().copied().filter(|atom| atom.location > 0.0).collect();
        let whole = positive.len() == atoms.len() && positive.len() > FEW;
        if whole { Self::new(positive).map(Some) } else { Ok(None) }
    }

    /// Fills `average` with `g` and returns the root entry of `sum_j m_j (Lambda - t_j R)^-1`; none if a matrix is
    /// singular.
    pub(super) fn evaluate(
        &self,
        block: &BlockPencil<'_>,
        room: &mut SplitMatrix,
        average: &mut SplitMatrix,
    ) -> Option<Complex64> {
        if self.rule.is_empty() {
            return sum(&self.atoms, block, room, average);
        }
        // Outside of the interval, where the matrix is regular even if the root vanishes.
        let shift = -SHIFT * self.atoms[self.atoms.len() - 1].location;
        let near = block.zeros(shift, room).and_then(|zeros| {
            let near = zeros.into_iter().filter(|&zero| self.is_near(zero));
            near.map(|zero| block.zero(zero, room)).collect::<Option<Vec<_>>>()
        });
        let Some(near) = near else { return sum(&self.atoms, block, room, average) };
        let mut root = sum(&self.rule, block, room, average)?;
        for (zero, x) in near {
            let [mut plain, mut weighted] = [Complex64::ZERO; 2];
            for (atoms, sign) in [(&self.atoms, 1.0), (&self.rule, -1.0)] {
                for &Atom { location, mass } in atoms {
                    let term = sign * mass * (zero - location).inv();
                    plain += term;
                    weighted += location * term;
                }
            }
            root += plain * x[0] * x[0];
            for (i, row) in x.iter().enumerate() {
                for (j, column) in x.iter().enumerate() {
                    let entry = average.get(i, j) + weighted * row * column;
                    average.set(i, j, entry);
                }
            }
        }
        Some(root)
    }

    /// Whether the rule is not good enough for a zero.
    fn is_near(&self, zero: Complex64) -> bool {
        let (low, high) = (self.atoms[0].location, self.atoms[self.atoms.len() - 1].location);
        let local = (zero - 0.5 * (low + high)) / (0.5 * (high - low));
        let image = local + (local * local - 1.0).sqrt();
        2.0 * NODES as f64 * image.norm().ln().abs() < NEGLIGIBLE
    }
}

/// The sum over the atoms of a measure.
fn sum(
    atoms: &[Atom],
    block: &BlockPencil<'_>,
    room: &mut SplitMatrix,
    average: &mut SplitMatrix,
) -> Option<Complex64> {
    let mut root = Complex64::ZERO;
    average.fill_zero();
    for &Atom { location, mass } in atoms {
        if !block.resolvent(location.into(), room) {
            return None;
        }
        root += mass * room.get(0, 0);
        average.add_scaled(mass * location, room);
    }
    Some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_with_its_corrections_is_the_sum() {
        let atoms: Vec<Atom> = (0..300)
            .map(|j| Atom { location: 0.05 + 0.01 * f64::from(j) + 0.003 * f64::from(j * j % 7), mass: 1e-3 })
            .collect();
        let full = GramAverage::new(atoms).unwrap();
        let direct = GramAverage { rule: Vec::new(), ..full.clone() };
        // Zeros of det(Lambda - s R): one at a stated height above the atoms, others far and nearly defective.
        for height in [3.0, 0.3, 1e-2, 1e-4] {
            let n = 4;
            let [mut constant, mut medium] = [SplitMatrix::zeros(n), SplitMatrix::zeros(n)];
            constant.set(0, 0, Complex64::new(1.3, height));
            medium.set(0, 0, Complex64::ONE);
            for (i, j, entry) in [(1, 2, 1.0), (3, 3, 1.0)] {
                constant.set(i, j, entry.into());
                constant.set(j, i, entry.into());
            }
            for (i, j, entry) in [(1, 1, 0.3), (0, 1, 0.2), (2, 2, 1e-13), (2, 3, 0.1)] {
                medium.set(i, j, Complex64::new(entry, -0.1 * entry));
                medium.set(j, i, Complex64::new(entry, -0.1 * entry));
            }
            let block = BlockPencil {
                constant: &constant,
                medium: &medium,
                reached: &[0, 1, 2, 3],
                scales: &[1.0; 4],
            };
            let [mut room, mut fast, mut slow] = std::array::from_fn(|_| SplitMatrix::zeros(n));
            let found = full.evaluate(&block, &mut room, &mut fast).unwrap();
            let exact = direct.evaluate(&block, &mut room, &mut slow).unwrap();
            assert!((found - exact).norm() < 1e-12 * exact.norm(), "{height}: {found} {exact}");
            let largest = slow.re.iter().chain(&slow.im).fold(0.0f64, |m, x| m.max(x.abs()));
            for (a, b) in fast.re.iter().chain(&fast.im).zip(slow.re.iter().chain(&slow.im)) {
                assert!((a - b).abs() < 1e-12 * largest, "{height}: {a} {b}");
            }
        }
    }
}
