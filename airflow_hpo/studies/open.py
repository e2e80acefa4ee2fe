"""Starting a study: its rows, its warm start, and what to say about its declaration."""

from __future__ import annotations

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.storage import editions
from airflow_hpo.storage.patience import patiently
from airflow_hpo.tuning.place import TaskPlace
from airflow_hpo.tuning.store import Store


@patiently
def open_edition(store: Store, study: Study, run: str, place: TaskPlace) -> Edition:
    """Create an edition of a study, or reopen it when it exists.

    Repeating it is safe: nothing is created twice. A changed budget takes effect; a changed space or objective does not.

    :param store: the study database.
    :param study: the declaration.
    :param run: what tells this edition from others, usually the DAG run's id.
    :param place: the task that opens it.
    :raises StudyConflictError: when the edition exists with another space, direction or objective.
    """
    name = study.edition(run)
    store.optuna.create(name, study)
    with store.session() as session:
        edition = editions.open_edition(
            session,
            study,
            run=run,
            dag_id=place.task.dag_id,
            run_id=place.task.run_id,
            group_id=place.task.task_id.rpartition(".")[0],
        )
    _take_over(store, edition, study)
    return edition


@patiently
def enter_champion(store: Store, edition: Edition, params: Params) -> bool:
    """Have the parameters that production uses tried first; the edition's first champion stays in a retry.

    :param store: the study database.
    :param edition: the edition that was opened.
    :param params: the champion's parameters.
    :returns: whether a trial evaluates a champion: one that does not fit the space is left out.
    """
    return store.optuna.champion(edition.name, edition.study, params)


def _take_over(store: Store, edition: Edition, study: Study) -> None:
    if study.warm_start is None:
        return
    with store.session(read_only=True) as session:
        earlier = editions.latest_before(session, study.name, edition.name, study.warm_start.editions)
    store.optuna.warm_start(edition.name, study, [e.name for e in earlier])
