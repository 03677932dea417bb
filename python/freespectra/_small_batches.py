"""Very many small batches: gradient descent at a fixed step of an epoch as their number grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from . import _core
from ._laws import Law
from ._method import Method, core_of
from ._models import Population, _count, along
from ._progress import Progress, reporter
from ._results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class SmallBatches:
    """Gradient descent in infinitely many batches, the limit of single rows of very large data.

    Parameters
    ----------
    aspect_ratio : float
        Features per row, ``p / n``.
    epoch_step : float
        Step of an epoch, the step size times the number of batches.
    population : Population, array_like or mapping, optional
        Eigenvalues of the covariance of the features; all 1 without.
    source : float, array_like or callable
        Mean square of the initial error along each population eigenvalue, as for `MiniBatch.trajectory`.
    noise : float
        Variance of the label noise.
    method : Method, optional
        Ridge, a start at 0, a preconditioner, constant momentum, a cosine and the mean of all iterates ("polyak"); others have
        no limit.

    Raises
    ------
    ArgumentError
        If a parameter is out of range, or the method has no limit.

    Examples
    --------
    >>> import freespectra as fs
    >>> limit = fs.SmallBatches(aspect_ratio=0.5, epoch_step=1.0)
    >>> limit.curve("reshuffle", 2).risk[1:].round(6)
    array([0.300817, 0.230721])
    >>> limit.stability_step
    4.0
    """

    __slots__ = ("_arguments", "_core")

    def __init__(
        self,
        aspect_ratio: float = 0.5,
        epoch_step: float = 1.0,
        population: Any = None,
        *,
        source: float | ArrayLike | Callable[[float], float] = 1.0,
        noise: float = 0.3,
        method: Method | None = None,
    ) -> None:
        population = Population._of(population)
        values = along(population, "source", source)
        self._arguments = (float(aspect_ratio), float(epoch_step), population, values, float(noise), method)
        self._core = _core.SmallBatches(
            population._core, float(aspect_ratio), float(epoch_step), values, float(noise), core_of(method)
        )

    def curve(self, order: str = "reshuffle", epochs: int = 20, *, progress: Progress = None) -> Result:
        """Errors at the ends of epochs.

        Parameters
        ----------
        order : {"reshuffle", "cyclic", "once", "replacement", "one-pass"}
            "reshuffle" alone with methods beyond momentum.
        epochs : int

        Returns
        -------
        Result
            Arrays `epochs`, `risk` (excess risk), `train`, `mean` (mean response to the initial error, averaged over the
            orders) and `average_risk` (of the mean of all iterates); None for what is not known or not asked for.
        """
        with reporter(progress) as told:
            return Result("SmallBatchCurve", self._core._curve(order, _count("epochs", epochs), told))

    def law(self, *, progress: Progress = None) -> Law:
        """Limiting law of the eigenvalues of Z, reshuffled every epoch; that of B batches is of order ``1 / B`` away.

        Raises
        ------
        ArgumentError
            For large steps, where the density is infinite at an edge, and for methods beyond plain descent.

        Examples
        --------
        >>> import freespectra as fs
        >>> round(fs.SmallBatches(0.5, 1.0).law().pdf(0.3), 9)
        0.908321724
        """
        with reporter(progress) as told:
            return Law(self._core.law(told))

    def stationary(self, order: str = "reshuffle", *, progress: Progress = None) -> Result:
        """Where runs settle at constant step.

        Returns
        -------
        Result
            `risk` and `train`, which is None for one pass.

        Raises
        ------
        ArgumentError
            Without more rows than features but for one pass, from `stability_step` on, and for methods beyond momentum.

        Examples
        --------
        >>> import freespectra as fs
        >>> round(fs.SmallBatches(0.5, 1.0).stationary("replacement").risk, 12)
        0.35
        """
        with reporter(progress) as told:
            return Result("Stationary", self._core._stationary(order, told))

    def step_to_settle_at(self, risk: float, order: str = "reshuffle", *, progress: Progress = None) -> float:
        """The epoch step at which runs settle at this excess risk.

        Examples
        --------
        >>> import freespectra as fs
        >>> round(fs.SmallBatches(0.5).step_to_settle_at(0.35, "replacement"), 9)
        1.0
        """
        with reporter(progress) as told:
            return self._core.step_to_settle_at(float(risk), order, told)

    @property
    def stability_step(self) -> float:
        """The epoch step beyond which single runs diverge, in any order."""
        return self._core.stability_step

    def __eq__(self, other: object) -> bool:
        return self._arguments == other._arguments if isinstance(other, SmallBatches) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._arguments[:3])

    def __repr__(self) -> str:
        aspect_ratio, epoch_step, population, source, noise, method = self._arguments
        parts = [f"aspect_ratio={aspect_ratio!r}", f"epoch_step={epoch_step!r}", f"{population!r}", f"noise={noise!r}"]
        return f"<SmallBatches: {', '.join(parts + ([] if method is None else [repr(method)]))}>"

    def __reduce__(self) -> tuple:
        return (_of, (self._arguments,))


def _of(arguments: tuple) -> SmallBatches:
    aspect_ratio, epoch_step, population, source, noise, method = arguments
    return SmallBatches(aspect_ratio, epoch_step, population, source=source, noise=noise, method=method)
