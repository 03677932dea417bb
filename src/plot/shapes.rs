//! Layers as lines and areas on the page.

use super::colour::{Colour, Ink};
use super::layers::{Dash, Layer, Shape};
use super::layout::Layout;
use super::paths::{self, Rect};
use super::surface::{Drawn, Point, Surface};
use std::collections::HashSet;

/// A layer with the colours that are actually used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Styled<'a> {
    pub layer: &'a Layer,
    pub ink: Ink,
    unit: f64,
}

/// Gives every layer a colour: lines and markers take the palette in turn.
pub(super) fn styled<'a>(layers: &'a [Layer], layout: &Layout) -> Vec<Styled<'a>> {
    let mut cycle = Colour::CYCLE.into_iter().cycle();
    let style = |layer: &'a Layer| {
        let colour = layer.colour.unwrap_or_else(|| match layer.shape {
            Shape::Histogram { .. } | Shape::Vertical { .. } => Colour::Grey,
            Shape::Band { .. } => Colour::SkyBlue,
            Shape::Stem { .. } | Shape::Edges { .. } => Colour::Black,
            Shape::Curve { .. } | Shape::Points { .. } => cycle.next().unwrap_or(Colour::Black),
        });
        Styled { layer, ink: colour.into(), unit: layout.sizes.unit }
    };
    layers.iter().map(style).collect()
}

impl Styled<'_> {
    /// Draws the layer, without its text.
    pub fn draw(&self, surface: &mut dyn Surface, layout: &Layout) -> Drawn {
        let area = &layout.area;
        match &self.layer.shape {
            Shape::Histogram { edges, density } => {
                let steps = steps(edges, density, layout);
                surface.polygon(&paths::clip_polygon(&paths::thin(&steps), area), self.fill())?;
                self.lines(surface, paths::clip_line(steps.into_iter().map(Some), area))
            }
            Shape::Curve { x, y } => self.lines(surface, curve(x, y, layout)),
            Shape::Band { x, lower, upper } => {
                let corners = paths::clip_polygon(&band(x, lower, upper, layout), area);
                surface.polygon(&corners, self.fill())
            }
            Shape::Points { x, y, errors } => {
                let mut seen = HashSet::new();
                for k in 0..x.len() {
                    let centre = layout.at(x[k], y[k]);
                    let bar = errors.as_ref().map(|e| (layout.y(y[k] + e[k]), layout.y(y[k] - e[k])));
                    // Markers closer than a pixel cannot be told apart.
                    let cell = (centre.0.round() as i64, centre.1.round() as i64);
                    if layout.shows(x[k]) && (bar.is_some() || seen.insert(cell)) {
                        self.marker(surface, area, centre, bar)?;
                    }
                }
                Ok(())
            }
            Shape::Stem { location, mass } if layout.shows(*location) => {
                let (foot, tip) = stem(*location, *mass, layout);
                surface.stroke(&[foot, tip], self.width(), self.ink)?;
                surface.dot(tip, 2.2 * self.width(), self.ink)
            }
            Shape::Edges { locations } => {
                for &location in locations.iter().filter(|&&location| layout.shows(location)) {
                    self.triangle(surface, (layout.x(location), area.bottom))?;
                }
                Ok(())
            }
            Shape::Vertical { location } if layout.shows(*location) => {
                let x = layout.x(*location);
                self.lines(surface, vec![vec![(x, area.bottom), (x, area.top)]])
            }
            Shape::Stem { .. } | Shape::Vertical { .. } => Ok(()),
        }
    }

    /// Draws the sample of the layer for the legend, centred in `key`.
    pub fn draw_key(&self, surface: &mut dyn Surface, key: &Rect) -> Drawn {
        let middle = (0.5 * (key.left + key.right), 0.5 * (key.top + key.bottom));
        match &self.layer.shape {
            Shape::Histogram { .. } => {
                let corners = key.corners();
                surface.polygon(&corners, self.fill())?;
                let outline = [corners[0], corners[1], corners[2], corners[3], corners[0]];
                surface.stroke(&outline, self.width(), self.ink)
            }
            Shape::Band { .. } => surface.polygon(&key.corners(), self.fill()),
            Shape::Curve { .. } | Shape::Vertical { .. } => {
                self.lines(surface, vec![vec![(key.left, middle.1), (key.right, middle.1)]])
            }
            Shape::Points { errors, .. } => {
                let bar = errors.as_ref().map(|_| (key.top - 1.0, key.bottom + 1.0));
                self.marker(surface, key, middle, bar)
            }
            Shape::Stem { .. } => {
                surface.stroke(&[(middle.0, key.bottom), (middle.0, key.top)], self.width(), self.ink)?;
                surface.dot((middle.0, key.top), 1.7 * self.width(), self.ink)
            }
            Shape::Edges { .. } => self.triangle(surface, (middle.0, middle.1 - 0.45 * self.width())),
        }
    }

    /// Points of the page that text should not cover, at most a few pixels apart.
    pub fn outline(&self, layout: &Layout) -> Vec<Point> {
        let area = &layout.area;
        let (lines, closed) = match &self.layer.shape {
            Shape::Histogram { edges, density } => {
                (paths::clip_line(steps(edges, density, layout).into_iter().map(Some), area), true)
            }
            Shape::Curve { x, y } => (curve(x, y, layout), false),
            Shape::Band { x, lower, upper } => {
                let rim =
                    |y: &[f64]| paths::clip_line((0..x.len()).map(|k| Some(layout.at(x[k], y[k]))), area);
                ([rim(lower), rim(upper)].concat(), false)
            }
            Shape::Points { x, y, .. } => return (0..x.len()).map(|k| layout.at(x[k], y[k])).collect(),
            Shape::Stem { location, mass } => {
                let (foot, tip) = stem(*location, *mass, layout);
                (vec![vec![foot, tip]], false)
            }
            Shape::Vertical { location } => {
                let x = layout.x(*location);
                (vec![vec![(x, area.bottom), (x, area.top)]], false)
            }
            Shape::Edges { locations } => {
                return locations.iter().map(|&x| (layout.x(x), area.bottom)).collect();
            }
        };
        let mut points: Vec<Point> =
            lines.iter().flat_map(|line| every_few_pixels(&paths::thin(line))).collect();
        if closed {
            // The inside of a histogram is taken as well.
            let tops = points.clone();
            points.extend(
                tops.into_iter().flat_map(|(x, top)| every_few_pixels(&[(x, top), (x, area.bottom)])),
            );
        }
        points
    }

    /// Width of lines.
    fn width(&self) -> f64 {
        self.layer.width.unwrap_or(match self.layer.shape {
            Shape::Histogram { .. } => 0.9,
            Shape::Curve { .. } => 2.3 * self.unit,
            Shape::Points { .. } => 7.5 * self.unit,
            Shape::Stem { .. } => 2.0 * self.unit,
            Shape::Edges { .. } => 9.0 * self.unit,
            Shape::Band { .. } | Shape::Vertical { .. } => 1.4 * self.unit,
        })
    }

    fn fill(&self) -> Ink {
        match (&self.layer.shape, self.layer.colour) {
            (Shape::Histogram { .. }, None) => Ink::from(Colour::LightGrey).tint(0.58),
            (Shape::Histogram { .. }, Some(_)) => self.ink.tint(0.3),
            _ => self.ink.fade(0.28),
        }
    }

    fn lines(&self, surface: &mut dyn Surface, pieces: Vec<Vec<Point>>) -> Drawn {
        let width = self.width();
        let unit = width.max(1.0);
        for piece in pieces {
            let piece = paths::thin(&piece);
            match self.layer.dash {
                Dash::Solid => surface.stroke(&piece, width, self.ink)?,
                Dash::Dashed => self.strokes(surface, &paths::dashes(&piece, 3.6 * unit, 2.2 * unit))?,
                Dash::Dotted => self.strokes(surface, &paths::dashes(&piece, unit, 1.6 * unit))?,
            }
        }
        Ok(())
    }

    fn strokes(&self, surface: &mut dyn Surface, pieces: &[Vec<Point>]) -> Drawn {
        pieces.iter().try_for_each(|piece| surface.stroke(piece, self.width(), self.ink))
    }

    fn marker(
        &self,
        surface: &mut dyn Surface,
        area: &Rect,
        centre: Point,
        bar: Option<(f64, f64)>,
    ) -> Drawn {
        let (thin, cap) = (1.3 * self.unit, 0.45 * self.width());
        if let Some((top, bottom)) = bar {
            let bar = [
                [(centre.0, top), (centre.0, bottom)],
                [(centre.0 - cap, top), (centre.0 + cap, top)],
                [(centre.0 - cap, bottom), (centre.0 + cap, bottom)],
            ];
            let room = Rect { top: area.top - 1.0, bottom: area.bottom + 1.0, ..*area };
            for piece in bar.into_iter().flat_map(|line| paths::clip_line(line.map(Some), &room)) {
                surface.stroke(&piece, thin, self.ink)?;
            }
        }
        if area.contains(centre) {
            // A thin white rim keeps neighbouring markers apart.
            surface.dot(centre, 0.5 * self.width() + 0.6, Ink::WHITE)?;
            surface.dot(centre, 0.5 * self.width(), self.ink)?;
        }
        Ok(())
    }

    /// Triangle below `tip`, in the free strip between an axis and its numbers.
    fn triangle(&self, surface: &mut dyn Surface, (x, y): Point) -> Drawn {
        let (half, foot) = (0.5 * self.width(), y + 0.8 * self.width());
        surface.polygon(&[(x, y), (x - half, foot), (x + half, foot)], self.ink)
    }
}

/// Foot and tip of a stem.
pub(super) fn stem(location: f64, mass: f64, layout: &Layout) -> (Point, Point) {
    let x = layout.x(location);
    ((x, layout.area.bottom), (x, layout.area.bottom - mass * layout.area.height()))
}

/// The closed contour of a histogram, from the base line up and back to it.
fn steps(edges: &[f64], density: &[f64], layout: &Layout) -> Vec<Point> {
    let bins = edges.windows(2).zip(density);
    let tops = bins.flat_map(|(edge, &d)| [layout.at(edge[0], d), layout.at(edge[1], d)]);
    let base = |edge: Option<&f64>| edge.map(|&edge| layout.at(edge, 0.0));
    base(edges.first()).into_iter().chain(tops).chain(base(edges.last())).collect()
}

fn curve(x: &[f64], y: &[f64], layout: &Layout) -> Vec<Vec<Point>> {
    let point = |(&x, &y): (&f64, &f64)| (x.is_finite() && y.is_finite()).then(|| layout.at(x, y));
    paths::clip_line(x.iter().zip(y).map(point), &layout.area)
}

fn band(x: &[f64], lower: &[f64], upper: &[f64], layout: &Layout) -> Vec<Point> {
    let rim = |y: &[f64]| -> Vec<Point> { x.iter().zip(y).map(|(&x, &y)| layout.at(x, y)).collect() };
    let mut corners = paths::thin(&rim(upper));
    corners.extend(paths::thin(&rim(lower)).into_iter().rev());
    corners
}

/// Spacing of the points that stand for a line when text looks for a free place.
const SPACING: f64 = 4.0;

fn every_few_pixels(line: &[Point]) -> Vec<Point> {
    let mut points: Vec<Point> = line.first().copied().into_iter().collect();
    for pair in line.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let count = ((x1 - x0).hypot(y1 - y0) / SPACING).ceil().max(1.0);
        points.extend((1..=count as usize).map(|k| {
            let t = k as f64 / count;
            (x0 + t * (x1 - x0), y0 + t * (y1 - y0))
        }));
    }
    points
}
