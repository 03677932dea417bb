//! Chebyshev series of the second kind on an interval, and their adaptive construction.
//!
//! `f(x) = sum_k c_k U_k(s)`, `s` the affine image of `x` in `[-1, 1]`. The nodes `cos(j pi/(n+1))`,
//! `j = 1..=n`, leave the end points out, where a density divided by its edge factor is `0/0`, and
//! they are nested: `n` nodes are among the `2n + 1` of the next rule. The transform from values to
//! coefficients is a sine transform, and antiderivatives are `sum_k c_k T_{k+1}(s) / (k + 1)`
//! (Mason and Handscomb, Chebyshev Polynomials, 2003, chapters 2 and 4).

use std::f64::consts::PI;

use crate::error::Result;

/// Numbers of nodes tried on one interval before it is split.
const RULES: [usize; 5] = [7, 15, 31, 63, 127];

/// A function on `[low, high]` as a Chebyshev series of the second kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) low: f64,
    pub(crate) high: f64,
    coefficients: Vec<f64>,
}

impl Series {
    /// The series through `values` at [`nodes`].
    fn interpolate(low: f64, high: f64, values: &[f64]) -> Self {
        let n = values.len();
        let angle = PI / (n as f64 + 1.0);
        let sines: Vec<f64> = (0..2 * (n + 1)).map(|j| (angle * j as f64).sin()).collect();
        let coefficients = (0..n)
            .map(|k| {
                let sum: f64 = values
                    .iter()
                    .enumerate()
                    .map(|(j, value)| value * sines[j + 1] * sines[((j + 1) * (k + 1)) % (2 * (n + 1))])
                    .sum();
                2.0 / (n as f64 + 1.0) * sum
            })
            .collect();
        Self { low, high, coefficients }
    }

    fn local(&self, x: f64) -> f64 {
        ((2.0 * x - self.low - self.high) / (self.high - self.low)).clamp(-1.0, 1.0)
    }

    pub(crate) fn eval(&self, x: f64) -> f64 {
        let s = 2.0 * self.local(x);
        let (mut next, mut current) = (0.0, 0.0);
        for &c in self.coefficients.iter().rev() {
            (next, current) = (current, c + s * current - next);
        }
        current
    }

    /// Integral from `low` to `x`.
    pub(crate) fn integral(&self, x: f64) -> f64 {
        0.5 * (self.high - self.low) * (self.antiderivative(self.local(x)) - self.antiderivative(-1.0))
    }

    /// `sum_k c_k T_{k+1}(s) / (k + 1)` by Clenshaw's recurrence.
    fn antiderivative(&self, s: f64) -> f64 {
        let (mut next, mut current) = (0.0, 0.0);
        for (k, &c) in self.coefficients.iter().enumerate().rev() {
            (next, current) = (current, c / (k as f64 + 1.0) + 2.0 * s * current - next);
        }
        s * current - next
    }

    /// Drops trailing coefficients that are below `tolerance` times the largest.
    fn trim(&mut self, tolerance: f64) {
        let largest = self.coefficients.iter().fold(0.0f64, |m, c| m.max(c.abs()));
        let keep = self.coefficients.iter().rposition(|c| c.abs() > tolerance * largest).map_or(1, |k| k + 1);
        self.coefficients.truncate(keep);
    }
}

/// Nodes of the `n`-point rule on `[low, high]`, decreasing.
fn nodes(low: f64, high: f64, n: usize) -> Vec<f64> {
    let angle = PI / (n as f64 + 1.0);
    (1..=n).map(|j| 0.5 * (low + high) + 0.5 * (high - low) * (angle * j as f64).cos()).collect()
}

/// How to represent a function adaptively.
#[derive(Clone, Copy)]
pub(crate) struct Resolution {
    /// Trailing coefficients, relative to the largest value of the function on the interval, at
    /// which an interval counts as resolved.
    pub(crate) tolerance: f64,
    /// Width of an interval that is kept as it is.
    pub(crate) narrow: f64,
    /// Values below this count as zero when the tolerance is applied.
    pub(crate) floor: f64,
    /// Integrals of trailing coefficients that may be left out.
    pub(crate) negligible: f64,
}

/// Represents a function on `[low, high]` by as few series as resolve it. `sample` returns values
/// at any number of points.
pub(crate) fn resolve(
    low: f64,
    high: f64,
    resolution: Resolution,
    sample: &mut dyn FnMut(&[f64]) -> Result<Vec<f64>>,
) -> Result<Vec<Series>> {
    let Resolution { tolerance, narrow, floor, negligible } = resolution;
    let mut values: Vec<f64> = Vec::new();
    let mut previous = None;
    for n in RULES {
        let points = nodes(low, high, n);
        values = if values.is_empty() {
            sample(&points)?
        } else {
            // Every second node of the new rule is known; the others are sampled.
            let fresh: Vec<f64> = points.iter().step_by(2).copied().collect();
            let mut fresh = sample(&fresh)?.into_iter();
            let mut known = values.iter().copied();
            (0..n).filter_map(|j| if j % 2 == 0 { fresh.next() } else { known.next() }).collect()
        };
        let mut series = Series::interpolate(low, high, &values);
        let largest = values.iter().fold(floor, |m, value| m.max(value.abs()));
        let tail = |from: usize, to: usize| {
            series.coefficients[from..to].iter().fold(0.0f64, |m, c| m.max(c.abs())) / largest
        };
        // At least three coefficients: every second one may vanish by symmetry.
        let end = n - (n / 4).max(3);
        let (before, last) = (tail(n / 4, end), tail(end, n));
        let small = n >= 31 && last * largest * (high - low) <= negligible;
        if last <= tolerance || small || high - low <= narrow {
            series.trim(0.01 * tolerance);
            return Ok(vec![series]);
        }
        // Geometric decay, as seen within this rule and from the last rule to this, extended to the
        // tolerance gives the length needed. The slower of the two counts: tails are irregular.
        let within = (last / before).ln() / (0.5 * n as f64);
        let since = previous.map_or(within, |previous: f64| (last / previous).ln() / (0.5 * n as f64));
        let needed = n as f64 + (tolerance / last).ln() / within.max(since).min(-1e-3);
        if n >= 31 && needed > 1.05 * RULES[RULES.len() - 1] as f64 {
            break;
        }
        previous = Some(last);
    }
    let split = 0.5 * (low + high);
    let mut series = resolve(low, split, resolution, sample)?;
    series.extend(resolve(split, high, resolution, sample)?);
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(low: f64, high: f64, f: impl Fn(f64) -> f64) -> Vec<Series> {
        let resolution = Resolution { tolerance: 1e-13, narrow: 1e-8, floor: 0.0, negligible: 0.0 };
        let mut sample = |points: &[f64]| Ok(points.iter().map(|&x| f(x)).collect());
        resolve(low, high, resolution, &mut sample).unwrap()
    }

    #[test]
    fn the_exponential_and_its_integral() {
        let series = resolved(-1.0, 2.0, f64::exp);
        assert_eq!(series.len(), 1);
        for x in [-1.0, -0.3, 0.9, 2.0] {
            assert!((series[0].eval(x) - x.exp()).abs() < 1e-12);
            assert!((series[0].integral(x) - (x.exp() - (-1f64).exp())).abs() < 1e-12);
        }
    }

    #[test]
    fn symmetric_functions_are_not_cut_short() {
        // Only every second coefficient is nonzero, and the seventh is one that vanishes.
        let series = resolved(0.0, std::f64::consts::PI, |x| (0.5 * x).cos().powi(2));
        assert!((series[0].integral(1.0) - 0.5 * (1.0 + 1f64.sin())).abs() < 1e-13);
    }

    #[test]
    fn a_nearby_pole_splits_the_interval() {
        let series = resolved(-1.0, 1.0, |x| 1.0 / (x * x + 1e-6));
        assert!(series.len() > 4);
        let integral: f64 = series.iter().map(|s| s.integral(s.high)).sum();
        let exact = 2e3 * 1e3f64.atan();
        assert!((integral / exact - 1.0).abs() < 1e-11, "{integral} against {exact}");
    }
}
