//! How much the number of eigenvalues in an interval varies.

use std::f64::consts::PI;

use crate::quadrature::gauss_legendre;

/// Expected counts from which on the asymptotic form is used; it is off by less than 1e-3 there.
const ASYMPTOTIC: f64 = 3.0;

/// The Euler-Mascheroni constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Variance of the number of eigenvalues of a real symmetric random matrix in an interval that holds `mean` of them
/// on average: the number variance of the GOE (Mehta, Random Matrices, 3rd ed., 2004, sections 7.2 and 16.1),
///
/// ```text
/// L - 2 int_0^L (L - r) Y_2(r) dr  =  (2 / pi^2) (log(2 pi L) + 0.5772... + 1 - pi^2 / 8) + O(1 / L),
/// Y_2(r) = s(r)^2 - s'(r) (int_0^r s - 1/2),      s(r) = sin(pi r) / (pi r).
/// ```
pub fn number_variance(mean: f64) -> f64 {
    if mean >= ASYMPTOTIC {
        return 2.0 / (PI * PI) * ((2.0 * PI * mean).ln() + EULER + 1.0 - PI * PI / 8.0);
    }
    let rule = gauss_legendre(24);
    let integral = |high: f64, f: &dyn Fn(f64) -> f64| -> f64 {
        rule.iter().map(|&(x, weight)| 0.5 * high * weight * f(0.5 * high * (1.0 + x))).sum()
    };
    let cluster = |r: f64| {
        let rest = 0.5 - integral(r, &sinc);
        sinc(r).powi(2) + sinc_slope(r) * rest
    };
    mean - 2.0 * integral(mean, &|r| (mean - r) * cluster(r))
}

fn sinc(r: f64) -> f64 {
    if r == 0.0 { 1.0 } else { (PI * r).sin() / (PI * r) }
}

fn sinc_slope(r: f64) -> f64 {
    // Below, the difference of the two terms would be rounding.
    if r < 1e-3 { -PI * PI * r / 3.0 } else { ((PI * r).cos() - sinc(r)) / r }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_eigenvalues_and_many() {
        // A short interval holds one eigenvalue or none; repulsion comes in at pi^2 L^3 / 18.
        for mean in [1e-3, 1e-2] {
            assert!((number_variance(mean) - mean * (1.0 - mean)).abs() < 0.6 * mean.powi(3));
        }
        // Both forms where they meet.
        assert!((number_variance(ASYMPTOTIC) - number_variance(ASYMPTOTIC - 1e-9)).abs() < 1e-3);
    }
}
