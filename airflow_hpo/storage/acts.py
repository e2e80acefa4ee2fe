"""Acts of people on running editions: the audit, and the ends of trials that were asked for."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from airflow_hpo.core.act import Act, ActKind
from airflow_hpo.core.settings import differences, shown_setting
from airflow_hpo.core.study import Study
from airflow_hpo.core.window_form import PREFIX
from airflow_hpo.storage import editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.from_row import from_row
from airflow_hpo.storage.tables import ActRow, EditionRow


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


def note_set(
    session: Session,
    edition: str,
    by: str,
    before: Study,
    now: Study,
    windows: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Note that a study has other settings, or windows, in the transaction that gives them to it; nothing where it has not."""
    told = {name: [shown_setting(old), shown_setting(new)] for name, (old, new) in differences(before, now).items()}
    told |= {name: list(pair) for name, pair in (windows or {}).items()}
    if told:
        note(session, edition, ActKind.SET, by, details=told)


def windows_sentence(session: Session, edition: str) -> str | None:
    """Say which windows a run was triggered with in place of those of its file; None where it has those."""
    details = [act.details or {} for act in of(session, edition) if act.act is ActKind.SET]
    found = {name: pair for each in details for name, pair in each.items() if name.startswith(PREFIX)}
    said = [f"{name.removeprefix(PREFIX)} is {new} instead of {old}" for name, (old, new) in found.items()]
    return f"The windows of this run differ from its file: {'; '.join(said)}." if said else None


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
