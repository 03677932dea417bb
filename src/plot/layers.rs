//! The things a panel can show, each as plain numbers, and the checks they must pass.

use super::colour::Colour;
use crate::error::{Error, Result};
use crate::law::SpectralLaw;

/// Points of a density curve on one interval of the support.
const DENSITY_POINTS: usize = 501;

/// One thing drawn in a panel. Later layers cover earlier ones.
///
/// The data is copied and checked when the figure is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub(super) shape: Shape,
    pub(super) label: Option<String>,
    pub(super) colour: Option<Colour>,
    pub(super) width: Option<f64>,
    pub(super) dash: Dash,
}

/// How a line is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dash {
    Solid,
    Dashed,
    Dotted,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Histogram { edges: Vec<f64>, density: Vec<f64> },
    Curve { x: Vec<f64>, y: Vec<f64> },
    Band { x: Vec<f64>, lower: Vec<f64>, upper: Vec<f64> },
    Points { x: Vec<f64>, y: Vec<f64>, errors: Option<Vec<f64>> },
    Stem { location: f64, mass: f64 },
    Edges { locations: Vec<f64> },
    Vertical { location: f64 },
}

impl Layer {
    fn new(shape: Shape) -> Self {
        Self { shape, label: None, colour: None, width: None, dash: Dash::Solid }
    }

    /// Histogram: `density[k]` between `edges[k]` and `edges[k + 1]`, light with a thin outline.
    pub fn histogram(edges: &[f64], density: &[f64]) -> Self {
        Self::new(Shape::Histogram { edges: edges.to_vec(), density: density.to_vec() })
    }

    /// Line through `(x[k], y[k])`, broken where a coordinate is NaN or infinite.
    pub fn curve(x: &[f64], y: &[f64]) -> Self {
        Self::new(Shape::Curve { x: x.to_vec(), y: y.to_vec() })
    }

    /// Density of a spectral law: a curve on each interval of its support, with points that crowd at the
    /// edges and at singular points.
    pub fn density(law: &SpectralLaw) -> Self {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for points in law.mesh(DENSITY_POINTS * law.support().len()) {
            for position in points {
                x.push(position);
                y.push(law.density(position));
            }
            // Breaks the line at the gap.
            x.extend(x.last().copied());
            y.push(f64::NAN);
        }
        Self::curve(&x, &y)
    }

    /// See-through area between two curves, for instance the spread around a third.
    pub fn band(x: &[f64], lower: &[f64], upper: &[f64]) -> Self {
        Self::new(Shape::Band { x: x.to_vec(), lower: lower.to_vec(), upper: upper.to_vec() })
    }

    /// Round markers at `(x[k], y[k])`.
    pub fn points(x: &[f64], y: &[f64]) -> Self {
        Self::new(Shape::Points { x: x.to_vec(), y: y.to_vec(), errors: None })
    }

    /// Round markers with bars from `y[k] - errors[k]` to `y[k] + errors[k]`.
    pub fn points_with_errors(x: &[f64], y: &[f64], errors: &[f64]) -> Self {
        Self::new(Shape::Points { x: x.to_vec(), y: y.to_vec(), errors: Some(errors.to_vec()) })
    }

    /// Atom of a law. A density axis cannot carry a mass, so the stem has a scale of its own: an
    /// atom of mass 1 is as high as the plot. The location and the mass are written beside it, or in
    /// the legend if there is no room, and the legend states the scale.
    pub fn stem(location: f64, mass: f64) -> Self {
        Self::new(Shape::Stem { location, mass })
    }

    /// Small triangles below the horizontal axis, for edges of the support.
    pub fn edges(locations: &[f64]) -> Self {
        Self::new(Shape::Edges { locations: locations.to_vec() })
    }

    /// Vertical reference line; its label is written beside it, if it fits, rather than in the legend.
    pub fn vertical(location: f64) -> Self {
        Self::new(Shape::Vertical { location })
    }

    /// Densities in `x` as densities in `log x`, whose area is seen on a [logarithmic axis](super::Panel::log_x): curves times
    /// `x`, histograms with the same mass in every bin. What is not at positive `x` is left out.
    pub fn per_logarithm(mut self) -> Self {
        match &mut self.shape {
            Shape::Curve { x, y } => {
                (*x, *y) = x.iter().zip(&*y).filter(|(x, _)| **x > 0.0).map(|(&x, &y)| (x, x * y)).unzip();
            }
            Shape::Band { x, lower, upper } => {
                let shown: Vec<usize> = (0..x.len()).filter(|&i| x[i] > 0.0).collect();
                let scaled = |y: &[f64]| shown.iter().map(|&i| x[i] * y[i]).collect();
                (*lower, *upper) = (scaled(lower), scaled(upper));
                *x = shown.iter().map(|&i| x[i]).collect();
            }
            Shape::Histogram { edges, density } => {
                let dropped = edges.iter().take_while(|edge| **edge <= 0.0).count();
                edges.drain(..dropped);
                density.drain(..dropped);
                for (density, edge) in density.iter_mut().zip(edges.windows(2)) {
                    *density *= (edge[1] - edge[0]) / (edge[1] / edge[0]).ln();
                }
            }
            Shape::Edges { locations } => locations.retain(|&x| x > 0.0),
            Shape::Points { .. } | Shape::Stem { .. } | Shape::Vertical { .. } => {}
        }
        self
    }

    /// Text for the legend.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Colour, instead of the one the layer would get by its kind and place.
    pub fn colour(mut self, colour: Colour) -> Self {
        self.colour = Some(colour);
        self
    }

    /// Width in logical pixels: of the line, of the outline of a histogram, or of a marker.
    pub fn width(mut self, width: f64) -> Self {
        self.width = Some(width);
        self
    }

    /// Dashed line instead of a solid one (curves and vertical lines).
    pub fn dashed(mut self) -> Self {
        self.dash = Dash::Dashed;
        self
    }

    /// Dotted line instead of a solid one (curves and vertical lines).
    pub fn dotted(mut self) -> Self {
        self.dash = Dash::Dotted;
        self
    }

    /// Checks the data; on a logarithmic axis every finite coordinate must be positive, except that
    /// a histogram may have empty bins.
    pub(super) fn validate(&self, log_x: bool, log_y: bool) -> Result<()> {
        if let Some(width) = self.width
            && !(width > 0.0 && width <= MAX_WIDTH)
        {
            return Err(Error::argument("width", width, format!("positive and at most {MAX_WIDTH}")));
        }
        match &self.shape {
            Shape::Histogram { edges, density } => {
                not_empty("histogram density", density.len())?;
                if density.len() + 1 != edges.len() {
                    let allowed = format!("one shorter than histogram edges (length {})", edges.len());
                    let value = format!("of length {}", density.len());
                    return Err(Error::argument("histogram density", value, allowed));
                }
                all("histogram edges", edges, finite(log_x))?;
                if let Some(pair) = edges.windows(2).find(|pair| pair[0] >= pair[1]) {
                    let value = format!("{} before {}", pair[0], pair[1]);
                    return Err(Error::argument("histogram edges", value, "strictly increasing"));
                }
                all("histogram density", density, NOT_NEGATIVE)
            }
            Shape::Curve { x, y } => {
                same_length("curve y", y.len(), "curve x", x.len())?;
                not_empty("curve x", x.len())?;
                all("curve x", x, gaps_allowed(log_x))?;
                all("curve y", y, gaps_allowed(log_y))
            }
            Shape::Band { x, lower, upper } => {
                same_length("band lower", lower.len(), "band x", x.len())?;
                same_length("band upper", upper.len(), "band x", x.len())?;
                not_empty("band x", x.len())?;
                all("band x", x, finite(log_x))?;
                all("band lower", lower, finite(log_y))?;
                all("band upper", upper, finite(log_y))
            }
            Shape::Points { x, y, errors } => {
                same_length("points y", y.len(), "points x", x.len())?;
                not_empty("points x", x.len())?;
                all("points x", x, finite(log_x))?;
                all("points y", y, finite(log_y))?;
                let Some(errors) = errors else { return Ok(()) };
                same_length("points errors", errors.len(), "points x", x.len())?;
                all("points errors", errors, NOT_NEGATIVE)
            }
            Shape::Stem { location, mass } => {
                all("stem location", &[*location], finite(log_x))?;
                all("stem mass", &[*mass], ("in (0, 1]", |m: f64| m > 0.0 && m <= 1.0))
            }
            Shape::Edges { locations } => all("edges", locations, finite(log_x)),
            Shape::Vertical { location } => all("vertical location", &[*location], finite(log_x)),
        }
    }
}

/// Widths above this hide the figure.
const MAX_WIDTH: f64 = 40.0;

/// What is allowed, in words and as a test.
type Allowed = (&'static str, fn(f64) -> bool);

const NOT_NEGATIVE: Allowed = ("finite and not negative", |v| v.is_finite() && v >= 0.0);

fn finite(log: bool) -> Allowed {
    if log {
        ("finite and positive (the axis is logarithmic)", |v| v.is_finite() && v > 0.0)
    } else {
        ("finite", f64::is_finite)
    }
}

fn gaps_allowed(log: bool) -> Allowed {
    if log {
        ("positive (the axis is logarithmic), or NaN for a gap", |v| v > 0.0 || v.is_nan())
    } else {
        ("a number, or NaN for a gap", |_| true)
    }
}

fn all(argument: &'static str, values: &[f64], (words, allowed): Allowed) -> Result<()> {
    match values.iter().position(|&v| !allowed(v)) {
        None => Ok(()),
        Some(k) => Err(Error::argument(argument, format!("{} at index {k}", values[k]), words)),
    }
}

fn not_empty(argument: &'static str, length: usize) -> Result<()> {
    if length == 0 { Err(Error::argument(argument, "empty", "not empty")) } else { Ok(()) }
}

fn same_length(argument: &'static str, length: usize, other: &str, expected: usize) -> Result<()> {
    if length == expected {
        return Ok(());
    }
    let allowed = format!("as long as {other} (length {expected})");
    Err(Error::argument(argument, format!("of length {length}"), allowed))
}
