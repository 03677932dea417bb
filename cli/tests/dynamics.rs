//! The subcommands of the error dynamics as other programs use them: their JSON, and what they refuse.

mod support;

use serde_json::Value;
use support::{Scratch, keys, numbers, text};

fn scalar(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn mean_document() {
    let scratch = Scratch::new("mean", "document");
    let json = scratch.json(&[
        "--batches=3",
        "--aspect-ratio=0.5",
        "--step-size=0.2",
        "--signal=1.2",
        "--noise=0.3",
        "--epochs=8",
        "--features=120",
        "--draws=4",
        "--figure=out.svg",
    ]);
    for key in ["bias", "variance", "risk"] {
        assert_eq!(numbers(&json[key]).len(), 9, "{key}");
        assert!(json["limit"][key].is_f64(), "{key}");
        assert!(json["full_batch"]["limit"][key].is_f64(), "{key}");
        assert_eq!(numbers(&json["full_batch"][key]).len(), 9, "{key}");
        let (finite, error) = (&json["finite"][key], &json["finite"]["standard_error"][key]);
        let finite = numbers(finite).into_iter().zip(numbers(error));
        for (k, ((sampled, error), predicted)) in finite.zip(numbers(&json[key])).enumerate() {
            // p = 120: the limit is within a few percent.
            let bound = 4.0 * error + 0.03 * predicted;
            assert!((sampled - predicted).abs() <= bound, "{key} {k}: {sampled} against {predicted}");
        }
    }
    assert_eq!(numbers(&json["epochs"]), (0..=8).map(f64::from).collect::<Vec<_>>());
    assert_eq!(numbers(&json["bias"])[0], numbers(&json["risk"])[0]);
    assert!((numbers(&json["bias"])[0] - 1.2).abs() < 1e-9);
    // Ridgeless least squares: noise gamma / (1 - gamma).
    assert!((scalar(&json["full_batch"]["limit"]["risk"]) - 0.3).abs() < 1e-9);
    assert_eq!(json["diverges"], false);
    assert_eq!(json["iterates_diverge"], false);
    assert_eq!(scratch.files().len(), 1);
    // Runs of four batches at epoch step 2.7 reach a risk of 6.5e12 after 60 epochs.
    let between = scratch.json(&["--epoch-step=2.7", "--epochs=3", "--features=0", "--figure=out.svg"]);
    assert_eq!((&between["diverges"], &between["iterates_diverge"]), (&false.into(), &true.into()));
    assert!((scalar(&between["stability_epoch_step"]) - 2.42).abs() < 0.08);

    let still = scratch.json(&["--step-size=0", "--epochs=3", "--features=0", "--figure=out.svg"]);
    assert!(numbers(&still["risk"]).iter().all(|risk| (risk - 1.0).abs() < 1e-9));
    assert!(still["finite"].is_null());
    let wild =
        scratch.json(&["--batches=2", "--step-size=3", "--epochs=2000", "--features=0", "--figure=out.svg"]);
    assert_eq!(wild["diverges"], true);
    assert!(wild["limit"].is_null() && numbers(&wild["risk"])[2000] > 1e300);
}

#[test]
fn trajectory_document() {
    let scratch = Scratch::new("trajectory", "document");
    let common = ["--batches=3", "--aspect-ratio=0.7", "--step-size=0.3", "--figure=out.png"];
    let population = ["--population=2:0.6,0.5:0.4", "--source=0.7:1.5", "--noise=0.3"];
    let run = |more: &[&str]| scratch.json(&[&common[..], &population[..], more].concat());
    let json = run(&["--schedule=0,1,2,1,0,2,2,2", "--features=0"]);
    // From an independent implementation in Python; see tests/trajectories.rs.
    let risk = [1.14, 1.03155, 0.93143625, 0.84418877625, 0.744562373486, 0.674920251151];
    for (s, (found, expected)) in numbers(&json["risk"]).into_iter().zip(risk).enumerate() {
        assert!((found - expected).abs() < 2e-12, "step {s}: {found} against {expected}");
    }
    assert_eq!(numbers(&json["step"]).len(), 9);
    assert!(json["monte_carlo"].is_null());
    assert!(numbers(&json["risk_spread"]).iter().all(|&spread| spread == 0.0));

    for schedule in ["reshuffle", "once", "cyclic", "replacement"] {
        let schedule = format!("--schedule={schedule}");
        let json = run(&[&schedule, "--epochs=3", "--schedules=12", "--features=100", "--draws=12"]);
        for key in ["step", "risk", "train", "risk_spread"] {
            assert_eq!(numbers(&json[key]).len(), 10, "{key}");
        }
        let sampled = &json["monte_carlo"];
        let errors = numbers(&sampled["standard_error"]);
        for (s, (found, predicted)) in
            numbers(&sampled["risk"]).iter().zip(numbers(&json["risk"])).enumerate()
        {
            let bound = 4.0 * errors[s] + 0.03 * predicted;
            assert!((found - predicted).abs() <= bound, "{schedule}, step {s}: {found} against {predicted}");
        }
        assert_eq!(numbers(&sampled["train"]).len(), 10);
    }
    let still =
        scratch.json(&["--step-size=0", "--epochs=2", "--features=20", "--draws=2", "--figure=out.png"]);
    assert!(numbers(&still["risk"]).iter().all(|&risk| risk == 1.0));
    assert!(numbers(&still["monte_carlo"]["risk"]).iter().all(|risk| (risk - 1.0).abs() < 1e-12));
    let wild = scratch.json(&["--step-size=9", "--epochs=100", "--features=0", "--figure=out.png"]);
    assert_eq!((&still["iterates_diverge"], &wild["iterates_diverge"]), (&false.into(), &true.into()));
    assert!(json["stability_epoch_step"].is_null());
    assert!(wild["diverged"].is_u64() && numbers(&wild["risk"]).len() == 401);
}

#[test]
fn scaling_document() {
    let scratch = Scratch::new("scaling", "document");
    let json = scratch.json(&["--features=60", "--figure=out.svg"]);
    for key in ["matrices", "laws", "bias"] {
        let exponent = scalar(&json["distances"][key]["exponent"]);
        assert!((exponent - 1.0).abs() < 0.02, "{key}: {exponent}");
    }
    assert_eq!(keys(&json).len(), 5);
    let shrinkage = json["shrinkage"].as_array().unwrap();
    let end = &shrinkage[shrinkage.len() - 1]["points"][100];
    assert!(scalar(&end["mini_batch"]) < 0.5 * scalar(&end["full_batch"]));
}

#[test]
fn limit_document() {
    let scratch = Scratch::new("limit", "document");
    let json = scratch.json(&["--batches=1,2", "--points=3", "--figure=out.svg"]);
    let curves = json["curves"].as_array().unwrap();
    assert_eq!(curves.len(), 2);
    // Full batch: 2 / (1 + sqrt(gamma))^2.
    let exact = 2.0 / (1.0 + 0.5f64.sqrt()).powi(2);
    assert!((scalar(&curves[0]["critical_step_size"]) - exact).abs() < 1e-9);
    assert!(numbers(&curves[0]["risk"]).iter().all(|risk| (risk - 0.5).abs() < 1e-9));
    assert!(numbers(&curves[1]["risk"]).is_sorted_by(|a, b| a < b));
    assert!((scalar(&curves[0]["stability_epoch_step"]) - exact).abs() < 1e-9);
    assert!((scalar(&curves[1]["stability_epoch_step"]) - 1.40).abs() < 0.02);
    assert_eq!(scratch.files().len(), 1);
}

#[test]
fn bad_values_are_refused() {
    let cases: [(&'static str, &[&str], &str); 21] = [
        ("mean", &["--batches=0"], "batches"),
        ("mean", &["--aspect-ratio=-1"], "aspect_ratio"),
        ("mean", &["--step-size=-0.1"], "step_size"),
        ("mean", &["--epoch-step=NaN"], "epoch_step"),
        ("mean", &["--signal=-1"], "signal"),
        ("mean", &["--noise=inf"], "noise"),
        ("mean", &["--epochs=-1"], "epochs"),
        ("mean", &["--batches=13", "--features=100"], "batches"),
        ("mean", &["--features=1"], "features"),
        ("mean", &["--draws=0"], "draws"),
        ("mean", &["--json=missing/out.json"], "missing/out.json"),
        ("trajectory", &["--schedule=0,9"], "schedule"),
        ("trajectory", &["--schedule=sometimes"], "schedule"),
        ("trajectory", &["--source=1,2"], "source"),
        ("trajectory", &["--source=-1"], "source"),
        ("trajectory", &["--population=1:0.5"], "population"),
        ("trajectory", &["--epochs=0"], "epochs"),
        ("trajectory", &["--schedules=0"], "schedules"),
        ("trajectory", &["--noise=-0.1"], "noise"),
        ("scaling", &["--batches=1"], "batches"),
        ("limit", &["--batches=1,x"], "batches"),
    ];
    for (subcommand, arguments, named) in cases {
        let scratch = Scratch::new(subcommand, "refused");
        let output = scratch.run(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{subcommand} {arguments:?}: {stderr}");
        assert!(output.stdout.is_empty() && stderr.contains(named), "{subcommand} {arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(scratch.files().is_empty(), "{subcommand} {arguments:?}");
    }
}

/// The options of methods, through to the JSON: numbers are those of the library's tests, from an independent implementation.
#[test]
fn methods_of_trajectories() {
    let scratch = Scratch::new("trajectory", "methods");
    let common = [
        "-B",
        "4",
        "--gamma",
        "0.7",
        "--population",
        "0.5:0.6,2:0.4",
        "--source",
        "1,3",
        "--noise",
        "0.3",
        "--schedule",
        "0,1,2,3,2,0,3,1,1,3,0,2",
        "--features",
        "0",
    ];
    let cases: [(&[&str], f64, f64); 4] = [
        (&["--alpha", "0.1", "--momentum", "0.6", "--average", "ema:0.3"], 0.383028712143, 0.208697045120),
        (
            &["--alpha", "0.1", "--momentum", "0.6", "--nesterov", "--average", "ema:0.3"],
            0.343642501160,
            0.188529639438,
        ),
        (
            &["--alpha", "0.2", "--ridge", "0.25", "--zero-start", "--average", "polyak"],
            0.418187890837,
            0.380721958940,
        ),
        (
            &["--alpha", "0.3", "--step-schedule", "cosine", "--average", "polyak"],
            0.407033715254,
            0.304584878845,
        ),
    ];
    for (options, risk, average_train) in cases {
        let document = scratch.json(&[&common[..], options].concat());
        let last = |key: &str| document[key].as_array().unwrap()[12].as_f64().unwrap();
        assert!((last("risk") - risk).abs() < 1e-11, "{options:?}: {}", last("risk"));
        assert!(
            (last("average_train") - average_train).abs() < 1e-11,
            "{options:?}: {}",
            last("average_train")
        );
        assert!(document["test_risk"].is_null());
    }
    let test =
        scratch.json(&[&common[..], &["--alpha", "0.2", "--test-population", "0.5:0.6,2:0.4"]].concat());
    assert_eq!(test["test_risk"], test["risk"]);
    assert!(test["average_risk"].is_null());
}

/// Infinitely many batches, through to the JSON: numbers of an independent implementation, and single rows.
#[test]
fn infinitely_many_batches() {
    let scratch = Scratch::new("trajectory", "infinite");
    let common = ["-B", "inf", "--epoch-step", "1", "--epochs", "4", "--features", "0"];
    for (schedule, risk) in [
        ("reshuffle", [0.300817144134, 0.226887883652]),
        ("once", [0.300817144134, 0.236241537577]),
        ("replacement", [0.424929127, 0.269532100]),
    ] {
        let document = scratch.json(&[&common[..], &["--schedule", schedule]].concat());
        let found = [1, 4].map(|k| document["risk"][k].as_f64().unwrap());
        assert!(found.iter().zip(risk).all(|(a, b)| (a - b).abs() < 3e-9), "{schedule}: {found:?}");
        assert_eq!(document["epochs"].as_array().unwrap().len(), 5);
        assert_eq!(document["stability_epoch_step"], 4.0);
    }
    let sampled = scratch.json(&["-B", "inf", "--epochs", "3", "--features", "100", "--draws", "40"]);
    let monte_carlo = &sampled["monte_carlo"];
    for key in ["risk", "train"] {
        for k in 1..=3 {
            let [predicted, found] =
                [&sampled[key], &monte_carlo[key]].map(|values| values[k].as_f64().unwrap());
            let error = if key == "risk" { "standard_error" } else { "train_standard_error" };
            let error = monte_carlo[error][k].as_f64().unwrap();
            assert!(
                (predicted - found).abs() < 3.5 * error,
                "{key}, epoch {k}: {predicted}, {found} ± {error}"
            );
            assert!(error < 0.05 * predicted);
        }
    }
    for wrong in [
        &["-B", "inf", "--step-size", "0.1"][..],
        &["-B", "inf", "--schedule", "0,1"],
        &["-B", "inf", "--partition", "fresh"],
        &["-B", "inf", "--average", "tail:3"],
        &["-B", "inf", "--schedule", "cyclic", "--ridge", "1"],
        &["-B", "infinity"],
    ] {
        assert_ne!(scratch.run(wrong).status.code(), Some(0), "{wrong:?}");
    }
}

/// The choice of an independent search over an independent implementation of the predictions, and runs around it.
#[test]
fn best_choices() {
    let scratch = Scratch::new("choose", "best");
    let options = ["-B", "8", "--budget", "epochs:5", "--stop", "end", "--features", "120", "--draws", "60"];
    let document = scratch.json(&options);
    let best = &document["best"];
    let number = |value: &Value| value.as_f64().unwrap();
    assert!((number(&best["epoch_step"]) / 0.5710 - 1.0).abs() < 0.02 && best["batches"] == "8");
    assert!((number(&best["risk"]) - 0.21113).abs() < 4e-4, "{best}");
    assert_eq!(best["epochs"], 5);
    let runs = &document["monte_carlo"];
    let [predicted, sampled, errors] = ["predicted", "risk", "standard_error"].map(|key| numbers(&runs[key]));
    assert!(runs["contradiction"].is_null() && number(&best["risk_error"]) < 0.01 * number(&best["risk"]));
    assert_eq!(sampled.len(), 7);
    for ((predicted, sampled), error) in predicted.iter().zip(&sampled).zip(&errors) {
        assert!((predicted - sampled).abs() < 3.0 * error && *error < 0.03 * predicted);
    }
    // The ends of the grid are worse than its middle, which was chosen, on the same data.
    assert!(sampled[0] > sampled[3] && sampled[6] > sampled[3], "{sampled:?}");
    for (wrong, named) in [
        (&["--budget", "gradients:1000"][..], "rows"),
        (&["--budget", "epochs:0"], "budget"),
        (&["--budget", "seconds:1:1:1", "--rows", "100"], "budget"),
        (&["--tune", "momentum,nesterov"], "tune"),
        (&["--tune", "speed"], "tune"),
        (&["--tune", "ridge"], "tune"),
        (&["--tune", "ridge", "--zero-start", "--ridge", "1"], "ridge"),
        (&["--tune", "momentum", "--momentum", "0.5"], "tune"),
        (&["--average", "tail:1000"], "average"),
        (&["--average", "polyak,tail:3"], "average"),
        (&["--schedule", "0,1"], "schedule"),
        (&["--schedule-error", "0"], "schedule_error"),
        (&["--stop", "never"], "stop"),
        (&["-B", "0"], "batches"),
        (&["-B", "2,4", "--rows", "3"], "batches"),
        (&["--source", "0"], "source"),
        (&["--features", "1"], "features"),
        (&["--features", "200", "--gamma", "1e-9"], "features"),
        (&["--draws", "0"], "draws"),
    ] {
        let output = scratch.run(wrong);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(
            message.starts_with(&format!("freespectra: {named}: ")) && message.lines().count() == 1,
            "{message}"
        );
    }
}

/// What a choice says of itself: nothing where there is nothing, and all columns.
#[test]
fn choices_as_text() {
    let scratch = Scratch::new("choose", "text");
    let text = |arguments: &[&str]| {
        let output = scratch.run(arguments);
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let single = text(&["-B", "1,1", "--features", "10", "--draws", "1", "--budget", "epochs:2"]);
    assert!(!single.contains('±') && single.matches("<- best").count() == 1, "{single}");
    // (1 - a)^2 + gamma a^2 at its smallest, gamma / (1 + gamma).
    let tiny = text(&["-B", "1", "--gamma", "1e-7", "--noise", "0", "--budget", "epochs:1"]);
    assert!(tiny.contains("1.0000e-7") && tiny.contains("no runs for comparison"), "{tiny}");
    // 5 rows against 0.4 % of standard error.
    let small = ["-B", "1", "--features", "10", "--draws", "2000", "--budget", "epochs:4"];
    let small = text(&[&small[..], &["--noise", "3", "--gamma", "2"]].concat());
    assert!(small.contains("of data so small") && !small.contains("prediction"), "{small}");
    // The best steps without noise are next to those of runs that explode, on some data sets of a finite size.
    let edge = ["-B", "2", "--schedule", "cyclic", "--noise", "0", "--gamma", "0.8", "--budget", "epochs:30"];
    let [far, wide] = ["200", "80"].map(|features| text(&[&edge[..], &["--features", features]].concat()));
    assert!(far.contains("the runs contradict the prediction"), "{far}");
    assert!(wide.contains("the runs scatter too widely"), "{wide}");
    text(&["-B", "2", "--features", "0", "--zero-start", "--tune", "momentum,ridge", "--csv", "all.csv"]);
    let table = std::fs::read_to_string(scratch.path.join("all.csv")).unwrap();
    assert_eq!(table.lines().next(), Some("batches,epoch_step,momentum,ridge,epochs,risk,risk_error,chosen"));
    let best = table.lines().last().unwrap();
    assert!(best.ends_with(",1") && !best.contains("NaN"), "{best}");
}

/// Where single runs settle: the closed form of replacement, and a reference number of reshuffling at step 1.
#[test]
fn where_single_runs_settle() {
    let scratch = Scratch::new("limit", "iterates");
    // Steps are shares of 0.9 times 4, of which 18 make 0.2 each.
    let document = scratch.json(&["-B", "2,inf", "--noise", "0.3", "--points", "18"]);
    let iterates = &document["iterates"];
    assert_eq!(iterates["stability_epoch_step"], 4.0);
    let [steps, reshuffled, replaced] =
        ["epoch_step", "reshuffle", "replacement"].map(|key| numbers(&iterates[key]));
    assert!((steps[4] - 1.0).abs() < 1e-12 && (reshuffled[4] - 0.3106513251).abs() < 1e-9);
    for (a, risk) in steps.iter().zip(replaced) {
        let train = 0.15 / (1.0 - a / 4.0);
        assert!((risk - 0.3 - a / 4.0 * train).abs() < 1e-12, "{a}: {risk}");
    }
    assert!(scratch.json(&["-B", "2"])["iterates"].is_null());
    assert!(scratch.json(&["--gamma", "2", "--points", "2"])["iterates"].is_null());
    for wrong in [&["-B", "2,inf", "--gamma", "2"][..], &["-B", "inf", "--noise", "0"], &["-B", "two"]] {
        assert_eq!(scratch.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
