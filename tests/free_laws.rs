//! The named laws: normalisation, moments, free cumulants and transforms against closed forms.

use approx::assert_relative_eq;
use freespectra::free::named::Discrete;
use freespectra::free::{FreeLaw, FreeLevy};
use freespectra::law::Singularity;
use freespectra::{Error, Law, Population};
use num_complex::Complex64;

fn assert_all(found: &[f64], exact: &[f64], tolerance: f64) {
    assert_eq!(found.len(), exact.len());
    for (found, exact) in found.iter().zip(exact) {
        assert_relative_eq!(*found, *exact, epsilon = tolerance, max_relative = tolerance);
    }
}

#[test]
fn free_cumulants_of_the_named_laws() {
    assert_all(&Law::semicircle(2.0).unwrap().free_cumulants(6), &[0.0, 2.0, 0.0, 0.0, 0.0, 0.0], 1e-12);
    assert_all(&Law::marchenko_pastur(0.5).unwrap().free_cumulants(4), &[1.0, 0.5, 0.25, 0.125], 1e-12);
    assert_all(&Law::free_poisson(0.3, 2.0).unwrap().free_cumulants(3), &[0.6, 1.2, 2.4], 1e-12);
    // Alternating Catalan numbers.
    assert_all(
        &Law::bernoulli().unwrap().free_cumulants(8),
        &[0.0, 1.0, 0.0, -1.0, 0.0, 2.0, 0.0, -5.0],
        1e-11,
    );
    // The arcsine law on [-2, 2] is a sum of two free signs.
    assert_all(&Law::arcsine(-2.0, 2.0).unwrap().free_cumulants(6), &[0.0, 2.0, 0.0, -2.0, 0.0, 4.0], 1e-11);
    assert_all(&Law::kesten_mckay(3.5).unwrap().free_cumulants(4), &[0.0, 3.5, 0.0, -3.5], 1e-11);
    // Rows weighted: ratio^(n-1) int t^n.
    let population = Population::atoms(&[(1.0, 0.25), (3.0, 0.75)]).unwrap();
    let compound = Law::compound_free_poisson(0.4, population).unwrap();
    assert_all(&compound.free_cumulants(3), &[2.5, 0.4 * 7.0, 0.16 * 20.5], 1e-12);
}

#[test]
fn moments_and_distribution_of_the_named_laws() {
    let uniform = Law::uniform(-1.0, 3.0).unwrap();
    let exact = |k: i32| (3f64.powi(k + 1) - (-1f64).powi(k + 1)) / (4.0 * f64::from(k + 1));
    assert_all(&uniform.moments(5), &[exact(1), exact(2), exact(3), exact(4), exact(5)], 1e-12);
    for x in [-0.999, -0.3, 1.0, 2.9] {
        assert_relative_eq!(uniform.density(x), 0.25, epsilon = 1e-12);
        assert_relative_eq!(uniform.cdf(x), 0.25 * (x + 1.0), epsilon = 1e-12);
    }
    assert_relative_eq!(uniform.quantile(0.75).unwrap(), 2.0, epsilon = 1e-12);

    let arcsine = Law::arcsine(0.0, 1.0).unwrap();
    for x in [1e-6, 0.2, 0.5, 0.99] {
        let exact = std::f64::consts::FRAC_2_PI * f64::sqrt(x).asin();
        assert_relative_eq!(arcsine.cdf(x), exact, epsilon = 1e-12);
        assert_relative_eq!(
            arcsine.density(x),
            1.0 / (std::f64::consts::PI * (x * (1.0 - x)).sqrt()),
            max_relative = 1e-10
        );
    }
    let projection = Law::projection(0.3).unwrap();
    assert_all(&projection.moments(3), &[0.3, 0.3, 0.3], 1e-14);
    assert_eq!(projection.quantile(0.7).unwrap(), 0.0);
    assert_eq!(projection.quantile(0.71).unwrap(), 1.0);
    let poisson = Law::free_poisson(0.25, 1.0).unwrap();
    assert_relative_eq!(poisson.point_masses()[0].mass, 0.75, epsilon = 1e-14);
    assert_relative_eq!(poisson.spectral().total_mass(), 1.0, epsilon = 1e-11);
}

#[test]
fn transforms_against_their_closed_forms() {
    let w = Complex64::new(0.2, -0.1);
    // Bernoulli: R = (sqrt(1 + 4 w^2) - 1) / (2 w).
    let signs = Law::bernoulli().unwrap();
    let exact = ((1.0 + 4.0 * w * w).sqrt() - 1.0) / (2.0 * w);
    assert!((signs.r_transform(w).unwrap() - exact).norm() < 1e-11);
    // The semicircle of variance 2 has R = 2 w; the uniform law on [-1, 1] has R = coth(w) - 1 / w.
    assert!((Law::semicircle(2.0).unwrap().r_transform(w).unwrap() - 2.0 * w).norm() < 1e-13);
    let uniform = Law::uniform(-1.0, 1.0).unwrap();
    assert!((uniform.r_transform(w).unwrap() - (1.0 / w.tanh() - 1.0 / w)).norm() < 1e-11);
    // A projection of trace t: S = (1 + w) / (t + w).
    let projection = Law::projection(0.3).unwrap();
    assert!((projection.s_transform(w).unwrap() - (1.0 + w) / (0.3 + w)).norm() < 1e-11);
    // Free Poisson: S = 1 / (size (rate + w)).
    let poisson = Law::free_poisson(2.0, 0.7).unwrap();
    assert!((poisson.s_transform(w).unwrap() - 1.0 / (0.7 * (2.0 + w))).norm() < 1e-11);
    assert!(matches!(signs.s_transform(w), Err(Error::InvalidArgument { .. })));
}

/// A law given by its Cauchy transform and support alone, with an isolated atom.
#[derive(Debug)]
struct Mixture {
    low: f64,
}

impl FreeLaw for Mixture {
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let w = z - 4.0;
        0.25 / z + 0.75 * 2.0 / (w + (w - 2.0).sqrt() * (w + 2.0).sqrt())
    }

    fn support(&self) -> Vec<[f64; 2]> {
        vec![[0.0, 0.0], [self.low, 6.0]]
    }
}

#[test]
fn a_law_of_ones_own() {
    let law = Law::new(Mixture { low: 2.0 }).unwrap();
    assert_relative_eq!(law.point_masses()[0].mass, 0.25, epsilon = 1e-10);
    // Moments of the mixture: 3/4 of those of a semicircle around 4.
    assert_all(&law.moments(2), &[3.0, 0.75 * 17.0], 1e-11);
    assert_relative_eq!(law.cdf(4.0), 0.625, epsilon = 1e-11);
    // A support that is too short loses mass, which the certificate notices.
    assert!(matches!(
        Law::new(Mixture { low: 2.5 }),
        Err(Error::NotCertified { .. } | Error::NotConverged { .. })
    ));
}

#[test]
fn a_jump_is_declared_as_a_branch_point_of_order_one() {
    #[derive(Debug)]
    struct Halves;
    impl FreeLaw for Halves {
        fn cauchy_transform(&self, z: Complex64) -> Complex64 {
            0.5 * (z.ln() - (z - 2.0).ln())
        }
        fn support(&self) -> Vec<[f64; 2]> {
            vec![[0.0, 2.0]]
        }
        fn singularities(&self) -> Vec<Singularity> {
            [0.0, 2.0].map(|location| Singularity::Branch { location, order: 1 }).to_vec()
        }
    }
    let law = Law::new(Halves).unwrap();
    for x in [1e-3, 0.7, 1.999] {
        assert_relative_eq!(law.density(x), 0.5, epsilon = 1e-12);
    }
}

#[test]
fn bad_parameters_are_refused() {
    for error in [
        Law::semicircle(0.0),
        Law::semicircle(f64::NAN),
        Law::marchenko_pastur(-1.0),
        Law::free_poisson(1.0, f64::INFINITY),
        Law::uniform(1.0, 1.0),
        Law::arcsine(2.0, f64::NAN),
        Law::kesten_mckay(1.9),
        Law::projection(1.5),
        Law::atoms(&[]),
        Law::atoms(&[(0.0, 0.5)]),
        Law::atoms(&[(f64::NAN, 1.0)]),
        Law::atoms(&[(0.0, -0.5), (1.0, 1.5)]),
        Law::eigenvalues(&[]),
        Law::eigenvalues(&[1.0, f64::INFINITY]),
        Law::sample_covariance(0.0, Population::identity()),
        Law::sample_covariance(1.0, Discrete::new(&[(-1.0, 0.5), (1.0, 0.5)]).unwrap()),
        Law::sample_covariance(1.0, Discrete::new(&[(0.0, 1.0)]).unwrap()),
        Law::compound_free_poisson(f64::NAN, Population::identity()),
        Law::from_levy(FreeLevy { drift: f64::NAN, ..FreeLevy::poisson(1.0, 1.0) }),
        Law::from_levy(FreeLevy { variance: -1.0, ..FreeLevy::poisson(1.0, 1.0) }),
        Law::from_levy(FreeLevy::poisson(-1.0, 1.0)),
        Law::from_levy(FreeLevy::poisson(1.0, f64::INFINITY)),
        // The mean is carried by a band that rounding makes a point.
        Law::marchenko_pastur(1e100),
        Law::marchenko_pastur(1e-40),
    ] {
        assert!(matches!(error, Err(Error::InvalidArgument { .. })), "{error:?}");
    }
}
