//! What one epoch adds to an iterate that starts from zero, averaged over the orderings.

use std::collections::BTreeMap;

use faer::MatRef;
use nalgebra::DMatrix;

use super::add_scaled;
use crate::finite::dense;

/// `r_S` is the mean over the orderings of `S` of the iterate reached from zero,
///
/// `r_S = (1/|S|) sum_{b in S} [ r_{S \ b} - (alpha_b / n_b) X_b^T (X_b r_{S \ b} - y_b) ]`,
///
/// level by level over the lattice of subsets, for several targets at once (the columns of `y`).
/// Works on vectors only: `B 2^{B-1}` products with `X_b` and as many with its transpose.
pub(super) fn mean_offset(batches: &[(MatRef<'_, f64>, f64)], targets: &[DMatrix<f64>]) -> DMatrix<f64> {
    let (size, columns) = (batches[0].0.ncols(), targets[0].ncols());
    let everything = (1u16 << batches.len()) - 1;
    let mut level = BTreeMap::from([(0u16, DMatrix::zeros(size, columns))]);
    for subset_size in 1..=batches.len() {
        let mut next = BTreeMap::new();
        for subset in (1..=everything).filter(|subset| subset.count_ones() as usize == subset_size) {
            let mut sum = DMatrix::zeros(size, columns);
            for (b, &(rows, scale)) in batches.iter().enumerate() {
                let Some(before) = level.get(&(subset & !(1 << b))).filter(|_| subset >> b & 1 == 1) else {
                    continue;
                };
                let mut remaining = targets[b].clone();
                dense::add_product(&mut remaining, -1.0, rows, dense::view(before));
                add_scaled(&mut sum, 1.0, before);
                dense::add_product(&mut sum, scale, rows.transpose(), dense::view(&remaining));
            }
            sum /= subset_size as f64;
            next.insert(subset, sum);
        }
        level = next;
    }
    level.remove(&everything).unwrap_or_else(|| DMatrix::zeros(size, columns))
}
