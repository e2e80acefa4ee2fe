"""What went wrong in a live Airflow: which tasks failed, and what their logs and those of the components say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

FAILED = {"failed", "up_for_retry"}
WIDTH = 300
_ERROR = re.compile(r"\[error|^[\w.]+Error\b")


def troubles(airflow: LiveAirflow, tasks: int = 3, lines: int = 15) -> str:
    """Return the ends of the logs of the newest failed tasks, and the errors that scheduler and API server complain of.

    :param airflow: a running one.
    :param tasks: of how many tasks.
    :param lines: how much of every log.
    """
    failed = sorted(_failed(airflow), key=lambda found: found[1]["end_date"] or "")[-tasks:]
    parts = [_log(run, ti, lines) for run, ti in failed]
    for name in ("scheduler", "api-server"):
        log = airflow.processes.log_tail(name, 20_000).splitlines()
        complaints = [line[:WIDTH] for line in log if _ERROR.search(line)]
        parts += [f"The last errors in the log of the {name}:", *complaints[-lines:]]
    return "\n".join(parts)


def _failed(airflow: LiveAirflow) -> Iterator[tuple[DagRun, dict[str, Any]]]:
    for run in airflow.get("/dags/~/dagRuns", limit=100, order_by="-id")["dag_runs"]:
        found = DagRun(airflow, run["dag_id"], run["dag_run_id"])
        yield from ((found, ti) for ti in found.tasks() if ti["state"] in FAILED)


def _log(run: DagRun, ti: dict[str, Any], lines: int) -> str:
    where = f"{run.dag_id} {ti['task_id']}[{ti['map_index']}] is {ti['state']} in try {ti['try_number']}:"
    log = run.log(ti["task_id"], ti["map_index"], ti["try_number"])
    return "\n".join([where, *(line[:WIDTH] for line in log.splitlines()[-lines:])])
