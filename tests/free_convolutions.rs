//! Free convolutions against closed forms: densities to 1e-9 away from the edges, edges to 1e-9, moments.

use std::f64::consts::PI;

use approx::assert_relative_eq;
use freespectra::free::convolution::{FreePower, FreeProduct, FreeSum};
use freespectra::law::moments_from_free_cumulants;
use freespectra::{Error, Law};
use num_complex::Complex64;

fn assert_density(law: &Law, exact: impl Fn(f64) -> f64, points: &[f64]) {
    for &x in points {
        assert_relative_eq!(law.density(x), exact(x), epsilon = 1e-9, max_relative = 1e-9);
    }
}

fn assert_support(law: &Law, exact: &[[f64; 2]]) {
    let support = law.spectral().support();
    assert_eq!(support.len(), exact.len(), "{support:?} against {exact:?}");
    for (found, exact) in support.iter().flatten().zip(exact.iter().flatten()) {
        assert_relative_eq!(*found, *exact, epsilon = 1e-9);
    }
}

#[test]
fn semicircles_add_their_variances() {
    let sum = Law::semicircle(1.0).unwrap().plus(&Law::semicircle(0.44).unwrap()).unwrap();
    assert_support(&sum, &[[-2.4, 2.4]]);
    assert_density(&sum, |x| (5.76 - x * x).sqrt() / (2.0 * PI * 1.44), &[-2.3, -1.0, 0.0, 0.7, 2.39]);
}

#[test]
fn two_free_signs_are_arcsine() {
    let signs = Law::bernoulli().unwrap();
    let sum = signs.plus(&signs).unwrap();
    assert_support(&sum, &[[-2.0, 2.0]]);
    assert_density(&sum, |x| 1.0 / (PI * (4.0 - x * x).sqrt()), &[-1.9, -1.0, 0.0, 0.5, 1.99]);
    assert!(sum.point_masses().is_empty());
}

#[test]
fn sums_of_free_signs_are_kesten_mckay() {
    let signs = Law::bernoulli().unwrap();
    let mut sum = signs.plus(&signs).unwrap();
    for degree in [3.0, 4.0] {
        sum = sum.plus(&signs).unwrap();
        let edge = 2.0 * f64::sqrt(degree - 1.0);
        let exact = |x: f64| degree * (edge * edge - x * x).sqrt() / (2.0 * PI * (degree * degree - x * x));
        let points = [-0.99 * edge, -0.5 * edge, 0.0, 0.3, 0.9 * edge];
        for law in [&sum, &signs.power(degree).unwrap(), &Law::kesten_mckay(degree).unwrap()] {
            assert_support(law, &[[-edge, edge]]);
            assert_density(law, exact, &points);
        }
    }
}

#[test]
fn marchenko_pastur_laws_add_their_rates() {
    // Free Poisson laws of one jump size: rates add.
    let sum = Law::free_poisson(0.3, 2.0).unwrap().plus(&Law::free_poisson(0.5, 2.0).unwrap()).unwrap();
    let exact = Law::free_poisson(0.8, 2.0).unwrap();
    let [low, high] = exact.spectral().support()[0];
    assert_support(&sum, &[[low, high]]);
    assert_relative_eq!(sum.point_masses()[0].mass, 0.2, epsilon = 1e-12);
    let density = |x: f64| ((x - low) * (high - x)).sqrt() / (2.0 * PI * 2.0 * x);
    assert_density(&sum, density, &[0.1, 0.5, 2.0, 5.0, 7.0]);
    // The power by the rate.
    let power = Law::free_poisson(0.5, 2.0).unwrap().power(1.6).unwrap();
    assert_density(&power, density, &[0.1, 0.5, 2.0, 5.0, 7.0]);
}

/// Largest `-Im G / pi` over the roots of the cubic of semicircle (variance `s`) plus free signs `+- a`:
/// `G = w / (w^2 - a^2)` with `w = z - s G`.
fn cubic_density(x: f64, s: f64, a: f64) -> f64 {
    // (x - s g)^2 g - a^2 g = x - s g, by Durand-Kerner.
    let value = |g: Complex64| ((x - s * g).powu(2) * g - a * a * g - x + s * g) / (s * s);
    let mut roots = [0, 1, 2].map(|k| Complex64::new(0.4, 0.9).powu(k));
    for _ in 0..500 {
        for i in 0..3 {
            let others: Complex64 = (0..3).filter(|&j| j != i).map(|j| roots[i] - roots[j]).product();
            roots[i] -= value(roots[i]) / others;
        }
    }
    roots.iter().map(|g| -g.im / PI).fold(0.0, f64::max)
}

#[test]
fn semicircle_plus_two_atoms_solves_a_cubic() {
    for (s, a, bulks) in [(0.25, 1.0, 2), (1.0, 1.0, 1), (2.0, 1.0, 1)] {
        let signs = Law::atoms(&[(-a, 0.5), (a, 0.5)]).unwrap();
        let sum = signs.plus(&Law::semicircle(s).unwrap()).unwrap();
        assert_eq!(sum.spectral().support().len(), bulks, "variance {s}");
        for x in [-1.5, -0.9, 0.35, 0.8, 1.2] {
            assert_relative_eq!(sum.density(x), cubic_density(x, s, a), epsilon = 1e-9);
        }
    }
}

/// Free Jacobi law of two projections with traces `a` and `b` (Voiculescu, Dykema, Nica 1992, example 3.6.7).
fn assert_free_jacobi(a: f64, b: f64) {
    let product = Law::projection(a).unwrap().times(&Law::projection(b).unwrap()).unwrap();
    let root = (4.0 * a * b * (1.0 - a) * (1.0 - b)).sqrt();
    let (low, high) = (a + b - 2.0 * a * b - root, a + b - 2.0 * a * b + root);
    assert_support(&product, &[[low.max(0.0), high.min(1.0)]]);
    let exact = |x: f64| ((x - low) * (high - x)).sqrt() / (2.0 * PI * x * (1.0 - x));
    let points: Vec<f64> = [0.03, 0.2, 0.5, 0.8, 0.97].iter().map(|t| low + t * (high - low)).collect();
    assert_density(&product, exact, &points);
    let mass =
        |x: f64| product.point_masses().iter().find(|atom| atom.location == x).map_or(0.0, |atom| atom.mass);
    assert_relative_eq!(mass(0.0), 1.0 - a.min(b), epsilon = 1e-12);
    assert_relative_eq!(mass(1.0), (a + b - 1.0).max(0.0), epsilon = 1e-12);
    assert_relative_eq!(product.spectral().total_mass(), 1.0, epsilon = 1e-10);
}

#[test]
fn two_free_projections() {
    for (a, b) in [(0.5, 0.5), (0.3, 0.4), (0.6, 0.7), (0.5, 0.25), (0.9, 0.2)] {
        assert_free_jacobi(a, b);
    }
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k).map(|j| f64::from(n - j) / f64::from(j + 1)).product()
}

#[test]
fn powers_of_marchenko_pastur_are_fuss_catalan() {
    let poisson = Law::marchenko_pastur(1.0).unwrap();
    let mut product = poisson.clone();
    for s in 2..=4u32 {
        product = product.times(&poisson).unwrap();
        for n in 1..=6u32 {
            let exact = binomial((s + 1) * n, n) / f64::from(s * n + 1);
            assert_relative_eq!(product.spectral().moment(n as i32), exact, max_relative = 1e-10);
        }
        let edge = f64::from(s + 1).powi(s as i32 + 1) / f64::from(s).powi(s as i32);
        assert_support(&product, &[[0.0, edge]]);
        // In the parametrisation x = sin((s+1) t)^(s+1) / (sin(t) sin(s t)^s) the density is
        // sin(t)^2 sin(s t)^(s-1) / (pi sin((s+1) t)^s), 0 < t < pi / (s+1).
        for fraction in [0.1, 0.3, 0.6, 0.9, 0.99] {
            let t = fraction * PI / f64::from(s + 1);
            let (a, b, c) = (t.sin(), (f64::from(s) * t).sin(), (f64::from(s + 1) * t).sin());
            let x = c.powi(s as i32 + 1) / (a * b.powi(s as i32));
            let exact = a * a * b.powi(s as i32 - 1) / (PI * c.powi(s as i32));
            assert_relative_eq!(product.density(x), exact, epsilon = 1e-9, max_relative = 1e-8);
        }
    }
}

#[test]
fn compressions_of_a_projection_are_free_jacobi() {
    // q p q in the corner of q: the product of the projections without the kernel of q.
    let (a, b) = (0.4, 0.7);
    let compressed = Law::projection(a).unwrap().compress(b).unwrap();
    let product = Law::projection(a).unwrap().times(&Law::projection(b).unwrap()).unwrap();
    for x in [0.2, 0.5, 0.9] {
        assert_relative_eq!(b * compressed.density(x), product.density(x), epsilon = 1e-9);
    }
    assert_relative_eq!(compressed.mean(), a, epsilon = 1e-12);
}

#[test]
fn products_with_a_wishart_matrix_are_sample_covariances() {
    // Marchenko-Pastur times a population law: two different equations.
    let population = freespectra::Population::atoms(&[(1.0, 0.5), (4.0, 0.5)]).unwrap();
    let covariance = Law::sample_covariance(0.2, population).unwrap();
    let product =
        Law::marchenko_pastur(0.2).unwrap().times(&Law::atoms(&[(1.0, 0.5), (4.0, 0.5)]).unwrap()).unwrap();
    let exact = covariance.spectral().support();
    assert_support(&product, &exact);
    for x in [0.6, 1.0, 1.3, 3.0, 5.0] {
        assert_relative_eq!(product.density(x), covariance.density(x), epsilon = 1e-9);
    }
}

/// Signs times Marchenko-Pastur of ratio 2: half of the mass at 0, and the inverse map of the companion transform,
/// `z = -1/m - 2 m / (1 - m^2)`, has its critical points at `m^2 = sqrt(5) - 2`.
#[test]
fn products_of_both_signs_with_a_wishart_matrix() {
    let signs = Law::atoms(&[(-1.0, 0.5), (1.0, 0.5)]).unwrap();
    let product = signs.times(&Law::marchenko_pastur(2.0).unwrap()).unwrap();
    let m = (5f64.sqrt() - 2.0).sqrt();
    let edge = 1.0 / m + 2.0 * m / (1.0 - m * m);
    assert_support(&product, &[[-edge, edge]]);
    let [atom] = product.point_masses() else { panic!("{:?}", product.point_masses()) };
    assert_eq!(atom.location, 0.0);
    assert_relative_eq!(atom.mass, 0.5, epsilon = 1e-12);
}

/// The transform of a sum of projections vanishes at its mean, in a gap: nothing is there but what rounding makes of it.
#[test]
fn gaps_in_which_the_transform_vanishes() {
    for (a, b) in [(0.5, 0.3), (0.3, 0.5), (0.5, 0.25), (0.5, 0.45), (0.4, 0.5)] {
        let [p, q] = [a, b].map(|trace| Law::projection(trace).unwrap());
        let sum = p.plus(&q).unwrap();
        // 1 -+ cos of the angles between the ranges.
        let (middle, width) = (a + b - 2.0 * a * b, 2.0 * f64::sqrt(a * b * (1.0 - a) * (1.0 - b)));
        let [inner, outer] = [middle - width, middle + width].map(f64::sqrt);
        assert_support(&sum, &[[1.0 - outer, 1.0 - inner], [1.0 + inner, 1.0 + outer]]);
    }
}

/// Powers of laws with half of the mass at 0: next to it densities grow like `x^(-s/(s+1))`, `s` one less than the number of
/// factors. The upper end of three Marchenko-Pastur laws of ratio 2 is a critical value of `z(m) = (1 + m) (1 + 2 m)^3 / m`,
/// as `S(m) = 1 / (1 + 2 m)`.
#[test]
fn products_of_equal_kernels() {
    let poisson = Law::marchenko_pastur(2.0).unwrap();
    let product = poisson.times(&poisson).unwrap().times(&poisson).unwrap();
    let [atom] = product.point_masses() else { panic!("{:?}", product.point_masses()) };
    assert_eq!(atom.location, 0.0);
    assert_relative_eq!(atom.mass, 0.5, epsilon = 1e-12);
    // z'(m) / z(m) = 0 is 6 m^2 + 4 m = 1.
    let m = (10f64.sqrt() - 2.0) / 6.0;
    assert_support(&product, &[[0.0, (1.0 + m) * (1.0 + 2.0 * m).powi(3) / m]]);
    let exponent = (product.density(1e-9) / product.density(1e-6)).log10() / 3.0;
    assert!((exponent - 2.0 / 3.0).abs() < 0.01, "{exponent}");
}

#[test]
fn subordination_functions_satisfy_their_equations() {
    let z = Complex64::new(0.4, 0.2);
    let (x, y) = (Law::uniform(0.0, 2.0).unwrap(), Law::arcsine(1.0, 3.0).unwrap());
    let [one, two] = FreeSum::new(&x, &y).unwrap().subordination(z).unwrap();
    let f = 1.0 / x.cauchy_transform(one);
    assert!((f - 1.0 / y.cauchy_transform(two)).norm() < 1e-11);
    assert!((one + two - z - f).norm() < 1e-11);
    let [one, two] = FreeProduct::new(&x, &y).unwrap().subordination(z).unwrap();
    let value = one * x.cauchy_transform(one);
    assert!((value - two * y.cauchy_transform(two)).norm() < 1e-11);
    assert!((one * two * (1.0 - 1.0 / value) - z).norm() < 1e-11);
    let omega = FreePower::new(&x, 2.5).unwrap().subordination(z.conj()).unwrap();
    assert!((omega - z.conj() - 1.5 * (1.0 / x.cauchy_transform(omega) - omega)).norm() < 1e-11);
}

#[test]
fn convolutions_compose() {
    // (x + y) + z in another order, with laws of every kind.
    let (x, y, z) =
        (Law::uniform(-1.0, 1.0).unwrap(), Law::semicircle(0.3).unwrap(), Law::projection(0.4).unwrap());
    let one = x.plus(&y).unwrap().plus(&z).unwrap();
    let two = z.plus(&x).unwrap().plus(&y).unwrap();
    for at in [-0.8, 0.0, 0.4, 1.3] {
        assert_relative_eq!(one.density(at), two.density(at), epsilon = 1e-9);
    }
    let shifted = one.affine(-2.0, 1.0).unwrap();
    assert_relative_eq!(shifted.density(1.8), 0.5 * one.density(-0.4), epsilon = 1e-11);
    assert_relative_eq!(shifted.mean(), 0.2, epsilon = 1e-11);
    // Adding a point moves the law, and points add.
    let point = Law::atoms(&[(2.0, 1.0)]).unwrap();
    assert_relative_eq!(x.plus(&point).unwrap().density(2.9), 0.5, epsilon = 1e-11);
    assert_eq!(point.plus(&point).unwrap().point_masses()[0].location, 4.0);
    assert!(matches!(x.times(&x), Err(Error::InvalidArgument { .. })));
    assert!(matches!(x.power(0.5), Err(Error::InvalidArgument { .. })));
    assert!(matches!(x.compress(0.0), Err(Error::InvalidArgument { .. })));
}

/// Atoms whose masses fill the whole, and pairs of atoms with the same sum: hard edges, and bulks that touch. The fifth and
/// sixth moments are those of the added cumulants, of which no check inside has seen the last two.
#[test]
fn sums_of_values_that_meet() {
    let values = "atoms:0@0.25,1@0.5,3@0.25";
    for (one, edge) in [("bernoulli", 2.0), ("projection:0.5", 2.0), ("atoms:-1@0.2,0.5@0.5,2@0.3", 1.5)] {
        let [one, two] = [one, values].map(|text| text.parse::<Law>().unwrap());
        let sum = one.plus(&two).unwrap();
        let cumulants: Vec<f64> =
            one.free_cumulants(6).iter().zip(two.free_cumulants(6)).map(|(a, b)| a + b).collect();
        for (k, exact) in (1..).zip(moments_from_free_cumulants(&cumulants)) {
            let (found, scale) = (sum.spectral().moment(k), sum.spectral().integrate(|x| x.abs().powi(k)));
            assert!((found - exact).abs() < 1e-10 * scale, "{one:?}: m_{k} {found} {exact}");
        }
        assert!(sum.spectral().support().iter().flatten().any(|end| *end == edge), "{:?}", sum.spectral());
    }
}

/// A density that jumps at 0 leaves the logarithm of the distance from there in products with laws of both signs.
#[test]
fn jumps_leave_logarithms_in_products() {
    let uniform: Law = "uniform:0:1".parse().unwrap();
    for text in ["arcsine:-1:1", "kesten-mckay:3", "uniform:-1:1"] {
        let product = text.parse::<Law>().unwrap().times(&uniform).unwrap();
        let growth = |x: f64| product.density(x) - product.density(100.0 * x);
        assert!(
            (growth(1e-8) / growth(1e-6) - 1.0).abs() < 1e-3,
            "{text}: {} {}",
            growth(1e-8),
            growth(1e-6)
        );
        assert!(growth(1e-8) > 0.1, "{text}: {}", growth(1e-8));
    }
    // Three factors, whose errors add up.
    let cube = uniform.times(&uniform).unwrap().times(&uniform).unwrap();
    assert!((cube.mean() - 0.125).abs() < 1e-9, "{}", cube.mean());
}
