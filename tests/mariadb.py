"""A real MariaDB server for one test session, from Debian's packages."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airflow_hpo.storage.database import Database
from tests.postgres import await_answer, free_port

OPTIONS = {
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-doublewrite": "0",
    "innodb-buffer-pool-size": "64M",
    "max-connections": "200",
    "bind-address": "127.0.0.1",
}
USER = "hpo"
# Root has no password and no host but localhost, which is the socket.
FIRST = (
    f"CREATE USER IF NOT EXISTS {USER}@'127.0.0.1';",
    f"GRANT ALL ON *.* TO {USER}@'127.0.0.1' WITH GRANT OPTION;",
    "CREATE DATABASE IF NOT EXISTS first;",
)
"""What the server runs at every start, a statement a line."""


class MariaDbServer:
    """A server on a free loopback port that can be stopped and started again with its data.

    :param home: an empty folder; it becomes the server's own.
    """

    def __init__(self, home: Path) -> None:
        installer = shutil.which("mariadb-install-db")
        assert installer, "Tests of MariaDB need a server: apt-get install mariadb-server-core, or make verify-mysql."
        self._home, self.port = home, free_port()
        (home / "first.sql").write_text("\n".join(FIRST))
        self._common = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={home / 'data'}"]
        command = [installer, *self._common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        made = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=home
        )
        assert made.returncode == 0, f"mariadb-install-db failed: {made.stdout[-3000:]}"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL of the database that the server has from its beginning."""
        return f"mysql://{USER}@127.0.0.1:{self.port}/first"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        own = {"port": self.port, "socket": self._home / "socket", "pid-file": self._home / "pid", "tmpdir": self._home}
        settings = {**OPTIONS, **own, "init-file": self._home / "first.sql"}
        program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        command = [program, *self._common, *(f"--{key}={value}" for key, value in settings.items())]
        log = (self._home / "log").open("ab")
        with log:
            self._server = subprocess.Popen(command, cwd=self._home, stdout=log, stderr=log)
        await_answer(Database.of(self.url))

    def stop(self) -> None:
        """End the server by its process id."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(timeout=30)
            self._server = None


@contextmanager
def mariadb_server() -> Iterator[str]:
    """Start a server on a free loopback port and yield the URL of its empty database; stop it by its process."""
    with tempfile.TemporaryDirectory(prefix="hpo-mariadb-") as directory:
        server = MariaDbServer(Path(directory))
        try:
            server.start()
            yield server.url
        finally:
            server.stop()
