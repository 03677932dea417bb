//! What the figures of curves share, and those of spectra.

use freespectra::comparison::{Bins, Histogram};
use freespectra::plot::{Colour, Layer, Panel};
use freespectra::{Result, SpectralLaw};

use crate::table::AxisOptions;

/// Bins of a histogram over decades.
const BINS: usize = 100;

/// A panel with a law and others next to it. Of a law over decades it shows densities in the logarithm.
pub struct Spectrum {
    panel: Panel,
    log: bool,
}

impl Spectrum {
    /// An empty panel for `law`.
    ///
    /// # Errors
    /// If a logarithmic axis is asked for and the law is not one of positive numbers.
    pub fn new(label: &str, law: &SpectralLaw, axis: &AxisOptions) -> Result<Self> {
        let log = axis.is_logarithmic(law)?;
        let panel = match log {
            true => Panel::new(format!("{label}, logarithmic"), "density in the logarithm, x ρ(x)").log_x(),
            false => Panel::new(label, "density"),
        };
        Ok(Self { panel, log })
    }

    /// Adds densities.
    pub fn layer(mut self, layer: Layer) -> Self {
        self.panel = self.panel.layer(if self.log { layer.per_logarithm() } else { layer });
        self
    }

    /// A histogram of `values`; the given one on a linear axis.
    pub fn histogram(&self, values: &[f64], law: &SpectralLaw, histogram: &Histogram) -> Layer {
        let linear = || Layer::histogram(&histogram.edges, &histogram.density);
        if !self.log {
            return linear();
        }
        let positive = values.iter().copied().filter(|&x| x > 0.0);
        let [low, high] =
            positive.fold([f64::INFINITY, 0.0], |[low, high]: [f64; 2], x| [low.min(x), high.max(x)]);
        let edge = |i: usize| low * (high / low).powf(i as f64 / BINS as f64);
        let edges: Vec<f64> = (0..=BINS).map(edge).collect();
        Histogram::continuous_part(values, law.atoms(), &Bins::Edges(edges))
            .map_or_else(|_| linear(), |histogram| Layer::histogram(&histogram.edges, &histogram.density))
    }

    /// Adds the law itself, its edges and its atoms, and gives the panel.
    pub fn with_law(mut self, law: &SpectralLaw, label: Option<&str>) -> Panel {
        let hidden: f64 =
            law.atoms().iter().filter(|atom| self.log && atom.location <= 0.0).map(|atom| atom.mass).sum();
        let edges: Vec<f64> = law.support().into_iter().flatten().collect();
        if !edges.is_empty() {
            let mut density = Layer::density(law).colour(Colour::Vermillion);
            let label = label.unwrap_or("density");
            if hidden > 0.0 {
                density = density.label(format!("{label}, mass {hidden:.4} at 0"));
            } else if label != "density" {
                density = density.label(label);
            }
            self = self.layer(density).layer(Layer::edges(&edges).label("edges of the support"));
        }
        for atom in law.atoms().iter().filter(|atom| !self.log || atom.location > 0.0) {
            self.panel = self.panel.layer(Layer::stem(atom.location, atom.mass));
        }
        self.panel
    }
}

/// Whether curves that start near `start` need a logarithmic axis: one that diverges leaves the others
/// flat.
pub fn is_wild(start: f64, curves: &[&[f64]]) -> bool {
    const WILD: f64 = 30.0;
    curves.iter().flat_map(|curve| curve.iter()).any(|&x| x > WILD * start)
}

/// The points that a figure can show, on a logarithmic axis those from 1e-12 to 1e12.
pub fn drawable(x: &[f64], y: &[f64], log: bool) -> (Vec<f64>, Vec<f64>) {
    let shown = |y: f64| !log || (1e-12..1e12).contains(&y);
    x.iter().zip(y).filter(|&(_, &y)| shown(y)).unzip()
}

/// Markers with their errors, if there is one to be shown. On a logarithmic axis errors that reach below
/// zero are left out.
pub fn points(x: &[f64], y: &[f64], errors: &[f64], log: bool) -> Option<freespectra::plot::Layer> {
    let (positions, values) = drawable(x, y, log);
    if values.is_empty() {
        return None;
    }
    let errors: Vec<f64> = y
        .iter()
        .zip(errors)
        .filter(|&(&y, _)| drawable(&[0.0], &[y], log).1.len() == 1)
        .map(|(&y, &error)| if log && error >= y { 0.0 } else { error })
        .collect();
    Some(freespectra::plot::Layer::points_with_errors(&positions, &values, &errors))
}
