"""Attempts: that one began, where it runs, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from airflow_hpo.core.attempt import Attempt, TaskRun, outweighs
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import AttemptRow, EditionRow

TAIL_LENGTH = 20_000
"""How many characters of a log are kept, the last ones."""


def begin(
    session: Session,
    edition: str,
    number: int,
    task: TaskRun,
    *,
    backend: str,
    place: Mapping[str, Any] | None = None,
    work: str | None = None,
) -> Attempt:
    """Note that a task runs a trial; the same try of the same task has one attempt, however often it says so."""
    edition_id = editions.row_id(session, edition, lock=True)
    ours = [AttemptRow.edition_id == edition_id, AttemptRow.number == number]
    same_try = [getattr(AttemptRow, name) == value for name, value in asdict(task).items()]
    row = session.scalars(select(AttemptRow).where(*ours, *same_try)).one_or_none()
    if row is None:
        before = session.execute(select(func.max(AttemptRow.attempt)).where(*ours)).scalar() or 0
        row = AttemptRow(edition_id=edition_id, number=number, attempt=before + 1, backend=backend, work=work)
        row.place, row.problems = dict(place or {}), []
        row.started_at, row.outcome = utc_now(), AttemptOutcome.RUNNING.value
        for name, value in asdict(task).items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
    return _attempt(row, edition)


def locate(session: Session, edition: str, number: int, attempt: int, place: Mapping[str, Any]) -> Attempt:
    """Add to what is known about where an attempt runs, such as its pod's node and image once they are known."""
    editions.row_id(session, edition, lock=True)
    row = _row(session, edition, number, attempt)
    row.place = {**row.place, **place}
    session.flush()
    return _attempt(row, edition)


def finish(
    session: Session,
    edition: str,
    number: int,
    attempt: int,
    outcome: AttemptOutcome,
    *,
    kind: FailureKind | None = None,
    reason: str | None = None,
    exit_code: int | None = None,
    problems: Sequence[str] = (),
    log_tail: str | None = None,
    place: Mapping[str, Any] | None = None,
) -> Attempt:
    """Note how an attempt ended and return what holds: the first to see it end, or whoever sees it end after it was lost."""
    row = _row(session, edition, number, attempt)
    weaker = [old.value for old in AttemptOutcome if outweighs(outcome, old)]
    ended = {"outcome": outcome.value, "kind": kind.value if kind else None, "reason": reason, "exit_code": exit_code}
    seen: dict[str, Any] = {"problems": list(problems), "place": {**row.place, **(place or {})}}
    seen["log_tail"] = log_tail[-TAIL_LENGTH:] if log_tail else None
    # A clock may go back, and two hosts never have the same.
    finished_at = max(utc_now(), row.started_at)
    session.execute(
        update(AttemptRow)
        .where(AttemptRow.id == row.id, AttemptRow.outcome.in_(weaker))
        .values(finished_at=finished_at, **ended, **seen)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return _attempt(_row(session, edition, number, attempt), edition)


def of(session: Session, edition: str, number: int | None = None) -> list[Attempt]:
    """Return attempts in the order of their trials and runs."""
    return _attempts(session, edition, *([] if number is None else [AttemptRow.number == number]))


def running(session: Session, edition: str) -> list[Attempt]:
    """Return the attempts that nobody has seen end."""
    return _attempts(session, edition, AttemptRow.outcome == AttemptOutcome.RUNNING.value)


def _of(edition: str) -> Select[AttemptRow]:
    return select(AttemptRow).join(EditionRow, EditionRow.id == AttemptRow.edition_id).where(EditionRow.name == edition)


def _row(session: Session, edition: str, number: int, attempt: int) -> AttemptRow:
    wanted = _of(edition).where(AttemptRow.number == number, AttemptRow.attempt == attempt)
    row = session.scalars(wanted).one_or_none()
    if row is None:
        raise StudyNotFoundError(
            f"An attempt must have begun before more is said of it, but study {edition!r} has no attempt {attempt} "
            f"of trial {number}. Begin it first."
        )
    return row


def _attempts(session: Session, edition: str, *wanted: ColumnElement[bool]) -> list[Attempt]:
    rows = session.scalars(_of(edition).where(*wanted).order_by(AttemptRow.number, AttemptRow.attempt))
    return [_attempt(row, edition) for row in rows]


def _attempt(row: AttemptRow, edition: str) -> Attempt:
    return Attempt(
        study=edition,
        number=row.number,
        attempt=row.attempt,
        task=TaskRun(row.dag_id, row.run_id, row.task_id, row.map_index, row.try_number),
        backend=row.backend,
        started=row.started_at,
        outcome=AttemptOutcome(row.outcome),
        finished=row.finished_at,
        kind=FailureKind(row.kind) if row.kind else None,
        reason=row.reason,
        exit_code=row.exit_code,
        problems=tuple(row.problems),
        log_tail=row.log_tail,
        place=row.place,
        work=row.work,
    )
