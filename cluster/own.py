"""A cluster of the real components, started on this machine."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from cluster import api, build, credentials, images, packages, processes, starting, state
from cluster.cleaning import clean
from cluster.commands import say
from cluster.components import COMPONENTS
from cluster.errors import ClusterError
from cluster.state import State

MAX_FOLDER = 60
"""Bytes: the path of a Unix socket may have 107."""


class OwnCluster:
    """The components, in a folder of their own.

    :param folder: where everything of the cluster is kept; removed when it goes down.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def exists(self) -> bool:
        """Return whether a cluster, healthy or not, was started here and not taken down."""
        return (self.folder / "state.json").exists()

    def build(self) -> None:
        """Install packages and build the programs and the base image, unless they are there; only root can install."""
        if os.geteuid() == 0:
            packages.ensure((*starting.PROGRAMS, "buildah"), plugins=True)
            images.base_layer()
        say(f"the programs are in {build.binaries()}")

    def up(self) -> Path:
        """Start the cluster unless it runs, cleaning first what a crash left; return the admin's kubeconfig."""
        self._check_root()
        with state.locked(self.folder):
            trouble = self.trouble()
            if trouble is None:
                say(f"already running in {self.folder}")
            else:
                self._start_anew(trouble)
        return self.kubeconfig("admin")

    def down(self) -> None:
        """Stop the cluster and remove everything that it made."""
        with state.locked(self.folder):
            if not self.folder.exists() and not processes.of_folder(self.folder):
                say(f"nothing to stop in {self.folder}")
                return
            self._check_root()
            self._check_folder()
            clean(self.folder)
            say(f"stopped and removed {self.folder}")

    def trouble(self) -> str | None:
        """Return what is wrong with the cluster, or nothing when it is ready to use."""
        known = state.load(self.folder)
        if known is None:
            return "no cluster was started here, or not to the end"
        for name in COMPONENTS:
            if name not in known.processes or not known.processes[name].alive():
                return f"{name} is not running"
        ready = api.node_is_ready(self.folder, known.server)
        return None if ready else "the API server does not say that the node is ready"

    def report(self) -> list[str]:
        """Return a line on each component, with its processor time and memory."""
        known = state.load(self.folder) or State()
        lines = []
        for name, process in known.processes.items():
            use = f"pid {process.pid}, {process.cpu_seconds():.1f} s of CPU, {process.resident_mib()} MiB"
            lines.append(f"{name}: {use if process.alive() else 'not running'}")
        return lines

    def kubeconfig(self, user: str) -> Path:
        """Return the path of a user's kubeconfig."""
        return credentials.kubeconfig(self.folder, user)

    def load_image(self, name: str, source: Path | None) -> None:
        """Make an image and give it to the cluster."""
        if not self.exists():
            raise ClusterError(
                f"A cluster must be running to take an image, but {self.folder} has none. Run `up` first."
            )
        with images.archive(name, source) as archive:
            starting.import_image(self.folder, archive)

    def stop(self, name: str, number: signal.Signals) -> None:
        """End one component, to see what happens without it."""
        with state.locked(self.folder):
            known = self._known(name)
            processes.kill([known.processes[name]], number, limit=60)

    def start(self, name: str) -> None:
        """Start one component that was stopped, as it was started first."""
        with state.locked(self.folder):
            known = self._known(name)
            if known.processes[name].alive():
                raise ClusterError(f"`start` needs a stopped component, but {name} is running. Stop it first.")
            starting.launch(self.folder, known, name)
            if name == "apiserver":
                starting.wait_for_apiserver(self.folder, known)

    def _start_anew(self, trouble: str) -> None:
        self._check_folder()
        if self.exists():
            say(f"cleaning {self.folder} first: {trouble}")
        clean(self.folder)
        began = time.monotonic()
        try:
            starting.start(self.folder)
        except BaseException:
            clean(self.folder, keep_logs=True)
            raise
        say(f"running in {self.folder}, ready after {time.monotonic() - began:.0f} s")

    def _known(self, name: str) -> State:
        known = state.load(self.folder)
        if known is None or name not in known.processes:
            raise ClusterError(f"{name} must have been started in {self.folder}, but was not. Run `up` first.")
        return known

    def _check_folder(self) -> None:
        if len(bytes(self.folder)) > MAX_FOLDER:
            raise ClusterError(
                f"The folder's path must have at most {MAX_FOLDER} bytes, but is {self.folder}. Use --dir."
            )
        foreign = self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / starting.MARK).exists()
        if foreign:
            raise ClusterError(
                f"The folder must be empty or a cluster's, but {self.folder} holds other files. Use --dir."
            )

    def _check_root(self) -> None:
        if os.geteuid() != 0:
            raise ClusterError(
                f"Only root can run Kubernetes here, but the user id is {os.geteuid()}. "
                "Become root, or set KUBECONFIG, or install kind and a container engine."
            )
