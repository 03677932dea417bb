//! Polynomials in free variables.

use freespectra::finite::PolynomialMonteCarlo;
use freespectra::polynomial::{Polynomial as Words, Variable};
use num_complex::Complex64;
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;

use crate::arrays;
use crate::errors::{OrRaise as _, argument};
use crate::law::Law;
use crate::work;

/// A noncommutative polynomial.
#[pyclass(frozen, eq, module = "freespectra._core")]
#[derive(Clone, PartialEq)]
pub struct Polynomial(Words);

fn operand(x: &Bound<'_, PyAny>) -> Option<Words> {
    if let Ok(polynomial) = x.cast::<Polynomial>() {
        return Some(polynomial.get().0.clone());
    }
    let number: Complex64 = x.extract().ok()?;
    Some(Words::constant(number))
}

type Operation = fn(&Words, &Words) -> Words;

fn combined(x: &Words, other: &Bound<'_, PyAny>, operation: Operation) -> PyResult<Py<PyAny>> {
    let py = other.py();
    match operand(other) {
        Some(other) => Ok(Py::new(py, Polynomial(operation(x, &other)))?.into_any()),
        None => Ok(py.NotImplemented()),
    }
}

#[pymethods]
impl Polynomial {
    #[staticmethod]
    fn variable(py: Python<'_>, name: &str) -> PyResult<Self> {
        Ok(Self(Variable::new(name).or_raise(py)?.into()))
    }

    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        Ok(Self(text.parse().or_raise(py)?))
    }

    #[getter]
    fn degree(&self) -> usize {
        self.0.degree()
    }

    #[getter]
    fn variables(&self) -> Vec<String> {
        self.0.occurring().iter().map(|variable| variable.name().to_owned()).collect()
    }

    #[getter]
    #[pyo3(name = "H")]
    fn adjoint(&self) -> Self {
        Self(self.0.adjoint())
    }

    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        combined(&self.0, other, |a, b| a + b)
    }

    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        combined(&self.0, other, |a, b| b + a)
    }

    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        combined(&self.0, other, |a, b| a - b)
    }

    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        combined(&self.0, other, |a, b| b - a)
    }

    fn __mul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        combined(&self.0, other, |a, b| a * b)
    }

    fn __rmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        combined(&self.0, other, |a, b| b * a)
    }

    fn __neg__(&self) -> Self {
        Self(-&self.0)
    }

    fn __pow__(&self, exponent: i64, modulo: Option<&Bound<'_, PyAny>>, py: Python<'_>) -> PyResult<Self> {
        const MOST: i64 = 100;
        let _ = modulo;
        if !(0..=MOST).contains(&exponent) {
            return Err(argument(py, "exponent", exponent, &format!("in 0..={MOST}")));
        }
        Ok(Self(self.0.pow(exponent as u32)))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Polynomial: {}>", self.0)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("parse")?, (slf.get().0.to_string(),)))
    }
}

/// A polynomial whose variables are free and have laws.
#[pyclass(frozen, module = "freespectra._core")]
pub struct FreePolynomial(freespectra::polynomial::FreePolynomial);

#[pymethods]
impl FreePolynomial {
    #[new]
    fn new(py: Python<'_>, polynomial: &Polynomial, laws: Vec<(String, PyRef<'_, Law>)>) -> PyResult<Self> {
        let laws =
            laws.iter().map(|(name, law)| Ok((name.as_str(), law.free()?))).collect::<PyResult<Vec<_>>>()?;
        Ok(Self(freespectra::polynomial::FreePolynomial::new(polynomial.0.clone(), &laws).or_raise(py)?))
    }

    #[getter]
    fn polynomial(&self) -> Polynomial {
        Polynomial(self.0.polynomial().clone())
    }

    #[pyo3(signature = (progress = None))]
    fn law(&self, py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Law> {
        let model = self.0.clone();
        Ok(work::run(py, progress, move || model.law())?.into())
    }

    fn moments<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Bound<'py, PyArray1<f64>>> {
        const MOST: usize = 16;
        if count > MOST {
            return Err(argument(py, "count", count, &format!("at most {MOST}")));
        }
        let model = self.0.clone();
        Ok(arrays::vector(py, work::run(py, None, move || Ok(model.moments(count)))?))
    }

    #[pyo3(signature = (features, draws = 1, seed = 0, progress = None))]
    fn sample<'py>(
        &self,
        py: Python<'py>,
        features: usize,
        draws: usize,
        seed: u64,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let model = self.0.clone();
        let sampled = work::run(py, progress, move || {
            PolynomialMonteCarlo::new(model.polynomial().clone(), &model.ensembles(), features)?
                .with_draws(draws)?
                .with_seed(seed)
                .run(None)
        })?;
        arrays::rows(py, &sampled.eigenvalues)
    }

    fn __repr__(&self) -> String {
        format!("<FreePolynomial: {}>", self.0.polynomial())
    }
}
