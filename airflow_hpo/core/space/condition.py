"""Values of parameters, and the conditions under which a parameter has one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from airflow_hpo.core.declared import KINDS_OF_CONDITIONS, Declared
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


class Between(Declared):
    """Range of a numeric parameter, in which another one exists.

    Example::

        Int(8, 128, when={"layers": Between(2)})
        Float(0.0, 0.9, when={"rate": Between(0.01, 0.1)})

    :param low: smallest value for which the condition holds; None for all down to ``high``.
    :param high: largest value for which it holds, not below ``low``; None for all from ``low`` on.
    :raises DeclarationError: when both are missing, or ``low`` is above ``high``.
    """

    low: StrictInt | StrictFloat | None = None
    high: StrictInt | StrictFloat | None = None

    def __init__(self, low: float | None = None, high: float | None = None, *unnamed: Any, **options: Any) -> None:
        super().__init__(*unnamed, **{"low": low, "high": high, **options})

    @model_validator(mode="after")
    def _consistent(self) -> Between:
        if self.low is None and self.high is None:
            raise ValueError("A range has a bound, but got none. Write Between(2), or Between(high=4).")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"`low <= high` must hold, but got (low={self.low}, high={self.high}). Swap them: Between({self.high}, {self.low})."
            )
        return self

    def holds(self, value: Choice) -> bool:
        """Say whether a value lies in the range; as one that samplers compute, it may be a float next to its bound."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        above = self.low is None or value >= self.low or math.isclose(value, self.low)
        return above and (self.high is None or value <= self.high or math.isclose(value, self.high))


def _of_which_kind(given: Any) -> str:
    return RANGE if isinstance(given, Between) else VALUES


ALL_OF, ANY_OF, VALUES, RANGE = KINDS_OF_CONDITIONS
Wanted = Annotated[Annotated[list[Choice], Tag(VALUES)] | Annotated[Between, Tag(RANGE)], Discriminator(_of_which_kind)]
"""What a condition waits for of one parameter."""
Condition = dict[str, Wanted]
"""What a condition waits for, by the names of other parameters: all of it must hold."""
When = Annotated[
    Annotated[Condition, Tag(ALL_OF)] | Annotated[list[Condition], Tag(ANY_OF)],
    Discriminator(lambda given: ANY_OF if _are_several(given) else ALL_OF),
]
_Written = dict[str, list[Choice] | Choice | Between]


def _are_several(given: Any) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(each, Mapping) for each in given)


def _when(conditions: list[Condition]) -> When:
    return conditions if len(conditions) > 1 else conditions[0]


class Conditional(Declared):
    """A parameter that exists only under its condition."""

    when: When | None = None
    """Condition: the parameter exists only while every named parameter has one of these values; of several conditions, one is enough."""

    @field_validator("when", mode="before", json_schema_input_type=_Written | list[_Written] | None)
    @classmethod
    def _one_value_is_a_list(cls, when: Any) -> Any:
        if isinstance(when, Mapping):
            return _condition(when) or None
        if _are_several(when):
            found = [_condition(each) for each in when]
            if not found or not all(found):
                raise ValueError(
                    f"Each of several conditions names a parameter, but got {when!r}. Leave `when` out for always."
                )
            return _when(found)
        return when

    @property
    def conditions(self) -> list[Condition]:
        """The conditions of which one is enough; none for a parameter that always exists."""
        if not self.when:
            return []
        return self.when if isinstance(self.when, list) else [self.when]

    def with_conditions(self, conditions: list[Condition]) -> Self:
        """Return the same parameter under other conditions, as they are declared: one alone is no list."""
        return self.model_copy(update={"when": _when(conditions)})

    @property
    def parents(self) -> set[str]:
        """The names of the parameters that the conditions wait for."""
        return {parent for condition in self.conditions for parent in condition}

    def applies(self, params: Mapping[str, Choice]) -> bool:
        """Say whether a condition holds among the values chosen so far."""
        found = self.conditions
        return not found or any(
            all(name in params and meets(params[name], wanted) for name, wanted in each.items()) for each in found
        )


def meets(value: Choice, wanted: Wanted) -> bool:
    """Say whether a value is one that a condition waits for."""
    return wanted.holds(value) if isinstance(wanted, Between) else any(same(value, each) for each in wanted)


def _condition(given: Mapping[Any, Any]) -> Condition:
    return {name: _wanted(value) for name, value in spelt_keys(given).items()}


def _wanted(given: Any) -> Any:
    """Return the values of a condition as a list; of a set in an order that is the same in every process."""
    if isinstance(given, Between):
        return given
    if isinstance(given, Mapping):
        return Between.from_dict(dict(given))
    if isinstance(given, set | frozenset):
        return sorted(given, key=lambda value: (type(value).__name__, str(value)))
    return given if isinstance(given, list | tuple) else [given]


def same(a: Choice, b: Choice) -> bool:
    """Say whether a value is the one that a condition waits for: samplers compute floats, so 0.1 + 0.2 is 0.3."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b)
    return bool(a == b)


def same_params(a: Mapping[str, Choice], b: Mapping[str, Choice]) -> bool:
    """Return whether two sets of parameters have the same names and values."""
    return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
