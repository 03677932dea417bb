//! Best choices for a model: against an independent search, and against runs on a grid around them.

use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::method::{Average, Method, Momentum, Start};
use freespectra::minibatch::{Averaging, Batches, Parameter, Stop, Tuned, Tuning};
use freespectra::{Budget, Population};

fn white(ratio: f64, noise: f64, batches: usize, epochs: usize) -> Tuning {
    Tuning::new(&Population::identity(), ratio, |_| 1.0, noise)
        .and_then(|tuning| tuning.with_batches(&[Batches::Finite(batches)]))
        .and_then(|tuning| tuning.with_budget(Budget::Epochs(epochs), 0))
        .unwrap()
        .with_stop(Stop::End)
}

/// Optima of golden sections and of the simplex search over an independent implementation of the predictions, along three
/// orders of its own.
#[test]
fn optima_of_an_independent_search() {
    let found = white(0.5, 0.3, 8, 5).run().unwrap();
    assert!((found.best.epoch_step / 0.5710 - 1.0).abs() < 0.02, "{:?}", found.best);
    assert!((found.best.risk - 0.21113).abs() < 4e-4, "{:?}", found.best);
    assert!(found.flat[0] < 0.95 * found.best.epoch_step && found.flat[1] > 1.05 * found.best.epoch_step);
}

/// Step and ridge from a start at 0, on a grid of simulated runs around the choice.
#[test]
fn runs_agree_with_step_and_ridge() {
    let tuning = white(2.0, 0.3, 5, 8)
        .with_method(Method::new().with_start(Start::Zero).unwrap())
        .with_parameters(&[Parameter::Ridge])
        .unwrap();
    let best = tuning.run().unwrap().best;
    let run = |tuned: &Tuned| {
        let simulation = MonteCarlo::new(240, Batching::equal(120, 5).unwrap(), tuned.epoch_step / 5.0)
            .and_then(|simulation| simulation.with_draws(100))
            .unwrap()
            .with_method(tuning.method(tuned).unwrap())
            .with_seed(3);
        let curves = simulation.trajectories(&Schedule::RandomReshuffling, 8, |_| 1.0, 0.3, None).unwrap();
        [curves.risk[40], curves.risk_error[40]]
    };
    let [chosen, error] = run(&best);
    assert!(
        (chosen - best.risk).abs() < 3.0 * error && error < 0.02 * chosen,
        "{chosen} ± {error}: {best:?}"
    );
    for (step, ridge) in [(0.4, 1.0), (2.0, 1.0), (1.0, 0.2), (1.0, 4.0)] {
        let mut other = best;
        other.epoch_step *= step;
        other.ridge = best.ridge.map(|best| best * ridge);
        assert!(run(&other)[0] > chosen, "{step}, {ridge}");
    }
}

/// Simulated risks of steps around a choice on the same data: the choice is the best up to noise.
#[test]
fn runs_agree_with_the_choice() {
    let tuning = white(0.5, 0.3, 8, 5);
    let best = tuning.run().unwrap().best;
    let run = |tuned: &Tuned| {
        let simulation = MonteCarlo::new(160, Batching::equal(320, 8).unwrap(), tuned.epoch_step / 8.0)
            .and_then(|simulation| simulation.with_draws(60))
            .unwrap()
            .with_method(tuning.method(tuned).unwrap())
            .with_seed(5);
        let curves = simulation.trajectories(&Schedule::RandomReshuffling, tuned.epochs, |_| 1.0, 0.3, None);
        let curves = curves.unwrap();
        [curves.risk[8 * tuned.epochs], curves.risk_error[8 * tuned.epochs]]
    };
    let [chosen, error] = run(&best);
    assert!(
        (chosen - best.risk).abs() < 3.0 * error && error < 0.03 * chosen,
        "{chosen} ± {error}: {best:?}"
    );
    for factor in [0.5, 0.7, 1.3, 1.6] {
        let mut other = best;
        other.epoch_step *= factor;
        let other = tuning.predicted(&other).unwrap();
        let [simulated, error] = run(&other);
        assert!(simulated > chosen, "{factor}: {simulated} against {chosen}");
        assert!((simulated - other.risk).abs() < 3.0 * error, "{factor}: {simulated} ± {error}: {other:?}");
    }
}

/// More to choose from is never worse, many batches come close to infinitely many, and budgets in seconds are those of epochs.
#[test]
fn choices_among_more() {
    let some = white(0.5, 0.3, 8, 5);
    let plain = some.run().unwrap().best.risk;
    let with_momentum = some.clone().with_parameters(&[Parameter::Momentum]).unwrap().run().unwrap().best;
    assert!(with_momentum.risk <= plain * (1.0 + 1e-5), "{with_momentum:?} against {plain}");
    let all =
        some.clone().with_batches(&[Batches::Finite(8), Batches::Finite(64), Batches::Infinite]).unwrap();
    let found = all.run().unwrap().by_batches;
    assert_eq!(found[0].risk, plain);
    let off = |a: f64, b: f64| (a / b - 1.0).abs();
    assert!(off(found[1].risk, found[2].risk) < 0.005, "{found:?}");
    assert!(off(found[1].epoch_step, found[2].epoch_step) < 0.05, "{found:?}");

    // 100 rows at 1 ms and 8 steps at 25 ms: 0.3 s an epoch.
    let seconds = Budget::Seconds { total: 1.6, per_step: 0.025, per_row: 0.001 };
    let timed = some.clone().with_budget(seconds, 100).unwrap();
    assert_eq!(timed.epochs(Batches::Finite(8)), 5);
    assert_eq!(timed.run().unwrap().best, some.run().unwrap().best);
    assert!(some.clone().with_budget(seconds, 0).is_err());
    assert!(some.clone().with_parameters(&[Parameter::Ridge, Parameter::Ridge]).is_err());
    assert!(some.with_batches(&[]).is_err());
}

/// Batches drawn with replacement differ much from order to order: the choice is no better than runs along orders of their own,
/// and better than one that is fitted to three orders.
#[test]
fn choices_are_not_fitted_to_their_orders() {
    let method =
        Method::new().with_start(Start::Zero).and_then(|method| method.with_average(Average::Polyak));
    let tuning = white(0.5, 0.0, 2, 10)
        .with_method(method.unwrap())
        .with_parameters(&[Parameter::Momentum])
        .and_then(|tuning| tuning.with_schedule(Schedule::WithReplacement, Averaging::to_error(0.02), 1))
        .unwrap();
    let best = tuning.run().unwrap().best;
    assert!(best.risk_error < 0.021 * best.risk && best.schedules > 100, "{best:?}");
    let runs = MonteCarlo::new(60, Batching::equal(120, 2).unwrap(), best.epoch_step / 2.0)
        .and_then(|simulation| simulation.with_draws(600))
        .unwrap()
        .with_method(tuning.method(&best).unwrap())
        .with_seed(9)
        .trajectories(&Schedule::WithReplacement, best.epochs, |_| 1.0, 0.0, None)
        .unwrap();
    let average = &runs.averages[0];
    let (risk, error) = (average.risk[2 * best.epochs], average.risk_error[2 * best.epochs]);
    assert!((risk - best.risk).abs() < 3.0 * error.hypot(best.risk_error), "{risk} ± {error}: {best:?}");
    let mut fitted =
        tuning.clone().with_schedule(Schedule::WithReplacement, 3, 1).unwrap().run().unwrap().best;
    fitted.schedules = best.schedules;
    let fitted = tuning.predicted(&fitted).unwrap();
    assert!(fitted.risk > best.risk + 3.0 * fitted.risk_error, "{fitted:?} against {best:?}");
}

/// After one step on all rows the risk is `(1 - a)^2 + gamma a^2 (1 + noise)`: the best step, whatever its size.
#[test]
fn best_steps_in_closed_form() {
    for (ratio, noise) in [(0.5, 0.3), (0.5, 1e6), (1e9, 0.3), (1e-7, 0.0)] {
        let best = white(ratio, noise, 1, 1).run().unwrap().best;
        let step = 1.0 / (1.0 + ratio * (1.0 + noise));
        assert!((best.epoch_step / step - 1.0).abs() < 0.02, "{best:?} against {step}");
        assert!((best.risk - (1.0 - step)).abs() < 1e-3 * step.min(1.0 - step), "{best:?}");
    }
}

/// What does not go together, or has no best choice, is refused by the name of the argument.
#[test]
fn refused() {
    let refused = |tuning: Tuning, argument: &str| {
        let error = tuning.run().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{argument}: ")), "{error}");
    };
    let tuned = |parameter| white(0.5, 0.3, 4, 5).with_parameters(&[parameter]).unwrap();
    // Around the truth the risk falls to 0 as the ridge grows.
    refused(tuned(Parameter::Ridge), "tune");
    let zero = Method::new().with_start(Start::Zero).unwrap();
    assert!(tuned(Parameter::Ridge).with_method(zero.clone()).run().is_ok());
    refused(tuned(Parameter::Ridge).with_method(zero.with_ridge(1.0).unwrap()), "ridge");
    let heavy = Method::new().with_momentum(Momentum::heavy_ball(0.5).unwrap());
    refused(tuned(Parameter::Nesterov).with_method(heavy), "tune");
    let averaged = |averages: &[Average]| {
        averages.iter().try_fold(Method::new(), |method, average| method.with_average(*average)).unwrap()
    };
    refused(white(0.5, 0.3, 4, 5).with_method(averaged(&[Average::Tail(20)])), "average");
    refused(white(0.5, 0.3, 4, 5).with_method(averaged(&[Average::Polyak, Average::Tail(2)])), "average");
    refused(white(0.5, 0.3, 4, 5).with_budget(Budget::Epochs(5), 3).unwrap(), "batches");
    refused(white(0.5, 0.3, 4, 100_000), "budget");
    refused(Tuning::new(&Population::identity(), 0.5, |_| 0.0, 0.3).unwrap(), "source");
    refused(white(f64::MAX, 0.3, 4, 5), "aspect_ratio");
    let twice = white(0.5, 0.3, 4, 5).with_batches(&[Batches::Finite(4); 2]).unwrap().run().unwrap();
    assert_eq!(twice.by_batches.len(), 1);
}
