"""Polynomials in free variables, as texts or by Python's operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._core import Polynomial
from ._laws import Law
from ._models import _count
from ._progress import Progress, reporter


def variables(names: str) -> Any:
    """Noncommuting variables, named in a text; one alone comes as itself.

    >>> import freespectra as fs
    >>> x, y = fs.variables("x y")
    >>> print(x * y + y * x)
    x*y + y*x
    """
    made = tuple(Polynomial.variable(name) for name in names.replace(",", " ").split())
    if not made:
        raise _core.ArgumentError(f"names: got {names!r}, expected names of variables")
    return made if len(made) > 1 else made[0]


class FreePolynomial:
    """A self-adjoint polynomial whose variables are free, each with its law; made by `polynomial`."""

    __slots__ = ("_core", "_laws")

    def __init__(self, polynomial: Polynomial, laws: dict[str, Law]) -> None:
        self._laws = dict(laws)
        for name, law in laws.items():
            if not isinstance(law, Law):
                raise TypeError(f"{name}: expected a law, got {law!r}")
        self._core = _core.FreePolynomial(polynomial, [(name, law._core) for name, law in laws.items()])

    @property
    def polynomial(self) -> Polynomial:
        """The polynomial."""
        return self._core.polynomial

    def law(self, *, progress: Progress = None) -> Law:
        """The law of the polynomial."""
        with reporter(progress) as told:
            return Law(self._core.law(told))

    def moments(self, count: int) -> np.ndarray:
        """The moments ``m_1, ..., m_count``, exactly, from the free cumulants."""
        return self._core.moments(_count("count", count))

    def sample(self, features: int = 400, *, draws: int = 1, seed: int = 0, progress: Progress = None) -> np.ndarray:
        """Eigenvalues of the polynomial in random matrices of this size, (draws, features)."""
        with reporter(progress) as told:
            return self._core.sample(_count("features", features), _count("draws", draws), seed, told)

    def __repr__(self) -> str:
        return repr(self._core)

    def __reduce__(self) -> tuple:
        return (FreePolynomial, (self.polynomial, self._laws))


def polynomial(polynomial: str | Polynomial, /, **laws: Law) -> FreePolynomial:
    """A polynomial in free variables.

    Parameters
    ----------
    polynomial : str or Polynomial
        Noncommutative and self-adjoint, such as "x*y + y*x"; ``i`` is the imaginary unit.
    **laws
        The law of each variable.

    Raises
    ------
    ArgumentError
        If the text cannot be read, the polynomial is not self-adjoint, or a law is missing.

    Examples
    --------
    >>> import freespectra as fs
    >>> model = fs.polynomial("x*y + y*x", x=fs.semicircle(1), y=fs.semicircle(1))
    >>> round(model.law().var(), 9)
    2.0
    """
    if isinstance(polynomial, str):
        polynomial = Polynomial.parse(polynomial)
    return FreePolynomial(polynomial, laws)
