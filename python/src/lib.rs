//! The compiled part of the Python package: thin classes over the library, no formula of its own.

mod arrays;
mod data;
mod errors;
mod law;
mod method;
mod model;
mod polynomial;
mod small_batches;
mod source;
mod trajectory;
mod tuning;
mod work;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::Exceptions::register(module)?;
    module.add_class::<law::Law>()?;
    module.add_class::<model::Population>()?;
    module.add_class::<model::MiniBatch>()?;
    module.add_class::<method::Method>()?;
    module.add_class::<trajectory::Trajectory>()?;
    module.add_class::<model::Sweep>()?;
    module.add_class::<small_batches::SmallBatches>()?;
    module.add_class::<polynomial::Polynomial>()?;
    module.add_class::<polynomial::FreePolynomial>()?;
    module.add_class::<data::Dataset>()?;
    module.add_class::<data::DataLaw>()?;
    law::register(module)?;
    tuning::register(module)?;
    Ok(())
}
