"""Steps and times as lines give them."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from airflow_hpo.core.metrics.numbers import as_number

MAX_STEP = 2**31 - 1
"""Optuna keeps steps in 32 bits."""

_STEP = re.compile(r"\s*([0-9]{1,10})(?:\.0*)?\s*(?:/\s*[0-9]+)?\s*")
_TIME = re.compile(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))(?: |$)")


def as_step(value: float | None) -> int | None:
    """Return a step as a whole number from 0 to 2**31 - 1; None when it is none."""
    if value is None or not 0 <= value <= MAX_STEP or value != int(value):
        return None
    return int(value)


@lru_cache(maxsize=64)
def step_of(text: str) -> int | None:
    """Return the step that a text gives: ``3``, ``3.0`` or ``3/10``; None when it is none."""
    if found := _STEP.fullmatch(text):
        return as_step(float(found[1]))
    return as_step(as_number(text))


def split_time(line: str) -> tuple[datetime | None, str]:
    """Split an RFC 3339 time and the blank after it from the start of a line, as Kubernetes writes them.

    A line that begins otherwise is returned whole with None, for what a program prints is not always what was ordered.
    """
    found = _TIME.match(line)
    return (as_time(found[1]), line[found.end() :]) if found else (None, line)


def as_time(text: str) -> datetime | None:
    """Return an RFC 3339 time, to the microsecond; None when the text is none, such as the 30th of February."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def from_epoch(seconds: float) -> datetime | None:
    """Return the time that many seconds after 1970 (UTC); None when no calendar holds it."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
