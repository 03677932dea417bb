//! Sampled spectra, with their progress and what there is to say about them.

use std::time::Instant;

use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::finite::{Batching, SampledSpectrum};
use freespectra::{Result, SpectralLaw};
use serde_json::{Value, json};

use crate::options::{Given, bad};
use crate::outputs::Outputs;

/// Most numbers in one matrix of sampled data, 16 GB.
const MOST_ENTRIES: f64 = 2e9;

/// Batches of sampled data with `features` columns: as many rows as the aspect ratio asks for, split in
/// the given fractions up to one row.
pub fn batching(features: usize, aspect_ratio: f64, fractions: &[f64], given: &Given) -> Result<Batching> {
    if features < 2 {
        return Err(bad("features", features, "at least 2, or 0 for no sampled data"));
    }
    let (rows, batches) = (features as f64 / aspect_ratio, fractions.len());
    if rows * features as f64 > MOST_ENTRIES {
        let allowed =
            format!("at most {MOST_ENTRIES:.0e} numbers of sampled data, {features} x {rows:.1e} here");
        return Err(match given.first(&["features", "aspect_ratio"]) {
            "features" => bad("features", features, allowed),
            _ => bad("aspect_ratio", aspect_ratio, allowed),
        });
    }
    let few = || {
        let shown = format!("{features} features at aspect ratio {aspect_ratio}");
        let allowed = format!("a sample for each of {batches} batches with {shown}");
        match given.first(&["features", "aspect_ratio", "batch_fractions", "batches"]) {
            "features" => bad("features", features, allowed),
            "aspect_ratio" => bad("aspect_ratio", aspect_ratio, allowed),
            "batch_fractions" => bad("batch_fractions", format!("{fractions:?}"), allowed),
            _ => bad("batches", batches, allowed),
        }
    };
    if rows.round() < batches as f64 {
        return Err(few());
    }
    Batching::from_fractions(rows.round() as usize, fractions).map_err(|_| few())
}

/// Checks the number of draws, also where nothing is drawn: at least one, and what they hold fits into memory,
/// `per_draw` numbers for each on account of the option `size`.
pub fn check_draws(
    draws: usize,
    (size, value): (&'static str, usize),
    per_draw: usize,
    most_numbers: usize,
    given: &Given,
) -> Result<()> {
    if draws == 0 {
        return Err(bad("draws", draws, "at least 1"));
    }
    if draws <= most_numbers / per_draw.max(1) {
        return Ok(());
    }
    let allowed =
        format!("few enough for {most_numbers} numbers in all, {per_draw} in each of {draws} draws");
    Err(match given.first(&["draws", size]) {
        "draws" => bad("draws", draws, allowed),
        _ => bad(size, value, allowed),
    })
}

/// Eigenvalues held against a law.
pub fn compared(eigenvalues: &[f64], law: &SpectralLaw) -> Result<Comparison> {
    Comparison::new(eigenvalues, &ReferenceLaw::of(law)?, &Bins::Bands(law.support()))
}

/// The part of the JSON document about a comparison.
pub fn comparison_document(comparison: &Comparison) -> Value {
    json!({
        "eigenvalues": comparison.eigenvalues,
        "ks": comparison.kolmogorov_smirnov,
        "wasserstein1": comparison.wasserstein1,
        "smallest": comparison.smallest.eigenvalue,
        "largest": comparison.largest.eigenvalue,
        "moments": comparison.moments,
        "histogram": comparison.histogram,
    })
}

/// The lines of the summary about a comparison.
pub fn comparison_lines(comparison: &Comparison) -> String {
    format!(
        "distance            Kolmogorov-Smirnov {:.5}, Wasserstein-1 {:.5}\n\
         extremes            {:.5} (edge {:.5}), {:.5} (edge {:.5})\n",
        comparison.kolmogorov_smirnov,
        comparison.wasserstein1,
        comparison.smallest.eigenvalue,
        comparison.smallest.edge,
        comparison.largest.eigenvalue,
        comparison.largest.edge,
    )
}

/// Sampled eigenvalues and their distance to the law.
pub struct Sampled {
    pub spectrum: SampledSpectrum,
    pub comparison: Comparison,
    /// Sizes of the matrices, in words.
    size: String,
    seconds: f64,
}

impl Sampled {
    /// Takes the draws that `run` makes, with a progress bar, and compares them with the law.
    pub fn new(
        law: &SpectralLaw,
        draws: usize,
        size: String,
        outputs: &Outputs,
        run: impl FnOnce(&(dyn Fn(usize) + Sync)) -> Result<SampledSpectrum>,
    ) -> Result<Self> {
        let start = Instant::now();
        let bar = outputs.progress(draws, "draws");
        let spectrum = run(&|finished| bar.set_position(finished as u64))?;
        bar.finish_and_clear();
        let comparison = compared(&spectrum.pooled(), law)?;
        Ok(Self { spectrum, comparison, size, seconds: start.elapsed().as_secs_f64() })
    }

    /// The part of the JSON document about the samples.
    pub fn document(&self) -> Value {
        let mut document = comparison_document(&self.comparison);
        document["features"] = self.spectrum.features.into();
        document["draws"] = self.spectrum.draws().into();
        document["seed"] = self.spectrum.seed.into();
        document
    }

    /// What the histogram is, for the legend of a figure.
    #[cfg(feature = "plot")]
    pub fn label(&self) -> String {
        format!("sampled, {}, {} draws", self.size, self.spectrum.draws())
    }

    /// The lines of the summary about the samples.
    pub fn summary(&self) -> String {
        let Self { spectrum, comparison, size, seconds } = self;
        format!(
            "Monte Carlo         {size}, {} draws, seed {}: {} eigenvalues in {seconds:.2} s\n{}",
            spectrum.draws(),
            spectrum.seed,
            comparison.eigenvalues,
            comparison_lines(comparison),
        )
    }
}

/// Seconds that the sampling took, 0 without any.
pub fn sampling_seconds(sampled: Option<&Sampled>) -> f64 {
    sampled.map_or(0.0, |sampled| sampled.seconds)
}
