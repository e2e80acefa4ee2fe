"""From a line to the metrics it gives."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from airflow_hpo.core.metrics.filters import DEFAULT, MATCH_LIMIT, LineFilter, Match, line_filters
from airflow_hpo.core.metrics.point import Found, MetricPoint, rejected
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.metrics.values import as_number, as_step, as_time, from_epoch, split_time

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class _Format(Protocol):
    def parse(self, line: str, time: datetime | None) -> list[Found]: ...


class Parser:
    """Read one line at a time; keeps nothing between lines and raises on no line whatever.

    :param source: how lines are to be read.
    :param metrics: the declared names; everything else in a line is ignored.
    """

    def __init__(self, source: MetricSource, metrics: Sequence[str]) -> None:
        self._timestamps = source.timestamps
        self._format: _Format
        if source.format == "json":
            self._format = _Json(metrics, source.step)
        else:
            self._format = _Text(metrics, source.step, line_filters(source.filter) if source.filter else None)

    def parse(self, line: str, time: datetime | None = None) -> list[Found]:
        """Return the points and rejections in the order in which they stand."""
        if self._timestamps:
            own, line = split_time(line)
            time = own or time
        return self._format.parse(line, time)


class _Text:
    def __init__(self, metrics: Sequence[str], step: str | None, own: list[LineFilter] | None) -> None:
        self._metrics = frozenset(metrics)
        self._step = step
        self._filters = own or [DEFAULT]
        self._limit = MATCH_LIMIT if own else None
        self._named_in_line = all(each.metric is None for each in self._filters)

    def parse(self, line: str, time: datetime | None) -> list[Found]:
        if "\x1b" in line:
            line = _COLOUR.sub("", line)
        if self._named_in_line and not any(name in line for name in self._metrics):
            return []
        matches = self._matches(line[: self._limit])
        common = next((match.value for match in matches if match.name == self._step), None)
        found: list[Found] = []
        for match in matches:
            if match.name in self._metrics:
                found += self._found(match, common if match.step is None else match.step, time)
        return found

    def _matches(self, line: str) -> list[Match]:
        unique = {(match.name, match.span): match for each in self._filters for match in each.matches(line)}
        return list(unique.values())

    def _found(self, match: Match, step: str | None, time: datetime | None) -> list[Found]:
        value = as_number(match.value)
        if value is None:
            return [rejected(match.name, match.value)]
        number = None if step is None else as_step(as_number(step))
        point = MetricPoint(match.name, value, number, time)
        return [point] if step is None or number is not None else [rejected(self._step or "step", step), point]


class _Json:
    def __init__(self, metrics: Sequence[str], step: str | None) -> None:
        self._metrics = metrics
        self._step = step

    def parse(self, line: str, time: datetime | None) -> list[Found]:
        if not line.lstrip().startswith("{"):
            return []
        try:
            # as floats: Python's own integers refuse some lengths and turn into no float beyond 1e308
            data = json.loads(line, parse_int=float)
        except (ValueError, RecursionError):
            return [rejected(name, line) for name in self._metrics if f'"{name}"' in line]
        given = [name for name in self._metrics if name in data]
        return self._points(data, given, _json_time(data.get("timestamp")) or time) if given else []

    def _points(self, data: dict[str, Any], given: list[str], time: datetime | None) -> list[Found]:
        stated = data.get(self._step) if self._step else None
        step = as_step(_json_number(stated))
        found: list[Found] = [] if stated is None or step is not None else [rejected(self._step or "step", stated)]
        for name in given:
            value = _json_number(data[name])
            found.append(rejected(name, data[name]) if value is None else MetricPoint(name, value, step, time))
        return found


def _json_number(value: Any) -> float | None:
    if isinstance(value, str):
        return as_number(value)
    return value if isinstance(value, float) else None


def _json_time(value: Any) -> datetime | None:
    if isinstance(value, str):
        return as_time(value)
    return from_epoch(value) if isinstance(value, float) else None
