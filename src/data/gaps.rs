//! Gaps in the support of the law of `Z` given the data.
//!
//! The support is not searched: where eigenvalues follow one by one it is a comb of hundreds of bands. Places where
//! the density at the resolution is low are looked at on the real axis. If there is none, the gap ends where half an
//! eigenvalue is on the other side: counts are whole numbers there.

use num_complex::Complex64;

use super::law::PartitionLaw;
use super::resolved::ResolvedLaw;
use crate::error::Result;
use crate::law::CauchyTransform;

/// Points per unit of the resolution at which the density is looked at.
const POINTS: f64 = 2.0;

/// Density of a gap, relative to the largest one on either side: between two edges three times the resolution apart
/// the kernel leaves about a tenth.
const LOW: f64 = 0.2;

/// Narrowest gap, in units of the resolution: narrower ones cannot be told from the comb.
const NARROWEST: f64 = 3.0;

/// Distance of the count below a gap from a whole number, which the tails of the kernel may make.
const WHOLE: f64 = 0.25;

pub(super) fn gaps(law: &PartitionLaw, resolved: &ResolvedLaw) -> Result<Vec<[f64; 2]>> {
    let [low, high] = resolved.outermost()?;
    let eta = resolved.resolution();
    let count = ((high - low) / eta * POINTS).ceil() as usize + 1;
    let place = |i: usize| low + (high - low) * i as f64 / count as f64;
    let density: Vec<f64> = (0..=count).map(|i| resolved.density(place(i))).collect();
    let running = |values: &mut dyn Iterator<Item = &f64>| -> Vec<f64> {
        let largest = values.scan(0.0f64, |m, &x| {
            *m = m.max(x);
            Some(*m)
        });
        largest.collect()
    };
    let left = running(&mut density.iter());
    let mut right = running(&mut density.iter().rev());
    right.reverse();
    let mut gaps: Vec<[f64; 2]> = Vec::new();
    for i in 1..count {
        let minimum = density[i] <= density[i - 1] && density[i] < density[i + 1];
        let covered = gaps.last().is_some_and(|gap| gap[1] >= place(i));
        if !minimum || covered || density[i] > LOW * left[i].min(right[i]) || occupied(law, place(i)) {
            continue;
        }
        let p = law.spectrum().features() as f64;
        let below = p * resolved.cdf(place(i));
        if (below - below.round()).abs() > WHOLE {
            continue;
        }
        let ends = [-0.5, 0.5].map(|half| resolved.quantile((below.round() + half) / p));
        let [start, end] = [ends[0].clone()?, ends[1].clone()?];
        if end - start >= NARROWEST * eta {
            gaps.push([start, end]);
        }
    }
    Ok(gaps)
}

/// Whether a real point is in the support; where the equation is not solved there, it counts as such.
fn occupied(law: &PartitionLaw, x: f64) -> bool {
    let transform = law.transform();
    let solution = transform.solve(Complex64::new(x, 0.0), &mut transform.workspace());
    solution.map_or(true, |solution| law.is_inside(solution.cauchy))
}
