"""Images built from Dockerfiles without a container engine, and run."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.pods_on_cluster import Pods, cluster_tool

pytestmark = pytest.mark.cluster

TRAIN = ["--learning-rate=0.01", "--momentum=0.5", "--epochs=3", "--seconds-per-epoch=0"]


@pytest.fixture
def trial_pods(pods: Pods, trial_image: str) -> Pods:
    """Pods of the image that is built from `docker/trial/Dockerfile`."""
    return Pods(pods.core, pods.namespace, trial_image)


def test_the_trial_image_runs_its_program_as_nobody_on_a_read_only_disk(trial_pods: Pods) -> None:
    shut = {"runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False}
    name = trial_pods.start(container={"command": None, "args": ["/app/train.py", *TRAIN], "securityContext": shut})
    trial_pods.wait(name, "Succeeded")
    assert [line.split()[0] for line in trial_pods.log(name).splitlines()] == ["epoch=1", "epoch=2", "epoch=3"]


def test_an_image_that_a_dockerfile_makes_has_its_user_entrypoint_and_name(built_here: None, tmp_path: Path) -> None:
    Path(tmp_path, "Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nUSER 1234\nENTRYPOINT ["python3", "-V"]\n')
    cluster_tool("image", "airflow-hpo/made:1", str(tmp_path), "--output", str(tmp_path / "made.tar"))
    with tarfile.open(tmp_path / "made.tar") as tar:
        [manifest] = json.loads(_read(tar, "manifest.json"))
        config = json.loads(_read(tar, manifest["Config"]))["config"]
    assert (config["User"], config["Entrypoint"]) == ("1234", ["python3", "-V"])
    assert "docker.io/airflow-hpo/made:1" in manifest["RepoTags"]


def test_a_dockerfile_that_cannot_be_built_says_why(built_here: None, tmp_path: Path) -> None:
    Path(tmp_path, "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nRUN exit 7\n")
    done = cluster_tool("image", "airflow-hpo/made:1", str(tmp_path), "--output", str(tmp_path / "x.tar"), check=False)
    assert done.returncode == 1
    assert not Path(tmp_path, "x.tar").exists()


def _read(tar: tarfile.TarFile, name: str) -> Any:
    member = tar.extractfile(name)
    assert member is not None
    return member.read()
