"""Lines of JSON: an object a line, with or without a prefix before it."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from airflow_hpo.core.metrics.memory import Memory
from airflow_hpo.core.metrics.numbers import as_number, doubt_about
from airflow_hpo.core.metrics.point import Found, MetricPoint, rejected
from airflow_hpo.core.metrics.values import as_time, from_epoch, step_of

CONTAINERS = ("metrics", "logs", "results", "scores", "values")
"""Objects with keys that are read like those of the line itself."""
PREFIXES = 8
"""How many braces of a line that begin no object are passed over."""
DEPTH = 4
_MEMBER = re.compile(r'"(?P<name>[^"]+)"\s*:\s*(?P<value>"?[+-]?\.?(?:\d|NaN|Infinity)[^,}\]\s]*)')
# as floats: Python's own integers refuse some lengths and turn into no float beyond 1e308
_DECODER = json.JSONDecoder(parse_int=float)


class JsonReader(Memory):
    """Reads an object a line, by key, by path (``val/loss`` or ``val.loss`` for a nested one), or in a container's keys."""

    def __init__(self, metrics: Sequence[str], step: str | None) -> None:
        self._metrics = metrics
        self._step = step

    def read(self, line: str, time: datetime | None) -> list[Found]:
        """Return what a line says."""
        if "{" not in line:
            return self._members(line)
        objects = list(json_objects(line))
        found = [each for data, _ in objects for each in self._points(line, data, time)]
        rest = line[objects[-1][1] :] if objects else line
        named = [name for name in self._metrics if f'"{name}"' in rest]
        return found + [rejected(name, rest, line, "the line is no whole JSON object") for name in named]

    def _members(self, line: str) -> list[Found]:
        """Doubt what stands in a line of an object that is printed over several lines."""
        given = {found["name"]: found["value"] for found in _MEMBER.finditer(line)}
        parts = [(name, re.split("[/.]", name)[-1]) for name in self._metrics]
        return [
            rejected(name, given[part], line, "its JSON object is not on one line")
            for name, part in parts
            if part in given
        ]

    def _points(self, line: str, data: dict[str, Any], time: datetime | None) -> list[Found]:
        given = {name: at(data, name) for name in self._metrics}
        time = _time(data.get("timestamp")) or time
        stated = at(data, self._step) if self._step else ()
        step = None if not stated or stated[0] is None else _text(stated[0])
        number = None if step is None else step_of(step)
        found: list[Found] = []
        if any(given.values()) and step is not None and number is None:
            found.append(rejected(self._step or "step", step, line))
        for name, values in given.items():
            found += [_found(line, name, value, number, time) for value in values]
        return found


def _found(line: str, name: str, value: Any, step: int | None, time: datetime | None) -> Found:
    number = _number(value)
    if number is not None:
        return MetricPoint(name, number, step, time)
    if isinstance(value, list) and any(_number(each) is not None for each in value):
        return rejected(name, value, line, "it is a list")
    return rejected(name, value, line, doubt_about(value) if isinstance(value, str) else "")


def json_objects(line: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the JSON objects of a line, mostly one, and where each of them ends."""
    at, failed = line.find("{"), 0
    while at >= 0 and failed < PREFIXES:
        try:
            data, end = _DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            failed, end = failed + 1, at + 1
        else:
            yield data, end
        at = line.find("{", end)


def at(data: dict[str, Any], name: str) -> tuple[Any, ...]:
    """Return what stands under a name: one value, or none."""
    for place in (data, *(inner for key in CONTAINERS if isinstance(inner := data.get(key), dict))):
        if name in place:
            return (place[name],)
        for path, value in leaves(place):
            if name in ("/".join(path), ".".join(path)):
                return (value,)
    return ()


def leaves(data: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the values of nested objects with their paths."""
    for key, value in data.items():
        if not isinstance(value, dict):
            yield (*path, key), value
        elif len(path) < DEPTH:
            yield from leaves(value, (*path, key))


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return as_number(value)
    return value if isinstance(value, float) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        return as_time(value)
    return from_epoch(value) if isinstance(value, float) else None
