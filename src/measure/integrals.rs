//! Integrals over the density of a piece: of functions, and its Cauchy transform.

use num_complex::Complex64;

use super::coordinates::{Coordinates, Edge, Side};
use super::panels::{NODES, Panel, legendre, nodes};
use super::piece::Piece;
use crate::numeric::rational::{Place, Rational};
use crate::quadrature::{PanelSum, ellipse_radius};

/// Last Legendre coefficients of an integrand on a panel, relative to the integral, at which there is no need to
/// look closer.
const RESOLVED: f64 = 1e-12;

/// What halving a panel may change, relative to the integral. Gauss rules err by coefficients of twice the order,
/// unless the integrand is singular.
const SETTLED: f64 = 4.0 * f64::EPSILON;

/// Most halvings of a panel: down to the rounding of angles.
const HALVINGS: usize = 40;

impl Piece {
    /// `int f(x) rho(x) dx`: panels on which the integrand is not resolved are halved.
    pub(crate) fn integrate(&self, f: &dyn Fn(f64) -> f64) -> f64 {
        let of_panel = |panel: &Panel| {
            let terms = nodes((panel.low, panel.high)).zip(panel.masses);
            panel_sum(terms.map(|((at, _), mass)| mass * f(self.position(at))))
        };
        let sums: Vec<PanelSum> = self.panels().iter().map(of_panel).collect();
        // Of the absolute values: the integral itself may vanish by symmetry.
        let scale = sums.iter().map(|sum| sum.absolute).sum();
        let refined =
            |(panel, sum): (&Panel, PanelSum)| self.refined(f, (panel.low, panel.high), sum, scale, HALVINGS);
        self.panels().iter().zip(sums).map(refined).sum()
    }

    /// The integral over an interval of parameters, for which the quadrature gave `sum`.
    fn refined(
        &self,
        f: &dyn Fn(f64) -> f64,
        (low, high): (f64, f64),
        sum: PanelSum,
        scale: f64,
        halvings: usize,
    ) -> f64 {
        // What is not a number does not become one by halving.
        if halvings == 0 || sum.tail <= RESOLVED * scale || sum.tail.is_nan() || scale.is_nan() {
            return sum.integral;
        }
        let middle = 0.5 * (low + high);
        let of_half = |half: (f64, f64)| {
            panel_sum(nodes(half).map(|(at, weight)| weight * self.rate(at) * f(self.position(at))))
        };
        let halves = [(low, middle), (middle, high)].map(|half| (half, of_half(half)));
        let halved: f64 = halves.iter().map(|(_, sum)| sum.integral).sum();
        if (halved - sum.integral).abs() <= SETTLED * scale {
            return halved;
        }
        halves.into_iter().map(|(half, sum)| self.refined(f, half, sum, scale, halvings - 1)).sum()
    }

    /// `int (z - x)^-1 rho(x) dx` for `Im z > 0`, or real `z` outside the interval. At points of the interval
    /// itself the sign of the imaginary part, `+0` or `-0`, tells the side.
    ///
    /// Panel by panel, by the stored quadrature where it resolves `1 / (z - x)`. Next to the panel
    /// `r(z) int w / (z - u) du + sum_k c_k (f_k - r(z)) / (z - z_k)` with the integrals `c_k` of `w` against the
    /// cardinal functions of `r`: exact for a rational function, and smooth in `z`.
    pub(crate) fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let zeta = Place {
            low: Complex64::new((z.re - self.low()) / self.width(), z.im / self.width()),
            high: Complex64::new((self.high() - z.re) / self.width(), -z.im / self.width()),
        };
        let parameters = self.coordinates().complex_parameters(zeta);
        let at_end = zeta.low == Complex64::ZERO || zeta.high == Complex64::ZERO;
        let of_panel = |(panel, smooth): (&Panel, Option<(&Rational, &[f64])>)| match smooth {
            Some((rational, cardinals))
                if !at_end && !parameters.iter().all(|&parameter| resolves(panel, parameter)) =>
            {
                self.next_to(panel, rational, cardinals, zeta, &parameters)
            }
            _ => self.by_quadrature(panel, zeta, |difference, _| difference.inv()),
        };
        self.panels_with_cardinals().map(of_panel).sum::<Complex64>() / self.width()
    }

    /// The sum of the masses of a panel times a function of `zeta - u` and the parameter.
    fn by_quadrature(
        &self,
        panel: &Panel,
        zeta: Place<Complex64>,
        f: impl Fn(Complex64, f64) -> Complex64,
    ) -> Complex64 {
        let terms = nodes((panel.low, panel.high)).zip(panel.masses);
        terms.map(|((at, _), mass)| mass * f(zeta.minus(self.coordinates().place(at)), at)).sum()
    }

    /// The transform of a panel at a point close to it, which has these complex parameters.
    fn next_to(
        &self,
        panel: &Panel,
        rational: &Rational,
        cardinals: &[f64],
        zeta: Place<Complex64>,
        parameters: &[Complex64],
    ) -> Complex64 {
        match self.coordinates() {
            Coordinates::Weighted(edges) => {
                let (r, smooth) = rational.divided_differences(zeta, cardinals);
                r * weight_transform(edges, (panel.low, panel.high), zeta) + smooth
            }
            // 1 / (zeta - v^n) = sum over the roots v_k of zeta of 1 / (n v_k^(n - 1) (v_k - v)); seen from the upper end the
            // same of 1 - zeta, with the other sign.
            Coordinates::Rooted(root, side) => {
                let transform_at = |parameter: Complex64| {
                    if resolves(panel, parameter) {
                        return self.by_quadrature(panel, zeta, |_, at| (parameter - at).inv());
                    }
                    let argument = match side {
                        Side::Low => Place { low: parameter, high: 1.0 - parameter },
                        Side::High => Place { low: 1.0 + parameter, high: -parameter },
                    };
                    let (r, smooth) = rational.divided_differences(argument, cardinals);
                    let power = (root.order - 1 - root.growth) as i32;
                    r * f64::from(root.order) * power_transform(power, (panel.low, panel.high), parameter)
                        + smooth
                };
                let part = |&parameter: &Complex64| {
                    transform_at(parameter) / (f64::from(root.order) * parameter.powi(root.order as i32 - 1))
                };
                let sign = if side == Side::Low || root.order % 2 == 1 { 1.0 } else { -1.0 };
                parameters.iter().map(part).sum::<Complex64>() * sign
            }
            // With a smooth b, 1 / (zeta - u(s)) is (1 / (t - s) + b(t - s)) / (zeta (1 - zeta)) + 1 / zeta, or
            // (1 / (t - s) + b(t - s) + 1) / zeta, or (1 / (t - s) - b(s - t) - 1) / (1 - zeta).
            coordinates => {
                let t = coordinates.complex_logarithm(zeta);
                let (r, smooth) = rational.divided_differences(Place { low: t, high: -t }, cardinals);
                let logarithm = (t - panel.low).ln() - (t - panel.high).ln();
                let divisor = match coordinates {
                    Coordinates::Half(Side::Low) => zeta.low,
                    Coordinates::Half(Side::High) => zeta.high,
                    _ => zeta.low * zeta.high,
                };
                let rest = |_, s: f64| match coordinates {
                    Coordinates::Half(Side::Low) => (smooth_part(t - s) + 1.0) / divisor,
                    Coordinates::Half(Side::High) => -(smooth_part(s - t) + 1.0) / divisor,
                    _ => smooth_part(t - s) / divisor + zeta.low.inv(),
                };
                (r * logarithm + smooth) / divisor + self.by_quadrature(panel, zeta, rest)
            }
        }
    }
}

/// `int w(u) / (zeta - u) du` over an interval of angles, `w = u^(+-1/2) (1 - u)^(+-1/2)`:
/// `w(zeta) log((T + tan(theta / 2)) / (T - tan(theta / 2)))` between the angles, `T^2 = zeta / (1 - zeta)`, and a
/// rest that is elementary.
fn weight_transform(edges: [Edge; 2], (from, to): (f64, f64), zeta: Place<Complex64>) -> Complex64 {
    let tangent = zeta.low.sqrt() / zeta.high.sqrt();
    let logarithm = |angle: f64| {
        let (sin, cos) = (0.5 * angle).sin_cos();
        let logarithm = ((tangent * cos + sin) / (tangent * cos - sin)).ln();
        // Below the axis for zeta above it, also where rounding has lost the side.
        Complex64::new(logarithm.re, -logarithm.im.abs().copysign(zeta.low.im))
    };
    let root = |edge, distance: Complex64| match edge {
        Edge::Soft => distance.sqrt(),
        Edge::Hard => distance.sqrt().inv(),
    };
    let weight = root(edges[0], zeta.low) * root(edges[1], zeta.high);
    let rest = match edges {
        [Edge::Soft, Edge::Soft] => {
            (to.sin() - from.sin() + (zeta.high - zeta.low) * (to - from)) * Complex64::from(-0.5)
        }
        [Edge::Soft, Edge::Hard] => Complex64::from(from - to),
        [Edge::Hard, Edge::Soft] => Complex64::from(to - from),
        [Edge::Hard, Edge::Hard] => Complex64::ZERO,
    };
    weight * (logarithm(to) - logarithm(from)) + rest
}

/// `int |v|^m / (w - v) dv`, exactly: `w^m` times the logarithm and a polynomial, where `v` has one sign.
fn power_transform(m: i32, (from, to): (f64, f64), w: Complex64) -> Complex64 {
    let sign = if to > 0.0 { 1.0 } else { f64::from(1 - 2 * (m % 2)) };
    let logarithm = (w - from).ln() - (w - to).ln();
    let rest =
        (1..=m).map(|j| w.powi(m - j) * ((to.powi(j) - from.powi(j)) / f64::from(j))).sum::<Complex64>();
    sign * (w.powi(m) * logarithm - rest)
}

/// `1 / (e^d - 1) - 1 / d` with the sign turned for `d -> -d`: the smooth part of `1 / (1 - e^-d)`, less 1.
fn smooth_part(d: Complex64) -> Complex64 {
    if d.norm() > 0.5 {
        return ((-d).exp() * -1.0 + 1.0).inv() - 1.0 - d.inv();
    }
    // Bernoulli numbers: 1 / (1 - e^-d) = 1 / d + 1 / 2 + d / 12 - d^3 / 720 + ...
    const COEFFICIENTS: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30_240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
    ];
    let square = d * d;
    d * COEFFICIENTS.iter().rev().fold(Complex64::ZERO, |sum, c| sum * square + c) - 0.5
}

/// Whether the quadrature on a panel resolves `1 / (parameter - .)`: Gauss rules err by the radius of the
/// Bernstein ellipse to minus twice the number of nodes.
fn resolves(panel: &Panel, parameter: Complex64) -> bool {
    let radius = ellipse_radius((panel.low, panel.high), parameter);
    // Infinite parameters are those of points far away.
    2.0 * NODES as f64 * radius.ln() > -f64::EPSILON.ln() || !parameter.is_finite()
}

/// From the terms of the Gauss rule.
fn panel_sum(terms: impl Iterator<Item = f64>) -> PanelSum {
    PanelSum::new(terms.zip(legendre().iter().map(|values| [values[NODES - 2], values[NODES - 1]])))
}
