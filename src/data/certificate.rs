//! Whether the rows of a data set are alike enough for predictions that treat them as exchangeable.
//!
//! Two measurements, from the left singular vectors `u_j` (with eigenvalue `t_j`) and the ridge leverages
//! `l_i = sum_j u_ij^2 t_j / (t_j + lambda)`, `lambda` the mean eigenvalue of `X X^T / n`:
//!
//! ```text
//! h_i  = l_i / (1 - l_i), scaled to mean 1     size of row i: rows h_i^{1/2} x with exchangeable x
//! nu_j = n sum_i u_ij^4                        3 if direction j is spread over the rows like a Gaussian vector
//! ```
//!
//! Unequal `h` alone are repaired by resolving the rows by their size. They raise `nu` too, so where they are unequal
//! it is taken of the rows divided by `h_i^{1/2}`. If it is large even then, single rows make up single directions,
//! and what happens depends on which batch they fall in.

use serde::{Deserialize, Serialize};

use super::dataset::GAUSSIAN;
use super::repeats::Repeats;

/// Spread of the leverages from which on the rows are to be resolved. Measured: at 0.4 the law of `Z` is
/// right to Monte Carlo error without.
const SPREAD: f64 = 0.5;

/// Largest fourth moment of a singular vector that the theory bears. Measured: errors at the level of Monte Carlo
/// up to 7; wrong by several per cent at 96.
const FOURTH_MOMENT: f64 = 10.0;

/// Largest size of a row that the theory bears. Measured: good up to 7, bad from a few tens.
const LEVERAGE: f64 = 20.0;

/// Rows below which a data set is small: predicted test errors scatter by `1.6 / sqrt(n)`, a third of their size here.
const FEW_ROWS: usize = 20;

/// Correlation of consecutive rows beyond which the test error is in doubt: autoregressive rows of
/// coefficient 0.8 bias it by a fifth.
const ROW_CORRELATION: f64 = 0.5;

/// Weight of the copies of a row in its fitted value, on average, that the theory bears. Measured on white data in 4 and
/// 16 batches, `p / n = 1 / 2`, groups of 2, 4 and 10 copies: training errors within 1 % of runs up to 0.08 (a tenth of
/// the rows are copies), up to 3 % off at 0.2 and 7 % at 0.4. The test curve is low by about twice the weight.
const COPIES: f64 = 0.1;

/// What the predictions are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The rows are alike.
    Reliable,
    /// The rows differ in size only: laws should resolve them by their [leverages](super::Dataset::leverages).
    RowResolved,
    /// See the reasons.
    Doubtful,
}

/// Measurements on the rows, the verdict, and its reasons in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Certificate {
    /// What the predictions are worth.
    pub verdict: Verdict,
    /// Why, one sentence each; none if reliable.
    pub reasons: Vec<String>,
    /// Largest size `h` of a row, the mean being 1.
    pub max_leverage: f64,
    /// Standard deviation of the sizes.
    pub leverage_spread: f64,
    /// Largest fourth moment `nu` of a left singular vector, of rows of unequal size after they were made equal.
    pub max_fourth_moment: f64,
    /// Correlation of consecutive rows in the order of the data, about their mean.
    pub row_correlation: f64,
    /// Part of the rows whose features are those of another row, all but the first of each.
    pub repeated_rows: f64,
    /// Weight of the copies of a row in its fitted value, the sum of their ridge leverages, on average over all rows.
    pub copies_weight: f64,
}

impl Certificate {
    /// Whether rows with this spread of leverages differ in size.
    pub(super) fn sizes_differ(leverage_spread: f64) -> bool {
        leverage_spread >= SPREAD
    }

    /// The same for a data set of so few rows that predictions for many mean little.
    pub(super) fn of_rows(mut self, rows: usize) -> Self {
        if rows < FEW_ROWS {
            self.verdict = Verdict::Doubtful;
            self.reasons.push(format!(
                "only {rows} rows to train on: the predictions are those for large numbers of them"
            ));
        }
        self
    }

    pub(super) fn new(
        max_leverage: f64,
        leverage_spread: f64,
        max_fourth_moment: f64,
        row_correlation: f64,
        repeats: Repeats,
    ) -> Self {
        let mut reasons = Vec::new();
        let mut verdict = Verdict::Reliable;
        if Self::sizes_differ(leverage_spread) {
            verdict = Verdict::RowResolved;
            reasons.push(format!(
                "rows differ in size (standard deviation of the leverages {leverage_spread:.2} of their mean): \
                 laws should resolve the rows by size"
            ));
        }
        if max_fourth_moment >= FOURTH_MOMENT {
            verdict = Verdict::Doubtful;
            reasons.push(format!(
                "single rows dominate single directions (fourth moment {max_fourth_moment:.1} of a singular \
                 vector, 3 for Gaussian data): what they do depends on the batch they fall in"
            ));
        }
        if max_leverage > LEVERAGE {
            verdict = Verdict::Doubtful;
            reasons.push(format!(
                "one row has {max_leverage:.0} times the leverage of an average one: a batch that \
                 holds it may be unstable where the average batch is not"
            ));
        }
        if row_correlation.abs() > ROW_CORRELATION {
            verdict = Verdict::Doubtful;
            reasons.push(format!(
                "consecutive rows are correlated ({row_correlation:.2}): the test curve errs if new rows will \
                 not continue them; this is harmless if the file is merely sorted"
            ));
        }
        if repeats.weight > COPIES {
            verdict = Verdict::Doubtful;
            reasons.push(format!(
                "{:.0} % of the rows are copies of others: where copies fall in different batches the training curve errs, \
                 and the test curve is too low unless new rows are copies as often",
                100.0 * repeats.share
            ));
        }
        Self {
            verdict,
            reasons,
            max_leverage,
            leverage_spread,
            max_fourth_moment,
            row_correlation,
            repeated_rows: repeats.share,
            copies_weight: repeats.weight,
        }
    }

    /// Rows of which nothing is known.
    pub(super) fn of_equal_rows() -> Self {
        Self::new(1.0, 0.0, GAUSSIAN, 0.0, Repeats::NONE)
    }
}
