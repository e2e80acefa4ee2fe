"""Distributions of Optuna as parameters, and the values that trials drew from them."""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Choice, Float, Int
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.optuna.database import BrokenDatabaseError

_FLOATS = {
    "FloatDistribution": {},
    "UniformDistribution": {},
    "LogUniformDistribution": {"log": True},
    "DiscreteUniformDistribution": {},
}
_INTS = {"IntDistribution": {}, "IntUniformDistribution": {}, "IntLogUniformDistribution": {"log": True}}
"""Kinds of parameters, also those that Optuna wrote before its third version."""


@lru_cache(maxsize=1000)
def parameter_of(text: str) -> AnyParameter:
    """Return the parameter of a distribution as the database has it."""
    try:
        given = json.loads(text)
        kind, facts = given["name"], dict(given["attributes"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BrokenDatabaseError(f"no distribution, but {text[:40]!r}") from None
    if kind == "CategoricalDistribution":
        choices: Any = facts.get("choices")
        return Categorical(choices)
    if kind not in (*_FLOATS, *_INTS):
        raise BrokenDatabaseError(f"no distribution, but {str(kind)[:40]!r}")
    is_log = bool(facts.get("log", kind.endswith("LogUniformDistribution") or kind == "LogUniformDistribution"))
    low, high, step = (
        _number(each, text) for each in (facts.get("low"), facts.get("high"), facts.get("step", facts.get("q")) or 0)
    )
    if kind in _FLOATS:
        return Float(float(low), float(high), log=is_log, step=float(step) or None)
    return Int(int(low), int(high), log=is_log, step=1 if is_log else int(step) or 1)


def value_of(parameter: AnyParameter, number: float) -> Choice:
    """Return what a trial had, of the number that the database has: that of a choice is its position."""
    if isinstance(parameter, Categorical):
        if number not in range(len(parameter.choices)):
            raise BrokenDatabaseError(f"a choice {number} of {len(parameter.choices)}")
        return parameter.choices[int(number)]
    return int(number) if isinstance(parameter, Int) else float(number)


def together(name: str, all_of_them: Sequence[AnyParameter], findings: Findings) -> AnyParameter | None:
    """Return one parameter that holds the ranges that trials had; None where there is none."""
    first = all_of_them[0]
    others = [each for each in all_of_them if each != first]
    if not others:
        return first
    if isinstance(first, Categorical) or any(type(each) is not type(first) or each.log != first.log for each in others):
        why = "Trials had it with other choices, or on another scale. Give each a name of its own, and import the study again."
        findings.refuse(name, why)
        return None
    numeric = [each for each in all_of_them if isinstance(each, Float | Int)]
    low, high = min(each.low for each in numeric), max(each.high for each in numeric)
    has_one_step = all(each.step == first.step and _is_multiple(each.low - low, each.step) for each in numeric)
    findings.differs(
        name,
        f"Its range was not the same in all trials, as it depended on another value. Here it is the whole range, {low} to {high}"
        f"{'' if has_one_step else ', without steps'}.",
        f"study.space.{name}",
    )
    if isinstance(first, Int):
        return Int(int(low), int(high), log=first.log, step=first.step if has_one_step else 1)
    return Float(float(low), float(high), log=first.log, step=first.step if has_one_step else None)


def _is_multiple(distance: float, step: float | None) -> bool:
    return step is None or math.isclose(distance / step, round(distance / step), abs_tol=1e-6)


def _number(value: Any, text: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise BrokenDatabaseError(f"bounds that are no numbers in {text[:80]!r}")
