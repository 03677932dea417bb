//! Probability laws on the line.
//!
//! [`SpectralLaw`] is a measure with support intervals, atoms, density, distribution function,
//! quantiles, moments and Cauchy transform, each to near machine precision and each in nanoseconds to
//! microseconds. It is built from anything that can be solved for a Cauchy transform on the real
//! axis ([`CauchyTransform`]). Where real solutions outside of the support are known the ends of all gaps are
//! [walked](crate::solver::walk) to, elsewhere the support is searched; the density between the ends is represented by
//! rational functions. The result is checked against moments expanded at infinity before it is handed out.
//!
//! [`Ensemble`] describes random matrices whose spectra tend to laws.

mod construction;
mod cumulants;
mod edge;
mod ensemble;
mod equation;
mod explicit;
mod gaps;
mod mesh;
mod missing;
pub(crate) mod probe;
mod spectral;
mod statistics;
mod support;
mod transform;
mod walked;

pub use cumulants::{free_cumulants, moments_from_free_cumulants};
pub use ensemble::Ensemble;
pub use equation::EquationTransform;
pub(crate) use equation::far_start;
pub(crate) use explicit::ExplicitTransform;
pub use spectral::{Certificate, SpectralLaw};
pub(crate) use transform::FORMULA;
pub(crate) use transform::same_place;
pub use transform::{CauchyTransform, Singularity};
pub use walked::Trail;
