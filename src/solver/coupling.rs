//! What the blocks of a pencil and its channels exchange: the sum over the variables that every equation of
//! pencils in free Poisson variables has at its heart,
//!
//! ```text
//! R_block = sum over channels of gain V (A^-1 - c g')^-1 V^T,      g' = sum_links V^T g_block V,
//! ```
//!
//! the R-transform `sum_b A_b (1 - c_b g A_b)^-1` in blocks. All matrices are complex symmetric, so unknowns are
//! packed upper triangles.

use num_complex::Complex64;

use super::inverse::SplitMatrix;
use super::pencil::Pencil;

/// A pencil with the places of its channels among the unknowns.
#[derive(Debug, Clone)]
pub(crate) struct Coupling {
    pencil: Pencil,
    /// Where the packed upper triangle of each channel starts, and the total length.
    offsets: Vec<usize>,
}

impl Coupling {
    pub(crate) fn new(pencil: Pencil) -> Self {
        let sizes = pencil.channels().iter().map(|channel| channel.inverse_coefficient.nrows());
        let offsets = offsets(sizes);
        Self { pencil, offsets }
    }

    pub(crate) fn pencil(&self) -> &Pencil {
        &self.pencil
    }

    pub(crate) fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Number of unknowns of all channels.
    pub(crate) fn dimension(&self) -> usize {
        self.offsets[self.offsets.len() - 1]
    }

    /// Room for the channels.
    pub(crate) fn channel_matrices(&self) -> Vec<SplitMatrix> {
        let sizes = self.pencil.channels().iter().map(|channel| channel.inverse_coefficient.nrows());
        sizes.map(SplitMatrix::zeros).collect()
    }

    /// Room for the blocks.
    pub(crate) fn block_matrices(&self) -> Vec<SplitMatrix> {
        self.pencil.blocks().iter().map(|block| SplitMatrix::zeros(block.nrows())).collect()
    }

    /// Scales 1 for the rows of each channel.
    pub(crate) fn channel_scales(&self) -> Vec<Vec<f64>> {
        self.pencil.channels().iter().map(|channel| vec![1.0; channel.inverse_coefficient.nrows()]).collect()
    }

    /// Scales 1 for the rows of each block.
    pub(crate) fn block_scales(&self) -> Vec<Vec<f64>> {
        self.pencil.blocks().iter().map(|block| vec![1.0; block.nrows()]).collect()
    }

    /// The part `g'` of a symmetric block-diagonal matrix that the channels see, packed.
    pub(crate) fn restrict(&self, blocks: &[SplitMatrix], seen: &mut [Complex64]) {
        seen.fill(Complex64::ZERO);
        for (channel, &offset) in self.pencil.channels().iter().zip(&self.offsets) {
            let n = channel.inverse_coefficient.nrows();
            for link in &channel.links {
                let source = &blocks[link.block];
                let size = source.size();
                for (position, row) in link.entries.iter().enumerate() {
                    for (distance, column) in link.entries[position..].iter().enumerate() {
                        // Two entries of one state meet on its diagonal in both orders.
                        let twice = distance > 0 && row.channel_state == column.channel_state;
                        let weight = if twice { 2.0 } else { 1.0 } * row.weight * column.weight;
                        let from = row.block_state * size + column.block_state;
                        let (i, j) = (row.channel_state, column.channel_state);
                        let to = offset + packed(i.min(j), i.max(j), n);
                        seen[to] += Complex64::new(weight * source.re[from], weight * source.im[from]);
                    }
                }
            }
        }
    }

    /// Adds `weight` times the R-transform, with ratios `factor c`, to the blocks; leaves the inverses
    /// `(A^-1 - factor c g')^-1` in `channels`. False if one of them does not exist.
    ///
    /// `seen` are the parts of `g` as [`Coupling::restrict`] gives them; `scales` make the rows of each channel
    /// comparable.
    #[must_use]
    pub(crate) fn add_r_transform(
        &self,
        seen: &[Complex64],
        [factor, weight]: [f64; 2],
        scales: &[Vec<f64>],
        channels: &mut [SplitMatrix],
        blocks: &mut [SplitMatrix],
    ) -> bool {
        for (((channel, matrix), &offset), scales) in
            self.pencil.channels().iter().zip(channels).zip(&self.offsets).zip(scales)
        {
            let n = matrix.size();
            let ratio = factor * channel.ratio;
            let mut at = offset;
            for i in 0..n {
                for j in i..n {
                    let constant = channel.inverse_coefficient[(i, j)];
                    let (re, im) = (constant - ratio * seen[at].re, -ratio * seen[at].im);
                    (matrix.re[i * n + j], matrix.im[i * n + j]) = (re, im);
                    (matrix.re[j * n + i], matrix.im[j * n + i]) = (re, im);
                    at += 1;
                }
            }
            if !matrix.invert_symmetric(scales) {
                return false;
            }
            for link in &channel.links {
                let target = &mut blocks[link.block];
                let size = target.size();
                for row in &link.entries {
                    let weight = weight * link.gain * row.weight;
                    let (from, to) = (row.channel_state * n, row.block_state * size);
                    for column in &link.entries {
                        let weight = weight * column.weight;
                        target.re[to + column.block_state] += weight * matrix.re[from + column.channel_state];
                        target.im[to + column.block_state] += weight * matrix.im[from + column.channel_state];
                    }
                }
            }
        }
        true
    }
}

/// Where packed upper triangles of matrices of these sizes start, and the total length.
pub(super) fn offsets(sizes: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut offsets = vec![0];
    for size in sizes {
        offsets.push(offsets[offsets.len() - 1] + size * (size + 1) / 2);
    }
    offsets
}

/// Position of entry `(i, j)`, `i <= j`, in the packed upper triangle of an `n x n` matrix.
pub(crate) fn packed(i: usize, j: usize, n: usize) -> usize {
    i * (2 * n - i + 1) / 2 + j - i
}
