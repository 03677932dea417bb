//! Growth of the training error over long noiseless passes.
//!
//! For an order that is drawn anew, the growth per epoch of one run has a limit that is the same for
//! almost all draws (a Lyapunov exponent). It is taken from the second half of a pass, and averaged over
//! schedules; what changed since the quarter before shows whether it has settled. The training error serves because the
//! kernel of the data, in which nothing moves, is not in it.

use rayon::prelude::*;

use crate::control;
use crate::error::Result;
use crate::finite::monte_carlo::statistics::mean_and_spread;
use crate::finite::{Schedule, schedule_stream};
use crate::minibatch::{MiniBatch, Trajectory};

/// Epochs of a pass are this many divided by the number of batches, but never fewer than the other. With
/// few batches the largest step is far from the others, and the slow directions take long to be outgrown.
const STEPS: usize = 256;
const EPOCHS: usize = 12;

/// Logarithm of the training error, against that at the start, at which a pass is cut: rounding matters below
/// the one, and numbers overflow above the other.
const RANGE: [f64; 2] = [-23.0, 200.0];

/// Growth of the logarithm of the training error per epoch, mean over schedules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// Over the second half of the passes.
    pub(super) rate: f64,
    /// Its standard error.
    pub(super) error: f64,
    /// `rate` less the growth over the quarter before, and the standard error of that.
    pub(super) drift: f64,
    pub(super) drift_error: f64,
}

/// Growth for `model` with schedules number `0..schedules` of the given kind.
pub(super) fn growth(model: &MiniBatch, schedule: &Schedule, schedules: usize) -> Result<Growth> {
    let trajectory = Trajectory::new(model, |_| 1.0, 0.0)?;
    let batches = model.batches();
    let epochs = (STEPS / batches).max(EPOCHS);
    let rates = (0..schedules as u64).into_par_iter().map(control::carried(|i| {
        let steps = schedule.steps(batches, epochs, &mut schedule_stream(0, i))?;
        let curve = trajectory.along(&steps)?;
        let log = |epoch: usize| {
            let [low, high] = RANGE;
            (curve.train[epoch * batches] / curve.train[0]).max(low.exp()).ln().min(high)
        };
        let end = (1..epochs).find(|&epoch| RANGE.contains(&log(epoch))).unwrap_or(epochs);
        let between = |from: usize, to: usize| (log(to) - log(from)) / (to - from).max(1) as f64;
        let (late, before) = (between(end / 2, end), between(end / 4, end / 2));
        Ok(vec![late, late - before])
    }));
    let rates = rates.collect::<Result<Vec<_>>>()?;
    let (mean, spread) = mean_and_spread(&rates);
    let root = (schedules as f64).sqrt();
    Ok(Growth { rate: mean[0], error: spread[0] / root, drift: mean[1], drift_error: spread[1] / root })
}
