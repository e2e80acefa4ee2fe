"""``airflow hpo db``."""

from typing import Any

from airflow_hpo.cli.connection import hook_of, one_line_errors
from airflow_hpo.cli.output import terminal
from airflow_hpo.storage import migrate as migrate_tables
from airflow_hpo.studies import migrate as schema


@one_line_errors
def migrate(args: Any) -> None:
    """Create or upgrade the tables."""
    database = hook_of(args.conn_id).database_to_write()
    schema.upgrade(database)
    terminal().print(f"The tables in {database.name} are up to date.", soft_wrap=True)


@one_line_errors
def check(args: Any) -> None:
    """Say whether the database is ready."""
    database = hook_of(args.conn_id).database
    schema.check(database)
    terminal().print(f"{database.name} is ready.", soft_wrap=True)


@one_line_errors
def downgrade(args: Any) -> None:
    """Bring our tables back to an older revision; Optuna's stay as they are."""
    database = hook_of(args.conn_id).database
    migrate_tables.downgrade(database, args.to_revision, losing=args.lose_data)
    terminal().print(f"Our tables in {database.name} are at revision {args.to_revision}.", soft_wrap=True)
