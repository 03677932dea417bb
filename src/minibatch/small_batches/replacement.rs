//! Rows drawn with replacement: gradient flow on the data, and noise that feeds on the training error.
//!
//! ```text
//! L(tau) = L_flow(tau) + int_0^tau K_L(tau - s) L(s) ds,     K_L = gamma a^2 phi(W^2 e^{-2 a W tau})        training error
//! R(tau) = R_flow(tau) + int_0^tau K_R(tau - s) L(s) ds,     K_R = gamma a^2 phi(Sigma W e^{-2 a W tau})    risk
//! ```
//!
//! All functions of `W` are integrals of the resolvent `G_t(z) = 1 / (z - t R(z))`, `R = 1 / (1 - gamma g)`, `g = int t G_t dH`,
//! over an ellipse around the spectrum; the mean square of the error of the flow under `Sigma` is a double one, with
//! `int t c_0 G G' dH / (1 - gamma R R' int t^2 G G' dH)`.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::volterra::{convolve, points, solve};
use super::{SmallBatchCurve, SmallBatches};
use crate::error::{Error, Result};
use crate::numeric::root;

/// Points of the ellipse if it goes as far beyond 0 as this part of the largest eigenvalue, and in proportion more if it stays
/// closer to the spectrum.
const CONTOUR: usize = 320;
const BEYOND: f64 = 0.075;

/// Largest exponent of a decay that grows on the contour, left of 0: its square is what rounding is multiplied by.
const MOST_GROWTH: f64 = 3.0;

/// Most points of the contour: their pairs are summed over.
const MOST_POINTS: usize = 8000;

/// Steps of the path from far away to the first point of the contour, from this multiple of its distance to the middle. Along
/// the contour the points are close enough to follow the solution, also where it ends next to a pole at 0.
const RADII: usize = 40;
const FAR: f64 = 60.0;

/// Most iterations of Newton's method, and the relative change that has to be reached.
const ITERATIONS: usize = 60;
const TOLERANCE: f64 = 1e-12;

/// `g(z)` by Newton's method from its value at a point close by.
fn response(model: &SmallBatches, z: Complex64, mut g: Complex64) -> Result<Complex64> {
    let gamma = model.aspect_ratio;
    let mut residual = f64::INFINITY;
    for _ in 0..ITERATIONS {
        let r = (1.0 - gamma * g).inv();
        let (mut value, mut slope) = (-g, Complex64::from(-1.0));
        for atom in &model.atoms {
            let q = atom.t / (z - atom.t * r);
            value += atom.mass * q;
            slope += atom.mass * gamma * q * q * r * r;
        }
        let step = value / slope;
        g -= step;
        residual = step.norm() / g.norm().max(f64::MIN_POSITIVE);
        if residual < 1e-15 {
            break;
        }
    }
    if residual > TOLERANCE || !g.is_finite() {
        return Err(Error::NotConverged { z, residual, iterations: ITERATIONS, tolerance: TOLERANCE });
    }
    Ok(g)
}

pub(super) fn curve(model: &SmallBatches, epochs: usize) -> Result<SmallBatchCurve> {
    let (a, gamma, noise) = (model.epoch_step, model.aspect_ratio, model.noise);
    let high = model.largest_eigenvalue() * (1.0 + gamma.sqrt()).powi(2);
    let centre = 0.5 * high;
    let beyond = (BEYOND * high).min(MOST_GROWTH / (a * epochs as f64));
    let count = ((CONTOUR as f64 * BEYOND * high / beyond).ceil() as usize).next_multiple_of(2);
    if count > MOST_POINTS {
        // As many points as the contour is close to the spectrum.
        let closest = BEYOND * high * (CONTOUR as f64 / MOST_POINTS as f64);
        let most = (MOST_GROWTH / (a * closest)) as usize;
        if most == 0 {
            return Err(model.exploded());
        }
        let allowed = format!("at most {most} for steps of this size with replacement");
        return Err(Error::argument("epochs", epochs, allowed));
    }
    let (rx, ry) = (centre + beyond, 0.45 * high);
    let place = |k: usize| {
        let angle = 2.0 * PI * (k as f64 + 0.5) / count as f64;
        let dz = Complex64::new(-rx * angle.sin(), ry * angle.cos()) / Complex64::new(0.0, count as f64);
        (Complex64::new(centre + rx * angle.cos(), ry * angle.sin()), dz)
    };
    let mut g = Complex64::ZERO;
    for radius in 0..RADII {
        let factor = FAR.powf(1.0 - radius as f64 / (RADII - 1) as f64);
        g = response(model, (place(0).0 - centre) * factor + centre, g)?;
    }
    // The lower half follows by conjugation.
    let mut contour = Vec::with_capacity(count / 2);
    for (z, dz) in (0..count / 2).map(place) {
        g = response(model, z, g)?;
        let r = (1.0 - gamma * g).inv();
        let resolvents: Vec<Complex64> = model.atoms.iter().map(|atom| (z - atom.t * r).inv()).collect();
        let mean = |weight: &dyn Fn(&super::Atom) -> f64| -> Complex64 {
            model.atoms.iter().zip(&resolvents).map(|(atom, g)| atom.mass * weight(atom) * g).sum()
        };
        let means = [mean(&|_| 1.0), mean(&|atom| atom.t), mean(&|atom| atom.source)];
        contour.push((z, dz, r, resolvents, means));
    }
    let all: Vec<_> = contour
        .iter()
        .map(|(z, dz, r, g, _)| (*z, *dz, *r, g.clone()))
        .chain(contour.iter().rev().map(|(z, dz, r, g, _)| {
            (z.conj(), dz.conj(), r.conj(), g.iter().map(Complex64::conj).collect::<Vec<_>>())
        }))
        .collect();
    let pair = |left: usize, right: usize| -> Complex64 {
        let ((_, _, r, g), (_, _, s, h)) = (&all[left], &all[right]);
        let (mut signal, mut square) = (Complex64::ZERO, Complex64::ZERO);
        for ((atom, g), h) in model.atoms.iter().zip(g).zip(h) {
            signal += atom.mass * atom.t * atom.source * g * h;
            square += atom.mass * atom.t * atom.t * g * h;
        }
        signal / (1.0 - gamma * r * s * square)
    };
    let pairs: Vec<Vec<Complex64>> =
        (0..count / 2).map(|left| (0..count).map(|right| pair(left, right)).collect()).collect();
    // The integral of the kernel times e^{-growth tau}, less 1.
    let load = |growth: f64| {
        let terms = contour
            .iter()
            .map(|(z, dz, _, _, [one, ..])| 2.0 * (z * z * one * dz / (growth + 2.0 * a * z)).re);
        gamma * a * a * terms.sum::<f64>() - 1.0
    };
    // Where growth is slower the integrand has a pole inside the contour.
    let slowest = 2.0 * a * beyond;
    let fastest = slowest.max(gamma * a * a * high * model.largest_eigenvalue());
    let ends = [slowest, fastest].map(|growth| (growth, load(growth)));
    let growth = if ends[0].1 > 0.0 { root::between(ends, 1e-6, |growth| Ok(load(growth)))? } else { 0.0 };
    let per = points(model, growth, epochs)?;
    let spacing = 1.0 / per as f64;
    let (mut flow_train, mut train_kernel, mut risk_kernel) = (Vec::new(), Vec::new(), Vec::new());
    let mut flow_risk = Vec::new();
    for step in 0..=epochs * per {
        let tau = step as f64 * spacing;
        let (mut kernel_l, mut kernel_r, mut train, mut risk) = (0.0, 0.0, noise * (1.0 - gamma), 0.0);
        for (z, dz, _, _, [one, sigma, source]) in &contour {
            let decay = (-2.0 * a * tau * z).exp();
            let response = (1.0 - (-a * tau * z).exp()) / z;
            kernel_l += 2.0 * (decay * z * z * one * dz).re;
            kernel_r += 2.0 * (decay * z * sigma * dz).re;
            train += 2.0 * (decay * (z * source + noise * gamma * one) * dz).re;
            risk += 2.0 * noise * gamma * (response * response * z * sigma * dz).re;
        }
        train_kernel.push(gamma * a * a * kernel_l);
        risk_kernel.push(gamma * a * a * kernel_r);
        flow_train.push(train);
        flow_risk.push(risk);
    }
    for k in 0..=epochs {
        let tau = k as f64;
        let decay: Vec<Complex64> = all.iter().map(|(z, dz, ..)| (-a * tau * z).exp() * dz).collect();
        let sum: f64 = pairs
            .iter()
            .zip(&decay)
            .map(|(row, left)| {
                2.0 * (left * row.iter().zip(&decay).map(|(p, d)| p * d).sum::<Complex64>()).re
            })
            .sum();
        flow_risk[k * per] += sum;
    }
    let train = solve(&flow_train, &train_kernel, spacing)?;
    let risk = |k: usize| {
        let noise = if k == 0 { 0.0 } else { convolve(&risk_kernel, &train, k * per, spacing) };
        flow_risk[k * per] + noise
    };
    Ok(SmallBatchCurve {
        epochs: (0..=epochs).map(|k| k as f64).collect(),
        risk: (0..=epochs).map(risk).collect(),
        train: Some(train.iter().copied().step_by(per).collect()),
        mean: None,
        average_risk: None,
    })
}
