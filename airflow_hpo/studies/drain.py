"""Drain of a study before an upgrade: nothing new starts, and trials that run end normally."""

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_hpo.core.edition import Edition
from airflow_hpo.storage import attempts, editions
from airflow_hpo.storage.retry import retried
from airflow_hpo.studies.attempted import is_part_of_begun
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stop import must_not_start, open_trials
from airflow_hpo.studies.store import Store


@dataclass(frozen=True, slots=True)
class Drain:
    """A study that is drained, and what of it is under way."""

    edition: Edition
    running: Sequence[int]
    """Numbers of the trials that run to their end."""
    waiting: Sequence[int]
    """Numbers of the trials that were suggested and wait."""


def drain(store: Store, name: str, by: str) -> Drain:
    """Let a study start nothing new; repeating it says how far it is."""
    with store.session() as session:
        edition = editions.drain(session, name, by)
    return Drain(edition, *open_trials(store, name))


def cancel_drain(store: Store, name: str) -> None:
    """Let a study start trials again."""
    with store.session() as session:
        editions.cancel_drain(session, name)


@retried
def held_back(store: Store, edition: Edition, number: int) -> bool:
    """Say whether a trial must wait with its first attempt, because its study is drained and wants it all the same."""
    if not edition.drained or store.read(attempts.of, edition.name, number):
        return False
    return must_not_start(store, edition, number) is None and not is_part_of_begun(store, edition, number)


@retried
def waits_with_batch(store: Store, name: str) -> bool:
    """Say whether a batch that got no trial must wait for some, because its study is drained."""
    found = status(store, name)
    return found.edition.drained is not None and not found.verdict.over
