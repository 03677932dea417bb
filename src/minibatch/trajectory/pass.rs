//! One forward pass in time along a given sequence of steps.
//!
//! The pencil of a trajectory is triangular in time, so its fixed point has no circle in it. The
//! nodes carry the response `G` and the correlation `K` along each eigenvalue; a [`Medium`] turns their
//! averages `g` and `C` into what the next step does to every node, and only that differs between an
//! abstract population, where the rows of `X` are averaged over, and given data, where `X` is fixed.

use rayon::prelude::*;

use super::node::{Node, Row, Signal, Step};

/// Averages above this end the pass, while products of a few of them are still finite.
const DIVERGED: f64 = 1e100;

/// Multiplications of a step below which starting tasks for it costs more than it saves.
const TASKS_PAY: usize = 1 << 17;

/// The average over the rows of the data, as the nodes see it.
pub(crate) trait Medium {
    /// Takes rows `s` of the averages, before step `s`.
    fn observe(&mut self, s: usize, row: &Row);

    /// What step `s` does.
    fn step(&mut self, s: usize, row: &Row) -> Step<'_>;
}

/// Runs the nodes, which have tables for `steps + 1` times, and the signals through all steps. Returns the first time at
/// which the averages are beyond 1e100, if there is one; the medium has observed all times before it.
pub(crate) fn forward(
    nodes: &mut [Node],
    signals: &mut [Signal],
    medium: &mut impl Medium,
    steps: usize,
) -> Option<usize> {
    let scratch = || (vec![0.0; steps + 1], vec![0.0; steps + 1]);
    let (mut row, mut own) = (Row::zeros(steps + 1), scratch());
    for s in 0..=steps {
        row.average(nodes, signals, s);
        if row.size(s) > DIVERGED {
            return Some(s);
        }
        medium.observe(s, &row);
        if s == steps {
            break;
        }
        let step = medium.step(s, &row);
        signals.iter_mut().for_each(|signal| signal.advance(&step));
        let visits = if let Step::Move { visits, .. } = step { visits.len() } else { 1 };
        if nodes.len() * visits * s < TASKS_PAY {
            nodes.iter_mut().for_each(|node| node.advance(s, &step, &mut own));
        } else {
            nodes.par_iter_mut().for_each_init(scratch, |scratch, node| node.advance(s, &step, scratch));
        }
    }
    None
}
