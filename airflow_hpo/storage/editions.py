"""Editions: opening, finding, stopping and finishing them, and how large their batches are."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from airflow_hpo.core.afresh import UNKNOWN, Opening, RunFacts
from airflow_hpo.core.budget import End
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.edition import Edition, Span
from airflow_hpo.core.form import Asked
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.names import one_spelling
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.settings import carried
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord
from airflow_hpo.core.trial_key import SIMULATIONS
from airflow_hpo.exceptions import StudyBusyError, StudyNotFoundError
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.from_row import from_row
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import BatchRow, EditionRow, EvaluationRow

T = TypeVar("T")


def declare(
    session: Session,
    study: Study,
    run: str,
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    group_id: str | None = None,
    timezone: str = "UTC",
    after: DagRunKey | None = None,
    opening: Opening | None = None,
    facts: RunFacts = UNKNOWN,
    asked: Asked | None = None,
) -> Edition:
    """Create an edition, or open the one of that name again: in the DAG run that has it, or after that one has ended.

    The declaration is taken over, as the DAG run was triggered with it where that is another one: that its search is the same
    was checked where its trials are. One that was finished goes on: its end and any request to stop or drain it are forgotten,
    and its timeout counts from now.
    """
    opening, now = opening or Opening(study.edition(run)), utc_now()
    latest: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id, "group_id": group_id}
    latest |= {"layout": asdict(asked.layout) if asked and asked.layout else None}
    latest |= {"clear_number": facts.clear_number, "run_started": facts.started, "run_type": facts.run_type}
    fresh: dict[str, Any] = {
        "family": study.name,
        "run": run,
        "created_at": now,
        "started_at": now,
        "text_values": True,
    }
    fresh |= {"timezone": timezone, "worked_seconds": 0.0, "looked_at": now}
    first = _declarations(study, to_open(None, study, asked))
    insert_absent(session, EditionRow, [{**fresh, **latest, **first, **asdict(opening)}])
    name = opening.name
    row = _locked(session, name)
    own = DagRunKey(dag_id, run_id) if dag_id and run_id else None
    latest |= _declarations(study, to_open(edition_of(row), study, asked, own))
    if dag_id and run_id and row.dag_id and row.run_id and not study.shared:
        refuse_another_run(name, DagRunKey(row.dag_id, row.run_id), DagRunKey(dag_id, run_id), after)
    for column, value in latest.items():
        setattr(row, column, value)
    row.data_until = max(filter(None, (row.data_until, facts.data_until)), default=None)
    if row.finished_at is not None:
        _go_on(row)
    session.flush()
    return edition_of(row)


def reopen_incomplete(session: Session, name: str) -> Edition:
    """Let an edition go on that ended because its tasks did; any other end stays."""
    row = _locked(session, name)
    if row.end == End.INCOMPLETE:
        _go_on(row)
    session.flush()
    return edition_of(row)


def refuse_another_run(name: str, stored: DagRunKey, asks: DagRunKey, after: DagRunKey | None) -> None:
    """Refuse a DAG run that would work on an edition together with another one."""
    if stored not in (asks, after):
        raise StudyBusyError(
            f"One DAG run at a time works on an edition, but {name} is in use by {stored}, and {asks} wants it too. Try again "
            f"when that one has ended, or leave out `run=`, so that each DAG run has an edition of its own."
        )


def get(session: Session, name: str) -> Edition:
    """Return one edition."""
    return edition_of(_found(session, name, select(EditionRow)))


_OWN = ~EditionRow.family.endswith(SIMULATIONS)
"""Not of a companion, which starts and ends with the edition that it belongs to."""


def find_one(session: Session, name: str) -> Edition | None:
    """Return one edition; None when it was never opened."""
    row = session.scalars(select(EditionRow).where(EditionRow.name == name)).one_or_none()
    return None if row is None else edition_of(row)


def find(session: Session, family: str | None = None, limit: int = 100) -> list[Edition]:
    """Return editions, the newest first."""
    wanted = _newest_first().limit(limit)
    return _editions(
        session, wanted.where(_OWN) if family is None else wanted.where(EditionRow.family == one_spelling(family))
    )


def families_like(session: Session, text: str) -> list[str]:
    """Return the studies that tune, not evaluate, with the text in their name or as the id of their DAG, by name."""
    evaluates = select(EvaluationRow.edition_id).where(EvaluationRow.edition_id == EditionRow.id).exists()
    meant = or_(EditionRow.family.icontains(one_spelling(text), autoescape=True), EditionRow.dag_id == text)
    found = select(EditionRow.family).where(meant, ~evaluates, _OWN).distinct().order_by(EditionRow.family)
    return list(session.scalars(found))


def first_of_run(session: Session, run: DagRunKey) -> Edition | None:
    """Return the first edition that a DAG run opened, since it computed afresh; None before it has opened one."""
    found = _editions(session, _of_run(run).order_by(EditionRow.generation.desc(), EditionRow.id).limit(1))
    return found[0] if found else None


def newest_of_run(session: Session, run: DagRunKey, family: str) -> Edition | None:
    """Return the newest edition of a family that a DAG run opened; None before it has opened one."""
    wanted = _of_run(run).where(EditionRow.family == family)
    found = _editions(session, wanted.order_by(EditionRow.id.desc()).limit(1))
    return found[0] if found else None


def find_before(session: Session, moment: datetime) -> list[Edition]:
    """Return the editions that ended before a moment, and those that began before it and have not ended, the oldest first."""
    since = func.coalesce(EditionRow.finished_at, EditionRow.started_at)
    return _editions(session, select(EditionRow).where(since < moment, _OWN).order_by(since, EditionRow.id))


def unfinished(session: Session) -> list[Edition]:
    """Return the editions that have not ended, the newest first."""
    return _editions(session, _newest_first().where(EditionRow.finished_at.is_(None), _OWN))


def names_and_families(session: Session) -> list[str]:
    """Return the names of all editions, and of all studies that have any."""
    found = session.execute(select(EditionRow.name, EditionRow.family).where(_OWN).order_by(EditionRow.id.desc())).all()
    return [*dict.fromkeys(family for _, family in found), *(name for name, _ in found)]


def names_before(
    session: Session, edition: Edition, data_until: datetime | None, family: str | None = None
) -> list[str]:
    """Return the editions of its family, or another one, that were created before one and have data that end no later.

    The newest data come first. Without a kept end of its data an edition counts by the time of its creation. What was computed afresh since then is left
    out, and so is what another one computes afresh itself.
    """
    own, end = row_id(session, edition.name), func.coalesce(EditionRow.data_until, EditionRow.created_at)
    before = (
        EditionRow.family == (family or edition.family),
        EditionRow.id < own,
        is_newest(),
        end <= (data_until or edition.created),
    )
    return list(session.scalars(select(EditionRow.name).where(*before).order_by(end.desc(), EditionRow.id.desc())))


def finish(
    session: Session,
    name: str,
    end: End,
    reason: str,
    best: TrialRecord | None = None,
) -> Edition:
    """Note that an edition is over; said again, the newest statement holds, since a rerun may have changed the best."""
    row = _locked(session, name)
    row.end, row.reason = end.value, reason
    _note_best(row, best)
    row.finished_at = max(utc_now(), row.started_at)
    session.flush()
    return edition_of(row)


def correct_best(session: Session, name: str, best: TrialRecord | None) -> Edition:
    """Note another best trial of an edition that is over; its end stays as it was."""
    row = _locked(session, name)
    _note_best(row, best)
    session.flush()
    return edition_of(row)


def keep_time(session: Session, name: str, spans: Iterable[Span]) -> Edition:
    """Count the time since the last look in which attempts ran into what is used of a timeout."""
    row, now = _locked(session, name), utc_now()
    row.worked_seconds = edition_of(row).used(now, spans).total_seconds()
    row.looked_at = now
    session.flush()
    return edition_of(row)


def request_stop(session: Session, name: str, reason: str) -> Edition:
    """Ask an edition to start no further trial; the first reason is kept."""
    row = _locked(session, name)
    row.stop_reason = row.stop_reason or reason
    session.flush()
    return edition_of(row)


def note_rule(session: Session, name: str, reason: str | None, trouble: str | None) -> None:
    """Note what a stop rule has said: why the study ends, or why it gave no answer; None for neither."""
    row = _locked(session, name)
    row.stop_reason = row.stop_reason or reason
    row.rule_trouble = trouble
    session.flush()


def drain(session: Session, name: str, by: str) -> Edition:
    """Let an edition that has not ended start nothing new for a while; said again, the first statement is kept."""
    row = _locked(session, name)
    if row.finished_at is None and row.drained_at is None:
        row.drained_at, row.drained_by = utc_now(), by
    session.flush()
    return edition_of(row)


def cancel_drain(session: Session, name: str) -> None:
    """Let an edition start trials again."""
    row = _locked(session, name)
    row.drained_at, row.drained_by = None, None


def redeclare(session: Session, name: str, study: Study) -> Edition:
    """Change the declaration of an edition while it runs; its search stays as it is."""
    row = _locked(session, name)
    row.declared = row.declared or row.declaration
    row.declaration = _declared(study)
    session.flush()
    return edition_of(row)


def seal_batch(session: Session, name: str, batch: int, size: int, sharer: str = "", *, lazy: bool = False) -> int:
    """Fix how many trials a batch has and return the number that holds: the first caller decides.

    Each task group that shares a study has batches of its own.
    """
    edition_id = row_id(session, name)
    sealed = {"edition_id": edition_id, "sharer": sharer, "batch": batch, "size": size, "lazy": lazy}
    insert_absent(session, BatchRow, [sealed])
    return session.execute(_size(edition_id, batch, sharer)).scalar_one()


def batch_size(session: Session, name: str, batch: int, sharer: str = "") -> int | None:
    """Return how many trials a batch has; None while it is not sealed."""
    return session.execute(_size(row_id(session, name), batch, sharer)).scalar()


def lazy_batches(session: Session, name: str, slots: int) -> dict[tuple[str, int], int]:
    """Return the size of each batch with trials that ask for themselves, by sharer and number."""
    known = or_(BatchRow.lazy.is_(True), BatchRow.lazy.is_(None) & (BatchRow.size > slots))
    wanted = select(BatchRow.sharer, BatchRow.batch, BatchRow.size)
    found = session.execute(wanted.where(BatchRow.edition_id == row_id(session, name), known))
    return {(sharer, batch): size for sharer, batch, size in found}


def row_id(session: Session, name: str, *, lock: bool = False) -> int:
    """Return the key by which other tables refer to an edition."""
    wanted = select(EditionRow.id)
    return _found(session, name, wanted.with_for_update(key_share=True) if lock else wanted)


def is_newest() -> ColumnElement[bool]:
    """Return the condition that an edition was not computed afresh since then."""
    later = aliased(EditionRow)
    same = (later.family == EditionRow.family) & (later.run == EditionRow.run)
    return ~select(later.id).where(same, later.id > EditionRow.id).exists()


def _size(edition_id: int, batch: int, sharer: str) -> Select[int]:
    ours = (BatchRow.edition_id == edition_id, BatchRow.sharer == sharer, BatchRow.batch == batch)
    return select(BatchRow.size).where(*ours)


def _newest_first() -> Select[EditionRow]:
    return select(EditionRow).order_by(EditionRow.id.desc())


def _of_run(run: DagRunKey) -> Select[EditionRow]:
    return select(EditionRow).where(EditionRow.dag_id == run.dag_id, EditionRow.run_id == run.run_id)


def _editions(session: Session, wanted: Select[EditionRow]) -> list[Edition]:
    return [edition_of(row) for row in session.scalars(wanted)]


def _locked(session: Session, name: str) -> EditionRow:
    return _found(session, name, select(EditionRow).with_for_update(key_share=True))


def _found(session: Session, name: str, wanted: Select[T]) -> T:
    found = session.scalars(wanted.where(EditionRow.name == name)).one_or_none()
    if found is None:
        known = list(session.scalars(select(EditionRow.name).where(_OWN).order_by(EditionRow.id.desc()).limit(200)))
        raise StudyNotFoundError(
            f"A study must be in the store, but {name!r} is not.{nearest(name, known)} "
            "`airflow hpo studies list` shows those there are."
        )
    return found


def _note_best(row: EditionRow, best: TrialRecord | None) -> None:
    row.best_number, row.best_value = (best.number, best.value) if best else (None, None)


def _go_on(row: EditionRow) -> None:
    row.started_at, row.finished_at, row.end, row.reason, row.stop_reason = utc_now(), None, None, None, None
    row.worked_seconds, row.looked_at, row.drained_at, row.drained_by = 0.0, row.started_at, None, None


def to_open(stored: Edition | None, file: Study, asked: Asked | None, run: DagRunKey | None = None) -> Study:
    """Return the study that a start opens: what a person has set stays in its DAG run, and another one has what it asks for."""
    if stored is None or not (file.shared or stored.dag_run in (None, run)):
        return asked.study if asked else file
    return carried(file, stored.file_study, stored.study)


def _declarations(file: Study, now: Study) -> dict[str, str | None]:
    return {"declaration": _declared(now), "declared": None if now == file else _declared(file)}


def _declared(study: Study) -> str:
    return json.dumps(study.to_dict(), ensure_ascii=False)


def edition_of(row: EditionRow) -> Edition:
    """Return what a row holds."""
    return from_row(
        Edition,
        row,
        declaration=json.loads(row.declaration),
        declared=json.loads(row.declared) if row.declared else None,
        layout=Layout(**row.layout) if row.layout else None,
        created=row.created_at,
        started=row.started_at,
        finished=row.finished_at,
        end=End(row.end) if row.end else None,
        text_values=bool(row.text_values),
        timezone=row.timezone or "UTC",
        generation=row.generation or 1,
    )
