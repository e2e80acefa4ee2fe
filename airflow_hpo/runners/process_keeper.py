"""Keeper that keeps one program and everything that it starts; run as a script by :mod:`airflow_hpo.runners.supervised_program`.

A separate process, because nothing else can do all of this: outlive a runner that is killed and end the program then;
adopt what the program leaves behind, even what has changed its session, so that nothing is left running; fork without
the threads of an Airflow worker. It knows the standard library only, starts in milliseconds and then sleeps.

Arguments: file descriptor of the socket to the runner, its process id, grace period and linger in seconds, directory of
psutil, then the command. Over the socket it says ``pid N``, ``error ERRNO`` and ``ended WAITSTATUS``, a line each; any byte
from there, or its end, means: end the program.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOOK_AROUND = 1.0
"""Seconds between looks whether the runner still lives, for a socket that another process has inherited."""
GIVE_UP = 5.0
"""Seconds after which a process that survives SIGKILL (in the kernel's hands) is left alone."""
ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Keeper:
    """One program, its descendants, and the socket to the runner."""

    def __init__(self, channel: int, runner: int, library: str) -> None:
        self._channel = channel
        self._runner = runner
        self._library = library
        self._listening = [channel]
        self._program = 0
        self.ended = False
        self.asked = False
        self.childless = False

    def start(self, command: list[str]) -> None:
        """Start the program in a process group of its own; that it cannot be started is told to the runner."""
        keeper = os.getpid()
        self._program = os.fork()
        if self._program == 0:
            self._become(command, keeper)
        self._tell(f"pid {self._program}")
        self._wakeup, write = os.pipe()
        for fd in (self._wakeup, write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *ENDING):
            signal.signal(number, lambda *_: None)
        self._listening.append(self._wakeup)
        # the pipe of the program's output must end with the program, not with us
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nowhere, fd)

    def wait(self, over: Callable[[], bool], seconds: float = float("inf")) -> None:
        """Reap and listen until ``over()`` or for some seconds."""
        deadline = time.monotonic() + seconds
        self._reap()
        while not over() and (left := deadline - time.monotonic()) > 0:
            self._listen(min(left, LOOK_AROUND))
            self._reap()

    def signal_all(self, number: int) -> None:
        """Send a signal to every descendant."""
        if self._library not in sys.path:
            sys.path.append(self._library)
        import psutil

        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    def _become(self, command: list[str], keeper: int) -> None:
        try:
            os.setpgid(0, 0)
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != keeper:
                os._exit(127)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)
        except OSError as err:
            self._tell(f"error {err.errno}")
        finally:
            os._exit(127)

    def _reap(self) -> None:
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self._program:
                    self.ended = True
                    self._tell(f"ended {found[1]}")
        except ChildProcessError:
            self.childless = True

    def _listen(self, seconds: float) -> None:
        ready = select.select(self._listening, [], [], seconds)[0]
        if self._wakeup in ready:
            self.asked = self.asked or not ENDING.isdisjoint(os.read(self._wakeup, 4096))
        if self._channel in ready:
            with contextlib.suppress(OSError):
                os.read(self._channel, 1)
            self._listening.remove(self._channel)
            self.asked = True
        self.asked = self.asked or os.getppid() != self._runner

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._channel, f"{line}\n".encode())


def main(arguments: list[str]) -> None:
    """Run the command to its end, then end what it left behind."""
    channel, runner, grace, linger, library, *command = arguments
    os.set_inheritable(int(channel), False)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    keeper = Keeper(int(channel), int(runner), library)
    keeper.start(command)
    keeper.wait(lambda: keeper.ended or keeper.asked)
    if keeper.ended:
        keeper.wait(lambda: keeper.childless or keeper.asked, float(linger))
    if not keeper.childless:
        keeper.signal_all(signal.SIGTERM)
        keeper.wait(lambda: keeper.childless, float(grace))
    deadline = time.monotonic() + GIVE_UP
    while not keeper.childless and time.monotonic() < deadline:
        keeper.signal_all(signal.SIGKILL)
        keeper.wait(lambda: keeper.childless, 0.1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
