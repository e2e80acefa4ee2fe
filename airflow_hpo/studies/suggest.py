"""Suggestion of the trials that are started next."""

from collections.abc import Collection, Sequence
from functools import partial

from airflow_hpo.core.budget import End, most_trials
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import Owner
from airflow_hpo.core.scenarios import main_key
from airflow_hpo.core.trial import TrialRecord, TrialRequest
from airflow_hpo.core.trial_key import first_key, key_of, sharer_name
from airflow_hpo.core.work import same_data
from airflow_hpo.storage import editions
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies import importance
from airflow_hpo.studies.simulations import simulated
from airflow_hpo.studies.status import Status, status_of
from airflow_hpo.studies.store import Store


@retried
def suggest(store: Store, name: str, batch: int, asker: Owner | None = None) -> list[TrialRequest]:
    """Ask for as many trials as may be started now, or return those that the batch has already.

    Idempotent: a batch's size is sealed by the first call that gets any trial, and trials are asked for by key. Of a shared
    study each task group has batches and keys of its own.
    """
    edition = _open(store, name)
    sharer = _sharer(edition, asker)
    sealed = store.read(editions.batch_size, name, batch, sharer)
    size = sealed if sealed is not None else edition.study.slots
    keys = [key_of(batch, index, sharer) for index in range(size)]
    requests = store.optuna.ask(name, edition.study, keys, allow=partial(_room, store, edition))
    if requests and sealed is None:
        with store.session() as session:
            editions.seal_batch(session, name, batch, len(requests), sharer)
    importance.refresh(store, edition)
    return simulated(store, edition, requests)


@retried
def reserve(store: Store, name: str, batch: int, limit: int, asker: Owner | None = None) -> list[TrialRequest]:
    """Return requests without parameters, each of which asks for its own trial just before it runs.

    There are as many as the study can still need, failures included.
    """
    edition = _open(store, name)
    sharer = _sharer(edition, asker)
    size = store.read(editions.batch_size, name, batch, sharer)
    if size is None:
        look = status_of(store, edition, store.optuna.records(name, details=False))
        size = min(
            max(1, limit // edition.study.simulations),
            at_most(look) + (0 if look.verdict.over else edition.study.reserve),
        )
        with store.session() as session:
            size = editions.seal_batch(session, name, batch, size, sharer, lazy=True) if size else 0
    return [
        TrialRequest(study=name, key=key_of(batch, index, sharer)) for index in range(size * edition.study.simulations)
    ]


@retried
def ask_for(store: Store, name: str, keys: Sequence[str]) -> tuple[list[TrialRequest], Status]:
    """Ask for trials one by one until no slot is free, nothing is needed, or the study is over.

    The status is that before the request.
    """
    edition, seen = store.edition(name), list[Status]()

    def room(database: Database, records: Collection[TrialRecord]) -> int:
        seen.append(status_of(store.within(database), edition, records))
        return seen[-1].may_start

    # A trial that exists is returned at once, without a look at the free slots: others may wait for its end.
    parts = edition.study.simulations
    trials = list(dict.fromkeys(main_key(key, parts)[0] for key in keys)) if parts > 1 else keys
    asked = simulated(store, edition, store.optuna.ask(name, edition.study, trials, allow=room))
    found = [one for one in asked if one.key in keys]
    return found, seen[-1] if seen else status_of(store, edition, store.optuna.records(name, details=False))


@retried
def results_before(store: Store, name: str, requests: Sequence[TrialRequest]) -> list[str]:
    """Say which trials that are asked for have a result already, and whether it is of the period that they work on now."""
    newest: dict[str, TrialRecord] = {}
    for record in store.optuna.records(name):
        newest[first_key(record.key or "")] = record
    known = [(newest[one.key], one) for one in requests if one.key in newest and newest[one.key].state.successful]
    lines = []
    for same, (of, then) in _OF_DATA.items():
        found = [record for record, request in known if same_data(record.work, request) is same]
        if found:
            ended = max(record.finished for record in found if record.finished)
            last = f"the last of {ended:%Y-%m-%d %H:%M} UTC"
            lines.append(f"{len(found)} of {len(requests)} have a result {of}, {last}: {then}.")
    return lines


_OF_DATA = {
    True: ("for this period", "they answer, unless what they run has changed"),
    False: ("for another period", "they run again"),
    None: ("by a version that kept no period", "they answer, unless what they run has changed"),
}
"""What follows from a result, by whether it is of the period that is asked for; None where that is not known."""


def _open(store: Store, name: str) -> Edition:
    """Return an edition; one that ended because its tasks did goes on when a person clears them."""
    edition = store.edition(name)
    if edition.end is not End.INCOMPLETE:
        return edition
    with store.session() as session:
        return editions.reopen_incomplete(session, name)


def _sharer(edition: Edition, asker: Owner | None) -> str:
    return sharer_name(asker.dag_id, asker.group_id or "") if asker and edition.study.shared else ""


def _room(store: Store, edition: Edition, database: Database, records: Collection[TrialRecord]) -> int:
    return status_of(store.within(database), edition, records).may_start


def at_most(status: Status) -> int:
    """Return how many further trials a study can still need, failures included."""
    if status.verdict.over:
        return 0
    study, progress = status.edition.study, status.progress
    failures_left = most_trials(study) - study.wanted - progress.blamed
    return status.verdict.needed + max(0, failures_left)
