//! The page: lines, areas and text in logical pixels, as a bitmap or as SVG.

use super::colour::Ink;
use super::text::{self, Face};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, ShapeStyle};
use std::fmt::Display;

/// Outcome of drawing; the error is what the back end reports, in words.
pub(super) type Drawn<T = ()> = Result<T, String>;

/// A place on the page: logical pixels right of and below the top left corner.
pub(super) type Point = (f64, f64);

/// Which end of a text is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lettering {
    pub size: f64,
    pub face: Face,
    pub ink: Ink,
    pub align: Align,
    /// Read from bottom to top.
    pub upwards: bool,
}

/// What drawing needs from an output format.
pub(super) trait Surface {
    fn polygon(&mut self, corners: &[Point], ink: Ink) -> Drawn;
    fn stroke(&mut self, path: &[Point], width: f64, ink: Ink) -> Drawn;
    fn dot(&mut self, centre: Point, radius: f64, ink: Ink) -> Drawn;
    /// Text whose baseline starts, is centred or ends at `at`.
    fn text(&mut self, text: &str, at: Point, lettering: Lettering) -> Drawn;
}

fn words(error: impl Display) -> String {
    error.to_string()
}

fn colour(ink: Ink) -> RGBAColor {
    RGBAColor(ink.rgb.0, ink.rgb.1, ink.rgb.2, ink.alpha)
}

/// The back ends of plotters take whole pixels, so both surfaces draw `scale` times too large.
fn snap((x, y): Point, scale: f64) -> (i32, i32) {
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

/// A bitmap `scale` times as large as the page.
pub(super) struct Raster<'a> {
    backend: BitMapBackend<'a>,
    scale: f64,
}

impl<'a> Raster<'a> {
    /// Draws into `buffer`, three bytes a pixel.
    pub fn new(buffer: &'a mut [u8], size: (u32, u32), scale: u32) -> Drawn<Self> {
        let backend = BitMapBackend::with_buffer_and_format(buffer, size).map_err(words)?;
        Ok(Self { backend, scale: f64::from(scale) })
    }
}

impl Surface for Raster<'_> {
    fn polygon(&mut self, corners: &[Point], ink: Ink) -> Drawn {
        let corners: Vec<_> = corners.iter().map(|&p| snap(p, self.scale)).collect();
        self.backend.fill_polygon(corners, &colour(ink)).map_err(words)
    }

    /// Segment by segment with round joints: one polygon around the whole path would cross itself,
    /// and its overlaps would stay empty.
    fn stroke(&mut self, path: &[Point], width: f64, ink: Ink) -> Drawn {
        for pair in path.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = (x1 - x0).hypot(y1 - y0);
            if length > 0.0 {
                let (nx, ny) = (0.5 * width * (y0 - y1) / length, 0.5 * width * (x1 - x0) / length);
                let corners =
                    [(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)];
                self.polygon(&corners, ink)?;
            }
        }
        for &joint in path.iter().take(path.len().saturating_sub(1)).skip(1) {
            self.dot(joint, 0.5 * width, ink)?;
        }
        Ok(())
    }

    fn dot(&mut self, centre: Point, radius: f64, ink: Ink) -> Drawn {
        let radius = (radius * self.scale).round() as u32;
        self.backend.draw_circle(snap(centre, self.scale), radius, &colour(ink), true).map_err(words)
    }

    /// Draws the glyphs itself: plotters leaves out their left bearing, which spoils the spacing.
    fn text(&mut self, text: &str, at: Point, lettering: Lettering) -> Drawn {
        let size = lettering.size * self.scale;
        let (x, y) = snap(at, self.scale);
        let width = text::width(text, lettering.face, size);
        let shift = match lettering.align {
            Align::Start => 0.0,
            Align::Middle => -0.5 * width,
            Align::End => -width,
        }
        .round() as i32;
        let mut outcome = Ok(());
        text::rasterize(text, lettering.face, size, |dx, dy, covered| {
            let dx = dx + shift;
            let pixel = if lettering.upwards { (x + dy, y - dx) } else { (x + dx, y + dy) };
            let ink = colour(lettering.ink).mix(covered).to_backend_color();
            if let Err(error) = self.backend.draw_pixel(pixel, ink) {
                outcome = Err(words(error));
            }
        });
        outcome
    }
}

/// An SVG document whose user units are `scale` to a logical pixel.
pub(super) struct Vector<'a> {
    backend: SVGBackend<'a>,
    scale: f64,
}

impl<'a> Vector<'a> {
    /// Writes the document into `document`; [`Vector::finish`] closes it.
    pub fn new(document: &'a mut String, size: (u32, u32), scale: u32) -> Self {
        Self { backend: SVGBackend::with_string(document, size), scale: f64::from(scale) }
    }

    pub fn finish(mut self) -> Drawn {
        self.backend.present().map_err(words)
    }
}

/// plotters divides font sizes by this on their way into an SVG.
const SVG_FONT_DIVISOR: f64 = 1.24;
/// Centred text is put half an x-height below its place; this is that half in DejaVu Sans, in ems.
const HALF_X_HEIGHT: f64 = 0.547 / 2.0;

impl Surface for Vector<'_> {
    fn polygon(&mut self, corners: &[Point], ink: Ink) -> Drawn {
        let corners: Vec<_> = corners.iter().map(|&p| snap(p, self.scale)).collect();
        self.backend.fill_polygon(corners, &colour(ink)).map_err(words)
    }

    fn stroke(&mut self, path: &[Point], width: f64, ink: Ink) -> Drawn {
        let stroke_width = (width * self.scale).round().max(1.0) as u32;
        let style = ShapeStyle { color: colour(ink), filled: false, stroke_width };
        let path: Vec<_> = path.iter().map(|&p| snap(p, self.scale)).collect();
        self.backend.draw_path(path, &style).map_err(words)
    }

    fn dot(&mut self, centre: Point, radius: f64, ink: Ink) -> Drawn {
        let radius = (radius * self.scale).round() as u32;
        self.backend.draw_circle(snap(centre, self.scale), radius, &colour(ink), true).map_err(words)
    }

    fn text(&mut self, text: &str, at: Point, lettering: Lettering) -> Drawn {
        let size = lettering.size * self.scale;
        let style = match lettering.face {
            Face::Regular => FontStyle::Normal,
            Face::Bold => FontStyle::Bold,
        };
        let anchor = match lettering.align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        let raise = HALF_X_HEIGHT * lettering.size;
        let (at, transform) = if lettering.upwards {
            ((at.0 - raise, at.1), FontTransform::Rotate270)
        } else {
            ((at.0, at.1 - raise), FontTransform::None)
        };
        let font = FontDesc::new(FontFamily::Name(text::FAMILY), size * SVG_FONT_DIVISOR, style)
            .transform(transform)
            .color(&colour(lettering.ink));
        let style = plotters::style::TextStyle { pos: Pos::new(anchor, VPos::Center), ..font };
        self.backend.draw_text(text, &style, snap(at, self.scale)).map_err(words)
    }
}
