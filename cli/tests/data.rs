//! `freespectra data` on files as people have them: its JSON against references and gradient descent written out here,
//! and what it says of files that are none.

mod support;

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use support::{Scratch, keys, numbers, text};

fn scratch(name: &str) -> Scratch {
    Scratch::new("data", name)
}

/// Numbers in (-1, 1) that look random, from a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A CSV file with names, the last column `y`.
fn csv(rows: &[Vec<f64>]) -> String {
    let mut file: String = (1..rows[0].len()).map(|j| format!("x{j},")).collect();
    file += "y\n";
    for row in rows {
        let cells: Vec<String> = row.iter().map(f64::to_string).collect();
        writeln!(file, "{}", cells.join(",")).unwrap();
    }
    file
}

fn sample(rows: usize, features: usize) -> Vec<Vec<f64>> {
    let mut numbers = Numbers(7);
    let weights: Vec<f64> = (0..features).map(|_| numbers.next()).collect();
    let row = |_| {
        let mut row: Vec<f64> = (0..features).map(|_| 1.7 * numbers.next()).collect();
        let signal: f64 = row.iter().zip(&weights).map(|(x, weight)| x * weight).sum();
        row.push(signal + 2.0 * numbers.next());
        row
    };
    (0..rows).map(row).collect()
}

/// Rows `X = sqrt(n) U diag(s)` with the Hadamard matrix of order 4 for `2 U`: eigenvalues 0.2, 1, 3 of `W`, and a target with
/// squares 1, 2, 4 along their directions and 0.5 along the one that is left.
fn reference() -> Vec<Vec<f64>> {
    const SIGNS: [[f64; 4]; 4] =
        [[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0], [1.0, -1.0, -1.0, 1.0]];
    let eigenvalues = [0.2f64, 1.0, 3.0];
    let squares = [1.0f64, 2.0, 4.0, 0.5];
    let row = |signs: &[f64; 4]| {
        let mut row: Vec<f64> = (0..3).map(|j| signs[j] * eigenvalues[j].sqrt()).collect();
        row.push((0..4).map(|j| 0.5 * signs[j] * squares[j].sqrt()).sum());
        row
    };
    SIGNS.iter().map(row).collect()
}

fn close(found: &Value, expected: &[f64], bound: f64) {
    let found = numbers(found);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < bound, "{found} against {expected}");
    }
}

/// The trajectories of an independent implementation.
#[test]
fn reference_trajectories() {
    let scratch = scratch("reference");
    fs::write(scratch.path.join("four.csv"), csv(&reference())).unwrap();
    let run = |options: &[&str]| {
        let common = ["four.csv", "--test-fraction=0", "--runs=0", "--partitions=0"];
        scratch.json(&[&common[..], options].concat())["curves"][0].clone()
    };
    let two = ["--batches=2", "--step-size=0.3", "--schedule=0,1,1,0,0,1"];
    let fixed = run(&[&two[..], &["--partition=fixed"]].concat());
    let train =
        [1.875, 1.0244625, 0.620606292187, 0.495914883729, 0.410569708960, 0.372582103445, 0.335565259471];
    let test =
        [1.875, 1.5347625, 1.3280804325, 1.285815952727, 1.165276808089, 1.195603715183, 1.179387419014];
    close(&fixed["train"], &train, 1e-10);
    close(&fixed["test"], &test, 1e-10);
    assert_eq!((&fixed["partition"], &fixed["schedule"]), (&"fixed".into(), &"0,1,1,0,0,1".into()));
    let fresh = run(&two);
    let train =
        [1.875, 1.0244625, 0.620606292187, 0.478485595882, 0.370177238680, 0.342782451148, 0.293200739392];
    let test =
        [1.875, 1.5347625, 1.3280804325, 1.269980761889, 1.177248889949, 1.199143475789, 1.177717448098];
    close(&fresh["train"], &train, 1e-10);
    close(&fresh["test"], &test, 1e-10);
    let replaced = run(&["--batches=4", "--step-size=0.2", "--schedule=replacement", "--epochs=1"]);
    close(&replaced["train"], &[1.875, 1.40015, 1.10853542, 0.916577159576, 0.783250777040], 1e-10);
    close(&replaced["test"], &[1.875, 1.724075, 1.6131152025, 1.530510170280, 1.468487931292], 1e-10);
    let full = run(&["--batches=1", "--step-size=0.4", "--epochs=4"]);
    close(&full["train"], &[1.875, 0.5566, 0.37049824, 0.299980750336, 0.261705358284], 1e-10);
    close(&full["test"], &[1.875, 1.26955, 1.18366158, 1.149274408568, 1.142513340734], 1e-10);
}

/// Gradient descent on the rows written out, split anew in every epoch, averaged over runs.
fn descend(rows: &[Vec<f64>], batches: usize, step_size: f64, epochs: usize, runs: usize) -> Vec<f64> {
    let features = rows[0].len() - 1;
    let residual = |row: &[f64], beta: &[f64]| {
        row[features] - row.iter().zip(beta).map(|(x, beta)| x * beta).sum::<f64>()
    };
    let mut numbers = Numbers(3);
    let mut mean = vec![0.0; batches * epochs + 1];
    for _ in 0..runs {
        let mut beta = vec![0.0; features];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        for step in 0..=batches * epochs {
            let error = rows.iter().map(|row| residual(row, &beta).powi(2)).sum::<f64>() / rows.len() as f64;
            mean[step] += error / runs as f64;
            if step % batches == 0 {
                for i in (1..order.len()).rev() {
                    let j = ((0.5 + 0.5 * numbers.next()) * (i + 1) as f64) as usize;
                    order.swap(i, j.min(i));
                }
            }
            let size = rows.len() / batches;
            let batch = &order[(step % batches) * size..][..size];
            let mut gradient = vec![0.0; features];
            for &i in batch {
                let residual = residual(&rows[i], &beta);
                gradient.iter_mut().zip(&rows[i]).for_each(|(sum, x)| *sum += residual * x / size as f64);
            }
            beta.iter_mut().zip(&gradient).for_each(|(beta, gradient)| *beta += step_size * gradient);
        }
    }
    mean
}

#[test]
fn document_and_gradient_descent() {
    let scratch = scratch("document");
    let rows = sample(240, 60);
    fs::write(scratch.path.join("sample.csv"), csv(&rows)).unwrap();
    let options = ["sample.csv", "--batches=1,4", "--epochs=6", "--partitions=2", "--runs=3"];
    let more = ["--step-size=0.1", "--at=0.5,1e9", "--cauchy=1+1i", "--test-fraction=0"];
    let json = scratch.json(&[&options[..], &more].concat());
    for key in ["data", "certificate", "laws", "curves", "thresholds", "recommended", "grid", "seconds"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!(json["data"]["rows"], 240);
    assert_eq!(json["data"]["target"], "y");
    assert_eq!(json["certificate"]["verdict"], "reliable");
    let recommended = &json["recommended"];
    assert_eq!(keys(recommended).len(), 6);

    // Train error within 1 %, 400 runs; both are means over partitions.
    let (full, batched) = (&json["curves"][0], &json["curves"][1]);
    for (predicted, run) in numbers(&full["train"]).iter().zip(descend(&rows, 1, 0.1, 6, 1)) {
        assert!((predicted / run - 1.0).abs() < 1e-10, "{predicted} against {run}");
    }
    for (predicted, run) in numbers(&batched["train"]).iter().zip(descend(&rows, 4, 0.1, 6, 400)) {
        assert!((predicted / run - 1.0).abs() < 0.01, "{predicted} against {run}");
    }
    assert!(numbers(&batched["runs"]["test"]).is_empty());

    // The law of the full batch is that of W, whose mean square is the trace; the one of Z its sampled self.
    let (w, z) = (&json["laws"][0], &json["laws"][1]);
    let trace = rows.iter().flat_map(|row| &row[..60]).map(|x| x * x).sum::<f64>() / (240.0 * 60.0);
    assert!((numbers(&w["moments"])[0] / trace - 1.0).abs() < 1e-9);
    for law in [w, z] {
        assert!(law["sampled"]["ks"].as_f64().unwrap() < 0.04, "{}", law["sampled"]);
        assert_eq!(law["at"][1]["cdf"], 1.0);
        assert!(numbers(&law["cauchy"][0]["g"])[1] < 0.0);
    }
    assert!(numbers(&z["moments"])[0] < numbers(&w["moments"])[0]);

    // Full batch: both thresholds are 2 over the largest eigenvalue. Batches never make runs more stable in the step.
    let thresholds = json["thresholds"].as_array().unwrap();
    let (critical, stability) =
        (&thresholds[0]["critical_epoch_step"], &thresholds[0]["stability_epoch_step"]);
    let largest = w["sampled"]["largest"].as_f64().unwrap();
    for threshold in [critical, stability] {
        assert!((threshold.as_f64().unwrap() * largest - 2.0).abs() < 1e-6);
    }
    let stable = thresholds[1]["stability_epoch_step"].as_f64().unwrap();
    assert!(stable < thresholds[1]["critical_epoch_step"].as_f64().unwrap());
    let batches = recommended["batches"].as_u64().unwrap() as f64;
    let limit = if batches == 1.0 { stability.as_f64().unwrap() } else { stable };
    assert!(recommended["step_size"].as_f64().unwrap() * batches < limit);
}

#[test]
fn a_seed_fixes_every_byte_on_any_number_of_threads() {
    let scratch = scratch("threads");
    fs::write(scratch.path.join("sample.csv"), csv(&sample(60, 12))).unwrap();
    let run = |threads: &str| {
        let options = ["sample.csv", "--batches=1,2,3", "--epochs=4", "--threads", threads];
        let outputs = ["--csv=table.csv", "--figure=figure.svg"];
        let mut json = scratch.json(&[&options[..], &outputs].concat());
        json.as_object_mut().unwrap().remove("seconds");
        let read = |name: &str| fs::read_to_string(scratch.path.join(name)).unwrap();
        (json.to_string(), read("table.csv"), read("figure.svg"))
    };
    let one = run("1");
    assert_eq!(one, run("2"));
    // The legend says what the area about the histogram is.
    assert!(one.2.contains("GOE band"));
}

/// One row of its own feature overshoots in its batch of 40 beyond `2 * 40 / |x|^2`, which no law of rows that are alike
/// knows of.
#[test]
fn a_heavy_row_limits_the_steps() {
    let scratch = scratch("heavy");
    let mut rows = sample(160, 4);
    rows.iter_mut().for_each(|row| row[0] = 0.0);
    rows[17][0] = 50.0;
    fs::write(scratch.path.join("heavy.csv"), csv(&rows)).unwrap();
    let json = scratch.json(&["heavy.csv", "--test-fraction=0", "--batches=4", "--epochs=2", "--runs=0"]);
    let square = rows[17][..4].iter().map(|x| x * x).sum::<f64>();
    let limit = 4.0 * 2.0 * 40.0 / square;
    let found = json["thresholds"][0]["stability_epoch_step"].as_f64().unwrap();
    assert!((found / limit - 1.0).abs() < 1e-9, "{found} against {limit}");
    assert!(json["recommended"]["step_size"].as_f64().unwrap() <= 0.8 * limit / 4.0 * (1.0 + 1e-9));
}

/// Beyond 16 batches laws may take minutes, curves do not. There is none of more than 128 batches, as is said when one is
/// asked for.
#[test]
fn laws_of_many_batches_are_asked_for() {
    let scratch = scratch("many");
    fs::write(scratch.path.join("sample.csv"), csv(&sample(200, 3))).unwrap();
    let notes = |asked: &[&str]| {
        let options = ["sample.csv", "--batches=2,129", "--epochs=1", "--runs=0"];
        let json = scratch.json(&[&options[..], asked].concat());
        assert_eq!(json["curves"].as_array().unwrap().len(), 2);
        assert_eq!(json["laws"].as_array().unwrap().len(), 1);
        let critical = |index: usize| json["thresholds"][index]["critical_epoch_step"].is_number();
        assert!(critical(0) && !critical(1));
        json["notes"].to_string()
    };
    assert!(notes(&[]).contains("--laws computes them"));
    for asked in ["--laws", "--at=0.5", "--cauchy=1+i"] {
        let refused = notes(&[asked]);
        assert!(refused.contains("no law of Z for 129 batches") && !refused.contains("--laws"), "{refused}");
    }
}

#[test]
fn small_and_odd_data() {
    let scratch = scratch("odd");
    let write = |name: &str, content: &str| fs::write(scratch.path.join(name), content).unwrap();
    // One row: the full batch alone, and the defaults that do not fit are named.
    write("one.csv", "a,b,y\n1,2,3\n");
    let one = scratch.json(&["one.csv", "--epochs=3"]);
    assert_eq!(one["curves"].as_array().unwrap().len(), 1);
    assert!(one["notes"].to_string().contains("[2, 4, 8, 16]"), "{}", one["notes"]);
    // A constant target, standardized: nothing is left to predict.
    let rows: Vec<Vec<f64>> = sample(30, 3).into_iter().map(|row| [&row[..3], &[5.0]].concat()).collect();
    write("constant.csv", &csv(&rows));
    for options in [&["constant.csv", "--standardize"][..], &["constant.csv"]] {
        let constant = scratch.json(&[options, &["--batches=1,2", "--epochs=3"]].concat());
        let test = numbers(&constant["curves"][0]["test"]);
        assert!(test.iter().all(|test| test.is_finite()), "{test:?}");
        if options.contains(&"--standardize") {
            assert_eq!(constant["recommended"]["epochs"], 0);
        }
    }
    // Half of the rows are 0, as in sparse data: they have a size, and the laws count them.
    let sparse: Vec<Vec<f64>> = (0..200)
        .zip(sample(200, 40))
        .map(|(i, row)| if i % 2 == 0 { row } else { [&[0.0; 40], &row[40..]].concat() })
        .collect();
    write("sparse.csv", &csv(&sparse));
    let sparse = scratch.json(&["sparse.csv", "--batches=3", "--runs=0", "--test-fraction=0", "--epochs=3"]);
    let law = &sparse["laws"][0];
    assert!(law["sampled"]["ks"].as_f64().unwrap() < 0.03, "{sparse}");
    // No target: no curves, and it says so.
    let none = scratch.json(&["constant.csv", "--target=none", "--batches=1,2"]);
    assert!(none["curves"].is_null() && none["recommended"].is_null());
    assert!(none["notes"].to_string().contains("no target"), "{}", none["notes"]);
    assert_eq!((none["laws"].as_array().unwrap().len(), &none["data"]["features"]), (2, &4.into()));
}

#[test]
fn files_that_are_none() {
    let scratch = scratch("bad");
    let write = |name: &str, content: &[u8]| fs::write(scratch.path.join(name), content).unwrap();
    let wide: String = "1,".repeat(1_000_000) + "x\n";
    for (name, content, expected) in [
        ("empty.csv", &b""[..], "empty"),
        ("header.csv", b"a,b,y\n", "no row"),
        ("column.csv", b"y\n1\n2\n", "no column beside the target"),
        ("text.csv", b"a,y\n1,2\n3,four\n", "row 2 (line 3), column 2 (y): \"four\" is not a number"),
        ("inf.csv", b"a,y\n1,2\n-inf,4\n", "row 2 (line 3), column 1 (a): \"-inf\" is not finite"),
        ("huge.csv", b"1,2\n1e999,4\n", "\"1e999\" is not finite"),
        ("nan.csv", b"a,y\n1,2\nNaN,4\n", "row 2"),
        ("ragged.csv", b"a,b,y\n1,2,3\n1,2\n", "2 cells"),
        ("bytes.csv", b"a,y\n1,2\n\xff\xfe,4\n", "not UTF-8"),
        ("cut.npy", b"\x93NUMPY\x01\x00v\x00{'descr'", ""),
        ("zeros.csv", b"a,y\n0,1\n0,2\n0,3\n", "all features are 0"),
        ("data.xls", b"1,2\n", ".csv"),
        ("wide.csv", wide.as_bytes(), "no row"),
        ("missing.csv", b"", ""),
    ] {
        if name != "missing.csv" {
            write(name, content);
        }
        let output = scratch.run(&[name]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {message}");
        assert!(message.contains(name) && message.contains(expected), "{name}: {message}");
        assert!(output.stdout.is_empty() && message.lines().count() == 1, "{name}: {message}");
    }
    fs::create_dir(scratch.path.join("folder.csv")).unwrap();
    write("good.csv", csv(&sample(20, 3)).as_bytes());
    write("other.csv", csv(&sample(20, 2)).as_bytes());
    for (options, expected) in [
        (&["folder.csv"][..], "directory"),
        (&["good.csv", "--batches=2,17"], "1..=16"),
        (&["good.csv", "--batches=0"], "batches"),
        (&["good.csv", "--test=other.csv"], "3 features"),
        (&["good.csv", "--target=z"], "no column is called"),
        (&["good.csv", "--step-size=-1"], "step_size"),
        (&["good.csv", "--budget=hours:3"], "budget"),
        (&["good.csv", "--test-fraction=1"], "test_fraction"),
        (&["good.csv", "--cauchy=1+"], "cauchy"),
        (&["good.csv", "--cauchy=1-1i"], "cauchy"),
        (&["good.csv", "--no-header"], "\"x1\" is not a number"),
        (&["good.csv", "--no-header", "--header"], "--no-header"),
        (&["good.csv", "--batches=2", "--schedule=0,2"], "batch"),
        (&["--demo", "good.csv"], "--demo"),
    ] {
        let output = scratch.run(options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(text(&output.stderr).contains(expected), "{options:?}: {}", text(&output.stderr));
    }
}

/// Written since it was asked for, the same for the same seed, and never over something else.
#[test]
fn demonstration() {
    let scratch = scratch("demo");
    let options = ["--demo", "--batches=1,2", "--epochs=3", "--runs=1", "--partitions=1"];
    let json = scratch.json(&options);
    assert_eq!((&json["data"]["rows"], &json["data"]["features"]), (&320.into(), &200.into()));
    assert_eq!(scratch.files().len(), 1);
    let path = scratch.path.join("freespectra-demo.csv");
    fs::write(&path, "mine").unwrap();
    assert_eq!(scratch.run(&options).status.code(), Some(2));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

/// On the real axis the transform is real outside the spectrum, for the full batch a sum over the eigenvalues; inside there
/// is none.
#[test]
fn cauchy_transform_on_the_axis() {
    let scratch = scratch("axis");
    fs::write(scratch.path.join("four.csv"), csv(&reference())).unwrap();
    let common = ["four.csv", "--test-fraction=0", "--runs=0", "--partitions=0", "--step-size=0.3"];
    let json = scratch.json(&[&common[..], &["-B=1", "--cauchy=-1,0.6+0i,4", "--epochs=2"]].concat());
    for (found, z) in json["laws"][0]["cauchy"].as_array().unwrap().iter().zip([-1.0, 0.6, 4.0f64]) {
        let exact = [0.2, 1.0, 3.0].map(|t| 1.0 / (3.0 * (z - t))).iter().sum::<f64>();
        close(&found["g"], &[exact, 0.0], 1e-9);
    }
    fs::write(scratch.path.join("sample.csv"), csv(&sample(240, 60))).unwrap();
    let options = ["--runs=0", "--partitions=0", "-B=4", "--step-size=0.1", "--cauchy=1.3", "--epochs=2"];
    let output = scratch.run(&[&["sample.csv"], &options[..]].concat());
    let message = text(&output.stderr);
    assert!(output.status.code() == Some(2) && message.contains("cauchy"), "{message}");
}

/// The eigenvalues of `Z` are positive, and so are its quantiles, at the resolution of few features too.
#[test]
fn quantiles_of_a_positive_law_are_not_negative() {
    let scratch = scratch("positive");
    fs::write(scratch.path.join("few.csv"), csv(&sample(40, 4))).unwrap();
    let json = scratch.json(&["few.csv", "-B=1,2", "--runs=0", "--partitions=0", "--epochs=2", "--at=-0.01"]);
    for law in json["laws"].as_array().unwrap() {
        let quantiles = law["quantiles"].as_array().unwrap();
        assert!(quantiles.iter().all(|quantile| quantile["x"].as_f64().unwrap() >= 0.0), "{quantiles:?}");
        assert_eq!(law["at"][0]["cdf"], 0.0);
    }
}

#[test]
fn notes_on_headers_and_schedules() {
    let scratch = scratch("notes");
    let rows = sample(30, 2);
    let text_rows = csv(&rows).replacen("x1,x2,y", "1,2,3", 1);
    fs::write(scratch.path.join("numbers.csv"), text_rows).unwrap();
    let common = ["numbers.csv", "--test-fraction=0", "--runs=0", "--partitions=0", "--epochs=2"];
    let run = |options: &[&str]| scratch.json(&[&common[..], options].concat());
    let judged = run(&["-B=1"]);
    assert_eq!(judged["data"]["rows"], 31);
    assert!(judged["notes"].to_string().contains("--header"), "{}", judged["notes"]);
    let named = run(&["-B=1", "--header", "--target=3"]);
    assert_eq!((&named["data"]["rows"], &named["data"]["target"]), (&30.into(), &"3".into()));
    assert!(!named["notes"].to_string().contains("--header"), "{}", named["notes"]);
    let plain = run(&["-B=1", "--no-header"]);
    assert_eq!(plain["data"]["rows"], 31);
    assert!(!plain["notes"].to_string().contains("--header"), "{}", plain["notes"]);

    let schedule = ["--step-size=0.1", "--schedule=0,2,0"];
    let partial = run(&[&["-B=3", "--partition=fixed"], &schedule[..]].concat());
    assert!(partial["notes"].to_string().contains("leaves out batches [1] of 3"), "{}", partial["notes"]);
    let all = run(&["-B=3", "--step-size=0.1", "--schedule=0,2,1"]);
    assert!(!all["notes"].to_string().contains("leaves out"), "{}", all["notes"]);
}

/// Every row ten times: the certificate is in the document.
#[test]
fn copies_are_reported() {
    let scratch = scratch("copies");
    let distinct = sample(20, 12);
    let rows: Vec<Vec<f64>> = (0..200).map(|i| distinct[i * 7 % 20].clone()).collect();
    fs::write(scratch.path.join("copies.csv"), csv(&rows)).unwrap();
    let options = ["--test-fraction=0", "--runs=0", "--partitions=0", "-B=2", "--epochs=2"];
    let certificate = &scratch.json(&[&["copies.csv"], &options[..]].concat())["certificate"];
    assert!((certificate["repeated_rows"].as_f64().unwrap() - 0.9).abs() < 1e-12);
    assert_eq!(certificate["verdict"], "doubtful");
    assert!(certificate["reasons"].to_string().contains("90 % of the rows are copies"), "{certificate}");
}
