//! One interval of the support with its density.
//!
//! ```text
//! rho(x) = q(x) sqrt((x - a)(b - x)) / |x - p|
//! ```
//!
//! with `q` analytic across both edges, as adaptive Chebyshev series. The last factor is there when
//! the law has a pole `p` outside the interval, and once more if there is one on the other side; it takes
//! up the steep side of a nearly hard edge, and at `p = a` turns the soft edge into a hard one. Masses and
//! integrals use the angle `x = a + (b - a) sin^2(theta / 2)`, in which `rho(x) dx / dtheta` is analytic
//! and even at both ends whatever their kind. Next to branch points, those inside the support
//! included, the density is smooth in a root of the distance instead ([`Frame::Power`]).

use std::f64::consts::PI;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::guess::States;
use super::integrals::{PANEL_NODES, panel_nodes};
use super::series::{Resolution, Series, Value, resolve};
use super::support::Search;
use super::transform::CauchyTransform;
use crate::control;
use crate::error::{Error, Result};
use crate::resolve::axis::Sample;

/// Relative size of the coefficients that are left out of the series of `q`.
const TOLERANCE: f64 = 5e-12;

/// Coefficients below this that stop decreasing are the rounding of the solver, which grows towards
/// the edges and towards points where two bands nearly meet.
const NOISE: f64 = 1e-9;

/// Mass that one unresolved coefficient may be worth: next to an edge that rounding has displaced,
/// no series of `q` converges, but little mass depends on it.
const NEGLIGIBLE: f64 = 1e-12;

/// The same for the mass as a function of the angle. Positions next to an edge far from zero are
/// rounded relative to the edge, and no series converges past that.
const NEGLIGIBLE_IN_MASS: f64 = 1e-15;

/// Intervals of the parameter shorter than this, relative to their upper end, are not split, nor are those next to
/// 0 that end below the second number.
const NARROWEST: f64 = 1e-9;
const NEXT_TO_ZERO: f64 = 1e-14;

/// Points closer than this, relative to the interval of angles that is being sampled, add nothing to
/// a guess but rounding.
const CLOSE: f64 = 3e-3;

/// One interval of the support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Band {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(super) frame: Frame,
    /// `q` on adjacent intervals of its variable.
    smooth: Vec<Series>,
    /// `rho(x) |dx / dparameter|` on adjacent intervals of the parameter, with the mass before each.
    pub(super) mass: Vec<(f64, Series)>,
    /// Intervals of the parameter on which [`PANEL_NODES`] Gauss nodes integrate the density.
    pub(super) panels: Vec<(f64, f64)>,
    /// Nodes `x` and weights `rho(x) dx` of the quadrature, panel by panel.
    pub(super) quadrature: Vec<(f64, f64)>,
}

/// Why a band could not be represented.
pub(super) enum Obstacle {
    /// The density vanishes at this point between the edges: there are two bands.
    Gap(f64),
    /// A point could not be solved for.
    Failed(Error),
}

impl Band {
    /// Samples the density on a frame until it is resolved. `known` are solved points to start guesses
    /// from.
    pub(super) fn sample<T: CauchyTransform>(
        search: &Search<'_, T>,
        frame: Frame,
        known: &[Sample],
    ) -> std::result::Result<Self, Obstacle> {
        let mut states = States::new(frame, search.near_poles(frame), known, CLOSE * frame.extent());
        let (first, last) = frame.variables();
        let parameter = |variable: f64| frame.parameter_of_variable(variable);
        let resolution = Resolution {
            tolerance: TOLERANCE,
            noise: NOISE,
            narrow: &|from, to| is_narrow(parameter(from), parameter(to)),
            floor: f64::MIN_POSITIVE,
            middle: &|from, to| frame.variable_of_parameter(0.5 * (parameter(from) + parameter(to))),
            weight: &|from, to| {
                let (from, to) = (parameter(from), parameter(to));
                let largest = [from, 0.5 * (from + to), to].map(|at| frame.rate_factor(at));
                (to - from) * largest.into_iter().fold(0.0, f64::max)
            },
            negligible: NEGLIGIBLE,
        };
        let mut sample = |variables: &[f64]| -> std::result::Result<Vec<Value>, Obstacle> {
            let positions: Vec<f64> = variables.iter().map(|&at| frame.position(parameter(at))).collect();
            let chunk = positions.len().div_ceil(2 * rayon::current_num_threads());
            let solved: Vec<Result<Option<Sample>>> = positions
                .par_chunks(chunk)
                .flat_map_iter(control::carried(|chunk: &[f64]| {
                    let mut workspace = search.workspace();
                    let points: Vec<_> =
                        chunk.iter().map(|&x| states.solve(search, x, &mut workspace)).collect();
                    search.give_back(workspace);
                    points
                }))
                .collect();
            let parameters = variables.iter().map(|&at| parameter(at));
            let (from, to) = parameters.fold((PI, 0.0f64), |(from, to), x| (from.min(x), to.max(x)));
            let extent = to - from;
            let mut values = Vec::with_capacity(positions.len());
            for (&x, point) in positions.iter().zip(solved) {
                let point = point.map_err(Obstacle::Failed)?.ok_or(Obstacle::Gap(x))?;
                let factor = frame.factor(x);
                let noise = frame.noise(x, point.density, point.noise * point.density) / factor;
                values.push(Value { value: point.density / factor, noise });
                states.insert(point, CLOSE * extent);
            }
            Ok(values)
        };
        let mut cuts: Vec<f64> =
            search.cuts(frame.low(), frame.high()).into_iter().map(|x| frame.variable(x)).collect();
        cuts.sort_by(f64::total_cmp);
        let mut smooth = Vec::new();
        let mut from = first;
        for to in cuts.into_iter().chain([last]) {
            smooth.extend(resolve(from, to, resolution, &mut sample)?);
            from = to;
        }
        Ok(Self::from_smooth(frame, smooth))
    }

    /// Completes a band from the series of `q`.
    fn from_smooth(frame: Frame, smooth: Vec<Series>) -> Self {
        let (low, high) = (frame.low(), frame.high());
        let mut band =
            Self { low, high, frame, smooth, mass: Vec::new(), panels: Vec::new(), quadrature: Vec::new() };
        let mut before = 0.0;
        for piece in &band.smooth {
            let mut rate = |parameters: &[f64]| {
                let rates = parameters.iter().map(|&parameter| {
                    let variable = frame.variable_of_parameter(parameter);
                    Value { value: piece.eval(variable) * frame.rate_factor(parameter), noise: 0.0 }
                });
                Ok::<_, std::convert::Infallible>(rates.collect())
            };
            let (from, to) =
                (frame.parameter_of_variable(piece.low), frame.parameter_of_variable(piece.high));
            let resolution = Resolution {
                tolerance: 1e-14,
                noise: 1e-12,
                narrow: &is_narrow,
                floor: 1e-3 * before / PI + f64::MIN_POSITIVE,
                middle: &|from, to| 0.5 * (from + to),
                weight: &|from, to| to - from,
                negligible: NEGLIGIBLE_IN_MASS,
            };
            let Ok(series) = resolve(from, to, resolution, &mut rate);
            for series in series {
                // Three nodes for each coefficient leave room for the function that is integrated.
                let count = (3 * series.len()).div_ceil(PANEL_NODES);
                let width = (series.high - series.low) / count as f64;
                for i in 0..count {
                    let panel = (series.low + width * i as f64, series.low + width * (i + 1) as f64);
                    band.panels.push(panel);
                    band.quadrature.extend(
                        panel_nodes(panel).map(|(at, weight)| (frame.position(at), weight * series.eval(at))),
                    );
                }
                let mass = series.integral(series.high);
                band.mass.push((before, series));
                before += mass;
            }
        }
        band
    }

    /// Whether the parts fit together, which those of a file may not.
    pub(super) fn is_consistent(&self) -> bool {
        let adjacent = |pieces: Vec<&Series>, low: f64, high: f64| {
            let mut at = low;
            for piece in pieces {
                if piece.low != at || !piece.is_sound() {
                    return false;
                }
                at = piece.high;
            }
            at == high
        };
        let end = self.mass.last().map_or(f64::NAN, |(_, series)| series.high);
        let (first, last) = self.frame.variables();
        self.frame.is_sound()
            && (self.low, self.high) == (self.frame.low(), self.frame.high())
            && adjacent(self.smooth.iter().collect(), first, last)
            && adjacent(self.mass.iter().map(|(_, series)| series).collect(), 0.0, end)
            && (end - self.frame.extent()).abs() < 1e-12
            && !self.panels.is_empty()
            && self.quadrature.len() == PANEL_NODES * self.panels.len()
    }

    pub(crate) fn contains(&self, x: f64) -> bool {
        self.low < x && x < self.high
    }

    pub(crate) fn density(&self, x: f64) -> f64 {
        if !self.contains(x) {
            return self.density_at_edge(x);
        }
        (self.smooth_at(self.frame.variable(x)) * self.frame.factor(x)).max(0.0)
    }

    fn density_at_edge(&self, x: f64) -> f64 {
        match self.frame {
            _ if x != self.low && x != self.high => 0.0,
            Frame::Edges { poles, .. } if poles.contains(&Some(x)) => f64::INFINITY,
            Frame::Edges { .. } => 0.0,
            Frame::Power { other, .. } if x == other => self.smooth_at(1.0) * self.frame.factor(x),
            Frame::Power { pole: 0, .. } => self.smooth_at(0.0).max(0.0) * self.frame.factor(x),
            // Also where rounding leaves nothing of the factor: a density that grows is not 0.
            Frame::Power { .. } => f64::INFINITY,
        }
    }

    /// `q` at a value of its variable.
    fn smooth_at(&self, variable: f64) -> f64 {
        self.smooth_piece(variable).eval(variable)
    }

    pub(super) fn smooth_piece(&self, variable: f64) -> &Series {
        let index = self.smooth.partition_point(|piece| piece.high < variable);
        &self.smooth[index.min(self.smooth.len() - 1)]
    }

    pub(crate) fn total_mass(&self) -> f64 {
        self.mass.last().map_or(0.0, |(before, series)| before + series.integral(series.high))
    }

    /// Mass in `(-infinity, x]`.
    pub(crate) fn mass_below(&self, x: f64) -> f64 {
        if x <= self.low {
            return 0.0;
        }
        if x >= self.high {
            return self.total_mass();
        }
        let before = self.mass_before(self.frame.parameter(x));
        if self.frame.increases() { before } else { self.total_mass() - before }
    }

    /// Mass on the parameters below the given one.
    pub(super) fn mass_before(&self, parameter: f64) -> f64 {
        let index = self.mass.partition_point(|(_, series)| series.high < parameter).min(self.mass.len() - 1);
        let (before, series) = &self.mass[index];
        before + series.integral(parameter)
    }

    /// The point with `mass` of the band below it.
    pub(crate) fn quantile(&self, mass: f64) -> f64 {
        let mass = if self.frame.increases() { mass } else { self.total_mass() - mass };
        let (mut low, mut high) = (0.0, self.frame.extent());
        // Halving the parameter 52 times ends at the spacing of floating-point numbers.
        for _ in 0..52 {
            let middle = 0.5 * (low + high);
            if self.mass_before(middle) < mass {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.frame.position(0.5 * (low + high))
    }

    /// Whether the image under `x -> scale x + shift` keeps all intervals of the series apart.
    pub(crate) fn survives(&self, scale: f64, shift: f64) -> bool {
        let apart = |piece: &Series| {
            let at = |variable: f64| {
                scale * self.frame.position(self.frame.parameter_of_variable(variable)) + shift
            };
            let (a, b) = match self.frame {
                Frame::Edges { .. } => (scale * piece.low + shift, scale * piece.high + shift),
                Frame::Power { .. } => (at(0.0), at(1.0)),
            };
            a != b && a.is_finite() && b.is_finite()
        };
        scale.powi(2).is_normal() && scale.powi(-2).is_normal() && self.smooth.iter().all(apart)
    }

    /// The image under `x -> scale x + shift`.
    ///
    /// The parameter is the same before and after, for an angle up to reflection, and so is the mass as its
    /// function.
    pub(crate) fn affine(&self, scale: f64, shift: f64) -> Self {
        let (frame, factor) = self.frame.affine(scale, shift);
        let mut band = Self {
            low: frame.low(),
            high: frame.high(),
            frame,
            smooth: self.smooth.clone(),
            mass: self.mass.clone(),
            panels: self.panels.clone(),
            quadrature: self.quadrature.iter().map(|&(x, weight)| (scale * x + shift, weight)).collect(),
        };
        if let Frame::Power { .. } = frame {
            return band;
        }
        band.smooth = self.smooth.iter().map(|piece| piece.affine(scale, shift, factor)).collect();
        if scale < 0.0 {
            band.smooth.reverse();
            let mut before = 0.0;
            band.mass.reverse();
            for (mass, series) in &mut band.mass {
                *series = series.affine(-1.0, PI, 1.0);
                *mass = before;
                before += series.integral(series.high);
            }
            band.panels.reverse();
            band.panels.iter_mut().for_each(|(low, high)| (*low, *high) = (PI - *high, PI - *low));
            band.quadrature.reverse();
        }
        band
    }
}

/// Whether an interval of the parameter is too narrow to be split.
fn is_narrow(from: f64, to: f64) -> bool {
    to - from <= (NARROWEST * to).max(NEXT_TO_ZERO)
}
