"""Constraints on extra metrics: what a trial must have measured for its result to count as the best."""

import re
from typing import Any, Self

from pydantic import StrictFloat, field_validator, model_validator

from airflow_hpo.core.declared import REQUIRED, Declared, brief_repr
from airflow_hpo.core.objective import MetricName

_RELATIVE = re.compile(r"\s*champion\s*(?:([+-])\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*(%?)\s*)?")


class MetricConstraint(Declared):
    """A limit that an extra metric keeps in every trial that may be the best.

    What a trial measures is known only when it has ended, so a trial may break it; such a trial is *infeasible*. It is never the best, a
    finalist or a challenger, it reaches no goal, and samplers ``tpe``, ``gp`` and ``nsga2`` learn to keep the limit.

    Example::

        study = Study(
            name="dispatch/tokyo",
            objective=Objective("cost", extra_metrics=["latency", "served"]),
            space={"discount": Float(0.8, 0.999)},
            constraints=[MetricConstraint("latency", at_most=100), MetricConstraint("served", at_least="champion - 1%")],
            max_trials=60,
        )

    :param metric: one of the objective's ``extra_metrics``. A trial that ends without it is infeasible.
    :param at_most: the largest value that is allowed, in the metric's own unit; or text: ``"champion"``, ``"champion + 3"`` or
        ``"champion + 2%"`` of what the champion measured in the same study.
    :param at_least: the smallest value that is allowed, written the same way. One of the two is given.
    :raises DeclarationError: when not one of the two is given, or the text is none of these.
    """

    metric: MetricName
    at_most: StrictFloat | str | None = None
    at_least: StrictFloat | str | None = None

    def __init__(self, metric: str = REQUIRED, **options: Any) -> None:
        super().__init__(metric=metric, **options)

    @field_validator("at_most", "at_least", mode="before", json_schema_input_type=float | str | None)
    @classmethod
    def _bound(cls, bound: Any) -> Any:
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            return bound
        found = _RELATIVE.fullmatch(bound) if isinstance(bound, str) else None
        if bound is None or found:
            return found and _spelt(found)
        raise ValueError(
            f"A metric is limited by a number, or by what the champion measured, but got {brief_repr(bound)}. "
            "Write at_most=100, at_most='champion + 3' or at_most='champion + 2%'."
        )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError(
                f"A constraint on a metric has one limit, but got (at_most={self.at_most!r}, at_least={self.at_least!r}). Write two "
                f"constraints for two limits: MetricConstraint({self.metric!r}, at_most=100), "
                f"MetricConstraint({self.metric!r}, at_least=10)."
            )
        return self

    @property
    def bound(self) -> float | str:
        """The limit as declared."""
        bound = self.at_least if self.at_most is None else self.at_most
        assert bound is not None
        return bound

    @property
    def relative(self) -> bool:
        """Whether its limit is known only when the champion was measured."""
        return isinstance(self.bound, str)

    @property
    def text(self) -> str:
        """The constraint as people and Optuna read it, such as ``latency <= 100``."""
        bound = self.bound if isinstance(self.bound, str) else f"{self.bound:.15g}"
        return f"{self.metric} {'>=' if self.at_most is None else '<='} {bound}"

    def threshold(self, champion: float | None) -> float | None:
        """Return the limit as a number, from what the champion measured; None where that is needed and not known."""
        if not isinstance(self.bound, str):
            return self.bound
        found = _RELATIVE.fullmatch(self.bound)
        if champion is None or found is None:
            return None
        sign, number, percent = found.groups()
        change = float(number or 0.0) * (abs(champion) / 100 if percent else 1.0)
        return champion - change if sign == "-" else champion + change

    def excess(self, value: float, threshold: float) -> float:
        """Return by how much a value lies beyond the limit: positive where it breaks it."""
        return threshold - value if self.at_most is None else value - threshold


def _spelt(found: re.Match[str]) -> str:
    sign, number, percent = found.groups()
    return f"champion {sign} {number}{percent}" if sign else "champion"
