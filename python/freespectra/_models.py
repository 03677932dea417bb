"""Mini-batch gradient descent on Gaussian data, in the proportional limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping

import numpy as np

from . import _core
from ._laws import Law, _seed, pairs
from ._method import Method, core_of, curve
from ._progress import Progress, reporter
from ._results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Population:
    """Eigenvalues of the population covariance of the features, with their masses.

    Parameters
    ----------
    eigenvalues : array_like, mapping or pairs
        Eigenvalues of equal mass, a mapping from eigenvalues to masses, or pairs of both, (k, 2).

    Examples
    --------
    >>> import freespectra as fs
    >>> fs.Population({1.0: 0.5, 5.0: 0.5}).mean()
    3.0
    >>> fs.Population([1, 2, 3, 3])
    <Population: 1:0.25, 2:0.25, 3:0.5>
    """

    __slots__ = ("_core",)

    def __init__(self, eigenvalues: Any) -> None:
        if isinstance(eigenvalues, _core.Population):
            self._core = eigenvalues
        elif isinstance(eigenvalues, Mapping) or np.ndim(eigenvalues) == 2:
            self._core = _core.Population._from_atoms(pairs(eigenvalues))
        else:
            self._core = _core.Population._from_eigenvalues(np.asarray(eigenvalues, dtype=float).ravel())

    @classmethod
    def _of(cls, eigenvalues: Any = None) -> Population:
        """A population as it is, one of eigenvalues, or that of the identity."""
        if isinstance(eigenvalues, cls):
            return eigenvalues
        return cls([1.0] if eigenvalues is None else eigenvalues)

    @classmethod
    def from_covariance(cls, covariance: ArrayLike) -> Population:
        """The eigenvalues of a covariance matrix, (p, p)."""
        return cls(_core.Population._from_covariance(covariance))

    @classmethod
    def power_law(cls, exponent: float, nodes: int = 100) -> Population:
        """Eigenvalues ``k^-exponent``, as the Rust crate's ``Population::power_law`` has them."""
        return cls(_core.Population.power_law(exponent, nodes))

    @classmethod
    def uniform(cls, low: float, high: float, nodes: int = 20) -> Population:
        """Eigenvalues spread evenly over an interval, by a Gauss rule with `nodes` nodes."""
        return cls(_core.Population.uniform(low, high, nodes))

    @property
    def atoms(self) -> np.ndarray:
        """Eigenvalues and masses, (k, 2)."""
        return self._core.atoms

    def mean(self) -> float:
        """Mean eigenvalue."""
        return self._core.mean()

    def __eq__(self, other: object) -> bool:
        return self._core == other._core if isinstance(other, Population) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.atoms.tobytes())

    def __repr__(self) -> str:
        return repr(self._core)

    def __reduce__(self) -> tuple:
        return (Population, (self._core,))


class MiniBatch:
    """Least squares by mini-batch gradient descent with random reshuffling (Lok, Sonthalia, Rebrova, ALT 2025).

    Parameters
    ----------
    batches : int
        Number of batches B an epoch; 1 is the full batch.
    aspect_ratio : float
        Features per row, ``p / n``.
    epoch_step : float, optional
        Step of an epoch, B times the step size. One of `epoch_step`, `step_size` and `step_sizes`; 1 without.
    population : Population, array_like or mapping, optional
        Eigenvalues of the covariance of the features; all 1 without.
    step_size : float, optional
        Step on the mean gradient of a batch.
    step_sizes, batch_fractions : sequence of float, optional
        Of each batch, where they differ.

    Raises
    ------
    ArgumentError
        If a parameter is out of range; the text says which and what is allowed.

    Examples
    --------
    >>> import freespectra as fs
    >>> model = fs.MiniBatch(batches=8, aspect_ratio=0.5, epoch_step=1.0)
    >>> model
    MiniBatch(batches=8, aspect_ratio=0.5, epoch_step=1)
    >>> law = model.law()
    >>> round(law.mean(), 9), len(law.intervals)
    (0.656391084, 1)
    """

    __slots__ = ("_core",)

    def __init__(
        self,
        batches: int = 4,
        aspect_ratio: float = 0.5,
        epoch_step: float | None = None,
        population: Any = None,
        *,
        step_size: float | None = None,
        step_sizes: ArrayLike | None = None,
        batch_fractions: ArrayLike | None = None,
    ) -> None:
        def listed(values: Any) -> list[float] | None:
            return None if values is None else [float(x) for x in np.asarray(values, dtype=float).ravel()]

        self._core = _core.MiniBatch(
            _count("batches", batches),
            float(aspect_ratio),
            epoch_step,
            step_size,
            Population._of(population)._core,
            listed(step_sizes),
            listed(batch_fractions),
        )

    @classmethod
    def _of(cls, core: _core.MiniBatch) -> MiniBatch:
        model = cls.__new__(cls)
        model._core = core
        return model

    @property
    def batches(self) -> int:
        """Number of batches."""
        return self._core.batches

    @property
    def aspect_ratio(self) -> float:
        """Features per row."""
        return self._core.aspect_ratio

    @property
    def epoch_step(self) -> float:
        """Step of an epoch."""
        return self._core.epoch_step

    @property
    def step_size(self) -> float:
        """Step on the mean gradient of a batch, the mean if batches have their own."""
        return self._core.step_size

    @property
    def population(self) -> Population:
        """Eigenvalues of the covariance."""
        return Population(self._core.population)

    def full_batch(self) -> MiniBatch:
        """Full-batch gradient descent with the same epoch step, whose Z is the sample covariance W."""
        return MiniBatch._of(self._core.full_batch())

    def law(self, *, progress: Progress = None) -> Law:
        """Limiting law of the eigenvalues of ``Z = X^T Xtilde / n``.

        Parameters
        ----------
        progress : bool or callable, optional
            True for a bar of tqdm if that is installed; a callable is called with (done, total).

        Raises
        ------
        NotConvergedError, NotCertifiedError
            If the law cannot be computed to its tolerance.
        """
        with reporter(progress) as told:
            return Law(self._core.law(told))

    def critical_step(self, *, progress: Progress = None) -> float:
        """Largest step size for which the mean over the orders converges."""
        with reporter(progress) as told:
            return self._core.critical_step(told)

    def stability_step(self, order: str = "reshuffle", *, tolerance: float | None = None, progress: Progress = None) -> Result:
        """Step beyond which single runs diverge.

        Parameters
        ----------
        order : {"reshuffle", "cyclic", "once", "replacement", "one-pass"}
        tolerance : float, optional
            Relative standard error where schedules are sampled.

        Returns
        -------
        Result
            `epoch_step`, `step_size`, `uncertainty` (of the epoch step) and `schedules`.
        """
        with reporter(progress) as told:
            return Result("StabilityStep", self._core._stability_step(order, tolerance, told))

    def mean_iterate(self, epochs: int = 20, *, signal: float = 1.0, noise: float = 0.3, progress: Progress = None) -> Result:
        """Errors of the mean over the orders, after every epoch; for features of the identity covariance.

        Parameters
        ----------
        epochs : int
        signal : float
            Squared norm of the initial error.
        noise : float
            Variance of the label noise.

        Returns
        -------
        Result
            Arrays `epochs`, `bias`, `variance`, `risk`, and `limit`, the risk in the end or None if it diverges.
        """
        with reporter(progress) as told:
            return Result("MeanIterate", self._core._mean_iterate(_count("epochs", epochs), signal, noise, told))

    def trajectory(
        self,
        *,
        source: float | ArrayLike | Callable[[float], float] = 1.0,
        noise: float = 0.3,
        order: str = "reshuffle",
        partition: str = "fixed",
        method: Method | None = None,
        test_eigenvalues: float | ArrayLike | Callable[[float], float] | None = None,
    ) -> Trajectory:
        """Gradient descent step by step.

        Parameters
        ----------
        source : float, array_like or callable
            Mean square of the initial error along each population eigenvalue, as a number for all, in their order, or as a
            function of the eigenvalue.
        noise : float
            Variance of the label noise.
        order : str
            "reshuffle", "once", "cyclic", "replacement", or the batch of every step as "0,1,2,...".
        partition : {"fixed", "fresh", "replacement"}
            When rows are split into batches anew: never, every epoch, at every step.
        method : Method, optional
            How steps are made, and which averages of the iterates are followed; plain descent without.
        test_eigenvalues : float, array_like or callable, optional
            Eigenvalues, along those of the population, of another covariance under which to tell the risk as well.
        """
        population = self.population
        test = None if test_eigenvalues is None else along(population, "test_eigenvalues", test_eigenvalues)
        values = along(population, "source", source)
        return Trajectory(self._core._trajectory(values, noise, order, partition, core_of(method), test))

    def __eq__(self, other: object) -> bool:
        return self._core == other._core if isinstance(other, MiniBatch) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.batches, self.aspect_ratio, self.epoch_step))

    def __repr__(self) -> str:
        return repr(self._core)

    def __reduce__(self) -> tuple:
        return (MiniBatch._of, (self._core,))


class Trajectory:
    """Gradient descent step by step; made by `MiniBatch.trajectory`."""

    __slots__ = ("_core",)

    def __init__(self, core: _core.Trajectory) -> None:
        self._core = core

    def curve(
        self,
        epochs: int = 20,
        *,
        schedules: int | None = None,
        schedule_error: float = 0.01,
        seed: int = 0,
        progress: Progress = None,
    ) -> Result:
        """Predicted risk and training error after every step, averaged over sampled orders.

        Parameters
        ----------
        epochs : int
        schedules : int, optional
            Number of sampled orders, instead of as many as `schedule_error` takes.
        schedule_error : float
            Relative standard error to be reached.
        seed : int

        Returns
        -------
        Result
            Arrays `epochs` (time in epochs), `risk` (excess risk), `train`, `risk_spread`, `risk_error`, `train_error`, and
            `test_risk` if there are test eigenvalues, else None; `averages`, results with the same names by what the method
            calls them; and `schedules`, `diverged` (the first step beyond 1e100, or None).

        Examples
        --------
        >>> import freespectra as fs
        >>> curve = fs.MiniBatch(2, 0.5, 0.8).trajectory(noise=0.0).curve(3)
        >>> len(curve.risk), bool(curve.risk[-1] < curve.risk[0])
        (7, True)
        """
        with reporter(progress) as told:
            found = self._core._curve(_count("epochs", epochs), schedules, schedule_error, _seed(seed), told)
            return curve("Curve", found)

    def sample(self, features: int = 400, epochs: int = 20, *, draws: int = 20, seed: int = 0, progress: Progress = None) -> Result:
        """The same on sampled data: gradient descent itself, on independent data sets.

        Returns
        -------
        Result
            Arrays `epochs`, `risk`, `train`, `risk_error`, `train_error`, and `test_risk`, `test_risk_error` if there are test
            eigenvalues; `averages` as for `curve`; and `features`, `rows`, `draws`.
        """
        with reporter(progress) as told:
            found = self._core._sample(
                _count("features", features), _count("epochs", epochs), _count("draws", draws), _seed(seed), told
            )
            return curve("SampledCurve", found)


class Sweep:
    """Laws of models that differ a little, each from the one before in a fraction of the time.

    >>> import freespectra as fs
    >>> sweep = fs.Sweep()
    >>> laws = [sweep.law(fs.MiniBatch(4, 0.5, step)) for step in (1.0, 1.01)]
    >>> laws[1].certificate["evaluations"] < laws[0].certificate["evaluations"]
    True
    """

    __slots__ = ("_core",)

    def __init__(self) -> None:
        self._core = _core.Sweep()

    def law(self, model: MiniBatch) -> Law:
        """The law of Z of the next model."""
        return Law(self._core.law(model._core))


def sample_z(model: MiniBatch, features: int = 400, *, draws: int = 1, seed: int = 0, progress: Progress = None) -> np.ndarray:
    """Eigenvalues of Z of sampled data, averaged over all orders exactly, (draws, features)."""
    with reporter(progress) as told:
        return model._core._sample_z(_count("features", features), _count("draws", draws), _seed(seed), told)


def monte_carlo(
    model: MiniBatch, features: int = 400, epochs: int = 20, *, draws: int = 20, seed: int = 0, progress: Progress = None, **options: Any
) -> Result:
    """Gradient descent on sampled data; `options` are those of `MiniBatch.trajectory`, the result that of `Trajectory.sample`."""
    return model.trajectory(**options).sample(features, epochs, draws=draws, seed=seed, progress=progress)


def along(population: Population, name: str, values: Any) -> list[float]:
    """One number for each eigenvalue of a population, from one for all, one for each, or a function."""
    eigenvalues = population.atoms[:, 0]
    if callable(values):
        return [float(values(float(t))) for t in eigenvalues]
    array = np.asarray(values, dtype=float)
    try:
        return [float(x) for x in np.broadcast_to(array, eigenvalues.shape)]
    except ValueError:
        allowed = f"one number, or one for each of the {len(eigenvalues)} eigenvalues of the population"
        raise _core.ArgumentError(f"{name}: got numbers of shape {array.shape}, expected {allowed}") from None


def _count(name: str, value: Any) -> int:
    """A whole number that is not negative, or an error that names it."""
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        whole = -1
    if whole < 0 or whole != value or isinstance(value, bool):
        raise _core.ArgumentError(f"{name}: got {value!r}, expected a whole number that is not negative")
    return whole
