"""Windows and periods of time that a run tunes or evaluates on, declared relative to the run."""

import warnings
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Self, cast

from pydantic import AwareDatetime, model_validator

from airflow_hpo.core.declared import REQUIRED, Declared, brief_repr, first_twice
from airflow_hpo.core.offset import CalendarOffset, Offset, may_meet
from airflow_hpo.exceptions import DeclarationError

_MANY_MONTHS = timedelta(minutes=25)
_NOW = CalendarOffset(0, timedelta())
SAME_UNIT = "A day has 23 or 25 hours there: write both ends in days, or both in hours."


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
        # In UTC: of two moments in one zone Python compares what clocks show, which is not in order where they go back.
        if not self.start.astimezone(UTC) < self.end.astimezone(UTC):
            raise ValueError(
                f"A period ends after it starts, but got ({self.start.isoformat()}, {self.end.isoformat()}). "
                "Swap or move its ends."
            )
        return self

    def __str__(self) -> str:
        return f"{self.start.isoformat()} to {self.end.isoformat()}"


class Window(Declared):
    """A period relative to a DAG run, so that every edition moves on with the schedule.

    Offsets count from the run's reference time: the end of its data interval, else its logical date, its partition's date, or
    the time it was to run after. ``Window("-60d", "-30d")`` is the month before last. Days and weeks are those of the calendar
    in the time zone of the DAG's schedule, so that ``"-8w"`` begins at the same time of day also across a change of clocks;
    ``"-24h"`` are 24 hours.

    Example::

        Window("-60d", "-30d")  # the 30 days before the last 30
        Window("-8w")  # the last eight weeks

    :param start: where it starts, a timedelta or text: a number with ``w``, ``d``, ``h``, ``m`` or ``s``, such as ``"-60d"``. A
        timedelta of whole days is one of calendar days.
    :param end: where it ends, exclusive; later than ``start`` and not after the reference time, which is the default.
    :raises DeclarationError: when it is empty, reaches into the future, or an offset cannot be read.
    """

    start: Offset
    end: Offset = _NOW

    def __init__(
        self, start: timedelta | str = REQUIRED, end: timedelta | str = _NOW, *unnamed: Any, **options: Any
    ) -> None:
        super().__init__(*unnamed, **{"start": start, "end": end, **options})

    @model_validator(mode="after")
    def _in_the_past(self) -> Self:
        if not self.start < self.end:
            raise ValueError(f"A window ends after it starts, but got {self}. {self._other_way_round()}")
        if may_meet(_calendar(self.start), _calendar(self.end)):
            raise ValueError(f"A window ends after it starts, but where clocks change {self} is empty. {SAME_UNIT}")
        if self.end > _NOW:
            raise ValueError(
                f"A window ends at the run's reference time at the latest, but got {self}. Offsets into the past have a minus. "
                f'Write Window("{self.start}").'
            )
        return self

    def period(self, reference: datetime, zone: tzinfo = UTC) -> Period:
        """Return the period that the window means in one run.

        :param reference: the run's reference time, with a time zone.
        :param zone: the zone of the calendar that its days are of, and of the period's ends.
        """
        start, end = (_calendar(offset).after(reference, zone) for offset in (self.start, self.end))
        return Period(start=start, end=end)

    @property
    def name(self) -> str:
        """What tells it from other windows, however it was written: ``16w-8w`` of ``Window("-16w", "-8w")``."""
        return f"{_ago(self.start)}-{_ago(self.end)}"

    def __str__(self) -> str:
        return f"({self.start}, {self.end})"

    def _other_way_round(self) -> str:
        """Return what to write instead of a window that ends before it starts: the minus is forgotten, or the ends are swapped."""
        given = [_calendar(offset) for offset in (self.start, self.end)]
        ends = sorted(offset.times(-1) if self.start > _NOW and offset > _NOW else offset for offset in given)
        written = ", ".join(f'"{end}"' for end in ends if end != _NOW)
        return f"Write Window({written})." if ends[0] < ends[1] else "Move its start back."


def checked_window(argument: str, given: Any) -> Any:
    """Return a window, or None; whatever else is refused with the window that is meant."""
    if given is None:
        return None
    if isinstance(given, Window):
        _doubt_months(argument, given)
        return given
    parts = list(given) if isinstance(given, tuple) else [given]
    meant = ", ".join(repr(part) for part in parts if isinstance(part, str | timedelta)) or "'-60d', '-30d'"
    if isinstance(given, list):
        raise DeclarationError(
            f"`{argument}` is one Window, but got {brief_repr(given)}. Write {argument}=Window('-60d', '-30d')."
        )
    raise DeclarationError(f"`{argument}` is a Window, but got {brief_repr(given)}. Write {argument}=Window({meant}).")


def checked_windows(argument: str, given: Any) -> tuple[Window, ...]:
    """Return the windows of one, or of a list of them; whatever else is refused with what is meant."""
    several = isinstance(given, list | tuple) and any(isinstance(each, Window) for each in given)
    if not several and not isinstance(given, list):
        found = checked_window(argument, given)
        if found is None:
            raise DeclarationError(f"`{argument}` is a Window, but got None. Write {argument}=Window('-60d', '-30d').")
        return (found,)
    if not given or not all(isinstance(each, Window) for each in given):
        raise DeclarationError(
            f"`{argument}` is a Window, or a list of them, but got {brief_repr(given)}. "
            f"Write {argument}=[Window('-60d', '-30d'), Window('-90d', '-60d')]."
        )
    names = [checked_window(argument, each).name for each in given]
    if twice := first_twice(names):
        raise DeclarationError(f"Every window is tuned on once, but {argument} has {twice} twice. Drop or move one.")
    return tuple(given)


def _doubt_months(argument: str, window: Window) -> None:
    """Warn of a window that begins a few minutes ago: months are meant, which have no letter."""
    minutes = -window.start // timedelta(minutes=1)
    if window.start > -_MANY_MONTHS and window.start % timedelta(minutes=1) == timedelta(0) and window.end == _NOW:
        warnings.warn(
            f"`{argument}` is a window of {minutes} minutes, since 'm' is minutes. For months write {argument}=Window('-{30 * minutes}d').",
            stacklevel=3,
        )


def check_order(tuning: Window, test: Window) -> None:
    """Refuse to tune on what comes after the test: the future would decide how well the past is met."""
    if tuning.start >= test.end:
        raise DeclarationError(
            f"A study tunes on data from before its test, but tuning is {tuning} and test is {test}. Swap the windows, or "
            "give allow_tuning_after_test=True."
        )


def check_apart(**windows: Window | None) -> None:
    """Refuse windows that overlap: parameters must be judged on data that their tuning never saw."""
    given = sorted(((w.start, w.end, name) for name, w in windows.items() if w), key=lambda entry: entry[:2])
    for (_, end, name), (start, _, later) in pairwise(given):
        if start < end:
            raise DeclarationError(
                f"Windows must not overlap, but {name} is {windows[name]} and {later} is {windows[later]}. "
                f"{_moved(name, windows[name], later, start)}"
            )
        if may_meet(_calendar(end), _calendar(start)):
            raise DeclarationError(
                f"Windows must not overlap, but where clocks change {name}, {windows[name]}, and {later}, {windows[later]}, "
                f"do. {SAME_UNIT}"
            )


def _moved(name: str, window: Window | None, later: str, start: timedelta) -> str:
    """Return what to write so that one window ends where the later one begins."""
    if window is None or window.start >= start:
        return f"Begin {name} earlier, or {later} later."
    return f"Write {name}=Window('{window.start}', '{start}')."


def _ago(offset: timedelta) -> str:
    """Return how long ago an offset is, in weeks where it is whole ones."""
    days, text = -_calendar(offset).days_of_calendar, str(offset).removeprefix("-")
    return f"{days // 7}w" if text == f"{days}d" and days and days % 7 == 0 else text


def _calendar(offset: timedelta) -> CalendarOffset:
    return cast("CalendarOffset", offset)
