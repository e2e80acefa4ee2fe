"""Processes that this tool started: found again, and stopped, by their id and start time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cluster.commands import SYSTEM_PATH

PROGRAMS = ("etcd", "containerd", "containerd-shim-runc-v2", "runc", "kube")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One process, told from a later one with the same id by when it started.

    :param pid: its id.
    :param started: clock ticks between the boot of the machine and its start.
    """

    pid: int
    started: int

    def alive(self) -> bool:
        """Return whether it still runs."""
        fields = _stat(self.pid)
        return fields is not None and fields[0] not in "ZX" and int(fields[19]) == self.started

    def cpu_seconds(self) -> float:
        """Return the processor time it has used, in seconds, and 0 when it has ended."""
        fields = _stat(self.pid)
        return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0

    def resident_mib(self) -> int:
        """Return its resident memory in MiB, and 0 when it has ended."""
        fields = _stat(self.pid)
        return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") >> 20 if fields else 0


def start(argv: list[str], log: Path, cwd: Path) -> Process:
    """Start a program that outlives this one, its output added to a log file."""
    environment = {**os.environ, "PATH": SYSTEM_PATH}
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env=environment,
            start_new_session=True,
        )
    child.returncode = 0  # it is left running on purpose; a ResourceWarning would say otherwise
    return at(child.pid) or Process(child.pid, -1)


def at(pid: int) -> Process | None:
    """Return the process that has an id now, or nothing."""
    fields = _stat(pid)
    return Process(pid, int(fields[19])) if fields else None


def of_folder(folder: Path) -> list[Process]:
    """Return the cluster programs whose command lines name a file in the folder: components and pods' shims."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            argv = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if Path(argv[0]).name in PROGRAMS and any(f"{folder}/" in word for word in argv[1:]):
            process = at(int(entry.name))
            found += [process] if process else []
    return found


def kill(processes: Iterable[Process], number: signal.Signals = signal.SIGKILL, limit: float = 10.0) -> None:
    """Signal processes and wait until they are gone.

    :param processes: the ones to end; those that have ended already are passed over.
    :param number: the signal.
    :param limit: seconds to wait.
    :raises TimeoutError: when one still runs after that.
    """
    targets = [process for process in processes if process.alive()]
    for process in targets:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            continue
    left = f"processes {[process.pid for process in targets]} to end after {number.name}"
    wait_until(lambda: not any(process.alive() for process in targets), left, limit)


def wait_until(condition: Callable[[], bool], what: str, limit: float) -> None:
    """Ask until the condition holds.

    :param condition: what to ask, every 50 ms.
    :param what: what is waited for, in words.
    :param limit: seconds to wait.
    :raises TimeoutError: when it does not hold within the limit.
    """
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"Waiting for {what} must take at most {limit:g} s, but took longer.")
        time.sleep(0.05)


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the state on, or nothing when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
