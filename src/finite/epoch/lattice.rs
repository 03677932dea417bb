//! Means over the orderings of every subset of the batches, level by level.

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use super::add_scaled;
use crate::finite::dense;

/// Subset of the batches, one bit each.
type Subset = u16;

/// One level of the lattice: `D_S = I - P_S` for all subsets `S` of one size.
type Level = BTreeMap<Subset, DMatrix<f64>>;

/// `Pi_b = sum_{S without b} P_S / (B C(B-1, |S|))` for each `b`, from the steps
/// `A_b = alpha_b W_b`.
///
/// The weights over the subsets without `b` sum to 1, hence `Pi_b = I - sum_S weight D_S`.
pub(super) fn effects_before(steps: &[DMatrix<f64>]) -> Vec<DMatrix<f64>> {
    let batches = steps.len();
    let size = steps[0].nrows();
    let mut effects = vec![DMatrix::identity(size, size); batches];
    let mut level = Level::new();
    let mut weight = 1.0 / batches as f64;
    for subset_size in 1..batches {
        level = next_level(steps, &level, subset_size);
        // C(B-1, l) = C(B-1, l-1) (B - l) / l.
        weight *= subset_size as f64 / (batches - subset_size) as f64;
        for (&subset, decrement) in &level {
            for (b, effect) in effects.iter_mut().enumerate() {
                if subset >> b & 1 == 0 {
                    add_scaled(effect, -weight, decrement);
                }
            }
        }
    }
    effects
}

/// The level of subsets of size `subset_size` from the one below:
///
/// `D_S = (1/|S|) sum_{b in S} (A_b + D_{S \ b} - A_b D_{S \ b})`,
///
/// which is `P_S = (1/|S|) sum_{b in S} M_b P_{S \ b}`. The sum is symmetric, its terms are not,
/// so half of each product suffices.
fn next_level(steps: &[DMatrix<f64>], below: &Level, subset_size: usize) -> Level {
    let subsets: Subset = 1 << steps.len();
    let mut level = Level::new();
    for subset in (1..subsets).filter(|subset| subset.count_ones() as usize == subset_size) {
        let mut sum = DMatrix::zeros(steps[0].nrows(), steps[0].ncols());
        for (b, step) in steps.iter().enumerate().filter(|&(b, _)| subset >> b & 1 == 1) {
            add_scaled(&mut sum, 1.0, step);
            if let Some(without) = below.get(&(subset & !(1 << b))) {
                add_scaled(&mut sum, 1.0, without);
                dense::add_product_lower(&mut sum, -1.0, dense::view(step), dense::view(without));
            }
        }
        sum /= subset_size as f64;
        dense::mirror_lower(&mut sum);
        level.insert(subset, sum);
    }
    level
}
