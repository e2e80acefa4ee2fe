"""Taking a cluster down, whatever state it is in."""

from __future__ import annotations

import shutil
from pathlib import Path

from cluster import host, processes, state
from cluster.commands import run
from cluster.starting import MARK
from cluster.state import State


def clean(folder: Path, keep_logs: bool = False) -> None:
    """Stop every process of the cluster in a folder and undo everything that it did to the machine.

    Nothing in the cluster is worth a slow end, so all of it is killed; the kubelet and containerd go first, so that
    neither restarts a pod.

    :param folder: the cluster's folder, which need not exist.
    :param keep_logs: whether to leave the folder with the components' logs.
    """
    name = host.name_of(folder)
    known = state.load(folder) or State()
    processes.kill(known.processes.values())
    processes.kill(processes.of_folder(folder))
    processes.kill(host.processes_in_control_group(name))
    host.unmount_below(folder)
    host.remove_bridge(name)
    host.remove_control_group(name)
    host.clean_fixed_folders(folder, name, known.made)
    host.restore_kernel_settings(known.settings)
    _remove(folder, keep_logs)


def _remove(folder: Path, keep_logs: bool) -> None:
    """Remove the folder's content, but nothing of a folder that is not a cluster's."""
    if not (folder / MARK).exists():
        return
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == MARK):
        if keep_logs and entry.name in ("logs", MARK):
            continue
        run("rm", "-rf", "--one-file-system", entry)
    if not keep_logs:
        shutil.rmtree(folder)
