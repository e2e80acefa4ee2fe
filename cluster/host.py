"""What a cluster changes on its machine outside its folder, and how each change is undone."""

from __future__ import annotations

import ctypes
import hashlib
import ipaddress
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from cluster.commands import find, run
from cluster.errors import ClusterError
from cluster.processes import Process, at, wait_until

KERNEL_SETTINGS = (
    "net/ipv4/ip_forward",  # the CNI bridge plugin
    "vm/overcommit_memory",  # the kubelet, and the rest
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
FIXED_FOLDERS = tuple(
    Path(name)
    for name in (
        "/var/lib/kubelet",
        "/var/log/containers",
        "/run/containerd",
        "/var/lib/cni",
        "/usr/libexec/kubernetes",
    )
)
"""Folders that the components use whatever they are told."""

MNT_DETACH = 2


def name_of(folder: Path) -> str:
    """Return the name of a folder's bridge, CNI network and control group: at most 15 characters."""
    return "hpo-" + hashlib.sha256(bytes(folder)).hexdigest()[:8]


def kernel_settings() -> dict[str, str]:
    """Return the kernel settings that a cluster changes, as they are now."""
    paths = {name: Path("/proc/sys") / name for name in KERNEL_SETTINGS}
    return {name: path.read_text().strip() for name, path in paths.items() if path.exists()}


def restore_kernel_settings(settings: dict[str, str]) -> None:
    """Put kernel settings back."""
    for name, value in settings.items():
        path = Path("/proc/sys") / name
        if path.read_text().strip() != value:
            path.write_text(value)


def add_bridge(name: str) -> str:
    """Make the bridge that pods are plugged into, on a subnet that is free here.

    :returns: the subnet, such as `10.244.0.0/24`; its first address is the bridge's own and the node's.
    """
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "table", "all") or "[]")
    taken = [ipaddress.ip_network(row["dst"]) for row in routes if row["dst"] not in ("default", "all")]
    subnets = ipaddress.ip_network("10.244.0.0/16").subnets(new_prefix=24)
    subnet = next((one for one in subnets if not any(one.overlaps(used) for used in taken)), None)
    if subnet is None:
        raise ClusterError("A subnet of 10.244.0.0/16 must be free for pods, but every one has a route. Remove one.")
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "addr", "add", f"{subnet[1]}/24", "dev", name)
    run("ip", "link", "set", name, "up")
    return str(subnet)


def remove_bridge(name: str) -> None:
    """Remove the bridge, if it is there."""
    if Path("/sys/class/net", name).exists() and find("ip"):
        run("ip", "link", "delete", name)


def unmount_below(folder: Path) -> None:
    """Unmount everything mounted in a folder, the latest mount first."""
    points = [_plain(line.split()[1]) for line in Path("/proc/self/mounts").read_text().splitlines()]
    libc = ctypes.CDLL(None, use_errno=True)
    for point in reversed([point for point in points if point.startswith(f"{folder}/")]):
        if libc.umount2(os.fsencode(point), MNT_DETACH) != 0:
            raise ClusterError(f"{point} must be unmounted, but {os.strerror(ctypes.get_errno())}. Unmount it.")


def add_control_group(name: str) -> None:
    """Make the control group that holds every pod, in each hierarchy."""
    for root in _control_group_roots():
        (root / name).mkdir(exist_ok=True)
        controllers = root / "cgroup.controllers"
        for controller in controllers.read_text().split() if controllers.exists() else []:
            with suppress(OSError):  # version 2 hands them down one by one, and some machines keep one back
                (root / "cgroup.subtree_control").write_text(f"+{controller}")


def processes_in_control_group(name: str) -> list[Process]:
    """Return the processes in the pods."""
    files = (file for root in _control_group_roots() for file in (root / name).rglob("cgroup.procs"))
    pids = {int(word) for file in files for word in _text(file).split()}
    return [process for process in map(at, pids) if process]


def remove_control_group(name: str) -> None:
    """Remove the control group and those in it; the kernel lets go of one some time after its last process."""
    for top in (root / name for root in _control_group_roots()):
        wait_until(partial(_removed, top), f"{top} to be let go by the kernel", 10)


def absent_folders() -> list[str]:
    """Return the fixed folders that are not there, and so will be the cluster's."""
    return [str(folder) for folder in FIXED_FOLDERS if not folder.exists()]


def clean_fixed_folders(folder: Path, network: str, made: list[str]) -> None:
    """Remove what a cluster left in the fixed folders, and those that it made.

    :param folder: the cluster's folder.
    :param network: the cluster's CNI network.
    :param made: fixed folders that were not there before the cluster.
    """
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{folder}/"):
            link.unlink()
    for cached in Path("/var/lib/cni/results").glob(f"{network}-*"):
        cached.unlink()
    for one in made:
        shutil.rmtree(one, ignore_errors=True)


def _control_group_roots() -> Iterator[Path]:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind in ("cgroup", "cgroup2") and os.access(point, os.W_OK):
            yield Path(_plain(point))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # the group went meanwhile
        return ""


def _removed(top: Path) -> bool:
    for child, _, _ in os.walk(top, topdown=False):
        try:
            Path(child).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def _plain(mount_point: str) -> str:
    """Return a mount point without the octal escapes of /proc/self/mounts."""
    return re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), mount_point)
