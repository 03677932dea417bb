//! What the examples share: options, results whole or not at all, progress, tables.

// Every example uses its own part of this.
#![allow(dead_code, unused_imports)]

mod drawing;
mod options;
mod outputs;
mod sampled;
mod table;

pub use drawing::*;
pub use options::*;
pub use outputs::*;
pub use sampled::*;
pub use table::*;
