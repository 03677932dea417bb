//! What all subcommands have in common, as a new user meets them: what they write and what not, what they refuse, and
//! that a seed means the same numbers on any number of threads.

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use support::{Scratch, document, numbers, pairs, text};

/// Subcommands with options that make them quick.
const QUICK: [(&str, &[&str]); 7] = [
    ("z", &["--features=40", "--draws=3", "--points=32", "--entries=student:5"]),
    ("polynomial", &["--features=40", "--draws=3", "--points=32"]),
    ("law", &["mp:0.5 * atoms:1@0.5,5@0.5", "--points=32"]),
    ("mean", &["--features=40", "--draws=3", "--epochs=4"]),
    ("trajectory", &["--features=40", "--draws=3", "--epochs=4", "--schedule=replacement"]),
    ("limit", &["--batches=1,2", "--points=2"]),
    ("scaling", &["--features=30", "--points=3", "--batches=2"]),
];

#[test]
fn nothing_is_written_unless_asked_for() {
    for (subcommand, options) in QUICK {
        let scratch = Scratch::new(subcommand, "nothing");
        let output = scratch.run(options);
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{subcommand}: {}",
            text(&output.stderr)
        );
        scratch.json(options);
        let none = scratch.run(&[options, &["--figure", "a.svg", "--no-figure"]].concat());
        assert!(none.status.success(), "{subcommand}: {}", text(&none.stderr));
        assert!(scratch.files().is_empty(), "{subcommand}: {:?}", scratch.files());
        // Asked for without a path, the figure goes where the help says.
        scratch.json(&[options, &["--figure"]].concat());
        assert_eq!(scratch.files(), [PathBuf::from(format!("figures/{subcommand}.png"))]);
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
    let scratch = Scratch::new("trajectory", "undrawable");
    let options = ["--noise=1e308", "--features=0", "--json=-", "--figure=a.png"];
    check(&scratch, scratch.run(&options));
    for (subcommand, options) in QUICK {
        // The directory of the default figure cannot be made.
        let scratch = Scratch::new(subcommand, "unwritable");
        fs::write(scratch.path.join("figures"), "").unwrap();
        check(&scratch, scratch.run(&[options, &["--json", "-", "--figure"]].concat()));
    }
}

#[test]
fn versions_and_completions() {
    for subcommand in QUICK.map(|(subcommand, _)| subcommand) {
        let output = Scratch::new(subcommand, "version").run(&["--version"]);
        assert!(output.status.success());
        assert!(text(&output.stdout).trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{subcommand}");
    }
    let scratch = Scratch::new("completions", "shells");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = scratch.run(&[shell]);
        assert!(script.status.success() && text(&script.stdout).contains("polynomial"), "{shell}");
    }
    check_refused(&scratch, &["sh"]);
}

#[test]
fn quiet_says_nothing_but_what_was_asked_for() {
    for (subcommand, options) in QUICK {
        let scratch = Scratch::new(subcommand, "quiet");
        let output = scratch.run(&[options, &["-q", "--csv=a.csv"]].concat());
        assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
        assert_eq!(scratch.files(), [PathBuf::from("a.csv")]);
        assert!(scratch.json(&[options, &["--quiet"]].concat()).is_object());
    }
}

#[test]
fn a_seed_fixes_every_byte_on_any_number_of_threads() {
    for (subcommand, options) in QUICK {
        let run = |threads: &str| {
            let scratch = Scratch::new(subcommand, &format!("threads-{threads}"));
            let outputs = ["--threads", threads, "--json=-", "--csv=table.csv", "--figure=figure.svg"];
            let mut json = document(&scratch.run(&[options, &outputs].concat()));
            json.as_object_mut().unwrap().remove("seconds");
            let read = |name: &str| fs::read(scratch.path.join(name)).unwrap();
            (json.to_string(), read("table.csv"), read("figure.svg"))
        };
        assert_eq!(run("1"), run("2"), "{subcommand}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_takes_nothing_is_an_error() {
    use std::process::Command;
    for (subcommand, options) in QUICK {
        let scratch = Scratch::new(subcommand, "stdout");
        for json in [&["--json", "-"][..], &[]] {
            for redirection in [">&-", ">/dev/full"] {
                let command = scratch.command(&[options, json].concat());
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("\"$0\" \"$@\" {redirection}")]).arg(command.get_program());
                let output = shell.args(command.get_args()).current_dir(&scratch.path).output().unwrap();
                let message = text(&output.stderr);
                assert_eq!(output.status.code(), Some(2), "{subcommand} {redirection}: {message}");
                assert!(message.contains("standard output") && !message.contains("panicked"), "{message}");
            }
            // The null device is a standard output like any other.
            let mut command = scratch.command(&[options, json].concat());
            assert!(command.stdout(Stdio::null()).status().unwrap().success());
        }
        assert!(scratch.files().is_empty());
    }
}

/// A value that is no value of its option, and one that does not go with others, are a line that says what was typed.
#[test]
fn refusals_are_one_line_in_terms_of_what_was_typed() {
    for (subcommand, options, line) in [
        ("z", &["--gamma=x"][..], "--aspect-ratio: got \"x\", expected a number"),
        ("z", &["--batches=-1"], "--batches: got \"-1\", expected a whole number, or inf"),
        ("mean", &["--epochs=1.5"], "--epochs: got \"1.5\", expected a whole number, 0 or more"),
        ("mean", &["--epochs"], "--epochs: got no value, expected one"),
        ("trajectory", &["-B=inf", "--decay=0.1"], "decay: got 0.1, expected 0 with infinitely many batches"),
        (
            "trajectory",
            &["-B=inf", "--schedule=once", "--ridge=0.1"],
            "schedule: got once, expected reshuffle",
        ),
        (
            "trajectory",
            &["-B=inf", "--gamma=2", "--epoch-step=3", "--momentum=0.9"],
            "epoch_step: got 3, expected at most",
        ),
        ("trajectory", &["--average=polyak,polyak"], "average: got polyak, expected every average once"),
        (
            "limit",
            &["-B=inf", "--gamma=2"],
            "aspect_ratio: got 2, expected below 1 with inf among the batches",
        ),
        ("limit", &["-B=2", "--gamma=1e-9"], "aspect_ratio: got 0.000000001, expected one closer to 1"),
        ("limit", &["-B=inf,2", "--gamma=0.999"], "aspect_ratio: got 0.999, expected one further below 1"),
        ("z", &["-B=inf", "--epoch-step=1.5", "--budget=300"], "budget: 300 evaluations"),
        ("polynomial", &["--budget=1000", "--threads=2"], "budget: 1000 evaluations"),
    ] {
        let output = Scratch::new(subcommand, "one_line").run(options);
        let message = text(&output.stderr);
        let is_line = message.trim_end().lines().count() == 1 && message.contains(line);
        assert!(output.status.code() == Some(2) && is_line, "{subcommand} {options:?}: {message}");
    }
    // The step that is named is one that works.
    let scratch = Scratch::new("z", "named_step");
    let message = text(&scratch.run(&["-B=inf", "--epoch-step=1.5", "--features=0"]).stderr);
    let words: Vec<&str> = message.split(' ').collect();
    let step = words[words.iter().position(|word| *word == "will").unwrap() - 1];
    assert!(step.parse::<f64>().is_ok_and(|step| step > 1.0 && step < 1.3), "{message}");
    let again = scratch.run(&["-B=inf", &format!("--epoch-step={step}"), "--features=0"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
}

/// An argument is blamed only if it was given.
#[test]
fn the_argument_that_was_given_is_blamed() {
    for (subcommand, options, blamed) in [
        ("z", &["--features=2", "--batches=8"][..], "features: got 2"),
        ("z", &["--batches=128", "--aspect-ratio=50"], "aspect_ratio: got 50"),
        ("z", &["--batches=2", "--batch-fractions=0.99999,0.00001", "--aspect-ratio=400"], "aspect_ratio"),
        ("z", &["--aspect-ratio=1e-300"], "aspect_ratio: got 1e-300"),
        ("scaling", &["--aspect-ratio=1e-7"], "aspect_ratio: got 0.0000001"),
        ("mean", &["--features=3", "--batches=12"], "features: got 3"),
        ("limit", &["--noise=0", "--signal=0"], "signal: got 0"),
        ("trajectory", &["--epochs=100000"], "epochs: got 100000"),
        ("trajectory", &["--schedules=100000000"], "schedules: got 100000000"),
    ] {
        let output = Scratch::new(subcommand, "blamed").run(options);
        let message = text(&output.stderr);
        assert!(
            output.status.code() == Some(2) && message.contains(blamed),
            "{subcommand} {options:?}: {message}"
        );
        assert!(!message.contains("000000000000000000000000000"), "{message}");
    }
}

/// Averages over random schedules say how well they are known, and take as many as that needs.
#[test]
fn averages_over_schedules_have_an_error() {
    let scratch = Scratch::new("trajectory", "average");
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
    let scratch = Scratch::new("z", "atoms");
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
const MALFORMED: [(&str, &[Wrong]); 6] = [
    (
        "z",
        &[
            ("--batches", NO_COUNT),
            ("--batches", &["0", "129", "18446744073709551615"]),
            ("--aspect-ratio", NOT_POSITIVE),
            ("--step-size", NOT_POSITIVE),
            ("--epoch-step", NOT_POSITIVE),
            (
                "--population",
                &["", "0", "1:0.5", "0:1", "-1:1", "1:nan", "1:1,", "x:1", "1:-1,2:2", "1:0.5,2"],
            ),
            (
                "--population",
                &["uniform:2:1", "uniform:1", "power-law:x", "power-law:1:0", "eigenvalues:missing"],
            ),
            ("--batch-fractions", &["", "1", "0.5,0.5", "0.25,0.25,0.25,0.3", "nan,1,1,1"]),
            ("--at", &["x", "nan", "", "1,,2"]),
            ("--quantiles", &["x", "", "-0.1", "1.1", "nan"]),
            ("--compare", &["missing", "."]),
            ("--points", &["0", "1", "-2", "100000000"]),
            ("--features", &["1", "-1", "x", "4000000000"]),
            ("--draws", &["0", "-1", "99999999999"]),
            ("--permutations", &["0", "x"]),
            ("--entries", &["cauchy", "student:1", "student:2", "student:x", ""]),
            ("--seed", &["-1", "1.5", "x"]),
        ],
    ),
    (
        "polynomial",
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
        "mean",
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
        "trajectory",
        &[
            ("--batches", &["0", "129", "-1"]),
            ("--aspect-ratio", NOT_POSITIVE),
            ("--step-size", NEGATIVE),
            ("--population", &["", "0", "1:0.5", "1:nan"]),
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
        "limit",
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
        "scaling",
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
];

/// Outputs that cannot be, and words that mean nothing, for every subcommand.
const EVERYWHERE: [&[&str]; 12] = [
    &["--threads=0"],
    &["--threads=x"],
    &["--seed=-1"],
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
    for (subcommand, options) in MALFORMED {
        let scratch = Scratch::new(subcommand, "malformed");
        for (option, values) in options {
            for value in *values {
                check_refused(&scratch, &[&format!("{option}={value}")]);
                // Nor does it pass where the option is not used.
                if *option != "--features" && subcommand != "limit" {
                    check_refused(&scratch, &[&format!("{option}={value}"), "--features=0"]);
                }
                calls += 1;
            }
        }
        for arguments in EVERYWHERE {
            check_refused(&scratch, arguments);
            calls += 1;
        }
    }
    assert!(calls >= 220, "{calls}");
}

#[test]
fn malformed_expressions_are_refused() {
    let scratch = Scratch::new("law", "malformed");
    for expression in
        ["", "2", "mp", "mp:-1", "gauss:1", "mp:1 +", "(mp:1", "mp:1 mp:1", "semicircle:1 * semicircle:1"]
    {
        check_refused(&scratch, &[expression]);
    }
    for expression in
        ["power(mp:1, 0.5)", "compress(mp:1, 2)", "atoms:1@0.5", "eigenvalues:missing", "0*mp:1"]
    {
        check_refused(&scratch, &[expression]);
    }
    for option in ["--at=x", "--quantiles=2", "--points=1", "--seed=-1", "--features=10"] {
        check_refused(&scratch, &["mp:1", option]);
    }
    check_refused(&scratch, &[]);
}

#[test]
fn populations_are_written_in_many_ways() {
    let scratch = Scratch::new("z", "populations");
    fs::write(scratch.path.join("pairs.txt"), "# t w\n0.5 0.25\n2, 0.749\n").unwrap();
    fs::write(scratch.path.join("values.csv"), "\u{feff}2\r\n0.5\r\n2\r\n\r\n2\r\n").unwrap();
    fs::write(scratch.path.join("ragged.txt"), "0.5 0.25\n2\n").unwrap();
    let moments = |population: &str| {
        numbers(&scratch.json(&["--features=0", "--points=2", "--population", population])["moments"])
    };
    let expected = moments("0.5:0.25,2:0.75");
    for (population, accuracy) in
        [("2,2,2,0.5", 1e-12), ("eigenvalues:values.csv", 1e-12), ("eigenvalues:pairs.txt", 1e-3)]
    {
        let found = moments(population);
        let close = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < accuracy * b);
        assert!(close, "{population}: {found:?} against {expected:?}");
    }
    let output = scratch.run(&["--population=eigenvalues:ragged.txt"]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("line 2"));
    // The law of W has mean 1 for a power law, and 3/2 for the uniform law on [1, 2].
    for (population, mean) in [("power-law:1:4", 1.0), ("uniform:1:2", 1.5)] {
        let options = ["--features=0", "--points=2", "--population", population];
        let found = numbers(&scratch.json(&options)["full_batch"]["moments"])[0];
        assert!((found - mean).abs() < 1e-9, "{population}: {found}");
    }
}

/// Forty values with a semicircle of a tenth of their distance are forty bulks.
#[test]
fn many_values_and_a_semicircle() {
    let scratch = Scratch::new("law", "many-values");
    let values: Vec<String> = (0..40).map(|k| format!("{}", 2.0 * f64::from(k) / 39.0 - 1.0)).collect();
    fs::write(scratch.path.join("values.txt"), values.join("\n")).unwrap();
    let atoms: Vec<String> = values.iter().map(|value| format!("{value}@0.025")).collect();
    for first in ["eigenvalues:values.txt".to_owned(), format!("atoms:{}", atoms.join(","))] {
        let json = scratch.json(&[&format!("{first} + semicircle:0.001"), "--points=2"]);
        assert_eq!(pairs(&json["support"]).len(), 40);
    }
}

#[test]
fn a_budget_is_enough_or_an_error_that_names_it() {
    for (subcommand, options) in &QUICK[..3] {
        let scratch = Scratch::new(subcommand, "budget");
        let output = scratch.run(&[*options, &["--budget=3"]].concat());
        assert_eq!(output.status.code(), Some(2), "{subcommand}");
        let error = text(&output.stderr);
        assert!(error.starts_with("freespectra: budget: 3 evaluations"), "{subcommand}: {error}");
        scratch.json(&[*options, &["--budget=1000000"]].concat());
    }
}
