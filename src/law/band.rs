//! One interval of the support with its density.
//!
//! ```text
//! rho(x) = q(x) sqrt((x - a)(b - x)) / |x - p|
//! ```
//!
//! with `q` analytic across both edges, as adaptive Chebyshev series. The last factor is there when
//! the law has a pole `p` outside the interval; it takes up the steep side of a nearly hard edge, and
//! at `p = a` turns the soft edge into a hard one. Masses and integrals use the angle
//! `x = a + (b - a) sin^2(theta / 2)`, in which `rho(x) dx / dtheta` is analytic and even at both ends
//! whatever their kind.

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

/// Points closer than this, relative to the interval of angles that is being sampled, add nothing to
/// a guess but rounding.
const CLOSE: f64 = 3e-3;

/// One interval of the support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Band {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pole: Option<f64>,
    /// `q` on adjacent intervals in `x`.
    smooth: Vec<Series>,
    /// `rho(x) dx / dtheta` on adjacent intervals in `theta`, with the mass before each.
    mass: Vec<(f64, Series)>,
    /// Intervals in `theta` on which [`PANEL_NODES`] Gauss nodes integrate the density.
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
    /// Samples the density between two edges until it is resolved. `known` are solved points to
    /// start guesses from.
    pub(super) fn sample<T: CauchyTransform>(
        search: &Search<'_, T>,
        low: f64,
        high: f64,
        known: &[Point],
    ) -> std::result::Result<Self, Obstacle> {
        let pole = search.pole.filter(|&pole| pole <= low || pole >= high);
        let frame = Frame { low, high, pole };
        let mut states = States::new(frame, search.transform.pole(), known, CLOSE * PI);
        let resolution = Resolution {
            tolerance: TOLERANCE,
            noise: NOISE,
            narrowest: 1e-9 * (high - low),
            floor: f64::MIN_POSITIVE,
            middle: &|from, to| frame.position(0.5 * (frame.angle(from) + frame.angle(to))),
            weight: &|from, to| {
                let (from, to) = (frame.angle(from), frame.angle(to));
                let largest = [from, 0.5 * (from + to), to].map(|angle| frame.factor_by_angle(angle));
                (to - from) * largest.into_iter().fold(0.0, f64::max)
            },
            negligible: NEGLIGIBLE,
        };
        let mut sample = |positions: &[f64]| -> std::result::Result<Vec<Value>, Obstacle> {
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
            let angles = positions.iter().map(|&x| frame.angle(x));
            let (from, to) = angles.fold((PI, 0.0f64), |(from, to), x| (from.min(x), to.max(x)));
            let extent = to - from;
            let mut values = Vec::with_capacity(positions.len());
            for (&x, point) in positions.iter().zip(solved) {
                let point = point.map_err(Obstacle::Failed)?.ok_or(Obstacle::Gap(x))?;
                let factor = frame.factor(x);
                // The equation is singular at an edge, like the square root of the distance.
                let conditioning = 1.0 / frame.angle(x).sin();
                let noise = conditioning * point.noise / factor;
                values.push(Value { value: point.density / factor, noise });
                states.insert(point, CLOSE * extent);
            }
            Ok(values)
        };
        let smooth = resolve(low, high, resolution, &mut sample)?;
        Ok(Self::from_smooth(frame, smooth))
    }

    /// Completes a band from the series of `q`.
    fn from_smooth(frame: Frame, smooth: Vec<Series>) -> Self {
        let Frame { low, high, pole } = frame;
        let mut band =
            Self { low, high, pole, smooth, mass: Vec::new(), panels: Vec::new(), quadrature: Vec::new() };
        let mut before = 0.0;
        for piece in &band.smooth {
            let mut rate = |angles: &[f64]| {
                let rates = angles.iter().map(|&angle| {
                    let x = frame.position(angle);
                    Value { value: piece.eval(x) * frame.factor_by_angle(angle), noise: 0.0 }
                });
                Ok::<_, std::convert::Infallible>(rates.collect())
            };
            let (from, to) = (frame.angle(piece.low), frame.angle(piece.high));
            let resolution = Resolution {
                tolerance: 1e-14,
                noise: 1e-12,
                narrowest: 1e-9,
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
                        panel_nodes(panel)
                            .map(|(angle, weight)| (frame.position(angle), weight * series.eval(angle))),
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
        self.low < self.high
            && self.pole.is_none_or(f64::is_finite)
            && adjacent(self.smooth.iter().collect(), self.low, self.high)
            && adjacent(self.mass.iter().map(|(_, series)| series).collect(), 0.0, end)
            && (end - PI).abs() < 1e-12
            && !self.panels.is_empty()
            && self.quadrature.len() == PANEL_NODES * self.panels.len()
    }

    fn frame(&self) -> Frame {
        Frame { low: self.low, high: self.high, pole: self.pole }
    }

    pub(crate) fn contains(&self, x: f64) -> bool {
        self.low < x && x < self.high
    }

    pub(crate) fn density(&self, x: f64) -> f64 {
        if !self.contains(x) {
            let hard_edge = self.pole == Some(x) && (x == self.low || x == self.high);
            return if hard_edge { f64::INFINITY } else { 0.0 };
        }
        let index = self.smooth.partition_point(|piece| piece.high < x).min(self.smooth.len() - 1);
        (self.smooth[index].eval(x) * self.frame().factor(x)).max(0.0)
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
        self.mass_before_angle(self.frame().angle(x))
    }

    fn mass_before_angle(&self, angle: f64) -> f64 {
        let index = self.mass.partition_point(|(_, series)| series.high < angle).min(self.mass.len() - 1);
        let (before, series) = &self.mass[index];
        before + series.integral(angle)
    }

    /// The point with `mass` of the band below it.
    pub(crate) fn quantile(&self, mass: f64) -> f64 {
        let (mut low, mut high) = (0.0, PI);
        // Halving the angle 52 times ends at the spacing of floating-point numbers.
        for _ in 0..52 {
            let middle = 0.5 * (low + high);
            if self.mass_before_angle(middle) < mass {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.frame().position(0.5 * (low + high))
    }

    /// `int f(x) rho(x) dx`: panels on which the integrand is not resolved are halved.
    pub(crate) fn integrate(&self, f: &dyn Fn(f64) -> f64) -> f64 {
        let sums: Vec<PanelSum> = self
            .quadrature
            .chunks(PANEL_NODES)
            .map(|nodes| PanelSum::new(nodes.iter().map(|&(x, weight)| weight * f(x))))
            .collect();
        let scale = sums.iter().map(|sum| sum.integral.abs()).sum();
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
        let frame = self.frame();
        let middle = 0.5 * (low + high);
        let index = self.mass.partition_point(|(_, series)| series.high <= low).min(self.mass.len() - 1);
        let rate = &self.mass[index].1;
        [(low, middle), (middle, high)]
            .into_iter()
            .map(|half| {
                let terms = panel_nodes(half)
                    .map(|(angle, weight)| weight * rate.eval(angle) * f(frame.position(angle)));
                self.refined(f, half, PanelSum::new(terms), scale, halvings - 1)
            })
            .sum()
    }

    /// `int (z - x)^-1 rho(x) dx` for `Im z > 0`, or real `z` outside the band.
    ///
    /// Away from the band by quadrature. Close to it the smooth factor is split off,
    /// `q(z) int w(x) / (z - x) dx + int w(x) (q(x) - q(z)) / (z - x) dx` with `w = rho / q`: the first
    /// integral is elementary and the integrand of the second is smooth.
    pub(crate) fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let frame = self.frame();
        let angle = frame.complex_angle(z);
        let resolved = self.panels.iter().all(|(low, high)| {
            let s = (2.0 * angle - low - high) / (high - low);
            let root = (s * s - 1.0).sqrt();
            // Gauss quadrature errs by the radius of the Bernstein ellipse to minus twice the nodes.
            let radius = (s + root).norm().max((s - root).norm());
            2.0 * PANEL_NODES as f64 * radius.ln() > -f64::EPSILON.ln()
        });
        if resolved {
            return self.quadrature.iter().map(|&(x, weight)| weight / (z - x)).sum();
        }
        let near = z.re.clamp(self.low, self.high);
        let index = self.smooth.partition_point(|piece| piece.high < near).min(self.smooth.len() - 1);
        let q = self.smooth[index].eval_complex(z);
        let mut sum = q * frame.factor_transform(z);
        for (&panel, nodes) in self.panels.iter().zip(self.quadrature.chunks(PANEL_NODES)) {
            for ((angle, weight), &(x, mass)) in panel_nodes(panel).zip(nodes) {
                sum += (mass - q * (weight * frame.factor_by_angle(angle))) / (z - x);
            }
        }
        sum
    }

    /// Whether the image under `x -> scale x + shift` keeps all intervals of the series apart.
    pub(crate) fn survives(&self, scale: f64, shift: f64) -> bool {
        let apart = |piece: &Series| {
            let (a, b) = (scale * piece.low + shift, scale * piece.high + shift);
            a != b && a.is_finite() && b.is_finite()
        };
        scale.powi(2).is_normal() && scale.powi(-2).is_normal() && self.smooth.iter().all(apart)
    }

    /// The image under `x -> scale x + shift`.
    ///
    /// The angle is the same before and after, up to reflection, and so is the mass as its function.
    pub(crate) fn affine(&self, scale: f64, shift: f64) -> Self {
        let map = |x: f64| scale * x + shift;
        // rho dx is invariant; the factor scales like scale^(1 or 0), so q takes up the rest.
        let power = if self.pole.is_some() { 1 } else { 2 };
        let mut band = Self {
            low: map(self.low),
            high: map(self.high),
            pole: self.pole.map(map),
            smooth: self
                .smooth
                .iter()
                .map(|piece| piece.affine(scale, shift, scale.abs().powi(-power)))
                .collect(),
            mass: self.mass.clone(),
            panels: self.panels.clone(),
            quadrature: self.quadrature.iter().map(|&(x, weight)| (map(x), weight)).collect(),
        };
        if scale < 0.0 {
            std::mem::swap(&mut band.low, &mut band.high);
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

/// An integral over one panel and the size of the last Legendre coefficients of the integrand.
struct PanelSum {
    integral: f64,
    tail: f64,
}

impl PanelSum {
    /// From the terms of the Gauss rule.
    fn new(terms: impl Iterator<Item = f64>) -> Self {
        let (mut integral, mut last) = (0.0, [0.0; 2]);
        for (term, values) in terms.zip(last_legendre()) {
            integral += term;
            last[0] += term * values[0];
            last[1] += term * values[1];
        }
        // The coefficient of P_k is (2 k + 1) / 2 times the integral against it.
        Self { integral, tail: (2 * PANEL_NODES) as f64 * last[0].abs().max(last[1].abs()) }
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
