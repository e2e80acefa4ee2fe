"""Days of windows and scenarios on the calendars of many zones; what a daily and a monthly run use over a year."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest

from airflow_hpo.core.calendar import split
from airflow_hpo.core.offset import CalendarOffset, offset_of
from airflow_hpo.core.window import Period, Window
from airflow_hpo.core.zone import zone

ZONES = [
    "UTC",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # its clocks change by half an hour
    "America/Havana",  # its clocks change at midnight
    "Asia/Beirut",
    "+05:45",
]


def midnight(name: str, day: date) -> datetime:
    """Return the first moment of a day, as a scheduler gives it."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone(name))
    return local.astimezone(UTC)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range(366 if year % 4 == 0 else 365)]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("year", [2025, 2028])
def test_daily_runs_of_a_year_use_every_local_day_once(name: str, year: int) -> None:
    here = zone(name)
    periods = [Window("-1d").period(midnight(name, day + timedelta(days=1)), here) for day in days_of(year)]

    assert [period.start.date() for period in periods] == days_of(year)
    assert all(before.end == after.start for before, after in pairwise(periods))


@pytest.mark.parametrize("name", ZONES)
def test_a_monthly_run_names_the_eight_weeks_before_it_by_their_local_dates(name: str) -> None:
    here = zone(name)
    for month in range(1, 13):
        first = date(2026, month, 1)
        scenarios = split(Window("-8w").period(midnight(name, first), here), "1d")

        assert [each.name for each in scenarios] == [str(first - timedelta(days=n)) for n in range(56, 0, -1)]


@pytest.mark.parametrize("name", ZONES)
def test_scenarios_of_a_window_follow_one_another_without_a_gap(name: str) -> None:
    here = zone(name)
    for day in days_of(2026)[::7]:
        period = Window("-9w", "-1w").period(midnight(name, day), here)
        weeks = [cast("Period", each.period) for each in split(period, "1w")]

        assert (weeks[0].start, weeks[-1].end, len(weeks)) == (period.start, period.end, 8)
        assert all(before.end == after.start for before, after in pairwise(weeks))


@pytest.mark.parametrize(("window", "hours"), [(Window("-1d"), 23), (Window("-24h"), 24), (Window("-1d12h"), 35)])
def test_days_are_of_the_calendar_and_hours_pass_where_clocks_go_forward(window: Window, hours: int) -> None:
    period = window.period(datetime(2026, 3, 30, tzinfo=zone("Europe/Berlin")), zone("Europe/Berlin"))

    assert period.end.astimezone(UTC) - period.start.astimezone(UTC) == timedelta(hours=hours)


def test_eight_weeks_begin_at_the_same_time_of_day_across_a_change_of_clocks() -> None:
    here = zone("Europe/Berlin")
    period = Window("-8w").period(datetime(2026, 5, 1, tzinfo=here), here)

    assert period.start.isoformat() == "2026-03-06T00:00:00+01:00"


def test_a_day_that_has_no_midnight_begins_with_its_first_moment() -> None:
    here = zone("America/Havana")
    (day,) = split(Window("-1d").period(datetime(2026, 3, 9, tzinfo=here), here), "1d")

    assert (day.name, cast("Period", day.period).start.isoformat()) == ("2026-03-08", "2026-03-08T01:00:00-04:00")


def test_hours_that_clocks_show_twice_have_names_of_their_own() -> None:
    here = zone("Europe/Berlin")
    names = [each.name for each in split(Window("-1d").period(datetime(2026, 10, 26, tzinfo=here), here), "1h")]

    assert (len(names), len(set(names))) == (25, 25)


def test_a_period_ends_on_the_leap_day() -> None:
    period = Window("-1d").period(datetime(2028, 3, 1, tzinfo=UTC))

    assert period.start == datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("-24h", "-24h"),
        ("-1d", "-1d"),
        (timedelta(days=-7), "-7d"),
        (timedelta(hours=-36), "-36h"),
        ("-P1D", "-1d"),
        ("-2w3d4h", "-17d4h"),
    ],
)
def test_an_offset_is_shown_as_it_counts(declared: Any, shown: str) -> None:
    assert str(offset_of(declared)) == shown


def test_a_copied_offset_keeps_its_days() -> None:
    offset: CalendarOffset = copy.deepcopy(offset_of("-1d12h"))

    assert (offset.days_of_calendar, offset.rest) == (-1, timedelta(hours=-12))


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Pacific/Kwajalein", date(1993, 8, 21)),
        ("Pacific/Kiritimati", date(1994, 12, 31)),
    ],
)
def test_a_day_that_a_zone_left_out_is_no_day_of_a_window(name: str, left_out: date) -> None:
    here, after = zone(name), left_out + timedelta(days=1)
    days = [after + timedelta(days=2 - n) for n in range(6) if n != 3]
    window = Window("-5d").period(midnight(name, after + timedelta(days=3)), here)

    assert [each.name for each in split(window, "1d")] == [str(day) for day in sorted(days)]
    for offset in ("-1d", "-2d"):
        start = Window(offset).period(midnight(name, after), here).start
        assert start.date() == left_out + timedelta(days=int(offset[:2]))
