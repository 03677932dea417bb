//! Train and test curves on given data: against an independent implementation, the abstract model, plain
//! descent and sampled runs.

use freespectra::data::{Curves, Dataset, Preparation, StepSizes};
use freespectra::finite::{Entries, Partition, Schedule, draw_stream, sample_features};
use nalgebra::{DMatrix, DVector};
use rand::seq::SliceRandom;

/// `n = 4` with spectrum and squares of the reference numbers.
fn small() -> Dataset {
    Dataset::from_spectrum(4, 3, &[0.0, 0.2, 1.0, 3.0], Some(&[0.5, 1.0, 2.0, 4.0])).unwrap()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (s, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "{what}, step {s}: {found} against {expected}");
    }
}

/// From an independent implementation in Python, which iterates the doubled pencil of the whole trajectory
/// to its fixed point; partitions drawn anew carry their memory of labels over all epochs there.
#[test]
#[rustfmt::skip]
fn reference_numbers() {
    let (two, three) = (&[0, 1, 1, 0, 0, 1], &[0, 1, 2, 2, 0, 1]);
    type Case = (usize, &'static [usize], f64, Partition, &'static [f64], &'static [f64]);
    let cases: [Case; 6] = [
        (2, two, 0.3, Partition::Fixed,
         &[1.875, 1.024462500000, 0.620606292187, 0.495914883729, 0.410569708960, 0.372582103445, 0.335565259471],
         &[1.875, 1.534762500000, 1.328080432500, 1.285815952727, 1.165276808089, 1.195603715183, 1.179387419014]),
        (2, two, 0.3, Partition::Fresh,
         &[1.875, 1.024462500000, 0.620606292187, 0.478485595882, 0.370177238680, 0.342782451148, 0.293200739392],
         &[1.875, 1.534762500000, 1.328080432500, 1.269980761889, 1.177248889949, 1.199143475789, 1.177717448098]),
        (3, three, 0.2, Partition::Fixed,
         &[1.875, 1.211900000000, 0.800233230000, 0.552099603328, 0.521100424131, 0.414086751267, 0.358654495189],
         &[1.875, 1.618512500000, 1.423453967500, 1.285226320300, 1.286667137848, 1.220451220049, 1.176479328442]),
        (3, three, 0.2, Partition::Fresh,
         &[1.875, 1.211900000000, 0.800233230000, 0.552099603328, 0.491840222354, 0.421690594282, 0.351130647234],
         &[1.875, 1.618512500000, 1.423453967500, 1.285226320300, 1.269452640539, 1.229927430531, 1.178784445416]),
        (1, &[0, 0, 0, 0], 0.4, Partition::Fixed,
         &[1.875, 0.556600000000, 0.370498240000, 0.299980750336, 0.261705358284],
         &[1.875, 1.269550000000, 1.183661580000, 1.149274408568, 1.142513340734]),
        (4, &[0, 1, 2, 3], 0.2, Partition::Replacement,
         &[1.875, 1.400150000000, 1.108535420000, 0.916577159576, 0.783250777040],
         &[1.875, 1.724075000000, 1.613115202500, 1.530510170280, 1.468487931292]),
    ];
    let data = small();
    for (batches, steps, step_size, partition, train, test) in cases {
        let curves = Curves::new(&data, batches, StepSizes::Constant(step_size)).unwrap().with_partition(partition);
        let curve = curves.along(steps).unwrap();
        assert_close(&curve.train, train, 1e-11, &format!("train, {batches} {partition}"));
        assert_close(&curve.test, test, 1e-11, &format!("test, {batches} {partition}"));
    }
}

/// From the same implementation: batches of unequal size with steps of their own, and batches that come
/// back before the others have been.
#[test]
#[rustfmt::skip]
fn reference_numbers_of_unequal_batches() {
    let data = small();
    let steps = [0, 1, 2, 2, 0, 1, 1, 2, 0];
    let cases: [(Partition, &[f64], &[f64]); 2] = [
        (Partition::Fixed,
         &[1.875, 1.307162500000, 0.925032895417, 0.766749928649, 0.716920135641, 0.528325078282, 0.543342495016, 0.561571845416, 0.511723277041, 0.388462186827],
         &[1.875, 1.626362500000, 1.454348504167, 1.374138519702, 1.349780940116, 1.257389662216, 1.258079747909, 1.294235753317, 1.269952487706, 1.199801717482]),
        (Partition::Fresh,
         &[1.875, 1.307162500000, 0.925032895417, 0.766749928649, 0.704491294726, 0.575362305512, 0.529624344376, 0.504160289577, 0.455312487172, 0.355532464789],
         &[1.875, 1.626362500000, 1.454348504167, 1.374138519702, 1.345177496203, 1.280789013136, 1.255147872083, 1.258521407204, 1.236184354842, 1.184732280836]),
    ];
    for (partition, train, test) in cases {
        let curves = Curves::new(&data, 3, StepSizes::PerBatch(vec![0.1, 0.2, 0.05]))
            .and_then(|curves| curves.with_fractions(&[0.5, 0.3, 0.2]))
            .unwrap()
            .with_partition(partition);
        let curve = curves.along(&steps).unwrap();
        assert_close(&curve.train, train, 1e-11, &format!("train, {partition}"));
        assert_close(&curve.test, test, 1e-11, &format!("test, {partition}"));
    }
    let curves = Curves::new(&data, 2, StepSizes::Constant(0.15)).and_then(|c| c.with_fractions(&[0.6, 0.4])).unwrap();
    let curve = curves.along(&[0, 0, 1, 0, 1, 1]).unwrap();
    assert_close(&curve.train, &[1.875, 1.094568750000, 0.875771454258, 0.532682198754, 0.457792554669, 0.414404116535, 0.421714108281], 1e-11, "train");
    assert_close(&curve.test, &[1.875, 1.532960156250, 1.430653496851, 1.241354919872, 1.207737855841, 1.185590917754, 1.197774892622], 1e-11, "test");
}

/// Gaussian features with variances like a power law, a linear target, and noise of variance 1/4.
struct Sample {
    features: DMatrix<f64>,
    targets: DVector<f64>,
    variances: Vec<f64>,
    beta: DVector<f64>,
}

const NOISE: f64 = 0.25;

impl Sample {
    fn new(rows: usize, columns: usize, draw: u64) -> Self {
        let mut rng = draw_stream(11, draw);
        let variances: Vec<f64> = (1..=columns).map(|j| (j as f64 / columns as f64).powf(-0.7)).collect();
        let features = sample_features(rows, &variances, Entries::Gaussian, &mut rng).unwrap();
        let unit = |rows, rng: &mut _| {
            sample_features(rows, &[1.0], Entries::Gaussian, rng).unwrap().column(0).into_owned()
        };
        let beta = unit(columns, &mut rng) / (columns as f64).sqrt();
        let targets = &features * &beta + unit(rows, &mut rng) * NOISE.sqrt();
        Self { features, targets, variances, beta }
    }

    fn dataset(&self) -> Dataset {
        Dataset::from_nalgebra(&self.features, Some(self.targets.as_slice()), Preparation::default()).unwrap()
    }

    /// Train error and expected error on a new row after every step of a run, the batches in order; the rows
    /// are shuffled before step `s` if `shuffle(s)`.
    fn run(
        &self,
        batches: usize,
        steps: usize,
        step_size: f64,
        draw: u64,
        shuffle: impl Fn(usize) -> bool,
    ) -> [Vec<f64>; 2] {
        let mut rng = draw_stream(12, draw);
        let mut order: Vec<usize> = (0..self.targets.len()).collect();
        let size = order.len() / batches;
        let mut beta = DVector::zeros(self.beta.len());
        let mut curves = [Vec::new(), Vec::new()];
        for s in 0..=steps {
            curves[0].push((&self.targets - &self.features * &beta).norm_squared() / order.len() as f64);
            let error = &beta - &self.beta;
            let error = self.variances.iter().zip(&error).map(|(t, e)| t * e * e);
            curves[1].push(error.sum::<f64>() + NOISE);
            if shuffle(s) {
                order.shuffle(&mut rng);
            }
            let rows = &order[s % batches * size..][..size];
            let batch = self.features.select_rows(rows);
            let residual = self.targets.select_rows(rows) - &batch * &beta;
            beta.gemv_tr(step_size / size as f64, &batch, &residual, 1.0);
        }
        curves
    }
}

#[test]
fn full_batch_is_plain_gradient_descent() {
    for (rows, columns) in [(40, 12), (12, 40), (1, 3)] {
        let sample = Sample::new(rows, columns, 0);
        let data = sample.dataset();
        let step_size = 1.2 / data.largest_eigenvalue();
        let curve = Curves::new(&data, 1, StepSizes::Constant(step_size)).unwrap().along(&[0; 50]).unwrap();
        let [train, _] = sample.run(1, 50, step_size, 0, |_| false);
        assert_close(&curve.train, &train, 1e-13 * train[0], "train");
    }
}

#[test]
fn train_error_of_sampled_runs() {
    let (batches, epochs) = (4, 6);
    for (rows, columns) in [(800, 400), (800, 1000)] {
        let sample = Sample::new(rows, columns, 1);
        let data = sample.dataset();
        let step_size = 0.6 / data.largest_eigenvalue();
        for partition in [Partition::Fixed, Partition::Fresh, Partition::Replacement] {
            let shuffle = |s: usize| match partition {
                Partition::Fixed => s == 0,
                Partition::Fresh => s.is_multiple_of(batches),
                Partition::Replacement => true,
            };
            let curves = Curves::new(&data, batches, StepSizes::Constant(step_size)).unwrap();
            let curves = curves.with_partition(partition);
            let predicted = curves.averaged(&Schedule::Cyclic, epochs, 1, 1, None).unwrap().train;
            let runs: Vec<_> =
                (0..24).map(|draw| sample.run(batches, batches * epochs, step_size, draw, shuffle)).collect();
            for s in 0..=batches * epochs {
                let mean = runs.iter().map(|[train, _]| train[s]).sum::<f64>() / 24.0;
                assert!(
                    (predicted[s] / mean - 1.0).abs() < 0.01,
                    "{rows} x {columns}, {partition}, step {s}: {} against {mean}",
                    predicted[s]
                );
            }
        }
    }
}

#[test]
fn test_error_is_unbiased() {
    let (batches, epochs, sets) = (4, 6, 50);
    for partition in [Partition::Fixed, Partition::Fresh] {
        let ratios: Vec<Vec<f64>> = (0..sets)
            .map(|set| {
                let sample = Sample::new(200, 100, 100 + set);
                let data = sample.dataset();
                let step_size = 0.8 / data.largest_eigenvalue();
                let curves = Curves::new(&data, batches, StepSizes::Constant(step_size)).unwrap();
                let curves = curves.with_partition(partition);
                let predicted = curves.averaged(&Schedule::Cyclic, epochs, 1, 1, None).unwrap().test;
                let shuffle = |s: usize| s == 0 || partition == Partition::Fresh && s.is_multiple_of(batches);
                let [_, test] = sample.run(batches, batches * epochs, step_size, set, shuffle);
                predicted
                    .iter()
                    .zip(test)
                    .step_by(batches)
                    .map(|(found, actual)| found / actual - 1.0)
                    .collect()
            })
            .collect();
        for epoch in 0..=epochs {
            let mean = ratios.iter().map(|ratio| ratio[epoch]).sum::<f64>() / sets as f64;
            let square = ratios.iter().map(|ratio| (ratio[epoch] - mean).powi(2)).sum::<f64>();
            let error = (square / (sets * (sets - 1)) as f64).sqrt();
            assert!(
                mean.abs() < 2.0 * error && error < 0.03,
                "{partition}, epoch {epoch}: {mean} +- {error}"
            );
        }
    }
}

#[test]
fn the_mean_over_orders() {
    let sample = Sample::new(400, 200, 2);
    let data = sample.dataset();
    let curves = Curves::new(&data, 4, StepSizes::Constant(1.0 / data.largest_eigenvalue())).unwrap();
    // An order that is not random is its own mean.
    let mean = curves.mean_iterate(&Schedule::Cyclic, 5, 3, 1).unwrap();
    let curve = curves.averaged(&Schedule::Cyclic, 5, 1, 1, None).unwrap();
    for epoch in 0..=5 {
        assert!((mean.train[epoch] - curve.train[4 * epoch]).abs() < 1e-12);
        assert!((mean.test[epoch] - curve.test[4 * epoch]).abs() < 1e-12);
    }
    // Reshuffling: the mean of enough runs with orders of their own on one split, over a few splits.
    let mean = curves.mean_iterate(&Schedule::RandomReshuffling, 3, 100, 1).unwrap();
    let (splits, orders) = (6, 300);
    let mut rng = draw_stream(13, 0);
    let mut simulated = [0.0; 4];
    for _ in 0..splits {
        let mut rows: Vec<usize> = (0..400).collect();
        rows.shuffle(&mut rng);
        let batches: Vec<_> = rows
            .chunks(100)
            .map(|rows| (sample.features.select_rows(rows), sample.targets.select_rows(rows)))
            .collect();
        let mut means = vec![DVector::<f64>::zeros(200); 4];
        for _ in 0..orders {
            let mut beta = DVector::zeros(200);
            for mean in &mut means[1..] {
                let mut order = [0, 1, 2, 3];
                order.shuffle(&mut rng);
                for b in order {
                    let (features, targets) = &batches[b];
                    let residual = targets - features * &beta;
                    beta.gemv_tr(1.0 / data.largest_eigenvalue() / 100.0, features, &residual, 1.0);
                }
                *mean += &beta / f64::from(orders);
            }
        }
        for (sum, mean) in simulated.iter_mut().zip(&means) {
            *sum += (&sample.targets - &sample.features * mean).norm_squared() / 400.0 / f64::from(splits);
        }
    }
    let reshuffled = curves.averaged(&Schedule::RandomReshuffling, 3, 100, 1, None).unwrap();
    for (epoch, simulated) in simulated.into_iter().enumerate() {
        let bound = 3.0 * mean.train_error[epoch] + 0.003 * simulated;
        assert!(
            (mean.train[epoch] - simulated).abs() < bound,
            "{epoch}: {} against {simulated}",
            mean.train[epoch]
        );
        let single = reshuffled.train[4 * epoch];
        assert!(epoch == 0 || single > 1.01 * mean.train[epoch], "{epoch}: a single run has {single}");
    }
}

/// On a batch that is never moved on, between the others: the curve is that without it.
#[test]
fn steps_of_size_zero() {
    let data = small();
    let curves = |sizes: &[f64]| {
        let curves = Curves::new(&data, 3, StepSizes::PerBatch(sizes.to_vec())).unwrap();
        curves.with_fractions(&[0.5, 0.2, 0.3]).unwrap()
    };
    let with = curves(&[0.3, 0.0, 0.2]).along(&[1, 0, 2, 1, 0, 1, 1, 2]).unwrap();
    let without = curves(&[0.3, 0.1, 0.2]).along(&[0, 2, 0, 2]).unwrap();
    for (s, u) in [0, 0, 1, 2, 2, 3, 3, 3, 4].into_iter().enumerate() {
        assert!((with.train[s] - without.train[u]).abs() < 1e-14, "{s}");
        assert!((with.test[s] - without.test[u]).abs() < 1e-14, "{s}");
    }
}

#[test]
fn settings_and_divergence() {
    let data = small();
    let none = Dataset::from_spectrum(4, 3, &[1.0], None).unwrap();
    assert!(Curves::new(&none, 1, StepSizes::Constant(0.1)).is_err());
    assert!(Curves::new(&data, 5, StepSizes::Constant(0.1)).is_err());
    assert!(Curves::new(&data, 0, StepSizes::Constant(0.1)).is_err());
    assert!(Curves::new(&data, 2, StepSizes::Constant(f64::NAN)).is_err());
    assert!(Curves::new(&data, 2, StepSizes::PerBatch(vec![0.1])).is_err());
    assert!(Curves::new(&data, 2, StepSizes::PerEpoch(vec![])).is_err());
    let curves = Curves::new(&data, 2, StepSizes::Constant(0.1)).unwrap();
    assert!(curves.clone().with_fractions(&[1.0]).is_err());
    assert!(curves.along(&[2]).is_err());
    assert!(curves.along(&vec![0; 100_000]).is_err());
    assert!(curves.averaged(&Schedule::Cyclic, 0, 1, 1, None).is_err());
    assert!(
        curves.clone().with_partition(Partition::Fresh).mean_iterate(&Schedule::Cyclic, 1, 1, 1).is_err()
    );
    assert_eq!(curves.along(&[]).unwrap().test, [1.875]);

    // Steps by epoch are those of the batches that an epoch consists of.
    let by_epoch = Curves::new(&data, 2, StepSizes::PerEpoch(vec![0.3, 0.1])).unwrap();
    let curve = by_epoch.with_partition(Partition::Fresh).along(&[0, 1, 1, 0, 0, 1]).unwrap();
    let long = Curves::new(&data, 2, StepSizes::Constant(0.3)).unwrap().along(&[0, 1]).unwrap();
    assert_close(&curve.train[..3], &long.train, 1e-14, "first epoch");
    assert!(curve.train[6] < curve.train[3] && curve.train[3] < curve.train[2]);

    // Which order an epoch has makes no difference to equal batches that are drawn anew.
    let fresh = curves.clone().with_partition(Partition::Fresh);
    assert_eq!(fresh.averaged(&Schedule::RandomReshuffling, 3, 10, 1, None).unwrap().schedules, 1);
    assert_eq!(curves.averaged(&Schedule::RandomReshuffling, 3, 10, 1, None).unwrap().schedules, 10);

    for partition in [Partition::Fixed, Partition::Fresh, Partition::Replacement] {
        let wild = Curves::new(&data, 2, StepSizes::Constant(5.0)).unwrap().with_partition(partition);
        let curve = wild.averaged(&Schedule::Cyclic, 100, 1, 1, None).unwrap();
        let from = curve.diverged.unwrap();
        assert!(
            curve.train[from - 1] > 1e60 && curve.train[from - 1] < 1e101 && curve.train[from] == f64::MAX
        );
        assert!(curve.test.iter().all(|x| x.is_finite()) && curve.test.len() == 201);
    }
}
