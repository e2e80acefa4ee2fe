"""Lock of a metrics file: one program on this machine is measured by it at a time."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator

from airflow_hpo.exceptions import DeclarationError, FailureKind, TrialFailedError

WHO_LENGTH = 1000


@contextlib.contextmanager
def file_locked(path: str, who: str) -> Iterator[None]:
    """Hold a metrics file for a trial, the same in each attempt, until the context is left, or its process has ended."""
    # Two DAG runs, two studies or two DAGs that name one file mix their values, which no declaration tells. Where no lock can
    # be kept, nothing is locked.
    lock = _place_of(path)
    held = _held(lock, path, who) if lock else None
    try:
        yield
    finally:
        if lock and held is not None:
            with contextlib.suppress(OSError):
                os.unlink(lock)
            os.close(held)


def _place_of(path: str) -> str | None:
    """Return the path of the lock; in another folder than the file, where the program might find it."""
    real = os.path.realpath(path)
    if os.path.exists(real) and not os.path.isfile(real):
        return None
    folder = os.path.join(tempfile.gettempdir(), f"airflow-hpo-{os.getuid()}")
    with contextlib.suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    return os.path.join(folder, f"{hashlib.sha256(real.encode()).hexdigest()[:32]}.lock")


def _held(lock: str, path: str, who: str) -> int | None:
    while True:
        try:
            opened = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(opened, WHO_LENGTH, 0).decode()
            os.close(opened)
            raise _in_use(path, who, holder) from None
        with contextlib.suppress(OSError):
            if os.stat(lock).st_ino == os.fstat(opened).st_ino:
                os.ftruncate(opened, 0)
                os.pwrite(opened, who.encode()[:WHO_LENGTH], 0)
                return opened
        # The trial that held it has ended in between, and taken its lock away.
        os.close(opened)


def _in_use(path: str, who: str, holder: str) -> Exception:
    if holder == who:
        reason = f"An earlier attempt of {who} still follows the metrics file {path!r}, and is about to end."
        return TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE)
    return DeclarationError(
        f"Programs that run at once write a metrics file each, but {path!r} is that of {holder or 'another trial'} and of {who}. "
        "Write File('metrics-{{ run_id }}-{{ trial.number }}.log'), and give the program that name."
    )
