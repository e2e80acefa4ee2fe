"""Optuna's tables in our database, and Optuna's storage on top of them."""

import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import Engine, String, column, event, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import NullPool

from airflow_hpo.exceptions import StoreNotMigratedError, StoreRevisionError
from airflow_hpo.optuna.errors import storage_errors
from airflow_hpo.optuna.log_filters import without_announcements
from airflow_hpo.storage.database import Database, LockedDatabase, listen_as_postgresql
from airflow_hpo.storage.driver_errors import is_missing, translated
from airflow_hpo.storage.locks import study_lock

OPTUNA_LOCK = "/optuna"
"""Held while Optuna's tables are made; no study's name begins with a slash."""
OPTUNA_TIMEOUT = 300.0
"""Seconds to wait for another process that makes them."""


def create_schema(database: Database) -> None:
    """Create Optuna's tables, or bring them to the installed Optuna's revision; repeating it changes nothing.

    Only migrations call it, after they have made sure that the database is not another application's.
    """
    with study_lock(database, OPTUNA_LOCK, OPTUNA_TIMEOUT), storage_errors(database.name), without_announcements():
        revision, made_by = _found(database)
        if revision is None:
            _storage(database, exists=False)
        elif made_by != optuna.__version__:
            _refuse_newer(database, revision, made_by)
            with _logging_left_alone(), _engines_like_ours(database):
                _storage(database).upgrade()


def refuse_newer(database: Database) -> None:
    """Raise when a later Optuna made the tables and the installed one does not know their revision."""
    revision, made_by = _found(database)
    if revision is not None and made_by != optuna.__version__:
        _refuse_newer(database, revision, made_by)


def check_schema(database: Database) -> None:
    """Raise unless Optuna's tables are there and are those of the installed Optuna; nothing is changed."""
    revision, made_by = _found(database)
    if revision is None:
        raise StoreNotMigratedError(
            f"Studies need Optuna's tables, but {database.name} has none that are complete. Run `airflow hpo db migrate`."
        )
    if made_by != optuna.__version__:
        _refuse_newer(database, revision, made_by)
        if revision != _known_revisions()[0]:
            raise StoreRevisionError(
                f"Optuna {optuna.__version__} needs revision {_known_revisions()[0]} of its tables, but {database.name} "
                f"has {revision}, made by Optuna {made_by}. Run `airflow hpo db migrate`.",
                revision,
                _known_revisions()[0],
            )


def is_current(database: Database) -> bool:
    """Say whether Optuna's tables are complete and made by this very version of Optuna.

    Asks in milliseconds what :func:`create_schema` finds out in half a second.
    """
    revision, made_by = _found(database)
    return revision is not None and made_by == optuna.__version__


def optuna_storage(database: Database) -> RDBStorage:
    """Return Optuna's storage on tables that exist; it never creates or upgrades any."""
    with storage_errors(database.name), without_announcements():
        storage = _storage(database)
    # Our engine begins SQLite's transactions with the write lock: Optuna reads before it writes, which fails otherwise.
    storage.engine = database.engine.execution_options(hpo_begin="IMMEDIATE")
    storage.scoped_session = scoped_session(sessionmaker(bind=storage.engine))
    return storage


def storage_within(storage: RDBStorage, database: Database) -> RDBStorage:
    """Return a storage that works in the transaction of a lock, where a database has one."""
    if not isinstance(database, LockedDatabase):
        return storage
    # Optuna's own copy would make tables. What Optuna rolls back is a savepoint: the lock's transaction goes on.
    within = RDBStorage.__new__(RDBStorage)
    sessions = sessionmaker(bind=database.connection, join_transaction_mode="create_savepoint")
    within.__dict__.update(storage.__dict__, scoped_session=scoped_session(sessions))
    return within


def _storage(database: Database, *, exists: bool = True) -> RDBStorage:
    url = database.location.render_as_string(hide_password=False)
    with _engines_like_ours(database):
        return RDBStorage(
            url,
            engine_kwargs={"poolclass": NullPool},
            skip_compatibility_check=exists,
            skip_table_creation=exists,
        )


@contextmanager
def _engines_like_ours(database: Database) -> Iterator[None]:
    """Let the engines that Optuna makes of its own go to the same schema as ours."""
    if database.dialect != "postgresql":
        yield
        return
    listeners = listen_as_postgresql(Engine, database.schema, of=database.location)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)


@contextmanager
def _logging_left_alone() -> Iterator[None]:
    """Where no root handler is, Optuna's migration configures logging again and disables every logger that exists."""
    handler = logging.NullHandler()
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)


def _found(database: Database) -> tuple[str | None, str | None]:
    """Return the revision of Optuna's tables, None unless they are complete, and the version of Optuna that made them."""
    # Optuna writes the revision last.
    revision = select(column("version_num", String)).select_from(table("alembic_version"))
    made_by = select(column("library_version", String)).select_from(table("version_info"))
    if not database.exists:
        return None, None
    with translated(database.name), database.connect(read_only=True) as connection:
        try:
            return connection.scalar(revision), connection.scalar(made_by)
        except DBAPIError as err:
            if is_missing(err):
                return None, None
            raise


def _refuse_newer(database: Database, revision: str, made_by: str | None) -> None:
    if revision not in _known_revisions():
        raise StoreRevisionError(
            f"Optuna {optuna.__version__} does not know revision {revision} of its tables, which Optuna {made_by} made in "
            f"{database.name}. Install that version of Optuna or a newer one.",
            revision,
            _known_revisions()[0],
        )


@lru_cache(maxsize=1)
def _known_revisions() -> list[str]:
    """Return the revisions that the installed Optuna can upgrade from, its own first; takes most of a second."""
    from alembic.script import ScriptDirectory

    # Optuna's own get_all_versions needs a database to write to.
    folder = Path(inspect.getfile(RDBStorage)).parent / "alembic"
    return [script.revision for script in ScriptDirectory(folder).walk_revisions()]
