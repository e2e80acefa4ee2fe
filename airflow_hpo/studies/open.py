"""Opening of a study: its rows, its warm start, and what to say about its declaration."""

import logging
from collections import Counter
from collections.abc import Sequence

from airflow_hpo.core.afresh import UNKNOWN, Opening, RunFacts, why_afresh
from airflow_hpo.core.attempt import TaskTry
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.form import Asked
from airflow_hpo.core.owner import DagRunEnd, DagRunKey, Owner
from airflow_hpo.core.scenarios import companion_study
from airflow_hpo.core.space.space import Params
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial_key import companion_of, group_of, without_window
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.storage import acts, editions, generations, purges, sharers
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.owner import claim_study
from airflow_hpo.studies.stopped_runs import end_stopped
from airflow_hpo.studies.store import Store

logger = logging.getLogger(__name__)


@retried
def open_edition(
    store: Store,
    study: Study,
    run: str,
    task_try: TaskTry,
    after: DagRunKey | None = None,
    timezone: str = "UTC",
    facts: RunFacts = UNKNOWN,
    opening: Opening | None = None,
    asked: Asked | None = None,
) -> Edition:
    """Create an edition of a study, or reopen it when it exists; only the study's owner may, and one DAG run at a time.

    What the DAG run has to compute afresh is a new generation of the edition, as :func:`opening_of` says, which is asked here
    unless its answer is given.

    Repeating it is safe: nothing is created twice. A changed budget takes effect; a changed space or objective does not.
    The DAG run that worked on it before, and has ended, is named by ``after``. A new edition keeps the time zone.
    Warm starts take over nothing with data that end after those of the DAG run, else after the edition was created.
    """
    claim_study(store, study, Owner.of(task_try.task))
    edition = opened(store, study, run, task_try, after, timezone, facts, opening, asked)
    if study.scenarios:
        same = Opening(companion_of(edition.name), edition.generation, edition.afresh)
        opened(store, companion_study(study), run, task_try, after, timezone, facts, same)
    return edition


def opened(
    store: Store,
    study: Study,
    run: str,
    task_try: TaskTry,
    after: DagRunKey | None = None,
    timezone: str = "UTC",
    facts: RunFacts = UNKNOWN,
    opening: Opening | None = None,
    asked: Asked | None = None,
) -> Edition:
    """Create or reopen an edition after its owner was checked."""
    task = task_try.task
    opening = opening or opening_of(store, study, run, task_try, facts)
    name = opening.name
    _refuse_gone(store, name)
    before, own = store.read(editions.find_one, name), DagRunKey.of(task)
    store.optuna.create(name, editions.to_open(before, study, asked, own))
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
            opening=opening,
            facts=facts,
            asked=asked,
        )
        if asked and (before is None or before.dag_run != own):
            acts.note_set(session, name, asked.by, study, edition.study, asked.windows)
        # Once more, because only now nobody can begin to purge it.
        purges.refuse_purged(session, name)
        if study.shared:
            sharers.join(session, name, Owner.of(task), task.run_id, after)
    if edition.generation > 1 and not study.shared:
        _end_earlier(store, edition, DagRunKey.of(task))
    _take_over(store, edition, edition.study, facts)
    return edition


@retried
def opening_of(
    store: Store,
    study: Study,
    run: str,
    task_try: TaskTry,
    facts: RunFacts = UNKNOWN,
    otherwise: Edition | None = None,
) -> Opening:
    """Decide which generation a start opens; said again after a crash, it is the same one.

    Where the edition does not exist yet, another one says whether it is computed afresh: ``otherwise``.
    """
    with store.session(read_only=True) as session:
        stored = generations.newest(session, study.name, run) or otherwise
        if stored is None:
            return Opening(*generations.free_name(session, study.name, run, 1))
        sharing = sharers.find(session, stored.name).values() if study.shared else ()
        why = why_afresh(stored, DagRunKey.of(task_try.task), facts, sharing)
        generation = stored.generation + 1 if why else stored.generation if stored.run == run else 1
        return Opening(*generations.free_name(session, study.name, run, generation), why)


@retried
def run_before(store: Store, study: Study, opening: Opening, task_try: TaskTry) -> DagRunKey | None:
    """Return the DAG run that has the edition of an opening and is another one than a task's own; None without one.

    Of a shared edition each task group has a DAG run of its own. What is computed afresh is no other run's.
    """
    own = DagRunKey.of(task_try.task)
    with store.session(read_only=True) as session:
        edition = editions.find_one(session, opening.name)
        if edition is None:
            return None
        found = sharers.find(session, edition.name).get(Owner.of(task_try.task)) if study.shared else edition.dag_run
    return None if found == own else found


@retried
def ask_afresh(store: Store, name: str, why: str | None) -> list[str]:
    """Have the next start of an edition open a new generation, or with no reason not any more; return which editions do so."""
    with store.session() as session:
        return generations.ask_afresh(session, name, why)


@retried
def enter_champion(store: Store, edition: Edition, params: Params) -> bool:
    """Have the parameters that production uses tried first; the edition's first champion stays in a retry."""
    return store.optuna.enqueue_champion(edition.name, edition.study, params)


def _refuse_gone(store: Store, name: str) -> None:
    """Refuse an edition of which trials were deleted: opened again it would look like a new one, and compute all of them."""
    if store.read(editions.find_one, name):
        store.edition(name)
        store.optuna.require(name)


def _end_earlier(store: Store, edition: Edition, run: DagRunKey) -> None:
    """End what a DAG run had begun before it computed afresh."""
    for each in store.read(generations.earlier, edition):
        if each.finished is None and each.dag_run == run:
            end_stopped(store, each, DagRunEnd(run, "afresh"))


def _take_over(store: Store, edition: Edition, study: Study, facts: RunFacts) -> None:
    if study.warm_start is None:
        return
    own, *others = [
        store.read(editions.names_before, edition, facts.data_until, family)
        for family in [edition.family, *_others(store, edition, study.warm_start)]
    ]
    taken = store.optuna.warm_start(edition.name, study, own, others)
    counts = Counter(name for name, _ in taken)
    found = ", ".join(f"{count} of {name}" for name, count in counts.items())
    of = "earlier editions and of a file" if study.warm_start.results else "earlier editions"
    logger.info("Warm start: %s.", f"the best trials of {of}, {found}" if taken else _nothing(sum(others, own)))


def _others(store: Store, edition: Edition, warm_start: WarmStart) -> list[str]:
    """Return the other studies from which points are taken; the same study on another window tries those of this one anyway."""
    found = store.read(editions.families_like, "") if warm_start.studies else []
    same = without_window(edition.family)
    return [name for name in found if warm_start.names(name) and without_window(name) != same]


def _nothing(earlier: Sequence[str]) -> str:
    if not earlier:
        return "no earlier edition has data that end as early as this one's"
    return f"none of {len(earlier)} earlier editions has a result for this objective that fits the space"
