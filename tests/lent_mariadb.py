"""A MariaDB database that is lent to one test after the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import OperationalError

from airflow_hpo.storage.database import Database
from tests.databases import LentDatabase, Migrate

# Tables refer to each other, and are dropped in any order.
DROP = "SET foreign_key_checks = 0", "DROP DATABASE IF EXISTS {}"
CREATE = *DROP, "CREATE DATABASE {} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
OTHERS = "SELECT id FROM information_schema.processlist WHERE db = :name AND id <> connection_id()"
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
COUNTED = f"{TABLES} AND auto_increment > 1"
SHAPE = (
    "SELECT concat(table_name, engine, table_collation) FROM information_schema.tables WHERE table_schema = database()",
    "SELECT concat_ws(' ', table_name, ordinal_position, column_name, column_type, is_nullable, collation_name)"
    " FROM information_schema.columns WHERE table_schema = database()",
    "SELECT concat_ws(' ', table_name, constraint_name, column_name, referenced_table_name)"
    " FROM information_schema.key_column_usage WHERE table_schema = database()",
    "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()",
)
"""All that a test can change of a database beside its rows."""


def run(connection: Connection, statements: Sequence[str], name: str) -> None:
    """Run statements about a database of this name."""
    for statement in statements:
        connection.execute(text(statement.format(name)))


class LentMariaDb(LentDatabase):
    """A database of a MariaDB server.

    :param server: URL of a running server, as a user with all rights.
    :param name: of the database.
    :param migrate: makes the tables.
    """

    def __init__(self, server: str, name: str, migrate: Migrate) -> None:
        super().__init__(server, Database.of(make_url(server).set(database=name)), migrate)

    def create(self, connection: Connection) -> None:
        """Create the database, in place of one of this name."""
        run(connection, CREATE, self.name)

    def tables(self, connection: Connection) -> Sequence[str]:
        """Return the names of the tables."""
        return connection.scalars(text(TABLES)).all()

    def shape(self, connection: Connection) -> str | None:
        """Return all that a test can change of the database beside its rows."""
        return "\n".join(sorted(fact for query in SHAPE for fact in connection.scalars(text(query))))

    def rows_of(self, connection: Connection, table: str) -> str | None:
        """Return the rows of a table."""
        return str(sorted(map(str, connection.execute(text(f"SELECT * FROM {table}")))))

    def disconnect_others(self, connection: Connection) -> None:
        """End all other connections to the database, which keeps their rows and tables locked no longer."""
        for other in connection.scalars(text(OTHERS), {"name": self.name}).all():
            # One may have ended by itself since it was listed.
            with suppress(OperationalError):
                connection.execute(text(f"KILL {other}"))

    def empty(self, connection: Connection, tables: Sequence[str]) -> None:
        """Remove the rows of tables, and count from one again."""
        counted = connection.scalars(text(COUNTED)).all()
        connection.execute(text("SET foreign_key_checks = 0"))
        for name in tables:
            connection.execute(text(f"DELETE FROM {name}"))
        for name in set(counted) & set(tables):
            connection.execute(text(f"ALTER TABLE {name} AUTO_INCREMENT = 1"))
