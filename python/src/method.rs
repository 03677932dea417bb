//! How gradient descent makes its steps.

use freespectra::method::{Average, Momentum, Preconditioner, Start, StepSchedule, Strength};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::errors::{OrRaise as _, argument};

/// A linear first-order method.
#[pyclass(frozen, module = "freespectra._core")]
pub struct Method {
    method: freespectra::method::Method,
    step_schedule: StepSchedule,
}

impl Method {
    /// That of the library.
    pub fn get(&self) -> freespectra::method::Method {
        self.method.clone()
    }
}

/// A momentum that is none grows from step to step.
fn momentum(momentum: Option<f64>, nesterov: bool) -> freespectra::Result<Momentum> {
    match (momentum, nesterov) {
        (None, false) => Ok(Momentum::HeavyBall(Strength::Growing)),
        (None, true) => Ok(Momentum::growing()),
        (Some(0.0), _) => Ok(Momentum::None),
        (Some(momentum), false) => Momentum::heavy_ball(momentum),
        (Some(momentum), true) => Momentum::nesterov(momentum),
    }
}

#[pymethods]
impl Method {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "those of the class that wraps it")]
    #[pyo3(signature = (momentum, nesterov, ridge, decay, zero_start, step_schedule, averages, precondition, gradient_noise, label_noise))]
    fn new(
        py: Python<'_>,
        momentum: Option<f64>,
        nesterov: bool,
        ridge: f64,
        decay: f64,
        zero_start: bool,
        step_schedule: &str,
        averages: Vec<String>,
        precondition: f64,
        gradient_noise: f64,
        label_noise: f64,
    ) -> PyResult<Self> {
        if !precondition.is_finite() {
            return Err(argument(py, "precondition", precondition, "a finite power of the covariance"));
        }
        let make = || {
            let step_schedule: StepSchedule = step_schedule.parse()?;
            let mut method = freespectra::method::Method::new()
                .with_momentum(self::momentum(momentum, nesterov)?)
                .with_ridge(ridge)?
                .with_decay(decay)?
                .with_start(if zero_start { Start::Zero } else { Start::AroundZero })?
                .with_step_schedule(step_schedule.clone())?
                .with_gradient_noise(gradient_noise)?
                .with_label_noise(label_noise)?;
            if precondition != 0.0 {
                method = method.with_preconditioner(Preconditioner::Power(precondition));
            }
            for average in &averages {
                method = method.with_average(average.trim().parse::<Average>()?)?;
            }
            Ok(Self { method, step_schedule })
        };
        make().or_raise(py)
    }

    #[getter]
    fn step_schedule(&self) -> String {
        self.step_schedule.to_string()
    }

    #[getter]
    fn averages(&self) -> Vec<String> {
        self.method.averages().iter().map(ToString::to_string).collect()
    }
}

/// Columns of numbers by their names; those without numbers are None.
pub type Columns = Vec<(&'static str, Vec<f64>)>;

/// Adds columns to a result.
pub fn set_columns(dict: &Bound<'_, PyDict>, columns: Columns) -> PyResult<()> {
    let py = dict.py();
    for (name, values) in columns {
        dict.set_item(name, (!values.is_empty()).then(|| arrays::vector(py, values)))?;
    }
    Ok(())
}

/// Adds the curves of the averages that a method follows to a result, by their names.
pub fn set_averages(
    dict: &Bound<'_, PyDict>,
    method: &freespectra::method::Method,
    curves: impl IntoIterator<Item = Columns>,
) -> PyResult<()> {
    let averages = PyDict::new(dict.py());
    for (average, columns) in method.averages().iter().zip(curves) {
        let curve = PyDict::new(dict.py());
        set_columns(&curve, columns)?;
        averages.set_item(average.to_string(), curve)?;
    }
    dict.set_item("averages", averages)
}
