"""Probability laws with the names of scipy.stats, and the operations of free variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence, Union

import numpy as np

from . import _core
from ._results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Law"]

Atoms = Union[Mapping[float, float], Sequence[float], Sequence[tuple]]


def _seed(random_state: Any) -> int:
    """A seed from None, an integer, a Generator or a RandomState."""
    if random_state is None:
        return int(np.random.default_rng().integers(0, 2**63))
    if isinstance(random_state, (int, np.integer)):
        if random_state < 0:
            raise ValueError(f"random_state: got {random_state}, expected a seed that is not negative")
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(0, 2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(0, 2**31))
    raise TypeError(f"random_state: expected None, a seed or a generator, got {random_state!r}")


def pairs(atoms: Any) -> list[tuple[float, float]]:
    """Locations and masses from a mapping, pairs, or locations of equal mass."""
    if isinstance(atoms, Mapping):
        return [(float(t), float(w)) for t, w in atoms.items()]
    array = np.asarray(atoms, dtype=float)
    if array.ndim == 2 and array.shape[1] == 2:
        return [(float(t), float(w)) for t, w in array]
    if array.ndim == 1 and len(array):
        return [(float(t), 1.0 / len(array)) for t in array]
    raise ValueError(f"atoms: got an array of shape {array.shape}, expected pairs (location, mass) or locations")


class Law:
    """A probability law on the line: intervals with a density, and atoms.

    Laws come from models (`MiniBatch.law`, `FreePolynomial.law`) and from functions such as `semicircle`; the latter can be
    added and multiplied as the laws of free variables. Methods have the names of `scipy.stats`. The density `pdf` is that of
    the continuous part; atoms are apart in `atoms`, and `cdf` jumps there. Every law is checked against its exact moments
    before it is handed out (`certificate`).

    Examples
    --------
    >>> import freespectra as fs
    >>> law = fs.marchenko_pastur(0.25)
    >>> law.support()
    (0.25, 2.25)
    >>> abs(law.cdf(law.ppf(0.3)) - 0.3) < 1e-12
    True
    """

    __slots__ = ("_core",)
    _core: Any

    def __init__(self, core: _core.Law) -> None:
        if not isinstance(core, _core.Law):
            raise TypeError("laws are made by functions such as freespectra.semicircle, or by models")
        object.__setattr__(self, "_core", core)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("laws are not changed")

    # Functions of x

    def pdf(self, x: ArrayLike) -> Any:
        """Density of the continuous part, infinite at a hard edge.

        Parameters
        ----------
        x : array_like
            Points, of any shape.

        Returns
        -------
        float or ndarray
            Of the shape of `x`; a float for a float.

        Examples
        --------
        >>> import freespectra as fs
        >>> round(fs.semicircle(1.0).pdf(0.0), 12)
        0.318309886184
        """
        return self._core.pdf(x)

    def cdf(self, x: ArrayLike) -> Any:
        """Mass of ``(-inf, x]``, atoms included. Shapes as for `pdf`."""
        return self._core.cdf(x)

    def sf(self, x: ArrayLike) -> Any:
        """Mass of ``(x, inf)``. Shapes as for `pdf`."""
        return 1.0 - self._core.cdf(x)

    def ppf(self, q: ArrayLike) -> Any:
        """Smallest point with ``cdf(x) >= q``. Shapes as for `pdf`.

        Raises
        ------
        ArgumentError
            Unless all of `q` is in [0, 1].
        """
        return self._core.ppf(q)

    def isf(self, q: ArrayLike) -> Any:
        """``ppf(1 - q)``."""
        return self._core.ppf(1.0 - np.asarray(q) if np.ndim(q) else 1.0 - float(q))  # type: ignore[arg-type]

    def logpdf(self, x: ArrayLike) -> Any:
        """Logarithm of `pdf`, minus infinity where that is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self._core.pdf(x))

    def rvs(self, size: int | tuple[int, ...] | None = None, random_state: Any = None) -> Any:
        """Independent random numbers with this law, by inversion.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; one number without it.
        random_state : None, int, numpy.random.Generator or RandomState
            Where the seed comes from. The numbers of one seed are the same everywhere.

        Examples
        --------
        >>> import freespectra as fs
        >>> fs.semicircle(1.0).rvs((2, 3), random_state=1).shape
        (2, 3)
        """
        shape = () if size is None else (size,) if isinstance(size, (int, np.integer)) else tuple(size)
        if any(n < 0 for n in shape):
            raise ValueError(f"size: got {size}, expected numbers that are not negative")
        values = self._core.sample(int(np.prod(shape, dtype=np.int64)), _seed(random_state))
        return float(values[0]) if size is None else values.reshape(shape)

    def cauchy_transform(self, z: ArrayLike) -> Any:
        """``int mu(dx) / (z - x)``, of the shape of `z`; on the support its limit from above."""
        return self._core.cauchy_transform(z)

    # Numbers

    def support(self) -> tuple[float, float]:
        """Lowest and highest point, atoms included."""
        return self._core.support()

    @property
    def intervals(self) -> np.ndarray:
        """Intervals of the continuous part, (k, 2), increasing."""
        return self._core.intervals

    @property
    def atoms(self) -> np.ndarray:
        """Locations and masses of the atoms, (k, 2)."""
        return self._core.atoms

    def moment(self, order: int) -> float:
        """``int x^order mu(dx)``."""
        return self._core.moment(order)

    def mean(self) -> float:
        """Mean."""
        return self._core.mean()

    def var(self) -> float:
        """Variance."""
        return self._core.var()

    def std(self) -> float:
        """Standard deviation."""
        return self._core.std()

    def median(self) -> float:
        """Median, ``ppf(0.5)``."""
        return self._core.median()

    def interval(self, confidence: float) -> tuple[float, float]:
        """The central interval that holds this mass."""
        return self._core.interval(confidence)

    def entropy(self) -> float:
        """Differential entropy ``-int rho log rho``; minus infinity if there are atoms."""
        return self._core.entropy()

    def stats(self, moments: str = "mv") -> Any:
        """Mean, variance, skewness and excess kurtosis, as asked for by letters of "mvsk".

        >>> import freespectra as fs
        >>> m, v, s, k = fs.semicircle(2.0).stats("mvsk")
        >>> round(v, 12), round(k, 12)
        (2.0, -1.0)
        """
        known = {"m": self.mean, "v": self.var, "s": self._core.skewness, "k": self._core.kurtosis}
        if not moments or any(letter not in known for letter in moments):
            raise ValueError(f"moments: got {moments!r}, expected letters of 'mvsk'")
        values = tuple(known[letter]() for letter in moments)
        return values if len(values) > 1 else values[0]

    def expect(self, func: Callable[[float], float] | None = None) -> float:
        """``int f dmu``, for `func` smooth on each interval; the mean without it."""
        return self.mean() if func is None else self._core.expect(func)

    def free_cumulants(self, count: int) -> np.ndarray:
        """The free cumulants ``k_1, ..., k_count``."""
        return self._core.free_cumulants(count)

    @property
    def certificate(self) -> dict[str, Any]:
        """How well the law has passed its own check, and what it has cost."""
        return self._core.certificate

    # Against samples, and pictures

    def compare(self, samples: ArrayLike) -> Result:
        """Distances between this law and eigenvalues from elsewhere.

        Parameters
        ----------
        samples : array_like
            Eigenvalues, in any order and shape.

        Returns
        -------
        Result
            `kolmogorov_smirnov`, `wasserstein`, `moments`, `smallest` and `largest` (with their edges), `atoms` (location,
            mass, share of the samples), `edges` and `density` of a histogram of what is not at atoms.
        """
        return Result("Comparison", self._core.compare(samples))

    def mesh(self, points: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Points and densities ready to be drawn: crowded where the density changes, with NaN between intervals.

        >>> import freespectra as fs
        >>> x, y = fs.semicircle(1.0).mesh(100)
        >>> bool(abs(np.trapezoid(y, x) - 1) < 1e-3)
        True
        """
        pieces = self._core.mesh(points)
        if not pieces:
            return np.empty(0), np.empty(0)
        x = np.concatenate([part for piece in pieces for part in (piece, [np.nan])][:-1])
        y = np.asarray(self._core.pdf(x))
        y[np.isnan(x)] = np.nan
        return x, y

    def plot(self, ax: Any = None, hist: ArrayLike | None = None, points: int = 600, **options: Any) -> Any:
        """Draws the density, with atoms as arrows, and a histogram of samples behind it.

        Parameters
        ----------
        ax : matplotlib axes, optional
        hist : array_like, optional
            Samples.
        points : int
            Points of the curve.
        **options
            Passed on to ``ax.plot``.
        """
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        # What is drawn already is to stay in sight.
        height = ax.get_ylim()[1] if ax.has_data() else 0.0
        if hist is not None:
            found = self.compare(hist)
            height = max(height, 1.06 * float(np.max(found.density)))
            ax.stairs(found.density, found.edges, fill=True, color="0.85", label=f"{found.count} samples")
        x, y = self.mesh(points)
        finite = y[np.isfinite(y)]
        y = np.where(np.isposinf(y), np.nan, y)
        options.setdefault("label", "density")
        (line,) = ax.plot(x, y, **options)
        top = float(np.quantile(finite, 0.98)) if len(finite) else 1.0
        for index, (location, mass) in enumerate(self.atoms):
            ax.annotate(
                "", xy=(location, 1.05 * top), xytext=(location, 0.0), arrowprops={"arrowstyle": "->", "color": line.get_color()}
            )
            ax.annotate(f"{mass:.3g}", xy=(location, 1.05 * top), ha="center", va="bottom", fontsize="small")
        if len(finite):
            height = max(height, 1.06 * min(float(np.max(finite)), 4 * top))
        ax.set_ylim(0, max(height, 1.15 * top if len(self.atoms) else 0.0))
        ax.set_xlabel("eigenvalue")
        ax.set_ylabel("density")
        return ax

    def _repr_html_(self) -> str:
        from ._svg import picture

        return picture(self)

    def as_scipy(self) -> Any:
        """A `scipy.stats.rv_continuous` with this law; for laws without atoms.

        Raises
        ------
        ArgumentError
            If there are atoms, which `rv_continuous` does not know.
        """
        from scipy import stats

        if len(self.atoms):
            raise _core.ArgumentError("law: got atoms, expected a law with a density only")
        law = self

        class OfLaw(stats.rv_continuous):
            def _pdf(self, x):
                return law._core.pdf(x)

            def _cdf(self, x):
                return law._core.cdf(x)

            def _ppf(self, q):
                return law._core.ppf(q)

            def _stats(self):
                return law.stats("mvsk")

            def _munp(self, n):
                return law.moment(int(n))

            def _entropy(self):
                return law.entropy()

        low, high = self.support()
        return OfLaw(a=low, b=high, name="freespectra")()

    # Operations

    def affine(self, scale: float, shift: float) -> Law:
        """The law of ``scale x + shift``."""
        return Law(self._core.affine(scale, shift))

    def compress(self, trace: float) -> Law:
        """The law of a corner of this relative size, of a matrix in general position; `trace` in (0, 1]."""
        return Law(self._core.compress(trace))

    def power(self, t: float) -> Law:
        """The free convolution power, of which the R-transform is `t` times that of this law; ``t >= 1`` in general."""
        return Law(self._core.power(t))

    def _with(self, name: str, other: Any) -> Any:
        other = other._core if isinstance(other, Law) else other
        if isinstance(other, np.generic):
            other = other.item()
        made = getattr(self._core, name)(other)
        return made if made is NotImplemented else Law(made)

    def __add__(self, other: Law | float) -> Law:
        """The law of the sum of free variables; of a number, a shift."""
        return self._with("__add__", other)

    __radd__ = __add__

    def __sub__(self, other: Law | float) -> Law:
        """The law of the difference of free variables; of a number, a shift."""
        return self._with("__sub__", other)

    def __rsub__(self, other: float) -> Law:
        return (-self) + other

    def __mul__(self, other: Law | float) -> Law:
        """The law of ``a^(1/2) b a^(1/2)`` of free variables, of which one is positive; of a number, a multiple."""
        return self._with("__mul__", other)

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Law:
        """The law divided by a number."""
        return self._with("__mul__", 1.0 / other)

    def __neg__(self) -> Law:
        return self.affine(-1.0, 0.0)

    def __eq__(self, other: object) -> bool:
        return self._core == other._core if isinstance(other, Law) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._core)

    def __repr__(self) -> str:
        return repr(self._core)

    def __copy__(self) -> Law:
        return self

    def __deepcopy__(self, memo: dict) -> Law:
        return self

    def __reduce__(self) -> tuple:
        return (Law, (self._core,))


def semicircle(variance: float = 1.0) -> Law:
    """The centred semicircle of a variance, on ``[-2 s, 2 s]`` with ``s^2 = variance``.

    >>> import freespectra as fs
    >>> fs.semicircle(4.0).support()
    (-4.0, 4.0)
    """
    return Law(_core.semicircle(variance))


def marchenko_pastur(ratio: float, scale: float = 1.0) -> Law:
    """Spectrum of ``X^T X / n`` with independent entries of variance `scale`, ``p / n = ratio`` (Marchenko and Pastur 1967)."""
    return Law(_core.marchenko_pastur(ratio, scale))


def free_poisson(rate: float, size: float = 1.0) -> Law:
    """The free Poisson law, all of whose free cumulants are ``rate size^k``."""
    return Law(_core.free_poisson(rate, size))


def sample_covariance(ratio: float, population: Atoms) -> Law:
    """Spectrum of a sample covariance, ``p / n = ratio``, of features with these population eigenvalues.

    Parameters
    ----------
    ratio : float
        Positive.
    population : mapping, pairs or locations
        Eigenvalues and masses.
    """
    return Law(_core.sample_covariance(ratio, pairs(population)))


def compound_free_poisson(ratio: float, jumps: Atoms) -> Law:
    """Spectrum of ``X^T D X / n``, ``p / n = ratio``, with these weights `D` on the rows."""
    return Law(_core.compound_free_poisson(ratio, pairs(jumps)))


def atoms(atoms: Atoms) -> Law:
    """Atoms with their masses, from a mapping, pairs, or locations of equal mass.

    >>> import freespectra as fs
    >>> fs.atoms({-1: 0.5, 1: 0.5}).var()
    1.0
    """
    return Law(_core._atoms(pairs(atoms)))


def eigenvalues(eigenvalues: ArrayLike) -> Law:
    """The law of a matrix with these eigenvalues."""
    return Law(_core.eigenvalues([float(x) for x in np.asarray(eigenvalues, dtype=float).ravel()]))


def bernoulli() -> Law:
    """The signs -1 and 1 with equal masses."""
    return Law(_core.bernoulli())


def projection(trace: float) -> Law:
    """A projection: mass `trace` at 1 and the rest at 0."""
    return Law(_core.projection(trace))


def uniform(low: float = 0.0, high: float = 1.0) -> Law:
    """The uniform law on an interval."""
    return Law(_core.uniform(low, high))


def arcsine(low: float = -1.0, high: float = 1.0) -> Law:
    """The arcsine law on an interval."""
    return Law(_core.arcsine(low, high))


def kesten_mckay(degree: float) -> Law:
    """Spectrum of the infinite regular tree of this degree (Kesten 1959, McKay 1981)."""
    return Law(_core.kesten_mckay(degree))
