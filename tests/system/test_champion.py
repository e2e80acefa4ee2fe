"""Champions in a live Airflow: promoted once, read by production, refused when stale, rolled back, read without a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow_hpo.parameter_sets.history import find_version, promotion_rows
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import ENDED, DagRun


def promote(airflow: LiveAirflow, city: str, wait: int, champion_version: int | None) -> DagRun:
    """Start the DAG that promotes a candidate in place of a version."""
    asked = {
        "candidate": {"params": {"wait": wait}, "study": "s@r", "number": 7},
        "expected": champion_version or 0,
        "reason": f"{wait} is better.",
    }
    run = DagRun.trigger(airflow, f"promote_{city}", asked)
    run.wait()
    return run


def production(airflow: LiveAirflow, city: str, count: int) -> DagRun:
    """Wait for the run of the production DAG that the asset's newest event started."""
    dag_id = f"production_{city}"

    def runs() -> list[dict[str, Any]]:
        return airflow.get(f"/dags/{dag_id}/dagRuns", order_by="id")["dag_runs"]

    airflow.wait(lambda: len(runs()) >= count and runs()[-1]["state"] in ENDED, f"run {count} of {dag_id} to end")
    assert len(runs()) == count
    return DagRun(airflow, dag_id, runs()[-1]["dag_run_id"])


def connect(airflow: LiveAirflow, conn_id: str, *options: str) -> None:
    """Store a connection in Airflow's own database."""
    airflow.cli("connections", "add", conn_id, "--conn-type", "hpo", *options)


def test_a_promotion_starts_production_which_reads_the_new_version_and_clearing_it_changes_nothing(
    airflow: LiveAirflow, store: Store
) -> None:
    run = promote(airflow, "tokyo", 60, None)
    assert run.state == "success"
    said = {"name": "system/tokyo", "version": 1, "params": {"wait": 60}, "previous": None}
    assert run.xcom("promote") == {**said, "moved": True, "current": 1}
    assert run.asset_events() == [said]
    origin = find_version(store.database, "system/tokyo").provenance
    assert (origin.approved_by, origin.reason, origin.run_id) == ("ada", "60 is better.", run.run_id)

    used = production(airflow, "tokyo", 1)
    assert used.state == "success"
    assert used.xcom("read") == {"version": 1, "params": {"wait": 60}}
    assert used.xcom("shell") == "wait=60 of version 1"

    run.clear("promote")
    airflow.wait(lambda: run.tasks("promote")[0]["try_number"] == 2, "the promotion to run again")
    assert run.wait() == "success"
    assert "nothing is done" in run.log("promote", try_number=2)
    assert run.xcom("promote") == {**said, "moved": False, "current": 1}
    assert run.asset_events() == [said]
    assert len(promotion_rows(store, "system/tokyo")) == 1


def test_a_promotion_against_a_champion_that_has_changed_fails_at_once_with_the_sentence(
    airflow: LiveAirflow, store: Store
) -> None:
    assert promote(airflow, "osaka", 60, None).state == "success"
    stale = promote(airflow, "osaka", 70, None)
    assert stale.state == "failed"
    assert stale.tasks("promote")[0]["try_number"] == 1
    log = json.dumps(airflow.get(f"{stale.path}/taskInstances/promote/logs/1")["content"])
    assert "may only be moved while there is no champion, but it is version 1 now" in log
    assert find_version(store.database, "system/osaka").params == {"wait": 60}
    assert stale.asset_events() == []


def test_a_rollback_restores_the_version_before_and_the_variable_follows_and_is_read_while_the_store_is_away(
    airflow: LiveAirflow, store: Store
) -> None:
    assert promote(airflow, "kyoto", 60, None).state == "success"
    assert promote(airflow, "kyoto", 70, 1).state == "success"
    back = DagRun.trigger(airflow, "roll_back_kyoto")
    assert back.wait() == "success"
    assert back.asset_events() == [{"name": "system/kyoto", "version": 3, "params": {"wait": 60}, "previous": 2}]
    found = find_version(store.database, "system/kyoto")
    assert (found.restores, found.provenance.reason) == (1, "Complaints.")
    back.clear("roll_back")
    airflow.wait(lambda: back.tasks("roll_back")[0]["try_number"] == 2, "the rollback to run again")
    assert back.wait() == "success"
    assert (back.xcom("roll_back")["moved"], back.xcom("roll_back")["current"]) == (False, 3)
    assert len(back.asset_events()) == 1

    connect(airflow, "away", "--conn-host", "127.0.0.1", "--conn-port", "1", "--conn-schema", "d")
    away = DagRun.trigger(airflow, "store_away_kyoto")
    assert away.wait() == "success"
    assert away.xcom("read") == {"version": 3, "params": {"wait": 60}}
    log = away.log("read")
    assert "The study database must answer, but" in log
    assert "Version 3 of system/kyoto is taken from its Variable." in log


def test_commands_use_a_connection_that_is_stored_in_airflow_s_database(airflow: LiveAirflow, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    (tmp_path / "params.yaml").write_text("wait: 5\n")
    connect(airflow, "stored", "--conn-schema", str(elsewhere), "--conn-extra", json.dumps({"dialect": "sqlite"}))
    file = str(tmp_path / "params.yaml")
    airflow.cli("hpo", "champion", "set", "by/hand", "--file", file, "--conn-id", "stored", "--mirror")
    printed = airflow.cli("hpo", "champion", "get", "by/hand", "-o", "json", "--conn-id", "stored")
    found = json.loads(printed[printed.index("{") :])
    assert (found["version"], found["params"], found["provenance"]["source"]) == (1, {"wait": 5}, file)
    assert elsewhere.is_file()
    mirrored = airflow.get("/variables/hpo_champion/by/hand")["value"]
    assert json.loads(mirrored) == found
