"""Runs of the DAGs that the browser looks at, and what is kept of them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun


def asking(airflow: LiveAirflow, month: int) -> DagRun:
    """Run the retuning of a month until it asks."""
    run = DagRun.trigger(airflow, "retuning", logical_date=f"2026-{month:02d}-01T00:00:00Z")
    run.asks("approve")
    return run


def address(run: DagRun) -> str:
    """Where Airflow shows a run."""
    return f"{run.airflow.url}/dags/{run.dag_id}/runs/{quote(run.run_id, safe='')}"


def history(airflow: LiveAirflow) -> list[dict[str, Any]]:
    """Versions of the retuned parameter set, the newest first; none before the first promotion."""
    told = airflow.cli("hpo", "champion", "history", "retuned", "-o", "json", check=False)
    found: list[dict[str, Any]] = json.loads(told) if told else []
    return found


def replacing(store: Store, run: DagRun) -> list[TrialRecord]:
    """Trials of the repeated study that ran another one again."""
    return [record for record in records(store, run) if record.replaces is not None]


def records(store: Store, run: DagRun) -> list[TrialRecord]:
    """All trials of the repeated study."""
    return list(store.optuna.records(f"repeated@{run.run_id}"))
