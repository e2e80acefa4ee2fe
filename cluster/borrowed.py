"""Clusters that this tool does not build: the one of KUBECONFIG, and kind's."""

from __future__ import annotations

import os
from pathlib import Path

from cluster import api, images
from cluster.commands import find, run, say, succeeds
from cluster.errors import ClusterError

KIND_NAME = "airflow-hpo"


class GivenCluster:
    """The cluster of KUBECONFIG, which belongs to whoever set it.

    :param path: the first file that KUBECONFIG names.
    :param server: the URL that answered.
    """

    def __init__(self, path: Path, server: str) -> None:
        self.path = path
        self.server = server

    def build(self) -> None:
        """Say that there is nothing to build."""
        say(f"KUBECONFIG={self.path} is set and {self.server} answers: nothing to build")

    def up(self) -> Path:
        """Say that there is nothing to start."""
        say(f"KUBECONFIG={self.path} is set and {self.server} answers: nothing to start")
        return self.path

    def down(self) -> None:
        """Say that there is nothing to stop."""
        say(f"KUBECONFIG={self.path} is set and {self.server} answers: nothing to stop")

    def trouble(self) -> str | None:
        """Return nothing: it answered."""
        return None

    def report(self) -> list[str]:
        """Return a line on what is used."""
        return [f"server {self.server}, from KUBECONFIG"]

    def kubeconfig(self, user: str) -> Path:
        """Return the path of the kubeconfig, whose user is the only one there is."""
        return _only_admin(user, self.path)

    def load_image(self, name: str, source: Path | None) -> None:
        """Refuse: images come to this cluster from its registry."""
        raise ClusterError(
            f"An image can be given to a cluster on this machine only, but {self.server} is from KUBECONFIG. "
            f"Push {name} to a registry that it pulls from."
        )


class KindCluster:
    """A cluster that kind runs in a container engine.

    :param folder: where its kubeconfig is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self) -> None:
        """Say that there is nothing to build."""
        say("kind has images of its own: nothing to build")

    def up(self) -> Path:
        """Create the cluster unless it runs; return its kubeconfig."""
        path = self.kubeconfig("admin")
        if self.trouble() is None:
            say(f"kind cluster {KIND_NAME} is already running")
            run("kind", "export", "kubeconfig", "--name", KIND_NAME, "--kubeconfig", path)
            return path
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        run("kind", "create", "cluster", "--name", KIND_NAME, "--kubeconfig", path, "--wait", "120s")
        say(f"kind cluster {KIND_NAME} is running")
        return path

    def down(self) -> None:
        """Delete the cluster."""
        run("kind", "delete", "cluster", "--name", KIND_NAME, "--kubeconfig", self.kubeconfig("admin"))
        self.kubeconfig("admin").unlink(missing_ok=True)
        say(f"kind cluster {KIND_NAME} is deleted")

    def trouble(self) -> str | None:
        """Return what is wrong with the cluster, or nothing when kind has it."""
        there = KIND_NAME in run("kind", "get", "clusters").split()
        return None if there else f"kind has no cluster {KIND_NAME}"

    def report(self) -> list[str]:
        """Return a line on what is used."""
        return [f"kind cluster {KIND_NAME}"]

    def kubeconfig(self, user: str) -> Path:
        """Return the path of the admin's kubeconfig."""
        return _only_admin(user, self.folder / "kind.kubeconfig")

    def load_image(self, name: str, source: Path | None) -> None:
        """Make an image and give it to the cluster's node."""
        with images.archive(name, source) as archive:
            run("kind", "load", "image-archive", archive, "--name", KIND_NAME)


def given(own_folder: Path) -> GivenCluster | None:
    """Return the cluster of KUBECONFIG, or nothing when it is not set, does not answer, or names our own."""
    value = os.environ.get("KUBECONFIG", "")
    path = Path(value.split(os.pathsep)[0]).expanduser().resolve()
    if not value or path.is_relative_to(own_folder):
        return None
    server = api.first_reachable(path)
    if server is None:
        say(f"KUBECONFIG={path} is set, but no server in it answers: going on without it")
    return GivenCluster(path, server) if server else None


def kind_can_run() -> bool:
    """Return whether kind and a running container engine are there."""
    engines = (("docker", "info", "--format", "{{.ServerVersion}}"), ("podman", "info"))
    return find("kind") is not None and any(succeeds(*engine) for engine in engines)


def _only_admin(user: str, path: Path) -> Path:
    if user != "admin":
        raise ClusterError(
            f"A user with fewer rights exists in a cluster that this tool built only, but {user!r} was asked of "
            f"{path}. Make a service account there."
        )
    return path
