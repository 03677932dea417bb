//! From solved points of the real axis to a measure.
//!
//! * [`axis`]: what is asked of whoever solves, and what comes back;
//! * [`guess`]: where a solve starts, from the states of solved points;
//! * [`points`]: solved points in the coordinates of an interval;
//! * [`rounds`]: approximation and fresh points until both agree;
//! * [`sample`]: the density of one interval, from as few points as it takes.

pub(crate) mod axis;
mod guess;
mod points;
mod rounds;
pub(crate) mod sample;
#[cfg(test)]
mod tests;
