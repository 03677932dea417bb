//! The subcommand `z` as other programs use it: its JSON, its files, and what it refuses.

mod support;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use support::{Scratch, document, keys, numbers, pairs, text};

/// The contract, on any document of a run with `points` points.
fn check_shape(json: &Value, points: usize) {
    let mut expected = [
        "model",
        "support",
        "atoms",
        "moments",
        "total_mass",
        "residual",
        "solves",
        "evaluations",
        "density",
        "at",
        "full_batch",
        "monte_carlo",
        "seconds",
    ];
    expected.sort_unstable();
    let mut found = keys(json);
    found.sort_unstable();
    assert_eq!(found, expected);

    for law in [json, &json["full_batch"]] {
        let support = pairs(&law["support"]);
        assert!(!support.is_empty());
        let edges = support.concat();
        assert!(edges.is_sorted_by(|a, b| a < b), "{edges:?}");
        assert!(pairs(&law["atoms"]).iter().all(|[_, mass]| (0.0..1.0).contains(mass)));
        assert_eq!(numbers(&law["moments"]).len(), 4);
    }
    assert!((json["total_mass"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    assert!((0.0..1e-9).contains(&json["residual"].as_f64().unwrap()));
    assert!(json["solves"].as_u64().unwrap() > 0);
    let (x, rho) = (numbers(&json["density"]["x"]), numbers(&json["density"]["rho"]));
    assert_eq!((x.len(), rho.len()), (points, points));
    assert!(x.is_sorted() && rho.iter().all(|&rho| rho >= 0.0));
    let cdf = numbers(&json["density"]["cdf"]);
    assert!(cdf.len() == points && cdf.is_sorted() && cdf[points - 1] <= 1.0 + 1e-9);
    for at in json["at"].as_array().unwrap() {
        assert!(["x", "density", "cdf"].iter().all(|key| at[key].is_f64()), "{at}");
    }
    for key in ["predict", "monte_carlo"] {
        assert!(json["seconds"][key].as_f64().unwrap() >= 0.0);
    }

    let sampled = &json["monte_carlo"];
    if sampled.is_null() {
        return;
    }
    for key in ["features", "draws", "seed", "eigenvalues"] {
        assert!(sampled[key].is_u64(), "{key}: {}", sampled[key]);
    }
    for key in ["ks", "wasserstein1", "smallest", "largest"] {
        assert!(sampled[key].is_f64(), "{key}: {}", sampled[key]);
    }
    assert_eq!(numbers(&sampled["moments"]).len(), 4);
    let (edges, heights) =
        (numbers(&sampled["histogram"]["edges"]), numbers(&sampled["histogram"]["density"]));
    assert_eq!(edges.len(), heights.len() + 1);
}

#[test]
fn one_document_with_all_keys() {
    let scratch = Scratch::new("z", "keys");
    let json = scratch.json(&["--features", "60", "--draws", "3", "--seed", "7", "--points", "100"]);
    check_shape(&json, 100);
    let model = &json["model"];
    assert_eq!((model["batches"].as_u64(), model["aspect_ratio"].as_f64()), (Some(4), Some(0.5)));
    assert_eq!((model["step_size"].as_f64(), model["epoch_step"].as_f64()), (Some(0.25), Some(1.0)));
    let sampled = &json["monte_carlo"];
    for (key, value) in [("features", 60), ("draws", 3), ("seed", 7), ("eigenvalues", 180)] {
        assert_eq!(sampled[key].as_u64(), Some(value), "{key}");
    }
    // Rigid eigenvalues: the distance is of the order of 1/p.
    assert!((1e-4..0.1).contains(&sampled["ks"].as_f64().unwrap()), "{}", sampled["ks"]);
    assert!(scratch.files().is_empty());
}

#[test]
fn numbers_have_full_precision() {
    let scratch = Scratch::new("z", "precision");
    let json = scratch.json(&[
        "--batches",
        "2",
        "--step-size",
        "0.4",
        "--aspect-ratio",
        "0.5",
        "--features",
        "0",
        "--at=-0.1,0.3,9",
    ]);
    check_shape(&json, 512);
    assert!(json["monte_carlo"].is_null());
    let at = json["at"].as_array().unwrap();
    let field = |index: usize, key: &str| at[index][key].as_f64().unwrap();
    assert_eq!([field(0, "x"), field(1, "x"), field(2, "x")], [-0.1, 0.3, 9.0]);
    assert_eq!([field(0, "density"), field(0, "cdf"), field(2, "density")], [0.0; 3]);
    assert!((field(1, "density") - 0.8263020596924).abs() < 1e-10);
    assert!((field(2, "cdf") - 1.0).abs() < 1e-9);
    // phi(P) = (1 - alpha)^B, so m1 = (1 - 0.36) / 0.8; W has moments 1 and 1 + gamma.
    assert!((numbers(&json["moments"])[0] - 0.8).abs() < 1e-9);
    let full = numbers(&json["full_batch"]["moments"]);
    assert!((full[0] - 1.0).abs() < 1e-9 && (full[1] - 1.5).abs() < 1e-9);
    let [low, high] = pairs(&json["full_batch"]["support"])[0];
    assert!((low - (1.0 - 0.5f64.sqrt()).powi(2)).abs() < 1e-10);
    assert!((high - (1.0 + 0.5f64.sqrt()).powi(2)).abs() < 1e-10);
}

#[test]
fn more_features_than_samples() {
    let scratch = Scratch::new("z", "atom");
    let json = scratch.json(&["--aspect-ratio", "2", "--features", "80", "--draws", "2"]);
    check_shape(&json, 512);
    assert_eq!(pairs(&json["atoms"]), [[0.0, 0.5]]);
    assert_eq!(pairs(&json["full_batch"]["atoms"]), [[0.0, 0.5]]);
    let sampled = &json["monte_carlo"];
    assert!(sampled["ks"].as_f64().unwrap() < 0.1);
    // Half of the eigenvalues are at the atom and not in the histogram.
    let edges = numbers(&sampled["histogram"]["edges"]);
    let heights = numbers(&sampled["histogram"]["density"]);
    let mass: f64 = edges.windows(2).zip(heights).map(|(edge, height)| height * (edge[1] - edge[0])).sum();
    assert!((mass - 0.5).abs() < 1e-12, "{mass}");
}

#[test]
fn unequal_batches_and_their_samples() {
    let scratch = Scratch::new("z", "unequal");
    let options = ["--batches", "3", "--batch-fractions", "0.5,0.3,0.2", "--features", "200"];
    let json = scratch.json(&options);
    check_shape(&json, 512);
    assert_eq!(numbers(&json["model"]["batch_fractions"]), [0.5, 0.3, 0.2]);
    assert!(json["monte_carlo"]["ks"].as_f64().unwrap() < 0.02, "{}", json["monte_carlo"]["ks"]);
    // It is not the law of equal batches: the sizes matter, though not for the mean.
    let equal = scratch.json(&["--batches", "3", "--features", "0"]);
    let [first, second] = [&json, &equal].map(|json| numbers(&json["moments"]));
    assert!((first[0] - second[0]).abs() < 1e-9 && (first[1] - second[1]).abs() > 1e-4);
}

#[test]
fn sampled_orderings_above_twelve_batches() {
    let scratch = Scratch::new("z", "orderings");
    let options = ["--batches", "13", "--features", "78", "--draws", "1", "--permutations"];
    let [few, many] = ["1", "100"].map(|permutations| {
        let json = scratch.json(&[&options[..], &[permutations]].concat());
        check_shape(&json, 512);
        json["monte_carlo"].clone()
    });
    assert!(many["ks"].as_f64().unwrap() < 0.05, "{}", many["ks"]);
    assert_ne!(few["moments"], many["moments"]);
    // Up to twelve the mean is exact and their number has no meaning.
    let options = ["--batches", "12", "--features", "48", "--draws", "1", "--permutations"];
    let [few, many] =
        ["1", "100"].map(|permutations| scratch.json(&[&options[..], &[permutations]].concat()));
    assert_eq!(few["monte_carlo"], many["monte_carlo"]);
}

#[test]
fn a_seed_fixes_the_numbers_on_any_number_of_threads() {
    let scratch = Scratch::new("z", "threads");
    let run = |threads: &str, seed: &str, entries: &str| {
        let options =
            ["--features", "60", "--draws", "5", "--seed", seed, "--entries", entries, "--json", "-"];
        let output = scratch.command(&options).env("RAYON_NUM_THREADS", threads).output().unwrap();
        document(&output)["monte_carlo"].clone()
    };
    for entries in ["gaussian", "student:6"] {
        let one = run("1", "3", entries);
        assert_eq!(one, run("2", "3", entries));
        assert_ne!(one["moments"], run("2", "4", entries)["moments"]);
    }
    assert_ne!(run("1", "3", "gaussian")["moments"], run("1", "3", "uniform")["moments"]);
}

#[test]
fn files_of_every_kind() {
    let scratch = Scratch::new("z", "files");
    let run = |figure: &str| {
        let options =
            ["--features", "40", "--points", "64", "--json", "a.json", "--csv", "a.csv", "--figure"];
        let output = scratch.run(&[&options[..], &[figure]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let summary = run("a.png");
    assert!(summary.contains("support") && summary.contains("Kolmogorov-Smirnov") && !summary.contains('{'));
    run("a.svg");
    let mut files = scratch.files();
    files.sort();
    assert_eq!(files, ["a.csv", "a.json", "a.png", "a.svg"].map(PathBuf::from));
    assert!(fs::read(scratch.path.join("a.png")).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
    assert!(fs::read_to_string(scratch.path.join("a.svg")).unwrap().trim_end().ends_with("</svg>"));

    // The table is the density of the document, number for number.
    let json: Value =
        serde_json::from_str(&fs::read_to_string(scratch.path.join("a.json")).unwrap()).unwrap();
    check_shape(&json, 64);
    let table = fs::read_to_string(scratch.path.join("a.csv")).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("x,density,cdf"));
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect();
    let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f64>>();
    assert_eq!(column(0), numbers(&json["density"]["x"]));
    assert_eq!(column(1), numbers(&json["density"]["rho"]));
    assert_eq!(column(2), numbers(&json["density"]["cdf"]));
}

/// A message on standard error that mentions all `words`, status 2, no output and no file.
fn check_refused(scratch: &Scratch, arguments: &[&str], words: &[&str]) {
    let before = scratch.files();
    let output = scratch.run(arguments);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    assert!(words.iter().all(|word| message.contains(word)), "{arguments:?}: {message}");
    for word in ["panicked", "RUST_BACKTRACE", "InvalidArgument"] {
        assert!(!message.contains(word), "{arguments:?}: {message}");
    }
    assert_eq!(scratch.files(), before, "{arguments:?}");
}

#[test]
fn bad_values_are_refused() {
    let scratch = Scratch::new("z", "values");
    for value in ["nan", "inf", "0", "-1", "-0", "-inf", "1e999"] {
        for (option, name) in
            [("--step-size", "step_size"), ("--epoch-step", "epoch_step"), ("--aspect-ratio", "aspect_ratio")]
        {
            check_refused(&scratch, &[&format!("{option}={value}"), "--json", "-"], &[name, "positive"]);
        }
    }
    let seven = "0.4,0.1,0.1,0.1,0.1,0.1,0.1";
    let cases: &[(&[&str], &[&str])] = &[
        (&["--batches", "0"], &["batches", "0", "1..=128"]),
        (&["--batches", "129"], &["batches", "129", "1..=128"]),
        (&["--batches", "-3"], &["--batches"]),
        (&["--batches", "two"], &["--batches", "two"]),
        (&["--population", ""], &["population"]),
        (&["--population", "-1:1"], &["population", "-1", "not negative"]),
        (&["--population=1:-1,2:2"], &["population", "-1", "positive"]),
        (&["--population", "0:1"], &["population", "positive"]),
        (&["--population", "nan:1"], &["population", "NaN"]),
        (&["--population", "1:0.5,2:0.4"], &["population", "0.9", "sum to 1"]),
        (&["--population", "1:0.5,"], &["population"]),
        (&["--population", "1:0.5,2"], &["population", "eigenvalue:weight"]),
        (&["--batches", "2", "--batch-fractions", "0.5,0.4"], &["batch_fractions", "0.9", "sum to 1"]),
        (&["--batches", "3", "--batch-fractions", "0.5,0.5"], &["batch_fractions", "2", "3"]),
        (&["--batches", "2", "--batch-fractions", "-0.5,1.5"], &["batch_fractions", "-0.5"]),
        (&["--batches", "2", "--batch-fractions", ""], &["batch_fractions"]),
        (&["--batches", "7", "--batch-fractions", seven], &["batches", "7", "at most 6"]),
        (&["--features", "1"], &["features", "1", "at least 2"]),
        (&["--features", "400000000"], &["features", "400000000"]),
        (&["--aspect-ratio", "200"], &["aspect_ratio", "200", "500", "4"]),
        (&["--aspect-ratio", "1e300"], &["aspect_ratio"]),
        (&["--draws", "0"], &["draws", "0", "at least 1"]),
        (&["--batches", "13", "--permutations", "0"], &["permutations", "0", "at least 1"]),
        (&["--entries", "cauchy"], &["entries", "cauchy"]),
        (&["--entries", "student:2"], &["degrees_of_freedom", "2"]),
        (&["--seed", "-1"], &["--seed"]),
        (&["--points", "1"], &["points", "1"]),
        (&["--points", "18446744073709551615"], &["points", "18446744073709551615"]),
        (&["--at", "0.1,x"], &["at", "x"]),
        (&["--at", "nan"], &["at", "nan"]),
        (&["--batch", "3"], &["--batch"]),
        (&["stray"], &["stray"]),
        (&["--step-size", "0.1", "--epoch-step", "1"], &["--step-size", "--epoch-step"]),
        (&["--json"], &["--json"]),
    ];
    for (arguments, words) in cases {
        check_refused(&scratch, arguments, words);
        check_refused(&scratch, &[*arguments, &["--csv", "a.csv", "--figure", "a.svg"]].concat(), words);
    }
}

#[test]
fn unwritable_paths_are_refused_before_the_work() {
    let scratch = Scratch::new("z", "paths");
    fs::create_dir(scratch.path.join("directory.png")).unwrap();
    fs::write(scratch.path.join("file"), "kept").unwrap();
    fs::write(scratch.path.join("old.json"), "kept").unwrap();
    // Days of sampling, so that a path looked at too late is a test that does not end.
    let work = ["--features", "20000", "--draws", "1000"];
    for path in ["missing/a.png", "file/a.png", "directory.png"] {
        for option in ["--json", "--csv", "--figure"] {
            check_refused(&scratch, &[&work[..], &[option, path]].concat(), &[path]);
        }
        // The others could be written, and are not.
        let others = ["--json", "old.json", "--csv", "a.csv", "--figure", path];
        check_refused(&scratch, &[&work[..], &others].concat(), &[path]);
        let others = ["--figure", "a.svg", "--csv", "a.csv", "--json", path];
        check_refused(&scratch, &[&work[..], &others].concat(), &[path]);
    }
    for path in ["a.gif", "a", "png"] {
        check_refused(
            &scratch,
            &[&work[..], &["--figure", path]].concat(),
            &["figure", path, ".png or .svg"],
        );
        check_refused(&scratch, &[&work[..], &["--figure", path, "--json", "-"]].concat(), &["figure"]);
    }
    for option in ["--json", "--csv", "--figure"] {
        check_refused(&scratch, &[&work[..], &[option, ""]].concat(), &[]);
    }
    for name in ["file", "old.json"] {
        assert_eq!(fs::read_to_string(scratch.path.join(name)).unwrap(), "kept");
    }
}

/// Laws that cannot be computed are errors like the others.
#[test]
fn hopeless_laws_are_refused() {
    let scratch = Scratch::new("z", "hopeless");
    for arguments in [["--step-size", "1e300"], ["--aspect-ratio", "1e-300"], ["--population", "1e300:1"]] {
        check_refused(&scratch, &[&arguments[..], &["--features", "0", "--figure", "a.svg"]].concat(), &[]);
    }
}

/// Thresholds, quantiles and eigenvalues from elsewhere, each only where asked for.
#[test]
fn more_of_a_law() {
    let scratch = Scratch::new("z", "more");
    // One batch: 2 / (1 + sqrt(gamma))^2, for the mean and for runs alike; Z is W.
    let edge = (1.0 + 0.25f64.sqrt()).powi(2);
    let arguments = ["-B1", "--gamma=0.25", "--alpha=0.1", "--features=0"];
    let json = scratch.json(&[&arguments[..], &["--critical", "--quantiles=0,0.5,1"]].concat());
    for key in ["critical_step_size", "critical_epoch_step", "stability_epoch_step"] {
        assert!((json[key].as_f64().unwrap() - 2.0 / edge).abs() < 1e-9, "{key}: {}", json[key]);
    }
    let quantile = |index: usize| json["quantiles"][index]["x"].as_f64().unwrap();
    assert!((quantile(0) - 0.25).abs() < 1e-9 && (quantile(2) - edge).abs() < 1e-9);
    let at = format!("--at={}", quantile(1));
    let median = scratch.json(&[&arguments[..], &[&at]].concat());
    assert!((median["at"][0]["cdf"].as_f64().unwrap() - 0.5).abs() < 1e-12);

    // Quantiles at the midpoints of n equal parts are within 1/(2n) of the law, and those of another law are not.
    let probabilities: Vec<String> = (0..50).map(|i| format!("{}", (f64::from(i) + 0.5) / 50.0)).collect();
    let quantiles = format!("--quantiles={}", probabilities.join(","));
    let json = scratch.json(&[&arguments[..], &[&quantiles]].concat());
    let lines = json["quantiles"].as_array().unwrap().iter().map(|quantile| format!("{}\n", quantile["x"]));
    fs::write(scratch.path.join("values.txt"), lines.collect::<String>()).unwrap();
    let compare = |gamma| {
        let json = scratch.json(&["-B1", gamma, "--features=0", "--compare=values.txt", "--figure=a.svg"]);
        assert_eq!(json["compare"]["eigenvalues"], 50);
        json["compare"]["ks"].as_f64().unwrap()
    };
    assert!((compare("--gamma=0.25") - 0.01).abs() < 1e-9);
    assert!(compare("--gamma=0.5") > 0.05);
}

/// Clusters over nine decades have eleven bulks at this shape (Silverstein and Choi's criterion by an independent search in Python), and
/// features that do not vary are an atom at 0 beside the law of the others, `(1 -+ sqrt(1/4))^2`.
#[test]
fn one_batch_of_any_population() {
    let scratch = Scratch::new("z", "one-batch");
    let clusters = "0.00316\n0.00748\n0.0316\n0.0839\n0.371\n1.81\n3\n39.8\n54.6\n703\n7300\n443000\n";
    fs::write(scratch.path.join("clusters.txt"), clusters).unwrap();
    let run = |population: &str, ratio: &str| {
        let arguments =
            ["--features=0", "--points=2", "-B=1", "--aspect-ratio", ratio, "--population", population];
        scratch.json(&arguments)
    };
    let json = run("eigenvalues:clusters.txt", "0.3");
    assert_eq!(pairs(&json["support"]).len(), 11);
    assert!((json["total_mass"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    let json = run("0:0.5,1:0.5", "0.5");
    assert_eq!(pairs(&json["atoms"]), [[0.0, 0.5]]);
    let [[low, high]] = pairs(&json["support"])[..] else { panic!("one bulk") };
    assert!((low - 0.25).abs() < 1e-15 && (high - 2.25).abs() < 1e-15);
}

#[test]
fn laws_over_decades_are_drawn_in_the_logarithm() {
    let scratch = Scratch::new("z", "decades");
    let drawn = |population: &str, options: &[&str]| {
        let fixed =
            ["-B", "2", "--features", "60", "--draws", "1", "--figure", "f.svg", "--population", population];
        let output = scratch.run(&[&fixed[..], options].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let figure = fs::read_to_string(scratch.path.join("f.svg")).unwrap();
        figure.contains("density in the logarithm")
    };
    let wide = "0.0001,0.001,0.01,0.1,1";
    assert!(drawn(wide, &[]));
    assert!(!drawn(wide, &["--linear-axis"]));
    assert!(!drawn("1", &[]));
    assert!(drawn("1", &["--log-axis"]));
}

/// The law of infinitely many batches against an independent implementation and single rows.
#[test]
fn infinitely_many_batches() {
    let scratch = Scratch::new("z", "infinite");
    let options = ["-B", "inf", "--at", "0.3", "--features", "60", "--draws", "6", "--permutations", "100"];
    let document = scratch.json(&options);
    let density = document["at"][0]["density"].as_f64().unwrap();
    assert!((density - 0.908_321_724_382).abs() < 1e-10, "{density}");
    // The Wasserstein distance of finite batches falls like 1 / B.
    let distances = document["distances"].as_array().unwrap();
    let found: Vec<f64> = distances.iter().map(|d| d["wasserstein1"].as_f64().unwrap()).collect();
    assert!(found.windows(2).all(|pair| (1.8..2.4).contains(&(pair[0] / pair[1]))), "{found:?}");
    // 360 eigenvalues, which repel each other: a hundredth is much for them.
    assert!(document["monte_carlo"]["ks"].as_f64().unwrap() < 0.03);
    assert_eq!(document["monte_carlo"]["samples"], 120);
    for wrong in [&["-B", "inf", "--critical"][..], &["-B", "inf", "--epoch-step", "3"]] {
        assert_eq!(scratch.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}
