"""What a study optimises, and which of a trial's reported values counts."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from airflow_hpo.core.declared import Declared

METRIC_NAME = r"^[A-Za-z_][A-Za-z0-9_.\-/@]{0,127}$"


class Direction(StrEnum):
    """Whether small or large values are good."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"

    def better(self, a: float, b: float) -> bool:
        """Say whether ``a`` is strictly better than ``b``."""
        return a < b if self is Direction.MINIMIZE else a > b


class Strategy(StrEnum):
    """Which of the values that a trial reported for a metric is the trial's own."""

    LAST = "last"
    BEST = "best"
    MEAN = "mean"


class Objective(Declared):
    """The metric a study optimises.

    :param metric: name under which trials report it: a letter or underscore, then letters, digits and ``_ . - / @``.
    :param direction: ``"minimize"`` or ``"maximize"``.
    :param strategy: which reported value counts: ``"last"`` one, the ``"best"`` one, or the ``"mean"`` of the last ``window``.
    :param window: how many last values the mean takes; only with ``strategy="mean"``.
    :param goal: the study ends as soon as a trial reaches this value; None for no goal.
    :param extra_metrics: names of further metrics to keep; they are shown, exported and never optimised.
    :raises DeclarationError: when a name or a combination is not allowed.
    """

    metric: str = Field(pattern=METRIC_NAME)
    direction: Direction = Direction.MINIMIZE
    strategy: Strategy = Strategy.LAST
    window: int | None = Field(default=None, ge=1)
    goal: float | None = None
    extra_metrics: list[str] = []

    def __init__(self, metric: str, direction: str = "minimize", **options: Any) -> None:
        super().__init__(metric=metric, direction=direction, **options)

    @field_validator("extra_metrics", mode="before")
    @classmethod
    def _any_sequence(cls, names: Any) -> Any:
        return list(names) if isinstance(names, tuple | set) else names

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.strategy is Strategy.MEAN) != (self.window is not None):
            raise ValueError(
                f"`window` belongs to strategy='mean' and only there, "
                f"but got (strategy={self.strategy.value!r}, window={self.window}). Give both or neither."
            )
        if self.metric in self.extra_metrics or len(set(self.extra_metrics)) < len(self.extra_metrics):
            raise ValueError(
                f"Metrics must be named once, but got {[self.metric, *self.extra_metrics]}. Drop the repeated one."
            )
        return self

    @property
    def metrics(self) -> list[str]:
        """Every metric to collect, the objective first."""
        return [self.metric, *self.extra_metrics]

    def of(self, values: Sequence[float]) -> float:
        """Return the value that counts.

        :param values: what one trial reported, oldest first; at least one, all finite.
        """
        if self.strategy is Strategy.BEST:
            return min(values) if self.direction is Direction.MINIMIZE else max(values)
        if self.strategy is Strategy.MEAN and self.window:
            window = values[-self.window :]
            return sum(window) / len(window)
        return values[-1]

    def reached(self, value: float) -> bool:
        """Say whether a value is as good as the goal or better."""
        return self.goal is not None and not self.direction.better(self.goal, value)
