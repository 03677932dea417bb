//! Integrals over the density of a band: of functions, and its Cauchy transform.
//!
//! Gauss rules on panels of the parameter, in which the density is smooth up to both ends. Next to the band the
//! smooth factor of the density is split off, and what is left is elementary.

use std::sync::OnceLock;

use num_complex::Complex64;

use super::band::Band;
use super::frame::Frame;
use crate::quadrature::{PanelSum, ellipse_radius, gauss_legendre};

/// Last Legendre coefficients of an integrand on a panel, relative to the integral, at which it is
/// resolved: the Gauss rule errs by coefficients of twice the order, which are about the square.
const SETTLED: f64 = 1e-9;

/// Most halvings of a panel: down to the rounding of angles.
const HALVINGS: usize = 40;

/// Nodes of one panel of the quadrature.
pub(super) const PANEL_NODES: usize = 32;

impl Band {
    /// `int f(x) rho(x) dx`: panels on which the integrand is not resolved are halved.
    pub(crate) fn integrate(&self, f: &dyn Fn(f64) -> f64) -> f64 {
        let sums: Vec<PanelSum> = self
            .quadrature
            .chunks(PANEL_NODES)
            .map(|nodes| panel_sum(nodes.iter().map(|&(x, weight)| weight * f(x))))
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
                self.refined(f, half, panel_sum(terms), scale, halvings - 1)
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
        self.panels.iter().all(|&panel| {
            2.0 * PANEL_NODES as f64 * ellipse_radius(panel, parameter).ln() > -f64::EPSILON.ln()
        })
    }
}

/// From the terms of the Gauss rule.
fn panel_sum(terms: impl Iterator<Item = f64>) -> PanelSum {
    PanelSum::new(terms.zip(last_legendre().iter().copied()))
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
pub(super) fn panel_nodes((low, high): (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    static RULE: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    let half = 0.5 * (high - low);
    let rule = RULE.get_or_init(|| gauss_legendre(PANEL_NODES));
    rule.iter().map(move |(node, weight)| (low + half * (1.0 + node), half * weight))
}
