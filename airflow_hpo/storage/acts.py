"""Acts of people on running editions: the audit, and the ends of trials that were asked for."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from airflow_hpo.core.act import Act, ActKind
from airflow_hpo.core.settings import differences, shown_setting
from airflow_hpo.core.study import Study
from airflow_hpo.storage import editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.tables import ActRow, EditionRow, from_row


def note(
    session: Session,
    edition: str,
    act: ActKind,
    by: str,
    number: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note an act, in the transaction that does it."""
    told = json.dumps(dict(details or {}), ensure_ascii=False)
    edition_id = editions.row_id(session, edition)
    session.add(ActRow(edition_id=edition_id, act=act.value, number=number, by=by, details=told, at=utc_now()))
    session.flush()


def note_set(session: Session, edition: str, by: str, before: Study, now: Study) -> None:
    """Note that a study has other settings, in the transaction that gives them to it; nothing where it has not."""
    if found := differences(before, now):
        told = {name: [shown_setting(old), shown_setting(new)] for name, (old, new) in found.items()}
        note(session, edition, ActKind.SET, by, details=told)


def of(session: Session, edition: str) -> list[Act]:
    """Return the acts of an edition, the first one first."""
    return [_act(row) for row in session.scalars(_of(edition))]


def ends(session: Session, edition: str) -> dict[int, str]:
    """Return why trials must end or must not begin, because a person wants so, by their numbers."""
    found = [_act(row) for row in session.scalars(_of(edition).where(ActRow.act == ActKind.END.value))]
    return {act.number: f"The trial was ended by {act.by}." for act in reversed(found) if act.number is not None}


def _of(edition: str) -> Select[ActRow]:
    wanted = select(ActRow).join(EditionRow, EditionRow.id == ActRow.edition_id)
    return wanted.where(EditionRow.name == edition).order_by(ActRow.id)


def _act(row: ActRow) -> Act:
    return from_row(Act, row, act=ActKind(row.act), details=json.loads(row.details))
