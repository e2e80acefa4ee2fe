"""Tasks of a study in Airflow's own database.

Only commands may read that database; tasks and triggers may not.
"""

from __future__ import annotations

from typing import Any

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.edition import Edition
from airflow_hpo.studies.run_tasks import RunTasks, TaskLook

_SINCE = {
    "scheduled": "scheduled_dttm",
    "queued": "queued_dttm",
    "running": "start_date",
    "deferred": "updated_at",
    "up_for_retry": "end_date",
}
"""Column that holds the time since when a task is in a state."""


def tasks_of(edition: Edition) -> RunTasks:
    """Return the tasks of the DAG run that opened an edition last."""
    from sqlalchemy.exc import SQLAlchemyError

    group = edition.group_id or ""
    if edition.dag_id is None or edition.run_id is None:
        return RunTasks(group_id=group)
    try:
        state, tasks = _read(edition.dag_id, edition.run_id)
    except SQLAlchemyError:
        return RunTasks(group_id=group, readable=False)
    return RunTasks(state, tasks, group)


def _read(dag_id: str, run_id: str) -> tuple[str | None, list[TaskLook]]:
    from airflow.models.dagrun import DagRun  # noqa: TID251
    from airflow.models.taskinstance import TaskInstance  # noqa: TID251
    from airflow.utils.session import create_session  # noqa: TID251
    from sqlalchemy import select

    with create_session() as session:
        state = session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        wanted = select(TaskInstance).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
        found = session.scalars(wanted.order_by(TaskInstance.task_id, TaskInstance.map_index))
        return _word(state), [_look(row) for row in found]


def _look(row: Any) -> TaskLook:
    state = _word(row.state)
    task = TaskRun(row.dag_id, row.run_id, row.task_id, row.map_index, row.try_number)
    since = getattr(row, _SINCE[state]) if state in _SINCE else None
    return TaskLook(task, state, row.max_tries, row.pool, since)


def _word(state: Any) -> str | None:
    return str(getattr(state, "value", state)) if state else None
