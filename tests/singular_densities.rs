//! Densities that are singular inside the support or at its edges in other ways than a root: images of one
//! variable, products with near kernels, cusps, two projections.

use std::f64::consts::PI;

use approx::assert_relative_eq;
use freespectra::law::{CauchyTransform, Singularity};
use freespectra::polynomial::{FreePolynomial, Route};
use freespectra::{Law, SpectralLaw};
use num_complex::Complex64;

fn model(text: &str, laws: &[(&str, Law)]) -> FreePolynomial {
    FreePolynomial::new(text.parse().unwrap(), laws).unwrap()
}

fn semicircle() -> Law {
    Law::semicircle(1.0).unwrap()
}

/// Density of the standard semicircle.
fn half_moon(x: f64) -> f64 {
    (4.0 - x * x).max(0.0).sqrt() / (2.0 * PI)
}

fn assert_density(law: &SpectralLaw, density: impl Fn(f64) -> f64, points: &[f64]) {
    for &x in points {
        assert_relative_eq!(law.density(x), density(x), epsilon = 1e-9, max_relative = 1e-9);
    }
}

#[test]
fn powers_of_a_semicircular() {
    // x^3: y = x^3 once, the density of x over 3 x^2.
    let cube = model("x^3", &[("x", semicircle())]).law().unwrap();
    let density = |y: f64| half_moon(y.cbrt()) / (3.0 * y.cbrt().powi(2));
    assert_density(&cube, density, &[-7.9, -3.0, -0.2, -1e-6, 1e-12, 1e-3, 0.5, 4.0, 7.99]);
    assert_eq!(cube.support(), [[-8.0, 8.0]]);
    assert_eq!(cube.density(0.0), f64::INFINITY);
    // Half of the mass is below 0, and that of |x| < 1e-4 below 1e-12.
    assert_relative_eq!(cube.cdf(0.0), 0.5, epsilon = 1e-12);
    assert_relative_eq!(cube.cdf(1e-12) - 0.5, 1e-4 / PI, max_relative = 1e-8);
    // Catalan numbers: the second moment of x^3 is the sixth of x.
    assert_relative_eq!(cube.moment(2), 5.0, max_relative = 1e-11);
    assert_relative_eq!(cube.moment(4), 132.0, max_relative = 1e-11);

    // x^4 twice, from both signs of x.
    let fourth = model("x^4 - 3", &[("x", semicircle())]).law().unwrap();
    let density = |y: f64| {
        let x = (y + 3.0).powf(0.25);
        2.0 * half_moon(x) / (4.0 * x.powi(3))
    };
    assert_density(&fourth, density, &[-2.999, -2.0, 1.0, 12.0]);
}

#[test]
fn critical_values_inside_the_support() {
    // x^2 + x of a uniform law: -1/4 is a hard edge, and 0 (the value at -1) a jump.
    let uniform = Law::uniform(-1.0, 1.0).unwrap();
    let law = model("x^2 + x", &[("x", uniform)]).law().unwrap();
    let density = |y: f64| {
        let root = (0.25 + y).sqrt();
        let one = 0.5 / (2.0 * root);
        if y < 0.0 { 2.0 * one } else { one }
    };
    assert_density(&law, density, &[-0.2499, -0.1, -1e-9, 1e-9, 0.7, 1.999]);
    assert_relative_eq!(law.cdf(0.0), 0.5, epsilon = 1e-12);
    // The Chebyshev polynomial of degree 3 covers [-2, 2] three times.
    let law = model("x^3 - 3*x", &[("x", semicircle())]).law().unwrap();
    let density = |y: f64| {
        let angle = (0.5 * y).acos();
        let roots = (0..3).map(|k| 2.0 * ((angle + 2.0 * PI * f64::from(k)) / 3.0).cos());
        roots.map(|x| half_moon(x) / (3.0 * x * x - 3.0).abs()).sum()
    };
    assert_density(&law, density, &[-1.9999, -1.0, 0.0, 0.3, 1.9]);
    // An atom of the variable is an atom of the image.
    let law = model("x^2 - x", &[("x", Law::marchenko_pastur(2.0).unwrap())]).law().unwrap();
    assert_eq!((law.atoms()[0].location, law.atoms().len()), (0.0, 1));
    assert_relative_eq!(law.atoms()[0].mass, 0.5, epsilon = 1e-14);
}

/// The image formula against the operator-valued equation of the same polynomial, at single points.
#[test]
fn images_solve_the_operator_valued_equation() {
    let laws = [("x", Law::marchenko_pastur(0.5).unwrap())];
    let model = model("x^3 - 2*x", &laws);
    let (law, transform) = (model.law().unwrap(), model.transform().unwrap());
    let mut workspace = transform.workspace();
    for z in [Complex64::new(0.3, 0.2), Complex64::new(-1.0, 0.05), Complex64::new(8.0, 0.5)] {
        let solved = transform.solve(z, &mut workspace).unwrap().cauchy;
        assert!((law.cauchy_transform(z) - solved).norm() < 1e-9, "{z}");
    }
}

/// `x y x` for a semicircular `x` is compound free Poisson: `R(w) = (G_y(1 / w) / w - 1) / w` (Nica and
/// Speicher, Lectures, Prop. 12.18), so that `R(G(z)) + 1 / G(z) = z`.
#[test]
fn semicircular_conjugates_are_compound_free_poisson() {
    let r_transform = |g: Complex64| {
        let w = 1.0 / g;
        let cauchy = 2.0 / (w + (w - 2.0).sqrt() * (w + 2.0).sqrt());
        (cauchy * w - 1.0) * w
    };
    for route in [Route::Automatic, Route::Subordination] {
        let model = model("x*y*x", &[("x", semicircle()), ("y", semicircle())]).with_route(route).unwrap();
        let law = model.law().unwrap();
        for z in [Complex64::new(0.5, 0.3), Complex64::new(-2.0, 0.1), Complex64::new(1e-4, 1e-5)] {
            let g = law.cauchy_transform(z);
            assert!((r_transform(g) + 1.0 / g - z).norm() < 1e-9 * (1.0 / g).norm().max(1.0), "{z}");
        }
        // Next to 0 the density is that of G = 1 / sqrt(-z) up to bounded terms.
        assert_relative_eq!(law.density(1e-10) * PI * 1e-5, 0.5f64.sqrt(), max_relative = 1e-4);
        assert_relative_eq!(law.density(-1e-10), law.density(1e-10), max_relative = 1e-8);
    }
}

/// With a free Poisson `y` of rate 1 it is the Fuss-Catalan law of order 2, of density `x^(-2/3)` at 0
/// (Penson and Zyczkowski, Phys. Rev. E 83, 2011, equation 12).
#[test]
fn fuss_catalan_as_a_polynomial() {
    let poisson = Law::marchenko_pastur(1.0).unwrap();
    let density = |x: f64| {
        let root = 27.0 + 3.0 * (81.0 - 12.0 * x).sqrt();
        (2f64.cbrt() * 3f64.sqrt() / (12.0 * PI)) * (2f64.cbrt() * root.powf(2.0 / 3.0) - 6.0 * x.cbrt())
            / (x.powf(2.0 / 3.0) * root.cbrt())
    };
    for route in [Route::Automatic, Route::Subordination] {
        let model = model("x*y*x", &[("x", semicircle()), ("y", poisson.clone())]).with_route(route).unwrap();
        let law = model.law().unwrap();
        assert_density(&law, density, &[1e-9, 1e-4, 0.1, 1.0, 4.0, 6.7]);
        assert_relative_eq!(law.range()[1], 6.75, epsilon = 1e-9);
    }
}

/// `G = w / (w^2 - 1)` with `w = z - G`: at the variance 1 two bulks meet in a cusp.
#[test]
fn the_cusp_between_two_bulks() {
    for route in [Route::Automatic, Route::Subordination] {
        let laws = [("x", semicircle()), ("y", Law::bernoulli().unwrap())];
        let law = model("x + y", &laws).with_route(route).unwrap().law().unwrap();
        assert_eq!(law.support().len(), 1);
        for x in [-2.0f64, -0.5, -1e-3, 1e-3, 0.1, 2.5] {
            // z = G^3 - 2 z G^2 + z^2 G, by Newton's method from the leading term.
            let mut g =
                Complex64::from_polar(x.abs().cbrt(), -2.0 * PI / 3.0 + if x < 0.0 { PI / 3.0 } else { 0.0 });
            for _ in 0..60 {
                let value = g.powi(3) - 2.0 * x * g * g + x * x * g - x;
                g -= value / (3.0 * g * g - 4.0 * x * g + x * x);
            }
            assert_relative_eq!(law.density(x), -g.im / PI, epsilon = 1e-9);
        }
    }
    // The equation knows the branch point at 0, where the density is sqrt(3) / (2 pi) |x|^(1/3).
    let laws = [("x", semicircle()), ("y", Law::bernoulli().unwrap())];
    let law = model("x + y", &laws).with_route(Route::Subordination).unwrap().law().unwrap();
    assert_relative_eq!(law.density(1e-9), 3f64.sqrt() / (2.0 * PI) * 1e-3, max_relative = 1e-2);
}

#[test]
fn two_projections_by_their_angle_and_by_subordination() {
    let laws = |a: f64, b: f64| [("p", Law::projection(a).unwrap()), ("q", Law::projection(b).unwrap())];
    for (text, a, b) in [
        ("p*q + q*p", 0.3, 0.45),
        ("p*q*p", 0.3, 0.6),
        ("p*q*p + q", 0.35, 0.5),
        ("i*(p*q - q*p)", 0.4, 0.3),
        ("p*q + q*p - 0.7*p + 0.2*q*p*q", 0.25, 0.6),
        ("2*p - q", 0.3, 0.4),
    ] {
        let model = model(text, &laws(a, b));
        let exact = model.law().unwrap();
        let solved = model.with_route(Route::Subordination).unwrap().law().unwrap();
        assert_eq!(exact.support().len(), solved.support().len(), "{text}: {exact} against {solved}");
        for ([low, high], other) in exact.support().into_iter().zip(solved.support()) {
            assert_relative_eq!(low, other[0], epsilon = 1e-9);
            assert_relative_eq!(high, other[1], epsilon = 1e-9);
            for i in 1..10 {
                let x = low + (high - low) * f64::from(i) / 10.0;
                assert_relative_eq!(exact.density(x), solved.density(x), epsilon = 1e-9, max_relative = 1e-9);
            }
        }
        assert_eq!(exact.atoms().len(), solved.atoms().len(), "{text}");
        for (one, two) in exact.atoms().iter().zip(solved.atoms()) {
            assert_relative_eq!(one.location, two.location, epsilon = 1e-9);
            assert_relative_eq!(one.mass, two.mass, epsilon = 1e-9);
        }
    }
}

/// Eigenvalues that cross, meet at an end of the angle, or turn at a value that another one ends at. Moments of order 5 and 6,
/// which the certificate does not use.
#[test]
fn two_valued_variables_whose_eigenvalues_meet() {
    let projection = |trace: f64| Law::projection(trace).unwrap();
    let signs = || Law::atoms(&[(-1.0, 0.5), (1.0, 0.5)]).unwrap();
    for (text, x, y) in [
        ("x*y + y*x", signs(), projection(0.5)),
        ("x + y + x*y + y*x", signs(), signs()),
        ("x + y + x*y + y*x", projection(0.5), projection(0.5)),
        ("x*y*x - y", projection(0.5), projection(0.5)),
        ("x*y*x - y", projection(0.7), projection(0.3)),
        ("x*y*x + y", projection(0.7), projection(0.3)),
        ("i*(x*y - y*x)", projection(0.7), projection(0.3)),
    ] {
        let model = model(text, &[("x", x), ("y", y)]);
        let law = model.law().unwrap();
        for (k, exact) in (1..).zip(model.moments(6)).skip(4) {
            let size = law.integrate(|x| x.abs().powi(k));
            assert!((law.moment(k) - exact).abs() < 1e-10 * size, "{text}: {k}: {} {exact}", law.moment(k));
        }
    }
}

/// Products with a law that begins at 0 with a jump: moments from the free cumulants of one factor and the moments of the other.
#[test]
fn products_with_a_jump_at_zero() {
    for x in [semicircle(), Law::marchenko_pastur(1.0).unwrap(), Law::arcsine(0.0, 2.0).unwrap()] {
        for text in ["x*y*x", "(1 - x)*y*(1 - x)"] {
            let model = model(text, &[("x", x.clone()), ("y", Law::uniform(0.0, 1.0).unwrap())]);
            let law = model.law().unwrap();
            assert_eq!((law.support().len(), law.range()[0]), (1, 0.0), "{text}");
            for (k, exact) in (1..).zip(model.moments(6)).skip(4) {
                assert!(
                    (law.moment(k) / exact - 1.0).abs() < 1e-10,
                    "{text}: {k}: {} {exact}",
                    law.moment(k)
                );
            }
        }
    }
}

/// A kernel of half the space, next to which densities go like `|x|^(-1/3)`: the order of the variables is no matter.
#[test]
fn half_a_kernel_in_an_anticommutator() {
    let poisson = || Law::marchenko_pastur(2.0).unwrap();
    let one = model("x*y + y*x", &[("x", poisson()), ("y", semicircle())]);
    let two = model("x*y + y*x", &[("x", semicircle()), ("y", poisson())]);
    for model in [one, two] {
        let law = model.law().unwrap();
        let exact = model.moments(6)[5];
        assert!((law.moment(6) / exact - 1.0).abs() < 1e-10, "{} {exact}", law.moment(6));
        let exponent = (law.density(1e-9) / law.density(1e-6)).log10() / 3.0;
        assert!((exponent - 1.0 / 3.0).abs() < 1e-3, "{exponent}");
    }
}

/// The law of a model, whose fifth and sixth moment, which no check inside sees, are those from free cumulants.
fn law_with_moments(model: &FreePolynomial) -> SpectralLaw {
    let law = model.law().unwrap_or_else(|error| panic!("{}: {error}", model.polynomial()));
    for (k, exact) in (1..).zip(model.moments(6)) {
        let (found, scale) = (law.moment(k), law.integrate(|x| x.abs().powi(k)));
        assert!((found - exact).abs() < 1e-10 * scale, "{}: m_{k} {found} {exact}", model.polynomial());
    }
    law
}

fn three_atoms() -> Law {
    Law::atoms(&[(-1.0, 0.2), (0.5, 0.5), (2.0, 0.3)]).unwrap()
}

/// Half a kernel in both variables: `G` is like `z^(-1/2) + z^(-1/4)`, which is an inverse root of order 2 below 0 and of
/// order 4 above.
#[test]
fn half_a_kernel_in_both_variables() {
    let laws = [("x", Law::marchenko_pastur(2.0).unwrap()), ("y", Law::projection(0.5).unwrap())];
    for text in ["x*y + y*x", "x^2*y + y*x^2"] {
        let law = law_with_moments(&model(text, &laws));
        let exponent = |x: f64| (law.density(x) / law.density(100.0 * x)).log10() / 2.0;
        assert!((exponent(-1e-12) - 0.5).abs() < 3e-3, "{text}: {}", exponent(-1e-12));
        assert!((exponent(1e-12) - 0.25).abs() < 3e-3, "{text}: {}", exponent(1e-12));
    }
}

/// A commutator does not change when variables are moved by numbers: atoms of more than half the mass are put at 0.
#[test]
fn commutators_with_heavy_atoms() {
    for x in [semicircle(), Law::marchenko_pastur(0.5).unwrap()] {
        let laws = [("x", x), ("p", Law::projection(0.7).unwrap())];
        let law = law_with_moments(&model("i*(x*p - p*x)", &laws));
        let [atom] = law.atoms() else { panic!("{law}") };
        assert!(atom.location == 0.0 && (atom.mass - 0.4).abs() < 1e-10, "{law}");
    }
    law_with_moments(&model(
        "i*(x*y - y*x)",
        &[("x", three_atoms()), ("y", Law::marchenko_pastur(0.5).unwrap())],
    ));
}

/// In the kernel of `x p x` the projection `p` may be 1: a hard edge at 1, with a gap below it.
#[test]
fn a_projection_is_seen_where_its_conjugate_vanishes() {
    let law =
        law_with_moments(&model("x*p*x + p", &[("x", three_atoms()), ("p", Law::projection(0.5).unwrap())]));
    let support = law.support();
    let place = support.iter().position(|[low, _]| (low - 1.0).abs() < 1e-15);
    assert!(place.is_some_and(|place| support[place - 1][1] < 0.995), "{law}");
}

/// Unknowns that run off to infinity at a hard edge next to a narrow gap are followed as far as it takes.
#[test]
fn a_hard_edge_behind_a_narrow_gap() {
    let laws = [("x", Law::marchenko_pastur(2.0).unwrap()), ("y", Law::projection(0.5).unwrap())];
    let law = law_with_moments(&model("x + y + x*y + y*x", &laws));
    let [[_, high], [low, _]] = law.support()[..] else { panic!("{law}") };
    assert!(low == 1.0 && high < 0.995, "{law}");
}

/// Two bulks touch at 1/2, where atoms of half the mass meet.
#[test]
fn bulks_that_touch_have_one_end() {
    let laws = [("x", Law::marchenko_pastur(2.0).unwrap()), ("y", three_atoms())];
    let law = law_with_moments(&model("(1-x)*y*(1-x)", &laws));
    assert_eq!(law.support().len(), 2, "{law}");
}

/// The law of the commutator is known to fewer digits than laws with a formula; its square still is an image.
#[test]
fn squares_of_laws_that_were_solved_for() {
    let laws = [("x", three_atoms()), ("y", Law::projection(0.5).unwrap())];
    law_with_moments(&model("(i*(x*y - y*x))^2", &laws));
}

/// From one point that variables are measured from no walk leads to the law, from another one does.
#[test]
fn other_centers_are_tried() {
    let laws = [("x", Law::projection(0.5).unwrap()), ("y", Law::uniform(0.0, 1.0).unwrap())];
    law_with_moments(&model("x*y*x - y", &laws));
}

/// The law of the sum of three values and a free copy, made symmetric: its edges are inside of the support.
#[test]
fn anticommutators_with_signs() {
    for text in ["x*s + s*x", "(x*s + s*x)^2"] {
        let law = law_with_moments(&model(text, &[("x", three_atoms()), ("s", Law::bernoulli().unwrap())]));
        let sum = three_atoms().plus(&three_atoms()).unwrap();
        let expected = |x: f64| 0.5 * (sum.density(x) + sum.density(-x));
        if text == "x*s + s*x" {
            assert_density(&law, expected, &[-3.1, -1.7, -0.4, 0.3, 0.9, 1.9, 2.6, 3.7]);
        }
    }
}

/// On the range of the projection `p`, next to `x = 0`, eigenvalues of `x p x + p` pile up at 1, where no atoms meet.
#[test]
fn one_atom_leaves_a_trace() {
    for x in [semicircle(), Law::uniform(-1.0, 1.0).unwrap()] {
        let model = model("x*p*x + p", &[("x", x), ("p", Law::projection(0.3).unwrap())]);
        let law = model.law().unwrap();
        let exact = model.moments(6)[5];
        assert!((law.moment(6) / exact - 1.0).abs() < 1e-10, "{} {exact}", law.moment(6));
        let [atom] = law.atoms() else { panic!("{law}") };
        assert!(atom.location == 0.0 && (atom.mass - 0.4).abs() < 1e-10, "{law}");
    }
}

/// Walks that get lost next to the singular point 1, a jump of the law, end there.
#[test]
fn half_a_projection_and_a_conjugate() {
    for text in ["x*p*x + p", "x*p*x + 2*p"] {
        let model = model(text, &[("x", semicircle()), ("p", Law::projection(0.5).unwrap())]);
        let law = model.law().unwrap();
        let exact = model.moments(6)[5];
        assert!((law.moment(6) / exact - 1.0).abs() < 1e-10, "{text}: {} {exact}", law.moment(6));
    }
}

#[test]
fn two_valued_variables_reduce_to_numbers_where_they_can() {
    let signs = || Law::bernoulli().unwrap();
    // (x y + y x)^2 of two signs is 2 + x y x y + y x y x: with x y = e^{i t} it is 4 cos^2 t, t uniform.
    let law = model("(x*y + y*x)^2", &[("x", signs()), ("y", signs())]).law().unwrap();
    let arcsine = Law::arcsine(0.0, 4.0).unwrap();
    assert_density(&law, |x| arcsine.density(x), &[0.01, 1.0, 2.0, 3.9]);
    // x y x is a sign again.
    let law = model("x*y*x", &[("x", signs()), ("y", signs())]).law().unwrap();
    assert_eq!(law.atoms().iter().map(|atom| atom.location).collect::<Vec<_>>(), [-1.0, 1.0]);
    // Relations make this the constant 2.
    let law = model("x^2 + x*y^2*x", &[("x", signs()), ("y", signs())]).law().unwrap();
    assert_eq!((law.atoms()[0].location, law.atoms()[0].mass), (2.0, 1.0));
}

#[test]
fn the_law_of_a_singular_polynomial_can_be_used_again() {
    let square = model("x^2 + x", &[("x", Law::uniform(-1.0, 1.0).unwrap())]).to_law().unwrap();
    assert!(square.singularities().contains(&Singularity::Branch { location: 0.0, order: 1 }));
    // The image of an affine image, twice.
    let moved = square.affine(-2.0, 1.0).unwrap();
    assert_relative_eq!(moved.density(1.2), 0.5 * square.density(-0.1), max_relative = 1e-9);
    let noisy = square.plus(&Law::semicircle(0.3).unwrap()).unwrap();
    let cumulants = noisy.free_cumulants(4);
    assert_relative_eq!(cumulants[1], square.free_cumulants(2)[1] + 0.3, max_relative = 1e-10);
    assert_relative_eq!(noisy.spectral().variance(), cumulants[1], max_relative = 1e-8);
}

#[test]
fn narrow_laws_are_not_taken_for_points() {
    // The fourth power of a uniform law on [-1, 1], far from 0.
    let law = model("(x - 100)^4", &[("x", Law::uniform(99.0, 101.0).unwrap())]).law().unwrap();
    assert_density(&law, |y| 0.25 * y.powf(-0.75), &[1e-6, 0.01, 0.5, 0.99]);
    // A semicircular of deviation 1e-7 around 1, and one next to 10^7.
    let signs = Law::bernoulli().unwrap();
    let law = model("x^2 + 0.0000001*y", &[("x", signs), ("y", semicircle())]).law().unwrap();
    assert_relative_eq!(law.range()[1] - 1.0, 2e-7, max_relative = 1e-6);
    assert_relative_eq!(law.density(1.0), 1e7 / PI, max_relative = 1e-6);
    let law = model("x + 10000000", &[("x", semicircle())]).law().unwrap();
    assert_relative_eq!(law.range()[0], 1e7 - 2.0, epsilon = 1e-6);
    // Two atoms that are close are two.
    let close = Law::atoms(&[(3e6, 0.5), (3e6 + 1.0, 0.5)]).unwrap();
    assert_eq!(model("x", &[("x", close)]).law().unwrap().atoms().len(), 2);
    // Squares out of range are refused.
    for text in ["1e200*x*y + 1e200*y*x", "1e-200*x*y + 1e-200*y*x"] {
        let laws = [("x", semicircle()), ("y", semicircle())];
        assert!(model(text, &laws).law().is_err(), "{text}");
    }
}

/// The kernel of `x y x` is the larger one of those of the factors (of `x y` and its adjoint, for equal ones).
#[test]
fn kernels_of_products_are_exact() {
    let poisson = |ratio: f64| Law::marchenko_pastur(ratio).unwrap();
    for (one, two) in [(2.0, 2.0), (1.5, 1.5), (3.0, 1.4), (0.7, 2.0)] {
        let law = model("x*y*x", &[("x", poisson(one)), ("y", poisson(two))]).law().unwrap();
        let kernel = 1.0 - 1.0 / f64::max(one, two);
        assert_eq!(law.atoms().len(), 1, "{one} {two}: {law}");
        assert_eq!(law.atoms()[0].location, 0.0);
        assert_relative_eq!(law.atoms()[0].mass, kernel, epsilon = 1e-12);
    }
}

#[test]
fn functions_of_a_sum_are_images_of_its_law() {
    // (x + y)^2 of semicirculars of variance 1 is that of one of variance 2.
    let law = model("(x + y)^2", &[("x", semicircle()), ("y", semicircle())]).law().unwrap();
    let poisson = Law::free_poisson(1.0, 2.0).unwrap();
    assert_density(&law, |x| poisson.density(x), &[1e-4, 0.5, 4.0, 7.9]);
    // (x + y)^4, next to 0 as far as numbers reach: the density at t^4 is that of x + y at t and -t over 4 t^3.
    let law = model("(x + y)^4", &[("x", semicircle()), ("y", semicircle())]).law().unwrap();
    let sum = |t: f64| half_moon(t / 2f64.sqrt()) / 2f64.sqrt();
    for z in [1e-100, 1e-12, 1e-3, 1.0, 63.0] {
        let t = f64::powf(z, 0.25);
        assert_relative_eq!(law.density(z), sum(t) / (2.0 * t.powi(3)), max_relative = 1e-11);
    }
    // Where masses of atoms fill the whole the sum has a hard edge.
    let laws = [
        ("x", Law::atoms(&[(0.0, 0.25), (1.0, 0.5), (3.0, 0.25)]).unwrap()),
        ("y", Law::bernoulli().unwrap()),
    ];
    let law = model("x + y", &laws).law().unwrap();
    assert_eq!(law.density(2.0), f64::INFINITY);
    // So many words that their moments are out of reach are refused at once.
    let laws = [("x", semicircle()), ("y", semicircle())];
    let many = model("(x + y)^7 + x*y*x", &laws).law();
    assert!(matches!(many, Err(freespectra::Error::InvalidArgument { .. })));
}

/// `x^n` has the density `rho(|z|^(1/n)) |z|^(1/n - 1) / n`, twice that for even `n`: infinite at 0, and known next to
/// it as far as numbers reach.
#[test]
fn high_powers_are_known_next_to_zero() {
    for x in [Law::semicircle(1.0).unwrap(), Law::arcsine(-1.0, 1.0).unwrap()] {
        for n in [7, 9, 10, 11, 21] {
            let law = model(&format!("x^{n}"), &[("x", x.clone())]).law().unwrap();
            assert!(law.density(0.0).is_infinite(), "x^{n}");
            for z in [1e-300f64, 1e-200, 1e-120, 1e-40, 1e-3] {
                let t = z.powf(1.0 / f64::from(n));
                let branches = if n % 2 == 0 { 2.0 } else { 1.0 };
                let exact = branches * x.density(t) * t.powi(1 - n) / f64::from(n);
                assert_relative_eq!(law.density(z), exact, max_relative = 1e-9);
            }
            let [low, high] = law.range();
            let inner = law.mesh(512).into_iter().flatten().filter(|z| low < *z && *z < high);
            assert_eq!(inner.filter(|z| law.density(*z) == 0.0).count(), 0, "x^{n}");
        }
    }
}

/// Next to singular values the equation is ill-conditioned; exact moments tell whether it was solved, of which no check inside
/// sees the fifth and the sixth.
#[test]
fn laws_next_to_singular_values_have_their_moments() {
    let uniform = |low: f64| Law::uniform(low, 1.0).unwrap();
    let two = |low: f64| Law::atoms(&[(low, 0.3), (1.0, 0.7)]).unwrap();
    let projection = |mass: f64| Law::projection(mass).unwrap();
    for (text, count, laws) in [
        // In powers of the variables.
        ("x^6*y^2 + y^2*x^6", 2, vec![("x", uniform(-1.0)), ("y", uniform(-0.5))]),
        // By Newton's method.
        (
            "w*y*x + x*y*w",
            6,
            vec![
                ("w", two(-0.6200509192711025)),
                ("x", projection(0.8712193571357417 / 1.6)),
                ("y", Law::arcsine(0.0, 0.6106470849677583).unwrap()),
            ],
        ),
        // Measured from the value of the singular point.
        (
            "0.7549771295615127*(w*y*z + z*y*w) + 1.1393622833487647*y",
            6,
            vec![
                ("w", projection(1.1618658140979932 / 1.6)),
                ("y", projection(0.9752759164331026 / 1.6)),
                ("z", two(-0.8664027314193365)),
            ],
        ),
    ] {
        let model = model(text, &laws);
        let law = model.law().unwrap();
        for (k, exact) in (1..).zip(model.moments(count)) {
            let scale = law.integrate(|x| x.abs().powi(k));
            assert!((law.moment(k) - exact).abs() < 1e-9 * scale, "{text}: m_{k}");
        }
    }
}

/// Intervals and gaps of the width of rounding are points that could not be solved for.
#[test]
fn no_interval_or_gap_is_as_narrow_as_rounding() {
    let laws = [
        ("w", Law::atoms(&[(-0.6, 0.3), (1.0, 0.7)]).unwrap()),
        ("x", Law::projection(0.54).unwrap()),
        ("y", Law::arcsine(0.0, 0.6).unwrap()),
    ];
    match model("w*y*x + x*y*w", &laws).law() {
        Err(error) => assert!(matches!(error, freespectra::Error::NotCertified { .. }), "{error}"),
        Ok(law) => {
            let ends: Vec<f64> = law.support().into_iter().flatten().collect();
            assert!(ends.windows(2).all(|pair| pair[1] - pair[0] > 1e-12), "{law}");
        }
    }
}
