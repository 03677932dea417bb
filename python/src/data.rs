//! A data set of the user's own.

use std::sync::Arc;

use freespectra::data::{
    Budget, Curves, MeanThreshold, PartitionLaw, Preparation, Recommendation, ResolvedLaw, SampleSpectrum,
    Search, Split, StepSizes,
};
use freespectra::finite::{Partition, Schedule};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::errors::OrRaise as _;
use crate::method::{Method, set_averages, set_columns};
use crate::work;

/// Rows of features, and targets.
#[pyclass(frozen, module = "freespectra._core")]
pub struct Dataset {
    data: Arc<freespectra::data::Dataset>,
    /// Row by row, columns, targets, whether they were standardized: what it was made from.
    made: (Vec<f64>, usize, Option<Vec<f64>>, bool),
}

fn order_and_partition(py: Python<'_>, order: &str, partition: &str) -> PyResult<(Schedule, Partition)> {
    let order: Schedule = order.parse().or_raise(py)?;
    let partition: Partition = partition.parse().or_raise(py)?;
    Ok(match (&order, partition) {
        (Schedule::WithReplacement, Partition::Fresh) => (order, Partition::Replacement),
        _ => (order, partition),
    })
}

#[pymethods]
impl Dataset {
    #[new]
    #[pyo3(signature = (features, targets, standardize))]
    fn new(
        features: &Bound<'_, PyAny>,
        targets: Option<&Bound<'_, PyAny>>,
        standardize: bool,
    ) -> PyResult<Self> {
        let (values, columns) = arrays::matrix("an array", features)?;
        let targets = targets.map(arrays::numbers).transpose()?;
        Self::_load(features.py(), values, columns, targets, standardize)
    }

    #[staticmethod]
    fn _load(
        py: Python<'_>,
        values: Vec<f64>,
        columns: usize,
        targets: Option<Vec<f64>>,
        standardize: bool,
    ) -> PyResult<Self> {
        let preparation = if standardize { Preparation::standardize() } else { Preparation::default() };
        let made = (values, columns, targets, standardize);
        let copy = made.clone();
        let data = work::run(py, None, move || {
            freespectra::data::Dataset::from_row_major(&copy.0, copy.1, copy.2.as_deref(), preparation)
        })?;
        Ok(Self { data: Arc::new(data), made })
    }

    #[getter]
    fn rows(&self) -> usize {
        self.data.rows()
    }

    #[getter]
    fn features(&self) -> usize {
        self.data.features()
    }

    #[getter]
    fn aspect_ratio(&self) -> f64 {
        self.data.aspect_ratio()
    }

    #[getter]
    fn eigenvalues<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        arrays::vector(py, self.data.eigenvalues().to_vec())
    }

    #[getter]
    fn certificate<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = self.data.certificate();
        let dict = PyDict::new(py);
        dict.set_item("verdict", format!("{:?}", found.verdict).to_lowercase())?;
        dict.set_item("reasons", found.reasons.clone())?;
        dict.set_item("max_leverage", found.max_leverage)?;
        dict.set_item("leverage_spread", found.leverage_spread)?;
        dict.set_item("max_fourth_moment", found.max_fourth_moment)?;
        dict.set_item("row_correlation", found.row_correlation)?;
        dict.set_item("repeated_rows", found.repeated_rows)?;
        Ok(dict)
    }

    #[pyo3(signature = (batches, step_size, spacings, progress = None))]
    fn _law(
        &self,
        py: Python<'_>,
        batches: usize,
        step_size: f64,
        spacings: f64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<DataLaw> {
        let data = self.data.clone();
        let law = work::run(py, progress, move || {
            PartitionLaw::new(&SampleSpectrum::of(&data)?, &Split::equal(batches, step_size)?)?
                .resolved(spacings)
        })?;
        Ok(DataLaw(law))
    }

    #[pyo3(signature = (batches, step_size, epochs, order, partition, schedules, seed, method, progress = None))]
    #[expect(clippy::too_many_arguments, reason = "those of the method that calls it, by keyword")]
    fn _curves<'py>(
        &self,
        py: Python<'py>,
        batches: usize,
        step_size: f64,
        epochs: usize,
        order: &str,
        partition: &str,
        schedules: usize,
        seed: u64,
        method: Option<PyRef<'_, Method>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (order, partition) = order_and_partition(py, order, partition)?;
        let data = self.data.clone();
        let method = method.map(|method| method.get()).unwrap_or_default();
        let same = method.clone();
        let curve = work::run(py, progress, move || {
            Curves::new(&data, batches, StepSizes::Constant(step_size))?
                .with_partition(partition)
                .with_method(same)?
                .averaged(&order, epochs, schedules, seed, None)
        })?;
        let dict = PyDict::new(py);
        let epochs = (0..curve.train.len()).map(|s| s as f64 / batches as f64).collect();
        dict.set_item("epochs", arrays::vector(py, epochs))?;
        let columns = vec![
            ("train", curve.train),
            ("test", curve.test),
            ("train_spread", curve.train_spread),
            ("test_spread", curve.test_spread),
        ];
        set_columns(&dict, columns)?;
        let averages = curve.averages.into_iter();
        let averages = averages.map(|average| vec![("train", average.train), ("test", average.test)]);
        set_averages(&dict, &method, averages)?;
        dict.set_item("schedules", curve.schedules)?;
        dict.set_item("diverged", curve.diverged)?;
        Ok(dict)
    }

    #[pyo3(signature = (batches, order, partition, seed, progress = None))]
    fn _thresholds<'py>(
        &self,
        py: Python<'py>,
        batches: usize,
        order: &str,
        partition: &str,
        seed: u64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (order, partition) = order_and_partition(py, order, partition)?;
        let data = self.data.clone();
        let (mean, runs) = work::run(py, progress, move || {
            let unit = 1.0 / data.largest_eigenvalue();
            let mean = MeanThreshold::new(&SampleSpectrum::of(&data)?, &Split::equal(batches, unit)?)?;
            // Divergence asks for all directions, whatever the target.
            let probe = data.spread_out()?;
            let curves = Curves::new(&probe, batches, StepSizes::Constant(unit))?.with_partition(partition);
            let factor = curves.stability_factor(&order, seed)?;
            Ok((mean.step_size, (factor * unit).min(data.row_step(batches))))
        })?;
        let dict = PyDict::new(py);
        dict.set_item("mean", mean)?;
        dict.set_item("runs", runs)?;
        Ok(dict)
    }

    #[pyo3(signature = (batches, budget, order, partition, schedules, seed, progress = None))]
    #[expect(clippy::too_many_arguments, reason = "those of the method that calls it, by keyword")]
    fn _recommend<'py>(
        &self,
        py: Python<'py>,
        batches: Vec<usize>,
        budget: &str,
        order: &str,
        partition: &str,
        schedules: usize,
        seed: u64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (order, partition) = order_and_partition(py, order, partition)?;
        let budget: Budget = budget.parse().or_raise(py)?;
        let data = self.data.clone();
        let found: Recommendation = work::run(py, progress, move || {
            Search::new(&data, &batches)?
                .with_budget(budget)?
                .with_partition(partition)
                .with_schedule(order, schedules, seed)?
                .run()
        })?;
        let dict = PyDict::new(py);
        dict.set_item("batches", found.best.batches)?;
        dict.set_item("step_size", found.best.step_size)?;
        dict.set_item("epochs", found.best.epochs)?;
        dict.set_item("test", found.best.test)?;
        dict.set_item("train", found.best.train)?;
        dict.set_item("regret_against_full_batch", found.regret_against_full_batch)?;
        dict.set_item("flat_step_sizes", (found.flat_step_sizes[0], found.flat_step_sizes[1]))?;
        dict.set_item("initial", found.initial)?;
        let by_batches: Vec<_> =
            found.by_batches.iter().map(|c| (c.batches, c.step_size, c.epochs, c.test, c.train)).collect();
        dict.set_item("by_batches", by_batches)?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let target = if self.data.target().is_some() { "with" } else { "without" };
        format!("<Dataset: {} rows, {} features, {target} a target>", self.data.rows(), self.data.features())
    }

    #[expect(clippy::type_complexity, reason = "the state that pickle keeps")]
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (Vec<f64>, usize, Option<Vec<f64>>, bool))> {
        Ok((slf.get_type().getattr("_load")?, slf.get().made.clone()))
    }
}

/// The law of Z on a data set, at a resolution.
#[pyclass(frozen, module = "freespectra._core")]
pub struct DataLaw(ResolvedLaw);

#[pymethods]
impl DataLaw {
    fn pdf<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        arrays::map(x, |x| Ok(x.iter().map(|&x| self.0.density(x)).collect()))
    }

    fn cdf<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        arrays::map(x, |x| Ok(x.iter().map(|&x| self.0.cdf(x)).collect()))
    }

    fn ppf<'py>(&self, q: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        arrays::map(q, |q| q.iter().map(|&q| self.0.quantile(q)).collect())
    }

    #[getter]
    fn resolution(&self) -> f64 {
        self.0.resolution()
    }

    #[getter]
    fn kernel(&self) -> f64 {
        self.0.kernel()
    }

    fn support(&self) -> (f64, f64) {
        let [low, high] = self.0.range();
        (low, high)
    }

    fn __repr__(&self) -> String {
        let [low, high] = self.0.range();
        format!("<DataLaw: on [{low:.6}, {high:.6}], at resolution {:.2e}>", self.0.resolution())
    }
}
