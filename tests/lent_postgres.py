"""A PostgreSQL database that is lent to one test after the other."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, make_url, text

from airflow_hpo.storage.database import Database
from tests.databases import LentDatabase, Migrate

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


class LentPostgres(LentDatabase):
    """A PostgreSQL database with all its tables in one schema.

    :param server: URL of a running server, as its superuser.
    :param name: of the database.
    :param migrate: makes the tables.
    """

    def __init__(self, server: str, name: str, migrate: Migrate) -> None:
        super().__init__(server, Database.of(make_url(server).set(database=name), SCHEMA), migrate)

    def create(self, connection: Connection) -> None:
        """Create the database, in place of one of this name."""
        connection.execute(text(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {self.name}"))

    def tables(self, connection: Connection) -> Sequence[str]:
        """Return the names of the tables in the schema."""
        return connection.scalars(text(TABLES)).all()

    def shape(self, connection: Connection) -> str | None:
        """Return all that a test can change of the database beside its rows, in one hash."""
        return connection.scalar(text(SHAPE))

    def rows_of(self, connection: Connection, table: str) -> str | None:
        """Return the rows of a table, in one hash."""
        return connection.scalar(text(f"SELECT md5(string_agg(t::text, ' ')) FROM {table} AS t"))

    def disconnect_others(self, connection: Connection) -> None:
        """End all other connections to the database."""
        connection.execute(text(OTHERS), {"name": self.name})

    def empty(self, connection: Connection, tables: Sequence[str]) -> None:
        """Remove the rows of tables, and count from one again."""
        # Faster than TRUNCATE, which makes new files; without the checks of foreign keys the order does not matter.
        removals = "; ".join(f"DELETE FROM {name}" for name in tables)
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = replica; {removals}; {COUNT_FROM_ONE}")


class LentThroughPooler(LentPostgres):
    """The same database, reached through a pooler.

    :param pooler: URL of a running pooler in front of the server.
    """

    def __init__(self, server: str, name: str, migrate: Migrate, pooler: str) -> None:
        super().__init__(server, name, migrate)
        self._pooled = Database.of(make_url(pooler).set(database=name), SCHEMA)

    def lend(self) -> Database:
        """Return the database as the pooler's clients reach it."""
        super().lend()
        return self._pooled
