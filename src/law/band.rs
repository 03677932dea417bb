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
//! and even at both ends whatever their kind. Next to branch points of another order than 2 the density is
//! smooth in a root of the distance instead ([`Frame::Power`]).

use std::f64::consts::PI;
use std::sync::OnceLock;

use num_complex::Complex64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::guess::States;
use super::series::{Resolution, Series, Value, resolve};
use super::support::{Point, Search};
use super::transform::CauchyTransform;
use crate::error::{Error, Result};
use crate::quadrature::gauss_legendre;

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

/// Last Legendre coefficients of an integrand on a panel, relative to the integral, at which it is
/// resolved: the Gauss rule errs by coefficients of twice the order, which are about the square.
const SETTLED: f64 = 1e-9;

/// Most halvings of a panel: down to the rounding of angles.
const HALVINGS: usize = 40;

/// Nodes of one panel of the quadrature.
const PANEL_NODES: usize = 32;

/// Intervals of the parameter shorter than this, relative to their upper end, are not split, nor are those next to
/// 0 that end below the second number.
const NARROWEST: f64 = 1e-9;
const NEXT_TO_ZERO: f64 = 1e-20;

/// Points closer than this, relative to the interval of angles that is being sampled, add nothing to
/// a guess but rounding.
const CLOSE: f64 = 3e-3;

/// One interval of the support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Band {
    pub(crate) low: f64,
    pub(crate) high: f64,
    frame: Frame,
    /// `q` on adjacent intervals of its variable.
    smooth: Vec<Series>,
    /// `rho(x) |dx / dparameter|` on adjacent intervals of the parameter, with the mass before each.
    mass: Vec<(f64, Series)>,
    /// Intervals of the parameter on which [`PANEL_NODES`] Gauss nodes integrate the density.
    panels: Vec<(f64, f64)>,
    /// Nodes `x` and weights `rho(x) dx` of the quadrature, panel by panel.
    quadrature: Vec<(f64, f64)>,
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
        known: &[Point],
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
            let solved: Vec<Result<Option<Point>>> = positions
                .par_chunks(chunk)
                .flat_map_iter(|chunk| {
                    let mut workspace = search.workspace();
                    let points: Vec<_> =
                        chunk.iter().map(|&x| states.solve(search, x, &mut workspace)).collect();
                    search.give_back(workspace);
                    points
                })
                .collect();
            let parameters = variables.iter().map(|&at| parameter(at));
            let (from, to) = parameters.fold((PI, 0.0f64), |(from, to), x| (from.min(x), to.max(x)));
            let extent = to - from;
            let mut values = Vec::with_capacity(positions.len());
            for (&x, point) in positions.iter().zip(solved) {
                let point = point.map_err(Obstacle::Failed)?.ok_or(Obstacle::Gap(x))?;
                let factor = frame.factor(x);
                let noise = frame.noise(x, point.density, point.noise) / factor;
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

    /// Points of the band in increasing order, both ends included, evenly spaced in the parameter.
    pub(crate) fn mesh(&self, count: usize) -> Vec<f64> {
        let at = |i: usize| match i {
            0 => self.low,
            i if i + 1 == count => self.high,
            i => {
                let share = i as f64 / (count - 1) as f64;
                let share = if self.frame.increases() { share } else { 1.0 - share };
                self.frame.position(share * self.frame.extent())
            }
        };
        (0..count).map(at).collect()
    }

    fn density_at_edge(&self, x: f64) -> f64 {
        match self.frame {
            _ if x != self.low && x != self.high => 0.0,
            Frame::Edges { poles, .. } if poles.contains(&Some(x)) => f64::INFINITY,
            Frame::Edges { .. } => 0.0,
            Frame::Power { other, .. } if x == other => self.smooth_at(1.0) * self.frame.factor(x),
            Frame::Power { pole: 0, .. } => self.smooth_at(0.0).max(0.0) * self.frame.factor(x),
            Frame::Power { .. } if self.smooth_at(0.0) > NOISE => f64::INFINITY,
            Frame::Power { .. } => 0.0,
        }
    }

    /// `q` at a value of its variable.
    fn smooth_at(&self, variable: f64) -> f64 {
        self.smooth_piece(variable).eval(variable)
    }

    fn smooth_piece(&self, variable: f64) -> &Series {
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
    fn mass_before(&self, parameter: f64) -> f64 {
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

    /// `int f(x) rho(x) dx`: panels on which the integrand is not resolved are halved.
    pub(crate) fn integrate(&self, f: &dyn Fn(f64) -> f64) -> f64 {
        let sums: Vec<PanelSum> = self
            .quadrature
            .chunks(PANEL_NODES)
            .map(|nodes| PanelSum::new(nodes.iter().map(|&(x, weight)| weight * f(x))))
            .collect();
        // Of the absolute values: the integral itself may vanish by symmetry.
        let scale = sums.iter().map(|sum| sum.absolute).sum();
        self.panels.iter().zip(sums).map(|(&panel, sum)| self.refined(f, panel, sum, scale, HALVINGS)).sum()
    }

    /// The integral over an interval of angles, for which the quadrature gave `sum`.
    fn refined(
        &self,
        f: &dyn Fn(f64) -> f64,
        (low, high): (f64, f64),
        sum: PanelSum,
        scale: f64,
        halvings: usize,
    ) -> f64 {
        // What is not a number does not become one by halving.
        if halvings == 0 || sum.tail <= SETTLED * scale || sum.tail.is_nan() || scale.is_nan() {
            return sum.integral;
        }
        let frame = self.frame;
        let middle = 0.5 * (low + high);
        let index = self.mass.partition_point(|(_, series)| series.high <= low).min(self.mass.len() - 1);
        let rate = &self.mass[index].1;
        [(low, middle), (middle, high)]
            .into_iter()
            .map(|half| {
                let terms =
                    panel_nodes(half).map(|(at, weight)| weight * rate.eval(at) * f(frame.position(at)));
                self.refined(f, half, PanelSum::new(terms), scale, halvings - 1)
            })
            .sum()
    }

    /// `int (z - x)^-1 rho(x) dx` for `Im z > 0`, or real `z` outside the band.
    ///
    /// Away from the band by quadrature. Close to it the smooth factor is split off,
    /// `q(z) int w(x) / (z - x) dx + int w(x) (q(x) - q(z)) / (z - x) dx` with `w = rho / q`: the first
    /// integral is elementary and the integrand of the second is smooth. At points of the band itself the
    /// sign of the imaginary part, `+0` or `-0`, tells the side.
    pub(crate) fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let mut parameters = self.frame.complex_parameters(z);
        if parameters.all(|parameter| self.resolves(parameter)) {
            return self.quadrature.iter().map(|&(x, weight)| weight / (z - x)).sum();
        }
        match self.frame {
            Frame::Edges { low, high, poles } => {
                let q = self.smooth_piece(z.re.clamp(low, high)).eval_complex(z);
                let mut sum = q * Frame::factor_transform(low, high, poles, z);
                for (&panel, nodes) in self.panels.iter().zip(self.quadrature.chunks(PANEL_NODES)) {
                    for ((parameter, weight), &(x, mass)) in panel_nodes(panel).zip(nodes) {
                        sum += (mass - q * (weight * self.frame.rate_factor(parameter))) / (z - x);
                    }
                }
                sum
            }
            // 1 / (z - x(v)) = sum over the v_k with x(v_k) = z of 1 / (x'(v_k) (v_k - v)).
            Frame::Power { edge, other, order, .. } => self
                .frame
                .complex_parameters(z)
                .map(|v| self.transform_in_parameter(v) / Frame::derivative(edge, other, order, v))
                .sum(),
        }
    }

    /// `int rho |dx / dv| / (v_0 - v) dv` over the parameter of a power.
    fn transform_in_parameter(&self, v: Complex64) -> Complex64 {
        let near = !self.resolves(v);
        let rate = if near { self.complex_rate(v) } else { Complex64::ZERO };
        let mut sum = if near { rate * (v.ln() - (v - 1.0).ln()) } else { Complex64::ZERO };
        for (&panel, nodes) in self.panels.iter().zip(self.quadrature.chunks(PANEL_NODES)) {
            for ((parameter, weight), &(_, mass)) in panel_nodes(panel).zip(nodes) {
                sum += (mass - rate * weight) / (v - parameter);
            }
        }
        sum
    }

    /// `rho |dx / dv|` continued to a complex parameter of a power.
    fn complex_rate(&self, v: Complex64) -> Complex64 {
        let q = self.smooth_piece(v.re.clamp(0.0, 1.0)).eval_complex(v);
        match self.frame {
            Frame::Power { order, pole, .. } => q * v.powu(order - 1 - pole),
            Frame::Edges { .. } => q,
        }
    }

    /// Whether the quadrature resolves `1 / (parameter - .)`: Gauss rules err by the radius of the
    /// Bernstein ellipse to minus twice the number of nodes.
    fn resolves(&self, parameter: Complex64) -> bool {
        self.panels.iter().all(|(low, high)| {
            let s = (2.0 * parameter - low - high) / (high - low);
            let root = (s * s - 1.0).sqrt();
            let radius = (s + root).norm().max((s - root).norm());
            2.0 * PANEL_NODES as f64 * radius.ln() > -f64::EPSILON.ln()
        })
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

/// An integral over one panel and the size of the last Legendre coefficients of the integrand.
struct PanelSum {
    integral: f64,
    absolute: f64,
    tail: f64,
}

impl PanelSum {
    /// From the terms of the Gauss rule.
    fn new(terms: impl Iterator<Item = f64>) -> Self {
        let (mut integral, mut absolute, mut last) = (0.0, 0.0, [0.0; 2]);
        for (term, values) in terms.zip(last_legendre()) {
            integral += term;
            absolute += term.abs();
            last[0] += term * values[0];
            last[1] += term * values[1];
        }
        // The coefficient of P_k is (2 k + 1) / 2 times the integral against it.
        Self { integral, absolute, tail: (2 * PANEL_NODES) as f64 * last[0].abs().max(last[1].abs()) }
    }
}

/// Values of the Legendre polynomials `P_{n-2}` and `P_{n-1}` at the nodes of the `n`-point rule.
fn last_legendre() -> &'static [[f64; 2]] {
    static VALUES: OnceLock<Vec<[f64; 2]>> = OnceLock::new();
    VALUES.get_or_init(|| {
        let at = |x: f64| {
            let (mut previous, mut value) = (1.0, x);
            for k in 2..PANEL_NODES {
                let k = k as f64;
                (previous, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k);
            }
            [previous, value]
        };
        gauss_legendre(PANEL_NODES).into_iter().map(|(node, _)| at(node)).collect()
    })
}

/// Gauss nodes and weights on an interval of angles.
fn panel_nodes((low, high): (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    static RULE: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    let half = 0.5 * (high - low);
    let rule = RULE.get_or_init(|| gauss_legendre(PANEL_NODES));
    rule.iter().map(move |(node, weight)| (low + half * (1.0 + node), half * weight))
}
