"""What is remembered of a cluster between two runs of this tool, in one file in the cluster's folder."""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cluster.errors import ClusterError
from cluster.processes import Process

PORTS = range(20000, 32000)
"""Below the ports that Linux gives to outgoing connections, which could take that of a stopped component."""


@dataclass(slots=True)
class State:
    """A cluster as it was started.

    :param server: the URL of the API server.
    :param subnet: the subnet of the pods.
    :param settings: kernel settings as they were before.
    :param made: fixed folders that were not there before.
    :param commands: the command line of every component.
    :param processes: the process of every component that was started.
    """

    server: str = ""
    subnet: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    commands: dict[str, list[str]] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the file, whole or not at all."""
        draft = folder / "state.json.new"
        draft.write_text(json.dumps(asdict(self), indent=1))
        draft.replace(folder / "state.json")


def load(folder: Path) -> State | None:
    """Return what is remembered of the cluster in a folder, or nothing when there is none or it is unreadable."""
    try:
        values = json.loads((folder / "state.json").read_text())
        processes = {name: Process(**process) for name, process in values.pop("processes").items()}
        return State(**values, processes=processes)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def free_ports(names: tuple[str, ...]) -> dict[str, int]:
    """Return a port of loopback for each name that nothing listens on now."""
    found: dict[str, int] = {}
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        if len(found) == len(names):
            return found
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found[names[len(found)]] = port
    raise ClusterError(f"{len(names)} ports of {PORTS} must be free on loopback, but are not. Free some.")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs of this tool from changing the same cluster for as long as the block runs."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
