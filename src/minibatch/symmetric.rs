//! The pencil of `P - I` for equal batches, block-diagonal by permutation symmetry.
//!
//! `G` commutes with the permutations of the `B` batches. By Schur-Weyl duality the functions on
//! subsets of batches of size at most `k = floor(B/2)` split in blocks `q = 0..=k`, each carrying
//! the levels `l = q..=k` (subset sizes) once for `u` and once for `v`, block 0 also the root. The
//! number of unknowns grows like `B^2` where the subset lattice has `2^B`.
//!
//! One batch breaks the symmetry to the other `B - 1`; their blocks `q'` with states `(l', o)`, `l'`
//! the level among the others and `o = 1` when the batch itself is in the subset, couple to the
//! blocks `q = q'` and `q = q' + 1` by the Clebsch-Gordan coefficients of spin 1/2 with spin
//! `(B - 1)/2 - q'`. The gain of a link is `B d_{B-1}(q') / d_B(q)` with the multiplicities
//! `d_B(q) = C(B, q) - C(B, q - 1)`.
//!
//! `P` needs the levels up to `k` only. The products of more than `k` batches, which the mean effect of
//! the batches before a given one contains, appear when the lattice goes on up to level `B`: block
//! `q` then carries the levels `q..=B - q`. What is above level `k` hangs on what is below, and
//! nothing comes back.
//!
//! Level `l` is scaled by `C(B, l)^{1/2}` in `u` and by its inverse in `v`. This congruence leaves
//! the root entry as it is and keeps all coefficients of order one up to `B = 128`, where the
//! unscaled ones spread over 37 decades.

use nalgebra::DMatrix;

use crate::error::Result;
use crate::solver::{Channel, Link, LinkEntry, Pencil};

/// Which operator the Schur complement of a pencil is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operator {
    /// `P`: the root meets the batches only through the empty product.
    Epoch,
    /// `P - I`, by the congruence of the [parent module](super#from-p-to-p---i).
    Shifted,
}

/// The symmetric pencil of `operator` for `batches` equal batches with ratio `p / n_b = ratio`.
pub(super) fn symmetric_pencil(
    batches: usize,
    step_size: f64,
    ratio: f64,
    operator: Operator,
) -> Result<Pencil> {
    Levels { batches, half: batches / 2, top: batches / 2, operator }.pencil(step_size, ratio)
}

/// The pencil of `P - I` with the levels up to `B`, and the functional `omega` on channel 0 that stands for
/// the mean effect `Pi_b = sum_S omega[S] P_S` of the batches before one batch.
///
/// `omega[S] = 1 / (B C(B-1, |S|))` for the `S` without `b`; summed over a level, in the scaled basis,
/// `(B (B - l))^{-1/2}`.
pub(super) fn effect_pencil(batches: usize, step_size: f64, ratio: f64) -> Result<(Pencil, Vec<f64>)> {
    let lattice = Levels { batches, half: batches / 2, top: batches, operator: Operator::Shifted };
    let b = batches as f64;
    let effect = lattice
        .states(0)
        .iter()
        .map(|state| match state.side {
            Side::U => (b * (b - state.level as f64)).sqrt().recip(),
            Side::V => 0.0,
        })
        .collect();
    Ok((lattice.pencil(step_size, ratio)?, effect))
}

/// Which of the two unknowns of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    U,
    V,
}

/// One state of a channel: `level` counts the other batches in the subset, `own` the batch itself.
#[derive(Debug, Clone, Copy)]
struct State {
    side: Side,
    level: usize,
    own: usize,
}

/// Sizes of the lattice: `half` is `floor(B / 2)`, `top` the highest level, at least `half`.
#[derive(Debug, Clone, Copy)]
struct Levels {
    batches: usize,
    half: usize,
    top: usize,
    operator: Operator,
}

impl Levels {
    fn pencil(self, step_size: f64, ratio: f64) -> Result<Pencil> {
        let blocks = (0..=self.half).map(|q| self.block(q)).collect();
        let channels =
            (0..=(self.batches - 1) / 2).filter_map(|rest| self.channel(rest, step_size, ratio)).collect();
        Pencil::new(blocks, channels)
    }

    /// Highest level of block `q`.
    fn last(self, q: usize) -> usize {
        self.top.min(self.batches - q)
    }

    fn odd(self) -> bool {
        self.batches % 2 == 1
    }

    /// Row of level `level` of `side` in block `q`.
    fn row(self, q: usize, side: Side, level: usize) -> usize {
        let levels = self.last(q) - q + 1;
        let root = usize::from(q == 0);
        root + (level - q) + if side == Side::V { levels } else { 0 }
    }

    /// Constant part of block `q`: `[[0, 0, e^T], [0, -K, T^T], [e, T, 0]]` at `M_b = I`. For `P - I` the
    /// root decouples there, `e = 0`; see the [parent module](super#from-p-to-p---i).
    fn block(self, q: usize) -> DMatrix<f64> {
        let (b, last) = (self.batches as f64, self.last(q));
        let size = 2 * (last - q + 1) + usize::from(q == 0);
        let mut block = DMatrix::zeros(size, size);
        let mut set = |i: usize, j: usize, value: f64| {
            block[(i, j)] = value;
            block[(j, i)] = value;
        };
        for level in q..=last {
            set(self.row(q, Side::V, level), self.row(q, Side::U, level), 1.0);
        }
        for level in q..last {
            // sqrt((B-q-l)(l-q+1)) / (l+1), times sqrt((l+1)/(B-l)) from the scaling of the levels.
            let (l, q_) = (level as f64, q as f64);
            let coefficient = ((b - q_ - l) * (l - q_ + 1.0) / ((l + 1.0) * (b - l))).sqrt();
            set(self.row(q, Side::V, level + 1), self.row(q, Side::U, level), -coefficient);
        }
        let middle = self.row(q, Side::U, self.half);
        set(middle, middle, -self.complement(q));
        if q == 0 && self.operator == Operator::Epoch {
            set(0, self.row(0, Side::V, 0), 1.0);
        }
        block
    }

    /// The middle factor `K` on level `k` of block `q`, in the scaled basis.
    fn complement(self, q: usize) -> f64 {
        if !self.odd() {
            return sign(q);
        }
        [Some(q), q.checked_sub(1)]
            .into_iter()
            .flatten()
            .filter(|&rest| rest <= (self.batches - 1) / 2)
            .map(|rest| {
                let top = State { side: Side::U, level: self.half, own: 0 };
                self.gain(rest, q) * self.clebsch_gordan(rest, q, top).powi(2) * self.middle(rest)
            })
            .sum()
    }

    /// `k! k! / B!` with the sign of block `rest`, times `C(B, k)` from the scaling: odd `B` only.
    fn middle(self, rest: usize) -> f64 {
        sign(rest) / (self.half as f64 + 1.0)
    }

    /// `B d_{B-1}(rest) / d_B(q)` in closed form.
    fn gain(self, rest: usize, q: usize) -> f64 {
        let (b, q_) = (self.batches as f64, q as f64);
        if rest == q {
            (b - 2.0 * q_) * (b - q_ + 1.0) / (b - 2.0 * q_ + 1.0)
        } else {
            q_ * (b - 2.0 * q_ + 2.0) / (b - 2.0 * q_ + 1.0)
        }
    }

    fn clebsch_gordan(self, rest: usize, q: usize, state: State) -> f64 {
        let spin = (self.batches as f64 - 1.0) / 2.0 - rest as f64;
        let m = (state.level + state.own) as f64 - self.batches as f64 / 2.0;
        let plus = ((spin + m + 0.5) / (2.0 * spin + 1.0)).max(0.0).sqrt();
        let minus = ((spin - m + 0.5) / (2.0 * spin + 1.0)).max(0.0).sqrt();
        match (q == rest, state.own == 1) {
            (true, true) => plus,
            (true, false) => minus,
            (false, true) => -minus,
            (false, false) => plus,
        }
    }

    /// The states that one batch couples, in the block `rest` of the other batches: `u(l', 0)` with
    /// `v(l', 1)`, and for odd `B` also `u(k, 0)` with itself.
    fn states(self, rest: usize) -> Vec<State> {
        let last = self.last(rest);
        let end = if self.odd() { last.max(self.half + 1) } else { last };
        let lower = (rest..end).map(|level| State { side: Side::U, level, own: 0 });
        let upper = (rest..last).map(|level| State { side: Side::V, level, own: 1 });
        lower.chain(upper).collect()
    }

    /// The coefficient of one batch in the block `rest` of the other batches.
    fn channel(self, rest: usize, step_size: f64, ratio: f64) -> Option<Channel> {
        let states = self.states(rest);
        if states.is_empty() {
            return None;
        }
        let mut inverse_coefficient = DMatrix::zeros(states.len(), states.len());
        let pairs = self.last(rest) - rest;
        let upper = states.len() - pairs;
        for i in 0..pairs {
            // A = -alpha / (l'+1), times sqrt((l'+1)/(B-l')) from the scaling of the levels.
            let (level, b) = (states[i].level as f64, self.batches as f64);
            let coefficient = -step_size / ((level + 1.0) * (b - level)).sqrt();
            inverse_coefficient[(i, upper + i)] = 1.0 / coefficient;
            inverse_coefficient[(upper + i, i)] = 1.0 / coefficient;
        }
        if self.odd() {
            let own = -step_size * self.middle(rest);
            let i = self.half - rest;
            if i < pairs {
                // The inverse of [[own, a], [a, 0]] is [[0, 1/a], [1/a, -own/a^2]].
                let reciprocal = inverse_coefficient[(i, upper + i)];
                inverse_coefficient[(upper + i, upper + i)] = -own * reciprocal * reciprocal;
            } else {
                inverse_coefficient[(i, i)] = 1.0 / own;
            }
        }
        let links = [rest, rest + 1]
            .into_iter()
            .filter(|&q| q <= self.half)
            .map(|q| Link { block: q, gain: self.gain(rest, q), entries: self.entries(rest, q, &states) })
            .collect();
        Some(Channel { ratio, inverse_coefficient, links })
    }

    /// The isometry from the channel to block `q`. In the scaled basis all `P_S` are 1 at `M_b = I`, and
    /// so are their duals up to level `k` (above they vanish), so in `P - I` the root takes part in block 0
    /// with minus the weight of each of these states.
    fn entries(self, rest: usize, q: usize, states: &[State]) -> Vec<LinkEntry> {
        let mut entries = Vec::with_capacity(2 * states.len());
        for (channel_state, &state) in states.iter().enumerate() {
            let level = state.level + state.own;
            let inside = (q..=self.last(q)).contains(&level);
            let weight = if inside { self.clebsch_gordan(rest, q, state) } else { 0.0 };
            if weight != 0.0 {
                let block_state = self.row(q, state.side, level);
                entries.push(LinkEntry { channel_state, block_state, weight });
                let rooted = state.side == Side::U || level <= self.half;
                if q == 0 && rooted && self.operator == Operator::Shifted {
                    entries.push(LinkEntry { channel_state, block_state: 0, weight: -weight });
                }
            }
        }
        entries
    }
}

fn sign(q: usize) -> f64 {
    if q.is_multiple_of(2) { 1.0 } else { -1.0 }
}
