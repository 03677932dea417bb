//! One forward pass in time along a given sequence of steps.
//!
//! The pencil of a trajectory is triangular in time, so its fixed point has no circle in it. What goes [`Along`] the
//! eigenvalues are the response `G` and the correlation `K`; a [`Medium`] turns their averages `g` and `C` into what the
//! next step does to every eigenvalue. Both differ between an abstract population, where the rows of `X` are averaged over
//! and a step feels the visits of its batch, and given data, where `X` is fixed and a step feels all the past.

use super::node::{Row, Step};
use crate::control;

/// Averages above this end the pass, while products of a few of them are still finite.
const DIVERGED: f64 = 1e100;

/// Multiplications of a step below which starting tasks for it costs more than it saves.
pub(crate) const TASKS_PAY: usize = 1 << 17;

/// The states along the eigenvalues.
pub(crate) trait Along {
    /// Rows `s` of the averages, after as many steps.
    fn average(&self, s: usize, row: &mut Row);

    /// Takes step `s`.
    fn advance(&mut self, s: usize, step: &Step<'_>);
}

/// The average over the rows of the data, as the eigenvalues see it.
pub(crate) trait Medium {
    /// Takes rows `s` of the averages, before step `s`.
    fn observe(&mut self, s: usize, row: &Row);

    /// What step `s` does.
    fn step(&mut self, s: usize, row: &Row) -> Step<'_>;
}

/// Goes through all steps, for which there must be room. Returns the first time at which the averages are beyond 1e100,
/// if there is one, or at which the work was cancelled; the medium has observed all times before it.
pub(crate) fn forward(along: &mut impl Along, medium: &mut impl Medium, steps: usize) -> Option<usize> {
    let mut row = Row::zeros(steps + 1);
    for s in 0..=steps {
        control::report(s, steps);
        along.average(s, &mut row);
        if row.size(s) > DIVERGED || control::check().is_err() {
            return Some(s);
        }
        medium.observe(s, &row);
        if s < steps {
            along.advance(s, &medium.step(s, &row));
        }
    }
    None
}
