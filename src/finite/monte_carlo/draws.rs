//! Independent draws, in parallel.

use std::sync::atomic::{AtomicUsize, Ordering};

use rand_pcg::Pcg64;
use rayon::prelude::*;

use crate::control;
use crate::error::{Error, Result};
use crate::finite::data::draw_stream;

/// How many draws a simulation takes, and the seed of their streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Draws {
    pub count: usize,
    pub seed: u64,
}

impl Default for Draws {
    fn default() -> Self {
        Self { count: 8, seed: 0 }
    }
}

impl Draws {
    /// # Errors
    /// [`Error::InvalidArgument`] if the number is 0.
    pub fn with_count(self, count: usize) -> Result<Self> {
        if count == 0 {
            return Err(Error::argument("draws", count, "at least 1"));
        }
        Ok(Self { count, ..self })
    }

    /// Takes all draws on the current rayon pool, each on one thread: `take` gets the number of the draw
    /// and its stream. `progress` is told the number of finished draws after each of them.
    pub fn each<T: Send>(
        self,
        progress: Option<&(dyn Fn(usize) + Sync)>,
        take: impl Fn(u64, Pcg64) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let finished = AtomicUsize::new(0);
        (0..self.count as u64)
            .into_par_iter()
            .map(control::carried(|draw| {
                control::check()?;
                let taken = take(draw, draw_stream(self.seed, draw))?;
                let count = finished.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(report) = progress {
                    report(count);
                }
                Ok(taken)
            }))
            .collect()
    }
}
