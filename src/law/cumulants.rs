//! Free cumulants and moments from each other.
//!
//! With `M(z) = 1 + sum m_n z^n` and `C(z) = 1 + sum kappa_n z^n`, moments `m_n` and free cumulants
//! `kappa_n` of a law are tied by `M(z) = C(z M(z))`, which reads
//!
//! ```text
//! m_n = kappa_n + sum_{s < n} kappa_s [z^(n-s)] M(z)^s
//! ```
//!
//! and replaces the sum over noncrossing partitions (A. Nica and R. Speicher, Lectures on the
//! combinatorics of free probability, Cambridge University Press 2006, Lectures 10 and 11).

/// Free cumulants `kappa_1, kappa_2, ...` from as many moments `m_1, m_2, ...`, in cubic time.
///
/// ```
/// // The semicircle of variance 1.
/// assert_eq!(freespectra::law::free_cumulants(&[0.0, 1.0, 0.0, 2.0]), [0.0, 1.0, 0.0, 0.0]);
/// ```
pub fn free_cumulants(moments: &[f64]) -> Vec<f64> {
    solve(moments, |moment, lower| (moment, moment - lower)).1
}

/// Moments `m_1, m_2, ...` from as many free cumulants `kappa_1, kappa_2, ...`, in cubic time.
///
/// ```
/// // The Marchenko-Pastur law of ratio 1, all free cumulants of which are 1.
/// assert_eq!(freespectra::law::moments_from_free_cumulants(&[1.0; 4]), [1.0, 2.0, 5.0, 14.0]);
/// ```
pub fn moments_from_free_cumulants(cumulants: &[f64]) -> Vec<f64> {
    solve(cumulants, |cumulant, lower| (cumulant + lower, cumulant)).0
}

/// Moments and cumulants, order by order. `resolve` returns both of an order from the one that is given
/// and from the part of the moment that is due to lower orders.
fn solve(given: &[f64], resolve: impl Fn(f64, f64) -> (f64, f64)) -> (Vec<f64>, Vec<f64>) {
    let count = given.len();
    let (mut moments, mut cumulants) = (Vec::with_capacity(count), Vec::with_capacity(count));
    // powers[s][j] is the coefficient of z^j in M^s; the column j needs moments up to m_j only.
    let mut powers: Vec<Vec<f64>> = (0..count).map(|_| vec![1.0]).collect();
    for (index, &value) in given.iter().enumerate() {
        let order = index + 1;
        let lower = (1..order).map(|s| cumulants[s - 1] * powers[s][order - s]).sum();
        let (moment, cumulant) = resolve(value, lower);
        moments.push(moment);
        cumulants.push(cumulant);
        for s in 0..count {
            let coefficient = match s {
                0 => 0.0,
                _ => {
                    let constant = powers[s - 1][order];
                    let terms = moments.iter().zip(powers[s - 1][..order].iter().rev());
                    constant + terms.map(|(moment, lower)| moment * lower).sum::<f64>()
                }
            };
            powers[s].push(coefficient);
        }
    }
    (moments, cumulants)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Exact for the arguments below.
    fn binomial(n: usize, k: usize) -> f64 {
        (0..k).fold(1.0, |product, j| product * (n - j) as f64 / (j + 1) as f64)
    }

    fn catalan(n: usize) -> f64 {
        binomial(2 * n, n) / (n + 1) as f64
    }

    #[test]
    fn the_semicircle_has_catalan_numbers() {
        let mut cumulants = [0.0; 20];
        cumulants[1] = 1.0;
        let moments = moments_from_free_cumulants(&cumulants);
        for (index, moment) in moments.iter().enumerate() {
            let order = index + 1;
            assert_eq!(*moment, if order % 2 == 0 { catalan(order / 2) } else { 0.0 });
        }
        assert_eq!(free_cumulants(&moments), cumulants);
    }

    /// `m_n = sum_k N(n, k) c^(n-k)` with the Narayana numbers, as `kappa_m = c^(m-1)` gives every
    /// partition with `k` blocks the weight `c^(n-k)`.
    #[test]
    fn the_free_poisson_law_has_narayana_sums() {
        for c in [0.25, 1.0, 3.0] {
            let cumulants: Vec<f64> = (0..12).map(|m| f64::powi(c, m)).collect();
            let moments = moments_from_free_cumulants(&cumulants);
            for n in 1..=12 {
                let narayana = |k| binomial(n, k) * binomial(n, k - 1) / n as f64;
                let expected: f64 = (1..=n).map(|k| narayana(k) * c.powi((n - k) as i32)).sum();
                assert_relative_eq!(moments[n - 1], expected, max_relative = 1e-14);
            }
        }
    }

    #[test]
    fn signs_have_alternating_catalan_numbers() {
        let moments: Vec<f64> = (1..=16).map(|n| if n % 2 == 0 { 1.0 } else { 0.0 }).collect();
        for (index, cumulant) in free_cumulants(&moments).iter().enumerate() {
            let order = index + 1;
            let half = order / 2;
            let expected = match order % 2 {
                0 => catalan(half - 1) * if half % 2 == 1 { 1.0 } else { -1.0 },
                _ => 0.0,
            };
            assert_eq!(*cumulant, expected);
        }
    }

    #[test]
    fn general_laws_have_the_cumulants_of_the_definition() {
        // kappa_1 to kappa_4 in closed form, of moments that need not belong to a law.
        let [m1, m2, m3, m4] = [0.5f64, 2.0, -1.25, 7.0];
        let expected = [
            m1,
            m2 - m1 * m1,
            m3 - 3.0 * m1 * m2 + 2.0 * m1.powi(3),
            m4 - 4.0 * m1 * m3 - 2.0 * m2 * m2 + 10.0 * m1 * m1 * m2 - 5.0 * m1.powi(4),
        ];
        assert_eq!(free_cumulants(&[m1, m2, m3, m4]), expected);
        let cumulants: Vec<f64> = (0..15).map(|n| f64::sin(3.0 * f64::from(n) + 1.0)).collect();
        let back = free_cumulants(&moments_from_free_cumulants(&cumulants));
        for (found, expected) in back.iter().zip(&cumulants) {
            assert_relative_eq!(*found, *expected, epsilon = 1e-8);
        }
        assert!(free_cumulants(&[]).is_empty() && moments_from_free_cumulants(&[]).is_empty());
    }
}
