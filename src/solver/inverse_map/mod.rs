//! Laws with one scalar unknown whose equation is an explicit map: nothing is iterated from guesses.
//!
//! ```text
//! z(u) = origin + u + sum_j a_j / (u - t_j)                       about infinity
//! z(u) = origin + u + sum_j a_j (1 / (u - t_j) + 1 / t_j)         about the origin, where u = 0 is z = origin
//! ```
//!
//! with `a_j > 0`, for which `u` is the subordination function. The first form is the sum of the atoms `t_j` of masses `w_j`
//! and a semicircle of variance `s`, `a_j = s w_j` (Pastur 1972; Biane, Indiana Univ. Math. J. 46, 1997). The second
//! is the sample covariance of a population, `a_j = gamma w_j t_j^2` (Silverstein and Choi, J. Multivariate Anal. 54,
//! 1995), and in general a compound free Poisson law with jumps `t_j` of rates `a_j / t_j^2`.
//!
//! `Im z(u) = y (1 - sum_j a_j / |u - t_j|^2)` at `u = xi + i y`. For every real `xi` one `y > 0` has `Im z = eta > 0`, and
//! for `eta = 0` one `y >= 0` with `y = 0` or `sum_j a_j / |u - t_j|^2 = 1`; `Re z` grows with `xi` along that curve. So
//! two nested monotone equations solve for `u` ([`InverseMap::preimage`]), bulks are where `y > 0`, and edges are the real
//! `u` with `z'(u) = 0` ([`critical`]).

mod critical;
mod curve;
mod preimage;

use num_complex::Complex64;

pub(crate) use critical::Critical;
pub(crate) use preimage::Preimage;

/// A sum of rates this close to 1, relative, is 1.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A pole of the map.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pole {
    location: f64,
    /// Its square root is the distance at which this pole alone makes `z' = 0`.
    residue: f64,
}

/// The explicit map `z(u)`, with the origin at 0.
#[derive(Debug, Clone)]
pub(crate) struct InverseMap {
    /// In increasing order of location.
    poles: Vec<Pole>,
    /// For a map about the origin: sizes of the poles in increasing order, with 1 minus the rates from there on.
    heads: Option<Vec<(f64, f64)>>,
    /// The real points where `z' = 0` and a gap meets a bulk, in increasing order.
    critical: Vec<Critical>,
}

impl InverseMap {
    /// The map about infinity with poles at `(location, residue)`, distinct and with positive residues.
    pub(crate) fn about_infinity(poles: &[(f64, f64)]) -> Self {
        let poles = poles.iter().map(|&(location, residue)| Pole { location, residue });
        Self::new(poles.collect(), None)
    }

    /// The map about the origin for jumps `(size, rate)`, distinct, not 0, and with positive rates.
    pub(crate) fn about_origin(jumps: &[(f64, f64)]) -> Self {
        let poles = jumps.iter().map(|&(size, rate)| Pole { location: size, residue: rate * size * size });
        let mut by_size: Vec<(f64, f64)> = jumps.iter().map(|&(size, rate)| (size.abs(), rate)).collect();
        by_size.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Summed with the rounding kept apart (Neumaier, Z. angew. Math. Mech. 54, 1974): what the rates lack to 1 may
        // decide how far the support is from 0.
        let (mut sum, mut lost) = (0.0f64, 0.0);
        for (_, rate) in by_size.iter_mut().rev() {
            let next = sum + *rate;
            lost += if sum >= *rate { (sum - next) + *rate } else { (*rate - next) + sum };
            sum = next;
            let head = (1.0 - sum) - lost;
            *rate = if head.abs() <= ROUNDING { 0.0 } else { head };
        }
        Self::new(poles.collect(), Some(by_size))
    }

    fn new(mut poles: Vec<Pole>, heads: Option<Vec<(f64, f64)>>) -> Self {
        poles.sort_by(|a, b| a.location.total_cmp(&b.location));
        let mut map = Self { poles, heads, critical: Vec::new() };
        map.critical = map.find_critical();
        map
    }

    /// The intervals on which the curve leaves the real line, in terms of `z`: the continuous part of the support.
    pub(crate) fn bulks(&self) -> Vec<[f64; 2]> {
        self.critical.chunks_exact(2).map(|ends| [ends[0].z, ends[1].z]).collect()
    }

    /// 1 minus the rates of the poles that are larger than `size`, for a map about the origin.
    fn head(&self, size: f64) -> Option<f64> {
        let heads = self.heads.as_ref()?;
        let larger = heads.partition_point(|&(location, _)| location <= size);
        Some(heads.get(larger).map_or(1.0, |&(_, head)| head))
    }

    /// `z'(0)` of a map about the origin: 1 minus the sum of all rates, and 0 where that is rounding.
    pub(crate) fn head_at_origin(&self) -> f64 {
        self.head(0.0).unwrap_or(1.0)
    }

    /// `z(u)` and `z'(u)`.
    ///
    /// About the origin, `z = u (1 + sum_j r_j t_j / (u - t_j))` with the rates `r_j`. Poles that are larger than `u` are written
    /// `t / (u - t) = u / (u - t) - 1`, and the numbers 1 summed beforehand, so that nothing cancels next to 0.
    pub(crate) fn at(&self, u: Complex64) -> (Complex64, Complex64) {
        let size = u.norm();
        let Some(head) = self.head(size) else {
            let (mut value, mut slope) = (u, Complex64::ONE);
            for Pole { location, residue } in &self.poles {
                let inverse = inverse(u - location);
                value += residue * inverse;
                slope -= residue * inverse * inverse;
            }
            return (value, slope);
        };
        let (mut factor, mut slope) = (Complex64::from(head), Complex64::from(head));
        for &Pole { location, residue } in &self.poles {
            let (inverse, rate) = (inverse(u - location), residue / (location * location));
            if location.abs() <= size {
                let part = location * inverse;
                factor += rate * part;
                slope -= rate * part * part;
            } else {
                let part = u * inverse;
                factor += rate * part;
                slope -= rate * part * (2.0 * location - u) * inverse;
            }
        }
        (u * factor, slope)
    }

    /// The same on the real line.
    fn at_real(&self, u: f64) -> (f64, f64) {
        let (value, slope) = self.at(Complex64::from(u));
        (value.re, slope.re)
    }

    /// `z(u) - z(e)` and `z'(u)` from a critical point `e`, where `sum_j p_j = 1` for `p_j = a_j / (e - t_j)^2`:
    ///
    /// ```text
    /// z(u) - z(e) = (u - e)^2 sum_j p_j / (u - t_j),    z'(u) = (u - e) sum_j p_j (u + e - 2 t_j) / (u - t_j)^2
    /// ```
    fn departure(&self, edge: &Critical, u: Complex64) -> (Complex64, Complex64) {
        let (mut curvature, mut slope) = (Complex64::ZERO, Complex64::ZERO);
        for Pole { location, residue } in &self.poles {
            let distance = edge.u - location;
            let (inverse, share) = (inverse(u - location), residue / (distance * distance));
            let part = share * inverse;
            curvature += part;
            slope += part * (u - location + distance) * inverse;
        }
        let offset = u - edge.u;
        (offset * offset * curvature, offset * slope)
    }
}

/// `1 / z` by the textbook, which compilers turn into few instructions.
fn inverse(z: Complex64) -> Complex64 {
    z.conj() / z.norm_sqr()
}
