"""A study is killed in the middle, part by part, and loses nothing."""

from __future__ import annotations

import signal

import psutil
import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import last_attempt
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun


def programs(airflow: LiveAirflow) -> list[psutil.Process]:
    """The trial programs that run now."""
    marks = str(airflow.home / "marks")
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if len(line) == 4 and line[1] == "-c" and line[3] == marks:
            found.append(process)
    return found


def running(store: Store, name: str) -> int:
    return sum(r.state is TrialState.RUNNING for r in store.optuna.records(name))


def finished(store: Store, name: str) -> int:
    return sum(r.state.finished for r in store.optuna.records(name))


@pytest.fixture
def slow(airflow: LiveAirflow) -> tuple[DagRun, str]:
    """A running study of slow programs, and its edition."""
    run = DagRun.trigger(airflow, "slow")
    airflow.wait(lambda: len(programs(airflow)) >= 3, "trial programs to run")
    return run, f"slow@{run.run_id}"


def check_whole(run: DagRun, store: Store, name: str) -> None:
    records = store.optuna.records(name)
    assert [r.number for r in records] == list(range(len(records)))
    assert len({r.key for r in records}) == len(records)
    assert sum(r.state is TrialState.COMPLETE for r in records) == 12
    assert not any(r.state is TrialState.RUNNING for r in records)
    assert run.xcom("tune.finish")["complete"] == 12


def test_a_study_survives_the_death_of_a_task_the_scheduler_the_triggerer_and_the_api_server(
    airflow: LiveAirflow, slow: tuple[DagRun, str], store: Store
) -> None:
    run, name = slow
    runner = programs(airflow)[0].parents()[1]
    runner.send_signal(signal.SIGKILL)
    airflow.wait(lambda: finished(store, name) >= 2, "two trials to finish")

    airflow.processes.kill("triggerer")
    airflow.processes.start("triggerer")
    airflow.wait(lambda: finished(store, name) >= 4, "four trials to finish", timeout=180)

    airflow.processes.kill("scheduler")
    airflow.wait(lambda: not programs(airflow), "the dead scheduler's programs to be gone", timeout=60)
    airflow.processes.start("scheduler")
    airflow.wait(lambda: finished(store, name) >= 7, "seven trials to finish", timeout=240)

    airflow.processes.kill("api-server")
    airflow.processes.start("api-server")
    assert run.wait(timeout=420) == "success"
    check_whole(run, store, name)
    with store.session() as session:
        outcomes = {a.outcome.value for a in attempts.of(session, name)}
    assert "lost" in outcomes or "failed" in outcomes


def test_a_running_trial_that_is_marked_failed_ends_its_program_and_is_given_up(
    airflow: LiveAirflow, store: Store
) -> None:
    run = DagRun.trigger(airflow, "stuck")
    name = f"stuck@{run.run_id}"
    assert run.finish_of("tune.start") == "success"
    airflow.wait(lambda: last_attempt(store, name, 1), "trial 1 to run")
    path = f"{run.path}/taskInstances/tune.batch_001.trial/1"
    airflow.patch(path, {"new_state": "failed"})
    assert run.wait(timeout=280) == "success"
    assert [r.number for r in store.optuna.records(name) if r.state is TrialState.FAIL] == [1]
    check_whole(run, store, name)
