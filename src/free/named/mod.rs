//! The laws with names, one file each: their Cauchy transforms in closed form, stable up to the real axis, or as the
//! solution of one scalar equation.

mod arcsine;
mod discrete;
mod free_poisson;
mod infinitely_divisible;
mod kesten_mckay;
mod sample_covariance;
mod semicircle;
mod uniform;

pub use arcsine::Arcsine;
pub use discrete::Discrete;
pub use free_poisson::FreePoisson;
pub use infinitely_divisible::InfinitelyDivisible;
pub use kesten_mckay::KestenMcKay;
pub use sample_covariance::SampleCovariance;
pub use semicircle::Semicircle;
pub use uniform::Uniform;

use crate::error::{Error, Result};

/// Checks the two ends of an interval.
fn check_interval(low: f64, high: f64) -> Result<()> {
    if low.is_finite() && high.is_finite() && low < high {
        return Ok(());
    }
    Err(Error::argument(
        "interval",
        format!("[{low}, {high}]"),
        "two finite ends, the first below the second",
    ))
}
