//! What to do with given data: the step at which runs diverge, and the recommended batches, step and epoch.

use freespectra::data::{
    Budget, Choice, Curves, Dataset, Preparation, Recommendation, RowMajor, Runs, Search, StepSizes, Table,
};
use freespectra::finite::{Entries, Partition, Schedule, draw_stream, sample_features};
use freespectra::minibatch::Order;
use freespectra::{MiniBatch, Result};
use nalgebra::{DMatrix, DVector};

const PARTITIONS: [Partition; 3] = [Partition::Fixed, Partition::Fresh, Partition::Replacement];

/// Eigenvalues at the quantiles of the Marchenko-Pastur law with `p / n = 1 / 2`.
fn white(features: usize) -> Dataset {
    let law = MiniBatch::builder().batches(1).aspect_ratio(0.5).build().unwrap().law().unwrap();
    let quantile = |i: usize| law.quantile((i as f64 + 0.5) / features as f64).unwrap();
    let eigenvalues: Vec<f64> = (0..features).map(quantile).collect();
    Dataset::from_spectrum(2 * features, features, &eigenvalues, Some(&eigenvalues)).unwrap()
}

fn stability(data: &Dataset, batches: usize, partition: Partition) -> f64 {
    stability_along(&Schedule::RandomReshuffling, data, batches, partition)
}

fn stability_along(schedule: &Schedule, data: &Dataset, batches: usize, partition: Partition) -> f64 {
    let curves = Curves::new(data, batches, StepSizes::Constant(1.0)).unwrap().with_partition(partition);
    curves.stability_factor(schedule, 0).unwrap()
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
            let load = |step: f64| {
                let sum: f64 = eigenvalues.iter().map(|t| t / (2.0 - step * t)).sum();
                step * (batches - 1) as f64 * sum / rows as f64
            };
            assert!(load(0.999 * step) < 1.0, "n = {rows}, B = {batches}: {step}");
            // The sum has its pole where full-batch descent diverges.
            let beyond = 1.001 * step * eigenvalues[eigenvalues.len() - 1] >= 2.0;
            assert!(beyond || load(1.001 * step) > 1.0, "n = {rows}, B = {batches}: {step}");
        }
    }
}

/// Typical growth of reshuffled runs on white data with `p / n = 1 / 2`, from passes of an independent
/// implementation for the population, good to about 1e-2. In a cycle two batches diverge at 2 an epoch exactly, half as
/// late again as full-batch descent of as many steps; more of them where the spectrum of the cycle leaves
/// the unit circle.
#[test]
fn kept_batches_on_white_data() {
    let data = white(120);
    // With two batches runs differ by several percent from order to order.
    for (batches, reference, tolerance) in [(2, 1.41, 0.04), (4, 2.414, 0.015), (8, 3.092, 0.015)] {
        let found = stability(&data, batches, Partition::Fixed) * batches as f64;
        println!("B = {batches}, reshuffled: {found:.4} against {reference}");
        assert!((found / reference - 1.0).abs() < tolerance, "B = {batches}: {found} against {reference}");
    }
    for batches in [2, 4, 8] {
        let model = MiniBatch::builder().batches(batches).aspect_ratio(0.5).build().unwrap();
        let reference = model.stability_step(Order::Cyclic).unwrap().epoch_step;
        let found = stability_along(&Schedule::Cyclic, &data, batches, Partition::Fixed) * batches as f64;
        println!("B = {batches}, cyclic: {found:.4} against {reference}");
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
        for batches in [2, 4, 8] {
            if partition == Partition::Fixed && batches == 2 {
                continue;
            }
            let step = stability(&data, batches, partition);
            // On one split the growth of few epochs depends on the split and on the orders.
            let margin = if partition == Partition::Fixed { 0.1 } else { 0.05 };
            let [before, beyond] = [1.0 - margin, 1.0 + margin]
                .map(|part| growth_of_runs(&table, batches, partition, part * step, 24));
            println!(
                "{partition}, B = {batches}: epoch step {:.4}, growth {before:+.3} {beyond:+.3}",
                step * batches as f64
            );
            assert!(before < 0.0 && beyond > 0.0, "{partition}, B = {batches}: {before}, {beyond}");
        }
    }
    Ok(())
}

/// Features whose variances fall as a power of their number, a target along all of them, and noise.
fn power_law(rows: usize, columns: usize, seed: u64) -> (DMatrix<f64>, DVector<f64>) {
    let mut rng = draw_stream(seed, 0);
    let variances: Vec<f64> = (1..=columns).map(|i| f64::from(i as u32).powf(-0.7)).collect();
    let total: f64 = variances.iter().sum();
    let slopes = sample_features(columns, &[1.0 / total], Entries::Gaussian, &mut rng).unwrap();
    let features = sample_features(rows, &variances, Entries::Gaussian, &mut rng).unwrap();
    let noise = sample_features(rows, &[0.25], Entries::Gaussian, &mut rng).unwrap();
    let targets = (&features * slopes + noise).column(0).into_owned();
    (features, targets)
}

/// Rectified random projections of ten Gaussian inputs, of which the target is another nonlinear function, and noise.
fn random_features(rows: usize, columns: usize, seed: u64) -> (DMatrix<f64>, DVector<f64>) {
    let mut rng = draw_stream(seed, 1);
    let inputs = sample_features(rows, &[1.0; 10], Entries::Gaussian, &mut rng).unwrap();
    let directions = sample_features(10, &vec![0.1; columns], Entries::Gaussian, &mut rng).unwrap();
    let noise = sample_features(rows, &[0.5], Entries::Gaussian, &mut rng).unwrap();
    let features = (&inputs * directions).map(|x| x.max(0.0) - 0.4);
    let target = |i: usize| inputs[(i, 0)] + (2.0 * inputs[(i, 1)]).sin() + noise[(i, 0)];
    (features, DVector::from_fn(rows, |i, _| target(i)))
}

/// The rows that are kept, as they are read from a source.
fn table(features: &DMatrix<f64>, targets: &DVector<f64>, keep: impl Fn(usize) -> bool) -> Table {
    let kept: Vec<usize> = (0..targets.len()).filter(|&row| keep(row)).collect();
    let row_major: Vec<f64> = features.select_rows(&kept).transpose().iter().copied().collect();
    let targets: Vec<f64> = kept.iter().map(|&row| targets[row]).collect();
    Table::read(&RowMajor::new(&row_major, features.ncols(), Some(&targets)).unwrap()).unwrap()
}

/// Mean error on the rows of `test` after every epoch, start included, of runs on `train` with this choice.
fn measured(train: &Table, test: &Table, choice: &Choice, epochs: usize, runs: usize) -> Vec<f64> {
    let batches = choice.batches;
    let fractions = vec![1.0 / batches as f64; batches];
    let descent = Runs::new(train, Some(test), &fractions, &vec![choice.step_size; batches]).unwrap();
    let runs = descent.with_runs(if batches == 1 { 1 } else { runs }).unwrap();
    let curves = runs.descend(Partition::Fresh, &Schedule::default(), epochs, None).unwrap();
    curves.test.into_iter().step_by(batches).collect()
}

/// What is lost by the recommendation, and by five-fold cross-validation with a run of every configuration of its grid
/// on each fold, against the best that runs reach anywhere on that grid; in units of the initial error.
fn regrets(draw: (DMatrix<f64>, DVector<f64>), rows: usize, epochs: usize, runs: usize) -> [f64; 2] {
    let (features, targets) = draw;
    let train = table(&features, &targets, |row| row < rows);
    let unseen = table(&features, &targets, |row| row >= rows);
    let data = {
        let (kept, y) = (features.rows(0, rows).into_owned(), &targets.as_slice()[..rows]);
        Dataset::from_nalgebra(&kept, Some(y), Preparation::default()).unwrap()
    };
    let search = Search::new(&data, &[1, 4, 8]).unwrap().with_budget(Budget::Epochs(epochs)).unwrap();
    let Recommendation { best, grid, .. } = search.run().unwrap();
    let actual: Vec<Vec<f64>> =
        grid.iter().map(|cell| measured(&train, &unseen, cell, epochs, runs)).collect();
    let folds: Vec<(Table, Table)> = (0..5)
        .map(|fold| {
            let inside = |row: usize| row < rows && row % 5 == fold;
            let outside = |row: usize| row < rows && row % 5 != fold;
            (table(&features, &targets, outside), table(&features, &targets, inside))
        })
        .collect();
    let validated = grid.iter().map(|cell| {
        let errors = folds.iter().map(|(train, test)| measured(train, test, cell, epochs, 1));
        errors.map(DVector::from_vec).sum::<DVector<f64>>()
    });
    let validated: Vec<DVector<f64>> = validated.collect();
    let cells = || (0..grid.len()).flat_map(|cell| (0..=epochs).map(move |epoch| (cell, epoch)));
    let least = |error: &dyn Fn(usize, usize) -> f64| {
        cells().min_by(|a, b| error(a.0, a.1).total_cmp(&error(b.0, b.1))).unwrap()
    };
    let lowest = least(&|cell, epoch| actual[cell][epoch]);
    let crossed = least(&|cell, epoch| validated[cell][epoch]);
    let recommended = (grid.iter().position(|cell| *cell == best).unwrap(), best.epochs);
    let regret = |(cell, epoch): (usize, usize)| {
        (actual[cell][epoch] - actual[lowest.0][lowest.1]) / actual[lowest.0][0]
    };
    [regret(recommended), regret(crossed)]
}

/// Mean regrets over `sets` data sets of each kind.
fn mean_regrets(sets: u64, rows: usize, columns: usize, epochs: usize, runs: usize) -> [f64; 2] {
    let mut sum = [0.0; 2];
    for set in 0..sets {
        for (kind, draw) in
            [("power law", power_law as fn(usize, usize, u64) -> _), ("random features", random_features)]
        {
            let regrets = regrets(draw(rows + 2000, columns, set), rows, epochs, runs);
            println!("{kind} {set}: recommended {:.4}, cross-validated {:.4}", regrets[0], regrets[1]);
            sum = [sum[0] + regrets[0], sum[1] + regrets[1]];
        }
    }
    let mean = sum.map(|sum| sum / (2 * sets) as f64);
    println!("mean: recommended {:.4}, cross-validated {:.4}", mean[0], mean[1]);
    mean
}

#[test]
fn the_recommendation_is_near_the_best_of_its_grid_and_not_worse_than_cross_validation() {
    let [recommended, validated] = mean_regrets(4, 200, 100, 10, 4);
    assert!(recommended < 0.015, "{recommended}");
    assert!(recommended <= validated, "{recommended} against {validated}");
}

/// Eight data sets of each kind, half as large again: minutes.
#[test]
#[ignore = "takes minutes"]
fn the_same_on_more_and_larger_data() {
    let [recommended, validated] = mean_regrets(8, 300, 150, 20, 10);
    assert!(recommended < 0.015, "{recommended}");
    assert!(recommended <= validated, "{recommended} against {validated}");
}

/// Eigenvalues over three orders of magnitude, a target along all of them, little noise: few full-batch
/// epochs are far from enough.
fn ill_conditioned() -> Dataset {
    let eigenvalues: Vec<f64> = (1..=100).map(|i| f64::from(i).powf(-1.5)).collect();
    let squares: Vec<f64> = eigenvalues.iter().map(|t| 200.0 * t + 0.01).collect();
    Dataset::from_spectrum(200, 100, &eigenvalues, Some(&squares)).unwrap()
}

fn recommended(data: &Dataset, budget: &str) -> Recommendation {
    let search = Search::new(data, &[1, 4, 8, 16]).unwrap().with_budget(budget.parse().unwrap()).unwrap();
    let found = search.run().unwrap();
    let budget: Budget = budget.parse().unwrap();
    for cell in &found.grid {
        let of = found.by_batches.iter().position(|best| best.batches == cell.batches).unwrap();
        assert!(cell.epochs <= found.epochs[of] && cell.step_size < found.stability[of], "{cell:?}");
        assert!(found.epochs[of] <= budget.epochs(data.rows(), cell.batches), "{budget}: {cell:?}");
        assert!(found.best.test <= cell.test, "{cell:?}");
    }
    found
}

#[test]
fn budgets_decide() {
    let data = ill_conditioned();
    let by_epochs = recommended(&data, "epochs:6");
    assert!(by_epochs.best.batches > 1 && by_epochs.best.epochs > 0, "{:?}", by_epochs.best);
    assert!(by_epochs.regret_against_full_batch > 0.0);
    // Six epochs are 1200 gradients, or as much time if only rows take time.
    assert_eq!(recommended(&data, "gradients:1399").best, by_epochs.best);
    assert_eq!(recommended(&data, "seconds:1.25:0:0.001").best, by_epochs.best);
    // A step takes as long as 1000 rows: an epoch costs 1.2 s with one batch, 4.2 s with four, 16.2 s with sixteen.
    let slow = recommended(&data, "seconds:10:1:0.001");
    assert_eq!(slow.epochs, [8, 2, 1, 0]);
    assert!(slow.best.batches < by_epochs.best.batches, "{:?}", slow.best);
    assert_eq!((slow.by_batches[3].epochs, slow.by_batches[3].test), (0, slow.initial));
    // Nothing can be afforded: all there is is the start.
    let nothing = recommended(&data, "gradients:199");
    assert_eq!((nothing.best.epochs, nothing.best.test), (0, nothing.initial));
}

/// One row of its own direction, which no theory of rows that are alike knows of: the batch that holds it overshoots
/// beyond `2 n_b / |x|^2`, and what is recommended stays below that and holds in runs.
#[test]
fn a_single_heavy_row_limits_the_step() {
    let (n, p) = (160, 20);
    let mut features = sample_features(n, &vec![1.0; p], Entries::Gaussian, &mut draw_stream(4, 0)).unwrap();
    features.column_mut(0).fill(0.0);
    features[(17, 0)] = 50.0;
    let targets: Vec<f64> = (0..n).map(|i| features[(i, 1)] + features[(i, 2)] + (i as f64).sin()).collect();
    let data = Dataset::from_nalgebra(&features, Some(&targets), Preparation::default()).unwrap();
    let square = features.row(17).norm_squared();
    assert!((data.row_step(4) / (2.0 * 40.0 / square) - 1.0).abs() < 1e-12);
    let best = Search::new(&data, &[4]).unwrap().run().unwrap();
    let four = best.by_batches.iter().find(|choice| choice.batches == 4).unwrap();
    assert!(four.step_size <= 0.8 * data.row_step(4) * (1.0 + 1e-12));
    let rows: Vec<f64> = features.transpose().as_slice().to_vec();
    let table = Table::read(&RowMajor::new(&rows, p, Some(&targets)).unwrap()).unwrap();
    let runs = Runs::new(&table, None, &[0.25; 4], &[four.step_size; 4]).unwrap().with_runs(4).unwrap();
    let curves = runs.descend(Partition::Fresh, &Schedule::default(), 20, None).unwrap();
    assert!(curves.train[80] < curves.train[0], "{} from {}", curves.train[80], curves.train[0]);
}

/// One feature: the mean square of `1 - alpha w_b` over all batches of two out of six rows is 1 at the limit, by
/// enumeration, unless the largest row alone overshoots before.
#[test]
fn rows_of_one_direction_add_up_in_a_batch() {
    let features = [1.0, 1.1, -0.9, 1.0, 0.8, 1.2f64];
    let data = Dataset::from_row_major(&features, 1, None, Preparation::default()).unwrap();
    let pairs = || (0..6).flat_map(|i| (0..i).map(move |j| (i, j)));
    let growth = |step: f64| {
        let rates = pairs().map(|(i, j)| 0.5 * (features[i].powi(2) + features[j].powi(2)));
        rates.map(|rate| (1.0 - step * rate).powi(2)).sum::<f64>() / pairs().count() as f64
    };
    assert!((growth(data.row_step(3)) - 1.0).abs() < 1e-12, "{}", growth(data.row_step(3)));
    // Five rows in batches of at least one: none may overshoot there.
    let five = Dataset::from_row_major(&features[1..], 1, None, Preparation::default()).unwrap();
    assert!(five.row_step(4) <= 2.0 / 1.44 * (1.0 + 1e-12));
}

/// A feature that five rows out of 400 have: they share batches now and then, and what is recommended holds in runs.
#[test]
fn a_rare_feature_limits_the_step() {
    let (n, p) = (400, 20);
    let mut features = sample_features(n, &vec![1.0; p], Entries::Gaussian, &mut draw_stream(4, 0)).unwrap();
    features.column_mut(0).fill(0.0);
    for row in [17, 60, 123, 240, 333] {
        features[(row, 0)] = 50.0;
    }
    let targets: Vec<f64> =
        (0..n).map(|i| features[(i, 1)] + 0.06 * features[(i, 0)] * (i as f64).sin()).collect();
    let data = Dataset::from_nalgebra(&features, Some(&targets), Preparation::default()).unwrap();
    // Five equal entries of a direction: nu = 400 / 5, t = 5 * 2500 / 400.
    let variance = (400.0 - 25.0) / (25.0 * 399.0);
    let limit = 2.0 / (31.25 * (1.0 + 79.0 * variance));
    assert!((data.row_step(16) / limit - 1.0).abs() < 0.05, "{} against {limit}", data.row_step(16));
    let best = Search::new(&data, &[16]).unwrap().run().unwrap();
    let sixteen = best.by_batches.iter().find(|choice| choice.batches == 16).unwrap();
    let rows: Vec<f64> = features.transpose().as_slice().to_vec();
    let table = Table::read(&RowMajor::new(&rows, p, Some(&targets)).unwrap()).unwrap();
    let runs = Runs::new(&table, None, &[1.0 / 16.0; 16], &[sixteen.step_size; 16]).unwrap();
    let curves =
        runs.with_runs(20).unwrap().descend(Partition::Fresh, &Schedule::default(), 20, None).unwrap();
    let worst = curves.train.iter().copied().fold(0.0, f64::max);
    println!("recommended {}, limit {limit}, worst {worst}, start {}", sixteen.step_size, curves.train[0]);
    assert!(worst < 3.0 * curves.train[0] && curves.train[320] < curves.train[0], "{worst}");
}
