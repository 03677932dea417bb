//! Errors at the ends of epochs in infinitely many batches, against runs in single rows.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use freespectra::finite::{Batching, MonteCarlo, SampledTrajectories, Schedule};
use freespectra::minibatch::{SmallBatchCurve, SmallBatchOrder, SmallBatches, Stationary};
use freespectra::{Population, Result};
use serde_json::json;

use super::{MOST_NUMBERS, Options};
use crate::options::{EPOCH_STEP_OF_CURVES, Given, as_typed, bad};
use crate::outputs::{Shared, Table, file};
use crate::population;
use crate::sampled::{batching, check_draws};
use crate::table::{describe, short};

/// Features of sampled data if nothing is said: a step on a single row looks at all rows for the training error.
const FEATURES: usize = 200;

/// Runs have settled when their risk is within this of what they tend to.
const SETTLED: f64 = 0.05;

/// What is predicted, and in which setting.
struct Problem {
    population: Population,
    source: Vec<(f64, f64)>,
    epoch_step: f64,
    order: SmallBatchOrder,
    limit: SmallBatches,
}

impl Problem {
    fn new(options: &Options) -> Result<Self> {
        let atoms = population::atoms(&options.population)?;
        let population = Population::atoms(&atoms)?;
        let source = population::source(options.source.as_deref(), &options.population, &atoms, &population)?;
        let epoch_step = options.step.of_epoch(EPOCH_STEP_OF_CURVES)?;
        let order: SmallBatchOrder = options.schedule.parse()?;
        if options.partition != "fixed" {
            let allowed = "fixed with infinitely many batches, where it does not matter";
            return Err(bad("partition", &options.partition, allowed));
        }
        if options.method.has_test_population() {
            let allowed = "left out with infinitely many batches";
            return Err(bad("test-population", "given", allowed));
        }
        let at = |t: f64| source.iter().find(|(other, _)| *other == t).map_or(f64::NAN, |&(_, c)| c);
        let limit =
            SmallBatches::new(&population, options.model.aspect_ratio, epoch_step, at, options.noise)?
                .with_method(options.method.method()?)?;
        Ok(Self { population, source, epoch_step, order, limit })
    }

    fn simulation(
        &self,
        options: &Options,
        seed: u64,
        given: &Given,
    ) -> Result<Option<(MonteCarlo, Schedule)>> {
        let schedule = match self.order {
            SmallBatchOrder::Reshuffled => Schedule::RandomReshuffling,
            SmallBatchOrder::Cyclic => Schedule::Cyclic,
            SmallBatchOrder::Replacement => Schedule::WithReplacement,
            // Rows that never come back are not among the schedules.
            _ => return Ok(None),
        };
        let features = if given.has("features") { options.features } else { FEATURES };
        if features == 0 {
            return Ok(None);
        }
        let rows = batching(features, options.model.aspect_ratio, &[1.0], given)?.samples();
        let numbers = options.epochs.saturating_mul(rows).saturating_mul(2);
        check_draws(options.draws, ("epochs", options.epochs), numbers, MOST_NUMBERS, given)?;
        let simulation =
            MonteCarlo::new(features, Batching::equal(rows, rows)?, self.epoch_step / rows as f64)?
                .with_population(self.population.clone())
                .with_draws(options.draws)?
                .with_method(options.method.method()?)
                .with_seed(seed);
        Ok(Some((simulation, schedule)))
    }
}

/// The errors of sampled runs at the ends of epochs.
fn at_epochs(sampled: &SampledTrajectories, values: &[f64]) -> Vec<f64> {
    values.iter().step_by(sampled.samples).copied().collect()
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let problem = Problem::new(options)?;
    let simulation = problem.simulation(options, shared.seed, given)?;
    let outputs = shared.open("trajectory")?;

    let start = Instant::now();
    let predicted = problem.limit.curve(problem.order, options.epochs);
    let predicted = predicted.map_err(|error| as_typed(error, "schedule", &options.schedule))?;
    let predict = start.elapsed().as_secs_f64();
    let settled = problem.limit.stationary(problem.order).ok();
    let start = Instant::now();
    let sampled = match &simulation {
        Some((simulation, schedule)) => {
            let bar = outputs.progress(options.draws, "draws");
            let report = |finished| bar.set_position(finished as u64);
            let source =
                |t: f64| problem.source.iter().find(|(other, _)| *other == t).map_or(f64::NAN, |&(_, c)| c);
            let sampled =
                simulation.trajectories(schedule, options.epochs, source, options.noise, Some(&report))?;
            bar.finish_and_clear();
            Some(sampled)
        }
        None => None,
    };
    let monte_carlo = start.elapsed().as_secs_f64();

    let document = json!({
        "model": {
            "batches": "inf",
            "aspect_ratio": options.model.aspect_ratio,
            "epoch_step": problem.epoch_step,
            "population": problem.population.as_atoms(),
            "source": problem.source.iter().map(|&(_, source)| source).collect::<Vec<_>>(),
            "noise": options.noise,
            "schedule": options.schedule,
            "method": options.method.words(),
            "seed": shared.seed,
        },
        "epochs": predicted.epochs,
        "risk": predicted.risk,
        "train": predicted.train,
        "mean": predicted.mean,
        "average_risk": predicted.average_risk,
        "stationary": settled,
        "settled_from_epoch": settled.and_then(|settled| settled.reached(&predicted, SETTLED)),
        "stability_epoch_step": problem.limit.stability_step(),
        "iterates_diverge": problem.epoch_step > problem.limit.stability_step(),
        "monte_carlo": sampled.as_ref().map(|sampled| json!({
            "features": sampled.features,
            "samples": sampled.samples,
            "draws": sampled.draws,
            "seed": sampled.seed,
            "risk": at_epochs(sampled, &sampled.risk),
            "train": at_epochs(sampled, &sampled.train),
            "standard_error": at_epochs(sampled, &sampled.risk_error),
            "train_standard_error": at_epochs(sampled, &sampled.train_error),
            "average_risk": sampled.averages.first().map(|average| at_epochs(sampled, &average.risk)),
        })),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    let summary = summary(options, &problem, &predicted, settled, sampled.as_ref(), [predict, monte_carlo])
        .map_err(|error| file(Path::new("summary"), error))?;
    let table = || Table {
        columns: [("epoch", predicted.epochs.clone()), ("risk", predicted.risk.clone())]
            .into_iter()
            .chain(predicted.train.clone().map(|train| ("train", train)))
            .chain(predicted.mean.clone().map(|mean| ("mean", mean)))
            .chain(predicted.average_risk.clone().map(|risk| ("average_risk", risk)))
            .collect(),
        ..Table::default()
    };
    outputs.write(&document, &summary, table, |path| {
        draw(path, options, &problem, &predicted, settled, sampled.as_ref())
    })
}

fn summary(
    options: &Options,
    problem: &Problem,
    predicted: &SmallBatchCurve,
    settled: Option<Stationary>,
    sampled: Option<&SampledTrajectories>,
    [predict, monte_carlo]: [f64; 2],
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "gradient descent: B = inf, epoch step {}, p/n = {}, {}, noise {}, schedule {}",
        problem.epoch_step,
        options.model.aspect_ratio,
        describe(&problem.population),
        options.noise,
        options.schedule
    )?;
    if options.method.words() != "plain" {
        writeln!(text, "method: {}", options.method.words())?;
    }
    let columns = [
        ("risk", Some(&predicted.risk)),
        ("training", predicted.train.as_ref()),
        ("average", predicted.average_risk.as_ref()),
    ];
    let columns = columns.into_iter().filter_map(|(name, values)| Some((name, values?)));
    write!(text, "{:>6}", "epoch")?;
    for (name, _) in columns.clone() {
        write!(text, " {name:>12}")?;
    }
    if sampled.is_some() {
        write!(text, " {:>23} {:>23}", "sampled risk", "sampled training")?;
    }
    writeln!(text)?;
    for k in 0..predicted.risk.len() {
        write!(text, "{k:>6}")?;
        for (_, values) in columns.clone() {
            write!(text, " {:>12}", short(values[k]))?;
        }
        if let Some(sampled) = sampled {
            let s = k * sampled.samples;
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
    if let Some(Stationary { risk, train, .. }) = settled {
        let train = train.map_or(String::new(), |train| format!(", training {}", short(train)));
        let reached = settled.and_then(|settled| settled.reached(predicted, SETTLED));
        let reached = reached.map_or("not yet".to_owned(), |epoch| format!("from epoch {epoch} on"));
        let within = 100.0 * SETTLED;
        writeln!(text, "settles at risk {}{train}; within {within} % of that {reached}", short(risk))?;
    }
    writeln!(
        text,
        "single runs {}: the largest epoch step with which they converge is {}",
        if problem.epoch_step > problem.limit.stability_step() { "diverge" } else { "converge" },
        short(problem.limit.stability_step())
    )?;
    writeln!(text, "predicted in {predict:.3} s, sampled in {monte_carlo:.2} s")?;
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    options: &Options,
    problem: &Problem,
    predicted: &SmallBatchCurve,
    settled: Option<Stationary>,
    sampled: Option<&SampledTrajectories>,
) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};

    use crate::drawing::{drawable, is_wild, points};
    let first = predicted.train.as_ref().map_or(predicted.risk[0], |train| train[0]);
    let log = is_wild(first, &[&predicted.risk]);
    let mut panel = Panel::new("epoch", "error");
    if log {
        panel = panel.log_y();
    }
    let curves = [
        (Some(&predicted.risk), Colour::Vermillion, "excess risk"),
        (predicted.train.as_ref(), Colour::Blue, "training error"),
        (predicted.average_risk.as_ref(), Colour::BluishGreen, "excess risk of the average"),
    ];
    for (values, colour, label) in curves.into_iter().filter_map(|(v, c, l)| v.map(|v| (v, c, l))) {
        let (x, y) = drawable(&predicted.epochs, values, log);
        if !x.is_empty() {
            panel = panel.layer(Layer::curve(&x, &y).colour(colour).label(label));
        }
    }
    if let Some(settled) = settled {
        let ends = [0.0, predicted.epochs[predicted.epochs.len() - 1]];
        let line = Layer::curve(&ends, &[settled.risk; 2]).colour(Colour::Black).dashed();
        panel = panel.layer(line.label("excess risk where it settles"));
    }
    if let Some(sampled) = sampled {
        let label = format!(
            "sampled, p = {}, n = {}, single rows, {} runs",
            sampled.features, sampled.samples, sampled.draws
        );
        let of = |values: &[f64], errors: &[f64]| {
            points(&predicted.epochs, &at_epochs(sampled, values), &at_epochs(sampled, errors), log)
        };
        for layer in [
            of(&sampled.risk, &sampled.risk_error).map(|layer| layer.colour(Colour::Vermillion).label(label)),
            of(&sampled.train, &sampled.train_error).map(|layer| layer.colour(Colour::Blue)),
        ] {
            panel = layer.into_iter().fold(panel, Panel::layer);
        }
    }
    let order = match problem.order {
        SmallBatchOrder::Reshuffled => "reshuffled every epoch",
        SmallBatchOrder::Cyclic => "in cyclic order",
        SmallBatchOrder::Replacement => "drawn with replacement",
        _ => "met once",
    };
    let method = match options.method.words().as_str() {
        "plain" => String::new(),
        words => format!(", {words}"),
    };
    let subtitle = format!(
        "B → ∞, rows {order}, αB = {}, γ = p/n = {}, {}, noise {}{method}",
        problem.epoch_step,
        options.model.aspect_ratio,
        describe(&problem.population),
        options.noise
    );
    Figure::new("Error of gradient descent in very many small batches")
        .subtitle(subtitle)
        .panel(panel)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(
    _: &Path,
    _: &Options,
    _: &Problem,
    _: &SmallBatchCurve,
    _: Option<Stationary>,
    _: Option<&SampledTrajectories>,
) -> Result<()> {
    Ok(())
}
