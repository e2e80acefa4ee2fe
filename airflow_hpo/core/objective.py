"""Objective of a study: the metric, its direction, and which of a trial's reported values counts."""

import re
import warnings
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StrictFloat, StrictInt, field_validator, model_validator

from airflow_hpo.core.declared import REQUIRED, Declared, brief_repr, nearest
from airflow_hpo.core.metric_names import suggests_maximum
from airflow_hpo.core.names import OTHERS, is_name, one_spelling, spelt_keys
from airflow_hpo.core.remedy import named
from airflow_hpo.exceptions import DeclarationError

METRIC_NAME = rf"^[A-Za-z_{OTHERS}](?:[A-Za-z0-9_.\-/@:' {OTHERS}]{{0,126}}[A-Za-z0-9_.\-/@{OTHERS}])?$"
_RULE = re.compile(METRIC_NAME)
METRIC_NAME_RULE = "A metric's name starts with a letter or underscore, then letters, digits, blanks and \"_ . - / @ : '\", 128 at most"


def _metric_name(name: str) -> str:
    name = one_spelling(name)
    if not is_name(_RULE, name):
        raise ValueError(f"{METRIC_NAME_RULE}, but got {brief_repr(name)}. Write {named(name)!r}.")
    return name


ExtraStrategy = Literal["last", "min", "max", "mean"]
MetricName = Annotated[str, AfterValidator(_metric_name), Field(json_schema_extra={"pattern": METRIC_NAME})]


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

    Example::

        Objective("accuracy", direction="maximize", goal=0.91, extra_metrics=["loss"])
        Objective("loss", strategy="mean", window=5)  # the mean of the last five values

    :param metric: name under which trials report it: a letter of any alphabet or underscore, then letters, digits, blanks and
        ``_ . - / @ : '``.
    :param direction: ``"minimize"`` or ``"maximize"``; None for ``"minimize"``, with a warning where the name suggests otherwise,
        as ``"accuracy"`` does.
    :param strategy: which reported value counts, in the order of the reports and whatever their steps: the ``"last"`` one, the
        ``"best"`` one, or the ``"mean"`` of the last ``window``.
    :param window: how many last values the mean takes; only with ``strategy="mean"``.
    :param goal: the study ends as soon as a trial reaches this value; None for no goal.
    :param extra_metrics: names of further metrics to keep; they are shown, exported and never optimised.
    :param strategies: which value of an extra metric is kept, by name: ``"last"`` (default), ``"min"``, ``"max"`` or
        ``"mean"`` of all; such as ``{"acc": "max"}``. None for the last of each.
    :raises DeclarationError: when a name or a combination is not allowed.
    """

    metric: MetricName
    direction: Direction = Direction.MINIMIZE
    strategy: Strategy = Strategy.LAST
    window: StrictInt | None = Field(default=None, ge=1)
    goal: StrictFloat | None = None
    extra_metrics: list[MetricName] = []
    strategies: dict[str, ExtraStrategy] | None = None

    def __init__(self, metric: str = REQUIRED, direction: str | None = None, *unnamed: Any, **options: Any) -> None:
        if metric in tuple(Direction):
            raise DeclarationError(
                f"An objective begins with the metric's name, but got {metric!r}. "
                f"Write Objective({direction or 'loss'!r}, direction={str(metric)!r})."
            )
        super().__init__(*unnamed, metric=metric, direction=REQUIRED if direction is None else direction, **options)
        if direction is None and suggests_maximum(self.metric):
            warnings.warn(
                f"{self.metric!r} is minimized because no direction was declared, but its name suggests that large values are "
                f"good. Write Objective({self.metric!r}, direction='maximize'), or direction='minimize' if that is meant.",
                stacklevel=2,
            )

    @field_validator("extra_metrics", mode="before")
    @classmethod
    def _any_sequence(cls, names: Any) -> Any:
        if isinstance(names, set):
            return sorted(names)
        if isinstance(names, Mapping):
            raise ValueError(
                f"`extra_metrics` is a list of names, but got {names!r}. "
                f"Write extra_metrics={list(names)!r}, strategies={dict(names)!r}."
            )
        return list(names) if isinstance(names, tuple) else names

    @field_validator("strategies", mode="before")
    @classmethod
    def _of_names(cls, strategies: Any) -> Any:
        return spelt_keys(strategies)

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
        for name in self.strategies or {}:
            if name not in self.extra_metrics:
                known = ", ".join(self.extra_metrics) or "none"
                raise ValueError(
                    f"`strategies` names extra metrics, but got {name!r} and the extra metrics are {known}."
                    f"{nearest(name, self.extra_metrics)} That of the objective is `strategy`."
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
