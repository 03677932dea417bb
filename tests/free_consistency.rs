//! One law, whichever part is asked: moments from the density, from the Levy-Khintchine form, from the Cauchy
//! transform at infinity and from sampled matrices, for all named laws and operations; laws that contradict
//! themselves are refused.

use approx::assert_relative_eq;
use freespectra::finite::{draw_stream, sample_ensemble, symmetric_eigenvalues};
use freespectra::free::named::Discrete;
use freespectra::free::{FreeLaw, FreeLevy, Jump};
use freespectra::law::{Ensemble, moments_from_free_cumulants};
use freespectra::polynomial::FreePolynomial;
use freespectra::population::Atom;
use freespectra::{Error, Law, MiniBatch, Population};
use num_complex::Complex64;

/// Size of the sampled matrices.
const SIZE: usize = 300;

/// Four moments of the spectral law, after all other parts have been held against them.
fn checked_moments(name: &str, law: &Law) -> [f64; 4] {
    let spectral = law.spectral();
    let density = [1, 2, 3, 4].map(|k| spectral.moment(k));
    let scale = [1, 2, 3, 4].map(|k| spectral.integrate(|x| x.abs().powi(k)));
    let compare = |part: &str, moments: &[f64], tolerance: f64| {
        for k in 0..4 {
            let error = (moments[k] - density[k]).abs();
            assert!(error <= tolerance * scale[k], "{name}: m_{} by {part} {moments:?}, {density:?}", k + 1);
        }
    };
    compare("moments", &law.moments(4), 1e-9);
    compare("free cumulants", &moments_from_free_cumulants(&law.free_cumulants(4)), 1e-9);
    if let Some(levy) = law.levy() {
        compare("levy", &moments_from_free_cumulants(&levy.free_cumulants(4)), 1e-9);
    }
    compare("limit of the matrices", &moments_from_free_cumulants(&law.ensemble().free_cumulants(4)), 1e-9);
    // G = sum m_k z^-(k+1) on a circle of twice the radius of the support, by the trapezoidal rule.
    let radius = 2.0 * spectral.range().into_iter().fold(1e-300, |m: f64, x| m.max(x.abs()));
    let moment = |k: i32| {
        let term = |j: usize| {
            let z = Complex64::from_polar(radius, std::f64::consts::TAU * (j as f64 + 0.5) / 128.0);
            (z.powi(k + 1) * law.cauchy_transform(z)).re / 128.0
        };
        (0..128).map(term).sum::<f64>()
    };
    assert_relative_eq!(moment(0), 1.0, epsilon = 1e-9);
    compare("transform", &[1, 2, 3, 4].map(moment), 1e-8);
    let matrix = sample_ensemble(&law.ensemble(), SIZE, &mut draw_stream(8, 0)).unwrap();
    let values = symmetric_eigenvalues(&matrix).unwrap();
    // Linear statistics differ from their limits like 1 / size; the atoms are rounded to whole dimensions.
    let [low, high] = spectral.range();
    for k in 1..=4 {
        let found = values.iter().map(|x| x.powi(k)).sum::<f64>() / SIZE as f64;
        let largest = low.abs().max(high.abs()).powi(k);
        let error = (found - density[k as usize - 1]).abs();
        assert!(error < 5.0 * largest / SIZE as f64, "{name}: sampled m_{k} {found}, {density:?}");
    }
    density
}

fn two() -> Population {
    Population::atoms(&[(1.0, 0.5), (3.0, 0.5)]).unwrap()
}

fn signed() -> Discrete {
    Discrete::new(&[(-1.0, 0.3), (0.0, 0.2), (2.0, 0.5)]).unwrap()
}

fn levy(drift: f64, variance: f64, jumps: &[(f64, f64)]) -> FreeLevy {
    let jumps = jumps.iter().map(|&(size, rate)| Jump { size, rate }).collect();
    FreeLevy { drift, variance, jumps }
}

fn named() -> Vec<(&'static str, Law)> {
    let kernel = || Discrete::new(&[(0.0, 0.5), (1.0, 0.25), (3.0, 0.25)]).unwrap();
    [
        ("semicircle", Law::semicircle(0.7)),
        ("marchenko-pastur", Law::marchenko_pastur(0.5)),
        ("marchenko-pastur with a kernel", Law::marchenko_pastur(3.0)),
        ("free poisson", Law::free_poisson(0.3, 2.0)),
        ("sample covariance", Law::sample_covariance(0.5, two())),
        ("sample covariance of rank n", Law::sample_covariance(4.0, two())),
        ("population with a kernel", Law::sample_covariance(0.4, kernel())),
        ("kernel and hard edge", Law::sample_covariance(2.0, kernel())),
        ("compound free poisson", Law::compound_free_poisson(0.5, two())),
        ("jumps of both signs", Law::compound_free_poisson(0.5, signed())),
        ("jumps of both signs with a kernel", Law::compound_free_poisson(2.0, signed())),
        ("noisy", Law::from_levy(levy(-1.0, 0.2, &[(2.0, 0.3), (-1.0, 0.3)]))),
        ("hard edge in the middle", Law::from_levy(levy(0.5, 0.0, &[(2.0, 0.5), (-1.0, 0.5)]))),
        ("balanced jumps", Law::from_levy(levy(0.0, 0.0, &[(1.0, 0.5), (-1.0, 0.5)]))),
        ("one negative jump", Law::from_levy(levy(1.0, 0.0, &[(-0.5, 2.0)]))),
        ("shifted semicircle", Law::from_levy(levy(2.0, 0.5, &[]))),
        ("atoms", Law::atoms(&[(-1.0, 0.25), (2.0, 0.75)])),
        ("bernoulli", Law::bernoulli()),
        ("projection", Law::projection(0.3)),
        ("eigenvalues", Law::eigenvalues(&[1.0, 2.0, 2.0, 5.0])),
        ("uniform", Law::uniform(-1.0, 2.0)),
        ("arcsine", Law::arcsine(0.0, 1.0)),
        ("kesten-mckay", Law::kesten_mckay(3.5)),
    ]
    .map(|(name, law)| (name, law.unwrap_or_else(|error| panic!("{name}: {error}"))))
    .to_vec()
}

#[test]
fn all_parts_of_the_named_laws_agree() {
    for (name, law) in named() {
        checked_moments(name, &law);
    }
}

#[test]
fn all_parts_of_results_of_operations_agree() {
    let semicircle = Law::semicircle(1.0).unwrap();
    let poisson = Law::marchenko_pastur(0.5).unwrap();
    for (name, law) in named() {
        let affine = law.affine(-2.0, 0.5).unwrap();
        let sum = law.plus(&semicircle).unwrap();
        let power = law.power(1.5).unwrap();
        let compressed = law.compress(0.5).unwrap();
        for (operation, result) in
            [("affine", affine), ("plus", sum), ("power", power), ("compress", compressed)]
        {
            checked_moments(&format!("{name}, {operation}"), &result);
        }
        if law.spectral().range()[0] >= 0.0 {
            checked_moments(&format!("{name}, times"), &law.times(&poisson).unwrap());
        }
    }
}

/// The values by hand: sums over noncrossing partitions of 1, 2, 3 and 4.
#[test]
fn weights_on_features_and_weights_on_rows_are_two_laws() {
    let covariance = Law::sample_covariance(0.5, two()).unwrap();
    let compound = Law::compound_free_poisson(0.5, two()).unwrap();
    for (law, exact) in [(&covariance, [2.0, 7.0, 31.0, 154.0]), (&compound, [2.0, 6.5, 26.5, 121.625])] {
        for (found, exact) in law.moments(4).into_iter().zip(exact) {
            assert_relative_eq!(found, exact, max_relative = 1e-14);
        }
        for (found, exact) in checked_moments("two laws", law).into_iter().zip(exact) {
            assert_relative_eq!(found, exact, max_relative = 1e-9);
        }
    }
    assert!(covariance.levy().is_none() && compound.levy().is_some());
    // Silverstein's equation of a pencil, which is another solver.
    let model = MiniBatch::builder().batches(1).aspect_ratio(0.5).epoch_step(1.0).population(two());
    let full = model.build().unwrap().full_batch().law().unwrap();
    for x in [0.2, 1.0, 2.5, 6.0] {
        assert_relative_eq!(covariance.density(x), full.density(x), epsilon = 1e-9);
    }
    // The companion: at ratio 1 rows and features are the same.
    let one = Law::compound_free_poisson(1.0, two()).unwrap();
    assert_relative_eq!(
        one.density(2.0),
        Law::sample_covariance(1.0, two()).unwrap().density(2.0),
        epsilon = 1e-10
    );
}

#[test]
fn operations_on_the_two_laws_have_the_moments_of_freeness() {
    let semicircle = Law::semicircle(1.0).unwrap();
    let covariance = Law::sample_covariance(0.5, two()).unwrap();
    let compound = Law::compound_free_poisson(0.5, two()).unwrap();
    let anticommutator = |law: &Law| {
        let laws = [("x", semicircle.clone()), ("y", law.clone())];
        FreePolynomial::new("x*y + y*x".parse().unwrap(), &laws).unwrap().law().unwrap()
    };
    for (law, second) in [(&covariance, 7.0), (&compound, 6.5)] {
        // Variances add; phi((x y + y x)^2) = 2 phi(x^2) (phi(y^2) + phi(y)^2).
        assert_relative_eq!(
            law.plus(&semicircle).unwrap().spectral().variance(),
            second - 4.0 + 1.0,
            epsilon = 1e-8
        );
        assert_relative_eq!(anticommutator(law).moment(2), 2.0 * (second + 4.0), max_relative = 1e-9);
        // Compression to the trace t multiplies kappa_n by t^(n-1), a power t by t.
        let compressed = law.compress(0.5).unwrap();
        assert_relative_eq!(compressed.spectral().variance(), 0.5 * (second - 4.0), epsilon = 1e-8);
        assert_relative_eq!(
            law.power(2.5).unwrap().spectral().variance(),
            2.5 * (second - 4.0),
            epsilon = 1e-7
        );
        // phi((y w)^2) = phi(y^2) phi(w)^2 + phi(y)^2 var(w) with w of mean 1 and variance 1/2.
        let product = law.times(&Law::marchenko_pastur(0.5).unwrap()).unwrap();
        assert_relative_eq!(product.spectral().moment(2), second + 4.0 * 0.5, max_relative = 1e-9);
    }
}

#[test]
fn laws_of_a_levy_form_solve_their_equation() {
    for form in [
        levy(0.0, 0.0, &[(1.0, 1.3), (-0.5, 1.0)]),
        levy(1.0, 0.0, &[(2.0, 0.3), (-1.0, 0.3)]),
        levy(0.0, 0.3, &[(30.0, 0.01)]),
    ] {
        let law = Law::from_levy(form.clone()).unwrap();
        for z in [Complex64::new(0.4, 0.3), Complex64::new(-2.0, 0.05), Complex64::new(25.0, 1e-3)] {
            let g = law.cauchy_transform(z);
            assert!((1.0 / g + form.r_transform(g) - z).norm() < 1e-9, "{form:?} at {z}");
        }
    }
    // Opposite jumps of rate 1/2 each: 1 / G + G / (1 - G^2) = z, which is 1 / (G (1 - G^2)) = z. The edges are at
    // G = +-1 / sqrt(3).
    let balanced = Law::from_levy(levy(0.0, 0.0, &[(1.0, 0.5), (-1.0, 0.5)])).unwrap();
    assert_relative_eq!(balanced.spectral().range()[1], 1.5 * 3f64.sqrt(), epsilon = 1e-9);
    assert!(balanced.density(0.0).is_infinite());
    // The kernel of low rank, and bands on both sides of it.
    let low_rank = Law::from_levy(levy(1.0, 0.0, &[(2.0, 0.3), (-1.0, 0.3)])).unwrap();
    assert_eq!(low_rank.point_masses().len(), 1);
    assert_relative_eq!(low_rank.point_masses()[0].mass, 0.4, epsilon = 1e-14);
    assert_eq!(low_rank.spectral().support().len(), 2);
    assert_eq!(Law::from_levy(levy(3.0, 0.0, &[])).unwrap().point_masses()[0].location, 3.0);
}

#[test]
fn bulks_far_from_a_heavy_kernel_are_found() {
    for ratio in [1e2, 1e4] {
        let covariance = Law::sample_covariance(ratio, two()).unwrap();
        assert_relative_eq!(covariance.point_masses()[0].mass, 1.0 - 1.0 / ratio, epsilon = 1e-12);
        assert_relative_eq!(covariance.spectral().mean(), 2.0, max_relative = 1e-9);
        assert_eq!(Law::compound_free_poisson(ratio, two()).unwrap().spectral().support().len(), 2);
    }
}

/// A semicircle of variance 1 around 4 with mass 3/4 beside an atom at 0, and parts that may be of other laws.
#[derive(Debug, Clone, Default)]
struct Mixture {
    atoms: Option<Vec<Atom>>,
    moments: Option<Vec<f64>>,
    levy: Option<FreeLevy>,
    ensemble: Option<Ensemble>,
    mass: Option<f64>,
}

impl FreeLaw for Mixture {
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let w = z - 4.0;
        0.25 / z + self.mass.unwrap_or(0.75) * 2.0 / (w + (w - 2.0).sqrt() * (w + 2.0).sqrt())
    }

    fn support(&self) -> Vec<[f64; 2]> {
        vec![[0.0, 0.0], [2.0, 6.0]]
    }

    fn atoms(&self) -> Vec<Atom> {
        self.atoms.clone().unwrap_or(vec![Atom { location: 0.0, mass: 0.25 }])
    }

    fn moments(&self, count: usize) -> Vec<f64> {
        // 3/4 of the moments of the semicircle around 4: 4, 17, 76, 354.
        self.moments.clone().unwrap_or_else(|| vec![3.0, 12.75, 57.0, 265.5][..count].to_vec())
    }

    fn levy(&self) -> Option<FreeLevy> {
        self.levy.clone()
    }

    fn ensemble(&self) -> Option<Ensemble> {
        self.ensemble.clone()
    }
}

#[test]
fn laws_that_contradict_themselves_are_refused() {
    let sound = Law::new(Mixture::default()).unwrap();
    assert_relative_eq!(sound.spectral().moment(4), 265.5, epsilon = 1e-9);
    let refused = |law: Mixture| match Law::new(law) {
        Err(Error::Contradiction { part, quantity, .. }) => format!("{part}: {quantity}"),
        other => panic!("{other:?}"),
    };
    let atom = |location, mass| Atom { location, mass };
    let moments = |m: &[f64]| Mixture { moments: Some(m.to_vec()), ..Mixture::default() };
    assert_eq!(refused(moments(&[3.0 + 1e-7, 12.75, 57.0, 265.5])), "moments: moment 1");
    assert_eq!(refused(moments(&[3.0, 12.75, 57.0, 266.0])), "moments: moment 4");
    let heavy = Mixture { atoms: Some(vec![atom(0.0, 0.3)]), ..Mixture::default() };
    assert_eq!(refused(heavy), "atoms: the mass at 0");
    assert_eq!(refused(Mixture { atoms: Some(vec![]), ..Mixture::default() }), "atoms: the mass at 0");
    let other = levy(3.0, 3.0, &[]);
    let form = Mixture { levy: Some(other), ..Mixture::default() };
    assert_eq!(refused(form), "the Levy-Khintchine form: moment 2");
    let wigner = Mixture { ensemble: Some(Ensemble::Wigner { variance: 1.0 }), ..Mixture::default() };
    assert_eq!(refused(wigner), "the random matrix: moment 1");
    let rotated = Mixture { ensemble: Some(sound.ensemble()), ..Mixture::default() };
    assert!(Law::new(rotated).is_ok());
    // Not a probability law, and not as many moments as asked for.
    let mass = Mixture { mass: Some(0.7), ..Mixture::default() };
    let error = Law::new(mass).unwrap_err();
    assert!(matches!(error, Error::NotCertified { .. }) && error.to_string().contains("mass"), "{error}");
    let short = Law::new(moments(&[3.0, 12.75])).unwrap_err();
    assert!(matches!(short, Error::InvalidArgument { argument: "moments", .. }), "{short}");
}

/// Far from 0 a wrong variance is a small part of the second moment.
#[test]
fn a_wrong_variance_far_from_zero_is_seen() {
    #[derive(Debug)]
    struct Far(f64);
    impl FreeLaw for Far {
        fn cauchy_transform(&self, z: Complex64) -> Complex64 {
            let w = z - 1e4;
            2.0 / (w + (w - 0.02).sqrt() * (w + 0.02).sqrt())
        }
        fn support(&self) -> Vec<[f64; 2]> {
            vec![[1e4 - 0.02, 1e4 + 0.02]]
        }
        fn levy(&self) -> Option<FreeLevy> {
            Some(levy(1e4, self.0, &[]))
        }
    }
    assert!(Law::new(Far(1e-4)).is_ok());
    assert!(matches!(Law::new(Far(1e-3)), Err(Error::Contradiction { .. })));
}
