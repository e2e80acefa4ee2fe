"""Parameter that is one of several values without an order."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

from pydantic import Field, StrictFloat, field_validator, model_validator

from airflow_hpo.core.declared import REQUIRED, brief_repr, refuse_set
from airflow_hpo.core.space.condition import Choice, Conditional
from airflow_hpo.exceptions import DeclarationError

LARGEST_WEIGHT = 1e9


class Categorical(Conditional):
    """One of several values without an order.

    Example::

        Categorical(["sgd", "adam"])
        Categorical(["sgd", "adam", "lion"], weights=[1, 3, 1])

    :param choices: the values: text, numbers, booleans or None, each once (``1``, ``1.0`` and ``True`` are the same).
    :param weights: how likely each choice is when nothing is known yet, as shares of their sum, above 0; None for all alike. Samplers that
        model trials see weighted choices next to each other, in their order.
    :param when: condition, such as ``{"model": "svm"}`` or ``{"layers": Between(2)}``; of a list of conditions one is enough; None for always.
    :raises DeclarationError: when there is no choice, one stands twice, or they are a set, which has no order.
    """

    type: Literal["categorical"] = "categorical"
    choices: list[Choice] = Field(json_schema_extra={"minItems": 1, "uniqueItems": True})
    weights: list[StrictFloat] | None = None

    def __init__(self, choices: Sequence[Choice] = REQUIRED, *unnamed: Any, **options: Any) -> None:
        if unnamed:
            given = [choices, *unnamed]
            raise DeclarationError(
                f"Categorical takes its choices as one list, but got {brief_repr(given)[1:-1]}. "
                f"Write Categorical({brief_repr(given)})."
            )
        super().__init__(**{"choices": choices, **options})

    @field_validator("choices", mode="before", json_schema_input_type=list[Choice])
    @classmethod
    def _in_an_order(cls, choices: Any) -> Any:
        refuse_set("Choices", choices)
        if isinstance(choices, Mapping):
            raise ValueError(
                f"Choices are a list, but got {brief_repr(choices)}. Write Categorical({list(choices)!r})."
            )
        return list(choices) if isinstance(choices, tuple) else choices

    @field_validator("choices")
    @classmethod
    def _distinct(cls, choices: list[Choice]) -> list[Choice]:
        if not choices:
            raise ValueError(
                "A categorical parameter needs at least one choice, but got none. Write Categorical(['a', 'b'])."
            )
        for i, choice in enumerate(choices):
            if choice in choices[:i]:
                once = [each for n, each in enumerate(choices) if each not in choices[:n]]
                raise ValueError(
                    f"Choices must differ (1, 1.0 and True are the same), but got {choices!r}. Write Categorical({once!r})."
                )
        return choices

    @model_validator(mode="after")
    def _weighted(self) -> Categorical:
        if self.weights is None:
            return self
        if len(self.weights) != len(self.choices):
            raise ValueError(
                f"Each choice has a weight, but got {len(self.choices)} choices and weights={brief_repr(self.weights)}. "
                f"Write weights={[1] * len(self.choices)}, or leave it out."
            )
        if not all(0 < weight <= LARGEST_WEIGHT for weight in self.weights):
            raise ValueError(
                f"Weights are above 0, and at most {LARGEST_WEIGHT:g}, but got weights={brief_repr(self.weights)}. Leave out the choice that "
                "is never wanted."
            )
        return self

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.choices)

    def values(self) -> Iterator[Choice]:
        """Yield every value in the order declared."""
        return iter(self.choices)

    def at(self, index: int) -> Choice:
        """Return one value.

        :param index: its place among the choices, from 0.
        """
        return self.choices[index]

    def holds(self, value: Any) -> bool:
        """Say whether the value is one of this parameter's."""
        return any(value == choice for choice in self.choices)

    def canonical(self, value: Any) -> Choice:
        """Return a value that this parameter holds the way it is declared: True, not the 1 that equals it."""
        return self.at(self.index(value))

    def index(self, value: Any) -> int:
        """Return the place of a value among the choices, from 0."""
        return self.choices.index(value)

    def quantile(self, value: Any) -> float:
        """Return the middle of a choice's part of the line from 0 to 1, which is as long as its weight says."""
        ends = self._ends
        place = self.index(value)
        return (ends[place] + (ends[place - 1] if place else 0.0)) / 2

    def at_quantile(self, share: float) -> Choice:
        """Return the choice with the part in which a share lies."""
        return self.at(min(bisect_right(self._ends, share), len(self.choices) - 1))

    @property
    def _ends(self) -> list[float]:
        """Where each choice's part of the line from 0 to 1 ends."""
        weights = self.weights or [1.0] * len(self.choices)
        whole = math.fsum(weights)
        return [end / whole for end in accumulate(weights)]
