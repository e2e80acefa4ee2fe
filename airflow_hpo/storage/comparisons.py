"""Comparisons with their decisions, kept for ever."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_hpo.core.masking import masked_data
from airflow_hpo.exceptions import ComparisonError
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.from_row import from_row
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import ComparisonRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a comparison found, before it is kept."""

    digest: str
    """64 hex digits that are the same when the same was found in the same place."""
    edition: str
    """The tuned edition that the challengers come from, or ``family@run``."""
    family: str
    parameter_set: str | None
    champion_version: int | None
    """Which version the champion was; None when nothing was in use."""
    look: int
    verdict: str
    sentence: str
    decision: Mapping[str, Any]
    """Every number, JSON-able."""
    selection: Mapping[str, Any] | None
    """How the challengers were chosen, JSON-able; None when they were given."""
    report: str
    """The page for people, Markdown."""
    evaluations: Sequence[str]
    """Editions of the evaluations that were compared."""
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Finding):
    """A comparison that is kept."""

    id: int
    created: datetime
    answers_kept: bool = True
    """Whether answers to it are kept in `hpo_approvals`; those to comparisons of earlier releases are in XComs alone."""

    @property
    def challenger(self) -> str | None:
        """Who is promoted, or else the best; None when there is none."""
        name: str | None = self.decision["challenger"]
        return name


def keep(session: Session, found: Finding) -> Comparison:
    """Write a finding down; the same finding again is the same comparison."""
    columns = {field.name: getattr(found, field.name) for field in fields(Finding)}
    columns |= {
        "decision": json.dumps(masked_data(found.decision), ensure_ascii=False, allow_nan=False),
        "selection": json.dumps(masked_data(found.selection), ensure_ascii=False, allow_nan=False)
        if found.selection
        else None,
        "evaluations": list(found.evaluations),
        "created_at": utc_now(),
        "answers_kept": True,
    }
    insert_absent(session, ComparisonRow, [columns])
    return _comparison(session.scalars(select(ComparisonRow).where(ComparisonRow.digest == found.digest)).one())


def get(session: Session, number: int) -> Comparison:
    """Return one comparison."""
    row = session.get(ComparisonRow, number)
    if row is None:
        raise ComparisonError(
            f"A comparison must be in the store, but none has the number {number}. "
            "See 'airflow hpo comparisons list' for those there are."
        )
    return _comparison(row)


def find_same(session: Session, digest: str) -> Comparison | None:
    """Return the comparison that found the same; None where there is none."""
    row = session.scalars(select(ComparisonRow).where(ComparisonRow.digest == digest)).one_or_none()
    return None if row is None else _comparison(row)


def find(
    session: Session,
    *,
    family: str | None = None,
    parameter_set: str | None = None,
    dag_id: str | None = None,
    limit: int = 100,
) -> list[Comparison]:
    """Return comparisons, the newest first."""
    wanted = select(ComparisonRow).order_by(ComparisonRow.id.desc()).limit(limit)
    for column, value in (
        (ComparisonRow.family, family),
        (ComparisonRow.parameter_set, parameter_set),
        (ComparisonRow.dag_id, dag_id),
    ):
        wanted = wanted if value is None else wanted.where(column == value)
    return [_comparison(row) for row in session.scalars(wanted)]


def _comparison(row: ComparisonRow) -> Comparison:
    return from_row(
        Comparison,
        row,
        decision=json.loads(row.decision),
        selection=json.loads(row.selection) if row.selection else None,
        created=row.created_at,
        answers_kept=bool(row.answers_kept),
    )
