"""Editions with trials that are not there any more: purged, or deleted by another program."""

from dataclasses import dataclass
from typing import Literal

from airflow_hpo.core.budget import End
from airflow_hpo.core.edition import Edition
from airflow_hpo.core.purge import deleted_elsewhere
from airflow_hpo.storage import attempts, editions, purges
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.store import Store


@dataclass(frozen=True, slots=True)
class Lost:
    """What became of the trials of an edition."""

    state: Literal["purged", "deleted"]
    sentence: str
    complete: int | None = None
    """How many were complete and counted; None when that is not known, as for the two below."""
    pruned: int | None = None
    failed: int | None = None


def lost_trials(store: Store, edition: Edition) -> Lost | None:
    """Return what became of the trials of an edition; None while all of them are there."""
    if edition.purged_at is not None:
        found = store.read(purges.of, edition.name)
        first = found[0]
        return Lost("purged", " ".join(map(str, found)), first.complete, first.pruned, first.failed)
    return None if store.optuna.exists(edition.name) else Lost("deleted", deleted_elsewhere(edition.name))


@retried
def end_deleted(store: Store, name: str) -> Edition:
    """End an edition after another program has deleted its study, and the attempts that still run."""
    with store.session() as session:
        editions.row_id(session, name, lock=True)
        for attempt in attempts.running(session, name):
            attempts.lose_running(session, name, attempt.number, "The study was deleted while the trial ran.")
        return editions.finish(session, name, End.INCOMPLETE, deleted_elsewhere(name))
