"""`airflow hpo studies set` and `extend`, from their words to what they print, change and keep, on every database."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from airflow_hpo.storage import acts
from airflow_hpo.studies.stop import request_stop
from airflow_hpo.studies.store import Store
from tests.integration.cli.test_commands import Command, run
from tests.integration.trial_tasks import Tuned, declared

__all__ = ["run"]


@pytest.fixture
def tuned(run: Command, store: Store, monkeypatch: pytest.MonkeyPatch) -> Tuned:
    """A study that runs, in the database that commands find."""
    url = store.database.engine.url
    server = {"host": url.host, "port": url.port, "login": url.username, "password": url.password}
    fields = {"conn_type": "postgres", "schema": url.database, "extra": {"db_schema": store.database.schema}, **server}
    on_disk = {"conn_type": "sqlite", "host": url.database}
    sqlite = url.get_backend_name() == "sqlite"
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", json.dumps(on_disk if sqlite else fields))
    return Tuned(store, declared(max_parallelism=8, space={"x": {"type": "int", "low": 1, "high": 50}}))


def test_settings_are_changed_together_said_and_kept_with_who_set_them(run: Command, tuned: Tuned) -> None:
    said = run("studies", "set", "demo", "parallelism=7.0", "max_trials=20", "timeout=90m", "sampler=tpe")
    now = "demo@r: 20 trials, 7 at once, timeout 1:30:00, sampler tpe. This run differs from its file: "
    differs = "max_trials is 20 instead of 10, parallelism is 7 instead of 4, timeout is 1:30:00 instead of none"
    assert said.strip() == f"{now}{differs}, sampler is tpe instead of random."
    assert "set max_trials to 20 (before: 10), parallelism to 7 (before: 4)" in run("studies", "show", "demo@r")
    assert run("studies", "set", "demo", "timeout=5400").startswith("demo@r: 20 trials, 7 at once, timeout 1:30:00")
    assert len(tuned.store.read(acts.of, tuned.name)) == 1
    back = run("studies", "set", "demo", "parallelism=4", "max_trials=1e1", "timeout=none", "sampler=random")
    assert back.strip() == "demo@r: 10 trials, 4 at once, no timeout, sampler random. That is what its file declares."


def test_more_trials_are_wanted(run: Command, tuned: Tuned) -> None:
    assert run("studies", "extend", "demo", "20").startswith("demo@r: 30 trials, 4 at once")
    assert run("studies", "extend", "demo@r", "1").startswith("demo@r: 31 trials, 4 at once")


REFUSED = {
    "set demo paralelism=4": "but got 'paralelism'. Did you mean 'parallelism'",
    "set demo parallelism 4": "as name=value, but got 'parallelism'",
    "set demo parallelism=4 parallelism=5": "once each",
    "set demo parallelism=7.5": "whole number",
    "set demo parallelism=9": "laid out for 8 trials at once.*Write max_parallelism=9 in its file",
    "set demo timeout=soon": "timeout.*such as 'PT2H', but got 'soon'",
    "set demo timeout=0": "must be positive",
    "set demo sampler=tep": "Did you mean 'tpe'",
    "set nosuch parallelism=4": "'nosuch'",
    "extend demo 0": "1 trial or more",
}


def test_what_is_not_possible_ends_with_a_sentence_and_changes_nothing(run: Command, tuned: Tuned) -> None:
    for words, said in REFUSED.items():
        with pytest.raises(SystemExit, match=said):
            run("studies", *words.split())
    assert tuned.store.edition(tuned.name).study == tuned.study
    assert tuned.store.read(acts.of, tuned.name) == []


def test_a_study_that_is_over_is_not_changed(run: Command, tuned: Tuned) -> None:
    request_stop(tuned.store, tuned.name, "Enough.")
    for words in (("set", "demo", "parallelism=2"), ("extend", "demo", "1")):
        with pytest.raises(SystemExit, match=r"is over.*Start another run"):
            run("studies", *words)


def test_two_people_who_extend_from_two_processes_both_get_their_trials(run: Command, tuned: Tuned) -> None:
    code = "from airflow_hpo import HpoHook; HpoHook(patience=0).extend_study('demo', 10)"
    both = [subprocess.Popen([sys.executable, "-c", code], env=os.environ.copy()) for _ in range(2)]
    assert [each.wait() for each in both] == [0, 0]
    assert tuned.store.edition(tuned.name).study.max_trials == 30
    assert len(tuned.store.read(acts.of, tuned.name)) == 2
