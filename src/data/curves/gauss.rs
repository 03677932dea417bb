//! Few nodes that stand for a measure of many atoms.
//!
//! Along an eigenvalue `t` all a curve consists of are polynomials in `t`, of a degree that is formally the
//! number of steps and in effect about its square root, because descent contracts. A Gauss rule of
//! the measure with `m` nodes is exact to degree `2 m - 1`. How many are needed is measured on plain
//! gradient descent with the same steps, of which both sides are known.
//!
//! The powers along the way do not span all polynomials of their degree: to an accuracy `epsilon` sums of exponentials
//! on `[a, b]` need about `log(1 / epsilon) log(8 b / a) / pi^2` terms, for any number of steps. [`condense`] finds a rule
//! with as few nodes. It projects the multiplication by `t` to the main directions of the states of descent, and errs by
//! the square of what it leaves out of them, like every Galerkin method (proper orthogonal decomposition;
//! for the number of terms see Braess and Hackbusch, IMA J. Numer. Anal. 25, 2005).

use nalgebra::{DMatrix, DVector};

use crate::error::Result;
use crate::finite::eigenvalues::symmetric_eigen;
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
        if lanczos.exhausted() || close(&mean_squares(&rule, steps), &expected) {
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

/// A rule with fewer nodes for all products of states of descent, over leading and over last steps, where there is one.
/// Costs a multiplication for each step and pair of nodes.
pub(super) fn condense(rule: Vec<Weighted>, steps: &[f64]) -> Result<Vec<Weighted>> {
    let reversed: Vec<f64> = steps.iter().rev().copied().collect();
    let directions = [steps, &reversed[..if steps == reversed { 0 } else { steps.len() }]];
    let expected = directions.map(|steps| mean_squares(&rule, steps));
    let eigenvalues = DVector::from_iterator(rule.len(), rule.iter().map(|&(t, _)| t));
    let start = DVector::from_iterator(rule.len(), rule.iter().map(|&(_, weight)| weight.sqrt()));
    let mut gram = DMatrix::zeros(rule.len(), rule.len());
    for (steps, expected) in directions.into_iter().zip(&expected) {
        let mut state = start.clone();
        for (step, square) in steps.iter().zip(expected) {
            // States that grow are to be as exact as the others, relatively.
            gram.ger(square.max(expected[0]).recip(), &state, &state, 1.0);
            state.zip_apply(&eigenvalues, |entry, t| *entry *= 1.0 - step * t);
        }
    }
    let (_, directions_of_states) = symmetric_eigen(&gram)?;
    for size in (FIRST_NODES..rule.len()).step_by(2) {
        let basis = directions_of_states.columns(rule.len() - size, size);
        let scaled = DMatrix::from_diagonal(&eigenvalues) * basis;
        let (nodes, vectors) = symmetric_eigen(&(basis.transpose() * scaled))?;
        let weights = vectors.transpose() * (basis.transpose() * &start);
        let few: Vec<Weighted> = nodes.into_iter().zip(weights.iter().map(|entry| entry * entry)).collect();
        let mut found = directions.iter().map(|steps| mean_squares(&few, steps));
        if expected.iter().all(|expected| found.next().is_some_and(|found| close(&found, expected))) {
            return Ok(few);
        }
    }
    Ok(rule)
}

fn close(found: &[f64], expected: &[f64]) -> bool {
    // The second term is the rounding of the sums.
    let within = |(found, exact): (&f64, &f64)| {
        (found - exact).abs() <= TOLERANCE * exact + 4.0 * f64::EPSILON * expected[0]
    };
    found.iter().zip(expected).all(within)
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

    /// As few nodes as sums of exponentials have terms, for products of states over steps that they were not made from; and
    /// for steps that change on the way, and that diverge.
    #[test]
    fn few_nodes_for_products_of_states() {
        let atoms: Vec<Weighted> = gauss_legendre(1000).into_iter().map(|(x, w)| (1.05 + x, w)).collect();
        let warm = [vec![0.1; 300], vec![0.7; 300], vec![0.02; 600]].concat();
        for (steps, most) in [(vec![0.5; 1200], 22), (warm, 28), (vec![1.1; 300], 40)] {
            let gauss = compress(&atoms, &steps).unwrap();
            let few = condense(gauss.clone(), &steps).unwrap();
            assert!(few.len() <= most && few.len() < gauss.len(), "{} of {}", few.len(), gauss.len());
            for [start, end] in [[0, 100], [17, 290], [310, 590], [200, 400], [610, 1190], [5, 1190]] {
                for [from, to] in [[0, 0], [0, 40], [250, 300], [590, 620]] {
                    let steps = [start..end, from..to].map(|range| steps.get(range).unwrap_or(&[]));
                    let mean = |atoms: &[Weighted]| -> f64 {
                        let state =
                            |t: f64| steps.into_iter().flatten().map(|step| 1.0 - step * t).product::<f64>();
                        atoms.iter().map(|&(t, weight)| weight * state(t)).sum()
                    };
                    let (found, exact) = (mean(&few), mean(&atoms));
                    assert!(
                        (found - exact).abs() < 1e-12 * exact.abs().max(2.0),
                        "{start}, {from}: {found}, {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn nodes_grow_like_the_root_of_the_steps() {
        let atoms: Vec<Weighted> = gauss_legendre(1000).into_iter().map(|(x, w)| (1.0 + x, w)).collect();
        let sizes = [100, 1600].map(|steps| compress(&atoms, &vec![0.4; steps]).unwrap().len());
        assert!(sizes[0] < 50 && sizes[1] < 5 * sizes[0] && sizes[1] > 2 * sizes[0], "{sizes:?}");
    }
}
