"""`airflow hpo studies drain`, from its words to what it prints and does."""

from __future__ import annotations

import json

import pytest

from airflow_hpo.hooks.system_user import system_user
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from tests.integration.cli.test_commands import Command, run
from tests.integration.trial_tasks import Tuned, declared

__all__ = ["run"]


@pytest.fixture
def tuned(run: Command, default_database: Database) -> Tuned:
    """A study of which one trial is complete, one runs, and two wait for their tasks."""
    tuned = Tuned(Store(default_database), declared())
    first, second, *_ = tuned.suggest()
    tuned.complete(first, value=0.25)
    tuned.started(second)
    return tuned


def test_it_says_what_runs_and_what_waits_and_who_looks_is_told(run: Command, tuned: Tuned) -> None:
    said, waits, runs = run("studies", "drain", "demo").splitlines()
    drained = tuned.store.edition(tuned.name).drained
    assert said == f"demo@r: {drained}"
    assert f" by {system_user()}: nothing new starts until `airflow hpo studies drain demo@r --cancel`." in said
    assert waits == "Trials 2, 3 are suggested and not begun; what has not begun waits."
    assert runs == "Trial 1 is running and left to finish."
    for command in ("show", "why"):
        assert drained in run("studies", command, "demo").splitlines()
    assert json.loads(run("studies", "list", "-o", "json"))[0]["state"] == "drained"
    assert json.loads(run("studies", "show", "demo", "-o", "json"))[0]["drained"] == drained


def test_all_are_drained_but_what_has_finished_and_all_go_on(run: Command, tuned: Tuned) -> None:
    other, over = (Tuned(tuned.store, declared(name=name, max_trials=1)) for name in ("other", "over"))
    over.complete(over.suggest()[0])
    finish(over.store, status(over.store, over.name))
    assert [
        line.partition(":")[0] for line in run("studies", "drain", "--all").splitlines() if ": It is drained" in line
    ] == [
        "other@r",
        "demo@r",
    ]
    assert other.suggest() == []
    assert run("studies", "drain", "--all", "--cancel").splitlines() == ["other@r goes on.", "demo@r goes on."]
    assert len(other.suggest()) == 1
    assert run("studies", "drain", "demo", "--cancel") == "Nothing is drained, so there is nothing to cancel.\n"


def test_when_nothing_runs_any_more_it_says_so(run: Command, tuned: Tuned) -> None:
    tuned.complete(tuned.suggest()[1], value=0.5)
    assert run("studies", "drain", "demo@r").splitlines()[-1] == "Nothing runs."


def test_a_finished_study_has_nothing_to_drain(run: Command, tuned: Tuned) -> None:
    for request in tuned.suggest():
        tuned.complete(request)
    finish(tuned.store, status(tuned.store, tuned.name), accept_incomplete=True)
    assert run("studies", "drain", "demo") == "What has finished starts nothing, so there is nothing to drain.\n"


@pytest.mark.parametrize("words", [(), ("demo", "--all")])
def test_a_study_is_named_or_all_are_meant(run: Command, tuned: Tuned, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit, match="Either a study is named or all are meant"):
        run("studies", "drain", *words)
