//! Best choices for a model.

use freespectra::Budget;
use freespectra::finite::Schedule;
use freespectra::minibatch::{Averaging, Batches, Parameter, Stop, Tuned, Tuning};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::OrRaise as _;
use crate::method::{Method, set_columns};
use crate::model::Population;
use crate::source::Source;
use crate::work;

/// Infinitely many as infinity.
fn number(batches: Batches) -> f64 {
    match batches {
        Batches::Finite(count) => count as f64,
        Batches::Infinite => f64::INFINITY,
    }
}

/// Choices as columns; what was not chosen is not a number.
fn table<'py>(py: Python<'py>, choices: &[Tuned]) -> PyResult<Bound<'py, PyDict>> {
    let column = |of: fn(&Tuned) -> f64| choices.iter().map(of).collect::<Vec<f64>>();
    let dict = PyDict::new(py);
    let columns = vec![
        ("batches", column(|tuned| number(tuned.batches))),
        ("epoch_step", column(|tuned| tuned.epoch_step)),
        ("momentum", column(|tuned| tuned.momentum.unwrap_or(f64::NAN))),
        ("ridge", column(|tuned| tuned.ridge.unwrap_or(f64::NAN))),
        ("epochs", column(|tuned| tuned.epochs as f64)),
        ("risk", column(|tuned| tuned.risk)),
        ("risk_error", column(|tuned| tuned.risk_error)),
    ];
    set_columns(&dict, columns)?;
    Ok(dict)
}

#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "those of the function that calls it")]
#[pyo3(signature = (population, aspect_ratio, source, noise, batches, tune, budget, rows, stop, order, schedules, schedule_error, seed, method, progress = None))]
fn _choose<'py>(
    py: Python<'py>,
    population: PyRef<'_, Population>,
    aspect_ratio: f64,
    source: Vec<f64>,
    noise: f64,
    batches: Vec<String>,
    tune: Vec<String>,
    budget: &str,
    rows: usize,
    stop: &str,
    order: &str,
    schedules: Option<usize>,
    schedule_error: f64,
    seed: u64,
    method: Option<PyRef<'_, Method>>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let source = Source::new(py, &population.0, source)?;
    let make = || {
        let batches: Vec<Batches> = batches.iter().map(|b| b.parse()).collect::<freespectra::Result<_>>()?;
        let tune: Vec<Parameter> =
            tune.iter().map(|name| name.parse()).collect::<freespectra::Result<_>>()?;
        let (budget, stop): (Budget, Stop) = (budget.parse()?, stop.parse()?);
        let order: Schedule = order.parse()?;
        let averaging = match schedules {
            Some(schedules) => Averaging::Fixed(schedules),
            None => Averaging::to_error(schedule_error),
        };
        let tuning = Tuning::new(&population.0, aspect_ratio, move |t| source.at(t), noise)?
            .with_batches(&batches)?
            .with_parameters(&tune)?
            .with_budget(budget, rows)?
            .with_stop(stop)
            .with_schedule(order, averaging, seed)?;
        Ok(match &method {
            Some(method) => tuning.with_method(method.get()),
            None => tuning,
        })
    };
    let tuning = make().or_raise(py)?;
    let found = work::run(py, progress, move || tuning.run())?;
    let best = found.best;
    let dict = PyDict::new(py);
    match best.batches {
        Batches::Finite(count) => dict.set_item("batches", count)?,
        Batches::Infinite => dict.set_item("batches", f64::INFINITY)?,
    }
    dict.set_item("epoch_step", best.epoch_step)?;
    dict.set_item("step_size", best.epoch_step / number(best.batches))?;
    dict.set_item("momentum", best.momentum)?;
    dict.set_item("ridge", best.ridge)?;
    dict.set_item("epochs", best.epochs)?;
    dict.set_item("risk", best.risk)?;
    dict.set_item("risk_error", best.risk_error)?;
    dict.set_item("schedules", best.schedules)?;
    dict.set_item("flat_epoch_steps", (found.flat[0], found.flat[1]))?;
    dict.set_item("initial", found.initial)?;
    dict.set_item("by_batches", table(py, &found.by_batches)?)?;
    dict.set_item("grid", table(py, &found.grid)?)?;
    Ok(dict)
}

/// Adds the function to a module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_choose, module)?)
}
