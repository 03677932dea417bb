//! The pencil of `P - I` on half the lattice of subsets of batches.
//!
//! With `P_S` the average of the ordered products of `M_b = I - alpha_b W_b` over the orderings of
//! `S`, `k = floor(B/2)` and `T = I - sum_b N_b M_b`, `N_b[S + b, S] = 1/(|S| + 1)`,
//!
//! ```text
//! L = [ z  0   e^T ]      B even: K pairs a subset of size k with its complement, / C(B, k)
//!     [ 0  -K  T^T ]      B odd:  K = sum_b K_b M_b, K_b[S', S] = k! k! / B!, S + b + S' = all
//!     [ e  T   0   ]      Schur complement on the root: z - P
//! ```
//!
//! Nothing has to be equal here: batches may differ in size and in step size. The pencil has
//! `1 + 2 sum_{l<=k} C(B, l)` unknowns: 3, 7, 9, 23, 33, 85 for `B = 1..=6`. The shift from `P` to
//! `P - I` is made by the congruence of the [parent module](super#from-p-to-p---i), with
//! `u_0(S) = 1` and `v_0(S) = 1 / C(B, |S|)`.

use nalgebra::DMatrix;

use crate::error::Result;
use crate::solver::{Channel, Link, LinkEntry, Pencil};

/// The pencil of `P - I` for batches with ratios `p / n_b` and step sizes `alpha_b`.
pub(super) fn subset_pencil(step_sizes: &[f64], ratios: &[f64]) -> Result<Pencil> {
    let batches = step_sizes.len();
    let half = batches / 2;
    let all = (1usize << batches) - 1;
    let subsets: Vec<usize> = (0..=all).filter(|s| s.count_ones() as usize <= half).collect();
    let mut position = vec![usize::MAX; all + 1];
    for (index, &subset) in subsets.iter().enumerate() {
        position[subset] = index;
    }
    let u = |subset: usize| 1 + position[subset];
    let v = |subset: usize| 1 + subsets.len() + position[subset];

    // Number of orderings that a subset of size k and its partner stand for, as a weight.
    let splits = binomial(batches, half);
    let middle = if batches.is_multiple_of(2) { 1.0 / splits } else { 1.0 / (splits * (half + 1) as f64) };

    let size = 1 + 2 * subsets.len();
    let mut block = DMatrix::zeros(size, size);
    let mut couplings: Vec<Vec<(usize, usize, f64)>> = vec![Vec::new(); batches];
    {
        let mut add = |i: usize, j: usize, value: f64| {
            block[(i, j)] += value;
            if i != j {
                block[(j, i)] += value;
            }
        };
        for &subset in &subsets {
            add(v(subset), u(subset), 1.0);
            let level = subset.count_ones() as usize;
            let complement = all & !subset;
            if level == half && batches.is_multiple_of(2) && u(complement) >= u(subset) {
                add(u(complement), u(subset), -middle);
            }
            for batch in (0..batches).filter(|batch| complement >> batch & 1 == 1) {
                let bit = 1 << batch;
                if level < half {
                    let weight = 1.0 / (level + 1) as f64;
                    add(v(subset | bit), u(subset), -weight);
                    couplings[batch].push((u(subset), v(subset | bit), weight));
                } else if batches % 2 == 1 && u(complement & !bit) >= u(subset) {
                    add(u(complement & !bit), u(subset), -middle);
                    couplings[batch].push((u(subset), u(complement & !bit), middle));
                }
            }
        }
    }

    // Value of each unknown at M_b = I, in terms of the root.
    let mut constant = vec![0.0; size];
    for &subset in &subsets {
        constant[u(subset)] = 1.0;
        constant[v(subset)] = 1.0 / binomial(batches, subset.count_ones() as usize);
    }
    let channels = couplings
        .iter()
        .zip(step_sizes.iter().zip(ratios))
        .filter(|(couplings, _)| !couplings.is_empty())
        .map(|(couplings, (&step_size, &ratio))| channel(couplings, &constant, step_size, ratio))
        .collect();
    Pencil::new(vec![block], channels)
}

/// The coefficient `-alpha_b` times the couplings of one batch. Each state has one partner, so the
/// inverse has the reciprocal entries in the same places.
fn channel(couplings: &[(usize, usize, f64)], constant: &[f64], step_size: f64, ratio: f64) -> Channel {
    let mut rows: Vec<usize> = couplings.iter().flat_map(|&(i, j, _)| [i, j]).collect();
    rows.sort_unstable();
    rows.dedup();
    let state = |row: usize| rows.partition_point(|&other| other < row);
    let mut inverse_coefficient = DMatrix::zeros(rows.len(), rows.len());
    for &(i, j, weight) in couplings {
        let inverse = -1.0 / (step_size * weight);
        inverse_coefficient[(state(i), state(j))] = inverse;
        inverse_coefficient[(state(j), state(i))] = inverse;
    }
    let entries = rows
        .iter()
        .enumerate()
        .flat_map(|(channel_state, &block_state)| {
            let entry = |block_state, weight| LinkEntry { channel_state, block_state, weight };
            [entry(block_state, 1.0), entry(0, -constant[block_state])]
        })
        .collect();
    Channel { ratio, inverse_coefficient, links: vec![Link { block: 0, gain: 1.0, entries }] }
}

fn binomial(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (k - i) as f64).product()
}
