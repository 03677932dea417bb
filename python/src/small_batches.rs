//! Very many small batches.

use std::sync::Arc;

use freespectra::minibatch::SmallBatchOrder;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::OrRaise as _;
use crate::law::Law;
use crate::method::{Method, set_columns};
use crate::model::Population;
use crate::source::Source;
use crate::work;

/// Gradient descent in infinitely many batches.
#[pyclass(frozen, module = "freespectra._core")]
pub struct SmallBatches(Arc<freespectra::minibatch::SmallBatches>);

#[pymethods]
impl SmallBatches {
    #[new]
    #[pyo3(signature = (population, aspect_ratio, epoch_step, source, noise, method))]
    fn new(
        py: Python<'_>,
        population: PyRef<'_, Population>,
        aspect_ratio: f64,
        epoch_step: f64,
        source: Vec<f64>,
        noise: f64,
        method: Option<PyRef<'_, Method>>,
    ) -> PyResult<Self> {
        let source = Source::new(py, &population.0, source)?;
        let limit = freespectra::minibatch::SmallBatches::new(
            &population.0,
            aspect_ratio,
            epoch_step,
            |t| source.at(t),
            noise,
        )
        .and_then(|limit| match method {
            Some(method) => limit.with_method(method.get()),
            None => Ok(limit),
        });
        Ok(Self(Arc::new(limit.or_raise(py)?)))
    }

    #[pyo3(signature = (order, epochs, progress = None))]
    fn _curve<'py>(
        &self,
        py: Python<'py>,
        order: &str,
        epochs: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let order: SmallBatchOrder = order.parse().or_raise(py)?;
        let limit = self.0.clone();
        let curve = work::run(py, progress, move || limit.curve(order, epochs))?;
        let dict = PyDict::new(py);
        let columns = vec![
            ("epochs", curve.epochs),
            ("risk", curve.risk),
            ("train", curve.train.unwrap_or_default()),
            ("mean", curve.mean.unwrap_or_default()),
            ("average_risk", curve.average_risk.unwrap_or_default()),
        ];
        set_columns(&dict, columns)?;
        Ok(dict)
    }

    #[pyo3(signature = (progress = None))]
    fn law(&self, py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Law> {
        let limit = self.0.clone();
        Ok(work::run(py, progress, move || limit.law())?.into())
    }

    #[pyo3(signature = (order, progress = None))]
    fn _stationary<'py>(
        &self,
        py: Python<'py>,
        order: &str,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let order: SmallBatchOrder = order.parse().or_raise(py)?;
        let limit = self.0.clone();
        let settled = work::run(py, progress, move || limit.stationary(order))?;
        let dict = PyDict::new(py);
        dict.set_item("risk", settled.risk)?;
        dict.set_item("train", settled.train)?;
        Ok(dict)
    }

    #[pyo3(signature = (risk, order, progress = None))]
    fn step_to_settle_at(
        &self,
        py: Python<'_>,
        risk: f64,
        order: &str,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<f64> {
        let order: SmallBatchOrder = order.parse().or_raise(py)?;
        let limit = self.0.clone();
        work::run(py, progress, move || limit.step_to_settle_at(risk, order))
    }

    #[getter]
    fn stability_step(&self) -> f64 {
        self.0.stability_step()
    }
}
