//! Random matrices with a given law, and polynomials in them, against exact eigenvalues and moments.

use freespectra::finite::{PolynomialMonteCarlo, draw_stream, sample_ensemble, symmetric_eigenvalues};
use freespectra::law::Ensemble;
use freespectra::polynomial::Polynomial;
use freespectra::{Error, MiniBatch, Population, SpectralLaw};
use num_complex::Complex64;

const FEATURES: usize = 300;

/// The Marchenko-Pastur law of the given ratio.
fn marchenko_pastur(ratio: f64) -> SpectralLaw {
    MiniBatch::builder().batches(1).aspect_ratio(ratio).epoch_step(1.0).build().unwrap().law().unwrap()
}

#[test]
fn rotated_has_exactly_the_quantiles() {
    const SIZE: usize = 150;
    let law = marchenko_pastur(0.5);
    let matrix = sample_ensemble(&Ensemble::Rotated(law.clone()), SIZE, &mut draw_stream(2, 0)).unwrap();
    assert_eq!(matrix, matrix.transpose());
    for (i, value) in symmetric_eigenvalues(&matrix).unwrap().into_iter().enumerate() {
        let exact = law.quantile((i as f64 + 0.5) / SIZE as f64).unwrap();
        assert!((value - exact).abs() < 1e-12, "{value} against {exact}");
    }
    // Uniform rotations leave no preferred direction: every diagonal entry is the mean of the law up to
    // fluctuations of standard deviation (2 variance / size)^{1/2}; five of them.
    let bound = 5.0 * (2.0 * law.variance() / SIZE as f64).sqrt();
    assert!(matrix.diagonal().iter().all(|entry| (entry - law.mean()).abs() < bound));
}

fn wigner(variance: f64) -> Ensemble {
    Ensemble::Wigner { variance }
}

fn variables() -> [Polynomial; 2] {
    Polynomial::variables(["x", "y"]).unwrap()
}

/// Compares the moments of 8 draws with exact limits: within 5 standard errors of the mean and a bias
/// of 10 / p relative to the moment of the absolute value, to which all words contribute.
#[track_caller]
fn moments_are(polynomial: Polynomial, ensembles: &[(&str, Ensemble)], exact: &[f64]) {
    let simulation = PolynomialMonteCarlo::new(polynomial, ensembles, FEATURES).unwrap().with_seed(3);
    let spectrum = simulation.run(None).unwrap();
    for (k, exact) in (1..).zip(exact) {
        let mean = |draw: &Vec<f64>, f: &dyn Fn(f64) -> f64| {
            draw.iter().map(|&x| f(x)).sum::<f64>() / draw.len() as f64
        };
        let draws: Vec<f64> = spectrum.eigenvalues.iter().map(|draw| mean(draw, &|x| x.powi(k))).collect();
        let count = draws.len() as f64;
        let found = draws.iter().sum::<f64>() / count;
        let variance = draws.iter().map(|m| (m - found).powi(2)).sum::<f64>() / (count - 1.0);
        let absolute = mean(&spectrum.pooled(), &|x| x.abs().powi(k));
        let tolerance = 5.0 * (variance / count).sqrt() + 10.0 * absolute / FEATURES as f64;
        assert!((found - exact).abs() < tolerance, "moment {k}: {found} for {exact} within {tolerance}");
    }
}

#[test]
fn commutators_of_free_semicirculars() {
    // Both have free cumulants 0, 2, 0, 2 (Nica and Speicher, Duke Math. J. 92, 1998).
    let [x, y] = variables();
    let ensembles = [("x", wigner(1.0)), ("y", wigner(1.0))];
    moments_are(&x * &y + &y * &x, &ensembles, &[0.0, 2.0, 0.0, 10.0]);
    moments_are(Complex64::I * (&x * &y - &y * &x), &ensembles, &[0.0, 2.0, 0.0, 10.0]);
}

#[test]
fn sums_of_free_semicirculars() {
    let [x, y] = variables();
    let shifted = Ensemble::Affine { scale: 0.5, shift: 1.0, of: Box::new(wigner(4.0)) };
    // Semicircle of variance 1 + 3 about 1.
    moments_are(&x + &y, &[("x", shifted), ("y", wigner(3.0))], &[1.0, 5.0, 13.0, 57.0]);
}

#[test]
fn products_of_free_variables() {
    let [x, y] = variables();
    let law = marchenko_pastur(0.3);
    let (ratio, population) = (1.5, Population::atoms(&[(0.5, 0.5), (2.0, 0.5)]).unwrap());
    let t = [1, 2, 3].map(|k| population.moment(k));
    let m = [t[0], t[1] + ratio * t[0].powi(2), t[2] + ratio * t[0] * (3.0 * t[1] + ratio * t[0].powi(2))];
    // phi((a y)^k) for a = x^2: sums over noncrossing partitions, free cumulants of y on the blocks and
    // moments of a on the blocks of the complement.
    let cumulants = [m[0], m[1] - m[0].powi(2), m[2] - 3.0 * m[1] * m[0] + 2.0 * m[0].powi(3)];
    let a = [2, 4, 6].map(|k| law.moment(k));
    let exact = [
        a[0] * cumulants[0],
        a[1] * cumulants[0].powi(2) + a[0].powi(2) * cumulants[1],
        a[2] * cumulants[0].powi(3)
            + 3.0 * a[0] * a[1] * cumulants[0] * cumulants[1]
            + a[0].powi(3) * cumulants[2],
    ];
    let ensembles =
        [("x", Ensemble::Rotated(law)), ("y", Ensemble::Wishart { ratio, population: population.into() })];
    moments_are(&x * &y * &x, &ensembles, &exact);
}

#[test]
fn wishart_matrices_of_one_population_are_free() {
    let [x, y] = variables();
    let population = Population::atoms(&[(0.5, 0.5), (1.5, 0.5)]).unwrap();
    let wishart = Ensemble::Wishart { ratio: 0.5, population: population.into() };
    // Moments of each: 1 and 1.25 + 0.5. With the eigenvectors in common the mean would be 2.5.
    let m2 = 1.75;
    let exact = [2.0, 2.0 * (m2 + m2 - 1.0) + 2.0 * m2 * m2];
    moments_are(&x * &y + &y * &x, &[("x", wishart.clone()), ("y", wishart)], &exact);
}

#[test]
fn second_moments_of_commutators_at_finite_size() {
    // E tr x^2 y^2 = p (1 + 1/p)^2 and E tr xyxy = (p + 3) / p, from E xMx = (M^T + tr M) / p.
    const SIZE: usize = 8;
    let [x, y] = variables();
    let p = SIZE as f64;
    let (straight, crossed) = ((1.0 + 1.0 / p).powi(2), (p + 3.0) / p.powi(2));
    for (polynomial, exact) in [
        (&x * &y + &y * &x, 2.0 * (straight + crossed)),
        (Complex64::I * (&x * &y - &y * &x), 2.0 * (straight - crossed)),
    ] {
        let ensembles = [("x", wigner(1.0)), ("y", wigner(1.0))];
        let simulation = PolynomialMonteCarlo::new(polynomial, &ensembles, SIZE).unwrap();
        let spectrum = simulation.with_draws(4000).unwrap().run(None).unwrap();
        let draws: Vec<f64> =
            spectrum.eigenvalues.iter().map(|draw| draw.iter().map(|x| x * x).sum::<f64>() / p).collect();
        let count = draws.len() as f64;
        let found = draws.iter().sum::<f64>() / count;
        let error = (draws.iter().map(|m| (m - found).powi(2)).sum::<f64>()).sqrt() / count;
        assert!((found - exact).abs() < 5.0 * error, "{found} +- {error} for {exact}");
    }
}

#[test]
fn draws_depend_on_the_seed_alone() {
    let [x, y] = variables();
    let polynomial = &x * &y + &y * &x + &x;
    let ensembles = [("x", wigner(1.0)), ("y", Ensemble::Rotated(marchenko_pastur(0.5)))];
    let simulation = PolynomialMonteCarlo::new(polynomial.clone(), &ensembles, 70).unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| simulation.run(None)).unwrap()
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!((one.draws(), one.features, one.seed), (8, 70, 0));
    assert_ne!(one.eigenvalues[0], one.eigenvalues[1]);
    assert_ne!(one, simulation.clone().with_seed(1).run(None).unwrap());

    // Neither the order of the ensembles nor one that is not needed changes the numbers.
    let [x_ensemble, y_ensemble] = ensembles;
    let reordered = [("z", wigner(9.0)), y_ensemble, x_ensemble.clone()];
    assert_eq!(one, PolynomialMonteCarlo::new(polynomial, &reordered, 70).unwrap().run(None).unwrap());

    // A draw has the eigenvalues of the matrix from its stream.
    let alone = PolynomialMonteCarlo::new(x, &[x_ensemble], 20).unwrap().with_seed(5).run(None).unwrap();
    let matrix = sample_ensemble(&wigner(1.0), 20, &mut draw_stream(5, 1)).unwrap();
    for (found, exact) in alone.eigenvalues[1].iter().zip(symmetric_eigenvalues(&matrix).unwrap()) {
        assert!((found - exact).abs() < 1e-13, "{found} against {exact}");
    }
}

#[test]
fn bad_settings_are_refused() {
    let [x, y] = variables();
    let new = |polynomial: &Polynomial, ensembles: &[(&str, Ensemble)], features| {
        PolynomialMonteCarlo::new(polynomial.clone(), ensembles, features)
    };
    let both = [("x", wigner(1.0)), ("y", wigner(1.0))];
    assert!(matches!(new(&(&x * &y), &both, 10), Err(Error::NotSelfAdjoint { .. })));
    let sum = &x + &y;
    for features in [0, 1, usize::MAX] {
        assert!(matches!(
            new(&sum, &both, features),
            Err(Error::InvalidArgument { argument: "features", .. })
        ));
    }
    let missing = new(&sum, &both[..1], 10).unwrap_err().to_string();
    assert!(missing.contains("none for y"), "{missing}");
    assert!(new(&x, &[("x", wigner(1.0)), ("x", wigner(2.0))], 10).is_err());
    assert!(new(&x, &[("x", wigner(-1.0))], 10).is_err());
    assert!(new(&x, &[("x", wigner(1.0)), ("2", wigner(1.0))], 10).is_err());
    assert!(new(&x, &both, 10).unwrap().with_draws(0).is_err());
    let rowless = Ensemble::Wishart { ratio: 100.0, population: Population::identity().into() };
    assert!(new(&x, &[("x", rowless)], 10).unwrap().run(None).is_err());
    let huge = new(&(x.pow(2) * 1e300), &[("x", wigner(1e10))], 10).unwrap();
    assert!(matches!(huge.run(None), Err(Error::Eigenvalues { size: 10, .. })));
}

#[test]
fn memory_is_that_of_the_largest_step() {
    let [x, y] = variables();
    let anticommutator = &x * &y + &y * &x;
    let of = |ensemble: Ensemble| {
        let ensembles = [("x", wigner(1.0)), ("y", ensemble)];
        PolynomialMonteCarlo::new(anticommutator.clone(), &ensembles, 10).unwrap().bytes_per_draw()
    };
    // Two matrices, the product and its right factor.
    assert_eq!(of(wigner(1.0)), 4 * 100 * 8);
    // One matrix, a second one and its 100 rows of data.
    let population: SpectralLaw = Population::identity().into();
    assert_eq!(of(Ensemble::Wishart { ratio: 0.1, population }), (100 + 100 + 1000) * 8);
    assert_eq!(of(Ensemble::Rotated(marchenko_pastur(0.5))), 4 * 100 * 8);
}
