"""Databases that have tables from the beginning, for one test after the other.

Making tables takes longer than most tests, and a copy of a whole PostgreSQL database costs the server a quarter of a second.
So a database is lent to every test in turn. An SQLite file is replaced by a copy in between; the rows of a PostgreSQL database
are removed, and it is made anew after a test that changed more than rows. The location stays the same, so that SQLAlchemy
compiles each statement once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, make_url, text

from airflow_hpo.storage.database import Database

Migrate = Callable[[Database], None]
SCHEMA = "hpo"

SHAPE = """
    WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
    SELECT md5(string_agg(fact, ' ' ORDER BY fact)) FROM (
        SELECT concat_ws(' ', nspname, nspowner, nspacl) FROM pg_namespace
        UNION ALL SELECT concat_ws(' ', oid, relname, relkind, relowner, relacl) FROM pg_class
            WHERE relnamespace IN (SELECT oid FROM ours)
        UNION ALL SELECT concat_ws(' ', attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attacl)
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace IN (SELECT oid FROM ours)
        UNION ALL SELECT concat_ws(' ', oid, conname, conrelid, convalidated) FROM pg_constraint
            WHERE connamespace IN (SELECT oid FROM ours)
        UNION ALL SELECT concat_ws(' ', oid, tgname, tgrelid, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT concat_ws(' ', oid, proname) FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours)
        UNION ALL SELECT concat_ws(' ', setrole, setconfig) FROM pg_db_role_setting
            WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS facts (fact)
"""
"""All that a test can change of a database beside its rows, in one hash."""

OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name AND pid <> pg_backend_pid()"
)
TABLES = f"SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = '{SCHEMA}'"
COUNT_FROM_ONE = f"""
    SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = '{SCHEMA}'::regnamespace
"""


class LentFile:
    """An SQLite file that is a copy of another at the beginning of every test.

    :param template: the file to copy.
    """

    def __init__(self, template: Path) -> None:
        self._template = template
        self._folder = template.parent / "lent"
        self.database = Database.sqlite(self._folder / "hpo.db")

    def lend(self) -> Database:
        """Return the database in a folder of its own."""
        self._folder.mkdir()
        shutil.copy(self._template, self._folder / "hpo.db")
        return self.database

    def take_back(self) -> None:
        """Remove the folder, and close what is kept open for processes that live long."""
        self.database.kept.engine.dispose()
        shutil.rmtree(self._folder)


class LentDatabase:
    """A PostgreSQL database that has the same tables and no others at the beginning of every test.

    :param server: URL of a running server, as its superuser.
    :param name: of the database, which is made at its first use.
    :param migrate: makes the tables.
    """

    def __init__(self, server: str, name: str, migrate: Migrate) -> None:
        self._server = Database.of(server)
        self._name = name
        self._migrate = migrate
        self.database = Database.of(make_url(server).set(database=name), SCHEMA)
        self._shape: list[str | None] | None = None
        self._filled: Sequence[str] = ()
        """The tables in which migrating leaves rows, which say of which version the others are."""

    def lend(self) -> Database:
        """Return the database, with all tables and without rows."""
        if self._shape is None:
            self._make()
        return self.database

    def take_back(self) -> None:
        """Remove what a test left: connections and rows, or all of it when the tables are others now."""
        with self._server.connect() as connection:
            connection.execute(text(OTHERS), {"name": self._name})
        with self.database.engine.begin() as connection:
            if self._shape_now(connection) == self._shape:
                self._empty(connection)
                return
        self._shape = None

    def _make(self) -> None:
        drop, create = f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)", f"CREATE DATABASE {self._name}"
        with self._server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in (drop, create):
                connection.execute(text(statement))
        self._migrate(self.database)
        with self.database.engine.begin() as connection:
            tables = connection.scalars(text(TABLES)).all()
            self._filled = [name for name in tables if connection.scalar(text(f"SELECT 1 FROM {name} LIMIT 1"))]
            self._shape = self._shape_now(connection)

    def _shape_now(self, connection: Connection) -> list[str | None]:
        rows = [f"SELECT md5(string_agg(t::text, ' ')) FROM {name} AS t" for name in self._filled]
        return [connection.scalar(text(statement)) for statement in (SHAPE, *rows)]

    def _empty(self, connection: Connection) -> None:
        tables = [name for name in connection.scalars(text(TABLES)) if name not in self._filled]
        # Faster than TRUNCATE, which makes new files; without the checks of foreign keys the order does not matter.
        removals = "; ".join(f"DELETE FROM {name}" for name in tables)
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {removals}; {COUNT_FROM_ONE}")
