"""Databases for tests: every test that asks for one runs on SQLite and on a real PostgreSQL, or as HPO_DATABASES says."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, event, make_url, text

from airflow_hpo.storage.database import Database
from airflow_hpo.storage.migrate import upgrade
from local_airflow.live import LiveAirflow
from local_airflow.troubles import troubles
from tests.databases import DATABASES, LentDatabase, LentFile
from tests.lent_mariadb import CREATE, DROP, LentMariaDb, run
from tests.lent_postgres import LentPostgres, LentThroughPooler
from tests.mariadb import mariadb_server
from tests.pgbouncer import pgbouncer
from tests.postgres import postgres_server

# Importing Airflow writes its configuration into its home: let that be nobody's.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="hpo-airflow-home-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

# A set as repr() writes it: an opening brace and a word that a comma follows, not the colon of a dictionary.
SET = re.compile(r"""\{(?P<quote>['"])[^'"]*(?P=quote), """)

# How long an example takes says nothing on a machine that does other things too.
settings.register_profile("hpo", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hpo")


@event.listens_for(Engine, "connect")
def _flush_nothing(connection: Any, _: Any) -> None:
    # What a machine that loses its power keeps is not tested here: SQLite waits for the disk no more than our PostgreSQL does.
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test's name with a set in it: its order differs between processes, which then collect different tests."""
    if unsure := [item.nodeid for item in items if SET.search(item.nodeid)]:
        raise pytest.UsageError(
            f"A test's name has no set of several words in it, but got {unsure}. Give its case ids=."
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the live Airflow complains about, if the test had one."""
    report = yield
    if report.failed:
        live = [each for each in getattr(item, "funcargs", {}).values() if isinstance(each, LiveAirflow)]
        report.sections += [("Troubles of Airflow", _told(airflow)) for airflow in live]
    return report


def _told(airflow: LiveAirflow) -> str:
    try:
        return troubles(airflow)
    except Exception as err:  # noqa: BLE001 - whatever a broken Airflow does, the failure itself must be shown
        return repr(err)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a running PostgreSQL server's empty database."""
    with postgres_server() as url:
        yield url


@pytest.fixture
def postgres_schema(postgres_url: str) -> Iterator[str]:
    """Name of a schema of this test's own, which does not exist yet."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield name
    with Database.of(postgres_url).connect() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {name} CASCADE"))
        connection.commit()


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """URL of a running MariaDB server's empty database."""
    with mariadb_server() as url:
        yield url


@pytest.fixture
def mariadb_database(mariadb_url: str) -> Iterator[Database]:
    """A MariaDB database of this test's own, without tables."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with Database.of(mariadb_url).connect() as connection:
        run(connection, CREATE, name)
        yield Database.of(make_url(mariadb_url).set(database=name))
        run(connection, DROP, name)


@pytest.fixture(scope="session")
def pooler_url(postgres_url: str) -> Iterator[str]:
    """URL of the PostgreSQL server's empty database through PgBouncer, with the settings of Airflow's own chart."""
    with pgbouncer(postgres_url, max_client_conn=200, default_pool_size=20) as pooler:
        yield pooler.url


@pytest.fixture(params=DATABASES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A location where nothing has been created yet."""
    if request.param == "sqlite":
        return Database.sqlite(tmp_path / "hpo.db")
    if request.param == "mysql":
        database: Database = request.getfixturevalue("mariadb_database")
        return database
    schema: str = request.getfixturevalue("postgres_schema")
    return Database.of(
        request.getfixturevalue("pooler_url" if request.param == "pgbouncer" else "postgres_url"), schema
    )


@pytest.fixture(scope="session")
def our_sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> LentFile:
    """An SQLite file with our tables, to be lent."""
    path = tmp_path_factory.mktemp("ours") / "hpo.db"
    upgrade(Database.sqlite(path))
    return LentFile(path)


@pytest.fixture(scope="session")
def our_postgresql_tables(postgres_url: str) -> LentDatabase:
    """A PostgreSQL database with our tables, to be lent."""
    return LentPostgres(postgres_url, "ours", upgrade)


@pytest.fixture(scope="session")
def our_pgbouncer_tables(postgres_url: str, pooler_url: str) -> LentDatabase:
    """A PostgreSQL database with our tables, to be lent through a pooler."""
    return LentThroughPooler(postgres_url, "ours", upgrade, pooler_url)


@pytest.fixture(scope="session")
def our_mysql_tables(mariadb_url: str) -> LentDatabase:
    """A MariaDB database with our tables, to be lent."""
    return LentMariaDb(mariadb_url, "ours", upgrade)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with our tables, and none of Optuna's."""
    lent: LentFile | LentDatabase = request.getfixturevalue(f"our_{request.param}_tables")
    yield lent.lend()
    lent.take_back()
