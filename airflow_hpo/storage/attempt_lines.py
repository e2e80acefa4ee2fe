"""Lines of attempts for tables and charts of many: without their logs and sentences, and not one by one through the ORM."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.storage.tables import AttemptRow, EditionRow, SlotRow

PART = 300
"""Rows that are fetched at once; of more the garbage collector makes much work."""


class AttemptLine(NamedTuple):
    """What a table of trials shows of an attempt."""

    study: str
    number: int
    attempt: int
    outcome: AttemptOutcome
    kind: str | None
    place: Mapping[str, Any]
    task_id: str
    map_index: int
    try_number: int


class TimedLine(NamedTuple):
    """What a chart of time shows of an attempt."""

    study: str
    number: int
    attempt: int
    outcome: AttemptOutcome
    kind: str | None
    place: Mapping[str, Any]
    started: datetime
    finished: datetime | None
    seconds: Mapping[str, Any] | None
    slot: int | None
    """The slot of its trial; None for trials of before slots were kept."""


def lines_of(session: Session, edition: str, since: int = 0) -> Iterator[AttemptLine]:
    """Return the attempts of the trials from a number on, in the order of trials and runs."""
    for number, attempt, outcome, *rest in _rows(session, _LINES, {"edition": edition, "since": since}):
        yield AttemptLine(edition, number, attempt, _OUTCOMES[outcome], *rest)


def timed_lines_of(session: Session, edition: str) -> Iterator[TimedLine]:
    """Return all attempts of an edition in the order of trials and runs."""
    for number, attempt, outcome, *rest in _rows(session, _TIMED, {"edition": edition}):
        yield TimedLine(edition, number, attempt, _OUTCOMES[outcome], *rest)


def stamp_of(session: Session, edition: str) -> list[Any]:
    """Return what differs once an attempt has begun, has ended or knows more of its place: for a second look that may be spared."""
    connection, given = session.connection(), {"edition": edition, "running": AttemptOutcome.RUNNING.value}
    counts = connection.execute(_COUNTS, given).all()
    return [tuple(row) for row in (*counts, *connection.execute(_PLACES, given))]


def _rows(session: Session, statement: Select[Any], given: Mapping[str, Any]) -> Iterator[Any]:
    for part in session.connection().execute(statement, given).partitions(PART):
        yield from part


_OUTCOMES = {outcome.value: outcome for outcome in AttemptOutcome}
_ID = select(EditionRow.id).where(EditionRow.name == bindparam("edition")).scalar_subquery()
_OURS = AttemptRow.edition_id == _ID
_SHARED = (AttemptRow.number, AttemptRow.attempt, AttemptRow.outcome, AttemptRow.kind, AttemptRow.place)
_ORDER = (AttemptRow.number, AttemptRow.attempt)
_LINES = (
    select(*_SHARED, AttemptRow.task_id, AttemptRow.map_index, AttemptRow.try_number)
    .where(_OURS, AttemptRow.number >= bindparam("since"))
    .order_by(*_ORDER)
)
_SLOT = (SlotRow.edition_id == AttemptRow.edition_id) & (SlotRow.number == AttemptRow.number)
_TIMED = (
    select(*_SHARED, AttemptRow.started_at, AttemptRow.finished_at, AttemptRow.seconds, SlotRow.slot)
    .outerjoin(SlotRow, _SLOT)
    .where(_OURS)
    .order_by(*_ORDER)
)
# Both from the index of the outcomes.
_COUNTS = (
    select(AttemptRow.outcome, func.count()).where(_OURS).group_by(AttemptRow.outcome).order_by(AttemptRow.outcome)
)
_PLACES = (
    select(AttemptRow.id, AttemptRow.place, AttemptRow.waits_for)
    .where(_OURS, AttemptRow.outcome == bindparam("running"))
    .order_by(AttemptRow.id)
)
