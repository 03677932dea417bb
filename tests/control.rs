//! Stopping and watching: whatever is long stops when it is told to, wherever its threads are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use freespectra::data::{Curves, Dataset, PartitionLaw, SampleSpectrum, Split, StepSizes};
use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::minibatch::{MeanIterate, Trajectory, WhiteMiniBatch};
use freespectra::polynomial::FreePolynomial;
use freespectra::{Control, Error, Law, MiniBatch, Population, Result};

fn model(batches: usize) -> MiniBatch {
    let population = Population::atoms(&[(1.0, 0.5), (3.0, 0.5)]).unwrap();
    MiniBatch::builder().batches(batches).epoch_step(0.5).population(population).build().unwrap()
}

fn white(batches: usize) -> WhiteMiniBatch {
    MiniBatch::builder().batches(batches).epoch_step(0.5).build().unwrap().white().unwrap()
}

fn anticommutator() -> FreePolynomial {
    let laws = [("x", Law::semicircle(1.0).unwrap()), ("y", Law::uniform(-1.0, 1.0).unwrap())];
    FreePolynomial::new("x*y + y*x".parse().unwrap(), &laws).unwrap()
}

/// What it is and what it does.
type Work = (&'static str, Box<dyn Fn() -> Result<()> + Sync>);

/// Works that solve, sample or follow trajectories.
fn works() -> Vec<Work> {
    let nothing = |_| ();
    vec![
        ("law", Box::new(move || model(4).law().map(nothing))),
        ("critical step", Box::new(|| model(2).critical_step_size().map(|_| ()))),
        ("polynomial", Box::new(|| anticommutator().law().map(|_| ()))),
        (
            "convolution",
            Box::new(|| {
                let uniform = Law::uniform(-1.0, 1.0)?;
                uniform.plus(&Law::atoms(&[(-1.0, 0.5), (1.0, 0.5)])?).map(|_| ())
            }),
        ),
        ("mean iterate", Box::new(|| MeanIterate::new(&white(3))?.curve(20, 1.0, 0.1).map(|_| ()))),
        (
            "trajectory",
            Box::new(|| Trajectory::new(&model(2), |_| 1.0, 0.1)?.along(&[0, 1].repeat(20)).map(|_| ())),
        ),
        (
            "curves of data",
            Box::new(|| {
                let data = Dataset::from_spectrum(4, 3, &[0.0, 0.2, 1.0, 3.0], Some(&[0.5, 1.0, 2.0, 4.0]))?;
                let curves = Curves::new(&data, 2, StepSizes::Constant(0.1))?;
                curves.averaged(&Schedule::RandomReshuffling, 10, 3, 1, None).map(|_| ())
            }),
        ),
        (
            "law of data",
            Box::new(|| {
                let spectrum = SampleSpectrum::new(&[0.3, 0.4, 0.9, 1.7, 2.0, 6.0], 20, 8)?;
                PartitionLaw::new(&spectrum, &Split::equal(2, 0.2)?)?.resolved(3.0).map(|_| ())
            }),
        ),
        ("draws", Box::new(|| MonteCarlo::new(60, Batching::equal(120, 2)?, 0.1)?.run(None).map(|_| ()))),
    ]
}

#[test]
fn nothing_starts_once_cancelled_and_nothing_changes_in_a_scope() {
    for (name, work) in works() {
        assert_eq!(Control::new().run(&work), Ok(()), "{name}");
        let control = Control::new();
        control.cancel();
        assert_eq!(control.run(&work), Err(Error::Cancelled), "{name}");
        assert_eq!(work(), Ok(()), "{name} outside of the scope");
    }
}

/// Without a stop these would take hours.
#[test]
fn long_work_stops_when_another_thread_says_so() {
    let hours: [Work; 4] = [
        ("law", Box::new(|| model(48).law().map(|_| ()))),
        (
            "trajectory",
            Box::new(|| {
                Trajectory::new(&model(8), |_| 1.0, 0.1)?.along(&[0, 1, 2, 3].repeat(2000)).map(|_| ())
            }),
        ),
        (
            "draws",
            Box::new(|| {
                MonteCarlo::new(200, Batching::equal(400, 2)?, 0.1)?
                    .with_draws(1_000_000)?
                    .run(None)
                    .map(|_| ())
            }),
        ),
        ("mean iterate", Box::new(|| MeanIterate::new(&white(24))?.curve(100_000, 1.0, 0.1).map(|_| ()))),
    ];
    for (name, work) in &hours {
        let control = Control::new();
        let stop = control.clone();
        let stopping = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            stop.cancel();
        });
        assert_eq!(control.run(work), Err(Error::Cancelled), "{name}");
        stopping.join().unwrap();
    }
}

/// Laws of `Z`, of polynomials by a shorter way and by the equation, and of convolutions by the equation and by an explicit map.
fn laws() -> Vec<Work> {
    let uniform = || Law::uniform(-1.0, 1.0);
    let polynomial = anticommutator();
    vec![
        ("Z", Box::new(|| model(4).law().map(|_| ()))),
        ("polynomial", Box::new(move || polynomial.law().map(|_| ()))),
        (
            "square of a polynomial",
            Box::new(move || {
                let laws = [("x", uniform()?), ("y", Law::semicircle(1.0)?)];
                FreePolynomial::new("(x + y)^2".parse()?, &laws)?.law().map(|_| ())
            }),
        ),
        ("sum", Box::new(move || uniform()?.plus(&uniform()?.affine(2.0, 1.0)?).map(|_| ()))),
        ("sum with a semicircle", Box::new(move || uniform()?.plus(&Law::semicircle(0.5)?).map(|_| ()))),
        ("product", Box::new(move || Law::marchenko_pastur(0.5)?.times(&Law::projection(0.5)?).map(|_| ()))),
    ]
}

#[test]
fn a_budget_is_enough_or_an_error_that_names_it() {
    for (name, work) in laws() {
        let spent = |limit| Control::new().with_budget(limit).run(&work);
        assert_eq!(spent(3), Err(Error::BudgetSpent { argument: "budget", limit: 3 }), "{name}");
        assert_eq!(spent(1_000_000), Ok(()), "{name}");
    }
    // One budget for all that runs in the scope, one after the other.
    let evaluations = model(2).law().unwrap().certificate().evaluations;
    let control = Control::new().with_budget(3 * evaluations);
    let run = || control.run(|| model(2).law());
    assert!(run().is_ok());
    assert!((0..3).any(|_| run().is_err()));
}

#[test]
fn progress_is_told_and_a_watcher_may_stop() {
    let watched = |stop_after: usize| {
        let calls = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let control = Arc::new(std::sync::OnceLock::<Control>::new());
        let (count, largest, handle) = (calls.clone(), most.clone(), control.clone());
        let created = Control::watched(move |progress| {
            assert!(progress.done <= progress.total, "{progress:?}");
            largest.fetch_max(progress.done, Ordering::Relaxed);
            if count.fetch_add(1, Ordering::Relaxed) + 1 == stop_after {
                handle.get().unwrap().cancel();
            }
        });
        control.set(created.clone()).unwrap();
        (created, calls, most)
    };
    let (control, calls, most) = watched(usize::MAX);
    control.run(|| Trajectory::new(&model(2), |_| 1.0, 0.1)?.along(&[0, 1].repeat(20))).unwrap();
    assert_eq!((calls.load(Ordering::Relaxed), most.load(Ordering::Relaxed)), (41, 40));
    let (control, calls, most) = watched(usize::MAX);
    let law = control.run(|| model(4).law()).unwrap();
    assert!(calls.load(Ordering::Relaxed) >= law.certificate().solves);
    assert!(most.load(Ordering::Relaxed) <= law.certificate().evaluations);
    let (control, calls, _) = watched(5);
    assert_eq!(control.run(|| model(4).law()), Err(Error::Cancelled));
    assert!(calls.load(Ordering::Relaxed) < law.certificate().solves, "{calls:?}");
}
