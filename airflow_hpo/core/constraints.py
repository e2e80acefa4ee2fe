"""Constraints of a study as they are given: comparisons of parameters as text, and limits of metrics."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr, refuse_set
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.space import constraint
from airflow_hpo.core.space.space import Space

AnyConstraint = str | MetricConstraint


def checked(constraints: Any, space: Space, metrics: Collection[str]) -> Any:
    """Return a list of constraints, each once, or say what is wrong with one; what is no list is left to its type's check."""
    if isinstance(constraints, str | MetricConstraint):
        raise ValueError(
            f"Constraints are a list, but got {brief_repr(constraints)}. Write constraints=[{constraints!r}]."
        )
    refuse_set("Constraints", constraints)
    if not isinstance(constraints, list | tuple):
        return constraints
    return list(dict.fromkeys(_one(each, space, metrics) for each in constraints))


def between_parameters(constraints: Iterable[AnyConstraint]) -> list[str]:
    """Return those that every trial keeps."""
    return [each for each in constraints if isinstance(each, str)]


def on_metrics(constraints: Iterable[AnyConstraint]) -> list[MetricConstraint]:
    """Return those by which a trial is judged when it has ended."""
    return [each for each in constraints if isinstance(each, MetricConstraint)]


def _one(given: Any, space: Space, metrics: Collection[str]) -> AnyConstraint:
    if isinstance(given, Mapping):
        return MetricConstraint.from_dict(dict(given))
    return given if isinstance(given, MetricConstraint) else constraint.checked(given, space, metrics)
