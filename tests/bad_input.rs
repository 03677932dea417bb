//! What the library refuses, and under which name.

use std::fmt::Debug;

use freespectra::comparison::{
    Bins, Comparison, Histogram, PowerLawFit, ReferenceLaw, kolmogorov_smirnov, moments, wasserstein1,
};
use freespectra::finite::{Batching, EXACT_BATCHES, Entries, MonteCarlo, Route};
use freespectra::minibatch::MiniBatchBuilder;
use freespectra::population::Atom;
use freespectra::solver::{Channel, FixedPoint, Link, LinkEntry, Pencil, SolverOptions};
use freespectra::{Error, MiniBatch, Population, Result, SpectralLaw};
use nalgebra::{DMatrix, dmatrix};
use num_complex::Complex64;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const NOT_POSITIVE: [f64; 6] = [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// An `InvalidArgument` under the given name, whose message says all three things.
#[track_caller]
fn refused<T: Debug>(name: &str, result: Result<T>) {
    match result {
        Err(Error::InvalidArgument { argument, value, allowed }) => {
            assert_eq!(argument, name);
            let message = Error::InvalidArgument { argument, value: value.clone(), allowed: allowed.clone() };
            let message = message.to_string();
            assert!(!allowed.is_empty() && message.contains(name) && message.contains(&allowed), "{message}");
            assert!(message.contains(&value), "{message}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn built(change: impl FnOnce(MiniBatchBuilder) -> MiniBatchBuilder) -> Result<MiniBatch> {
    change(MiniBatch::builder()).build()
}

#[test]
fn models() {
    for batches in [0, 129, usize::MAX] {
        refused("batches", built(|model| model.batches(batches)));
    }
    for bad in NOT_POSITIVE {
        refused("aspect_ratio", built(|model| model.aspect_ratio(bad)));
        refused("step_size", built(|model| model.step_size(bad)));
        refused("epoch_step", built(|model| model.epoch_step(bad)));
        refused("step_sizes", built(|model| model.batches(2).step_sizes(&[0.1, bad])));
        refused("batch_fractions", built(|model| model.batches(2).batch_fractions(&[0.5, bad])));
    }
    for count in [0, 1, 3] {
        refused("step_sizes", built(|model| model.batches(2).step_sizes(&vec![0.1; count])));
        refused("batch_fractions", built(|model| model.batches(2).batch_fractions(&vec![0.5; count])));
    }
    refused("batch_fractions", built(|model| model.batches(2).batch_fractions(&[0.5, 0.5 + 1e-6])));
    refused("batch_fractions", built(|model| model.batches(2).batch_fractions(&[f64::MAX; 2])));
    // More batches than the lattice reaches, once by size and once by step size.
    let fractions = [0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1];
    refused("batches", built(|model| model.batches(7).batch_fractions(&fractions)));
    refused("batches", built(|model| model.batches(7).step_sizes(&fractions)));
    refused("batches", built(|model| model.batches(7)).unwrap().lattice_pencil());
    // Steps that underflow or overflow once divided or added up.
    refused("epoch_step", built(|model| model.epoch_step(f64::from_bits(1))));
    refused("step_size", built(|model| model.step_size(f64::MAX)));
    refused("step_sizes", built(|model| model.batches(2).step_sizes(&[f64::MAX; 2])));
    // The limits themselves are allowed.
    assert_eq!(built(|model| model.batches(128)).unwrap().batches(), 128);
    assert!(built(|model| model.batches(7).batch_fractions(&[1.0 / 7.0; 7])).is_ok());
    assert!(built(|model| model.batches(6).step_sizes(&fractions[..6])).is_ok());
}

#[test]
fn populations() {
    refused("population", Population::atoms(&[]));
    refused("population", Population::from_eigenvalues(&[]));
    for bad in NOT_POSITIVE {
        if bad != 0.0 {
            refused("population eigenvalue", Population::atoms(&[(1.0, 0.5), (bad, 0.5)]));
            refused("population eigenvalue", Population::from_eigenvalues(&[1.0, bad]));
        }
        refused("population eigenvalue", Population::atoms(&[(bad, 1.0)]));
        refused("population weight", Population::atoms(&[(1.0, bad), (2.0, 1.0)]));
        refused("low", Population::uniform(bad, 1.0, 4));
        refused("high", Population::uniform(1.0, bad, 4));
        refused("exponent", Population::power_law(bad, 4));
    }
    for weight in [0.4, 0.6, f64::MAX] {
        refused("population weights", Population::atoms(&[(1.0, 0.5), (2.0, weight)]));
    }
    refused("high", Population::uniform(1.0, 1.0, 4));
    refused("exponent", Population::power_law(1e6, 4));
    for nodes in [0, 4097] {
        refused("nodes", Population::uniform(1.0, 2.0, nodes));
        refused("nodes", Population::power_law(1.0, nodes));
    }
}

#[test]
fn covariances() {
    for covariance in [
        DMatrix::zeros(0, 0),
        DMatrix::identity(2, 3),
        dmatrix![1.0, 0.5; 0.0, 1.0],
        dmatrix![f64::NAN, 0.0; 0.0, 1.0],
        dmatrix![1.0, f64::NAN; f64::NAN, 1.0],
        dmatrix![f64::INFINITY, 0.0; 0.0, 1.0],
        dmatrix![1.0, f64::INFINITY; f64::INFINITY, 1.0],
    ] {
        refused("covariance", Population::from_covariance(&covariance));
    }
    refused("population eigenvalue", Population::from_covariance(&dmatrix![1.0, 2.0; 2.0, 1.0]));
}

#[test]
fn solver_options() {
    let options = SolverOptions::default();
    assert!(options.validated().is_ok());
    for tolerance in [0.0, 1e-16, 0.1, -1.0, f64::NAN, f64::INFINITY] {
        refused("tolerance", SolverOptions { tolerance, ..options }.validated());
    }
    for window in [0, 33] {
        refused("window", SolverOptions { window, ..options }.validated());
    }
    let none = SolverOptions { iteration_limit: 0, ..options };
    refused("iteration_limit", none.validated());
    // Nobody has to ask: it is checked where the options are used.
    let model = MiniBatch::builder().build().unwrap();
    refused("iteration_limit", model.law_with(none));
    refused("iteration_limit", model.transform(none).map(drop));
}

#[test]
fn laws() {
    let law = MiniBatch::builder().batches(1).build().unwrap().law().unwrap();
    for probability in [-1e-300, 1.0 + f64::EPSILON, f64::NAN, f64::INFINITY] {
        refused("probability", law.quantile(probability));
    }
    for scale in [0.0, -0.0, f64::NAN, f64::INFINITY] {
        refused("scale", law.affine(scale, 1.0));
    }
    for shift in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused("shift", law.affine(1.0, shift));
    }
    // The interval would shrink to nothing, or leave the numbers.
    for (scale, shift) in [(1e-20, 1.0), (-1e-18, 1.0), (f64::from_bits(1), 0.0), (f64::MAX, 0.0)] {
        refused("scale", law.affine(scale, shift));
    }
    refused("scale", law.affine(1.0, 1e300));
}

#[test]
fn pencils() {
    let one = || DMatrix::from_element(1, 1, 1.0);
    let link = |block, channel_state, block_state, gain, weight| Link {
        block,
        gain,
        entries: vec![LinkEntry { channel_state, block_state, weight }],
    };
    let channel = |ratio, link| Channel { ratio, inverse_coefficient: one(), links: vec![link] };
    assert!(Pencil::new(vec![one()], vec![channel(0.5, link(0, 0, 0, 1.0, 1.0))]).is_ok());

    refused("blocks", Pencil::new(vec![], vec![]));
    for matrix in [
        DMatrix::zeros(0, 0),
        DMatrix::identity(1, 2),
        dmatrix![1.0, 2.0; 3.0, 1.0],
        DMatrix::from_element(1, 1, f64::NAN),
        DMatrix::from_element(1, 1, f64::INFINITY),
    ] {
        refused("pencil coefficient", Pencil::new(vec![matrix.clone()], vec![]));
        let links = vec![];
        let channel = Channel { ratio: 0.5, inverse_coefficient: matrix, links };
        refused("pencil coefficient", Pencil::new(vec![one()], vec![channel]));
    }
    for ratio in NOT_POSITIVE {
        refused("ratio", Pencil::new(vec![one()], vec![channel(ratio, link(0, 0, 0, 1.0, 1.0))]));
    }
    for link in [
        link(1, 0, 0, 1.0, 1.0),
        link(0, 1, 0, 1.0, 1.0),
        link(0, 0, 1, 1.0, 1.0),
        link(0, 0, 0, f64::NAN, 1.0),
        link(0, 0, 0, 1.0, f64::INFINITY),
    ] {
        refused("link", Pencil::new(vec![one()], vec![channel(0.5, link)]));
    }
}

#[test]
fn simulations() {
    refused("batches", Batching::equal(4, 0));
    for (samples, batches) in [(0, 1), (5, 2), (1, 2)] {
        refused("samples", Batching::equal(samples, batches));
    }
    refused("batch sizes", Batching::from_sizes(vec![]));
    refused("batch size", Batching::from_sizes(vec![3, 0]));
    refused("batch sizes", Batching::from_sizes(vec![usize::MAX, 2]));
    refused("batch_fractions", Batching::from_fractions(4, &[]));
    refused("batch_fractions", Batching::from_fractions(4, &[0.5, 0.4]));
    refused("samples", Batching::from_fractions(2, &[0.5, 0.3, 0.2]));
    // Sizes come from files, too.
    for json in ["[]", "[2, 0]", "[-1]"] {
        assert!(serde_json::from_str::<Batching>(json).is_err(), "{json}");
    }

    let batching = |batches: usize| Batching::equal(2 * batches, batches).unwrap();
    let run = |batches| MonteCarlo::new(10, batching(batches), 0.1).unwrap();
    for features in [0, 1] {
        refused("features", MonteCarlo::new(features, batching(2), 0.1));
    }
    for bad in NOT_POSITIVE {
        refused("batch_fractions", Batching::from_fractions(4, &[0.5, bad]));
        refused("step_size", MonteCarlo::new(10, batching(2), bad));
        // A batch may rest, but not all of them.
        if bad == 0.0 {
            let still = run(2).with_step_sizes(vec![bad; 2]);
            refused("sum of step_sizes", still.and_then(|still| still.run(None)));
        } else {
            refused("step_size", run(2).with_step_sizes(vec![0.1, bad]));
        }
        let entries = Entries::StudentT { degrees_of_freedom: bad };
        refused("degrees_of_freedom", run(2).with_entries(entries));
    }
    refused("degrees_of_freedom", "student:2".parse::<Entries>());
    refused("entries", "Gaussian".parse::<Entries>());
    refused("step_sizes", run(2).with_step_sizes(vec![0.1]));
    refused("draws", run(2).with_draws(0));
    refused("batches", run(EXACT_BATCHES + 1).with_route(Route::Exact));
    refused("orderings", run(2).with_route(Route::Permutations(0)));
}

#[test]
fn comparisons() {
    let uniform = |x: f64| x.clamp(0.0, 1.0);
    let law = ReferenceLaw::new(uniform, &[], (0.0, 1.0)).unwrap();
    for values in [&[][..], &[0.5, f64::NAN], &[f64::INFINITY], &[f64::NEG_INFINITY]] {
        refused("values", kolmogorov_smirnov(values, &law));
        refused("values", wasserstein1(values, &law));
        refused("values", moments(values));
        refused("values", Histogram::new(values, &Bins::FreedmanDiaconis));
        refused("values", Comparison::new(values, &law, &Bins::FreedmanDiaconis));
    }
    for count in [0, 2001, usize::MAX] {
        refused("bins", Histogram::new(&[0.5], &Bins::Count(count)));
    }
    for edges in [vec![], vec![0.0], vec![0.0, 0.0], vec![1.0, 0.0], vec![0.0, f64::NAN]] {
        refused("bin edges", Histogram::new(&[0.5], &Bins::Edges(edges)));
    }
    for support in [(0.0, 0.0), (1.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        refused("support", ReferenceLaw::new(uniform, &[], support).map(drop));
    }
    for (location, mass) in [(f64::NAN, 0.5), (0.0, 0.0), (0.0, -0.1), (0.0, 1.1), (0.0, f64::NAN)] {
        refused("atom", ReferenceLaw::new(uniform, &[Atom { location, mass }], (0.0, 1.0)).map(drop));
    }
    for value in [f64::NAN, -0.1, 1.1] {
        let law = ReferenceLaw::new(|_| value, &[], (0.0, 1.0)).unwrap();
        refused("cdf", kolmogorov_smirnov(&[0.5], &law));
        refused("cdf", wasserstein1(&[0.5], &law));
    }
    refused("points", PowerLawFit::new(&[(1.0, 1.0), (2.0, 1.0)]));
    refused("sizes", PowerLawFit::new(&[(2.0, 1.0); 3]));
    for bad in NOT_POSITIVE {
        refused("size", PowerLawFit::new(&[(1.0, 1.0), (2.0, 1.0), (bad, 1.0)]));
        refused("distance", PowerLawFit::new(&[(1.0, 1.0), (2.0, 1.0), (3.0, bad)]));
    }
}

/// Any number, the special ones and plausible ones often enough to get past the first check.
fn any_number() -> impl Strategy<Value = f64> {
    let special = [0.0, -0.0, f64::NAN, f64::INFINITY, f64::from_bits(1), f64::MIN_POSITIVE, f64::MAX];
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        prop::sample::select(special.to_vec()),
        1e-3f64..2.0,
        Just(0.5),
    ]
}

fn positive(x: f64) -> bool {
    x.is_finite() && x > 0.0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    /// A model that is built has parameters that mean something.
    #[test]
    fn any_model_is_refused_or_sound(
        batches in 0usize..140,
        few in any::<bool>(),
        aspect_ratio in any_number(),
        step in any_number(),
        kind in 0..3,
        steps in prop::collection::vec(any_number(), 0..5),
        fractions in prop::option::of(prop::collection::vec(any_number(), 0..5)),
    ) {
        let batches = if few { batches % 5 } else { batches };
        let mut builder = MiniBatch::builder().batches(batches).aspect_ratio(aspect_ratio);
        builder = match kind {
            0 => builder.step_size(step),
            1 => builder.epoch_step(step),
            _ => builder.step_sizes(&steps),
        };
        if let Some(fractions) = &fractions {
            builder = builder.batch_fractions(fractions);
        }
        match builder.build() {
            Err(error) => prop_assert!(matches!(error, Error::InvalidArgument { .. }), "{error:?}"),
            Ok(model) => {
                prop_assert!(positive(aspect_ratio) && (1..=128).contains(&batches));
                prop_assert_eq!(model.batches(), batches);
                prop_assert!(model.step_sizes().iter().chain(model.batch_fractions()).copied().all(positive));
                prop_assert!(positive(model.step_size()) && positive(model.epoch_step()), "{model:?}");
                let total: f64 = model.batch_fractions().iter().sum();
                prop_assert!((total - 1.0).abs() < 1e-12);
                prop_assert_eq!(model.full_batch().batches(), 1);
            }
        }
    }

    #[test]
    fn any_population_is_refused_or_sound(
        atoms in prop::collection::vec((any_number(), any_number()), 0..4),
        size in 0usize..50,
    ) {
        match Population::atoms(&atoms) {
            Err(error) => prop_assert!(matches!(error, Error::InvalidArgument { .. }), "{error:?}"),
            Ok(population) => {
                prop_assert!(atoms.iter().all(|&(t, w)| (t == 0.0 || positive(t)) && positive(w)));
                prop_assert!(atoms.iter().any(|&(t, _)| t > 0.0));
                let atoms = population.as_atoms();
                prop_assert!(atoms.is_sorted_by(|a, b| a.location < b.location));
                prop_assert!((atoms.iter().map(|atom| atom.mass).sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert_eq!(population.eigenvalues(size).len(), size);
            }
        }
    }
}

#[test]
fn values_from_files() {
    let model = MiniBatch::builder().batches(2).build().unwrap();
    let json = serde_json::to_value(&model).unwrap();
    assert_eq!(serde_json::from_value::<MiniBatch>(json.clone()).unwrap(), model);
    for (key, value) in [
        ("aspect_ratio", serde_json::json!(-1.0)),
        ("step_sizes", serde_json::json!([])),
        ("step_sizes", serde_json::json!([0.1, 0.0])),
        ("fractions", serde_json::json!([0.9])),
        ("fractions", serde_json::json!([0.5, 0.6])),
        ("population", serde_json::json!({"atoms": [{"location": -1.0, "mass": 1.0}]})),
    ] {
        let mut changed = json.clone();
        changed[key] = value;
        assert!(serde_json::from_value::<MiniBatch>(changed.clone()).is_err(), "{changed}");
    }
    let law = serde_json::to_value(model.law().unwrap()).unwrap();
    for (pointer, value) in [
        ("/pieces/0/segments", serde_json::json!([])),
        ("/pieces/0/segments/0/to", serde_json::json!(0.5)),
        ("/pieces/0/low", serde_json::json!(5.0)),
        ("/pieces/0/segments/0/rational/nodes", serde_json::json!([])),
        ("/pieces", serde_json::json!([])),
        ("/atoms", serde_json::json!([{"location": 0.0, "mass": 0.5}])),
    ] {
        let mut changed = law.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        assert!(serde_json::from_value::<SpectralLaw>(changed).is_err(), "{pointer}");
    }
}

#[test]
fn states_of_another_pencil() {
    let transform = |batches| {
        let model = MiniBatch::builder().batches(batches).build().unwrap();
        model.transform(SolverOptions::default()).unwrap()
    };
    let (two, three) = (transform(2), transform(3));
    let z = Complex64::new(1.0, 1.0);
    let (two, three) = (two.equation(), three.equation());
    let zeros = vec![Complex64::ZERO; two.dimension()];
    refused("state", two.iterate(z, &[], &mut two.workspace()));
    refused("workspace", two.iterate(z, &zeros, &mut three.workspace()));
    refused("state", two.weighted_root(z, &[], &mut two.workspace()));
    refused("channel", two.channel_form(z, &zeros, 9, &[], &mut two.workspace()));
    refused("vector", two.channel_form(z, &zeros, 0, &[], &mut two.workspace()));
}
