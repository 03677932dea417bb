//! The order in which gradient descent visits the batches.

use std::fmt;
use std::str::FromStr;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Longest schedule that is drawn.
const MOST_STEPS: usize = 10_000_000;

/// Rule for the batch of every step; an epoch has as many steps as there are batches.
///
/// ```
/// use freespectra::finite::{Schedule, draw_stream};
/// # fn main() -> Result<(), freespectra::Error> {
/// assert_eq!(Schedule::Cyclic.steps(3, 2, &mut draw_stream(1, 0))?, [0, 1, 2, 0, 1, 2]);
/// let explicit: Schedule = "0,1,1,0".parse()?;
/// assert!(!explicit.is_random());
/// assert!(explicit.steps(1, 1, &mut draw_stream(1, 0)).is_err()); // there is no batch 1
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// A fresh random order in every epoch.
    #[default]
    RandomReshuffling,
    /// One random order, kept for all epochs.
    ShuffleOnce,
    /// The order `0, 1, ..., B - 1` in every epoch.
    Cyclic,
    /// Every step takes a batch at random, whatever came before.
    WithReplacement,
    /// These batches, one per step. It has a length of its own, whatever the number of epochs.
    Explicit(Vec<usize>),
}

impl Schedule {
    /// Whether two draws of the steps can differ.
    pub fn is_random(&self) -> bool {
        matches!(self, Self::RandomReshuffling | Self::ShuffleOnce | Self::WithReplacement)
    }

    /// Checks that the schedule can be run with this many batches.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no batch, or an explicit schedule is empty or names a
    /// batch that does not exist.
    pub fn validate(&self, batches: usize) -> Result<()> {
        if batches == 0 {
            return Err(Error::argument("batches", batches, "at least 1"));
        }
        let Self::Explicit(steps) = self else { return Ok(()) };
        if steps.is_empty() {
            return Err(Error::argument("schedule", "empty", "at least one step"));
        }
        match steps.iter().find(|&&batch| batch >= batches) {
            Some(batch) => {
                let value = format!("batch {batch}");
                Err(Error::argument("schedule", value, format!("batches in 0..{batches}")))
            }
            None => Ok(()),
        }
    }

    /// Draws the batch of every step of `epochs` epochs, which an explicit schedule ignores.
    ///
    /// # Errors
    /// As for [`Schedule::validate`]; also for more than ten million steps.
    pub fn steps(&self, batches: usize, epochs: usize, rng: &mut impl Rng) -> Result<Vec<usize>> {
        self.validate(batches)?;
        if let Self::Explicit(explicit) = self {
            return Ok(explicit.clone());
        }
        let Some(count) = batches.checked_mul(epochs).filter(|&count| count <= MOST_STEPS) else {
            let allowed = format!("at most {} for {batches} batches", MOST_STEPS / batches);
            return Err(Error::argument("epochs", epochs, allowed));
        };
        let mut order: Vec<usize> = (0..batches).collect();
        let mut steps = Vec::with_capacity(count);
        match self {
            Self::Explicit(_) => {}
            Self::WithReplacement => steps.extend((0..count).map(|_| rng.random_range(0..batches))),
            Self::Cyclic => (0..epochs).for_each(|_| steps.extend(&order)),
            Self::ShuffleOnce => {
                order.shuffle(rng);
                (0..epochs).for_each(|_| steps.extend(&order));
            }
            Self::RandomReshuffling => {
                for _ in 0..epochs {
                    order.shuffle(rng);
                    steps.extend(&order);
                }
            }
        }
        Ok(steps)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RandomReshuffling => f.write_str("reshuffle"),
            Self::ShuffleOnce => f.write_str("once"),
            Self::Cyclic => f.write_str("cyclic"),
            Self::WithReplacement => f.write_str("replacement"),
            Self::Explicit(steps) => {
                let steps: Vec<String> = steps.iter().map(usize::to_string).collect();
                f.write_str(&steps.join(","))
            }
        }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "reshuffle" => Ok(Self::RandomReshuffling),
            "once" => Ok(Self::ShuffleOnce),
            "cyclic" => Ok(Self::Cyclic),
            "replacement" => Ok(Self::WithReplacement),
            _ => text
                .split(',')
                .map(|batch| batch.trim().parse().ok())
                .collect::<Option<Vec<usize>>>()
                .map(Self::Explicit)
                .ok_or_else(|| {
                    let allowed = "reshuffle, once, cyclic, replacement or batch numbers separated by commas";
                    Error::argument("schedule", format!("{text:?}"), allowed)
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite::draw_stream;

    fn steps(schedule: &Schedule) -> Vec<usize> {
        schedule.steps(5, 40, &mut draw_stream(3, 0)).unwrap()
    }

    #[test]
    fn every_epoch_visits_every_batch_once() {
        for schedule in [Schedule::RandomReshuffling, Schedule::ShuffleOnce, Schedule::Cyclic] {
            let steps = steps(&schedule);
            for epoch in steps.chunks(5) {
                let mut sorted = epoch.to_vec();
                sorted.sort_unstable();
                assert_eq!(sorted, [0, 1, 2, 3, 4]);
            }
            let repeats = steps.chunks(5).all(|epoch| *epoch == steps[..5]);
            assert_eq!(repeats, schedule != Schedule::RandomReshuffling);
        }
    }

    #[test]
    fn replacement_leaves_batches_out() {
        let steps = steps(&Schedule::WithReplacement);
        assert_eq!(steps.len(), 200);
        assert!(steps.chunks(5).any(|epoch| (0..5).any(|batch| !epoch.contains(&batch))));
        for batch in 0..5 {
            // Binomial with mean 40 and standard deviation 5.7; five of them.
            let visits = steps.iter().filter(|&&step| step == batch).count();
            assert!((12..=68).contains(&visits), "{visits}");
        }
    }

    #[test]
    fn text_round_trips_and_rejects() {
        for text in ["reshuffle", "once", "cyclic", "replacement", "0,1,2,1,0"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        for text in ["", "random", "0,-1", "0,,1"] {
            assert!(text.parse::<Schedule>().is_err(), "{text:?}");
        }
        assert!(Schedule::Explicit(vec![0, 2]).validate(2).is_err());
        assert!(Schedule::Explicit(vec![]).validate(2).is_err());
        assert!(Schedule::Cyclic.validate(0).is_err());
        for epochs in [usize::MAX, 1 << 40] {
            assert!(Schedule::Cyclic.steps(4, epochs, &mut draw_stream(1, 0)).is_err());
        }
    }
}
