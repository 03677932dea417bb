//! Fixed points for Cauchy transforms of pencils in free variables.
//!
//! * [`pencil`]: self-adjoint linear pencils as block-diagonal data;
//! * [`silverstein`]: the matrix-valued Silverstein equation and its accelerated iteration;
//! * [`continuation`]: solves from scratch, by continuation from infinity down to the real axis.

mod anderson;
pub mod continuation;
mod inverse;
mod options;
pub mod pencil;
mod scaling;
pub mod silverstein;

pub use options::SolverOptions;
pub use pencil::{Channel, Link, LinkEntry, Pencil};
pub use silverstein::{Silverstein, Solution, Workspace};
