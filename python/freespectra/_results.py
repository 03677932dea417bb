"""What computations hand out: numbers under names."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np


class Result:
    """Numbers under names, as attributes and as items.

    Arrays of one length are the columns of `to_frame`.

    >>> result = Result("Curve", {"epochs": np.arange(3.0), "risk": np.ones(3), "schedules": 1})
    >>> result.risk.sum() == result["risk"].sum()
    np.True_
    >>> result
    <Curve: epochs, risk (3 values each), schedules=1>
    """

    def __init__(self, name: str, values: dict[str, Any]) -> None:
        self.__dict__["_name"] = name
        self.__dict__["_values"] = dict(values)

    def __getattr__(self, key: str) -> Any:
        try:
            return self.__dict__["_values"][key]
        except KeyError:
            raise AttributeError(key) from None

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"{key}: results are not changed")

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def keys(self):
        """Names of the numbers."""
        return self._values.keys()

    def __dir__(self) -> list[str]:
        return sorted(set(super().__dir__()) | set(self._values))

    def __reduce__(self):
        return (Result, (self._name, self._values))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Result) or self.keys() != other.keys():
            return NotImplemented if not isinstance(other, Result) else False
        return all(np.array_equal(self[key], other[key], equal_nan=_is_float(self[key])) for key in self)

    __hash__ = None  # type: ignore[assignment]

    def _columns(self) -> dict[str, np.ndarray]:
        arrays = {k: v for k, v in self._values.items() if isinstance(v, np.ndarray) and v.ndim == 1}
        length = max((len(v) for v in arrays.values()), default=0)
        return {k: v for k, v in arrays.items() if len(v) == length}

    def to_frame(self):
        """The arrays as columns of a pandas DataFrame.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas

        return pandas.DataFrame(self._columns())

    def __repr__(self) -> str:
        columns = self._columns()
        parts = []
        if columns:
            parts.append(", ".join(columns) + f" ({len(next(iter(columns.values())))} values each)")
        parts += [f"{k}={v!r}" for k, v in self._values.items() if k not in columns and not isinstance(v, np.ndarray)]
        return f"<{self._name}: {', '.join(parts)}>"


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
