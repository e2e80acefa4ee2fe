"""Locks between processes that last no longer than their holder."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_random_exponential

from airflow_hpo.exceptions import StoreRefusedError, StoreUnavailableError, StudyLockedError
from airflow_hpo.storage.database import Database, LockedDatabase
from airflow_hpo.storage.driver_errors import translated

LOCK_TIMEOUT = 120.0
"""Seconds to wait for a lock where no Airflow is asked; the default of ``[hpo] lock_timeout``."""
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25
"""Seconds between two tries at most, at first and after some."""
# Settings end with the transaction, as the lock does. Without keepalives PostgreSQL notices only after two hours that the host
# of a holder has gone; a sampler may think for longer than an administrator lets transactions idle.
#
# A role's own search path and one in the URL mean the same lock. The declared schema comes first, because
# current_schema() is null until the schema exists: the process that creates it must hold the same lock as those after it.
# The release before this lock took the same number for as long as its session: the two exclude each other.
POSTGRESQL_TRY = text("""
    SELECT set_config('tcp_keepalives_idle', '30', true), set_config('tcp_keepalives_interval', '10', true),
        set_config('tcp_keepalives_count', '3', true), set_config('idle_in_transaction_session_timeout', '1h', true),
        pg_try_advisory_xact_lock(hashtextextended(
            concat('hpo ', coalesce(CAST(:schema AS text), current_schema()), ' ', CAST(:name AS text)), 0
        )) AS taken
""")


def study_lock(database: Database, name: str, timeout: float = LOCK_TIMEOUT) -> AbstractContextManager[Database]:
    """Hold a study exclusively between threads, processes and, on servers, hosts.

    The block gets the database to work on. On servers that is the lock's own transaction, which is committed with the lock:
    who lost the lock has written nothing. A pooler gives one connection to a transaction, and the work asks for no second one.

    The lock is not re-entrant, and it ends with the process that holds it.
    """
    if database.path:
        return _file_lock(database, database.path, name, timeout)
    return _LOCKS[database.dialect](database, name, timeout)


def check_held(locked: Database) -> None:
    """Raise when a lock was lost, before work of its holder in transactions of its own."""
    with locked.transaction(read_only=True) as connection:
        connection.execute(text("SELECT 1"))


@contextmanager
def _file_lock(database: Database, path: Path, name: str, timeout: float) -> Iterator[Database]:
    # The file stays: removing it would let two processes lock two files of the same name.
    file = _lock_file(Path(f"{path}.locks") / hashlib.sha256(name.encode()).hexdigest()[:16])
    try:
        _wait(lambda: _flock(file), name, timeout)
        yield database
    finally:
        # A forked child may still have the file open, and the lock with it.
        fcntl.flock(file, fcntl.LOCK_UN)
        os.close(file)


def _lock_file(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o660)
    except OSError as err:
        raise StoreUnavailableError(
            f"A study is locked by a file in {path.parent}, but it cannot be opened there: {err.strerror}. "
            f"Make room on the disk, and let this user write to the folder."
        ) from err


def _flock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _postgresql_lock(database: Database, name: str, timeout: float) -> Iterator[Database]:
    with translated(database.name), database.connect() as connection:
        # Not one statement that waits: those who wait would take every connection of a pooler, also from the holder.
        _wait(lambda: _try_postgresql(connection, database.schema, name), name, timeout)
        with _transaction_of(database, connection) as locked:
            yield locked


def _try_postgresql(connection: Connection, schema: str | None, name: str) -> bool:
    taken: bool = connection.execute(POSTGRESQL_TRY, {"schema": schema, "name": name}).one().taken
    if not taken:
        connection.rollback()
    return taken


@contextmanager
def _mysql_lock(database: Database, name: str, timeout: float) -> Iterator[Database]:
    # Names are shared by all databases of a server and have 64 characters at most.
    key = "hpo " + hashlib.sha256(f"{database.location.database} {name}".encode()).hexdigest()[:32]
    with translated(database.name), database.connect() as connection:
        if connection.scalar(text("SELECT GET_LOCK(:key, :timeout)"), {"key": key, "timeout": timeout}) != 1:
            raise _still_held(name, timeout)
        with _transaction_of(database, connection) as locked:
            yield locked
        if connection.scalar(text("SELECT RELEASE_LOCK(:key)"), {"key": key}) != 1:
            raise StoreRefusedError(
                f"MySQL gives a lock to a connection, which a pooler must then keep for its client, but the one before "
                f"{database.name} did not. Have it do so after GET_LOCK, as ProxySQL does, or connect without it."
            )


@contextmanager
def _transaction_of(database: Database, connection: Connection) -> Iterator[Database]:
    transaction = connection.get_transaction()
    assert transaction is not None
    yield LockedDatabase(database.location, database.schema, connection=connection)
    # Fails when it was rolled back meanwhile, whatever the block made of that.
    transaction.commit()


_LOCKS: dict[str, Callable[[Database, str, float], AbstractContextManager[Database]]] = {
    "postgresql": _postgresql_lock,
    "mysql": _mysql_lock,
}


def _wait(take: Callable[[], bool], name: str, timeout: float) -> None:
    trying = Retrying(
        retry=retry_if_result(lambda taken: not taken),
        stop=stop_after_delay(timeout),
        wait=wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
    )
    try:
        trying(take)
    except RetryError:
        raise _still_held(name, timeout) from None


def _still_held(name: str, timeout: float) -> StudyLockedError:
    return StudyLockedError(
        f"One process at a time may change study {name!r}, but another held it for all of {timeout:g} s. Try again."
    )
