"""Creating and checking all tables: ours and Optuna's, in the one right order."""

from __future__ import annotations

from airflow_hpo.search.schema import create_schema, is_current
from airflow_hpo.storage import migrate
from airflow_hpo.storage.database import Database


def upgrade(database: Database) -> None:
    """Create or upgrade every table; repeating it changes nothing.

    :param database: where; refused before anything is created when it is Airflow's own.
    :raises StoreRefusedError: when the schema belongs to Airflow or somebody else.
    """
    migrate.upgrade(database)
    create_schema(database)


def ensure(database: Database) -> None:
    """Make a database ready: SQLite files are migrated by themselves, others must have been.

    :param database: where.
    :raises StoreNotMigratedError: when ``airflow hpo db migrate`` is due.
    """
    if database.dialect == "sqlite":
        migrate.ensure(database)
        if not is_current(database):
            create_schema(database)
    else:
        migrate.check(database)


def check(database: Database) -> None:
    """Say nothing when a database is ready, and what is wrong with it otherwise; never creates anything.

    :param database: where.
    :raises StoreNotMigratedError: when ``airflow hpo db migrate`` is due.
    """
    migrate.check(database)
