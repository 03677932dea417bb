//! Time of error curves: the mean iterate from the model to the curve, and a long trajectory.
//!
//! `cargo bench --bench dynamics` prints the memory of the trajectory before it.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use freespectra::finite::{Schedule, schedule_stream};
use freespectra::method::{Average, Method, Momentum};
use freespectra::minibatch::{MeanIterate, Order, SmallBatchOrder, SmallBatches, Trajectory};
use freespectra::{MiniBatch, Population};

fn mean_iterate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mean iterate, epoch step 0.6, aspect ratio 0.5");
    group.sample_size(10);
    for batches in [2, 8, 32] {
        let model = MiniBatch::builder().batches(batches).epoch_step(0.6).aspect_ratio(0.5).build().unwrap();
        let model = model.white().unwrap();
        group.bench_function(format!("{batches} batches, laws and 1000 epochs"), |bencher| {
            bencher.iter(|| MeanIterate::new(black_box(&model)).unwrap().curve(1000, 1.0, 0.5).unwrap());
        });
    }
}

fn trajectory(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trajectory, 20 batches, 100 epochs");
    group.sample_size(10);
    let model = MiniBatch::builder().batches(20).epoch_step(0.6).aspect_ratio(0.5).build().unwrap();
    let trajectory = Trajectory::new(&model, |_| 1.0, 0.3).unwrap();
    let steps = Schedule::RandomReshuffling.steps(20, 100, &mut schedule_stream(1, 0)).unwrap();
    eprintln!("tables of a pass over {} steps: {} MB", steps.len(), trajectory.bytes(&steps) / 1_000_000);
    group.bench_function("reshuffled, one schedule", |bencher| {
        bencher.iter(|| black_box(&trajectory).along(&steps).unwrap());
    });
    let method = Method::new()
        .with_momentum(Momentum::nesterov(0.5).unwrap())
        .with_average(Average::Polyak)
        .and_then(|method| method.with_average(Average::Exponential(0.1)))
        .unwrap();
    let trajectory = trajectory.with_method(method).unwrap();
    group.bench_function("Nesterov and two averages", |bencher| {
        bencher.iter(|| black_box(&trajectory).along(&steps).unwrap());
    });
}

fn small_batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("infinitely many batches, 6 epochs");
    group.sample_size(10);
    let limit = SmallBatches::new(&Population::identity(), 0.5, 1.0, |_| 1.0, 0.3).unwrap();
    for order in [SmallBatchOrder::Reshuffled, SmallBatchOrder::Cyclic, SmallBatchOrder::Replacement] {
        group.bench_function(order.to_string(), |bencher| {
            bencher.iter(|| black_box(&limit).curve(order, 6).unwrap());
        });
    }
    group.bench_function("law of Z", |bencher| bencher.iter(|| black_box(&limit).law().unwrap()));
    group.bench_function("where reshuffling settles", |bencher| {
        bencher.iter(|| black_box(&limit).stationary(SmallBatchOrder::Reshuffled).unwrap());
    });
}

fn critical_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("critical step size, aspect ratio 0.5");
    group.sample_size(10);
    for batches in [2, 4] {
        let model = MiniBatch::builder().batches(batches).aspect_ratio(0.5).build().unwrap();
        group.bench_function(format!("{batches} batches"), |bencher| {
            bencher.iter(|| black_box(&model).critical_step_size().unwrap());
        });
    }
}

fn stability_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stability step, aspect ratio 0.5");
    group.sample_size(10);
    for batches in [2, 4, 16, 64] {
        let model = MiniBatch::builder().batches(batches).aspect_ratio(0.5).build().unwrap();
        for order in [Order::Cyclic, Order::Reshuffled] {
            group.bench_function(format!("{batches} batches, {order:?}"), |bencher| {
                bencher.iter(|| black_box(&model).stability_step(order).unwrap());
            });
        }
    }
}

criterion_group!(benches, mean_iterate, trajectory, small_batches, critical_step, stability_step);
criterion_main!(benches);
