//! Where to tabulate or draw a density, so that straight lines between the points carry its mass.
//!
//! Half of the points are spread evenly in the mean of mass and parameter. The others halve, one after the other,
//! the cell in which the trapezoidal rule is farthest from the mass that the law has there: a peak in a wide
//! interval, however narrow, and its flanks, however steep, are then part of the table.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::spectral::SpectralLaw;
use crate::measure::panels::Panel;
use crate::measure::piece::Piece;

/// Points for each panel of the mass at which it is known how many points of a mesh lie below.
const KNOTS: usize = 32;

impl SpectralLaw {
    /// About `count` points to draw or tabulate the density at, in increasing order for each interval of the
    /// support. They include the edges and singular points inside, where the density may be infinite, and crowd
    /// where it changes most, so that their trapezoidal rule has the mass of each interval. There are exactly
    /// `count` in all, unless that is less than 2 for an interval, or for one of its pieces between singular points.
    pub fn mesh(&self, count: usize) -> Vec<Vec<f64>> {
        let pieces = &self.pieces;
        // Parts that meet have one point in common.
        let total = count + pieces.len() - self.support().len();
        let spread = (total / 2).saturating_sub(2 * pieces.len()) as f64;
        let mass: f64 = pieces.iter().map(Piece::total_mass).sum();
        let mut points: Vec<Vec<f64>> = Vec::with_capacity(pieces.len());
        let mut cells = BinaryHeap::new();
        let mut share = 0.0;
        for (index, piece) in pieces.iter().enumerate() {
            let before = (share * spread).round();
            share += 0.5 * (piece.total_mass() / mass + 1.0 / pieces.len() as f64);
            let parameters = piece.spread(2 + ((share * spread).round() - before) as usize);
            cells.extend(parameters.windows(2).map(|pair| Cell::new(piece, index, [pair[0], pair[1]])));
            let last = parameters.len() - 1;
            points.push(parameters[1..last].iter().map(|&at| piece.position(at)).collect());
        }
        let mut left = total.saturating_sub(points.iter().map(|points| points.len() + 2).sum());
        while left > 0
            && let Some(Cell { piece: index, ends: [low, high], error, .. }) = cells.pop()
        {
            // What is left is as narrow as rounding.
            if error < 0.0 {
                break;
            }
            let (piece, middle) = (&pieces[index], 0.5 * (low + high));
            points[index].push(piece.position(middle));
            cells.extend([[low, middle], [middle, high]].map(|ends| Cell::new(piece, index, ends)));
            left -= 1;
        }
        let mut meshes: Vec<Vec<f64>> = Vec::new();
        for (piece, mut points) in pieces.iter().zip(points) {
            points.extend([piece.low(), piece.high()]);
            points.sort_by(f64::total_cmp);
            match meshes.last_mut() {
                Some(mesh) if mesh.last() == Some(&piece.low()) => mesh.extend(points),
                _ => meshes.push(points),
            }
        }
        meshes.iter_mut().for_each(|mesh| mesh.dedup());
        meshes
    }
}

impl Piece {
    /// Parameters in increasing order, both ends included, evenly spaced in the mean of the mass and the
    /// parameter, each as a fraction of the whole.
    fn spread(&self, count: usize) -> Vec<f64> {
        let (panels, total) = (self.panels(), self.total_mass());
        let (first, last) = (panels[0].low, panels[panels.len() - 1].high);
        let mut knots = vec![(first, 0.0)];
        for &Panel { low, high, .. } in panels {
            knots.extend((1..=KNOTS).map(|step| {
                let at = low + (high - low) * step as f64 / KNOTS as f64;
                (at, 0.5 * (self.mass_before(at) / total + (at - first) / (last - first)))
            }));
        }
        let at = |i: usize| {
            let share = i as f64 / (count - 1) as f64;
            let next = knots.partition_point(|knot| knot.1 < share).clamp(1, knots.len() - 1);
            let ((low, before), (high, after)) = (knots[next - 1], knots[next]);
            low + (high - low) * ((share - before) / (after - before)).clamp(0.0, 1.0)
        };
        let inner = (1..count - 1).map(at);
        let mut spread: Vec<f64> = std::iter::once(first).chain(inner).chain([last]).collect();
        // Parameters of logarithms go on where numbers do not.
        spread.dedup_by(|next, at| self.position(*next) <= self.position(*at));
        spread
    }
}

/// An interval of the parameter of a piece.
struct Cell {
    /// Difference between the trapezoidal rule and the mass; -1 if it cannot be halved.
    error: f64,
    piece: usize,
    ends: [f64; 2],
}

impl Cell {
    fn new(piece: &Piece, index: usize, ends: [f64; 2]) -> Self {
        let [low, high] = ends.map(|at| piece.position(at));
        let middle = piece.position(0.5 * (ends[0] + ends[1]));
        let mass = piece.mass_before(ends[1]) - piece.mass_before(ends[0]);
        let lines = 0.5 * (high - low).abs() * (piece.density(low) + piece.density(high));
        let error = match () {
            () if middle == low || middle == high => -1.0,
            // Next to an infinite density no line says anything of the mass.
            () if !lines.is_finite() => mass.abs(),
            () => (lines - mass).abs(),
        };
        Self { error, piece: index, ends }
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        // Equal errors by place, so that the order is one.
        let ends = |cell: &Self| (cell.piece, cell.ends[0]);
        let places = || ends(other).partial_cmp(&ends(self)).unwrap_or(Ordering::Equal);
        self.error.total_cmp(&other.error).then_with(places)
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Cell {}
