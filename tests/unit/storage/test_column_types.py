from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite

from airflow_hpo.storage.column_types import PlainText, Reported, UtcDateTime

DIALECTS = [sqlite.dialect(), postgresql.dialect(), mysql.dialect()]


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request: pytest.FixtureRequest):
    return request.param


def test_a_moment_is_the_same_moment_in_utc_after_a_round_trip(dialect):
    moment = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    column = UtcDateTime()
    back = column.process_result_value(column.process_bind_param(moment, dialect), dialect)
    assert back == moment
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(dialect):
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 3, 1), dialect)


@pytest.mark.parametrize("value", [0.1, -0.0, math.inf, -math.inf, math.nan, 5e-324])
def test_a_reported_number_is_kept_as_it_was(dialect, value: float):
    column = Reported()
    back = column.process_result_value(column.process_bind_param(value, dialect), dialect)
    assert repr(back) == repr(value)


def test_mysql_is_never_given_an_infinity():
    assert math.isfinite(Reported().process_bind_param(-math.inf, mysql.dialect()))


def test_characters_that_a_database_refuses_are_replaced(dialect):
    assert PlainText().process_bind_param("a\x00b\ud800c é", dialect) == "a\ufffdb?c é"
