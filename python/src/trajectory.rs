//! Gradient descent on Gaussian data, step by step.

use freespectra::Result;
use freespectra::finite::{Partition, Schedule};
use freespectra::method::Method;
use freespectra::minibatch::{Averaging, TestCovariance};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::method::{set_averages, set_columns};
use crate::model::simulation;
use crate::source::Source;
use crate::work;

/// Gradient descent from a start, with noise, in an order.
#[pyclass(frozen, module = "freespectra._core")]
pub struct Trajectory {
    model: freespectra::MiniBatch,
    predicted: freespectra::minibatch::Trajectory,
    source: Source,
    noise: f64,
    order: Schedule,
    partition: Partition,
    method: Method,
    test_eigenvalues: Option<Vec<f64>>,
}

impl Trajectory {
    /// Checks that the parts fit together.
    pub fn new(
        model: freespectra::MiniBatch,
        source: Source,
        noise: f64,
        order: Schedule,
        partition: Partition,
        method: Method,
        test_eigenvalues: Option<Vec<f64>>,
    ) -> Result<Self> {
        let mut predicted = freespectra::minibatch::Trajectory::new(&model, |t| source.at(t), noise)?
            .with_partition(partition)
            .with_method(method.clone())?;
        if let Some(eigenvalues) = &test_eigenvalues {
            predicted = predicted.with_test_covariance(TestCovariance::Commuting(eigenvalues.clone()))?;
        }
        Ok(Self { model, predicted, source, noise, order, partition, method, test_eigenvalues })
    }

    /// Times after every step, in epochs.
    fn epochs(&self, points: usize) -> Vec<f64> {
        (0..points).map(|s| s as f64 / self.model.batches() as f64).collect()
    }
}

#[pymethods]
impl Trajectory {
    #[pyo3(signature = (epochs, schedules, schedule_error, seed, progress = None))]
    fn _curve<'py>(
        &self,
        py: Python<'py>,
        epochs: usize,
        schedules: Option<usize>,
        schedule_error: f64,
        seed: u64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (predicted, order) = (self.predicted.clone(), self.order.clone());
        let averaging = match schedules {
            Some(schedules) => Averaging::Fixed(schedules),
            None => Averaging::to_error(schedule_error),
        };
        let curve =
            work::run(py, progress, move || predicted.averaged(&order, epochs, averaging, seed, None))?;
        let dict = PyDict::new(py);
        dict.set_item("epochs", arrays::vector(py, self.epochs(curve.risk.len())))?;
        let columns = vec![
            ("risk", curve.risk),
            ("train", curve.train),
            ("risk_spread", curve.risk_spread),
            ("risk_error", curve.risk_error),
            ("train_error", curve.train_error),
            ("test_risk", curve.test_risk),
        ];
        set_columns(&dict, columns)?;
        let averages = curve.averages.into_iter().map(|average| {
            vec![
                ("risk", average.risk),
                ("train", average.train),
                ("risk_error", average.risk_error),
                ("train_error", average.train_error),
                ("test_risk", average.test_risk),
            ]
        });
        set_averages(&dict, &self.method, averages)?;
        dict.set_item("schedules", curve.schedules)?;
        dict.set_item("diverged", curve.diverged)?;
        Ok(dict)
    }

    #[pyo3(signature = (features, epochs, draws, seed, progress = None))]
    fn _sample<'py>(
        &self,
        py: Python<'py>,
        features: usize,
        epochs: usize,
        draws: usize,
        seed: u64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (model, source, noise) = (self.model.clone(), self.source.clone(), self.noise);
        let (order, partition) = (self.order.clone(), self.partition);
        let (method, test_eigenvalues) = (self.method.clone(), self.test_eigenvalues.clone());
        let sampled = work::run(py, progress, move || {
            let mut runs =
                simulation(&model, features, draws, seed)?.with_partition(partition).with_method(method);
            if let Some(eigenvalues) = test_eigenvalues {
                runs = runs.with_test_eigenvalues(eigenvalues)?;
            }
            runs.trajectories(&order, epochs, |t| source.at(t), noise, None)
        })?;
        let dict = PyDict::new(py);
        dict.set_item("epochs", arrays::vector(py, self.epochs(sampled.risk.len())))?;
        let columns = vec![
            ("risk", sampled.risk),
            ("train", sampled.train),
            ("risk_error", sampled.risk_error),
            ("train_error", sampled.train_error),
            ("test_risk", sampled.test_risk),
            ("test_risk_error", sampled.test_risk_error),
        ];
        set_columns(&dict, columns)?;
        let averages = sampled.averages.into_iter().map(|average| {
            vec![
                ("risk", average.risk),
                ("train", average.train),
                ("risk_error", average.risk_error),
                ("train_error", average.train_error),
                ("test_risk", average.test_risk),
                ("test_risk_error", average.test_risk_error),
            ]
        });
        set_averages(&dict, &self.method, averages)?;
        dict.set_item("features", sampled.features)?;
        dict.set_item("rows", sampled.samples)?;
        dict.set_item("draws", sampled.draws)?;
        Ok(dict)
    }
}
