//! Publication-quality figures of spectra, as PNG or SVG.
//!
//! A [`Figure`] has a title, a subtitle for the parameters, and one [`Panel`] or a grid of them. A
//! panel has two axes and a list of [`Layer`]s, drawn in the order they were added. Everything is
//! plain numbers; the data is checked when the figure is saved. The extension of the file name
//! chooses the format.
//!
//! ```
//! use freespectra::plot::{Colour, Figure, Layer, Panel};
//!
//! // Marchenko-Pastur law of ratio 1/4, and a histogram of four bins.
//! let (lower, upper) = (0.25, 2.25);
//! let x: Vec<f64> = (0..=400).map(|k| lower + (upper - lower) * f64::from(k) / 400.0).collect();
//! let density: Vec<f64> = x
//!     .iter()
//!     .map(|&x| ((upper - x) * (x - lower)).sqrt() / (0.5 * std::f64::consts::PI * x))
//!     .collect();
//!
//! let panel = Panel::new("eigenvalue λ", "density")
//!     .layer(Layer::histogram(&[0.25, 0.75, 1.25, 1.75, 2.25], &[0.79, 0.62, 0.38, 0.21]).label("sample"))
//!     .layer(Layer::curve(&x, &density).label("predicted density").colour(Colour::Vermillion))
//!     .layer(Layer::edges(&[lower, upper]).label("edges of the support"));
//!
//! let path = std::env::temp_dir().join("freespectra-marchenko-pastur.svg");
//! Figure::new("Marchenko–Pastur law").subtitle("γ = 0.25").panel(panel).save(&path)?;
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), freespectra::Error>(())
//! ```

mod axes;
mod colour;
mod draw;
mod figure;
mod layers;
mod layout;
mod output;
mod paths;
mod placement;
mod range;
mod shapes;
mod surface;
mod text;

pub use colour::Colour;
pub use figure::{Figure, Panel};
pub use layers::Layer;
