//! Momentum, ridge, averages, schedules, preconditioners: against an independent solution of the same equations, closed forms and
//! sampled runs.

use freespectra::finite::{Batching, MonteCarlo, Partition, Schedule};
use freespectra::method::{Average, Method, Momentum, Preconditioner, Start, StepSchedule};
use freespectra::minibatch::{TestCovariance, Trajectory};
use freespectra::{MiniBatch, Population};
use nalgebra::DMatrix;

/// A schedule of four batches that is neither cyclic nor a reshuffling.
const STEPS: [usize; 12] = [0, 1, 2, 3, 2, 0, 3, 1, 1, 3, 0, 2];

fn model(step_size: f64) -> MiniBatch {
    MiniBatch::builder()
        .batches(4)
        .aspect_ratio(0.7)
        .step_size(step_size)
        .population(Population::atoms(&[(0.5, 0.6), (2.0, 0.4)]).unwrap())
        .build()
        .unwrap()
}

fn source(t: f64) -> f64 {
    if t < 1.0 { 1.0 } else { 3.0 }
}

fn polyak() -> Method {
    Method::new().with_average(Average::Polyak).unwrap()
}

fn exponential() -> Method {
    Method::new().with_average(Average::Exponential(0.3)).unwrap()
}

/// Risk and training error of the iterate and of the average after 4, 8 and 12 steps, from an independent implementation in
/// Python (which was itself held against simulations), to all digits given.
#[test]
fn reference_numbers() {
    let cases: [(&str, f64, Method, [[f64; 3]; 4]); 6] = [
        (
            "plain",
            0.2,
            polyak(),
            [
                [0.619344741000, 0.409094286972, 0.367579194308],
                [0.940485744840, 0.604709717970, 0.479013046070],
                [0.519035081376, 0.280514530737, 0.231645990414],
                [0.727358002823, 0.418190517348, 0.309869549399],
            ],
        ),
        (
            "heavy ball",
            0.1,
            exponential().with_momentum(Momentum::heavy_ball(0.6).unwrap()),
            [
                [0.773445228028, 0.453871924680, 0.383028712143],
                [0.972856261839, 0.449351335411, 0.366516648551],
                [0.766607711959, 0.331794210429, 0.227538613031],
                [0.742607168962, 0.289761572329, 0.208697045120],
            ],
        ),
        (
            "Nesterov",
            0.1,
            exponential().with_momentum(Momentum::nesterov(0.6).unwrap()),
            [
                [0.658572179913, 0.395034695986, 0.343642501160],
                [1.031501124272, 0.451342617764, 0.351808112104],
                [0.520812025641, 0.239807941736, 0.175262945052],
                [0.821772122055, 0.281448836239, 0.188529639438],
            ],
        ),
        (
            "ridge",
            0.2,
            polyak().with_ridge(0.25).and_then(|method| method.with_start(Start::Zero)).unwrap(),
            [
                [0.626214858780, 0.453939366680, 0.418187890837],
                [0.975975000362, 0.666748485896, 0.554609533796],
                [0.512763213910, 0.328453112981, 0.297217608857],
                [0.766128261589, 0.478390745438, 0.380721958940],
            ],
        ),
        (
            "cosine",
            0.3,
            polyak().with_step_schedule(StepSchedule::Cosine).unwrap(),
            [
                [0.883457163363, 0.427894142394, 0.407033715254],
                [0.817871833219, 0.568390859305, 0.485479161489],
                [0.868540934021, 0.252421089198, 0.228402276492],
                [0.621547794426, 0.383785913321, 0.304584878845],
            ],
        ),
        (
            "preconditioned",
            0.2,
            polyak().with_preconditioner(Preconditioner::Power(-0.5)),
            [
                [0.683936396745, 0.463617018094, 0.404057115923],
                [1.160451015240, 0.765835887730, 0.603938325476],
                [0.442248221237, 0.236311890106, 0.189770077387],
                [0.855673072112, 0.471136325970, 0.336618881847],
            ],
        ),
    ];
    for (name, step, method, [risk, average_risk, train, average_train]) in cases {
        let curve = Trajectory::new(&model(step), source, 0.3)
            .and_then(|trajectory| trajectory.with_method(method)?.along(&STEPS))
            .unwrap();
        let average = &curve.averages[0];
        for (what, found, expected) in [
            ("risk", &curve.risk, risk),
            ("risk of the average", &average.risk, average_risk),
            ("train", &curve.train, train),
            ("train of the average", &average.train, average_train),
        ] {
            for (i, expected) in expected.into_iter().enumerate() {
                let found = found[4 * (i + 1)];
                assert!((found - expected).abs() < 1e-11, "{name}, {what} {i}: {found} against {expected}");
            }
        }
    }
}

/// Nothing of a method that does nothing is left: with an average or a second component beside it, the iterate is that of plain
/// descent.
#[test]
fn plain_descent_in_other_words() {
    let trajectory = |method| {
        Trajectory::new(&model(0.2), source, 0.3).unwrap().with_method(method).unwrap().along(&STEPS).unwrap()
    };
    let plain = trajectory(Method::new());
    for method in [
        polyak(),
        Method::new().with_momentum(Momentum::heavy_ball(0.0).unwrap()),
        Method::new().with_momentum(Momentum::nesterov(0.0).unwrap()),
        Method::new().with_preconditioner(Preconditioner::Power(0.0)),
        Method::new().with_average(Average::Exponential(1.0)).unwrap(),
    ] {
        let curve = trajectory(method.clone());
        for (found, expected) in
            curve.risk.iter().zip(&plain.risk).chain(curve.train.iter().zip(&plain.train))
        {
            assert!((found - expected).abs() < 1e-12, "{method:?}: {found} against {expected}");
        }
    }
    let all = trajectory(Method::new().with_average(Average::Exponential(1.0)).unwrap());
    for (found, expected) in all.averages[0].risk.iter().zip(&all.risk) {
        assert!((found - expected).abs() < 1e-12);
    }
}

/// The first step meets fresh data, so that it is known in closed form, noise of gradients and labels included.
#[test]
fn noise_of_the_first_step() {
    let (step, ratio) = (0.2, 2.8);
    let method = Method::new()
        .with_gradient_noise(0.7)
        .and_then(|method| method.with_label_noise(0.4))
        .and_then(|method| method.with_start(Start::Zero))
        .and_then(|method| method.with_ridge(0.25))
        .unwrap();
    let curve =
        Trajectory::new(&model(step), source, 0.3).unwrap().with_method(method).unwrap().along(&[0]).unwrap();
    let before: f64 = [(0.5, 0.6), (2.0, 0.4)].iter().map(|(t, w)| w * t * source(*t)).sum();
    let expected: f64 = [(0.5f64, 0.6), (2.0, 0.4)]
        .iter()
        .map(|(t, w)| {
            // From 0 the ridge has nothing to pull.
            let mean = (1.0 - step * t).powi(2) * source(*t);
            w * t * (mean + step * step * (ratio * t * (before + 0.3 + 0.4) + 0.7))
        })
        .sum();
    assert!((curve.risk[1] - expected).abs() < 1e-13, "{} against {expected}", curve.risk[1]);
}

/// 300 eigenvalues by the few nodes that stand for them, against all of them.
#[test]
fn many_eigenvalues() {
    let source = |t: f64| 1.0 / (1.0 + t);
    let eigenvalues: Vec<f64> = (1..=300).map(|i| 8.0 * f64::from(i).powf(-0.8)).collect();
    let atoms: Vec<(f64, f64)> = eigenvalues.iter().map(|&t| (t, 1.0 / 300.0)).collect();
    let model = MiniBatch::builder()
        .batches(4)
        .aspect_ratio(0.7)
        .step_size(0.1)
        .population(Population::atoms(&atoms).unwrap())
        .build()
        .unwrap();
    let method = polyak().with_momentum(Momentum::nesterov(0.5).unwrap());
    let steps: Vec<usize> = STEPS.iter().chain(&STEPS).chain(&STEPS).copied().collect();
    let trajectory = Trajectory::new(&model, source, 0.3).unwrap().with_method(method).unwrap();
    let few = trajectory.along(&steps).unwrap();
    // A test covariance is given along the eigenvalues themselves, so that none are left out.
    let test: Vec<f64> = model.population().as_atoms().iter().map(|atom| atom.location).collect();
    let all =
        trajectory.with_test_covariance(TestCovariance::Commuting(test)).unwrap().along(&steps).unwrap();
    for s in 0..=steps.len() {
        for (few, all) in [
            (few.risk[s], all.risk[s]),
            (few.train[s], all.train[s]),
            (few.averages[0].risk[s], all.averages[0].risk[s]),
            (few.averages[0].train[s], all.averages[0].train[s]),
            (all.test_risk[s], all.risk[s]),
        ] {
            assert!((few / all - 1.0).abs() < 1e-8, "step {s}: {few} against {all}");
        }
    }
}

/// A covariance that commutes, told as one that may not.
#[test]
fn test_covariances_of_both_kinds_agree() {
    let method = polyak()
        .with_momentum(Momentum::heavy_ball(0.5).unwrap())
        .with_ridge(0.1)
        .and_then(|method| method.with_start(Start::Zero))
        .unwrap();
    let trajectory = Trajectory::new(&model(0.1), source, 0.3).unwrap().with_method(method).unwrap();
    let squares = [(0.5, 0.6), (2.0, 0.4)].map(|(t, weight)| weight * source(t));
    let diagonal = vec![0.3, 1.7];
    let signal = DMatrix::from_fn(2, 2, |i, j| if i == j { diagonal[i] * squares[i] } else { 0.0 });
    let general = TestCovariance::General { diagonal: diagonal.clone(), signal };
    let commuting = TestCovariance::Commuting(diagonal);
    let [general, commuting] = [general, commuting].map(|covariance| {
        trajectory.clone().with_test_covariance(covariance).unwrap().along(&STEPS).unwrap()
    });
    let pairs = general.test_risk.iter().zip(&commuting.test_risk);
    for (found, expected) in
        pairs.chain(general.averages[0].test_risk.iter().zip(&commuting.averages[0].test_risk))
    {
        assert!((found - expected).abs() < 1e-13, "{found} against {expected}");
    }
    assert!((general.test_risk[0] - (0.3 * 0.6 + 1.7 * 0.4 * 3.0)).abs() < 1e-14);
    assert!(trajectory.with_test_covariance(TestCovariance::Commuting(vec![1.0])).is_err());
}

/// Methods in mixtures, each against sampled runs: within three standard errors, to which the limit adds its distance of order
/// `1 / p`, and on large data within a part of the value as well.
fn against_runs(features: usize, draws: usize, part: f64) {
    let gentle = || Method::new().with_average(Average::Exponential(0.1)).unwrap();
    let methods = [
        polyak(),
        polyak().with_momentum(Momentum::heavy_ball(0.8).unwrap()),
        gentle().with_momentum(Momentum::nesterov(0.8).unwrap()),
        gentle().with_momentum(Momentum::growing()),
        gentle().with_ridge(0.2).and_then(|method| method.with_start(Start::Zero)).unwrap(),
        gentle().with_step_schedule(StepSchedule::WarmUp(8)).unwrap(),
        Method::new()
            .with_average(Average::Tail(12))
            .and_then(|method| method.with_step_schedule(StepSchedule::InverseTime(20.0)))
            .unwrap(),
        polyak().with_preconditioner(Preconditioner::Power(-0.5)),
        gentle()
            .with_momentum(Momentum::nesterov(0.6).unwrap())
            .with_preconditioner(Preconditioner::Power(-0.5))
            .with_ridge(0.1)
            .and_then(|method| method.with_step_schedule(StepSchedule::Cosine))
            .and_then(|method| method.with_label_noise(0.2))
            .and_then(|method| method.with_gradient_noise(0.3))
            .unwrap(),
    ];
    let (batches, epochs, ratio, noise) = (5, 6, 0.6, 0.3);
    let samples = (features as f64 / ratio).round() as usize;
    let population = Population::atoms(&[(0.4, 0.3), (1.0, 0.4), (2.2, 0.3)]).unwrap();
    let source = |t: f64| 2.0 / (1.0 + t * t);
    let test: Vec<f64> = population.as_atoms().iter().map(|atom| atom.location.powi(2)).collect();
    for (i, method) in methods.into_iter().enumerate() {
        // Momentum makes steps larger: these are as far from those at which runs diverge.
        let step = if (1..=3).contains(&i) { 0.05 } else { 0.15 };
        let partition = if i % 3 == 2 { Partition::Fresh } else { Partition::Fixed };
        let model = MiniBatch::builder()
            .batches(batches)
            .aspect_ratio(features as f64 / samples as f64)
            .step_size(step)
            .population(population.clone())
            .build()
            .unwrap();
        let predicted = Trajectory::new(&model, source, noise)
            .and_then(|trajectory| trajectory.with_method(method.clone()))
            .and_then(|trajectory| trajectory.with_test_covariance(TestCovariance::Commuting(test.clone())))
            .and_then(|trajectory| {
                let schedule = &Schedule::RandomReshuffling;
                trajectory.with_partition(partition).averaged(schedule, epochs, draws, 5, None)
            })
            .unwrap();
        let sampled = MonteCarlo::new(features, Batching::equal(samples, batches).unwrap(), step)
            .and_then(|run| run.with_draws(draws))
            .and_then(|run| run.with_test_eigenvalues(test.clone()))
            .unwrap()
            .with_population(population.clone())
            .with_partition(partition)
            .with_method(method.clone())
            .with_seed(5)
            .trajectories(&Schedule::RandomReshuffling, epochs, source, noise, None)
            .unwrap();
        let (average, sampled_average) = (&predicted.averages[0], &sampled.averages[0]);
        for (what, predicted, sampled, error) in [
            ("risk", &predicted.risk, &sampled.risk, &sampled.risk_error),
            ("train", &predicted.train, &sampled.train, &sampled.train_error),
            ("test risk", &predicted.test_risk, &sampled.test_risk, &sampled.test_risk_error),
            ("average's risk", &average.risk, &sampled_average.risk, &sampled_average.risk_error),
            ("average's train", &average.train, &sampled_average.train, &sampled_average.train_error),
        ] {
            let mut worst = [0.0f64; 2];
            for s in 0..predicted.len() {
                let difference = (predicted[s] - sampled[s]).abs();
                worst[0] = worst[0].max(difference / predicted[s]);
                worst[1] = worst[1].max(difference / error[s].max(1e-12));
                let bound = 3.0 * error[s] + 3.0 / features as f64 * predicted[s];
                assert!(
                    difference <= bound && difference <= part * predicted[s],
                    "{method:?}, {partition}, {what}, step {s}: {} against {} +- {}",
                    predicted[s],
                    sampled[s],
                    error[s]
                );
            }
            println!("{i} {what}: at most {:.2} %, {:.1} standard errors", 100.0 * worst[0], worst[1]);
        }
    }
}

#[test]
fn mixtures_of_methods_against_runs() {
    against_runs(240, 60, f64::INFINITY);
}

#[test]
#[ignore = "minutes"]
fn mixtures_of_methods_against_large_runs() {
    against_runs(900, 48, 0.03);
}
