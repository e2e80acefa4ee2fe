"""A real PgBouncer in front of a PostgreSQL server, from Debian's package."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.postgres import free_port, owner_of


class PgBouncer:
    """A pooler on a free loopback port that can be stopped and started again.

    :param home: an empty folder; it becomes the pooler's own.
    :param server: URL of a running PostgreSQL server, as its superuser. All of its databases are reached, by these roles.
    :param settings: of the pooler, such as ``pool_mode``.
    """

    def __init__(self, home: Path, server: str, *roles: str, **settings: object) -> None:
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "Tests of poolers need PgBouncer: apt-get install pgbouncer, or make verify-pooler."
        self._server, self._home, self.port = make_url(server), home, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        users, config = home / "users.txt", home / "pgbouncer.ini"
        users.write_text("".join(f'"{role}" ""\n' for role in (self._server.username, *roles)))
        self.settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": users,
            "pool_mode": "transaction",
            # A test may end a server's connections.
            "server_check_delay": 0,
            "query_wait_timeout": 20,
            **settings,
        }
        lines = [f"{name} = {value}" for name, value in self.settings.items()]
        there = f"* = host={self._server.host} port={self._server.port}"
        config.write_text("\n".join(["[databases]", there, "[pgbouncer]", *lines, ""]))
        self._command, self._owner = [program, str(config)], owner_of(home)

    @property
    def url(self) -> str:
        """URL of the server's database through the pooler."""
        return self._server.set(port=self.port).render_as_string(hide_password=False)

    def start(self) -> None:
        """Start the pooler and wait until it answers."""
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self._home, stdout=log, stderr=log, **self._owner)
        _await_port(self.port)

    def stop(self) -> None:
        """End the pooler by its process id, and with it all connections."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None


@retry(retry=retry_if_exception_type(OSError), stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True)
def _await_port(port: int) -> None:
    socket.create_connection(("127.0.0.1", port)).close()


@contextmanager
def pgbouncer(server: str, *roles: str, **settings: object) -> Iterator[PgBouncer]:
    """Start a pooler on a free loopback port; stop it by its process."""
    with tempfile.TemporaryDirectory(prefix="hpo-pgbouncer-") as directory:
        pooler = PgBouncer(Path(directory), server, *roles, **settings)
        try:
            pooler.start()
            yield pooler
        finally:
            pooler.stop()
