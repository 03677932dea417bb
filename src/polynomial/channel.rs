//! What one variable contributes to a pencil.
//!
//! With `A = V a V^*`, `a` nonsingular, the pencil sees a variable `x` through the compression
//! `g = V^* G V` of its resolvent alone, and the variable answers with `V r V^*`:
//!
//! ```text
//! r = a R(g a)                                        if the R-transform of x is known: unknown g
//! r = omega - G_x(omega)^-1,   omega = g^-1 + r       by subordination: unknown omega
//! ```
//!
//! The difference in the second `r` is taken inside the integral, where nothing cancels: `omega` may be large
//! or small.
//!
//! (Speicher, Mem. AMS 627, 1998; Belinschi, Mai and Speicher, J. reine angew. Math. 732, 2017: `omega` is
//! the Schur complement of the subordination function on the support of `a`).

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::hermitian::RankFactors;
use super::matrix_function::LawFunction;
use crate::free::{FreeLevy, Law};
use crate::law::Singularity;
use crate::population::Atom;
use crate::solver::inverse::SplitMatrix;

/// Atoms of a law up to which its Cauchy transform is summed over them.
const FEW_ATOMS: usize = 12;

/// Distance to a special number, relative to the unknown, at which it counts as approaching that.
const CLOSE: f64 = 0.3;

/// How a variable answers.
#[derive(Debug, Clone)]
enum Answer {
    Levy(FreeLevy),
    Atoms(Vec<Atom>),
    Law(LawFunction),
}

/// A variable in a pencil.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    lift: DMatrix<Complex64>,
    core: DMatrix<Complex64>,
    inverse_core: DMatrix<Complex64>,
    answer: Answer,
    /// Matrices at which an entry of the unknown is special.
    special: Vec<DMatrix<Complex64>>,
}

/// Buffers of one channel.
#[derive(Debug)]
pub struct ChannelBuffers {
    /// `r`, row-major.
    answer: SplitMatrix,
    scratch: SplitMatrix,
    weighted: SplitMatrix,
}

impl Channel {
    pub(super) fn new(factors: RankFactors, law: &Law, levy: Option<FreeLevy>) -> Option<Self> {
        let answer = match levy {
            Some(levy) => Answer::Levy(levy),
            None if law.is_discrete() && law.point_masses().len() <= FEW_ATOMS => {
                Answer::Atoms(law.point_masses().to_vec())
            }
            None => Answer::Law(LawFunction::new(law)),
        };
        let inverse_core = factors.core.clone().try_inverse()?;
        let special = match &answer {
            Answer::Levy(levy) => {
                levy.jumps.iter().map(|jump| &inverse_core / Complex64::from(jump.size)).collect()
            }
            Answer::Atoms(_) | Answer::Law(_) => {
                let atoms = law.point_masses().iter().map(|atom| atom.location);
                let singular = law.singularities().into_iter().map(Singularity::location);
                let points = atoms.chain(singular).filter(|location| *location != 0.0);
                points.take(FEW_ATOMS).map(|location| &factors.core * Complex64::from(location)).collect()
            }
        };
        Some(Self { lift: factors.lift, core: factors.core, inverse_core, answer, special })
    }

    /// Rank of the coefficient.
    pub(super) fn rank(&self) -> usize {
        self.core.nrows()
    }

    /// What the entries of the unknown are close to: 0, or a number at which the answer is singular.
    pub(super) fn origins(&self, state: &[Complex64], origins: &mut [Complex64]) {
        let n = self.rank();
        for (at, (entry, origin)) in state.iter().zip(origins).enumerate() {
            let special = self.special.iter().map(|matrix| matrix[(at / n, at % n)]);
            let nearest = special.min_by(|a, b| (entry - a).norm().total_cmp(&(entry - b).norm()));
            *origin = nearest.filter(|at| (entry - at).norm() < CLOSE * entry.norm()).unwrap_or_default();
        }
    }

    /// Whether the unknown is a subordination function.
    pub(super) fn subordinated(&self) -> bool {
        !matches!(self.answer, Answer::Levy(_))
    }

    /// Sign of the imaginary part of the unknown: that of a resolvent, or of a subordination function.
    pub(super) fn sign(&self) -> f64 {
        match self.answer {
            Answer::Levy(_) => -1.0,
            _ => 1.0,
        }
    }

    pub(super) fn buffers(&self) -> ChannelBuffers {
        let zeros = || SplitMatrix::zeros(self.rank());
        ChannelBuffers { answer: zeros(), scratch: zeros(), weighted: zeros() }
    }

    /// Computes `r` from the unknown and subtracts `V r V^*` from the pencil; false where it is singular.
    #[must_use]
    pub(super) fn answer(
        &self,
        state: &[Complex64],
        pencil: &mut SplitMatrix,
        buffers: &mut ChannelBuffers,
    ) -> bool {
        let regular = match &self.answer {
            Answer::Levy(levy) => self.answer_levy(levy, state, buffers),
            Answer::Atoms(atoms) => self.answer_atoms(atoms, state, buffers),
            Answer::Law(law) => self.answer_law(law, state, buffers),
        };
        if regular {
            self.subtract(pencil, buffers);
        }
        regular
    }

    /// Subtracts `V r V^*` from the leading block of a matrix.
    pub(super) fn subtract(&self, matrix: &mut SplitMatrix, buffers: &ChannelBuffers) {
        let (n, size) = (self.rank(), self.lift.nrows());
        let stride = matrix.size();
        for (row, lift_row) in (0..size).map(|row| (row, self.lift.row(row))) {
            for k in (0..n).filter(|&k| lift_row[k] != Complex64::ZERO) {
                for column in 0..size {
                    for l in 0..n {
                        let weight = lift_row[k] * self.lift[(column, l)].conj();
                        if weight != Complex64::ZERO {
                            let value = weight * buffers.answer.get(k, l);
                            matrix.re[row * stride + column] -= value.re;
                            matrix.im[row * stride + column] -= value.im;
                        }
                    }
                }
            }
        }
    }

    /// `drift a + variance a g a + sum rate size (a^-1 - size g)^-1`.
    fn answer_levy(&self, levy: &FreeLevy, state: &[Complex64], buffers: &mut ChannelBuffers) -> bool {
        let n = self.rank();
        let answer = &mut buffers.answer;
        for i in 0..n {
            for j in 0..n {
                let mut entry = levy.drift * self.core[(i, j)];
                if levy.variance != 0.0 {
                    for k in 0..n {
                        for l in 0..n {
                            entry += levy.variance * self.core[(i, k)] * state[k * n + l] * self.core[(l, j)];
                        }
                    }
                }
                answer.set(i, j, entry);
            }
        }
        for jump in &levy.jumps {
            for i in 0..n {
                for j in 0..n {
                    let entry = self.inverse_core[(i, j)] - jump.size * state[i * n + j];
                    buffers.scratch.set(i, j, entry);
                }
            }
            if !buffers.scratch.invert() {
                return false;
            }
            add(answer, jump.rate * jump.size, &buffers.scratch);
        }
        true
    }

    /// `a S G^-1` with `S = sum mass location (omega - location a)^-1`.
    fn answer_atoms(&self, atoms: &[Atom], state: &[Complex64], buffers: &mut ChannelBuffers) -> bool {
        let n = self.rank();
        buffers.answer.fill_zero();
        buffers.weighted.fill_zero();
        for atom in atoms {
            for i in 0..n {
                for j in 0..n {
                    buffers.scratch.set(i, j, state[i * n + j] - atom.location * self.core[(i, j)]);
                }
            }
            if !buffers.scratch.invert() {
                return false;
            }
            add(&mut buffers.answer, atom.mass, &buffers.scratch);
            add(&mut buffers.weighted, atom.mass * atom.location, &buffers.scratch);
        }
        if !buffers.answer.invert() {
            return false;
        }
        multiply(&buffers.weighted, &buffers.answer, &mut buffers.scratch);
        for i in 0..n {
            for j in 0..n {
                let entry = (0..n).map(|k| self.core[(i, k)] * buffers.scratch.get(k, j)).sum();
                buffers.answer.set(i, j, entry);
            }
        }
        true
    }

    /// `omega e (1 + e)^-1` with `e = f(omega^-1 a) - 1`.
    fn answer_law(&self, law: &LawFunction, state: &[Complex64], buffers: &mut ChannelBuffers) -> bool {
        let n = self.rank();
        let omega = DMatrix::from_row_slice(n, n, state);
        let Some(inverse) = omega.clone().try_inverse() else { return false };
        let Some(excess) = law.excess(&(inverse * &self.core)) else { return false };
        let Some(inverse) = (DMatrix::identity(n, n) + &excess).try_inverse() else { return false };
        let answer = omega * excess * inverse;
        for i in 0..n {
            for j in 0..n {
                buffers.answer.set(i, j, answer[(i, j)]);
            }
        }
        true
    }

    /// The next unknown from the resolvent of the pencil; false where it is singular.
    #[must_use]
    pub(super) fn image(
        &self,
        resolvent: &SplitMatrix,
        image: &mut [Complex64],
        buffers: &mut ChannelBuffers,
    ) -> bool {
        let (n, size) = (self.rank(), resolvent.size());
        for k in 0..n {
            for l in 0..n {
                let mut entry = Complex64::ZERO;
                for row in (0..size).filter(|&row| self.lift[(row, k)] != Complex64::ZERO) {
                    for column in 0..size {
                        let weight = self.lift[(row, k)].conj() * self.lift[(column, l)];
                        if weight != Complex64::ZERO {
                            entry += weight * resolvent.get(row, column);
                        }
                    }
                }
                buffers.scratch.set(k, l, entry);
            }
        }
        let subordinated = self.subordinated();
        if subordinated && !buffers.scratch.invert() {
            return false;
        }
        for k in 0..n {
            for l in 0..n {
                let rest = if subordinated { buffers.answer.get(k, l) } else { Complex64::ZERO };
                image[k * n + l] = buffers.scratch.get(k, l) + rest;
            }
        }
        true
    }

    /// The unknown that belongs to a resolvent of a pencil in which no variable has answered yet.
    pub(super) fn first_state(&self, resolvent: &SplitMatrix, state: &mut [Complex64]) -> bool {
        let mut buffers = self.buffers();
        buffers.answer.fill_zero();
        self.image(resolvent, state, &mut buffers)
    }
}

/// `target += factor * matrix`.
fn add(target: &mut SplitMatrix, factor: f64, matrix: &SplitMatrix) {
    target.re.iter_mut().zip(&matrix.re).for_each(|(sum, x)| *sum += factor * x);
    target.im.iter_mut().zip(&matrix.im).for_each(|(sum, x)| *sum += factor * x);
}

/// `product = left right`.
fn multiply(left: &SplitMatrix, right: &SplitMatrix, product: &mut SplitMatrix) {
    let n = left.size();
    for i in 0..n {
        for j in 0..n {
            product.set(i, j, (0..n).map(|k| left.get(i, k) * right.get(k, j)).sum());
        }
    }
}
