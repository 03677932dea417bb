//! What was predicted and what happened, as JSON, as a table, and in words.

use std::fmt::Write as _;
use std::path::Path;

use freespectra::Result;
use freespectra::data::{Choice, Recommendation, Verdict};
use serde_json::{Value, json};

use super::predict::{Course, LawOfZ, PROBABILITIES, Prediction, Threshold};
use super::source::Source;
use super::{Request, Step};
use crate::outputs::{Table, file};

/// Errors beyond this are of curves that have diverged.
const DIVERGED: f64 = 1e100;

/// Standard errors of runs below this, relatively, are rounding: of runs that are all the same.
const ROUNDING: f64 = 1e-12;

/// Runs this far from their prediction, relatively and in standard errors, contradict it.
const CONTRADICTED: [f64; 2] = [0.1, 5.0];

/// Test errors within so many per cent of that at the start are as good as equal.
const ALIKE: f64 = 1.0;

impl Prediction {
    pub fn document(&self, request: &Request, source: &Source) -> Value {
        let dataset = &source.dataset;
        let certificate = dataset.certificate();
        let threshold = |threshold: &Threshold| {
            json!({
                "batches": threshold.batches,
                "critical_epoch_step": threshold.critical,
                "stability_epoch_step": threshold.stability,
            })
        };
        let cell = |choice: &Choice| {
            json!({
                "batches": choice.batches,
                "step_size": choice.step_size,
                "best_epoch": choice.epochs,
                "test": choice.test,
            })
        };
        let recommended = self.recommended.as_ref().map(|found| {
            json!({
                "batches": found.best.batches,
                "step_size": found.best.step_size,
                "epochs": found.best.epochs,
                "test": found.best.test,
                "train": found.best.train,
                "regret_against_full_batch": found.regret_against_full_batch,
            })
        });
        json!({
            "data": {
                "rows": dataset.rows(),
                "features": dataset.features(),
                "target": source.target,
                "standardized": source.standardized,
                "rank": dataset.rank(),
                "test_rows": source.test.as_ref().map_or(0, |test| test.len()),
            },
            "certificate": {
                "verdict": certificate.verdict,
                "reasons": certificate.reasons,
                "max_leverage": certificate.max_leverage,
                "leverage_spread": certificate.leverage_spread,
                "max_fourth_moment": certificate.max_fourth_moment,
                "row_correlation": certificate.row_correlation,
                "repeated_rows": certificate.repeated_rows,
                "copies_weight": certificate.copies_weight,
            },
            "laws": self.laws.iter().map(|law| law.document(request)).collect::<Vec<_>>(),
            "curves": source.target.as_ref().map(|_| {
                self.courses.iter().map(|course| course.document(request)).collect::<Vec<_>>()
            }),
            "thresholds": self.thresholds.iter().map(threshold).collect::<Vec<_>>(),
            "recommended": recommended,
            "grid": self.recommended.iter().flat_map(|found| &found.grid).map(cell).collect::<Vec<_>>(),
            "notes": self.notes,
            "seconds": {
                "read": source.read_seconds,
                "decompose": source.decompose_seconds,
                "thresholds": self.seconds.thresholds,
                "search": self.seconds.search,
                "laws": self.seconds.laws,
                "sampled": self.seconds.sampled,
                "curves": self.seconds.curves,
                "runs": self.seconds.runs,
            },
        })
    }

    /// The curves by batches and step; without a target the quantiles of the laws.
    pub fn table(&self) -> Table {
        if self.courses.is_empty() {
            let rows = || {
                self.laws.iter().flat_map(|law| {
                    let quantiles = PROBABILITIES.iter().zip(&law.quantiles);
                    quantiles.map(|(&q, &x)| [law.batches as f64, law.step_size, q, x])
                })
            };
            return Table {
                comments: vec!["quantiles of the law of Z given the data".to_owned()],
                columns: columns(["batches", "step_size", "probability", "eigenvalue"], rows),
            };
        }
        let rows = || {
            self.courses.iter().flat_map(|course| {
                let length = course.predicted.train.len();
                (0..length).map(|step| course.row(step))
            })
        };
        let names = [
            "batches",
            "step_size",
            "step",
            "train",
            "test",
            "runs_train",
            "runs_train_error",
            "runs_test",
            "runs_test_error",
        ];
        Table {
            comments: vec![
                "mean square errors after every step, predicted and in runs with their standard errors"
                    .to_owned(),
            ],
            columns: columns(names, rows),
        }
    }

    pub fn summary(&self, request: &Request, source: &Source) -> Result<String> {
        self.words(request, source).map_err(|error| file(Path::new("summary"), error))
    }

    fn words(&self, request: &Request, source: &Source) -> std::result::Result<String, std::fmt::Error> {
        let mut text = String::new();
        self.data_words(source, &mut text)?;
        self.law_words(&mut text)?;
        self.threshold_words(&mut text)?;
        if let Some(found) = &self.recommended {
            self.recommendation_words(found, request, source, &mut text)?;
        }
        self.run_words(request, source, &mut text)?;
        for note in &self.notes {
            writeln!(text, "note: {note}")?;
        }
        Ok(text)
    }

    fn data_words(&self, source: &Source, text: &mut String) -> std::fmt::Result {
        let dataset = &source.dataset;
        let (rows, features) = (dataset.rows(), dataset.features());
        writeln!(
            text,
            "data                {}: {rows} rows to train on, {} set aside, {features} features, rank {}, p/n = {:.3}",
            source.path.display(),
            source.test.as_ref().map_or(0, |test| test.len()),
            dataset.rank(),
            dataset.aspect_ratio()
        )?;
        let prepared = if source.standardized { "standardized" } else { "as they are" };
        writeln!(
            text,
            "target              {}, numbers {prepared}",
            source.target.as_deref().unwrap_or("none")
        )?;
        let certificate = dataset.certificate();
        let verdict = match certificate.verdict {
            Verdict::Reliable => "reliable: the rows are alike",
            Verdict::RowResolved => "row-resolved: rows differ in size, which the laws take into account",
            _ => "doubtful",
        };
        writeln!(text, "certificate         {verdict}")?;
        for reason in &certificate.reasons {
            writeln!(text, "                    - {reason}")?;
        }
        Ok(())
    }

    fn law_words(&self, text: &mut String) -> std::fmt::Result {
        if self.laws.is_empty() {
            return Ok(());
        }
        let eigenvalues = self.spectrum.atoms();
        let smallest = eigenvalues.first().map_or(0.0, |atom| atom.location);
        let mean: f64 = eigenvalues.iter().map(|atom| atom.mass * atom.location).sum();
        writeln!(
            text,
            "\nspectrum of W       nonzero from {smallest:.3e} to {}, mean {}",
            shown(self.spectrum.largest()),
            shown(mean)
        )?;
        writeln!(
            text,
            "\n    B  epoch step   Z: mean    median    99 %      largest   in partitions: largest  KS distance"
        )?;
        for law in &self.laws {
            let [_, high] = *law.support.last().unwrap_or(&[f64::NAN; 2]);
            let isolated = law.isolated.iter().map(|isolated| isolated.location);
            let sampled = law.sampled.as_ref().map_or("-".to_owned(), |sampled| {
                format!("{:<22}  {:.4}", shown(sampled.largest), sampled.distance)
            });
            writeln!(
                text,
                "{:>5}  {:<11}  {:<9}  {:<8}  {:<8}  {:<8}  {sampled}",
                law.batches,
                shown(law.step_size * law.batches as f64),
                shown(law.moments[0]),
                shown(law.quantiles[3]),
                shown(law.quantiles[6]),
                shown(isolated.fold(high, f64::max)),
            )?;
        }
        Ok(())
    }

    fn threshold_words(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "\nlargest steps       runs diverge from                 the mean over orders from")?;
        for threshold in &self.thresholds {
            let batches = threshold.batches;
            let both =
                |epoch: f64| format!("{} (epoch step {})", shown(epoch / batches as f64), shown(epoch));
            let critical = threshold.critical.map_or("- (see the notes)".to_owned(), both);
            writeln!(text, "  B = {batches:<13}  {:<33} {critical}", both(threshold.stability))?;
        }
        Ok(())
    }

    fn recommendation_words(
        &self,
        found: &Recommendation,
        request: &Request,
        source: &Source,
        text: &mut String,
    ) -> std::fmt::Result {
        let best = &found.best;
        // A target that is 0 throughout has no error to compare with.
        let relative = |test: f64| if found.initial > 0.0 { 100.0 * test / found.initial } else { 0.0 };
        if best.epochs == 0 {
            writeln!(
                text,
                "\nrecommended         do not train: every step is predicted to raise the test error above {}, that of predicting {}",
                shown(found.initial),
                if source.standardized { "the mean" } else { "0" }
            )?;
        } else {
            let rows = source.dataset.rows();
            writeln!(
                text,
                "\nrecommended         B = {} (batches of {}), step size {}, {} epochs (budget {})",
                best.batches,
                rows / best.batches,
                shown(best.step_size),
                best.epochs,
                request.budget
            )?;
            writeln!(
                text,
                "                    predicted test error {}, train {}; {} at the start",
                shown(best.test),
                shown(best.train),
                shown(found.initial)
            )?;
            let [low, high] = found.flat_step_sizes;
            writeln!(
                text,
                "                    step sizes from {} to {} are within 1 % of it",
                shown(low),
                shown(high)
            )?;
        }
        writeln!(
            text,
            "\nthe best of each B  step size   epochs  test error  more than recommended (of the error at the start)"
        )?;
        for choice in &found.by_batches {
            writeln!(
                text,
                "  B = {:<13}  {:<10}  {:<6}  {:<10}  {:+.2} %",
                choice.batches,
                shown(choice.step_size),
                choice.epochs,
                shown(choice.test),
                relative(choice.test - best.test)
            )?;
        }
        let alike: Vec<String> = found
            .by_batches
            .iter()
            .filter(|choice| relative(choice.test - best.test) <= ALIKE)
            .map(|choice| choice.batches.to_string())
            .collect();
        writeln!(
            text,
            "within {ALIKE} % of the error at the start: B = {}; of these take what is fastest",
            alike.join(", ")
        )?;
        Ok(())
    }

    fn run_words(&self, request: &Request, source: &Source, text: &mut String) -> std::fmt::Result {
        if self.courses.is_empty() {
            return Ok(());
        }
        let sampling = source.sampling_error();
        let step = match request.step {
            Step::Chosen => "the best step of each B",
            _ => "the given step",
        };
        let runs = self.courses.iter().find_map(|course| course.runs.as_ref());
        let Some(runs) = runs else {
            writeln!(text, "\nat the end of the curves, with {step}")?;
            for course in &self.courses {
                let (train, test) = (last(&course.predicted.train), last(&course.predicted.test));
                writeln!(text, "  B = {:<13}  train {}, test {}", course.batches, shown(train), shown(test))?;
            }
            return Ok(());
        };
        writeln!(
            text,
            "\n{} runs on the rows  with {step}, at the end; ± is a standard error over runs",
            runs.runs
        )?;
        for course in &self.courses {
            let Some(runs) = &course.runs else { continue };
            let (predicted, run, error) =
                (last(&course.predicted.train), last(&runs.train), last(&runs.train_error));
            write!(
                text,
                "  B = {:<13}  train {} predicted, {} ± {} in runs ({})",
                course.batches,
                shown(predicted),
                shown(run),
                if error > ROUNDING * predicted { shown(error) } else { "0".to_owned() },
                apart(run - predicted, error, predicted)
            )?;
            if let (Some(&run), Some(relative)) = (runs.test.last(), sampling) {
                let predicted = last(&course.predicted.test);
                let error = (relative * predicted).hypot(last(&runs.test_error));
                write!(
                    text,
                    "; test {}, {} ({})",
                    shown(predicted),
                    shown(run),
                    apart(run - predicted, error, predicted)
                )?;
            }
            writeln!(text)?;
            let [relative, errors] = CONTRADICTED;
            if (run - predicted).abs() > (relative * predicted).max(errors * error) {
                writeln!(
                    text,
                    "                     the runs contradict the prediction: do not rely on it, nor on a recommendation of this B"
                )?;
            }
            if self.thresholds.iter().any(|threshold| {
                threshold.batches == course.batches
                    && course.step_size * threshold.batches as f64 > threshold.stability
            }) {
                writeln!(text, "                     this step is beyond the one at which runs diverge")?;
            }
        }
        if let Some(relative) = sampling {
            writeln!(
                text,
                "                    standard errors of the test error include that of as many rows, {:.1} %",
                100.0 * relative
            )?;
        }
        Ok(())
    }
}

/// A number to five digits, whatever its size.
fn shown(x: f64) -> String {
    match x.abs() {
        size if !size.is_finite() => "-".to_owned(),
        size if size >= DIVERGED => "diverged".to_owned(),
        size if size == 0.0 || (1e-2..1e5).contains(&size) => format!("{x:.5}"),
        _ => format!("{x:.4e}"),
    }
}

/// How far a run is from its prediction.
fn apart(difference: f64, error: f64, predicted: f64) -> String {
    // Runs that agree to rounding have no error to measure in.
    if difference.abs() <= 1e-9 * predicted.abs() {
        return "equal".to_owned();
    }
    let relative = 100.0 * difference / predicted;
    if error > ROUNDING * predicted.abs() {
        format!("{relative:+.2} %, {:.1} standard errors", difference.abs() / error)
    } else {
        format!("{relative:+.2} %")
    }
}

fn last(values: &[f64]) -> f64 {
    values.last().copied().unwrap_or(f64::NAN)
}

/// Columns of a table from its rows.
fn columns<const N: usize, I: Iterator<Item = [f64; N]>>(
    names: [&'static str; N],
    rows: impl Fn() -> I,
) -> Vec<(&'static str, Vec<f64>)> {
    let column = |(index, name)| (name, rows().map(|row| row[index]).collect());
    names.into_iter().enumerate().map(column).collect()
}

impl LawOfZ {
    fn document(&self, request: &Request) -> Value {
        let quantile = |(&q, &x): (&f64, &f64)| json!({ "probability": q, "x": x });
        json!({
            "batches": self.batches,
            "step_size": self.step_size,
            "support": self.support,
            "moments": self.moments,
            "quantiles": PROBABILITIES.iter().zip(&self.quantiles).map(quantile).collect::<Vec<_>>(),
            "isolated": self.isolated.iter().map(|isolated| json!({
                "eigenvalue": isolated.eigenvalue,
                "location": isolated.location,
                "overlap": isolated.overlap,
            })).collect::<Vec<_>>(),
            "cauchy": request.cauchy.iter().zip(&self.cauchy).map(|(z, g)| json!({
                "z": [z.re, z.im],
                "g": [g.re, g.im],
            })).collect::<Vec<_>>(),
            "at": request.at.iter().map(|&x| json!({ "x": x, "cdf": self.resolved.cdf(x) })).collect::<Vec<_>>(),
            "sampled": self.sampled.as_ref().map(|sampled| json!({
                "partitions": sampled.spectrum.draws(),
                "ks": sampled.distance,
                "largest": sampled.largest,
            })),
        })
    }
}

impl Course {
    fn document(&self, request: &Request) -> Value {
        json!({
            "batches": self.batches,
            "step_size": self.step_size,
            "partition": request.partition.to_string(),
            "schedule": request.schedule.to_string(),
            "train": self.predicted.train,
            "test": self.predicted.test,
            "average_train": self.predicted.averages.first().map(|average| &average.train),
            "average_test": self.predicted.averages.first().map(|average| &average.test),
            "runs": self.runs.as_ref().map(|runs| json!({
                "train": runs.train,
                "test": runs.test,
                "train_error": runs.train_error,
                "test_error": runs.test_error,
                "average_train": runs.averages.first().map(|average| &average.train),
                "average_test": runs.averages.first().map(|average| &average.test),
            })),
        })
    }

    fn row(&self, step: usize) -> [f64; 9] {
        let runs = self.runs.as_ref();
        let at = |values: Option<&Vec<f64>>| {
            values.and_then(|values| values.get(step)).copied().unwrap_or(f64::NAN)
        };
        [
            self.batches as f64,
            self.step_size,
            step as f64,
            self.predicted.train[step],
            self.predicted.test[step],
            at(runs.map(|runs| &runs.train)),
            at(runs.map(|runs| &runs.train_error)),
            at(runs.map(|runs| &runs.test)),
            at(runs.map(|runs| &runs.test_error)),
        ]
    }
}

impl Source {
    /// Relative standard error of a test error measured on the rows set aside and predicted from as many as there are to
    /// train on: that of the mean square of the target, where both start.
    fn sampling_error(&self) -> Option<f64> {
        let squared = |targets: &[f64]| {
            let count = targets.len() as f64;
            let mean = targets.iter().map(|y| y * y).sum::<f64>() / count;
            let variance = targets.iter().map(|y| (y * y - mean).powi(2)).sum::<f64>() / count;
            variance / (count * mean * mean)
        };
        let test = self.test.as_ref()?.targets()?;
        Some((squared(self.train.targets()?) + squared(test)).sqrt()).filter(|error| error.is_finite())
    }
}
