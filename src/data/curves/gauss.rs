//! Few nodes that stand for a measure of many atoms.
//!
//! Along an eigenvalue `t` all a curve consists of are polynomials in `t`, of a degree that is formally the
//! number of steps and in effect about its square root, because descent contracts. A Gauss rule of
//! the measure with `m` nodes is exact to degree `2 m - 1`. How many are needed is measured on plain
//! gradient descent with the same steps, of which both sides are known.

use crate::error::Result;
use crate::quadrature::Lanczos;

/// Relative error of plain gradient descent that a rule may make at any step.
const TOLERANCE: f64 = 1e-12;

/// Squares beyond this are not compared: descent has diverged.
const LARGEST: f64 = 1e200;

/// Nodes of a first trial.
const FIRST_NODES: usize = 6;

/// A node with its weight.
pub(super) type Weighted = (f64, f64);

/// The atoms themselves, or fewer nodes with which gradient descent of these steps has the same mean
/// square `sum_i w_i prod_s (1 - alpha_s t_i)^2` after every step.
pub(super) fn compress(atoms: &[Weighted], steps: &[f64]) -> Result<Vec<Weighted>> {
    let atoms: Vec<Weighted> = atoms.iter().copied().filter(|&(_, weight)| weight > 0.0).collect();
    let expected = mean_squares(&atoms, steps);
    let most = atoms.len().min(steps.len() + 1);
    let mut lanczos = Lanczos::new(atoms.iter().copied());
    let mut size = FIRST_NODES;
    while size < most {
        lanczos.extend(size);
        let rule = lanczos.rule()?;
        let found = mean_squares(&rule, steps);
        // The second term is the rounding of the sums.
        let close = |(found, exact): (&f64, &f64)| {
            (found - exact).abs() <= TOLERANCE * exact + 4.0 * f64::EPSILON * expected[0]
        };
        if lanczos.exhausted() || found.iter().zip(&expected).all(close) {
            return Ok(rule);
        }
        size += (size / 4).max(2);
    }
    if most == atoms.len() {
        return Ok(atoms);
    }
    lanczos.extend(most);
    lanczos.rule()
}

/// Mean square after every step, the start included, as far as it is below [`LARGEST`].
fn mean_squares(atoms: &[Weighted], steps: &[f64]) -> Vec<f64> {
    let mut squares: Vec<f64> = atoms.iter().map(|&(_, weight)| weight).collect();
    let mut sums = vec![squares.iter().sum()];
    for step in steps {
        squares.iter_mut().zip(atoms).for_each(|(square, (t, _))| *square *= (1.0 - step * t).powi(2));
        let sum: f64 = squares.iter().sum();
        if sum > LARGEST {
            break;
        }
        sums.push(sum);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quadrature::gauss_legendre;

    #[test]
    fn repeated_and_few_atoms_end_the_process() {
        let atoms: Vec<Weighted> = (0..40).map(|i| (f64::from(i % 3), 0.5)).collect();
        let rule = compress(&atoms, &[0.1; 100]).unwrap();
        let total: f64 = rule.iter().map(|&(t, w)| w * t * t).sum();
        assert!(rule.len() <= 6 && (total - 13.0 * 0.5 * 5.0).abs() < 1e-12, "{rule:?}");
        assert!(compress(&[], &[0.1]).unwrap().is_empty());
        assert_eq!(compress(&[(2.0, 1.0)], &[0.1; 50]).unwrap(), [(2.0, 1.0)]);
    }

    #[test]
    fn nodes_grow_like_the_root_of_the_steps() {
        let atoms: Vec<Weighted> = gauss_legendre(1000).into_iter().map(|(x, w)| (1.0 + x, w)).collect();
        let sizes = [100, 1600].map(|steps| compress(&atoms, &vec![0.4; steps]).unwrap().len());
        assert!(sizes[0] < 50 && sizes[1] < 5 * sizes[0] && sizes[1] > 2 * sizes[0], "{sizes:?}");
    }
}
