"""Tuning problems whose every answer is known: tables of real models' scores on scikit-learn's bundled data.

Continuous parameters are interpolated between the table's points. Needs NumPy and SciPy only, so that other tuners can
run it in an environment of their own. :mod:`benchmarks.make_tables` computes the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import interpn

TABLES = Path(__file__).with_name("tables.npz")


@dataclass(frozen=True)
class Axis:
    """One parameter: the values that the table has, and how they are searched."""

    values: tuple[Any, ...]
    scale: str = "choice"
    """``choice``, ``index`` (ordered, by position), ``linear`` or ``log`` (continuous between the values)."""

    @property
    def continuous(self) -> bool:
        """Whether values between the table's are searched."""
        return self.scale in ("linear", "log")

    @cached_property
    def grid(self) -> np.ndarray:
        """Positions of the table's values."""
        return np.log(self.values) if self.scale == "log" else np.asarray(self.values, dtype=float)


@dataclass(frozen=True)
class Branch:
    """A table over some parameters; a problem with one branch has no conditions."""

    axes: Mapping[str, Axis]
    table: np.ndarray = field(repr=False)

    def __call__(self, params: Mapping[str, Any]) -> float:
        """Return the score: exact at the table's points, linear between them."""
        at: list[Any] = []
        positions: list[float] = []
        for name, axis in self.axes.items():
            if axis.continuous:
                at.append(slice(None))
                positions.append(float(np.log(params[name]) if axis.scale == "log" else params[name]))
            else:
                at.append(axis.values.index(params[name]) if axis.scale == "choice" else int(params[name]))
        part = self.table[tuple(at)]
        if not positions:
            return float(part)
        grids = [axis.grid for axis in self.axes.values() if axis.continuous]
        clipped = [min(max(p, g[0]), g[-1]) for p, g in zip(positions, grids)]
        return float(interpn(grids, part, clipped)[0])


@dataclass(frozen=True)
class Problem:
    """Something to minimise, with its best value."""

    name: str
    branches: Mapping[str, Branch]
    """By the value of the parameter ``model``, or one under the empty name."""

    @property
    def conditional(self) -> bool:
        """Whether the parameters depend on the model."""
        return "" not in self.branches

    @cached_property
    def scores(self) -> np.ndarray:
        """Every score of the tables."""
        return np.concatenate([branch.table.ravel() for branch in self.branches.values()])

    def __call__(self, params: Mapping[str, Any]) -> float:
        """Return the score of a point."""
        return self.branches[params["model"] if self.conditional else ""](params)

    def regret(self, score: float) -> float:
        """Return how far a score is from the best, in units of the distance between the best and the median."""
        best, median = self.scores.min(), np.median(self.scores)
        return float((score - best) / (median - best))


def _logs(low: float, high: float, count: int) -> Axis:
    return Axis(tuple(np.geomspace(low, high, count)), "log")


SVM = {
    "kernel": Axis(("rbf", "poly", "sigmoid")),
    "C": _logs(1e-1, 1e4, 10),
    "gamma": _logs(1e-4, 10, 10),
    "epsilon": _logs(0.1, 100, 6),
}
BOOSTING = {
    "learning_rate": _logs(0.01, 0.5, 8),
    "max_leaf_nodes": Axis((3, 4, 6, 10, 16, 31), "index"),
    "min_samples_leaf": Axis((2, 5, 10, 20, 40), "index"),
    "l2_regularization": _logs(1e-3, 100, 6),
}
FOREST = {
    "max_depth": Axis(tuple(range(1, 11)), "index"),
    "min_samples_leaf": Axis((1, 2, 3, 5, 8, 13, 20, 30), "index"),
    "max_features": Axis((0.05, 0.1, 0.2, 0.4, 0.7, 1.0), "index"),
    "criterion": Axis(("gini", "entropy")),
}
PERCEPTRON = {
    "hidden": Axis((8, 16, 32, 64, 128), "index"),
    "alpha": _logs(1e-5, 10, 7),
    "learning_rate_init": _logs(1e-4, 0.3, 9),
    "activation": Axis(("relu", "tanh", "logistic")),
}
NEIGHBOURS = {
    "n_neighbors": Axis(tuple(range(1, 41)), "index"),
    "p": Axis((1, 2, 4), "index"),
    "weights": Axis(("uniform", "distance")),
}
LOGISTIC = {"logistic_C": _logs(1e-4, 1e4, 25)}
TREE = {"depth": Axis(tuple(range(1, 16)), "index"), "leaf": Axis((1, 2, 3, 5, 8, 13, 20, 30, 45), "index")}
SPACES = {
    "svm on diabetes": {"": SVM},
    "boosting on diabetes": {"": BOOSTING},
    "forest on cancer": {"": FOREST},
    "perceptron on digits": {"": PERCEPTRON},
    "model choice on cancer": {"neighbours": NEIGHBOURS, "logistic": LOGISTIC, "tree": TREE},
}


def problems() -> list[Problem]:
    """Return all problems with their tables."""
    with np.load(TABLES) as tables:
        return [
            Problem(name, {b: Branch(axes, tables[f"{name}/{b}"].astype(float)) for b, axes in branches.items()})
            for name, branches in SPACES.items()
        ]
