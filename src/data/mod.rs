//! Data.

mod law;
mod partition;
mod spectrum;

pub use law::PartitionLaw;
pub use partition::Partition;
pub use spectrum::SampleSpectrum;
