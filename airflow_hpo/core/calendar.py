"""Periods cut into scenarios: days, weeks, or any other length."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.offset import CalendarOffset, begins_a_day, offset_of
from airflow_hpo.core.window import Period, Window
from airflow_hpo.exceptions import DeclarationError


def length_meant(given: object) -> str:
    """Return the length of a scenario that a wrong one stands for: 7 are days, and 'weekly' is '1w'."""
    number = re.search(r"\d+", str(given))
    unit = next((letter for letter in "whd" if re.search(rf"(?<![a-z]){letter}", str(given).lower())), "d")
    return f"{number[0] if number and int(number[0]) else 1}{unit}"


def length_of(every: timedelta | str) -> CalendarOffset:
    """Return the length of a scenario."""
    try:
        length = offset_of(every)
    except ValueError:
        length = CalendarOffset(0, timedelta())
    if length <= timedelta(0):
        raise DeclarationError(
            f"The length of a scenario is a positive timedelta or text such as '1d' or '1w', but got {every!r}. Write "
            f"scenarios={length_meant(every)!r}."
        )
    return length


def count_in(window: Window, every: timedelta | str) -> int:
    """Return into how many scenarios a window is cut; where clocks change, one of hours has one more or less in a run."""
    count = (window.end - window.start) // length_of(every)
    if not count:
        raise DeclarationError(
            f"A window holds at least one scenario, but {window} is shorter than {every!s}. "
            "Lengthen the window or shorten the scenarios."
        )
    return count


def split(period: Period, every: timedelta | str) -> list[Scenario]:
    """Cut a period into scenarios of equal length on the calendar of its zone, each of which has its own period.

    They are aligned to the period's end, because the newest data are the ones that matter; what remains at its start is
    left out, so that no scenario is shorter than the others.
    """
    length, zone = length_of(every), period.end.tzinfo or UTC
    ends = [period.end]
    while (start := length.times(-len(ends)).after(period.end, zone)) >= period.start:
        ends.append(start)
    if len(ends) == 1:
        raise DeclarationError(
            f"A period holds at least one scenario, but {period} is shorter than {length}. "
            "Lengthen the window or shorten the scenarios."
        )
    ends.reverse()
    return [Scenario(_name(start), period=Period(start=start, end=end)) for start, end in pairwise(ends)]


def _name(start: datetime) -> str:
    """Return the date of a day's first moment; else the moment."""
    return start.date().isoformat() if begins_a_day(start) else start.isoformat()
