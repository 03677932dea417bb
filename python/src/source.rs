//! Mean squares of the initial error along the eigenvalues of a population.

use pyo3::prelude::*;

use crate::errors::argument;

/// Eigenvalues, and the mean square along each.
#[derive(Clone)]
pub struct Source(Vec<(f64, f64)>);

impl Source {
    /// One number for each eigenvalue, in their order.
    pub fn new(py: Python<'_>, population: &freespectra::Population, values: Vec<f64>) -> PyResult<Self> {
        let atoms = population.as_atoms();
        if values.len() != atoms.len() {
            let allowed = format!("one for each of the {} eigenvalues of the population", atoms.len());
            return Err(argument(py, "source", format!("{} numbers", values.len()), &allowed));
        }
        Ok(Self(atoms.iter().map(|atom| atom.location).zip(values).collect()))
    }

    /// Its value at an eigenvalue of the population.
    pub fn at(&self, t: f64) -> f64 {
        self.0.iter().find(|(location, _)| *location == t).map_or(0.0, |(_, value)| *value)
    }
}
