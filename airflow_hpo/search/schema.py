"""Optuna's tables in our database, and Optuna's storage on top of them."""

from __future__ import annotations

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import String, column, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import NullPool

from airflow_hpo.search.failures import storage_errors
from airflow_hpo.search.quiet import quiet
from airflow_hpo.storage.database import Database


def create_schema(database: Database) -> None:
    """Create Optuna's tables where they are missing; repeating it changes nothing.

    Only migrations call it, after they have made sure that the database is not somebody else's.

    :param database: where.
    :raises StoreUnavailableError: when the database does not answer.
    """
    with storage_errors(database.name), quiet():
        RDBStorage(database.url, engine_kwargs={"poolclass": NullPool})


def is_current(database: Database) -> bool:
    """Say whether Optuna's tables are complete and made by this very version of Optuna.

    Asks in milliseconds what :func:`create_schema` finds out in half a second. False also when the database does not answer.

    :param database: where.
    """
    made_by = select(column("library_version", String)).select_from(table("version_info"))
    # Optuna writes this row last.
    complete = select(column("version_num", String)).select_from(table("alembic_version"))
    try:
        with database.connect(read_only=True) as connection:
            return connection.scalar(made_by) == optuna.__version__ and connection.scalar(complete) is not None
    except DBAPIError:
        return False


def optuna_storage(database: Database) -> RDBStorage:
    """Return Optuna's storage on tables that exist; it never creates or upgrades any.

    :param database: where.
    :raises StoreNotMigratedError: when the tables are missing.
    :raises StoreUnavailableError: when the database does not answer.
    """
    with storage_errors(database.name), quiet():
        storage = RDBStorage(
            database.url,
            engine_kwargs={"poolclass": NullPool},
            skip_compatibility_check=True,
            skip_table_creation=True,
        )
    # Our engine begins SQLite's transactions with the write lock: Optuna reads before it writes, which fails otherwise.
    storage.engine = database.engine.execution_options(hpo_begin="IMMEDIATE")
    storage.scoped_session = scoped_session(sessionmaker(bind=storage.engine))
    return storage
