"""Locks between processes that last no longer than their holder."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_random

from airflow_hpo.exceptions import StoreUnavailableError, StudyLockedError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.driver_errors import sqlstate, translated

Acquire = Callable[[Connection, Database, str, float], bool]
LockCheck = Callable[[], None]
"""Raises StoreUnavailableError when the lock was lost, because the connection that holds it was cut."""

LOCK_TIMEOUT = 120.0
"""Seconds to wait for a lock where no Airflow is asked; the default of ``[hpo] lock_timeout``."""
LOCK_NOT_AVAILABLE = "55P03"
# Without keepalives PostgreSQL notices only after two hours that the host of a holder has gone.
POSTGRES_SETTINGS = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
# A role's own search path and one in the URL mean the same lock. The declared schema comes first, because
# current_schema() is null until the schema exists: the process that creates it must hold the same lock as those after it.
POSTGRES_LOCK = text(
    "SELECT pg_advisory_lock("
    "hashtextextended(concat('hpo ', coalesce(CAST(:schema AS text), current_schema()), ' ', CAST(:name AS text)), 0))"
)


def study_lock(database: Database, name: str, timeout: float = LOCK_TIMEOUT) -> AbstractContextManager[LockCheck]:
    """Hold a study exclusively between threads, processes and, on servers, hosts.

    The block gets a function to call before it writes: on servers the lock is a connection's, which may be cut unnoticed.

    The lock is not re-entrant, and it ends with the process that holds it. Behind a pooler such as PgBouncer it needs
    session pooling.
    """
    if database.path:
        return _file_lock(database.path, name, timeout)
    return _connection_lock(database, name, timeout, _LOCKS[database.dialect])


@contextmanager
def _file_lock(database: Path, name: str, timeout: float) -> Iterator[LockCheck]:
    # The file stays: removing it would let two processes lock two files of the same name.
    path = Path(f"{database}.locks") / hashlib.sha256(name.encode()).hexdigest()[:16]
    file = _lock_file(path)
    try:
        _flock(file, name, timeout)
        yield lambda: None
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


def _flock(file: int, name: str, timeout: float) -> None:
    trying = Retrying(
        retry=retry_if_exception_type(BlockingIOError), stop=stop_after_delay(timeout), wait=wait_random(0.005, 0.05)
    )
    try:
        trying(fcntl.flock, file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except RetryError:
        raise _still_held(name, timeout) from None


@contextmanager
def _connection_lock(database: Database, name: str, timeout: float, acquire: Acquire) -> Iterator[LockCheck]:
    def check() -> None:
        with translated(database.name):
            connection.execute(text("SELECT 1"))

    with database.connect() as connection:
        with translated(database.name):
            connection.execution_options(isolation_level="AUTOCOMMIT")
            if not acquire(connection, database, name, timeout):
                raise _still_held(name, timeout)
        yield check


def _acquire_postgresql(connection: Connection, database: Database, name: str, timeout: float) -> bool:
    settings = {**POSTGRES_SETTINGS, "lock_timeout": str(max(1, round(timeout * 1000)))}
    for key, value in settings.items():
        connection.execute(text("SELECT set_config(:key, :value, false)"), {"key": key, "value": value})
    try:
        connection.execute(POSTGRES_LOCK, {"schema": database.schema, "name": name})
    except OperationalError as err:
        if sqlstate(err) == LOCK_NOT_AVAILABLE:
            return False
        raise
    return True


def _acquire_mysql(connection: Connection, database: Database, name: str, timeout: float) -> bool:
    # Names are shared by all databases of a server and have 64 characters at most.
    key = "hpo " + hashlib.sha256(f"{database.location.database} {name}".encode()).hexdigest()[:32]
    return connection.execute(text("SELECT GET_LOCK(:key, :timeout)"), {"key": key, "timeout": timeout}).scalar() == 1


_LOCKS: dict[str, Acquire] = {"postgresql": _acquire_postgresql, "mysql": _acquire_mysql}


def _still_held(name: str, timeout: float) -> StudyLockedError:
    return StudyLockedError(
        f"One process at a time may change study {name!r}, but another held it for all of {timeout:g} s. Try again."
    )
