"""What a database's own errors mean to our callers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from airflow_hpo.exceptions import HpoError, StoreNotMigratedError, StoreRefusedError, StoreUnavailableError

MISSING_STATES = {"42P01", "42703", "3F000"}
"""PostgreSQL: undefined table, undefined column, no schema."""
MISSING_CODES = {1146, 1054}
"""MySQL: no such table, unknown column."""
MISSING_WORDS = ("no such table", "no such column", "has no column named")
"""SQLite, which has no codes for them."""


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Raise our errors instead of SQLAlchemy's, as far as they are about the database rather than about the statement.

    :param store: the database as messages name it, without its password.
    :raises StoreUnavailableError: when it does not answer, or a lock or deadlock ended the transaction.
    :raises StoreNotMigratedError: when a table or column is missing.
    :raises StoreRefusedError: when an SQLite file is something else.
    """
    try:
        yield
    except DBAPIError as err:
        meaning = _meaning(err, store)
        if meaning is None:
            raise
        raise meaning from err


def is_missing(err: DBAPIError) -> bool:
    """Say whether a statement failed because a table, column or schema is not there.

    :param err: what SQLAlchemy raised.
    """
    code = err.orig.args[0] if err.orig and err.orig.args else None
    return sqlstate(err) in MISSING_STATES or code in MISSING_CODES or any(word in _said(err) for word in MISSING_WORDS)


def sqlstate(err: DBAPIError) -> str | None:
    """Return the five characters by which PostgreSQL names an error; None elsewhere.

    :param err: what SQLAlchemy raised.
    """
    state: str | None = getattr(err.orig, "sqlstate", None) or getattr(err.orig, "pgcode", None)
    return state


def _meaning(err: DBAPIError, store: str) -> HpoError | None:
    if is_missing(err):
        return StoreNotMigratedError(
            f"The study database needs our tables, but {store} says: {_said(err)}. Run `airflow hpo db migrate`."
        )
    if "not a database" in _said(err):
        return StoreRefusedError(f"The study database must be an SQLite file, but {store} is not one. Name another.")
    if isinstance(err, OperationalError | InterfaceError) or err.connection_invalidated:
        return StoreUnavailableError(
            f"The study database must answer, but {store} says: {_said(err)}. Check that it runs and is reachable."
        )
    return None


def _said(err: DBAPIError) -> str:
    lines = str(err.orig).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(err.orig).__name__
