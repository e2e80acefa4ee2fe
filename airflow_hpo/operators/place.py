"""Where a task runs, read from its Airflow context."""

from __future__ import annotations

from airflow.sdk import Context

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.tuning.place import TaskPlace


def place_of(context: Context) -> TaskPlace:
    """Return the try of the task instance that a context belongs to."""
    ti = context["ti"]
    index = -1 if ti.map_index is None else ti.map_index
    return TaskPlace(TaskRun(ti.dag_id, ti.run_id, ti.task_id, index, ti.try_number), ti.max_tries)
