"""Computes the tables of :mod:`benchmarks.problems` by training every model at every point (a few minutes).

python -m benchmarks.make_tables
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier

from benchmarks.problems import SPACES, TABLES, Axis

Score = Callable[[Mapping[str, Any]], float]


def _split(loader: Callable[..., Any], train: int) -> tuple[Any, Any, Any, Any]:
    x, y = loader(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, train_size=train, random_state=0)
    return x_train, y_train, x_test, y_test


def svm(params: Mapping[str, Any]) -> float:
    """Mean squared error of a support vector machine."""
    x, y, x_test, y_test = _split(load_diabetes, 280)
    model = make_pipeline(StandardScaler(), SVR(max_iter=20_000, **params)).fit(x, y)
    return float(min(mean_squared_error(y_test, model.predict(x_test)), 1e4))


def boosting(params: Mapping[str, Any]) -> float:
    """Mean squared error of boosted trees."""
    x, y, x_test, y_test = _split(load_diabetes, 280)
    model = HistGradientBoostingRegressor(max_iter=60, random_state=0, **params).fit(x, y)
    return float(mean_squared_error(y_test, model.predict(x_test)))


def forest(params: Mapping[str, Any]) -> float:
    """Log loss of a random forest."""
    x, y, x_test, y_test = _split(load_breast_cancer, 280)
    model = RandomForestClassifier(n_estimators=40, random_state=0, **params).fit(x, y)
    return _bounded_loss(model, x_test, y_test)


def perceptron(params: Mapping[str, Any]) -> float:
    """Share of digits that a small network gets wrong."""
    x, y, x_test, y_test = _split(load_digits, 600)
    hidden = {"hidden_layer_sizes": (params["hidden"],)}
    options = {name: value for name, value in params.items() if name != "hidden"}
    model = MLPClassifier(max_iter=12, batch_size=32, random_state=0, **hidden, **options).fit(x / 16, y)
    return 1.0 - float(model.score(x_test / 16, y_test))


def neighbours(params: Mapping[str, Any]) -> float:
    """Log loss of nearest neighbours."""
    return _classified(KNeighborsClassifier(**params))


def logistic(params: Mapping[str, Any]) -> float:
    """Log loss of a logistic regression."""
    return _classified(LogisticRegression(C=params["logistic_C"], max_iter=2000))


def tree(params: Mapping[str, Any]) -> float:
    """Log loss of a decision tree."""
    return _classified(
        DecisionTreeClassifier(max_depth=params["depth"], min_samples_leaf=params["leaf"], random_state=0)
    )


def _classified(model: Any) -> float:
    x, y, x_test, y_test = _split(load_breast_cancer, 280)
    return _bounded_loss(make_pipeline(StandardScaler(), model).fit(x, y), x_test, y_test)


def _bounded_loss(model: Any, x: Any, y: Any) -> float:
    return float(log_loss(y, np.clip(model.predict_proba(x), 0.01, 0.99)))


SCORES: dict[str, dict[str, Score]] = {
    "svm on diabetes": {"": svm},
    "boosting on diabetes": {"": boosting},
    "forest on cancer": {"": forest},
    "perceptron on digits": {"": perceptron},
    "model choice on cancer": {"neighbours": neighbours, "logistic": logistic, "tree": tree},
}


def _quietly(score: Score, params: Mapping[str, Any]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return score(params)


def table(axes: Mapping[str, Axis], score: Score) -> np.ndarray:
    """Return the score of every combination of values."""
    points = [dict(zip(axes, values)) for values in itertools.product(*(axis.values for axis in axes.values()))]
    scores = Parallel(n_jobs=2, batch_size=8)(delayed(_quietly)(score, point) for point in points)
    return np.asarray(scores, dtype=np.float32).reshape([len(axis.values) for axis in axes.values()])


def main() -> None:
    """Write the tables."""
    tables = {}
    for name, branches in SPACES.items():
        for branch, axes in branches.items():
            tables[f"{name}/{branch}"] = found = table(axes, SCORES[name][branch])
            best, middle, worst = np.quantile(found, [0, 0.5, 1])
            print(f"{name} {branch}: {found.size} points, best {best:.4g}, median {middle:.4g}, worst {worst:.4g}")
    np.savez_compressed(TABLES, **tables)


if __name__ == "__main__":
    main()
