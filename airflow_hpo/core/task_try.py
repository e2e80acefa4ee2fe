"""One try of one task instance in Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from airflow_hpo.core.attempt import TaskRun


@dataclass(frozen=True, slots=True)
class TaskTry:
    """One try of one task instance, and whether Airflow would start another."""

    task: TaskRun
    max_tries: int = 0
    """The last try that Airflow would start by itself, less one: ``retries``, counted on when a person clears the task."""

    @classmethod
    def of(cls, ti: Any) -> Self:
        """Return the try of an Airflow task instance, as a task's context has it."""
        index = -1 if ti.map_index is None else ti.map_index
        return cls(TaskRun(ti.dag_id, ti.run_id, ti.task_id, index, ti.try_number), ti.max_tries)

    @property
    def last_try(self) -> bool:
        """Whether Airflow will not try again by itself when this try fails."""
        return self.task.try_number > self.max_tries
