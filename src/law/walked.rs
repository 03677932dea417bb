//! The density between the ends of intervals by rational functions, and laws whose support is [walked to](super::gaps).

use num_complex::Complex64;

use super::construction::{MISSING, RESOLUTION};
use super::spectral::SpectralLaw;
use super::support::{FarMoments, Search};
use super::transform::CauchyTransform;
use crate::error::{Error, Result};
use crate::resolve::axis::{End, Kind, Neighbour, Obstacle, Resolution, Sample};
use crate::resolve::sample::{self, Options};

/// Where else a walk through a gap starts, relative to the distance of the nearest point that has been solved for.
const ASIDE: [f64; 4] = [0.1, -0.1, 0.4, -0.4];

/// Tolerance of densities in units of the rounding of what they come from, and the smallest.
const DIGITS: f64 = 1000.0;
const FINEST: f64 = 1e-12;

/// Distances, each twice the one before, from which the support is looked at: small parts may lie far out.
const DOUBLINGS: usize = 4;

/// What the search for a law leaves for the next one, of a transform that is a little different: where its intervals end, and
/// solved points inside of them.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    intervals: Vec<([f64; 2], Neighbour)>,
}

/// An interval to be sampled, and what it was in a neighbouring law.
pub(super) struct Interval {
    ends: [End; 2],
    neighbour: Option<Neighbour>,
}

impl From<[End; 2]> for Interval {
    fn from(ends: [End; 2]) -> Self {
        Self { ends, neighbour: None }
    }
}

impl SpectralLaw {
    /// Finds all intervals of a law whose real solutions can be walked along: those of the law that has left the trail, if they
    /// carry all mass, else looking from farther and farther away until nothing is missing.
    pub(super) fn find_along<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        far: &FarMoments,
        trail: &mut Trail,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        let before = self.certificate;
        let last = std::mem::take(trail);
        let displaced = search.displaced(last, workspace);
        if let Some(intervals) = displaced
            && self.add(search, intervals, Vec::new(), trail, workspace).is_ok()
            && self.lacks_mass().is_none()
        {
            return Ok(());
        }
        self.pieces.clear();
        self.certificate = before;
        self.find_by_walks(search, far, trail, workspace)
    }

    /// Finds all intervals from their outer ends, looking from farther away until nothing is missing.
    fn find_by_walks<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        far: &FarMoments,
        trail: &mut Trail,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        let before = self.certificate;
        let mut failed = Error::NoEdge { near: far.center, points: 0 };
        let mut tried: Vec<[f64; 2]> = Vec::new();
        for doubling in 0..DOUBLINGS {
            let interval = match search.outer(far.center, far.radius * f64::from(1 << doubling), workspace) {
                Ok(interval) => interval,
                Err(error) => {
                    failed = error;
                    continue;
                }
            };
            let ends = interval.each_ref().map(|end| end.x);
            let rounding = RESOLUTION * (ends[1] - ends[0]);
            if tried.iter().any(|other| (0..2).all(|i| (other[i] - ends[i]).abs() <= rounding)) {
                continue;
            }
            tried.push(ends);
            failed = match self.add(search, vec![interval.into()], Vec::new(), trail, workspace) {
                Ok(()) => match self.lacks_mass() {
                    None => return Ok(()),
                    Some(error) => error,
                },
                Err(error) => error,
            };
            self.pieces.clear();
            self.certificate = before;
        }
        Err(failed)
    }

    /// The error of a law that does not carry all mass.
    pub(super) fn lacks_mass(&self) -> Option<Error> {
        let found = self.total_mass();
        let lacks = (1.0 - found).abs() > MISSING;
        lacks.then_some(Error::NotCertified {
            quantity: "total mass",
            found,
            expected: 1.0,
            tolerance: MISSING,
        })
    }

    /// Samples the density on intervals between edges, and splits them where they turn out to have a gap or a singular point. Of
    /// `known` points those inside are used.
    pub(super) fn add<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        intervals: Vec<Interval>,
        mut known: Vec<Sample>,
        trail: &mut Trail,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        trail.intervals.clear();
        let mut waiting: Vec<Interval> =
            intervals.into_iter().flat_map(|interval| search.parts(interval)).collect();
        while let Some(Interval { ends: [mut low, mut high], neighbour }) = waiting.pop() {
            let others = waiting.iter().flat_map(|interval| &interval.ends).map(|end| end.x);
            let singular: Vec<f64> = search.singular_places().chain(others).chain(self.edges()).collect();
            for (end, side) in [(&mut low, -1.0), (&mut high, 1.0)] {
                let beyond = singular.iter().map(|place| side * (place - end.x)).filter(|&gap| gap > 0.0);
                end.beyond = beyond.fold(f64::INFINITY, f64::min);
            }
            let inside = |sample: &Sample| low.x < sample.x && sample.x < high.x;
            // Nothing shows in which way a known place inside is singular, until points do not do.
            let place = search.singular_places().find(|&x| low.x < x && x < high.x);
            let options = Options::default();
            let tolerance = (DIGITS * search.transform.rounding()).clamp(FINEST, options.tolerance);
            let options = Options { tolerance, neighbour: neighbour.as_ref(), ..options };
            let samples: Vec<Sample> = known.iter().filter(|sample| inside(sample)).cloned().collect();
            let sampled = sample::sample(search, [low.clone(), high.clone()], samples.clone(), options);
            let (obstacle, samples) = match (sampled, place) {
                (Ok(Resolution::Resolved(sampled)), _) => {
                    self.certificate.cuts += sampled.cuts.len();
                    self.certificate.replaced += sampled.replaced.len();
                    self.pieces.push(sampled.piece);
                    trail.intervals.push(([low.x, high.x], sampled.neighbour));
                    continue;
                }
                (Ok(Resolution::Divided { obstacle, samples }), _) => (obstacle, samples),
                (Err(Error::OutOfBudget { .. }), Some(x)) => (Obstacle::Singular { x }, samples),
                (Err(error), _) => return Err(error),
            };
            known.retain(|sample| !inside(sample));
            known.extend(samples);
            let [from, to] = match obstacle {
                Obstacle::Unlike { end } => {
                    let mut ends = [low, high];
                    ends[end] = End { kind: Kind::Other, turn: None, ..ends[end].clone() };
                    waiting.extend(search.parts(ends.into()));
                    continue;
                }
                Obstacle::Singular { x } => {
                    let cut = End { kind: Kind::Other, ..search.end_at(x) };
                    [cut.clone(), cut]
                }
                Obstacle::Outside { x, state } => {
                    search.gap_inside([&low, &high], (x, &state), &mut known, workspace)?
                }
            };
            for ends in [[low, from], [to, high]] {
                if ends[0].x < ends[1].x {
                    waiting.extend(search.parts(ends.into()));
                }
            }
        }
        self.pieces.sort_by(|a, b| a.low().total_cmp(&b.low()));
        Ok(())
    }

    fn edges(&self) -> impl Iterator<Item = f64> + '_ {
        self.pieces.iter().flat_map(|piece| [piece.low(), piece.high()])
    }
}

impl<T: CauchyTransform> Search<'_, T> {
    /// What an interval is sampled in: the parts between branch points on it, and halves where ends ask for that.
    fn parts(&self, interval: Interval) -> Vec<Interval> {
        let [low, high] = interval.ends.each_ref().map(|end| end.x);
        if let Some((at, _)) = self.branches.iter().find(|(at, _)| low < *at && *at < high) {
            let [first, last] = interval.ends;
            let sides = [[first, self.end_at(*at)], [self.end_at(*at), last]];
            return sides.into_iter().flat_map(|ends| self.parts(ends.into())).collect();
        }
        match self.halves(&interval.ends) {
            Some(halves) => halves.map(Interval::from).into(),
            None => vec![interval],
        }
    }

    /// The gap around a point between two ends, which is outside of the support.
    fn gap_inside(
        &self,
        [low, high]: [&End; 2],
        (x, state): (f64, &[Complex64]),
        known: &mut Vec<Sample>,
        workspace: &mut T::Workspace,
    ) -> Result<[End; 2]> {
        let inside = known.iter().filter(|sample| low.x < sample.x && sample.x < high.x);
        let left = inside.clone().filter(|sample| sample.x < x).max_by(|a, b| a.x.total_cmp(&b.x));
        let right = inside.filter(|sample| sample.x > x).min_by(|a, b| a.x.total_cmp(&b.x));
        if self.transform.knows_real_solutions() {
            let around = [left, right].into_iter().flatten().map(|sample| sample.x).chain([low.x, high.x]);
            let nearest = around.map(|other| (other - x).abs()).fold(f64::INFINITY, f64::min);
            let mut gap = self.gap(x, state, workspace);
            for share in ASIDE {
                // One point of a gap may be singular for the unknowns.
                gap = gap.or_else(|_| self.gap(x + share * nearest, state, workspace));
            }
            return gap;
        }
        // The nearest points inside on both sides lead to the edges of the gap; without one there is nothing on that side.
        let (left, right) = (left.cloned(), right.cloned());
        let from = left.map(|left| self.edge(&left, 1.0, Some(x), known, workspace));
        let to = right.map(|right| self.edge(&right, -1.0, Some(x), known, workspace));
        Ok([from.unwrap_or_else(|| Ok(low.clone()))?, to.unwrap_or_else(|| Ok(high.clone()))?])
    }

    /// Where the intervals of a neighbouring law are now; none if one of them is not where it is expected.
    fn displaced(&self, trail: Trail, workspace: &mut T::Workspace) -> Option<Vec<Interval>> {
        let mut intervals: Vec<Interval> = Vec::with_capacity(trail.intervals.len());
        for (ends, neighbour) in trail.intervals {
            let turns = [neighbour.turns[0].as_ref()?, neighbour.turns[1].as_ref()?];
            let [low, high] = self.turns_near(ends, turns, workspace).ok()?;
            intervals.push(Interval { ends: [low, high], neighbour: Some(neighbour) });
        }
        intervals.sort_by(|a, b| a.ends[0].x.total_cmp(&b.ends[0].x));
        let ends: Vec<f64> = intervals.iter().flat_map(|interval| &interval.ends).map(|end| end.x).collect();
        (!ends.is_empty() && ends.is_sorted_by(|a, b| a < b)).then_some(intervals)
    }
}
