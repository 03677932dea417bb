//! The step size at which runs on given data diverge.
//!
//! What is left of the target decays with the mean, so all that can grow is the noise of the splits. Its mean
//! square `c` along the eigenvalues is a linear function of itself one split earlier, with coefficients that are not
//! negative: the decay `D` of what was there, and the kicks `K` that feed on all of it. Where splits are drawn anew,
//!
//! ```text
//! c' = (D + K) c,        stable if and only if D < 1 and the spectral radius of (1 - D)^-1 K is below 1
//! ```
//!
//! the second form because `1` is nearly an eigenvalue of the first along small eigenvalues, whatever the step,
//! and it is not of the second. The ratios of a positive vector before and after bound that radius on both
//! sides (Collatz and Wielandt), so iteration ends as soon as they agree on the side of 1. If every step has
//! a split of its own and the batches are equal this is `alpha (B - 1) (1/n) sum_i t_i / (2 - alpha t_i) = 1`.
//!
//! A split that lasts for ever has no such map of a finite size: there the typical growth of long passes decides, over
//! their second half, as a mean of its logarithm over sampled orders. The mean iterate diverges later than either,
//! see [`critical_step`](super::super::critical_step).

use rayon::prelude::*;

use super::conditional::Move;
use super::segment::{Nodes, Segment, State};
use super::{Curves, StepSizes};
use crate::control;
use crate::error::{Error, Result};
use crate::finite::{Partition, Schedule, schedule_stream};

/// Relative width at which the search for the threshold ends.
const ACCURACY: f64 = 5e-4;

/// The same for passes of finite length over sampled orders, which are no sharper.
const PASS_ACCURACY: f64 = 2e-3;

/// Steps for which the nodes have to do, and of a pass on one split; but at least so many epochs of it, as far as the
/// second number of steps goes.
const STEPS: usize = 160;
const EPOCHS: usize = 8;
const MOST_STEPS: usize = 512;

/// Orders sampled where they make a difference. One run differs the less from another the more batches there
/// are, and the more a pass costs, so passes on one
/// split take this number divided by that of the batches, within the bounds.
const ORDERS: usize = 32;
const ORDERS_OF_PASSES: [usize; 2] = [1, 16];

/// Ratios that differ by less are not told apart; nor is the radius from 1.
const RATIO: f64 = 1e-6;

/// Iterations after which the ratios have come together, unless two directions are coupled by next to nothing.
const ITERATIONS: usize = 500;

/// Factor between trial steps until the threshold of passes lies between two.
const STRIDE: f64 = 1.2;
const STRIDES: usize = 30;

/// Train error of a pass, relative to its start, below which rounding matters.
const SMALLEST: f64 = 1e-10;

impl Curves<'_> {
    /// The factor on all step sizes from which on runs diverge: with steps below `factor` times those given, the
    /// errors of gradient descent stay bounded. With a step size for each epoch the last one counts. An explicit
    /// schedule is repeated for ever, each time on a new split where they are drawn anew.
    ///
    /// Splits drawn anew: divergence of the mean square over splits and orders, to about 5e-4. Batches kept for ever:
    /// growth of typical runs, to about a percent with a random `schedule`, and a few percent for two batches, whose
    /// runs differ most from order to order; `seed` draws the orders.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if all step sizes or all features are 0, and from [`Schedule::validate`];
    /// [`Error::NotCertified`] if growth was not told from decay.
    pub fn stability_factor(&self, schedule: &Schedule, seed: u64) -> Result<f64> {
        let mut curves = self.clone();
        if let StepSizes::PerEpoch(sizes) = &self.step_sizes {
            curves.step_sizes = StepSizes::Constant(sizes.last().copied().unwrap_or_default());
        }
        curves.settled_stability_factor(schedule, seed)
    }

    fn settled_stability_factor(&self, schedule: &Schedule, seed: u64) -> Result<f64> {
        let batches = self.batches();
        let orders = if self.order_matters(schedule) { ORDERS } else { 1 };
        let [fewest, most] = ORDERS_OF_PASSES;
        let passes = (ORDERS / batches).clamp(fewest, most).min(orders);
        let sample = |epochs: usize, i: usize| {
            let steps = schedule.steps(batches, epochs, &mut schedule_stream(seed, i as u64))?;
            self.moves(&steps)
        };
        let epochs = (0..orders).map(|i| sample(1, i)).collect::<Result<Vec<_>>>()?;
        let largest = epochs.iter().flatten().map(step_size).fold(0.0, f64::max);
        let ceiling = 2.0 / (largest * self.data.largest_eigenvalue());
        if !ceiling.is_finite() {
            let allowed = "steps and features that are not all 0";
            return Err(Error::argument("step_sizes", format!("at most {largest}"), allowed));
        }
        if batches == 1 {
            return Ok(ceiling);
        }
        let period = epochs[0].len();
        let sizes: Vec<f64> = epochs.iter().flatten().map(step_size).collect();
        let sizes: Vec<f64> =
            sizes.iter().cycle().take(STEPS.max(period)).map(|size| ceiling * size).collect();
        let nodes = Nodes::without_target(self.data, &sizes)?;
        let between_splits = if self.partition == Partition::Fresh { batches } else { 1 };
        let grows = |factor: f64| {
            let epochs: Vec<_> = epochs.iter().map(|moves| scaled(moves, factor)).collect();
            self.mean_square_grows(&nodes, &epochs, between_splits)
        };
        // Beyond the step of full-batch descent the mean over fresh splits may still contract, with few batches.
        let (mut low, mut high) = (0.0, ceiling);
        while !grows(high)? {
            (low, high) = (high, STRIDE * high);
        }
        while high - low > ACCURACY * high {
            let middle = 0.5 * (low + high);
            if grows(middle)? { high = middle } else { low = middle }
        }
        let factor = 0.5 * (low + high);
        if self.partition != Partition::Fixed {
            return Ok(factor);
        }
        // With a split for every step, the threshold is near that of one split for ever.
        let count = STEPS.div_ceil(period).max(EPOCHS).min((MOST_STEPS / period).max(2));
        let pass = |i: usize| match schedule {
            Schedule::Explicit(_) => Ok(epochs[0].repeat(count)),
            _ => sample(count, i),
        };
        let passes = (0..passes).map(pass).collect::<Result<Vec<_>>>()?;
        self.check_memory(count * period, nodes.len())?;
        let rate = |factor: f64| {
            let rates = passes.par_iter().map(control::carried(|moves: &Vec<Move>| {
                self.pass_growth(&nodes, &scaled(moves, factor), period)
            }));
            rates.collect::<Vec<_>>().iter().sum::<f64>()
        };
        sign_change(rate, factor)
    }

    /// Whether the mean square grows from epoch to epoch, each as likely as the others, with so many steps on a split.
    fn mean_square_grows(&self, nodes: &Nodes, epochs: &[Vec<Move>], lifetime: usize) -> Result<bool> {
        let mut state = nodes.weights();
        let mut spread = f64::INFINITY;
        for _ in 0..ITERATIONS {
            let mut next = vec![0.0; state.len()];
            let mut decay = vec![0.0; state.len()];
            for epoch in epochs {
                let Some((end, paths)) = self.epoch(nodes, &state, epoch, lifetime) else { return Ok(true) };
                let share = 1.0 / epochs.len() as f64;
                next.iter_mut().zip(&end).for_each(|(sum, end)| *sum += share * end);
                decay.iter_mut().zip(&paths).for_each(|(sum, path)| *sum += share * path * path);
            }
            if decay.iter().any(|&decay| decay >= 1.0) {
                return Ok(true);
            }
            for ((next, decay), before) in next.iter_mut().zip(&decay).zip(&state) {
                *next = (*next - decay * before) / (1.0 - decay);
            }
            let ratios = || next.iter().zip(&state).map(|(next, before)| next / before);
            let (least, most) = (ratios().fold(f64::INFINITY, f64::min), ratios().fold(0.0, f64::max));
            spread = most - least;
            if least > 1.0 || most < 1.0 || spread <= RATIO {
                return Ok(least > 1.0);
            }
            let total: f64 = next.iter().sum();
            state = next.into_iter().map(|square| square / total).collect();
        }
        Err(Error::NotCertified {
            quantity: "spread of the growth of the mean square",
            found: spread,
            expected: 0.0,
            tolerance: RATIO,
        })
    }

    /// Mean square along the nodes after an epoch, and the mean path through it. None if it is beyond bounds.
    fn epoch(
        &self,
        nodes: &Nodes,
        state: &[f64],
        moves: &[Move],
        lifetime: usize,
    ) -> Option<(Vec<f64>, Vec<f64>)> {
        let mut state = State { counting: state.to_vec(), target: Vec::new() };
        let mut paths = vec![1.0; state.counting.len()];
        for split in moves.chunks(lifetime) {
            let segment = Segment::run(nodes, &state, &self.fractions, split);
            if segment.diverged.is_some() {
                return None;
            }
            paths.iter_mut().enumerate().for_each(|(i, path)| *path *= segment.along.path(i, split.len()));
            state = segment.end(split.len());
        }
        Some((state.counting, paths))
    }

    /// Growth of the logarithm of the train error over a period, in the second half of a pass on one split.
    fn pass_growth(&self, nodes: &Nodes, moves: &[Move], period: usize) -> f64 {
        let start = State { counting: nodes.weights(), target: Vec::new() };
        let segment = Segment::run(nodes, &start, &self.fractions, moves);
        let square = |count: usize| segment.medium.covariance.row(count * period)[count * period];
        let count = segment.diverged.map_or(moves.len(), |diverged| diverged.saturating_sub(1)) / period;
        if count < 2 {
            return f64::MAX.sqrt();
        }
        let end = (2..count).find(|&end| square(end) < SMALLEST * square(0)).unwrap_or(count);
        (square(end) / square(end / 2)).ln() / (end - end / 2) as f64
    }
}

fn step_size(step: &Move) -> f64 {
    match step {
        Move::Descend { step_size, .. } => *step_size,
        Move::Restart => 0.0,
    }
}

fn scaled(moves: &[Move], factor: f64) -> Vec<Move> {
    let scale = |step: &Move| match *step {
        Move::Descend { batch, step_size } => Move::Descend { batch, step_size: factor * step_size },
        Move::Restart => Move::Restart,
    };
    moves.iter().map(scale).collect()
}

/// Where a rate turns positive, searched from a guess upwards and downwards.
///
/// # Errors
/// [`Error::NotCertified`] if it has the same sign at all trial steps.
fn sign_change(rate: impl Fn(f64) -> f64, guess: f64) -> Result<f64> {
    let mut low = (guess, rate(guess));
    let mut high = low;
    let mut strides = 0;
    while low.1 >= 0.0 || high.1 < 0.0 {
        strides += 1;
        if strides > STRIDES {
            return Err(no_threshold(low.1));
        }
        if low.1 >= 0.0 {
            high = low;
            low = (low.0 / STRIDE, rate(low.0 / STRIDE));
        } else {
            low = high;
            high = (high.0 * STRIDE, rate(high.0 * STRIDE));
        }
    }
    // False position, with the end that stays halved (Illinois), so that both ends move.
    let mut last = 0.0;
    while high.0 - low.0 > PASS_ACCURACY * high.0 {
        let secant = low.0 - low.1 * (high.0 - low.0) / (high.1 - low.1);
        // Half the accuracy inside, so that an end that is as good as the root is not left alone.
        let inside = 0.4 * PASS_ACCURACY * high.0;
        let factor = secant.clamp(low.0 + inside, high.0 - inside);
        let found = rate(factor);
        if found >= 0.0 {
            if last > 0.0 {
                low.1 *= 0.5;
            }
            (high, last) = ((factor, found), 1.0);
        } else {
            if last < 0.0 {
                high.1 *= 0.5;
            }
            (low, last) = ((factor, found), -1.0);
        }
    }
    Ok(0.5 * (low.0 + high.0))
}

fn no_threshold(found: f64) -> Error {
    Error::NotCertified { quantity: "growth of the trial step", found, expected: 0.0, tolerance: 0.0 }
}
