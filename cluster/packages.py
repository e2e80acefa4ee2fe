"""The programs that come from Debian's packages, installed only when missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.commands import find, run, say
from cluster.errors import ClusterError

PACKAGES = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "openssl": "openssl",
    "mount": "mount",
    "debootstrap": "debootstrap",
    "buildah": "buildah",
}
PLUGINS_PACKAGE = "containernetworking-plugins"
PLUGIN_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
SERVICE_POLICY = Path("/usr/sbin/policy-rc.d")


def plugin_folder() -> Path | None:
    """Return the folder with the CNI plugins, or nothing when they are not installed."""
    return next((folder for folder in PLUGIN_FOLDERS if (folder / "bridge").is_file()), None)


def ensure(programs: tuple[str, ...], plugins: bool = False) -> None:
    """Install the packages of the programs that are missing.

    :param programs: names of programs, keys of `PACKAGES`.
    :param plugins: whether the CNI plugins are needed too.
    :raises ClusterError: when one is missing and cannot be installed.
    """
    missing = {PACKAGES[program] for program in programs if find(program) is None}
    if plugins and plugin_folder() is None:
        missing.add(PLUGINS_PACKAGE)
    if not missing:
        return
    if find("apt-get") is None:
        raise ClusterError(f"{sorted(missing)} must be installed, but there is no apt-get to do so. Install them.")
    say(f"installing {' '.join(sorted(missing))}")
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *sorted(missing))
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with _no_service_starts():
        try:
            run(*install, env=quiet)
        except ClusterError:  # the package lists are absent or old
            run("apt-get", "update")
            run(*install, env=quiet)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Keep Debian from starting an etcd and a containerd of its own when they are installed."""
    try:
        policy = os.open(SERVICE_POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    except FileExistsError:  # the machine has a policy of its own
        yield
        return
    os.write(policy, b"#!/bin/sh\nexit 101\n")
    os.close(policy)
    try:
        yield
    finally:
        SERVICE_POLICY.unlink(missing_ok=True)
