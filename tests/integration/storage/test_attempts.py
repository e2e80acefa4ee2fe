from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest
import time_machine

from airflow_hpo.core.attempt import Attempt, TaskRun
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import attempts, editions
from airflow_hpo.storage.database import Database

STUDY = Study(name="s", objective=Objective("loss"), space={"x": Float(0, 1)}, max_trials=9)
EDITION = "s@r"
TASK = TaskRun("tune", "r", "hpo.batch_001.trial", map_index=3)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(database: Database) -> Database:
    with database.session() as session:
        editions.declare(session, STUDY, "r")
    return database


def begin(store: Database, number: int = 5, task: TaskRun = TASK, **more) -> Attempt:
    with store.session() as session:
        return attempts.begin(session, EDITION, number, task, backend="process", **more)


def finish(store: Database, attempt: Attempt, state: AttemptOutcome, **more) -> Attempt:
    with store.session() as session:
        attempts.finish(session, attempt, Outcome(state, **more))
        return attempts.of(session, EDITION, attempt.number)[-1]


def all_of(store: Database, number: int | None = None) -> list[Attempt]:
    with store.session(read_only=True) as session:
        return attempts.of(session, EDITION, number)


def test_an_attempt_never_ends_before_it_began_although_the_clock_went_back(store: Database):
    with time_machine.travel(NOON, tick=False):
        attempt = begin(store)
    with time_machine.travel(NOON - timedelta(hours=1), tick=False):
        assert finish(store, attempt, AttemptOutcome.COMPLETE).finished == NOON


def test_an_attempt_that_begins_is_running(store: Database):
    with time_machine.travel(NOON, tick=False):
        attempt = begin(store, placement=Placement(host="a", pid=7), work="0f" * 8)
    assert attempt == Attempt(
        study=EDITION,
        number=5,
        attempt=1,
        task=TASK,
        backend="process",
        started=NOON,
        placement=Placement(host="a", pid=7),
        work="0f" * 8,
        seconds={},
    )
    assert all_of(store) == [attempt]


def test_the_same_try_has_one_attempt(store: Database):
    assert begin(store) == begin(store)
    assert len(all_of(store)) == 1


def test_another_try_is_the_next_attempt(store: Database):
    begin(store)
    assert begin(store, task=replace(TASK, try_number=2)).attempt == 2


def test_attempts_are_counted_for_each_trial(store: Database):
    begin(store)
    assert begin(store, number=6).attempt == 1


def test_an_attempt_of_no_study_is_refused(store: Database):
    with pytest.raises(StudyNotFoundError), store.session() as session:
        attempts.begin(session, "s@q", 0, TASK, backend="process")


def test_a_failed_attempt_says_who_is_to_blame_and_why(store: Database):
    with time_machine.travel(NOON, tick=False):
        begun = begin(store)
        said = {"kind": FailureKind.PROGRAM, "reason": "It exited with 3.", "exit_code": 3}
        ended = finish(
            store,
            begun,
            AttemptOutcome.FAILED,
            measurement=Measurement(1.0, problems=("loss=abc",)),
            tail=["bad"],
            **said,
        )
    assert ended == replace(
        begun,
        outcome=AttemptOutcome.FAILED,
        finished=NOON,
        problems=("loss=abc",),
        log_tail="bad",
        seconds={"running": 0.0},
        **said,
    )


def test_an_attempt_that_ended_cannot_be_lost(store: Database):
    begun = begin(store)
    ended = finish(store, begun, AttemptOutcome.COMPLETE)
    assert finish(store, begun, AttemptOutcome.LOST, reason="Nobody heard of it.") == ended


def test_an_attempt_that_was_lost_may_still_be_heard_of(store: Database):
    begun = begin(store)
    finish(store, begun, AttemptOutcome.LOST, kind=FailureKind.INFRASTRUCTURE, reason="Nobody heard of it.")
    ended = finish(store, begun, AttemptOutcome.COMPLETE)
    assert (ended.outcome, ended.kind, ended.reason) == (AttemptOutcome.COMPLETE, None, None)


def test_of_two_that_saw_it_end_the_first_is_believed(store: Database):
    begun = begin(store)
    ended = finish(store, begun, AttemptOutcome.COMPLETE)
    assert finish(store, begun, AttemptOutcome.FAILED, reason="late") == ended


def test_an_attempt_that_never_began_has_no_placement(store: Database):
    with pytest.raises(StudyNotFoundError, match="no attempt 2 of trial 5"), store.session() as session:
        attempts.locate(session, EDITION, 5, 2, Placement(node="k1"))


def test_of_a_long_log_the_end_is_kept_and_what_no_database_takes_is_replaced(store: Database):
    ended = finish(store, begin(store), AttemptOutcome.COMPLETE, tail=["x" * 30_000 + "\x00é\ud800"])
    assert ended.log_tail is not None
    assert len(ended.log_tail) == attempts.TAIL_LENGTH
    assert ended.log_tail.endswith("x\ufffdé?")


def test_where_it_runs_may_be_learned_bit_by_bit(store: Database):
    begin(store, placement=Placement(pod="p", namespace="n"))
    with store.session() as session:
        attempts.locate(session, EDITION, 5, 1, Placement(node="k1"))
        [known] = attempts.of(session, EDITION, 5, lock=True)
        attempts.finish(session, known, Outcome(AttemptOutcome.COMPLETE, placement=Placement(image="i")))
    assert all_of(store)[0].placement == Placement(pod="p", namespace="n", node="k1", image="i")


def test_attempts_are_told_by_trial_and_by_run(store: Database):
    for number, attempt in ((6, 1), (5, 1), (5, 2)):
        begin(store, number, replace(TASK, try_number=attempt))
    assert [(a.number, a.attempt) for a in all_of(store)] == [(5, 1), (5, 2), (6, 1)]
    assert [(a.number, a.attempt) for a in all_of(store, 5)] == [(5, 1), (5, 2)]


def test_only_those_that_nobody_saw_end_are_running(store: Database):
    finish(store, begin(store), AttemptOutcome.PRUNED)
    begin(store, 6)
    with store.session(read_only=True) as session:
        assert [attempt.number for attempt in attempts.running(session, EDITION)] == [6]


def _begin_all(store: Database, try_number: int) -> None:
    for number in range(5):
        begin(store, number, replace(TASK, try_number=try_number))


def test_processes_that_begin_at_once_number_their_attempts_without_a_gap(store: Database):
    processes = [get_context("fork").Process(target=_begin_all, args=(store, n)) for n in (1, 1, 2, 2, 3, 3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    assert [(a.number, a.attempt) for a in all_of(store)] == [(n, k) for n in range(5) for k in (1, 2, 3)]
