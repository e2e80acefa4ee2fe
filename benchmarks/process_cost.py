"""CPU seconds and memory of a live Airflow's components."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass

import psutil

from local_airflow.live import LiveAirflow

BLOCKED = re.compile(r"async thread was blocked for ([0-9.]+) seconds")


@dataclass(frozen=True)
class Usage:
    """CPU seconds of the components, everything that they started included."""

    scheduler: float
    """With its executor's workers and their tasks."""
    triggerer: float
    api_server: float
    dag_processor: float

    @classmethod
    def of(cls, live: LiveAirflow) -> Usage:
        """Return what has been used up to now."""
        names = ("scheduler", "triggerer", "api-server", "dag-processor")
        return cls(*(_cpu(live.processes.pid(name)) for name in names))

    def __sub__(self, other: Usage) -> Usage:
        return Usage(*(after - before for after, before in zip(astuple(self), astuple(other), strict=True)))

    def columns(self, count: int) -> list[str]:
        """Return each as a text, divided by a number of tasks."""
        return [f"{used / count:.2f}" for used in astuple(self)]

    @staticmethod
    @contextmanager
    def watching(live: LiveAirflow) -> Iterator[Load]:
        """Watch the triggerer's memory and its complaints about a blocked event loop."""
        load, log = Load(), live.home / "components" / "triggerer.log"
        known, over = log.stat().st_size, threading.Event()

        def look() -> None:
            while not over.wait(0.5):
                load.memory = max(load.memory, _memory(live.processes.pid("triggerer")))

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield load
        finally:
            over.set()
            thread.join()
            found = [float(one) for one in BLOCKED.findall(log.read_text(errors="replace")[known:])]
            load.blocked, load.longest = len(found), max(found, default=0.0)


@dataclass
class Load:
    """How the triggerer fared."""

    memory: int = 0
    """Bytes, shared ones counted once, at most."""
    blocked: int = 0
    """How often its event loop stood still for longer than Airflow's threshold of 0.2 s."""
    longest: float = 0.0


def _cpu(pid: int) -> float:
    root = psutil.Process(pid)
    used = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system + times.children_user + times.children_system
    return used


def _memory(pid: int) -> int:
    root = psutil.Process(pid)
    used = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            used += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return used
