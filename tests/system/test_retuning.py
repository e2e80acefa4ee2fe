"""The whole cycle, month after month, while the optimum moves: what production uses, and who decided it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.parameter_sets.history import history
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

Versions = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def first(airflow: LiveAirflow) -> DagRun:
    """January: nothing is in use yet."""
    return retuned(airflow, 1)


@pytest.fixture(scope="module")
def second(airflow: LiveAirflow, first: DagRun) -> DagRun:
    """February: the optimum has moved, and a person agrees."""
    return retuned(airflow, 2)


@pytest.fixture(scope="module")
def third(airflow: LiveAirflow, second: DagRun) -> DagRun:
    """March: nothing has changed."""
    return retuned(airflow, 3)


def retuned(airflow: LiveAirflow, month: int) -> DagRun:
    """Run a month to its end, saying yes when asked."""
    run = opened(airflow, month)
    if run.finish_of("decide") == "success" and run.xcom("test.compare_1")["verdict"] == "promote":
        run.approve("approve")
    assert run.wait() == "success"
    return run


def opened(airflow: LiveAirflow, month: int) -> DagRun:
    return DagRun.trigger(airflow, "retuning", logical_date=f"2026-{month:02d}-01T00:00:00Z")


@pytest.fixture
def versions(store: Store) -> Versions:
    """Returns the versions of the parameter set, the newest first."""
    return lambda: history(store, "retuned")


def champion(airflow: LiveAirflow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(airflow.cli("hpo", "champion", "get", "retuned", "-o", "json"))
    return found


def produced(airflow: LiveAirflow, version: int) -> DagRun:
    """Wait for the run of production that uses a version."""

    def run() -> DagRun | None:
        for each in airflow.get("/dags/production/dagRuns")["dag_runs"]:
            found = DagRun(airflow, "production", each["dag_run_id"])
            if each["state"] == "success" and found.xcom("read")["version"] == version:
                return found
        return None

    found: DagRun = airflow.wait(run, f"production to use version {version}")
    return found


def test_the_first_month_sets_the_champion(first: DagRun) -> None:
    comparison = first.xcom("test.compare_1")
    assert (comparison["verdict"], comparison["champion_version"]) == ("promote", None)
    assert first.xcom("promote")["params"] == {"x": 1}


def test_a_month_in_which_the_optimum_moved_promotes(second: DagRun) -> None:
    assert second.xcom("promote")["params"] == {"x": 3}
    assert second.xcom("promote")["previous"] is not None


def test_production_runs_on_the_promotion_and_reads_the_new_version(airflow: LiveAirflow, second: DagRun) -> None:
    run = produced(airflow, second.xcom("promote")["version"])
    assert run.xcom("read")["x"] == 3


def test_who_agreed_is_kept(airflow: LiveAirflow, second: DagRun) -> None:
    told = json.loads(airflow.cli("hpo", "champion", "history", "retuned", "-o", "json"))
    (made,) = [row for row in told if row["version"] == second.xcom("promote")["version"]]
    assert "admin" in json.dumps(made)


def test_a_month_in_which_nothing_moved_keeps_the_champion(airflow: LiveAirflow, third: DagRun) -> None:
    assert third.xcom("test.compare_1")["verdict"] == "keep"
    assert {task["task_id"] for task in third.tasks() if task["state"] == "skipped"} >= {"approve", "promote"}


def test_promoting_again_makes_no_second_version(
    airflow: LiveAirflow, second: DagRun, third: DagRun, versions: Versions
) -> None:
    before = versions()
    second.clear("promote")
    assert second.wait() == "success"
    assert versions() == before


def test_clearing_the_whole_run_promotes_nothing_again(airflow: LiveAirflow, third: DagRun, versions: Versions) -> None:
    before = versions()
    third.clear("tune.start", downstream=True)
    assert third.wait() == "success"
    assert versions() == before


def test_the_drift_of_optimum_and_champion_can_be_queried(airflow: LiveAirflow, third: DagRun) -> None:
    rows = json.loads(airflow.cli("hpo", "studies", "drift", "retuned", "-o", "json"))
    assert [row["params.x"] for row in rows][:3] == [1, 3, 3]
    assert rows[1]["champion"] > rows[1]["best"]
    assert [row["verdict"] for row in rows][:3] == ["promote", "promote", "keep"]


def test_a_champion_that_changed_since_the_comparison_is_not_overwritten(
    airflow: LiveAirflow, third: DagRun, versions: Versions
) -> None:
    run = opened(airflow, 4)
    run.finish_of("decide")
    airflow.cli("hpo", "champion", "rollback", "retuned", "--reason", "an incident")
    rolled_back = versions()
    run.approve("approve")
    assert run.finish_of("promote") == "failed"
    assert versions() == rolled_back
    restored = champion(airflow)
    assert restored["params"] == {"x": 1}
    assert produced(airflow, restored["version"]).xcom("read")["x"] == 1
    assert "Compare again with what is in use" in run.log("promote")


def test_a_refusal_keeps_the_champion(airflow: LiveAirflow, third: DagRun, versions: Versions) -> None:
    before = versions()
    run = opened(airflow, 5)
    run.approve("approve", "Reject")
    assert run.wait() == "success"
    assert run.finish_of("promote") == "skipped"
    assert versions() == before


def test_a_month_in_which_the_champion_itself_meets_the_goal_keeps_it(airflow: LiveAirflow, tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text('{"x": 2}')
    airflow.cli("hpo", "champion", "set", "satisfied", "--file", str(file))
    run = DagRun.trigger(airflow, "satisfied", logical_date="2026-01-01T00:00:00Z")

    assert run.wait() == "success"
    comparison = run.xcom("test.compare_1")
    assert (comparison["verdict"], comparison["challenger"], comparison["champion_version"]) == ("keep", None, 1)
    assert comparison["sentence"].startswith("Keep version 1 of 'satisfied': no trial of")
    states = {name: run.finish_of(name) for name in ("validate.plan", "challenger", "decide", "promote")}
    assert states == {"validate.plan": "skipped", "challenger": "skipped", "decide": "success", "promote": "skipped"}
