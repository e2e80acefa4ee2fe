"""Values of parameters, and the conditions under which a parameter has one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator
from pydantic_core import PydanticCustomError

from airflow_hpo.core.declared import Declared
from airflow_hpo.core.names import spelt_keys

_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")


def _scalar(value: Any) -> Any:
    finite = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, str) and _UNSPEAKABLE.search(value):
        raise PydanticCustomError(
            "unspeakable", "must be text without NUL and lone surrogates, which no program can take"
        )
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise PydanticCustomError("too_long", "must be a whole number of 64 bits, which Airflow hands on, or text")
    if value is None or (isinstance(value, bool | int | float | str) and finite):
        return value
    if isinstance(value, list | tuple | dict):
        raise PydanticCustomError(
            "nested", "must be one text or number, which the program takes apart itself, such as '[1, 2]'"
        )
    raise PydanticCustomError("scalar_type", "must be text, a finite number, a boolean or None")


Choice = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr | None, BeforeValidator(_scalar)]
Params = dict[Annotated[str, BeforeValidator(_scalar)], Choice]
"""Parameter values by name; a parameter is absent when its condition does not hold."""


def _values(given: Any) -> Any:
    """Return the values of a condition as a list; of a set in an order that is the same in every process."""
    if isinstance(given, set | frozenset):
        return sorted(given, key=lambda value: (type(value).__name__, str(value)))
    return given if isinstance(given, list | tuple) else [given]


class Conditional(Declared):
    """A parameter that exists only under its condition."""

    when: dict[str, list[Choice]] | None = None
    """Condition: the parameter exists only while every named parameter has one of these values."""

    @field_validator("when", mode="before", json_schema_input_type=dict[str, list[Choice] | Choice] | None)
    @classmethod
    def _one_value_is_a_list(cls, when: Any) -> Any:
        if isinstance(when, Mapping):
            lists = {name: _values(value) for name, value in spelt_keys(when).items()}
            return lists or None
        return when

    def applies(self, params: Mapping[str, Choice]) -> bool:
        """Say whether the condition holds among the values chosen so far."""
        conditions = (self.when or {}).items()
        return all(name in params and any(same(params[name], v) for v in values) for name, values in conditions)


def same(a: Choice, b: Choice) -> bool:
    """Say whether a value is the one that a condition waits for: samplers compute floats, so 0.1 + 0.2 is 0.3."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b)
    return bool(a == b)


def same_params(a: Mapping[str, Choice], b: Mapping[str, Choice]) -> bool:
    """Return whether two sets of parameters have the same names and values."""
    return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
