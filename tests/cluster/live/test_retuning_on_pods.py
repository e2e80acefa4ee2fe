"""A whole retuning of one region in pods: tuned, measured again, compared with production, agreed to, promoted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.storage import attempts, editions
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.cluster.pods_on_cluster import wait_for

DAG_ID = "retuning_on_pods"


@pytest.fixture(scope="module")
def run(airflow: LiveAirflow, store: Store, tmp_path_factory: pytest.TempPathFactory) -> DagRun:
    """One edition, of which a person says yes; production uses x = 0 before."""
    first = tmp_path_factory.mktemp("champion") / "tokyo.json"
    first.write_text(json.dumps({"x": 0}))
    set_champion(airflow, first)
    run = DagRun.trigger(airflow, DAG_ID, logical_date="2026-02-01T00:00:00Z")
    run.approve("approve")
    assert run.wait(timeout=600) == "success"
    return run


def set_champion(airflow: LiveAirflow, file: Path) -> None:
    airflow.cli("hpo", "champion", "set", "tokyo", "--file", str(file), "--reason", "in use since last year")


def history(airflow: LiveAirflow) -> list[dict[str, Any]]:
    """Return the versions of the parameter set, the newest first."""
    found: list[dict[str, Any]] = json.loads(airflow.cli("hpo", "champion", "history", "tokyo", "-o", "json"))
    return found


def test_what_the_pods_measured_is_promoted_once_and_who_agreed_is_kept(airflow: LiveAirflow, run: DagRun) -> None:
    compared = run.xcom("test.compare_1")
    assert (compared["verdict"], compared["champion_version"]) == ("promote", 1)
    newest, before = history(airflow)
    assert (newest["version"], before["version"]) == (2, 1)
    assert run.xcom("promote")["params"] == {"x": 2}
    assert "admin" in json.dumps(newest)


def test_every_trial_and_evaluation_was_one_pod_and_none_is_left(
    store: Store, run: DagRun, core: Any, namespace: str
) -> None:
    with store.session() as session:
        names = [one.name for one in editions.find(session) if run.run_id in one.name]
    records = {name: store.optuna.records(name) for name in names}
    assert len(names) >= 3
    assert {record.state for found in records.values() for record in found} == {TrialState.COMPLETE}
    for name, found in records.items():
        with store.session() as session:
            pods = [attempt.placement.pod for attempt in attempts.of(session, name)]
        assert len(set(pods)) >= len(found)
    wait_for(
        lambda: not core.list_namespaced_pod(namespace, label_selector=f"airflow-hpo/dag={DAG_ID}").items, "their end"
    )
