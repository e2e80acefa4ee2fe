"""Offsets of windows and lengths of scenarios: days as the clock counts them, hours as they pass."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any, Self

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from airflow_hpo.core.declared import brief_repr

UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_TEXT = re.compile(r"(-?)((?:\d+[wdhms])+)")
_ISO: TypeAdapter[timedelta] = TypeAdapter(timedelta)
_DAY = timedelta(days=1)
_LARGEST_CHANGE = timedelta(hours=2)
"""By how much clocks change at once; zones that change their date do so by a day."""


class CalendarOffset(timedelta):
    """A length of time that knows its days of the calendar: one of them has 23 or 25 hours where clocks change."""

    days_of_calendar: int

    def __new__(cls, days: int, rest: timedelta) -> Self:
        """Build it from days of the calendar and a rest that is the same on every clock."""
        offset = super().__new__(cls, days=days, seconds=rest.total_seconds())
        offset.days_of_calendar = days
        return offset

    def __reduce__(self) -> tuple[type[Self], tuple[int, timedelta]]:
        """Keep the days apart from the rest in a copy."""
        return type(self), (self.days_of_calendar, self.rest)

    @property
    def rest(self) -> timedelta:
        """What it has in addition to its days of the calendar."""
        return timedelta(seconds=self.total_seconds()) - self.days_of_calendar * _DAY

    def times(self, count: int) -> Self:
        """Return it so many times; a negative number goes back."""
        return type(self)(self.days_of_calendar * count, self.rest * count)

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return the moment that is this far from another one, in a zone.

        Where clocks go forward, a time that they skip is the one they show instead; where they go back, it is the first one.
        A day that a zone left out, as Samoa did when it changed its date, is none.
        """
        local = moment.astimezone(zone)
        if self.days_of_calendar:
            shown = local.replace(tzinfo=None)
            if begins_a_day(local):
                shown = shown.replace(hour=0, minute=0, second=0, microsecond=0)
            local = _days_from(shown, self.days_of_calendar, zone)
        return (local.astimezone(UTC) + self.rest).astimezone(zone)

    def __str__(self) -> str:
        days, seconds = abs(self.days_of_calendar), abs(int(self.rest.total_seconds()))
        parts = [(days, "d"), (seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
        text = "".join(f"{number}{unit}" for number, unit in parts if number) or "0d"
        return f"-{text}" if self < timedelta(0) else text


def may_meet(earlier: CalendarOffset, later: CalendarOffset) -> bool:
    """Say whether two offsets change places where clocks change: one counts days, and the other hours."""
    return earlier.days_of_calendar != later.days_of_calendar and later - earlier < _LARGEST_CHANGE


def _days_from(shown: datetime, days: int, zone: tzinfo) -> datetime:
    """Return what clocks of a zone show as many days later or earlier, and count no day that the zone left out."""
    begin, left_out = shown.replace(tzinfo=zone).astimezone(UTC), 0
    while True:
        there = shown + (days + left_out * (1 if days > 0 else -1)) * _DAY
        found = there.replace(tzinfo=zone)
        more = round((abs(there - shown) - abs(found.astimezone(UTC) - begin)) / _DAY)
        if more <= left_out:
            return found
        left_out = more


def begins_a_day(moment: datetime) -> bool:
    """Say whether a moment is the first of its day: midnight, or where clocks skip midnight the time they show instead."""
    before = moment.astimezone(UTC) - timedelta(microseconds=1)
    return before.astimezone(moment.tzinfo).date() < moment.date()


def offset_of(value: Any) -> CalendarOffset:
    """Return a declared offset: a timedelta of whole days, as days and weeks in a text, means days of the calendar."""
    if isinstance(value, CalendarOffset):
        return value
    match = _TEXT.fullmatch(value) if isinstance(value, str) else None
    try:
        if match:
            return _from_text(match)
        if isinstance(value, str) and value.lstrip("-").startswith("P"):
            value = _ISO.validate_python(value)
        if isinstance(value, timedelta):
            days, rest = divmod(value, _DAY)
            return CalendarOffset(0, value) if rest else CalendarOffset(days, rest)
    except OverflowError:
        raise ValueError(f"A window's offset is some years at most, but got {value!r}. Shorten it.") from None
    except ValidationError:
        pass
    raise ValueError(
        f"A window's offset is a timedelta or text such as '-60d', '-8w' or '-36h', but got {brief_repr(value)}. "
        f"Write {_meant(value)!r}."
    )


def _meant(value: Any) -> str:
    """Return the offset that a wrong one stands for, as far as a number and a unit in it tell."""
    match = re.search(r"(\d+)\s*([a-zA-Z]?)", str(value))
    if not match or isinstance(value, date) or re.search(r"\d{4}-\d\d-\d\d", str(value)):
        return "-60d"
    months = {"m": 30, "y": 365, "q": 91}.get(match[2].lower())
    if months and not re.search(r"min", str(value), re.IGNORECASE):
        return f"-{int(match[1]) * months}d"
    unit = match[2].lower() if match[2].lower() in UNITS else "d"
    return f"-{match[1]}{unit}"


def _from_text(match: re.Match[str]) -> CalendarOffset:
    sign = -1 if match[1] else 1
    parts = {UNITS[unit]: int(number) for number, unit in re.findall(r"(\d+)([wdhms])", match[2])}
    days = parts.pop("days", 0) + 7 * parts.pop("weeks", 0)
    return CalendarOffset(sign * days, sign * timedelta(**parts))


Offset = Annotated[
    timedelta, PlainValidator(offset_of, json_schema_input_type=str), PlainSerializer(str, when_used="json")
]
