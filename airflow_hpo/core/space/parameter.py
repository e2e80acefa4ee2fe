"""Parameters of a search space: their values, and the conditions under which they exist."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from airflow_hpo.core.declared import REQUIRED, brief_repr
from airflow_hpo.core.names import OTHERS, is_name, one_spelling
from airflow_hpo.core.remedy import closest, declared_parameter, is_number, named
from airflow_hpo.core.space.bounds import check_bounds, decimal
from airflow_hpo.core.space.categorical import Categorical
from airflow_hpo.core.space.condition import Between, Choice, Conditional, Params, same, same_params
from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.exceptions import DeclarationError

__all__ = [
    "MAX_INT",
    "PARAMETER_NAME",
    "AnyParameter",
    "Between",
    "Categorical",
    "Choice",
    "Float",
    "Int",
    "Parameter",
    "Params",
    "check_parameter_name",
    "nearest_value",
    "parameter",
    "same",
    "same_params",
    "value_within",
]

PARAMETER_NAME = re.compile(rf"^(?!__)[A-Za-z_{OTHERS}][A-Za-z0-9_.\-{OTHERS}]{{0,127}}$")

MAX_INT = 2**53
"""Values are stored as doubles, which lose integers beyond this."""


class Float(Conditional):
    """A real number between two bounds, both included.

    Example::

        Float(0.0001, 0.1, log=True)
        Float(0.0, 0.9, step=0.1, when={"optimizer": "sgd"})

    :param low: smallest value, finite.
    :param high: largest value, finite and not below ``low``.
    :param log: sample on a logarithmic scale; needs ``low > 0``. With a ``step`` what is drawn on the scale is rounded to the nearest value.
    :param step: distance between allowed values, counted from ``low``; None for any value.
    :param when: condition, such as ``{"model": ["svm", "mlp"]}`` or ``{"layers": Between(2)}``; of a list of conditions one is enough; None for
        always.
    :raises DeclarationError: when the bounds contradict each other.
    """

    type: Literal["float"] = "float"
    low: StrictFloat
    high: StrictFloat
    log: StrictBool = False
    step: StrictFloat | None = None

    def __init__(self, low: float = REQUIRED, high: float = REQUIRED, *unnamed: Any, **options: Any) -> None:
        super().__init__(*unnamed, **{"low": low, "high": high, **options})

    @model_validator(mode="after")
    def _consistent(self) -> Float:
        check_bounds(self.low, self.high, self.log, self.step)
        return self

    @property
    def count(self) -> int | None:
        """How many values there are; None when they are not countable."""
        if self.low == self.high:
            return 1
        if self.step is None:
            return None
        low, high, step = (Fraction(str(number)) for number in (self.low, self.high, self.step))
        return (high - low) // step + 1

    def values(self) -> Iterator[float]:
        """Yield every value in order; only for a parameter with a known :attr:`count`."""
        return (self.at(index) for index in range(self.count or 0))

    def at(self, index: int) -> float:
        """Return one value of a parameter with steps, exactly on its step: 0.3 and not 0.1 + 0.2.

        :param index: how many steps above ``low``, from 0.
        """
        return float(decimal(self.low) + index * decimal(self.step or 0))

    def holds(self, value: Any) -> bool:
        """Say whether the value is one of this parameter's."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        # Far from zero a float lies beside its step by more than a small part of it.
        return abs(value - self.at(self.index(value))) <= max(1e-6 * self.step, 2 * math.ulp(value))

    def canonical(self, value: Any) -> Choice:
        """Return a value that this parameter holds the way it is declared: a float, exactly on its step."""
        return float(value) if self.step is None else self.at(self.index(value))

    def index(self, value: float) -> int:
        """Return how many steps above ``low`` a value of a parameter with steps lies, rounded: samplers compute floats."""
        return round((decimal(value) - decimal(self.low)) / decimal(self.step or 1))


class Int(Conditional):
    """A whole number between two bounds, both included.

    Example::

        Int(1, 8)
        Int(16, 1024, log=True)

    :param low: smallest value.
    :param high: largest value, not below ``low``.
    :param log: sample on a logarithmic scale; needs ``low >= 1``. With a ``step`` what is drawn on the scale is rounded to the nearest value.
    :param step: distance between allowed values, counted from ``low``; 1 or more.
    :param when: condition, such as ``{"model": "forest"}`` or ``{"layers": Between(2)}``; of a list of conditions one is enough; None for always.
    :raises DeclarationError: when the bounds contradict each other or exceed 2**53.
    """

    type: Literal["int"] = "int"
    low: StrictInt
    high: StrictInt
    log: StrictBool = False
    step: StrictInt = 1

    def __init__(self, low: int = REQUIRED, high: int = REQUIRED, *unnamed: Any, **options: Any) -> None:
        super().__init__(*unnamed, **{"low": low, "high": high, **options})

    @model_validator(mode="after")
    def _consistent(self) -> Int:
        check_bounds(self.low, self.high, self.log, self.step)
        if max(abs(self.low), abs(self.high), self.step) > MAX_INT:
            given = f"(low={self.low}, high={self.high}, step={self.step})"
            raise ValueError(f"Whole numbers are kept exactly up to 2**53, but got {given}. Rescale.")
        return self

    @property
    def count(self) -> int:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    def values(self) -> Iterator[int]:
        """Yield every value in order."""
        return iter(range(self.low, self.high + 1, self.step))

    def at(self, index: int) -> int:
        """Return one value.

        :param index: how many steps above ``low``, from 0.
        """
        return self.low + index * self.step

    def holds(self, value: Any) -> bool:
        """Say whether the value is one of this parameter's."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        # Differences of whole numbers: those of large floats are rounded.
        return value == int(value) and (int(value) - self.low) % self.step == 0

    def canonical(self, value: Any) -> Choice:
        """Return a value that this parameter holds the way it is declared: 7, not the 7.0 that equals it."""
        return self.at(self.index(value))

    def index(self, value: float) -> int:
        """Return how many steps above ``low`` a value lies, rounded: samplers compute floats, which lose large numbers."""
        return min((2 * (int(value) - self.low) + self.step) // (2 * self.step), self.count - 1)


AnyParameter = Float | Int | Categorical | Normal | LogNormal
Parameter = Annotated[AnyParameter, Discriminator("type"), Field(title="Parameter")]
_PARAMETER: TypeAdapter[AnyParameter] = TypeAdapter(Parameter)


def check_parameter_name(name: Any) -> str:
    """Return the name of a parameter, or say what is wrong with it."""
    if isinstance(name, str) and is_name(PARAMETER_NAME, one_spelling(name)):
        return one_spelling(name)
    raise ValueError(
        "A parameter's name starts with a letter or one underscore, then letters, digits and '_ . -', 128 at most, "
        f"but got {brief_repr(name)}. Write {named(name)!r}."
    )


def parameter(name: str, declared: Any) -> AnyParameter:
    """Return one parameter of a space, however it is written."""
    try:
        return _PARAMETER.validate_python(declared)
    except DeclarationError as err:
        raise DeclarationError(f"Parameter {name!r}: {err}") from None
    except ValidationError:
        if isinstance(declared, Mapping) and not {"min", "max", "values"} & declared.keys():
            raise DeclarationError(
                f"Parameter {name!r} has a `type`, which is 'float', 'int', 'categorical', 'normal' or 'lognormal', but got {brief_repr(declared)}. "
                f"Write {{'type': 'float', 'low': 0.0, 'high': 1.0}}, or Float(0.0, 1.0)."
            ) from None
        raise DeclarationError(
            f"Parameter {name!r} must be a Float, an Int, a Categorical, a Normal or a LogNormal, but got {brief_repr(declared)}. "
            f"Write {name!r}: {declared_parameter(declared)}."
        ) from None


def nearest_value(parameter: AnyParameter, value: Any) -> Choice:
    """Return the value of a parameter that is nearest to one that it does not hold; of choices the most similar one."""
    if isinstance(parameter, Categorical):
        texts = [str(choice) for choice in parameter.choices]
        return parameter.choices[texts.index(closest(value, texts))]
    # a whole number may be too large for a float
    if not is_number(value) or (isinstance(value, float) and not math.isfinite(value)):
        return parameter.low
    inside = min(max(value, parameter.low), parameter.high)
    if isinstance(parameter, Normal | LogNormal):
        return parameter.canonical(inside)
    return (
        inside if isinstance(parameter, Float) and parameter.step is None else parameter.at(_steps(parameter, inside))
    )


def value_within(parameter: Float | Int | Normal | LogNormal, wanted: Between) -> float | None:
    """Return the smallest value of a numeric parameter that lies in a range; None when none does."""
    start = max(parameter.low, parameter.low if wanted.low is None else wanted.low)
    if start > parameter.high:
        return None
    value = parameter.canonical(start)
    if not wanted.holds(value):
        value = parameter.at(parameter.index(start) + 1)
    return value if parameter.holds(value) and wanted.holds(value) else None  # type: ignore[return-value]


def _steps(parameter: Float | Int, value: float) -> int:
    return int((decimal(value) - decimal(parameter.low)) // decimal(parameter.step or 1))
