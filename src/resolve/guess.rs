//! Guesses for points of an interval: local rational interpolation of the unknowns at solved points.
//!
//! At a turning point the unknowns are analytic in the angle `theta`, `x = a + (b - a) sin^2(theta / 2)`, so they
//! are interpolated in it, those at the ends included. At other ends they may be powers of the distance: there it
//! is their logarithms that are interpolated in `log((x - a) / (b - x))`.

use std::borrow::Cow;
use std::f64::consts::PI;

use num_complex::Complex64;

use crate::solver::walk::Turn;

/// Points that serve one guess.
const NEAREST: usize = 10;

/// Degree of the local polynomials that the interpolation of Floater and Hormann blends (Numer. Math. 107, 2007).
const DEGREE: usize = 3;

/// Unknowns whose logarithms differ by more than this from those of the nearest point are interpolated themselves,
/// unless they do so in modulus only: the branch of the logarithm would be a guess.
const LARGEST_TURN: f64 = 1.0;

/// The unknowns at `at` from those at solved points, in logarithms if the ends ask for it; `None` without points.
pub(super) fn interpolate(
    known: &[(f64, Cow<'_, [Complex64]>)],
    at: f64,
    in_logarithms: bool,
) -> Option<Vec<Complex64>> {
    let mut stencil: Vec<(f64, &[Complex64])> = known.iter().map(|(at, state)| (*at, &state[..])).collect();
    stencil.sort_by(|a, b| (a.0 - at).abs().total_cmp(&(b.0 - at).abs()));
    // Beyond all points a power goes on as a line, where a cubic would lead anywhere.
    let beyond = stencil.iter().all(|(x, _)| *x < at) || stencil.iter().all(|(x, _)| *x > at);
    stencil.truncate(if in_logarithms && beyond { 2 } else { NEAREST });
    let (_, reference) = *stencil.first()?;
    stencil.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positions: Vec<f64> = stencil.iter().map(|(position, _)| *position).collect();
    let shares = shares(&positions, at);
    let plain = |j: usize| shares.iter().zip(&stencil).map(|(share, (_, state))| share * state[j]).sum();
    let entry = |j: usize| {
        if !in_logarithms {
            return plain(j);
        }
        let from = reference[j];
        let logarithms: Vec<Complex64> = stencil.iter().map(|(_, state)| (state[j] / from).ln()).collect();
        if logarithms.iter().all(|l| l.is_finite() && l.im.abs() < LARGEST_TURN) {
            from * shares.iter().zip(logarithms).map(|(share, l)| share * l).sum::<Complex64>().exp()
        } else {
            plain(j)
        }
    };
    Some((0..reference.len()).map(entry).collect())
}

/// The unknowns at an angle between two turning points a `width` apart: the cubic polynomial in the angle with both states and
/// with the slopes that they open up with.
pub(super) fn between(low: &Turn, high: &Turn, width: f64, angle: f64) -> Vec<Complex64> {
    // x - a = (b - a) theta^2 / 4 + ... at the lower end, likewise at the upper one.
    let share = angle / PI;
    let slope = 0.5 * PI * width.sqrt() * share * (1.0 - share);
    let of_high = share * share * (3.0 - 2.0 * share);
    let value = |j: usize| {
        let real = low.state[j] + of_high * (high.state[j] - low.state[j]);
        Complex64::new(real, slope * ((1.0 - share) * low.opening[j] + share * high.opening[j]))
    };
    (0..low.state.len()).map(value).collect()
}

/// The share of each point in the interpolant at `at`.
fn shares(positions: &[f64], at: f64) -> Vec<f64> {
    if let Some(hit) = positions.iter().position(|&position| position == at) {
        return (0..positions.len()).map(|k| f64::from(u8::from(k == hit))).collect();
    }
    let n = positions.len();
    let degree = DEGREE.min(n - 1);
    let weight = |k: usize| -> f64 {
        let of_polynomial = |first: usize| -> f64 {
            (first..=first + degree)
                .filter(|&j| j != k)
                .map(|j| (positions[k] - positions[j]).recip())
                .product()
        };
        // Polynomials through neighbouring points alternate in sign.
        (k.saturating_sub(degree)..=k.min(n - 1 - degree))
            .map(|first| if first % 2 == 0 { of_polynomial(first) } else { -of_polynomial(first) })
            .sum()
    };
    let terms: Vec<f64> = (0..n).map(|k| weight(k) / (at - positions[k])).collect();
    let sum: f64 = terms.iter().sum();
    terms.into_iter().map(|term| term / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubics_are_exact() {
        let f = |x: f64| Complex64::new(1.0 + x - x.powi(3), x * x);
        let positions = [-0.9, -0.5, 0.1, 0.2, 0.7, 1.1, 1.3];
        let states: Vec<[Complex64; 1]> = positions.iter().map(|&x| [f(x)]).collect();
        let known: Vec<(f64, Cow<'_, [Complex64]>)> =
            positions.iter().zip(&states).map(|(&x, s)| (x, Cow::from(&s[..]))).collect();
        for x in [-0.7, 0.15, 0.2, 1.2, 1.4] {
            let found = interpolate(&known, x, false).unwrap()[0];
            assert!((found - f(x)).norm() < 1e-13, "{x}");
        }
        // Fewer points than a cubic takes.
        let found = interpolate(&known[..2], 0.0, false).unwrap()[0];
        let line = f(-0.9) + (f(-0.5) - f(-0.9)) * (0.9 / 0.4);
        assert!((found - line).norm() < 1e-14);
        assert!(interpolate(&[], 0.0, false).is_none());
    }

    #[test]
    fn powers_are_exact_in_logarithms() {
        let f = |t: f64| [Complex64::new(0.3, -1.0) * (-t / 3.0).exp(), Complex64::new(0.0, 0.0)];
        let states: Vec<[Complex64; 2]> = [-9.0, -6.0, -5.0, -3.0].iter().map(|&t| f(t)).collect();
        let known: Vec<(f64, Cow<'_, [Complex64]>)> =
            [-9.0, -6.0, -5.0, -3.0].iter().zip(&states).map(|(&t, s)| (t, Cow::from(&s[..]))).collect();
        let found = interpolate(&known, -14.0, true).unwrap();
        assert!((found[0] / f(-14.0)[0] - 1.0).norm() < 1e-12 && found[1] == Complex64::ZERO);
        let plain = interpolate(&known, -14.0, false).unwrap();
        assert!((plain[0] / f(-14.0)[0] - 1.0).norm() > 0.1);
    }
}
