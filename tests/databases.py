"""Databases that have tables from the beginning, for one test after the other.

Making tables takes longer than most tests, and a copy of a whole PostgreSQL database costs the server a quarter of a second.
So a database is lent to every test in turn. An SQLite file is replaced by a copy in between; the rows of a server's
database are removed, and it is made again after a test that changed more than rows. The location stays the same, so that
SQLAlchemy compiles each statement once.
"""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection, text

from airflow_hpo.storage.database import Database

DATABASES = os.environ.get("HPO_DATABASES", "sqlite postgresql").split()
"""The kinds on which a test runs that asks for a database: sqlite, postgresql, pgbouncer, mysql."""

Migrate = Callable[[Database], None]
Shape = list[str | None]


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


class LentDatabase(ABC):
    """A server's database that has the same tables and no others at the beginning of every test.

    :param server: URL of a running server, as its superuser.
    :param database: which is made at its first use.
    :param migrate: makes the tables.
    """

    def __init__(self, server: str, database: Database, migrate: Migrate) -> None:
        self._server = Database.of(server)
        self._migrate = migrate
        self.database = database
        self._shape: Shape | None = None
        self._filled: Sequence[str] = ()
        """The tables in which migrating leaves rows, which say of which version the others are."""

    @property
    def name(self) -> str:
        """What the server calls the database."""
        return str(self.database.location.database)

    def lend(self) -> Database:
        """Return the database, with all tables and without rows."""
        if self._shape is None:
            self._make()
        return self.database

    def take_back(self) -> None:
        """Remove what a test left: connections and rows, or all of it when the tables are others now."""
        with self._server.connect() as connection:
            self.disconnect_others(connection)
        with self.database.engine.begin() as connection:
            if self._shape_now(connection) == self._shape:
                self.empty(connection, [name for name in self.tables(connection) if name not in self._filled])
                return
        self._shape = None

    def _make(self) -> None:
        with self._server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            self.create(connection)
        self._migrate(self.database)
        with self.database.engine.begin() as connection:
            tables = self.tables(connection)
            self._filled = [name for name in tables if connection.scalar(text(f"SELECT 1 FROM {name} LIMIT 1"))]
            self._shape = self._shape_now(connection)

    def _shape_now(self, connection: Connection) -> Shape:
        return [self.shape(connection), *(self.rows_of(connection, name) for name in self._filled)]

    @abstractmethod
    def create(self, connection: Connection) -> None:
        """Create the database, in place of one of this name."""

    @abstractmethod
    def tables(self, connection: Connection) -> Sequence[str]:
        """Return the names of the tables, as a statement spells them."""

    @abstractmethod
    def shape(self, connection: Connection) -> str | None:
        """Return all that a test can change of the database beside its rows, in one hash."""

    @abstractmethod
    def rows_of(self, connection: Connection, table: str) -> str | None:
        """Return the rows of a table, in one hash."""

    @abstractmethod
    def disconnect_others(self, connection: Connection) -> None:
        """End all other connections to the database."""

    @abstractmethod
    def empty(self, connection: Connection, tables: Sequence[str]) -> None:
        """Remove the rows of tables, and count from one again."""
