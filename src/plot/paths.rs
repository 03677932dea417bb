//! Geometry of lines on the page: clipping, thinning out, dashes.

use super::surface::Point;

/// An upright rectangle on the page, `top < bottom`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub fn contains(&self, (x, y): Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The rectangle with `by` more on every side.
    pub fn grown(&self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub fn corners(&self) -> [Point; 4] {
        [(self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)]
    }
}

/// The pieces of a line inside `area`. `None` breaks the line.
pub(super) fn clip_line(points: impl IntoIterator<Item = Option<Point>>, area: &Rect) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut previous = None;
    for point in points {
        if let (Some(from), Some(to)) = (previous, point)
            && let Some((from, to)) = clip_segment(from, to, area)
        {
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&from) => piece.push(to),
                _ => pieces.push(vec![from, to]),
            }
        }
        previous = point;
    }
    pieces
}

/// Liang and Barsky's clipping of one segment.
fn clip_segment((x0, y0): Point, (x1, y1): Point, area: &Rect) -> Option<(Point, Point)> {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let (mut enter, mut leave) = (0.0, 1.0);
    let bounds = [(-dx, x0 - area.left), (dx, area.right - x0), (-dy, y0 - area.top), (dy, area.bottom - y0)];
    for (speed, distance) in bounds {
        if speed == 0.0 {
            if distance < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            enter = f64::max(enter, distance / speed);
        } else {
            leave = f64::min(leave, distance / speed);
        }
    }
    let at = |t: f64| (x0 + t * dx, y0 + t * dy);
    // The ends themselves where nothing is cut off, so that pieces join exactly.
    let from = if enter == 0.0 { (x0, y0) } else { at(enter) };
    let to = if leave == 1.0 { (x1, y1) } else { at(leave) };
    (enter <= leave).then_some((from, to))
}

/// The part of a polygon inside `area` (Sutherland and Hodgman).
pub(super) fn clip_polygon(corners: &[Point], area: &Rect) -> Vec<Point> {
    type Side = fn(Point, &Rect) -> f64;
    let sides: [Side; 4] = [
        |p, area| p.0 - area.left,
        |p, area| area.right - p.0,
        |p, area| p.1 - area.top,
        |p, area| area.bottom - p.1,
    ];
    let mut kept = corners.to_vec();
    for side in sides {
        let input = std::mem::take(&mut kept);
        let Some(mut from) = input.last().copied() else { break };
        for to in input {
            let (a, b) = (side(from, area), side(to, area));
            if (a < 0.0) != (b < 0.0) {
                let t = a / (a - b);
                kept.push((from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1)));
            }
            if b >= 0.0 {
                kept.push(to);
            }
            from = to;
        }
    }
    kept
}

/// Width of the columns in which a crowded line is reduced to its extremes, logical pixels.
const COLUMN: f64 = 0.5;
/// Largest distance by which a thinned line may leave the true one, logical pixels.
const TOLERANCE: f64 = 0.04;

/// Drops points that cannot be seen.
pub(super) fn thin(path: &[Point]) -> Vec<Point> {
    simplify(&column_extremes(path))
}

/// Of each run of points in one column: the first, the lowest, the highest and the last.
fn column_extremes(path: &[Point]) -> Vec<Point> {
    let column = |p: &Point| (p.0 / COLUMN).floor();
    let mut kept = Vec::new();
    for run in path.chunk_by(|a, b| column(a) == column(b)) {
        if run.len() <= 4 {
            kept.extend_from_slice(run);
            continue;
        }
        let extreme =
            |sign: f64| (0..run.len()).max_by(|&a, &b| (sign * run[a].1).total_cmp(&(sign * run[b].1)));
        let mut indices = vec![0, extreme(-1.0).unwrap_or(0), extreme(1.0).unwrap_or(0), run.len() - 1];
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().map(|k| run[k]));
    }
    kept
}

/// Ramer, Douglas and Peucker's simplification, with a stack of its own.
fn simplify(path: &[Point]) -> Vec<Point> {
    let Some(last) = path.len().checked_sub(1) else { return Vec::new() };
    let mut keep = vec![false; path.len()];
    keep[0] = true;
    keep[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let farthest = (from + 1..to)
            .map(|k| (k, distance(path[k], path[from], path[to])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((k, far)) = farthest
            && far > TOLERANCE
        {
            keep[k] = true;
            open.extend([(from, k), (k, to)]);
        }
    }
    path.iter().zip(keep).filter_map(|(&p, keep)| keep.then_some(p)).collect()
}

/// Distance of `p` from the segment between `a` and `b`.
fn distance(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let square = dx * dx + dy * dy;
    let t = if square > 0.0 { ((p.0 - a.0) * dx + (p.1 - a.1) * dy) / square } else { 0.0 };
    let t = t.clamp(0.0, 1.0);
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

/// Cuts a path into dashes of length `on` with gaps of length `off`.
pub(super) fn dashes(path: &[Point], on: f64, off: f64) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = path.first().copied().into_iter().collect();
    let (mut drawing, mut remaining) = (true, on);
    for pair in path.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = (x1 - x0).hypot(y1 - y0);
        let mut done = 0.0;
        while length - done > remaining {
            done += remaining;
            let point = (x0 + (x1 - x0) * done / length, y0 + (y1 - y0) * done / length);
            if drawing {
                piece.push(point);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![point];
            }
            drawing = !drawing;
            remaining = if drawing { on } else { off };
        }
        remaining -= length - done;
        if drawing {
            piece.push((x1, y1));
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };

    #[test]
    fn a_line_that_leaves_and_returns_is_two_pieces() {
        let line = [(1.0, 5.0), (3.0, -5.0), (5.0, 5.0), (6.0, 5.0)].map(Some);
        let pieces = clip_line(line, &AREA);
        assert_eq!(pieces, [vec![(1.0, 5.0), (2.0, 0.0)], vec![(4.0, 0.0), (5.0, 5.0), (6.0, 5.0)]]);
    }

    #[test]
    fn a_polygon_is_cut_at_the_area() {
        let clipped = clip_polygon(&[(-5.0, 2.0), (5.0, 2.0), (5.0, 20.0), (-5.0, 20.0)], &AREA);
        assert!(clipped.iter().all(|&p| AREA.contains(p)));
        assert!(clipped.contains(&(5.0, 10.0)) && clipped.contains(&(0.0, 2.0)));
    }

    #[test]
    fn thinning_keeps_what_can_be_seen() {
        let straight: Vec<Point> = (0..100_000).map(|k| (f64::from(k) * 1e-3, 1.0)).collect();
        assert_eq!(thin(&straight), [(0.0, 1.0), (99.999, 1.0)]);
        let mut spike = straight.clone();
        spike[777].1 = 9.0;
        assert!(thin(&spike).contains(&(0.777, 9.0)));
    }

    #[test]
    fn dashes_have_the_length_asked_for() {
        let pieces = dashes(&[(0.0, 0.0), (4.0, 0.0), (4.0, 6.0)], 3.0, 2.0);
        assert_eq!(pieces, [vec![(0.0, 0.0), (3.0, 0.0)], vec![(4.0, 1.0), (4.0, 4.0)]]);
    }
}
