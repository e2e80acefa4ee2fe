"""What a line of output says about a metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

TEXT_LENGTH = 80


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One number that a trial gave for a metric."""

    name: str
    value: float
    """May be NaN or infinite: what that means is decided by the series."""
    step: int | None = None
    """The step the trial named; None when it named none."""
    time: datetime | None = None
    """When it was printed, timezone-aware; None when the source does not say."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A declared metric (or its step) that was given as something other than a number."""

    name: str
    text: str
    """What stood in the number's place, shortened; empty when nothing did."""


Found = MetricPoint | Rejected


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One value of a trial's series, its step settled: what is stored, shown and judged by a pruner."""

    name: str
    step: int
    value: float
    time: datetime | None = None


Report = Callable[[Sequence[SeriesPoint]], bool]
"""Takes new points of a running trial, none of them twice; answers True when the trial has to end."""


def rejected(name: str, text: object) -> Rejected:
    """Return a rejection whose text is short enough to show."""
    shown = "" if text is None else str(text).strip()
    return Rejected(name, shown if len(shown) <= TEXT_LENGTH else shown[: TEXT_LENGTH - 1] + "…")
