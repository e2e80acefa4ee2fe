"""Purges of editions: who deleted which trials, and the deletion of what our tables have of a trial."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.orm import Session

from airflow_hpo.core.purge import Purge, gone_for_good
from airflow_hpo.exceptions import StudyPurgedError
from airflow_hpo.storage import editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.from_row import from_row
from airflow_hpo.storage.tables import (
    AttemptRow,
    BatchRow,
    EditionRow,
    EvaluationRow,
    MetricRow,
    PurgeRow,
    SharerRow,
    SlotRow,
)


def begin(session: Session, edition: str, purge: Purge) -> None:
    """Note that trials of an edition are about to be deleted: from now on no task works on it."""
    session.add(
        PurgeRow(
            edition_id=editions.row_id(session, edition, lock=True),
            by=purge.by,
            archive=purge.archive,
            trials=purge.trials,
            kept=list(purge.kept),
            complete=purge.complete,
            pruned=purge.pruned,
            failed=purge.failed,
            began_at=purge.began,
        )
    )
    session.flush()


def end(session: Session, edition: str) -> None:
    """Note that all trials of the purge that was begun are deleted."""
    ours = PurgeRow.edition_id == editions.row_id(session, edition, lock=True)
    session.execute(update(PurgeRow).where(ours, PurgeRow.ended_at.is_(None)).values(ended_at=utc_now()))


def of(session: Session, edition: str) -> list[Purge]:
    """Return the purges of an edition, the first one first."""
    wanted = select(PurgeRow).join(EditionRow, EditionRow.id == PurgeRow.edition_id)
    rows = session.scalars(wanted.where(EditionRow.name == edition).order_by(PurgeRow.id))
    return [from_row(Purge, row, began=row.began_at, ended=row.ended_at) for row in rows]


def unfinished(found: Sequence[Purge]) -> Purge | None:
    """Return the purge that was broken off; None when none was."""
    return next((each for each in found if each.ended is None), None)


def refuse_purged(session: Session, edition: str) -> None:
    """Raise when trials of an edition were deleted: what works on it would take them for trials that never were."""
    if found := of(session, edition):
        raise StudyPurgedError(gone_for_good(edition, found))


def rows_by_trial(session: Session, edition: str) -> dict[int, int]:
    """Return how many reported values each trial has, attempts included; trials without any are left out."""
    counts = (
        select(AttemptRow.number, func.count().label("rows"))
        .join(MetricRow, MetricRow.attempt_id == AttemptRow.id)
        .where(AttemptRow.edition_id == editions.row_id(session, edition))
        .group_by(AttemptRow.number)
    )
    return {row.number: row.rows for row in session.execute(counts)}


def delete_attempts(session: Session, edition: str, numbers: Collection[int]) -> None:
    """Delete the attempts of some trials with all that they reported."""
    edition_id = editions.row_id(session, edition)
    theirs = select(AttemptRow.id).where(AttemptRow.edition_id == edition_id, AttemptRow.number.in_(numbers))
    # The ids are named: MariaDB reads a whole table for a subquery in a DELETE.
    ids = list(session.scalars(theirs))
    _delete(session.connection(), MetricRow, MetricRow.attempt_id.in_(ids))
    _delete(session.connection(), AttemptRow, AttemptRow.id.in_(ids))
    of_trials = (SlotRow.edition_id == edition_id) & SlotRow.number.in_(numbers)
    _delete(session.connection(), SlotRow, of_trials)


def delete_rest(session: Session, edition: str) -> None:
    """Delete what else our tables have of an edition without trials; the edition itself and its purges stay."""
    edition_id = editions.row_id(session, edition, lock=True)
    for table in (BatchRow, SharerRow, EvaluationRow, AttemptRow, SlotRow):
        _delete(session.connection(), table, table.edition_id == edition_id)


def _delete(connection: Connection, table: type, condition: object) -> None:
    connection.execute(delete(table).where(condition))  # type: ignore[arg-type]
