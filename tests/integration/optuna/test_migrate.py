"""Whether Optuna's tables are complete, told without Optuna."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from airflow_hpo.optuna.migrate import is_current
from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A database with all tables."""
    made = Database.sqlite(tmp_path / "hpo.db")
    migrate.upgrade(made)
    return made


def change(database: Database, statement: str) -> None:
    with database.connect() as connection, connection.begin():
        connection.execute(text(statement))


def test_tables_that_this_optuna_made_are_current(database: Database) -> None:
    assert is_current(database)


def test_tables_of_another_optuna_are_looked_at_closely(database: Database) -> None:
    change(database, "UPDATE version_info SET library_version = '4.0.0'")
    assert not is_current(database)


def test_tables_whose_creation_was_interrupted_are_completed(database: Database) -> None:
    change(database, "DELETE FROM alembic_version")
    assert not is_current(database)
    migrate.ensure(database)
    assert is_current(database)


def test_a_file_without_tables_is_not_current(tmp_path: Path) -> None:
    assert not is_current(Database.sqlite(tmp_path / "new.db"))
