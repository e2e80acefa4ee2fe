"""The processes of a live Airflow: started, killed and stopped one by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

COMMANDS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


class Processes:
    """Starts and ends Airflow's components by the process ids that were started.

    :param env: the components' environment.
    :param logs: folder for their output.
    """

    def __init__(self, env: dict[str, str], logs: Path) -> None:
        self._env = env
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def pid(self, name: str) -> int:
        """Return the process id of a component."""
        return self._running[name].pid

    def start(self, name: str) -> None:
        """Start one component in a session of its own."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with open(self._logs / f"{name}.log", "ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *COMMANDS[name]],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str, sign: int = signal.SIGKILL, *, tree: bool = True) -> None:
        """End one component abruptly and wait until it is gone.

        :param name: the component.
        :param sign: the signal.
        :param tree: also everything that it started.
        """
        _end(self._running.pop(name), sign, tree=tree)

    def let_go(self, name: str) -> subprocess.Popen[bytes]:
        """Return a component that is about to end, and leave it to the caller; its end is no surprise then."""
        return self._running.pop(name)

    def check(self) -> None:
        """Raise when a component has ended by itself, with the end of its log."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise RuntimeError(f"airflow {name} has ended with {process.returncode}:\n{self.log_tail(name)}")

    def log_tail(self, name: str, lines: int = 40) -> str:
        """Return the last lines that a component printed."""
        path = self._logs / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def stop(self) -> None:
        """End every component: gently first, then whatever is left of its process tree."""
        trees = [p for running in self._running.values() for p in _tree(running.pid)]
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(trees, timeout=15)
        for left in alive:
            left.kill()
        psutil.wait_procs(alive, timeout=5)
        for process in self._running.values():
            process.wait(timeout=5)
        self._running.clear()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return []


def _end(process: subprocess.Popen[bytes], sign: int, *, tree: bool) -> None:
    targets = _tree(process.pid) if tree else _tree(process.pid)[-1:]
    for target in targets:
        try:
            target.send_signal(sign)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(targets, timeout=30)
    process.wait(timeout=30)
