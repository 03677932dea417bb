//! Where the parts of a panel go.

use super::axes::{Axis, Tick};
use super::figure::Panel;
use super::paths::Rect;
use super::range;
use super::surface::Point;
use super::text::{self, Face};
use crate::error::Result;

/// Sizes of letters and lines for a panel, all in proportion.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// 1 for a panel as wide as a figure of its own.
    pub unit: f64,
    pub heading: f64,
    pub label: f64,
    pub tick: f64,
    pub legend: f64,
}

impl Sizes {
    /// Letters shrink more slowly than panels, or they could not be read in a grid.
    pub fn for_width(width: f64) -> Self {
        let unit = (width / 900.0).powf(0.35).clamp(0.7, 1.0);
        Self { unit, heading: 16.0 * unit, label: 16.0 * unit, tick: 14.0 * unit, legend: 14.0 * unit }
    }
}

/// A panel with all its places decided.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub sizes: Sizes,
    /// The rectangle between the axes.
    pub area: Rect,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// Space the widest number along the vertical axis takes.
    pub y_tick_width: f64,
    x_axis: Axis,
    y_axis: Axis,
}

/// Places are kept within this many pixels, so that they stay whole numbers on every surface.
const FAR: f64 = 1e6;

impl Layout {
    /// Lays out `panel` in `frame`; `heading` leaves room for a title, and an automatic
    /// vertical axis is made longer by `stretch`.
    pub fn new(panel: &Panel, frame: &Rect, heading: bool, stretch: f64) -> Result<Self> {
        let sizes = Sizes::for_width(frame.width());
        let x_axis = range::horizontal(&panel.layers, panel.x_range, panel.x_log)?;
        let mut y_axis = range::vertical(&panel.layers, panel.y_range, panel.y_log, &x_axis)?;
        if panel.y_range.is_none() {
            y_axis.high = if y_axis.log {
                y_axis.low * (y_axis.high / y_axis.low).powf(stretch)
            } else {
                y_axis.low + (y_axis.high - y_axis.low) * stretch
            };
        }
        let heading = if heading { 1.7 * sizes.heading } else { 0.5 * sizes.tick };
        let x_label = if panel.x_label.is_empty() { 0.0 } else { 1.6 * sizes.label };
        let y_label = if panel.y_label.is_empty() { 0.0 } else { 1.5 * sizes.label };
        let (top, bottom) = (frame.top + heading, frame.bottom - x_label - 2.1 * sizes.tick);

        let y_count = (((bottom - top) / (54.0 * sizes.unit)) as usize).clamp(2, 8);
        let y_ticks = y_axis.ticks(y_count);
        let tick_width = |tick: &Tick| {
            tick.label.as_ref().map_or(0.0, |label| text::width(label, Face::Regular, sizes.tick))
        };
        let y_tick_width = y_ticks.iter().map(tick_width).fold(0.0, f64::max);
        let left = frame.left + y_label + y_tick_width + 1.5 * sizes.tick;
        let right = frame.right - 1.7 * sizes.tick;
        let area = Rect { left, top, right, bottom };

        let gap = 0.9 * sizes.tick;
        let x_ticks = uncluttered(&x_axis, area.width(), |tick| tick_width(tick) + gap, 70.0 * sizes.unit);
        Ok(Self { sizes, area, x_ticks, y_ticks, y_tick_width, x_axis, y_axis })
    }

    /// Place of a horizontal coordinate.
    pub fn x(&self, x: f64) -> f64 {
        (self.area.left + self.x_axis.place(x) * self.area.width()).clamp(-FAR, FAR)
    }

    /// Place of a vertical coordinate.
    pub fn y(&self, y: f64) -> f64 {
        (self.area.bottom - self.y_axis.place(y) * self.area.height()).clamp(-FAR, FAR)
    }

    /// Place of a point of the data.
    pub fn at(&self, x: f64, y: f64) -> Point {
        (self.x(x), self.y(y))
    }

    /// Whether a horizontal coordinate is between the ends of the axis.
    pub fn shows(&self, x: f64) -> bool {
        x >= self.x_axis.low && x <= self.x_axis.high
    }
}

/// Ticks about `spacing` apart, but with room for their numbers.
fn uncluttered(axis: &Axis, length: f64, width: impl Fn(&Tick) -> f64, spacing: f64) -> Vec<Tick> {
    let overlap = |a: &Tick, b: &Tick| (b.place - a.place) * length < 0.5 * (width(a) + width(b));
    let most = ((length / spacing) as usize).clamp(2, 10);
    let mut ticks = Vec::new();
    for count in (2..=most).rev() {
        ticks = axis.ticks(count);
        let numbered: Vec<_> = ticks.iter().filter(|tick| tick.label.is_some()).collect();
        if !numbered.windows(2).any(|pair| overlap(pair[0], pair[1])) {
            return ticks;
        }
    }
    // Still crowded (2 and 5 between powers of ten): leave out every number that runs into another.
    let mut last: Option<Tick> = None;
    for tick in ticks.iter_mut().filter(|tick| tick.label.is_some()) {
        if last.as_ref().is_some_and(|last| overlap(last, tick)) {
            tick.label = None;
        } else {
            last = Some(tick.clone());
        }
    }
    ticks
}
