//! Where mini-batch gradient descent ends up, as a function of the step size.
//!
//! Full-batch gradient descent converges to the least squares solution whatever its step. The mean
//! iterate of mini-batch gradient descent converges to a limit that depends on the step, until the
//! critical step size, beyond which it diverges. Single runs, with the batches reshuffled every epoch, have a
//! threshold of their own, which is lower from four batches on. Predicts the excess risk of the limit
//! and both thresholds for several numbers of batches, and where single runs settle in infinitely many.

mod iterates;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use freespectra::minibatch::{Batches, MeanIterate, Order, StabilityStep};
use freespectra::{Error, MiniBatch, Result};
use rayon::prelude::*;
use serde_json::json;

use crate::options::{Given, bad, count};
use crate::outputs::{Shared, Table, file};
use iterates::Iterates;

/// Largest step, as a fraction of the critical one.
const LARGEST: f64 = 0.999;

/// Most steps for one number of batches.
const MOST_POINTS: usize = 10_000;

/// Predict the limit of the mean iterate against the step size.
#[derive(Debug, Args)]
pub struct Options {
    /// Numbers of batches, "B1,B2,..."; with inf among them also where single runs settle in very many small batches.
    #[arg(short = 'B', long, default_value = "1,2,4,8,inf")]
    batches: String,
    /// Aspect ratio p/n.
    #[arg(long, visible_alias = "gamma", default_value_t = 0.5)]
    aspect_ratio: f64,
    /// Squared length of the initial error.
    #[arg(long, default_value_t = 1.0)]
    signal: f64,
    /// Variance of the label noise.
    #[arg(long, default_value_t = 0.5)]
    noise: f64,
    /// Steps up to the critical one, for each number of batches.
    #[arg(long, default_value_t = 16, value_parser = count)]
    points: usize,
}

/// The limit against the epoch step for one number of batches.
struct Curve {
    batches: usize,
    /// Critical step size of one batch.
    critical: f64,
    /// Beyond this, typical runs diverge.
    stability: StabilityStep,
    epoch_steps: Vec<f64>,
    risks: Vec<f64>,
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let asked = batches(&options.batches)?;
    let finite = asked.iter().filter_map(|batches| match batches {
        Batches::Finite(count) => Some(*count),
        Batches::Infinite => None,
    });
    let models = finite
        .map(|batches| MiniBatch::builder().batches(batches).aspect_ratio(options.aspect_ratio).build())
        .collect::<Result<Vec<_>>>()?;
    if !(1..=MOST_POINTS).contains(&options.points) {
        return Err(bad("points", options.points, format!("in 1..={MOST_POINTS}")));
    }
    // Signal, noise and aspect ratio are refused here rather than after minutes. At rest nothing diverges.
    let full_batch =
        MeanIterate::full_batch(options.aspect_ratio, 0.0).map_err(|error| extreme(options, error))?;
    full_batch.limit(options.signal, options.noise)?;
    if options.aspect_ratio == 1.0 && options.noise > 0.0 {
        let allowed = "not 1: there the variance of the least squares solution is infinite";
        return Err(bad("aspect_ratio", options.aspect_ratio, allowed));
    }
    if options.signal == 0.0 && options.noise == 0.0 {
        let argument = given.first(&["signal", "noise"]);
        return Err(bad(
            argument,
            0,
            "more than 0 for signal or noise: without either the risk is 0 at every step",
        ));
    }
    let settling = asked.contains(&Batches::Infinite);
    if settling && given.has("batches") {
        Iterates::check(options)?;
    }
    let outputs = shared.open("limit")?;

    let start = Instant::now();
    let bar = outputs.progress(models.len() * options.points, "steps");
    let curves = models.par_iter().map(|model| curve(model, options, &bar)).collect::<Result<Vec<_>>>();
    let curves = curves.map_err(|error| extreme(options, error))?;
    bar.finish_and_clear();
    // By default left out where there is no such thing.
    let iterates = settling && Iterates::check(options).is_ok();
    let iterates = match iterates.then(|| Iterates::new(options)).transpose() {
        Err(_) if !given.has("batches") => None,
        iterates => iterates?,
    };
    let predict = start.elapsed().as_secs_f64();

    let document = json!({
        "model": {
            "aspect_ratio": options.aspect_ratio,
            "signal": options.signal,
            "noise": options.noise,
        },
        "curves": curves.iter().map(|curve| json!({
            "batches": curve.batches,
            "critical_step_size": curve.critical,
            "critical_epoch_step": curve.critical * curve.batches as f64,
            "stability_epoch_step": curve.stability.epoch_step,
            "stability_uncertainty": curve.stability.uncertainty,
            "epoch_step": curve.epoch_steps,
            "risk": curve.risks,
        })).collect::<Vec<_>>(),
        "iterates": iterates.as_ref().map(Iterates::document),
        "seconds": { "predict": predict },
    });
    let summary = summary(options, &curves, iterates.as_ref(), predict)
        .map_err(|error| file(Path::new("summary"), error))?;
    outputs.write(
        &document,
        &summary,
        || table(&curves),
        |path| draw(path, options, &curves, iterates.as_ref()),
    )
}

/// Blames the aspect ratio for laws that are not found: it and the batches are all there is to them.
fn extreme(options: &Options, error: Error) -> Error {
    match error {
        Error::InvalidArgument { .. } | Error::Cancelled => error,
        _ => bad("aspect_ratio", options.aspect_ratio, format!("one closer to 1 ({error})")),
    }
}

fn batches(text: &str) -> Result<Vec<Batches>> {
    text.split(',').map(|item| item.trim().parse()).collect()
}

fn curve(model: &MiniBatch, options: &Options, bar: &indicatif::ProgressBar) -> Result<Curve> {
    let critical = model.critical_step_size()?;
    let stability = model.stability_step(Order::Reshuffled)?;
    let batches = model.batches();
    let limits = (1..=options.points).into_par_iter().map(|i| {
        // Up to just below the critical step, the closer the denser: some limits diverge there.
        let left = 1.0 - i as f64 / options.points as f64;
        let step = critical * (1.0 - left * left).min(LARGEST);
        let model = MiniBatch::builder()
            .batches(batches)
            .aspect_ratio(options.aspect_ratio)
            .step_size(step)
            .build()?;
        let limit = MeanIterate::new(&model.white()?)?.limit(options.signal, options.noise)?;
        bar.inc(1);
        Ok(limit.map(|limit| (step * batches as f64, limit.risk)))
    });
    let (epoch_steps, risks) = limits.collect::<Result<Vec<_>>>()?.into_iter().flatten().unzip();
    Ok(Curve { batches, critical, stability, epoch_steps, risks })
}

/// All curves below each other.
fn table(curves: &[Curve]) -> Table {
    let batches = curves.iter().flat_map(|curve| vec![curve.batches as f64; curve.risks.len()]);
    let columns = vec![
        ("batches", batches.collect()),
        ("epoch_step", curves.iter().flat_map(|curve| curve.epoch_steps.clone()).collect()),
        ("risk", curves.iter().flat_map(|curve| curve.risks.clone()).collect()),
    ];
    Table { columns, ..Table::default() }
}

fn summary(
    options: &Options,
    curves: &[Curve],
    iterates: Option<&Iterates>,
    predict: f64,
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "limit of the mean iterate: p/n = {}, signal {}, noise {}",
        options.aspect_ratio, options.signal, options.noise
    )?;
    writeln!(
        text,
        "{:>8} {:>20} {:>20} {:>18} {:>18} {:>18}",
        "batches",
        "critical step size",
        "times B",
        "runs diverge from",
        "risk, small step",
        "risk, largest step"
    )?;
    for curve in curves {
        writeln!(
            text,
            "{:>8} {:>20.9} {:>20.9} {:>18} {:>18.9} {:>18.9}",
            curve.batches,
            curve.critical,
            curve.critical * curve.batches as f64,
            format!("{:.3} ± {:.3}", curve.stability.epoch_step, curve.stability.uncertainty),
            curve.risks.first().copied().unwrap_or(f64::NAN),
            curve.risks.last().copied().unwrap_or(f64::NAN),
        )?;
    }
    writeln!(text, "critical: for the mean over the orders; runs: epoch step, reshuffled every epoch")?;
    if let Some(iterates) = iterates {
        text += &iterates.lines();
    }
    writeln!(text, "predicted in {predict:.1} s")?;
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(path: &Path, options: &Options, curves: &[Curve], iterates: Option<&Iterates>) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};
    const COLOURS: [Colour; 6] = [
        Colour::Black,
        Colour::Blue,
        Colour::BluishGreen,
        Colour::Vermillion,
        Colour::ReddishPurple,
        Colour::Orange,
    ];
    let mut panel = Panel::new("epoch step αB", "excess risk of the limit");
    for (curve, &colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let label = match curve.batches {
            1 => "full batch".to_owned(),
            batches => format!("B = {batches}"),
        };
        let mut line = Layer::curve(&curve.epoch_steps, &curve.risks).colour(colour).label(label);
        if curve.batches == 1 {
            line = line.dashed();
        }
        panel = panel
            .layer(line)
            .layer(Layer::vertical(curve.critical * curve.batches as f64).colour(colour).dotted());
        if curve.batches > 1 {
            let runs = Layer::vertical(curve.stability.epoch_step).colour(colour).dashed();
            panel = panel.layer(runs.width(1.2));
        }
    }
    if let Some(iterates) = iterates {
        panel = iterates.layers().into_iter().fold(panel, Panel::layer);
    }
    // Some limits diverge at the critical step; what comes before is worth the space.
    let risks = || curves.iter().flat_map(|curve| &curve.risks).copied();
    let lowest = risks().fold(f64::INFINITY, f64::min);
    let highest = risks().fold(lowest, f64::max);
    if lowest > 0.0 {
        panel = panel.y_range(0.97 * lowest, (1.05 * highest).min(1.5 * lowest));
    }
    let subtitle = format!(
        "γ = p/n = {}, Σ = I, signal {}, noise {}; vertical: dotted the mean diverges, dashed runs do",
        options.aspect_ratio, options.signal, options.noise
    );
    Figure::new("The limit of mini-batch gradient descent depends on the step")
        .subtitle(subtitle)
        .panel(panel)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(_: &Path, _: &Options, _: &[Curve], _: Option<&Iterates>) -> Result<()> {
    Ok(())
}
