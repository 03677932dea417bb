//! The step size at which runs on given data diverge.
//!
//! Without the part of the target that no step can reach, the mean square of the residual is a linear function of
//! itself one split earlier, with coefficients that are not negative. Its growth is that of repeated passes
//! (power iteration), taken relative to their start, so nothing overflows; the step size at which it is 1 is found by
//! bisection. The mean iterate diverges later than this, see [`critical_step`](super::super::critical_step).

use super::Curves;
use super::conditional::Move;
use super::segment::{Segment, State};
use crate::error::{Error, Result};
use crate::finite::{Partition, Schedule, schedule_stream};

/// Relative width at which the bisection ends: the growth of finitely many passes is no sharper.
const ACCURACY: f64 = 2e-3;

/// Steps over which growth is measured: at least so many epochs, at least so many steps, at most so many.
const EPOCHS: usize = 20;
const STEPS: usize = 200;
const MOST_STEPS: usize = 1200;

impl Curves<'_> {
    /// The factor on all step sizes from which on runs diverge, with `schedule` for the order of the batches. With equal
    /// step sizes `alpha` of a single epoch's pattern, runs are stable below `factor * alpha`. Known to about half a
    /// percent, and to what one sampled order tells where the batches are kept for ever.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if all step sizes or all features are 0, and from [`Schedule::validate`].
    pub fn stability_factor(&self, schedule: &Schedule, seed: u64) -> Result<f64> {
        let batches = self.batches();
        let epochs = EPOCHS.max(STEPS.div_ceil(batches)).min(MOST_STEPS.div_ceil(batches)).max(2);
        let steps = schedule.steps(batches, epochs, &mut schedule_stream(seed, 0))?;
        let moves = self.moves(&steps)?;
        let largest = moves.iter().fold(0.0f64, |largest, step| match step {
            Move::Descend { step_size, .. } => largest.max(*step_size),
            Move::Restart => largest,
        });
        let eigenvalue = self.data.largest_eigenvalue();
        if largest * eigenvalue <= 0.0 {
            let allowed = "steps and features that are not all 0";
            return Err(Error::argument("step_sizes", format!("at most {largest}"), allowed));
        }
        // Full-batch descent diverges at alpha t = 2, and batches only make it worse.
        let mut high = 2.0 / (largest * eigenvalue);
        if batches == 1 {
            return Ok(high);
        }
        let mut low = 0.0;
        while high - low > ACCURACY * high {
            let middle = 0.5 * (low + high);
            if self.growth(&moves, middle)? > 1.0 { high = middle } else { low = middle }
        }
        Ok(0.5 * (low + high))
    }

    /// Growth of the mean square of the residual over the last part of the moves, their sizes multiplied by `factor`.
    fn growth(&self, moves: &[Move], factor: f64) -> Result<f64> {
        let scaled: Vec<Move> = moves
            .iter()
            .map(|step| match *step {
                Move::Descend { batch, step_size } => Move::Descend { batch, step_size: factor * step_size },
                Move::Restart => Move::Restart,
            })
            .collect();
        let nodes = self.nodes(&scaled)?.without_kernel();
        let lifetime = self.partition.lifetime(self.batches(), scaled.len());
        let mut state = nodes.start();
        if self.partition == Partition::Fixed {
            // One split: compare the last quarter of the pass with the one before, by whole epochs.
            let segment = Segment::run(&nodes, &state, &self.fractions, &scaled);
            if segment.diverged.is_some() {
                return Ok(f64::INFINITY);
            }
            let quarter = (scaled.len() / self.batches() / 4).max(1) * self.batches();
            let at = |s: usize| segment.medium.covariance.row(s)[s];
            let last: f64 = (scaled.len() + 1 - quarter..=scaled.len()).map(at).sum();
            let before: f64 = (scaled.len() + 1 - 2 * quarter..=scaled.len() - quarter).map(at).sum();
            return Ok(last / before);
        }
        let mut growth = 0.0;
        for split in scaled.chunks_exact(lifetime) {
            let segment = Segment::run(&nodes, &state, &self.fractions, split);
            if segment.diverged.is_some() {
                return Ok(f64::INFINITY);
            }
            let end = segment.end(lifetime);
            growth = end.total() / state.total();
            let unit = 1.0 / end.total();
            state = end.scaled(unit);
        }
        Ok(growth)
    }
}

impl State {
    fn total(&self) -> f64 {
        self.counting.iter().chain(&self.target).sum()
    }

    fn scaled(mut self, factor: f64) -> Self {
        self.counting.iter_mut().chain(&mut self.target).for_each(|square| *square *= factor);
        self
    }
}
