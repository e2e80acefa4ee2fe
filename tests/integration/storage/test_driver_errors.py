"""What is wrong with a database is said in one sentence with the remedy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from airflow_hpo.exceptions import StoreRefusedError, StoreUnavailableError
from airflow_hpo.storage.database import Database
from airflow_hpo.storage.locks import study_lock
from airflow_hpo.studies import migrate
from airflow_hpo.studies.store import Store
from tests.integration.trial_tasks import Tuned, declared


@pytest.fixture
def study(sqlite_template: Path, tmp_path: Path) -> Tuned:
    """A study in a file."""
    path = tmp_path / "hpo.db"
    path.write_bytes(sqlite_template.read_bytes())
    return Tuned(Store(Database.sqlite(path)), declared())


def file(study: Tuned) -> Path:
    path = study.store.database.path
    assert path is not None
    return path


@contextmanager
def wal_in_use(path: Path) -> Iterator[None]:
    """Keep the files beside a database as they are while somebody uses it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM studies").fetchall()
        yield


def test_a_file_that_is_another_kind_of_file_now_is_refused(study: Tuned) -> None:
    file(study).write_bytes(b"this is not a database, it is a note about one" * 100)
    for look in (study.suggest, lambda: migrate.ensure(study.store.database)):
        with pytest.raises(StoreRefusedError, match=r"sound SQLite file.*not a database.*Bring a copy of it back"):
            look()


def test_a_damaged_file_is_refused(study: Tuned) -> None:
    with file(study).open("r+b") as damaged:
        damaged.seek(4096 * 2)
        damaged.write(os.urandom(4096 * 20))
    with pytest.raises(StoreRefusedError, match=r"sound SQLite file.*malformed.*Bring a copy of it back"):
        study.suggest()


def test_a_file_that_takes_no_changes_says_so(study: Tuned) -> None:
    # Whoever may do anything may also write to files that are marked as read-only: SQLite itself has to refuse.
    database = Database(
        study.store.database.location.set(database=f"file:{file(study)}").update_query_dict(
            {"mode": "ro", "uri": "true"}
        )
    )
    with (
        pytest.raises(StoreUnavailableError, match=r"must take changes.*readonly database.*Make it writable"),
        database.session() as session,
    ):
        session.execute(text("DELETE FROM hpo_editions"))


def test_a_lock_that_cannot_be_kept_beside_the_file_says_where(tmp_path: Path) -> None:
    (tmp_path / "hpo.db.locks").write_text("in the way")
    with (
        pytest.raises(StoreUnavailableError, match=r"hpo\.db\.locks, but it cannot be opened there: .*Make room"),
        study_lock(Database.sqlite(tmp_path / "hpo.db"), "s"),
    ):
        pass


def test_a_role_that_may_not_write_is_told_so(postgres_template: str) -> None:
    with Database.of(postgres_template).engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE looked_at TEMPLATE hpo_template"))
        connection.execute(text("CREATE ROLE onlooker LOGIN"))
    url = make_url(postgres_template).set(database="looked_at")
    with Database.of(url).session() as session:
        session.execute(text("GRANT USAGE ON SCHEMA hpo TO onlooker"))
        session.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA hpo TO onlooker"))
    with pytest.raises(StoreUnavailableError, match=r"must take changes.*permission denied.*Make it writable"):
        Tuned(Store(Database.of(url.set(username="onlooker"), "hpo")), declared())


def test_a_server_that_an_administrator_made_read_only_is_not_written_to(postgres_template: str) -> None:
    with Database.of(postgres_template).engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE frozen TEMPLATE hpo_template"))
        connection.execute(text("ALTER DATABASE frozen SET default_transaction_read_only = on"))
    store = Store(Database.of(make_url(postgres_template).set(database="frozen"), "hpo"))
    with pytest.raises(StoreUnavailableError, match=r"must take changes.*read-only transaction"):
        Tuned(store, declared())
