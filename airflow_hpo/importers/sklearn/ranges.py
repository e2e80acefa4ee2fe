"""Distributions of SciPy and dimensions of scikit-optimize as parameters."""

import math
from decimal import Decimal
from typing import Any

from airflow_hpo.core.space.parameter import AnyParameter, Float, Int
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.normals import normal_of
from airflow_hpo.importers.sklearn.run import Thing, Values, said

_SHAPES = {
    "uniform": ("loc", "scale"),
    "loguniform": ("a", "b", "loc", "scale"),
    "reciprocal": ("a", "b", "loc", "scale"),
    "randint": ("low", "high", "loc"),
    "norm": ("loc", "scale"),
    "lognorm": ("s", "loc", "scale"),
}
"""Distributions that can be had, and what their arguments are called."""
_PRIORS = ("uniform", "log-uniform")
_LISTS = ("list", "tuple", "range", "ndarray")


def values_of(values: Values, is_bayes: bool, path: str, findings: Findings) -> AnyParameter | list[Any] | None:
    """Return a range, or choices; None where neither can be had."""
    if values.kind == "distribution":
        return _distribution(values, path, findings)
    if values.kind in ("Real", "Integer"):
        return _dimension(values.kind, values.given, path, findings)
    if values.kind == "Categorical":
        return values.items
    if values.kind not in _LISTS:
        got = values.name or values.kind
        findings.refuse(path, f"It is a list of values, or a distribution of SciPy, but got {got}. Write [0.1, 1.0].")
        return None
    return _of_list(values, path, findings) if is_bayes else values.items


def _distribution(values: Values, path: str, findings: Findings) -> AnyParameter | None:
    names = _SHAPES.get(values.name)
    if names is None:
        why = f"A distribution {values.name} cannot be declared yet. Write scipy.stats.uniform, loguniform, randint or norm."
        findings.refuse(path, why)
        return None
    given = {"loc": 0, "scale": 1, **dict(zip(names, values.items)), **values.given}
    wrong = next((name for name in given if name not in names or not _is_number(given[name])), None)
    missing = next((name for name in names if name not in given), None)
    if missing or (wrong and wrong in names):
        name = missing or wrong
        findings.refuse(path, f"Its {name} is a number, but got {said(given.get(str(name)))}. Write {name}=1.")
        return None
    exact = {name: Decimal(repr(given[name])) for name in names}
    loc, scale = exact["loc"], exact.get("scale", Decimal(1))
    if values.name == "uniform":
        return Float(float(loc), float(loc + scale))
    if values.name == "randint":
        low, high = exact["low"] + loc, exact["high"] + loc
        return _whole(low, high - 1, path, findings)
    if values.name == "norm":
        return normal_of(float(loc), float(scale), of_logarithm=False)
    if loc:
        findings.refuse(path, f"A logarithmic range begins at its bound, but got loc={loc}. Leave loc out.")
        return None
    if values.name == "lognorm":
        return normal_of(math.log(scale), float(exact["s"]), of_logarithm=True)
    return Float(float(exact["a"] * scale), float(exact["b"] * scale), log=True)


def _whole(low: Decimal, high: Decimal, path: str, findings: Findings) -> Int | None:
    if low != low.to_integral_value() or high != high.to_integral_value():
        findings.refuse(path, f"Its bounds are whole numbers, but got {low} and {high}. Write whole ones.")
        return None
    return Int(int(low), int(high))


def _dimension(kind: str, given: dict[str, Any], path: str, findings: Findings) -> Float | Int | None:
    low, high, prior = given.get("low"), given.get("high"), given.get("prior", "uniform")
    if low is None or high is None or not (_is_number(low) and _is_number(high)):
        bounds = f"{said(low)} and {said(high)}"
        findings.refuse(path, f"Its bounds are numbers, but got {bounds}. Write {kind}(1, 10).")
        return None
    if prior not in _PRIORS:
        findings.refuse(
            path, f"Its prior is one of {', '.join(_PRIORS)}, but got {said(prior)}. Write prior='uniform'."
        )
        return None
    is_log = prior == "log-uniform"
    if kind == "Real":
        return Float(float(low), float(high), log=is_log)
    made = _whole(Decimal(repr(low)), Decimal(repr(high)), path, findings)
    return Int(made.low, made.high, log=True) if made and is_log else made


def _of_list(values: Values, path: str, findings: Findings) -> AnyParameter | list[Any] | None:
    """Return what scikit-optimize makes of a list or a tuple: two numbers are bounds."""
    items = values.items
    bounds, rest = items[:2], items[2:]
    has_bounds = len(bounds) == 2 and all(map(_is_number, bounds)) and len(items) <= 4
    if not has_bounds or (rest and rest[0] not in _PRIORS):
        return items
    kind = "Integer" if all(isinstance(each, int) for each in bounds) else "Real"
    if values.kind == "list" and not rest:
        low, high = bounds
        findings.differs(
            path,
            f"scikit-optimize takes two numbers for bounds, and so it is here: all from {low} to {high}.",
            "study.space",
        )
    return _dimension(kind, dict(zip(("low", "high", "prior"), items)), path, findings)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool | Thing)
