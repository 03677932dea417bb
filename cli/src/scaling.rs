//! How good the linear scaling rule is: mini-batch against full-batch gradient descent at one epoch
//! step `a`, as `a` becomes small.
//!
//! Three distances between the two, each of which vanishes like a power of `a` whose exponent is fitted:
//! of the sampled matrices `Z` and `W`, of their predicted laws, and of the predicted bias after a fixed
//! time `a k`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use freespectra::comparison::PowerLawFit;
use freespectra::finite::{Batching, EXACT_BATCHES, Entries, Epoch, draw_stream, sample_features};
use freespectra::minibatch::{MeanIterate, Shrinkage, shrinkage, spectral_distance};
use freespectra::{MiniBatch, Result};
use nalgebra::DMatrix;
use serde_json::json;

use crate::options::{Given, ModelOptions, bad, count};
use crate::outputs::{Shared, Table, file};
use crate::sampled::batching;

/// Time `a k` at which trajectories are compared.
const TIME: f64 = 2.0;

/// Largest epoch step that counts as small.
const LARGEST: f64 = 0.5;

/// Nodes of the distance of two laws.
const QUANTILES: usize = 400;

/// Epoch steps at which the shrinkage is shown.
const SHOWN: [f64; 4] = [0.1, 0.3, 0.6, 1.0];

/// Fit the powers of the step size with which mini-batch approaches full batch.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// Largest epoch step; the others are halvings of it.
    #[arg(long, default_value_t = 0.0625)]
    epoch_step: f64,
    /// Number of epoch steps.
    #[arg(long, default_value_t = 6, value_parser = count)]
    points: usize,
    /// Features p of the sampled data; 0 for none.
    #[arg(long, default_value_t = 300, value_parser = count)]
    features: usize,
}

/// A distance between mini-batch and full batch at every step, and the power law through it.
struct Approach {
    name: &'static str,
    key: &'static str,
    distances: Vec<f64>,
    fit: PowerLawFit,
}

impl Approach {
    fn new(name: &'static str, key: &'static str, steps: &[f64], distances: Vec<f64>) -> Result<Self> {
        let points: Vec<_> = steps.iter().copied().zip(distances.iter().copied()).collect();
        Ok(Self { name, key, distances, fit: PowerLawFit::new(&points)? })
    }
}

/// Sampled data and its covariance.
struct Sampled<'a> {
    features: DMatrix<f64>,
    covariance: DMatrix<f64>,
    batching: &'a Batching,
}

impl<'a> Sampled<'a> {
    fn new(options: &Options, seed: u64, batching: &'a Batching) -> Result<Self> {
        let (population, mut stream) = (vec![1.0; options.features], draw_stream(seed, 0));
        let features = sample_features(batching.samples(), &population, Entries::Gaussian, &mut stream)?;
        let covariance = features.tr_mul(&features) / batching.samples() as f64;
        Ok(Self { features, covariance, batching })
    }

    /// `|Z - W| / |W|` in the Frobenius norm.
    fn distance(&self, model: &MiniBatch) -> Result<f64> {
        let z = Epoch::new(&self.features, self.batching, model.step_sizes())?.z()?;
        Ok((z - &self.covariance).norm() / self.covariance.norm())
    }
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    if options.model.batches > EXACT_BATCHES || options.model.batches < 2 {
        return Err(bad("batches", options.model.batches, format!("in 2..={EXACT_BATCHES}")));
    }
    if !(3..=20).contains(&options.points) {
        return Err(bad("points", options.points, "in 3..=20"));
    }
    model(options, options.epoch_step)?;
    if options.epoch_step > LARGEST {
        let allowed = format!("at most {LARGEST}: the powers of the step are those of small steps");
        return Err(bad("epoch_step", options.epoch_step, allowed));
    }
    let fractions = vec![1.0 / options.model.batches as f64; options.model.batches];
    let batching = match options.features {
        0 => None,
        features => Some(batching(features, options.model.aspect_ratio, &fractions, given)?),
    };
    let outputs = shared.open("scaling")?;

    let start = Instant::now();
    // Whole numbers of epochs in the time at which trajectories are compared.
    let epochs: Vec<usize> =
        (0..options.points).map(|i| (TIME / options.epoch_step).ceil() as usize * (1 << i)).collect();
    let steps: Vec<f64> = epochs.iter().map(|&k| TIME / k as f64).collect();
    let sampled =
        batching.as_ref().map(|batching| Sampled::new(options, shared.seed, batching)).transpose()?;
    let full = model(options, steps[0])?.full_batch();
    let full_law = full.law()?;

    let bar = outputs.progress(steps.len(), "steps");
    let (mut matrices, mut laws, mut biases) = (Vec::new(), Vec::new(), Vec::new());
    for (&step, &epochs) in steps.iter().zip(&epochs) {
        let model = model(options, step)?;
        if let Some(sampled) = &sampled {
            matrices.push(sampled.distance(&model)?);
        }
        laws.push(spectral_distance(&model.law()?, &full_law, QUANTILES)?);
        let mini = MeanIterate::new(&model.white()?)?.after(epochs, 1.0, 0.0)?;
        let whole = MeanIterate::full_batch(options.model.aspect_ratio, step)?.after(epochs, 1.0, 0.0)?;
        biases.push((mini.bias - whole.bias).abs() / whole.bias);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut approaches = Vec::new();
    if sampled.is_some() {
        approaches.push(Approach::new("matrices, |Z - W| / |W|", "matrices", &steps, matrices)?);
    }
    approaches.push(Approach::new("laws, Wasserstein-1", "laws", &steps, laws)?);
    approaches.push(Approach::new("bias at time ak = 2, relative", "bias", &steps, biases)?);
    let shrinkages = SHOWN
        .into_iter()
        .map(|step| Ok((step, shrinkage(&full_law, &model(options, step)?.law()?, 101)?)))
        .collect::<Result<Vec<_>>>()?;
    let seconds = start.elapsed().as_secs_f64();

    let document = json!({
        "model": {
            "batches": options.model.batches,
            "aspect_ratio": options.model.aspect_ratio,
            "features": options.features,
            "samples": batching.as_ref().map_or(0, Batching::samples),
            "seed": shared.seed,
        },
        "epoch_step": steps,
        "distances": approaches.iter().map(|approach| (approach.key.to_owned(), json!({
            "distance": approach.distances,
            "exponent": approach.fit.exponent,
            "exponent_error": approach.fit.exponent_error,
        }))).collect::<serde_json::Map<_, _>>(),
        "shrinkage": shrinkages.iter().map(|(step, points)| json!({
            "epoch_step": step,
            "points": points,
        })).collect::<Vec<_>>(),
        "seconds": { "total": seconds },
    });
    let summary =
        summary(options, &steps, &approaches, seconds).map_err(|error| file(Path::new("summary"), error))?;
    let table = || {
        let distances = approaches.iter().map(|approach| (approach.key, approach.distances.clone()));
        let columns = std::iter::once(("epoch_step", steps.clone())).chain(distances).collect();
        Table { columns, ..Table::default() }
    };
    outputs.write(&document, &summary, table, |path| draw(path, options, &steps, &approaches, &shrinkages))
}

fn model(options: &Options, epoch_step: f64) -> Result<MiniBatch> {
    options.model.builder().epoch_step(epoch_step).build()
}

fn summary(
    options: &Options,
    steps: &[f64],
    approaches: &[Approach],
    seconds: f64,
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "mini-batch against full batch at one epoch step: B = {}, p/n = {}, sampled p = {}",
        options.model.batches, options.model.aspect_ratio, options.features
    )?;
    write!(text, "{:>12}", "epoch step")?;
    for approach in approaches {
        write!(text, " {:>30}", approach.name)?;
    }
    for (i, step) in steps.iter().enumerate() {
        write!(text, "\n{step:>12.6}")?;
        for approach in approaches {
            write!(text, " {:>30.3e}", approach.distances[i])?;
        }
    }
    write!(text, "\n{:>12}", "exponent")?;
    for approach in approaches {
        let fit = format!("{:.4} ± {:.4}", approach.fit.exponent, approach.fit.exponent_error);
        write!(text, " {fit:>30}")?;
    }
    writeln!(text, "\nin {seconds:.1} s")?;
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    options: &Options,
    steps: &[f64],
    approaches: &[Approach],
    shrinkages: &[(f64, Vec<Shrinkage>)],
) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};
    let colours = [Colour::Blue, Colour::BluishGreen, Colour::Orange, Colour::Vermillion];
    let mut distances = Panel::new("epoch step a = αB", "distance").title("Approach").log_x().log_y();
    for (approach, colour) in approaches.iter().zip(colours) {
        let line: Vec<f64> =
            steps.iter().map(|a| approach.fit.prefactor * a.powf(approach.fit.exponent)).collect();
        let label = format!("{}: {:.3}", approach.name, approach.fit.exponent);
        distances = distances
            .layer(Layer::curve(steps, &line).colour(colour).dashed())
            .layer(Layer::points(steps, &approach.distances).colour(colour).label(label));
    }
    let mut matched = Panel::new("eigenvalue of W", "eigenvalue of Z").title("Shrinkage");
    let largest = shrinkages[0].1.last().map_or(1.0, |point| point.full_batch);
    matched = matched.layer(
        Layer::curve(&[0.0, largest], &[0.0, largest]).colour(Colour::Black).dashed().label("no shrinkage"),
    );
    for ((step, points), colour) in shrinkages.iter().zip(colours) {
        let x: Vec<f64> = points.iter().map(|point| point.full_batch).collect();
        let y: Vec<f64> = points.iter().map(|point| point.mini_batch).collect();
        matched = matched.layer(Layer::curve(&x, &y).colour(colour).label(format!("a = {step}")));
    }
    let sampled = match options.features {
        0 => String::new(),
        features => format!(", sampled matrices with p = {features}"),
    };
    let subtitle = format!(
        "B = {}, γ = p/n = {}, Σ = I{sampled}; fitted exponents in the legend",
        options.model.batches, options.model.aspect_ratio
    );
    Figure::new("Mini-batch approaches full batch linearly in the step")
        .subtitle(subtitle)
        .panels(1, 2, vec![distances, matched])
        .size(1200, 560)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(_: &Path, _: &Options, _: &[f64], _: &[Approach], _: &[(f64, Vec<Shrinkage>)]) -> Result<()> {
    Ok(())
}
