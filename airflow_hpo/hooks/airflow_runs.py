"""States of DAG runs and of their tasks in Airflow's own database.

Read it where Airflow's commands and its API server run: next to that database, unlike tasks and triggers.
"""

from collections.abc import Collection, Mapping
from typing import Any

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunEnd, DagRunKey, Owner
from airflow_hpo.exceptions import StoreUnavailableError
from airflow_hpo.studies.run_tasks import RunTasks, TaskLook
from airflow_hpo.studies.status import ENDED
from airflow_hpo.studies.stopped_runs import end_of_runs
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.orphan_pods import RUN_ENDED

GONE = "removed"
"""State of what this Airflow does not have any more, though it has the DAG; Airflow's own word for such tasks."""
ELSEWHERE = "elsewhere"
"""State of what belongs to a DAG that this Airflow does not know."""

_SINCE = {
    "scheduled": "scheduled_dttm",
    "queued": "queued_dttm",
    "running": "start_date",
    "deferred": "updated_at",
    "up_for_retry": "end_date",
}
"""Column that holds the time since when a task is in a state."""


def run_state(dag_id: str, run_id: str) -> str | None:
    """Return the state of a DAG run."""
    from airflow.models.dagrun import DagRun  # noqa: TID251

    return _state(dag_id, DagRun, run_id=run_id)


def end_of_run(store: Store, edition: Edition) -> DagRunEnd | None:
    """Return how the DAG run of an unfinished edition ended; None while it goes on, or where that cannot be seen."""
    try:
        return end_of_runs(store, edition, _ended_state)
    except StoreUnavailableError:
        return None


def ended_runs(runs: Collection[DagRunKey]) -> dict[DagRunKey, str]:
    """Return the states of those DAG runs that have ended, by two statements; of none where that cannot be seen."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        states, dags = _states_of(runs) if runs else ({}, set())
    except SQLAlchemyError:
        return {}
    gone = {run: GONE for run in runs if run not in states and run.dag_id in dags}
    return gone | {run: state for run, state in states.items() if state in ("success", "failed")}


def _states_of(runs: Collection[DagRunKey]) -> tuple[dict[DagRunKey, str | None], set[str]]:
    """Return the states of DAG runs that Airflow has, and which of their DAGs it knows."""
    from airflow.models.dag import DagModel  # noqa: TID251
    from airflow.models.dagrun import DagRun  # noqa: TID251
    from airflow.utils.session import create_session  # noqa: TID251
    from sqlalchemy import select

    dag_ids, run_ids = sorted({run.dag_id for run in runs}), sorted({run.run_id for run in runs})
    wanted = select(DagRun.dag_id, DagRun.run_id, DagRun.state)
    wanted = wanted.where(DagRun.dag_id.in_(dag_ids), DagRun.run_id.in_(run_ids))
    with create_session() as session:
        found = {DagRunKey(dag_id, run_id): _word(state) for dag_id, run_id, state in session.execute(wanted)}
        dags = set(session.scalars(select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids))))
    return {run: state for run, state in found.items() if run in set(runs)}, dags


def _ended_state(run: DagRunKey) -> str | None:
    state = run_state(run.dag_id, run.run_id)
    return state if state in ("success", "failed", GONE) else None


def task_state(task: TaskRun) -> str | None:
    """Return the state of a task instance; None while Airflow has not decided anything about it, as after a clear.

    A DAG run that has ended starts no task any more: what it has left has the state ``RUN_ENDED``.
    """
    from airflow.models.taskinstance import TaskInstance  # noqa: TID251

    state = _state(task.dag_id, TaskInstance, run_id=task.run_id, task_id=task.task_id, map_index=task.map_index)
    if state in ENDED or state == ELSEWHERE:
        return state
    return RUN_ENDED if _ended_state(DagRunKey.of(task)) else state


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


def tasks_of(edition: Edition, sharing: Mapping[Owner, DagRunKey]) -> RunTasks:
    """Return the tasks of the DAG runs that work on an edition: of the one that opened it last, or of all that share it."""
    from sqlalchemy.exc import SQLAlchemyError

    group, opened = edition.group_id or "", [edition.dag_run] if edition.dag_run else []
    try:
        found = [_read(run.dag_id, run.run_id) for run in set(sharing.values()) or opened]
    except SQLAlchemyError:
        return RunTasks(group_id=group, readable=False)
    states = [state for state, _ in found]
    state = next((state for state in states if state == "running"), states[0] if states else None)
    return RunTasks(state, [task for _, tasks in found for task in tasks], group, groups=list(sharing))


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
