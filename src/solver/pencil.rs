//! Self-adjoint linear pencils as block-diagonal data.
//!
//! A self-adjoint polynomial in free compound Poisson variables `W_b` is the Schur complement, on
//! one root unknown, of a pencil with real symmetric matrix coefficients
//!
//! ```text
//! L(z) = Lambda(z) - sum_b A_b (x) W_b,      Lambda(z) = Lambda + z e_0 e_0^T,
//! ```
//!
//! so that the root entry of `G(z) = (id (x) phi)[L(z)^-1]` is the Cauchy transform of the
//! polynomial (Belinschi, Mai, Speicher, J. reine angew. Math. 732, 2017). When `G` commutes with
//! a symmetry group, it is block diagonal and the sum over `b` turns into a sum over the few
//! *channels* through which one variable couples the blocks. Both a pencil without symmetry (one
//! block, one channel per variable) and a symmetric one have this shape:
//!
//! ```text
//! channel:  g' = sum_links V^T g_block V          the part of g that A_b sees
//!           X  = A (I - c g' A)^-1 = (A^-1 - c g')^-1
//! blocks:   R_block += gain * V X V^T
//! ```

use nalgebra::DMatrix;

use crate::error::{Error, Result};

/// How one channel sits inside one block.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Index of the block.
    pub block: usize,
    /// Factor with which the channel's R-transform enters the block.
    pub gain: f64,
    /// The nonzero entries of the isometry `V`.
    pub entries: Vec<LinkEntry>,
}

/// One nonzero entry of the isometry `V` between a block and a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkEntry {
    /// Row of the channel's coefficient matrix.
    pub channel_state: usize,
    /// Row of the block.
    pub block_state: usize,
    /// The entry.
    pub weight: f64,
}

/// The coefficient `A` of one variable (or of one irreducible part of it), on its support.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Ratio `c` of the free Poisson variable: its free cumulants are `c^(m-1)`.
    pub ratio: f64,
    /// Inverse of the real symmetric coefficient on its support.
    pub inverse_coefficient: DMatrix<f64>,
    /// The blocks it couples.
    pub links: Vec<Link>,
}

impl Channel {
    /// Changes the basis of the channel so that at most one of its states contains the root.
    fn with_root_apart(mut self, blocks: &[DMatrix<f64>]) -> Self {
        let size = self.inverse_coefficient.nrows();
        let mut isometries: Vec<DMatrix<f64>> = self
            .links
            .iter()
            .map(|link| {
                let mut isometry = DMatrix::zeros(blocks[link.block].nrows(), size);
                for entry in &link.entries {
                    isometry[(entry.block_state, entry.channel_state)] += entry.weight;
                }
                isometry
            })
            .collect();
        let Some(with_root) = self.links.iter().position(|link| link.block == 0) else { return self };
        let root: Vec<f64> = isometries[with_root].row(0).iter().copied().collect();
        let kept =
            (0..size).fold(0, |best, state| if root[state].abs() > root[best].abs() { state } else { best });
        if root[kept] == 0.0 {
            return self;
        }
        // Column `state` of the isometry loses `share` times column `kept`; A^-1 follows on both sides.
        let mut change = DMatrix::identity(size, size);
        for state in (0..size).filter(|&state| state != kept) {
            change[(kept, state)] = -root[state] / root[kept];
        }
        let inverse = change.transpose() * &self.inverse_coefficient * &change;
        self.inverse_coefficient = 0.5 * (&inverse + inverse.transpose());
        for (link, isometry) in self.links.iter_mut().zip(&mut isometries) {
            *isometry = &*isometry * &change;
            link.entries.clear();
            for channel_state in 0..size {
                for block_state in 0..isometry.nrows() {
                    let weight = isometry[(block_state, channel_state)];
                    // The root is taken out of all other states exactly, not up to rounding.
                    let root_elsewhere = link.block == 0 && block_state == 0 && channel_state != kept;
                    if weight != 0.0 && !root_elsewhere {
                        link.entries.push(LinkEntry { channel_state, block_state, weight });
                    }
                }
            }
        }
        self
    }
}

/// A self-adjoint pencil; `z` enters at entry `(0, 0)` of block 0, the root.
#[derive(Debug, Clone, PartialEq)]
pub struct Pencil {
    blocks: Vec<DMatrix<f64>>,
    channels: Vec<Channel>,
}

impl Pencil {
    /// The rows of each block that a channel reaches, in increasing order.
    pub(crate) fn reached(&self) -> Vec<Vec<usize>> {
        let mut reached = vec![Vec::new(); self.blocks().len()];
        for link in self.channels().iter().flat_map(|channel| &channel.links) {
            reached[link.block].extend(link.entries.iter().map(|entry| entry.block_state));
        }
        for states in &mut reached {
            states.sort_unstable();
            states.dedup();
        }
        reached
    }

    /// A pencil from the constant parts of its blocks and its channels.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no block, a matrix is not square, symmetric and
    /// finite, a ratio is not positive and finite, or a link points outside or is not finite.
    pub fn new(blocks: Vec<DMatrix<f64>>, channels: Vec<Channel>) -> Result<Self> {
        if blocks.is_empty() {
            return Err(Error::argument("blocks", "empty", "at least one block"));
        }
        let matrices = blocks.iter().chain(channels.iter().map(|channel| &channel.inverse_coefficient));
        for matrix in matrices {
            let symmetric = matrix.is_square() && !matrix.is_empty() && *matrix == matrix.transpose();
            if !symmetric || matrix.iter().any(|x| !x.is_finite()) {
                return Err(Error::argument(
                    "pencil coefficient",
                    format!("{:?}", matrix.shape()),
                    "square, symmetric and finite",
                ));
            }
        }
        for channel in &channels {
            crate::error::positive("ratio", channel.ratio)?;
            for link in &channel.links {
                let inside = blocks.get(link.block).is_some_and(|block| {
                    link.entries.iter().all(|entry| {
                        entry.block_state < block.nrows()
                            && entry.weight.is_finite()
                            && entry.channel_state < channel.inverse_coefficient.nrows()
                    })
                });
                if !(inside && link.gain.is_finite()) {
                    return Err(Error::argument(
                        "link",
                        format!("block {}", link.block),
                        "inside the pencil, finite",
                    ));
                }
            }
        }
        Ok(Self { blocks, channels })
    }

    /// The same pencil with its channels in a basis where at most one state of each contains the
    /// root.
    ///
    /// Next to a pole or a hard edge the root entry of `G` is huge. If all states of a channel
    /// contain it, so do all entries of `g'`, and the rest of the information drowns in its rounding.
    #[must_use]
    pub fn with_root_apart(self) -> Self {
        let Self { blocks, channels } = self;
        let channels = channels.into_iter().map(|channel| channel.with_root_apart(&blocks)).collect();
        Self { blocks, channels }
    }

    /// Constant parts `Lambda` of the blocks.
    pub fn blocks(&self) -> &[DMatrix<f64>] {
        &self.blocks
    }

    /// The channels.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Total number of unknowns of the block-diagonal pencil.
    pub fn size(&self) -> usize {
        self.blocks.iter().map(DMatrix::nrows).sum()
    }
}
