//! Time of the law of Z given the data, for many eigenvalues.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use freespectra::data::{MeanThreshold, PartitionLaw, SampleSpectrum, Split};

/// As many quantiles of a power law: a spectrum without anything special.
fn spectrum(features: usize) -> SampleSpectrum {
    let eigenvalue = |j: usize| (0.5 + j as f64).powf(-0.6) * (features as f64).powf(0.6) * 0.4;
    let eigenvalues: Vec<f64> = (0..features).map(eigenvalue).map(|t| t.min(6.0)).collect();
    SampleSpectrum::new(&eigenvalues, 2 * features, features).unwrap()
}

fn laws(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("law of Z given the data");
    group.sample_size(10);
    for (features, batches) in [(500, 2), (500, 8), (5000, 8), (500, 32)] {
        let spectrum = spectrum(features);
        let split = Split::equal(batches, 1.0 / spectrum.largest()).unwrap();
        group.bench_function(format!("{features} eigenvalues, {batches} batches"), |bencher| {
            bencher.iter(|| PartitionLaw::new(black_box(&spectrum), &split).unwrap().resolved(2.0).unwrap());
        });
    }
    let spectrum = spectrum(500);
    for batches in [2, 8] {
        let split = Split::equal(batches, 0.1).unwrap();
        group.bench_function(
            format!("threshold of the mean, 500 eigenvalues, {batches} batches"),
            |bencher| {
                bencher.iter(|| MeanThreshold::new(black_box(&spectrum), &split).unwrap());
            },
        );
    }
}

criterion_group!(benches, laws);
criterion_main!(benches);
