"""A data set of one's own: what mini-batch gradient descent does on its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from . import _core
from ._method import Method, core_of, curve
from ._models import _count
from ._progress import Progress, reporter
from ._results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class DataLaw:
    """The law of Z on a data set over random splits of its rows, at a resolution of a few spacings of eigenvalues."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.DataLaw) -> None:
        self._core = core

    def pdf(self, x: ArrayLike) -> Any:
        """Density away from 0, of the shape of `x`."""
        return self._core.pdf(x)

    def cdf(self, x: ArrayLike) -> Any:
        """Mass of ``(-inf, x]``, that at 0 included."""
        return self._core.cdf(x)

    def ppf(self, q: ArrayLike) -> Any:
        """Smallest point with ``cdf(x) >= q``."""
        return self._core.ppf(q)

    def support(self) -> tuple[float, float]:
        """The interval that the density is represented on."""
        return self._core.support()

    @property
    def resolution(self) -> float:
        """Height above the axis from which the law is looked at."""
        return self._core.resolution

    @property
    def kernel(self) -> float:
        """Mass at 0, of directions that no row reaches."""
        return self._core.kernel

    def __repr__(self) -> str:
        return repr(self._core)


class Dataset:
    """Rows of features, and a target to be predicted by least squares on them.

    Parameters
    ----------
    X : array_like, (n, p)
        Rows by features; as they are, unless `standardize`.
    y : array_like, (n,), optional
        Targets; needed for curves and recommendations.
    standardize : bool
        Centre and scale the features, centre the target.

    Examples
    --------
    >>> import freespectra as fs
    >>> rng = np.random.default_rng(1)
    >>> X = rng.standard_normal((60, 20)); y = X @ rng.standard_normal(20) + rng.standard_normal(60)
    >>> data = fs.Dataset(X, y)
    >>> data
    <Dataset: 60 rows, 20 features, with a target>
    >>> best = data.recommend([1, 4])
    >>> best.batches in (1, 4) and best.test < best.initial
    True
    """

    __slots__ = ("_core",)

    def __init__(self, X: ArrayLike, y: ArrayLike | None = None, *, standardize: bool = False) -> None:
        self._core = _core.Dataset(X, y, standardize)

    @classmethod
    def _of(cls, core: _core.Dataset) -> Dataset:
        data = cls.__new__(cls)
        data._core = core
        return data

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self._core.rows

    @property
    def features(self) -> int:
        """Number of features."""
        return self._core.features

    @property
    def aspect_ratio(self) -> float:
        """Features per row."""
        return self._core.aspect_ratio

    @property
    def eigenvalues(self) -> np.ndarray:
        """Nonzero eigenvalues of ``X^T X / n``, increasing."""
        return self._core.eigenvalues

    @property
    def certificate(self) -> dict[str, Any]:
        """Whether the rows are such that the predictions hold: `verdict`, `reasons`, and what they come from."""
        return self._core.certificate

    def law(
        self, batches: int, *, step_size: float | None = None, epoch_step: float | None = None, spacings: float = 2.0,
        progress: Progress = None,
    ) -> DataLaw:
        """The law of Z over random splits of the rows.

        Parameters
        ----------
        batches : int
        step_size, epoch_step : float
            One of them.
        spacings : float
            Resolution, in mean spacings of the eigenvalues.
        """
        step = _step(batches, step_size, epoch_step)
        with reporter(progress) as told:
            return DataLaw(self._core._law(_count("batches", batches), step, spacings, told))

    def curves(
        self, batches: int, *, step_size: float | None = None, epoch_step: float | None = None, epochs: int = 20,
        order: str = "reshuffle", partition: str = "fresh", schedules: int = 20, seed: int = 0,
        method: Method | None = None, progress: Progress = None,
    ) -> Result:
        """Predicted train and test error of gradient descent from 0, after every step.

        Parameters
        ----------
        batches : int
        step_size, epoch_step : float
            One of them.
        order, partition : str
            As for `MiniBatch.trajectory`.
        method : Method, optional
            How steps are made, without preconditioner and gradient noise, which a population covariance defines.

        Returns
        -------
        Result
            Arrays `epochs`, `train`, `test`, `train_spread`, `test_spread`; `averages`, results with `train` and `test` by what
            the method calls them; `schedules` and `diverged`.
        """
        step = _step(batches, step_size, epoch_step)
        with reporter(progress) as told:
            found = self._core._curves(
                _count("batches", batches), step, _count("epochs", epochs), order, partition,
                _count("schedules", schedules), seed, core_of(method), told,
            )
            return curve("Curve", found)

    def thresholds(
        self, batches: int, *, order: str = "reshuffle", partition: str = "fresh", seed: int = 0, progress: Progress = None
    ) -> Result:
        """Step sizes beyond which gradient descent diverges: `mean`, of the mean over the orders, and `runs`, of single runs."""
        with reporter(progress) as told:
            found = self._core._thresholds(_count("batches", batches), order, partition, seed, told)
            return Result("Thresholds", found)

    def recommend(
        self, batches: Sequence[int] = (1, 2, 4, 8, 16), *, budget: str | int = 20, order: str = "reshuffle",
        partition: str = "fresh", schedules: int = 4, seed: int = 0, progress: Progress = None,
    ) -> Result:
        """The number of batches, the step size and the epoch to stop after with the smallest predicted test error.

        Parameters
        ----------
        batches : sequence of int
            Numbers of batches to choose from.
        budget : int or str
            Epochs, or "gradients:N" or "seconds:TOTAL:PER_STEP:PER_ROW".

        Returns
        -------
        Result
            `batches`, `step_size`, `epochs`, `test`, `train`, `regret_against_full_batch`, `flat_step_sizes`, `initial`, and
            `by_batches`, the best of each number of batches as (batches, step_size, epochs, test, train).
        """
        budget = budget if isinstance(budget, str) else f"epochs:{_count('budget', budget)}"
        with reporter(progress) as told:
            found = self._core._recommend(
                [_count("batches", b) for b in batches], budget, order, partition, _count("schedules", schedules), seed, told
            )
            return Result("Recommendation", found)

    def __repr__(self) -> str:
        return repr(self._core)

    def __reduce__(self) -> tuple:
        return (Dataset._of, (self._core,))


def _step(batches: int, step_size: float | None, epoch_step: float | None) -> float:
    if (step_size is None) == (epoch_step is None):
        raise _core.ArgumentError("step_size: expected one of step_size and epoch_step")
    return float(step_size) if step_size is not None else float(epoch_step) / _count("batches", batches)  # type: ignore[arg-type]
