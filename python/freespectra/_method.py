"""How gradient descent makes its steps."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Iterable

from . import _core
from ._results import Result


@dataclass(frozen=True, repr=False)
class Method:
    """A linear first-order method; plain descent with constant steps without arguments.

    Parameters
    ----------
    momentum : float or "growing"
        Part of the velocity that a step keeps, in [0, 1); "growing" is ``s / (s + 3)`` at step s.
    nesterov : bool
        The gradient is taken where the velocity alone would lead, instead of at the iterate (heavy ball).
    ridge : float
        ``ridge |beta|^2 / 2`` is added to the loss.
    decay : float
        Weight decay beside the momentum: every step also takes ``step decay beta``.
    zero_start : bool
        Start at weights 0 instead of around the truth, towards which ridge and decay then pull. Data always start at 0.
    step_schedule : str
        "constant", "cosine", "warmup:K" over K steps, or "inverse-time:S", a factor ``1 / (1 + s / S)``.
    average : str or sequence of str
        Averages of the iterates to follow, at most eight: "polyak" of all, "tail:S" of those from iterate S on, "ema:RHO" with
        this part of the new iterate.
    precondition : float
        Gradients are multiplied by this power of the population covariance.
    gradient_noise, label_noise : float
        Variance of noise that is new at every step: on the gradient, ``gradient_noise / p`` along each direction, and on labels.

    Raises
    ------
    ArgumentError
        If an argument is out of range; the text says which and what is allowed.

    Examples
    --------
    >>> import freespectra as fs
    >>> method = fs.Method(momentum=0.9, nesterov=True, average="polyak")
    >>> method
    Method(momentum=0.9, nesterov=True, average=('polyak',))
    >>> curve = fs.MiniBatch(4, 0.5, 0.1).trajectory(method=method).curve(5)
    >>> bool(curve.averages["polyak"].risk[-1] < curve.risk[-1])
    True
    """

    momentum: float | str = 0.0
    nesterov: bool = False
    ridge: float = 0.0
    decay: float = 0.0
    zero_start: bool = False
    step_schedule: str = "constant"
    average: str | Iterable[str] = ()
    precondition: float = 0.0
    gradient_noise: float = 0.0
    label_noise: float = 0.0
    _core: _core.Method = field(init=False, compare=False)

    def __post_init__(self) -> None:
        growing = isinstance(self.momentum, str)
        if growing and self.momentum != "growing":
            raise _core.ArgumentError(f'momentum: got {self.momentum!r}, expected a number in [0, 1) or "growing"')
        if self.nesterov and self.momentum == 0:
            raise _core.ArgumentError('momentum: got 0, expected a positive one or "growing" with nesterov=True')
        momentum = None if growing else float(self.momentum)
        averages = [self.average] if isinstance(self.average, str) else list(self.average)
        names = ("ridge", "decay", "precondition", "gradient_noise", "label_noise")
        numbers = {name: float(getattr(self, name)) for name in names}
        core = _core.Method(
            momentum=momentum, nesterov=bool(self.nesterov), zero_start=bool(self.zero_start),
            step_schedule=self.step_schedule, averages=averages, **numbers,
        )
        made = dict(
            numbers, momentum=self.momentum if growing else momentum, nesterov=bool(self.nesterov),
            zero_start=bool(self.zero_start), step_schedule=core.step_schedule, average=tuple(core.averages), _core=core,
        )
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def _parameters(self) -> dict[str, Any]:
        """What differs from plain descent."""
        given = {f.name: (f.default, getattr(self, f.name)) for f in fields(self) if f.init}
        return {name: value for name, (default, value) in given.items() if value != default}

    def __repr__(self) -> str:
        return f"Method({', '.join(f'{name}={value!r}' for name, value in self._parameters().items())})"

    def __reduce__(self) -> tuple:
        return (_of, (self._parameters(),))


def _of(parameters: dict[str, Any]) -> Method:
    return Method(**parameters)


def core_of(method: Method | None) -> _core.Method | None:
    """What the compiled part takes."""
    if method is not None and not isinstance(method, Method):
        raise TypeError(f"method: expected a Method, got {method!r}")
    return None if method is None else method._core


def curve(name: str, found: dict[str, Any]) -> Result:
    """A result whose averages are results, with the times of the curve itself."""
    averages = {label: Result("Average", {"epochs": found["epochs"], **values}) for label, values in found["averages"].items()}
    return Result(name, {**found, "averages": averages})
