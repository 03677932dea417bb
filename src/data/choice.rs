//! Which batches, step size and stopping time to use on given data: the smallest predicted test error under a
//! budget.
//!
//! For every number of batches the step sizes go down by factors of 2 from four fifths of the one at which runs
//! diverge (close to it single runs scatter by a third about the predicted mean), and the best of them is refined by
//! golden section. The predicted test error plays the part of a validation curve, for all epochs at once and without
//! a run.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::curves::{Curves, StepSizes};
use super::dataset::Dataset;
use crate::budget::Budget;
use crate::control;
use crate::error::{Error, Result};
use crate::finite::{Partition, Schedule};

/// Largest step size considered, in units of that at which runs diverge.
const LARGEST: f64 = 0.8;

/// Step sizes on the grid, each half the one before.
const HALVINGS: i32 = 7;

/// Golden sections around the best step size of the grid: the test error is flat there to second order.
const SECTIONS: usize = 5;

/// Most steps of a curve that is looked at, by whole epochs: beyond, its tables take more than a few seconds.
const MOST_STEPS: usize = 4000;

/// Test errors within this of the best, relatively, count as good as it.
const FLAT: f64 = 0.01;

/// Batches, step size and stopping time with what they are predicted to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Choice {
    /// Number of batches.
    pub batches: usize,
    /// Step size on the mean gradient of a batch.
    pub step_size: f64,
    /// The whole number of epochs after which the predicted test error is smallest, 0 if it only rises.
    pub epochs: usize,
    /// Predicted test error there.
    pub test: f64,
    /// Predicted training error there.
    pub train: f64,
}

/// The outcome of a [`Search`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recommendation {
    /// The smallest predicted test error among the numbers of batches asked for.
    pub best: Choice,
    /// The best step size and stopping time for each number of batches, full batch included.
    pub by_batches: Vec<Choice>,
    /// Everything that was looked at, by batches and step size.
    pub grid: Vec<Choice>,
    /// The step size at which runs diverge, for each number of batches of `by_batches`, at most that at which
    /// [heavy rows](Dataset::row_step) make them.
    pub stability: Vec<f64>,
    /// Epochs that were looked at, for each number of batches of `by_batches`: what the budget affords, as far as 4000
    /// steps go. With 0, all that was looked at is the start.
    pub epochs: Vec<usize>,
    /// Test error that the best full-batch descent under the budget has above the recommendation.
    pub regret_against_full_batch: f64,
    /// Test error before the first step.
    pub initial: f64,
    /// Smallest and largest step size looked at, with the recommended batches, whose best test error is within 1 % of
    /// the recommendation.
    pub flat_step_sizes: [f64; 2],
}

/// The search for batches, step size and stopping time.
///
/// ```
/// use freespectra::data::{Budget, Dataset, Search};
/// # fn main() -> Result<(), freespectra::Error> {
/// // A target along the large eigenvalue, and noise.
/// let data = Dataset::from_spectrum(40, 2, &[0.1, 1.0], Some(&[1.0, 60.0]))?;
/// let recommended = Search::new(&data, &[1, 4])?.with_budget(Budget::Epochs(10))?.run()?;
/// assert!(recommended.best.test <= recommended.initial);
/// assert!(recommended.best.epochs <= 10);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Search<'a> {
    data: &'a Dataset,
    /// The numbers to choose from, and with the full batch to compare with.
    asked: Vec<usize>,
    batches: Vec<usize>,
    partition: Partition,
    schedule: Schedule,
    budget: Budget,
    schedules: usize,
    seed: u64,
}

impl<'a> Search<'a> {
    /// Equal batches of these numbers, split anew in every epoch, with a budget of 20 epochs.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no target, no number of batches, or one is 0 or above the rows.
    pub fn new(data: &'a Dataset, batches: &[usize]) -> Result<Self> {
        if batches.is_empty() {
            return Err(Error::argument("batches", "none", "at least one number of batches"));
        }
        for &count in batches {
            Curves::new(data, count, StepSizes::Constant(0.0))?;
        }
        let asked = batches.to_vec();
        let mut batches = [&[1], batches].concat();
        batches.sort_unstable();
        batches.dedup();
        Ok(Self {
            data,
            asked,
            batches,
            partition: Partition::Fresh,
            schedule: Schedule::default(),
            budget: Budget::Epochs(20),
            schedules: 4,
            seed: 0,
        })
    }

    /// What a run may cost.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is nothing to spend, or times are negative, not finite, or all 0.
    pub fn with_budget(self, budget: Budget) -> Result<Self> {
        budget.validate()?;
        Ok(Self { budget, ..self })
    }

    /// Another lifetime of the batches.
    #[must_use]
    pub fn with_partition(self, partition: Partition) -> Self {
        Self { partition, ..self }
    }

    /// Another order of the batches, averaged over `schedules` sampled ones where it makes a difference.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for explicit orders, which have a length of their own, and if there is no schedule.
    pub fn with_schedule(self, schedule: Schedule, schedules: usize, seed: u64) -> Result<Self> {
        if matches!(schedule, Schedule::Explicit(_)) {
            return Err(Error::argument("schedule", "explicit", "a rule for any number of epochs"));
        }
        if schedules == 0 {
            return Err(Error::argument("schedules", schedules, "at least 1"));
        }
        Ok(Self { schedule, schedules, seed, ..self })
    }

    /// Predicts the test error over the grid and refines the best step size of every number of batches.
    ///
    /// # Errors
    /// From [`Curves::averaged`] and [`Curves::stability_factor`].
    pub fn run(&self) -> Result<Recommendation> {
        let searched = self.batches.par_iter().map(control::carried(|&batches| self.with_batches(batches)));
        let searched = searched.collect::<Result<Vec<_>>>()?;
        let best_of = |choices: &[Choice]| choices.iter().copied().reduce(better);
        let by_batches: Vec<Choice> = searched.iter().filter_map(|found| best_of(&found.cells)).collect();
        let asked: Vec<Choice> =
            by_batches.iter().copied().filter(|choice| self.asked.contains(&choice.batches)).collect();
        let Some(best) = best_of(&asked) else {
            return Err(Error::argument("batches", "none", "at least one number of batches"));
        };
        let grid: Vec<Choice> = searched.iter().flat_map(|found| &found.cells).copied().collect();
        let flat = || {
            let alike = grid
                .iter()
                .filter(|cell| cell.batches == best.batches && cell.test <= (1.0 + FLAT) * best.test);
            alike.map(|cell| cell.step_size)
        };
        Ok(Recommendation {
            best,
            regret_against_full_batch: by_batches[0].test - best.test,
            flat_step_sizes: [flat().fold(f64::INFINITY, f64::min), flat().fold(0.0, f64::max)],
            by_batches,
            stability: searched.iter().map(|found| found.stability).collect(),
            epochs: searched.iter().map(|found| found.epochs).collect(),
            initial: self.initial(),
            grid,
        })
    }

    fn with_batches(&self, batches: usize) -> Result<Searched> {
        let curves = |step_size: f64| -> Result<Curves<'_>> {
            Ok(Curves::new(self.data, batches, StepSizes::Constant(step_size))?
                .with_partition(self.partition))
        };
        let unit = 1.0 / self.data.largest_eigenvalue();
        if !unit.is_finite() {
            return Err(Error::argument("features", "all 0", "features that are not all 0"));
        }
        let predicted = unit * curves(unit)?.stability_factor(&self.schedule, self.seed)?;
        let stability = predicted.min(self.data.row_step(batches));
        let epochs = self.budget.epochs(self.data.rows(), batches).min(MOST_STEPS / batches);
        if epochs == 0 {
            let initial = self.initial();
            let start =
                Choice { batches, step_size: LARGEST * stability, epochs, test: initial, train: initial };
            return Ok(Searched { stability, epochs, cells: vec![start] });
        }
        let choice = |step_size: f64| -> Result<Choice> {
            let curve =
                curves(step_size)?.averaged(&self.schedule, epochs, self.schedules, self.seed, None)?;
            let at = |epochs: usize| {
                let (train, test) = (curve.train[epochs * batches], curve.test[epochs * batches]);
                Choice { batches, step_size, epochs, train, test }
            };
            Ok((1..=epochs).map(at).fold(at(0), better))
        };
        let mut cells = (0..HALVINGS)
            .into_par_iter()
            .map(control::carried(|halving| choice(LARGEST * stability * 0.5f64.powi(halving))))
            .collect::<Result<Vec<_>>>()?;
        let best = cells.iter().copied().reduce(better).filter(|best| best.epochs > 0);
        if let Some(best) = best {
            // In the logarithm of the step size; of the two inner points one is kept at every section.
            let golden = 0.5 * (5f64.sqrt() - 1.0);
            let between = |low: f64, high: f64, share: f64| low.powf(1.0 - share) * high.powf(share);
            let (mut low, mut high) = (0.5 * best.step_size, (2.0 * best.step_size).min(LARGEST * stability));
            let mut left = choice(between(low, high, 1.0 - golden))?;
            let mut right = choice(between(low, high, golden))?;
            for _ in 0..SECTIONS {
                cells.extend([left, right]);
                if left.test <= right.test {
                    (high, right) = (right.step_size, left);
                    left = choice(between(low, high, 1.0 - golden))?;
                } else {
                    (low, left) = (left.step_size, right);
                    right = choice(between(low, high, golden))?;
                }
            }
            cells.extend([left, right]);
        }
        cells.sort_by(|a, b| a.step_size.total_cmp(&b.step_size));
        cells.dedup();
        Ok(Searched { stability, epochs, cells })
    }

    /// Mean square of the target.
    fn initial(&self) -> f64 {
        let squares =
            self.data.target().map_or(0.0, |target| target.squares.iter().sum::<f64>() + target.kernel);
        squares / self.data.rows() as f64
    }
}

/// What the search finds for one number of batches.
struct Searched {
    stability: f64,
    epochs: usize,
    /// All that was looked at, by step size.
    cells: Vec<Choice>,
}

/// The smaller test error; of equal ones the first.
fn better(a: Choice, b: Choice) -> Choice {
    if b.test < a.test { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Along one eigenvalue 1 with `n = 1` all in reach: one full step of size 1 fits the target.
    #[test]
    fn a_target_in_reach_is_fitted_and_noise_is_left_alone() {
        let reachable = Dataset::from_spectrum(400, 1, &[1.0], Some(&[400.0])).unwrap();
        let found = Search::new(&reachable, &[1]).unwrap().run().unwrap();
        assert!(found.best.test < 1e-3 * found.initial, "{:?}", found.best);
        // One direction in which there is no more of the target than in any other: nothing to be learnt.
        let noise: Vec<f64> = vec![0.5; 10];
        let eigenvalues: Vec<f64> = [vec![1.0; 5], vec![0.0; 5]].concat();
        let data = Dataset::from_spectrum(10, 5, &eigenvalues, Some(&noise)).unwrap();
        let found = Search::new(&data, &[1, 2]).unwrap().run().unwrap();
        assert_eq!(found.best.epochs, 0, "{:?}", found.best);
        assert_eq!(found.initial, found.best.test);
    }
}
