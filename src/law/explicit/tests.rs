//! Explicit laws against closed forms, and against numbers in 40 to 50 digits (mpmath).

use std::f64::consts::PI;

use super::*;

fn covariance(ratio: f64, pairs: &[(f64, f64)]) -> ExplicitTransform {
    let atoms: Vec<Atom> = pairs.iter().map(|&(location, mass)| Atom { location, mass }).collect();
    ExplicitTransform::sample_covariance(ratio, &atoms)
}

fn density(transform: &ExplicitTransform, x: f64) -> f64 {
    -transform.solve(x.into(), &mut ()).unwrap().cauchy.im / PI
}

fn check(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found:e} against {expected:e}");
}

/// Edges `(gamma - 1)^2 / (sqrt(gamma) + 1)^2` and density `sqrt((x - a)(b - x)) / (2 pi gamma x)`, to rounding even where
/// nothing but the distance to an edge is left of `x`.
#[test]
fn marchenko_pastur_to_rounding() {
    for ratio in [1e-5, 0.3, 1.0 - 1e-6, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 1.0 + 1e-6, 2.0, 70.0, 1e5] {
        for scale in [1e-200, 1e-10, 1.0, 1e12, 1e200] {
            let transform = covariance(ratio, &[(scale, 1.0)]);
            let [[low, high]] = transform.intervals().unwrap()[..] else { panic!("{ratio}: one bulk") };
            let root = ratio.sqrt();
            check(
                low,
                scale * ((ratio - 1.0) / (root + 1.0)).powi(2),
                1e-14 * (1.0 + 1.0 / (root - 1.0).abs().max(1e-3)),
                "low",
            );
            check(high, scale * (root + 1.0).powi(2), 1e-15, "high");
            for share in [1e-13, 1e-9, 1e-3, 0.3, 0.5, 0.9, 1.0 - 1e-9] {
                let x = low + share * (high - low);
                let exact = (x - low).sqrt() / x * (high - x).sqrt() / (2.0 * PI * ratio * scale);
                // The distance of the unknown from the pole is rounded relative to the pole.
                let rounding = 2e-14 + 3e-16 / root;
                check(
                    density(&transform, x),
                    exact,
                    rounding,
                    &format!("{ratio} {scale:e}, density at {share}"),
                );
            }
            let kernel = transform.atoms().iter().map(|atom| atom.mass).sum::<f64>();
            assert!((kernel - (1.0 - 1.0 / ratio).max(0.0)).abs() < 1e-15);
        }
    }
}

/// Off the line, and in gaps, by the root formula for `G`.
#[test]
fn marchenko_pastur_elsewhere() {
    for ratio in [0.3, 1.0, 4.0] {
        let transform = covariance(ratio, &[(1.0, 1.0)]);
        let root: f64 = f64::sqrt(ratio);
        let (low, high) = ((1.0 - root).powi(2), (1.0 + root).powi(2));
        let mut points: Vec<Complex64> = [-1e6, -3.0, -1e-3, 0.3 * low + 1e-9, high + 1e-2, 40.0]
            .into_iter()
            .filter(|&x| x < low || x > high)
            .map(Complex64::from)
            .collect();
        for height in [1e-12, 1e-4, 1.0, 1e5] {
            points.extend([-1.0, low + 0.1, 1.0, 7.0].map(|x| Complex64::new(x, height)));
        }
        for z in points {
            let (linear, root) = (z + ratio - 1.0, (z - low).sqrt() * (z - high).sqrt());
            let exact = if (linear + root).norm_sqr() > (linear - root).norm_sqr() {
                2.0 / (linear + root)
            } else {
                (linear - root) / (2.0 * ratio * z)
            };
            // From a guess that is worth nothing as well.
            for found in [
                transform.solve(z, &mut ()).unwrap().cauchy,
                transform.solve_near(z, &[Complex64::new(0.9, 1e-3)], &mut ()).unwrap().cauchy,
            ] {
                assert!(
                    (found - exact).norm() < 1e-13 * exact.norm(),
                    "{ratio}, {z}: {found} against {exact}"
                );
            }
        }
    }
}

/// Edges by bisection of `z'(u) = 0` in 40 digits (mpmath), of eigenvalues of 17 digits over four decades, and of
/// two over eleven at twice as many features as samples.
#[test]
fn edges_to_rounding() {
    let eigenvalues = [
        0.000412, 0.00128, 0.00362, 0.00847, 0.0149, 1.4, 1.69, 1.82, 1.91, 2.28, 2.54, 2.67, 2.74, 3.08,
        3.53, 3.7, 3.94,
    ];
    let transform = covariance(0.3, &eigenvalues.map(|t| (t, 1.0 / 17.0)));
    let edges = transform.intervals().unwrap().concat();
    let exact = [
        0.00020686879047166759,
        0.000388575545696765,
        0.0006714438509935004,
        0.001238703234953044,
        0.0019570007229835194,
        0.0035619084883781803,
        0.004743959077484469,
        0.008443093387020123,
        0.009056148713514879,
        0.015903959345036817,
        0.6109658089041392,
        6.435835221034586,
    ];
    assert_eq!(edges.len(), exact.len());
    for (found, exact) in edges.into_iter().zip(exact) {
        check(found, exact, 2e-15, "edge");
    }
    let edges = covariance(2.0, &[(1e-11, 0.5), (1.0, 0.5)]).intervals().unwrap().concat();
    check(edges[0], 9.995929110364715e-12, 1e-15, "low");
    check(edges[1], 4.00000000001, 1e-15, "high");
}

/// Densities at four points each by Newton's method in 50 digits (mpmath) on `z(u) = x`.
#[test]
fn densities_over_decades() {
    let two = covariance(2.0, &[(1e-11, 0.5), (1.0, 0.5)]);
    let binary = [(-30, 0.25), (-18, 0.25), (-6, 0.375), (2, 0.125)];
    let four = covariance(0.5, &binary.map(|(power, mass)| (f64::exp2(f64::from(power)), mass)));
    let table = [
        (
            two,
            [
                (1.5e-11, 71176.25433704676),
                (1e-9, 5058.276137095278),
                (1e-4, 15.915296160051977),
                (2.0, 0.07957747154634555),
            ],
        ),
        (
            four,
            [
                (1e-9, 145051989.21764565),
                (3e-6, 64294.33618658114),
                (2e-2, 13.114975559494498),
                (5.0, 0.029544401460989377),
            ],
        ),
    ];
    for (transform, points) in table {
        for (x, exact) in points {
            check(density(&transform, x), exact, 1e-14, &format!("{x:e}"));
        }
    }
}

/// Signs and a semicircle: `z' = 0` where `q = u^2 - 1` has `q^2 - s q - 2 s = 0`, with a gap for `s < 1`.
#[test]
fn signs_and_a_semicircle() {
    for variance in [1e-8, 1e-3, 0.5, 1.0 - 1e-6, 1.0, 1.5, 1e3] {
        let signs = [-1.0, 1.0].map(|location| Atom { location, mass: 0.5 });
        // Their free cumulants are 0, 1, 0, -1.
        let transform =
            ExplicitTransform::with_semicircle(&signs, 3.0, variance, [3.0, 1.0 + variance, 0.0, -1.0]);
        let edge = |sign: f64| {
            let q = 0.5 * (variance + sign * (variance * (variance + 8.0)).sqrt());
            (1.0 + q).max(0.0).sqrt() * (1.0 + variance / q)
        };
        let (outer, inner) = (edge(1.0), edge(-1.0));
        let exact = if variance < 1.0 {
            vec![3.0 - outer, 3.0 - inner, 3.0 + inner, 3.0 + outer]
        } else {
            vec![3.0 - outer, 3.0 + outer]
        };
        let edges = transform.intervals().unwrap().concat();
        assert_eq!(edges.len(), exact.len(), "{variance}: {edges:?}");
        for (found, exact) in edges.into_iter().zip(exact) {
            check(found, exact, 2e-15, "edge");
        }
        // In the middle u = i y with y^2 = s - 1, and in a gap G = 0. At the cusp y^3 is rounded.
        let middle = transform.solve(Complex64::from(3.0), &mut ()).unwrap().cauchy;
        let (exact, cusp) = ((variance - 1.0).max(0.0).sqrt() / variance, variance == 1.0);
        let rounding = if cusp { 2.0 * f64::EPSILON.cbrt() } else { 1e-14 * exact };
        assert!((middle.im + exact).abs() <= rounding, "{variance}: {middle}");
    }
}
