"""Opening of a study: its rows, its warm start, and what to say about its declaration."""

from __future__ import annotations

from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import Owner
from airflow_hpo.core.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial_key import group_of
from airflow_hpo.storage import editions
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.owner import claim_study
from airflow_hpo.studies.store import Store


@retried
def open_edition(store: Store, study: Study, run: str, place: TaskTry) -> Edition:
    """Create an edition of a study, or reopen it when it exists; only the study's owner may.

    Repeating it is safe: nothing is created twice. A changed budget takes effect; a changed space or objective does not.
    """
    claim_study(store, study, Owner.of(place.task))
    return opened(store, study, run, place)


def opened(store: Store, study: Study, run: str, place: TaskTry) -> Edition:
    """Create or reopen an edition whose owner was checked."""
    name = study.edition(run)
    store.optuna.create(name, study)
    with store.session() as session:
        edition = editions.declare(
            session,
            study,
            run=run,
            dag_id=place.task.dag_id,
            run_id=place.task.run_id,
            group_id=group_of(place.task.task_id),
        )
    _take_over(store, edition, study)
    return edition


@retried
def enter_champion(store: Store, edition: Edition, params: Params) -> bool:
    """Have the parameters that production uses tried first; the edition's first champion stays in a retry."""
    return store.optuna.enqueue_champion(edition.name, edition.study, params)


def _take_over(store: Store, edition: Edition, study: Study) -> None:
    if study.warm_start is None:
        return
    with store.session(read_only=True) as session:
        earlier = editions.latest_before(session, study.name, edition.name, study.warm_start.editions)
    store.optuna.warm_start(edition.name, study, [e.name for e in earlier])
