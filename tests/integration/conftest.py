"""Study databases with all tables, on every database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from tests.databases import DATABASES, LentDatabase, LentFile
from tests.integration.trial_tasks import Tuned, declared
from tests.lent_mariadb import LentMariaDb
from tests.lent_postgres import LentPostgres, LentThroughPooler

TEMPLATE = "hpo_template"
NEED = {"mysql": "storage/test_mysql.py", "pgbouncer": "storage/test_pooler.py"}
KEPT = {"sqlite", "postgresql"}
OPENED = {"storage", "concurrency"}
collect_ignore = [path for kind, path in NEED.items() if kind not in DATABASES]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied: creating them takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "hpo.db"
    migrate.upgrade(Database.sqlite(path))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """URL of a PostgreSQL server that has a database with all tables, to be copied."""
    _run(postgres_url, f"CREATE DATABASE {TEMPLATE}")
    migrate.upgrade(Database.of(make_url(postgres_url).set(database=TEMPLATE), "hpo"))
    return postgres_url


@pytest.fixture(scope="session")
def sqlite_tables(sqlite_template: Path) -> LentFile:
    """An SQLite file with all tables, to be lent."""
    return LentFile(sqlite_template)


@pytest.fixture(scope="session")
def postgresql_tables(postgres_url: str) -> LentDatabase:
    """A PostgreSQL database with all tables, to be lent."""
    return LentPostgres(postgres_url, "every", migrate.upgrade)


@pytest.fixture(scope="session")
def pgbouncer_tables(postgres_url: str, pooler_url: str) -> LentDatabase:
    """A PostgreSQL database with all tables, to be lent through a pooler."""
    return LentThroughPooler(postgres_url, "every", migrate.upgrade, pooler_url)


@pytest.fixture(scope="session")
def mysql_tables(mariadb_url: str) -> LentDatabase:
    """A MariaDB database with all tables, to be lent."""
    return LentMariaDb(mariadb_url, "every", migrate.upgrade)


@pytest.fixture(scope="session")
def metadata_database() -> None:
    """Airflow's own database, as it is wherever commands and the API server run: an SQLite file in the home of this session."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(params=DATABASES)
def ready_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database that only this test uses, with all tables.

    Its connections are kept until the test ends, but where connections are what is tested, and where processes fork.
    Opening one costs PostgreSQL ten times what a small transaction does.
    """
    lent: LentFile | LentDatabase = request.getfixturevalue(f"{request.param}_tables")
    database = replace(lent.lend(), keeps=request.param in KEPT and request.path.parent.name not in OPENED)
    yield database
    database.engine.dispose()
    lent.take_back()


@pytest.fixture
def default_database(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The database that Airflow uses without a connection, with all tables, in a home of this test's own."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    database = Database.sqlite(shutil.copy(sqlite_template, tmp_path / "hpo.db")).kept
    yield database
    database.engine.dispose()


@pytest.fixture
def store(ready_database: Database) -> Store:
    """A study database with all tables."""
    return Store(ready_database)


def _run(url: str, statement: str) -> None:
    """Run a statement that PostgreSQL refuses inside a transaction."""
    with Database.of(url).engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


@pytest.fixture
def tuned(store: Store) -> Tuned:
    """An edition of a study that has just been opened."""
    return Tuned(store, declared())
