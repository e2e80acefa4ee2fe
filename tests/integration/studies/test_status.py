from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from airflow_hpo.core.budget import End
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.progress import Pace
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.storage import editions
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import locate
from airflow_hpo.trials.lost import abandoned, reap
from tests.integration.trial_tasks import Tuned, declared


def test_a_new_study_may_fill_its_slots(tuned: Tuned) -> None:
    look = status(tuned.store, tuned.name)
    assert (look.may_start, look.ready, look.verdict.needed) == (4, True, 10)


def test_a_study_waits_for_a_batch_of_free_slots(tuned: Tuned) -> None:
    requests = tuned.suggest()
    ready = []
    for request in requests[:2]:
        tuned.complete(request)
        ready.append(status(tuned.store, tuned.name).ready)
    assert ready == [False, True]


def test_a_look_reads_in_one_line(tuned: Tuned) -> None:
    requests = tuned.suggest()
    tuned.complete(requests[0], value=0.25)
    tuned.fail(requests[1])
    assert str(status(tuned.store, tuned.name)) == (
        "demo@r: 1 complete, 0 pruned, 1 failed, 2 running of 10, best 0.25 (trial 0)"
    )


def test_a_look_says_how_many_trials_have_no_place_yet(store: Store) -> None:
    tuned = Tuned(store, declared(max_pending=2))
    first, second = tuned.suggest()
    tuned.started(first)
    tuned.in_pod(second)
    assert "2 running (1 without a place yet) of 10" in str(status(store, tuned.name))


def test_a_batch_is_due_when_its_trials_may_wait_for_a_place(store: Store) -> None:
    tuned = Tuned(store, declared(parallelism=6, max_pending=2))
    first, second = [tuned.in_pod(request) for request in tuned.suggest()]
    ready = []
    for attempt in (first, second):
        ready.append(status(store, tuned.name).ready)
        locate(store, attempt, Placement(node="node-1"))
    assert [*ready, status(store, tuned.name).ready] == [False, False, True]


def test_a_stopped_study_starts_nothing(tuned: Tuned) -> None:
    with tuned.store.session() as session:
        editions.request_stop(session, tuned.name, "enough")
    look = status(tuned.store, tuned.name)
    assert (look.verdict.end, look.may_start) == (End.STOPPED, 0)
    assert "enough" in look.verdict.reason


def test_a_study_times_out(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=60))
    tuned.started(tuned.suggest()[0])
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=False):
        assert status(store, tuned.name).verdict.end is End.TIMEOUT


def test_a_study_reopened_after_its_end_times_out_anew(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=60))
    with store.session() as session:
        editions.finish(session, tuned.name, End.TIMEOUT, "over")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=False):
        Tuned(store, declared(timeout=60))
        assert status(store, tuned.name).verdict.end is None


@pytest.mark.parametrize("state", ["success", "failed", "skipped", "upstream_failed", "removed"])
def test_a_running_trial_whose_task_has_ended_is_abandoned(tuned: Tuned, state: str) -> None:
    tuned.suggest()
    assert abandoned(tuned.records(), {(1, 0): "running", (1, 1): state, (1, 2): "queued"}) == [1]


@pytest.mark.parametrize("state", [None, "running", "queued", "scheduled", "deferred", "up_for_retry", "restarting"])
def test_a_running_trial_whose_task_may_go_on_is_not_abandoned(tuned: Tuned, state: str | None) -> None:
    tuned.suggest()
    assert abandoned(tuned.records(), {(1, index): state for index in range(4)}) == []


def test_a_rerun_is_watched_by_the_task_of_the_trial_it_replaces(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request)
    tuned.started(request, try_number=2)
    assert abandoned(tuned.records(), {(1, 0): "failed"}) == [4]


def test_a_trial_that_was_given_up_has_failed_and_its_attempt_is_lost(tuned: Tuned) -> None:
    tuned.started(tuned.suggest()[0])
    reap(tuned.store, tuned.name, [0])
    attempt = tuned.attempts(0)[0]
    assert tuned.states()[0] is TrialState.FAIL
    assert (attempt.outcome, attempt.kind) == (AttemptOutcome.LOST, FailureKind.KILLED)


def test_a_trial_that_never_began_is_given_up_too(tuned: Tuned) -> None:
    tuned.suggest()
    reap(tuned.store, tuned.name, [2])
    assert tuned.states()[2] is TrialState.FAIL


def test_a_complete_trial_is_never_given_up(tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[0], value=0.25)
    before = tuned.records()[0], tuned.attempts(0)
    reap(tuned.store, tuned.name, [0])
    assert (tuned.records()[0], tuned.attempts(0)) == before


def test_a_killed_attempt_keeps_its_own_reason_when_its_trial_is_given_up(tuned: Tuned) -> None:
    tuned.fail(tuned.suggest()[0], "killed")
    reap(tuned.store, tuned.name, [0])
    assert tuned.attempts(0)[0].reason == "It broke."


def test_a_log_tells_the_time_that_is_left_and_until_the_timeout(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=7200))
    tuned.complete(tuned.suggest()[0], value=0.5)
    look = replace(
        status(store, tuned.name), pace=Pace(None, timedelta(seconds=190)), until_timeout=timedelta(seconds=7140)
    )
    assert look.outlook == f"{look}, about 3 min 10 s left, 1 h 59 min until its timeout"
    assert "1 complete, 0 pruned, 0 failed, 3 running of 10, best 0.5 (trial 0)" in look.outlook


def test_the_timeout_that_is_left_is_what_attempts_have_not_used(store: Store) -> None:
    tuned = Tuned(store, declared(timeout=7200))
    look = status(store, tuned.name)
    assert look.until_timeout == timedelta(hours=2)
    assert look.pace.left is None
