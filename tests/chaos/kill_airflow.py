"""A live Airflow whose processes can be held and killed, all on SQLite or all on PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
from sqlalchemy import URL, create_engine, make_url, text

from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from tests.chaos.strikes import FOLDER

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SCHEMA = "tuning"
"""Not the role's name: Airflow would take that schema for its own tables."""


@contextlib.contextmanager
def striking_airflow(postgres: str | None = None, env: Mapping[str, str] | None = None) -> Iterator[LiveAirflow]:
    """Start an Airflow with the DAGs of this folder and gates at all steps; end everything that it left.

    :param postgres: URL of a server for everything; None for SQLite.
    :param env: further variables.
    """
    home = Path(tempfile.mkdtemp(prefix="hpo-"))
    shutil.copytree(HERE / "kill_plugins", home / "plugins")
    variables = {
        "AIRFLOW__HPO__PRELOAD": "True",
        # A triggerer that was killed is missed after seconds, as its waits are taken over by nobody before.
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "12",
        "PYTHONPATH": str(ROOT),
        FOLDER: str(home / "strikes"),
        **(on_postgres(postgres) if postgres else {}),
        **(env or {}),
    }
    live = LiveAirflow(home, HERE / "dags", parallelism=8, env=variables)
    live.cli("db", "migrate")
    live.cli("hpo", "db", "migrate")
    try:
        with live:
            yield live
    finally:
        end_what_is_left(home)
        shutil.rmtree(home, ignore_errors=True)


def store_of(airflow: LiveAirflow) -> Store:
    """Return the study database of an Airflow of this folder."""
    url = airflow.env.get("HPO_TEST_URL")
    return Store(Database.of(url, SCHEMA) if url else Database.sqlite(airflow.home / "hpo.db"))


def folder_of(airflow: LiveAirflow) -> Path:
    """Return the folder of plans and gates."""
    return Path(airflow.env[FOLDER])


def on_postgres(server: str) -> dict[str, str]:
    """Make a database on a server, and return what an Airflow needs to keep everything there.

    :param server: the server's URL.
    """
    url, name = make_url(server).set(drivername="postgresql+psycopg2"), f"chaos_{uuid.uuid4().hex[:8]}"
    _run(url, f"CREATE DATABASE {name}")
    studies = url.set(database=name)
    _run(studies, f"CREATE SCHEMA {SCHEMA}")
    fields = {"conn_type": "hpo", "host": url.host, "port": url.port, "login": url.username, "schema": name}
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": studies.render_as_string(hide_password=False),
        "AIRFLOW_CONN_HPO_DEFAULT": json.dumps({**fields, "extra": {"dialect": "postgresql", "db_schema": SCHEMA}}),
        "HPO_TEST_URL": studies.render_as_string(hide_password=False),
    }


def _run(url: URL, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def end_what_is_left(home: Path) -> None:
    """End every process of an Airflow home.

    A killed scheduler leaves its workers behind: they wait for ever for tasks that nobody sends.

    :param home: AIRFLOW_HOME.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get("AIRFLOW_HOME") == str(home):
                process.kill()
