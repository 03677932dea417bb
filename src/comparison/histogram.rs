//! Histograms normalised as densities.

use serde::{Deserialize, Serialize};

use super::reference::sorted_and_snapped;
use crate::error::{Error, Result};
use crate::population::Atom;

/// A single outlier stretches the range but not the bin width of Freedman and Diaconis; this keeps
/// the number of bins drawable.
const MOST_BINS: usize = 2000;

/// How to choose the bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bins {
    /// Equal bins of width `2 IQR / n^{1/3}` over the range of the values (Freedman and Diaconis,
    /// Z. Wahrscheinlichkeitstheorie 57, 1981), at most 2000.
    FreedmanDiaconis,
    /// On each of these intervals, increasing and apart, the equal bins that [`Bins::FreedmanDiaconis`]
    /// would give for the values there, and one bin across each gap: for a spectrum with several
    /// bulks. The outer bins are stretched to the outermost values.
    Bands(Vec<[f64; 2]>),
    /// This many equal bins over the range of the values, in `1..=2000`.
    Count(usize),
    /// These edges: finite, strictly increasing, at least two. Values outside are not shown, but
    /// count in the normalisation.
    Edges(Vec<f64>),
}

/// A density that is constant on each bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Edges of the bins, increasing; one more than there are bins.
    pub edges: Vec<f64>,
    /// Density on each bin. A bin contains its lower edge, the last one its upper edge too.
    pub density: Vec<f64>,
}

impl Histogram {
    /// Histogram of all values, in any order.
    ///
    /// ```
    /// use freespectra::comparison::{Bins, Histogram};
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let histogram = Histogram::new(&[0.0, 0.25, 0.5, 2.0], &Bins::Count(2))?;
    /// assert_eq!(histogram.edges, [0.0, 1.0, 2.0]);
    /// assert_eq!(histogram.density, [0.75, 0.25]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no value, one is not finite, or the bins are not as
    /// [`Bins`] asks.
    pub fn new(values: &[f64], bins: &Bins) -> Result<Self> {
        Self::continuous_part(values, &[], bins)
    }

    /// Histogram of the values away from the atoms, normalised by the number of all values, so
    /// that it lies on the density of the continuous part of a law.
    ///
    /// # Errors
    /// As [`Histogram::new`]; also if no value is away from the atoms.
    pub fn continuous_part(values: &[f64], atoms: &[Atom], bins: &Bins) -> Result<Self> {
        let mut sorted = sorted_and_snapped(values, atoms)?;
        let count = sorted.len();
        sorted.retain(|&x| atoms.iter().all(|atom| atom.location != x));
        if sorted.is_empty() {
            return Err(Error::argument(
                "values",
                "all at the atoms",
                "at least one value away from the atoms",
            ));
        }
        let edges = match bins {
            Bins::FreedmanDiaconis => equal_edges(&sorted, freedman_diaconis(&sorted)),
            Bins::Bands(bands) => band_edges(&sorted, bands)?,
            Bins::Count(bins) if (1..=MOST_BINS).contains(bins) => equal_edges(&sorted, *bins),
            Bins::Count(bins) => {
                return Err(Error::argument("bins", bins, format!("in 1..={MOST_BINS}")));
            }
            Bins::Edges(edges) => checked_edges(edges)?,
        };
        let last = edges.len() - 2;
        let density = edges
            .windows(2)
            .enumerate()
            .map(|(bin, edge)| {
                let from = sorted.partition_point(|&x| x < edge[0]);
                let to = sorted.partition_point(|&x| x < edge[1] || (bin == last && x <= edge[1]));
                (to - from) as f64 / (count as f64 * (edge[1] - edge[0]))
            })
            .collect();
        Ok(Self { edges, density })
    }

    /// Integral of the density: the share of the values that is shown.
    pub fn mass(&self) -> f64 {
        self.edges.windows(2).zip(&self.density).map(|(edge, density)| density * (edge[1] - edge[0])).sum()
    }
}

/// Edges of equal bins over the range of the sorted values; a single point gets a unit interval
/// around it.
fn equal_edges(sorted: &[f64], bins: usize) -> Vec<f64> {
    let (mut low, mut high) = (sorted[0], sorted[sorted.len() - 1]);
    let resolution = f64::EPSILON * low.abs().max(high.abs());
    // Below this the edges would not be distinct.
    if high - low <= 2.0 * bins as f64 * resolution {
        let half = 0.5_f64.max(4.0 * bins as f64 * resolution);
        (low, high) = (low - half, high + half);
    }
    let mut edges: Vec<f64> = (0..=bins).map(|i| low + (high - low) * i as f64 / bins as f64).collect();
    // Rounding must not push the largest value out of the last bin.
    edges[bins] = high;
    edges
}

/// Number of bins of the rule of Freedman and Diaconis, for sorted values.
fn freedman_diaconis(sorted: &[f64]) -> usize {
    let quantile = |share: f64| {
        let position = share * (sorted.len() - 1) as f64;
        let (below, above) = (position.floor() as usize, position.ceil() as usize);
        sorted[below] + (sorted[above] - sorted[below]) * position.fract()
    };
    let width = 2.0 * (quantile(0.75) - quantile(0.25)) / (sorted.len() as f64).cbrt();
    let bins = ((sorted[sorted.len() - 1] - sorted[0]) / width).ceil();
    // No spread between the quartiles leaves no width to go by.
    if bins.is_finite() { (bins as usize).clamp(1, MOST_BINS) } else { 1 }
}

/// Edges of [`Bins::Bands`] for sorted values.
fn band_edges(sorted: &[f64], bands: &[[f64; 2]]) -> Result<Vec<f64>> {
    checked_edges(bands.as_flattened())?;
    let mut edges: Vec<f64> = Vec::new();
    for (index, &[low, high]) in bands.iter().enumerate() {
        // Eigenvalues fluctuate across edges: half of each gap belongs to either side.
        let from = match index.checked_sub(1) {
            Some(before) => sorted.partition_point(|&x| x < 0.5 * (bands[before][1] + low)),
            None => 0,
        };
        let to = match bands.get(index + 1) {
            Some([next, _]) => sorted.partition_point(|&x| x < 0.5 * (high + next)),
            None => sorted.len(),
        };
        let own = &sorted[from.min(to)..to];
        let (low, high) = match (own.first(), own.last()) {
            (Some(&first), Some(&last)) => (low.min(first), high.max(last)),
            _ => (low, high),
        };
        let bins = if own.is_empty() { 1 } else { freedman_diaconis(own) };
        edges.extend((0..=bins).map(|i| low + (high - low) * i as f64 / bins as f64));
    }
    edges.dedup();
    checked_edges(&edges)
}

fn checked_edges(edges: &[f64]) -> Result<Vec<f64>> {
    let increasing = edges.windows(2).all(|edge| edge[0] < edge[1]);
    if edges.len() < 2 || !increasing || edges.iter().any(|edge| !edge.is_finite()) {
        let allowed = "at least two finite, strictly increasing numbers";
        return Err(Error::argument("bin edges", format!("{edges:?}"), allowed));
    }
    Ok(edges.to_vec())
}
