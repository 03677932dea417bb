//! Laws: those that a model leads to, and those of free variables, which can be added and multiplied.

use std::sync::Arc;

use freespectra::comparison::{Bins, Comparison, ReferenceLaw};
use freespectra::{Result, SpectralLaw};
use numpy::{PyArray1, PyArray2};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyTuple};
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

use crate::arrays;
use crate::errors::{OrRaise as _, argument};
use crate::work;

#[derive(Clone)]
enum Kind {
    Spectral(Arc<SpectralLaw>),
    /// With what makes it again: a callable and its arguments.
    Free(freespectra::Law, Arc<(Py<PyAny>, Py<PyTuple>)>),
}

/// A probability law on the line.
#[pyclass(frozen, module = "freespectra._core")]
#[derive(Clone)]
pub struct Law {
    kind: Kind,
}

impl From<SpectralLaw> for Law {
    fn from(law: SpectralLaw) -> Self {
        Self { kind: Kind::Spectral(Arc::new(law)) }
    }
}

impl Law {
    fn spectral(&self) -> &SpectralLaw {
        match &self.kind {
            Kind::Spectral(law) => law,
            Kind::Free(law, _) => law.spectral(),
        }
    }

    /// The law of a free variable.
    pub fn free(&self) -> PyResult<freespectra::Law> {
        match &self.kind {
            Kind::Free(law, _) => Ok(law.clone()),
            Kind::Spectral(_) => Err(PyTypeError::new_err(
                "this law is known as a spectrum only; operations take laws made by semicircle, marchenko_pastur, \
                 atoms and the like, and what these operations make of them",
            )),
        }
    }

    /// A law of a free variable that `operation(*args)` makes.
    fn made<'py>(
        py: Python<'py>,
        operation: &Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        work: impl FnOnce() -> Result<freespectra::Law> + Send + 'static,
    ) -> PyResult<Self> {
        let law = work::run(py, None, work)?;
        Ok(Self { kind: Kind::Free(law, Arc::new((operation.clone().unbind(), args.unbind()))) })
    }

    fn operator<'py>(
        &self,
        slf: &Bound<'py, Self>,
        name: &str,
        other: &Bound<'py, PyAny>,
        with_law: fn(&freespectra::Law, &freespectra::Law) -> Result<freespectra::Law>,
        with_number: fn(&freespectra::Law, f64) -> Result<freespectra::Law>,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = self.free()?;
        let operation = py.import("operator")?.getattr(name)?;
        let args = PyTuple::new(py, [slf.as_any(), other])?;
        let made = if let Ok(other) = other.cast::<Self>() {
            let other = other.get().free()?;
            Self::made(py, &operation, args, move || with_law(&this, &other))?
        } else if other.is_instance_of::<PyFloat>() || other.is_instance_of::<PyInt>() {
            let number = other.extract()?;
            Self::made(py, &operation, args, move || with_number(&this, number))?
        } else {
            return Ok(py.NotImplemented());
        };
        Ok(Py::new(py, made)?.into_any())
    }

    fn method<'py>(
        slf: &Bound<'py, Self>,
        name: &str,
        parameters: &[f64],
        work: impl FnOnce(&freespectra::Law) -> Result<freespectra::Law> + Send + 'static,
    ) -> PyResult<Self> {
        let py = slf.py();
        let this = slf.get().free()?;
        let operation = py.import("operator")?.getattr("methodcaller")?;
        let mut call = vec![name.into_pyobject(py)?.into_any()];
        for parameter in parameters {
            call.push(PyFloat::new(py, *parameter).into_any());
        }
        let operation = operation.call1(PyTuple::new(py, call)?)?;
        let args = PyTuple::new(py, [slf.as_any()])?;
        Self::made(py, &operation, args, move || work(&this))
    }
}

#[pymethods]
impl Law {
    fn pdf<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        arrays::map(x, |x| Ok(self.spectral().densities(x)))
    }

    fn cdf<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        arrays::map(x, |x| Ok(self.spectral().cdfs(x)))
    }

    fn ppf<'py>(&self, q: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        arrays::map(q, |q| self.spectral().quantiles(q))
    }

    #[pyo3(signature = (count, seed))]
    fn sample<'py>(&self, py: Python<'py>, count: usize, seed: u64) -> Bound<'py, PyArray1<f64>> {
        let law = self.spectral();
        let values = py.detach(|| {
            let mut rng = Pcg64::seed_from_u64(seed);
            (0..count).map(|_| law.sample(&mut rng)).collect()
        });
        arrays::vector(py, values)
    }

    fn cauchy_transform<'py>(&self, z: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        arrays::map_complex(z, |z| self.spectral().cauchy_transform(z))
    }

    #[getter]
    fn intervals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        arrays::pairs(py, &self.spectral().support())
    }

    #[getter]
    fn atoms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let atoms: Vec<[f64; 2]> = self.spectral().atoms().iter().map(|a| [a.location, a.mass]).collect();
        arrays::pairs(py, &atoms)
    }

    fn support(&self) -> (f64, f64) {
        let [low, high] = self.spectral().range();
        (low, high)
    }

    fn moment(&self, py: Python<'_>, order: i32) -> PyResult<f64> {
        if order < 0 {
            return Err(argument(py, "order", order, "at least 0"));
        }
        Ok(self.spectral().moment(order))
    }

    fn mean(&self) -> f64 {
        self.spectral().mean()
    }

    fn var(&self) -> f64 {
        self.spectral().variance()
    }

    fn std(&self) -> f64 {
        self.spectral().std_dev()
    }

    fn skewness(&self) -> f64 {
        self.spectral().skewness()
    }

    fn kurtosis(&self) -> f64 {
        self.spectral().kurtosis()
    }

    fn entropy(&self) -> f64 {
        self.spectral().entropy()
    }

    fn median(&self) -> f64 {
        self.spectral().median()
    }

    fn interval(&self, py: Python<'_>, confidence: f64) -> PyResult<(f64, f64)> {
        let [low, high] = self.spectral().interval(confidence).or_raise(py)?;
        Ok((low, high))
    }

    fn expect(&self, py: Python<'_>, f: &Bound<'_, PyAny>) -> PyResult<f64> {
        let failed = std::cell::RefCell::new(None);
        let value = self.spectral().integrate(|x| {
            f.call1((x,)).and_then(|value| value.extract()).unwrap_or_else(|error: PyErr| {
                failed.borrow_mut().get_or_insert(error);
                f64::NAN
            })
        });
        let _ = py;
        failed.into_inner().map_or(Ok(value), Err)
    }

    fn mesh<'py>(&self, py: Python<'py>, points: usize) -> PyResult<Vec<Bound<'py, PyArray1<f64>>>> {
        const MOST: usize = 10_000_000;
        if !(2..=MOST).contains(&points) {
            return Err(argument(py, "points", points, &format!("in 2..={MOST}")));
        }
        Ok(self.spectral().mesh(points).into_iter().map(|x| arrays::vector(py, x)).collect())
    }

    fn free_cumulants<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(arrays::vector(py, self.free()?.free_cumulants(count)))
    }

    #[getter]
    fn certificate<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let certificate = self.spectral().certificate();
        let dict = PyDict::new(py);
        dict.set_item("mass_error", certificate.mass_error)?;
        dict.set_item("mean_error", certificate.mean_error)?;
        dict.set_item("variance_error", certificate.variance_error)?;
        dict.set_item("moment_error", certificate.moment_error)?;
        dict.set_item("residual", certificate.residual)?;
        dict.set_item("solves", certificate.solves)?;
        dict.set_item("evaluations", certificate.evaluations)?;
        dict.set_item("cuts", certificate.cuts)?;
        dict.set_item("replaced", certificate.replaced)?;
        Ok(dict)
    }

    fn compare<'py>(&self, samples: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let py = samples.py();
        let values = arrays::numbers(samples)?;
        let law = self.spectral();
        let found = py
            .detach(|| Comparison::new(&values, &ReferenceLaw::of(law)?, &Bins::FreedmanDiaconis))
            .or_raise(py)?;
        let dict = PyDict::new(py);
        dict.set_item("count", found.eigenvalues)?;
        dict.set_item("kolmogorov_smirnov", found.kolmogorov_smirnov)?;
        dict.set_item("wasserstein", found.wasserstein1)?;
        dict.set_item("moments", arrays::vector(py, found.moments.to_vec()))?;
        dict.set_item("smallest", (found.smallest.eigenvalue, found.smallest.edge))?;
        dict.set_item("largest", (found.largest.eigenvalue, found.largest.edge))?;
        let atoms: Vec<_> = found.atoms.iter().map(|a| (a.atom.location, a.atom.mass, a.share)).collect();
        dict.set_item("atoms", atoms)?;
        dict.set_item("edges", arrays::vector(py, found.histogram.edges))?;
        dict.set_item("density", arrays::vector(py, found.histogram.density))?;
        Ok(dict)
    }

    fn affine(slf: &Bound<'_, Self>, scale: f64, shift: f64) -> PyResult<Self> {
        let py = slf.py();
        match &slf.get().kind {
            Kind::Spectral(law) => Ok(law.affine(scale, shift).or_raise(py)?.into()),
            Kind::Free(..) => {
                Self::method(slf, "affine", &[scale, shift], move |law| law.affine(scale, shift))
            }
        }
    }

    fn compress(slf: &Bound<'_, Self>, trace: f64) -> PyResult<Self> {
        Self::method(slf, "compress", &[trace], move |law| law.compress(trace))
    }

    fn power(slf: &Bound<'_, Self>, t: f64) -> PyResult<Self> {
        Self::method(slf, "power", &[t], move |law| law.power(t))
    }

    fn __add__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        slf.get().operator(slf, "add", other, |a, b| a.plus(b), |a, c| a.affine(1.0, c))
    }

    fn __radd__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Self::__add__(slf, other)
    }

    fn __sub__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        slf.get().operator(slf, "sub", other, |a, b| a.plus(&b.affine(-1.0, 0.0)?), |a, c| a.affine(1.0, -c))
    }

    fn __mul__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        slf.get().operator(slf, "mul", other, |a, b| a.times(b), |a, c| a.affine(c, 0.0))
    }

    fn __rmul__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Self::__mul__(slf, other)
    }

    fn __neg__(slf: &Bound<'_, Self>) -> PyResult<Self> {
        Self::affine(slf, -1.0, 0.0)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self.spectral() == other.get().spectral())
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = std::collections::hash_map::DefaultHasher::new();
        for x in self.spectral().range() {
            x.to_bits().hash(&mut hasher);
        }
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<Law: {}>", self.spectral())
    }

    fn __copy__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: PyRef<'py, Self>, _memo: &Bound<'py, PyAny>) -> PyRef<'py, Self> {
        slf
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        match &slf.get().kind {
            Kind::Spectral(law) => {
                let state =
                    serde_json::to_vec(&**law).map_err(|error| PyTypeError::new_err(error.to_string()))?;
                let load = slf.get_type().getattr("_load")?;
                Ok((load, PyTuple::new(py, [PyBytes::new(py, &state)])?))
            }
            Kind::Free(_, made) => Ok((made.0.bind(py).clone(), made.1.bind(py).clone())),
        }
    }

    #[staticmethod]
    fn _load(py: Python<'_>, state: &[u8]) -> PyResult<Self> {
        let law: SpectralLaw =
            serde_json::from_slice(state).map_err(|error| argument(py, "state", error, "a pickled law"))?;
        Ok(law.into())
    }
}

/// Functions that make laws: `(name, parameters)` of each is that of the library.
macro_rules! named {
    ($($name:ident($($parameter:ident: $kind:ty),*) $(= $default:tt)?, $make:expr;)*) => {
        $(
            #[pyfunction]
            $(#[pyo3(signature = $default)])?
            fn $name<'py>(py: Python<'py>, $($parameter: $kind),*) -> PyResult<Law> {
                let operation = py.import("freespectra._core")?.getattr(stringify!($name))?;
                let args: Vec<Bound<'py, PyAny>> = vec![$($parameter.clone().into_pyobject(py)?.into_any()),*];
                let make = $make;
                Law::made(py, &operation, PyTuple::new(py, args)?, move || make($($parameter),*))
            }
        )*

        pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_function(wrap_pyfunction!($name, module)?)?;)*
            Ok(())
        }
    };
}

type Atoms = Vec<(f64, f64)>;

fn discrete(atoms: &Atoms) -> Result<freespectra::free::named::Discrete> {
    freespectra::free::named::Discrete::new(atoms)
}

named! {
    semicircle(variance: f64) = (variance = 1.0), |v: f64| freespectra::Law::semicircle(v);
    marchenko_pastur(ratio: f64, scale: f64) = (ratio, scale = 1.0), |ratio: f64, scale: f64| {
        let law = freespectra::Law::marchenko_pastur(ratio)?;
        if scale == 1.0 { Ok(law) } else { law.affine(scale, 0.0) }
    };
    free_poisson(rate: f64, size: f64) = (rate, size = 1.0), |rate: f64, size: f64| freespectra::Law::free_poisson(rate, size);
    sample_covariance(ratio: f64, population: Atoms), |ratio: f64, population: Atoms| {
        freespectra::Law::sample_covariance(ratio, discrete(&population)?)
    };
    compound_free_poisson(ratio: f64, jumps: Atoms), |ratio: f64, jumps: Atoms| {
        freespectra::Law::compound_free_poisson(ratio, discrete(&jumps)?)
    };
    _atoms(atoms: Atoms), |atoms: Atoms| freespectra::Law::atoms(&atoms);
    eigenvalues(eigenvalues: Vec<f64>), |eigenvalues: Vec<f64>| freespectra::Law::eigenvalues(&eigenvalues);
    bernoulli(), || freespectra::Law::bernoulli();
    projection(trace: f64), |trace: f64| freespectra::Law::projection(trace);
    uniform(low: f64, high: f64) = (low = 0.0, high = 1.0), |low: f64, high: f64| freespectra::Law::uniform(low, high);
    arcsine(low: f64, high: f64) = (low = -1.0, high = 1.0), |low: f64, high: f64| freespectra::Law::arcsine(low, high);
    kesten_mckay(degree: f64), |degree: f64| freespectra::Law::kesten_mckay(degree);
}
