"""Windows and periods of time that a run tunes or evaluates on, declared relative to the run."""

import re
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BeforeValidator, model_validator

from airflow_hpo.core.declared import REQUIRED, Declared, brief_repr
from airflow_hpo.exceptions import DeclarationError

UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_OFFSET = re.compile(r"(-?)((?:\d+[wdhms])+)")
_NOW = timedelta(0)


def _offset(value: Any) -> Any:
    match = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if match:
        return _timedelta(match)
    if isinstance(value, timedelta) or (isinstance(value, str) and value.lstrip("-").startswith("P")):
        return value
    raise ValueError(
        f"A window's offset is a timedelta or text such as '-60d', '-8w' or '-36h', but got {brief_repr(value)}. "
        "Write one."
    )


def _timedelta(match: re.Match[str]) -> timedelta:
    parts = {UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+)([wdhms])", match[2])}
    try:
        return -timedelta(**parts) if match[1] else timedelta(**parts)
    except OverflowError:
        raise ValueError(f"A window's offset is some years at most, but got {match[0]!r}. Shorten it.") from None


Offset = Annotated[timedelta, BeforeValidator(_offset, json_schema_input_type=str)]


class Period(Declared):
    """A stretch of time that a trial works on: from ``start`` up to, but not including, ``end``.

    Example::

        from datetime import UTC, datetime

        Period(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 2, 1, tzinfo=UTC))

    :param start: first moment, with a time zone.
    :param end: the moment after the last, later than ``start``.
    :raises DeclarationError: when it is empty or lacks a time zone.
    """

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.start < self.end:
            raise ValueError(
                f"A period ends after it starts, but got ({self.start.isoformat()}, {self.end.isoformat()}). "
                "Swap or move its ends."
            )
        return self

    def __str__(self) -> str:
        return f"{self.start.isoformat()} to {self.end.isoformat()}"


class Window(Declared):
    """A period relative to a DAG run, so that every edition moves on with the schedule.

    Offsets count from the run's reference time: the end of its data interval, else its logical date, else the time it
    was to run after. ``Window("-60d", "-30d")`` is the month before last.

    Example::

        Window("-60d", "-30d")  # the 30 days before the last 30
        Window("-8w")  # the last eight weeks

    :param start: where it starts, a timedelta or text: a number with ``w``, ``d``, ``h``, ``m`` or ``s``, such as ``"-60d"``.
    :param end: where it ends, exclusive; later than ``start`` and not after the reference time, which is the default.
    :raises DeclarationError: when it is empty, reaches into the future, or an offset cannot be read.
    """

    start: Offset
    end: Offset = _NOW

    def __init__(self, start: timedelta | str = REQUIRED, end: timedelta | str = _NOW) -> None:
        super().__init__(start=start, end=end)

    @model_validator(mode="after")
    def _in_the_past(self) -> Self:
        if not self.start < self.end:
            raise ValueError(f"A window ends after it starts, but got {self}. Swap or move its ends.")
        if self.end > _NOW:
            raise ValueError(
                f"A window ends at the run's reference time at the latest, but got {self}. Offsets into the past have a "
                "minus: '-30d'."
            )
        return self

    def period(self, reference: datetime) -> Period:
        """Return the period that the window means in one run.

        :param reference: the run's reference time, with a time zone.
        """
        return Period(start=reference + self.start, end=reference + self.end)

    def __str__(self) -> str:
        return f"({brief(self.start)}, {brief(self.end)})"


def brief(offset: timedelta) -> str:
    """Return an offset as people write it: ``-60d``, ``-1d12h``, ``0d``."""
    days, seconds = divmod(abs(int(offset.total_seconds())), 86_400)
    parts = [(days, "d"), (seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    text = "".join(f"{number}{unit}" for number, unit in parts if number) or "0d"
    return f"-{text}" if offset < _NOW else text


def check_apart(**windows: Window | None) -> None:
    """Refuse windows that overlap: parameters must be judged on data that their tuning never saw."""
    given = sorted(((w.start, w.end, name) for name, w in windows.items() if w), key=lambda entry: entry[:2])
    for (_, end, name), (start, _, later) in pairwise(given):
        if start < end:
            raise DeclarationError(
                f"Windows must not overlap, but {name} is {windows[name]} and {later} is {windows[later]}. "
                "Move one of them."
            )
