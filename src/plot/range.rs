//! Ranges of axes that were given none.

use super::axes::Axis;
use super::layers::{Layer, Shape};
use crate::error::{Error, Result};

/// Free space beside the data, as a fraction of its extent.
const MARGIN: f64 = 0.03;
/// Free space above the data.
const HEADROOM: f64 = 0.06;
/// Part of the area under a curve that a peak may have above the top of the axis.
const CUT_AREA: f64 = 0.03;
/// A peak is cut only if that shortens the axis at least by this factor.
const CUT_GAIN: f64 = 2.0;
/// Positive data starts at zero if its minimum is below this fraction of its maximum.
const NEAR_ZERO: f64 = 0.3;
/// Narrowest range relative to its ends: below, the marks could not be told apart.
const NARROWEST: f64 = 1e-9;

/// The horizontal axis: as given, or all locations that the layers mention.
pub(super) fn horizontal(layers: &[Layer], given: Option<(f64, f64)>, log: bool) -> Result<Axis> {
    if let Some((low, high)) = given {
        return checked("x_range", low, high, log);
    }
    let mut extent = Extent::default();
    for layer in layers {
        match &layer.shape {
            Shape::Histogram { edges, .. } => extent.add_all(edges),
            Shape::Curve { x, y } => {
                x.iter().zip(y).filter(|(_, y)| y.is_finite()).for_each(|(&x, _)| extent.add(x));
            }
            Shape::Band { x, .. } | Shape::Points { x, .. } => extent.add_all(x),
            Shape::Edges { locations } => extent.add_all(locations),
            Shape::Stem { location, .. } | Shape::Vertical { location } => extent.add(*location),
        }
    }
    let (low, high) = extent.or_unit(log);
    let (low, high) = padded(low, high, MARGIN, MARGIN, log);
    checked("x", low, high, log)
}

/// The vertical axis: as given, or what the layers show between the ends of the horizontal axis,
/// except for peaks too narrow to be worth their height.
pub(super) fn vertical(
    layers: &[Layer],
    given: Option<(f64, f64)>,
    log: bool,
    x_axis: &Axis,
) -> Result<Axis> {
    if let Some((low, high)) = given {
        return checked("y_range", low, high, log);
    }
    let visible = |x: f64| x >= x_axis.low && x <= x_axis.high;
    let mut extent = Extent::default();
    let mut is_density = false;
    for layer in layers {
        match &layer.shape {
            Shape::Histogram { edges, density } => {
                is_density = true;
                let bins = edges.windows(2).zip(density).filter(|(e, _)| visible(e[0]) || visible(e[1]));
                let bins: Vec<_> = bins.map(|(e, &d)| (e[1] - e[0], d)).collect();
                let heights = || bins.iter().map(|bin| bin.1).filter(|&d| !log || d > 0.0);
                extent
                    .add_up_to(heights(), if log || x_axis.log { f64::INFINITY } else { useful_top(&bins) });
            }
            Shape::Curve { x, y } => {
                let shown = |k: usize| visible(x[k]) && y[k].is_finite();
                let heights: Vec<_> = (0..x.len()).filter(|&k| shown(k)).map(|k| y[k]).collect();
                let strips = (1..x.len()).filter(|&k| shown(k - 1) && shown(k));
                let strips: Vec<_> =
                    strips.map(|k| ((x[k] - x[k - 1]).abs(), 0.5 * y[k] + 0.5 * y[k - 1])).collect();
                let cut = !log && !x_axis.log && heights.iter().all(|&y| y >= 0.0);
                extent.add_up_to(heights.into_iter(), if cut { useful_top(&strips) } else { f64::INFINITY });
            }
            Shape::Band { x, lower, upper } => {
                for k in (0..x.len()).filter(|&k| visible(x[k])) {
                    extent.add(lower[k]);
                    extent.add(upper[k]);
                }
            }
            Shape::Points { x, y, errors } => {
                for k in (0..x.len()).filter(|&k| visible(x[k])) {
                    let error = errors.as_ref().map_or(0.0, |errors| errors[k]);
                    extent.add(y[k] + error);
                    // A bar that reaches below zero has no end on a logarithmic axis.
                    extent.add(if log && y[k] <= error { y[k] } else { y[k] - error });
                }
            }
            Shape::Stem { .. } | Shape::Edges { .. } | Shape::Vertical { .. } => {}
        }
    }
    let (low, high) = extent.or_unit(log);
    let from_zero = !log && low >= 0.0 && (is_density || low <= NEAR_ZERO * high);
    let (low, high) = match from_zero {
        true if high == 0.0 => (0.0, 1.0),
        true => (0.0, high * (1.0 + HEADROOM)),
        false => padded(low, high, HEADROOM, HEADROOM, log),
    };
    checked("y", low, high, log)
}

/// Smallest and largest of the numbers seen.
#[derive(Default)]
struct Extent(Option<(f64, f64)>);

impl Extent {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            let (low, high) = self.0.unwrap_or((value, value));
            self.0 = Some((low.min(value), high.max(value)));
        }
    }

    fn add_all(&mut self, values: &[f64]) {
        values.iter().for_each(|&value| self.add(value));
    }

    fn add_up_to(&mut self, values: impl Iterator<Item = f64>, top: f64) {
        values.for_each(|value| self.add(value.min(top)));
    }

    fn or_unit(&self, log: bool) -> (f64, f64) {
        self.0.unwrap_or((if log { 0.1 } else { 0.0 }, 1.0))
    }
}

/// Height above which strips `(width, height)` have no more than [`CUT_AREA`] of their area, if
/// cutting there is worth while: densities are infinite at a hard edge, but hold little mass there.
fn useful_top(strips: &[(f64, f64)]) -> f64 {
    let mut strips = strips.to_vec();
    strips.sort_by(|a, b| b.1.total_cmp(&a.1));
    let allowed = CUT_AREA * strips.iter().map(|(width, height)| width * height).sum::<f64>();
    let Some(&(_, highest)) = strips.first() else { return f64::INFINITY };
    let (mut width, mut level, mut above) = (0.0, highest, 0.0);
    for &(strip_width, height) in &strips {
        let next = above + width * (level - height);
        if next > allowed {
            break;
        }
        (above, level) = (next, height);
        width += strip_width;
    }
    let top = if width > 0.0 { level - (allowed - above) / width } else { level };
    if highest > CUT_GAIN * top { top } else { f64::INFINITY }
}

fn padded(low: f64, high: f64, below: f64, above: f64, log: bool) -> (f64, f64) {
    if log {
        let (low, high) = if low == high { (low / 2.0, high * 2.0) } else { (low, high) };
        let ratio = high / low;
        return (low * ratio.powf(-below), high * ratio.powf(above));
    }
    let size = low.abs().max(high.abs());
    // Data that is constant up to rounding.
    if high - low <= 2.0 * NARROWEST * size {
        let half = if size == 0.0 { 0.5 } else { 0.5 * size };
        return (low - half, high + half);
    }
    (low - below * (high - low), high + above * (high - low))
}

fn checked(argument: &'static str, low: f64, high: f64, log: bool) -> Result<Axis> {
    let allowed = match () {
        () if !(low.is_finite() && high.is_finite() && (high - low).is_finite()) => "finite",
        () if low >= high => "increasing",
        () if log && low <= 0.0 => "positive (the axis is logarithmic)",
        () if log && !(high / low).is_finite() => "within the range of double precision",
        () if high - low <= NARROWEST * low.abs().max(high.abs()) => "wide enough for distinct marks",
        () => return Ok(Axis { low, high, log }),
    };
    Err(Error::argument(argument, format!("from {low} to {high}"), allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_data_gets_a_range() {
        let layers = [Layer::curve(&[0.0, 1.0], &[-0.5, -0.5 - 1e-14])];
        let x_axis = horizontal(&layers, None, false).unwrap();
        let axis = vertical(&layers, None, false, &x_axis).unwrap();
        assert!(axis.low < -0.6 && axis.high > -0.4);
    }

    #[test]
    fn a_hard_edge_does_not_fix_the_axis() {
        // 1 / (2 sqrt(x)) on [0, 1]: half of it lies below the value 1, the supremum is infinite.
        let x: Vec<f64> = (1..=10_000).map(|k| (f64::from(k) / 1e4).powi(3)).collect();
        let y: Vec<f64> = x.iter().map(|x| 0.5 / x.sqrt()).collect();
        let layers = [Layer::curve(&x, &y)];
        let axis = horizontal(&layers, None, false).unwrap();
        let axis = vertical(&layers, None, false, &axis).unwrap();
        assert_eq!(axis.low, 0.0);
        // The area of 1 / (2 sqrt(x)) above the level c is 1 / (4 c).
        assert!((axis.high / 1.06 - 0.25 / CUT_AREA).abs() < 0.5, "{}", axis.high);
    }

    #[test]
    fn a_narrow_bulk_is_kept() {
        let layers = [Layer::histogram(&[0.0, 0.01, 1.0], &[50.0, 0.5])];
        let axis = horizontal(&layers, None, false).unwrap();
        assert!(vertical(&layers, None, false, &axis).unwrap().high > 50.0);
    }

    #[test]
    fn bad_ranges_are_refused() {
        for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (-1.0, 1.0), (1.0, 1.0 + 1e-12)] {
            assert!(horizontal(&[], Some((low, high)), true).is_err(), "{low} {high}");
        }
        assert!(horizontal(&[], Some((-1e308, 1e308)), false).is_err());
    }
}
