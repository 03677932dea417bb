//! The free-partition equation: pencils in the sample covariances of a random split of given rows.
//!
//! Given `X` (`n x p`), the only randomness of the `W_b = X_b^T X_b / n_b` is which rows fall in which batch. The
//! projections `S_b` on the rows of batch `b` are asymptotically free from the Gram matrix `X X^T / n`, whose
//! nonzero eigenvalues `t_j` are those of `W`. A pencil `Lambda(z) - sum_b A_b (x) W_b` then sees every row in an
//! effective medium `R`: with `f_b = n_b / n`,
//!
//! ```text
//! g     = (1/n) sum_j t_j (Lambda(z) - t_j R)^-1          what one row sees of all rows
//! kappa = g (1 + R g)^-1                                  what it sees of all others
//! T     = sum_b A_b (1 - kappa A_b / f_b)^-1              its own answer, on average over the batches
//! R     = (1 + T kappa)^-1 T                              the medium that answers like that
//! ```
//!
//! which is the operator-valued additive subordination (Belinschi, Mai, Speicher, J. reine angew. Math. 732, 2017)
//! of `Lambda (X X^T / n)^-1` and `sum_b A_b S_b / f_b`, written without the inverse of `g`. For independent rows
//! `kappa` is `gamma int t G(t) dH(t)`, and `T` the `R` of [`super::silverstein`]: the two equations share the
//! step from `kappa` to `T`, the sum over channels.
//!
//! # GivenRows of unequal leverage
//!
//! GivenRows `h_i^{1/2} x_i` with exchangeable `x_i` and mean `h = 1` see each other through
//!
//! ```text
//! g = E_h[h kappa (1 - h R kappa)^-1],    T = sum_b E_h[h A_b (1 - h kappa A_b / f_b)^-1] = E_h[h R (1 - h kappa R)^-1].
//! ```
//!
//! With `D(x, y) = E_h[h (1 - h x y)^-1]^-1 E_h[h^2 (1 - h x y)^-1] x`, which is `x` when all `h` are 1, these are
//! `kappa = (g^-1 + D(R, kappa))^-1` and `R = (T^-1 + D(kappa, R))^-1`: the steps above with a dressed medium, the
//! first one solved for `kappa` by Newton's method.
//!
//! The unknown is `R`, on the states of the blocks that a variable reaches: what the channels see of `kappa` are
//! differences of its entries, which would not carry all digits.

use num_complex::Complex64;

use super::coupling::{Coupling, offsets, packed};
use super::fixed_point::{FixedPoint, Workspace};
use super::gram::{BlockPencil, GramAverage};
use super::inverse::SplitMatrix;
use super::leverages::{Leverages, Room, inverse_sum};
use super::options::SolverOptions;
use super::pencil::Pencil;
use super::scaling::{equilibrate, is_definite};
use crate::error::{Error, Result, positive};
use crate::population::{Atom, merged};

/// Eigenvalues of `-Im R` may fall below zero by this, relative to the largest entry of `R`.
const DEFINITE: f64 = 1e-9;

/// The same for rows of unequal leverage: given which eigenvalues they make, `R` is definite only roughly. Of the
/// other solutions next to the real axis, `-Im R` has the opposite sign.
const NEARLY_DEFINITE: f64 = 0.1;

/// A kernel smaller than this is rounding of the masses.
const ROUNDING: f64 = 1e-12;

/// The fixed-point map of a pencil and the rows behind it.
#[derive(Debug, Clone)]
pub struct FreePartition {
    coupling: Coupling,
    gram: GramAverage,
    aspect_ratio: f64,
    /// Features that no row reaches, per row.
    kernel: f64,
    leverages: Leverages,
    options: SolverOptions,
    /// The states of each block that a variable reaches: `R` vanishes on the others.
    reached: Vec<Vec<usize>>,
    /// Where the packed upper triangle of each block, on these states, starts, and the total length.
    offsets: Vec<usize>,
}

/// What is given of the rows of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenRows {
    /// The nonzero eigenvalues of `W`, each with its multiplicity divided by the number `n` of rows.
    pub gram: Vec<Atom>,
    /// `p / n`: what the eigenvalues leave of it belongs to the eigenvalue 0.
    pub aspect_ratio: f64,
    /// Relative sizes `h` of the rows and the fractions of rows that have them, with mean 1; one atom at 1 for
    /// exchangeable rows.
    pub leverages: Vec<Atom>,
}

impl FreePartition {
    /// The equation for a pencil whose channels have the ratios `1 / f_b`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] from [`SolverOptions::validated`], if there is no leverage, or if an eigenvalue, a
    /// leverage or a mass is not finite and positive.
    pub fn new(pencil: Pencil, rows: GivenRows, options: SolverOptions) -> Result<Self> {
        let options = options.validated()?;
        positive("aspect_ratio", rows.aspect_ratio)?;
        for atom in &rows.gram {
            positive("eigenvalues", atom.location)?;
            positive("eigenvalues", atom.mass)?;
        }
        let leverages = Leverages::new(rows.leverages)?;
        let reached = pencil.reached();
        let offsets = offsets(reached.iter().map(Vec::len));
        let GivenRows { gram, aspect_ratio, .. } = rows;
        let nonzero: f64 = gram.iter().map(|atom| atom.mass).sum();
        let kernel =
            Some(aspect_ratio - nonzero).filter(|&rest| rest > ROUNDING * aspect_ratio).unwrap_or(0.0);
        let (coupling, gram) = (Coupling::new(pencil), GramAverage::new(merged(gram, 1.0))?);
        Ok(Self { coupling, gram, aspect_ratio, kernel, leverages, options, reached, offsets })
    }

    /// The pencil.
    pub fn pencil(&self) -> &Pencil {
        self.coupling.pencil()
    }

    /// What one more eigenvalue `t` of `W` has its eigenvalue of the operator at a zero of: `1 / [(Lambda(z) - t R)^-1]_00`
    /// for the solution `state` at `z`. Its derivative there is the inverse of the squared overlap of the two
    /// eigenvectors (Benaych-Georges and Nadakuditi, Adv. Math. 227, 2011, for the full batch).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if state or workspace belong to another equation, [`Error::NotConverged`] if the
    /// matrix is singular.
    pub fn outlier_function(
        &self,
        z: Complex64,
        state: &[Complex64],
        eigenvalue: f64,
        workspace: &mut Workspace<Buffers>,
    ) -> Result<Complex64> {
        self.check_state(state, workspace)?;
        let Buffers { medium, room, .. } = &mut workspace.buffers;
        let resolvent = &mut room[0][0];
        self.unpack(0, state, &mut medium[0]);
        self.fill(0, z, resolvent);
        resolvent.add_scaled(-eigenvalue, &medium[0]);
        if !resolvent.invert() {
            return Err(Error::Unphysical { z, iterations: 0 });
        }
        Ok(resolvent.get(0, 0).inv())
    }

    /// By how much the imaginary part of the unknowns may miss its sign, relative to the largest entry.
    fn definite(&self) -> f64 {
        if self.leverages.are_equal() { DEFINITE } else { NEARLY_DEFINITE }
    }

    /// `Lambda(z)` of one block.
    fn fill(&self, index: usize, z: Complex64, target: &mut SplitMatrix) {
        target.im.fill(0.0);
        // Blocks are symmetric, so column-major reads the same.
        target.re.copy_from_slice(self.pencil().blocks()[index].as_slice());
        if index == 0 {
            target.re[0] += z.re;
            target.im[0] += z.im;
        }
    }

    /// Sizes of the unknown blocks and where they start.
    fn unknowns(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.reached.iter().map(Vec::len).zip(self.offsets.iter().copied())
    }

    fn unpack(&self, index: usize, state: &[Complex64], matrix: &mut SplitMatrix) {
        let (states, offset) = (&self.reached[index], self.offsets[index]);
        matrix.fill_zero();
        for (i, &row) in states.iter().enumerate() {
            for (j, &column) in states.iter().enumerate().skip(i) {
                let entry = state[offset + packed(i, j, states.len())];
                matrix.set(row, column, entry);
                matrix.set(column, row, entry);
            }
        }
    }

    fn pack(&self, index: usize, matrix: &SplitMatrix, state: &mut [Complex64]) {
        let (states, offset) = (&self.reached[index], self.offsets[index]);
        for (i, &row) in states.iter().enumerate() {
            for (j, &column) in states.iter().enumerate().skip(i) {
                let entry = 0.5 * (matrix.get(row, column) + matrix.get(column, row));
                state[offset + packed(i, j, states.len())] = entry;
            }
        }
    }
}

impl FixedPoint for FreePartition {
    type Buffers = Buffers;

    fn dimension(&self) -> usize {
        self.offsets[self.offsets.len() - 1]
    }

    fn options(&self) -> SolverOptions {
        self.options
    }

    fn buffers(&self) -> Buffers {
        let coupling = &self.coupling;
        let sizes = self.pencil().blocks().iter().map(|block| block.nrows());
        Buffers {
            seen: vec![Complex64::ZERO; coupling.dimension()],
            channels: coupling.channel_matrices(),
            channel_scales: coupling.channel_scales(),
            medium: coupling.block_matrices(),
            average: coupling.block_matrices(),
            cavity: coupling.block_matrices(),
            answer: coupling.block_matrices(),
            block_scales: coupling.block_scales(),
            room: sizes.map(|size| std::array::from_fn(|_| SplitMatrix::zeros(size))).collect(),
        }
    }

    fn begin(&self, guess: &[Complex64], metric: &mut [f64], buffers: &mut Buffers) {
        self.units(guess, metric);
        buffers.block_scales.iter_mut().for_each(|scales| scales.fill(1.0));
    }

    fn after_first(&self, buffers: &mut Buffers) {
        for (scales, average) in buffers.block_scales.iter_mut().zip(&buffers.average) {
            equilibrate(scales, |i, j| average.get(i, j).norm_sqr().sqrt());
        }
    }

    fn in_half_space(&self, state: &[Complex64]) -> bool {
        self.unknowns().all(|(size, offset)| {
            let diagonal = || (0..size).map(|i| state[offset + packed(i, i, size)]);
            let largest = diagonal().fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.norm()));
            diagonal().all(|entry| entry.im <= self.definite() * largest)
        })
    }

    /// Whether `-Im R` is positive semidefinite.
    fn is_physical(&self, state: &[Complex64]) -> bool {
        let mut metric = vec![1.0; state.len()];
        self.units(state, &mut metric);
        self.unknowns().all(|(size, offset)| {
            is_definite(size, self.definite(), |i, j| {
                let at = offset + packed(i.min(j), i.max(j), size);
                -state[at].im / metric[at]
            })
        })
    }

    fn map(
        &self,
        z: Complex64,
        state: &[Complex64],
        image: &mut [Complex64],
        buffers: &mut Buffers,
    ) -> Complex64 {
        let failed = Complex64::new(f64::NAN, f64::NAN);
        let mut root = Complex64::ZERO;
        for index in 0..self.pencil().blocks().len() {
            let (medium, average) = (&mut buffers.medium[index], &mut buffers.average[index]);
            let (cavity, room) = (&mut buffers.cavity[index], &mut buffers.room[index]);
            self.unpack(index, state, medium);
            let [resolvent, constant, ..] = room;
            self.fill(index, z, constant);
            let (reached, scales) = (&self.reached[index], &buffers.block_scales[index]);
            let block = BlockPencil { constant, medium, reached, scales };
            let Some(entry) = self.gram.evaluate(&block, resolvent, average) else { return failed };
            if index == 0 {
                root = entry;
            }
            if !self.leverages.cavity(average, medium, room, cavity) {
                return failed;
            }
        }
        self.coupling.restrict(&buffers.cavity, &mut buffers.seen);
        buffers.answer.iter_mut().for_each(SplitMatrix::fill_zero);
        for &Atom { location: h, mass } in self.leverages.iter() {
            let Buffers { seen, channels, channel_scales, answer, .. } = buffers;
            if !self.coupling.add_r_transform(seen, [h, mass * h], channel_scales, channels, answer) {
                return failed;
            }
        }
        for index in 0..self.pencil().blocks().len() {
            let (medium, cavity) = (&mut buffers.medium[index], &buffers.cavity[index]);
            let room = &mut buffers.room[index];
            if !self.leverages.dress(cavity, medium, room) {
                return failed;
            }
            let [_, _, inverse, dressed, ..] = room;
            if !inverse_sum(&buffers.answer[index], dressed, inverse, medium) {
                return failed;
            }
            self.pack(index, medium, image);
        }
        // At z = 0 there is no kernel that could have a pole.
        if self.kernel > 0.0 {
            root += self.kernel / z;
        }
        root / self.aspect_ratio
    }
}

impl FreePartition {
    /// Units `d_i d_j` for the entries `(i, j)` of each unknown block, half-way between common ones and those in
    /// which every row has largest entry about 1.
    fn units(&self, state: &[Complex64], metric: &mut [f64]) {
        for (size, offset) in self.unknowns() {
            let mut scales = vec![1.0; size];
            equilibrate(&mut scales, |i, j| state[offset + packed(i.min(j), i.max(j), size)].norm());
            for i in 0..size {
                for j in i..size {
                    metric[offset + packed(i, j, size)] = (scales[i] * scales[j]).sqrt();
                }
            }
        }
    }
}

/// Buffers of one thread, with names as in the [module](self): `medium` is `R`, `average` is `g`, `cavity` is
/// `kappa`, `answer` is `T`.
#[derive(Debug)]
pub struct Buffers {
    seen: Vec<Complex64>,
    channels: Vec<SplitMatrix>,
    channel_scales: Vec<Vec<f64>>,
    medium: Vec<SplitMatrix>,
    average: Vec<SplitMatrix>,
    cavity: Vec<SplitMatrix>,
    answer: Vec<SplitMatrix>,
    block_scales: Vec<Vec<f64>>,
    room: Vec<Room>,
}
