//! Time of a whole certified law of Z, and of one exact Monte Carlo draw to compare with.
//!
//! `cargo bench` prints the number of fixed-point solves before each law.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use freespectra::MiniBatch;
use freespectra::finite::{Batching, MonteCarlo};
use freespectra::minibatch::Sweep;

fn laws(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("law of Z, epoch step 1, aspect ratio 0.5");
    for batches in [1, 2, 4, 8, 16, 32, 64] {
        let model = MiniBatch::builder().batches(batches).epoch_step(1.0).aspect_ratio(0.5).build().unwrap();
        let solves = model.law().unwrap().certificate().solves;
        eprintln!("{batches} batches: {solves} solves");
        if batches >= 32 {
            group.sample_size(10).measurement_time(Duration::from_secs(1));
        }
        group.bench_function(format!("{batches} batches"), |bencher| {
            bencher.iter(|| black_box(&model).law().unwrap());
        });
    }
}

/// Of models an epoch step of a thousandth apart, each for itself and each from the one before.
fn sweeps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("law of Z, epoch step moved by 0.1 %");
    for batches in [2, 4, 8, 16] {
        let models = [1.0, 1.001].map(|step| {
            MiniBatch::builder().batches(batches).epoch_step(step).aspect_ratio(0.5).build().unwrap()
        });
        let mut sweep = Sweep::default();
        let both = models.each_ref().map(|model| sweep.law(model).unwrap().certificate().evaluations);
        eprintln!("{batches} batches: {both:?} evaluations");
        let mut next = models.iter().cycle();
        group.bench_function(format!("{batches} batches"), |bencher| {
            bencher.iter(|| next.next().map(|model| sweep.law(model).unwrap()));
        });
    }
}

fn monte_carlo(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("Monte Carlo");
    group.sample_size(10);
    let batching = Batching::equal(2000, 4).unwrap();
    let run = MonteCarlo::new(1000, batching, 0.25).and_then(|run| run.with_draws(1)).unwrap();
    group.bench_function("one exact draw, 1000 features, 4 batches", |bencher| {
        bencher.iter(|| black_box(&run).run(None).unwrap());
    });
}

criterion_group!(benches, laws, sweeps, monte_carlo);
criterion_main!(benches);
