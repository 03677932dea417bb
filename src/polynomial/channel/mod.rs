//! What one variable contributes to a pencil.
//!
//! With `A = V a V^*`, `a` nonsingular, the pencil sees a variable `x` through the compression
//! `g = V^* G V` of its resolvent alone, and the variable answers with `V r V^*`:
//!
//! ```text
//! r = a R(g a)                                    if the R-transform of x is known: unknown g
//! r = omega - G_x(omega)^-1,   omega = g^-1 + r   by subordination
//! ```
//!
//! (Speicher, Mem. AMS 627, 1998; Belinschi, Mai and Speicher, J. reine angew. Math. 732, 2017: `omega` is
//! the Schur complement of the subordination function on the support of `a`.) `omega` itself may be the unknown. It stays
//! finite at a hard edge, where all resolvents run off to infinity, and has poles outside of the support, where `g` is singular.
//! A compressed resolvent is analytic wherever the resolvent is bounded, which is what walks need:
//!
//! ```text
//! h = (omega - t a)^-1 = E(V^* (Lambda - sum_k A_k x_k)^-1 V | x = t)
//! ```
//!
//! with a point `t` of the support of `x`, from which the variable is measured, `y = x - t`:
//!
//! ```text
//! G_x(omega) = int (1 - y h a)^-1 mu(dy) h = (1 + h a f) h,    f = f(h a) = int y (1 - y h a)^-1 mu(dy)
//! r = t a + s,   s = a f (1 + h a f)^-1,   h = (g^-1 + s)^-1 = g (1 + s g)^-1
//! ```
//!
//! in which nothing cancels where `h` is large or singular. (With `omega` for the unknown `t` is 0.)

mod rate;

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::coordinates::Coordinates;
use super::hermitian::RankFactors;
use super::matrix_function::LawFunction;
use crate::free::{FreeLevy, Law};
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

/// The unknown of a variable that answers by subordination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// `omega`.
    Subordination,
    /// `h`.
    Resolvent,
}

/// A variable in a pencil.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    lift: DMatrix<Complex64>,
    core: DMatrix<Complex64>,
    inverse_core: DMatrix<Complex64>,
    answer: Answer,
    /// That of a variable that answers by its R-transform is a resolvent, `g`.
    unknown: Unknown,
    /// Of the unknowns.
    coordinates: Coordinates,
    /// The number `t` that the variable is measured from.
    origin: f64,
    /// Numbers `c` for which `a^-1 - c h` is nonsingular outside of the support: jumps, or ends of the support and atoms,
    /// measured from `t`.
    poles: Vec<f64>,
    /// Unknowns at which an entry is special.
    special: Vec<Vec<Complex64>>,
}

/// Buffers of one channel.
#[derive(Debug)]
pub struct ChannelBuffers {
    /// The unknown.
    unknown: SplitMatrix,
    /// `r - t a`, row-major.
    answer: SplitMatrix,
    scratch: SplitMatrix,
    weighted: SplitMatrix,
}

impl Channel {
    /// That of a coefficient; `symmetric` if all unknowns of the equation are symmetric matrices. The unknown of a variable that
    /// answers by its R-transform is a resolvent in any case.
    pub(super) fn new(
        factors: RankFactors,
        law: &Law,
        levy: Option<FreeLevy>,
        symmetric: bool,
        unknown: Unknown,
    ) -> Option<Self> {
        let inverse_core = factors.core.clone().try_inverse()?;
        let unknown = if levy.is_some() { Unknown::Resolvent } else { unknown };
        let origin = if levy.is_none() && unknown == Unknown::Resolvent { origin(law) } else { 0.0 };
        let measured = |location: f64| location - origin;
        let atoms = || law.point_masses().iter().map(|atom| measured(atom.location));
        let jumps = || levy.iter().flat_map(|levy| &levy.jumps).map(|jump| jump.size);
        let ends = law.spectral().support().into_iter().flatten().map(measured);
        let singular = law.singularities().into_iter().map(|at| measured(at.location()));
        let (poles, special): (Vec<f64>, Vec<f64>) = match &levy {
            Some(_) => (jumps().collect(), jumps().collect()),
            None => (ends.chain(atoms()).collect(), atoms().chain(singular).collect()),
        };
        let special = special.into_iter().filter(|pole| *pole != 0.0).take(FEW_ATOMS);
        let coordinates = Coordinates::new(factors.core.nrows(), symmetric);
        let unknowns = |pole: f64| {
            let matrix = match unknown {
                Unknown::Resolvent => &inverse_core / Complex64::from(pole),
                Unknown::Subordination => &factors.core * Complex64::from(pole),
            };
            let mut of_matrix = vec![Complex64::ZERO; coordinates.len()];
            coordinates.gather(|i, j| matrix[(i, j)], &mut of_matrix);
            of_matrix
        };
        let special = special.map(unknowns).collect();
        let answer = match levy {
            Some(levy) => Answer::Levy(levy),
            None if law.is_discrete() && law.point_masses().len() <= FEW_ATOMS => {
                let atom = |atom: &Atom| Atom { location: measured(atom.location), ..*atom };
                Answer::Atoms(law.point_masses().iter().map(atom).collect())
            }
            None => Answer::Law(LawFunction::new(&law.affine(1.0, -origin).ok()?)),
        };
        let RankFactors { lift, core, .. } = factors;
        Some(Self { lift, core, inverse_core, answer, unknown, coordinates, origin, poles, special })
    }

    /// The number that the variable is measured from.
    pub(super) fn origin(&self) -> f64 {
        self.origin
    }

    /// Rank of the coefficient.
    pub(super) fn rank(&self) -> usize {
        self.core.nrows()
    }

    /// The coordinates of the unknown.
    pub(super) fn coordinates(&self) -> Coordinates {
        self.coordinates
    }

    /// The unknown as a matrix.
    pub(super) fn matrix(&self, state: &[Complex64]) -> DMatrix<Complex64> {
        let mut matrix = DMatrix::zeros(self.rank(), self.rank());
        self.coordinates.expand(state, |i, j, entry| matrix[(i, j)] = entry);
        matrix
    }

    /// What the unknowns are close to: 0, or a number at which the answer is singular.
    pub(super) fn origins(&self, state: &[Complex64], origins: &mut [Complex64]) {
        for (at, (entry, origin)) in state.iter().zip(origins).enumerate() {
            let special = self.special.iter().map(|unknowns| unknowns[at]);
            let nearest = special.min_by(|a, b| (entry - a).norm().total_cmp(&(entry - b).norm()));
            *origin = nearest.filter(|at| (entry - at).norm() < CLOSE * entry.norm()).unwrap_or_default();
        }
    }

    fn subordinated(&self) -> bool {
        !matches!(self.answer, Answer::Levy(_))
    }

    /// Sign of the imaginary part of the unknown.
    pub(super) fn sign(&self) -> f64 {
        match self.unknown {
            Unknown::Resolvent => -1.0,
            Unknown::Subordination => 1.0,
        }
    }

    pub(super) fn buffers(&self) -> ChannelBuffers {
        let zeros = || SplitMatrix::zeros(self.rank());
        ChannelBuffers { unknown: zeros(), answer: zeros(), scratch: zeros(), weighted: zeros() }
    }

    /// Computes `s = r - t a` from the unknown and subtracts `V s V^*` from the pencil; false where it is singular.
    #[must_use]
    pub(super) fn answer(
        &self,
        state: &[Complex64],
        pencil: &mut SplitMatrix,
        buffers: &mut ChannelBuffers,
    ) -> bool {
        self.coordinates.expand(state, |i, j, entry| buffers.unknown.set(i, j, entry));
        let regular = match &self.answer {
            Answer::Levy(levy) => self.answer_levy(levy, buffers),
            Answer::Atoms(atoms) => self.answer_atoms(atoms, buffers),
            Answer::Law(law) => self.answer_law(law, buffers),
        };
        if regular {
            self.subtract(pencil, buffers);
        }
        regular
    }

    /// Subtracts `V s V^*` from the leading block of a matrix.
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
    fn answer_levy(&self, levy: &FreeLevy, buffers: &mut ChannelBuffers) -> bool {
        let n = self.rank();
        let answer = &mut buffers.answer;
        for i in 0..n {
            for j in 0..n {
                let mut entry = levy.drift * self.core[(i, j)];
                if levy.variance != 0.0 {
                    for k in 0..n {
                        for l in 0..n {
                            entry += levy.variance
                                * self.core[(i, k)]
                                * buffers.unknown.get(k, l)
                                * self.core[(l, j)];
                        }
                    }
                }
                answer.set(i, j, entry);
            }
        }
        for jump in &levy.jumps {
            for i in 0..n {
                for j in 0..n {
                    let entry = self.inverse_core[(i, j)] - jump.size * buffers.unknown.get(i, j);
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

    /// `S T^-1 a` with `T = sum mass (a^-1 - y h)^-1`, `S = sum mass y (a^-1 - y h)^-1`; `a S T^-1` with those of
    /// `(omega - y a)^-1`.
    fn answer_atoms(&self, atoms: &[Atom], buffers: &mut ChannelBuffers) -> bool {
        let n = self.rank();
        buffers.answer.fill_zero();
        buffers.weighted.fill_zero();
        for atom in atoms {
            for i in 0..n {
                for j in 0..n {
                    let entry = match self.unknown {
                        Unknown::Resolvent => {
                            self.inverse_core[(i, j)] - atom.location * buffers.unknown.get(i, j)
                        }
                        Unknown::Subordination => {
                            buffers.unknown.get(i, j) - atom.location * self.core[(i, j)]
                        }
                    };
                    buffers.scratch.set(i, j, entry);
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
                let entry = (0..n).map(|k| match self.unknown {
                    Unknown::Resolvent => buffers.scratch.get(i, k) * self.core[(k, j)],
                    Unknown::Subordination => self.core[(i, k)] * buffers.scratch.get(k, j),
                });
                buffers.answer.set(i, j, entry.sum());
            }
        }
        true
    }

    fn answer_law(&self, law: &LawFunction, buffers: &mut ChannelBuffers) -> bool {
        let n = self.rank();
        if self.unknown == Unknown::Subordination && !buffers.unknown.invert() {
            return false;
        }
        let unknown = DMatrix::from_fn(n, n, |i, j| buffers.unknown.get(i, j));
        let Some(answer) = self.law_answer(law, unknown) else { return false };
        for i in 0..n {
            for j in 0..n {
                buffers.answer.set(i, j, answer[(i, j)]);
            }
        }
        true
    }

    /// `a f (1 + h a f)^-1`.
    fn law_answer(&self, law: &LawFunction, unknown: DMatrix<Complex64>) -> Option<DMatrix<Complex64>> {
        let n = self.rank();
        let product = unknown * &self.core;
        let function = law.at(&product)?;
        let inverse = (DMatrix::identity(n, n) + product * &function).try_inverse()?;
        Some(&self.core * function * inverse)
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
        if !self.subordinated() {
            self.coordinates.gather(|k, l| buffers.scratch.get(k, l), image);
            return true;
        }
        if self.unknown == Unknown::Subordination {
            // g^-1 + s.
            if !buffers.scratch.invert() {
                return false;
            }
            add(&mut buffers.scratch, 1.0, &buffers.answer);
            self.coordinates.gather(|k, l| buffers.scratch.get(k, l), image);
            return true;
        }
        // g (1 + s g)^-1.
        multiply(&buffers.answer, &buffers.scratch, &mut buffers.weighted);
        buffers.weighted.add_identity();
        if !buffers.weighted.invert() {
            return false;
        }
        multiply(&buffers.scratch, &buffers.weighted, &mut buffers.unknown);
        self.coordinates.gather(|k, l| buffers.unknown.get(k, l), image);
        true
    }

    /// The unknown that belongs to a resolvent of a pencil in which no variable has answered yet.
    pub(super) fn first_state(&self, resolvent: &SplitMatrix, state: &mut [Complex64]) -> bool {
        let mut buffers = self.buffers();
        buffers.answer.fill_zero();
        self.image(resolvent, state, &mut buffers)
    }
}

/// The point of a support that a variable is measured from: 0, at which unknowns are known to all digits, if that is one, else
/// the heaviest atom, else the point next to the mean.
fn origin(law: &Law) -> f64 {
    let support = law.spectral().support();
    let within = |x: f64| support.iter().any(|&[low, high]| low <= x && x <= high);
    let atoms = law.point_masses();
    if within(0.0) || atoms.iter().any(|atom| atom.location == 0.0) {
        return 0.0;
    }
    if let Some(heaviest) = atoms.iter().max_by(|a, b| a.mass.total_cmp(&b.mass)) {
        return heaviest.location;
    }
    let mean = law.mean();
    let nearest = support.iter().map(|&[low, high]| mean.clamp(low, high));
    nearest.min_by(|a, b| (a - mean).abs().total_cmp(&(b - mean).abs())).unwrap_or(mean)
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
