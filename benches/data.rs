//! Time of predictions on data: the decomposition, and curves from it.
//!
//! `cargo bench --bench data`

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use freespectra::MiniBatch;
use freespectra::data::{Curves, Dataset, Preparation, Search, StepSizes};
use freespectra::finite::{Entries, Partition, Schedule, draw_stream, sample_features, schedule_stream};

fn decomposition(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decomposition");
    group.sample_size(10);
    let mut rng = draw_stream(1, 0);
    for (rows, columns) in [(20_000, 500), (100_000, 500), (1000, 3000)] {
        let features = sample_features(rows, &vec![1.0; columns], Entries::Gaussian, &mut rng).unwrap();
        let targets = vec![1.0; rows];
        group.bench_function(format!("{rows} x {columns}"), |bencher| {
            bencher.iter(|| {
                Dataset::from_nalgebra(black_box(&features), Some(&targets), Preparation::default()).unwrap()
            });
        });
    }
}

/// Quantiles of the law of `W` for white data with `n = 2 p`, and a target with as much signal as noise.
fn white(features: usize) -> Dataset {
    let law = MiniBatch::builder().batches(1).aspect_ratio(0.5).build().unwrap().law().unwrap();
    let eigenvalues: Vec<f64> =
        (0..features).map(|i| law.quantile((i as f64 + 0.5) / features as f64).unwrap()).collect();
    let mut squares: Vec<f64> = eigenvalues.iter().map(|t| 2.0 * t + 1.0).collect();
    let kernel = vec![1.0; features];
    squares.extend(&kernel);
    let eigenvalues = [eigenvalues, vec![0.0; features]].concat();
    Dataset::from_spectrum(2 * features, features, &eigenvalues, Some(&squares)).unwrap()
}

fn curves(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("curve, 1000 features, 20 batches, epoch step 2");
    group.sample_size(10);
    let data = white(1000);
    let curves = Curves::new(&data, 20, StepSizes::Constant(0.1)).unwrap();
    for (partition, epochs) in [
        (Partition::Fresh, 100),
        (Partition::Replacement, 100),
        (Partition::Fixed, 20),
        (Partition::Fixed, 50),
        (Partition::Fixed, 100),
    ] {
        let curves = curves.clone().with_partition(partition);
        let steps = Schedule::RandomReshuffling.steps(20, epochs, &mut schedule_stream(1, 0)).unwrap();
        group.bench_function(format!("{partition}, {} steps", steps.len()), |bencher| {
            bencher.iter(|| {
                let curve = black_box(&curves).along(&steps).unwrap();
                assert_eq!(curve.diverged, None);
            });
        });
    }
}

/// What is asked of one data set: ten curves of 20 epochs, one of 2000 steps, a recommendation, and where runs diverge.
fn questions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("200 features, 400 rows");
    group.sample_size(10);
    let data = white(200);
    let fresh = |batches: usize, step_size: f64| {
        let curves = Curves::new(&data, batches, StepSizes::Constant(step_size)).unwrap();
        curves.with_partition(Partition::Fresh)
    };
    group.bench_function("10 curves of 20 epochs of 16 batches", |bencher| {
        bencher.iter(|| {
            for i in 1..=10 {
                let curves = fresh(16, 0.02 * f64::from(i));
                black_box(curves.averaged(&Schedule::default(), 20, 1, 0, None).unwrap());
            }
        });
    });
    group.bench_function("search over 1, 2, 4, 8, 16 batches, 20 epochs", |bencher| {
        bencher.iter(|| Search::new(black_box(&data), &[1, 2, 4, 8, 16]).unwrap().run().unwrap());
    });
    for (partition, batches) in [(Partition::Fresh, 16), (Partition::Fresh, 128), (Partition::Fixed, 8)] {
        let curves = fresh(batches, 0.1).with_partition(partition);
        group.bench_function(format!("stability, {partition}, {batches} batches"), |bencher| {
            bencher.iter(|| black_box(&curves).stability_factor(&Schedule::default(), 0).unwrap());
        });
    }
}

criterion_group!(benches, decomposition, curves, questions);
criterion_main!(benches);
