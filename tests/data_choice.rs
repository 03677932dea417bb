//! What to do with given data: the step at which runs diverge, and the recommended batches, step and epoch.

use freespectra::data::{Curves, Dataset, Preparation, RowMajor, Runs, StepSizes, Table};
use freespectra::finite::{Entries, Partition, Schedule, draw_stream, sample_features};
use freespectra::{MiniBatch, Result};

const PARTITIONS: [Partition; 3] = [Partition::Fixed, Partition::Fresh, Partition::Replacement];

/// Eigenvalues at the quantiles of the Marchenko-Pastur law with `p / n = 1 / 2`.
fn white(features: usize) -> Dataset {
    let law = MiniBatch::builder().batches(1).aspect_ratio(0.5).build().unwrap().law().unwrap();
    let quantile = |i: usize| law.quantile((i as f64 + 0.5) / features as f64).unwrap();
    let eigenvalues: Vec<f64> = (0..features).map(quantile).collect();
    Dataset::from_spectrum(2 * features, features, &eigenvalues, Some(&eigenvalues)).unwrap()
}

fn stability(data: &Dataset, batches: usize, partition: Partition) -> f64 {
    let curves = Curves::new(data, batches, StepSizes::Constant(1.0)).unwrap().with_partition(partition);
    curves.stability_factor(&Schedule::RandomReshuffling, 0).unwrap()
}

#[test]
fn full_batch_diverges_at_two_over_the_largest_eigenvalue() {
    let data = Dataset::from_spectrum(9, 4, &[0.1, 1.0, 2.5], Some(&[1.0, 2.0, 3.0])).unwrap();
    for partition in PARTITIONS {
        assert_eq!(stability(&data, 1, partition), 2.0 / 2.5);
    }
}

/// Of independent splits `E S A S = f^2 A + f (1 - f) (tr A / n) 1` for free projections `S` of weight `f`, so with
/// `c' = (1 - alpha t)^2 c + alpha^2 t^2 (B - 1) (mean c)` runs diverge at
/// `alpha (B - 1) (1/n) sum_i t_i / (2 - alpha t_i) = 1`.
#[test]
fn splits_at_every_step_have_a_closed_form() {
    let spread: Vec<f64> = (1..=60).map(|i| (f64::from(i) / 60.0).powi(3)).collect();
    let spiked: Vec<f64> = [vec![1e-6; 30], vec![0.5; 20], vec![40.0]].concat();
    for (eigenvalues, rows) in [(&spread, 80), (&spread, 60), (&spiked, 200)] {
        let data = Dataset::from_spectrum(rows, 70, eigenvalues, Some(eigenvalues)).unwrap();
        for batches in [2, 5, 32] {
            let step = stability(&data, batches, Partition::Replacement);
            let sum: f64 = eigenvalues.iter().map(|t| t / (2.0 - step * t)).sum();
            let load = |step: f64| {
                let sum: f64 = eigenvalues.iter().map(|t| t / (2.0 - step * t)).sum();
                step * (batches - 1) as f64 * sum / rows as f64
            };
            assert!(load(0.999 * step) < 1.0, "n = {rows}, B = {batches}: {step}, {sum}");
            let above = (1.001 * step).min(2.0 / eigenvalues[eigenvalues.len() - 1]);
            assert!(load(above) > 1.0 || above < 1.001 * step, "n = {rows}, B = {batches}: {step}");
        }
    }
}

/// Typical growth of reshuffled runs on white data with `p / n = 1 / 2`, from passes of an independent
/// implementation for the population, good to about 1e-2: 2.414 and 3.092 an epoch.
#[test]
fn kept_batches_on_white_data() {
    let data = white(120);
    for (batches, reference) in [(4, 2.414), (8, 3.092)] {
        let found = stability(&data, batches, Partition::Fixed) * batches as f64;
        assert!((found / reference - 1.0).abs() < 0.015, "B = {batches}: {found} against {reference}");
    }
}

/// Slope of the logarithm of the mean train error over the last two thirds of noiseless runs, per epoch.
fn growth_of_runs(table: &Table, batches: usize, partition: Partition, step: f64, epochs: usize) -> f64 {
    let runs = Runs::new(table, None, &vec![1.0 / batches as f64; batches], &vec![step; batches]).unwrap();
    let curves =
        runs.with_runs(8).unwrap().descend(partition, &Schedule::default(), epochs, None).unwrap().train;
    let third = epochs / 3;
    (curves[epochs * batches] / curves[third * batches]).ln() / (epochs - third) as f64
}

#[test]
fn runs_decay_before_the_threshold_and_grow_beyond_it() -> Result<()> {
    let (rows, columns) = (400, 200);
    let features = sample_features(rows, &vec![1.0; columns], Entries::Gaussian, &mut draw_stream(5, 0))?;
    let row_major: Vec<f64> = features.transpose().iter().copied().collect();
    let targets: Vec<f64> = features.row_iter().map(|row| row.sum()).collect();
    let rows = RowMajor::new(&row_major, columns, Some(&targets))?;
    let (table, data) = (Table::read(&rows)?, Dataset::from_rows(&rows, Preparation::default())?);
    for partition in PARTITIONS {
        for batches in [4, 8] {
            let step = stability(&data, batches, partition);
            let [before, beyond] =
                [0.9, 1.1].map(|part| growth_of_runs(&table, batches, partition, part * step, 24));
            println!(
                "{partition}, B = {batches}: epoch step {:.4}, growth {before:+.3} {beyond:+.3}",
                step * batches as f64
            );
            assert!(before < 0.0 && beyond > 0.0, "{partition}, B = {batches}: {before}, {beyond}");
        }
    }
    Ok(())
}
