//! Arrays in and out: whatever NumPy makes float64 of, and results of the same shape.

use num_complex::Complex64;
use numpy::{
    IntoPyArray as _, PyArray1, PyArray2, PyArrayDyn, PyArrayMethods as _, PyUntypedArrayMethods as _,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFloat, PyInt};

use crate::errors::OrRaise as _;

/// Elements from which on the interpreter is let go.
const MANY: usize = 2000;

static ASARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn as_array<'py>(x: &Bound<'py, PyAny>, kind: &str) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let asarray = ASARRAY
        .get_or_try_init(py, || -> PyResult<_> { Ok(py.import("numpy")?.getattr("asarray")?.unbind()) })?;
    let options = PyDict::new(py);
    options.set_item("dtype", kind)?;
    options.set_item("order", "C")?;
    asarray.bind(py).call((x,), Some(&options))
}

/// As an array of float64 in C order.
pub fn float_array<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    Ok(as_array(x, "float64")?.cast_into::<PyArrayDyn<f64>>()?)
}

/// Numbers of any shape, in C order.
pub fn numbers(x: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    Ok(float_array(x)?.readonly().as_slice()?.to_vec())
}

/// A matrix, row by row, with the number of its columns.
pub fn matrix(name: &str, x: &Bound<'_, PyAny>) -> PyResult<(Vec<f64>, usize)> {
    let array = float_array(x)?;
    match *array.shape() {
        [_, columns] => Ok((array.readonly().as_slice()?.to_vec(), columns)),
        ref shape => Err(crate::errors::argument(
            x.py(),
            "X",
            format!("{name} with {} dimensions", shape.len()),
            "a table of two dimensions, rows by features",
        )),
    }
}

/// `f` of numbers of any shape; a float of a float.
pub fn map<'py>(
    x: &Bound<'py, PyAny>,
    f: impl Fn(&[f64]) -> freespectra::Result<Vec<f64>> + Sync,
) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    if x.is_instance_of::<PyFloat>() || x.is_instance_of::<PyInt>() {
        let values = f(&[x.extract()?]).or_raise(py)?;
        return Ok(PyFloat::new(py, values[0]).into_any());
    }
    let array = float_array(x)?;
    let readonly = array.readonly();
    let slice = readonly.as_slice()?;
    let values = if slice.len() < MANY { f(slice) } else { py.detach(|| f(slice)) }.or_raise(py)?;
    Ok(values.into_pyarray(py).reshape(array.shape().to_vec())?.into_any())
}

/// The same for complex numbers.
pub fn map_complex<'py>(
    x: &Bound<'py, PyAny>,
    f: impl Fn(Complex64) -> Complex64 + Sync,
) -> PyResult<Bound<'py, PyAny>> {
    let py = x.py();
    let array = as_array(x, "complex128")?;
    let array =
        array.cast::<PyArrayDyn<Complex64>>().map_err(|_| PyTypeError::new_err("z: expected numbers"))?;
    let readonly = array.readonly();
    let slice = readonly.as_slice()?;
    let values: Vec<Complex64> = py.detach(|| slice.iter().map(|&z| f(z)).collect());
    if array.ndim() == 0 {
        return Ok(values[0].into_pyobject(py)?.into_any());
    }
    Ok(values.into_pyarray(py).reshape(array.shape().to_vec())?.into_any())
}

/// A vector.
pub fn vector(py: Python<'_>, values: Vec<f64>) -> Bound<'_, PyArray1<f64>> {
    values.into_pyarray(py)
}

/// Rows of equal length.
pub fn rows<'py>(py: Python<'py>, rows: &[Vec<f64>]) -> PyResult<Bound<'py, PyArray2<f64>>> {
    Ok(PyArray2::from_vec2(py, rows)?)
}

/// Pairs as an array of two columns.
pub fn pairs<'py>(py: Python<'py>, pairs: &[[f64; 2]]) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let flat: Vec<f64> = pairs.iter().flatten().copied().collect();
    flat.into_pyarray(py).reshape([pairs.len(), 2])
}
