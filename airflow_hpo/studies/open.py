"""Opening of a study: its rows, its warm start, and what to say about its declaration."""

from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunKey, Owner
from airflow_hpo.core.space.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial_key import group_of
from airflow_hpo.storage import editions, sharers
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.owner import claim_study
from airflow_hpo.studies.store import Store


@retried
def open_edition(
    store: Store, study: Study, run: str, task_try: TaskTry, after: DagRunKey | None = None, timezone: str = "UTC"
) -> Edition:
    """Create an edition of a study, or reopen it when it exists; only the study's owner may, and one DAG run at a time.

    Repeating it is safe: nothing is created twice. A changed budget takes effect; a changed space or objective does not.
    The DAG run that worked on it before, and has ended, is named by ``after``. A new edition keeps the time zone.
    """
    claim_study(store, study, Owner.of(task_try.task))
    return opened(store, study, run, task_try, after, timezone)


def opened(
    store: Store, study: Study, run: str, task_try: TaskTry, after: DagRunKey | None = None, timezone: str = "UTC"
) -> Edition:
    """Create or reopen an edition after its owner was checked."""
    name, task = study.edition(run), task_try.task
    store.optuna.create(name, study)
    with store.session() as session:
        edition = editions.declare(
            session,
            study,
            run=run,
            dag_id=task.dag_id,
            run_id=task.run_id,
            group_id=group_of(task.task_id),
            timezone=timezone,
            after=after,
        )
        if study.shared:
            sharers.join(session, name, Owner.of(task), task.run_id, after)
    _take_over(store, edition, study)
    return edition


@retried
def run_before(store: Store, study: Study, run: str, task_try: TaskTry) -> DagRunKey | None:
    """Return the DAG run that has an edition and is another one than a task's own; None without one.

    Of a shared edition each task group has a DAG run of its own.
    """
    own = DagRunKey.of(task_try.task)
    with store.session(read_only=True) as session:
        edition = editions.find_one(session, study.edition(run))
        if edition is None:
            return None
        found = sharers.find(session, edition.name).get(Owner.of(task_try.task)) if study.shared else edition.dag_run
    return None if found == own else found


@retried
def enter_champion(store: Store, edition: Edition, params: Params) -> bool:
    """Have the parameters that production uses tried first; the edition's first champion stays in a retry."""
    return store.optuna.enqueue_champion(edition.name, edition.study, params)


def _take_over(store: Store, edition: Edition, study: Study) -> None:
    if study.warm_start is None:
        return
    earlier = store.read(editions.latest_before, study.name, edition.name, study.warm_start.editions)
    store.optuna.warm_start(edition.name, study, [e.name for e in earlier])
