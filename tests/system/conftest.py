"""A live Airflow for the tests of this folder, with studies on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from tests.postgres import administer, metadata_of

ROOT = Path(__file__).parent.parent.parent
STUDIES = Path(__file__).parent / "dags"
ALL = bool(os.environ.get("HPO_ALL_DATABASES"))
ON_SQLITE = {"test_champion", "test_evaluation", "test_examples", "test_preload"}
"""Files whose tests run on SQLite, and all others on PostgreSQL, unless ``HPO_ALL_DATABASES`` is set, as by make verify-live."""

AGAIN = set(re.findall(r"\btest_\w+", (ROOT / "docs" / "operate" / "again.md").read_text()))
"""Tests that show a row of the page about computing again, for make verify-again."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.system)
        item.add_marker(pytest.mark.timeout(600))
        if getattr(item, "originalname", item.name) in AGAIN:
            item.add_marker(pytest.mark.again)
    left_out = [] if ALL else [item for item in ours if _elsewhere(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _elsewhere(item: pytest.Item) -> bool:
    """Say whether the tests of an item's file run on the other database."""
    return ("postgresql" if item.path.stem in ON_SQLITE else "sqlite") in item.name


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder for Airflow homes, outside pytest's own because sockets and DAG files want short paths."""
    path = Path(tempfile.mkdtemp(prefix="hpo-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def airflow(request: pytest.FixtureRequest, home: Path, postgres_url: str) -> Iterator[LiveAirflow]:
    """A running Airflow with the studies of these tests, and with the example DAGs where they are run."""
    folder = home / request.param
    dags = folder / "dags"
    shutil.copytree(STUDIES, dags)
    if ALL or request.param == "sqlite":
        # Parsed in seconds: where no test runs them, they are not there.
        shutil.copytree(ROOT / "dags", dags, dirs_exist_ok=True)
    metadata = metadata_of(postgres_url, f"airflow_on_{request.param}")
    env = {"AIRFLOW__HPO__PRELOAD": "True", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata}
    if request.param == "postgresql":
        env |= _studies(postgres_url, metadata)
    live = LiveAirflow(folder / "home", dags, parallelism=6, env=env)
    if request.param == "postgresql":
        live.cli("hpo", "db", "migrate")
    with live:
        yield live


@pytest.fixture(scope="session")
def store(airflow: LiveAirflow) -> Store:
    """The study database that the running Airflow uses."""
    connection = airflow.env.get("AIRFLOW_CONN_HPO_DEFAULT")
    if connection is None:
        return Store(Database.sqlite(airflow.home / "hpo.db"))
    return Store(Database.of(airflow.env["HPO_TEST_URL"], "hpo"))


def _studies(server: str, metadata: str) -> dict[str, str]:
    """Make a role that owns the study schema beside Airflow's metadata, and nothing else."""
    url = make_url(server).set(drivername="postgresql+psycopg2")
    administer(url, "CREATE ROLE tuner LOGIN")
    administer(url.set(database=make_url(metadata).database), "CREATE SCHEMA hpo AUTHORIZATION tuner")
    studies = make_url(metadata).set(username="tuner")
    fields = {
        "conn_type": "hpo",
        "host": studies.host,
        "port": studies.port,
        "login": studies.username,
        "schema": studies.database,
        "extra": {"dialect": "postgresql", "db_schema": "hpo"},
    }
    return {
        "AIRFLOW_CONN_HPO_DEFAULT": json.dumps(fields),
        "HPO_TEST_URL": studies.render_as_string(hide_password=False),
    }
