"""Database of the studies: its location, engine and sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from airflow_hpo.exceptions import StoreRefusedError, StoreUnavailableError
from airflow_hpo.storage.driver_errors import is_refused, translated
from airflow_hpo.storage.url import (
    file_path,
    formattable,
    parsed,
    refuse_schema,
    with_driver,
    with_schema,
    with_search_path,
)

MYSQL_SESSION = {
    "charset": "utf8mb4",
    # A server that is not strict cuts long values and says nothing.
    "init_command": "SET SESSION sql_mode = concat(@@sql_mode, ',STRICT_ALL_TABLES')",
}
"""How MySQL's drivers connect."""
BUSY_TIMEOUT = 60
"""Seconds that a writer waits for another on SQLite."""
CONNECT_TIMEOUT = 10
"""Seconds that opening a connection to a server may take."""
LENT_AGAIN = 60
"""Seconds for which a kept connection is lent again: a file that was replaced is noticed after that."""


@dataclass(frozen=True, repr=False)
class Database:
    """The location of a study database; equal locations are equal, and neither text form shows the password.

    Build it by :meth:`sqlite` or :meth:`of`. Nothing is opened before it is used.
    """

    location: URL
    schema: str | None = None
    keeps: bool = False
    """Whether connections are kept and lent again; see :attr:`kept`."""

    @classmethod
    def sqlite(cls, path: str | Path) -> Database:
        """Name an SQLite file, which is created at first use."""
        location = URL.create("sqlite", database=file_path(path), query={"timeout": str(BUSY_TIMEOUT)})
        return cls(formattable(location))

    @classmethod
    def of(cls, url: str | URL, schema: str | None = None) -> Database:
        """Name a database by its SQLAlchemy URL."""
        location = parsed(url)
        if location.get_backend_name() == "sqlite":
            return cls._sqlite_of(location, schema)
        location = formattable(with_driver(location))
        if location.get_backend_name() != "postgresql":
            refuse_schema(schema, "MySQL: name another database in the URL")
            return cls(location)
        return cls(*with_schema(location, schema))

    @classmethod
    def _sqlite_of(cls, location: URL, schema: str | None) -> Database:
        refuse_schema(schema, "SQLite: name another file")
        if not location.database or location.database == ":memory:" or location.database.startswith("file:"):
            raise StoreRefusedError(
                f"An SQLite study database must be a file that all tasks can open, but got {location.database!r}. "
                f"Write sqlite:////path/to/file.db."
            )
        return cls.sqlite(location.database)

    @property
    def dialect(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql``."""
        return self.location.get_backend_name()

    @property
    def url(self) -> str:
        """The whole location in one string, for other programs: password included, and the schema as an option of the server."""
        return with_search_path(self.location, self.schema).render_as_string(hide_password=False)

    @property
    def path(self) -> Path | None:
        """The file; None on servers."""
        return Path(self.location.database or "") if self.dialect == "sqlite" else None

    @property
    def exists(self) -> bool:
        """Whether there is anything to open: a server is taken to be there, and an SQLite file is made by the first writer."""
        if self.path is None:
            return True
        try:
            self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as err:
            raise StoreUnavailableError(
                f"The study database must be a file that can be opened, but {self.name} is not: {err.strerror}. "
                f"See whether its folder is mounted and may be entered."
            ) from err
        return True

    @property
    def name(self) -> str:
        """What messages call it: no user, no password, no options."""
        if self.path:
            return str(self.path)
        place = URL.create(
            self.dialect, host=self.location.host, port=self.location.port, database=self.location.database
        )
        return place.render_as_string() + (f" (schema {self.schema})" if self.schema else "")

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, one per process and location.

        It pools nothing, unless connections are kept: a task lives shorter than a pool pays, a trigger would hold
        connections of a server while it waits, and a forked child can inherit none.
        """
        return _engine(Database(self.location, self.schema, self.keeps))

    @property
    def kept(self) -> Database:
        """The same database for a process that has many transactions and never forks, as a triggerer or a pod's task.

        Opening an SQLite file costs more than a small transaction, and the last connection that closes makes SQLite tidy
        it up, which flushes the disk several times. Of a server nothing is kept.
        """
        return replace(self, keeps=True) if self.path else self

    @property
    def pooled(self) -> Database:
        """The same database for a server with many short requests, also over a network: a few connections are kept and lent again.

        Opening one to a server costs several times what a small query does. Only for a process that does not fork afterwards.
        """
        return replace(self, keeps=True)

    def connect(self, *, read_only: bool = False) -> Connection:
        """Open a connection, trying for a few seconds while the database does not answer."""
        with translated(self.name):
            return _open(self.engine).execution_options(**self._options(read_only))

    def _options(self, read_only: bool) -> dict[str, Any]:
        if self.dialect == "postgresql":
            # Readers see one state of the database. Not False otherwise: that would write where an administrator has made the
            # database read-only.
            return {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"} if read_only else {}
        if self.dialect == "mysql":
            return {"hpo_read_only": read_only}
        return {"hpo_begin": "DEFERRED" if read_only else "IMMEDIATE"}

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Connection]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        # On SQLite a transaction that may write holds the write lock from its beginning, and all others wait in line.
        with translated(self.name), self.connect(read_only=read_only) as connection, connection.begin():
            yield connection

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """Open a unit of work: a transaction for objects."""
        with self.transaction(read_only=read_only) as connection, Session(connection) as session, session.begin():
            yield session


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class LockedDatabase(Database):
    """A server's database within the transaction of a lock, which all that is read and written belongs to."""

    connection: Connection

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Connection]:
        """Go on with the transaction of the lock."""
        with translated(self.name):
            yield self.connection


@lru_cache(maxsize=32)
def _engine(database: Database) -> Engine:
    location, dialect = database.location, database.dialect
    options: dict[str, Any] = {"isolation_level": "READ COMMITTED"} if dialect == "mysql" else {}
    # A server may have closed what was kept: it is asked before a connection is lent, which costs a tenth of opening one.
    keeping = {"max_overflow": -1, "pool_recycle": LENT_AGAIN, "pool_pre_ping": dialect != "sqlite"}
    options |= keeping if database.keeps else {"poolclass": NullPool}
    arguments: dict[str, Any] = {**MYSQL_SESSION} if dialect == "mysql" else {}
    if dialect != "sqlite" and "connect_timeout" not in location.query:
        arguments["connect_timeout"] = CONNECT_TIMEOUT
    options["connect_args"] = arguments
    engine = create_engine(location, hide_parameters=True, **options)
    event.listen(engine, "handle_error", partial(_name_lost_connections, database.name))
    if dialect == "postgresql":
        listen_as_postgresql(engine, database.schema)
    if dialect == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    if dialect == "mysql":
        event.listen(engine, "begin", _begin_mysql)
        if location.query.get("ssl_mode", "PREFERRED") not in ("PREFERRED", "DISABLED"):
            event.listen(engine, "connect", _refuse_plain_text)
    return engine


def listen_as_postgresql(
    engine: Engine | type[Engine], schema: str | None, of: URL | None = None
) -> dict[str, Callable[..., None]]:
    """Rely on no state of a session: a pooler such as PgBouncer gives each transaction another one. Return the listeners.

    Of a class of engines only those of one URL enter the schema.
    """

    def prepare_nothing(connection: Any, _: Any) -> None:
        # Of psycopg 3, which prepares a statement on the server at its sixth use; psycopg2 takes no such attribute.
        if hasattr(connection, "prepare_threshold"):
            connection.prepare_threshold = None

    def enter_schema(connection: Connection) -> None:
        if schema and of in (None, connection.engine.url):
            connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')

    listeners: dict[str, Callable[..., None]] = {"connect": prepare_nothing, "begin": enter_schema}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    return listeners


def _name_lost_connections(name: str, context: ExceptionContext) -> None:
    """Raise what Optuna does not catch: it repeats a transaction after any database error, and would write a trial twice when
    only the answer to its commit was lost."""
    if context.is_disconnect and context.connection is not None:
        with translated(name):
            raise context.sqlalchemy_exception or context.original_exception


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver would begin transactions late and by its own rules; _begin_sqlite does it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('hpo_begin', 'DEFERRED')}")


def _refuse_plain_text(connection: Any, _: Any) -> None:
    # MariaDB's client library goes on in plain text with a server that does not encrypt, whatever the mode.
    cursor = connection.cursor()
    cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
    found = cursor.fetchone()
    cursor.close()
    if not (found and found[1]):
        raise StoreRefusedError(
            "The connection to the study database must be encrypted (ssl_mode), but its server did not encrypt it. Set up "
            "TLS on the server, or take the ssl fields out of the connection."
        )


def _begin_mysql(connection: Connection) -> None:
    if connection.get_execution_options().get("hpo_read_only"):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


@retry(
    retry=retry_if_exception(lambda err: isinstance(err, OperationalError | InterfaceError) and not is_refused(err)),
    stop=stop_after_attempt(4),
    wait=wait_exponential(multiplier=0.2, max=2) + wait_random(0, 0.2),
    reraise=True,
)
def _open(engine: Engine) -> Connection:
    return engine.connect()
