//! The iterate averaged over the orders of the batches, on one split.
//!
//! Two runs with independent orders on the same split have the same mean, so that with `r` and `r'` their
//! residuals `|E r_k|^2 = E r_k . r'_k`. They are one sequence of steps that goes back to the start
//! in the middle: `C` and `C'` between the two halves are the train and test error of the mean.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::conditional::Move;
use super::segment::Segment;
use super::table::Table;
use super::{Curves, at_least_one};
use crate::control;
use crate::error::{Error, Result};
use crate::finite::monte_carlo::statistics::mean_and_error;
use crate::finite::{Partition, Schedule, schedule_stream};

/// Errors of the iterate averaged over the orders of the batches, at the ends of the epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MeanIterateCurve {
    /// `|y - X E beta_k|^2 / n` after `k = 0, 1, ...` epochs.
    pub train: Vec<f64>,
    /// Standard error of `train` from the sampling of the orders.
    pub train_error: Vec<f64>,
    /// `E (y_new - x_new^T E beta_k)^2`.
    pub test: Vec<f64>,
    /// Standard error of `test` from the sampling of the orders.
    pub test_error: Vec<f64>,
}

impl Curves<'_> {
    /// Train and test error of the iterate averaged over the orders of the batches, at the start and
    /// after every one of `epochs` epochs, from `pairs` pairs of sampled schedules; one is taken where the
    /// schedule is not random. Pair number `i` follows schedules `2 i` and `2 i + 1` of
    /// [`schedule_stream`].
    ///
    /// # Errors
    /// As [`Curves::averaged`]; also unless the partition is fixed, or if a run diverges.
    pub fn mean_iterate(
        &self,
        schedule: &Schedule,
        epochs: usize,
        pairs: usize,
        seed: u64,
    ) -> Result<MeanIterateCurve> {
        at_least_one("epochs", epochs)?;
        at_least_one("pairs", pairs)?;
        if self.partition != Partition::Fixed {
            return Err(Error::argument(
                "partition",
                self.partition,
                "fixed: orders are averaged on one split",
            ));
        }
        let random = schedule.is_random() && self.batches() > 1;
        let sampled = |i: usize| {
            let i = if random { i as u64 } else { 0 };
            self.moves(&schedule.steps(self.batches(), epochs, &mut schedule_stream(seed, i))?)
        };
        let half = sampled(0)?;
        let nodes = self.nodes(&half)?;
        self.check_memory(2 * half.len() + 1, nodes.len())?;
        let curves: Vec<_> = (0..if random { pairs } else { 1 })
            .into_par_iter()
            .map(control::carried(|i| {
                let mut moves = sampled(2 * i)?;
                let second = moves.len() + 1;
                moves.push(Move::Restart);
                moves.extend(sampled(2 * i + 1)?);
                let segment = Segment::run(&nodes, &nodes.start(), &self.fractions, &moves);
                if let Some(step) = segment.diverged {
                    return Err(Error::argument(
                        "step_sizes",
                        format!("diverging at step {step}"),
                        "stable ones",
                    ));
                }
                let ends = (0..second).step_by(self.batches());
                let pick =
                    |table: &Table| -> Vec<f64> { ends.clone().map(|s| table.row(second + s)[s]).collect() };
                Ok((pick(&segment.medium.covariance), pick(&segment.medium.cavity)))
            }))
            .collect::<Result<_>>()?;
        let (train, test): (Vec<_>, Vec<_>) = curves.into_iter().unzip();
        let (train, train_error) = mean_and_error(&train);
        let (test, test_error) = mean_and_error(&test);
        Ok(MeanIterateCurve { train, train_error, test, test_error })
    }
}
