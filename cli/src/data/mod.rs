//! What mini-batch gradient descent does on a data set of the user's own, and which batches and step to take.
//!
//! `source` reads the rows and sets some aside, `predict` asks the library for thresholds, the recommendation, laws and
//! curves and holds them against what happens on the rows, `report` puts all of it into JSON, a table and words,
//! `figure` draws it, `demo` makes a data set for those who have none at hand.

mod demo;
mod figure;
mod predict;
mod report;
mod source;

use std::path::PathBuf;
use std::str::FromStr as _;

use clap::Args;
use freespectra::data::{Budget, FirstLine};
use freespectra::finite::{Partition, Schedule};
use freespectra::method::Method;
use freespectra::{Error, Result};
use nalgebra::Complex;

use crate::method::MethodOptions;
use crate::options::{Given, bad, count, numbers};
use crate::outputs::Shared;
use predict::Prediction;
use source::Source;

/// Predict what mini-batch gradient descent does on the rows of a file, and which batches, step and epoch to take.
///
/// Linear least squares on the mean gradient of a batch, from 0. Nothing but the file is needed: with it alone the
/// answer is in words, with what gradient descent did on the rows beside it. Largest steps and the recommendation are those
/// of plain descent; other methods are predicted and run at its step, or at one that is given.
#[derive(Debug, Args)]
pub struct Options {
    /// A table of numbers: .csv, .tsv, .txt, .npy, or .npz with arrays X and y.
    #[arg(required_unless_present = "demo", conflicts_with = "demo")]
    file: Option<PathBuf>,
    /// Write a seeded data set to freespectra-demo.csv in this directory, and use it.
    #[arg(long)]
    demo: bool,
    /// Column of the target, its name or its number from 1, or "none" [default: the last; y of an archive].
    #[arg(long, value_name = "NAME|N")]
    target: Option<String>,
    /// The first line of a text holds names, even if they are numbers [default: if not all of it is numbers].
    #[arg(long, conflicts_with = "no_header")]
    header: bool,
    /// The first line of a text is a row like all others.
    #[arg(long)]
    no_header: bool,
    /// Centre and scale the features by the rows to train on, and centre the target; else all is taken as it is.
    #[arg(long)]
    standardize: bool,
    /// Part of the rows, at random, that is set aside to measure the test error on; 0 for none.
    #[arg(long, default_value_t = 0.2, conflicts_with = "test")]
    test_fraction: f64,
    /// Measure the test error on the rows of this file instead, which has the same columns.
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// Numbers of batches B, "B,B,..."; of the default those above the number of rows are left out.
    #[arg(short = 'B', long, default_value = "1,2,4,8,16", allow_hyphen_values = true)]
    batches: String,
    /// Step size on the mean gradient of a batch, for curves and laws [default: the best for each B; without a
    /// target half of that at which runs diverge].
    #[arg(long, visible_alias = "alpha", conflicts_with = "epoch_step")]
    step_size: Option<f64>,
    /// Step of an epoch instead, B times the step size.
    #[arg(long)]
    epoch_step: Option<f64>,
    /// Number of epochs of the curves.
    #[arg(long, default_value_t = 20, value_parser = count)]
    epochs: usize,
    /// When the rows are split into batches anew: every epoch (fresh, as data loaders do), never (fixed), or at every step
    /// (replacement: the rows of a step are drawn from all).
    #[arg(long, default_value = "fresh")]
    partition: String,
    /// Order of the batches: reshuffle, once, cyclic, replacement (a batch at random at every step, with fresh partitions
    /// rows drawn anew), or the
    /// batch of every step as "0,1,...", which has a length of its own; the recommendation is then for reshuffling.
    #[arg(long, default_value = "reshuffle", allow_hyphen_values = true)]
    schedule: String,
    #[command(flatten)]
    method: MethodOptions,
    /// What a run may cost: epochs:N, gradients:N (of single rows) or seconds:TOTAL:PER_STEP:PER_ROW
    /// [default: the epochs of the curves].
    #[arg(long)]
    budget: Option<String>,
    /// Runs of gradient descent on the rows, for each B; 0 for none.
    #[arg(long, default_value_t = 5, value_parser = count)]
    runs: usize,
    /// Random partitions for which Z itself is computed, for each B where that is quick; 0 for none.
    #[arg(long, default_value_t = 4, value_parser = count)]
    partitions: usize,
    /// The law of Z and the step at which the mean over the orders diverges for any number of batches, not only up to 16;
    /// beyond they may take minutes. --cauchy and --at ask for them as well.
    #[arg(long)]
    laws: bool,
    /// Points at which to report the Cauchy transform of the law of Z, "x+yi,...": above the real axis, or on it where
    /// there is no eigenvalue.
    #[arg(long, allow_hyphen_values = true)]
    cauchy: Option<String>,
    /// Points at which to report the distribution function of Z, "x,...".
    #[arg(long, allow_hyphen_values = true)]
    at: Option<String>,
}

impl Options {
    fn first_line(&self) -> FirstLine {
        match (self.header, self.no_header) {
            (true, _) => FirstLine::Names,
            (_, true) => FirstLine::Row,
            _ => FirstLine::Judged,
        }
    }
}

/// Most epochs of the curves: with more their tables take longer than anybody waits.
const MOST_EPOCHS: usize = 1000;

/// Steps of a curve with batches that are kept from which on the answer takes longer than half a minute.
const MANY_STEPS: usize = 640;

/// Most numbers of batches at once, and most runs and partitions.
const MOST: usize = 10_000;

/// The options, checked as far as they can be without the data.
struct Request {
    batches: Vec<usize>,
    /// Whether the numbers of batches were given, so that none may be left out.
    batches_given: bool,
    step: Step,
    epochs: usize,
    partition: Partition,
    schedule: Schedule,
    budget: Budget,
    runs: usize,
    partitions: usize,
    /// Whether laws are asked for, however long they take.
    laws: bool,
    cauchy: Vec<Complex<f64>>,
    at: Vec<f64>,
    method: Method,
    /// What the method is, if it is not plain descent.
    words: Option<String>,
    seed: u64,
}

/// The step of curves and laws.
#[derive(Debug, Clone, Copy)]
enum Step {
    Batch(f64),
    Epoch(f64),
    Chosen,
}

impl Request {
    fn new(options: &Options, seed: u64, given: &Given) -> Result<Self> {
        let schedule: Schedule = options.schedule.parse()?;
        let partition = match Partition::from_str(&options.partition)? {
            Partition::Fresh if schedule == Schedule::WithReplacement => Partition::Replacement,
            partition => partition,
        };
        let step = match (options.step_size, options.epoch_step) {
            (Some(step), _) => Step::Batch(positive("step_size", step)?),
            (None, Some(step)) => Step::Epoch(positive("epoch_step", step)?),
            (None, None) => Step::Chosen,
        };
        if !(1..=MOST_EPOCHS).contains(&options.epochs) {
            return Err(bad("epochs", options.epochs, format!("in 1..={MOST_EPOCHS}")));
        }
        for (argument, value) in [("runs", options.runs), ("partitions", options.partitions)] {
            if value > MOST {
                return Err(bad(argument, value, format!("at most {MOST}")));
            }
        }
        if options.method.has_test_population() {
            return Err(bad("test-population", "one", "none on data, whose population is not known"));
        }
        let budget = options.budget.as_deref().map(str::parse::<Budget>).transpose()?;
        let list = |name, text: Option<&str>| text.map(|text| numbers(name, text)).transpose();
        Ok(Self {
            batches: batches(&options.batches)?,
            batches_given: given.has("batches"),
            step,
            epochs: options.epochs,
            partition,
            schedule,
            budget: budget.unwrap_or(Budget::Epochs(options.epochs)),
            runs: options.runs,
            partitions: options.partitions,
            laws: options.laws || options.cauchy.is_some() || options.at.is_some(),
            cauchy: options.cauchy.as_deref().map_or(Ok(Vec::new()), complex_numbers)?,
            at: list("at", options.at.as_deref())?.unwrap_or_default(),
            method: options.method.method()?,
            words: Some(options.method.words()).filter(|words| words != "plain"),
            seed,
        })
    }

    /// The order of the batches for any number of epochs.
    fn rule(&self) -> Schedule {
        match &self.schedule {
            Schedule::Explicit(_) => Schedule::RandomReshuffling,
            rule => rule.clone(),
        }
    }
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let mut request = Request::new(options, shared.seed, given)?;
    let outputs = shared.open("data")?;
    let source = Source::read(options, shared.seed)?;
    let mut notes = source.notes.clone();
    request.fit_to(source.dataset.rows(), &mut notes)?;
    notes.extend(request.left_out());
    if let Some(words) = &request.words {
        notes.push(format!(
            "curves and runs are of {words}; largest steps and recommendation are of plain descent"
        ));
    }
    if let Some(cost) = request.cost(source.dataset.target().is_some()) {
        outputs.remark(&cost);
    }
    let prediction = Prediction::new(&request, &source, notes, &outputs)?;
    let summary = prediction.summary(&request, &source)?;
    outputs.write(
        &prediction.document(&request, &source),
        &summary,
        || prediction.table(),
        |path| figure::draw(path, &request, &source, &prediction),
    )
}

impl Request {
    /// Leaves out the numbers of batches for which there are not enough rows, if they are defaults.
    fn fit_to(&mut self, rows: usize, notes: &mut Vec<String>) -> Result<()> {
        let many: Vec<usize> = self.batches.iter().copied().filter(|&batches| batches > rows).collect();
        let Some(first) = many.first() else { return Ok(()) };
        if self.batches_given {
            return Err(bad("batches", first, format!("in 1..={rows}, the rows to train on")));
        }
        self.batches.retain(|&batches| batches <= rows);
        notes.push(format!("only {rows} rows to train on: no {many:?} batches"));
        Ok(())
    }
}

impl Request {
    /// What takes long, if anything does: curves with batches that are kept take the square of their steps.
    fn cost(&self, has_target: bool) -> Option<String> {
        let batches = self.batches.iter().max().copied().unwrap_or(1);
        let steps = batches.saturating_mul(self.epochs);
        (has_target && self.partition == Partition::Fixed && steps > MANY_STEPS).then(|| {
            format!("curves of {steps} steps, {batches} batches in {} epochs, may take minutes", self.epochs)
        })
    }

    /// The batches that an explicit schedule never takes.
    fn left_out(&self) -> Option<String> {
        let Schedule::Explicit(taken) = &self.schedule else { return None };
        let each: Vec<String> = self
            .batches
            .iter()
            .filter_map(|&batches| {
                let unused: Vec<usize> = (0..batches).filter(|batch| !taken.contains(batch)).collect();
                (!unused.is_empty()).then(|| format!("{unused:?} of {batches}"))
            })
            .collect();
        let lost = match self.partition {
            Partition::Fixed => "their rows are never used",
            Partition::Fresh => "the rows that fall in them go unused until the next split",
            // A batch stands for any rows.
            Partition::Replacement => return None,
        };
        (!each.is_empty()).then(|| format!("the schedule leaves out batches {}: {lost}", each.join(", ")))
    }
}

fn positive(argument: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(bad(argument, value, "a finite positive number"))
}

fn batches(text: &str) -> Result<Vec<usize>> {
    let mut batches: Vec<usize> = Vec::new();
    for item in text.split(',') {
        let number = item.trim().parse().ok().filter(|&number| number > 0);
        let allowed = "whole numbers from 1, separated by commas";
        let number = number.ok_or_else(|| bad("batches", format!("{item:?}"), allowed))?;
        if !batches.contains(&number) {
            batches.push(number);
        }
    }
    Ok(batches)
}

fn complex_numbers(text: &str) -> Result<Vec<Complex<f64>>> {
    let refused = |item: &str| -> Error {
        bad("cauchy", format!("{item:?}"), "finite complex numbers x+yi with y >= 0, separated by commas")
    };
    let number =
        |item: &str| item.trim().parse::<Complex<f64>>().ok().filter(|z| z.is_finite() && z.im >= 0.0);
    text.split(',').map(|item| number(item).ok_or_else(|| refused(item))).collect()
}
