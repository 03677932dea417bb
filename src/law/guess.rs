//! Guesses for the points of a band: interpolation between the unknowns of solved points.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::frame::Frame;
use super::support::Search;
use super::transform::CauchyTransform;
use crate::error::Result;
use crate::resolve::axis::Sample;

/// Known points that serve one guess by interpolation.
const STENCIL: usize = 8;

/// Distance between the neighbours of a point that cannot be solved for, relative to the length of the band.
const BESIDE: f64 = 1e-4;

/// Solved points of a band, in order of angle, as a source of guesses.
pub(super) struct States {
    frame: Frame,
    /// The unknowns may have a pole where `G` has one, so it is `x - pole` times the state that is
    /// interpolated.
    poles: Vec<f64>,
    points: Vec<(f64, Vec<Complex64>)>,
}

impl States {
    pub(super) fn new(frame: Frame, poles: Vec<f64>, known: &[Sample], close: f64) -> Self {
        let mut states = Self { frame, poles, points: Vec::new() };
        for point in known.iter().filter(|point| frame.low() < point.x && point.x < frame.high()) {
            states.insert(point.clone(), close);
        }
        states
    }

    /// Keeps a solved point unless another one is as near as `close` in angle.
    pub(super) fn insert(&mut self, point: Sample, close: f64) {
        let angle = self.frame.parameter(point.x);
        let at = self.points.partition_point(|(other, _)| *other < angle);
        let near =
            |index: usize| self.points.get(index).is_some_and(|(other, _)| (other - angle).abs() < close);
        if !(near(at) || at > 0 && near(at - 1)) {
            self.points.insert(at, (angle, point.state));
        }
    }

    /// Solves at `x` from an interpolated guess, then from the nearest state, then from scratch.
    pub(super) fn solve<T: CauchyTransform>(
        &self,
        search: &Search<'_, T>,
        x: f64,
        workspace: &mut T::Workspace,
    ) -> Result<Option<Sample>> {
        if let Some(guess) = self.guess(self.frame.parameter(x))
            && let Ok(Some(point)) = search.inside_near(x, &guess, workspace)
        {
            return Ok(Some(point));
        }
        search.inside(x, workspace).or_else(|error| self.between(search, x, workspace).ok_or(error))
    }

    /// A point that cannot be solved for, from its neighbours: it may be singular for the unknowns though not
    /// for the law, as where the Cauchy transform vanishes by symmetry. The density is interpolated by a cubic;
    /// inside a gap there is none.
    fn between<T: CauchyTransform>(
        &self,
        search: &Search<'_, T>,
        x: f64,
        workspace: &mut T::Workspace,
    ) -> Option<Option<Sample>> {
        let step = BESIDE * self.frame.length();
        let mut beside = |steps: f64| search.inside(x + steps * step, workspace).ok();
        match [beside(-2.0)?, beside(-1.0)?, beside(1.0)?, beside(2.0)?] {
            [Some(first), Some(second), Some(third), Some(fourth)] => {
                let density = (4.0 * (second.density + third.density) - first.density - fourth.density) / 6.0;
                Some(Some(Sample { x, density, ..second }))
            }
            [None, None, None, None] => Some(None),
            _ => None,
        }
    }

    /// Local polynomial interpolation in the parameter. Going around an edge in the angle is going
    /// through the cut to the conjugate state, so the points continue by reflection at both ends.
    fn guess(&self, angle: f64) -> Option<Vec<Complex64>> {
        let count = self.points.len() as isize;
        if count == 0 {
            return None;
        }
        // At a branch point or a regular end there is nothing to reflect.
        let reflects = matches!(self.frame, Frame::Edges { .. });
        let node = |index: isize| {
            if index < 0 {
                let (angle, state) = &self.points[(-1 - index) as usize];
                (-angle, state, true)
            } else if index >= count {
                let (angle, state) = &self.points[(2 * count - 1 - index) as usize];
                (2.0 * PI - angle, state, true)
            } else {
                let (angle, state) = &self.points[index as usize];
                (*angle, state, false)
            }
        };
        let at = self.points.partition_point(|(other, _)| *other < angle) as isize;
        let width = (STENCIL as isize).min(count);
        let from = if reflects { at - width / 2 } else { (at - width / 2).clamp(0, count - width) };
        let offset = |angle: f64| {
            let x = self.frame.position(angle);
            self.poles.iter().map(|pole| x - pole).product::<f64>()
        };
        let mut guess = vec![Complex64::ZERO; self.points[0].1.len()];
        for i in from..from + width {
            let (own, state, conjugate) = node(i);
            let weight: f64 = (from..from + width)
                .filter(|&j| j != i)
                .map(|j| {
                    let (other, ..) = node(j);
                    (angle - other) / (own - other)
                })
                .product();
            let weight = weight * offset(own) / offset(angle);
            let sign = if conjugate { -1.0 } else { 1.0 };
            guess.iter_mut().zip(state).for_each(|(sum, entry)| {
                sum.re += weight * entry.re;
                sum.im += sign * weight * entry.im;
            });
        }
        Some(guess)
    }
}
