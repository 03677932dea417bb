//! Walks along the real solutions of polynomial equations.

use nalgebra::DVector;
use num_complex::Complex64;

use super::channel::Unknown;
use super::{FreePolynomial, Polynomial, PolynomialEquation, Route};
use crate::free::Law;
use crate::law::{CauchyTransform, EquationTransform, SpectralLaw};
use crate::solver::FixedPoint;
use crate::solver::walk::{Runaway, Walk};

fn transform(text: &str, laws: &[(&str, Law)], route: Route) -> EquationTransform<PolynomialEquation> {
    let model = FreePolynomial::new(text.parse::<Polynomial>().unwrap(), laws).unwrap();
    model.with_route(route).unwrap().transform_in(Unknown::Resolvent).unwrap()
}

/// The end of the support that a walk from afar leads to.
fn end(transform: &EquationTransform<PolynomialEquation>, start: f64, sign: f64) -> f64 {
    let mut workspace = transform.workspace();
    let guess = transform.far_state(start, &mut workspace).unwrap();
    transform.walk(start, &guess, sign, &mut workspace).unwrap().z
}

#[test]
fn known_edges() {
    let semicircle = || Law::semicircle(1.0).unwrap();
    let poisson = || Law::marchenko_pastur(0.5).unwrap();
    // Nica and Speicher, Duke Math. J. 92, 1998; and by an independent implementation.
    let of_semicirculars = (5.5 + 2.5 * f64::sqrt(5.0)).sqrt();
    for (text, y, edge, tolerance) in [
        ("x*y + y*x", semicircle(), of_semicirculars, 1e-13),
        ("i*(x*y - y*x)", semicircle(), of_semicirculars, 1e-13),
        ("x*y + y*x", poisson(), 5.736779, 5e-7),
    ] {
        for route in [Route::Automatic, Route::Subordination] {
            let transform = transform(text, &[("x", semicircle()), ("y", y.clone())], route);
            for sign in [-1.0, 1.0] {
                let found = end(&transform, -20.0 * sign, sign);
                assert!((found + sign * edge).abs() < tolerance, "{text} {route:?}: {found} {edge}");
            }
        }
    }
}

/// On the way the compressed resolvent of the uniform variable is singular, and its subordination function infinite.
#[test]
fn through_infinity_of_a_subordination_function() {
    let signs = Law::atoms(&[(-1.0, 0.4), (1.0, 0.6)]).unwrap();
    let laws = [("x", Law::uniform(-1.0, 1.0).unwrap()), ("y", signs)];
    let transform = transform("x*y*x + y", &laws, Route::Automatic);
    let found = [end(&transform, -8.0, 1.0), end(&transform, 8.0, -1.0)];
    let searched = SpectralLaw::build(&transform.with_walks(false)).unwrap().range();
    assert!((0..2).all(|i| (found[i] - searched[i]).abs() < 1e-11), "{found:?} {searched:?}");
}

/// Next to the pole some unknowns vanish.
#[test]
fn to_the_other_side_of_an_atom() {
    let laws = [
        ("w", Law::semicircle(1.1).unwrap()),
        ("x", Law::projection(0.22).unwrap()),
        ("y", Law::atoms(&[(-0.6, 0.3), (1.0, 0.7)]).unwrap()),
        ("z", Law::marchenko_pastur(1.25).unwrap()),
    ];
    let transform = transform("(y*w*x*z^2 + z^2*x*w*y)/10", &laws, Route::Automatic);
    let workspace = &mut transform.workspace();
    let equation = transform.equation();
    let start = &transform.solve((-0.01).into(), workspace).unwrap().state;
    let start = equation.outside(-0.01, start, workspace).unwrap();
    let found = equation.walk(&start, 1.0, &[Runaway::atom(0.0)], workspace).unwrap();
    let (z, state) = found.behind.unwrap();
    assert!(found.z == 0.0 && z > 0.0);
    let state: Vec<Complex64> = state.into_iter().map(Complex64::from).collect();
    // The law is symmetric.
    let [low, high] = [start.z, z].map(|z| {
        let guess: Vec<Complex64> =
            if z < 0.0 { start.state.iter().copied().map(Complex64::from).collect() } else { state.clone() };
        transform.walk(z, &guess, z.signum(), workspace).unwrap().z
    });
    assert!((low + high).abs() < 1e-13, "{low} {high}");
}

/// Differences of the map, for R-transforms, atoms and laws, and for complex coefficients.
#[test]
fn derivatives_are_those_of_the_map() {
    let uniform = || Law::uniform(-1.0, 1.0).unwrap();
    let atoms = || Law::atoms(&[(-1.0, 0.4), (0.5, 0.3), (2.0, 0.3)]).unwrap();
    let poisson = || Law::marchenko_pastur(0.5).unwrap();
    for text in ["x*y + y*x + z", "i*(x*y - y*x) + z*y + y*z", "x*y*z + z*y*x + x^2"] {
        let laws = [("x", uniform()), ("y", atoms()), ("z", poisson())];
        let transform = transform(text, &laws, Route::Automatic);
        let equation = transform.equation();
        let mut workspace = equation.workspace();
        let z = 12.0;
        let state = transform.far_state(z, &mut workspace).unwrap();
        let outside = equation.outside(z, &state, &mut workspace).unwrap();
        let x = DVector::from_vec(outside.state);
        let n = x.len();
        let size = x.amax();
        let v = DVector::from_fn(n, |i, _| size * ((i * i % 7) as f64 - 2.5));
        let mut derivative = vec![0.0; n];
        equation.derivative((z, 1.0), (x.as_slice(), v.as_slice()), &mut derivative, &mut workspace);
        let h = 1e-4;
        let map = |h: f64| {
            let state: Vec<Complex64> = (&x + &v * h).iter().map(|&x| x.into()).collect();
            let mut image = vec![Complex64::ZERO; n];
            equation.map((z + h).into(), &state, &mut image, &mut equation.buffers());
            assert!(image.iter().all(|entry| entry.im.abs() < 1e-13), "{text}: {image:?}");
            DVector::from_iterator(n, image.iter().map(|entry| entry.re))
        };
        let near = (map(h) - map(-h)) / (2.0 * h);
        let far = (map(2.0 * h) - map(-2.0 * h)) / (4.0 * h);
        let differences = (near * 4.0 - far) / 3.0;
        let error = (&differences - DVector::from_vec(derivative)).amax() / differences.amax();
        assert!(error < 1e-9, "{text}: {error:e}");
    }
}
