"""DAG runs that end while their trials run: by their time limit, and by a person who marks them."""

from __future__ import annotations

from functools import partial

import pytest

from airflow_hpo.core.budget import End
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.storage import attempts, editions
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

FAMILIES = {"overdue": "overdue", "marked": "marked", "marked_evaluation": "marked_evaluation/validate"}
"""The families of the DAGs' studies. The run of the first is ended by its time limit, while others are looked at."""


def edition_of(store: Store, family: str, run: DagRun) -> Edition | None:
    """The edition that a DAG run has opened."""
    found = [each for each in store.read(editions.find, family) if each.dag_run and each.dag_run.run_id == run.run_id]
    return found[0] if found else None


def going(store: Store, edition: Edition) -> tuple[int, int]:
    """How many trials run, and how many attempts."""
    trials = [r.number for r in store.optuna.records(edition.name) if r.state is TrialState.RUNNING]
    tries = [each for each in store.read(attempts.of, edition.name) if each.outcome is AttemptOutcome.RUNNING]
    return len(trials), len(tries)


@pytest.fixture(scope="module")
def runs(airflow: LiveAirflow, store: Store) -> dict[str, DagRun]:
    """One run of every DAG, all at once, each with a trial that runs."""
    runs = {dag_id: DagRun.trigger(airflow, dag_id) for dag_id in FAMILIES}
    for dag_id, run in runs.items():
        begun = partial(has_begun, store, FAMILIES[dag_id], run)
        airflow.wait(begun, f"a trial of {dag_id} to run")
    return runs


def has_begun(store: Store, family: str, run: DagRun) -> bool:
    """Say whether a trial of a DAG run runs."""
    edition = edition_of(store, family, run)
    return edition is not None and going(store, edition)[1] > 0


@pytest.mark.parametrize(
    "dag_id",
    ["marked", "marked_evaluation", "overdue"],
    ids=["marked failed", "an evaluation, marked failed", "dagrun_timeout"],
)
def test_a_run_that_is_stopped_while_its_trials_run_leaves_nothing_running_and_the_next_one_goes_on(
    airflow: LiveAirflow, store: Store, runs: dict[str, DagRun], dag_id: str
) -> None:
    stopped, family = runs[dag_id], FAMILIES[dag_id]
    if dag_id != "overdue":
        airflow.patch(stopped.path, {"state": "failed"})
    assert stopped.wait(timeout=300) == "failed"
    left = edition_of(store, family, stopped)
    assert left is not None
    assert left.finished is None
    said = airflow.cli("hpo", "studies", "why", left.name)
    assert f"It is stopped: DAG run '{stopped.run_id}' of DAG '{dag_id}' ended as failed" in " ".join(said.split())

    (airflow.home / f"{dag_id}-go-on").touch()
    following = DagRun.trigger(airflow, dag_id)
    assert following.wait(timeout=420) == "success"

    ended, done = edition_of(store, family, stopped), edition_of(store, family, following)
    assert ended is not None
    assert done is not None
    assert ended.end is End.INCOMPLETE
    assert (ended.reason or "").startswith(
        f"DAG run '{stopped.run_id}' of DAG '{dag_id}' ended as failed before the study"
    )
    assert done.finished is not None
    assert done.end is not End.INCOMPLETE
    assert (going(store, ended), going(store, done)) == ((0, 0), (0, 0))
