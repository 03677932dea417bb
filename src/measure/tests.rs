use num_complex::Complex64;

use super::coordinates::{Coordinates, Edge, Root, Side, logit, place_of_logit};
use super::piece::{Piece, Segment};
use crate::numeric::aaa::{Data, fit};
use crate::numeric::rational::Place;

const PI: f64 = std::f64::consts::PI;

/// A piece from an exact density, which is given the distances from both ends, on a grid of logarithms fine enough
/// not to matter.
fn piece(ends: [f64; 2], coordinates: Coordinates, reach: [f64; 2], rho: impl Fn(Place) -> f64) -> Piece {
    let width = ends[1] - ends[0];
    let count = 300;
    let at = |i: usize| -reach[0] + (reach[0] + reach[1]) * (i as f64 + 0.5) / count as f64;
    let parameters: Vec<f64> = (0..count).map(|i| coordinates.parameter_of_logit(at(i))).collect();
    let arguments: Vec<Place> = parameters.iter().map(|&at| coordinates.argument(at)).collect();
    let values: Vec<f64> = parameters
        .iter()
        .map(|&at| {
            let place = coordinates.place(at);
            rho(Place { low: width * place.low, high: width * place.high }) * width
                / coordinates.weight(place)
        })
        .collect();
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(*v));
    let tolerances: Vec<f64> = values
        .iter()
        .map(|value| match coordinates {
            Coordinates::Weighted(_) | Coordinates::Rooted(..) => 1e-14 * value,
            Coordinates::Half(_) | Coordinates::Logarithmic => 3e-13 * value.powf(0.25) * largest.powf(0.75),
        })
        .collect();
    let noises = vec![0.0; count];
    let data = Data { places: &arguments, values: &values, tolerances: &tolerances, noises: &noises };
    let [low, high] = coordinates.range();
    let [from, to] = [
        coordinates.parameter_of_logit(-reach[0]).max(low),
        coordinates.parameter_of_logit(reach[1]).min(high),
    ];
    let from = if low.is_finite() { low } else { from };
    let to = if high.is_finite() { high } else { to };
    let fit = fit(data, &[], 1.0, 50, [coordinates.argument(from), coordinates.argument(to)]);
    assert!(fit.poles.is_empty());
    Piece::new(ends, coordinates, vec![Segment { from, to, rational: fit.rational }]).unwrap()
}

const SOFT: Coordinates = Coordinates::Weighted([Edge::Soft, Edge::Soft]);

/// Marchenko-Pastur with its atom left out, the lower edge from the factor that does not cancel.
fn marchenko_pastur(ratio: f64) -> Piece {
    let root = ratio.sqrt();
    let low = ((ratio - 1.0) / (1.0 + root)).powi(2);
    let ends = [low, (1.0 + root).powi(2)];
    let width = ends[1] - ends[0];
    let rho = |at: Place| (at.low * at.high).sqrt() / (2.0 * PI * ratio * (low + at.low));
    if low == 0.0 {
        return piece(ends, Coordinates::Weighted([Edge::Hard, Edge::Soft]), [8.0, 8.0], |at| {
            (at.high / at.low).sqrt() / (2.0 * PI)
        });
    }
    piece(ends, SOFT, [8.0 + (1.0 + width / low).ln(), 8.0], rho)
}

/// Its Cauchy transform without the atom.
fn marchenko_pastur_transform(ratio: f64, z: Complex64) -> Complex64 {
    let root = ratio.sqrt();
    let low = ((ratio - 1.0) / (1.0 + root)).powi(2);
    let branch = (z - low).sqrt() * (z - (1.0 + root).powi(2)).sqrt();
    let whole = (z + ratio - 1.0 - branch) / (2.0 * ratio * z);
    whole - (1.0 - 1.0 / ratio).max(0.0) / z
}

fn semicircle() -> Piece {
    piece([-2.0, 2.0], SOFT, [8.0, 8.0], |at| (at.low * at.high).sqrt() / (2.0 * PI))
}

fn arcsine() -> Piece {
    let hard = Coordinates::Weighted([Edge::Hard, Edge::Hard]);
    piece([-2.0, 2.0], hard, [8.0, 8.0], |at| (at.low * at.high).sqrt().recip() / PI)
}

/// Density of the Fuss-Catalan law of order `s` (Haagerup and Moeller 2013): for `0 < p < pi / (s + 1)`
///
/// ```text
/// x = sin^(s+1)((s+1) p) / (sin p sin^s(s p)),  rho = sin^2 p sin^(s-1)(s p) / (pi sin^s((s+1) p))
/// ```
///
/// with `p` by bisection, measured from `pi / (s + 1)` next to 0, from the series of the logarithm next to the edge.
pub(crate) fn fuss_catalan_density(s: i32, at: Place) -> f64 {
    let n = f64::from(s) + 1.0;
    let f = f64::from(s);
    let end = PI / n;
    let edge = n.powf(n) / f.powf(f);
    // Measured from pi / n: sin(n p) = sin(n e), e = end - p.
    let log_x = |e: f64| n * (n * e).sin().ln() - (end - e).sin().ln() - f * (f * (end - e)).sin().ln();
    let target = if at.low < at.high { at.low.ln() } else { edge.ln() + (-at.high / edge).ln_1p() };
    let (mut low, mut high) = (1e-40f64, end);
    for _ in 0..300 {
        let middle = if high > 2.0 * low { (low * high).sqrt() } else { 0.5 * (low + high) };
        if log_x(middle) < target { low = middle } else { high = middle }
    }
    let mut p = end - low;
    if at.low > 0.999 * edge {
        // log(x / edge) is of second order in p.
        let log_ratio = |p: f64| {
            let sinc = |q: f64| {
                if q < 0.05 {
                    let q2 = q * q;
                    -q2 / 6.0 - q2 * q2 / 180.0 - q2 * q2 * q2 / 2835.0 - q2.powi(4) / 37_800.0
                } else {
                    (q.sin() / q).ln()
                }
            };
            n * sinc(n * p) - sinc(p) - f * sinc(f * p)
        };
        let goal = (-at.high / edge).ln_1p();
        let (mut small, mut large) = (0.0, 0.3);
        for _ in 0..200 {
            let middle = 0.5 * (small + large);
            if log_ratio(middle) > goal { small = middle } else { large = middle }
        }
        p = small;
        return p.sin().powi(2) * (f * p).sin().powi(s - 1) / (PI * (n * p).sin().powi(s));
    }
    p.sin().powi(2) * (f * p).sin().powi(s - 1) / (PI * (n * low).sin().powi(s))
}

/// `m = z G`, which solves `m = 1 + m^(s+1) / z`, followed from far away.
fn fuss_catalan_moments(s: i32, z: Complex64) -> Complex64 {
    let mut m = Complex64::ONE;
    for i in (0..=4000).rev() {
        // Down to z, away from it in the direction of the imaginary axis.
        let at = z + Complex64::new(0.0, 1e-9 * (f64::from(i) * 0.0065).exp()) * f64::from(i.min(1));
        for _ in 0..8 {
            let power = m.powi(s) / at;
            m -= (m * power + 1.0 - m) / (power * f64::from(s + 1) - 1.0);
        }
    }
    m
}

fn fuss_catalan(s: i32) -> Piece {
    let n = f64::from(s) + 1.0;
    let edge = n.powf(n) / f64::from(s).powi(s);
    let reach = [25.0 * n, 20.0];
    piece([0.0, edge], Coordinates::Logarithmic, reach, |at| fuss_catalan_density(s, at))
}

/// `(2 / 3) |x|^(1/3)` to the right of 0: a cusp at 0, and a jump at 1.
fn cusp() -> Piece {
    piece([0.0, 1.0], Coordinates::Logarithmic, [28.0, 28.0], |at| 4.0 / 3.0 * at.low.cbrt())
}

#[test]
fn marchenko_pastur_of_every_ratio() {
    for ratio in [0.5, 1.0, 1.0 - 1e-6, 1.0 + 1e-6, 1.0 - 1e-9, 100.0] {
        let law = marchenko_pastur(ratio);
        let mass = (1.0 / ratio).min(1.0);
        assert!((law.total_mass() - mass).abs() < 3e-14, "{ratio}: {:e}", law.total_mass() - mass);
        // Moments 1, 1 + ratio, 1 + 3 ratio + ratio^2.
        let moments = [1.0, 1.0 + ratio, 1.0 + 3.0 * ratio + ratio * ratio];
        for (k, moment) in moments.into_iter().enumerate() {
            let found = law.integrate(&|x| x.powi(k as i32 + 1));
            assert!((found / moment - 1.0).abs() < 1e-13, "{ratio} {k}: {found}");
        }
        let width = law.high() - law.low();
        for z in [
            Complex64::new(law.low() + 0.3 * width, 0.0),
            Complex64::new(law.low() + 0.3 * width, -0.0),
            Complex64::new(law.low() + 0.7 * width, 1e-9),
            Complex64::new(law.low() + 0.99 * width, 1e-3 * width),
            Complex64::new(law.low() + 1e-3 * width, 1e-4 * width),
            Complex64::new(law.high() * 1.000_01, 0.0),
            Complex64::new(law.high() * 3.0, 0.0),
            Complex64::new(-width * 0.1, 1.0),
            Complex64::new(if ratio > 1.0 { -0.1 } else { -1e-5 } * width, 0.0),
        ] {
            let mut exact = marchenko_pastur_transform(ratio, z);
            if z.im == 0.0 && z.im.is_sign_negative() {
                exact = marchenko_pastur_transform(ratio, z.conj()).conj();
            }
            let error = (law.cauchy_transform(z) - exact).norm() / exact.norm();
            assert!(error < 2e-12, "{ratio} {z}: {error:e}");
        }
    }
}

#[test]
fn the_semicircle_has_its_distribution_function_and_quantiles() {
    let law = semicircle();
    let cdf = |x: f64| 0.5 + (x * (4.0 - x * x).sqrt() / 4.0 + (0.5 * x).asin()) / PI;
    for x in [-1.999, -1.5, -0.3, 0.0, 1.0, 1.99] {
        assert!((law.mass_below(x) - cdf(x)).abs() < 2e-15, "{x}");
        assert!((law.quantile(cdf(x)) - x).abs() < 1e-13, "{x} {}", law.quantile(cdf(x)));
    }
    assert_eq!([law.quantile(0.0), law.quantile(1.1)], [-2.0, 2.0]);
    assert_eq!([law.density(-2.0), law.density(2.0), law.density(2.1)], [0.0; 3]);
    assert!((law.density(0.5) - 3.75f64.sqrt() / (2.0 * PI)).abs() < 1e-15);
    // Catalan numbers.
    assert!((law.integrate(&|x| x.powi(8)) - 14.0).abs() < 1e-12);
}

#[test]
fn the_arcsine_law_has_two_hard_ends() {
    let law = arcsine();
    for x in [-2.0 + 1e-9, -1.0, 0.5, 2.0 - 1e-9] {
        let cdf = 1.0 - (0.5f64 * x).acos() / PI;
        assert!((law.mass_below(x) - cdf).abs() < 1e-15, "{x}");
    }
    assert!((law.quantile(1e-12) + 2.0 - (1e-12 * PI).powi(2)).abs() < 1e-15);
    assert_eq!(law.density(2.0), f64::INFINITY);
    // 1 / sqrt(z^2 - 4).
    for z in [Complex64::new(0.7, 1e-7), Complex64::new(2.0 + 1e-8, 0.0), Complex64::new(-2.5, 0.0)] {
        let exact = ((z - 2.0).sqrt() * (z + 2.0).sqrt()).inv();
        assert!((law.cauchy_transform(z) / exact - 1.0).norm() < 1e-12, "{z}");
    }
}

#[test]
fn fuss_catalan_laws_have_their_moments_and_transforms() {
    for (s, moments) in [(2, [1.0, 1.0, 3.0, 12.0, 55.0]), (3, [1.0, 1.0, 4.0, 22.0, 140.0])] {
        let law = fuss_catalan(s);
        for (k, moment) in moments.into_iter().enumerate() {
            let found = law.integrate(&|x| x.powi(k as i32));
            assert!((found / moment - 1.0).abs() < 3e-11, "{s} {k}: {:e}", found / moment - 1.0);
        }
        assert_eq!(law.density(0.0), f64::INFINITY);
        for z in [(20.0, 0.0), (8.0, 4.0), (1.0, 0.3), (-2.0, 0.1), (-1e-4, 0.0), (3.0, 1e-3), (1e-5, 1e-6)] {
            let z = Complex64::new(z.0, z.1);
            let error = (law.cauchy_transform(z) * z / fuss_catalan_moments(s, z) - 1.0).norm();
            assert!(error < 1e-10, "{s} {z}: {error:e}");
        }
        // On the axis the imaginary part is the density.
        for x in [1e-6, 0.01, 1.0, 5.0] {
            let exact = fuss_catalan_density(s, Place { low: x, high: law.high() - x });
            assert!((law.density(x) / exact - 1.0).abs() < 1e-9, "{s} {x}");
            assert!((-law.cauchy_transform(x.into()).im / PI / exact - 1.0).abs() < 1e-9, "{s} {x}");
        }
    }
}

#[test]
fn a_cusp_next_to_a_jump() {
    let law = cusp();
    assert!((law.total_mass() - 1.0).abs() < 1e-11);
    for x in [1e-6, 1e-3, 0.4, 0.999] {
        assert!((law.mass_below(x) - x.powf(4.0 / 3.0)).abs() < 1e-11, "{x}");
        assert!((law.quantile(x.powf(4.0 / 3.0)) / x - 1.0).abs() < 1e-4, "{x}");
    }
    assert_eq!(law.density(0.0), 0.0);
    assert!((law.density(1.0) - 4.0 / 3.0).abs() < 0.1, "{}", law.density(1.0));
}

#[test]
fn quantiles_invert_the_distribution_function_and_stay_inside() {
    for law in [marchenko_pastur(1.0), marchenko_pastur(1.0 - 1e-6), fuss_catalan(2), arcsine(), cusp()] {
        let total = law.total_mass();
        let mut previous = law.low();
        for i in 0..=4000 {
            let mass = total * f64::from(i) / 4000.0;
            let x = law.quantile(mass);
            assert!(previous <= x && x <= law.high(), "{mass} {x}");
            // The position itself is rounded.
            let rounding = 4e-15 + f64::EPSILON * x.abs() * law.density(x).min(1e12);
            let error = law.mass_below(x) - mass;
            assert!(error.abs() < rounding, "{i} {x}: {error:e}");
            previous = x;
        }
        assert!(law.quantile(1e-17) >= law.low());
    }
}

#[test]
fn integrals_of_functions_that_are_not_smooth() {
    // E |x| of the semicircle is 8 / (3 pi); E log x of Marchenko-Pastur of ratio 1 is -1.
    assert!((semicircle().integrate(&|x| x.abs()) - 8.0 / (3.0 * PI)).abs() < 1e-14);
    let logarithm = marchenko_pastur(1.0).integrate(&f64::ln);
    assert!((logarithm + 1.0).abs() < 1e-13, "{logarithm:e}");
    // E log x of Fuss-Catalan is -s log(1 + 1/s) ... of free products of s laws each of mean log -1.
    assert!((fuss_catalan(2).integrate(&f64::ln) + 2.0).abs() < 1e-9);
    assert!(semicircle().integrate(&|_| f64::NAN).is_nan());
}

#[test]
fn affine_images_keep_masses_and_digits() {
    let law = marchenko_pastur(1.0 - 1e-6);
    let image = law.affine(-2.0, 0.0).unwrap();
    assert!((image.total_mass() - law.total_mass()).abs() < 1e-15);
    for x in [1e-12, 1e-3, 1.0, 3.9] {
        assert!((2.0 * image.density(-2.0 * x) / law.density(x) - 1.0).abs() < 1e-13, "{x}");
    }
    let moved = law.affine(1e-3, 5.0).unwrap();
    assert_eq!(moved.total_mass(), law.total_mass());
    assert!((moved.quantile(0.3) - 5.0 - 1e-3 * law.quantile(0.3)).abs() < 1e-15);
    assert!(law.affine(1e-12, 5.0).is_err());
    assert!(law.affine(0.0, 5.0).is_err());
    assert!(law.affine(f64::NAN, 5.0).is_err());
}

#[test]
fn files_give_back_the_piece_and_nothing_else() {
    let law = marchenko_pastur(0.5).affine(-3.0, 1.0).unwrap();
    let text = serde_json::to_string(&law).unwrap();
    assert_eq!(serde_json::from_str::<Piece>(&text).unwrap(), law);
    let broken = text.replacen("\"low\":", "\"low\":9", 1);
    assert!(serde_json::from_str::<Piece>(&broken).is_err(), "{broken}");
    assert!(Piece::new([0.0, 1.0], SOFT, Vec::new()).is_err());
    assert!(Piece::new([1.0, 0.0], SOFT, Vec::new()).is_err());
}

#[test]
fn logits_are_measured_from_the_nearer_end() {
    for t in [-50.0, -1.0, 0.0, 40.0] {
        assert!((logit(place_of_logit(t)) - t).abs() < 1e-14 * t.abs().max(1.0));
    }
}

/// `x^(-2/3) + x^(-1/3) / 2 + 1 / 4` on `[0, 1]`, from either end: `u^(1/3) = v` makes `3 + 3 v / 2 + 3 v^2 / 4` of it.
#[test]
fn next_to_a_branch_point() {
    let rho = |at: f64| at.powf(-2.0 / 3.0) + 0.5 * at.powf(-1.0 / 3.0) + 0.25;
    let root = Root { order: 3, growth: 2 };
    let low = piece([0.0, 1.0], Coordinates::Rooted(root, Side::Low), [24.0, 8.0], |at| rho(at.low));
    let high = piece([0.0, 1.0], Coordinates::Rooted(root, Side::High), [8.0, 24.0], |at| rho(at.high));
    let mass = |x: f64| 3.0 * x.cbrt() + 0.75 * x.cbrt().powi(2) + 0.25 * x;
    // By the trapezoidal rule in v = tanh, analytic up to both ends.
    let transform = |z: Complex64| -> Complex64 {
        let step = 0.002;
        let term = |k: i32| {
            let t = PI / 2.0 * (f64::from(k) * step).sinh();
            let v = 1.0 / (1.0 + (-2.0 * t).exp());
            let rate = v * (1.0 - v) * PI * (f64::from(k) * step).cosh();
            (3.0 + 1.5 * v + 0.75 * v * v) * rate * step / (z - v * v * v)
        };
        (-2200..=2200).map(term).sum()
    };
    // The same without the order of the root.
    for side in [Side::Low, Side::High] {
        let unknown = piece(
            [0.0, 1.0],
            Coordinates::Half(side),
            if side == Side::Low { [75.0, 8.0] } else { [8.0, 75.0] },
            |at| rho(if side == Side::Low { at.low } else { at.high }),
        );
        assert!((unknown.total_mass() - 4.0).abs() < 1e-10, "{:e}", unknown.total_mass() - 4.0);
        for x in [1e-9, 1e-3, 0.3, 0.9, 0.999_999] {
            let at = if side == Side::Low { x } else { 1.0 - x };
            assert!(
                (unknown.density(at) / rho(x) - 1.0).abs() < 3e-7,
                "{x} {:e}",
                unknown.density(at) / rho(x) - 1.0
            );
            assert!(
                (unknown.density(at) / rho(x) - 1.0).abs() < 1e-9 || x < 1e-2,
                "{x} {:e}",
                unknown.density(at) / rho(x) - 1.0
            );
        }
        for (re, im) in [(0.5, 0.1), (0.01, 0.02), (-0.1, 0.05), (1.5, 0.0), (-1.0, 0.0), (0.999, 0.01)] {
            let z = Complex64::new(re, im);
            let exact = transform(z);
            let found = if side == Side::Low {
                unknown.cauchy_transform(z)
            } else {
                -unknown.cauchy_transform(1.0 - z.conj()).conj()
            };
            assert!((found - exact).norm() < 1e-9 * exact.norm(), "{side:?} {z} {found} {exact}");
        }
        assert!(unknown.density(if side == Side::Low { 0.0 } else { 1.0 }).is_infinite());
    }
    for piece in [&low, &high, &high.affine(-1.0, 1.0).unwrap()] {
        assert!((piece.total_mass() - 4.0).abs() < 1e-13);
    }
    for x in [1e-30, 1e-9, 1e-3, 0.3, 0.9, 1.0] {
        assert!((low.density(x) / rho(x) - 1.0).abs() < 1e-12, "{x}");
        assert!((low.mass_below(x) - mass(x)).abs() < 1e-13, "{x}");
        assert!((low.quantile(mass(x)) - x).abs() < 1e-12, "{x}");
    }
    for x in [1e-9, 1e-3, 0.3, 0.9] {
        assert!((high.density(1.0 - x) / rho(x) - 1.0).abs() < 1e-12 / x.sqrt(), "{x}");
        assert!((high.mass_below(1.0 - x) - 4.0 + mass(x)).abs() < 1e-9, "{x}");
    }
    assert!(low.density(0.0).is_infinite() && high.density(1.0).is_infinite());
    assert!((low.density(1.0) - 1.75).abs() < 1e-12 && (high.density(0.0) - 1.75).abs() < 1e-12);
    for (re, im) in
        [(0.5, 0.1), (0.01, 0.02), (-0.1, 0.05), (0.3, 0.02), (1.5, 0.0), (-1.0, 0.0), (0.999, 0.01)]
    {
        let z = Complex64::new(re, im);
        assert!((low.cauchy_transform(z) - transform(z)).norm() < 1e-11 * transform(z).norm(), "{z}");
        let from_high = high.cauchy_transform(1.0 - z.conj());
        assert!((from_high + transform(z).conj()).norm() < 1e-11 * transform(z).norm(), "{z} from above");
    }
    // On the axis itself its imaginary part is the density.
    for x in [0.01, 0.4, 0.97] {
        for (piece, at) in [(&low, x), (&high, 1.0 - x)] {
            let found = piece.cauchy_transform(Complex64::new(at, 0.0));
            assert!((-found.im / PI / rho(x) - 1.0).abs() < 1e-11, "{x} {found}");
        }
    }
}
