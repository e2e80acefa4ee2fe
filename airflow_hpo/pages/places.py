"""Place of a task among the pages: the trial that it ran, the comparison that it made or asks about, or its study."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial_key import group_of, is_companion, main_of
from airflow_hpo.storage.tables import ApprovalRow, AttemptRow, ComparisonRow, EditionRow, PromotionRow

Place = Mapping[str, str | int]
"""Search parameters of the page."""


def place_of(session: Session, task: TaskRun) -> Place:
    """Return where a task is shown; for one that the store knows nothing of, the list of what its DAG run has."""
    return (
        _trial(session, task)
        or _decision(session, task)
        or _study(session, task)
        or {"dag_id": task.dag_id, "run_id": task.run_id}
    )


def _trial(session: Session, task: TaskRun) -> Place | None:
    columns = (AttemptRow.edition_id, AttemptRow.number, EditionRow.name)
    query = select(*columns).join(EditionRow, EditionRow.id == AttemptRow.edition_id)
    ran = (AttemptRow.dag_id == task.dag_id, AttemptRow.run_id == task.run_id, AttemptRow.task_id == task.task_id)
    query = query.where(*ran, AttemptRow.map_index == task.map_index)
    found = session.execute(query.order_by(AttemptRow.id.desc()).limit(1)).one_or_none()
    if found is None:
        return None
    if is_companion(found.name):
        main = session.scalar(select(EditionRow.id).where(EditionRow.name == main_of(found.name)))
        return {"study": main, "tab": "trials"} if main else None
    return {"study": found.edition_id, "tab": "trials", "trial": found.number}


def _decision(session: Session, task: TaskRun) -> Place | None:
    asked = (ApprovalRow.dag_id == task.dag_id, ApprovalRow.run_id == task.run_id, ApprovalRow.task_id == task.task_id)
    if number := _newest(session, select(ApprovalRow.comparison_id).where(*asked).order_by(ApprovalRow.id.desc())):
        return {"page": "decisions", "comparison": number}
    own = _of_run(ComparisonRow, task), ComparisonRow.task_id == task.task_id
    if number := _newest(session, select(ComparisonRow.id).where(*own).order_by(ComparisonRow.id.desc())):
        return {"page": "decisions", "comparison": number}
    return None


def _study(session: Session, task: TaskRun) -> Place | None:
    """Return the edition of a task's group; else what its DAG run decided last, as for a promotion; else any edition of it."""
    opened = select(EditionRow.id).where(_of_run(EditionRow, task)).order_by(EditionRow.id.desc())
    if number := _newest(session, opened.where(EditionRow.group_id == group_of(task.task_id))):
        return {"study": number}
    decided = select(ComparisonRow.parameter_set).where(_of_run(ComparisonRow, task))
    name = session.scalar(decided.where(ComparisonRow.parameter_set.is_not(None)).order_by(ComparisonRow.id.desc()))
    if name and session.scalar(select(PromotionRow.id).where(PromotionRow.name == name).limit(1)):
        return {"page": "parameter-sets", "set": name}
    number = _newest(session, opened)
    return {"study": number} if number else None


def _of_run(table: type[EditionRow] | type[ComparisonRow], task: TaskRun) -> ColumnElement[bool]:
    return (table.dag_id == task.dag_id) & (table.run_id == task.run_id)


def _newest(session: Session, query: Select[int]) -> int | None:
    found: int | None = session.scalar(query.limit(1))
    return found
