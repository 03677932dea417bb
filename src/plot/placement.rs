//! Free places for the legend and for text beside atoms and reference lines.

use super::axes::short;
use super::layers::Shape;
use super::layout::Layout;
use super::paths::Rect;
use super::shapes::{self, Styled};
use super::surface::Point;
use super::text::{self, Face};

/// Legend line for atoms, unless their layers have labels of their own.
const STEM_SCALE: &str = "atom (height = mass; top of the plot = 1)";
/// How much worse it is to cover other text than to cover a point of the data.
const TEXT_COST: usize = 1000;
/// The legend takes at most this part of the width of the plot.
const LEGEND_WIDTH: f64 = 0.62;

/// A text with its place.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub text: String,
    pub place: Rect,
}

/// The legend with its place.
#[derive(Debug, Clone)]
pub(super) struct Legend<'a> {
    pub entries: Vec<(Styled<'a>, String)>,
    pub place: Rect,
    pub size: f64,
    /// What it covers; zero is nothing.
    pub cost: usize,
}

impl Legend<'_> {
    /// Width of the sample of a layer.
    pub fn key_width(&self) -> f64 {
        1.9 * self.size
    }

    /// Distance of two base lines.
    pub fn line_height(&self) -> f64 {
        1.5 * self.size
    }

    /// Space around the entries.
    pub fn padding(&self) -> f64 {
        0.5 * self.size
    }
}

/// What is already on the page.
struct Taken {
    points: Vec<Point>,
    texts: Vec<Rect>,
}

impl Taken {
    fn cost(&self, place: &Rect) -> usize {
        let texts = self.texts.iter().filter(|text| text.overlaps(place)).count();
        self.points.iter().filter(|&&p| place.contains(p)).count() + TEXT_COST * texts
    }

    /// The first of the cheapest candidates.
    fn best(&self, candidates: impl IntoIterator<Item = Rect>) -> Option<(Rect, usize)> {
        candidates.into_iter().map(|place| (place, self.cost(&place))).min_by_key(|&(_, cost)| cost)
    }
}

/// Places all text inside the plot area.
pub(super) fn place<'a>(layers: &[Styled<'a>], layout: &Layout) -> (Vec<Note>, Option<Legend<'a>>) {
    let points = layers.iter().flat_map(|layer| layer.outline(layout)).collect();
    let mut taken = Taken { points, texts: Vec::new() };
    let mut notes = Vec::new();
    for layer in layers {
        if let Some(note) = note(layer, layout, &taken) {
            taken.texts.push(note.place);
            notes.push(note);
        }
    }
    (notes, legend(layers, layout, &taken))
}

/// Text beside an atom or a reference line.
fn note(layer: &Styled<'_>, layout: &Layout, taken: &Taken) -> Option<Note> {
    let (text, anchor, heights) = match (&layer.layer.shape, &layer.layer.label) {
        (Shape::Stem { location, mass }, _) if layout.shows(*location) => {
            let text = format!("atom at {}: mass {}", short(*location), short(*mass));
            (text, shapes::stem(*location, *mass, layout).1, vec![0.0, -0.06, 0.06, -0.12, 0.12])
        }
        (Shape::Vertical { location }, Some(label)) if layout.shows(*location) => {
            let top = layout.area.top + layout.sizes.legend;
            (label.clone(), (layout.x(*location), top), (0..10).map(|k| 0.08 * f64::from(k)).collect())
        }
        _ => return None,
    };
    let size = layout.sizes.legend;
    let width = text::width(&text, Face::Regular, size);
    let area = layout.area;
    let candidates = heights.into_iter().flat_map(|shift| {
        let middle = anchor.1 + shift * area.height();
        let middle = middle.clamp(area.top + 0.7 * size, area.bottom - 1.6 * size);
        let beside = move |left: f64| Rect {
            left,
            top: middle - 0.65 * size,
            right: left + width,
            bottom: middle + 0.65 * size,
        };
        [beside(anchor.0 + 0.7 * size), beside(anchor.0 - 0.7 * size - width)]
    });
    let inside = |place: &Rect| place.left >= area.left && place.right <= area.right;
    let fallback = {
        let left = (anchor.0 + 0.7 * size).min(area.right - width).max(area.left);
        let top = anchor.1.clamp(area.top, area.bottom - 3.0 * size);
        Rect { left, top, right: left + width, bottom: top + 1.3 * size }
    };
    let place = taken.best(candidates.filter(inside)).map_or(fallback, |(place, _)| place);
    Some(Note { text, place })
}

fn legend<'a>(layers: &[Styled<'a>], layout: &Layout, taken: &Taken) -> Option<Legend<'a>> {
    let mut entries: Vec<(Styled<'a>, String)> = Vec::new();
    for layer in layers {
        let label = match (&layer.layer.shape, &layer.layer.label) {
            (Shape::Vertical { .. }, _) => None,
            (Shape::Stem { .. }, None) => Some(STEM_SCALE),
            (_, label) => label.as_deref(),
        };
        // Several atoms share one line.
        if let Some(label) = label
            && !(label == STEM_SCALE && entries.iter().any(|(_, other)| other == STEM_SCALE))
        {
            entries.push((*layer, label.to_string()));
        }
    }
    let area = layout.area;
    let place = Rect { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 };
    let mut legend = Legend { entries, place, size: layout.sizes.legend, cost: 0 };
    let widest = |size: f64| {
        legend.entries.iter().map(|(_, label)| text::width(label, Face::Regular, size)).reduce(f64::max)
    };
    let full = widest(legend.size)? + legend.key_width() + 3.0 * legend.padding();
    legend.size *= (LEGEND_WIDTH * area.width() / full).min(1.0);
    let width = full * legend.size / layout.sizes.legend;
    let height = legend.entries.len() as f64 * legend.line_height() + legend.padding();

    let margin = 0.4 * legend.size;
    let (left, right) = (area.left + margin, area.right - margin - width);
    let (top, bottom) = (area.top + margin, area.bottom - 1.5 * margin - height);
    let (centre, middle) = (0.5 * (left + right), 0.5 * (top + bottom));
    let corners = [
        (right, top),
        (left, top),
        (centre, top),
        (right, middle),
        (left, middle),
        (right, bottom),
        (left, bottom),
    ];
    let candidates = corners.map(|(left, top)| Rect { left, top, right: left + width, bottom: top + height });
    (legend.place, legend.cost) = taken.best(candidates)?;
    Some(legend)
}
