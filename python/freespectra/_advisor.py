"""Batch size and step size as a scikit-learn estimator."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ._data import Dataset


def _checked(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Arrays, checked as scikit-learn does where it is installed."""
    try:
        from sklearn.utils.validation import check_X_y
    except ImportError:
        return np.asarray(X, dtype=float), np.asarray(y, dtype=float).ravel()
    return check_X_y(X, y, y_numeric=True, dtype=float, ensure_min_samples=2, estimator="MiniBatchAdvisor")


class MiniBatchAdvisor:
    """Chooses the number of batches, the step size and the number of epochs for least squares on given data.

    Parameters
    ----------
    batches : tuple of int
        Numbers of batches to choose from; those above the number of rows are left out.
    epochs : int
        Most epochs.
    standardize : bool
        Centre and scale the features first.

    Attributes
    ----------
    best_params_ : dict
        `batches`, `batch_size`, `step_size`, `epochs`.
    recommendation_ : Result
        All that `Dataset.recommend` says.
    n_features_in_ : int

    Examples
    --------
    >>> import freespectra as fs
    >>> rng = np.random.default_rng(1)
    >>> X = rng.standard_normal((60, 20)); y = X @ rng.standard_normal(20) + rng.standard_normal(60)
    >>> sorted(fs.MiniBatchAdvisor(batches=(1, 4)).fit(X, y).best_params_)
    ['batch_size', 'batches', 'epochs', 'step_size']
    """

    def __init__(self, batches: tuple[int, ...] = (1, 2, 4, 8, 16), epochs: int = 20, standardize: bool = False) -> None:
        self.batches = batches
        self.epochs = epochs
        self.standardize = standardize

    def fit(self, X: Any, y: Any) -> MiniBatchAdvisor:
        """Finds the best choice for these rows.

        Parameters
        ----------
        X : array_like, (n, p)
        y : array_like, (n,)
        """
        X, y = _checked(X, y)
        data = Dataset(X, y, standardize=self.standardize)
        batches = [b for b in self.batches if b <= data.rows]
        self.recommendation_ = data.recommend(batches, budget=self.epochs)
        best = self.recommendation_
        self.best_params_ = {
            "batches": best.batches,
            "batch_size": -(-data.rows // best.batches),
            "step_size": best.step_size,
            "epochs": best.epochs,
        }
        self.n_features_in_ = data.features
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self).__init__).parameters if name != "self"}

    def set_params(self, **params: Any) -> MiniBatchAdvisor:
        """Sets parameters by name."""
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"{name}: expected one of {sorted(self.get_params())}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        inner = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items())
        return f"MiniBatchAdvisor({inner})"

    def __sklearn_tags__(self):
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=True))
