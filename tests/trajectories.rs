//! Error curves of the iterates: against an independent solution of the same equations, closed forms,
//! and sampled gradient descent.

use freespectra::finite::{Batching, MonteCarlo, Partition, Schedule};
use freespectra::minibatch::{Averaging, MeanIterate, Trajectory};
use freespectra::{MiniBatch, Population};

fn two_atoms() -> Population {
    Population::atoms(&[(0.5, 0.4), (2.0, 0.6)]).unwrap()
}

fn source(t: f64) -> f64 {
    if t < 1.0 { 1.5 } else { 0.7 }
}

#[test]
fn reference_numbers() {
    // From an independent implementation in Python, which iterates the doubled pencil of the whole
    // trajectory to its fixed point: B = 3, step size 0.3, gamma = 0.7, noise 0.3.
    let model = MiniBatch::builder()
        .batches(3)
        .aspect_ratio(0.7)
        .step_size(0.3)
        .population(two_atoms())
        .build()
        .unwrap();
    let curve = Trajectory::new(&model, source, 0.3).unwrap().along(&[0, 1, 2, 1, 0, 2, 2, 2]).unwrap();
    let reference = [
        (1.14, 1.44),
        (1.03155, 1.18104552),
        (0.93143625, 0.9958712238),
        (0.84418877625, 0.870281505931),
        (0.744562373486, 0.727594709653),
        (0.674920251151, 0.696129089216),
        (0.621151498272, 0.557298499926),
        (0.631212094145, 0.626865424319),
        (0.85568550321, 1.04949545332),
    ];
    for (s, (risk, train)) in reference.into_iter().enumerate() {
        assert!((curve.risk[s] - risk).abs() < 2e-12, "step {s}: risk {} against {risk}", curve.risk[s]);
        assert!((curve.train[s] - train).abs() < 1e-11, "step {s}: train {} against {train}", curve.train[s]);
    }
}

#[test]
fn full_batch_is_bias_plus_variance() {
    // With one batch nothing is random but the data, so the iterate is the mean iterate.
    for ratio in [0.5, 2.0] {
        let model = MiniBatch::builder().batches(1).aspect_ratio(ratio).step_size(0.3).build().unwrap();
        let mean = MeanIterate::new(&model.white().unwrap()).unwrap();
        let curve = Trajectory::new(&model, |_| 1.2, 0.4).unwrap().along(&[0; 60]).unwrap();
        for (k, risk) in curve.risk.iter().enumerate() {
            let expected = mean.after(k, 1.2, 0.4).unwrap().risk;
            assert!((risk - expected).abs() < 1e-9, "gamma = {ratio}, step {k}: {risk} against {expected}");
        }
    }
}

#[test]
fn nothing_moves_without_a_step() {
    let model = MiniBatch::builder().batches(3).population(two_atoms()).build().unwrap();
    let still = Trajectory::new(&model, source, 0.2).unwrap().with_step_sizes(&[0.0; 3]).unwrap();
    let curve = still.along(&[0, 1, 2, 2, 0]).unwrap();
    assert!(curve.risk.iter().all(|&risk| risk == curve.risk[0]));
    assert!((curve.risk[0] - (0.4 * 0.5 * 1.5 + 0.6 * 2.0 * 0.7)).abs() < 1e-15);
    assert!(curve.train.iter().all(|&train| (train - curve.risk[0] - 0.2).abs() < 1e-15));
}

#[test]
fn a_far_too_large_step_diverges_without_nan() {
    let model = MiniBatch::builder().batches(2).aspect_ratio(0.5).step_size(3.0).build().unwrap();
    let trajectory = Trajectory::new(&model, |_| 1.0, 0.1).unwrap();
    let curve = trajectory.averaged(&Schedule::RandomReshuffling, 200, 3, 1, None).unwrap();
    let from = curve.diverged.unwrap();
    assert!(curve.risk[from - 1] > 1e50 && curve.risk[from..].iter().all(|&risk| risk > 1e90));
    let all = [&curve.risk, &curve.train, &curve.risk_spread, &curve.train_spread];
    assert!(all.iter().all(|values| values.len() == 401 && values.iter().all(|x| x.is_finite())));
    let sampled = MonteCarlo::new(20, Batching::equal(40, 2).unwrap(), 3.0)
        .unwrap()
        .trajectories(&Schedule::Cyclic, 400, |_| 1.0, 0.1, None)
        .unwrap();
    assert!(sampled.risk.iter().chain(&sampled.train_error).all(|x| x.is_finite()));
    assert!(sampled.risk[800] > 1e300);
}

#[test]
fn bad_input_is_refused() {
    let model = MiniBatch::builder().batches(2).build().unwrap();
    assert!(Trajectory::new(&model, |_| -1.0, 0.1).is_err());
    assert!(Trajectory::new(&model, |_| f64::NAN, 0.1).is_err());
    assert!(Trajectory::new(&model, |_| 1.0, f64::INFINITY).is_err());
    let trajectory = Trajectory::new(&model, |_| 1.0, 0.1).unwrap();
    assert!(trajectory.along(&[0, 2]).is_err());
    assert!(trajectory.along(&vec![0; 100_000]).is_err()); // 160 GB
    assert!(trajectory.averaged(&Schedule::Cyclic, 0, 1, 1, None).is_err());
    assert!(trajectory.averaged(&Schedule::Cyclic, 1, 0, 1, None).is_err());
    assert!(trajectory.averaged(&Schedule::Cyclic, usize::MAX, 1, 1, None).is_err());
    assert!(trajectory.averaged(&Schedule::Explicit(vec![1, 0]), usize::MAX, 1, 1, None).is_ok());
    assert!(trajectory.averaged(&Schedule::Explicit(vec![5]), 1, 1, 1, None).is_err());
    assert!(trajectory.clone().with_step_sizes(&[0.1]).is_err());
    assert!(trajectory.with_step_sizes(&[0.1, -0.1]).is_err());
}

/// Predicted and sampled curves over the same schedules: within three standard errors, to which the
/// limit adds its distance of order `1 / p`; and within 3 %.
fn check(schedule: &Schedule, batches: usize, samples: usize, step: f64, population: Population) {
    let (features, noise) = (1000, 0.3);
    // The training error of few samples fluctuates most, the more the closer they are fitted.
    let (draws, epochs) = if samples < features { (600, 4) } else { (48, 6) };
    let model = MiniBatch::builder()
        .batches(batches)
        .aspect_ratio(features as f64 / samples as f64)
        .step_size(step)
        .population(population.clone())
        .build()
        .unwrap();
    let predicted = Trajectory::new(&model, source, noise)
        .and_then(|trajectory| trajectory.averaged(schedule, epochs, draws, 3, None))
        .unwrap();
    let sampled = MonteCarlo::new(features, Batching::equal(samples, batches).unwrap(), step)
        .and_then(|run| run.with_draws(draws))
        .unwrap()
        .with_population(population)
        .with_seed(3)
        .trajectories(schedule, epochs, source, noise, None)
        .unwrap();
    for s in 0..predicted.risk.len() {
        for (what, predicted, sampled, error) in [
            ("risk", predicted.risk[s], sampled.risk[s], sampled.risk_error[s]),
            ("train", predicted.train[s], sampled.train[s], sampled.train_error[s]),
        ] {
            let difference = (predicted - sampled).abs();
            let bound = 3.0 * error + 3.0 / features as f64 * predicted;
            assert!(
                difference <= bound && difference <= 0.03 * predicted,
                "{schedule}, B = {batches}, n = {samples}, step {s}, {what}: {predicted} against {sampled} +- {error}"
            );
        }
    }
}

#[test]
fn every_schedule_against_gradient_descent() {
    let explicit = Schedule::Explicit(vec![0, 1, 1, 4, 2, 0, 3, 3, 3, 1]);
    for schedule in [
        Schedule::RandomReshuffling,
        Schedule::ShuffleOnce,
        Schedule::Cyclic,
        Schedule::WithReplacement,
        explicit,
    ] {
        check(&schedule, 5, 2000, 0.2, two_atoms());
    }
    // A third of the features does not vary.
    let idle = Population::atoms(&[(0.0, 1.0 / 3.0), (0.5, 1.0 / 3.0), (2.0, 1.0 / 3.0)]).unwrap();
    check(&Schedule::RandomReshuffling, 5, 2000, 0.2, idle);
}

#[test]
fn batches_and_aspect_ratios_against_gradient_descent() {
    for (batches, samples, step) in [(2, 2000, 0.3), (8, 1600, 0.1), (2, 500, 0.15), (5, 500, 0.08)] {
        check(&Schedule::RandomReshuffling, batches, samples, step, two_atoms());
    }
    check(&Schedule::RandomReshuffling, 8, 800, 0.1, Population::identity());
}

#[test]
fn partitions_drawn_anew() {
    // From an independent implementation in Python, which iterates the doubled pencil of the whole
    // trajectory to its fixed point: B = 2, three epochs.
    let population = Population::atoms(&[(0.5, 0.5), (2.0, 0.5)]).unwrap();
    let model = MiniBatch::builder()
        .batches(2)
        .aspect_ratio(0.5)
        .step_size(0.3)
        .population(population)
        .build()
        .unwrap();
    let trajectory = Trajectory::new(&model, |t| if t < 1.0 { 1.0 } else { 0.5 }, 0.3).unwrap();
    let fresh = trajectory.clone().with_partition(Partition::Fresh);
    let reference =
        [0.75, 0.4614375, 0.327701015625, 0.285940711523, 0.248040865320, 0.243292154160, 0.225502375403];
    let curve = fresh.along(&[0, 1, 1, 0, 0, 1]).unwrap();
    for (s, (risk, reference)) in curve.risk.iter().zip(reference).enumerate() {
        assert!((risk - reference).abs() < 1e-12, "step {s}: {risk} against {reference}");
    }
    // While a split lasts it makes no difference whether another one will come.
    let fixed = trajectory.along(&[0, 1, 1, 0, 0, 1]).unwrap();
    for s in 0..=2 {
        assert!(
            (curve.train[s] - fixed.train[s]).abs() < 1e-14 && (curve.risk[s] - fixed.risk[s]).abs() < 1e-14
        );
    }
    assert!((curve.train[6] - fixed.train[6]).abs() > 1e-3);
    // With a single batch there is nothing to split.
    let model = MiniBatch::builder().batches(1).aspect_ratio(0.7).step_size(0.3).build().unwrap();
    let single = Trajectory::new(&model, |_| 1.0, 0.3).unwrap();
    let [fresh_curve, fixed] = [Partition::Fresh, Partition::Fixed]
        .map(|partition| single.clone().with_partition(partition).along(&[0; 12]).unwrap());
    for s in 0..=12 {
        assert!((fresh_curve.risk[s] - fixed.risk[s]).abs() < 1e-13);
        assert!((fresh_curve.train[s] - fixed.train[s]).abs() < 1e-13);
    }
    assert!(fresh.along(&[0, 0]).is_err());
    assert!(trajectory.with_partition(Partition::Replacement).along(&[0, 0]).is_ok());
}

/// Batches that are all alike may be renumbered, so a fixed order of them is the cyclic one and no average.
#[test]
fn shuffling_once_is_cyclic_for_equal_batches() {
    let model = MiniBatch::builder().batches(5).aspect_ratio(0.7).epoch_step(2.0).build().unwrap();
    let trajectory = Trajectory::new(&model, |_| 1.0, 0.3).unwrap();
    let once = trajectory.averaged(&Schedule::ShuffleOnce, 6, 20, 1, None).unwrap();
    let cyclic = trajectory.averaged(&Schedule::Cyclic, 6, 20, 1, None).unwrap();
    assert_eq!((once.schedules, once), (1, cyclic));
    // Batches that differ have an order.
    let unequal = trajectory.with_step_sizes(&[0.4, 0.4, 0.2, 0.4, 0.4]).unwrap();
    let once = unequal.averaged(&Schedule::ShuffleOnce, 6, 20, 1, None).unwrap();
    assert!(once.schedules == 20 && once.risk_spread[5] > 0.0);
}

/// The number of schedules follows the error that is asked for, and the error is that of the mean: two halves of
/// the schedules differ by no more than it allows.
#[test]
fn averages_reach_the_error_asked_for() {
    let model = MiniBatch::builder().batches(4).aspect_ratio(0.5).epoch_step(1.0).build().unwrap();
    let trajectory = Trajectory::new(&model, |_| 1.0, 0.3).unwrap();
    let run = |averaging: Averaging, seed| {
        trajectory.averaged(&Schedule::WithReplacement, 10, averaging, seed, None).unwrap()
    };
    let target = |relative| Averaging::ToError { relative, most: 5000 };
    let (rough, fine) = (run(target(0.02), 1), run(target(0.005), 1));
    assert!(rough.relative_error() <= 0.02 && fine.relative_error() <= 0.005);
    // Four times the accuracy takes sixteen times the schedules, up to how well the spread is known.
    let ratio = fine.schedules as f64 / rough.schedules as f64;
    assert!((8.0..32.0).contains(&ratio), "{} and {}", rough.schedules, fine.schedules);
    // The same schedules as a fixed number of them.
    assert_eq!(run(Averaging::Fixed(rough.schedules), 1), rough);
    let other = run(Averaging::Fixed(rough.schedules), 2);
    for s in 1..other.risk.len() {
        let deviation = (other.risk[s] - fine.risk[s]).abs();
        assert!(deviation <= 5.0 * other.risk_error[s].hypot(fine.risk_error[s]), "step {s}");
        let spread = other.risk_error[s] * (other.schedules as f64).sqrt();
        assert!((other.risk_spread[s] - spread).abs() <= 1e-12 * spread);
    }
    assert_eq!(run(Averaging::ToError { relative: 1e-9, most: 30 }, 1).schedules, 30);
    let refused =
        |averaging| trajectory.averaged(&Schedule::WithReplacement, 10, averaging, 1, None).is_err();
    assert!(refused(target(0.0)) && refused(target(f64::NAN)) && refused(Averaging::Fixed(100_000_000)));
}

/// Rows split anew every epoch, and drawn anew at every step, against runs that do so: three standard errors and
/// `3 / p`, as for the others.
#[test]
fn partitions_drawn_anew_against_gradient_descent() {
    let (features, samples, batches) = (300, 600, 4);
    let model = MiniBatch::builder().batches(batches).aspect_ratio(0.5).epoch_step(1.6).build().unwrap();
    let trajectory = Trajectory::new(&model, |_| 1.0, 0.3).unwrap();
    let run =
        MonteCarlo::new(features, Batching::equal(samples, batches).unwrap(), model.step_size()).unwrap();
    let run = run.with_draws(24).unwrap().with_seed(3);
    let schedule = Schedule::RandomReshuffling;
    let mut ends = Vec::new();
    for partition in [Partition::Fixed, Partition::Fresh, Partition::Replacement] {
        let predicted =
            trajectory.clone().with_partition(partition).averaged(&schedule, 6, 24, 3, None).unwrap();
        let sampled =
            run.clone().with_partition(partition).trajectories(&schedule, 6, |_| 1.0, 0.3, None).unwrap();
        for s in 0..=6 * batches {
            for (predicted, sampled, error) in [
                (predicted.risk[s], sampled.risk[s], sampled.risk_error[s]),
                (predicted.train[s], sampled.train[s], sampled.train_error[s]),
            ] {
                let bound = 3.0 * error + 3.0 / features as f64 * predicted;
                assert!(
                    (predicted - sampled).abs() < bound,
                    "{partition}, step {s}: {predicted} for {sampled}"
                );
            }
        }
        ends.push(predicted.train[6 * batches]);
    }
    // The three differ by more than that.
    assert!((ends[1] / ends[0] - 1.0).abs() > 0.025 && (ends[2] / ends[1] - 1.0).abs() > 0.025, "{ends:?}");
}
