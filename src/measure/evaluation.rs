//! Values of a piece: density, distribution function and its inverse.

use super::coordinates::{Coordinates, Edge, Side};
use super::piece::Piece;

/// Exponents closer to 1 than this are those of a density that neither vanishes nor grows at the end.
const FLAT: f64 = 0.05;

impl Piece {
    /// Density at `x`: 0 outside; at an end its limit, which may be infinite.
    pub(crate) fn density(&self, x: f64) -> f64 {
        if !(self.low() <= x && x <= self.high()) {
            return 0.0;
        }
        let place = self.place(x);
        if place.low == 0.0 || place.high == 0.0 {
            return self.density_at_end(usize::from(place.high == 0.0));
        }
        let coordinates = self.coordinates();
        let parameter = coordinates.parameter(place);
        let smooth = match coordinates {
            Coordinates::Half(_) | Coordinates::Logarithmic => self.smooth(parameter),
            // Directly at the place where it is the argument: angles near pi are rounded.
            _ => self.segment_at(parameter).rational.eval(coordinates.argument_at(place)),
        };
        (smooth * coordinates.weight(place) / self.width()).max(0.0)
    }

    fn density_at_end(&self, end: usize) -> f64 {
        match self.coordinates() {
            Coordinates::Weighted(edges) if edges[end] == Edge::Hard => f64::INFINITY,
            Coordinates::Weighted(_) => 0.0,
            Coordinates::Rooted(root, side) if root.growth > 0 && (side == Side::High) == (end == 1) => {
                f64::INFINITY
            }
            // A regular point, or a root that does not grow.
            Coordinates::Rooted(..) | Coordinates::Half(_) if self.coordinates().range()[end].is_finite() => {
                let parameter = self.end([1.0, -1.0][end]).0;
                (self.smooth(parameter) / self.width()).max(0.0)
            }
            _ => match self.tails[end] {
                Some(exponent) if exponent < 1.0 - FLAT => f64::INFINITY,
                Some(exponent) if exponent <= 1.0 + FLAT => {
                    let parameter = self.end([1.0, -1.0][end]).0;
                    let place = self.coordinates().place(parameter);
                    self.smooth(parameter) * self.coordinates().weight(place) / self.width()
                }
                _ => 0.0,
            },
        }
    }

    /// Mass of the whole piece.
    pub(crate) fn total_mass(&self) -> f64 {
        self.panels().last().map_or(0.0, |panel| panel.before + panel.mass())
    }

    /// Mass in `(-infinity, x]`.
    pub(crate) fn mass_below(&self, x: f64) -> f64 {
        if x <= self.low() {
            return 0.0;
        }
        if x >= self.high() {
            return self.total_mass();
        }
        self.mass_before(self.coordinates().parameter(self.place(x)))
    }

    /// Mass on the parameters below the given one.
    pub(crate) fn mass_before(&self, parameter: f64) -> f64 {
        let index = self.panels().partition_point(|panel| panel.high < parameter);
        match self.panels().get(index) {
            None => self.total_mass(),
            Some(panel) if parameter <= panel.low => panel.before,
            Some(panel) => panel.before + panel.mass_to(parameter),
        }
    }

    /// The point with `mass` of the piece below it; the ends for masses that there are not.
    pub(crate) fn quantile(&self, mass: f64) -> f64 {
        if mass <= 0.0 {
            return self.low();
        }
        if mass >= self.total_mass() {
            return self.high();
        }
        let index = self.panels().partition_point(|panel| panel.before < mass).max(1) - 1;
        let panel = &self.panels()[index];
        self.position(panel.inverse(mass - panel.before))
    }
}
