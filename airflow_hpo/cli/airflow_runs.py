"""States of DAG runs and of single tasks in Airflow's own database.

Read it where Airflow's commands run: next to that database, unlike tasks and triggers.
"""

from __future__ import annotations

from typing import Any

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.exceptions import StoreUnavailableError

GONE = "removed"
"""State of what this Airflow does not have any more, though it has the DAG; Airflow's own word for such tasks."""
ELSEWHERE = "elsewhere"
"""State of what belongs to a DAG that this Airflow does not know."""


def run_state(dag_id: str, run_id: str) -> str | None:
    """Return the state of a DAG run."""
    from airflow.models.dagrun import DagRun  # noqa: TID251

    return _state(dag_id, DagRun, run_id=run_id)


def task_state(task: TaskRun) -> str | None:
    """Return the state of a task instance; None while Airflow has not decided anything about it, as after a clear."""
    from airflow.models.taskinstance import TaskInstance  # noqa: TID251

    return _state(task.dag_id, TaskInstance, run_id=task.run_id, task_id=task.task_id, map_index=task.map_index)


def _state(dag_id: str, model: Any, **keys: Any) -> str | None:
    from airflow.models.dag import DagModel  # noqa: TID251
    from airflow.utils.session import create_session  # noqa: TID251
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            found = session.execute(select(model.state).filter_by(dag_id=dag_id, **keys)).one_or_none()
            known = found is not None or session.get(DagModel, dag_id) is not None
    except SQLAlchemyError as err:
        raise StoreUnavailableError(
            f"Airflow's own database must be readable where this command runs, but it says: {err}. "
            "Run it where the scheduler runs."
        ) from err
    if found is None:
        return GONE if known else ELSEWHERE
    return str(getattr(found[0], "value", found[0])) if found[0] else None
