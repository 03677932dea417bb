//! Few nodes in place of many population eigenvalues.
//!
//! Along an eigenvalue all a trajectory consists of are smooth functions of `t`, polynomials without a preconditioner, and
//! what is needed of them are integrals against `t dH` and `t c_0 dH`. The Gauss rule of `t (1 + c_0) dH` integrates both: with
//! the orthonormal polynomials `p_k` a density `f` relative to it has the weights `w_j sum_k p_k(x_j) int p_k f`. How many nodes
//! are enough is measured on the method without feedback, of which all eigenvalues are cheap to follow.

use super::Atom;
use super::node::dot;
use crate::error::Result;
use crate::method::Method;
use crate::quadrature::Lanczos;

/// Relative error of the method without feedback that a rule may make at any step. What batches feed back multiplies it, by less
/// than a hundred in all cases that were compared.
const TOLERANCE: f64 = 1e-10;

/// Nodes of a first trial.
const FIRST_NODES: usize = 8;

/// Squares beyond this are not compared: descent has diverged.
const LARGEST: f64 = 1e200;

/// Fewer directions for these steps, if that is possible.
pub(super) fn compress(atoms: &[Atom], method: &Method, step_sizes: &[f64]) -> Result<Option<Vec<Atom>>> {
    if atoms.len() <= FIRST_NODES {
        return Ok(None);
    }
    let varying: Vec<&Atom> = atoms.iter().filter(|atom| atom.eigenvalue * atom.mass > 0.0).collect();
    let base = |atom: &Atom| atom.mass * atom.eigenvalue * (1.0 + atom.source);
    let follow = |atoms: &[Atom]| {
        let weighted = |atom: &Atom| {
            let weight = atom.mass * atom.eigenvalue;
            (atom.eigenvalue, [weight * atom.source, weight])
        };
        paths(&atoms.iter().map(weighted).collect::<Vec<_>>(), method, step_sizes)
    };
    let expected = follow(atoms);
    let mut lanczos = Lanczos::new(varying.iter().map(|atom| (atom.eigenvalue, base(atom))));
    let share: Vec<f64> = varying.iter().map(|atom| atom.source / (1.0 + atom.source)).collect();
    let mut size = FIRST_NODES;
    while size < varying.len() {
        lanczos.extend(size);
        let rule = lanczos.rule_with(&share)?;
        let few: Vec<Atom> = rule
            .into_iter()
            .map(|(t, [weight, source])| Atom {
                eigenvalue: t,
                mass: (weight - source) / t,
                source: source / (weight - source),
            })
            .collect();
        let sound = few.iter().all(|atom| atom.eigenvalue > 0.0 && atom.mass > 0.0 && atom.source >= 0.0);
        if sound && close(&follow(&few), &expected) {
            return Ok(Some(few));
        }
        if lanczos.exhausted() {
            break;
        }
        size += size / 4;
    }
    Ok(None)
}

/// Atoms with their weights, or fewer nodes for these steps.
pub(crate) fn rule(atoms: &[(f64, f64)], method: &Method, step_sizes: &[f64]) -> Result<Vec<(f64, f64)>> {
    let atoms: Vec<(f64, f64)> = atoms.iter().copied().filter(|&(_, weight)| weight > 0.0).collect();
    let follow = |atoms: &[(f64, f64)]| {
        paths(&atoms.iter().map(|&(t, w)| (t, [w, w])).collect::<Vec<_>>(), method, step_sizes)
    };
    let expected = follow(&atoms);
    let mut lanczos = Lanczos::new(atoms.iter().copied());
    let mut size = FIRST_NODES;
    while size < atoms.len() {
        lanczos.extend(size);
        let few = lanczos.rule()?;
        if lanczos.exhausted() || close(&follow(&few), &expected) {
            return Ok(few);
        }
        size += size / 4;
    }
    Ok(atoms)
}

/// Mean squares of the points where gradients are taken, by the initial error and by a kick in the first gradient, each with its
/// weight.
fn paths(atoms: &[(f64, [f64; 2])], method: &Method, step_sizes: &[f64]) -> Vec<[f64; 2]> {
    let steps = step_sizes.len();
    let mut states = vec![[method.initial(), vec![0.0; method.size()]]; atoms.len()];
    let mut sums = Vec::with_capacity(steps);
    for (s, &step_size) in step_sizes.iter().enumerate() {
        let query = method.query(s);
        let shared = method.preconditioner().is_none().then(|| method.linear(s, steps, step_size, 1.0));
        let mut sum = [0.0; 2];
        for (&(t, weights), states) in atoms.iter().zip(&mut states) {
            let own = shared.is_none().then(|| method.linear(s, steps, step_size, t));
            let Some(linear) = shared.as_ref().or(own.as_ref()) else { continue };
            for ((state, sum), weight) in states.iter_mut().zip(&mut sum).zip(weights) {
                let value = dot(&query, state);
                *sum += weight * value * value;
                linear.step(state, t * value);
            }
            if s == 0 {
                states[1].copy_from_slice(&linear.gain);
            }
        }
        if sum.iter().any(|sum| *sum > LARGEST || sum.is_nan()) {
            break;
        }
        sums.push(sum);
    }
    sums
}

fn close(found: &[[f64; 2]], expected: &[[f64; 2]]) -> bool {
    let scale = |part: usize| expected.iter().fold(0.0f64, |m, sums| m.max(sums[part]));
    let scales = [scale(0), scale(1)];
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, exact)| {
            (0..2).all(|part| {
                let error = (found[part] - exact[part]).abs();
                error <= TOLERANCE * exact[part] + 4.0 * f64::EPSILON * scales[part]
            })
        })
}
