"""Counts of the attempts of many editions, by a statement each."""

from collections import Counter, defaultdict
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.storage.tables import AttemptRow

LOST = "lost"
"""Kind of failure of a trial that was given up without a word."""


def at_work(session: Session, edition_ids: Collection[int]) -> dict[int, Counter[str]]:
    """Return how many trials have a running attempt, by edition and by what it waits for; empty text: its program runs."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    columns = (AttemptRow.edition_id, AttemptRow.waits_for, func.count(AttemptRow.number.distinct()))
    running = AttemptRow.outcome == AttemptOutcome.RUNNING.value
    query = select(*columns).where(AttemptRow.edition_id.in_(edition_ids), running)
    query = query.group_by(AttemptRow.edition_id, AttemptRow.waits_for)
    for edition_id, waits_for, count in session.execute(query) if edition_ids else ():
        found[edition_id][waits_for or ""] += count
    return found


def last_kinds(session: Session, edition_ids: Collection[int]) -> dict[int, dict[int, str]]:
    """Return the kind of failure of the last attempt that failed, by edition and number of the trial."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    failed = AttemptRow.outcome.in_([AttemptOutcome.FAILED.value, AttemptOutcome.LOST.value])
    query = select(AttemptRow.edition_id, AttemptRow.number, AttemptRow.kind)
    query = query.where(AttemptRow.edition_id.in_(edition_ids), failed).order_by(AttemptRow.attempt)
    for edition_id, number, kind in session.execute(query) if edition_ids else ():
        found[edition_id][number] = kind or LOST
    return found
