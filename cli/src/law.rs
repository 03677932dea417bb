//! The law of an expression in laws of free variables.

use std::path::Path;
use std::time::Instant;

use clap::Args;
use freespectra::free::NAMED;
use freespectra::{Law, Result};
use serde_json::json;

use crate::options::numbers_of_file;
use crate::outputs::Shared;
use crate::table::{LawOptions, moments};

/// Free cumulants that are reported.
const CUMULANTS: usize = 4;

/// Predict a law by operations on laws: free sums, products, powers, compressions.
#[derive(Debug, Args)]
pub struct Options {
    #[arg(value_name = "EXPR", allow_hyphen_values = true, help = help())]
    expression: String,
    #[command(flatten)]
    report: LawOptions,
}

fn help() -> String {
    format!(
        "Such as \"mp:0.5 * atoms:1@0.5,5@0.5\", \"semicircle:1 + uniform:-1:1\", \"2*mp:1 - 1\", \
         \"compress(mp:1, 0.3)\" or \"power(bernoulli, 3)\"; the laws with names are {NAMED}; eigenvalues:FILE has those of a file"
    )
}

/// The law of a text, with eigenvalues from files.
pub fn parse(text: &str) -> Result<Law> {
    Law::parse_with(text, |path| numbers_of_file(Path::new(path)))
}

pub fn run(options: &Options, shared: &Shared) -> Result<()> {
    let report = options.report.check()?;
    let outputs = shared.open("law")?;
    let start = Instant::now();
    let law = outputs.solving("law", options.report.budget, || parse(&options.expression))?;
    let seconds = start.elapsed().as_secs_f64();

    let spectral = law.spectral();
    let density = report.density(spectral);
    let cumulants = law.free_cumulants(CUMULANTS);
    let mut document = json!({
        "expression": options.expression,
        "free_cumulants": cumulants,
        "seconds": { "predict": seconds },
    });
    report.fill(&mut document, spectral, &density)?;
    let certificate = spectral.certificate();
    let summary = format!(
        "expression          {}\n\
         law                 {spectral}\n\
         moments             {}\n\
         free cumulants      {}\n\
         errors              mass {:.1e}, mean {:.1e}, variance {:.1e}; {} solves, residual {:.1e}, {:.1} ms\n{}",
        options.expression,
        listed(&moments(spectral)),
        listed(&cumulants),
        certificate.mass_error,
        certificate.mean_error,
        certificate.variance_error,
        certificate.solves,
        certificate.residual,
        1e3 * seconds,
        report.lines(spectral)?,
    );
    outputs.write(&document, &summary, || density.table(), |path| draw(path, options, &law))
}

fn listed(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|x| format!("{x:.9}")).collect();
    numbers.join(", ")
}

#[cfg(feature = "plot")]
fn draw(path: &Path, options: &Options, law: &Law) -> Result<()> {
    use crate::drawing::Spectrum;
    let spectral = law.spectral();
    let panel = Spectrum::new("x", spectral, &options.report.axis)?.with_law(spectral, None);
    freespectra::plot::Figure::new(format!("Law of {}", options.expression)).panel(panel).save(path)
}

#[cfg(not(feature = "plot"))]
fn draw(_: &Path, _: &Options, _: &Law) -> Result<()> {
    Ok(())
}
