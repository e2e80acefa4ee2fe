"""Tasks that open, fill and watch a study, with their states in the DAG run of a task that comes after them."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

States = Mapping[str, str | None]
"""State of each task by its id; None for one that Airflow has not come to."""

_WORDS = {
    "failed": "failed",
    "skipped": "was skipped",
    "removed": "was removed",
    "upstream_failed": "did not run, because a task before it failed",
}
"""What is said of a state, the likeliest cause first."""


def states_before(task: BaseOperator, context: Context, study: str) -> States:
    """Return the states of the tasks before a task that belong to a study of this name; trials are none of them."""
    found = [each.task_id for each in task.get_flat_relatives(upstream=True) if _study_of(each) == study]
    return states_of(context, found)


def states_of(context: Context, task_ids: list[str]) -> States:
    """Return the states of some tasks that are not mapped."""
    if not task_ids:
        return {}
    ti = context["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=task_ids, run_ids=[ti.run_id]).get(ti.run_id, {})
    return {task_id: states.get(task_id) for task_id in task_ids}


def require_start(task: BaseOperator, context: Context, study: str) -> None:
    """End a task that runs however those before it ended, unless its study was opened.

    :raises AirflowSkipException: when the start of the study was skipped, as by a branch.
    :raises AirflowFailException: when it failed.
    """
    starts = {each.task_id for each in task.get_flat_relatives(upstream=True) if _opens(each, study)}
    states = states_of(context, sorted(starts))
    if states and all(state == "skipped" for state in states.values()):
        raise AirflowSkipException(f"The study {study!r} was not wanted: its start was skipped.")
    if cause := trouble({name: state for name, state in states.items() if state != "skipped"}):
        raise AirflowFailException(f"The study {study!r} was not opened. {cause}")


def trouble(states: States) -> str | None:
    """Return one sentence about the task because of which a study has no end; None when all went well."""
    for state, said in _WORDS.items():
        for task_id in sorted(name for name, found in states.items() if found == state):
            return f"Task {task_id} {said}: look at its log, then clear it with everything downstream."
    return None


def _opens(task: Any, study: str) -> bool:
    return _study_of(task) == study and not hasattr(task, "edition")


def _study_of(task: Any) -> str | None:
    """Return the name of the study that a task opens, fills or watches; None for every other task."""
    edition = getattr(task, "edition", None)
    if edition is None:
        return getattr(getattr(task, "study", None), "name", None)
    if isinstance(edition, str):
        return edition.rpartition("@")[0]
    return _study_of(getattr(edition, "operator", None))
