//! Figures and panels, as the caller describes them.

use super::draw;
use super::layers::Layer;
use super::output::{self, Format};
use crate::error::{Error, Result};
use std::path::Path;

/// Size of a figure with one panel, logical pixels.
const SINGLE: (u32, u32) = (960, 640);
/// Size of each panel of a grid, logical pixels.
const PANEL: (u32, u32) = (470, 360);
/// Allowed width and height of a figure, logical pixels: a bitmap takes 108 bytes for each.
const SIDES: std::ops::RangeInclusive<u32> = 200..=2400;
/// Allowed number of rows and of columns.
const GRID: std::ops::RangeInclusive<usize> = 1..=6;

/// A figure: a title, a subtitle and panels. See the [module](crate::plot) for an example.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) panels: Vec<Panel>,
    size: Option<(u32, u32)>,
}

impl Figure {
    /// An empty figure with a title (which may be empty, for a figure with a caption elsewhere).
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            rows: 1,
            columns: 1,
            panels: Vec::new(),
            size: None,
        }
    }

    /// Second line under the title, usually the parameters.
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = subtitle.into();
        self
    }

    /// The only panel.
    pub fn panel(self, panel: Panel) -> Self {
        self.panels(1, 1, vec![panel])
    }

    /// A grid of panels, filled row by row.
    pub fn panels(mut self, rows: usize, columns: usize, panels: Vec<Panel>) -> Self {
        (self.rows, self.columns, self.panels) = (rows, columns, panels);
        self
    }

    /// Size in logical pixels, instead of 960 x 640 for one panel and 470 x 360 for each of a grid.
    /// A PNG has two pixels per logical pixel in each direction.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    /// Checks the data, draws, and writes the file at once: there is either the whole picture or
    /// the file that was there before.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the extension is neither `png` nor `svg`, or if data, ranges
    /// or sizes cannot be drawn; [`Error::File`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let format = Format::of(path)?;
        let size = self.checked_size()?;
        let page = draw::Page::new(self, size)?;
        let bytes = output::render(format, size, |surface| page.draw(surface))
            .map_err(|reason| Error::File { path: path.display().to_string(), reason })?;
        output::write(path, &bytes)
    }

    fn checked_size(&self) -> Result<(u32, u32)> {
        for (name, count) in [("rows", self.rows), ("columns", self.columns)] {
            if !GRID.contains(&count) {
                return Err(Error::argument(
                    name,
                    count,
                    format!("between {} and {}", GRID.start(), GRID.end()),
                ));
            }
        }
        let cells = self.rows * self.columns;
        if self.panels.is_empty() || self.panels.len() > cells {
            return Err(Error::argument(
                "panels",
                self.panels.len(),
                format!("between 1 and {cells} panels"),
            ));
        }
        let (width, height) = self.size.unwrap_or(match (self.rows, self.columns) {
            (1, 1) => SINGLE,
            (rows, columns) => {
                let side = |count: usize, one: u32| (count as u32 * one).min(*SIDES.end());
                (side(columns, PANEL.0), side(rows, PANEL.1))
            }
        });
        for (name, side) in [("width", width), ("height", height)] {
            if !SIDES.contains(&side) {
                return Err(Error::argument(
                    name,
                    side,
                    format!("between {} and {}", SIDES.start(), SIDES.end()),
                ));
            }
        }
        Ok((width, height))
    }
}

/// Two axes and the layers drawn between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) x_range: Option<(f64, f64)>,
    pub(super) y_range: Option<(f64, f64)>,
    pub(super) x_log: bool,
    pub(super) y_log: bool,
    pub(super) layers: Vec<Layer>,
}

impl Panel {
    /// A panel with labels for its two axes, linear and ranging over what the layers show.
    ///
    /// Without [`Panel::y_range`], peaks that hold next to no area (a density at a hard edge) may
    /// leave the plot at the top.
    pub fn new(x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self {
            title: String::new(),
            x_label: x_label.into(),
            y_label: y_label.into(),
            x_range: None,
            y_range: None,
            x_log: false,
            y_log: false,
            layers: Vec::new(),
        }
    }

    /// Title above this panel, for a grid.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Ends of the horizontal axis.
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.x_range = Some((low, high));
        self
    }

    /// Ends of the vertical axis.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Makes the horizontal axis logarithmic.
    pub fn log_x(mut self) -> Self {
        self.x_log = true;
        self
    }

    /// Makes the vertical axis logarithmic.
    pub fn log_y(mut self) -> Self {
        self.y_log = true;
        self
    }

    /// Adds a layer on top of those already there.
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        if self.layers.is_empty() {
            return Err(Error::argument("layers", "empty", "at least one layer"));
        }
        self.layers.iter().try_for_each(|layer| layer.validate(self.x_log, self.y_log))
    }
}
