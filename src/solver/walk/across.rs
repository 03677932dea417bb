//! To the other side of a pole that the curve of real solutions runs off at.

use num_complex::Complex64;

use super::curve::{Curve, Place};
use super::{End, Runaway, Walk};
use crate::control;
use crate::error::Result;
use crate::solver::fixed_point::FixedPoint;

/// Error of the power up to which points next to a pole are kept, and the ratio of their distances.
const LOOSE: f64 = 0.1;
const THINNED: f64 = 0.2;

/// Points on the way to poles, from which the other side may be reached.
#[derive(Debug, Default)]
pub(super) struct Shores(Vec<(f64, f64, Vec<Place>)>);

impl Shores {
    /// Keeps the last points at a distance from a place where the power is `off` by so much.
    pub(super) fn add<'a>(
        &mut self,
        place: &Runaway,
        distance: f64,
        off: f64,
        points: impl Iterator<Item = &'a Place>,
    ) {
        let farther = self.0.last().is_none_or(|(_, last, _)| distance < THINNED * last);
        if off <= LOOSE && place.power != Some(2.0) && farther {
            self.0.push((place.at, distance, points.cloned().collect()));
        }
    }
}

impl<E: FixedPoint + ?Sized> Curve<'_, E> {
    /// A point as far beyond a pole as the last of some points is from it, and the unknowns there: `r / (z - a) + c + d (z - a)`,
    /// or fewer terms for fewer points. Unknowns without a pole may vanish there, so the points are solved for to rounding.
    pub(super) fn across(&mut self, pole: f64, points: &[Place]) -> (f64, Vec<f64>) {
        let mut points = points.to_vec();
        for place in points.iter_mut().filter(|place| !place.precise) {
            let rough = place.clone();
            if self.polish(place).is_none() {
                *place = rough;
            }
        }
        let distances: Vec<f64> = points.iter().map(|place| place.z - pole).collect();
        let last = distances.last().copied().unwrap_or_default();
        // Lagrange's formula for (z - a) x at the mirror image.
        let weight = |k: usize| {
            let others = (0..distances.len()).filter(|&j| j != k);
            let ratio = |j: usize| (-last - distances[j]) / (distances[k] - distances[j]);
            others.map(ratio).product::<f64>() * distances[k] / -last
        };
        let weights: Vec<f64> = (0..points.len()).map(weight).collect();
        let unknown = |i: usize| points.iter().zip(&weights).map(|(place, weight)| weight * place.x[i]).sum();
        let state: Vec<f64> = (0..self.start.x.len()).map(unknown).collect();
        (pole - last, self.line.in_units(&state))
    }

    /// Whether there is a physical solution next to unknowns.
    pub(super) fn is_outside(&mut self, (z, state): &(f64, Vec<f64>)) -> bool {
        let guess: Vec<Complex64> = state.iter().copied().map(Complex64::from).collect();
        self.line.beside(|equation, workspace| equation.outside(*z, &guess, workspace).is_ok())
    }

    /// The other side of a pole from the points on the way there, the nearest first.
    pub(super) fn from(&mut self, shores: Shores) -> Result<Option<End>> {
        for (z, _, points) in shores.0.into_iter().rev() {
            control::check()?;
            let behind = self.across(z, &points);
            if self.is_outside(&behind) {
                let evaluations = self.line.evaluations;
                return Ok(Some(End { z, error: 0.0, turn: None, behind: Some(behind), evaluations }));
            }
        }
        Ok(None)
    }
}
