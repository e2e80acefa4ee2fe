"""Drift of a family: the optimum of each edition, and when production got other parameters."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from airflow_hpo.core.names import one_spelling
from airflow_hpo.exceptions import StudyNotFoundError
from airflow_hpo.optuna.overview import params_of
from airflow_hpo.pages.models.studies import Drift, DriftEdition, Promotion
from airflow_hpo.pages.study_filter import Readable
from airflow_hpo.storage.tables import ComparisonRow, EditionRow, EvaluationRow, PromotionRow
from airflow_hpo.studies.store import Store

EDITIONS = 400


def drift_of(store: Store, family: str, readable: Readable) -> Drift:
    """Return how the optimum of a family moved, over the editions that the person may read and that have one."""
    with store.database.session(read_only=True) as session:
        query = select(EditionRow).where(EditionRow.family == one_spelling(family))
        query = query.where(~select(EvaluationRow).where(EvaluationRow.edition_id == EditionRow.id).exists())
        rows = list(session.scalars(query.order_by(EditionRow.id.desc()).limit(EDITIONS)))
        allowed = readable({row.dag_id for row in rows}) if rows else set()
        rows = [row for row in reversed(rows) if row.dag_id in allowed]
        if not rows:
            raise StudyNotFoundError(
                f"Drift needs a study that you may read, but got {family!r}. Open the list of studies."
            )
        best = {row.name: row.best_number for row in rows if row.best_number is not None}
        params = params_of(session.connection(), best)
        editions = [
            DriftEdition(
                id=row.id,
                name=row.name,
                started_at=row.started_at,
                best_value=row.best_value,
                best_params=params.get(row.name) if row.name in best else None,
                end=row.end,
            )
            for row in rows
        ]
        return Drift(editions=editions, promotions=_promotions(session, rows[0].family))


def _promotions(session: Session, family: str) -> Sequence[Promotion]:
    sets = select(ComparisonRow.parameter_set).where(ComparisonRow.family == family).distinct()
    query = select(PromotionRow.at, PromotionRow.to_version).where(PromotionRow.name.in_(sets))
    return [Promotion(at=at, version=version) for at, version in session.execute(query.order_by(PromotionRow.id))]
