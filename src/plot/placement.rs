//! Free places for the legend and for text beside atoms and reference lines.

use super::axes::short;
use super::layers::{Layer, Shape};
use super::layout::Layout;
use super::paths::Rect;
use super::shapes::{self, Styled};
use super::surface::Point;
use super::text::{self, Face};

/// What the height of a stem means.
const STEM_SCALE: &str = "top of plot = mass 1";
/// How much worse it is to cover other text than to cover a point of the data.
const TEXT_COST: usize = 1000;
/// The legend takes at most this part of the width of the plot.
const LEGEND_WIDTH: f64 = 0.75;
/// Free space between text and data, logical pixels.
const CLEARANCE: f64 = 3.0;

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
        let near = place.grown(CLEARANCE);
        let texts = self.texts.iter().filter(|text| text.overlaps(&near)).count();
        self.points.iter().filter(|&&p| near.contains(p)).count() + TEXT_COST * texts
    }

    /// The first of the cheapest candidates.
    fn best(&self, candidates: impl IntoIterator<Item = Rect>) -> Option<(Rect, usize)> {
        candidates.into_iter().map(|place| (place, self.cost(&place))).min_by_key(|&(_, cost)| cost)
    }
}

/// Places all text inside the plot area.
pub(super) fn place<'a>(layers: &[Styled<'a>], layout: &Layout) -> (Vec<Note>, Option<Legend<'a>>) {
    // What lies beyond the ends of the axis is not drawn, so it needs no text.
    let beyond = |layer: &Styled<'_>| match layer.layer.shape {
        Shape::Stem { location, .. } | Shape::Vertical { location } => !layout.shows(location),
        _ => false,
    };
    let layers: Vec<_> = layers.iter().copied().filter(|layer| !beyond(layer)).collect();
    let points = layers.iter().flat_map(|layer| layer.outline(layout)).collect();
    let mut taken = Taken { points, texts: Vec::new() };
    // Lines before atoms: the text of an atom can move to the legend.
    let (atoms, others): (Vec<_>, Vec<_>) = layers.iter().partition(|layer| is_atom(layer));
    let mut notes = Vec::new();
    for layer in others {
        if let Some(note) = note(layer, layout, &taken) {
            taken.texts.push(note.place);
            notes.push(note);
        }
    }
    let lines = notes.len();
    for layer in atoms {
        let Some(note) = note(layer, layout, &taken) else {
            // All or none, or the legend would explain only some of them.
            notes.truncate(lines);
            taken.texts.truncate(lines);
            break;
        };
        taken.texts.push(note.place);
        notes.push(note);
    }
    let legend = legend(&layers, &notes, layout, &taken);
    (notes, legend)
}

/// Text beside an atom or a reference line; `None` if there is none, or no place for it, and then the
/// legend has it instead. Only the text of a line may cover data.
fn note(layer: &Styled<'_>, layout: &Layout, taken: &Taken) -> Option<Note> {
    let (text, anchor, heights) = match (&layer.layer.shape, &layer.layer.label) {
        (Shape::Stem { location, mass }, _) => {
            let tip = shapes::stem(*location, *mass, layout).1;
            (stem_text(*location, *mass), tip, vec![0.0, -0.06, 0.06, -0.12, 0.12])
        }
        (Shape::Vertical { location }, Some(label)) => {
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
    let (place, cost) = taken.best(candidates.filter(inside))?;
    (cost == 0 || !is_atom(layer)).then_some(Note { text, place })
}

fn is_atom(layer: &Styled<'_>) -> bool {
    matches!(layer.layer.shape, Shape::Stem { .. })
}

fn stem_text(location: f64, mass: f64) -> String {
    format!("atom at {}: mass {}", short(location), short(mass))
}

/// The line of a layer in the legend; atoms state the scale of their stems.
fn legend_text(layer: &Layer, notes: &[Note]) -> Option<String> {
    match (&layer.shape, &layer.label) {
        (Shape::Vertical { .. }, Some(label)) if notes.iter().any(|note| note.text == *label) => None,
        (Shape::Stem { location, mass }, label) => {
            let text = stem_text(*location, *mass);
            let noted = notes.iter().any(|note| note.text == text);
            Some(match label {
                Some(label) if noted => format!("{label} ({STEM_SCALE})"),
                Some(label) => format!("{label}, {text} ({STEM_SCALE})"),
                None if noted => format!("atom ({STEM_SCALE})"),
                None => format!("{text} ({STEM_SCALE})"),
            })
        }
        (_, label) => label.clone(),
    }
}

fn legend<'a>(layers: &[Styled<'a>], notes: &[Note], layout: &Layout, taken: &Taken) -> Option<Legend<'a>> {
    let mut entries: Vec<(Styled<'a>, String)> = Vec::new();
    for layer in layers {
        if let Some(text) = legend_text(layer.layer, notes) {
            // Atoms whose text is on the plot share one line.
            let repeats = |(other, line): &(Styled<'_>, String)| is_atom(other) && *line == text;
            if !(is_atom(layer) && entries.iter().any(repeats)) {
                entries.push((*layer, text));
            }
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

    // Flush with the corners, so that no ends of grid lines stick out beside the legend.
    let (left, right) = (area.left + 1.0, area.right - width);
    let (top, bottom) = (area.top, area.bottom - 0.5 * legend.size - height);
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
