//! Which batches, step, momentum, ridge and stopping time to use for a model, with runs on the same data around the choice.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Args;
use freespectra::finite::{Batching, MonteCarlo, Schedule};
use freespectra::minibatch::{Averaging, Batches, Parameter, Stop, Tuned, Tuning, TuningMap};
use freespectra::{Budget, Population, Progress, Result};
use serde_json::json;

use crate::method::MethodOptions;
use crate::options::{Given, bad, count};
use crate::outputs::{Outputs, Shared, Table, file};
use crate::population;
use crate::sampled::{batching, check_draws};
use crate::table::{describe, short};

/// Steps of the simulated check, in units of the one chosen.
const AROUND: [f64; 7] = [0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.6];

/// Most numbers in the curves of all draws together.
const MOST_NUMBERS: usize = 500_000_000;

/// Features of the check if nothing is said: so many, or as many from the fewest on as keep the numbers that all runs read
/// below the most, a few seconds. Drawing a number takes as long as reading many.
const FEATURES: usize = 200;
const FEWEST_FEATURES: usize = 20;
const MOST_READ: f64 = 5e9;
const DRAWING: f64 = 20.0;

/// Standard errors between prediction and runs that are no accident.
const APART: f64 = 3.0;

/// Choose batches, step, momentum, ridge and stopping time for a model under a budget, and check the choice by runs.
///
/// Risks of choices are predicted along sampled orders of the batches that the search has not seen, with their standard errors.
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
    budget: String,
    /// Rows of the data, for budgets that are not in epochs; there are no more batches than rows.
    #[arg(long, default_value_t = 0, value_parser = count)]
    rows: usize,
    /// What to choose besides the step, "P,P": momentum or nesterov, ridge. The latter takes `--zero-start`: around the truth,
    /// towards which the ridge pulls, the largest would be the best.
    #[arg(long, value_name = "P")]
    tune: Option<String>,
    /// When a run is looked at: best (after whichever epoch) or end (of the budget).
    #[arg(long, default_value = "best")]
    stop: String,
    /// reshuffle, once, cyclic or replacement.
    #[arg(long, default_value = "reshuffle")]
    schedule: String,
    /// Average every prediction over this many sampled schedules, where they are random, instead of as many as
    /// `--schedule-error` takes.
    #[arg(long, value_parser = count, conflicts_with = "schedule_error")]
    schedules: Option<usize>,
    /// Average over as many sampled schedules as bring the relative standard error of the risk of the choice down to this, at
    /// most 2000.
    #[arg(long, default_value_t = 0.01)]
    schedule_error: f64,
    #[command(flatten)]
    method: MethodOptions,
    /// Features p of the sampled data, more if the rows would not make equal batches else; 0 for no check [default: 200, fewer
    /// where runs would take long].
    #[arg(long, value_parser = count)]
    features: Option<usize>,
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

impl Checked {
    /// Standard errors between what was predicted and what came out; none of a single draw.
    fn apart(&self) -> Option<f64> {
        let error = self.error.hypot(self.predicted.risk_error);
        (self.error > 0.0 && error.is_finite()).then(|| (self.risk - self.predicted.risk) / error)
    }
}

/// The check: runs with steps around the choice, but for those that explode.
struct Check {
    features: usize,
    samples: usize,
    seed: u64,
    runs: Vec<Checked>,
}

impl Check {
    /// The run with the choice itself.
    fn of_choice(&self, map: &TuningMap) -> Option<&Checked> {
        self.runs.iter().find(|run| run.predicted.epoch_step == map.best.epoch_step)
    }
}

struct Problem {
    population: Population,
    source: Vec<(f64, f64)>,
    batches: Vec<Batches>,
    budget: Budget,
    stop: Stop,
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
        let batches = batches.collect::<Result<Vec<_>>>()?;
        let tune = options.tune.iter().flat_map(|text| text.split(','));
        let parameters = tune.map(|text| text.trim().parse::<Parameter>()).collect::<Result<Vec<_>>>()?;
        let schedule: Schedule = options.schedule.parse()?;
        let (budget, stop): (Budget, Stop) = (options.budget.parse()?, options.stop.parse()?);
        let averaging = match options.schedules {
            Some(schedules) => Averaging::Fixed(schedules),
            None => Averaging::to_error(options.schedule_error),
        };
        let tuning = Tuning::new(&population, options.aspect_ratio, value, options.noise)?
            .with_batches(&batches)?
            .with_method(options.method.method()?)
            .with_parameters(&parameters)?
            .with_budget(budget, options.rows)?
            .with_stop(stop)
            .with_schedule(schedule.clone(), averaging, seed)?;
        Ok(Self { population, source, batches, budget, stop, tuning, schedule })
    }

    fn source(&self, t: f64) -> f64 {
        self.source.iter().find(|(other, _)| *other == t).map_or(f64::NAN, |&(_, c)| c)
    }

    /// Features and batches of equal size with at least so many features, as the aspect ratio asks for.
    fn sample(
        &self,
        options: &Options,
        features: usize,
        batches: Batches,
        given: &Given,
    ) -> Result<(usize, Batching)> {
        let rows = batching(features, options.aspect_ratio, &[1.0], given)?.samples();
        let Batches::Finite(count) = batches else { return Ok((features, Batching::equal(rows, rows)?)) };
        if rows.is_multiple_of(count) {
            return Ok((features, Batching::equal(rows, count)?));
        }
        let rows = rows.next_multiple_of(count);
        let features = (rows as f64 * options.aspect_ratio).round() as usize;
        // Neither too few nor too many.
        batching(features, options.aspect_ratio, &[1.0], given)?;
        Ok((features, Batching::equal(rows, count)?))
    }

    /// The data of the check, of a size that was asked for, or else of one that keeps the runs short, if there is one.
    fn sample_of(
        &self,
        options: &Options,
        batches: Batches,
        given: &Given,
    ) -> Result<Option<(usize, Batching)>> {
        if let Some(features) = options.features {
            let sample = (features > 0).then(|| self.sample(options, features, batches, given));
            return sample.transpose();
        }
        let runs = (AROUND.len() * options.draws) as f64;
        let sizes = (FEWEST_FEATURES..=FEATURES).rev();
        Ok(sizes.filter_map(|features| self.sample(options, features, batches, given).ok()).find(
            |(features, batching)| {
                let steps = (batching.batches() * self.tuning.epochs(batches)) as f64;
                let numbers = (features * batching.samples()) as f64;
                // Every step looks at all rows for the training error.
                runs * numbers * (DRAWING + steps) <= MOST_READ
            },
        ))
    }

    /// Refuses, before the work, data that would be too large or too small, or too many of them.
    fn check_samples(&self, options: &Options, given: &Given) -> Result<()> {
        for &batches in &self.batches {
            let Some((features, batching)) = self.sample_of(options, batches, given)? else {
                check_draws(options.draws, ("features", 0), 0, MOST_NUMBERS, given)?;
                continue;
            };
            let steps = batching.batches().saturating_mul(self.tuning.epochs(batches));
            check_draws(options.draws, ("features", features), 4 * steps, MOST_NUMBERS, given)?;
        }
        Ok(())
    }

    /// Runs with a choice, along orders that no prediction has seen; none that explode.
    fn run(
        &self,
        options: &Options,
        check: &Check,
        batching: &Batching,
        tuned: Tuned,
    ) -> Result<Option<Checked>> {
        let steps = batching.batches();
        let simulation = MonteCarlo::new(check.features, batching.clone(), tuned.epoch_step / steps as f64)?
            .with_population(self.population.clone())
            .with_method(self.tuning.method(&tuned)?)
            .with_draws(options.draws)?
            .with_seed(check.seed);
        // As long as the runs that are predicted: step sizes may depend on that.
        let epochs = self.tuning.epochs(tuned.batches);
        let curves =
            simulation.trajectories(&self.schedule, epochs, |t| self.source(t), options.noise, None)?;
        let last = steps * tuned.epochs;
        let (risk, error) = match curves.averages.first() {
            Some(average) => (average.risk[last], average.risk_error[last]),
            None => (curves.risk[last], curves.risk_error[last]),
        };
        Ok((risk < f64::MAX).then_some(Checked { predicted: tuned, risk, error }))
    }

    /// Runs with steps around the best one, to the epoch of the choice, whichever would be best for them.
    fn check(
        &self,
        options: &Options,
        seed: u64,
        best: &Tuned,
        outputs: &Outputs,
        given: &Given,
    ) -> Result<Option<Check>> {
        if options.features == Some(0) || best.epochs == 0 {
            return Ok(None);
        }
        let Some((features, batching)) = self.sample_of(options, best.batches, given)? else {
            let reason = match self.sample(options, FEWEST_FEATURES, best.batches, given) {
                Err(error) => error.to_string(),
                Ok(_) => {
                    format!("with {FEWEST_FEATURES} features they would take long, --features makes them")
                }
            };
            outputs.remark(&format!("no runs for comparison: {reason}"));
            return Ok(None);
        };
        // The search and its predictions have the seeds before.
        let seed = seed.wrapping_add(2);
        let mut check = Check { features, samples: batching.samples(), seed, runs: Vec::new() };
        let bar = outputs.progress(AROUND.len(), "steps");
        for factor in AROUND {
            let mut other = *best;
            other.epoch_step *= factor;
            let run = self.run(options, &check, &batching, self.tuning.predicted(&other)?)?;
            check.runs.extend(run);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Some(check))
    }
}

/// The step size of a batch, where there is one.
fn step_size(batches: Batches, epoch_step: f64) -> Option<f64> {
    match batches {
        Batches::Finite(count) => Some(epoch_step / count as f64),
        Batches::Infinite => None,
    }
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let problem = Problem::new(options, shared.seed)?;
    problem.check_samples(options, given)?;
    let outputs = shared.open("choose")?;

    let start = Instant::now();
    let followed = AtomicUsize::new(0);
    let ended = move |progress: Progress| {
        (progress.done == progress.total).then(|| followed.fetch_add(1, Ordering::Relaxed) + 1)
    };
    let map = outputs.watching("choices", "runs predicted", None, ended, || problem.tuning.run())?;
    let predict = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let check = problem.check(options, shared.seed, &map.best, &outputs, given)?;
    let monte_carlo = start.elapsed().as_secs_f64();

    let choice = |tuned: &Tuned| {
        json!({
            "batches": tuned.batches.to_string(),
            "epoch_step": tuned.epoch_step,
            "step_size": step_size(tuned.batches, tuned.epoch_step),
            "momentum": tuned.momentum,
            "ridge": tuned.ridge,
            "epochs": tuned.epochs,
            "risk": tuned.risk,
            "risk_error": tuned.risk_error,
            "schedules": tuned.schedules,
        })
    };
    let document = json!({
        "model": {
            "aspect_ratio": options.aspect_ratio,
            "population": problem.population.as_atoms(),
            "source": problem.source.iter().map(|&(_, source)| source).collect::<Vec<_>>(),
            "noise": options.noise,
            "budget": problem.budget.to_string(),
            "rows": options.rows,
            "stop": problem.stop.to_string(),
            "schedule": problem.schedule.to_string(),
            "method": options.method.words(),
            "seed": shared.seed,
        },
        "best": choice(&map.best),
        "flat_epoch_steps": map.flat,
        "initial_risk": map.initial,
        "by_batches": map.by_batches.iter().map(choice).collect::<Vec<_>>(),
        "grid": map.grid.iter().map(choice).collect::<Vec<_>>(),
        "monte_carlo": check.as_ref().map(|check| {
            let column = |of: &dyn Fn(&Checked) -> f64| check.runs.iter().map(of).collect::<Vec<_>>();
            json!({
                "features": check.features,
                "samples": check.samples,
                "draws": options.draws,
                "seed": check.seed,
                "epoch_step": column(&|run| run.predicted.epoch_step),
                "predicted": column(&|run| run.predicted.risk),
                "predicted_error": column(&|run| run.predicted.risk_error),
                "risk": column(&|run| run.risk),
                "standard_error": column(&|run| run.error),
                "standard_errors_apart": check.runs.iter().map(Checked::apart).collect::<Vec<_>>(),
                "contradiction": contradiction(check, &map),
            })
        }),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    let summary = summary(options, &problem, &map, check.as_ref(), [predict, monte_carlo])
        .map_err(|error| file(Path::new("summary"), error))?;
    let number = |batches: Batches| match batches {
        Batches::Finite(count) => count as f64,
        Batches::Infinite => f64::INFINITY,
    };
    let table = || {
        let column = |of: &dyn Fn(&Tuned) -> f64| map.grid.iter().chain(&map.by_batches).map(of).collect();
        let chosen = |of: fn(&Tuned) -> Option<f64>| {
            of(&map.best).map(|_| column(&|tuned| of(tuned).unwrap_or(f64::NAN)))
        };
        let is_chosen = (0..map.grid.len() + map.by_batches.len()).map(|row| row >= map.grid.len());
        Table {
            columns: [("batches", column(&|tuned| number(tuned.batches)))]
                .into_iter()
                .chain([("epoch_step", column(&|tuned| tuned.epoch_step))])
                .chain(chosen(|tuned| tuned.momentum).map(|column| ("momentum", column)))
                .chain(chosen(|tuned| tuned.ridge).map(|column| ("ridge", column)))
                .chain([
                    ("epochs", column(&|tuned| tuned.epochs as f64)),
                    ("risk", column(&|tuned| tuned.risk)),
                    ("risk_error", column(&|tuned| tuned.risk_error)),
                    ("chosen", is_chosen.map(|is_chosen| f64::from(u8::from(is_chosen))).collect()),
                ])
                .collect(),
            ..Table::default()
        }
    };
    let runs = check.as_ref();
    outputs.write(&document, &summary, table, |path| draw(path, options, &problem, &map, runs))
}

/// What the runs with the choice have against its prediction, if anything.
fn contradiction(check: &Check, map: &TuningMap) -> Option<String> {
    let Some(run) = check.of_choice(map) else { return Some("the runs with the choice explode".to_owned()) };
    let apart = run.apart()?;
    // As far from 0 as from what was predicted.
    if run.risk < APART * run.error {
        return Some(
            "the runs scatter too widely to bear out the prediction: some explode, or nearly".to_owned(),
        );
    }
    let contradicts = apart.abs() > APART;
    contradicts.then(|| format!("the runs contradict the prediction, by {:.1} standard errors", apart.abs()))
}

/// A number with its error, if it has one.
fn uncertain(value: f64, error: f64) -> String {
    if error > 0.0 { format!("{} ± {}", short(value), short(error)) } else { short(value) }
}

fn summary(
    options: &Options,
    problem: &Problem,
    map: &TuningMap,
    check: Option<&Check>,
    [predict, monte_carlo]: [f64; 2],
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "best choices: p/n = {}, {}, noise {}, budget {}, looked at {}, schedule {}, method {}",
        options.aspect_ratio,
        describe(&problem.population),
        options.noise,
        problem.budget,
        if problem.stop == Stop::Best { "after the best epoch" } else { "at its end" },
        problem.schedule,
        options.method.words()
    )?;
    let shown = |value: Option<f64>| value.map_or("-".to_owned(), short);
    writeln!(
        text,
        "{:>8} {:>12} {:>12} {:>12} {:>12} {:>7} {:>24} {:>7}",
        "batches", "epoch step", "step size", "momentum", "ridge", "epochs", "risk", "orders"
    )?;
    for tuned in &map.by_batches {
        writeln!(
            text,
            "{:>8} {:>12} {:>12} {:>12} {:>12} {:>7} {:>24} {:>7}{}",
            tuned.batches.to_string(),
            short(tuned.epoch_step),
            shown(step_size(tuned.batches, tuned.epoch_step)),
            shown(tuned.momentum),
            shown(tuned.ridge),
            tuned.epochs,
            uncertain(tuned.risk, tuned.risk_error),
            tuned.schedules,
            if *tuned == map.best { "  <- best" } else { "" }
        )?;
    }
    for &batches in &problem.batches {
        let (affordable, epochs) = (problem.tuning.affordable(batches), problem.tuning.epochs(batches));
        if affordable == 0 {
            writeln!(text, "{:>8}  the budget affords no epoch", batches.to_string())?;
        } else if affordable > epochs {
            let batches = batches.to_string();
            writeln!(text, "{batches:>8}  only the first {epochs} of {affordable} epochs were looked at")?;
        }
    }
    let best = &map.best;
    if best.epochs == 0 {
        writeln!(text, "no step makes the risk smaller than the {} before it", short(map.initial))?;
    } else {
        let [low, high] = map.flat;
        let sizes = [low, high].map(|step| step_size(best.batches, step).map(short));
        let sizes = match sizes {
            [Some(low), Some(high)] => format!(" (step sizes {low} to {high})"),
            _ => String::new(),
        };
        writeln!(
            text,
            "risk within 1 % of the best for epoch steps from {} to {}{sizes}; {} before the first step",
            short(low),
            short(high),
            short(map.initial)
        )?;
    }
    if let Some(check) = check {
        writeln!(
            text,
            "runs with other steps on the same {} data set{}, p = {}, n = {}:",
            options.draws,
            if options.draws == 1 { "" } else { "s" },
            check.features,
            check.samples
        )?;
        writeln!(
            text,
            "{:>12} {:>12} {:>24} {:>24} {:>16}",
            "epoch step", "step size", "predicted", "sampled", "standard errors"
        )?;
        for run in &check.runs {
            let predicted = &run.predicted;
            writeln!(
                text,
                "{:>12} {:>12} {:>24} {:>24} {:>16}",
                short(predicted.epoch_step),
                shown(step_size(predicted.batches, predicted.epoch_step)),
                uncertain(predicted.risk, predicted.risk_error),
                uncertain(run.risk, run.error),
                run.apart().map_or("-".to_owned(), |apart| format!("{apart:+.1}"))
            )?;
        }
        if let Some(contradiction) = contradiction(check, map) {
            writeln!(text, "{contradiction}")?;
        }
        let (smallest, run) = (check.features.min(check.samples), check.of_choice(map));
        if run.is_some_and(|run| run.error > 0.0 && run.error * (smallest as f64) < run.risk) {
            let percent = 100.0 / smallest as f64;
            writeln!(
                text,
                "of data so small, risks may be off by {percent:.1} %: more than standard errors say"
            )?;
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
    check: Option<&Check>,
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
    let runs: Vec<&Checked> =
        check.iter().flat_map(|check| &check.runs).filter(|run| shown(run.risk)).collect();
    let column = |of: fn(&Checked) -> f64| -> Vec<f64> { runs.iter().map(|run| of(run)).collect() };
    let sampled = points(
        &column(|run| run.predicted.epoch_step),
        &column(|run| run.risk),
        &column(|run| run.error),
        false,
    );
    if let Some((check, layer)) = check.zip(sampled) {
        let label =
            format!("runs, B = {}, p = {}, {} draws", map.best.batches, check.features, options.draws);
        panel = panel.layer(layer.colour(Colour::Black).label(label));
    }
    let subtitle = format!(
        "γ = p/n = {}, {}, noise {}, budget {}; best: B = {}, αB = {}, {} epochs",
        options.aspect_ratio,
        describe(&problem.population),
        options.noise,
        problem.budget,
        map.best.batches,
        short(map.best.epoch_step),
        map.best.epochs
    );
    Figure::new("Which batches and which step").subtitle(subtitle).panel(panel).save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(_: &Path, _: &Options, _: &Problem, _: &TuningMap, _: Option<&Check>) -> Result<()> {
    Ok(())
}
