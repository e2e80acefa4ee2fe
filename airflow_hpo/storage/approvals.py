"""Questions of approval tasks about comparisons, and their answers, kept for ever."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from airflow_hpo.core.answer import Answer, Choice
from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import ApprovalRow


def ask(session: Session, comparison: int, task: TaskRun, until: datetime | None = None) -> None:
    """Note that a try of a task asks, which takes back what its earlier tries were answered."""
    _question(session, comparison, task, until)


def answer(
    session: Session,
    comparison: int,
    task: TaskRun,
    choice: Choice,
    at: datetime,
    *,
    user: Mapping[str, str] | None,
    params: Mapping[str, Any],
) -> Answer:
    """Note an answer; the first one to a question holds."""
    row = _question(session, comparison, task)
    if row.choice is None:
        row.choice, row.answered_at = choice.value, at
        row.user_id, row.user_name = (user.get("id"), user.get("name")) if user else (None, None)
        row.params = json.dumps(dict(params), ensure_ascii=False, default=str)
        session.flush()
    return _answer(row)


def newest_of(session: Session, task: TaskRun) -> Answer | None:
    """Return what a task has asked last; None when it has not, or asked as an earlier release does."""
    same = [getattr(ApprovalRow, name) == value for name, value in asdict(task).items() if name != "try_number"]
    row = session.scalars(select(ApprovalRow).where(*same).order_by(ApprovalRow.id.desc()).limit(1)).one_or_none()
    return None if row is None else _answer(row)


def newest(
    session: Session, *, comparison: int | None = None, dag_id: str | None = None, run_id: str | None = None
) -> list[Answer]:
    """Return the newest question of each task about each comparison, the oldest first."""
    wanted = select(ApprovalRow).order_by(ApprovalRow.id)
    for column, value in (
        (ApprovalRow.comparison_id, comparison),
        (ApprovalRow.dag_id, dag_id),
        (ApprovalRow.run_id, run_id),
    ):
        wanted = wanted if value is None else wanted.where(column == value)
    found: dict[Any, ApprovalRow] = {}
    for row in session.scalars(wanted):
        key = (row.comparison_id, row.dag_id, row.run_id, row.task_id, row.map_index)
        found.pop(key, None)
        found[key] = row
    return [_answer(row) for row in found.values()]


def _question(session: Session, comparison: int, task: TaskRun, until: datetime | None = None) -> ApprovalRow:
    row = {"comparison_id": comparison, **asdict(task), "asked_at": utc_now(), "until": until}
    insert_absent(session, ApprovalRow, [row])
    return session.scalars(_same_try(comparison, task).with_for_update()).one()


def _same_try(comparison: int, task: TaskRun) -> Select[ApprovalRow]:
    same = [getattr(ApprovalRow, name) == value for name, value in asdict(task).items()]
    return select(ApprovalRow).where(ApprovalRow.comparison_id == comparison, *same)


def _answer(row: ApprovalRow) -> Answer:
    return Answer(
        comparison=row.comparison_id,
        task=TaskRun(row.dag_id, row.run_id, row.task_id, row.map_index, row.try_number),
        asked=row.asked_at,
        until=row.until,
        choice=Choice(row.choice) if row.choice else None,
        answered=row.answered_at,
        user_id=row.user_id,
        user_name=row.user_name,
        params=json.loads(row.params) if row.params else {},
    )
