"""What Airflow answers to a task or a trigger that asks for the states of DAG runs and of task instances."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance


class AirflowAnswers:
    """States that a test sets: of DAG runs by DAG and run, of mapped tasks by DAG, run, task and index."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: dict[tuple[str, str], str] = {}
        self.tasks: dict[tuple[str, str, str, int], str | None] = {}
        monkeypatch.setattr(RuntimeTaskInstance, "get_dr_count", staticmethod(self._count))
        monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(self._states))

    def _count(self, dag_id: str, run_ids: Collection[str], states: Collection[str], **_: Any) -> int:
        return sum(self.runs.get((dag_id, run_id)) in states for run_id in run_ids)

    def _states(
        self, dag_id: str, run_ids: Collection[str], task_ids: Collection[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for (dag, run, task, index), state in self.tasks.items():
            if dag == dag_id and run in run_ids and (task_ids is None or task in task_ids):
                found.setdefault(run, {})[f"{task}_{index}"] = state
        return found
