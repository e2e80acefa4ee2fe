"""`airflow hpo studies stop`, from its words to what it prints and does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_hpo.core.budget import End
from airflow_hpo.hooks import airflow_runs
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import Status, status
from airflow_hpo.studies.stop import must_not_start, reason_to_end
from airflow_hpo.studies.store import Store
from tests.integration.cli.test_commands import Command, run
from tests.integration.trial_tasks import Tuned, declared

__all__ = ["run"]


@pytest.fixture
def tuned(run: Command, default_database: Database) -> Tuned:
    """A study of which one trial is complete, one runs, and two wait for their tasks."""
    tuned = Tuned(Store(default_database), declared(objective={"metric": "loss", "goal": 0.01}))
    first, second, *_ = tuned.suggest()
    tuned.complete(first, value=0.25)
    tuned.started(second)
    return tuned


def look(tuned: Tuned) -> Status:
    return status(tuned.store, tuned.name)


def test_nothing_further_is_started_and_what_runs_is_left_to_finish(run: Command, tuned: Tuned) -> None:
    said = run("studies", "stop", "demo", "--reason", "The data are wrong.")
    assert said.splitlines() == [
        "demo@r is stopped: nothing further is started. Reason: The data are wrong.",
        "Trials 2, 3 are suggested and not begun; what has not begun does not start any more.",
        "Trial 1 is running and left to finish.",
    ]
    assert tuned.suggest(2) == []
    assert reason_to_end(tuned.store, tuned.name) is None
    assert "The data are wrong." in (must_not_start(tuned.store, tuned.store.edition(tuned.name), 0) or "")


def test_what_runs_is_ended_where_the_command_says_so(run: Command, tuned: Tuned) -> None:
    assert "Trial 1 is running and ended." in run("studies", "stop", "demo", "--running", "stop")
    assert reason_to_end(tuned.store, tuned.name)
    assert tuned.store.edition(tuned.name).study.search_fingerprint == tuned.study.search_fingerprint


def test_a_study_that_ends_what_runs_is_told_to_leave_it(run: Command, tmp_path: Path) -> None:
    tuned = Tuned(HpoHook().store, declared(when_over="stop"))
    run("studies", "stop", "demo", "--running", "finish")
    assert reason_to_end(tuned.store, tuned.name) is None


def test_the_result_is_the_best_trial_so_far(run: Command, tuned: Tuned) -> None:
    run("studies", "stop", "demo", "--reason", "Enough.")
    summary = finish(tuned.store, look(tuned))
    assert (summary.failure, summary.data["value"], summary.data["end"]) == (None, 0.25, "stopped")
    assert summary.data["reason"] == "The study was stopped: Enough."


def test_without_a_reason_it_says_who_asked(run: Command, tuned: Tuned) -> None:
    assert "asked for it on the command line" in run("studies", "stop", "demo")


def test_stopping_twice_keeps_the_first_reason(run: Command, tuned: Tuned) -> None:
    run("studies", "stop", "demo", "--reason", "First.")
    said = run("studies", "stop", "demo", "--reason", "Second.", "--running", "stop")
    assert said.startswith("demo@r was stopped before: nothing further is started. Reason: First.")
    assert "Trial 1 is running and ended." in said


def test_a_finished_study_stays_as_it_is(run: Command, tuned: Tuned) -> None:
    for request in tuned.suggest():
        tuned.complete(request, value=0.001)
    finish(tuned.store, look(tuned))
    said = run("studies", "stop", "demo", "--running", "stop")
    assert said.startswith("demo@r has finished, and there is nothing to stop. The goal 0.01 was reached")
    assert tuned.store.edition(tuned.name).end is End.GOAL
    assert tuned.store.edition(tuned.name).study.when_over == "finish"


def test_a_study_that_is_over_keeps_its_end_and_what_runs_may_be_ended(run: Command, tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[2], value=0.001)
    said = run("studies", "stop", "demo", "--running", "stop")
    assert said.startswith("demo@r is over already. The goal 0.01 was reached with 0.001.")
    assert look(tuned).verdict.end is End.GOAL
    assert "goal" in (reason_to_end(tuned.store, tuned.name) or "")


@pytest.fixture
def stopped(tuned: Tuned, monkeypatch: pytest.MonkeyPatch) -> Tuned:
    """The same study after its DAG run has failed."""
    monkeypatch.setattr(airflow_runs, "run_state", lambda dag_id, run_id: "failed")
    return tuned


def test_a_study_of_a_stopped_run_is_ended_and_its_result_is_the_best_so_far(run: Command, stopped: Tuned) -> None:
    said = run("studies", "stop", "demo", "--reason", "It hung.").splitlines()
    assert said == [
        "demo@r has ended. DAG run 'r' of DAG 'tune' ended as failed. The study was stopped: It hung.",
        "Clear its task finish to have its best trial as a result.",
    ]
    assert look(stopped).progress.running == 0
    assert finish(stopped.store, look(stopped)).data["end"] == "stopped"


def test_a_look_at_a_study_of_a_stopped_run_says_so_and_writes_nothing(run: Command, stopped: Tuned) -> None:
    assert json.loads(run("studies", "list", "-o", "json"))[0]["state"] == "stopped"
    for command in ("show", "why"):
        said = run("studies", command, "demo")
        assert "It is stopped: DAG run 'r' of DAG 'tune' ended as failed" in said
    assert stopped.store.edition(stopped.name).finished is None
    assert look(stopped).progress.running == 3


def test_an_unknown_study_is_named(run: Command) -> None:
    with pytest.raises(SystemExit, match="'nosuch'"):
        run("studies", "stop", "nosuch")
