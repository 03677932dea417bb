//! A turning point next to that of a neighbouring equation.
//!
//! With `c` along the direction in which the unknowns opened up there, `tau = c . x` is a good parameter of the new curve as
//! well: the equations `F - x = 0`, `c . x = tau` are regular at the turning point, and `z'(tau) = 0` is found by the secant
//! method, whose first slope is that of the old curve, `z'' = -+2 / |opening|^2`.

use super::curve::{Curve, LEFT, Turning};
use super::{End, TANGENT};
use crate::error::{Error, Result};
use crate::solver::fixed_point::FixedPoint;
use crate::solver::krylov::norm;

/// Steps of the secant method.
const STEPS: usize = 8;

/// How far a neighbour may be, relative to the unknowns.
const FARTHEST: f64 = 0.5;

impl<E: FixedPoint + ?Sized> Curve<'_, E> {
    /// The turning point next to the start of the curve, which opened up along its tangent; with the direction of the
    /// tangent there.
    pub(super) fn neighbour(mut self) -> Result<(End, Vec<f64>)> {
        let lost = |near: f64| Error::NoEdge { near, points: STEPS };
        let mut bend = -2.0 * self.sign * self.start.slope.powi(2);
        let mut at = self.start.clone();
        at.slope = 0.0;
        let scale = self.scale(&at);
        let reach = FARTHEST * norm(&at.x);
        self.correct(&mut at, reach, scale, true).ok_or(lost(at.z))?;
        self.tangent(&mut at, scale, TANGENT).ok_or(lost(at.z))?;
        for _ in 0..STEPS {
            let aim = -at.slope / bend;
            let rest = 0.5 * (at.slope * aim).abs();
            if rest <= LEFT * at.z.abs() {
                let direction: Vec<f64> = at.velocity.iter().map(|v| self.sign * v).collect();
                let direction = self.line.in_units(&direction);
                let found = Turning { aim, z: at.z + 0.5 * at.slope * aim, rest };
                return Ok((self.turning_point(&at, bend, found)?, direction));
            }
            let next = self.advance(&at, None, aim, true).ok_or(lost(at.z))?;
            bend = (next.slope - at.slope) / aim;
            if bend * self.sign >= 0.0 || !bend.is_finite() {
                break;
            }
            at = next;
        }
        Err(lost(at.z))
    }
}
