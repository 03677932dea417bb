//! `SpectralLaw` against what is known of the Marchenko-Pastur law and of maps of laws.
//!
//! All references are closed forms or integrals of closed forms that use nothing of the crate.

use std::f64::consts::PI;

use freespectra::finite::draw_stream;
use freespectra::{MiniBatch, Population, SpectralLaw};
use num_complex::Complex64;

const RATIOS: [f64; 3] = [0.5, 1.0, 2.0];

fn marchenko_pastur(gamma: f64) -> SpectralLaw {
    MiniBatch::builder().batches(1).aspect_ratio(gamma).build().unwrap().law().unwrap()
}

fn edges(gamma: f64) -> [f64; 2] {
    [(1.0 - gamma.sqrt()).powi(2), (1.0 + gamma.sqrt()).powi(2)]
}

/// Root of `gamma z G^2 - (z + gamma - 1) G + 1 = 0` that decays at infinity.
fn cauchy_transform(gamma: f64, z: Complex64) -> Complex64 {
    let [low, high] = edges(gamma);
    let s = z + (gamma - 1.0);
    let root = (z - low).sqrt() * (z - high).sqrt();
    // Two forms of the same root; the larger of the two sums does not cancel.
    if (s + root).norm() > (s - root).norm() { 2.0 / (s + root) } else { (s - root) / (2.0 * gamma * z) }
}

/// Mass of the density between two angles, `x = low + L sin^2`: three-point Gauss-Legendre rule on
/// equal cells, error of sixth order.
fn mass_between(gamma: f64, from: f64, to: f64, cells: usize) -> f64 {
    let [low, high] = edges(gamma);
    let length = high - low;
    let rate = |angle: f64| {
        let (sin, cos) = angle.sin_cos();
        (length * sin * cos).powi(2) / (PI * gamma * (low + length * sin * sin))
    };
    let half = 0.5 * (to - from) / cells as f64;
    let cell = |i: usize| {
        let middle = from + (2 * i + 1) as f64 * half;
        let offset = 0.6f64.sqrt() * half;
        half * (5.0 * (rate(middle - offset) + rate(middle + offset)) + 8.0 * rate(middle)) / 9.0
    };
    (0..cells).map(cell).sum()
}

fn angle(gamma: f64, x: f64) -> f64 {
    let [low, high] = edges(gamma);
    ((x - low) / (high - low)).clamp(0.0, 1.0).sqrt().asin()
}

fn atom(gamma: f64) -> f64 {
    (1.0 - 1.0 / gamma).max(0.0)
}

fn cdf(gamma: f64, x: f64) -> f64 {
    let kernel = if x >= 0.0 { atom(gamma) } else { 0.0 };
    kernel + mass_between(gamma, 0.0, angle(gamma, x), 2000)
}

fn binomial(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

#[track_caller]
fn close(found: f64, exact: f64, tolerance: f64, what: &str) {
    assert!((found - exact).abs() <= tolerance, "{what}: {found} against {exact}");
}

#[test]
fn cauchy_transforms() {
    for gamma in RATIOS {
        let law = marchenko_pastur(gamma);
        let [low, high] = edges(gamma);
        let mut points = Vec::new();
        // Above the band, its edges and its surroundings, from far away to the real axis.
        for j in 0..=60 {
            let x = low - 0.3 + (high - low + 0.6) * (f64::from(j) + 0.137) / 60.0;
            for k in -12..=4 {
                points.push(Complex64::new(x, 10f64.powi(k)));
            }
        }
        for edge in [low, high] {
            for k in 1..=6 {
                let distance = 10f64.powi(-k);
                for direction in [0.3, 1.1, PI / 2.0, 2.2, 2.9] {
                    points.push(edge + Complex64::from_polar(distance, direction));
                }
            }
        }
        // On a circle and on the real axis, outside.
        for j in 0..40 {
            points.push(Complex64::from_polar(50.0, PI * (f64::from(j) + 0.5) / 40.0));
        }
        for distance in [1e-6, 1e-3, 0.05, 1.0, 30.0, 1e6] {
            points.push(Complex64::new(high + distance, 0.0));
            points.push(Complex64::new(low.min(0.0) - distance, 0.0));
        }
        if gamma < 1.0 {
            points.extend([0.0, 1e-9, 0.5 * low, 0.99 * low].map(|x| Complex64::new(x, 0.0)));
        }
        for z in points {
            let (found, exact) = (law.cauchy_transform(z), cauchy_transform(gamma, z));
            let error = (found - exact).norm() / exact.norm().max(1.0);
            assert!(error < 1e-10, "gamma = {gamma}, z = {z}: {found} against {exact}");
        }
    }
}

#[test]
fn densities_and_distribution_functions() {
    for gamma in RATIOS {
        let law = marchenko_pastur(gamma);
        let [low, high] = edges(gamma);
        for i in 1..=400 {
            let x = low + (high - low) * (PI * f64::from(i) / 800.0).sin().powi(2);
            close(law.cdf(x), cdf(gamma, x), 1e-11, &format!("gamma = {gamma}, cdf at {x}"));
        }
        for x in [-1e3, -1e-9, high + 1e-9, 7.0, 1e300] {
            assert_eq!(law.density(x), 0.0, "gamma = {gamma}, x = {x}");
        }
        for x in [f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE] {
            assert_eq!(law.cdf(x), 0.0, "gamma = {gamma}, x = {x}");
        }
        close(law.cdf(0.0), atom(gamma), 1e-15, "jump at zero");
        for x in [high, 1e300, f64::INFINITY] {
            close(law.cdf(x), 1.0, 1e-12, "everything");
        }
        if gamma != 1.0 {
            assert_eq!([law.density(0.5 * low), law.density(low - 1e-9)], [0.0; 2]);
            assert_eq!(law.cdf(0.5 * low), law.cdf(0.0));
        }
        let certificate = law.certificate();
        for error in [certificate.mass_error, certificate.mean_error, certificate.variance_error] {
            assert!(error.abs() < 1e-11, "{certificate:?}");
        }
        assert!(certificate.residual < 1e-9 && (10..5000).contains(&certificate.solves), "{certificate:?}");
    }
}

#[test]
fn quantiles_invert_the_distribution_function() {
    for gamma in RATIOS {
        let law = marchenko_pastur(gamma);
        let [low, high] = edges(gamma);
        let atom = atom(gamma);
        for i in 0..=500 {
            let probability = f64::from(i) / 500.0;
            let x = law.quantile(probability).unwrap();
            if probability <= atom {
                assert!(x == 0.0 || atom == 0.0 && (x - low).abs() < 1e-10, "gamma = {gamma}: {x}");
            } else {
                close(cdf(gamma, x), probability, 1e-11, &format!("gamma = {gamma}, quantile"));
            }
        }
        close(law.quantile(1.0).unwrap(), high, 1e-13, "top");
        for i in 1..50 {
            let x = low + (high - low) * f64::from(i) / 50.0;
            close(law.quantile(law.cdf(x)).unwrap(), x, 1e-11, "there and back");
        }
    }
}

#[test]
fn moments_are_narayana_polynomials() {
    for gamma in RATIOS {
        let law = marchenko_pastur(gamma);
        for k in 1..=12 {
            let exact: f64 = (0..k)
                .map(|r| gamma.powi(r as i32) / f64::from(r + 1) * binomial(k, r) * binomial(k - 1, r))
                .sum();
            close(law.moment(k as i32) / exact, 1.0, 1e-11, &format!("gamma = {gamma}, moment {k}"));
        }
        close(law.moment(0), 1.0, 1e-12, "mass");
        close(law.variance(), gamma, 1e-11, "variance");
        // An integral that is not a moment: int 1 / (1 + x) dmu = -G(-1).
        let exact = -cauchy_transform(gamma, Complex64::new(-1.0, 0.0)).re;
        close(law.integrate(|x| 1.0 / (1.0 + x)), exact, 1e-11, "resolvent");
    }
}

/// Everything that a map `x -> scale x + shift` does to a law.
fn check_affine(law: &SpectralLaw, image: &SpectralLaw, scale: f64, shift: f64) {
    let map = |x: f64| scale * x + shift;
    let order = |mut pair: [f64; 2]| {
        pair.sort_by(f64::total_cmp);
        pair
    };
    let mut expected: Vec<[f64; 2]> = law.support().into_iter().map(|band| order(band.map(map))).collect();
    expected.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let support = image.support();
    assert_eq!(support.len(), expected.len());
    for (found, exact) in support.concat().into_iter().zip(expected.concat()) {
        close(found, exact, 1e-14 * (1.0 + exact.abs()), "edge");
    }
    let masses: Vec<(f64, f64)> = law.atoms().iter().map(|atom| (map(atom.location), atom.mass)).collect();
    let found: Vec<(f64, f64)> = image.atoms().iter().map(|atom| (atom.location, atom.mass)).collect();
    assert_eq!(found, masses);
    for [low, high] in law.support() {
        for i in 1..60 {
            let x = low + (high - low) * f64::from(i) / 60.0;
            let exact = law.density(x) / scale.abs();
            close(image.density(map(x)), exact, 1e-10 * (1.0 + exact), "density");
            let below = if scale > 0.0 { law.cdf(x) } else { 1.0 - law.cdf(x) };
            close(image.cdf(map(x)), below, 1e-11, "cdf");
            let z = Complex64::new(x, 0.1);
            // The image of the upper half-plane is the lower one for a negative scale.
            let w = if scale > 0.0 { scale * z + shift } else { (scale * z + shift).conj() };
            let exact = law.cauchy_transform(z) / scale;
            let exact = if scale > 0.0 { exact } else { exact.conj() };
            assert!((image.cauchy_transform(w) - exact).norm() < 1e-10 * (1.0 + exact.norm()), "z = {w}");
        }
    }
    for k in 1..=5u32 {
        let exact: f64 = (0..=k)
            .map(|j| {
                let power = scale.powi(j as i32) * shift.powi((k - j) as i32);
                binomial(k, j) * power * law.moment(j as i32)
            })
            .sum();
        let size = image.integrate(|x| x.abs().powi(k as i32));
        close(image.moment(k as i32), exact, 1e-10 * (1.0 + size), "moment");
    }
}

#[test]
fn affine_images() {
    let bands = Population::atoms(&[(1.0, 0.3), (6.0, 0.7)]).unwrap();
    let models = [
        MiniBatch::builder().batches(1).aspect_ratio(1.0).build(),
        MiniBatch::builder().batches(3).aspect_ratio(0.4).epoch_step(1.2).build(),
        MiniBatch::builder().batches(2).aspect_ratio(2.0).build(),
        MiniBatch::builder().batches(1).aspect_ratio(0.05).population(bands).epoch_step(0.1).build(),
    ];
    for model in models.map(Result::unwrap) {
        let law = model.law().unwrap();
        for (scale, shift) in [(-1.7, 0.4), (3.0, -2.0), (0.01, 0.0), (-20.0, 1.0)] {
            check_affine(&law, &law.affine(scale, shift).unwrap(), scale, shift);
        }
        check_affine(&law, &model.epoch_operator_law().unwrap(), -model.epoch_step(), 1.0);
        // There and back.
        let back = law.affine(-4.0, 1.0).unwrap().affine(-0.25, 0.25).unwrap();
        check_affine(&law, &back, 1.0, 0.0);
    }
}

#[test]
fn samples_follow_the_law() {
    const SAMPLES: usize = 20_000;
    for gamma in RATIOS {
        let law = marchenko_pastur(gamma);
        let mut rng = draw_stream(5, 0);
        let mut values: Vec<f64> = (0..SAMPLES).map(|_| law.sample(&mut rng)).collect();
        values.sort_by(f64::total_cmp);
        let share = |count: usize| count as f64 / SAMPLES as f64;
        let zeros = values.partition_point(|&x| x <= 0.0);
        let mass = atom(gamma);
        // Four standard deviations of a binomial share.
        let allowed = 4.0 * (mass * (1.0 - mass) / SAMPLES as f64).sqrt();
        close(share(zeros), mass, allowed, "zeros");
        let (mut below, mut last, mut distance) = (mass, 0.0, (share(zeros) - mass).abs());
        for (i, &x) in values.iter().enumerate().skip(zeros) {
            let next = angle(gamma, x);
            below += mass_between(gamma, last, next, 1);
            last = next;
            distance = distance.max((below - share(i)).abs()).max((below - share(i + 1)).abs());
        }
        // Exceeded with probability 0.01; the seed is fixed.
        assert!(distance < 1.63 / (SAMPLES as f64).sqrt(), "gamma = {gamma}: {distance}");
        assert!(distance > 1e-4, "the numbers are not random: {distance}");
        let again: Vec<f64> = {
            let mut rng = draw_stream(5, 0);
            (0..5).map(|_| law.sample(&mut rng)).collect()
        };
        assert!(again.iter().all(|x| values.contains(x)));
    }
}

#[test]
fn two_bands_and_the_gap_between_them() {
    // For small gamma each atom of the population has its own band with exactly its mass.
    let population = Population::atoms(&[(1.0, 0.3), (6.0, 0.7)]).unwrap();
    let model = MiniBatch::builder().batches(1).aspect_ratio(0.05).population(population).epoch_step(0.1);
    let law = model.build().unwrap().law().unwrap();
    let support = law.support();
    assert_eq!(support.len(), 2);
    let [[_, left], [right, _]] = [support[0], support[1]];
    assert!(1.0 < left && left + 1.0 < right && right < 6.0, "{support:?}");
    for i in 0..=20 {
        // The sum may round to beyond the edge.
        let x = (left + (right - left) * f64::from(i) / 20.0).min(right);
        close(law.cdf(x), 0.3, 1e-10, "cdf in the gap");
        assert_eq!(law.density(x), 0.0);
        // The transform is real in the gap and decreasing: G' = -int (z - x)^-2 dmu.
        let inside = law.cauchy_transform(Complex64::new(left + (right - left) * 0.5, 0.0));
        assert!(inside.im.abs() < 1e-12);
    }
    // The companion transform there solves the Silverstein equation of the two atoms.
    for share in [0.1, 0.5, 0.9] {
        let z = left + (right - left) * share;
        let g = law.cauchy_transform(Complex64::new(z, 0.0)).re;
        let s = -0.05 * g - 0.95 / z;
        let back = -1.0 / s + 0.05 * (0.3 / (1.0 + s) + 0.7 * 6.0 / (1.0 + 6.0 * s));
        close(back, z, 1e-9, "Silverstein equation in the gap");
    }
    // Quantiles step over the gap; near an edge the mass is the power 3/2 of the distance.
    for mass in [1e-4, 1e-6, 1e-8] {
        let (below, above) = (law.quantile(0.3 - mass).unwrap(), law.quantile(0.3 + mass).unwrap());
        let distance = 20.0 * mass.powf(2.0 / 3.0);
        assert!(below <= left && left - below < distance, "{below} at the edge {left}");
        assert!(right <= above && above - right < distance, "{above} at the edge {right}");
        close(law.cdf(below), 0.3 - mass, 1e-11, "cdf of the quantile");
        close(law.cdf(above), 0.3 + mass, 1e-11, "cdf of the quantile");
    }
}

#[test]
fn laws_are_plain_values() {
    fn plain<T: Send + Sync + Clone + std::fmt::Debug + PartialEq + 'static>(_: &T) {}
    for gamma in RATIOS {
        let law = marchenko_pastur(gamma);
        plain(&law);
        let json = serde_json::to_string(&law).unwrap();
        let back: SpectralLaw = serde_json::from_str(&json).unwrap();
        assert_eq!(law, back);
        assert_eq!(law.density(0.77).to_bits(), back.density(0.77).to_bits());
        assert_eq!(law.clone(), law);
        assert_ne!(law, law.affine(2.0, 0.0).unwrap());
    }
}

#[test]
fn a_mesh_has_the_number_of_points_asked_for() {
    let law = freespectra::Law::atoms(&[(-2.0, 0.5), (2.0, 0.5)]).unwrap();
    let law = law.plus(&freespectra::Law::semicircle(0.25).unwrap()).unwrap();
    let mesh = law.spectral().mesh(101);
    assert_eq!(mesh.iter().map(Vec::len).sum::<usize>(), 101);
    assert!(mesh.iter().all(|points| points.len() >= 40));
    for (points, [low, high]) in mesh.iter().zip(law.spectral().support()) {
        assert_eq!((points[0], points[points.len() - 1]), (low, high));
        assert!(points.windows(2).all(|pair| pair[0] < pair[1]));
    }
    // A branch point inside is one of the points, and they crowd there.
    let cube = freespectra::polynomial::FreePolynomial::new(
        "x^3".parse().unwrap(),
        &[("x", freespectra::Law::semicircle(1.0).unwrap())],
    );
    let mesh = cube.unwrap().law().unwrap().mesh(100);
    assert_eq!((mesh.len(), mesh[0].len()), (1, 100));
    assert!(mesh[0].contains(&0.0) && mesh[0].iter().filter(|x| x.abs() < 1e-2).count() >= 6);
}

/// A table of 256 points carries the mass of a peak of width 1e-5 in an interval of length 3.6: with points spread
/// evenly in the angle it lacks 0.18 of the mass.
#[test]
fn straight_lines_over_a_mesh_carry_the_mass() {
    let peaked = |variance: f64| {
        let laws = [
            ("x", freespectra::Law::projection(0.82).unwrap()),
            ("y", freespectra::Law::semicircle(1.0).unwrap().affine(1.0, 0.3).unwrap()),
            ("z", freespectra::Law::semicircle(variance).unwrap()),
        ];
        let model = freespectra::polynomial::FreePolynomial::new("x*y*x + z".parse().unwrap(), &laws);
        model.unwrap().law().unwrap()
    };
    let bulks = freespectra::Population::atoms(&[(0.01, 0.18), (3.0, 0.82)]).unwrap();
    let bulks = MiniBatch::builder().aspect_ratio(0.5).epoch_step(0.3).population(bulks).build().unwrap();
    for law in [peaked(1e-4), peaked(1e-8), peaked(1e-10), bulks.law().unwrap(), marchenko_pastur(0.99)] {
        let mesh = law.mesh(256);
        assert_eq!(mesh.iter().map(Vec::len).sum::<usize>(), 256);
        let strip = |pair: &[f64]| 0.5 * (pair[1] - pair[0]) * (law.density(pair[0]) + law.density(pair[1]));
        let mass: f64 = mesh.iter().flat_map(|points| points.windows(2).map(strip)).sum();
        close(mass, 1.0, 1e-3, "mass of the table");
    }
}

#[test]
fn laws_of_any_size_are_legible() {
    let law = marchenko_pastur(0.25);
    assert_eq!(law.to_string(), "support [0.250000, 2.250000]");
    assert_eq!(law.affine(1e-10, 0.0).unwrap().to_string(), "support [2.500000e-11, 2.250000e-10]");
    assert_eq!(law.affine(-1e12, 0.0).unwrap().to_string(), "support [-2.250000e12, -2.500000e11]");
}
