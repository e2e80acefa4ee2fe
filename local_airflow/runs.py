"""DAG runs of a live Airflow: triggered, watched, cleared."""

from __future__ import annotations

import time
from typing import Any

from local_airflow.live import LiveAirflow

READING = 4.0
"""Seconds that a person takes at least."""

ENDED = {"success", "failed"}
DONE = {"success", "failed", "upstream_failed", "skipped", "removed"}


class DagRun:
    """One run of a DAG.

    :param airflow: where it runs.
    :param dag_id: the DAG.
    :param run_id: the run.
    """

    def __init__(self, airflow: LiveAirflow, dag_id: str, run_id: str) -> None:
        self.airflow = airflow
        self.dag_id = dag_id
        self.run_id = run_id
        self.path = f"/dags/{dag_id}/dagRuns/{run_id}"
        self._overdue = False

    @classmethod
    def trigger(
        cls,
        airflow: LiveAirflow,
        dag_id: str,
        conf: dict[str, Any] | None = None,
        logical_date: str | None = None,
        run_id: str | None = None,
    ) -> DagRun:
        """Start a run as soon as the DAG is parsed; without an id, Airflow makes one."""
        airflow.wait(lambda: is_parsed(airflow, dag_id), f"DAG {dag_id!r} to be parsed", timeout=120)
        body = {"logical_date": logical_date, "conf": conf or {}, "dag_run_id": run_id}
        run = airflow.post(f"/dags/{dag_id}/dagRuns", body)
        return cls(airflow, dag_id, run["dag_run_id"])

    @property
    def state(self) -> str:
        """State of the run."""
        return str(self.airflow.get(self.path)["state"])

    def wait(self, timeout: float = 300.0, interval: float = 1.0) -> str:
        """Wait for the end of the run and return its state.

        :param timeout: seconds.
        :param interval: seconds between two questions, each of which costs the API server some work.
        """
        what = f"run {self.run_id} of {self.dag_id} to end"
        # Tests share runs: one that hangs costs this time once, not once a test.
        patience, self._overdue = (0.1 if self._overdue else timeout), True
        self.airflow.wait(lambda: self.state in ENDED, what, timeout=patience, interval=interval)
        self._overdue = False
        return self.state

    def finish_of(self, task_id: str, timeout: float = 300.0) -> str:
        """Wait until a task that is not mapped has ended, and return its state."""
        what = f"{task_id} in run {self.run_id} of {self.dag_id} to end"
        state: str = self.airflow.wait(lambda: self._state_in(task_id, DONE), what, timeout=timeout)
        return state

    def asks(self, task_id: str) -> None:
        """Wait until a task asks a person."""
        self.airflow.wait(lambda: self._state_in(task_id, {"awaiting_input"}), f"{task_id} to ask", timeout=300)

    def approve(self, task_id: str, answer: str = "Approve") -> None:
        """Answer an approval as a person does in the UI, who takes a moment to read, and does so again when asked again."""
        tries: set[int] = set()
        what = f"{task_id} in run {self.run_id} of {self.dag_id} to be answered"
        self.airflow.wait(lambda: self._answered(task_id, answer, tries), what, timeout=420)

    def _answered(self, task_id: str, answer: str, tries: set[int]) -> bool:
        found = self.tasks(task_id)
        if not found or found[0]["state"] != "awaiting_input":
            return bool(found) and found[0]["state"] in DONE
        if found[0]["try_number"] not in tries:
            tries.add(found[0]["try_number"])
            # Airflow fails a task that goes on before the scheduler has heard that its first process ended: it asks again.
            time.sleep(READING)
            path = f"{self.path}/taskInstances/{task_id}/-1/hitlDetails"
            self.airflow.patch(path, {"chosen_options": [answer], "params_input": {}})
        return False

    def _state_in(self, task_id: str, states: set[str]) -> str | None:
        found = self.tasks(task_id)
        return found[0]["state"] if found and found[0]["state"] in states else None

    def tasks(self, task_id: str | None = None) -> list[dict[str, Any]]:
        """Return the task instances, mapped ones by index; of one task when it is named."""
        found: list[dict[str, Any]] = []
        wanted = {} if task_id is None else {"task_id": task_id}
        while True:
            page = self.airflow.get(f"{self.path}/taskInstances", limit=100, offset=len(found), **wanted)
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                break
        return sorted(found, key=lambda ti: (ti["task_id"], ti["map_index"]))

    def xcom(self, task_id: str, map_index: int = -1, key: str = "return_value") -> Any:
        """Return an XCom value."""
        path = f"{self.path}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.airflow.get(path, map_index=map_index, deserialize=True)["value"]

    def asset_events(self) -> list[dict[str, Any]]:
        """Return the ``extra`` of the asset events that the run has emitted."""
        what = f"asset events of run {self.run_id} of {self.dag_id}"
        found = self.airflow.wait(self._asset_events, what)
        return [event["extra"] for event in found["asset_events"]]

    def _asset_events(self) -> Any:
        try:
            return self.airflow.get("/assets/events", source_dag_id=self.dag_id, source_run_id=self.run_id)
        except RuntimeError as err:
            # Airflow 3.3.2 answers so while a run that an event created has no start date yet.
            if ": 500 " not in str(err):
                raise
            return None

    def log(self, task_id: str, map_index: int = -1, try_number: int = 1) -> str:
        """Return the text of a task's log as the UI shows it."""
        path = f"{self.path}/taskInstances/{task_id}/logs/{try_number}"
        lines = self.airflow.get(path, map_index=map_index)["content"]
        return "\n".join(_text(line) for line in lines)

    def clear(self, *task_ids: str | tuple[str, int], downstream: bool = False, only_failed: bool = False) -> None:
        """Clear task instances, as the button in the UI does."""
        body = {
            "dag_run_id": self.run_id,
            "task_ids": [list(t) if isinstance(t, tuple) else t for t in task_ids],
            "include_downstream": downstream,
            "only_failed": only_failed,
            "reset_dag_runs": True,
            "dry_run": False,
        }
        self.airflow.post(f"/dags/{self.dag_id}/clearTaskInstances", body)


def _text(line: Any) -> str:
    if not isinstance(line, dict):
        return str(line)
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in line.get("error_detail") or ()]
    return "\n".join([line["event"], *errors])


def is_parsed(airflow: LiveAirflow, dag_id: str) -> bool:
    """Say whether a DAG is parsed, and complain about files that cannot be."""
    errors = airflow.get("/importErrors")["import_errors"]
    if errors:
        raise RuntimeError("\n".join(e["stack_trace"] for e in errors))
    return any(dag["dag_id"] == dag_id for dag in airflow.get("/dags", dag_id_prefix_pattern=dag_id, limit=100)["dags"])
