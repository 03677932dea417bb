//! Limiting spectrum of Z for mini-batch gradient descent, against sampled data.
//!
//! Predicts the law of `Z` for the given batches, step size, aspect ratio and population, samples finite-size batched
//! gradient descent, compares the two, and draws them.

mod infinite;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use freespectra::comparison::Comparison;
use freespectra::finite::{EXACT_BATCHES, Entries, MonteCarlo, Route};
use freespectra::minibatch::{Batches, Order, StabilityStep};
use freespectra::{MiniBatch, Result, SpectralLaw};
use serde_json::{Value, json};

use crate::options::{AnyModelOptions, Given, StepOptions, bad, count, numbers, numbers_of_file};
use crate::outputs::{Shared, file};
use crate::population;
use crate::sampled::{
    Sampled, batching, check_draws, compared, comparison_document, comparison_lines, sampling_seconds,
};
use crate::table::{LawOptions, atom_pairs, moments};

/// Most eigenvalues of all draws together, 8 GB with the copy that is sorted.
const MOST_EIGENVALUES: usize = 500_000_000;

/// Predict the limiting spectrum of Z and check it against sampled batched gradient descent.
///
/// With `--batches inf` the law is found for steps that are not too large: for the identity up to epoch steps of about 1.2 at
/// p/n = 0.5, 0.8 at 0.95 and 0.45 at 2. Beyond, its density has an edge that is not resolved.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    model: AnyModelOptions,
    #[command(flatten)]
    step: StepOptions,
    #[arg(long, default_value = "1:1", allow_hyphen_values = true, help = population::HELP)]
    population: String,
    /// Fractions of the samples in each batch, "f1,f2,...", for unequal batches.
    #[arg(long, allow_hyphen_values = true)]
    batch_fractions: Option<String>,
    #[command(flatten)]
    law: LawOptions,
    /// Report the largest steps for which the mean iterate and single runs converge.
    #[arg(long)]
    critical: bool,
    /// Hold the eigenvalues in this file against the law.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Features p of the sampled data; 0 for no Monte Carlo.
    #[arg(long, default_value_t = 500, value_parser = count)]
    features: usize,
    /// Independent draws of the data.
    #[arg(long, default_value_t = 4, value_parser = count)]
    draws: usize,
    /// Distribution of the entries: gaussian, rademacher, uniform or student:NU.
    #[arg(long, default_value = "gaussian")]
    entries: String,
    /// Sampled orderings per draw, used above 12 batches.
    #[arg(long, default_value_t = 200, value_parser = count)]
    permutations: usize,
}

/// What is predicted, and what it is held against.
struct Prediction {
    model: MiniBatch,
    law: SpectralLaw,
    full: SpectralLaw,
    sampled: Option<Sampled>,
    compared: Option<Comparison>,
    critical: Option<Critical>,
    /// Seconds that both laws took.
    seconds: f64,
}

/// Steps at which gradient descent starts to diverge.
struct Critical {
    /// The mean iterate does: step size of one batch.
    step_size: f64,
    /// As step of an epoch.
    epoch_step: f64,
    /// Single runs do, reshuffled every epoch.
    runs: StabilityStep,
}

impl Critical {
    fn new(model: &MiniBatch) -> Result<Self> {
        let step_size = model.critical_step_size()?;
        let epoch_step = step_size * model.batches() as f64;
        Ok(Self { step_size, epoch_step, runs: model.stability_step(Order::Reshuffled)? })
    }

    fn fill(&self, document: &mut Value) {
        document["critical_step_size"] = self.step_size.into();
        document["critical_epoch_step"] = self.epoch_step.into();
        document["stability_epoch_step"] = self.runs.epoch_step.into();
        document["stability_uncertainty"] = self.runs.uncertainty.into();
    }

    fn lines(&self) -> String {
        format!(
            "mean iterate        diverges beyond step size {:.9}, epoch step {:.9}\n\
             single runs         reshuffled every epoch, diverge beyond epoch step {:.4} ± {:.4}\n",
            self.step_size, self.epoch_step, self.runs.epoch_step, self.runs.uncertainty
        )
    }
}

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    if options.model.batches == Batches::Infinite {
        return infinite::run(options, shared, given);
    }
    let model = model(options)?;
    let report = options.law.check()?;
    let simulation = simulation(options, shared.seed, &model, given)?;
    let elsewhere = options.compare.as_deref().map(numbers_of_file).transpose()?;
    let outputs = shared.open("z")?;

    let start = Instant::now();
    let budget = options.law.budget;
    let (law, full) =
        outputs.solving("law of Z", budget, || Ok((model.law()?, model.full_batch().law()?)))?;
    let seconds = start.elapsed().as_secs_f64();
    let critical = if options.critical { Some(Critical::new(&model)?) } else { None };
    let compared = elsewhere.map(|eigenvalues| compared(&eigenvalues, &law)).transpose()?;
    let sampled = simulation.as_ref().map(|simulation| {
        let size = format!("p = {}, n = {}", options.features, simulation.samples());
        Sampled::new(&law, options.draws, size, &outputs, |report| simulation.run(Some(report)))
    });
    let prediction =
        Prediction { sampled: sampled.transpose()?, model, law, full, compared, critical, seconds };

    let density = report.density(&prediction.law);
    let mut document = prediction.document(simulation.map(|simulation| simulation.samples()));
    report.fill(&mut document, &prediction.law, &density)?;
    let points = report.lines(&prediction.law)?;
    let summary = prediction.summary(&points).map_err(|error| file(Path::new("summary"), error))?;
    outputs.write(&document, &summary, || density.table(), |path| prediction.draw(path, options))
}

fn model(options: &Options) -> Result<MiniBatch> {
    let population = population::population(&options.population)?;
    let mut builder = options.step.set(options.model.builder()?.population(population), 1.0);
    if let Some(text) = &options.batch_fractions {
        builder = builder.batch_fractions(&numbers("batch_fractions", text)?);
    }
    builder.build()
}

/// The sampled counterpart: as many rows as the aspect ratio asks for, in batches of the given
/// fractions, or of equal size up to one row.
fn simulation(options: &Options, seed: u64, model: &MiniBatch, given: &Given) -> Result<Option<MonteCarlo>> {
    // Every option is checked, used or not.
    let entries = options.entries.parse::<Entries>()?;
    let features = options.features;
    check_draws(options.draws, ("features", features), features, MOST_EIGENVALUES, given)?;
    if options.permutations == 0 {
        return Err(bad("permutations", 0, "at least 1"));
    }
    if options.features == 0 {
        return Ok(None);
    }
    let batching = batching(options.features, model.aspect_ratio(), model.batch_fractions(), given)?;
    let route = match model.batches() {
        0..=EXACT_BATCHES => Route::Exact,
        _ => Route::Permutations(options.permutations),
    };
    let simulation = MonteCarlo::new(options.features, batching, model.step_size())?
        .with_step_sizes(model.step_sizes().to_vec())?
        .with_population(model.population().clone())
        .with_entries(entries)?
        .with_draws(options.draws)?
        .with_seed(seed)
        .with_route(route)?;
    Ok(Some(simulation))
}

impl Prediction {
    fn document(&self, samples: Option<usize>) -> Value {
        let Self { model, full, .. } = self;
        let monte_carlo = self.sampled.as_ref().map(|sampled| {
            let mut document = sampled.document();
            document["samples"] = samples.into();
            document
        });
        let mut document = json!({
            "model": {
                "batches": model.batches(),
                "aspect_ratio": model.aspect_ratio(),
                "step_size": model.step_size(),
                "epoch_step": model.epoch_step(),
                "population": model.population().as_atoms(),
                "batch_fractions": model.batch_fractions(),
            },
            "full_batch": { "support": full.support(), "atoms": atom_pairs(full), "moments": moments(full) },
            "monte_carlo": monte_carlo,
            "seconds": { "predict": self.seconds, "monte_carlo": sampling_seconds(self.sampled.as_ref()) },
        });
        if let Some(compared) = &self.compared {
            document["compare"] = comparison_document(compared);
        }
        if let Some(critical) = &self.critical {
            critical.fill(&mut document);
        }
        document
    }

    fn summary(&self, points: &str) -> std::result::Result<String, std::fmt::Error> {
        let Self { model, law, full, .. } = self;
        let mut text = String::new();
        let certificate = law.certificate();
        writeln!(
            text,
            "mini-batch gradient descent: B = {}, step size {:.6} (epoch step {:.6}), p/n = {}",
            model.batches(),
            model.step_size(),
            model.epoch_step(),
            model.aspect_ratio()
        )?;
        writeln!(text, "law of Z            {law}")?;
        writeln!(text, "law of W (B = 1)    {full}")?;
        writeln!(text, "mean, variance      {:.9}, {:.9}", law.mean(), law.variance())?;
        writeln!(
            text,
            "errors              mass {:.1e}, mean {:.1e}, variance {:.1e}; {} solves, residual {:.1e}, {:.1} ms for both laws",
            certificate.mass_error,
            certificate.mean_error,
            certificate.variance_error,
            certificate.solves,
            certificate.residual,
            1e3 * self.seconds
        )?;
        text += &self.critical.as_ref().map(Critical::lines).unwrap_or_default();
        text += points;
        if let Some(compared) = &self.compared {
            writeln!(text, "compared            {} eigenvalues", compared.eigenvalues)?;
            text += &comparison_lines(compared);
        }
        text += &self.sampled.as_ref().map(Sampled::summary).unwrap_or_default();
        Ok(text)
    }

    #[cfg(feature = "plot")]
    fn draw(&self, path: &Path, options: &Options) -> Result<()> {
        use crate::drawing::Spectrum;
        use freespectra::plot::{Colour, Figure, Layer};
        let Self { model, law, full, .. } = self;
        let mut spectrum = Spectrum::new("eigenvalue of Z", law, &options.law.axis)?;
        if let Some(sampled) = &self.sampled {
            let histogram =
                spectrum.histogram(&sampled.spectrum.pooled(), law, &sampled.comparison.histogram);
            let label = format!("{}, {}", sampled.label(), options.entries);
            spectrum = spectrum.layer(histogram.label(label));
        }
        if let (Some(compared), Some(path)) = (&self.compared, &options.compare) {
            let histogram = Layer::histogram(&compared.histogram.edges, &compared.histogram.density);
            spectrum = spectrum.layer(histogram.colour(Colour::Orange).label(path.display().to_string()));
        }
        let panel = spectrum
            .layer(Layer::density(full).colour(Colour::Black).dashed().label("full batch, W"))
            .with_law(law, Some("predicted law of Z"));
        let mut subtitle = format!(
            "B = {}, α = {:.4}, γ = p/n = {}, {}",
            model.batches(),
            model.step_size(),
            model.aspect_ratio(),
            crate::table::describe(model.population())
        );
        if let Some(fractions) = &options.batch_fractions {
            subtitle.push_str(&format!(", batch fractions {}", fractions.replace(',', ", ")));
        }
        Figure::new("Spectrum of Z under mini-batch gradient descent")
            .subtitle(subtitle)
            .panel(panel)
            .save(path)
    }

    #[cfg(not(feature = "plot"))]
    fn draw(&self, _: &Path, _: &Options) -> Result<()> {
        Ok(())
    }
}
