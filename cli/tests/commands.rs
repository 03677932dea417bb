//! What all examples have in common, as a new user meets them: what they write and what not, what they refuse, and
//! that a seed means the same numbers on any number of threads.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use support::{Scratch, document, numbers, text};

/// Examples with options that make them quick.
const QUICK: [(&str, &[&str]); 6] = [
    ("z_spectrum", &["--features=40", "--draws=3", "--points=32", "--entries=student:5"]),
    ("free_polynomial", &["--features=40", "--draws=3", "--points=32"]),
    ("mean_iterate", &["--features=40", "--draws=3", "--epochs=4"]),
    ("sgd_trajectory", &["--features=40", "--draws=3", "--epochs=4", "--schedule=replacement"]),
    ("step_size_limit", &["--batches=1,2", "--points=2"]),
    ("linear_scaling", &["--features=30", "--points=3", "--batches=2"]),
];

#[test]
fn nothing_is_written_unless_asked_for() {
    for (example, options) in QUICK {
        let scratch = Scratch::new(example, "nothing");
        let output = scratch.run(options);
        assert!(output.status.success() && output.stderr.is_empty(), "{example}: {}", text(&output.stderr));
        scratch.json(options);
        let none = scratch.run(&[options, &["--figure", "a.svg", "--no-figure"]].concat());
        assert!(none.status.success(), "{example}: {}", text(&none.stderr));
        assert!(scratch.files().is_empty(), "{example}: {:?}", scratch.files());
        // Asked for without a path, the figure goes where the README has it.
        scratch.json(&[options, &["--figure"]].concat());
        assert_eq!(scratch.files(), [PathBuf::from(format!("figures/{example}.png"))]);
    }
}

/// The document is there whatever becomes of the figure.
#[test]
fn a_figure_that_fails_is_a_warning() {
    let check = |scratch: &Scratch, output: Output| {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stderr).starts_with("warning: no figure: "), "{}", text(&output.stderr));
        assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap().is_object());
        assert!(scratch.files().iter().all(|path| path.ends_with("figures")), "{:?}", scratch.files());
    };
    let scratch = Scratch::new("sgd_trajectory", "undrawable");
    let options = ["--noise=1e308", "--features=0", "--json=-", "--figure=a.png"];
    check(&scratch, scratch.run(&options));
    for (example, options) in QUICK {
        // The directory of the default figure cannot be made.
        let scratch = Scratch::new(example, "unwritable");
        fs::write(scratch.path.join("figures"), "").unwrap();
        check(&scratch, scratch.run(&[options, &["--json", "-", "--figure"]].concat()));
    }
}

#[test]
fn versions() {
    for example in QUICK.map(|(example, _)| example).into_iter().chain(["figures"]) {
        let output = Scratch::new(example, "version").run(&["--version"]);
        assert!(output.status.success());
        assert!(text(&output.stdout).trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{example}");
    }
}

#[test]
fn a_seed_fixes_every_byte_on_any_number_of_threads() {
    for (example, options) in QUICK {
        let run = |threads: &str| {
            let scratch = Scratch::new(example, &format!("threads-{threads}"));
            let outputs = ["--json=-", "--csv=table.csv", "--figure=figure.svg"];
            let mut command = scratch.command(&[options, &outputs].concat());
            let mut json = document(&command.env("RAYON_NUM_THREADS", threads).output().unwrap());
            json.as_object_mut().unwrap().remove("seconds");
            let read = |name: &str| fs::read(scratch.path.join(name)).unwrap();
            (json.to_string(), read("table.csv"), read("figure.svg"))
        };
        assert_eq!(run("1"), run("2"), "{example}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_takes_nothing_is_an_error() {
    use std::process::Command;
    for (example, options) in QUICK {
        let scratch = Scratch::new(example, "stdout");
        let program = scratch.command(&[]).get_program().to_owned();
        for json in [&["--json", "-"][..], &[]] {
            for redirection in [">&-", ">/dev/full"] {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("\"$0\" \"$@\" {redirection}")]).arg(&program);
                let output = shell.args(options).args(json).current_dir(&scratch.path).output().unwrap();
                let message = text(&output.stderr);
                assert_eq!(output.status.code(), Some(2), "{example} {redirection}: {message}");
                assert!(message.contains("standard output") && !message.contains("panicked"), "{message}");
            }
            // The null device is a standard output like any other.
            let mut command = scratch.command(&[options, json].concat());
            assert!(command.stdout(Stdio::null()).status().unwrap().success());
        }
        assert!(scratch.files().is_empty());
    }
}

/// An argument is blamed only if it was given.
#[test]
fn the_argument_that_was_given_is_blamed() {
    for (example, options, blamed) in [
        ("z_spectrum", &["--features=2", "--batches=8"][..], "features: got 2"),
        ("z_spectrum", &["--batches=128", "--aspect-ratio=50"], "aspect_ratio: got 50"),
        (
            "z_spectrum",
            &["--batches=2", "--batch-fractions=0.99999,0.00001", "--aspect-ratio=400"],
            "aspect_ratio",
        ),
        ("z_spectrum", &["--aspect-ratio=1e-300"], "aspect_ratio: got 1e-300"),
        ("linear_scaling", &["--aspect-ratio=1e-7"], "aspect_ratio: got 0.0000001"),
        ("mean_iterate", &["--features=3", "--batches=12"], "features: got 3"),
        ("step_size_limit", &["--noise=0", "--signal=0"], "signal: got 0"),
        ("sgd_trajectory", &["--epochs=100000"], "epochs: got 100000"),
        ("sgd_trajectory", &["--schedules=100000000"], "schedules: got 100000000"),
    ] {
        let output = Scratch::new(example, "blamed").run(options);
        let message = text(&output.stderr);
        assert!(
            output.status.code() == Some(2) && message.contains(blamed),
            "{example} {options:?}: {message}"
        );
        assert!(!message.contains("000000000000000000000000000"), "{message}");
    }
}

/// Averages over random schedules say how well they are known, and take as many as that needs.
#[test]
fn averages_over_schedules_have_an_error() {
    let scratch = Scratch::new("sgd_trajectory", "average");
    let options = ["--features=0", "--epochs=10", "--schedule=replacement"];
    let run = |more: &[&str]| scratch.json(&[&options, more].concat());
    let schedules = |json: &serde_json::Value| json["model"]["schedules"].as_u64().unwrap();
    let (rough, fine) = (run(&["--schedule-error=0.02"]), run(&["--schedule-error=0.008"]));
    assert!(schedules(&fine) > 3 * schedules(&rough));
    for (json, target) in [(&rough, 0.02), (&fine, 0.008)] {
        for (mean, error) in numbers(&json["risk"]).into_iter().zip(numbers(&json["risk_error"])) {
            assert!(error <= target * mean);
        }
    }
    assert_eq!(schedules(&run(&["--schedules=7"])), 7);
    assert_eq!(schedules(&scratch.json(&["--features=0", "--epochs=10", "--schedule=once"])), 1);
    let summary = text(&scratch.run(&options).stdout);
    assert!(summary.contains("standard error of the mean over"), "{summary}");
}

/// The columns of a table of a law with an atom, and where the atom is said.
#[test]
fn atoms_are_comments_of_the_table() {
    let scratch = Scratch::new("z_spectrum", "atoms");
    let output = scratch.run(&["--aspect-ratio=2", "--features=0", "--points=16", "--csv=a.csv"]);
    assert!(output.status.success());
    let table = fs::read_to_string(scratch.path.join("a.csv")).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("# atom of mass 0.5 at 0"));
    assert_eq!(lines.next(), Some("x,density,cdf"));
    let cdf: Vec<f64> = lines.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(cdf.len() == 16 && (cdf[0] - 0.5).abs() < 1e-9 && (cdf[15] - 1.0).abs() < 1e-9, "{cdf:?}");
}

/// Values that no count takes, no finite positive number, and no finite number that is not negative.
const NO_COUNT: &[&str] = &["-1", "1.5", "x", ""];
const NOT_POSITIVE: &[&str] = &["0", "-1", "nan", "inf", "1e999", "x"];
const NEGATIVE: &[&str] = &["-1", "nan", "-inf", "x"];

/// An option and values that it refuses.
type Wrong = (&'static str, &'static [&'static str]);

/// Options with values that are wrong whatever else is said.
const MALFORMED: [(&str, &[Wrong]); 7] = [
    (
        "z_spectrum",
        &[
            ("--batches", NO_COUNT),
            ("--batches", &["0", "129", "18446744073709551615"]),
            ("--aspect-ratio", NOT_POSITIVE),
            ("--step-size", NOT_POSITIVE),
            ("--epoch-step", NOT_POSITIVE),
            ("--population", &["", "1", "1:0.5", "0:1", "-1:1", "1:nan", "1:1,", "x:1", "1:-1,2:2"]),
            ("--batch-fractions", &["", "1", "0.5,0.5", "0.25,0.25,0.25,0.3", "nan,1,1,1"]),
            ("--at", &["x", "nan", "", "1,,2"]),
            ("--points", &["0", "1", "-2", "100000000"]),
            ("--features", &["1", "-1", "x", "4000000000"]),
            ("--draws", &["0", "-1", "99999999999"]),
            ("--permutations", &["0", "x"]),
            ("--entries", &["cauchy", "student:1", "student:2", "student:x", ""]),
            ("--seed", &["-1", "1.5", "x"]),
        ],
    ),
    (
        "free_polynomial",
        &[
            ("--poly", &["", "x*y", "x + * y", "(x", "x + w", "i*x", "x^-1", "1e999*x"]),
            ("--law", &["x", "x=", "x=gauss:1", "x=semicircle", "x=semicircle:-1", "x=mp:0", "x=mp:nan"]),
            ("--law", &["x=atoms:1", "x=atoms:1@0.5", "x=projection:2", "x=uniform:1:0", "2=mp:1"]),
            ("--law", &["x=eigenvalues:", "x=eigenvalues:missing", "x=eigenvalues:."]),
            ("--at", &["x", "nan"]),
            ("--points", &["0", "1", "100000000"]),
            ("--features", &["1", "-1", "4000000000"]),
            ("--draws", &["0", "99999999999"]),
            ("--seed", &["-1"]),
        ],
    ),
    (
        "mean_iterate",
        &[
            ("--batches", NO_COUNT),
            ("--batches", &["0", "129"]),
            ("--aspect-ratio", NOT_POSITIVE),
            ("--step-size", NEGATIVE),
            ("--epoch-step", NEGATIVE),
            ("--signal", NEGATIVE),
            ("--noise", NEGATIVE),
            ("--epochs", &["-1", "x", "100000000000"]),
            ("--features", &["1", "-1", "4000000000"]),
            ("--draws", &["0", "99999999999"]),
        ],
    ),
    (
        "sgd_trajectory",
        &[
            ("--batches", &["0", "129", "-1"]),
            ("--aspect-ratio", NOT_POSITIVE),
            ("--step-size", NEGATIVE),
            ("--population", &["", "1", "1:0.5", "1:0.5,1:0.5"]),
            ("--source", &["", "1,2", "-1", "nan"]),
            ("--noise", NEGATIVE),
            ("--epochs", &["0", "-1", "100000", "100000000000"]),
            ("--schedule", &["", "sometimes", "0,9", "0,-1"]),
            ("--schedules", &["0", "-1", "100001", "99999999999"]),
            ("--schedule-error", &["0", "-1", "nan", "inf", "x"]),
            ("--features", &["1", "-1", "4000000000"]),
            ("--draws", &["0", "99999999999"]),
        ],
    ),
    (
        "step_size_limit",
        &[
            ("--batches", &["", "0", "x", "1,", "-1", "1,500"]),
            ("--aspect-ratio", NOT_POSITIVE),
            ("--aspect-ratio", &["1"]),
            ("--signal", NEGATIVE),
            ("--noise", NEGATIVE),
            ("--points", &["0", "-1", "1000000000"]),
        ],
    ),
    (
        "linear_scaling",
        &[
            ("--batches", &["0", "1", "13", "x"]),
            ("--aspect-ratio", NOT_POSITIVE),
            ("--epoch-step", NOT_POSITIVE),
            ("--epoch-step", &["1"]),
            ("--points", &["0", "2", "21", "x"]),
            ("--features", &["1", "-1", "4000000000"]),
            ("--seed", &["-1"]),
        ],
    ),
    ("figures", &[("--largest", &["0", "100", "500", "x", "1000000000"]), ("--seed", &["-1", "x"])]),
];

/// Outputs that cannot be, and words that mean nothing, for every example.
const EVERYWHERE: [&[&str]; 9] = [
    &["--json=missing/a.json"],
    &["--json=."],
    &["--csv=missing/a.csv"],
    &["--figure=a.gif"],
    &["--figure=missing/a.png"],
    &["--json=a", "--csv=./a"],
    &["--json"],
    &["--unknown"],
    &["stray"],
];

/// Status 2 and a message in time, nothing on standard output and nothing in the directory.
fn check_refused(scratch: &Scratch, arguments: &[&str]) {
    let mut command = scratch.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A refusal comes before the work; the bound is that of a call that hangs.
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty() && !message.trim().is_empty(), "{arguments:?}");
    for word in ["panicked", "InvalidArgument", "residual inf", "tolerance 0.0e0"] {
        assert!(!message.contains(word), "{arguments:?}: {message}");
    }
    assert!(scratch.files().is_empty(), "{arguments:?}: {:?}", scratch.files());
}

#[test]
fn malformed_calls_are_refused() {
    let mut calls = 0;
    for (example, options) in MALFORMED {
        let scratch = Scratch::new(example, "malformed");
        for (option, values) in options {
            for value in *values {
                check_refused(&scratch, &[&format!("{option}={value}")]);
                // Nor does it pass where the option is not used.
                if example != "figures" && *option != "--features" && example != "step_size_limit" {
                    check_refused(&scratch, &[&format!("{option}={value}"), "--features=0"]);
                }
                calls += 1;
            }
        }
        if example == "figures" {
            continue;
        }
        for arguments in EVERYWHERE {
            check_refused(&scratch, arguments);
            calls += 1;
        }
    }
    assert!(calls >= 220, "{calls}");
}
