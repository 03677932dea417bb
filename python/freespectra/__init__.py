"""Free probability: limiting spectra of random-matrix models, first of all of mini-batch gradient descent.

The engine is written in Rust; nothing is computed here. What a function computes, its formula and its source stand in the
documentation of the Rust crate under the same name.

>>> import freespectra as fs
>>> law = fs.MiniBatch(batches=2, aspect_ratio=0.5, step_size=0.4).law()
>>> round(law.pdf(0.7), 10)
0.6453232921
>>> round((fs.semicircle(1.0) + fs.marchenko_pastur(0.5)).var(), 9)
1.5
"""

from ._core import (
    ArgumentError,
    CancelledError,
    Error,
    NotCertifiedError,
    NotConvergedError,
    Polynomial,
    __version__,
)
from ._advisor import MiniBatchAdvisor
from ._choose import choose
from ._data import DataLaw, Dataset
from ._laws import (
    Law,
    arcsine,
    atoms,
    bernoulli,
    compound_free_poisson,
    eigenvalues,
    free_poisson,
    kesten_mckay,
    marchenko_pastur,
    projection,
    sample_covariance,
    semicircle,
    uniform,
)
from ._method import Method
from ._models import MiniBatch, Population, Sweep, Trajectory, monte_carlo, sample_z
from ._polynomials import FreePolynomial, polynomial, variables
from ._results import Result
from ._small_batches import SmallBatches

__all__ = [
    "ArgumentError",
    "CancelledError",
    "DataLaw",
    "Dataset",
    "Error",
    "FreePolynomial",
    "Law",
    "Method",
    "MiniBatch",
    "MiniBatchAdvisor",
    "NotCertifiedError",
    "NotConvergedError",
    "Polynomial",
    "Population",
    "Result",
    "SmallBatches",
    "Sweep",
    "Trajectory",
    "__version__",
    "arcsine",
    "atoms",
    "bernoulli",
    "choose",
    "compound_free_poisson",
    "eigenvalues",
    "free_poisson",
    "kesten_mckay",
    "marchenko_pastur",
    "monte_carlo",
    "polynomial",
    "projection",
    "sample_covariance",
    "sample_z",
    "semicircle",
    "uniform",
    "variables",
]
