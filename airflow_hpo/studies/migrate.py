"""Migration and check of all tables, ours and Optuna's, in the one right order."""

from airflow_hpo.optuna.migrate import check_schema, create_schema, is_current, refuse_newer
from airflow_hpo.storage import migrate
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.guard import refuse_foreign


def upgrade(database: Database) -> None:
    """Create or upgrade every table; repeating it changes nothing."""
    refuse_foreign(database)
    refuse_newer(database)
    migrate.upgrade(database)
    create_schema(database)


def ensure(database: Database) -> None:
    """Make a database ready: SQLite files are migrated by themselves, others must have been."""
    if database.path is None:
        check(database)
    elif not (migrate.current(database) == migrate.HEAD and is_current(database)):
        upgrade(database)


def check(database: Database) -> None:
    """Say nothing when a database is ready, and what is wrong with it otherwise; never creates anything."""
    migrate.check(database)
    check_schema(database)
