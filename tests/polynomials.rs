//! Spectra of polynomials in free variables: closed forms, the two routes against each other, convolutions,
//! the mini-batch model as a polynomial.

use std::f64::consts::PI;

use approx::assert_relative_eq;
use freespectra::free::convolution::FreeSum;
use freespectra::polynomial::{FreePolynomial, Polynomial, Route};
use freespectra::{Error, Law, MiniBatch, SpectralLaw};

fn model(text: &str, laws: &[(&str, Law)]) -> FreePolynomial {
    FreePolynomial::new(text.parse().unwrap(), laws).unwrap()
}

fn law(text: &str, laws: &[(&str, Law)]) -> SpectralLaw {
    model(text, laws).law().unwrap()
}

fn semicircle() -> Law {
    Law::semicircle(1.0).unwrap()
}

fn assert_same(one: &SpectralLaw, two: &SpectralLaw, tolerance: f64) {
    let (support, other) = (one.support(), two.support());
    assert_eq!(support.len(), other.len(), "{one} against {two}");
    for (a, b) in support.iter().flatten().zip(other.iter().flatten()) {
        assert_relative_eq!(*a, *b, epsilon = tolerance);
    }
    for [low, high] in support {
        for i in 1..20 {
            let x = low + (high - low) * f64::from(i) / 20.0;
            assert_relative_eq!(
                one.density(x),
                two.density(x),
                epsilon = tolerance,
                max_relative = tolerance
            );
        }
    }
    assert_eq!(one.atoms().len(), two.atoms().len());
    for (a, b) in one.atoms().iter().zip(two.atoms()) {
        assert_relative_eq!(a.location, b.location, epsilon = tolerance);
        assert_relative_eq!(a.mass, b.mass, epsilon = tolerance);
    }
}

/// Density of the law with `R(w) = 2 w / (1 - w^2)`: the commutator and the anticommutator of two free
/// semicirculars (Nica and Speicher, Duke Math. J. 92, 1998), from `x G (1 - G^2) = 1 + G^2`.
fn nica_speicher(x: f64) -> f64 {
    // x g^3 + g^2 - x g + 1 = 0; with one real root the others are a conjugate pair.
    let cubic = |g: f64| x * g.powi(3) + g * g - x * g + 1.0;
    if x == 0.0 {
        return 1.0 / PI;
    }
    // The real root lies beyond the stationary points, on the side where x g^3 has the other sign.
    let (mut low, mut high) = (-1e6, 1e6);
    if x < 0.0 {
        (low, high) = (1e6, -1e6);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if cubic(middle) < 0.0 { low = middle } else { high = middle }
    }
    let real = 0.5 * (low + high);
    // g^2 + p g + q with the real root divided out.
    let p = 1.0 / x + real;
    let q = -1.0 + real * p;
    (q - 0.25 * p * p).max(0.0).sqrt() / PI
}

#[test]
fn commutator_and_anticommutator_of_semicirculars() {
    let edge = ((11.0 + 5.0 * 5f64.sqrt()) / 2.0).sqrt();
    let laws = [("x", semicircle()), ("y", semicircle())];
    for text in ["x*y + y*x", "i*(x*y - y*x)"] {
        for route in [Route::Automatic, Route::RTransform, Route::Subordination] {
            let model = model(text, &laws).with_route(route).unwrap();
            assert_eq!(model.linearization().size(), 3);
            let law = model.law().unwrap();
            let support = law.support();
            assert_relative_eq!(support[0][0], -edge, epsilon = 1e-9);
            assert_relative_eq!(support[0][1], edge, epsilon = 1e-9);
            for x in [-3.2, -1.0, -0.1, 0.0, 0.4, 2.0, 3.3] {
                assert_relative_eq!(law.density(x), nica_speicher(x), epsilon = 1e-9);
            }
        }
    }
}

#[test]
fn r_transforms_and_subordination_agree() {
    let laws = [
        ("x", Law::semicircle(0.7).unwrap()),
        ("y", Law::marchenko_pastur(0.5).unwrap()),
        ("z", Law::free_poisson(1.5, 0.4).unwrap()),
    ];
    for text in [
        "x*y + y*x",
        "x*y*x + z",
        "i*(x*y - y*x) + z",
        "x*y*z + z*y*x",
        "y^2 + x*z + z*x",
        "x^2*y + y*x^2 - 0.5*z",
    ] {
        let model = model(text, &laws);
        let one = model.clone().with_route(Route::RTransform).unwrap().law().unwrap();
        let two = model.with_route(Route::Subordination).unwrap().law().unwrap();
        assert_same(&one, &two, 1e-9);
    }
}

#[test]
fn linear_polynomials_are_convolutions() {
    let (x, y) = (Law::uniform(-1.0, 1.0).unwrap(), Law::projection(0.3).unwrap());
    let sum = FreeSum::new(&x, &y.affine(2.0, 0.5).unwrap()).unwrap().law().unwrap();
    let signs = Law::bernoulli().unwrap();
    let tree = Law::kesten_mckay(3.0).unwrap();
    // By convolution, and by the operator-valued equation.
    for route in [Route::Automatic, Route::Subordination] {
        let model = model("x + 2*y + 0.5", &[("x", x.clone()), ("y", y.clone())]).with_route(route).unwrap();
        assert_same(&model.law().unwrap(), sum.spectral(), 1e-9);
    }
    for route in [Route::Automatic, Route::Subordination] {
        let laws = ["a", "b", "c"].map(|name| (name, signs.clone()));
        let model = model("a + b + c", &laws).with_route(route).unwrap();
        assert_same(&model.law().unwrap(), tree.spectral(), 1e-9);
    }
}

#[test]
fn compressions_are_products() {
    // p y p has the law of the product with the projection.
    let (p, y) = (Law::projection(0.5).unwrap(), Law::marchenko_pastur(0.25).unwrap());
    let product = p.times(&y).unwrap();
    assert_same(&law("p*y*p", &[("p", p), ("y", y)]), product.spectral(), 1e-9);
}

#[test]
fn powers_of_one_variable_are_images() {
    // The square of a semicircular is Marchenko-Pastur of ratio 1.
    let square = law("x^2", &[("x", semicircle())]);
    assert_same(&square, Law::marchenko_pastur(1.0).unwrap().spectral(), 1e-9);
    // Of a bulk next to 0, where the root of the image is singular outside of it; the moments are those of the law.
    for ratio in [0.6, 0.65, 0.95] {
        let variable = Law::marchenko_pastur(ratio).unwrap();
        let image = law("x^2", &[("x", variable.clone())]);
        assert_relative_eq!(image.total_mass(), 1.0, epsilon = 1e-11);
        let inverse = |law: &SpectralLaw, power: i32| law.integrate(|x| x.powi(power));
        assert_relative_eq!(inverse(&image, -1), inverse(variable.spectral(), -2), max_relative = 1e-9);
    }
    // Atoms are mapped exactly, whatever the polynomial.
    let image = law("x^2 - x", &[("x", Law::atoms(&[(-1.0, 0.25), (0.0, 0.25), (2.0, 0.5)]).unwrap())]);
    assert_eq!(image.atoms().len(), 2);
    assert_relative_eq!(image.atoms()[1].mass, 0.75, epsilon = 1e-14);
    assert_eq!(image.atoms()[1].location, 2.0);
}

/// Two free projections are 2 x 2 blocks with `c = cos(angle)`, on which `p q + q p` has the eigenvalues
/// `c^2 +- c` (Halmos, Trans. AMS 144, 1969); the law of `c^2` is the free Jacobi law.
#[test]
fn anticommutator_of_projections_has_atoms_bulks_and_a_hard_edge() {
    let (a, b) = (0.3, 0.45);
    let laws = [("p", Law::projection(a).unwrap()), ("q", Law::projection(b).unwrap())];
    let law = law("p*q + q*p", &laws);
    let root = f64::sqrt(4.0 * a * b * (1.0 - a) * (1.0 - b));
    let (low, high) = (a + b - 2.0 * a * b - root, a + b - 2.0 * a * b + root);
    let support = law.support();
    assert_eq!(support.len(), 2);
    let ends = [-0.25, high - high.sqrt(), low + low.sqrt(), high + high.sqrt()];
    for (found, exact) in support.iter().flatten().zip(ends) {
        assert_relative_eq!(*found, exact, epsilon = 1e-9);
    }
    let jacobi = |t: f64| ((t - low) * (high - t)).max(0.0).sqrt() / (2.0 * PI * t * (1.0 - t));
    // Pushed forward from t = c^2 along c^2 + c and c^2 - c, the latter from both sides of c = 1/2.
    let density = |x: f64| {
        let root = (0.25 + x).sqrt();
        let from = |c: f64| if c > 0.0 { jacobi(c * c) * 2.0 * c / (2.0 * root) } else { 0.0 };
        if x > 0.0 { from(root - 0.5) } else { from(0.5 + root) + from(0.5 - root) }
    };
    for x in [-0.24, -0.2, -0.15, -0.05, 0.3, 1.0, 1.8] {
        assert_relative_eq!(law.density(x), density(x), epsilon = 1e-9, max_relative = 1e-9);
    }
    assert_eq!(law.atoms().len(), 1);
    assert_relative_eq!(law.atoms()[0].mass, 1.0 - 2.0 * a, epsilon = 1e-9);
}

#[test]
fn two_batches_are_a_polynomial_in_two_free_poisson_variables() {
    for (step_size, aspect_ratio) in [(0.4, 0.5), (0.7, 0.3), (0.3, 2.0)] {
        let batches = MiniBatch::builder().batches(2).step_size(step_size).aspect_ratio(aspect_ratio).build();
        let expected = batches.unwrap().law().unwrap();
        let [u, v] = Polynomial::variables(["u", "v"]).unwrap();
        let z = 0.5 * (&u + &v) - 0.25 * step_size * (&u * &v + &v * &u);
        let poisson = Law::marchenko_pastur(2.0 * aspect_ratio).unwrap();
        let laws = [("u", poisson.clone()), ("v", poisson)];
        assert_same(&FreePolynomial::new(z, &laws).unwrap().law().unwrap(), &expected, 1e-9);
    }
}

#[test]
fn bad_models_are_refused() {
    let x = [("x", semicircle())];
    let error =
        |text: &str, laws: &[(&str, Law)]| FreePolynomial::new(text.parse().unwrap(), laws).unwrap_err();
    let Error::NotSelfAdjoint { part, .. } = error("x^2 + x*y", &x) else { panic!() };
    assert_eq!(part, "x*y");
    assert!(error("x*y + y*x", &x).to_string().contains("variable y"));
    assert!(matches!(error("x", &[("x", semicircle()), ("x", semicircle())]), Error::InvalidArgument { .. }));
    let signs = [("x", Law::bernoulli().unwrap())];
    assert!(matches!(model("x", &signs).with_route(Route::RTransform), Err(Error::InvalidArgument { .. })));
    // Constants, and polynomials that are constant for these laws, are points.
    assert_eq!(law("2.5", &[]).atoms()[0].location, 2.5);
    assert_relative_eq!(law("x^2", &signs).atoms()[0].location, 1.0, epsilon = 1e-15);
}

/// A search from inside of the support took two points of this interval for ends, where unknowns are hard to solve for, and made
/// gaps of 1e-6 of them, whose mass no certificate misses.
#[test]
fn walks_find_no_gap_that_is_not_there() {
    let laws = [
        ("w", Law::marchenko_pastur(1.2223).unwrap()),
        ("x", Law::projection(0.2727).unwrap()),
        ("y", Law::marchenko_pastur(1.0347).unwrap()),
        ("z", Law::uniform(-0.641, 1.0).unwrap()),
    ];
    let text = "-0.50499*(w*x*y^3 + y^3*x*w) + 0.56304*(w*y*x^2 + x^2*y*w) + 0.66022*z";
    let model = FreePolynomial::new(text.parse::<Polynomial>().unwrap(), &laws).unwrap();
    let law = model.law().unwrap();
    assert_eq!(law.support().len(), 1, "{law}");
    let exact = model.moments(4);
    assert!((law.moment(4) / exact[3] - 1.0).abs() < 1e-9);
}

/// Atoms next to which unknowns lose their digits long before the power of the rest is known.
#[test]
fn atoms_are_told_from_values_high_above() {
    let rank = 0.29988783;
    let cases = [
        // In blocks of the kernel of y, of dimension 0.16605, and its complement: the off-diagonal block has full rank, twice,
        // and of w z w the rest of its rank is left in the complement.
        (
            "-0.92216468*(w*z*w*y + y*w*z*w)",
            vec![
                ("w", Law::arcsine(0.0, 1.3817).unwrap()),
                ("y", Law::projection(0.83395).unwrap()),
                ("z", Law::projection(0.1891).unwrap()),
            ],
            1.0 - 0.16605 - 0.1891,
        ),
        // A z + z A^* has twice the rank of z.
        (
            "-0.31444286*(y*z + z*y) - 0.17171295*(z*y*z*y + y*z*y*z)",
            vec![("y", Law::uniform(-1.16803152, 1.0).unwrap()), ("z", Law::projection(rank).unwrap())],
            1.0 - 2.0 * rank,
        ),
    ];
    for (text, laws, mass) in cases {
        let model = FreePolynomial::new(text.parse::<Polynomial>().unwrap(), &laws).unwrap();
        let law = model.law().unwrap();
        let exact = model.moments(6);
        assert!((law.moment(6) / exact[5] - 1.0).abs() < 1e-9, "{text}");
        let [atom] = law.atoms() else { panic!("{text}: {law}") };
        assert!(atom.location == 0.0 && (atom.mass - mass).abs() < 1e-10, "{text}: {law}");
    }
}
