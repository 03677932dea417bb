//! Time of a whole certified law of a polynomial in free variables; `cargo bench --bench polynomials`
//! prints the size of the linearisation and the number of solves before each.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use freespectra::Law;
use freespectra::polynomial::{FreePolynomial, Route};

fn polynomials(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("law of a polynomial");
    let semicircle = || Law::semicircle(1.0).unwrap();
    let poisson = || Law::marchenko_pastur(0.5).unwrap();
    let uniform = || Law::uniform(-1.0, 1.0).unwrap();
    for (name, text, laws) in [
        ("anticommutator of two semicirculars", "x*y + y*x", vec![("x", semicircle()), ("y", semicircle())]),
        (
            "x*y + y*x, semicircle and Marchenko-Pastur",
            "x*y + y*x",
            vec![("x", semicircle()), ("y", poisson())],
        ),
        (
            "x*y*z + z*y*x + x^2, three laws",
            "x*y*z + z*y*x + x^2",
            vec![("x", semicircle()), ("y", poisson()), ("z", uniform())],
        ),
    ] {
        let model = FreePolynomial::new(text.parse().unwrap(), &laws).unwrap();
        for route in [Route::Automatic, Route::Subordination] {
            let model = model.clone().with_route(route).unwrap();
            let solves = model.law().unwrap().certificate().solves;
            eprintln!("{name}, {route:?}: {} rows, {solves} solves", model.linearization().size());
            group.bench_function(format!("{name}, {route:?}"), |bencher| {
                bencher.iter(|| black_box(&model).law().unwrap());
            });
        }
    }
}

criterion_group!(benches, polynomials);
criterion_main!(benches);
