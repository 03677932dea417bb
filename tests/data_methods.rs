//! Methods on given data: against plain descent by another route, runs on the rows, and closed forms.

use freespectra::data::{Curves, Dataset, Preparation, RowMajor, Runs, StepSizes, Table};
use freespectra::finite::{Entries, Partition, Schedule, draw_stream};
use freespectra::method::{Average, Method, Momentum, Preconditioner, StepSchedule};

fn spectrum() -> Dataset {
    Dataset::from_spectrum(4, 3, &[0.0, 0.2, 1.0, 3.0], Some(&[0.5, 1.0, 2.0, 4.0])).unwrap()
}

fn averaging() -> Method {
    Method::new().with_average(Average::Polyak).unwrap()
}

/// The pass of plain descent on data goes from split to split by products of matrices, that of methods step by step.
#[test]
fn plain_descent_by_both_routes() {
    let data = spectrum();
    let steps = [0, 1, 1, 0, 0, 1, 1, 0];
    for partition in [Partition::Fixed, Partition::Fresh, Partition::Replacement] {
        let curves =
            Curves::new(&data, 2, StepSizes::PerBatch(vec![0.3, 0.2])).unwrap().with_partition(partition);
        let plain = curves.along(&steps).unwrap();
        let method = curves.clone().with_method(averaging()).unwrap().along(&steps).unwrap();
        for (found, expected) in
            method.train.iter().zip(&plain.train).chain(method.test.iter().zip(&plain.test))
        {
            assert!((found - expected).abs() < 1e-12, "{partition}: {found} against {expected}");
        }
        assert!((method.averages[0].train[0] - plain.train[0]).abs() < 1e-14);
    }
}

/// One batch: the residual along every eigenvector by its recursion, whatever the method; the test error by the correction
/// of the residuals that the derivative of the iterates gives for a single step.
#[test]
fn full_batch_is_a_recursion() {
    let data = spectrum();
    let (step, mu, ridge, rho) = (0.2, 0.6, 0.1, 0.3);
    let method = Method::new()
        .with_momentum(Momentum::nesterov(mu).unwrap())
        .with_ridge(ridge)
        .and_then(|method| method.with_average(Average::Exponential(rho)))
        .unwrap();
    let curve = Curves::new(&data, 1, StepSizes::Constant(step))
        .and_then(|curves| curves.with_method(method)?.along(&[0; 12]))
        .unwrap();
    let spectrum = [(0.0f64, 0.5f64), (0.2, 1.0), (1.0, 2.0), (3.0, 4.0)];
    let mut states = spectrum.map(|_| [1.0f64, 0.0, 1.0]);
    for s in 0..=12 {
        let mean = |i: usize| -> f64 {
            spectrum.iter().zip(&states).map(|((_, q), state)| q * state[i].powi(2)).sum::<f64>() / 4.0
        };
        assert!((curve.train[s] - mean(0)).abs() < 1e-12, "step {s}");
        assert!((curve.averages[0].train[s] - mean(2)).abs() < 1e-12, "step {s}");
        for ((t, _), [r, v, m]) in spectrum.iter().zip(&mut states) {
            let query = *r + mu * *v;
            *v = mu * *v - step * (t * query + ridge * (query - 1.0));
            *r += *v;
            *m += rho * (*r - *m);
        }
    }
}

/// Runs on rows of 300 features, by partition and method.
#[test]
fn methods_against_runs() {
    let (rows, columns, batches, epochs) = (600, 300, 6, 5);
    let mut rng = draw_stream(11, 0);
    let mut numbers = vec![0.0; rows * columns + rows];
    Entries::Rademacher.fill(&mut numbers, &mut rng).unwrap();
    let (features, noise) = numbers.split_at(rows * columns);
    let features: Vec<f64> =
        features.iter().enumerate().map(|(i, x)| x * (1.0 + (i % columns) as f64).powf(-0.3)).collect();
    let target = |row: usize| {
        let x = &features[row * columns..(row + 1) * columns];
        let linear: f64 = x.iter().step_by(3).sum::<f64>() / 4.0;
        linear + 0.3 * linear.sin() + 0.5 * noise[row]
    };
    let targets: Vec<f64> = (0..rows).map(target).collect();
    let source = RowMajor::new(&features, columns, Some(&targets)).unwrap();
    let (table, data) =
        (Table::read(&source).unwrap(), Dataset::from_rows(&source, Preparation::default()).unwrap());
    let step = 0.5 / data.largest_eigenvalue();
    let methods = [
        averaging().with_momentum(Momentum::heavy_ball(0.6).unwrap()),
        averaging().with_ridge(0.1).unwrap(),
        averaging()
            .with_momentum(Momentum::nesterov(0.5).unwrap())
            .with_ridge(0.05)
            .and_then(|method| method.with_step_schedule(StepSchedule::Cosine))
            .unwrap(),
    ];
    for method in methods {
        for partition in [Partition::Fresh, Partition::Fixed] {
            let predicted = Curves::new(&data, batches, StepSizes::Constant(step))
                .unwrap()
                .with_partition(partition)
                .with_method(method.clone())
                .and_then(|curves| curves.averaged(&Schedule::RandomReshuffling, epochs, 10, 3, None))
                .unwrap();
            let runs = Runs::new(&table, None, &[1.0 / batches as f64; 6], &[step; 6])
                .and_then(|runs| runs.with_runs(12))
                .unwrap()
                .with_method(method.clone())
                .with_seed(3)
                .descend(partition, &Schedule::RandomReshuffling, epochs, None)
                .unwrap();
            for s in 0..predicted.train.len() {
                // Of the average only the mean over runs is told, which varies less.
                let average = (predicted.averages[0].train[s], runs.averages[0].train[s]);
                for (predicted, run) in [(predicted.train[s], runs.train[s]), average] {
                    let difference = (predicted - run).abs();
                    let bound = 3.0 * runs.train_error[s] + 0.005 * predicted;
                    assert!(
                        difference < bound,
                        "{method:?}, {partition}, step {s}: {predicted} against {run}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_needs_a_population_is_refused() {
    let data = spectrum();
    let curves = Curves::new(&data, 2, StepSizes::Constant(0.1)).unwrap();
    assert!(curves.clone().with_method(Method::new().with_gradient_noise(0.1).unwrap()).is_err());
    assert!(curves.with_method(Method::new().with_preconditioner(Preconditioner::Power(1.0))).is_err());
}
