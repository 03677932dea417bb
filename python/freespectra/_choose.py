"""Best choices for a model: batches, step, momentum, ridge and stopping time."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Callable, Iterable

from . import _core
from ._laws import _seed
from ._method import Method, core_of
from ._models import Population, _count, along
from ._progress import Progress, reporter
from ._results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def choose(
    aspect_ratio: float = 0.5,
    population: Any = None,
    *,
    source: float | ArrayLike | Callable[[float], float] = 1.0,
    noise: float = 0.3,
    batches: Iterable[float] = (1, 2, 4, 8, 16),
    tune: str | Iterable[str] = (),
    method: Method | None = None,
    budget: str | int = 10,
    rows: int = 0,
    stop: str = "best",
    order: str = "reshuffle",
    schedules: int | None = None,
    schedule_error: float = 0.01,
    seed: int = 0,
    progress: Progress = None,
) -> Result:
    """The batches, step, momentum, ridge and stopping time with the smallest predicted risk under a budget.

    Parameters
    ----------
    aspect_ratio : float
        Features per row, ``p / n``.
    population : Population, array_like or mapping, optional
        Eigenvalues of the covariance of the features; all 1 without.
    source, noise
        As for `MiniBatch.trajectory`.
    batches : iterable of int
        Numbers of batches to choose from; ``math.inf`` is the limit of `SmallBatches`.
    tune : str or iterable of str
        What to choose besides the step: "momentum" or "nesterov", and "ridge". The latter needs a start at zero: around the
        truth, towards which the ridge pulls, the largest would be the best.
    method : Method, optional
        How steps are made, but for what is chosen. With an average, one at most, the risk is that of the average.
    budget : int or str
        Epochs, or "gradients:N" or "seconds:TOTAL:PER_STEP:PER_ROW".
    rows : int
        Rows of the data, for budgets that are not in epochs; there are no more batches than rows.
    stop : {"best", "end"}
        Whether runs are looked at after the best epoch or at the end of the budget.
    order : {"reshuffle", "once", "cyclic", "replacement"}
    schedules : int, optional
        Number of sampled orders that every prediction is averaged over, instead of as many as `schedule_error` takes.
    schedule_error : float
        Relative standard error of the risk of the choice to be reached.
    seed : int
        That of the orders along which the choice is made. Its risk is that along others.

    Returns
    -------
    Result
        The choice, `batches`, `epoch_step`, `step_size`, `momentum` and `ridge` (None if not chosen), `epochs` and `method`,
        ready for `MiniBatch.trajectory`; its `risk` with the standard error `risk_error` over `schedules` orders, and `initial`,
        that before the first step; `flat_epoch_steps`, between which the risk is within 1 % of it; `by_batches`, the best of
        each number of batches, and `grid`, all that was looked at
        first, as columns of `to_frame`, where what was not chosen is nan.

    Raises
    ------
    ArgumentError
        If an argument is out of range or has no best choice, or the budget affords no epoch.

    Examples
    --------
    >>> import freespectra as fs
    >>> best = fs.choose(0.5, batches=[1, 8], budget=5)
    >>> best.batches, bool(best.risk < best.initial)
    (8, True)
    >>> model = fs.MiniBatch(best.batches, 0.5, best.epoch_step)
    >>> curve = model.trajectory(method=best.method).curve(best.epochs)
    >>> bool(abs(curve.risk[-1] / best.risk - 1) < 0.01)
    True
    """
    population = Population._of(population)
    core = core_of(method)
    tune = [tune] if isinstance(tune, str) else list(tune)
    budget = budget if isinstance(budget, str) else f"epochs:{_count('budget', budget)}"
    counts = ["inf" if b == math.inf else str(_count("batches", b)) for b in batches]
    with reporter(progress) as told:
        found = _core._choose(
            population._core, float(aspect_ratio), along(population, "source", source), float(noise), counts, tune, budget,
            _count("rows", rows), stop, order, None if schedules is None else _count("schedules", schedules),
            float(schedule_error), _seed(seed), core, told,
        )
    chosen = {name: found[name] for name in ("momentum", "ridge") if found[name] is not None}
    if "momentum" in chosen:
        chosen["nesterov"] = "nesterov" in tune and chosen["momentum"] > 0
    found["method"] = dataclasses.replace(method or Method(), **chosen)
    for name in ("by_batches", "grid"):
        found[name] = Result("Choices", found[name])
    return Result("Choice", found)
