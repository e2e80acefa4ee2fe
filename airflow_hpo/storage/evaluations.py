"""Plans of editions that evaluate candidates."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from airflow_hpo.core.declared import nearest
from airflow_hpo.core.evaluation import Plan
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.storage import editions
from airflow_hpo.storage.column_types import utc_now
from airflow_hpo.storage.insert_absent import insert_absent
from airflow_hpo.storage.tables import EditionRow, EvaluationRow


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An edition that evaluates candidates."""

    edition: str
    plan: Plan
    look: int
    """Which look of a comparison it serves, from 1."""
    created: datetime


def keep(session: Session, edition: str, plan: Plan, *, look: int = 1) -> Evaluation:
    """Write down what an edition evaluates, unless that was done before, and return what holds: a plan never changes."""
    text = json.dumps(plan.to_dict(), ensure_ascii=False)
    row = {"edition_id": editions.row_id(session, edition), "look": look, "plan": text}
    insert_absent(session, EvaluationRow, [{**row, "created_at": utc_now()}])
    return get(session, edition)


def get(session: Session, edition: str) -> Evaluation:
    """Return what an edition evaluates."""
    found = session.execute(_rows().where(EditionRow.name == edition)).one_or_none()
    if found is None:
        known = list(session.scalars(_names().limit(200)))
        raise StudyNotFoundError(
            f"An evaluation must be in the store, but {edition!r} is not.{nearest(edition, known)}"
        )
    return _evaluation(*found)


def is_one(session: Session, edition: str) -> bool:
    """Say whether an edition evaluates."""
    return session.execute(_rows().where(EditionRow.name == edition)).first() is not None


def _rows() -> Select[str, EvaluationRow]:
    return select(EditionRow.name, EvaluationRow).join(EvaluationRow, EvaluationRow.edition_id == EditionRow.id)


def _names() -> Select[str]:
    joined = select(EditionRow.name).join(EvaluationRow, EvaluationRow.edition_id == EditionRow.id)
    return joined.order_by(EditionRow.id.desc())


def _evaluation(edition: str, row: EvaluationRow) -> Evaluation:
    return Evaluation(edition, Plan.from_dict(json.loads(row.plan)), row.look, row.created_at)
