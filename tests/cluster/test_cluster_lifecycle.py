"""A cluster starts once, survives what breaks it, and leaves nothing behind; second clusters are for make verify-cluster."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import host, processes, state
from tests.cluster.pods_on_cluster import ROOT, Pods, cluster_tool, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("built_here")]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short path for a second cluster: sockets in it have a limit."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    path = Path(tempfile.mkdtemp(prefix="hpo-"))
    yield path
    cluster_tool("--dir", str(path), "down")
    shutil.rmtree(path, ignore_errors=True)


def running(folder: Path) -> dict[str, processes.Process]:
    """The components that were started in a folder."""
    known = state.load(folder)
    assert known is not None
    return known.processes


def traces(folder: Path) -> dict[str, Any]:
    """What of a cluster in a folder can be seen on this machine."""
    name = host.name_of(folder)
    return {
        "files": sorted(folder.glob("*")),
        "processes": processes.of_folder(folder) + host.processes_in_control_group(name),
        "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(folder) in line],
        "groups": sorted(Path("/sys/fs/cgroup").glob(f"**/{name}")),
        "bridge": Path("/sys/class/net", name).exists(),
        "links": [link for link in Path("/var/log/containers").glob("*") if str(folder) in str(link.readlink())],
        "cached": sorted(Path("/var/lib/cni/results").glob(f"{name}-*")),
    }


def test_a_second_up_starts_nothing(kubeconfig: Path) -> None:
    before = running(kubeconfig.parent)
    assert str(kubeconfig) in cluster_tool("up").stdout
    assert running(kubeconfig.parent) == before


def test_a_stopped_scheduler_is_missed_until_it_starts_again(pods: Pods) -> None:
    cluster_tool("stop", "scheduler")
    try:
        assert "scheduler is not running" in cluster_tool("status", check=False).stdout
        name = pods.start("true")
        pods.wait(name, "Pending")
    finally:
        cluster_tool("start", "scheduler")
    pods.wait(name, "Succeeded")


def test_pods_outlive_the_api_server(pods: Pods) -> None:
    name = pods.start("sh", "-c", "sleep 4; echo done")
    pods.wait(name, "Running")
    cluster_tool("stop", "apiserver", "--signal", "KILL")
    cluster_tool("start", "apiserver")
    pods.wait(name, "Succeeded")
    assert pods.log(name) == "done\n"


@pytest.mark.long
def test_up_after_a_crash_starts_anew_and_down_leaves_nothing(folder: Path, kubeconfig: Path) -> None:
    from kubernetes import client, config

    own = ("--dir", str(folder))
    before = traces(folder)
    settings = host.kernel_settings()
    path = cluster_tool(*own, "up").stdout.partition("=")[2].strip()
    cluster_tool(*own, "image", "airflow-hpo/python:test")
    with config.new_client_from_config(path) as api:
        pods = Pods(client.CoreV1Api(api), "default", "airflow-hpo/python:test")
        pods.wait(pods.start("sleep", "600"), "Running")
    sleeping = host.processes_in_control_group(host.name_of(folder))
    first = running(folder)
    processes.kill([first["kubelet"], first["containerd"]])

    cluster_tool(*own, "up")
    assert sleeping
    assert not any(process.alive() for process in [*sleeping, *first.values()])
    assert all(process.alive() for process in running(folder).values())

    cluster_tool(*own, "down")
    assert traces(folder) == before
    assert host.kernel_settings() == settings
    assert cluster_tool("status").stdout.startswith("ready"), "the other cluster is not harmed"


@pytest.mark.long
def test_an_up_that_is_killed_half_way_can_be_done_again(folder: Path) -> None:
    own = ("--dir", str(folder))
    half = subprocess.Popen([sys.executable, "-m", "cluster", *own, "up"], cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(lambda: (known := state.load(folder)) and "apiserver" in known.processes, "the start of the API server")
    os.kill(half.pid, signal.SIGKILL)
    half.wait()
    cluster_tool(*own, "up")
    assert cluster_tool(*own, "status").stdout.startswith("ready")


@pytest.mark.long
def test_a_component_that_ends_is_blamed_with_its_log(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "etcd"
    broken.write_text("#!/bin/sh\necho the disk is on fire\nexit 1\n")
    broken.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "cluster", "--dir", str(folder), "up"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "etcd must keep running, but ended" in done.stderr
    assert "the disk is on fire" in done.stderr
    assert not processes.of_folder(folder)


def test_a_folder_with_other_files_is_refused_and_left_alone(folder: Path) -> None:
    (folder / "thesis.txt").write_text("years of work")
    for command in ("up", "down"):
        assert cluster_tool("--dir", str(folder), command, check=False).returncode == 1
    assert (folder / "thesis.txt").read_text() == "years of work"
    (folder / "thesis.txt").unlink()


def test_the_cluster_of_kubeconfig_is_left_as_it_is(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "config"
    theirs.write_text(kubeconfig.read_text())
    before = running(kubeconfig.parent)
    monkeypatch.setenv("KUBECONFIG", str(theirs))
    assert cluster_tool("up").stdout == f"export KUBECONFIG={theirs}\n"
    cluster_tool("down")
    assert cluster_tool("image", "airflow-hpo/python:test", check=False).returncode == 1
    assert running(kubeconfig.parent) == before


def test_a_kubeconfig_that_does_not_answer_is_passed_over(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = json.loads(kubeconfig.read_text())
    dead["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "config").write_text(json.dumps(dead))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert str(kubeconfig) in cluster_tool("up").stdout
