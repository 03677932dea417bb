//! Real solutions outside the support, and the walk along them to its edges.
//!
//! # Which real solution is the physical one
//!
//! On the real axis outside the support the equation `x = F(x; z)` has several real solutions. The physical one is told
//! by its tangent. For `Im z > 0` the map sends the half-space of states with semidefinite imaginary part into itself, so
//! at a real state its derivative `F'` preserves the cone `K` of semidefinite matrices, and `F_z` lies in `K` (up to the
//! sign of the half-space). With `V = dx/dz`, which solves `V = F' V + F_z`:
//!
//! * if `x` is the limit of physical solutions, `V` is the limit of `Im x / Im z`, so it lies in `K`;
//! * if `V` lies in `K` (and charges what `F'` reaches), then `V - F' V = F_z` in `K` bounds the spectral radius of the positive
//!   map `F'` by 1 (Krein and Rutman, Uspekhi Mat. Nauk 3, 1948; for matrices the criterion of M-matrices, Berman and
//!   Plemmons, Nonnegative Matrices in the Mathematical Sciences, 1994, theorem 6.2.3). The solution at `z + i e` next to
//!   `x` is then `x + i e V`, which lies in the half-space, where the solution is unique (Helton, Rashidi Far and Speicher,
//!   IMRN 2007): `x` is physical.
//!
//! # The walk
//!
//! Along the curve of real solutions the positive functional `tau = c . x`, with the first tangent for `c`, grows steadily,
//! through turning points too, and `z(tau)` is analytic: an edge of the support is where `z'(tau) = 0`, a simple zero that
//! the secant method finds to rounding. The interval between the ends of both walks from one point is thereby shown to be
//! free of the support. At a hard edge or an atom `tau` runs off to infinity.
//!
//! Linear equations are solved from products with the [derivative](FixedPoint::derivative) of the map.

mod across;
mod curve;
mod line;
mod neighbour;
#[cfg(test)]
mod tests;

use num_complex::Complex64;

use self::curve::Curve;
use self::line::Line;
use super::fixed_point::{FixedPoint, Workspace};
use super::krylov::{gmres, norm};
use crate::error::{Error, Result};

/// Relative residual of linear equations for corrections, and for tangents where they matter.
const CORRECTION: f64 = 1e-4;
const TANGENT: f64 = 1e-10;

/// Corrections of one point.
const CORRECTIONS: usize = 12;

/// Errors of the [power](Runaway::power) with which a curve runs off at which it counts as one with that power, the first that
/// leads to the other side of the place; else it is followed as far as there are digits.
const SETTLED: [f64; 3] = [1e-3, 1e-6, 1e-9];

/// A real point outside of the support.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Where it is.
    pub z: f64,
    /// The unknowns.
    pub state: Vec<f64>,
    /// Their derivative by `z`.
    pub tangent: Vec<f64>,
    /// Evaluations of the map that it took.
    pub evaluations: usize,
}

/// A point of the line at which unknowns may run off to infinity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Runaway {
    /// Where it is.
    pub at: f64,
    /// The power of `1 / tau` that the distance from there goes with once it is the nearest part of the spectrum, if that is
    /// known: 1 at an atom, 2 at a hard edge.
    pub power: Option<f64>,
}

impl Runaway {
    /// An atom.
    pub const fn atom(at: f64) -> Self {
        Self { at, power: Some(1.0) }
    }

    /// A hard edge, next to which the density is like the inverse root of the distance.
    pub const fn hard_edge(at: f64) -> Self {
        Self { at, power: Some(2.0) }
    }
}

/// Where a walk ends.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// The end of the gap.
    pub z: f64,
    /// How far it may be off; 0 at a place that was given.
    pub error: f64,
    /// The unknowns at a turning point, a regular edge; none where they run off to infinity, at a hard edge or an atom.
    pub turn: Option<Turn>,
    /// Behind an atom the unknowns come back from infinity on the other side: a point there, as far as the last one on this
    /// side, and a guess of the unknowns.
    pub behind: Option<(f64, Vec<f64>)>,
    /// Evaluations of the map on the way.
    pub evaluations: usize,
}

/// The unknowns at a turning point `e`: at `x` inside of the support they are `state + i opening |x - e|^(1/2)` up to terms
/// in `x - e`.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The unknowns.
    pub state: Vec<f64>,
    /// How they open up towards the inside.
    pub opening: Vec<f64>,
}

/// Real solutions of an equation that is real on the real line.
pub trait Walk: FixedPoint {
    /// The physical solution at the real point `z` outside of the support next to `guess`.
    ///
    /// # Errors
    /// [`Error::NotConverged`] if there is no real solution next to the guess, [`Error::Unphysical`] if it is another one.
    fn outside(
        &self,
        z: f64,
        guess: &[Complex64],
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<Outside> {
        self.check_state(guess, workspace)?;
        let mut line = Line::new(self, guess, workspace);
        let mut x: Vec<f64> = guess.iter().zip(&line.units).map(|(x, unit)| x.re / unit).collect();
        let tolerance = self.options().tolerance;
        let mut residual = f64::INFINITY;
        for _ in 0..CORRECTIONS {
            let image = line.map(&x, z);
            let rest: Vec<f64> = image.iter().zip(&x).map(|(image, x)| image - x).collect();
            let Some(step) = gmres(&rest, CORRECTION, |v| line.difference(&x, z, v, 0.0)) else { break };
            x.iter_mut().zip(&step).for_each(|(x, step)| *x += step);
            let before = residual;
            residual = norm(&step) / norm(&x);
            if residual <= 10.0 * tolerance || residual < 1e-6 && residual > 0.3 * before {
                break;
            }
        }
        if residual.is_nan() || residual > 1e4 * tolerance {
            let (z, iterations) = (Complex64::from(z), line.evaluations);
            return Err(Error::NotConverged { z, residual, iterations, tolerance });
        }
        let rate = line.rate(&x, z);
        let tangent = gmres(&rate, TANGENT, |v| line.difference(&x, z, v, 0.0));
        let evaluations = line.evaluations;
        let outside = tangent.map(|tangent| Outside {
            z,
            state: line.in_units(&x),
            tangent: line.in_units(&tangent),
            evaluations,
        });
        let physical = |outside: &Outside| {
            let above: Vec<Complex64> = outside.tangent.iter().map(|&v| Complex64::new(0.0, v)).collect();
            outside.tangent.iter().all(|v| v.is_finite()) && self.is_physical(&above)
        };
        outside.filter(physical).ok_or(Error::Unphysical { z: z.into(), iterations: evaluations })
    }

    /// The end of the gap that `start` is in, in the direction `sign` of `z`; at `places` beyond the start the curve may run
    /// off to infinity.
    ///
    /// # Errors
    /// [`Error::NoEdge`] if the curve is lost.
    fn walk(
        &self,
        start: &Outside,
        sign: f64,
        places: &[Runaway],
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<End> {
        let guess: Vec<Complex64> = start.state.iter().copied().map(Complex64::from).collect();
        self.check_state(&guess, workspace)?;
        Curve::new(Line::new(self, &guess, workspace), start, sign, places).end(places)
    }

    /// The end of a gap next to `z`, where a neighbouring equation has a turning point, as a walk in the direction `sign` would
    /// end there. That no other part of the spectrum has come between is not shown.
    ///
    /// # Errors
    /// [`Error::NoEdge`] if there is none, [`Error::Unphysical`] if it is one of another solution.
    fn turn_near(
        &self,
        z: f64,
        turn: &Turn,
        sign: f64,
        workspace: &mut Workspace<Self::Buffers>,
    ) -> Result<End> {
        let guess: Vec<Complex64> = turn.state.iter().copied().map(Complex64::from).collect();
        self.check_state(&guess, workspace)?;
        if turn.opening.len() != guess.len() {
            return Err(Error::NoEdge { near: z, points: 0 });
        }
        let start = Outside { z, state: turn.state.clone(), tangent: turn.opening.clone(), evaluations: 0 };
        let curve = Curve::new(Line::new(self, &guess, workspace), &start, sign, &[]);
        let (end, direction) = curve.neighbour()?;
        let above: Vec<Complex64> = direction.iter().map(|&v| Complex64::new(0.0, v)).collect();
        let physical = self.is_physical(&above);
        if physical {
            Ok(end)
        } else {
            Err(Error::Unphysical { z: end.z.into(), iterations: end.evaluations })
        }
    }
}

impl<E: FixedPoint + ?Sized> Walk for E {}
