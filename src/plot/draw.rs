//! Draws a figure: titles, axes, layers, text, legend, in this order.

use super::colour::Ink;
use super::figure::{Figure, Panel};
use super::layout::Layout;
use super::paths::Rect;
use super::placement::{self, Legend, Note};
use super::shapes::{self, Styled};
use super::surface::{Align, Drawn, Lettering, Point, Surface};
use super::text::{self, Face};
use crate::error::Result;

/// Size of the title of a figure.
const TITLE: f64 = 20.0;
/// Size of the subtitle.
const SUBTITLE: f64 = 15.0;
/// Distance of everything from the border of the page.
const BORDER: f64 = 12.0;
/// Space between the panels of a grid.
const GUTTER: f64 = 14.0;
/// Lengthenings of the vertical axis to try until the legend covers no data.
const STRETCHES: [f64; 7] = [1.0, 1.08, 1.16, 1.24, 1.32, 1.4, 1.5];
/// Opacity of the white behind text in the plot.
const BACKING: f64 = 0.85;

/// A figure with every place decided.
pub(super) struct Page<'a> {
    size: (u32, u32),
    titles: Vec<(String, Point, Lettering)>,
    panels: Vec<Placed<'a>>,
}

/// A panel with every place decided.
struct Placed<'a> {
    panel: &'a Panel,
    layout: Layout,
    layers: Vec<Styled<'a>>,
    notes: Vec<Note>,
    legend: Option<Legend<'a>>,
}

impl<'a> Page<'a> {
    /// Checks the figure and lays it out on a page of `size` logical pixels.
    pub fn new(figure: &'a Figure, size: (u32, u32)) -> Result<Self> {
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let limit = width - 6.0 * BORDER;
        let mut titles = Vec::new();
        let mut top = BORDER;
        for (text, size, face, ink) in [
            (&figure.title, TITLE, Face::Bold, Ink::TEXT),
            (&figure.subtitle, SUBTITLE, Face::Regular, Ink::SOFT_TEXT),
        ] {
            for line in text::wrap(text, face, size, limit) {
                top += 1.35 * size;
                let lettering = Lettering { size, face, ink, align: Align::Start, upwards: false };
                titles.push((line, (0.0, top - 0.2 * size), lettering));
            }
        }
        top += if titles.is_empty() { 0.0 } else { 0.5 * SUBTITLE };

        let cell_width =
            (width - 2.0 * BORDER - GUTTER * (figure.columns - 1) as f64) / figure.columns as f64;
        let cell_height = (height - top - BORDER - GUTTER * (figure.rows - 1) as f64) / figure.rows as f64;
        // One title makes room in all panels, so that their plots stay aligned.
        let heading = figure.panels.iter().any(|panel| !panel.title.is_empty());
        let mut panels = Vec::new();
        for (k, panel) in figure.panels.iter().enumerate() {
            panel.validate()?;
            let left = BORDER + (k % figure.columns) as f64 * (cell_width + GUTTER);
            let top = top + (k / figure.columns) as f64 * (cell_height + GUTTER);
            let frame = Rect { left, top, right: left + cell_width, bottom: top + cell_height };
            panels.push(Placed::new(panel, &frame, heading)?);
        }
        // Titles start where the first plot area does.
        let left = panels.first().map_or(BORDER, |placed| placed.layout.area.left);
        titles.iter_mut().for_each(|(_, at, _)| at.0 = left);
        Ok(Self { size, titles, panels })
    }

    /// Draws everything.
    pub fn draw(&self, surface: &mut dyn Surface) -> Drawn {
        let (right, bottom) = (f64::from(self.size.0), f64::from(self.size.1));
        surface.polygon(&Rect { left: 0.0, top: 0.0, right, bottom }.corners(), Ink::WHITE)?;
        for (text, at, lettering) in &self.titles {
            surface.text(text, *at, *lettering)?;
        }
        self.panels.iter().try_for_each(|panel| panel.draw(surface))
    }
}

impl<'a> Placed<'a> {
    /// Lays out the panel, with a longer vertical axis if the legend would cover data otherwise.
    fn new(panel: &'a Panel, frame: &Rect, heading: bool) -> Result<Self> {
        let attempt = |stretch: f64| -> Result<Self> {
            let layout = Layout::new(panel, frame, heading, stretch)?;
            let layers = shapes::styled(&panel.layers, &layout);
            let (notes, legend) = placement::place(&layers, &layout);
            Ok(Self { panel, layout, layers, notes, legend })
        };
        let mut best = attempt(STRETCHES[0])?;
        if panel.y_range.is_none() {
            for stretch in STRETCHES.into_iter().skip(1) {
                if best.cost() == 0 {
                    break;
                }
                let next = attempt(stretch)?;
                if next.cost() < best.cost() {
                    best = next;
                }
            }
        }
        Ok(best)
    }

    fn cost(&self) -> usize {
        self.legend.as_ref().map_or(0, |legend| legend.cost)
    }

    fn draw(&self, surface: &mut dyn Surface) -> Drawn {
        self.draw_grid(surface)?;
        self.layers.iter().try_for_each(|layer| layer.draw(surface, &self.layout))?;
        self.draw_axes(surface)?;
        self.draw_labels(surface)?;
        self.notes.iter().try_for_each(|note| self.draw_note(surface, note))?;
        self.legend.as_ref().map_or(Ok(()), |legend| draw_legend(surface, legend))
    }

    fn draw_grid(&self, surface: &mut dyn Surface) -> Drawn {
        let Layout { area, x_ticks, y_ticks, .. } = &self.layout;
        for tick in x_ticks.iter().filter(|tick| tick.label.is_some()) {
            let x = area.left + tick.place * area.width();
            surface.stroke(&[(x, area.top), (x, area.bottom)], 0.8, Ink::GRID)?;
        }
        for tick in y_ticks.iter().filter(|tick| tick.label.is_some()) {
            let y = area.bottom - tick.place * area.height();
            surface.stroke(&[(area.left, y), (area.right, y)], 0.8, Ink::GRID)?;
        }
        Ok(())
    }

    /// Axes with their marks and numbers.
    fn draw_axes(&self, surface: &mut dyn Surface) -> Drawn {
        let Layout { area, sizes, x_ticks, y_ticks, .. } = &self.layout;
        let frame = [(area.left, area.top), (area.left, area.bottom), (area.right, area.bottom)];
        surface.stroke(&frame, 1.1, Ink::FRAME)?;
        let length = |numbered: bool| sizes.unit * if numbered { 5.5 } else { 3.0 };
        let numbers = |align: Align| Lettering {
            size: sizes.tick,
            face: Face::Regular,
            ink: Ink::SOFT_TEXT,
            align,
            upwards: false,
        };
        for tick in x_ticks {
            let x = area.left + tick.place * area.width();
            let end = (x, area.bottom + length(tick.label.is_some()));
            surface.stroke(&[(x, area.bottom), end], 1.1, Ink::FRAME)?;
            if let Some(label) = &tick.label {
                surface.text(label, (x, area.bottom + 1.5 * sizes.tick), numbers(Align::Middle))?;
            }
        }
        for tick in y_ticks {
            let y = area.bottom - tick.place * area.height();
            let end = (area.left - length(tick.label.is_some()), y);
            surface.stroke(&[(area.left, y), end], 1.1, Ink::FRAME)?;
            if let Some(label) = &tick.label {
                let at = (area.left - 0.65 * sizes.tick, y + 0.36 * sizes.tick);
                surface.text(label, at, numbers(Align::End))?;
            }
        }
        Ok(())
    }

    fn draw_labels(&self, surface: &mut dyn Surface) -> Drawn {
        let Layout { area, sizes, .. } = &self.layout;
        let plain = Lettering {
            size: sizes.label,
            face: Face::Regular,
            ink: Ink::TEXT,
            align: Align::Middle,
            upwards: false,
        };
        let (centre, middle) = (0.5 * (area.left + area.right), 0.5 * (area.top + area.bottom));
        let under = area.bottom + 1.9 * sizes.tick + 1.05 * sizes.label;
        surface.text(&self.panel.x_label, (centre, under), plain)?;
        let beside = area.left - self.layout.y_tick_width - 0.65 * sizes.tick - 0.75 * sizes.label;
        surface.text(&self.panel.y_label, (beside, middle), Lettering { upwards: true, ..plain })?;
        let heading = Lettering { face: Face::Bold, size: sizes.heading, align: Align::Start, ..plain };
        surface.text(&self.panel.title, (area.left, area.top - 0.6 * sizes.heading), heading)
    }

    fn draw_note(&self, surface: &mut dyn Surface, note: &Note) -> Drawn {
        surface.polygon(&note.place.corners(), Ink::WHITE.fade(BACKING))?;
        let size = self.layout.sizes.legend;
        let lettering =
            Lettering { size, face: Face::Regular, ink: Ink::TEXT, align: Align::Start, upwards: false };
        surface.text(&note.text, (note.place.left, note.place.bottom - 0.3 * size), lettering)
    }
}

fn draw_legend(surface: &mut dyn Surface, legend: &Legend<'_>) -> Drawn {
    surface.polygon(&legend.place.corners(), Ink::WHITE.fade(BACKING))?;
    let size = legend.size;
    let lettering =
        Lettering { size, face: Face::Regular, ink: Ink::TEXT, align: Align::Start, upwards: false };
    let left = legend.place.left + legend.padding();
    for (k, (layer, label)) in legend.entries.iter().enumerate() {
        let middle = legend.place.top + 0.5 * legend.padding() + (k as f64 + 0.5) * legend.line_height();
        let key = Rect {
            left,
            top: middle - 0.38 * size,
            right: left + legend.key_width(),
            bottom: middle + 0.38 * size,
        };
        layer.draw_key(surface, &key)?;
        surface.text(label, (key.right + legend.padding(), middle + 0.36 * size), lettering)?;
    }
    Ok(())
}
