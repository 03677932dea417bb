//! Limiting spectrum of a polynomial in free variables, against random matrices.
//!
//! `--poly "x*y + y*x" --law x=semicircle:1 --law y=mp:0.5` predicts the law, samples independent random
//! matrices with the given laws, compares and draws. Run with `--help` for the options; `--json -` prints
//! one JSON document instead of the summary.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use freespectra::finite::PolynomialMonteCarlo;
use freespectra::polynomial::{FreePolynomial, Polynomial, Route, Variable};
use freespectra::{Law, Result, SpectralLaw};
use serde_json::json;
use support::{
    DensityTable, Given, OutputOptions, Sampled, atom_pairs, bad, check_draws, check_points, count, file,
    lines_at, moments, numbers_of_file, points_of, sampling_seconds, seed, values_at,
};

/// Predict the limiting spectrum of a polynomial in free variables and check it against random matrices.
#[derive(Debug, Parser)]
#[command(version, allow_negative_numbers = true)]
struct Options {
    /// Self-adjoint polynomial, such as "x*y + y*x" or "i*(x*y - y*x)".
    #[arg(long, default_value = "x*y + y*x", allow_hyphen_values = true)]
    poly: String,
    /// Law of a variable, NAME=LAW with one of semicircle:VARIANCE, mp:RATIO[:SCALE], atoms:t@w,t@w,
    /// projection:TRACE, bernoulli, uniform:A:B, arcsine:A:B, eigenvalues:FILE [default: x=semicircle:1,
    /// y=mp:0.5].
    #[arg(long)]
    law: Vec<String>,
    /// Solve by operator-valued subordination, also where there are R-transforms or a shorter way.
    #[arg(long)]
    subordination: bool,
    /// Print the linearisation.
    #[arg(long)]
    linearization: bool,
    /// Points at which to report density and distribution function, "x1,x2,...".
    #[arg(long, allow_hyphen_values = true)]
    at: Option<String>,
    /// Number of points of the density table.
    #[arg(long, default_value_t = 512, value_parser = count)]
    points: usize,
    /// Size p of the random matrices; 0 for no Monte Carlo.
    #[arg(long, default_value_t = 500, value_parser = count)]
    features: usize,
    /// Independent draws.
    #[arg(long, default_value_t = 4, value_parser = count)]
    draws: usize,
    /// Seed of the draws.
    #[arg(long, default_value_t = 1, value_parser = seed)]
    seed: u64,
    #[command(flatten)]
    output: OutputOptions,
}

/// Most eigenvalues of all draws together.
const MOST_EIGENVALUES: usize = 100_000_000;

fn main() -> ExitCode {
    support::run(run)
}

fn run(options: &Options, given: &Given) -> Result<()> {
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
    let at = points_of(options.at.as_deref())?;
    check_points(options.points)?;
    let simulation = simulation(options, &model, given)?;
    let outputs = options.output.open("figures/free_polynomial.png")?;

    let start = Instant::now();
    let law = model.law()?;
    let predict = start.elapsed().as_secs_f64();
    // Without a continuous part there is no histogram to compare.
    let simulation = simulation.filter(|_| !law.support().is_empty());
    let sampled = simulation.map(|simulation| {
        let size = format!("p = {}", options.features);
        Sampled::new(&law, options.draws, size, |report| simulation.run(Some(report)))
    });
    let sampled = sampled.transpose()?;
    let monte_carlo = sampling_seconds(sampled.as_ref());

    let density = DensityTable::new(&law, options.points);
    let document = json!({
        "model": {
            "polynomial": model.polynomial().to_string(),
            "laws": specifications,
        },
        "linearization_size": model.linearization().size(),
        "support": law.support(),
        "atoms": atom_pairs(&law),
        "moments": moments(&law),
        "total_mass": law.total_mass(),
        "residual": law.certificate().residual,
        "solves": law.certificate().solves,
        "density": density.json(),
        "at": values_at(&law, &at),
        "monte_carlo": sampled.as_ref().map(Sampled::document),
        "seconds": { "predict": predict, "monte_carlo": monte_carlo },
    });
    let summary = summary(options, &model, &law, sampled.as_ref(), &at, predict)
        .map_err(|error| file(Path::new("summary"), error))?;
    outputs.write(
        &document,
        &summary,
        || density.table(),
        |path| draw(path, &model, &specifications, &law, sampled.as_ref()),
    )
}

/// A law written `NAME=LAW`.
fn named_law(text: &str) -> Result<(String, Law)> {
    let allowed = "NAME=LAW, such as x=semicircle:1";
    let Some((name, specification)) = text.split_once('=') else {
        return Err(bad("law", format!("{text:?}"), allowed));
    };
    Variable::new(name.trim())?;
    Ok((name.trim().to_owned(), law(specification.trim())?))
}

fn law(text: &str) -> Result<Law> {
    let (kind, parameters) = text.split_once(':').unwrap_or((text, ""));
    let wrong = |allowed: &str| bad("law", format!("{text:?}"), allowed);
    let list = |allowed: &str| -> Result<Vec<f64>> {
        let number = |item: &str| item.trim().parse::<f64>().ok().filter(|x| x.is_finite());
        let numbers: Option<Vec<f64>> = parameters.split(':').map(number).collect();
        numbers.ok_or_else(|| wrong(allowed))
    };
    match kind {
        "semicircle" => match list("semicircle:VARIANCE")?[..] {
            [variance] => Law::semicircle(variance),
            _ => Err(wrong("semicircle:VARIANCE")),
        },
        "mp" => match list("mp:RATIO[:SCALE]")?[..] {
            [ratio] => Law::marchenko_pastur(ratio),
            [ratio, scale] => Law::marchenko_pastur(ratio)?.affine(scale, 0.0),
            _ => Err(wrong("mp:RATIO[:SCALE]")),
        },
        "projection" => match list("projection:TRACE")?[..] {
            [trace] => Law::projection(trace),
            _ => Err(wrong("projection:TRACE")),
        },
        "uniform" => match list("uniform:A:B")?[..] {
            [low, high] => Law::uniform(low, high),
            _ => Err(wrong("uniform:A:B")),
        },
        "arcsine" => match list("arcsine:A:B")?[..] {
            [low, high] => Law::arcsine(low, high),
            _ => Err(wrong("arcsine:A:B")),
        },
        "bernoulli" if parameters.is_empty() => Law::bernoulli(),
        "atoms" => {
            let pair = |item: &str| {
                let (location, mass) = item.split_once('@')?;
                Some((location.trim().parse().ok()?, mass.trim().parse().ok()?))
            };
            let pairs: Option<Vec<(f64, f64)>> = parameters.split(',').map(pair).collect();
            Law::atoms(&pairs.ok_or_else(|| wrong("atoms:t@w,t@w,..., locations with their masses"))?)
        }
        "eigenvalues" => Law::eigenvalues(&numbers_of_file(Path::new(parameters))?),
        _ => Err(wrong(
            "semicircle:VARIANCE, mp:RATIO[:SCALE], atoms:t@w,t@w, projection:TRACE, bernoulli, uniform:A:B, \
             arcsine:A:B or eigenvalues:FILE",
        )),
    }
}

fn simulation(
    options: &Options,
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
    Ok(Some(simulation.with_draws(options.draws)?.with_seed(options.seed)))
}

fn summary(
    options: &Options,
    model: &FreePolynomial,
    law: &SpectralLaw,
    sampled: Option<&Sampled>,
    at: &[f64],
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
    text.push_str(&lines_at(law, at));
    if let Some(sampled) = sampled {
        text.push_str(&sampled.summary());
    }
    Ok(text)
}

#[cfg(feature = "plot")]
fn draw(
    path: &Path,
    model: &FreePolynomial,
    specifications: &[String],
    law: &SpectralLaw,
    sampled: Option<&Sampled>,
) -> Result<()> {
    use freespectra::plot::{Colour, Figure, Layer, Panel};
    let mut panel = Panel::new("eigenvalue", "density");
    if let Some(sampled) = sampled {
        let histogram = &sampled.comparison.histogram;
        panel = panel.layer(Layer::histogram(&histogram.edges, &histogram.density).label(sampled.label()));
    }
    if !law.support().is_empty() {
        let edges: Vec<f64> = law.support().into_iter().flatten().collect();
        panel = panel
            .layer(Layer::density(law).colour(Colour::Vermillion).label("predicted law"))
            .layer(Layer::edges(&edges).label("edges of the support"));
    }
    for atom in law.atoms() {
        panel = panel.layer(Layer::stem(atom.location, atom.mass));
    }
    Figure::new(format!("Spectrum of {}", model.polynomial()))
        .subtitle(specifications.join(", "))
        .panel(panel)
        .save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(_: &Path, _: &FreePolynomial, _: &[String], _: &SpectralLaw, _: Option<&Sampled>) -> Result<()> {
    Ok(())
}
