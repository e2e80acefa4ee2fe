"""Metric series: the values that attempts reported, step by step."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from airflow_hpo.core.attempt import MetricValue
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import AttemptRow, EditionRow, MetricRow

GAVE_RESULT = (AttemptOutcome.COMPLETE.value, AttemptOutcome.PRUNED.value)


def add(session: Session, edition: str, number: int, attempt: int, points: Iterable[tuple[str, int, float]]) -> bool:
    """Keep reported values; a step that is there already keeps its first value.

    Returns whether the attempt is the newest of its trial.
    """
    attempt_id, newest = _attempt_id(session, edition, number, attempt)
    now = utc_now()
    rows = [
        {"attempt_id": attempt_id, "name": name, "step": step, "value": value, "reported_at": now}
        for name, step, value in points
    ]
    insert_absent(session, MetricRow, rows)
    return newest


def series(
    session: Session,
    edition: str,
    number: int | None = None,
    name: str | None = None,
    *,
    attempt: int | None = None,
    every_attempt: bool = False,
) -> list[MetricValue]:
    """Return reported values in the order of trials, attempts, names and steps.

    Of each trial those of the attempt that counts, unless another attempt or all of them are asked for.
    """
    wanted = _of(edition)
    if number is not None:
        wanted = wanted.where(AttemptRow.number == number)
    if name is not None:
        wanted = wanted.where(MetricRow.name == name)
    if attempt is not None:
        wanted = wanted.where(AttemptRow.attempt == attempt)
    elif not every_attempt:
        wanted = wanted.where(_counts())
    order = (AttemptRow.number, AttemptRow.attempt, MetricRow.name, MetricRow.step)
    return [MetricValue(*row) for row in session.execute(wanted.order_by(*order))]


def last_reports(session: Session, edition: str) -> dict[tuple[int, int], datetime]:
    """Return when each attempt that runs reported last, by trial and attempt; those that reported nothing are left out."""
    wanted = (
        select(AttemptRow.number, AttemptRow.attempt, func.max(MetricRow.reported_at))
        .join(AttemptRow, AttemptRow.id == MetricRow.attempt_id)
        .join(EditionRow, EditionRow.id == AttemptRow.edition_id)
        .where(EditionRow.name == edition, AttemptRow.outcome == AttemptOutcome.RUNNING.value)
        .group_by(AttemptRow.number, AttemptRow.attempt)
    )
    return {(number, attempt): last for number, attempt, last in session.execute(wanted)}


def _of(edition: str) -> Select[int, int, str, int, float, datetime]:
    return (
        select(
            AttemptRow.number,
            AttemptRow.attempt,
            MetricRow.name,
            MetricRow.step,
            MetricRow.value,
            MetricRow.reported_at,
        )
        .join(AttemptRow, AttemptRow.id == MetricRow.attempt_id)
        .join(EditionRow, EditionRow.id == AttemptRow.edition_id)
        .where(EditionRow.name == edition)
    )


def _counts() -> ColumnElement[bool]:
    """The attempt that gave the trial's result; its newest one while none has."""
    other = aliased(AttemptRow)
    same_trial = (other.edition_id == AttemptRow.edition_id) & (other.number == AttemptRow.number)
    ended, other_ended = (row.outcome.in_(GAVE_RESULT) for row in (AttemptRow, other))
    later = (other.attempt > AttemptRow.attempt) & (other_ended | ~ended)
    return ~exists().where(same_trial, later | (other_ended & ~ended))


def _attempt_id(session: Session, edition: str, number: int, attempt: int) -> tuple[int, bool]:
    """Return the id of an attempt, and whether it is the newest of its trial."""
    found = session.execute(_ATTEMPTS, {"edition": edition, "number": number, "attempt": attempt}).all()
    if not found or found[0].attempt != attempt:
        raise StudyNotFoundError(
            f"Values belong to an attempt that has begun, but study {edition!r} has no attempt {attempt} of trial "
            f"{number}. Begin it first."
        )
    return found[0].id, len(found) == 1


# Made once: a running trial asks every second, and SQLAlchemy takes longer to put it together than a database to answer it.
_ATTEMPTS = (
    select(AttemptRow.id, AttemptRow.attempt)
    .join(EditionRow, EditionRow.id == AttemptRow.edition_id)
    .where(EditionRow.name == bindparam("edition"), AttemptRow.number == bindparam("number"))
    .where(AttemptRow.attempt >= bindparam("attempt"))
    .order_by(AttemptRow.attempt)
)
