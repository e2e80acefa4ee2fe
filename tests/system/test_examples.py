"""Every DAG in dags/ runs in a live Airflow and does what it says."""

from __future__ import annotations

import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

TRIALS = {
    "tune_function": 12,
    "tune_models": 10,
    "tune_grid": 6,
    "tune_continuously": 9,
    "tune_pipeline": 4,
    "compose_study": 4,
}
COMPARED = "compare_samplers"


@pytest.fixture(scope="module")
def runs(airflow: LiveAirflow) -> dict[str, DagRun]:
    """One run of every example, all at once."""
    return {dag_id: DagRun.trigger(airflow, dag_id) for dag_id in (*TRIALS, COMPARED)}


def finish_of(run: DagRun) -> str:
    return "finish" if run.dag_id == "compose_study" else "tune.finish"


@pytest.mark.parametrize("dag_id", TRIALS)
def test_an_example_runs_to_success_with_all_its_trials(dag_id: str, runs: dict[str, DagRun], store: Store) -> None:
    run = runs[dag_id]
    assert run.wait(timeout=420) == "success"
    best = run.xcom(finish_of(run))
    records = store.optuna.records(best["edition"])
    assert sum(record.state.successful for record in records) == TRIALS[dag_id]
    assert all(record.key for record in records)
    assert len({r.key for r in records}) == len(records)


def test_three_samplers_are_compared_by_as_many_trials_each(runs: dict[str, DagRun], store: Store) -> None:
    run = runs[COMPARED]
    assert run.wait(timeout=420) == "success"
    assert set(run.xcom("compare")) == {"digits-grid", "digits-random", "digits-tpe"}
    for sampler in ("grid", "random", "tpe"):
        records = store.optuna.records(run.xcom(f"{sampler}.finish")["edition"])
        assert [record.state for record in records] == [TrialState.COMPLETE] * 8


def test_the_grid_tries_every_point_exactly_once(runs: dict[str, DagRun], store: Store) -> None:
    runs["tune_grid"].wait()
    records = store.optuna.records(runs["tune_grid"].xcom("tune.finish")["edition"])
    points = {(r.params["warehouses"], r.params["policy"]) for r in records}
    assert len(points) == len(records) == 6


def test_the_pruner_gives_trials_up_and_their_tasks_are_green(runs: dict[str, DagRun], store: Store) -> None:
    run = runs["tune_function"]
    run.wait()
    records = store.optuna.records(run.xcom("tune.finish")["edition"])
    assert {record.state for record in records} == {TrialState.COMPLETE, TrialState.PRUNED}
    trials = [ti for ti in run.tasks() if ti["task_id"].endswith(".trial") and ti["map_index"] >= 0]
    assert {ti["state"] for ti in trials} == {"success"}


def test_a_pipeline_runs_three_tasks_for_each_trial(runs: dict[str, DagRun]) -> None:
    run = runs["tune_pipeline"]
    run.wait()
    for name in ("prepare", "train", "evaluate", "outcome"):
        done = [ti for ti in run.tasks() if ti["task_id"].endswith(f".trial.{name}") and ti["state"] == "success"]
        assert len(done) == 4


def test_a_dag_that_is_scheduled_on_the_study_gets_the_best_parameters(
    airflow: LiveAirflow, runs: dict[str, DagRun]
) -> None:
    runs["tune_grid"].wait()
    best = runs["tune_grid"].xcom("tune.finish")
    found = airflow.wait(lambda: airflow.get("/dags/use_best/dagRuns")["dag_runs"], "use_best to be triggered")
    consumer = DagRun(airflow, "use_best", found[0]["dag_run_id"])
    assert consumer.wait() == "success"
    assert consumer.xcom("show") == best["params"] == {"warehouses": 2, "policy": "cheapest"}


def test_batches_that_are_not_needed_are_skipped_without_a_process(runs: dict[str, DagRun]) -> None:
    run = runs["tune_grid"]
    run.wait()
    skipped = [ti for ti in run.tasks() if ti["state"] == "skipped" and ti["task_id"].endswith(".suggest")]
    assert skipped
    assert all(ti["try_number"] == 0 for ti in skipped)


def test_waiting_for_a_batch_never_starts_a_worker(runs: dict[str, DagRun]) -> None:
    run = runs["tune_function"]
    run.wait()
    settled = [ti for ti in run.tasks() if ti["task_id"].endswith(".settle") and ti["state"] == "success"]
    assert settled
    assert all(ti["hostname"] in (None, "") and ti["pid"] is None for ti in settled)
