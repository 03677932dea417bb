//! Which batches, step, momentum, ridge and stopping time to use for a model, with runs on the same data around the choice.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::minibatch::{Batches, Parameter, Stop, Tuned, Tuning, TuningMap};
use freespectra::{Budget, Population, Result};
use serde_json::json;

use crate::method::MethodOptions;
use crate::options::{Given, bad, count};
use crate::outputs::{Shared, Table, file};
use crate::population;
use crate::sampled::check_draws;
use crate::table::{describe, short};

/// Steps of the simulated check, in units of the one chosen.
const AROUND: [f64; 7] = [0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.6];

/// Most numbers in the curves of all draws together.
const MOST_NUMBERS: usize = 500_000_000;

/// Choose batches, step, momentum, ridge and stopping time for a model under a budget, and check the choice by runs.
#[derive(Debug, Args)]
pub struct Options {
    /// Numbers of batches to choose from, "B1,B2,..."; inf is the limit of very many small ones.
    #[arg(short = 'B', long, default_value = "1,2,4,8,16")]
    batches: String,
    /// Aspect ratio p/n.
    #[arg(long, visible_alias = "gamma", default_value_t = 0.5)]
    aspect_ratio: f64,
    #[arg(long, default_value = "1:1", allow_hyphen_values = true, help = population::HELP)]
    population: String,
    /// Mean squares of the initial error along the population eigenvalues, "c:c:..." or "c,c,..." in
    /// their order [default: 1 for each].
    #[arg(long, allow_hyphen_values = true)]
    source: Option<String>,
    /// Variance of the label noise.
    #[arg(long, default_value_t = 0.3)]
    noise: f64,
    /// What a run may cost: epochs:N, gradients:N, or seconds:TOTAL:PER_STEP:PER_ROW.
    #[arg(long, default_value = "epochs:10")]
    budget: Budget,
    /// Rows of the data, for budgets that are not in epochs.
    #[arg(long, default_value_t = 0, value_parser = count)]
    rows: usize,
    /// What to choose besides the step, "P,P": momentum or nesterov, ridge.
    #[arg(long, value_name = "P")]
    tune: Option<String>,
    /// When a run is looked at: best (after whichever epoch) or end (of the budget).
    #[arg(long, default_value_t = Stop::Best)]
    stop: Stop,
    /// reshuffle, once, cyclic or replacement.
    #[arg(long, default_value = "reshuffle")]
    schedule: String,
    /// Sampled schedules that every prediction is averaged over, the same ones for all.
    #[arg(long, default_value_t = 3, value_parser = count)]
    schedules: usize,
    #[command(flatten)]
    method: MethodOptions,
    /// Features p of the sampled data; 0 for no check.
    #[arg(long, default_value_t = 200, value_parser = count)]
    features: usize,
    /// Independent data sets, on each of which all steps are run.
    #[arg(long, default_value_t = 40, value_parser = count)]
    draws: usize,
}

/// A run of the check: what was predicted, and what came out.
struct Checked {
    predicted: Tuned,
    risk: f64,
    error: f64,
}

struct Problem {
    population: Population,
    source: Vec<(f64, f64)>,
    tuning: Tuning,
    schedule: Schedule,
}

impl Problem {
    fn new(options: &Options, seed: u64) -> Result<Self> {
        let atoms = population::atoms(&options.population)?;
        let population = Population::atoms(&atoms)?;
        let source = population::source(options.source.as_deref(), &options.population, &atoms, &population)?;
        let at = source.clone();
        let value = move |t: f64| at.iter().find(|(other, _)| *other == t).map_or(f64::NAN, |&(_, c)| c);
        if options.method.has_test_population() {
            return Err(bad("test-population", "given", "left out of a choice"));
        }
        let batches = options.batches.split(',').map(|text| text.trim().parse::<Batches>());
        let tune = options.tune.iter().flat_map(|text| text.split(','));
        let parameters = tune.map(|text| text.trim().parse::<Parameter>()).collect::<Result<Vec<_>>>()?;
        let schedule: Schedule = options.schedule.parse()?;
        let tuning = Tuning::new(&population, options.aspect_ratio, value, options.noise)?
            .with_batches(&batches.collect::<Result<Vec<_>>>()?)?
            .with_method(options.method.method()?)
            .with_parameters(&parameters)?
            .with_budget(options.budget, options.rows)?
            .with_stop(options.stop)
            .with_schedule(schedule.clone(), options.schedules, seed)?;
        Ok(Self { population, source, tuning, schedule })
    }

    fn source(&self, t: f64) -> f64 {
        self.source.iter().find(|(other, _)| *other == t).map_or(f64::NAN, |&(_, c)| c)
    }

    /// Batches of whole rows, as many as the aspect ratio asks for up to a few.
    fn batching(&self, options: &Options, batches: Batches) -> Result<Batching> {
        let rows = (options.features as f64 / options.aspect_ratio).round().max(1.0) as usize;
        match batches {
            Batches::Infinite => Batching::equal(rows, rows),
            Batches::Finite(count) => Batching::equal(rows.next_multiple_of(count), count),
        }
    }

    /// Runs with this choice; none that explode.
    fn run(&self, options: &Options, seed: u64, tuned: &Tuned) -> Result<Option<Checked>> {
        let batching = self.batching(options, tuned.batches)?;
        let steps = batching.batches();
        let simulation = MonteCarlo::new(options.features, batching, tuned.epoch_step / steps as f64)?
            .with_population(self.population.clone())
            .with_method(self.tuning.method(tuned)?)
            .with_draws(options.draws)?
            .with_seed(seed);
        let curves =
            simulation.trajectories(&self.schedule, tuned.epochs, |t| self.source(t), options.noise, None)?;
        let last = steps * tuned.epochs;
        let (risk, error) = match curves.averages.first() {
            Some(average) => (average.risk[last], average.risk_error[last]),
            None => (curves.risk[last], curves.risk_error[last]),
        };
        Ok(risk.is_finite().then_some(Checked { predicted: *tuned, risk, error }))
    }
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let problem = Problem::new(options, shared.seed)?;
    let numbers = options.features.saturating_mul(100);
    check_draws(options.draws, ("features", options.features), numbers, MOST_NUMBERS, given)?;
    let outputs = shared.open("choose")?;

    let start = Instant::now();
    let bar = outputs.progress(1, "choices");
    let map = problem.tuning.run()?;
    bar.finish_and_clear();
    let predict = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut checked = Vec::new();
    if options.features > 0 && map.best.epochs > 0 {
        let bar = outputs.progress(AROUND.len(), "steps");
        for factor in AROUND {
            let tuned = problem.tuning.with_step(&map.best, factor * map.best.epoch_step)?;
            // The epoch of the choice, whichever would be best for this step.
            let epochs = problem.tuning.at_epoch(&tuned, map.best.epochs)?;
            checked.extend(problem.run(options, shared.seed, &epochs)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
    }
    let monte_carlo = start.elapsed().as_secs_f64();

    let choice = |tuned: &Tuned| {
        json!({
            "batches": tuned.batches.to_string(),
            "epoch_step": tuned.epoch_step,
            "step_size": match tuned.batches {
                Batches::Finite(count) => Some(tuned.epoch_step / count as f64),
                Batches::Infinite => None,
            },
            "momentum": tuned.momentum,
            "ridge": tuned.ridge,
            "epochs": tuned.epochs,
            "risk": tuned.risk,
        })
    };
    let document = json!({
        "model": {
            "aspect_ratio": options.aspect_ratio,
            "population": problem.population.as_atoms(),
            "source": problem.source.iter().map(|&(_, source)| source).collect::<Vec<_>>(),
            "noise": options.noise,
            "budget": options.budget.to_string(),
            "rows": options.rows,
            "stop": options.stop.to_string(),
            "schedule": problem.schedule.to_string(),
            "schedules": options.schedules,
            "method": options.method.words(),
            "seed": shared.seed,
        },
        "best": choice(&map.best),
        "flat_epoch_steps": map.flat,
        "initial_risk": map.initial,
        "by_batches": map.by_batches.iter().map(choice).collect::<Vec<_>>(),
        "grid": map.grid.iter().map(choice).collect::<Vec<_>>(),
        "monte_carlo": (!checked.is_empty()).then(|| json!({
            "features": options.features,
            "draws": options.draws,
            "seed": shared.seed,
            "epoch_step": checked.iter().map(|run| run.predicted.epoch_step).collect::<Vec<_>>(),
            "predicted": checked.iter().map(|run| run.predicted.risk).collect::<Vec<_>>(),
            "risk": checked.iter().map(|run| run.risk).collect::<Vec<_>>(),
            "standard_error": checked.iter().map(|run| run.error).collect::<Vec<_>>(),
        })),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    let summary = summary(options, &problem, &map, &checked, [predict, monte_carlo])
        .map_err(|error| file(Path::new("summary"), error))?;
    let number = |batches: Batches| match batches {
        Batches::Finite(count) => count as f64,
        Batches::Infinite => f64::INFINITY,
    };
    let table = || Table {
        columns: vec![
            ("batches", map.grid.iter().map(|tuned| number(tuned.batches)).collect()),
            ("epoch_step", map.grid.iter().map(|tuned| tuned.epoch_step).collect()),
            ("epochs", map.grid.iter().map(|tuned| tuned.epochs as f64).collect()),
            ("risk", map.grid.iter().map(|tuned| tuned.risk).collect()),
        ],
        ..Table::default()
    };
    outputs.write(&document, &summary, table, |path| draw(path, options, &problem, &map, &checked))
}

fn summary(
    options: &Options,
    problem: &Problem,
    map: &TuningMap,
    checked: &[Checked],
    [predict, monte_carlo]: [f64; 2],
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "best choices: p/n = {}, {}, noise {}, budget {}, looked at {}, schedule {}, method {}",
        options.aspect_ratio,
        describe(&problem.population),
        options.noise,
        options.budget,
        if options.stop == Stop::Best { "after the best epoch" } else { "at its end" },
        problem.schedule,
        options.method.words()
    )?;
    let shown = |value: Option<f64>| value.map_or("-".to_owned(), short);
    writeln!(
        text,
        "{:>8} {:>12} {:>12} {:>12} {:>7} {:>12}",
        "batches", "epoch step", "momentum", "ridge", "epochs", "risk"
    )?;
    for tuned in &map.by_batches {
        writeln!(
            text,
            "{:>8} {:>12} {:>12} {:>12} {:>7} {:>12}{}",
            tuned.batches.to_string(),
            short(tuned.epoch_step),
            shown(tuned.momentum),
            shown(tuned.ridge),
            tuned.epochs,
            short(tuned.risk),
            if *tuned == map.best { "  <- best" } else { "" }
        )?;
    }
    let batches = options.batches.split(',').map(str::trim);
    for left_out in batches.filter(|text| map.by_batches.iter().all(|t| t.batches.to_string() != *text)) {
        writeln!(text, "{left_out:>8}  the budget affords no epoch")?;
    }
    writeln!(
        text,
        "risk within 1 % of the best for epoch steps from {} to {}; {} before the first step",
        short(map.flat[0]),
        short(map.flat[1]),
        short(map.initial)
    )?;
    if !checked.is_empty() {
        writeln!(
            text,
            "runs with other steps on the same {} data sets, p = {}:",
            options.draws, options.features
        )?;
        writeln!(text, "{:>12} {:>12} {:>22}", "epoch step", "predicted", "sampled")?;
        for run in checked {
            let (step, predicted) = (short(run.predicted.epoch_step), short(run.predicted.risk));
            writeln!(text, "{step:>12} {predicted:>12} {:>12} ± {}", short(run.risk), short(run.error))?;
        }
    }
    writeln!(text, "predicted in {predict:.3} s, sampled in {monte_carlo:.2} s")?;
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    options: &Options,
    problem: &Problem,
    map: &TuningMap,
    checked: &[Checked],
) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};

    use crate::drawing::points;
    let mut panel = Panel::new("step of an epoch", "excess risk").log_x();
    let colours = [
        Colour::Black,
        Colour::Blue,
        Colour::BluishGreen,
        Colour::Orange,
        Colour::Vermillion,
        Colour::SkyBlue,
    ];
    let shown = |risk: f64| risk <= 1.5 * map.initial;
    for (tuned, colour) in map.by_batches.iter().zip(colours.into_iter().cycle()) {
        let of_batches = map.grid.iter().filter(|cell| cell.batches == tuned.batches);
        let mut curve: Vec<(f64, f64)> = of_batches
            .chain([tuned])
            .filter(|cell| shown(cell.risk))
            .map(|cell| (cell.epoch_step, cell.risk))
            .collect();
        curve.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (x, y): (Vec<f64>, Vec<f64>) = curve.into_iter().unzip();
        if x.len() > 1 {
            let label = format!("B = {}, best risk {:.4}", tuned.batches, tuned.risk);
            panel = panel.layer(Layer::curve(&x, &y).colour(colour).label(label));
        }
    }
    let runs: Vec<&Checked> = checked.iter().filter(|run| shown(run.risk)).collect();
    let column = |of: fn(&Checked) -> f64| -> Vec<f64> { runs.iter().map(|run| of(run)).collect() };
    let sampled = points(
        &column(|run| run.predicted.epoch_step),
        &column(|run| run.risk),
        &column(|run| run.error),
        false,
    );
    if let Some(layer) = sampled {
        let label =
            format!("runs, B = {}, p = {}, {} draws", map.best.batches, options.features, options.draws);
        panel = panel.layer(layer.colour(Colour::Black).label(label));
    }
    let subtitle = format!(
        "γ = p/n = {}, {}, noise {}, budget {}; best: B = {}, αB = {}, {} epochs",
        options.aspect_ratio,
        describe(&problem.population),
        options.noise,
        options.budget,
        map.best.batches,
        short(map.best.epoch_step),
        map.best.epochs
    );
    Figure::new("Which batches and which step").subtitle(subtitle).panel(panel).save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(_: &Path, _: &Options, _: &Problem, _: &TuningMap, _: &[Checked]) -> Result<()> {
    Ok(())
}
