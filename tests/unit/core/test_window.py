from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_hpo.core.trial_key import window_family, without_window
from airflow_hpo.core.window import Period, Window, check_apart, checked_windows
from airflow_hpo.exceptions import DeclarationError

REFERENCE = datetime(2026, 3, 1, tzinfo=UTC)
offsets = st.integers(1, 10**8).map(lambda seconds: -timedelta(seconds=seconds))
windows = st.lists(offsets, min_size=2, max_size=2, unique=True).map(lambda two: Window(*sorted(two)))


def test_a_window_is_a_period_before_the_reference_time() -> None:
    period = Window("-8w", "-1d12h").period(REFERENCE)

    assert period == Period(start=datetime(2026, 1, 4, tzinfo=UTC), end=datetime(2026, 2, 27, 12, tzinfo=UTC))


def test_a_window_ends_at_the_reference_time_unless_it_says_otherwise() -> None:
    assert Window("-30m").period(REFERENCE).end == REFERENCE


@given(windows)
def test_a_window_survives_json(window: Window) -> None:
    assert Window.from_dict(json.loads(json.dumps(window.to_dict()))) == window


@given(windows)
def test_a_window_is_shown_as_it_may_be_written(window: Window) -> None:
    start, _, end = str(window).strip("()").partition(", ")

    assert Window(start, end) == window


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("-30d", "-60d", "ends after it starts, but got (-30d, -60d)"),
        ("-30d", "-30d", "ends after it starts"),
        ("-30d", "30d", 'Write Window("-30d").'),
        ("-2 months", "0d", "such as '-60d', '-8w' or '-36h', but got '-2 months'"),
        (-30, "0d", "but got -30"),
        ("-99999999999999w", "0d", "some years at most"),
    ],
)
def test_a_window_that_cannot_be_meant_is_refused(start: Any, end: Any, said: str) -> None:
    with pytest.raises(DeclarationError) as err:
        Window(start, end)

    assert said in str(err.value)


def test_a_window_needs_a_start() -> None:
    with pytest.raises(DeclarationError, match="Window needs 'start'"):
        Window()


def test_a_period_needs_a_time_zone() -> None:
    with pytest.raises(DeclarationError, match="Period: `start`"):
        Period(start=datetime(2026, 1, 1), end=REFERENCE)


def test_a_period_is_not_empty() -> None:
    with pytest.raises(DeclarationError, match="A period ends after it starts"):
        Period(start=REFERENCE, end=REFERENCE)


def test_windows_that_meet_are_apart() -> None:
    check_apart(tune=Window("-90d", "-60d"), validate=Window("-60d", "-30d"), test=Window("-30d"), other=None)


@pytest.mark.parametrize("order", list(permutations(["tune", "validate", "test"])))
def test_windows_that_overlap_are_refused_by_name(order: tuple[str, ...]) -> None:
    declared = {"tune": Window("-90d", "-60d"), "validate": Window("-61d", "-30d"), "test": Window("-30d")}

    with pytest.raises(DeclarationError) as err:
        check_apart(**{name: declared[name] for name in order})

    assert "tune is (-90d, -60d) and validate is (-61d, -30d)" in str(err.value)


def test_a_window_inside_another_overlaps() -> None:
    with pytest.raises(DeclarationError, match="must not overlap"):
        check_apart(tune=Window("-90d"), test=Window("-60d", "-30d"))


@pytest.mark.parametrize("test", ["-720h", "-719h", "-29d24h"])
def test_windows_that_would_overlap_where_clocks_change_are_refused(test: str) -> None:
    with pytest.raises(DeclarationError, match=r"where clocks change .* both ends in days, or both in hours"):
        check_apart(tuning=Window("-60d", "-30d"), test=Window(test))
    check_apart(tuning=Window("-60d", "-30d"), test=Window("-700h"))
    check_apart(tuning=Window("-1440h", "-720h"), test=Window("-720h"))


def test_a_window_that_would_be_empty_where_clocks_change_is_refused() -> None:
    with pytest.raises(DeclarationError, match="both ends in days, or both in hours"):
        Window("-25h", "-1d")
    assert Window("-1d1h", "-1d").start < timedelta(days=-1)


@pytest.mark.parametrize(
    ("window", "name"),
    [
        (Window("-16w", "-8w"), "16w-8w"),
        (Window("-112d", timedelta(days=-56)), "16w-8w"),
        (Window("-60d", "-1w"), "60d-1w"),
        (Window("-36h", "-90m"), "36h-1h30m"),
        (Window("-8w"), "8w-0d"),
    ],
)
def test_a_window_has_a_name_however_it_was_written(window: Window, name: str) -> None:
    assert window.name == name
    assert without_window(window_family("bikes/tokyo", name) + "@r~2") == "bikes/tokyo@r~2"


@pytest.mark.parametrize("name", ["bikes/tokyo@r", "16w-8w@r", "bikes@r/16w-8w"])
def test_only_the_last_part_of_a_study_s_name_is_a_window(name: str) -> None:
    assert without_window(name) == name


TWO = [Window("-16w", "-8w"), Window("-32w", "-24w")]


@pytest.mark.parametrize("given", [TWO, tuple(TWO), TWO[:1], TWO[0]])
def test_one_window_or_several_are_taken(given: Any) -> None:
    assert checked_windows("tuning", given) == tuple(TWO[: 1 if isinstance(given, Window) else len(given)])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], r"Write tuning=\[Window\('-60d', '-30d'\), "),
        (["-8w", "-4w"], r"`tuning` is a Window, or a list of them, but got \['-8w'"),
        ([TWO[0], "-4w"], "or a list of them"),
        (("-8w", "-4w"), r"Write tuning=Window\('-8w', '-4w'\)\."),
        ([TWO[0], Window("-112d", "-56d")], "tuning has 16w-8w twice"),
        (None, r"Write tuning=Window\('-60d', '-30d'\)\."),
    ],
)
def test_windows_that_make_no_sense_are_refused(given: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        checked_windows("tuning", given)
