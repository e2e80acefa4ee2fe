"""Protocol of the readers of lines, and the step from a text to a point."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from airflow_hpo.core.metrics.numbers import as_number, doubt_about, ends_open
from airflow_hpo.core.metrics.point import Found, MetricPoint, rejected
from airflow_hpo.core.metrics.values import step_of


class Reader(Protocol):
    """Finds metrics in lines of one format."""

    def kept(self) -> dict[str, Any]:
        """Return what is remembered of earlier lines as plain data."""

    def resume(self, data: Mapping[str, Any]) -> None:
        """Go on from what :meth:`kept` returned."""

    def read(self, line: str, time: datetime | None) -> list[Found]:
        """Return what a line says, in the order in which it stands."""


def found_in(
    line: str, name: str, text: str, step: str | None, time: datetime | None, step_name: str | None = None
) -> list[Found]:
    """Return what a text in the place of a metric's value says."""
    value = as_number(text)
    if value is None:
        return [rejected(name, text, line, doubt_about(text))]
    if line.rstrip().endswith(text) and (why := ends_open(text)):
        return [rejected(name, text, line, why)]
    return point_at(line, name, value, step, time, step_name)


def point_at(
    line: str, name: str, value: float, step: str | None, time: datetime | None, step_name: str | None
) -> list[Found]:
    """Return a point with its step; without one, and a rejection before it, when the step is no whole number."""
    number = None if step is None else step_of(step)
    point = MetricPoint(name, value, number, time)
    return [point] if step is None or number is not None else [rejected(step_name or "step", step, line), point]


def beyond(line: str, limit: int, metrics: Iterable[str]) -> list[Found]:
    """Return a rejection for each metric that is named where a reader looks no more."""
    if len(line) <= limit:
        return []
    why = f"only the first {limit:,} characters of a line are read"
    rest = line[limit - 1 :]
    return [rejected(name, "", line, why) for name in sorted(metrics) if name in rest]
