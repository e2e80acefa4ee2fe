"""Migrations of our tables.

Optuna's tables have their own migrations; ``studies.migrate`` calls both. A new revision raises :data:`HEAD`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, String, column, func, inspect, select, table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from airflow_hpo.exceptions import DeclarationError, StoreNotMigratedError, StoreRefusedError, StoreRevisionError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.driver_errors import INSUFFICIENT_PRIVILEGE, sqlstate
from airflow_hpo.storage.guard import refuse_collation, refuse_foreign, refuse_other_schema
from airflow_hpo.storage.locks import study_lock

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0011"
"""The revision this version needs; kept here because importing Alembic takes a third of a second."""
VERSION_TABLE = "alembic_version_hpo"
# No study's name begins with a slash.
MIGRATION_LOCK = "/migration"
MIGRATION_TIMEOUT = 300.0
"""Seconds to wait for another process that migrates."""


def current(database: Database) -> str | None:
    """Return the revision of our tables; None without any."""
    if not database.exists:
        return None
    with database.transaction(read_only=True) as connection:
        if database.schema:
            refuse_other_schema(database, connection)
        return _revision(connection)


def check(database: Database) -> None:
    """Raise unless our tables are those of this version; nothing is created."""
    if not database.exists:
        raise StoreNotMigratedError(
            f"A study database is read, but the file {database.name} does not exist. Start a study, whose first "
            f"task makes it, or name another database in the connection of the studies."
        )
    found = current(database)
    _refuse_newer(database, found)
    reason = f"This version needs revision {HEAD} of our tables, but {database.name} has {found or 'none'}. "
    remedy = "Run `airflow hpo db migrate`."
    if found is None:
        raise StoreNotMigratedError(reason + remedy)
    if found != HEAD:
        raise StoreRevisionError(reason + remedy, found, HEAD)


def upgrade(database: Database, revision: str = "head") -> None:
    """Create our tables or bring them to a newer revision; harmless when they are there already."""
    refuse_foreign(database)
    _refuse_newer(database, found := current(database))
    if found is None:
        refuse_collation(database)
    with _migrating(database) as locked:
        _prepare(locked)
        _run(locked, lambda command, config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str, *, losing: bool = False) -> None:
    """Bring our tables back to an older revision, in which what only newer ones hold has no place."""
    refuse_foreign(database)
    _refuse_newer(database, current(database))
    with _migrating(database) as locked:
        _check_is_older(locked, revision)
        if not losing and (held := _only_held_after(locked, revision)):
            raise StoreRefusedError(
                f"Going back to revision {revision} of our tables must lose nothing, but {database.name} keeps "
                f"{', '.join(f'{count} rows in {name}' for name, count in held.items())}. "
                f"Make a copy of them, then ask for it with losing=True (--lose-data)."
            )
        _run(locked, lambda command, config: command.downgrade(config, revision))


def script_config(connection: Connection | None = None) -> Config:
    """Return the configuration by which Alembic finds our migrations."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _migrating(database: Database) -> AbstractContextManager[Database]:
    return study_lock(database, MIGRATION_LOCK, MIGRATION_TIMEOUT)


def _prepare(database: Database) -> None:
    if database.path:
        with database.connect() as connection:
            # Kept in the file; must not be set within a transaction, which SQLAlchemy would begin.
            _raw(connection).execute("PRAGMA journal_mode=WAL")
    elif database.schema:
        with database.transaction() as connection:
            if not _has_schema(connection, database.schema):
                _create_schema(database, connection)
            refuse_other_schema(database, connection)


def _create_schema(database: Database, connection: Connection) -> None:
    try:
        # Not "if not exists": that asks for the right to create even where nothing has to be created.
        connection.execute(CreateSchema(database.schema or ""))
    except DBAPIError as err:
        if sqlstate(err) != INSUFFICIENT_PRIVILEGE:
            raise
        raise StoreRefusedError(
            f"The schema must exist, or this role may create it, but {database.name} has none. Run `CREATE SCHEMA "
            f"{database.schema} AUTHORIZATION {database.location.username}` there."
        ) from err


def _run(database: Database, action: Callable[[Any, Config], None]) -> None:
    from alembic import command

    if database.path:
        with database.connect() as connection:
            # SQLite changes a table by copying it; dropping the old one must not delete what refers to it.
            _raw(connection).execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                action(command, script_config(connection))
    else:
        with database.transaction() as connection:
            action(command, script_config(connection))


def _refuse_newer(database: Database, found: str | None) -> None:
    if found is not None and found > HEAD:
        raise StoreRevisionError(
            f"This version knows our tables up to revision {HEAD}, but {database.name} has {found}. "
            f"Upgrade airflow-provider-hpo.",
            found,
            HEAD,
        )


def _down_to(database: Database, revision: str) -> Iterator[Any]:
    """Return the migrations that going back to a revision would undo, the newest first."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(script_config()).iterate_revisions(current(database), revision)


def _check_is_older(database: Database, revision: str) -> None:
    older = [*[script.revision for script in _down_to(database, "base")][1:], "base"]
    if revision not in older:
        raise DeclarationError(
            f"From revision {current(database)}, {database.name} can go back to {', '.join(older)}, but got {revision!r}."
        )


def _only_held_after(database: Database, revision: str) -> dict[str, int]:
    """Return how many rows the tables have that an older revision does not know; empty ones are left out."""
    names = [name for script in _down_to(database, revision) for name in script.module.TABLES]
    with database.transaction(read_only=True) as connection:
        counts = {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}
    return {name: count for name, count in counts.items() if count}


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _has_schema(connection: Connection, schema: str) -> bool:
    asked = connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :schema"), {"schema": schema})
    return asked.first() is not None


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num", String)).select_from(table(VERSION_TABLE)))
