"""What a user installs."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from this tree."""
    if UV is None:
        pytest.skip("uv is not installed")
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([UV, "build", "--wheel", "--quiet", "--out-dir", out], cwd=ROOT, check=True, timeout=240)
    return zipfile.ZipFile(next(out.glob("*.whl")))


@pytest.mark.parametrize(
    "name",
    [
        "airflow_hpo/__init__.py",
        "airflow_hpo/py.typed",
        "airflow_hpo/region.schema.json",
        "airflow_hpo/study.schema.json",
        "airflow_hpo/reporting.py",
        "airflow_hpo/storage/migrations/env.py",
        "airflow_hpo/storage/migrations/script.py.mako",
        "airflow_hpo/storage/migrations/versions/0001_0_1_0_create_tables.py",
    ],
)
def test_the_wheel_has_what_the_package_needs(wheel: zipfile.ZipFile, name: str) -> None:
    assert name in wheel.namelist()


def test_the_wheel_has_nothing_but_the_package(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"airflow_hpo"}


def test_every_file_of_the_package_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    listed = subprocess.run(["git", "ls-files", "airflow_hpo"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert {name for name in listed.stdout.split() if (ROOT / name).exists()} <= set(wheel.namelist())


def test_airflow_is_told_where_the_provider_is(wheel: zipfile.ZipFile) -> None:
    entries = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(entries).decode()
    assert "[apache_airflow_provider]\nprovider_info = airflow_hpo.provider_info:get_provider_info" in text


def test_the_metadata_has_the_version_of_the_package(wheel: zipfile.ZipFile) -> None:
    import airflow_hpo

    metadata = message_from_string(
        wheel.read(next(name for name in wheel.namelist() if name.endswith("METADATA"))).decode()
    )
    assert (metadata["Name"], metadata["Version"]) == ("airflow-provider-hpo", airflow_hpo.__version__)
