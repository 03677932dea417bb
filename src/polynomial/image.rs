//! The law of a polynomial in one variable: the image of the law of the variable.
//!
//! ```text
//! G(z) = sum over p(x) = z of G_x(x) / p'(x)
//! ```
//!
//! by partial fractions of `1 / (z - p)`; on the real axis the density is the sum of `rho_x(x) / |p'(x)|` over
//! the real roots. It is singular at the values of `p` at its critical points inside the support, like a root
//! as high as `p` is flat there, and at the values at the edges. All these points are known beforehand, and
//! with them the intervals on which the density is analytic.

use num_complex::Complex64;

use super::real_polynomial::RealPolynomial;
use crate::error::{Error, Result};
use crate::free::Law;
use crate::law::{CauchyTransform, Singularity};
use crate::population::{Atom, merged as merged_atoms};
use crate::solver::Solution;

/// Values of the polynomial this close, relative to the largest, are one.
const SAME: f64 = 1e-12;

/// The Cauchy transform of `p(x)` for a variable with a given law.
#[derive(Debug)]
pub(super) struct ImageTransform {
    polynomial: RealPolynomial,
    derivative: RealPolynomial,
    law: Law,
    intervals: Vec<[f64; 2]>,
    singularities: Vec<Singularity>,
    moments: [f64; 4],
}

/// A point of the variable where the density, or the inverse of the polynomial, is not analytic.
#[derive(Debug, Clone, Copy)]
struct Node {
    x: f64,
    /// The order of the root that the density of the image has at its value.
    order: u32,
    /// Whether the density of the image is unbounded there.
    unbounded: bool,
}

/// The same for a value of the polynomial.
#[derive(Debug, Clone, Copy)]
struct Value {
    y: f64,
    order: u32,
    unbounded: bool,
}

impl ImageTransform {
    /// The image under a polynomial of degree at least 1, with the first four moments of the image.
    pub(super) fn new(polynomial: RealPolynomial, law: &Law, moments: [f64; 4]) -> Self {
        let derivative = polynomial.derivative();
        let critical = derivative.real_roots();
        let branches: Vec<(f64, u32)> = law
            .singularities()
            .into_iter()
            .filter_map(|singularity| match singularity {
                Singularity::Branch { location, order } => Some((location, order)),
                Singularity::Pole(_) => None,
            })
            .collect();
        let node = |x: f64, edge: bool| {
            let branch = branches.iter().find(|(location, _)| *location == x).map(|(_, order)| *order);
            let order = branch.unwrap_or(if edge { 2 } else { 1 });
            let flat = polynomial.flatness(x);
            Node {
                x,
                order: order * (flat + 1),
                unbounded: flat > 0 || edge && law.spectral().density(x).is_infinite(),
            }
        };
        // Intervals of the variable on which its density is analytic and the polynomial monotone.
        let (mut pieces, mut nodes) = (Vec::new(), Vec::new());
        for [low, high] in law.spectral().support() {
            let inner = branches.iter().map(|(location, _)| *location).chain(critical.iter().copied());
            let mut ends: Vec<f64> = inner.filter(|x| low < *x && *x < high).collect();
            ends.extend([low, high]);
            ends.sort_by(f64::total_cmp);
            ends.dedup();
            pieces.extend(ends.windows(2).map(|pair| (pair[0], pair[1])));
            nodes.extend(ends.into_iter().map(|x| node(x, x == low || x == high)));
        }
        let values = merged(nodes.iter().map(|node| Value {
            y: polynomial.at(node.x),
            order: node.order,
            unbounded: node.unbounded,
        }));
        let covers = |y: f64| {
            pieces.iter().any(|&(low, high)| {
                let (a, b) = (polynomial.at(low), polynomial.at(high));
                a.min(b) < y && y < a.max(b)
            })
        };
        let covered = |pair: &[Value]| covers(0.5 * (pair[0].y + pair[1].y));
        let intervals =
            values.windows(2).filter(|pair| covered(pair)).map(|pair| [pair[0].y, pair[1].y]).collect();
        let sided = |index: usize| {
            let below = index > 0 && covered(&values[index - 1..=index]);
            let above = index + 1 < values.len() && covered(&values[index..=index + 1]);
            below && above
        };
        let singularity = |(index, value): (usize, &Value)| {
            let (location, order) = (value.y, value.order);
            match order {
                2 if !sided(index) => value.unbounded.then_some(Singularity::Pole(location)),
                _ => Some(Singularity::Branch { location, order }),
            }
        };
        let singularities = values.iter().enumerate().filter_map(singularity).collect();
        Self { derivative, law: law.clone(), intervals, singularities, moments, polynomial }
    }

    /// `G` above the real axis, or on it.
    fn cauchy(&self, z: Complex64) -> Solution {
        let mut error = f64::EPSILON;
        let term = |x: Complex64| self.law.cauchy_transform(x) / self.derivative.at_complex(x);
        let cauchy = if z.im > 0.0 {
            self.polynomial.roots_at(z).into_iter().map(term).sum()
        } else {
            let level = self.polynomial.minus(z.re);
            let mut real = Vec::new();
            let mut sum = Complex64::ZERO;
            for x in level.real_roots() {
                let slope = self.derivative.at(x);
                // From above the axis a root moves up where the polynomial rises, down where it falls.
                let own = self.law.cauchy_transform(Complex64::new(x, 0.0));
                sum += if slope > 0.0 { own } else { own.conj() } / slope;
                let moved = f64::EPSILON * level.magnitude(x) / slope.abs();
                error = error.max(moved * (self.derivative.derivative().at(x) / slope).abs());
                real.push(x);
            }
            sum + level.other_roots(&real).into_iter().map(term).sum::<Complex64>()
        };
        Solution { cauchy, state: Vec::new(), residual: 0.0, error, iterations: 1 }
    }
}

/// Values in increasing order, those that agree up to rounding as one.
fn merged(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut sorted: Vec<Value> = values.collect();
    sorted.sort_by(|a, b| a.y.total_cmp(&b.y));
    let scale = sorted.iter().fold(0.0f64, |m, value| m.max(value.y.abs()));
    let mut merged: Vec<Value> = Vec::with_capacity(sorted.len());
    for value in sorted {
        match merged.last_mut() {
            Some(last) if value.y - last.y <= SAME * scale => {
                last.order = least_common_multiple(last.order, value.order);
                last.unbounded |= value.unbounded;
            }
            _ => merged.push(value),
        }
    }
    merged
}

fn least_common_multiple(a: u32, b: u32) -> u32 {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
}

impl CauchyTransform for ImageTransform {
    type Workspace = ();

    fn workspace(&self) {}

    fn solve(&self, z: Complex64, (): &mut ()) -> Result<Solution> {
        let solution = self.cauchy(z);
        if solution.cauchy.is_finite() {
            return Ok(solution);
        }
        Err(Error::argument("z", z, "a point where the Cauchy transform is finite"))
    }

    fn solve_near(&self, z: Complex64, _: &[Complex64], (): &mut ()) -> Result<Solution> {
        self.solve(z, &mut ())
    }

    fn location_scale(&self) -> (f64, f64) {
        let [mean, second, ..] = self.moments;
        (mean, (second - mean * mean).max(0.0).sqrt())
    }

    fn landmarks(&self) -> Vec<f64> {
        Vec::new()
    }

    fn atoms(&self) -> Vec<Atom> {
        let image = |atom: &Atom| Atom { location: self.polynomial.at(atom.location), mass: atom.mass };
        merged_atoms(self.law.point_masses().iter().map(image).collect(), 1.0)
    }

    fn singularities(&self) -> Vec<Singularity> {
        self.singularities.clone()
    }

    fn intervals(&self) -> Option<Vec<[f64; 2]>> {
        Some(self.intervals.clone())
    }

    fn moments(&self) -> Option<[f64; 4]> {
        Some(self.moments)
    }
}
