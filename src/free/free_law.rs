//! The trait of a law, as a user may implement it.

use std::f64::consts::PI;
use std::fmt;

use num_complex::Complex64;

use super::levy::FreeLevy;
use crate::law::{Ensemble, Singularity, free_cumulants, moments_from_free_cumulants};
use crate::population::Atom;

/// Relative height above an isolated atom at which its mass is read off the Cauchy transform.
const ATOM_HEIGHT: f64 = 1e-6;

/// Most points on the circle around the support that moments are read from.
const MOST_CIRCLE_POINTS: usize = 4096;

/// A compactly supported probability law on the line.
///
/// Only the Cauchy transform and the support have to be given; whatever else is known makes results
/// faster or more accurate.
///
/// ```
/// use freespectra::free::FreeLaw;
/// use freespectra::Law;
/// use num_complex::Complex64;
///
/// /// The semicircle on `[-1, 1]`.
/// #[derive(Debug)]
/// struct Wigner;
///
/// impl FreeLaw for Wigner {
///     fn cauchy_transform(&self, z: Complex64) -> Complex64 {
///         2.0 / (z + (z - 1.0).sqrt() * (z + 1.0).sqrt())
///     }
///
///     fn support(&self) -> Vec<[f64; 2]> {
///         vec![[-1.0, 1.0]]
///     }
/// }
///
/// # fn main() -> Result<(), freespectra::Error> {
/// let law = Law::new(Wigner)?; // checked: mass 1 on the support
/// assert!((law.free_cumulants(4)[1] - 0.25).abs() < 1e-12);
/// assert!((law.plus(&law)?.spectral().variance() - 0.5).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
pub trait FreeLaw: fmt::Debug + Send + Sync {
    /// `G(z) = int (z - x)^-1 mu(dx)` for `Im z >= 0`; at real points the limit from above.
    fn cauchy_transform(&self, z: Complex64) -> Complex64;

    /// The intervals of the support in increasing order; an isolated atom is an interval of length 0.
    fn support(&self) -> Vec<[f64; 2]>;

    /// The atoms. By default those of the support's intervals of length 0, with masses read off the
    /// Cauchy transform; atoms inside an interval have to be given.
    fn atoms(&self) -> Vec<Atom> {
        let support = self.support();
        let isolated = support.iter().filter(|[low, high]| low == high);
        let mass = |location: f64| {
            let gap = support.iter().flatten().map(|end| (end - location).abs()).filter(|&gap| gap > 0.0);
            let height = ATOM_HEIGHT * gap.fold(1.0, f64::min);
            // The rest of G is real at the location to first order, so its error is second order.
            let z = Complex64::new(location, height);
            -height * self.cauchy_transform(z).im
        };
        isolated.map(|&[location, _]| Atom { location, mass: mass(location) }).collect()
    }

    /// Points where the law is singular in another way than a regular edge `sqrt(x - a)`: hard edges
    /// ([`Singularity::Pole`] at the edge), jumps and other powers ([`Singularity::Branch`]).
    fn singularities(&self) -> Vec<Singularity> {
        Vec::new()
    }

    /// The free Levy-Khintchine form, for laws whose R-transform is rational.
    fn levy(&self) -> Option<FreeLevy> {
        None
    }

    /// A random matrix with this law in the limit, if there is a more natural one than a rotated diagonal
    /// matrix.
    fn ensemble(&self) -> Option<Ensemble> {
        None
    }

    /// The moments `m_1, ..., m_count`. By default from the Levy-Khintchine form, or else from the Cauchy transform on
    /// a circle around the support.
    fn moments(&self, count: usize) -> Vec<f64> {
        if let Some(levy) = self.levy() {
            return moments_from_free_cumulants(&levy.free_cumulants(count));
        }
        let ends = || self.support().into_iter().flatten();
        let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
        moments_at_infinity(self, [low, high], count).split_off(1)
    }

    /// The free cumulants `kappa_1, ..., kappa_count`, by default from the Levy-Khintchine form, or else from the
    /// moments.
    fn free_cumulants(&self, count: usize) -> Vec<f64> {
        match self.levy() {
            Some(levy) => levy.free_cumulants(count),
            None => free_cumulants(&self.moments(count)),
        }
    }
}

/// Mass and moments `m_0, ..., m_count` of a law on an interval, from the Cauchy transform on a circle around it.
pub(super) fn moments_at_infinity(
    law: &(impl FreeLaw + ?Sized),
    [low, high]: [f64; 2],
    count: usize,
) -> Vec<f64> {
    let center = 0.5 * (low + high);
    let radius = (high - low).max(f64::EPSILON * center.abs()).max(f64::MIN_POSITIVE);
    // The trapezoidal rule on the circle is exact up to (half the length / radius)^(points), and its
    // points come in conjugate pairs.
    let half = (32 + count).min(MOST_CIRCLE_POINTS);
    let mut moments = vec![0.0; count + 1];
    for j in 0..half {
        let offset = Complex64::from_polar(radius, PI * (j as f64 + 0.5) / half as f64);
        let z = center + offset;
        let mut term = offset * law.cauchy_transform(z) / half as f64;
        for moment in &mut moments {
            *moment += term.re;
            term *= z;
        }
    }
    moments
}
