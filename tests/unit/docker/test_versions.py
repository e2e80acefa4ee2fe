"""What the images and manifests name is what this repository locks and declares."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DOCKER = ROOT / "docker"


def locked(package: str) -> str:
    """The version of a package in uv.lock."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return next(str(one["version"]) for one in packages if one["name"] == package)


def loaded(name: str) -> Any:
    """A YAML file under docker/."""
    return yaml.safe_load((DOCKER / name).read_text())


@pytest.mark.parametrize("name", ["airflow/Dockerfile", "compose.yaml", "helm/values.yaml", "README.md"])
def test_every_airflow_version_is_the_locked_one(name: str) -> None:
    named = re.findall(r"(?<![\d.])3\.\d+\.\d+(?![\d.])", (DOCKER / name).read_text())
    assert named
    assert set(named) == {locked("apache-airflow")}


def test_images_have_the_python_that_the_project_starts_at() -> None:
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest
    for name in ("airflow/Dockerfile", "trial/Dockerfile"):
        assert re.findall(r"python:?(3\.\d+)", (DOCKER / name).read_text()) == [oldest[1]]


def test_the_image_that_compose_and_helm_run_is_the_one_that_is_built() -> None:
    built = re.search(
        r"docker build -t (\S+) -f docker/airflow/Dockerfile", (DOCKER / "airflow/Dockerfile").read_text()
    )
    assert built
    images = {service["image"] for name, service in loaded("compose.yaml")["services"].items() if name != "postgres"}
    helm = loaded("helm/values.yaml")
    assert images == {built[1]} == {f"{helm['defaultAirflowRepository']}:{helm['defaultAirflowTag']}"}
    assert helm["airflowVersion"] == locked("apache-airflow")


def test_every_value_that_compose_requires_is_in_the_example_and_none_of_them_is_given() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", (DOCKER / "compose.yaml").read_text()))
    example = dict(re.findall(r"^(\w+)=(.*)$", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    assert required == {name for name, value in example.items() if not value}


def test_the_example_dags_run_the_image_that_is_built_for_them() -> None:
    built = re.search(r"docker build -t (\S+) docker/trial", (DOCKER / "trial/Dockerfile").read_text())
    assert built
    dags = "".join(path.read_text() for path in (ROOT / "dags").glob("*.py"))
    assert set(re.findall(r'"(airflow-hpo/trial:[^" ]+)"', dags)) == {built[1]}


def test_the_airflow_image_is_built_from_the_lock_and_all_that_the_wheel_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = {"pyproject.toml", "uv.lock", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= {f"{name}/" for name in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    lines = (DOCKER / "airflow/Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == needed


def test_the_service_accounts_of_helm_are_those_of_the_role_binding() -> None:
    documents = list(yaml.safe_load_all((DOCKER / "kubernetes/rbac.yaml").read_text()))
    bound = {(one["kind"], one["name"]) for one in documents[1]["subjects"]}
    helm = loaded("helm/values.yaml")
    named = {helm[part]["serviceAccount"]["name"] for part in ("workers", "triggerer")}
    assert bound == {("ServiceAccount", name) for name in named}


def test_every_image_that_is_built_on_is_named_by_its_digest_or_its_full_version() -> None:
    files = ("airflow/Dockerfile", "trial/Dockerfile", "compose.yaml")
    named = re.findall(
        r"^(?:ARG BASE=| *image: )(\S+)$", "\n".join((DOCKER / name).read_text() for name in files), re.M
    )
    bases = [
        name.replace("${AIRFLOW_VERSION}", locked("apache-airflow")) for name in named if "airflow-hpo/" not in name
    ]
    assert len(bases) == 3
    for base in bases:
        assert re.search(r"@sha256:[0-9a-f]{64}$|:\d+\.\d+[\w.]*-\w", base), base


def new_env(target: Path, umask: int = 0o000) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DOCKER / "new-env.sh", target], capture_output=True, text=True, check=False, umask=umask, env=dict(os.environ)
    )


def test_the_file_of_passwords_is_only_its_owner_s_and_is_whole(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    done = new_env(target)
    assert (done.returncode, done.stdout) == (0, "")
    assert target.stat().st_mode & 0o777 == 0o600
    given = dict(re.findall(r"^(\w+)=(.*)$", target.read_text(), re.MULTILINE))
    example = dict(re.findall(r"^(\w+)=(.*)$", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    assert given.keys() == example.keys()
    secrets = [given[name] for name, value in example.items() if not value]
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) >= 44 for secret in secrets)
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_passwords_that_a_server_was_started_with_are_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    target.write_text("POSTGRES_PASSWORD=in-use\n")
    done = new_env(target)
    assert done.returncode == 1
    assert "left as it is" in done.stderr
    assert target.read_text() == "POSTGRES_PASSWORD=in-use\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
