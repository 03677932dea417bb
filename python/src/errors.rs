//! Errors of the library as exceptions: each says what it said there.

use freespectra::Error;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

/// The exceptions, made once per interpreter.
pub struct Exceptions {
    base: Py<PyType>,
    argument: Py<PyType>,
    not_converged: Py<PyType>,
    not_certified: Py<PyType>,
    cancelled: Py<PyType>,
}

static EXCEPTIONS: pyo3::sync::PyOnceLock<Exceptions> = pyo3::sync::PyOnceLock::new();

impl Exceptions {
    fn new(py: Python<'_>) -> PyResult<Self> {
        let derive = |name: &str, doc: &str, bases: &[&Bound<'_, PyType>]| -> PyResult<Py<PyType>> {
            let namespace = pyo3::types::PyDict::new(py);
            namespace.set_item("__doc__", doc)?;
            namespace.set_item("__module__", "freespectra")?;
            let bases = PyTuple::new(py, bases)?;
            let made = py.get_type::<PyType>().call1((name, bases, namespace))?;
            Ok(made.cast_into::<PyType>()?.unbind())
        };
        let base = derive("Error", "Base of all errors of the engine.", &[&py.get_type::<PyRuntimeError>()])?;
        let root = base.bind(py).clone();
        Ok(Self {
            argument: derive(
                "ArgumentError",
                "An argument is outside of its range: names the argument, the value and what is allowed.",
                &[&root, &py.get_type::<PyValueError>()],
            )?,
            not_converged: derive(
                "NotConvergedError",
                "An equation could not be solved to its tolerance.",
                &[&root],
            )?,
            not_certified: derive(
                "NotCertifiedError",
                "A result does not pass its own check, so its numbers must not be used.",
                &[&root],
            )?,
            cancelled: derive("CancelledError", "The work was stopped.", &[&root])?,
            base,
        })
    }

    /// Adds the exceptions to a module.
    pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let py = module.py();
        let all = EXCEPTIONS.get_or_try_init(py, || Self::new(py))?;
        for made in [&all.base, &all.argument, &all.not_converged, &all.not_certified, &all.cancelled] {
            let made = made.bind(py);
            module.add(made.name()?.to_string(), made)?;
        }
        Ok(())
    }
}

/// The exception of an error.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let text = error.to_string();
    let all = match EXCEPTIONS.get_or_try_init(py, || Exceptions::new(py)) {
        Ok(all) => all,
        Err(error) => return error,
    };
    let kind = match error {
        Error::InvalidArgument { .. }
        | Error::NotSelfAdjoint { .. }
        | Error::Syntax { .. }
        | Error::Contradiction { .. }
        | Error::NoSpread { .. } => &all.argument,
        Error::NotConverged { .. }
        | Error::Unphysical { .. }
        | Error::OutOfBudget { .. }
        | Error::BudgetSpent { .. }
        | Error::OutOfReach { .. }
        | Error::NoEdge { .. } => &all.not_converged,
        Error::NotCertified { .. } => &all.not_certified,
        Error::Cancelled => &all.cancelled,
        Error::File { .. } => return PyOSError::new_err(text),
        _ => &all.base,
    };
    PyErr::from_type(kind.bind(py).clone(), text)
}

/// What an argument of the bindings has to say for itself.
pub fn argument(py: Python<'_>, name: &'static str, value: impl std::fmt::Display, allowed: &str) -> PyErr {
    exception(py, &Error::argument(name, value, allowed))
}

/// A result of the library as one of Python.
pub trait OrRaise<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for freespectra::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}
