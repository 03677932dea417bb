//! One interval of a measure with its density.
//!
//! ```text
//! rho(x) dx = r(u) w(u) du,    u = (x - a) / (b - a)
//! ```
//!
//! with rational `r` and known `w`, see [`Coordinates`]. Everything but the two ends lives on the unit interval,
//! where positions are measured from the nearer end: moving and scaling the piece changes no mass, and next to an
//! end at 0 all digits are kept. Masses and integrals use panels of the parameter, in which `r(u) w(u) du` is
//! smooth up to both ends. In logarithmic coordinates the density goes on beyond the last parameters as the power
//! law that it has there.

use serde::{Deserialize, Serialize};

use super::coordinates::Coordinates;
use super::panels::{self, Panel};
use crate::error::{Error, Result};
use crate::numeric::rational::{Place, Rational};

/// Initial panels of all parameters, and width in the logarithm.
const PANELS: usize = 4;
const LOGARITHM_PANEL: f64 = 2.0;

/// Ratio of initial panels next to an end with a scale of its own.
const GRADING: f64 = 0.25;

/// Shortest distance of a panel from an end.
const SHORTEST: f64 = 1e-14;

/// Distance in the logarithm over which the exponent of a tail is taken.
const TAIL_STEP: f64 = 2.0;

/// A tail goes on until it has lost all digits, or its distance from the end underflows.
const TAIL_DECAY: f64 = 37.0;
const LARGEST_LOGARITHM: f64 = 700.0;

/// The width that an affine image may lose to rounding.
const LOST_WIDTH: f64 = 1e-9;

/// A rational function on an interval of parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) rational: Rational,
}

/// An interval with its density.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Definition", into = "Definition")]
pub(crate) struct Piece {
    definition: Definition,
    /// Exponents of the mass in the tails of logarithmic coordinates.
    pub(super) tails: [Option<f64>; 2],
    panels: Vec<Panel>,
    /// For each panel the integrals of the cardinal functions of its segment against `w(u) du`.
    cardinals: Vec<Vec<f64>>,
}

/// What determines a piece, and what is written to files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Definition {
    low: f64,
    high: f64,
    coordinates: Coordinates,
    segments: Vec<Segment>,
}

impl TryFrom<Definition> for Piece {
    type Error = Error;

    fn try_from(definition: Definition) -> Result<Self> {
        let Definition { low, high, coordinates, segments } = definition;
        Self::new([low, high], coordinates, segments)
    }
}

impl From<Piece> for Definition {
    fn from(piece: Piece) -> Self {
        piece.definition
    }
}

impl Piece {
    /// The piece on `[low, high]` with `(high - low) rho = r w` on adjacent segments, which cover all parameters where these are
    /// finite.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the ends are not two numbers in order, the segments do not fit together, or
    /// the mass is not positive.
    pub(crate) fn new(
        [low, high]: [f64; 2],
        coordinates: Coordinates,
        segments: Vec<Segment>,
    ) -> Result<Self> {
        let allowed = "two ends in order, with adjacent segments of finite functions and of positive mass";
        let wrong = |what: String| Error::argument("piece", what, allowed);
        if !(low < high && (high - low).is_finite()) {
            return Err(wrong(format!("ends {low:e} and {high:e}")));
        }
        let sound = |s: &Segment| s.from < s.to && (s.to - s.from).is_finite() && s.rational.is_sound();
        let adjacent = segments.windows(2).all(|pair| pair[0].to == pair[1].from);
        let [low_end, high_end] = coordinates.range();
        let covers = segments.first().zip(segments.last()).is_some_and(|(first, last)| {
            (first.from == low_end || low_end.is_infinite())
                && (last.to == high_end || high_end.is_infinite())
        });
        if !(covers && adjacent && segments.iter().all(sound)) {
            return Err(wrong(format!("{} segments that do not fit together", segments.len())));
        }
        let mut piece = Self {
            definition: Definition { low, high, coordinates, segments },
            tails: [None; 2],
            panels: Vec::new(),
            cardinals: Vec::new(),
        };
        if low_end.is_infinite() {
            piece.tails[0] = piece.tail(1.0);
        }
        if high_end.is_infinite() {
            piece.tails[1] = piece.tail(-1.0);
        }
        let breaks = piece.breaks();
        let rate = |parameter: f64| piece.rate(parameter);
        let rough = breaks.windows(2).flat_map(|pair| panels::nodes((pair[0], pair[1])));
        let scale: f64 = rough.map(|(at, weight)| weight * rate(at)).sum();
        let resolved = panels::resolve(&rate, &breaks, scale.abs());
        piece.panels = resolved;
        piece.cardinals = piece.panels.iter().map(|panel| piece.cardinal_integrals(panel)).collect();
        let mass = piece.total_mass();
        if mass > 0.0 && mass.is_finite() { Ok(piece) } else { Err(wrong(format!("mass {mass:e}"))) }
    }

    /// Exponent of the mass beyond the first parameter, or the last one for direction -1.
    fn tail(&self, direction: f64) -> Option<f64> {
        let (end, _) = self.end(direction);
        let f = |at: f64| self.smooth(at);
        let exponent = (f(end + direction * TAIL_STEP) / f(end)).ln() / TAIL_STEP;
        (exponent > 0.0 && exponent.is_finite() && f(end) > 0.0).then_some(exponent)
    }

    /// The first parameter and segment, or the last ones for direction -1.
    pub(super) fn end(&self, direction: f64) -> (f64, &Segment) {
        let segments = &self.definition.segments;
        if direction > 0.0 {
            (segments[0].from, &segments[0])
        } else {
            let last = &segments[segments.len() - 1];
            (last.to, last)
        }
    }

    /// Ends of the initial panels.
    fn breaks(&self) -> Vec<f64> {
        let mut breaks = Vec::new();
        let range = self.coordinates().range();
        // Of all parameters, if it is finite.
        let length = Some(range[1] - range[0]).filter(|length| length.is_finite());
        let beyond = |[end, direction]: [f64; 2], exponent: Option<f64>| {
            let reach = (LARGEST_LOGARITHM - end.abs()).max(0.0);
            exponent.map(|s| end - direction * (TAIL_DECAY / s).min(reach)).filter(|at| *at != end)
        };
        breaks.extend(beyond([self.end(1.0).0, 1.0], self.tails[0]));
        for segment in &self.definition.segments {
            let width = segment.to - segment.from;
            let count = (width / length.map_or(LOGARITHM_PANEL, |length| length / PANELS as f64)).ceil();
            breaks.extend((0..count as usize).map(|i| segment.from + width * i as f64 / count));
        }
        let last = self.end(-1.0).0;
        breaks.push(last);
        if let Some(length) = length {
            let [low, high] = [1.0, -1.0].map(|direction| self.graded(direction, length));
            breaks.extend(low.into_iter().map(|distance| range[0] + distance));
            breaks.extend(high.into_iter().map(|distance| range[1] - distance));
            breaks.sort_by(f64::total_cmp);
            breaks.dedup();
        }
        breaks.extend(beyond([last, -1.0], self.tails[1]));
        breaks
    }

    /// Distances from the first parameter, or the last one for direction -1, down to that of the nearest support point:
    /// a function with a scale of its own next to an end has support there, which no node of a wide panel would
    /// see.
    fn graded(&self, direction: f64, length: f64) -> Vec<f64> {
        let nodes = self.end(direction).1.rational.nodes();
        let distance = |place: Place| if direction > 0.0 { place.low } else { place.high };
        let nearest = nodes.iter().map(|node| distance(node.place)).fold(1.0, f64::min);
        // An angle is like the root of the distance.
        let nearest =
            if let Coordinates::Weighted(_) = self.coordinates() { nearest.sqrt() } else { nearest };
        let graded = |k: i32| length / PANELS as f64 * GRADING.powi(k);
        (1..).map(graded).take_while(|distance| *distance > nearest && *distance > SHORTEST).collect()
    }

    fn cardinal_integrals(&self, panel: &Panel) -> Vec<f64> {
        let Some(Segment { rational, .. }) = self.segment_of(panel) else { return Vec::new() };
        let mut sums = vec![0.0; rational.nodes().len()];
        for (at, weight) in panels::nodes((panel.low, panel.high)) {
            let factor = weight * self.coordinates().rate_factor(self.coordinates().place(at));
            let cardinals = rational.cardinals(self.coordinates().argument(at));
            sums.iter_mut().zip(cardinals).for_each(|(sum, value)| *sum += factor * value);
        }
        sums
    }

    /// The segment of a panel; a tail has none.
    fn segment_of(&self, panel: &Panel) -> Option<&Segment> {
        self.segments().iter().find(|segment| segment.from <= panel.low && panel.high <= segment.to)
    }

    /// Each panel with its rational function and the integrals of the cardinal functions.
    pub(super) fn panels_with_cardinals(
        &self,
    ) -> impl Iterator<Item = (&Panel, Option<(&Rational, &[f64])>)> {
        self.panels.iter().zip(&self.cardinals).map(|(panel, cardinals)| {
            (panel, self.segment_of(panel).map(|segment| (&segment.rational, &cardinals[..])))
        })
    }

    pub(crate) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    fn segments(&self) -> &[Segment] {
        &self.definition.segments
    }

    /// What the density is smooth in.
    pub(crate) fn coordinates(&self) -> Coordinates {
        self.definition.coordinates
    }

    /// Lower end.
    pub(crate) fn low(&self) -> f64 {
        self.definition.low
    }

    /// Upper end.
    pub(crate) fn high(&self) -> f64 {
        self.definition.high
    }

    /// Whether a point is between the ends.
    pub(crate) fn contains(&self, x: f64) -> bool {
        self.low() < x && x < self.high()
    }

    pub(crate) fn width(&self) -> f64 {
        self.high() - self.low()
    }

    /// Degrees of the rational functions.
    #[cfg(test)]
    pub(crate) fn degrees(&self) -> Vec<usize> {
        self.definition.segments.iter().map(|segment| segment.rational.degree()).collect()
    }

    /// The segment of a parameter, the nearest one beyond the ends.
    pub(super) fn segment_at(&self, parameter: f64) -> &Segment {
        let segments = self.segments();
        &segments[segments.partition_point(|segment| segment.to < parameter).min(segments.len() - 1)]
    }

    /// The rational function at a parameter, in the tails the exponential that continues it.
    pub(super) fn smooth(&self, parameter: f64) -> f64 {
        let Segment { from, to, rational } = self.segment_at(parameter);
        let inside = parameter.clamp(*from, *to);
        let value = rational.eval(self.coordinates().argument(inside));
        let beyond = parameter - inside;
        if beyond == 0.0 || !self.coordinates().is_logarithmic() {
            return value;
        }
        self.tails[usize::from(beyond > 0.0)].map_or(0.0, |s| value * (-s * beyond.abs()).exp())
    }

    /// Mass in the parameter.
    pub(super) fn rate(&self, parameter: f64) -> f64 {
        self.smooth(parameter) * self.coordinates().rate_factor(self.coordinates().place(parameter))
    }

    /// The point of the line at a parameter, never outside the interval.
    pub(crate) fn position(&self, parameter: f64) -> f64 {
        let Place { low, high } = self.coordinates().place(parameter);
        if low <= high { self.low() + self.width() * low } else { self.high() - self.width() * high }
    }

    pub(super) fn place(&self, x: f64) -> Place {
        Place { low: (x - self.low()) / self.width(), high: (self.high() - x) / self.width() }
    }

    /// The image under `x -> scale x + shift`, with the same masses.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if rounding leaves less of the width than nine digits, or its inverse overflows.
    pub(crate) fn affine(&self, scale: f64, shift: f64) -> Result<Self> {
        let mut ends = [scale * self.low() + shift, scale * self.high() + shift];
        if scale < 0.0 {
            ends.reverse();
        }
        let width = scale.abs() * self.width();
        let kept = ((ends[1] - ends[0]) / width - 1.0).abs() <= LOST_WIDTH;
        // Densities are as large as the widths are small.
        if !(kept && width.is_normal() && width.recip().is_normal()) {
            let allowed = format!("a size that rounding at {shift} leaves intact");
            return Err(Error::argument("scale", scale, allowed));
        }
        if scale > 0.0 {
            let mut piece = self.clone();
            [piece.definition.low, piece.definition.high] = ends;
            return Ok(piece);
        }
        let coordinates = self.coordinates();
        let mirrored = |segment: &Segment| Segment {
            from: coordinates.mirrored_parameter(segment.to),
            to: coordinates.mirrored_parameter(segment.from),
            rational: segment.rational.mirrored(),
        };
        let segments = self.segments().iter().rev().map(mirrored).collect();
        Self::new(ends, coordinates.mirrored(), segments)
    }
}
