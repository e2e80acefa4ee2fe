"""Importance of a study's parameters, computed where its tasks run, so that pages only read it."""

import logging
from datetime import UTC, datetime

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.importance import is_due
from airflow_hpo.storage import evaluations
from airflow_hpo.studies.store import Store

logger = logging.getLogger(__name__)


def refresh(store: Store, edition: Edition) -> None:
    """Compute it again while the study runs, if that is due; see ``core.importance``."""
    with store.session(read_only=True) as session:
        last = store.optuna.importance(edition.name, session.connection())
        complete = store.optuna.complete_trials(edition.name, session.connection())
    if is_due(last, edition.started, complete, datetime.now(UTC)):
        compute(store, edition)


def compute(store: Store, edition: Edition) -> None:
    """Compute it and keep it; a study is none the worse without it, so nothing that goes wrong is raised."""
    if len(edition.study.space) < 2 or store.read(evaluations.is_one, edition.name):
        return
    try:
        store.optuna.compute_importance(edition.name, datetime.now(UTC))
    except Exception:
        logger.warning("The importance of the parameters of %s was not computed.", edition.name, exc_info=True)
