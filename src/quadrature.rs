//! Gauss-Legendre quadrature on `[-1, 1]`.

use std::f64::consts::PI;

/// Nodes and weights of the `n`-point Gauss-Legendre rule, exact for polynomials of degree
/// `2 n - 1`, nodes increasing.
///
/// Newton's iteration on the Legendre polynomial from Tricomi's asymptotic guess; see Hale and
/// Townsend, SIAM J. Sci. Comput. 35 (2013), section 2.
pub(crate) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let mut rule = vec![(0.0, 2.0); n];
    for i in 0..n.div_ceil(2) {
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut derivative = 1.0;
        for _ in 0..20 {
            let (mut previous, mut value) = (1.0, x);
            for k in 2..=n {
                let k = k as f64;
                (previous, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * previous) / k);
            }
            derivative = n as f64 * (previous - x * value) / (1.0 - x * x);
            let step = value / derivative;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        let weight = 2.0 / ((1.0 - x * x) * derivative * derivative);
        rule[n - 1 - i] = (x, weight);
        rule[i] = (-x, weight);
    }
    if n % 2 == 1 {
        rule[n / 2].0 = 0.0;
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_polynomials_exactly() {
        for n in [1, 2, 5, 16, 33] {
            let rule = gauss_legendre(n);
            for degree in 0..2 * n as i32 {
                let exact = if degree % 2 == 0 { 2.0 / f64::from(degree + 1) } else { 0.0 };
                let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(degree)).sum();
                assert!((sum - exact).abs() < 1e-13, "n = {n}, degree {degree}: {sum} against {exact}");
            }
        }
    }
}
