from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_hpo.core.calendar import split
from airflow_hpo.core.window import Period
from airflow_hpo.exceptions import DeclarationError


def period(days: float) -> Period:
    end = datetime(2026, 3, 1, tzinfo=UTC)
    return Period(start=end - timedelta(days=days), end=end)


def test_a_fortnight_has_two_weeks() -> None:
    assert [s.name for s in split(period(14), "1w")] == ["2026-02-15", "2026-02-22"]


def test_a_scenario_has_a_period_of_its_own() -> None:
    first, second = split(period(2), "1d")
    assert (first.period.start, first.period.end, second.period.end) == (
        datetime(2026, 2, 27, tzinfo=UTC),
        datetime(2026, 2, 28, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_what_is_shorter_than_a_scenario_is_left_out_at_the_start() -> None:
    assert [s.name for s in split(period(10), timedelta(weeks=1))] == ["2026-02-22"]


def test_hours_have_names_of_their_own() -> None:
    assert [s.name for s in split(period(0.5), "6h")] == ["2026-02-28T12:00:00+00:00", "2026-02-28T18:00:00+00:00"]


def test_a_period_without_room_for_one_scenario_is_refused() -> None:
    with pytest.raises(DeclarationError, match="at least one scenario, but 2026-02-26"):
        split(period(3), "1w")


@pytest.mark.parametrize("every", ["0d", "-1d", "week", 7, None])
def test_a_length_that_is_none_is_refused(every: object) -> None:
    with pytest.raises(DeclarationError, match="positive timedelta or text such as '1d'"):
        split(period(30), every)  # type: ignore[arg-type]
