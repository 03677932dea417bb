//! The derivatives of what a variable contributes to a pencil, at real points outside of the support.

use std::f64::consts::PI;

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::{Answer, Channel, ChannelBuffers};
use crate::solver::Factors;

/// Half the points of a circle in the plane of complex multiples of a direction, and its radius relative to that at which a
/// factor may become singular: derivatives err by its eighth power.
const HALF_CIRCLE: usize = 4;
const RADIUS: f64 = 0.02;

/// Squarings of a matrix whose norm then tells the size of its largest eigenvalue.
const SQUARINGS: i32 = 3;

impl Channel {
    /// `1 + h a f`, which is singular where `g` is.
    fn mean_factor(&self, unknown: &DMatrix<Complex64>) -> Option<DMatrix<Complex64>> {
        let n = self.rank();
        match &self.answer {
            Answer::Levy(_) => Some(DMatrix::identity(n, n)),
            Answer::Atoms(atoms) => {
                let mut sum = DMatrix::zeros(n, n);
                for atom in atoms {
                    sum += self.factor(unknown, atom.location).try_inverse()? * Complex64::from(atom.mass);
                }
                Some(&self.inverse_core * sum)
            }
            Answer::Law(law) => {
                let product = unknown * &self.core;
                let function = law.at(&product)?;
                Some(DMatrix::identity(n, n) + product * function)
            }
        }
    }

    /// `a^-1 - pole h`, which the answer inverts in one way or the other: on the way between two points outside of the
    /// support it does not become singular.
    fn factor(&self, unknown: &DMatrix<Complex64>, pole: f64) -> DMatrix<Complex64> {
        &self.inverse_core - unknown * Complex64::from(pole)
    }

    /// The derivative of `s` at a Hermitian unknown in a Hermitian direction; `None` where it is singular.
    ///
    /// Those of sums over jumps and atoms are theirs. Laws are known by functions of matrices that are not smooth to the last
    /// digit, as eigenvalues are: there it is the mean over a circle of complex multiples of the direction,
    /// `mean s(h + u d) / u`. Below the axis `s` is the adjoint of what it is above.
    fn answer_rate(
        &self,
        unknown: &DMatrix<Complex64>,
        direction: &DMatrix<Complex64>,
    ) -> Option<DMatrix<Complex64>> {
        let n = self.rank();
        let mut rate = DMatrix::zeros(n, n);
        match &self.answer {
            Answer::Levy(levy) => {
                rate += &self.core * direction * &self.core * Complex64::from(levy.variance);
                for jump in &levy.jumps {
                    let inverse = self.factor(unknown, jump.size).try_inverse()?;
                    let weight = Complex64::from(jump.rate * jump.size * jump.size);
                    rate += &inverse * direction * &inverse * weight;
                }
            }
            Answer::Atoms(atoms) => {
                // s = S T^-1 a with T = sum mass Q, S = sum mass y Q, Q' = y Q d Q.
                let (mut plain, mut weighted) = (rate.clone(), rate.clone());
                let (mut plain_rate, mut weighted_rate) = (rate.clone(), rate.clone());
                for atom in atoms {
                    let inverse = self.factor(unknown, atom.location).try_inverse()?;
                    let change = &inverse * direction * &inverse * Complex64::from(atom.mass * atom.location);
                    weighted_rate += &change * Complex64::from(atom.location);
                    plain_rate += change;
                    weighted += &inverse * Complex64::from(atom.mass * atom.location);
                    plain += inverse * Complex64::from(atom.mass);
                }
                let inverse = plain.try_inverse()?;
                rate = (weighted_rate - weighted * &inverse * plain_rate) * inverse * &self.core;
            }
            Answer::Law(law) => {
                let changes = self.poles.iter().map(|&pole| self.relative_change(unknown, direction, pole).0);
                let steepest = changes.fold(0.0, f64::max);
                if steepest == 0.0 {
                    return Some(rate);
                }
                for k in 0..HALF_CIRCLE {
                    let angle = PI * (k as f64 + 0.5) / HALF_CIRCLE as f64;
                    let turn = Complex64::from_polar(RADIUS / steepest, angle);
                    let term = self.law_answer(law, unknown + direction * turn)?;
                    let term = term / (2.0 * HALF_CIRCLE as f64 * turn);
                    rate += term.adjoint() + term;
                }
            }
        }
        Some(rate)
    }

    /// The relative change of a factor in a direction, and whether its determinant is negative.
    fn relative_change(
        &self,
        unknown: &DMatrix<Complex64>,
        direction: &DMatrix<Complex64>,
        pole: f64,
    ) -> (f64, bool) {
        relative_change(self.factor(unknown, pole), &(direction * Complex64::from(pole)))
    }

    /// The derivatives of what the pencil and the images need, at a Hermitian unknown: that of `s`, which is taken off
    /// the change of the pencil.
    pub(in crate::polynomial) fn answer_change(
        &self,
        state: &[Complex64],
        direction: &[Complex64],
        change: &mut DMatrix<Complex64>,
    ) -> Option<DMatrix<Complex64>> {
        let rate = self.answer_rate(&self.matrix(state), &self.matrix(direction))?;
        *change -= &self.lift * &rate * self.lift.adjoint();
        Some(rate)
    }

    /// The change of the image that goes with those of the resolvent and of `s`, of which the buffers know the value.
    pub(in crate::polynomial) fn image_change(
        &self,
        resolvent: &DMatrix<Complex64>,
        change: &DMatrix<Complex64>,
        rate: DMatrix<Complex64>,
        image: &mut [Complex64],
        buffers: &ChannelBuffers,
    ) -> Option<()> {
        let compressed = |matrix: &DMatrix<Complex64>| self.lift.adjoint() * matrix * &self.lift;
        let mut changed = compressed(change);
        if self.subordinated() {
            let n = self.rank();
            let (plain, answer) =
                (compressed(resolvent), DMatrix::from_fn(n, n, |i, j| buffers.answer.get(i, j)));
            let left = (DMatrix::identity(n, n) + &plain * &answer).try_inverse()?;
            let right = (DMatrix::identity(n, n) + answer * &plain).try_inverse()?;
            let next = &left * plain;
            changed = left * changed * right - &next * rate * &next;
        }
        self.coordinates.gather(|i, j| changed[(i, j)], image);
        Some(())
    }

    /// Takes the factors at an unknown into account, changing in a direction; returns whether `1 + h a f` has a negative
    /// determinant: where that changes its sign the pencil does so, too, through infinity.
    pub(in crate::polynomial) fn take_factors(
        &self,
        state: &[Complex64],
        direction: &[Complex64],
        factors: &mut Factors,
    ) -> bool {
        let (unknown, direction) = (self.matrix(state), self.matrix(direction));
        for &pole in &self.poles {
            let (change, negative) = self.relative_change(&unknown, &direction, pole);
            factors.add(change, negative);
        }
        self.mean_factor(&unknown).is_some_and(|factor| factor.determinant().re < 0.0)
    }
}

/// The size of the largest eigenvalue of `factor^-1 direction`, or a little more, infinite where the factor is singular, and
/// whether the determinant of the factor is negative.
fn relative_change(factor: DMatrix<Complex64>, direction: &DMatrix<Complex64>) -> (f64, bool) {
    let factors = factor.lu();
    let negative = factors.determinant().re < 0.0;
    let Some(mut power) = factors.solve(direction) else { return (f64::INFINITY, negative) };
    // The norm of M^8, to the power of 1/8, with a product of norms for what overflows.
    let mut size = 1.0;
    for squarings in 0..=SQUARINGS {
        let norm = power.norm();
        if norm == 0.0 || norm.is_nan() {
            return (if norm == 0.0 { 0.0 } else { f64::INFINITY }, negative);
        }
        size *= norm.powf(0.5f64.powi(squarings));
        power /= Complex64::from(norm);
        power = &power * &power;
    }
    (size, negative)
}
