from __future__ import annotations

import pytest
import time_machine

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.phases import Moments, Phase
from airflow_hpo.core.placement import UNKNOWN
from airflow_hpo.core.waiting import Waiting, WaitsFor
from airflow_hpo.exceptions import DeclarationError, StudyNotFoundError
from airflow_hpo.storage import attempts
from airflow_hpo.storage.tables import AttemptRow
from airflow_hpo.studies.phases import phase_sentences, plan_study
from airflow_hpo.studies.run_tasks import RunTasks
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.why import explain
from airflow_hpo.trials.attempts import wait_for
from airflow_hpo.trials.claim import begin
from airflow_hpo.trials.conclude import conclude
from tests.integration.timed_pods import NOON, STUDY, at, pods
from tests.integration.trial_tasks import Tuned, declared, task_try_of

TASKS = RunTasks("running", (), "tune")


def test_the_seconds_of_each_phase_are_kept_with_the_attempt(store: Store) -> None:
    [first, *_] = pods(store).attempts()
    assert first.seconds == {"pool": 7, "creation": 0, "scheduling": 490, "start": 3, "running": 600, "telling": 2}


def test_the_newest_attempts_are_looked_at_for_what_takes_the_time(store: Store) -> None:
    tuned = pods(store)
    with store.session(read_only=True) as session:
        assert [one.number for one in attempts.newest(session, tuned.name, 2)] == [3, 4]
        assert attempts.newest(session, tuned.name, 100) == attempts.of(session, tuned.name)
        assert phase_sentences(session, store.edition(tuned.name))[0].startswith("5 of 5 pods waited for a node")


def test_a_trial_that_its_own_task_asks_for_has_waited_since_its_slot_was_free(store: Store) -> None:
    with time_machine.travel(NOON, tick=False):
        tuned = Tuned(store, declared(max_trials=9, parallelism=1, batch_size=1), "r")
    found = []
    for batch, moment in enumerate((20, 100), start=1):
        with time_machine.travel(at(moment), tick=False):
            [request] = tuned.suggest(batch)
            claimed = tuned.claim(request)
            attempt = begin(store, claimed, task_try_of(request.key), "process", UNKNOWN, asked_here=True)
        with time_machine.travel(at(moment + 50), tick=False):
            conclude(store, attempt, Outcome.complete(Measurement(0.5, {})))
        found.append(attempt.seconds)
    assert found == [{Phase.POOL: 20}, {Phase.POOL: 30}]


def test_a_retry_and_a_rerun_have_not_waited_for_their_tasks(store: Store) -> None:
    tuned = Tuned(store, STUDY, "r")
    request = tuned.suggest()[0]
    tuned.started(request)
    _, second = tuned.started(request, try_number=2)
    assert second.seconds == {}
    tuned.complete(request, 0.5, try_number=2)
    _, again = tuned.started(request, try_number=3, rerun="always")
    assert again.seconds == {}


def test_why_names_the_place_that_more_slots_do_not_make_faster(store: Store) -> None:
    tuned = pods(store)
    said = explain(store, tuned.name, TASKS).study
    assert any(one.startswith("5 of 5 pods waited for a node, 40 min 50 s in all") for one in said)


def test_pods_that_wait_for_a_node_now_are_counted_with_the_time_until_now(store: Store) -> None:
    with time_machine.travel(NOON, tick=False):
        tuned = Tuned(store, STUDY, "r")
        for request in tuned.suggest():
            attempt = begin(store, tuned.claim(request), task_try_of(request.key), "pod", UNKNOWN)
            wait_for(store, attempt, Waiting(WaitsFor.NODE))
    with time_machine.travel(at(492), tick=False):
        said = explain(store, tuned.name, TASKS).study
    assert any(one.startswith("5 of 5 pods waited for a node, 41 min 00 s in all") for one in said)


def test_pods_that_run_now_have_waited_as_long_as_they_did(store: Store) -> None:
    with time_machine.travel(NOON, tick=False):
        tuned = Tuned(store, STUDY, "r")
        for request in tuned.suggest():
            attempt = begin(store, tuned.claim(request), task_try_of(request.key), "pod", UNKNOWN)
            waits = wait_for(store, attempt, Waiting(WaitsFor.NODE))
            wait_for(store, waits, None, Moments(NOON, at(492), at(495)))
    with time_machine.travel(at(600), tick=False):
        said = explain(store, tuned.name, TASKS).study
    assert any(one.startswith("5 of 5 pods waited for a node, 41 min 00 s in all (82% of") for one in said)


def test_a_plan_is_made_from_what_earlier_editions_took(store: Store) -> None:
    pods(store, "first")
    pods(store, "second", node_after=0)
    found = plan_study(store, "demo", [1, 5], trials=10)
    assert (found.editions, found.measured, found.attempts) == (["demo@second", "demo@first"], 10, 10)
    # 5 slots: five of 7 + 3 + 600 + 2 s, then five that wait 490 s more.
    assert [round(one.continuous) for one in found.planned] == [8570, 1714]
    assert found.sentences[0].startswith("Even with 5 at once more would pay: twice as many would save 36%")


def test_attempts_of_an_earlier_version_are_forecast_with_their_whole_time(store: Store) -> None:
    tuned = pods(store)
    with store.session() as session:
        session.query(AttemptRow).update({"seconds": None})
    assert [one.seconds for one in tuned.attempts()] == [None] * 5
    found = plan_study(store, "demo", [5])
    assert (found.without_phases, round(found.planned[0].continuous)) == (5, 1095)
    assert "5 of them waited for is not known" in found.sentences[-1]
    assert not any("waited for" in one for one in explain(store, tuned.name, TASKS).study)


def test_a_plan_needs_trials_and_numbers(store: Store) -> None:
    Tuned(store, STUDY, "r")
    with pytest.raises(StudyNotFoundError, match="no attempt of 'demo' has ended yet"):
        plan_study(store, "demo")
    with pytest.raises(DeclarationError, match=r"parallelism=\[0\]"):
        plan_study(store, "demo", [0])
