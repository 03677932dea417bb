//! Laws that are images of a law on the line: of a polynomial in one variable, or of the eigenvalues of a 2 x 2
//! matrix that depends on one.
//!
//! ```text
//! G(z) = int (dQ/dz)(z, t) / Q(z, t) dmu(t) = c(z) - sum over Q(z, t) = 0 of (dQ/dz) / (dQ/dt) G_mu(t)
//! ```
//!
//! with the relation `Q` between the number `t` and the values `z`, by partial fractions in `t`. On the real
//! axis the density is the sum of `rho(t) / |dz/dt|` over the real roots. It is singular at the values where `z`
//! turns inside the support, like a root as high as `z` is flat there, and at the values at the edges. All these
//! points are known beforehand, and with them the intervals on which the density is analytic.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::real_polynomial::{quotient, roots};
use super::reduction::greatest_common_divisor;
use super::relation::{Offset, Relation};
use crate::error::{Error, Result};
use crate::free::Law;
use crate::law::{CauchyTransform, FORMULA, Singularity, SpectralLaw};
use crate::numeric::root;
use crate::population::{Atom, merged as merged_atoms};
use crate::solver::Solution;

/// Ratio of values between which a density is resolved without a cut.
const DECADES: f64 = 1e4;

/// Relative error of densities of laws that are series, and with the noise that solves may have left.
const SAMPLED: f64 = 1e-11;
const NOISY: f64 = 1e-10;

/// Values this close, relative to the largest, are one.
const SAME: f64 = 1e-12;

/// The Cauchy transform of the values of a relation on a law.
#[derive(Debug)]
pub(super) struct ImageTransform {
    relation: Relation,
    law: Law,
    /// Mass of one value of the relation.
    weight: f64,
    /// Atoms besides.
    extra: Vec<Atom>,
    intervals: Vec<[f64; 2]>,
    /// The values on the parts of the support on which they are monotone.
    branches: Vec<Monotone>,
    singularities: Vec<Singularity>,
    /// Where intervals over many decades are cut, which is not singular.
    cuts: Vec<f64>,
    moments: [f64; 4],
    /// Relative error of densities.
    error: f64,
}

/// A value at which the density is not analytic.
#[derive(Debug, Clone, Copy)]
struct Node {
    value: f64,
    /// The order of the root that the density has there.
    order: u32,
    /// Whether the density is unbounded there.
    unbounded: bool,
}

impl ImageTransform {
    /// The image of `weight` times a law, and further atoms; the moments are those of all together.
    pub(super) fn new(
        relation: Relation,
        law: &Law,
        weight: f64,
        extra: Vec<Atom>,
        moments: [f64; 4],
    ) -> Self {
        let turning = relation.turning();
        let branches: Vec<(f64, u32)> = law
            .singularities()
            .into_iter()
            .filter_map(|singularity| match singularity {
                Singularity::Branch { location, order } => Some((location, order)),
                Singularity::Pole(_) => None,
            })
            .collect();
        let (mut pieces, mut nodes, mut monotone) = (Vec::new(), Vec::new(), Vec::new());
        for [low, high] in law.spectral().support() {
            let inner = branches.iter().map(|(location, _)| *location).chain(turning.iter().copied());
            let mut ends: Vec<f64> = inner.filter(|t| low < *t && *t < high).collect();
            ends.extend([low, high]);
            ends.sort_by(f64::total_cmp);
            ends.dedup();
            for pair in ends.windows(2) {
                monotone.push([pair[0], pair[1]]);
                pieces.extend(relation.values(pair[0]).into_iter().zip(relation.values(pair[1])));
            }
            for t in ends {
                let edge = t == low || t == high;
                let branch = branches.iter().find(|(location, _)| *location == t).map(|(_, order)| *order);
                let order = branch.unwrap_or(if edge { 2 } else { 1 });
                let hard = edge && law.spectral().density(t).is_infinite();
                nodes.extend(relation.values(t).into_iter().map(|value| {
                    let valuation = relation.valuation(value, t);
                    Node {
                        value,
                        order: (order * valuation.numerator).div_ceil(valuation.denominator),
                        unbounded: valuation.numerator > 1 || hard && valuation.denominator == 1,
                    }
                }));
            }
        }
        let nodes = merged(nodes);
        let branches =
            monotone.into_iter().flat_map(|ends| Monotone::new(&relation, law, ends, &nodes)).collect();
        let mut nodes = nodes;
        let cuts = cuts(&nodes);
        nodes.extend(cuts.iter().map(|&value| Node { value, order: 1, unbounded: false }));
        nodes.sort_by(|a, b| a.value.total_cmp(&b.value));
        let covers = |z: f64| pieces.iter().any(|&(a, b)| a.min(b) < z && z < a.max(b));
        let covered = |pair: &[Node]| covers(0.5 * (pair[0].value + pair[1].value));
        let intervals = nodes
            .windows(2)
            .filter(|pair| covered(pair))
            .map(|pair| [pair[0].value, pair[1].value])
            .collect();
        let surrounded = |index: usize| {
            let below = index > 0 && covered(&nodes[index - 1..=index]);
            below && index + 1 < nodes.len() && covered(&nodes[index..=index + 1])
        };
        let singularity = |(index, node): (usize, &Node)| {
            let (location, order) = (node.value, node.order);
            match order {
                2 if !surrounded(index) => node.unbounded.then_some(Singularity::Pole(location)),
                _ => Some(Singularity::Branch { location, order }),
            }
        };
        let singularities = nodes.iter().enumerate().filter_map(singularity).collect();
        let (law, error) = (law.clone(), SAMPLED);
        Self { relation, law, weight, extra, intervals, branches, singularities, cuts, moments, error }
    }

    /// The law of the values.
    ///
    /// # Errors
    /// As for [`SpectralLaw::build`].
    pub(super) fn law(&mut self) -> Result<SpectralLaw> {
        SpectralLaw::build(self).or_else(|refused| {
            self.error = NOISY;
            SpectralLaw::build(self).map_err(|_| refused)
        })
    }

    /// The values at which the law is singular.
    pub(super) fn singular_values(&self) -> Vec<Singularity> {
        let mut singular = self.singularities.clone();
        singular.retain(|singularity| !self.cuts.contains(&singularity.location()));
        singular
    }

    /// The density from the parts of the support on which the values are monotone, as the imaginary part of `G`: next to
    /// a value where one of them is singular the real part is larger by decades.
    fn on_the_axis(&self, x: f64) -> Solution {
        let density: f64 = self.branches.iter().map(|branch| branch.density(&self.law, x)).sum();
        let cauchy = Complex64::new(0.0, -PI * self.weight * density);
        Solution { cauchy, state: Vec::new(), residual: 0.0, error: self.error, iterations: 1 }
    }

    /// `G` above the real axis.
    fn cauchy(&self, z: Complex64) -> Solution {
        let coefficients = self.relation.at_level(z);
        let derivative = |t: Complex64| {
            let terms = coefficients.iter().enumerate().skip(1).rev();
            terms.fold(Complex64::ZERO, |sum, (k, coefficient)| sum * t + k as f64 * coefficient)
        };
        let term =
            |t: Complex64| quotient(-self.law.cauchy_transform(t) * self.relation.slope(z, t), derivative(t));
        let sum =
            self.relation.at_infinity(z) + roots(&coefficients).into_iter().map(term).sum::<Complex64>();
        let atoms: Complex64 = self.extra.iter().map(|atom| atom.mass / (z - atom.location)).sum();
        let cauchy = self.weight * sum + atoms;
        Solution { cauchy, state: Vec::new(), residual: 0.0, error: f64::EPSILON, iterations: 1 }
    }
}

/// A value on a part of the support of a law on which it is monotone, measured from both ends.
#[derive(Debug)]
struct Monotone {
    ends: [End; 2],
}

/// One end of such a part.
#[derive(Debug)]
struct End {
    /// The number, and the value there.
    t: f64,
    value: f64,
    /// How far the value is from that, by the offset from the number.
    offset: Offset,
    /// The law in that offset, if it is one that can be moved there.
    law: Option<SpectralLaw>,
}

impl Monotone {
    /// All values on a part of the support.
    fn new(relation: &Relation, law: &Law, ends: [f64; 2], nodes: &[Node]) -> Vec<Self> {
        let at_end = |t: f64| {
            let end = move |(own, offset): (f64, Offset)| {
                // The value as the interval ends there, which may come from another number.
                let distance = |node: &&Node| (node.value - own).abs();
                let nearest = nodes.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
                let value = nearest.map_or(own, |node| node.value);
                End { t, value, offset, law: law.spectral().affine(1.0, -t).ok() }
            };
            relation.around(t).into_iter().map(end)
        };
        at_end(ends[0]).zip(at_end(ends[1])).map(|(first, second)| Self { ends: [first, second] }).collect()
    }

    /// `rho(t) / |dz/dt|` at the number `t` whose value is `x`; 0 if there is none.
    fn density(&self, law: &Law, x: f64) -> f64 {
        let [first, second] = &self.ends;
        let (low, high) = (first.value.min(second.value), first.value.max(second.value));
        if !(low < x && x < high) {
            return 0.0;
        }
        let nearer = (x - first.value).abs() <= (x - second.value).abs();
        let (near, far) = if nearer { (first, second) } else { (second, first) };
        let (length, distance) = (far.t - near.t, x - near.value);
        // Next to a flat end Newton's method halves the distance only now and then.
        let guess = near.offset.size_at(distance).copysign(length);
        let off = |s: f64| {
            let (offset, slope) = near.offset.at(s);
            (offset - distance, slope)
        };
        let s = root::newton(off, guess, [length.min(0.0), length.max(0.0)]);
        let density = match &near.law {
            Some(moved) => moved.density(s),
            None => law.density(near.t + s),
        };
        density / near.offset.at(s).1.abs()
    }
}

/// Nodes in increasing order, those that agree up to rounding as one.
fn merged(mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.sort_by(|a, b| a.value.total_cmp(&b.value));
    let scale = nodes.iter().fold(0.0f64, |m, node| m.max(node.value.abs()));
    let mut merged: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match merged.last_mut() {
            Some(last) if node.value - last.value <= SAME * scale => {
                last.order = least_common_multiple(last.order, node.order);
                last.unbounded |= node.unbounded;
            }
            _ => merged.push(node),
        }
    }
    merged
}

/// Numbers between nodes of the same sign that are apart by many decades.
fn cuts(nodes: &[Node]) -> Vec<f64> {
    let mut cuts = Vec::new();
    for pair in nodes.windows(2) {
        let (low, high) = (pair[0].value, pair[1].value);
        let ratio = (high / low).abs().max((low / high).abs());
        if low * high > 0.0 && ratio > DECADES {
            let count = (ratio.ln() / DECADES.ln()).ceil();
            cuts.extend((1..count as i32).map(|k| low * (high / low).powf(f64::from(k) / count)));
        }
    }
    cuts
}

fn least_common_multiple(a: u32, b: u32) -> u32 {
    a / greatest_common_divisor(a, b) * b
}

impl CauchyTransform for ImageTransform {
    type Workspace = ();

    fn workspace(&self) {}

    fn solve(&self, z: Complex64, (): &mut ()) -> Result<Solution> {
        let solution = if z.im > 0.0 { self.cauchy(z) } else { self.on_the_axis(z.re) };
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
        let mut atoms = self.extra.clone();
        for atom in self.law.point_masses() {
            let values = self.relation.values(atom.location).into_iter();
            atoms.extend(values.map(|location| Atom { location, mass: self.weight * atom.mass }));
        }
        merged_atoms(atoms, 1.0)
    }

    fn singularities(&self) -> Vec<Singularity> {
        self.singularities.clone()
    }

    fn rounding(&self) -> f64 {
        FORMULA
    }

    fn intervals(&self) -> Option<Vec<[f64; 2]>> {
        Some(self.intervals.clone())
    }

    fn moments(&self) -> Option<[f64; 4]> {
        Some(self.moments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::polynomial::real_polynomial::RealPolynomial;

    /// Against the masses of the preimages: the turning point 0 of `3 t^2 - t^3` is the hard edge, and both ends of the
    /// arcsine are turning points of `(t^2 - 1)^2` with the same value.
    #[test]
    fn turning_points_at_hard_edges() {
        let poisson = Law::marchenko_pastur(1.0).unwrap();
        let arcsine = Law::arcsine(-1.0, 1.0).unwrap();
        let cubic = RealPolynomial::new(vec![0.0, 0.0, 3.0, -1.0]);
        let quartic = RealPolynomial::new(vec![1.0, 0.0, -2.0, 0.0, 1.0]);
        for (law, p) in [(poisson, cubic), (arcsine, quartic)] {
            let moments = [1, 2, 3, 4].map(|k| law.spectral().integrate(|t| p.at(t).powi(k)));
            let relation = Relation::Value(p.clone());
            let image = ImageTransform::new(relation, &law, 1.0, Vec::new(), moments).law().unwrap();
            for share in [1e-6, 0.1, 0.3, 0.6, 0.9] {
                let [low, high] = image.range();
                let z = low + share * (high - low);
                let level = p.plus(&RealPolynomial::new(vec![-z]));
                let roots = level.real_roots();
                let [first, last] = law.spectral().range();
                let ends: Vec<f64> = [first]
                    .into_iter()
                    .chain(roots.into_iter().filter(|t| first < *t && *t < last))
                    .chain([last])
                    .collect();
                let below = |pair: &&[f64]| level.at(0.5 * (pair[0] + pair[1])) <= 0.0;
                let mass: f64 =
                    ends.windows(2).filter(below).map(|pair| law.cdf(pair[1]) - law.cdf(pair[0])).sum();
                assert!((image.cdf(z) - mass).abs() < 1e-9, "{z}: {} {mass}", image.cdf(z));
            }
        }
    }
}
