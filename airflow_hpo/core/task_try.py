"""One try of one task instance in Airflow."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_hpo.core.attempt import TaskRun


@dataclass(frozen=True, slots=True)
class TaskTry:
    """One try of one task instance, and whether Airflow would start another."""

    task: TaskRun
    max_tries: int = 0
    """The last try that Airflow would start by itself, less one: ``retries``, counted on when a person clears the task."""

    @property
    def last_try(self) -> bool:
        """Whether Airflow will not try again by itself when this try fails."""
        return self.task.try_number > self.max_tries
