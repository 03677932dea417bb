//! Fixed points for Cauchy transforms of pencils in free variables.
//!
//! * [`pencil`]: self-adjoint linear pencils as block-diagonal data;
//! * [`fixed_point`]: the accelerated iteration, for every equation, and Newton's method where that fails;
//! * [`silverstein`]: the matrix-valued Silverstein equation;
//! * [`free_partition`]: the same pencils for a random partition of given rows;
//! * [`continuation`]: solves from scratch, by continuation from infinity down to the real axis.

pub(crate) mod anderson;
pub mod continuation;
pub(crate) mod coupling;
pub(crate) mod expansion;
pub mod fixed_point;
pub mod free_partition;
mod gram;
pub(crate) mod inverse;
pub(crate) mod inverse_map;
mod krylov;
mod leverages;
mod newton;
mod options;
pub mod pencil;
pub(crate) mod scaling;
pub mod silverstein;
mod symmetric_inverse;
pub mod walk;

pub use continuation::Continuation;
pub use fixed_point::{Factors, FixedPoint, Solution, Workspace};
pub use free_partition::FreePartition;
pub use options::SolverOptions;
pub use pencil::{Channel, Link, LinkEntry, Pencil};
pub use silverstein::Silverstein;
