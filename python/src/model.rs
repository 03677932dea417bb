//! Mini-batch gradient descent on Gaussian data: populations, laws, thresholds, samples.

use std::sync::{Arc, Mutex};

use freespectra::finite::{Batching, MonteCarlo};
use freespectra::minibatch::{MeanIterate, Order};
use freespectra::{Error, Result};
use numpy::PyArray2;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::errors::{OrRaise as _, argument};
use crate::law::Law;
use crate::method::Method;
use crate::source::Source;
use crate::trajectory::Trajectory;
use crate::work;

/// Eigenvalues and masses.
type Atoms = Vec<(f64, f64)>;

/// A population of covariance eigenvalues.
#[pyclass(frozen, eq, module = "freespectra._core")]
#[derive(Clone, PartialEq)]
pub struct Population(pub freespectra::Population);

#[pymethods]
impl Population {
    #[staticmethod]
    fn _from_atoms(py: Python<'_>, atoms: Atoms) -> PyResult<Self> {
        Ok(Self(freespectra::Population::atoms(&atoms).or_raise(py)?))
    }

    #[staticmethod]
    fn _from_eigenvalues(eigenvalues: &Bound<'_, PyAny>) -> PyResult<Self> {
        let values = arrays::numbers(eigenvalues)?;
        Ok(Self(freespectra::Population::from_eigenvalues(&values).or_raise(eigenvalues.py())?))
    }

    #[staticmethod]
    fn _from_covariance(covariance: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = covariance.py();
        let (values, columns) = arrays::matrix("covariance", covariance)?;
        let rows = values.len() / columns.max(1);
        let matrix = nalgebra::DMatrix::from_row_slice(rows, columns, &values);
        Ok(Self(py.detach(|| freespectra::Population::from_covariance(&matrix)).or_raise(py)?))
    }

    #[staticmethod]
    #[pyo3(signature = (exponent, nodes = 100))]
    fn power_law(py: Python<'_>, exponent: f64, nodes: usize) -> PyResult<Self> {
        Ok(Self(freespectra::Population::power_law(exponent, nodes).or_raise(py)?))
    }

    #[staticmethod]
    #[pyo3(signature = (low, high, nodes = 20))]
    fn uniform(py: Python<'_>, low: f64, high: f64, nodes: usize) -> PyResult<Self> {
        Ok(Self(freespectra::Population::uniform(low, high, nodes).or_raise(py)?))
    }

    #[getter]
    fn atoms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let atoms: Vec<[f64; 2]> = self.0.as_atoms().iter().map(|a| [a.location, a.mass]).collect();
        arrays::pairs(py, &atoms)
    }

    fn mean(&self) -> f64 {
        self.0.mean()
    }

    fn __repr__(&self) -> String {
        let atoms = self.0.as_atoms();
        let shown: Vec<String> = atoms.iter().take(4).map(|a| format!("{}:{}", a.location, a.mass)).collect();
        let rest = if atoms.len() > 4 { format!(", ... {} eigenvalues", atoms.len()) } else { String::new() };
        format!("<Population: {}{rest}>", shown.join(", "))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Atoms,))> {
        let atoms = slf.get().0.as_atoms().iter().map(|a| (a.location, a.mass)).collect();
        Ok((slf.get_type().getattr("_from_atoms")?, (atoms,)))
    }
}

/// Mini-batch gradient descent in the proportional limit.
#[pyclass(frozen, eq, module = "freespectra._core")]
#[derive(Clone, PartialEq)]
pub struct MiniBatch(pub freespectra::MiniBatch);

#[pymethods]
impl MiniBatch {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "those of the class that wraps it")]
    #[pyo3(signature = (batches, aspect_ratio, epoch_step, step_size, population, step_sizes, batch_fractions))]
    fn new(
        py: Python<'_>,
        batches: usize,
        aspect_ratio: f64,
        epoch_step: Option<f64>,
        step_size: Option<f64>,
        population: Option<PyRef<'_, Population>>,
        step_sizes: Option<Vec<f64>>,
        batch_fractions: Option<Vec<f64>>,
    ) -> PyResult<Self> {
        let mut builder = freespectra::MiniBatch::builder().batches(batches).aspect_ratio(aspect_ratio);
        if [epoch_step.is_some(), step_size.is_some(), step_sizes.is_some()].iter().filter(|x| **x).count()
            > 1
        {
            return Err(argument(
                py,
                "epoch_step",
                "several steps",
                "one of epoch_step, step_size and step_sizes",
            ));
        }
        if let Some(step) = epoch_step {
            builder = builder.epoch_step(step);
        }
        if let Some(step) = step_size {
            builder = builder.step_size(step);
        }
        if let Some(population) = population {
            builder = builder.population(population.0.clone());
        }
        if let Some(steps) = step_sizes {
            builder = builder.step_sizes(&steps);
        }
        if let Some(fractions) = batch_fractions {
            builder = builder.batch_fractions(&fractions);
        }
        Ok(Self(builder.build().or_raise(py)?))
    }

    #[getter]
    fn batches(&self) -> usize {
        self.0.batches()
    }

    #[getter]
    fn aspect_ratio(&self) -> f64 {
        self.0.aspect_ratio()
    }

    #[getter]
    fn epoch_step(&self) -> f64 {
        self.0.epoch_step()
    }

    #[getter]
    fn step_size(&self) -> f64 {
        self.0.step_size()
    }

    #[getter]
    fn step_sizes(&self) -> Vec<f64> {
        self.0.step_sizes().to_vec()
    }

    #[getter]
    fn batch_fractions(&self) -> Vec<f64> {
        self.0.batch_fractions().to_vec()
    }

    #[getter]
    fn population(&self) -> Population {
        Population(self.0.population().clone())
    }

    fn full_batch(&self) -> Self {
        Self(self.0.full_batch())
    }

    #[pyo3(signature = (progress = None))]
    fn law(&self, py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Law> {
        let model = self.0.clone();
        Ok(work::run(py, progress, move || model.law())?.into())
    }

    #[pyo3(signature = (progress = None))]
    fn critical_step(&self, py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<f64> {
        let model = self.0.clone();
        work::run(py, progress, move || model.critical_step_size())
    }

    #[pyo3(signature = (order = "reshuffle", tolerance = None, progress = None))]
    fn _stability_step<'py>(
        &self,
        py: Python<'py>,
        order: &str,
        tolerance: Option<f64>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let order = match order {
            "reshuffle" => Order::Reshuffled,
            "cyclic" | "once" => Order::Cyclic,
            "replacement" => Order::WithReplacement,
            "one-pass" => Order::OnePass,
            other => {
                let allowed = "reshuffle, cyclic, once, replacement or one-pass";
                return Err(argument(py, "order", other, allowed));
            }
        };
        let model = self.0.clone();
        let found = work::run(py, progress, move || match tolerance {
            Some(tolerance) => model.stability_step_within(order, tolerance),
            None => model.stability_step(order),
        })?;
        let dict = PyDict::new(py);
        dict.set_item("epoch_step", found.epoch_step)?;
        dict.set_item("step_size", found.step_size)?;
        dict.set_item("uncertainty", found.uncertainty)?;
        dict.set_item("schedules", found.schedules)?;
        Ok(dict)
    }

    #[pyo3(signature = (epochs, signal, noise, progress = None))]
    fn _mean_iterate<'py>(
        &self,
        py: Python<'py>,
        epochs: usize,
        signal: f64,
        noise: f64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let model = self.0.clone();
        let (curve, limit) = work::run(py, progress, move || {
            let iterate = MeanIterate::new(&model.white()?)?;
            Ok((iterate.curve(epochs, signal, noise)?, iterate.limit(signal, noise)?))
        })?;
        let dict = PyDict::new(py);
        dict.set_item("epochs", arrays::vector(py, (0..curve.len()).map(|k| k as f64).collect()))?;
        dict.set_item("bias", arrays::vector(py, curve.iter().map(|e| e.bias).collect()))?;
        dict.set_item("variance", arrays::vector(py, curve.iter().map(|e| e.variance).collect()))?;
        dict.set_item("risk", arrays::vector(py, curve.iter().map(|e| e.risk).collect()))?;
        dict.set_item("limit", limit.map(|e| e.risk))?;
        Ok(dict)
    }

    #[expect(clippy::too_many_arguments, reason = "those of the method that calls it")]
    fn _trajectory(
        &self,
        py: Python<'_>,
        source: Vec<f64>,
        noise: f64,
        order: &str,
        partition: &str,
        method: Option<PyRef<'_, Method>>,
        test_eigenvalues: Option<Vec<f64>>,
    ) -> PyResult<Trajectory> {
        let method = method.map(|method| method.get()).unwrap_or_default();
        let source = Source::new(py, self.0.population(), source)?;
        Trajectory::new(
            self.0.clone(),
            source,
            noise,
            order.parse().or_raise(py)?,
            partition.parse().or_raise(py)?,
            method,
            test_eigenvalues,
        )
        .or_raise(py)
    }

    #[pyo3(signature = (features, draws, seed, progress = None))]
    fn _sample_z<'py>(
        &self,
        py: Python<'py>,
        features: usize,
        draws: usize,
        seed: u64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let model = self.0.clone();
        let sampled = work::run(py, progress, move || simulation(&model, features, draws, seed)?.run(None))?;
        arrays::rows(py, &sampled.eigenvalues)
    }

    fn __repr__(&self) -> String {
        format!(
            "MiniBatch(batches={}, aspect_ratio={}, epoch_step={})",
            self.0.batches(),
            self.0.aspect_ratio(),
            self.0.epoch_step()
        )
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Vec<u8>,))> {
        let py = slf.py();
        let state =
            serde_json::to_vec(&slf.get().0).map_err(|error| argument(py, "model", error, "a model"))?;
        Ok((slf.get_type().getattr("_load")?, (state,)))
    }

    #[staticmethod]
    fn _load(py: Python<'_>, state: Vec<u8>) -> PyResult<Self> {
        serde_json::from_slice(&state)
            .map(Self)
            .map_err(|error| argument(py, "state", error, "a pickled model"))
    }
}

/// Sampled data of a model.
pub fn simulation(
    model: &freespectra::MiniBatch,
    features: usize,
    draws: usize,
    seed: u64,
) -> Result<MonteCarlo> {
    let samples = (features as f64 / model.aspect_ratio()).round();
    if !(1.0..1e9).contains(&samples) {
        return Err(Error::argument("features", features, "such that there are between 1 and 1e9 rows"));
    }
    let batching = Batching::from_fractions(samples as usize, model.batch_fractions())?;
    MonteCarlo::new(features, batching, 1.0)?
        .with_step_sizes(model.step_sizes().to_vec())?
        .with_population(model.population().clone())
        .with_seed(seed)
        .with_draws(draws)
}

/// Laws of neighbouring models, each from the one before.
#[pyclass(frozen, module = "freespectra._core")]
#[derive(Default)]
pub struct Sweep(Arc<Mutex<freespectra::minibatch::Sweep>>);

#[pymethods]
impl Sweep {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn law(&self, py: Python<'_>, model: &MiniBatch) -> PyResult<Law> {
        let (sweep, model) = (self.0.clone(), model.0.clone());
        let law = work::run(py, None, move || {
            let mut sweep = sweep.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            sweep.law(&model)
        })?;
        Ok(law.into())
    }
}
