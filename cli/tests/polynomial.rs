//! The subcommand `polynomial` as other programs run it.

mod support;

use support::{Scratch, numbers, pairs, text};

#[test]
fn the_document_has_the_keys_of_z_and_the_size() {
    let scratch = Scratch::new("polynomial", "document");
    let document = scratch.json(&["--features", "60", "--draws", "2", "--points", "40", "--at", "0.5,1"]);
    let mut keys = support::keys(&document);
    keys.sort_unstable();
    let expected = [
        "at",
        "atoms",
        "density",
        "evaluations",
        "linearization_size",
        "model",
        "moments",
        "monte_carlo",
        "residual",
        "seconds",
        "solves",
        "support",
        "total_mass",
    ];
    assert_eq!(keys, expected);
    assert_eq!(document["linearization_size"], 3);
    assert_eq!(numbers(&document["density"]["x"]).len(), 40);
    // phi((x y + y x)^2) = 2 phi(x^2) phi(y^2) + 2 phi(x^2) phi(y)^2 = 2 * 1.5 + 2.
    assert!((numbers(&document["moments"])[1] - 5.0).abs() < 1e-9);
    assert_eq!(document["monte_carlo"]["eigenvalues"], 120);
    assert!(document["monte_carlo"]["ks"].as_f64().unwrap() < 0.1);
}

#[test]
fn laws_of_every_kind_and_other_outputs() {
    let scratch = Scratch::new("polynomial", "laws");
    std::fs::write(scratch.path.join("values.txt"), "\u{feff}1.0\r\n 2.0,\n\n# a comment\n2.0\n").unwrap();
    let arguments = [
        "--features",
        "0",
        "--poly",
        "a + b + c + d + e*f*e + g + h*h",
        "--law",
        "a=semicircle:0.5",
        "--law",
        "b=mp:0.5:2",
        "--law",
        "c=atoms:-1@0.25,1@0.75",
        "--law",
        "d=arcsine:0:1",
        "--law",
        "e=projection:0.4",
        "--law",
        "f=eigenvalues:values.txt",
        "--law",
        "g=uniform:-1:0",
        "--law",
        "h=bernoulli",
        "--csv",
        "table.csv",
    ];
    let document = scratch.json(&arguments);
    // 0 + 2 + 0.5 + 0.5 + 0.4 * 5 / 3 - 0.5 + 1.
    assert!((numbers(&document["moments"])[0] - (3.5 + 2.0 / 3.0)).abs() < 1e-9);
    assert!(document["monte_carlo"].is_null());
    let table = std::fs::read_to_string(scratch.path.join("table.csv")).unwrap();
    assert!(table.starts_with("x,density,cdf\n"));
    let arguments = ["--features", "0", "--poly", "a + b + c + d", "--law", "a=covariance:0.5:0@0.25,2@0.75"];
    let others = [
        "--law",
        "b=compound:0.5:-1@0.5,3@0.5",
        "--law",
        "c=kesten-mckay:3.5",
        "--law",
        "d=free-poisson:2:0.5",
    ];
    let document = scratch.json(&[&arguments[..], &others[..]].concat());
    // Means 1.5, 1, 0 and 1; variances 3 + 0.5 * 2.25 - 2.25, 0.5 * 5, 3.5 and 0.5.
    let (mean, variance) = (3.5, 1.875 + 2.5 + 3.5 + 0.5);
    assert!((numbers(&document["moments"])[0] - mean).abs() < 1e-9);
    assert!((numbers(&document["moments"])[1] - mean * mean - variance).abs() < 1e-7);
    let document = scratch.json(&["--features", "0", "--poly", "x^2", "--law", "x=bernoulli"]);
    assert_eq!(pairs(&document["atoms"]), [[1.0, 1.0]]);
}

#[test]
fn faults_are_named_with_their_place() {
    let scratch = Scratch::new("polynomial", "faults");
    std::fs::write(scratch.path.join("bad.txt"), "1.0\nabc\n").unwrap();
    for (arguments, words) in [
        (&["--poly", "x*y"][..], &["self-adjoint", "x*y"][..]),
        (&["--poly", "x*y + (y*x"], &["column 7"]),
        (&["--poly", "x + + * y"], &["column"]),
        (&["--poly", ""], &["column 1"]),
        (&["--poly", "x + w"], &["variable w"]),
        (&["--law", "x=mp:-1"], &["-1"]),
        (&["--law", "x=mp"], &["mp:RATIO"]),
        (&["--law", "x=gauss:1"], &["gauss", "semicircle"]),
        (&["--law", "x"], &["NAME=LAW"]),
        (&["--law", "2=mp:1"], &["variable"]),
        (&["--law", "x=atoms:1@0.5"], &["summing to 0.5"]),
        (&["--law", "x=atoms:1"], &["atoms:t@w"]),
        (&["--law", "x=projection:2"], &["trace"]),
        (&["--law", "x=uniform:1:nan"], &["uniform:A:B"]),
        (&["--law", "x=eigenvalues:none.txt"], &["none.txt"]),
        (&["--law", "x=eigenvalues:bad.txt"], &["bad.txt", "line 2"]),
        (&["--law", "x=covariance:0.5"], &["covariance:RATIO:t@w"]),
        (&["--law", "x=covariance:0.5:-1@1"], &["population", "[-1, -1]"]),
        (&["--law", "x=compound:0:1@1"], &["ratio"]),
        (&["--law", "x=compound:0.5:1@0.5"], &["summing to 0.5"]),
        (&["--law", "x=kesten-mckay:1"], &["degree"]),
        (&["--law", "x=free-poisson:1"], &["free-poisson:RATE:SIZE"]),
        (&["--law", "x=mp:1e100"], &["edges"]),
        (&["--points", "1"], &["points"]),
        (&["--features", "1"], &["features"]),
        (&["--figure", "figure.gif"], &[".png"]),
    ] {
        let output = scratch.run(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty());
        assert!(words.iter().all(|word| error.contains(word)), "{arguments:?}: {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
    assert_eq!(scratch.files().len(), 1);
}
