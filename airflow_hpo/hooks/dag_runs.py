"""States of DAG runs and of tasks in other DAG runs, as tasks and triggers may ask Airflow for them."""

from collections.abc import Collection, Iterable

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.trial_key import group_of_trial

TaskKey = tuple[str, str, str, int]
"""DAG, run, task and map index: what tells task instances apart, whichever their try is."""


def runs_on(run: DagRunKey) -> bool:
    """Say whether a DAG run is running; one that waits in Airflow's queue, has ended or was deleted is not."""
    return _is_in(run, "running")


def has_ended(run: DagRunKey) -> bool:
    """Say whether a DAG run has ended; of one that was deleted, or that another Airflow has, that is not known."""
    return _is_in(run, "success", "failed")


def ended_state(run: DagRunKey) -> str | None:
    """Return ``success`` or ``failed`` for a DAG run that has ended; None for every other, as in :func:`has_ended`."""
    if not has_ended(run):
        return None
    return "success" if _is_in(run, "success") else "failed"


def known_state(run: DagRunKey) -> str | None:
    """Return ``queued``, ``running``, ``success`` or ``failed``; None where that is not known, as outside of a task."""
    try:
        return next((state for state in ("queued", "running", "success", "failed") if _is_in(run, state)), None)
    except NameError:  # outside of a task nobody can be asked
        return None


def _is_in(run: DagRunKey, *states: str) -> bool:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    return RuntimeTaskInstance.get_dr_count(dag_id=run.dag_id, run_ids=[run.run_id], states=list(states)) > 0


def task_states(tasks: Iterable[TaskRun]) -> dict[TaskKey, str | None]:
    """Return the states of mapped task instances; those that Airflow does not have are left out."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    ids: dict[DagRunKey, set[str]] = {}
    for task in tasks:
        ids.setdefault(DagRunKey.of(task), set()).add(task.task_id)
    states: dict[TaskKey, str | None] = {}
    for run, task_ids in ids.items():
        found = RuntimeTaskInstance.get_task_states(dag_id=run.dag_id, task_ids=sorted(task_ids), run_ids=[run.run_id])
        for name, state in found.get(run.run_id, {}).items():
            task_id, _, index = name.rpartition("_")
            if task_id in task_ids and index.isdigit():
                states[run.dag_id, run.run_id, task_id, int(index)] = str(state) if state else None
    return states


_MOST_URGENT_LAST = (None, "queued", "running", "deferred", "scheduled")


def waiting_states(run: DagRunKey, telling_tasks: Collection[str]) -> dict[TaskKey, str | None]:
    """Return what Airflow has to decide about trials: the states of their tasks, keyed by the task that brings the result.

    Of a trial that is a group it is the state of the task that waits for a place, then of one that holds a place.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    groups = {group: task_id for task_id in telling_tasks if (group := group_of_trial(task_id))}
    if not groups:
        return task_states(TaskRun(run.dag_id, run.run_id, task_id) for task_id in telling_tasks)
    found = RuntimeTaskInstance.get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
    states: dict[TaskKey, list[str | None]] = {}
    for name, state in found.get(run.run_id, {}).items():
        task_id, _, index = name.rpartition("_")
        group = group_of_trial(task_id)
        if group in groups and index.isdigit():
            key = run.dag_id, run.run_id, groups[group], int(index)
            states.setdefault(key, []).append(str(state) if state else None)
    return {key: max(several, key=_urgency) for key, several in states.items()}


def _urgency(state: str | None) -> int:
    return _MOST_URGENT_LAST.index(state) if state in _MOST_URGENT_LAST else -1


def key_of_task(task: TaskRun) -> TaskKey:
    """Return what tells a task instance apart."""
    return task.dag_id, task.run_id, task.task_id, task.map_index
