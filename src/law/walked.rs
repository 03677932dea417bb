//! Laws whose support is [walked to](super::gaps): the density between the ends by rational functions.

use super::construction::{MISSING, RESOLUTION};
use super::gaps::GapEnd;
use super::part::Part;
use super::spectral::SpectralLaw;
use super::support::{FarMoments, Search};
use super::transform::CauchyTransform;
use crate::error::{Error, Result};
use crate::resolve::axis::{End, Kind, Neighbour, Obstacle, Resolution, Sample};
use crate::resolve::sample::{self, Options};

/// Where else a walk through a gap starts, relative to the distance of the nearest point that has been solved for.
const ASIDE: [f64; 4] = [0.1, -0.1, 0.4, -0.4];

/// Points that resolve an interval with a known singular place inside if it does not show there.
const LIMIT_WITH_PLACE: usize = 300;

/// Distances, each twice the one before, from which the support is looked at: small parts may lie far out.
const DOUBLINGS: usize = 4;

/// What the search for a law leaves for the next one, of a transform that is a little different: where its intervals end, and
/// solved points inside of them.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    intervals: Vec<([f64; 2], Neighbour)>,
}

/// An interval to be sampled, and what it was in a neighbouring law.
struct Interval {
    ends: [GapEnd; 2],
    neighbour: Option<Neighbour>,
}

impl Interval {
    fn between(low: GapEnd, high: GapEnd) -> Self {
        Self { ends: [low, high], neighbour: None }
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
            && self.add_walked(search, intervals, trail, workspace).is_ok()
            && self.lacks_mass().is_none()
        {
            return Ok(());
        }
        self.parts.clear();
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
            let [low, high] = interval;
            failed = match self.add_walked(search, vec![Interval::between(low, high)], trail, workspace) {
                Ok(()) => match self.lacks_mass() {
                    None => return Ok(()),
                    Some(error) => error,
                },
                Err(error) => error,
            };
            self.parts.clear();
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

    /// Samples the density on intervals between edges.
    pub(super) fn add_between<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        intervals: Vec<[GapEnd; 2]>,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        let intervals = intervals.into_iter().map(|[low, high]| Interval::between(low, high));
        self.add_walked(search, intervals.collect(), &mut Trail::default(), workspace)
    }

    /// Samples the density on intervals between edges, and splits them where they turn out to have a gap.
    fn add_walked<T: CauchyTransform>(
        &mut self,
        search: &Search<'_, T>,
        mut intervals: Vec<Interval>,
        trail: &mut Trail,
        workspace: &mut T::Workspace,
    ) -> Result<()> {
        trail.intervals.clear();
        let mut known: Vec<Sample> = Vec::new();
        let mut inner = Vec::new();
        while let Some(Interval { ends: [low, high], neighbour }) = intervals.pop() {
            let waiting = intervals.iter().flat_map(|interval| &interval.ends).map(|end| end.x);
            let others: Vec<f64> = waiting.chain(self.edges()).collect();
            let singular: Vec<f64> = search.singular_places().chain(others).collect();
            let ends = [(&low, -1.0), (&high, 1.0)].map(|(end, side)| {
                let beyond = singular.iter().map(|place| side * (place - end.x)).filter(|&gap| gap > 0.0);
                let kind = if inner.contains(&end.x) { Kind::Other } else { search.kind(end.x) };
                let beyond = beyond.fold(f64::INFINITY, f64::min);
                End { x: end.x, kind, error: end.error, beyond, turn: end.turn.clone() }
            });
            let inside = |sample: &&Sample| low.x < sample.x && sample.x < high.x;
            let samples: Vec<Sample> = known.iter().filter(inside).cloned().collect();
            // Nothing shows in which way a known place inside is singular, until that many points do not do.
            let place = search.singular_places().find(|&x| low.x < x && x < high.x);
            let options = Options::default();
            let limit = if place.is_some() { LIMIT_WITH_PLACE } else { options.limit };
            let options = Options { limit, neighbour: neighbour.as_ref(), ..options };
            let sampled = sample::sample(search, ends, samples.clone(), options);
            let sampled = match (sampled, place) {
                (Err(Error::OutOfBudget { .. }), Some(x)) => {
                    Resolution::Divided { obstacle: Obstacle::Singular { x }, samples }
                }
                (sampled, _) => sampled?,
            };
            match sampled {
                Resolution::Resolved(sampled) => {
                    let sampled = *sampled;
                    self.certificate.cuts += sampled.cuts.len();
                    self.certificate.replaced += sampled.replaced.len();
                    self.parts.push(Part::Rational(sampled.piece));
                    trail.intervals.push(([low.x, high.x], sampled.neighbour));
                }
                Resolution::Divided { obstacle: Obstacle::Singular { x }, samples } => {
                    known = samples;
                    inner.push(x);
                    let cut = GapEnd { x, error: 0.0, turn: None };
                    intervals.extend([Interval::between(low, cut.clone()), Interval::between(cut, high)]);
                }
                Resolution::Divided { obstacle: Obstacle::Outside { x, state }, samples } => {
                    known = samples;
                    let ends = [low.x, high.x].into_iter();
                    let around =
                        ends.chain(known.iter().map(|sample| sample.x)).map(|other| (other - x).abs());
                    let nearest = around.fold(f64::INFINITY, f64::min);
                    let mut gap = search.gap(x, &state, workspace);
                    for share in ASIDE {
                        // One point of a gap may be singular for the unknowns.
                        gap = gap.or_else(|_| search.gap(x + share * nearest, &state, workspace));
                    }
                    let [from, to] = gap?;
                    let parts = [[low, from], [to, high]].into_iter().filter(|[low, high]| low.x < high.x);
                    intervals.extend(parts.map(|[low, high]| Interval::between(low, high)));
                }
            }
        }
        self.parts.sort_by(|a, b| a.low().total_cmp(&b.low()));
        Ok(())
    }

    fn edges(&self) -> impl Iterator<Item = f64> + '_ {
        self.parts.iter().flat_map(|part| [part.low(), part.high()])
    }
}

impl<T: CauchyTransform> Search<'_, T> {
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
