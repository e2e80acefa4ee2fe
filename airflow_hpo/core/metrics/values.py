"""Which texts are numbers, steps and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime

NUMBER = r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:nan|inf(?:inity)?))"
"""Decimal or scientific notation, ``nan``, ``inf`` and ``infinity`` in any case; no digit grouping, no hexadecimal."""
MAX_STEP = 2**31 - 1
"""Optuna keeps steps in 32 bits."""

_NUMBER = re.compile(NUMBER)
_TIME = re.compile(r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))(?: |$)")


def as_number(text: str) -> float | None:
    """Return the number that the text is; None when it is none. NaN and infinity are numbers here."""
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def as_step(value: float | None) -> int | None:
    """Return a step as a whole number from 0 to 2**31 - 1; None when it is none."""
    if value is None or not 0 <= value <= MAX_STEP or value != int(value):
        return None
    return int(value)


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
