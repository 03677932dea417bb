//! The law of Z given the data.

use freespectra::MiniBatch;
use freespectra::data::{Dataset, End, MeanThreshold, Partition, PartitionLaw, Preparation, SampleSpectrum};
use freespectra::finite::{Batching, Entries, Epoch, draw_stream, sample_features, symmetric_eigenvalues};
use freespectra::law::CauchyTransform;
use freespectra::population::Atom;
use freespectra::solver::free_partition::GivenRows;
use freespectra::solver::{Continuation, FixedPoint, FreePartition, SolverOptions};
use nalgebra::DMatrix;
use num_complex::Complex64;
use rand::RngExt;
use rand::seq::SliceRandom;

/// Values of `G_P(z)` for eigenvalues .2, 1, 3 with masses .3, .5, .2, from an independent implementation in
/// Python (subset lattice and symmetric blocks, inverses at every step), to all printed digits.
#[test]
fn reference_values() {
    let c = Complex64::new;
    let table = [
        (1, 0.3, 0.5, c(0.70, 0.10), c(-0.740764433072, -5.497841036303)),
        (2, 0.4, 0.5, c(0.44, 0.10), c(1.774375593668, -1.862947395523)),
        (2, 0.4, 0.5, c(0.44, 0.0), c(3.064154587069, 0.0)),
        (3, 0.3, 0.5, c(0.37, 0.10), c(1.959000917744, -2.371919877509)),
        (3, 0.3, 0.5, c(0.10, 0.0), c(-4.122707501804, -1.921169809975)),
        (8, 0.1, 0.7, c(0.44, 0.05), c(2.785234533120, -1.426267899303)),
        (8, 0.1, 0.7, c(0.36, 0.0), c(16.103307753921, -7.762799526476)),
        (20, 0.04, 0.7, c(0.36, 0.05), c(4.173131266254, -5.366566921972)),
    ];
    let eigenvalues = [(0.2, 0.3), (1.0, 0.5), (3.0, 0.2)];
    let check = |partition: &Partition, aspect_ratio, z: Complex64, expected: Complex64| {
        let spectrum = SampleSpectrum::weighted(&eigenvalues, aspect_ratio, 100).unwrap();
        let law = PartitionLaw::new(&spectrum, partition).unwrap();
        // P = 1 - alpha B Z reverses the line.
        let step = partition.epoch_step();
        let found = -law.cauchy_transform((1.0 - z.conj()) / step).unwrap().conj() / step;
        assert!((found - expected).norm() < 1e-11, "{partition:?}, z = {z}: {found} for {expected}");
    };
    for (batches, step_size, aspect_ratio, z, expected) in table {
        check(&Partition::equal(batches, step_size).unwrap(), aspect_ratio, z, expected);
    }
    // More eigenvalues than rows have no law, but the equation has its solution: followed down by hand.
    let options = SolverOptions { tolerance: 1e-12, iteration_limit: 3000, ..SolverOptions::default() };
    let gram = eigenvalues.map(|(location, mass)| Atom { location, mass: 2.0 * mass }).to_vec();
    let model = MiniBatch::builder().batches(4).aspect_ratio(1.0).step_size(0.2).build().unwrap();
    let rows = GivenRows { gram, aspect_ratio: 2.0, leverages: vec![Atom { location: 1.0, mass: 1.0 }] };
    let equation = FreePartition::new(model.pencil().unwrap(), rows, options).unwrap();
    let mut workspace = equation.workspace();
    let mut state = equation.state_at_infinity(&mut workspace);
    let mut found = Complex64::ZERO;
    for height in [30.0, 10.0, 3.0, 1.0, 0.5, 0.2, 0.1, 0.05] {
        let solution = equation.iterate(c(0.44 - 1.0, height), &state, &mut workspace).unwrap();
        (state, found) = (solution.state, solution.cauchy);
    }
    let expected = c(-0.743821480775, -0.201601282616);
    assert!((found - expected).norm() < 1e-11, "{found} for {expected}");
    let uneven = Partition::uneven(&[0.5, 0.3, 0.2], &[0.2; 3]).unwrap();
    check(&uneven, 0.5, c(0.58, 0.10), c(1.130318852278, -3.042539636044));
}

fn at(law: &PartitionLaw, x: f64, y: f64) -> Complex64 {
    law.cauchy_transform(Complex64::new(x, y)).unwrap()
}

#[test]
fn one_batch_is_the_sample_covariance() {
    let eigenvalues = [0.3, 0.4, 0.9, 1.7, 2.0, 6.0];
    let spectrum = SampleSpectrum::new(&eigenvalues, 20, 8).unwrap();
    let law = PartitionLaw::new(&spectrum, &Partition::equal(1, 0.2).unwrap()).unwrap();
    let trace = |f: &dyn Fn(f64) -> Complex64| {
        (eigenvalues.iter().map(|&t| f(t)).sum::<Complex64>() + 2.0 * f(0.0)) / 8.0
    };
    for (x, y) in [(0.5, 0.1), (1.0, 1e-3), (-0.2, 0.0), (3.0, 0.0)] {
        let exact = trace(&|t| 1.0 / (Complex64::new(x, y) - t));
        assert!(
            (at(&law, x, y) - exact).norm() < 1e-12 * exact.norm(),
            "{x} {y}: {} {exact}",
            at(&law, x, y)
        );
    }
    for (k, moment) in law.moments().unwrap().into_iter().enumerate() {
        let exact = trace(&|t| Complex64::from(t.powi(k as i32 + 1))).re;
        assert!((moment - exact).abs() < 1e-10 * exact, "{k}: {moment} {exact}");
    }
    let resolved = law.resolved(2.0).unwrap();
    let eta = resolved.resolution();
    for x in [-0.5, 0.1, 0.35, 1.0, 3.0, 6.1] {
        let (density, exact) = (resolved.density(x), spectrum.density(x, eta));
        assert!((density - exact).abs() < 1e-4, "{x}: {density} {exact}");
        let (mass, exact) = (resolved.cdf(x), spectrum.cdf(x, eta));
        assert!((mass - exact).abs() < 1e-4, "{x}: {mass} {exact}");
    }
}

#[test]
fn marchenko_pastur_given_is_the_model() {
    let nodes = 400;
    for (batches, step, gamma) in [(2, 0.4, 0.5), (3, 0.3, 0.5), (8, 0.1, 0.7), (2, 0.3, 2.0f64)] {
        // t = c + r cos(theta): the Gauss-Chebyshev rule of the second kind, divided by t.
        let (center, radius) = (1.0 + gamma, 2.0 * gamma.sqrt());
        let atoms: Vec<(f64, f64)> = (1..=nodes)
            .map(|k| {
                let angle = std::f64::consts::PI * f64::from(k) / f64::from(nodes + 1);
                let t = center + radius * angle.cos();
                let weight = 2.0 / f64::from(nodes + 1) * angle.sin().powi(2);
                (t, weight / t)
            })
            .collect();
        let spectrum = SampleSpectrum::weighted(&atoms, gamma, 400).unwrap();
        let given = PartitionLaw::new(&spectrum, &Partition::equal(batches, step).unwrap()).unwrap();
        let model =
            MiniBatch::builder().batches(batches).step_size(step).aspect_ratio(gamma).build().unwrap();
        let model = model.transform(SolverOptions::default()).unwrap();
        for (x, y) in [(0.5, 0.3), (1.1, 0.1), (0.7, 0.1)] {
            let z = Complex64::new(x, y);
            let exact = model.solve(z, &mut model.workspace()).unwrap();
            let found = given.transform().solve(z, &mut given.transform().workspace()).unwrap();
            assert!((found.cauchy - exact.cauchy).norm() < 1e-12);
        }
    }
}

/// From an independent implementation in Python with leverages .4, 1, 2.2 in proportions 2 : 1 : 1, and the roots of its outlier
/// equation at the ends of the spectrum of `P`.
#[test]
fn reference_values_of_leverages_and_thresholds() {
    let c = Complex64::new;
    let table = [
        (2, 0.4, c(0.44, 0.10), c(1.5098777126583576, -2.38177045753319)),
        (3, 0.3, c(0.37, 0.10), c(0.6811683530165853, -2.760092150923669)),
    ];
    let even = SampleSpectrum::weighted(&[(0.2, 0.3), (1.0, 0.5), (3.0, 0.2)], 0.5, 100).unwrap();
    let uneven = even.clone().with_leverages(&[(0.8, 20.0), (2.0, 10.0), (4.4, 10.0)]).unwrap();
    for (batches, step_size, z, expected) in table {
        let partition = Partition::equal(batches, step_size).unwrap();
        let law = PartitionLaw::new(&uneven, &partition).unwrap();
        let step = partition.epoch_step();
        let found = -law.cauchy_transform((1.0 - z.conj()) / step).unwrap().conj() / step;
        assert!((found - expected).norm() < 1e-11, "B = {batches}: {found} for {expected}");
        // Leverages that are all equal, resolved or not.
        let equal = even.clone().with_leverages(&[(1.0, 0.5), (1.0 + 1e-15, 0.5)]).unwrap();
        let [plain, equal] = [&even, &equal].map(|spectrum| {
            PartitionLaw::new(spectrum, &partition).unwrap().cauchy_transform(c(0.7, 0.1)).unwrap()
        });
        assert!((plain - equal).norm() < 1e-11, "{plain} {equal}");
    }
    let mut eigenvalues: Vec<f64> = (0..199).map(|j| 0.1 + 2.7 * (f64::from(j) / 198.0).powf(1.5)).collect();
    eigenvalues.push(8.5);
    let spectrum = SampleSpectrum::new(&eigenvalues, 400, 200).unwrap();
    for (batches, end, expected) in [
        (2, End::Upper, 0.5027709821605185),
        (3, End::Lower, 0.7510111538919519),
        (4, End::Upper, 1.013010602100756),
    ] {
        let threshold = MeanThreshold::new(&spectrum, &Partition::equal(batches, 0.1).unwrap()).unwrap();
        assert_eq!(threshold.end, end);
        assert!((threshold.epoch_step - expected).abs() < 1e-7 * expected, "{threshold:?}");
    }
}

#[test]
fn the_gap_between_two_clusters_is_found() {
    // Two clusters of eigenvalues of W, half-circles about 1 and 4.
    let cluster = |center: f64, width: f64| {
        (0..100).map(move |j| center - width * (std::f64::consts::PI * (f64::from(j) + 0.5) / 100.0).cos())
    };
    let eigenvalues: Vec<f64> = cluster(1.0, 0.6).chain(cluster(4.0, 1.0)).collect();
    let spectrum = SampleSpectrum::new(&eigenvalues, 800, 200).unwrap();
    let full = PartitionLaw::new(&spectrum, &Partition::equal(1, 0.1).unwrap()).unwrap();
    let resolved = full.resolved(2.0).unwrap();
    let (gaps, eta) = (full.gaps(&resolved).unwrap(), resolved.resolution());
    assert_eq!(gaps.len(), 1);
    assert!(
        (gaps[0][0] - eigenvalues[99]).abs() < 3.0 * eta && (gaps[0][1] - eigenvalues[100]).abs() < 3.0 * eta
    );
    // At small steps it remains, with half the eigenvalues on either side.
    let small = PartitionLaw::new(&spectrum, &Partition::equal(2, 0.025).unwrap()).unwrap();
    let resolved = small.resolved(2.0).unwrap();
    let gaps = small.gaps(&resolved).unwrap();
    assert_eq!(gaps.len(), 1);
    assert!((resolved.cdf(0.5 * (gaps[0][0] + gaps[0][1])) - 0.5).abs() < 1e-3);
}

/// Eigenvalues of the exact `Z` of a random partition in equal batches.
fn sampled(features: &DMatrix<f64>, batches: usize, epoch_step: f64, seed: u64) -> Vec<f64> {
    let n = features.nrows();
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut draw_stream(seed, 1));
    let shuffled = features.select_rows(&order);
    let batching = Batching::equal(n, batches).unwrap();
    let z =
        Epoch::new(&shuffled, &batching, &vec![epoch_step / batches as f64; batches]).unwrap().z().unwrap();
    symmetric_eigenvalues(&z).unwrap()
}

fn empirical(eigenvalues: &[f64], z: Complex64) -> Complex64 {
    eigenvalues.iter().map(|x| 1.0 / (z - x)).sum::<Complex64>() / eigenvalues.len() as f64
}

fn gaussian(n: usize, p: usize, seed: u64) -> DMatrix<f64> {
    sample_features(n, &vec![1.0; p], Entries::Gaussian, &mut draw_stream(seed, 0)).unwrap()
}

fn largest_of(dataset: &Dataset) -> f64 {
    dataset.largest_eigenvalue()
}

/// Mean relative error of the Cauchy transform at a tenth of the mean above eight quantiles of `Z`, and the mean
/// standard error of the average over partitions.
fn error(features: &DMatrix<f64>, spectrum: &SampleSpectrum, batches: usize, epoch_step: f64) -> [f64; 2] {
    let partition = Partition::equal(batches, epoch_step / batches as f64).unwrap();
    let law = PartitionLaw::new(spectrum, &partition).unwrap();
    const PARTITIONS: u64 = 6;
    let samples: Vec<Vec<f64>> =
        (0..PARTITIONS).map(|seed| sampled(features, batches, epoch_step, 100 + seed)).collect();
    let mut pooled = samples.concat();
    pooled.sort_by(f64::total_cmp);
    let mean = pooled.iter().sum::<f64>() / pooled.len() as f64;
    let mut means = [0.0f64; 2];
    const SHARES: [f64; 8] = [0.05, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 0.95];
    for share in SHARES {
        let z = Complex64::new(pooled[(share * pooled.len() as f64) as usize], 0.1 * mean);
        let values: Vec<Complex64> = samples.iter().map(|sample| empirical(sample, z)).collect();
        let average = values.iter().sum::<Complex64>() / PARTITIONS as f64;
        let squares = values.iter().map(|value| (value - average).norm_sqr());
        let variance = squares.sum::<f64>() / (PARTITIONS - 1) as f64;
        let predicted = law.cauchy_transform(z).unwrap();
        means[0] += (predicted - average).norm() / average.norm() / SHARES.len() as f64;
        means[1] += (variance / PARTITIONS as f64).sqrt() / average.norm() / SHARES.len() as f64;
    }
    means
}

fn dataset(features: &DMatrix<f64>) -> Dataset {
    Dataset::from_nalgebra(features, None, Preparation::default()).unwrap()
}

fn check(name: &str, features: &DMatrix<f64>) {
    let dataset = dataset(features);
    let spectrum = SampleSpectrum::new(dataset.eigenvalues(), dataset.rows(), dataset.features()).unwrap();
    for batches in [2, 4] {
        let step = batches as f64 / largest_of(&dataset);
        let [error, standard] = error(features, &spectrum, batches, step);
        assert!(error < (3.0 * standard).max(0.02), "{name}, B = {batches}: {error} with {standard}");
    }
}

#[test]
fn sampled_partitions_of_many_kinds_of_rows() {
    let (n, p) = (400, 200);
    let rng = &mut draw_stream(7, 0);
    check("Gaussian", &gaussian(n, p, 1));
    let student = Entries::StudentT { degrees_of_freedom: 5.0 };
    let decaying: Vec<f64> = (1..=p).map(|j| (j as f64).powf(-0.5)).collect();
    check("Student", &sample_features(n, &decaying, student, &mut draw_stream(2, 0)).unwrap());
    let sparse = |_, _| {
        if rng.random::<f64>() < 0.1 { if rng.random() { 10f64.sqrt() } else { -10f64.sqrt() } } else { 0.0 }
    };
    check("sparse", &DMatrix::from_fn(2 * n, 2 * p, sparse));
    let mut correlated = gaussian(n, p, 3);
    for i in 1..n {
        let row = correlated.row(i - 1) * 0.9 + correlated.row(i) * (1.0f64 - 0.81).sqrt();
        correlated.row_mut(i).copy_from(&row);
    }
    check("autoregressive", &correlated);
    check("more features than rows", &gaussian(160, 240, 4));
}

#[test]
fn rows_of_unequal_size_are_resolved() {
    let (n, p) = (400, 200);
    let mut features = gaussian(n, p, 5);
    let sizes = gaussian(n, 4, 6);
    for i in 0..n {
        let size = (sizes.row(i).norm_squared() / 4.0).sqrt();
        features.row_mut(i).scale_mut(size);
    }
    let dataset = dataset(&features);
    let plain = SampleSpectrum::new(dataset.eigenvalues(), n, p).unwrap();
    let resolved = plain.clone().with_leverages(dataset.leverages()).unwrap();
    for batches in [2, 4] {
        let step = batches as f64 / largest_of(&dataset);
        let [coarse, _] = error(&features, &plain, batches, step);
        let [fine, standard] = error(&features, &resolved, batches, step);
        assert!(fine < (3.0 * standard).max(0.02) && coarse > 2.0 * fine, "{coarse} {fine} {standard}");
    }
}

#[test]
fn the_mean_diverges_where_it_is_said_to() {
    let (n, p) = (400, 200);
    let mut spiked = gaussian(n, p, 9);
    spiked.column_mut(0).scale_mut(8f64.sqrt());
    for features in [gaussian(n, p, 8), spiked] {
        let spectrum = SampleSpectrum::of(&dataset(&features)).unwrap();
        for batches in [2, 4] {
            let partition = Partition::equal(batches, 0.1).unwrap();
            let threshold = MeanThreshold::new(&spectrum, &partition).unwrap();
            // The step at which an eigenvalue of the exact P leaves (-1, 1), for some partitions.
            let actual: Vec<f64> = (0..6)
                .map(|seed| {
                    let leaves = |step: f64| {
                        let z = sampled(&features, batches, step, 200 + seed);
                        z[0] < 0.0 || step * z[z.len() - 1] > 2.0
                    };
                    let [mut low, mut high] = [0.7, 1.4].map(|factor| factor * threshold.epoch_step);
                    for _ in 0..7 {
                        let middle = 0.5 * (low + high);
                        if leaves(middle) { high = middle } else { low = middle }
                    }
                    0.5 * (low + high)
                })
                .collect();
            let mean = actual.iter().sum::<f64>() / 6.0;
            let spread = (actual.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 5.0).sqrt();
            assert!((threshold.epoch_step - mean).abs() < (3.0 * spread).min(0.04 * mean));
        }
    }
}

#[test]
fn a_spike_is_isolated_where_it_is_sampled() {
    let (n, p, step) = (400, 200, 0.3);
    let mut features = gaussian(n, p, 10);
    features.column_mut(0).scale_mut(8f64.sqrt());
    let spectrum = SampleSpectrum::of(&dataset(&features)).unwrap();
    let law = PartitionLaw::new(&spectrum, &Partition::equal(2, step / 2.0).unwrap()).unwrap();
    let isolated = law.isolated().unwrap();
    assert_eq!(isolated.len(), 1, "{isolated:?}");
    let tops: Vec<f64> =
        (0..20).map(|seed| *sampled(&features, 2, step, 300 + seed).last().unwrap()).collect();
    let mean = tops.iter().sum::<f64>() / 20.0;
    let spread = (tops.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 19.0).sqrt();
    assert!(
        (isolated[0].location - mean).abs() < 3.0 * spread / 20f64.sqrt(),
        "{isolated:?}, {mean} +- {spread}"
    );
}

#[test]
fn distribution_and_moments_of_sampled_partitions() {
    let (n, p, batches) = (400, 200, 4);
    let features = gaussian(n, p, 11);
    let dataset = dataset(&features);
    let spectrum = SampleSpectrum::of(&dataset).unwrap();
    let step = 4.0 / largest_of(&dataset);
    let law = PartitionLaw::new(&spectrum, &Partition::equal(batches, step / 4.0).unwrap()).unwrap();
    let resolved = law.resolved(2.0).unwrap();
    let values = sampled(&features, batches, step, 12);
    let edges: Vec<f64> = (1..10).map(|k| resolved.quantile(f64::from(k) / 10.0).unwrap()).collect();
    for ((k, x), count) in edges.iter().enumerate().zip(resolved.expected_counts(&edges).unwrap()) {
        let found = values.iter().filter(|&&value| (*x..edges[k + 1]).contains(&value)).count() as f64;
        assert!((count.mean - 20.0).abs() < 1e-3 && (0.5..1.5).contains(&count.deviation));
        // Rigid counts: a binomial deviation would be 4.2.
        assert!((found - 20.0).abs() < 3.0, "{k}: {found}");
    }
    for (k, moment) in law.moments().unwrap().into_iter().enumerate() {
        let found = values.iter().map(|x| x.powi(k as i32 + 1)).sum::<f64>() / p as f64;
        assert!((moment / found - 1.0).abs() < 0.01 * (k + 1) as f64, "{k}: {moment} {found}");
    }
}
