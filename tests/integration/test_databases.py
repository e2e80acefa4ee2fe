"""Databases that tests use one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from airflow_hpo.exceptions import StoreUnavailableError
from airflow_hpo.storage.database import Database
from tests.databases import LentDatabase, LentFile
from tests.lent_postgres import LentPostgres


def make_tables(database: Database) -> None:
    with database.session() as session:
        session.execute(text("CREATE SCHEMA hpo"))
        session.execute(text("CREATE TABLE hpo.studies (id SERIAL PRIMARY KEY, name TEXT)"))
        session.execute(text("CREATE TABLE hpo.trials (study INT REFERENCES hpo.studies)"))
        session.execute(text("CREATE TABLE hpo.version (number INT)"))
        session.execute(text("INSERT INTO hpo.version VALUES (2)"))


def run(database: Database, statement: str) -> None:
    with database.session() as session:
        session.execute(text(statement))


def rows(database: Database, statement: str) -> list[tuple]:
    with database.session() as session:
        return [tuple(row) for row in session.execute(text(statement))]


@pytest.fixture(scope="module")
def lent(postgres_url: str) -> LentDatabase:
    return LentPostgres(postgres_url, "lent", make_tables)


@pytest.fixture
def used(lent: LentDatabase) -> Iterator[Database]:
    """A database in which a test has left rows."""
    database = lent.lend()
    run(database, "INSERT INTO hpo.studies (name) VALUES ('a'), ('b')")
    run(database, "INSERT INTO hpo.trials VALUES (1), (2)")
    yield database
    lent.take_back()


def test_rows_are_gone_and_are_counted_from_one_again(lent: LentDatabase, used: Database) -> None:
    lent.take_back()
    assert lent.lend() == used
    assert rows(used, "SELECT name FROM hpo.studies") == rows(used, "SELECT study FROM hpo.trials") == []
    assert rows(used, "INSERT INTO hpo.studies (name) VALUES ('c') RETURNING id") == [(1,)]


def test_rows_that_are_there_from_the_beginning_stay(lent: LentDatabase, used: Database) -> None:
    lent.take_back()
    assert rows(lent.lend(), "SELECT number FROM hpo.version") == [(2,)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE hpo.version SET number = 3",
        "DROP TABLE hpo.trials",
        "ALTER TABLE hpo.trials ADD COLUMN x INT",
        "ALTER TABLE hpo.trials ALTER COLUMN study SET NOT NULL",
        "ALTER TABLE hpo.trials DROP CONSTRAINT trials_study_fkey",
        "CREATE TABLE more (x INT)",
        "CREATE SCHEMA more",
        "GRANT SELECT ON hpo.trials TO PUBLIC",
        "ALTER DATABASE lent SET default_transaction_read_only = on",
    ],
)
def test_tables_that_a_test_changed_are_made_anew(lent: LentDatabase, used: Database, change: str) -> None:
    before = rows(used, "SELECT oid FROM pg_database WHERE datname = 'lent'")
    run(used, change)
    lent.take_back()
    assert rows(lent.lend(), "SELECT number FROM hpo.version") == [(2,)]
    assert rows(used, "SELECT * FROM hpo.trials") == []
    assert rows(used, "SELECT oid FROM pg_database WHERE datname = 'lent'") != before


def test_who_is_still_connected_is_disconnected(lent: LentDatabase, used: Database) -> None:
    with used.connect() as left_open:
        left_open.execute(text("LOCK TABLE hpo.trials"))
        lent.take_back()
        with pytest.raises(StoreUnavailableError):
            left_open.execute(text("SELECT 1"))
        left_open.invalidate()


def test_a_file_is_a_copy_again_for_the_next_test(tmp_path: Path) -> None:
    run(Database.sqlite(tmp_path / "template.db"), "CREATE TABLE studies (name TEXT)")
    lent = LentFile(tmp_path / "template.db")
    for _ in range(2):
        database = lent.lend()
        assert rows(database.kept, "SELECT * FROM studies") == []
        run(database.kept, "INSERT INTO studies VALUES ('a')")
        lent.take_back()
