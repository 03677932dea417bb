//! From one split of the rows to the next.
//!
//! A split that is drawn anew does not know of the past: given the residual at that moment, the next steps are
//! those of a fixed partition that starts from it. The medium of the nodes therefore lives as long as a
//! split does, and all that goes on is the mean square of the residual along every eigenvalue.

use super::conditional::{Conditional, Move};
use super::gauss::{Weighted, compress, condense};
use super::panel::{Node, Panels};
use crate::data::Dataset;
use crate::data::dataset::Target;
use crate::error::Result;
use crate::minibatch::trajectory::pass::forward;

/// Eigenvalues below this, relatively to the largest, can be left out of averages with a factor `t`.
const NEGLIGIBLE: f64 = 1e-9;

/// The measures of a data set, as few nodes.
pub(super) struct Nodes {
    /// `(1/n) sum_i t_i delta(t_i)` over the eigenvalues of `X X^T / n`: all averages over them have a factor
    /// `t`.
    counting: Vec<Weighted>,
    /// `(1/n) sum_i (u_i^T y)^2 delta(t_i)`, the kernel at 0 included.
    target: Vec<Weighted>,
}

impl Nodes {
    /// Nodes that are enough for steps of these sizes, on splits that last for `lifetime` of them.
    pub(super) fn new(data: &Dataset, target: &Target, step_sizes: &[f64], lifetime: usize) -> Result<Self> {
        let n = data.rows() as f64;
        let eigenvalues = || data.eigenvalues().iter();
        let counting: Vec<_> = eigenvalues().map(|&t| (t, t / n)).collect();
        let squares: Vec<_> = eigenvalues().zip(&target.squares).map(|(&t, q)| (t, q / n)).collect();
        let mut target_nodes = compress(&squares, step_sizes)?;
        target_nodes.push((0.0, target.kernel / n));
        let mut counting = compress(&counting, step_sizes)?;
        // A node costs the square of the lifetime, and its removal the number of nodes, at every step.
        if lifetime > counting.len() {
            counting = condense(counting, step_sizes)?;
        }
        Ok(Self { counting, target: target_nodes })
    }

    /// The counting measure alone, without eigenvalues in which next to nothing moves.
    pub(super) fn without_target(data: &Dataset, step_sizes: &[f64]) -> Result<Self> {
        let smallest = NEGLIGIBLE * data.largest_eigenvalue();
        let eigenvalues = data.eigenvalues().iter().filter(|&&t| t > smallest);
        let counting: Vec<_> = eigenvalues.map(|&t| (t, t / data.rows() as f64)).collect();
        Ok(Self { counting: compress(&counting, step_sizes)?, target: Vec::new() })
    }

    /// What the nodes of the counting measure weigh.
    pub(super) fn weights(&self) -> Vec<f64> {
        self.counting.iter().map(|&(_, weight)| weight).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.counting.len() + self.target.len()
    }

    /// Nodes given as they are.
    #[cfg(test)]
    pub(super) fn of_measures(counting: Vec<Weighted>, target: Vec<Weighted>) -> Self {
        Self { counting, target }
    }

    /// How many stand for the counting measure.
    pub(super) fn counting(&self) -> usize {
        self.counting.len()
    }

    /// The state at the start, along the counting nodes and along those of the target.
    pub(super) fn start(&self) -> State {
        State {
            counting: vec![0.0; self.counting.len()],
            target: self.target.iter().map(|&(_, square)| square).collect(),
        }
    }
}

/// Mean square of the residual along the nodes, by what they contribute to its average over the rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) counting: Vec<f64>,
    pub(super) target: Vec<f64>,
}

/// What happened while a split lasted.
pub(super) struct Segment<'a> {
    pub(super) medium: Conditional<'a>,
    pub(super) along: Panels,
    /// First time at which the numbers were beyond bounds, counted from the split.
    pub(super) diverged: Option<usize>,
}

impl<'a> Segment<'a> {
    /// Runs `moves` on one split into batches of the given fractions, from `state`.
    pub(super) fn run(nodes: &Nodes, state: &State, fractions: &'a [f64], moves: &'a [Move]) -> Self {
        let counting = nodes.counting.iter().zip(&state.counting);
        let counting: Vec<Node> =
            counting.map(|(&(eigenvalue, weight), &source)| Node { eigenvalue, weight, source }).collect();
        let target = nodes.target.iter().zip(&state.target).map(|(&(t, _), &square)| (t, square));
        let mut along = Panels::new(&counting, target, moves.len() + 1);
        let mut medium = Conditional::new(fractions, moves);
        let diverged = forward(&mut along, &mut medium, moves.len());
        Self { medium, along, diverged }
    }

    /// The state after the last of the `steps` moves.
    pub(super) fn end(&self, steps: usize) -> State {
        let square = |i: usize| self.along.correlation(i, steps);
        let count = self.along.counting();
        State {
            counting: (0..count).map(square).collect(),
            target: (count..self.along.len()).map(square).collect(),
        }
    }
}
