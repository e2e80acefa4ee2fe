"""What databases suffer: servers that are stopped, crowded, read-only, slow or cut off, and the work that goes on meanwhile."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import select
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.claim import begin, claim
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.reporter import TrialReporter
from tests.integration.trial_tasks import WORK, task_try_of
from tests.postgres import PostgresServer
from tests.single_requests import ask_one

STEPS = 5
"""How many values each trial reports."""

_fork = multiprocessing.get_context("fork")


class StudyServer(PostgresServer):
    """A PostgreSQL server of a test's own with a study database in it, owned by a role that may do nothing else."""

    def __init__(self, home: Path, **settings: str) -> None:
        super().__init__(home, **settings)
        self.start()
        self.do("CREATE ROLE tuner LOGIN", "CREATE DATABASE studies OWNER tuner")
        migrate.upgrade(self.database)

    @property
    def database(self) -> Database:
        """The study database, as tasks name it."""
        return self.reached_at(self.port)

    def reached_at(self, port: int) -> Database:
        """Name the study database by another port than the server's own.

        :param port: of a proxy.
        """
        return Database.of(make_url(self.url).set(database="studies", username="tuner", port=port), "hpo")

    def do(self, *statements: str) -> None:
        """Run statements as the administrator, from a database that they do not change."""
        with Database.of(self.url).engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.execute(text(statement))

    @contextlib.contextmanager
    def crowded(self) -> Iterator[int]:
        """Take every connection that ordinary users may have; yield how many those are."""
        with contextlib.ExitStack() as held:
            for count in range(1000):
                try:
                    held.enter_context(self.database.engine.connect())
                except OperationalError:
                    yield count
                    return


MATTERS = re.compile(
    rb".{5}\s*(INSERT|UPDATE|DELETE|COMMIT|SELECT set_config.*pg_try_advisory|SELECT .*FOR (NO KEY )?UPDATE)", re.DOTALL
)
"""Statements that change or hold something; a message of a client begins with its kind and its length."""

Cut = Literal["lost", "unanswered"]
"""``lost``: the server never gets the message; ``unanswered``: it gets it and does it, and its answer is lost."""


class Proxy:
    """Passes a database's connections on, slowly, or cuts them at one message of a client.

    :param port: the server's.
    :param delay: seconds by which each message of a client is late.
    """

    def __init__(self, port: int, delay: float = 0.0) -> None:
        self._server = port
        self._delay = delay
        self._lock = threading.Lock()
        self._left: int | None = None
        self._how: Cut = "lost"
        self.cuts = 0
        """How many connections were cut."""
        self.messages = 0
        """How many messages of clients were passed on or cut."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut(self, message: int, how: Cut) -> None:
        """Cut the connection that brings a message.

        :param message: which one from now on of those that matter, of all connections together, from 1.
        :param how: before or after the server has done what it says.
        """
        with self._lock:
            self._left, self._how = message, how

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._server)) as server:
            while self._pass_on(client, server):
                pass

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        ready, _, _ = select.select([client, server], [], [])
        for end, other in ((client, server), (server, client)):
            if end not in ready:
                continue
            if not (data := end.recv(1 << 20)):
                return False
            how = self._verdict(data) if end is client else None
            if how == "lost":
                return False
            other.sendall(data)
            if how == "unanswered":
                server.recv(1 << 20)
                return False
        return True

    def _verdict(self, data: bytes) -> Cut | None:
        time.sleep(self._delay)
        with self._lock:
            self.messages += 1
            if self._left is None or not MATTERS.match(data):
                return None
            self._left -= 1
            if self._left:
                return None
            self._left, self.cuts = None, self.cuts + 1
            return self._how


class SmallDisk:
    """A file system of a test's own, which only root can make.

    :param place: an empty folder.
    :param size: as ``mount`` takes it.
    """

    def __init__(self, place: Path, size: str = "4m") -> None:
        self.place = place
        self._size = size
        self._filler = place / "filler"

    def __enter__(self) -> Self:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._size}", "hpo-test", self.place], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self.place], check=True)

    def free(self) -> int:
        """Return how many bytes are free."""
        return shutil.disk_usage(self.place).free

    def full(self, seconds: float) -> None:
        """Leave no room for so many seconds, whatever others make room for meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._fill()
            time.sleep(0.05)
        self._filler.unlink()

    @contextlib.contextmanager
    def filled(self) -> Iterator[None]:
        """Leave no room during the block."""
        self._fill()
        try:
            yield
        finally:
            self._filler.unlink()

    def take_no_changes(self, forbidden: bool) -> None:
        """Make the file system read-only or writable, as soon as nobody has a file open for writing."""
        how = f"remount,{'ro' if forbidden else 'rw'}"
        until(lambda: not subprocess.run(["mount", "-o", how, self.place], capture_output=True).returncode, 30)

    def _fill(self) -> None:
        with contextlib.suppress(OSError), open(self._filler, "ab", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)


@contextlib.contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold an SQLite file for writing from another process, for so many seconds from the beginning of the block."""
    held = _fork.Event()
    holder = _fork.Process(target=_hold, args=(path, held, seconds), daemon=True)
    holder.start()
    assert held.wait(30)
    yield
    holder.join(60)


def _hold(path: Path, held: Any, seconds: float) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        held.set()
        time.sleep(seconds)
        connection.execute("ROLLBACK")


def run_trial(store: Store, request: TrialRequest, pause: float = 0.0) -> int:
    """Do what a trial's task does, reporting as it goes, and return the trial's number.

    :param store: the study database.
    :param request: the trial.
    :param pause: seconds between two reports.
    """
    place = task_try_of(request.key.partition("#")[0])
    claimed = claim(store, request, WORK, place)
    if claimed.answered:
        return claimed.record.number
    attempt = begin(store, claimed, place, "process", Placement())
    report = TrialReporter(store, store.edition(request.study).study, attempt)
    for step in range(STEPS):
        time.sleep(pause)
        report([SeriesPoint("loss", step, float(STEPS - step))])
    conclude(store, attempt, Outcome.complete(Measurement(claimed.request.params["x"])), report)
    return claimed.record.number


def work_until_over(database: Database, patience: float, name: str, worker: int, pause: float) -> None:
    """Ask for one trial after another and run them until the study is over, then sum it up."""
    store = Store(database, lock_timeout=120, patience=patience)
    for index in range(10_000):
        request, look = ask_one(store, name, f"{worker:03d}/{index}")
        if request is not None:
            run_trial(store, request, pause)
        elif look.verdict.over:
            finish(store, look)
            return
        else:
            time.sleep(0.1)


@dataclass
class Crew:
    """Processes that work on a study, as workers on several machines do.

    :param database: the study database, as they reach it.
    :param name: the edition.
    :param size: how many.
    :param patience: seconds that they wait for a database that is away.
    :param pause: seconds between two reports of a trial.
    """

    database: Database
    name: str
    size: int = 3
    patience: float = 120.0
    pause: float = 0.1

    def __enter__(self) -> Self:
        self._members = [
            _fork.Process(
                target=work_until_over, args=(self.database, self.patience, self.name, i, self.pause), daemon=True
            )
            for i in range(self.size)
        ]
        for member in self._members:
            member.start()
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            member.kill()
            member.join()

    def wait(self, timeout: float = 240.0) -> None:
        """Wait until all have ended well."""
        deadline = time.monotonic() + timeout
        for member in self._members:
            member.join(max(0.0, deadline - time.monotonic()))
        assert [member.exitcode for member in self._members] == [0] * self.size


def until(condition: Callable[[], Any], timeout: float = 120.0) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "The condition did not become true in time."
        time.sleep(0.05)


def finished(database: Database, name: str) -> int:
    """Return how many trials of a study have finished."""
    progress = status(Store(database), name).progress
    return progress.complete + progress.pruned + progress.failed


def at_every_message(proxy: Proxy, how: Cut, prepare: Callable[[], Any], work: Callable[[Any], None]) -> Sequence[int]:
    """Do the same again and again, cutting its connection once at each message that matters; return which were cut.

    :param proxy: between the work and its database.
    :param how: before or after the server has done what the message says.
    :param prepare: makes what is worked on; its own messages pass.
    :param work: must end well in spite of the cut.
    """
    for message in range(1, 1000):
        subject = prepare()
        before = proxy.cuts
        proxy.cut(message, how)
        work(subject)
        if proxy.cuts == before:
            return range(1, message)
    raise AssertionError("The work has no end.")
