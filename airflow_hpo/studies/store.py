"""Store: the one object that holds a study database open, our tables and Optuna's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from airflow_hpo.core.edition import Edition
from airflow_hpo.core.owner import DagRunKey
from airflow_hpo.core.scenarios import companion_study
from airflow_hpo.core.trial_key import is_companion, main_of
from airflow_hpo.storage import editions, generations, purges
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.locks import LOCK_TIMEOUT
from airflow_hpo.storage.retry import retried

if TYPE_CHECKING:
    from airflow_hpo.optuna.optuna_studies import OptunaStudies

P = ParamSpec("P")
R = TypeVar("R")


class Store:
    """A study database that is ready for use.

    The tables exist (see :mod:`airflow_hpo.studies.migrate`). Whole steps of a study are tried again for ``patience``
    seconds while the database does not answer, or takes no changes; 0 for not at all.
    """

    def __init__(self, database: Database, lock_timeout: float = LOCK_TIMEOUT, patience: float = 0.0) -> None:
        self.database = database
        self.lock_timeout = lock_timeout
        self.patience = patience

    @cached_property
    def without_retry(self) -> Store:
        """A view of the store that does not retry."""
        return Store(self.database, self.lock_timeout) if self.patience else self

    @property
    def kept(self) -> Store:
        """The same store for a process that has many transactions and never forks; see :attr:`Database.kept`."""
        return Store(self.database.kept, self.lock_timeout, self.patience)

    def within(self, database: Database) -> Store:
        """Return the store as the holder of a lock uses it: all in the database that the lock has given."""
        return Store(database, self.lock_timeout)

    @cached_property
    def optuna(self) -> OptunaStudies:
        """Optuna's side of the database; loaded when it is used, because it takes half a second."""
        from airflow_hpo.optuna.optuna_studies import OptunaStudies

        return OptunaStudies(self.database, lock_timeout=self.lock_timeout)

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """Open a unit of work on our tables: committed at the end, rolled back on an error."""
        with self.database.session(read_only=read_only) as session:
            yield session

    def read(self, query: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what one query on our tables finds, in a transaction of its own."""
        with self.session(read_only=True) as session:
            return query(session, *args, **kwargs)

    @retried
    def edition(self, name: str) -> Edition:
        """Return an edition to work on, by its name.

        :raises StudyPurgedError: when trials of it were deleted.
        """
        with self.session(read_only=True) as session:
            return _whole(session, editions.get(session, name))

    @retried
    def current(self, name: str, by: DagRunKey | None = None) -> Edition:
        """Return the generation that ``family@run`` means, to people or to a DAG run; see ``storage.generations``."""
        with self.session(read_only=True) as session:
            return _whole(session, generations.current(session, name, by))


def _whole(session: Session, edition: Edition) -> Edition:
    if edition.purged_at is not None:
        purges.refuse_purged(session, edition.name)
    if not is_companion(edition.name):
        return edition
    # Simulations start, wait and end with the study that they belong to.
    main = editions.get(session, main_of(edition.name))
    if main.purged_at is not None:
        purges.refuse_purged(session, main.name)
    same = ("finished", "end", "reason", "stop_reason", "drained_at", "drained_by", "text_values")
    declaration = companion_study(main.study).to_dict()
    return replace(edition, declaration=declaration, **{name: getattr(main, name) for name in same})


def open_store(database: Database, lock_timeout: float, patience: float, *, to_read: bool = False) -> Store:
    """Return a study database once it is ready for use; to be read, it must be ready already."""
    store = Store(database, lock_timeout, patience)
    _prepare(store, to_read)
    return store


@retried
def _prepare(store: Store, to_read: bool) -> None:
    from airflow_hpo.studies import migrate

    (migrate.check if to_read else migrate.ensure)(store.database)
