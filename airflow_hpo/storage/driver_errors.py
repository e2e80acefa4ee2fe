"""Translation of a database's errors into ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from airflow_hpo.exceptions import HpoError, StoreNotMigratedError, StoreRefusedError, StoreUnavailableError

MISSING_STATES = {"42P01", "42703", "3F000"}
"""PostgreSQL: undefined table, undefined column, no schema."""
INSUFFICIENT_PRIVILEGE = "42501"
READ_ONLY_STATES = {"25006", INSUFFICIENT_PRIVILEGE}
"""PostgreSQL: read-only transaction, insufficient privilege."""
READ_ONLY_CODES = {1290, 1792, 1142}
"""MySQL: read-only server or transaction, and rights that a user lacks on a table."""
READ_ONLY_WORDS = ("readonly database", "read-only")
FULL_CODES = {1021, 1114}
"""MySQL: a full disk, a full table."""
FULL_WORDS = ("database or disk is full", "could not extend file", "No space left on device")
CROWDED_WORDS = (
    *("too many clients", "remaining connection slots", "Too many connections", "too many connections"),
    *("query_wait_timeout", "no more connections allowed", "could not get connection from the pool"),
    *("Timed-out waiting to acquire database connection", "Max connect timeout reached while reaching hostgroup"),
)
"""Servers, then their poolers, which let a client wait for a connection until they give it up."""
POOLER_WORDS = {
    "unsupported startup parameter": ("take what the connection asks for", "Take `options` out of the connection."),
    "not allowed in statement pooling mode": (
        "be reached through a pooler that keeps a transaction on one connection",
        "Set its pool_mode to transaction or session.",
    ),
}
"""How poolers refuse what waiting does not change, with what must be and what mends it."""
LOGIN_CODES = {1044, 1045, 1049, 1130, 1251, 1698, 1820, 1862, 2061, 3118, 3159, 4151}
"""MySQL and MariaDB: a login that is refused, by password, host, plug-in, missing TLS or lock, and a database that is not there
or not this user's."""
LOGIN_WORDS = (
    "password authentication failed",
    "Peer authentication failed",
    "Ident authentication failed",
    "certificate authentication failed",
    "SASL authentication failed",
    '"trust" authentication failed',
    "no password supplied",
    "pg_hba.conf",
    "is not permitted to log in",
    "permission denied for database",
)
LOGIN_PATTERN = re.compile(r'FATAL: +(role|database) ".*" does not exist|no such (user|database): ')
"""PostgreSQL and its poolers, which give a client that they refuse no code. An LDAP or RADIUS server that is away refuses
in the words of a wrong password of its own, and is not among them."""
LOCKED_STATES = {"40P01", "55P03"}
"""PostgreSQL: a deadlock, a lock that was waited for too long."""
LOCKED_CODES = {1205, 1213}
"""MySQL: a lock that was waited for too long, a deadlock."""
OTHER_FILE_WORDS = ("not a database", "malformed")
"""SQLite: a file of another kind, or one that was damaged."""
MISSING_CODES = {1146, 1054}
"""MySQL: no such table, unknown column."""
MISSING_WORDS = ("no such table", "no such column", "has no column named")
"""SQLite, which has no codes for them."""


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Raise our errors instead of SQLAlchemy's, as far as they are about the database rather than about the statement."""
    try:
        yield
    except DBAPIError as err:
        meaning = _meaning(err, store)
        if meaning is None:
            raise
        raise meaning from err


def is_missing(err: DBAPIError) -> bool:
    """Say whether a statement failed because a table, column or schema is not there."""
    return (
        sqlstate(err) in MISSING_STATES
        or _code(err) in MISSING_CODES
        or any(word in _said(err) for word in MISSING_WORDS)
    )


def is_refused(err: DBAPIError) -> bool:
    """Say whether a server or its pooler refuses this connection: waiting does not change it."""
    return _refusal(err) is not None


def sqlstate(err: DBAPIError) -> str | None:
    """Return the five characters by which PostgreSQL names an error; None elsewhere."""
    state: str | None = getattr(err.orig, "sqlstate", None) or getattr(err.orig, "pgcode", None)
    return state


def _meaning(err: DBAPIError, store: str) -> HpoError | None:
    said = _said(err)
    if is_missing(err):
        return StoreNotMigratedError(
            f"The study database needs our tables, but {store} says: {said}. Run `airflow hpo db migrate`."
        )
    if any(word in said for word in OTHER_FILE_WORDS):
        return StoreRefusedError(
            f"The study database must be a sound SQLite file, but {store} is not: {said}. "
            f"Bring a copy of it back, or name another."
        )
    if refusal := _refusal(err):
        return StoreRefusedError(f"The study database must {refusal[0]}, but {store} says: {said}. {refusal[1]}")
    remedy = _remedy(err, said)
    return (
        StoreUnavailableError(f"The study database must {remedy[0]}, but {store} says: {said}. {remedy[1]}")
        if remedy
        else None
    )


def _refusal(err: DBAPIError) -> tuple[str, str] | None:
    """Return what must be, and what mends it, where a connection is refused for good."""
    said = str(err.orig)
    if _code(err) in LOGIN_CODES or any(word in said for word in LOGIN_WORDS) or LOGIN_PATTERN.search(said):
        return (
            "let this user in",
            "Correct login, password and database of its connection, or create them on the server.",
        )
    return next((meaning for word, meaning in POOLER_WORDS.items() if word in said), None)


def _remedy(err: DBAPIError, said: str) -> tuple[str, str] | None:
    """Return what the database has to do, and what a person has to do for it; None when the statement is to blame.

    All of it may pass: a server that takes no changes is a standby about to be promoted, or rights that come back. Trying
    again for minutes is cheap compared with a result that took hours.
    """
    code = _code(err)
    if sqlstate(err) in READ_ONLY_STATES or code in READ_ONLY_CODES or any(word in said for word in READ_ONLY_WORDS):
        return "take changes", "Make it writable for this user."
    if code in FULL_CODES or any(word in said for word in FULL_WORDS):
        return "have room to write", "Make room on its disk; studies go on where they were."
    if any(word in said for word in CROWDED_WORDS):
        return "have a connection to spare", "Allow it more connections, or run fewer trials at once."
    if sqlstate(err) in LOCKED_STATES or code in LOCKED_CODES or "is locked" in said:
        return "be free to write to", "See which process holds it for so long."
    if "disk I/O error" in said:
        return "be able to work on its disk", "See whether the disk is full or broken."
    if "unable to open database file" in said:
        return "be a file that can be opened", "See whether its folder exists and may be written to."
    if "server closed the connection unexpectedly" in said:
        # All that psycopg2 tells of a pooler's "query_wait_timeout".
        return (
            "answer",
            "Check that it runs, and that a pooler before it has a connection to spare (query_wait_timeout).",
        )
    if isinstance(err, OperationalError | InterfaceError) or err.connection_invalidated:
        return "answer", "Check that it runs and is reachable."
    return None


def _code(err: DBAPIError) -> object:
    return err.orig.args[0] if err.orig and err.orig.args else None


def _said(err: DBAPIError) -> str:
    # MySQL's drivers give a code and a text.
    args = err.orig.args if err.orig else ()
    text = args[1] if len(args) > 1 and isinstance(args[0], int) else err.orig
    lines = str(text).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(err.orig).__name__
