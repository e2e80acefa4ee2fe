"""Program that runs under a keeper: started, asked to end, and ended with everything that it started."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

import psutil

from airflow_hpo.exceptions import TrialFailedError

LINGER = 2.0
"""Seconds that what a program leaves behind (a ``tee``, a daemon) may go on before it is ended."""
LATE = 15.0
"""Seconds beyond the grace period after which a keeper that does not end is killed."""
PIPE_SIZE = 1 << 20

_KEEPER = Path(__file__).with_name("process_keeper.py")


class SupervisedProgram:
    """One started program; leaving its context ends it and waits until nothing of it runs.

    The keeper, a small process of its own, costs some milliseconds a trial and ends the program's whole tree when this
    process is killed: a death signal alone would miss grandchildren, and ``preexec_fn`` may deadlock where there are threads.
    """

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None, grace_period: float
    ) -> None:
        self.channel, theirs = socket.socketpair()
        self.gone = False
        self.errno: int | None = None
        self.status: int | None = None
        self._grace_period = grace_period
        self._news = b""
        own = [str(theirs.fileno()), str(os.getpid()), str(grace_period), str(LINGER)]
        library = str(Path(psutil.__file__).parent.parent)
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_KEEPER), *own, library, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
                bufsize=0,
            )
        except (OSError, ValueError) as err:
            self.channel.close()
            raise TrialFailedError(f"The program {command[0]!r} cannot be started in {cwd or '.'!r}: {err}.") from err
        finally:
            theirs.close()
        self.output = cast(IO[bytes], self._keeper.stdout)
        os.set_blocking(self.output.fileno(), False)
        _widen(self.output.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()
        self.output.close()
        try:
            self._keeper.wait(self._grace_period + LATE)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        if self._keeper.returncode:
            _kill_session(self._keeper.pid)

    @property
    def ended(self) -> bool:
        """Whether the program itself has ended; what it started may still run."""
        return self.status is not None or self.gone

    @property
    def exited(self) -> bool:
        """Whether the program ended by itself and not by a signal."""
        return self.status is not None and os.WIFEXITED(self.status)

    def end(self) -> None:
        """Ask for the program's end: SIGTERM, the grace period, SIGKILL; returns at once, from any thread or handler."""
        with contextlib.suppress(OSError):
            self.channel.send(b"!", socket.MSG_DONTWAIT)

    def read_keeper(self) -> None:
        """Read what the keeper has sent, if it has."""
        try:
            data = self.channel.recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        self.gone = not data
        *lines, self._news = (self._news + data).split(b"\n")
        for word, _, number in (line.partition(b" ") for line in lines):
            if word == b"error":
                self.errno = int(number)
            elif word == b"ended":
                self.status = int(number)


def _widen(pipe: int) -> None:
    """Let the program go on printing while a slow monitor keeps the reader busy; a courtesy that may be refused."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_SIZE)


def _kill_session(leader: int) -> None:
    """End what a killed keeper could not: it was the leader of the program's session."""
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
