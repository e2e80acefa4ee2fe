from __future__ import annotations

import math
from dataclasses import replace

import pytest

from airflow_hpo.core.attempt import MetricValue, TaskRun
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import attempts, editions, metric_series
from airflow_hpo.storage.database import Database

STUDY = Study(name="s", objective=Objective("loss"), space={"x": Float(0, 1)}, max_trials=9)
EDITION = "s@r"
TASK = TaskRun("tune", "r", "trial")


@pytest.fixture
def store(database: Database) -> Database:
    """A store whose trial 0 was attempted twice and trial 1 once."""
    with database.session() as session:
        editions.declare(session, STUDY, "r")
        for number, attempt in ((0, 1), (0, 2), (1, 1)):
            attempts.begin(session, EDITION, number, replace(TASK, try_number=attempt), backend="process")
    return database


def add(store: Database, number: int, attempt: int, *points: tuple[str, int, float]) -> None:
    with store.session() as session:
        metric_series.add(session, EDITION, number, attempt, points)


def series(store: Database, *args, **options) -> list[MetricValue]:
    with store.session(read_only=True) as session:
        return metric_series.series(session, EDITION, *args, **options)


def points(store: Database, *args, **options) -> list[tuple[int, int, str, int, float]]:
    return [(v.number, v.attempt, v.name, v.step, v.value) for v in series(store, *args, **options)]


def test_values_come_back_in_the_order_of_their_steps(store: Database):
    add(store, 1, 1, ("loss", 10, 0.1), ("loss", 2, 0.2), ("acc", 1, 0.9))
    assert points(store) == [(1, 1, "acc", 1, 0.9), (1, 1, "loss", 2, 0.2), (1, 1, "loss", 10, 0.1)]
    assert series(store)[0].reported.tzinfo is not None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, 5e-324])
def test_a_value_is_kept_as_it_was_reported(store: Database, value: float):
    add(store, 1, 1, ("loss", 1, value))
    assert repr(series(store)[0].value) == repr(value)


def test_a_step_keeps_its_first_value(store: Database):
    add(store, 1, 1, ("loss", 1, 0.1), ("loss", 1, 0.2))
    add(store, 1, 1, ("loss", 1, 0.3), ("loss", 2, 0.4))
    assert points(store, name="loss") == [(1, 1, "loss", 1, 0.1), (1, 1, "loss", 2, 0.4)]


def test_of_a_trial_that_ran_twice_the_newest_attempt_is_told(store: Database):
    add(store, 0, 1, ("loss", 1, 0.1))
    add(store, 0, 2, ("loss", 1, 0.2))
    add(store, 1, 1, ("loss", 1, 0.3))
    assert points(store) == [(0, 2, "loss", 1, 0.2), (1, 1, "loss", 1, 0.3)]
    assert points(store, 0, every_attempt=True) == [(0, 1, "loss", 1, 0.1), (0, 2, "loss", 1, 0.2)]


def test_a_newest_attempt_that_reported_nothing_has_nothing(store: Database):
    add(store, 0, 1, ("loss", 1, 0.1))
    assert points(store, 0) == []


def test_the_attempt_that_gave_the_result_is_told_though_a_later_one_had_begun(store: Database):
    add(store, 0, 1, ("loss", 1, 0.1), ("loss", 2, 0.2))
    add(store, 0, 2, ("loss", 1, 0.1))
    with store.session() as session:
        attempts.finish(session, attempts.of(session, EDITION, 0)[0], Outcome(AttemptOutcome.COMPLETE))
    assert points(store, 0) == [(0, 1, "loss", 1, 0.1), (0, 1, "loss", 2, 0.2)]
    with store.session() as session:
        attempts.finish(session, attempts.of(session, EDITION, 0)[1], Outcome(AttemptOutcome.LOST))
    assert points(store, 0) == [(0, 1, "loss", 1, 0.1), (0, 1, "loss", 2, 0.2)]


def test_one_metric_may_be_asked_for(store: Database):
    add(store, 1, 1, ("loss", 1, 0.1), ("acc", 1, 0.9))
    assert [value.name for value in series(store, name="acc")] == ["acc"]


def test_ten_thousand_values_are_kept_at_once(store: Database):
    add(store, 1, 1, *(("loss", step, float(step)) for step in range(10_000)))
    assert len(series(store, 1)) == 10_000


def test_no_values_are_nothing_to_do(store: Database):
    add(store, 1, 1)
    assert series(store) == []


def test_values_of_an_attempt_that_never_began_are_refused(store: Database):
    with pytest.raises(StudyNotFoundError, match="no attempt 3 of trial 1"):
        add(store, 1, 3, ("loss", 1, 0.1))
