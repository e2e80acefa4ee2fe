"""Trials of three days in pods of a real cluster: one day fails, and runs again alone."""

from __future__ import annotations

import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.storage import attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from tests.cluster.trials_on_cluster import MakeTask, Task
from tests.integration.trial_tasks import Tuned, declared

pytestmark = pytest.mark.cluster

LOADS = {"mon": 1.0, "tue": 2.0, "wed": 6.0}
PROGRAM = """
import os, sys
trial, day, load = os.environ["HPO_TRIAL"], os.environ["HPO_SCENARIO"], os.environ["HPO_SCENARIO_LOAD"]
assert sys.argv[1:3] == [trial, day]
if (trial, day, sys.argv[3]) == ("1", "tue", "1"):
    sys.exit("no forecast")
print(f"time_s=1 loss={float(load) + float(trial)}")
"""
ARGUMENTS = ["{{ trial.number }}", "{{ trial.scenario.name }}", "{{ ti.try_number }}"]


@pytest.fixture
def tuned(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tuned:
    """An open edition of three trials of three days in the database that Airflow uses without a connection."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    days = [{"name": name, "values": {"load": load}} for name, load in LOADS.items()]
    study = declared(scenarios=days, max_trials=3, parallelism=9)
    return Tuned(Store(Database.sqlite(shutil.copy(tables, tmp_path / "hpo.db"))), study, uuid.uuid4().hex)


def test_a_day_that_fails_in_its_pod_runs_again_alone_and_the_value_is_the_mean(task: MakeTask, tuned: Tuned) -> None:
    tasks = [task(PROGRAM, arguments=ARGUMENTS, deferrable=False) for _ in range(9)]
    with ThreadPoolExecutor(3) as pool:
        failed = [trial for trial, error in zip(tasks, pool.map(_run, tasks), strict=True) if error]
    assert [trial.request.scenario.name for trial in failed if trial.request.scenario] == ["tue"]
    assert tuned.states() == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]

    failed[0].again().run()

    values = {record.number: record.value for record in tuned.records() if record.state is TrialState.COMPLETE}
    assert values == {0: pytest.approx(3.0), 2: pytest.approx(5.0), 3: pytest.approx(4.0)}
    assert (tuned.records()[3].replaces, tuned.progress().failed) == (1, 0)
    held = tuned.store.read(attempts.of, companion_of(tuned.name))
    assert [one.outcome for one in held].count(AttemptOutcome.FAILED) == 1
    assert len(held) == 10


def _run(trial: Task) -> str:
    try:
        trial.run()
    except AirflowFailException as err:
        return str(err)
    return ""
