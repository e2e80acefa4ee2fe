"""Owner of a study or of a parameter set: a DAG, and the task group in it. Read from the ids of tasks, which carry both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial_key import group_of
from airflow_hpo.exceptions import DeclarationError


@dataclass(frozen=True, slots=True)
class Owner:
    """A DAG and one of its task groups."""

    dag_id: str
    group_id: str | None = None
    """Empty for tasks outside of any group; None for every group of the DAG."""

    @classmethod
    def of(cls, task: TaskRun) -> Self:
        """Return the DAG and the group of a task."""
        return cls(task.dag_id, group_of(task.task_id))

    def includes(self, other: Owner) -> bool:
        """Say whether another owner is the same, or the same DAG where one of both names no group."""
        return self.dag_id == other.dag_id and (
            None in (self.group_id, other.group_id) or self.group_id == other.group_id
        )

    def __str__(self) -> str:
        return f"task group {self.group_id!r} of DAG {self.dag_id!r}" if self.group_id else f"DAG {self.dag_id!r}"


def checked_dag_id(text: str) -> str:
    """Return the id of a DAG, or say what is wrong with it."""
    if re.fullmatch(r"[\w.-]{1,250}", text):
        return text
    raise DeclarationError(
        f"A DAG's id is letters, digits and '_ . -', 250 at most, but got {text!r}. Copy it from `airflow dags list`."
    )


@dataclass(frozen=True, slots=True)
class DagRunKey:
    """What Airflow knows a DAG run by."""

    dag_id: str
    run_id: str

    @classmethod
    def of(cls, task: TaskRun) -> Self:
        """Return the DAG run that a task belongs to."""
        return cls(task.dag_id, task.run_id)

    def __str__(self) -> str:
        return f"DAG run {self.run_id!r} of DAG {self.dag_id!r}"


@dataclass(frozen=True, slots=True)
class DagRunEnd:
    """End of a DAG run."""

    run: DagRunKey
    state: str
    """``success``, ``failed``, ``removed`` for a run that was deleted, ``afresh`` for one that began again."""

    def __str__(self) -> str:
        said = {"removed": "was deleted", "afresh": "began to compute afresh"}
        return f"{self.run} {said.get(self.state, f'ended as {self.state}')}"
