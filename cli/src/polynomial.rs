//! Limiting spectrum of a polynomial in free variables, against random matrices.
//!
//! `--poly "x*y + y*x" --law x=semicircle:1 --law y=mp:0.5` predicts the law, samples independent random
//! matrices with the given laws, compares and draws. Run with `--help` for the options; `--json -` prints
//! one JSON document instead of the summary.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use clap::Args;
use freespectra::finite::PolynomialMonteCarlo;
use freespectra::polynomial::{FreePolynomial, Polynomial, Route, Variable};
use freespectra::{Law, Result, SpectralLaw};
use serde_json::json;

use crate::law;
use crate::options::{Given, bad, count};
use crate::outputs::{Shared, file};
use crate::sampled::{Sampled, check_draws, sampling_seconds};
use crate::table::{AxisOptions, LawOptions, moments};

/// Predict the limiting spectrum of a polynomial in free variables and check it against random matrices.
#[derive(Debug, Args)]
pub struct Options {
    /// Self-adjoint polynomial, such as "x*y + y*x" or "i*(x*y - y*x)".
    #[arg(long, default_value = "x*y + y*x", allow_hyphen_values = true)]
    poly: String,
    /// Law of a variable, NAME=LAW, written as for `freespectra law` [default: x=semicircle:1 and y=mp:0.5].
    #[arg(long)]
    law: Vec<String>,
    /// Solve by operator-valued subordination, also where there are R-transforms or a shorter way.
    #[arg(long)]
    subordination: bool,
    /// Print the linearisation.
    #[arg(long)]
    linearization: bool,
    #[command(flatten)]
    report: LawOptions,
    /// Size p of the random matrices; 0 for no Monte Carlo.
    #[arg(long, default_value_t = 500, value_parser = count)]
    features: usize,
    /// Independent draws.
    #[arg(long, default_value_t = 4, value_parser = count)]
    draws: usize,
}

/// Most eigenvalues of all draws together.
const MOST_EIGENVALUES: usize = 100_000_000;

pub fn run(options: &Options, shared: &Shared, given: &Given) -> Result<()> {
    let specifications = match options.law.as_slice() {
        [] => vec!["x=semicircle:1".to_owned(), "y=mp:0.5".to_owned()],
        given => given.to_vec(),
    };
    let polynomial: Polynomial = options.poly.parse()?;
    polynomial.check_self_adjoint()?;
    let laws = specifications.iter().map(|text| named_law(text)).collect::<Result<Vec<_>>>()?;
    let laws: Vec<(&str, Law)> = laws.iter().map(|(name, law)| (name.as_str(), law.clone())).collect();
    let route = if options.subordination { Route::Subordination } else { Route::Automatic };
    let model = FreePolynomial::new(polynomial, &laws)?.with_route(route)?;
    let report = options.report.check()?;
    let simulation = simulation(options, shared.seed, &model, given)?;
    let outputs = shared.open("polynomial")?;

    let start = Instant::now();
    let law = outputs.solving("law", options.report.budget, || model.law())?;
    let predict = start.elapsed().as_secs_f64();
    // Without a continuous part there is no histogram to compare.
    let simulation = simulation.filter(|_| !law.support().is_empty());
    let sampled = simulation.map(|simulation| {
        let size = format!("p = {}", options.features);
        Sampled::new(&law, options.draws, size, &outputs, |report| simulation.run(Some(report)))
    });
    let sampled = sampled.transpose()?;
    let monte_carlo = sampling_seconds(sampled.as_ref());

    let density = report.density(&law);
    let mut document = json!({
        "model": {
            "polynomial": model.polynomial().to_string(),
            "laws": specifications,
        },
        "linearization_size": model.linearization().size(),
        "monte_carlo": sampled.as_ref().map(Sampled::document),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    report.fill(&mut document, &law, &density)?;
    let mut summary =
        summary(options, &model, &law, predict).map_err(|error| file(Path::new("summary"), error))?;
    summary += &report.lines(&law)?;
    summary += &sampled.as_ref().map(Sampled::summary).unwrap_or_default();
    outputs.write(
        &document,
        &summary,
        || density.table(),
        |path| draw(path, &model, &specifications, &law, sampled.as_ref(), &options.report.axis),
    )
}

/// A law written `NAME=LAW`.
fn named_law(text: &str) -> Result<(String, Law)> {
    let allowed = "NAME=LAW, such as x=semicircle:1";
    let Some((name, specification)) = text.split_once('=') else {
        return Err(bad("law", format!("{text:?}"), allowed));
    };
    Variable::new(name.trim())?;
    Ok((name.trim().to_owned(), law::parse(specification.trim())?))
}

fn simulation(
    options: &Options,
    seed: u64,
    model: &FreePolynomial,
    given: &Given,
) -> Result<Option<PolynomialMonteCarlo>> {
    let features = options.features;
    check_draws(options.draws, ("features", features), features, MOST_EIGENVALUES, given)?;
    if options.features == 0 {
        return Ok(None);
    }
    let simulation =
        PolynomialMonteCarlo::new(model.polynomial().clone(), &model.ensembles(), options.features)?;
    Ok(Some(simulation.with_draws(options.draws)?.with_seed(seed)))
}

fn summary(
    options: &Options,
    model: &FreePolynomial,
    law: &SpectralLaw,
    predict: f64,
) -> std::result::Result<String, std::fmt::Error> {
    let mut text = String::new();
    let certificate = law.certificate();
    writeln!(text, "polynomial          {}", model.polynomial())?;
    writeln!(text, "linearisation       {} rows", model.linearization().size())?;
    if options.linearization {
        writeln!(text, "{}", model.linearization())?;
    }
    writeln!(text, "law                 {law}")?;
    let listed: Vec<String> = moments(law).iter().map(|moment| format!("{moment:.9}")).collect();
    writeln!(text, "moments             {}", listed.join(", "))?;
    writeln!(
        text,
        "errors              mass {:.1e}, moments {:.1e}; {} solves, residual {:.1e}, {:.1} ms",
        certificate.mass_error,
        certificate.moment_error.unwrap_or(0.0),
        certificate.solves,
        certificate.residual,
        1e3 * predict
    )?;
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    model: &FreePolynomial,
    specifications: &[String],
    law: &SpectralLaw,
    sampled: Option<&Sampled>,
    axis: &AxisOptions,
) -> Result<()> {
    use crate::drawing::Spectrum;
    use freespectra::plot::Figure;
    let mut spectrum = Spectrum::new("eigenvalue", law, axis)?;
    if let Some(sampled) = sampled {
        let histogram = spectrum.histogram(&sampled.spectrum.pooled(), law, &sampled.comparison.histogram);
        spectrum = spectrum.layer(histogram.label(sampled.label()));
    }
    let panel = spectrum.with_law(law, Some("predicted law"));
    Figure::new(format!("Spectrum of {}", model.polynomial()))
        .subtitle(specifications.join(", "))
        .panel(panel)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(
    _: &Path,
    _: &FreePolynomial,
    _: &[String],
    _: &SpectralLaw,
    _: Option<&Sampled>,
    _: &AxisOptions,
) -> Result<()> {
    Ok(())
}
