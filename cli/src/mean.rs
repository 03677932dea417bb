//! Bias, variance and excess risk of the mean iterate, epoch by epoch, against sampled data.
//!
//! Averaged over the reshufflings, the iterate after `k` epochs has an error with two parts: what is
//! left of the initial error, and what the label noise has added. Predicts both for mini-batch and for
//! full-batch gradient descent at the same epoch step, with their limits, and measures them on data. Says
//! too whether single runs converge, which the mean over the orders does not tell.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use freespectra::finite::{EXACT_BATCHES, MonteCarlo, SampledMeanErrors};
use freespectra::minibatch::{MeanError, MeanIterate, Order};
use freespectra::{MiniBatch, Result};
use serde_json::{Value, json};

#[cfg(feature = "plot")]
use crate::drawing::{drawable, is_wild, points};
use crate::options::{EPOCH_STEP_OF_CURVES, Given, ModelOptions, StepOptions, bad, count};
use crate::outputs::{Shared, Table, file};
use crate::runs::Runs;
use crate::sampled::{batching, check_draws};
use crate::table::short;

/// Features of the sampled data if nothing is said.
const FEATURES: usize = 400;

/// Most numbers in the curves of all draws together.
const MOST_NUMBERS: usize = 500_000_000;

/// Predict the errors of the mean iterate and check them against sampled data.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    step: StepOptions,
    /// Squared length of the initial error.
    #[arg(long, default_value_t = 1.0)]
    signal: f64,
    /// Variance of the label noise.
    #[arg(long, default_value_t = 0.5)]
    noise: f64,
    /// Number of epochs.
    #[arg(long, default_value_t = 30, value_parser = count)]
    epochs: usize,
    /// Features p of the sampled data; 0 for none [default: 400, none above 12 batches].
    #[arg(long, value_parser = count)]
    features: Option<usize>,
    /// Independent draws of the data.
    #[arg(long, default_value_t = 8, value_parser = count)]
    draws: usize,
}

/// Curves and limit of one algorithm.
struct Predicted {
    curve: Vec<MeanError>,
    limit: Option<MeanError>,
    converges: bool,
}

impl Predicted {
    fn new(mean: &MeanIterate, options: &Options) -> Result<Self> {
        Ok(Self {
            curve: mean.curve(options.epochs, options.signal, options.noise)?,
            limit: mean.limit(options.signal, options.noise)?,
            converges: mean.converges(),
        })
    }

    fn column(&self, part: fn(&MeanError) -> f64) -> Vec<f64> {
        self.curve.iter().map(part).collect()
    }

    fn json(&self) -> Value {
        json!({
            "bias": self.column(|error| error.bias),
            "variance": self.column(|error| error.variance),
            "risk": self.column(|error| error.risk),
            "limit": self.limit,
            "diverges": !self.converges,
        })
    }
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let (step_size, model) = model(options)?;
    let simulation = simulation(options, shared.seed, step_size, given)?;
    let outputs = shared.open("mean")?;

    let start = Instant::now();
    let epoch_step = step_size * options.model.batches as f64;
    let full_batch =
        Predicted::new(&MeanIterate::full_batch(options.model.aspect_ratio, epoch_step)?, options)?;
    let predicted = match &model {
        Some(model) => Predicted::new(&MeanIterate::new(&model.white()?)?, options)?,
        None => Predicted::new(&MeanIterate::full_batch(options.model.aspect_ratio, 0.0)?, options)?,
    };
    let runs = model.as_ref().map(|model| Runs::new(model, Order::Reshuffled, epoch_step));
    let predict = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let finite = match &simulation {
        Some(simulation) => {
            let bar = outputs.progress(options.draws, "draws");
            let report = |finished| bar.set_position(finished as u64);
            let finite =
                simulation.mean_iterate(options.epochs, options.signal, options.noise, Some(&report))?;
            bar.finish_and_clear();
            Some(finite)
        }
        None => None,
    };
    let monte_carlo = start.elapsed().as_secs_f64();

    let epochs: Vec<usize> = (0..=options.epochs).collect();
    let mut document = predicted.json();
    document["epochs"] = json!(epochs);
    Runs::fill(&mut document, runs.as_ref());
    if model.is_none() {
        // At rest nothing does.
        document["iterates_diverge"] = false.into();
    }
    document["full_batch"] = full_batch.json();
    document["model"] = json!({
        "batches": options.model.batches,
        "aspect_ratio": options.model.aspect_ratio,
        "step_size": step_size,
        "epoch_step": epoch_step,
        "signal": options.signal,
        "noise": options.noise,
    });
    document["finite"] = json!(finite.as_ref().map(|finite| json!({
        "features": finite.features,
        "samples": finite.samples,
        "draws": finite.draws,
        "seed": finite.seed,
        "bias": finite.bias,
        "variance": finite.variance,
        "risk": finite.risk,
        "standard_error": {
            "bias": finite.bias_error,
            "variance": finite.variance_error,
            "risk": finite.risk_error,
        },
    })));
    document["seconds"] = json!({ "predict": predict, "monte_carlo": monte_carlo });

    let curves = [&predicted, &full_batch];
    let summary = summary(options, step_size, curves, runs.as_ref(), finite.as_ref(), [predict, monte_carlo])
        .map_err(|error| file(Path::new("summary"), error))?;
    let table = || Table {
        columns: vec![
            ("epoch", epochs.iter().map(|&k| k as f64).collect()),
            ("bias", predicted.column(|error| error.bias)),
            ("variance", predicted.column(|error| error.variance)),
            ("risk", predicted.column(|error| error.risk)),
            ("full_batch_risk", full_batch.column(|error| error.risk)),
        ],
        ..Table::default()
    };
    let draw = |path: &Path| draw(path, options, step_size, &predicted, &full_batch, finite.as_ref());
    outputs.write(&document, &summary, table, draw)
}

/// The step size of one batch, and the model unless it is zero: then nothing moves.
fn model(options: &Options) -> Result<(f64, Option<MiniBatch>)> {
    let builder = options.model.builder();
    if options.step.is_zero() {
        // Everything else is still checked.
        builder.build()?;
        return Ok((0.0, None));
    }
    let model = options.step.set(builder, EPOCH_STEP_OF_CURVES).build()?;
    Ok((model.step_size(), Some(model)))
}

fn simulation(options: &Options, seed: u64, step_size: f64, given: &Given) -> Result<Option<MonteCarlo>> {
    let exact = options.model.batches <= EXACT_BATCHES;
    let features = options.features.unwrap_or(if exact { FEATURES } else { 0 });
    let epochs = options.epochs;
    check_draws(options.draws, ("epochs", epochs), epochs.saturating_mul(2), MOST_NUMBERS, given)?;
    if features == 0 {
        return Ok(None);
    }
    if !exact {
        let allowed = format!("at most {EXACT_BATCHES} with sampled data; --features 0 for none");
        return Err(bad("batches", options.model.batches, allowed));
    }
    let fractions = vec![1.0 / options.model.batches as f64; options.model.batches];
    let batching = batching(features, options.model.aspect_ratio, &fractions, given)?;
    let simulation = MonteCarlo::new(features, batching, 1.0)?
        .with_step_sizes(vec![step_size; options.model.batches])?
        .with_draws(options.draws)?
        .with_seed(seed);
    Ok(Some(simulation))
}

fn summary(
    options: &Options,
    step_size: f64,
    [predicted, full_batch]: [&Predicted; 2],
    runs: Option<&Runs>,
    finite: Option<&SampledMeanErrors>,
    [predict, monte_carlo]: [f64; 2],
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "mean iterate: B = {}, step size {step_size:.6} (epoch step {:.6}), p/n = {}, signal {}, noise {}",
        options.model.batches,
        step_size * options.model.batches as f64,
        options.model.aspect_ratio,
        options.signal,
        options.noise
    )?;
    write!(text, "{:>8} {:>12} {:>12} {:>12} {:>14}", "epoch", "bias", "variance", "risk", "full batch")?;
    writeln!(text, "{}", if finite.is_some() { format!(" {:>22}", "sampled") } else { String::new() })?;
    let shown = (0..=options.epochs).filter(|&k| k <= 5 || k % 10 == 0 || k == options.epochs);
    for k in shown {
        let error = predicted.curve[k];
        write!(
            text,
            "{k:>8} {:>12} {:>12} {:>12} {:>14}",
            short(error.bias),
            short(error.variance),
            short(error.risk),
            short(full_batch.curve[k].risk)
        )?;
        match finite {
            Some(finite) => {
                writeln!(text, " {:>12} ± {}", short(finite.risk[k]), short(finite.risk_error[k]))?
            }
            None => writeln!(text)?,
        }
    }
    for (name, predicted) in [("limit", predicted), ("limit of full batch", full_batch)] {
        match predicted.limit {
            Some(limit) => writeln!(
                text,
                "{name}: bias {:.9}, variance {:.9}, risk {:.9}",
                limit.bias, limit.variance, limit.risk
            )?,
            None if predicted.converges => writeln!(text, "{name}: none, the variance grows without bound")?,
            None => writeln!(text, "{name}: none, the mean iterate diverges")?,
        }
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
    step_size: f64,
    predicted: &Predicted,
    full_batch: &Predicted,
    finite: Option<&SampledMeanErrors>,
) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};
    let epochs: Vec<f64> = (0..=options.epochs).map(|k| k as f64).collect();
    type Part = (&'static str, Colour, fn(&MeanError) -> f64);
    let parts: [Part; 3] = [
        ("excess risk", Colour::Vermillion, |error| error.risk),
        ("bias", Colour::Blue, |error| error.bias),
        ("variance", Colour::BluishGreen, |error| error.variance),
    ];
    let full_batch_risk = full_batch.column(|error| error.risk);
    let log = is_wild(
        options.signal.max(options.noise),
        &[&full_batch_risk, &predicted.column(|error| error.risk)],
    );
    let mut panel = Panel::new("epoch", "error");
    if log {
        panel = panel.log_y();
    }
    let curve = |values: &[f64]| {
        let (x, y) = drawable(&epochs, values, log);
        (!x.is_empty()).then(|| Layer::curve(&x, &y))
    };
    let mut layers = vec![
        curve(&full_batch_risk)
            .map(|layer| layer.colour(Colour::Black).dashed().label("excess risk, full batch")),
    ];
    for (name, colour, part) in parts {
        layers.push(curve(&predicted.column(part)).map(|layer| layer.colour(colour).label(name)));
    }
    if let Some(limit) = predicted.limit {
        let line = curve(&vec![limit.risk; epochs.len()]);
        layers.push(line.map(|layer| {
            layer.colour(Colour::Vermillion).dotted().width(1.2).label("limit of the excess risk")
        }));
    }
    if let Some(finite) = finite {
        let sampled = [
            (&finite.risk, &finite.risk_error, Colour::Vermillion),
            (&finite.bias, &finite.bias_error, Colour::Blue),
            (&finite.variance, &finite.variance_error, Colour::BluishGreen),
        ];
        let label =
            format!("sampled, p = {}, n = {}, {} draws", finite.features, finite.samples, finite.draws);
        for (index, (mean, error, colour)) in sampled.into_iter().enumerate() {
            let layer = points(&epochs, mean, error, log).map(|layer| layer.colour(colour));
            layers.push(if index == 0 { layer.map(|layer| layer.label(&label)) } else { layer });
        }
    }
    for layer in layers.into_iter().flatten() {
        panel = panel.layer(layer);
    }
    let subtitle = format!(
        "B = {}, α = {step_size:.4}, γ = p/n = {}, Σ = I, signal {}, noise {}",
        options.model.batches, options.model.aspect_ratio, options.signal, options.noise
    );
    Figure::new("Errors of the mean iterate of mini-batch gradient descent")
        .subtitle(subtitle)
        .panel(panel)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(
    _: &Path,
    _: &Options,
    _: f64,
    _: &Predicted,
    _: &Predicted,
    _: Option<&SampledMeanErrors>,
) -> Result<()> {
    Ok(())
}
