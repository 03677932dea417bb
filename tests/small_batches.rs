//! Infinitely many batches: reference numbers of an independent implementation, closed forms, and the approach of many batches.

use freespectra::finite::Schedule;
use freespectra::law::CauchyTransform;
use freespectra::method::{Average, Method, Momentum, Start, StepSchedule};
use freespectra::minibatch::{SmallBatchOrder, SmallBatches, Trajectory, spectral_distance};
use freespectra::solver::SolverOptions;
use freespectra::{MiniBatch, Population};

struct Case {
    step: f64,
    ratio: f64,
    noise: f64,
    /// Eigenvalue, weight and source.
    atoms: &'static [(f64, f64, f64)],
    reshuffled: [f64; 4],
    train: [f64; 3],
    cyclic: [f64; 4],
    replacement: [f64; 4],
    mean: [f64; 4],
}

/// Risk at the ends of four epochs by order, training error of reshuffling, and the mean response of reshuffling, from an
/// independent implementation in Python, converged in its nodes to the digits given.
const CASES: [Case; 4] = [
    Case {
        step: 1.0,
        ratio: 0.5,
        noise: 0.3,
        atoms: &[(1.0, 1.0, 1.0)],
        reshuffled: [0.300817144134, 0.230721124183, 0.221749452675, 0.226887883652],
        train: [0.292657892654, 0.211878886095, 0.188655615536],
        cyclic: [0.300817144134, 0.235516776320, 0.229207973127, 0.236241537577],
        replacement: [0.424929127, 0.308597400, 0.276511851, 0.269532100],
        mean: [0.367879441171, 0.211946276871, 0.139461540922, 0.098481492412],
    },
    Case {
        step: 2.0,
        ratio: 0.5,
        noise: 0.3,
        atoms: &[(1.0, 1.0, 1.0)],
        reshuffled: [0.394734698266, 0.347959958167, 0.358589362735, 0.371886042076],
        train: [0.394378407715, 0.315507956731, 0.300076022612],
        cyclic: [0.394734698266, 0.371464726306, 0.394770903520, 0.414190819104],
        replacement: [0.47123535, 0.39569444, 0.38874462, 0.39614265],
        mean: [0.135335283237, 0.077884523137, 0.041612718065, 0.024831398668],
    },
    Case {
        step: 1.0,
        ratio: 1.5,
        noise: 0.2,
        atoms: &[(1.0, 1.0, 1.0)],
        reshuffled: [0.842612263885, 0.691782741901, 0.657568694190, 0.645785675168],
        train: [0.569100853293, 0.257629249812, 0.129327185230],
        cyclic: [0.842612263885, 0.750815644047, 0.731641795343, 0.733043440434],
        replacement: [0.82048847, 0.71625110, 0.66275118, 0.63673725],
        mean: [0.367879441171, 0.428415893074, 0.376468850292, 0.370119202062],
    },
    Case {
        step: 0.8,
        ratio: 0.5,
        noise: 0.3,
        atoms: &[(0.5, 0.7, 2.0), (2.0, 0.3, 0.5)],
        reshuffled: [0.463230931927, 0.334816830219, 0.278140847341, 0.250930882099],
        train: [0.450992067838, 0.302869084312, 0.243947236941],
        cyclic: [0.463230931927, 0.338049359288, 0.281857566143, 0.255310197791],
        replacement: [0.567161404, 0.420271629, 0.346769696, 0.307028868],
        mean: [0.529792987623, 0.373047829865, 0.283449119952, 0.224327186838],
    },
];

fn population(case: &Case) -> Population {
    Population::atoms(&case.atoms.iter().map(|&(t, weight, _)| (t, weight)).collect::<Vec<_>>()).unwrap()
}

fn source(case: &Case) -> impl Fn(f64) -> f64 + '_ {
    |t| case.atoms.iter().find(|(other, ..)| *other == t).map_or(0.0, |&(.., source)| source)
}

fn limit(case: &Case) -> SmallBatches {
    SmallBatches::new(&population(case), case.ratio, case.step, source(case), case.noise).unwrap()
}

fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < tolerance, "{what}, {k}: {found} against {expected}");
    }
}

#[test]
fn reference_numbers() {
    for case in &CASES {
        let what = format!("a = {}, gamma = {}", case.step, case.ratio);
        let limit = limit(case);
        let curve = limit.curve(SmallBatchOrder::Reshuffled, 4).unwrap();
        close(&curve.risk[1..], &case.reshuffled, 1e-9, &format!("{what}, reshuffled"));
        close(&curve.train.unwrap()[1..4], &case.train, 1e-9, &format!("{what}, train"));
        close(&curve.mean.unwrap()[1..], &case.mean, 1e-9, &format!("{what}, mean"));
        let curve = limit.curve(SmallBatchOrder::Cyclic, 4).unwrap();
        close(&curve.risk[1..], &case.cyclic, 1e-9, &format!("{what}, cyclic"));
        let curve = limit.curve(SmallBatchOrder::Replacement, 4).unwrap();
        let digits = if case.ratio == 0.5 && case.step < 2.0 { 2e-9 } else { 2e-8 };
        close(&curve.risk[1..], &case.replacement, digits, &format!("{what}, replacement"));
        // The first epoch is one pass.
        let curve = limit.curve(SmallBatchOrder::OnePass, 1).unwrap();
        close(&curve.risk[1..], &case.reshuffled[..1], 1e-8, &format!("{what}, one pass"));
    }
    let train = limit(&CASES[0]).curve(SmallBatchOrder::Replacement, 4).unwrap().train.unwrap();
    close(&train[1..], &[0.433392321, 0.291321385, 0.246221834, 0.226750000], 2e-9, "replacement, train");
    let train = limit(&CASES[3]).curve(SmallBatchOrder::Replacement, 4).unwrap().train.unwrap();
    close(&train[1..], &[0.577538124, 0.392694109, 0.311920831, 0.269510167], 2e-9, "replacement, train");
}

/// A cosine, a ridge, a start at 0 and the mean of all iterates.
#[test]
fn reference_numbers_of_methods() {
    let case = &CASES[3];
    let method = Method::new()
        .with_ridge(0.2)
        .and_then(|method| method.with_start(Start::Zero))
        .and_then(|method| method.with_step_schedule(StepSchedule::Cosine))
        .and_then(|method| method.with_average(Average::Polyak))
        .unwrap();
    let limit = SmallBatches::new(&population(case), case.ratio, 1.2, source(case), case.noise)
        .and_then(|limit| limit.with_method(method))
        .unwrap();
    let curve = limit.curve(SmallBatchOrder::Reshuffled, 4).unwrap();
    close(&curve.risk[1..], &[0.4361663, 0.3271392, 0.3025681, 0.3005336], 1e-7, "risk");
    close(&curve.average_risk.unwrap()[4..], &[0.3561057392], 1e-9, "average");
    assert!(limit.curve(SmallBatchOrder::Cyclic, 4).is_err());
}

/// Constant momentum is a larger step, and a step function that is constant is a constant.
#[test]
fn what_comes_to_the_same() {
    let case = &CASES[0];
    let limit =
        |step| SmallBatches::new(&population(case), case.ratio, step, source(case), case.noise).unwrap();
    let momentum = Method::new().with_momentum(Momentum::nesterov(0.5).unwrap());
    for same in [limit(0.5).with_method(momentum).unwrap(), limit(2.0).with_step_function(|_| 0.5)] {
        let curve = same.curve(SmallBatchOrder::Reshuffled, 4).unwrap();
        close(&curve.risk[1..], &case.reshuffled, 1e-9, "reshuffled");
    }
    assert!(limit(1.0).with_method(Method::new().with_momentum(Momentum::growing())).is_err());
    let momentum = Method::new().with_momentum(Momentum::heavy_ball(0.5).unwrap());
    let (half, whole) = (limit(0.5).with_method(momentum).unwrap(), limit(1.0));
    assert!((half.stability_step() - 0.5 * whole.stability_step()).abs() < 1e-14);
    for order in [SmallBatchOrder::Reshuffled, SmallBatchOrder::Cyclic, SmallBatchOrder::Replacement] {
        let risk = whole.stationary(order).unwrap().risk;
        assert!((half.stationary(order).unwrap().risk - risk).abs() < 1e-12, "{order}");
        let step = half.step_to_settle_at(risk, order).unwrap();
        assert!((step - 0.5).abs() < 1e-8, "{order}: {step}");
    }
}

/// The cyclic order has no luck in it, so that the difference to the limit is seen to be a series in `1 / B`: without its first
/// two terms next to nothing is left of it.
#[test]
fn many_batches_tend_to_it() {
    for (case, schedule, order) in [
        (&CASES[0], Schedule::Cyclic, SmallBatchOrder::Cyclic),
        (&CASES[3], Schedule::Cyclic, SmallBatchOrder::Cyclic),
    ] {
        let exact = limit(case).curve(order, 4).unwrap();
        let [errors, train] = [false, true].map(|train| {
            [16usize, 32, 64].map(|batches| {
                let model = MiniBatch::builder()
                    .batches(batches)
                    .aspect_ratio(case.ratio)
                    .epoch_step(case.step)
                    .population(population(case))
                    .build()
                    .unwrap();
                let curve = Trajectory::new(&model, source(case), case.noise)
                    .and_then(|trajectory| trajectory.averaged(&schedule, 4, 1, 1, None))
                    .unwrap();
                if train {
                    curve.train[4 * batches] - exact.train.as_ref().unwrap()[4]
                } else {
                    curve.risk[4 * batches] - exact.risk[4]
                }
            })
        });
        for errors in [errors, train] {
            let ratio = errors[1] / errors[2];
            assert!((ratio - 2.0).abs() < 0.15, "{order}: {errors:?}");
            let [first, second] = [[0, 1], [1, 2]].map(|[few, many]| 2.0 * errors[many] - errors[few]);
            let left = (4.0 * second - first) / 3.0;
            assert!(left.abs() < 0.01 * errors[2].abs(), "{order}: {left} of {errors:?}");
        }
    }
}

/// Densities from the same independent implementation, and the moments of `P`, which are the mean response of reshuffling.
#[test]
fn law_of_z() {
    let tables: [&[(f64, f64)]; 4] = [
        &[(0.2, 0.900532456614), (0.3, 0.908321724382), (0.5, 0.912003376829)],
        &[(0.15, 0.833762789822), (0.2, 0.998940993745), (0.3, 1.193942820887)],
        &[],
        &[(0.2, 1.274628165157), (0.3, 1.120986443500), (0.5, 0.896095451429)],
    ];
    for (case, table) in CASES.iter().zip(tables) {
        let (a, limit) = (case.step, limit(case));
        let transform = limit.transform(SolverOptions::default()).unwrap();
        let mut workspace = transform.workspace();
        for &(x, density) in table {
            let solution = transform.solve(x.into(), &mut workspace).unwrap();
            let found = -solution.cauchy.im / std::f64::consts::PI;
            assert!((found - density).abs() < 1e-10, "a = {a}, x = {x}: {found}");
        }
        let Ok(law) = limit.law() else {
            // The part below 0 of P has a kink there.
            assert!(a * case.ratio >= 1.0, "a = {a}");
            continue;
        };
        for &(x, density) in table {
            assert!((law.density(x) - density).abs() < 1e-10, "a = {a}, x = {x}: {}", law.density(x));
        }
        for (moment, m) in case.mean.iter().zip(1..) {
            let found = law.integrate(|x| (1.0 - a * x).powi(m));
            assert!((found - moment).abs() < 1e-10, "a = {a}, P^{m}: {found} against {moment}");
        }
    }
}

#[test]
fn law_with_atom_and_zero_eigenvalues() {
    let law = |atoms: &[(f64, f64)], ratio| {
        SmallBatches::new(&Population::atoms(atoms).unwrap(), ratio, 0.2, |_| 1.0, 0.0)
            .and_then(|limit| limit.law())
            .unwrap()
    };
    // Of two features to a row, one does not vary: the other half is as with one to a row and a half.
    let law_of_both = law(&[(0.0, 0.5), (1.0, 0.5)], 3.0);
    let law_of_one = law(&[(1.0, 1.0)], 1.5);
    assert!((law_of_one.atoms()[0].mass - 1.0 / 3.0).abs() < 1e-15);
    assert!((law_of_both.atoms()[0].mass - 2.0 / 3.0).abs() < 1e-15);
    for x in [0.5, 1.0, 2.0] {
        assert!((2.0 * law_of_both.density(x) - law_of_one.density(x)).abs() < 1e-10);
    }
}

/// Laws of many batches tend to that of infinitely many like `1 / B`.
#[test]
fn laws_of_many_batches_tend_to_it() {
    let case = &CASES[3];
    let exact = limit(case).law().unwrap();
    let distances = [8usize, 16, 32].map(|batches| {
        let model = MiniBatch::builder()
            .batches(batches)
            .aspect_ratio(case.ratio)
            .epoch_step(case.step)
            .population(population(case));
        spectral_distance(&model.build().unwrap().law().unwrap(), &exact, 400).unwrap()
    });
    for pair in distances.windows(2) {
        assert!((pair[0] / pair[1] - 2.0).abs() < 0.1, "{distances:?}");
    }
}

/// Risk and training error at which reshuffled runs settle, from an independent implementation: step, noise, atoms of the case.
#[test]
fn where_reshuffling_settles() {
    let white = &CASES[0];
    let table: [(&Case, f64, f64, f64); 5] = [
        (white, 0.5, 0.3010791373, 0.1517188991),
        (white, 1.0, 0.3106513251, 0.1660276517),
        (white, 2.0, 0.409921501, 0.292127515),
        (white, 3.0, 0.858100988, 0.778907917),
        (&CASES[3], 0.8, 0.3077107296, 0.160211554),
    ];
    for (case, step, risk, train) in table {
        let limit = SmallBatches::new(&population(case), case.ratio, step, source(case), case.noise).unwrap();
        let settled = limit.stationary(SmallBatchOrder::Reshuffled).unwrap();
        assert!((settled.risk - risk).abs() < 1e-9, "a = {step}: {} against {risk}", settled.risk);
        let found = settled.train.unwrap();
        assert!((found - train).abs() < 1e-9, "a = {step}: {found} against {train}");
    }
}

/// Features that do not vary have no part in where runs settle, nor in the step to settle there.
#[test]
fn zero_eigenvalues_do_not_matter() {
    let of = |atoms: &[(f64, f64)], ratio| {
        SmallBatches::new(&Population::atoms(atoms).unwrap(), ratio, 1.0, |_| 1.0, 0.3).unwrap()
    };
    let [some, all] = [of(&[(0.0, 0.5), (1.0, 0.5)], 0.5), of(&[(1.0, 1.0)], 0.25)];
    for order in [
        SmallBatchOrder::Reshuffled,
        SmallBatchOrder::Cyclic,
        SmallBatchOrder::Replacement,
        SmallBatchOrder::OnePass,
    ] {
        let [some, all] = [&some, &all].map(|limit| limit.stationary(order).unwrap());
        assert!((some.risk - all.risk).abs() < 1e-12, "{order}: {some:?}, {all:?}");
    }
    let curve = some.curve(SmallBatchOrder::Replacement, 60).unwrap();
    let settled = some.stationary(SmallBatchOrder::Replacement).unwrap();
    assert!((curve.risk[60] / settled.risk - 1.0).abs() < 1e-6);
    assert!((curve.train.unwrap()[60] / settled.train.unwrap() - 1.0).abs() < 1e-6);
    let step = some.step_to_settle_at(settled.risk, SmallBatchOrder::Replacement).unwrap();
    assert!((step - 1.0).abs() < 1e-9, "{step}");
}

/// Long runs settle where the closed forms say, in cyclic order with any population too.
#[test]
fn where_other_orders_settle() {
    let white = limit(&CASES[0]);
    let settled = white.stationary(SmallBatchOrder::Replacement).unwrap();
    assert!((settled.risk - 0.35).abs() < 1e-14 && (settled.train.unwrap() - 0.2).abs() < 1e-14);
    for (case, order, epochs, tolerance) in [
        (&CASES[0], SmallBatchOrder::Replacement, 90, 1e-5),
        (&CASES[1], SmallBatchOrder::Cyclic, 60, 1e-5),
        (&CASES[3], SmallBatchOrder::Cyclic, 90, 2e-4),
        (&CASES[0], SmallBatchOrder::OnePass, 12, 1e-7),
    ] {
        let (limit, what) = (limit(case), format!("a = {}, {order}", case.step));
        let settled = limit.stationary(order).unwrap();
        let curve = limit.curve(order, epochs).unwrap();
        let reached = settled.reached(&curve, 0.05);
        assert!(reached.is_some_and(|epoch| epoch < epochs), "{what}: {reached:?}");
        assert_eq!(settled.reached(&limit.curve(order, 1).unwrap(), 0.05), None);
        // What is left falls geometrically.
        let last = |values: &[f64]| {
            let [first, second, third] = [1, 2, 3].map(|k| values[k * epochs / 3]);
            third - (third - second).powi(2) / (third - 2.0 * second + first)
        };
        let risk = last(&curve.risk);
        assert!((risk / settled.risk - 1.0).abs() < tolerance, "{what}: {risk} against {}", settled.risk);
        if let Some(train) = curve.train {
            let (found, expected) = (last(&train), settled.train.unwrap());
            assert!((found / expected - 1.0).abs() < tolerance, "{what}: {found} against {expected}");
        }
    }
    assert!((white.stability_step() - 4.0).abs() < 1e-14);
    for order in [SmallBatchOrder::Replacement, SmallBatchOrder::Cyclic, SmallBatchOrder::OnePass] {
        let risk = white.stationary(order).unwrap().risk;
        let step = white.step_to_settle_at(risk, order).unwrap();
        assert!((step - 1.0).abs() < 1e-9, "{order}: {step}");
    }
    assert!(white.step_to_settle_at(0.29, SmallBatchOrder::Replacement).is_err());
}

/// Risk and training error after the first epoch for the identity, of error 1 and noise 0.3 at the start. Every row has been met
/// once, at a time `u`, and `r = h(1) - gamma a e^{-a (1 - u)} r(u)`, `E h(1) h(u) = e^{-a (1 - u)} R(u) + sigma^2`.
fn after_one_epoch(ratio: f64, step: f64) -> [f64; 2] {
    let noise = 0.3;
    // R' = (gamma a^2 - 2 a) R + gamma a^2 sigma^2.
    let growth = ratio * step * step - 2.0 * step;
    let forced = ratio * step * step * noise / growth;
    let risk = |u: f64| (1.0 + forced) * (growth * u).exp() - forced;
    let load = ratio * step;
    let change = |u: f64| {
        let decay = (-step * (1.0 - u)).exp();
        load * decay * (load * decay * (risk(u) + noise) - 2.0 * (decay * risk(u) + noise))
    };
    // Midpoints with one extrapolation.
    let sum = |n: usize| (0..n).map(|i| change((i as f64 + 0.5) / n as f64)).sum::<f64>() / n as f64;
    let integral = (4.0 * sum(40_000) - sum(20_000)) / 3.0;
    [risk(1.0), risk(1.0) + noise + integral]
}

/// Errors that fall or grow do so as in [`after_one_epoch`], start where they must, and do not depend on the nodes; what cannot
/// be followed is refused.
#[test]
fn large_steps_grow_or_are_refused() {
    let limit = |ratio, step| SmallBatches::new(&Population::identity(), ratio, step, |_| 1.0, 0.3).unwrap();
    for ratio in [0.1, 0.5, 1.0, 2.0, 5.0, 10.0] {
        for share in [0.1, 0.7, 1.3, 2.0, 2.5, 3.0] {
            let step = share * 2.0 / ratio;
            let [risk, train] = after_one_epoch(ratio, step);
            for order in [SmallBatchOrder::Reshuffled, SmallBatchOrder::Cyclic, SmallBatchOrder::OnePass] {
                let what = format!("{order}, gamma = {ratio}, a = {step}");
                let found = match limit(ratio, step).curve(order, 3) {
                    Ok(found) => found,
                    Err(error) => {
                        assert!(step > 5.0 && share > 1.0, "{what}: {error}");
                        continue;
                    }
                };
                assert!((found.risk[0] - 1.0).abs() < 1e-8, "{what}: {}", found.risk[0]);
                assert!((found.risk[1] / risk - 1.0).abs() < 1e-6, "{what}: {} {risk}", found.risk[1]);
                let Some(trains) = found.train else { continue };
                assert!((trains[0] - 1.3).abs() < 1e-8, "{what}: {}", trains[0]);
                assert!((trains[1] / train - 1.0).abs() < 1e-6, "{what}: {} {train}", trains[1]);
                if order == SmallBatchOrder::Reshuffled
                    && let Ok(more) =
                        limit(ratio, 1.3 * step).with_step_function(|_| 1.0 / 1.3).curve(order, 3)
                {
                    close(&[more.risk[3] / found.risk[3]], &[1.0], 1e-6, &what);
                    close(&[more.train.unwrap()[3] / trains[3]], &[1.0], 1e-6, &what);
                }
            }
        }
    }
}

/// A refusal names a step or a number of epochs that is not refused, in terms of what was given.
#[test]
fn refusals_name_what_works() {
    let named = |error: freespectra::Error| -> f64 {
        let text = error.to_string();
        let rest = &text[text.find("at most ").unwrap_or_else(|| panic!("{text}")) + 8..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        rest[..end].trim_end_matches('.').parse().unwrap()
    };
    let momentum = Method::new().with_momentum(Momentum::heavy_ball(0.9).unwrap());
    for method in [Method::new(), momentum] {
        let limit = |step| {
            let plain = SmallBatches::new(&Population::identity(), 2.0, step, |_| 1.0, 0.3).unwrap();
            plain.with_method(method.clone()).unwrap()
        };
        let error = limit(25.0).curve(SmallBatchOrder::Reshuffled, 2).unwrap_err();
        assert!(error.to_string().contains("got 25,"), "{error}");
        let step = named(error);
        limit(step).curve(SmallBatchOrder::Reshuffled, 2).unwrap();
        assert!(limit(1.01 * step).curve(SmallBatchOrder::Reshuffled, 2).is_err());
    }
    let limit = SmallBatches::new(&Population::identity(), 5.0, 1.8, |_| 1.0, 0.3).unwrap();
    // The contour, the grid and overflow each have a number of epochs of their own, and the first is told.
    let mut most = 100;
    let curve = loop {
        match limit.curve(SmallBatchOrder::Replacement, most) {
            Ok(curve) => break curve,
            Err(error) => {
                let next = named(error) as usize;
                assert!((1..most).contains(&next), "{next} after {most}");
                most = next;
            }
        }
    };
    assert!(curve.risk.iter().chain(curve.train.iter().flatten()).all(|&error| error.is_finite()));
    assert!(limit.curve(SmallBatchOrder::Replacement, most + 1).is_err());
}

/// Over many epochs the contour of replacement passes close to the pole that more features than rows make at 0: the first
/// epochs are those of a short curve.
#[test]
fn many_epochs_with_replacement() {
    for (ratio, step, epochs) in [(2.0, 0.9, 100), (5.0, 0.3, 150), (5.0, 1.0, 40), (2.0, 3.0, 20)] {
        let limit = SmallBatches::new(&Population::identity(), ratio, step, |_| 1.0, 0.3).unwrap();
        let [long, short] =
            [epochs, 2].map(|epochs| limit.curve(SmallBatchOrder::Replacement, epochs).unwrap());
        for (long, short) in [(long.risk, short.risk), (long.train.unwrap(), short.train.unwrap())] {
            for (k, (long, short)) in long.iter().zip(&short).enumerate() {
                let what = format!("gamma = {ratio}, a = {step}, {k}: {long} against {short}");
                assert!((long / short - 1.0).abs() < 1e-7, "{what}");
            }
        }
    }
}

/// With replacement errors grow at last like `e^{lambda tau}`, `gamma a^2 phi(W^2 / (lambda + 2 a W)) = 1`, with the law of
/// Marchenko and Pastur as an integral over the angle.
#[test]
fn growth_with_replacement() {
    for (ratio, step) in [(0.5f64, 6.0), (2.0, 2.0), (2.0, 3.0), (5.0, 1.2)] {
        let load = |growth: f64| {
            let n = 20_000;
            let terms = (0..n).map(|i| {
                let angle = std::f64::consts::PI * (f64::from(i) + 0.5) / f64::from(n);
                let x = 1.0 + ratio + 2.0 * ratio.sqrt() * angle.cos();
                x * x / (growth + 2.0 * step * x) * 2.0 * angle.sin().powi(2) / x
            });
            ratio * step * step * terms.sum::<f64>() / f64::from(n)
        };
        let (mut low, mut high) = (0.0, ratio * step * step * (1.0 + ratio));
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if load(middle) > 1.0 { low = middle } else { high = middle }
        }
        let limit = SmallBatches::new(&Population::identity(), ratio, step, |_| 1.0, 0.3).unwrap();
        let curve = limit.curve(SmallBatchOrder::Replacement, 6).unwrap();
        for values in [&curve.risk, curve.train.as_ref().unwrap()] {
            let found = (values[6] / values[5]).ln();
            assert!((found - low).abs() < 1e-5, "gamma = {ratio}, a = {step}: {found} against {low}");
        }
        assert!((curve.train.unwrap()[0] - 1.3).abs() < 1e-8 && (curve.risk[0] - 1.0).abs() < 1e-8);
    }
}

#[test]
fn bad_input_is_refused() {
    let white = Population::identity();
    let new = |ratio, step, noise| SmallBatches::new(&white, ratio, step, |_| 1.0, noise);
    assert!(new(0.0, 1.0, 0.1).is_err() && new(0.5, -1.0, 0.1).is_err() && new(0.5, 1.0, f64::NAN).is_err());
    assert!(SmallBatches::new(&white, 0.5, 1.0, |_| -1.0, 0.1).is_err());
    let limit = new(0.5, 1.0, 0.1).unwrap();
    assert!(limit.curve(SmallBatchOrder::Reshuffled, 0).is_err());
    assert!(limit.curve(SmallBatchOrder::Reshuffled, 1000).is_err());
    assert!(new(0.5, 100.0, 0.1).unwrap().curve(SmallBatchOrder::Cyclic, 2).is_err());
    assert!(new(1.5, 1.0, 0.1).unwrap().stationary(SmallBatchOrder::Replacement).is_err());
    assert!(new(0.5, 4.5, 0.1).unwrap().stationary(SmallBatchOrder::Reshuffled).is_err());
    let tail = Method::new().with_average(Average::Tail(3)).unwrap();
    assert!(limit.clone().with_method(tail).is_err());
    assert!("shuffled".parse::<SmallBatchOrder>().is_err());
}
