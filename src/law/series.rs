//! Chebyshev series of the second kind on an interval, and their adaptive construction.
//!
//! `f(x) = sum_k c_k U_k(s)`, `s` the affine image of `x` in `[-1, 1]`. The nodes `cos(j pi/(n+1))`,
//! `j = 1..=n`, leave the end points out, where a density divided by its edge factor is `0/0`, and
//! they are nested: `n` nodes are among the `2n + 1` of the next rule. The transform from values to
//! coefficients is a sine transform, and antiderivatives are `sum_k c_k T_{k+1}(s) / (k + 1)`
//! (Mason and Handscomb, Chebyshev Polynomials, 2003, chapters 2 and 4).

use std::f64::consts::PI;

use num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// Numbers of nodes tried on one interval before it is split.
const RULES: [usize; 5] = [7, 15, 31, 63, 127];

/// An interval whose last coefficients are below the rounding of its values is kept if they are worth
/// no more than this many times what may be left out of the integral.
const DROWNED: f64 = 10.0;

/// A function on `[low, high]` as a Chebyshev series of the second kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) low: f64,
    pub(crate) high: f64,
    coefficients: Vec<f64>,
}

impl Series {
    /// The series through `values` at [`nodes`].
    fn interpolate(low: f64, high: f64, values: &[Value]) -> Self {
        let n = values.len();
        let angle = PI / (n as f64 + 1.0);
        let sines: Vec<f64> = (0..2 * (n + 1)).map(|j| (angle * j as f64).sin()).collect();
        let coefficients = (0..n)
            .map(|k| {
                let sum: f64 = values
                    .iter()
                    .enumerate()
                    .map(|(j, value)| value.value * sines[j + 1] * sines[((j + 1) * (k + 1)) % (2 * (n + 1))])
                    .sum();
                2.0 / (n as f64 + 1.0) * sum
            })
            .collect();
        Self { low, high, coefficients }
    }

    /// Whether there are coefficients, all finite, on an interval.
    pub(crate) fn is_sound(&self) -> bool {
        let finite = [self.low, self.high].iter().chain(&self.coefficients).all(|x| x.is_finite());
        finite && self.low < self.high && !self.coefficients.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.coefficients.len()
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

    /// The polynomial at a complex point.
    pub(crate) fn eval_complex(&self, z: Complex64) -> Complex64 {
        let s = 2.0 * ((2.0 * z - self.low - self.high) / (self.high - self.low));
        let (mut next, mut current) = (Complex64::ZERO, Complex64::ZERO);
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

    /// `factor` times the function, moved along `x -> scale x + shift`.
    pub(crate) fn affine(&self, scale: f64, shift: f64, factor: f64) -> Self {
        let (a, b) = (scale * self.low + shift, scale * self.high + shift);
        let flipped = |k: usize| if scale < 0.0 && k % 2 == 1 { -factor } else { factor };
        Self {
            low: a.min(b),
            high: a.max(b),
            coefficients: self.coefficients.iter().enumerate().map(|(k, c)| flipped(k) * c).collect(),
        }
    }

    /// Drops trailing coefficients that are below `tolerance` times the largest.
    fn trim(&mut self, tolerance: f64) {
        let largest = self.coefficients.iter().fold(0.0f64, |m, c| m.max(c.abs()));
        let keep = self.coefficients.iter().rposition(|c| c.abs() > tolerance * largest).map_or(1, |k| k + 1);
        self.coefficients.truncate(keep);
    }
}

/// Rounding error of a coefficient when those of the values are independent.
fn coefficient_noise(values: &[Value]) -> f64 {
    let angle = PI / (values.len() as f64 + 1.0);
    let terms = values.iter().enumerate().map(|(j, value)| value.noise * (angle * (j + 1) as f64).sin());
    2.0 / (values.len() as f64 + 1.0) * terms.map(|term| term * term).sum::<f64>().sqrt()
}

/// Nodes of the `n`-point rule on `[low, high]`, decreasing.
fn nodes(low: f64, high: f64, n: usize) -> Vec<f64> {
    let angle = PI / (n as f64 + 1.0);
    (1..=n).map(|j| 0.5 * (low + high) + 0.5 * (high - low) * (angle * j as f64).cos()).collect()
}

/// How to represent a function adaptively.
#[derive(Clone, Copy)]
pub(crate) struct Resolution<'a> {
    /// Trailing coefficients, relative to the largest value of the function on the interval, at
    /// which an interval counts as resolved.
    pub(crate) tolerance: f64,
    /// Trailing coefficients below this that no longer decrease are rounding noise of the function.
    pub(crate) noise: f64,
    /// Whether an interval is so narrow that it is kept as it is.
    pub(crate) narrow: &'a dyn Fn(f64, f64) -> bool,
    /// Values below this count as zero when the tolerance is applied.
    pub(crate) floor: f64,
    /// Where to split an interval.
    pub(crate) middle: &'a dyn Fn(f64, f64) -> f64,
    /// What a constant function 1 on an interval contributes to the integral that matters.
    pub(crate) weight: &'a dyn Fn(f64, f64) -> f64,
    /// Contributions to that integral that may be left out.
    pub(crate) negligible: f64,
}

/// A value of a function, and the size of its rounding error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    pub(crate) value: f64,
    pub(crate) noise: f64,
}

/// Values of a function at given points.
pub(crate) type Sampler<'a, E> = dyn FnMut(&[f64]) -> Result<Vec<Value>, E> + 'a;

/// Represents a function on `[low, high]` by as few series as resolve it. `sample` returns values
/// at any number of points.
pub(crate) fn resolve<E>(
    low: f64,
    high: f64,
    resolution: Resolution<'_>,
    sample: &mut Sampler<'_, E>,
) -> Result<Vec<Series>, E> {
    let mut values: Vec<Value> = Vec::new();
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
        let largest = values.iter().fold(resolution.floor, |m, value| m.max(value.value.abs()));
        let rounding = coefficient_noise(&values) / largest;
        let tail = |from: usize, to: usize| {
            series.coefficients[from..to].iter().fold(0.0f64, |m, c| m.max(c.abs())) / largest
        };
        // At least three coefficients: every second one may vanish by symmetry.
        let end = n - (n / 4).max(3);
        let (before, last) = (tail(n / 4, end), tail(end, n));
        let flat = last < resolution.noise && last > 0.3 * tail(n / 2, end);
        let weighted = last * largest * (resolution.weight)(low, high);
        let drowned = n >= 31 && last <= rounding;
        let noise =
            drowned && weighted <= DROWNED * resolution.negligible || n == RULES[RULES.len() - 1] && flat;
        let negligible = n >= 31 && weighted <= resolution.negligible;
        if last <= resolution.tolerance || negligible || noise || (resolution.narrow)(low, high) {
            series.trim(0.01 * resolution.tolerance);
            return Ok(vec![series]);
        }
        // A few values may drown in rounding, next to an atom for example, where there is little mass.
        // Splitting keeps them away from the rest.
        if drowned {
            break;
        }
        // Geometric decay, as seen within this rule and from the last rule to this, extended to the
        // tolerance gives the length needed. The slower of the two counts: tails are irregular.
        let within = (last / before).ln() / (0.5 * n as f64);
        let since = previous.map_or(within, |previous: f64| (last / previous).ln() / (0.5 * n as f64));
        let needed = n as f64 + (resolution.tolerance / last).ln() / within.max(since).min(-1e-3);
        if n >= 31 && needed > 1.05 * RULES[RULES.len() - 1] as f64 {
            break;
        }
        previous = Some(last);
    }
    let split = (resolution.middle)(low, high);
    let mut series = resolve(low, split, resolution, sample)?;
    series.extend(resolve(split, high, resolution, sample)?);
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn resolved(low: f64, high: f64, f: impl Fn(f64) -> f64) -> Vec<Series> {
        let resolution = Resolution {
            tolerance: 1e-13,
            noise: 0.0,
            narrow: &|a, b| b - a <= 1e-8,
            floor: 0.0,
            middle: &|a, b| 0.5 * (a + b),
            weight: &|a, b| b - a,
            negligible: 0.0,
        };
        let mut sample = |points: &[f64]| {
            Ok::<_, Infallible>(points.iter().map(|&x| Value { value: f(x), noise: 0.0 }).collect())
        };
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
        let z = Complex64::new(0.5, 0.2);
        assert!((series[0].eval_complex(z) - z.exp()).norm() < 1e-11);
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
