"""Editions that a DAG run left unfinished when it ended."""

from __future__ import annotations

import pytest

from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.budget import End
from airflow_hpo.core.owner import DagRunEnd, DagRunKey, Owner
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.stopped_runs import end_of_runs, end_stopped, end_stopped_editions
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import reserve, suggest
from airflow_hpo.trials.claim import begin, claim
from tests.integration.studies.test_owner import start
from tests.integration.trial_tasks import WORK, Tuned, declared

RUN = DagRunKey("tune", "r")
FAILED = DagRunEnd(RUN, "failed")


def ended_now(tuned: Tuned) -> None:
    end_stopped(tuned.store, tuned.store.edition(tuned.name), FAILED)


@pytest.fixture
def stopped(tuned: Tuned) -> Tuned:
    """An edition with one complete trial, one that ran when its DAG run was stopped, and two that had not begun."""
    first, second, *_ = tuned.suggest()
    tuned.complete(first, value=0.25)
    tuned.started(second)
    return tuned


def test_an_edition_of_a_stopped_run_ends_and_names_the_run(stopped: Tuned) -> None:
    ended_now(stopped)
    edition = stopped.store.edition(stopped.name)
    assert (edition.end, edition.best_number, edition.best_value) == (End.INCOMPLETE, 0, 0.25)
    assert edition.reason == (
        "DAG run 'r' of DAG 'tune' ended as failed before the study ended: 1 of 10 trials are successful."
    )
    assert edition.finished is not None


def test_the_trials_of_a_stopped_run_are_given_up_and_their_attempts_lost(stopped: Tuned) -> None:
    ended_now(stopped)
    assert stopped.states() == [TrialState.COMPLETE, *[TrialState.FAIL] * 3]
    (attempt,) = stopped.attempts(1)
    assert (attempt.outcome, attempt.reason) == (
        AttemptOutcome.LOST,
        "DAG run 'r' of DAG 'tune' ended as failed, and the trial had no result.",
    )


def test_an_edition_that_had_come_to_its_end_keeps_it(store: Store) -> None:
    tuned = Tuned(store, declared(objective={"metric": "loss", "goal": 0.5}))
    tuned.complete(tuned.suggest()[0], value=0.25)
    ended_now(tuned)
    edition = store.edition(tuned.name)
    assert edition.end is End.GOAL
    assert (edition.reason or "").startswith("DAG run 'r' of DAG 'tune' ended as failed. The goal 0.5 was reached")


@pytest.mark.parametrize("opened_by", ["its own run, which was cleared", "the next run"])
def test_an_edition_that_was_opened_meanwhile_is_left_alone(stopped: Tuned, opened_by: str) -> None:
    seen = stopped.store.edition(stopped.name)
    if opened_by == "the next run":
        open_edition(stopped.store, stopped.study, "r", TaskTry(TaskRun("tune", "next", "tune.start")), RUN)
    else:
        ended_now(stopped)
        open_edition(stopped.store, stopped.study, "r", TaskTry(TaskRun("tune", "r", "tune.start")))
    states = stopped.states()
    assert end_stopped(stopped.store, seen, FAILED).finished is None
    assert stopped.states() == states


@pytest.mark.parametrize("ask", [suggest, lambda *args: reserve(*args, limit=9)], ids=["batch", "reserve"])
def test_a_person_who_clears_suggest_lets_the_edition_go_on(stopped: Tuned, ask: object) -> None:
    ended_now(stopped)
    assert ask(stopped.store, stopped.name, 2)  # type: ignore[operator]
    edition = stopped.store.edition(stopped.name)
    assert (edition.finished, edition.end, edition.reason) == (None, None, None)


def test_an_edition_with_an_end_of_its_own_is_not_opened_by_suggest(store: Store) -> None:
    tuned = Tuned(store, declared(objective={"metric": "loss", "goal": 0.5}))
    tuned.complete(tuned.suggest()[0], value=0.25)
    ended_now(tuned)
    assert tuned.suggest(2) == []
    assert store.edition(tuned.name).end is End.GOAL


def test_a_trial_of_a_stopped_run_that_a_person_clears_runs_again(stopped: Tuned) -> None:
    request = stopped.suggest()[1]
    ended_now(stopped)
    stopped.complete(request, value=0.125, try_number=2)
    progress = stopped.progress()
    assert (progress.complete, progress.best and progress.best.value) == (2, 0.125)


def test_every_other_edition_of_the_study_is_ended_whose_run_has_ended(store: Store) -> None:
    for run in ("ended", "runs", "now"):
        open_edition(store, declared(), run, start(run_id=run))
    open_edition(store, declared(name="other"), "ended", start("another"))
    states = {DagRunKey("monthly", "ended"): "success", DagRunKey("monthly", "now"): "failed"}
    found = end_stopped_editions(store, "demo", states.get, but="demo@now")
    assert [edition.name for edition in found] == ["demo@ended"]
    assert end_stopped_editions(store, "demo", states.get, but="demo@now") == []
    assert store.edition("other@ended").finished is None


def test_a_shared_edition_is_stopped_when_the_runs_of_all_groups_have_ended(store: Store) -> None:
    for dag_id in ("one", "two"):
        open_edition(store, declared(shared=True), "main", start(dag_id, run_id="r"))
    states = {DagRunKey("two", "r"): "failed"}
    assert end_of_runs(store, store.edition("demo@main"), states.get) is None
    states[DagRunKey("one", "r")] = "success"
    assert end_of_runs(store, store.edition("demo@main"), states.get) == DagRunEnd(DagRunKey("two", "r"), "failed")


def test_an_edition_is_not_stopped_while_a_trial_runs_that_was_cleared_in_an_earlier_run(store: Store) -> None:
    open_edition(store, declared(), "main", start(run_id="A"))
    request = suggest(store, "demo@main", 1, Owner("monthly", "tune"))[0]
    open_edition(store, declared(), "main", start(run_id="B"), DagRunKey("monthly", "A"))
    place = TaskTry(TaskRun("monthly", "A", "tune.batch_001.trial", 0))
    begin(store, claim(store, request, WORK, place), place, "process", Placement())
    states = {DagRunKey("monthly", "B"): "failed"}
    assert end_of_runs(store, store.edition("demo@main"), states.get) is None
    states[DagRunKey("monthly", "A")] = "failed"
    assert end_of_runs(store, store.edition("demo@main"), states.get)


def test_an_edition_that_has_ended_is_not_stopped(tuned: Tuned) -> None:
    ended_now(tuned)
    assert end_of_runs(tuned.store, tuned.store.edition(tuned.name), lambda run: "failed") is None
