"""A study goes on when all its trials fail at once, ends when a person stops it, and is watched until its run dies."""

from __future__ import annotations

import pytest

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.system.test_kills import programs, slow

__all__ = ["slow"]

REASON = "Enough for a test."
FAILING = {
    "one_program": 1,
    "programs": 2,
    "functions": 2,
    "batched_programs": 2,
    "batched_functions": 2,
    "pooled": 1,
    "pooled_continuous": 2,
}
"""Studies of which all running trials fail at once, with their slots."""
ENDED = f"The trial was ended before it had finished. The study was stopped: {REASON}"


def attempts_of(store: Store, name: str) -> dict[int, Attempt]:
    """The last attempt of each trial that has begun."""
    with store.session() as session:
        return {one.number: one for one in attempts.of(session, name)}


def states(store: Store, name: str) -> dict[int, TrialState]:
    return {record.number: record.state for record in store.optuna.records(name)}


@pytest.mark.parametrize(("running", "fate"), [("finish", TrialState.COMPLETE), ("stop", TrialState.PRUNED)])
def test_a_stopped_study_ends_with_its_best_trial_and_starts_nothing_further(
    airflow: LiveAirflow, store: Store, running: str, fate: TrialState
) -> None:
    run = DagRun.trigger(airflow, f"stopped_{running}")
    name = f"stopped_{running}@{run.run_id}"
    airflow.wait(lambda: run.tasks("tune.start")[0]["state"] == "success", "the study to start")
    airflow.wait(lambda: len(attempts_of(store, name)) >= 3, "a third trial to begin")
    airflow.wait(lambda: states(store, name)[0] is TrialState.COMPLETE, "the first trial to finish")
    said = airflow.cli("hpo", "studies", "stop", name, "--reason", REASON, "--running", running)
    assert f"{name} is stopped: nothing further is started. Reason: {REASON}" in said
    asked, going = len(states(store, name)), attempts_of(store, name)
    (airflow.home / "go-on").touch()

    assert run.wait(timeout=420) == "success"
    assert len(states(store, name)) == asked
    ended = {number for number, one in attempts_of(store, name).items() if one.reason == ENDED}
    assert states(store, name)[1] is fate
    assert (1 in ended) == (running == "stop")
    assert all(states(store, name)[number] is TrialState.PRUNED for number in set(states(store, name)) - set(going))

    result = run.xcom("tune.finish")
    assert (result["end"], result["failed"], result["value"]) == ("stopped", 0, 1.0)
    assert REASON in result["reason"]
    assert [ti for ti in run.tasks() if ti["state"] not in ("success", "skipped")] == []
    assert "has finished, and there is nothing to stop." in airflow.cli("hpo", "studies", "stop", name)


@pytest.fixture(scope="module")
def failing(airflow: LiveAirflow) -> dict[str, DagRun]:
    """Runs of studies of which all running trials fail at once; they take turns, as the machine is small."""
    airflow.post("/pools", {"name": "one_slot", "slots": 1, "include_deferred": True})
    return {name: DagRun.trigger(airflow, f"failing_{name}") for name in FAILING}


@pytest.mark.parametrize("name", FAILING)
def test_a_study_goes_on_when_all_its_running_trials_fail_at_once(
    failing: dict[str, DagRun], store: Store, name: str
) -> None:
    run = failing[name]
    assert run.wait(timeout=240) == "success"
    found = run.xcom("tune.finish")
    assert (found["complete"], found["failed"]) == (FAILING[name] + 1, 0)
    assert {one.attempt for one in attempts_of(store, found["edition"]).values()} == {2}


def test_watching_ends_when_the_run_of_the_study_has_died(airflow: LiveAirflow, slow: tuple[DagRun, str]) -> None:
    run, name = slow
    airflow.patch(run.path, {"state": "failed"})
    said = airflow.cli("hpo", "studies", "watch", name)
    assert f"The DAG run {run.run_id} of slow has ended (failed) before the study was over" in said
    airflow.wait(lambda: not programs(airflow), "the end of the programs", timeout=60)
