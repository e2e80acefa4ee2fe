"""Point: a metric's value and step in a line of output."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from airflow_hpo.core.masking import cut

TEXT_LENGTH = 80
LINE_LENGTH = 200


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
    """A declared metric (or its step) that was given as something other than a whole number."""

    name: str
    text: str
    """What stood in the number's place, shortened; empty when nothing did."""
    line: str = field(default="", compare=False)
    """The line, shortened."""
    why: str = field(default="", compare=False)
    """Why a text that may be a value is none, such as ``it goes on after '1.5'``; empty when it is no value for certain."""
    guess: float | None = field(default=None, compare=False)
    """The value if it is one; None when that is not known."""
    format: str = field(default="", compare=False)
    """The format that reads the value, where it is whole and only the source's own filter does not read it."""
    lost: bool = field(default=False, compare=False)
    """Whether the value may have stood in lines that were never read; ``why`` says which."""

    @property
    def doubtful(self) -> bool:
        """Whether the program may have given a value here that was not read."""
        return bool(self.why)

    def __str__(self) -> str:
        if self.lost:
            return self.why
        why = f"it is written as {self.format} writes" if self.format else self.why
        why = "it is written without '='" if self.format == "text" else why
        return f"{self.name!r} was {self.text!r} in the line {self.line!r}" + (f": {why}" if why else "")


def kept(found: Rejected | None) -> dict[str, Any] | None:
    """Return a rejection as plain data, for a reader that goes on later."""
    return asdict(found) if found else None


def of_kept(data: dict[str, Any] | None) -> Rejected | None:
    """Return the rejection that :func:`kept` gave."""
    return Rejected(**data) if data else None


@dataclass(frozen=True, slots=True)
class TwoReadings:
    """A number that was read and that may be the head of a longer one, such as ``1 234.5``."""

    name: str
    text: str
    """The longer number."""
    line: str = ""


Found = MetricPoint | Rejected | TwoReadings


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One value of a trial's series, its step settled: what is stored, shown and judged by a pruner."""

    name: str
    step: int
    value: float
    time: datetime | None = None


Report = Callable[[Sequence[SeriesPoint]], bool]
"""Takes new points of a running trial, none of them twice; answers True when the trial has to end."""


def rejected(
    name: str, text: object, line: str = "", why: str = "", guess: float | None = None, format: str = ""
) -> Rejected:
    """Return a rejection with texts that are short enough to show."""
    shown = "" if text is None else str(text).strip()
    return Rejected(name, shorten(shown, TEXT_LENGTH), shorten(line.strip(), LINE_LENGTH), why, guess, format)


def times(count: int) -> str:
    """Return a count in words."""
    return "once" if count == 1 else f"{count} times"


def shorten(text: str, length: int) -> str:
    """Return a text that is no longer than that many characters."""
    return text if len(text) <= length else cut(text, length - 1) + "…"
