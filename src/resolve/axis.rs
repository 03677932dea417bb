//! Points of the real axis as they are asked for and as they come back.

use num_complex::Complex64;

use crate::error::Result;
use crate::measure::coordinates::{Coordinates, Edge, Root, Side};
use crate::measure::piece::Piece;
use crate::numeric::rational::Place;
use crate::solver::walk::Turn;

/// What solves for points of the real axis.
pub(crate) trait Axis {
    /// Solves for points, in the order of the requests. The answers must not depend on how the work is shared out.
    fn solve(&self, requests: &[Request]) -> Vec<Result<Outcome>>;
}

/// A point to be solved for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The point.
    pub(crate) x: f64,
    /// Its distances from both ends of the interval.
    pub(crate) distances: Place,
    /// Where to start.
    pub(crate) guess: Option<Vec<Complex64>>,
}

/// What a solve found.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// A point inside the support.
    Inside {
        /// The density there.
        density: f64,
        /// Its relative error from rounding.
        noise: f64,
        /// The unknowns.
        state: Vec<Complex64>,
    },
    /// A point outside the support, with the unknowns there.
    Outside(Vec<Complex64>),
}

/// A solved point inside the support.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) x: f64,
    pub(crate) density: f64,
    /// Relative error of the density from rounding.
    pub(crate) noise: f64,
    /// The unknowns.
    pub(crate) state: Vec<Complex64>,
}

/// Why an interval has to be divided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Obstacle {
    /// A point outside the support, with its unknowns: it lies in a gap.
    Outside { x: f64, state: Vec<Complex64> },
    /// A point of the support at which the density is not smooth.
    Singular { x: f64 },
    /// One of the ends, next to which the density is not what its kind says.
    Unlike { end: usize },
}

/// Kind of an end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A turning point of the solution: the density vanishes like a square root.
    Soft,
    /// The density grows like one over the square root.
    Hard,
    /// A branch point of known order, opposite a regular end.
    Branch(Root),
    /// No end of the support: the density is smooth.
    Regular,
    /// Anything else.
    Other,
}

impl Kind {
    /// What the density is smooth in between two ends.
    pub(crate) fn coordinates(ends: [Self; 2]) -> Coordinates {
        let edge = |kind| match kind {
            Self::Soft => Some(Edge::Soft),
            Self::Hard => Some(Edge::Hard),
            _ => None,
        };
        match ends {
            [Self::Branch(root), Self::Regular] => Coordinates::Rooted(root, Side::Low),
            [Self::Regular, Self::Branch(root)] => Coordinates::Rooted(root, Side::High),
            [Self::Other, Self::Regular] => Coordinates::Half(Side::Low),
            [Self::Regular, Self::Other] => Coordinates::Half(Side::High),
            [first, last] => match (edge(first), edge(last)) {
                (Some(first), Some(last)) => Coordinates::Weighted([first, last]),
                _ => Coordinates::Logarithmic,
            },
        }
    }
}

/// An end of an interval.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct End {
    pub(crate) x: f64,
    pub(crate) kind: Kind,
    /// Absolute error of `x`.
    pub(crate) error: f64,
    /// Distance to the next singular place outside; infinite if there is none.
    pub(crate) beyond: f64,
    /// The unknowns at the end and how they open up, if it is a turning point that is known as one.
    pub(crate) turn: Option<Turn>,
}

/// The interval of a neighbouring law that becomes this one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Neighbour {
    /// Its ends, if they are turning points.
    pub(crate) turns: [Option<Turn>; 2],
    /// Points that resolve it, by their logarithms `log((x - a) / (b - x))`, and the unknowns there.
    pub(crate) points: Vec<(f64, Vec<Complex64>)>,
    /// Where it was cut, likewise.
    pub(crate) cuts: Vec<f64>,
}

/// An interval sampled to the end.
#[derive(Debug, Clone)]
pub(crate) struct Sampled {
    pub(crate) piece: Piece,
    /// All points that were used, in increasing order.
    #[cfg(test)]
    pub(crate) samples: Vec<Sample>,
    /// What it is for its neighbours.
    pub(crate) neighbour: Neighbour,
    /// Where the interval was cut into several rational functions.
    pub(crate) cuts: Vec<f64>,
    /// Points that could not be solved for; neighbours took their places.
    pub(crate) replaced: Vec<f64>,
}

/// How the sampling of an interval ends.
#[derive(Debug, Clone)]
pub(crate) enum Resolution {
    /// With its density.
    Resolved(Box<Sampled>),
    /// With a reason to divide the interval. The samples serve both parts.
    Divided { obstacle: Obstacle, samples: Vec<Sample> },
}
