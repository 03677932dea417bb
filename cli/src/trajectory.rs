//! Risk and training error of gradient descent after every step, for any order of the batches, against
//! sampled runs.
//!
//! The prediction follows sampled schedules (or the given one) through the limiting dynamics, the
//! simulation runs gradient descent on sampled data along schedules of the same kind.

mod infinite;
mod problem;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use freespectra::Result;
use freespectra::finite::{MonteCarlo, Partition, SampledTrajectories};
use freespectra::minibatch::{AveragedCurve, Averaging, Batches, Order, TestCovariance, Trajectory};
use serde_json::json;

use problem::Problem;

#[cfg(feature = "plot")]
use crate::drawing::{drawable, is_wild, points};
use crate::method::MethodOptions;
use crate::options::{AnyModelOptions, Given, StepOptions, count};
use crate::outputs::{Shared, Table, file};
use crate::population;
use crate::runs::Runs;
use crate::sampled::{batching, check_draws};
use crate::table::{describe, short};

/// Predict the error of gradient descent step by step and check it against sampled runs.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: AnyModelOptions,
    #[command(flatten)]
    step: StepOptions,
    #[arg(long, default_value = "1:1", allow_hyphen_values = true, help = population::HELP)]
    population: String,
    /// Mean squares of the initial error along the population eigenvalues, "c:c:..." or "c,c,..." in
    /// their order [default: 1 for each].
    #[arg(long, allow_hyphen_values = true)]
    source: Option<String>,
    /// Variance of the label noise.
    #[arg(long, default_value_t = 0.3)]
    noise: f64,
    /// Number of epochs.
    #[arg(long, default_value_t = 20, value_parser = count)]
    epochs: usize,
    /// reshuffle, once, cyclic, replacement, or the batch of every step as "0,1,2,1,0,...", which has a
    /// length of its own; one-pass with infinitely many batches, rows that never come back.
    #[arg(long, default_value = "reshuffle", allow_hyphen_values = true)]
    schedule: String,
    /// Rows are split into batches once (fixed), anew in every epoch (fresh), or anew at every step (replacement).
    #[arg(long, default_value = "fixed")]
    partition: String,
    #[command(flatten)]
    method: MethodOptions,
    /// Average the prediction over this many sampled schedules, where they are random, instead of as many as
    /// `--schedule-error` takes.
    #[arg(long, value_parser = count, conflicts_with = "schedule_error")]
    schedules: Option<usize>,
    /// Average over as many sampled schedules as bring the relative standard error down to this, at most 2000.
    #[arg(long, default_value_t = 0.01)]
    schedule_error: f64,
    /// Features p of the sampled data; 0 for none.
    #[arg(long, default_value_t = 400, value_parser = count)]
    features: usize,
    /// Independent runs of gradient descent, each on data of its own.
    #[arg(long, default_value_t = 20, value_parser = count)]
    draws: usize,
}

/// Most numbers in the curves of all draws together.
const MOST_NUMBERS: usize = 500_000_000;

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    if options.model.batches == Batches::Infinite {
        return infinite::run(options, shared, given);
    }
    let problem = Problem::new(options)?;
    let trajectory = Trajectory::new(&problem.model, |t| problem.source(t), options.noise)?
        .with_step_sizes(&problem.step_sizes)?
        .with_partition(problem.partition)
        .with_method(problem.method.clone())?;
    let trajectory = match &problem.test_eigenvalues {
        Some(test) => trajectory.with_test_covariance(TestCovariance::Commuting(test.clone()))?,
        None => trajectory,
    };
    let simulation = simulation(options, shared.seed, &problem, given)?;
    let outputs = shared.open("trajectory")?;

    let start = Instant::now();
    let averaging = match options.schedules {
        Some(schedules) => Averaging::Fixed(schedules),
        None => Averaging::to_error(options.schedule_error),
    };
    let bar = outputs.progress(options.schedules.unwrap_or(Averaging::MOST), "schedules");
    let report = |finished| bar.set_position(finished as u64);
    let predicted =
        trajectory.averaged(&problem.schedule, options.epochs, averaging, shared.seed, Some(&report))?;
    bar.finish_and_clear();
    // The threshold of runs is that of batches that are kept.
    let order =
        Order::of(&problem.schedule).filter(|_| problem.partition == Partition::Fixed && problem.is_plain);
    let runs = order.map(|order| Runs::new(&problem.model, order, problem.step_sizes.iter().sum()));
    let predict = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let sampled = match &simulation {
        Some(simulation) => {
            let bar = outputs.progress(options.draws, "draws");
            let report = |finished| bar.set_position(finished as u64);
            let sampled = simulation.trajectories(
                &problem.schedule,
                options.epochs,
                |t| problem.source(t),
                options.noise,
                Some(&report),
            )?;
            bar.finish_and_clear();
            Some(sampled)
        }
        None => None,
    };
    let monte_carlo = start.elapsed().as_secs_f64();

    let steps: Vec<usize> = (0..predicted.risk.len()).collect();
    let mut document = json!({
        "model": {
            "batches": problem.model.batches(),
            "aspect_ratio": problem.model.aspect_ratio(),
            "step_size": problem.step_sizes[0],
            "population": problem.model.population().as_atoms(),
            "source": problem.source.iter().map(|&(_, source)| source).collect::<Vec<_>>(),
            "noise": options.noise,
            "schedule": problem.schedule.to_string(),
            "partition": problem.partition.to_string(),
            "method": options.method.words(),
            "schedules": predicted.schedules,
            "seed": shared.seed,
        },
        "step": steps,
        "risk": predicted.risk,
        "train": predicted.train,
        "risk_spread": predicted.risk_spread,
        "train_spread": predicted.train_spread,
        "risk_error": predicted.risk_error,
        "train_error": predicted.train_error,
        "test_risk": series(&predicted.test_risk),
        "average_risk": predicted.averages.first().map(|average| &average.risk),
        "average_train": predicted.averages.first().map(|average| &average.train),
        "averages": predicted.averages.iter().zip(problem.method.averages()).map(|(curve, average)| json!({
            "average": average.to_string(),
            "risk": curve.risk,
            "train": curve.train,
            "risk_error": curve.risk_error,
            "train_error": curve.train_error,
            "test_risk": series(&curve.test_risk),
        })).collect::<Vec<_>>(),
        "diverged": predicted.diverged,
        "monte_carlo": sampled.as_ref().map(|sampled| json!({
            "features": sampled.features,
            "samples": sampled.samples,
            "draws": sampled.draws,
            "seed": sampled.seed,
            "risk": sampled.risk,
            "train": sampled.train,
            "standard_error": sampled.risk_error,
            "train_standard_error": sampled.train_error,
            "test_risk": series(&sampled.test_risk),
            "average_risk": sampled.averages.first().map(|average| &average.risk),
            "average_train": sampled.averages.first().map(|average| &average.train),
            "average_standard_error": sampled.averages.first().map(|average| &average.risk_error),
            "average_train_standard_error": sampled.averages.first().map(|average| &average.train_error),
        })),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    Runs::fill(&mut document, runs.as_ref());
    let summary =
        summary(options, &problem, &predicted, runs.as_ref(), sampled.as_ref(), [predict, monte_carlo])
            .map_err(|error| file(Path::new("summary"), error))?;
    let table = || Table {
        columns: [
            ("step", steps.iter().map(|&s| s as f64).collect()),
            ("risk", predicted.risk.clone()),
            ("train", predicted.train.clone()),
            ("risk_spread", predicted.risk_spread.clone()),
            ("risk_error", predicted.risk_error.clone()),
            ("train_error", predicted.train_error.clone()),
        ]
        .into_iter()
        .chain(predicted.averages.first().map(|average| ("average_risk", average.risk.clone())))
        .chain(predicted.averages.first().map(|average| ("average_train", average.train.clone())))
        .chain(series(&predicted.test_risk).map(|risk| ("test_risk", risk.to_vec())))
        .collect(),
        ..Table::default()
    };
    outputs
        .write(&document, &summary, table, |path| draw(path, options, &problem, &predicted, sampled.as_ref()))
}

/// Values, or nothing if there are none.
fn series(values: &[f64]) -> Option<&[f64]> {
    (!values.is_empty()).then_some(values)
}

fn lifetime(partition: Partition) -> &'static str {
    match partition {
        Partition::Fixed => "kept",
        Partition::Fresh => "split anew every epoch",
        Partition::Replacement => "drawn anew at every step",
    }
}

fn simulation(options: &Options, seed: u64, problem: &Problem, given: &Given) -> Result<Option<MonteCarlo>> {
    let model = &problem.model;
    let steps = options.epochs.saturating_mul(model.batches());
    let numbers = steps.saturating_mul(2);
    check_draws(options.draws, ("epochs", options.epochs), numbers, MOST_NUMBERS, given)?;
    if options.features == 0 {
        return Ok(None);
    }
    let batching = batching(options.features, model.aspect_ratio(), model.batch_fractions(), given)?;
    let simulation = MonteCarlo::new(options.features, batching, 1.0)?
        .with_step_sizes(problem.step_sizes.clone())?
        .with_population(model.population().clone())
        .with_draws(options.draws)?
        .with_partition(problem.partition)
        .with_method(problem.method.clone())
        .with_seed(seed);
    Ok(Some(match &problem.test_eigenvalues {
        Some(test) => simulation.with_test_eigenvalues(test.clone())?,
        None => simulation,
    }))
}

fn summary(
    options: &Options,
    problem: &Problem,
    predicted: &AveragedCurve,
    runs: Option<&Runs>,
    sampled: Option<&SampledTrajectories>,
    [predict, monte_carlo]: [f64; 2],
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "gradient descent: B = {}, step size {:.6} (epoch step {:.6}), p/n = {}, {}, noise {}, schedule {} ({} averaged), \
         batches {}",
        problem.model.batches(),
        problem.step_sizes[0],
        problem.step_sizes.iter().sum::<f64>(),
        problem.model.aspect_ratio(),
        describe(problem.model.population()),
        options.noise,
        problem.schedule,
        predicted.schedules,
        lifetime(problem.partition)
    )?;
    if options.method.words() != "plain" {
        writeln!(text, "method: {}", options.method.words())?;
    }
    write!(text, "{:>8} {:>12} {:>12} {:>12} {:>12}", "step", "risk", "its error", "spread", "training")?;
    if sampled.is_some() {
        write!(text, " {:>23} {:>23}", "sampled risk", "sampled training")?;
    }
    writeln!(text)?;
    let last = predicted.risk.len() - 1;
    let every = (last / 20).max(1);
    for s in (0..=last).filter(|s| s % every == 0 || *s == last) {
        write!(
            text,
            "{s:>8} {:>12} {:>12} {:>12} {:>12}",
            short(predicted.risk[s]),
            short(predicted.risk_error[s]),
            short(predicted.risk_spread[s]),
            short(predicted.train[s])
        )?;
        if let Some(sampled) = sampled {
            write!(
                text,
                " {:>12} ± {} {:>12} ± {}",
                short(sampled.risk[s]),
                short(sampled.risk_error[s]),
                short(sampled.train[s]),
                short(sampled.train_error[s])
            )?;
        }
        writeln!(text)?;
    }
    for (i, (curve, average)) in predicted.averages.iter().zip(problem.method.averages()).enumerate() {
        write!(text, "{average}: risk {}, training {}", short(curve.risk[last]), short(curve.train[last]))?;
        if let Some(sampled) = sampled.and_then(|sampled| sampled.averages.get(i)) {
            write!(
                text,
                "; sampled risk {} ± {}, training {} ± {}",
                short(sampled.risk[last]),
                short(sampled.risk_error[last]),
                short(sampled.train[last]),
                short(sampled.train_error[last])
            )?;
        }
        writeln!(text)?;
    }
    if let Some(risk) = predicted.test_risk.last() {
        write!(text, "risk under the test covariance: {}", short(*risk))?;
        if let Some(sampled) = sampled {
            write!(
                text,
                "; sampled {} ± {}",
                short(sampled.test_risk[last]),
                short(sampled.test_risk_error[last])
            )?;
        }
        writeln!(text)?;
    }
    if predicted.schedules > 1 {
        let (error, count) = (predicted.relative_error(), predicted.schedules);
        writeln!(text, "standard error of the mean over {count} schedules: at most {:.2} %", 100.0 * error)?;
    }
    if let Some(step) = predicted.diverged {
        writeln!(text, "the iterates diverge: beyond 1e100 from step {step} on")?;
    }
    if let Some(runs) = runs {
        writeln!(text, "{}", runs.line())?;
    }
    writeln!(text, "predicted in {predict:.3} s, sampled in {monte_carlo:.2} s")?;
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    options: &Options,
    problem: &Problem,
    predicted: &AveragedCurve,
    sampled: Option<&SampledTrajectories>,
) -> Result<()> {
    use freespectra::finite::Schedule;
    use freespectra::plot::{Colour, Figure, Layer, Panel};
    let steps: Vec<f64> = (0..predicted.risk.len()).map(|s| s as f64).collect();
    let log = is_wild(predicted.train[0], &[&predicted.risk, &predicted.train]);
    let mut panel = Panel::new("step", "error");
    if log {
        panel = panel.log_y();
    } else if predicted.schedules > 1 {
        let pairs = || predicted.risk.iter().zip(&predicted.risk_spread);
        let lower: Vec<f64> = pairs().map(|(risk, spread)| (risk - spread).max(0.0)).collect();
        let upper: Vec<f64> = pairs().map(|(risk, spread)| risk + spread).collect();
        let label = format!("spread over {} schedules", predicted.schedules);
        panel = panel.layer(Layer::band(&steps, &lower, &upper).colour(Colour::Vermillion).label(label));
    }
    let curves = [
        (&predicted.risk, Colour::Vermillion, "excess risk"),
        (&predicted.train, Colour::Blue, "training error"),
    ];
    for (values, colour, label) in curves {
        let (x, y) = drawable(&steps, values, log);
        if !x.is_empty() {
            panel = panel.layer(Layer::curve(&x, &y).colour(colour).label(label));
        }
    }
    for (curve, average) in predicted.averages.iter().zip(problem.method.averages()) {
        let (x, y) = drawable(&steps, &curve.risk, log);
        if !x.is_empty() {
            let label = format!("excess risk, {average}");
            panel = panel.layer(Layer::curve(&x, &y).colour(Colour::BluishGreen).label(label));
        }
    }
    if let Some(sampled) = sampled {
        // A point for each step would hide the curve.
        let every = (steps.len() / 40).max(1);
        let pick = |values: &[f64]| -> Vec<f64> { values.iter().step_by(every).copied().collect() };
        let label =
            format!("sampled, p = {}, n = {}, {} runs", sampled.features, sampled.samples, sampled.draws);
        let risk = points(&pick(&steps), &pick(&sampled.risk), &pick(&sampled.risk_error), log);
        let train = points(&pick(&steps), &pick(&sampled.train), &pick(&sampled.train_error), log);
        for layer in [
            risk.map(|layer| layer.colour(Colour::Vermillion).label(label)),
            train.map(|layer| layer.colour(Colour::Blue)),
        ] {
            panel = layer.into_iter().fold(panel, Panel::layer);
        }
    }
    let schedule = match &problem.schedule {
        Schedule::RandomReshuffling => "reshuffled every epoch",
        Schedule::ShuffleOnce => "shuffled once",
        Schedule::Cyclic => "in cyclic order",
        Schedule::WithReplacement => "drawn with replacement",
        Schedule::Explicit(_) => "in a given order",
    };
    let method = match options.method.words().as_str() {
        "plain" => String::new(),
        words => format!(", {words}"),
    };
    let subtitle = format!(
        "B = {} batches {schedule}, {}, α = {:.4}, γ = p/n = {}, {}, noise {}{method}",
        problem.model.batches(),
        lifetime(problem.partition),
        problem.step_sizes[0],
        problem.model.aspect_ratio(),
        describe(problem.model.population()),
        options.noise
    );
    Figure::new("Error of mini-batch gradient descent, step by step")
        .subtitle(subtitle)
        .panel(panel)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(
    _: &Path,
    _: &Options,
    _: &Problem,
    _: &AveragedCurve,
    _: Option<&SampledTrajectories>,
) -> Result<()> {
    Ok(())
}
