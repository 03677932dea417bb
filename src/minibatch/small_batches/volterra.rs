//! Volterra equations of the second kind on an even grid, and the errors of a single pass over the data.
//!
//! ```text
//! x(tau) = f(tau) + int_0^tau K(tau - s) x(s) ds
//! ```
//!
//! Trapezoids with Gregory's corrections of fourth order at both ends; Newton and Cotes where there are too few points.

use super::{SmallBatchCurve, SmallBatches};
use crate::control;
use crate::error::{Error, Result};

/// Points of an epoch for steps of size 1 along the largest eigenvalue, and while errors grow by a factor e.
const POINTS: f64 = 200.0;
const POINTS_OF_GROWTH: f64 = 120.0;

/// Most points in all: the work grows like their square.
const MOST_POINTS: usize = 200_000;

/// Weights of Newton and Cotes for 1 to 7 intervals.
const CLOSED: [&[f64]; 7] = [
    &[0.5, 0.5],
    &[1.0 / 3.0, 4.0 / 3.0, 1.0 / 3.0],
    &[3.0 / 8.0, 9.0 / 8.0, 9.0 / 8.0, 3.0 / 8.0],
    &[14.0 / 45.0, 64.0 / 45.0, 24.0 / 45.0, 64.0 / 45.0, 14.0 / 45.0],
    &[95.0 / 288.0, 375.0 / 288.0, 250.0 / 288.0, 250.0 / 288.0, 375.0 / 288.0, 95.0 / 288.0],
    &[41.0 / 140.0, 216.0 / 140.0, 27.0 / 140.0, 272.0 / 140.0, 27.0 / 140.0, 216.0 / 140.0, 41.0 / 140.0],
    &[
        5257.0 / 17280.0,
        25039.0 / 17280.0,
        9261.0 / 17280.0,
        20923.0 / 17280.0,
        20923.0 / 17280.0,
        9261.0 / 17280.0,
        25039.0 / 17280.0,
        5257.0 / 17280.0,
    ],
];

/// Corrections at the ends of a trapezoid sum.
const ENDS: [f64; 3] = [3.0 / 8.0, 7.0 / 6.0, 23.0 / 24.0];

/// Weight of point `i` of an integral over `count` intervals of length 1.
fn weight(i: usize, count: usize) -> f64 {
    if count == 0 {
        return 0.0;
    }
    match CLOSED.get(count - 1) {
        Some(weights) => weights[i],
        None => ENDS.get(i.min(count - i)).copied().unwrap_or(1.0),
    }
}

/// `int_0^tau K(tau - s) x(s) ds` at a point, with all values of `x` up to it.
pub(super) fn convolve(kernel: &[f64], x: &[f64], point: usize, spacing: f64) -> f64 {
    (0..=point.min(x.len().saturating_sub(1)))
        .map(|i| weight(i, point) * kernel[point - i] * x[i])
        .sum::<f64>()
        * spacing
}

/// The solution at the points of the grid.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn solve(source: &[f64], kernel: &[f64], spacing: f64) -> Result<Vec<f64>> {
    let mut x: Vec<f64> = Vec::with_capacity(source.len());
    for (point, source) in source.iter().enumerate() {
        control::check()?;
        let known = if point == 0 { 0.0 } else { convolve(kernel, &x, point, spacing) };
        x.push((source + known) / (1.0 - spacing * weight(point, point) * kernel[0]));
    }
    Ok(x)
}

/// Points of an epoch that are enough for nine digits of errors that fall or grow at a rate.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are too many in all.
pub(super) fn points(model: &SmallBatches, growth: f64, epochs: usize) -> Result<usize> {
    let rate = model.epoch_step * model.largest_eigenvalue();
    let falling = (POINTS * rate.max(1.0)).min(4000.0);
    let points = falling.max(POINTS_OF_GROWTH * growth).ceil().min(2.0 * MOST_POINTS as f64) as usize;
    match MOST_POINTS / points {
        0 => Err(model.exploded()),
        most if epochs > most => {
            let allowed = format!("at most {most} for steps of this size in this order");
            Err(Error::argument("epochs", epochs, allowed))
        }
        _ => Ok(points),
    }
}

/// Rows that never come back: `R = int t c_0 e^{-2 a t tau} dH + gamma a^2 int_0^tau int t^2 e^{-2 a t (tau - s)} dH (R(s) + sigma^2) ds`.
///
/// # Errors
/// [`Error::InvalidArgument`] if there are too many points, [`Error::Cancelled`].
pub(super) fn one_pass(model: &SmallBatches, epochs: usize) -> Result<SmallBatchCurve> {
    let (a, gamma) = (model.epoch_step, model.aspect_ratio);
    let per = points(model, model.growth(), epochs)?;
    let spacing = 1.0 / per as f64;
    let times = (0..=epochs * per).map(|i| i as f64 * spacing);
    let (mut source, mut kernel) = (Vec::new(), Vec::new());
    for tau in times {
        let (mut free, mut noise) = (0.0, 0.0);
        for atom in &model.atoms {
            let decay = (-2.0 * a * atom.t * tau).exp();
            free += atom.mass * atom.t * atom.source * decay;
            // gamma a^2 sigma^2 int_0^tau t^2 e^{-2 a t s} ds
            free += 0.5 * gamma * a * model.noise * atom.mass * atom.t * (1.0 - decay);
            noise += gamma * a * a * atom.mass * atom.t * atom.t * decay;
        }
        source.push(free);
        kernel.push(noise);
    }
    let risk = solve(&source, &kernel, spacing)?;
    Ok(SmallBatchCurve {
        epochs: (0..=epochs).map(|k| k as f64).collect(),
        risk: risk.into_iter().step_by(per).collect(),
        train: None,
        mean: None,
        average_risk: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x = 1 + int x` is the exponential, and `x = tau + int sin(tau - s) x(s) ds` is `tau + tau^3 / 6`.
    #[test]
    fn equations_with_known_solutions() {
        let spacing = 0.01;
        let grid: Vec<f64> = (0..=200).map(|i| f64::from(i) * spacing).collect();
        let x = solve(&[1.0; 201], &[1.0; 201], spacing).unwrap();
        for (x, tau) in x.iter().zip(&grid) {
            // The first interval is a single trapezoid, off by spacing^3 / 12.
            assert!((x / tau.exp() - 1.0).abs() < 1e-7, "{tau}: {x}");
        }
        let sine: Vec<f64> = grid.iter().map(|tau| tau.sin()).collect();
        for (x, tau) in solve(&grid, &sine, spacing).unwrap().iter().zip(&grid) {
            assert!((x - tau - tau.powi(3) / 6.0).abs() < 2e-7, "{tau}: {x}");
        }
    }

    #[test]
    fn weights_integrate_polynomials() {
        for count in 1..12usize {
            for degree in 0..=2.min(count as i32) {
                let sum: f64 = (0..=count).map(|i| weight(i, count) * (i as f64).powi(degree)).sum();
                let exact = (count as f64).powi(degree + 1) / f64::from(degree + 1);
                assert!((sum - exact).abs() < 1e-9 * exact, "{count}, {degree}: {sum} against {exact}");
            }
        }
    }
}
