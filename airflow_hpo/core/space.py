"""Parameters and the search space they span."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from airflow_hpo.core.declared import Declared, nearest
from airflow_hpo.exceptions import DeclarationError

Choice = StrictBool | StrictInt | StrictFloat | StrictStr | None
Params = dict[str, Choice]
"""Parameter values by name; a parameter whose condition does not hold is absent."""

MAX_INT = 2**53
"""Values are stored as doubles, which lose integers beyond this."""


class _Parameter(Declared):
    when: dict[str, list[Choice]] | None = None
    """Condition: the parameter exists only while every named parameter has one of these values."""

    @field_validator("when", mode="before")
    @classmethod
    def _one_value_is_a_list(cls, when: Any) -> Any:
        if isinstance(when, Mapping):
            return {name: value if isinstance(value, list | tuple) else [value] for name, value in when.items()}
        return when

    def applies(self, params: Mapping[str, Choice]) -> bool:
        """Say whether the condition holds among the values chosen so far."""
        conditions = (self.when or {}).items()
        return all(name in params and any(_same(params[name], v) for v in values) for name, values in conditions)


class Float(_Parameter):
    """A real number between two bounds, both included.

    :param low: smallest value, finite.
    :param high: largest value, finite and not below ``low``.
    :param log: sample on a logarithmic scale; needs ``low > 0`` and no ``step``.
    :param step: distance between allowed values, counted from ``low``; None for any value.
    :param when: condition, such as ``{"model": ["svm", "mlp"]}``; None for always.
    :raises DeclarationError: when the bounds contradict each other.
    """

    type: Literal["float"] = "float"
    low: StrictFloat | StrictInt
    high: StrictFloat | StrictInt
    log: bool = False
    step: StrictFloat | StrictInt | None = None

    def __init__(self, low: float, high: float, **options: Any) -> None:
        super().__init__(**{"low": low, "high": high, **options})

    @model_validator(mode="after")
    def _consistent(self) -> Float:
        _check_bounds(self.low, self.high, self.log, self.step)
        if self.log and self.step is not None:
            raise ValueError(f"A log scale has no step, but got (log=True, step={self.step}). Drop one of them.")
        return self

    @property
    def count(self) -> int | None:
        """How many values there are; None when they are not countable."""
        if self.low == self.high:
            return 1
        if self.step is None:
            return None
        return int((_decimal(self.high) - _decimal(self.low)) // _decimal(self.step)) + 1

    def values(self) -> Iterator[float]:
        """Yield every value in order; only for a parameter whose :attr:`count` is known."""
        step = _decimal(self.step or 0)
        return (float(_decimal(self.low) + i * step) for i in range(self.count or 0))

    def holds(self, value: Any) -> bool:
        """Say whether the value is one of this parameter's."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        steps = (value - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-6)


class Int(_Parameter):
    """A whole number between two bounds, both included.

    :param low: smallest value.
    :param high: largest value, not below ``low``.
    :param log: sample on a logarithmic scale; needs ``low >= 1`` and no ``step`` other than 1.
    :param step: distance between allowed values, counted from ``low``; 1 or more.
    :param when: condition, such as ``{"model": "forest"}``; None for always.
    :raises DeclarationError: when the bounds contradict each other or exceed 2**53.
    """

    type: Literal["int"] = "int"
    low: StrictInt
    high: StrictInt
    log: bool = False
    step: StrictInt = 1

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(**{"low": low, "high": high, **options})

    @model_validator(mode="after")
    def _consistent(self) -> Int:
        _check_bounds(self.low, self.high, self.log, self.step)
        if self.log and self.step != 1:
            raise ValueError(f"A log scale has no step, but got (log=True, step={self.step}). Drop one of them.")
        if max(abs(self.low), abs(self.high)) > MAX_INT:
            raise ValueError(f"Whole numbers are kept exactly up to 2**53, but got [{self.low}, {self.high}]. Rescale.")
        return self

    @property
    def count(self) -> int:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    def values(self) -> Iterator[int]:
        """Yield every value in order."""
        return iter(range(self.low, self.high + 1, self.step))

    def holds(self, value: Any) -> bool:
        """Say whether the value is one of this parameter's."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and self.low <= value <= self.high and (value - self.low) % self.step == 0


class Categorical(_Parameter):
    """One of several values without an order.

    :param choices: the values: text, numbers, booleans or None, each once (``1``, ``1.0`` and ``True`` are the same).
    :param when: condition, such as ``{"model": "svm"}``; None for always.
    :raises DeclarationError: when there is no choice or one stands twice.
    """

    type: Literal["categorical"] = "categorical"
    choices: list[Choice]

    def __init__(self, choices: Sequence[Choice], **options: Any) -> None:
        super().__init__(**{"choices": list(choices) if isinstance(choices, tuple) else choices, **options})

    @field_validator("choices")
    @classmethod
    def _distinct(cls, choices: list[Choice]) -> list[Choice]:
        if not choices:
            raise ValueError("A categorical parameter needs at least one choice, but got none. List its values.")
        for i, choice in enumerate(choices):
            if choice in choices[:i]:
                raise ValueError(
                    f"Choices must differ (1, 1.0 and True are the same), but got {choices!r}. Drop {choice!r}."
                )
        return choices

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.choices)

    def values(self) -> Iterator[Choice]:
        """Yield every value in the order declared."""
        return iter(self.choices)

    def holds(self, value: Any) -> bool:
        """Say whether the value is one of this parameter's."""
        return any(_same(value, choice) for choice in self.choices)


Parameter = Annotated[Float | Int | Categorical, Discriminator("type"), Field(title="Parameter")]
Space = dict[str, Parameter]
"""Parameters by name, in an order in which conditions come before what depends on them."""


def ordered(space: Space) -> Space:
    """Return the space with every parameter after those its condition names.

    :param space: parameters by name, in any order.
    :raises DeclarationError: when a condition names an unknown parameter, a value it never has, or a circle.
    """
    result: Space = {}
    waiting = dict(space)
    for name, parameter in space.items():
        _check_condition(name, parameter, space)
    while waiting:
        ready = [name for name, p in waiting.items() if all(parent in result for parent in p.when or {})]
        if not ready:
            raise DeclarationError(f"Conditions must not form a circle, but got one among {sorted(waiting)}. Break it.")
        result.update({name: waiting.pop(name) for name in ready})
    return result


def active(space: Space, params: Mapping[str, Choice]) -> list[str]:
    """Return the names whose conditions hold for these values, in the order of the space."""
    chosen: Params = {}
    for name, parameter in space.items():
        if parameter.applies(chosen):
            chosen[name] = params.get(name)
    return list(chosen)


def check_point(space: Space, params: Mapping[str, Any]) -> Params:
    """Return a (possibly partial) point of the space, or say what is wrong with it.

    :param space: the ordered search space.
    :param params: values by name; missing ones are left to the sampler.
    :raises DeclarationError: when a name is unknown or a value is outside its parameter.
    """
    for name, value in params.items():
        if name not in space:
            raise DeclarationError(
                f"A point may only name parameters of the space, but got {name!r}.{nearest(name, list(space))}"
            )
        if not space[name].holds(value):
            raise DeclarationError(
                f"A point must lie in the space, but {name!r} got {value!r}, outside {space[name]!r}. Change it."
            )
    return dict(params)


def fits(space: Space, params: Mapping[str, Any]) -> bool:
    """Say whether the values are a complete point of the space: every active parameter, no other, all in range."""
    names = active(space, params)
    return set(names) == set(params) and all(space[name].holds(params[name]) for name in names)


def _check_condition(name: str, parameter: Float | Int | Categorical, space: Space) -> None:
    for parent, values in (parameter.when or {}).items():
        if parent not in space or parent == name:
            hint = nearest(parent, [n for n in space if n != name])
            raise DeclarationError(
                f"A condition names another parameter of the space, but {name!r} got {parent!r}.{hint}"
            )
        wrong = [value for value in values if not space[parent].holds(value)]
        if wrong or not values:
            raise DeclarationError(
                f"A condition names values that {parent!r} can have, but {name!r} waits for {wrong or values!r}. Correct it."
            )


def _check_bounds(low: float, high: float, log: bool, step: float | None) -> None:
    if not low <= high:
        raise ValueError(f"`low <= high` must hold, but got (low={low}, high={high}). Swap the bounds.")
    if log and low <= 0:
        raise ValueError(f"A log scale needs `low > 0`, but got (low={low}). Raise the bound or drop log=True.")
    if step is not None and step <= 0:
        raise ValueError(f"`step > 0` must hold, but got (step={step}). Give a positive step.")
    if step is not None and low < high and step > high - low:
        raise ValueError(
            f"A step must fit between the bounds, but got (low={low}, high={high}, step={step}). Make it smaller."
        )


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) and isinstance(a, str) == isinstance(b, str)
