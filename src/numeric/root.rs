//! The root of a continuous function between two points where its signs differ.
//!
//! Chandrupatla's rule (Adv. Eng. Softw. 28, 1997): inverse quadratic interpolation where three points say that the inverse
//! is monotone, halving elsewhere. The bracket closes whatever the function does.

use crate::error::Result;

/// Evaluations, more than halvings alone would take for all digits.
const EVALUATIONS: usize = 100;

/// A point with the value of a function there.
pub(crate) type Valued = (f64, f64);

/// The root between `a` and `b`, to `tolerance` relative to the larger of both. The signs of the values differ.
///
/// # Errors
/// Those of the function.
pub(crate) fn between(
    [mut a, mut b]: [Valued; 2],
    tolerance: f64,
    mut function: impl FnMut(f64) -> Result<f64>,
) -> Result<f64> {
    if let Some(end) = [a, b].into_iter().find(|end| end.1 == 0.0) {
        return Ok(end.0);
    }
    let narrow = tolerance * a.0.abs().max(b.0.abs());
    let mut share = 0.5;
    for _ in 0..EVALUATIONS {
        let x = a.0 + share * (b.0 - a.0);
        let next = (x, function(x)?);
        // The bracket is from a, the latest point, to b; c was given up for it.
        let c;
        if (next.1 > 0.0) == (a.1 > 0.0) {
            c = a;
        } else {
            (c, b) = (b, a);
        }
        a = next;
        let best = if a.1.abs() < b.1.abs() { a } else { b };
        let margin = 0.5 * narrow / (b.0 - a.0).abs();
        if best.1 == 0.0 || margin >= 0.5 {
            return Ok(best.0);
        }
        let (xi, phi) = ((a.0 - b.0) / (c.0 - b.0), (a.1 - b.1) / (c.1 - b.1));
        let monotone = phi * phi < xi && (1.0 - phi).powi(2) < 1.0 - xi;
        share = 0.5;
        if monotone {
            share = a.1 / (b.1 - a.1) * c.1 / (b.1 - c.1)
                + (c.0 - a.0) / (b.0 - a.0) * a.1 / (c.1 - a.1) * b.1 / (c.1 - b.1);
        }
        share = share.clamp(margin, 1.0 - margin);
    }
    Ok(0.5 * (a.0 + b.0))
}

/// The root between `low` and `high` of a monotone function that gives its slope, too, from a first guess: Newton's method,
/// kept between the ends by halving. It has all digits relative to itself, next to 0 too.
pub(crate) fn newton(function: impl Fn(f64) -> (f64, f64), guess: f64, [mut low, mut high]: [f64; 2]) -> f64 {
    let rising = function(high).0 > function(low).0;
    let mut x = guess.clamp(low, high);
    for _ in 0..2 * EVALUATIONS {
        let (value, slope) = function(x);
        if value == 0.0 {
            return x;
        }
        if (value < 0.0) == rising {
            low = x;
        } else {
            high = x;
        }
        let newton = x - value / slope;
        let next = if low < newton && newton < high { newton } else { 0.5 * (low + high) };
        if (next - x).abs() <= f64::EPSILON * x.abs() || next == low && next == high {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root next to 0 of a function that is flat there.
    #[test]
    fn newton_keeps_digits_next_to_zero() {
        let found = newton(|x| (x.powi(3) - 1e-60, 3.0 * x * x), 0.5, [0.0, 1.0]);
        assert!((found / 1e-20 - 1.0).abs() < 1e-14, "{found:e}");
    }

    /// The root and how many values it took.
    fn root(function: fn(f64) -> f64, low: f64, high: f64) -> (f64, usize) {
        let mut count = 0;
        let counted = |x| {
            count += 1;
            Ok(function(x))
        };
        let found = between([(low, function(low)), (high, function(high))], 1e-14, counted).unwrap();
        (found, count)
    }

    /// A function, a bracket and the root.
    type Case = (fn(f64) -> f64, f64, f64, f64);

    #[test]
    fn roots_of_known_functions() {
        let cases: [Case; 5] = [
            (|x| x * x - 2.0, 0.0, 2.0, 2f64.sqrt()),
            (|x| x.cos() - x, 0.0, 1.0, 0.739_085_133_215_160_7),
            (|x| 1.0 - x.powi(9), 0.0, 7.0, 1.0),
            // At a kink and at a jump halving is what remains: 47 for 14 digits.
            (|x| if x < 0.3 { 30.0 * (0.3 - x) } else { 0.3 - x }, 0.0, 1.0, 0.3),
            (|x| if x < 0.7 { 1.0 } else { -5.0 }, 0.0, 1.0, 0.7),
        ];
        for (k, (function, low, high, exact)) in cases.into_iter().enumerate() {
            let (found, count) = root(function, low, high);
            assert!((found - exact).abs() <= 2e-14, "{k}: {found} {exact}");
            assert!(count < if k < 3 { 20 } else { 60 }, "{k}: {count}");
        }
    }
}
