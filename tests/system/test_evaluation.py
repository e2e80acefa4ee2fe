"""Evaluations through a live Airflow: on every backend of one machine, failed, cleared, planned anew and unwanted."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.evaluations.run import evaluations_frame
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

COLLECT, TRIAL = "validate.collect", "validate.trial"


@pytest.fixture(scope="module")
def runs(airflow: LiveAirflow) -> dict[str, DagRun]:
    """One run of every DAG that is not changed while it is looked at, all at once."""
    return {name: DagRun.trigger(airflow, f"evaluate_{name}") for name in ("tuned", "groups", "in_vain")}


@pytest.fixture(scope="module")
def programs(airflow: LiveAirflow) -> DagRun:
    """A run in which the storm sinks the challenger."""
    run = DagRun.trigger(airflow, "evaluate_programs")
    assert run.wait(timeout=420) == "success", [(ti["task_id"], ti["state"], ti["try_number"]) for ti in run.tasks()]
    return run


def states_of(run: DagRun, task_id: str) -> list[str]:
    return [ti["state"] for ti in run.tasks(task_id)]


def values_of(store: Store, outcome: dict[str, Any]) -> dict[tuple[Any, ...], float]:
    frame = evaluations_frame(store, [outcome["evaluation"]])
    keys = zip(frame["candidate"], frame["scenario"], frame["variant"], frame["replicate"], strict=True)
    return dict(zip(keys, frame["loss"], strict=True))


def cleared(run: DagRun, *task_ids: str | tuple[str, int]) -> dict[str, Any]:
    run.clear(*task_ids, downstream=True)
    assert run.wait(timeout=420) == "success"
    outcome: dict[str, Any] = run.xcom(COLLECT)
    return outcome


def test_evaluations_are_reported_and_repaired_and_planned_anew(
    programs: DagRun, airflow: LiveAirflow, store: Store
) -> None:
    """One test in order, because each part goes on from what the one before has left."""
    marks = airflow.home / "marks"
    marks.mkdir(exist_ok=True)

    first = programs.xcom(COLLECT)
    assert (first["complete"], first["failed"]) == (3, 1)
    assert [(m["candidate"], m["scenario"]) for m in first["missing"]] == [("trial 3", "storm")]
    assert "exited with 1" in first["missing"][0]["reason"]
    assert sorted(states_of(programs, TRIAL)) == ["failed", "success", "success", "success"]
    failed = next(ti for ti in programs.tasks(TRIAL) if ti["state"] == "failed")
    assert failed["try_number"] == 2
    assert "trial 3 · storm · replicate 1" in failed["rendered_map_index"]

    again = cleared(programs, "validate.plan")
    assert again["evaluation"] == first["evaluation"]
    assert (again["complete"], again["failed"]) == (3, 1)
    assert len(store.optuna.records(again["evaluation"])) == 5

    (marks / "storm-is-over").touch()
    repaired = cleared(programs, (TRIAL, failed["map_index"]))
    assert (repaired["complete"], repaired["failed"], repaired["missing"]) == (4, 0, [])
    assert values_of(store, repaired)["trial 3", "storm", "", 1] == 0.25

    (marks / "fog").touch()
    planned = cleared(programs, "forecasts")
    assert planned["evaluation"] != first["evaluation"]
    assert planned["complete"] == 6


def test_candidates_of_a_study_meet_with_the_same_seeds(runs: dict[str, DagRun], store: Store) -> None:
    run = runs["tuned"]
    assert run.wait(timeout=420) == "success"
    outcome, best = run.xcom(COLLECT), run.xcom("tune.finish")

    values = values_of(store, outcome)

    assert outcome["complete"] == len(values) == 8
    assert values["champion", "swell", "", 3] == 0.5 + 2 + 3
    assert values[f"trial {best['number']}", "chop", "", 4] == pytest.approx(best["params"]["x"] + 1 + 4)
    frame = evaluations_frame(store, [outcome["evaluation"]])
    assert set(frame.groupby(["scenario", "replicate"])["seed"].nunique()) == {1}
    assert frame["seed"].nunique() == 4


def test_a_group_of_tasks_evaluates(runs: dict[str, DagRun], store: Store) -> None:
    run = runs["groups"]
    assert run.wait(timeout=420) == "success"

    values = values_of(store, run.xcom("sail.collect"))

    assert values == {
        ("trial 3", "swell", "day", 1): 3.25,
        ("champion", "swell", "day", 1): 3.5,
        ("trial 3", "swell", "night", 1): 13.25,
        ("champion", "swell", "night", 1): 13.5,
    }


def test_an_evaluation_that_is_not_wanted_is_skipped(runs: dict[str, DagRun], store: Store) -> None:
    run = runs["groups"]
    run.wait(timeout=420)

    assert [*states_of(run, "again.plan"), *states_of(run, "again.collect")] == ["skipped", "skipped"]


def test_an_evaluation_without_any_result_fails(runs: dict[str, DagRun]) -> None:
    run = runs["in_vain"]

    assert run.wait(timeout=420) == "failed"
    assert states_of(run, COLLECT) == ["failed"]
    assert "0 of 1 evaluations are complete." in run.log(COLLECT)


def test_the_evaluations_of_a_run_are_complete_in_optunas_eyes_too(programs: DagRun, store: Store) -> None:
    name = programs.xcom(COLLECT)["evaluation"]

    assert {record.state for record in store.optuna.records(name)} <= {TrialState.COMPLETE, TrialState.FAIL}


@pytest.fixture(scope="module")
def example(airflow: LiveAirflow) -> DagRun:
    """A finished run of the example, in the year that it has data of."""
    run = DagRun.trigger(airflow, "evaluate_candidates", logical_date="2011-09-01T00:00:00Z")
    assert run.wait(timeout=420) == "success"
    return run


def test_the_example_evaluates_two_candidates_in_eight_weeks_with_two_variants(example: DagRun, store: Store) -> None:
    outcome = example.xcom("evaluate.collect")

    assert (outcome["complete"], outcome["failed"]) == (32, 0)
    frame = evaluations_frame(store, [outcome["evaluation"]])
    assert frame["scenario"].nunique() == 8
    assert frame[["cost", "unserved"]].notna().to_numpy().all()


def test_the_example_shows_who_was_better_how_often(example: DagRun) -> None:
    assert set(example.xcom("show")) == {"forecast", "climate"}
